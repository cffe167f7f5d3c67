"""What ``vouch eval`` measured of the models on the user's own questions: a small file in the data folder.

It is not in the catalog: it says nothing of the documents, and reading it needs neither the folder's owner nor
its lock. A backup does not hold it.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from corpus.durable import replace_file
from corpus.errors import unwritten

log = logging.getLogger(__name__)

FILE_NAME = "measurements.json"

MOST_OF_A_MODEL = 20
"""How many measurements of one model are kept; the oldest go first."""


class Measurement(BaseModel):
    """How a model answered one question set; :func:`rag.measuring.grading.measurement` says what the figures mean."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    questions: str
    sha256: str
    measured_at: str
    k: int
    answerable: int
    unanswerable: int
    failed: int
    cited: float | None
    holds_answer: float | None
    support: float | None
    refused: float | None
    abstained: float | None
    input_tokens: float | None
    output_tokens: float | None
    cost_usd: float | None
    p50_ms: float | None
    p95_ms: float | None


_ALL = TypeAdapter(dict[str, list[Measurement]])


def measured(folder: Path) -> dict[str, list[Measurement]]:
    """Returns what was measured of each model, the newest first; nothing of a file that cannot be read."""
    path = folder / FILE_NAME
    try:
        return _ALL.validate_json(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValidationError) as error:
        log.warning(
            "%s cannot be read (%s): no model shows what was measured of it", path, type(error).__name__
        )
        return {}


def record(folder: Path, model: str, found: Measurement) -> None:
    """Keeps a measurement in the place of an earlier one of the same model, questions and ``k``; whole or not at all.

    Raises:
        StorageError: it cannot be written.
    """
    everything = measured(folder)
    others = [one for one in everything.get(model, []) if (one.sha256, one.k) != (found.sha256, found.k)]
    everything[model] = [found, *others][:MOST_OF_A_MODEL]
    text = json.dumps({name: [one.model_dump() for one in own] for name, own in everything.items()}, indent=1)
    try:
        replace_file(folder / FILE_NAME, text + "\n")
    except OSError as error:
        hint = "The figures were shown; mend that and run it again to keep them."
        raise unwritten("What was measured", folder / FILE_NAME, error, hint) from error
