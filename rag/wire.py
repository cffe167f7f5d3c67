"""Results as JSON, answers above all: the same over HTTP and over the owner's socket.

The prompt's own words stay out of an answer, for they repeat the passages and carry the request's secret mark; so
does the model's reply as it came, with markers and quotations that nothing bears out. A receipt has both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from corpus.errors import VouchError
from rag.as_json import to_json
from rag.asking.answers import Answer, CitationsFound, Done, Event, Failed, PassagesFound, TextDelta
from rag.asking.comparison import Arm, Comparison
from rag.measuring.measurements import Measurement, measured
from rag.models.cards import ModelCard, Wanted
from rag.models.catalogue import Models
from rag.prompts.prompting import Passage, Prompt


def error_json(error: VouchError) -> dict[str, str]:
    """Returns the one shape every error has."""
    return {"code": error.code, "message": error.message, "hint": error.hint}


def answer_json(answer: Answer) -> dict[str, Any]:
    """Returns an answer: its passages flat, of its prompt the sizes alone."""
    shown = {name: getattr(answer, name) for name in Answer.__dataclass_fields__ if name != "reply"}
    passages = [_passage(one) for one in answer.passages]
    return {
        **to_json(shown | {"passages": (), "prompt": None}),
        "passages": passages,
        "prompt": _sizes(answer.prompt),
    }


def comparison_json(found: Comparison) -> dict[str, Any]:
    """Returns the arms in order, each an answer with its arm;
    a failed one is an empty answer with a ``failure``.
    """
    return {
        "question": found.question,
        "arms": [{"arm": _arm(one.arm), **answer_json(one.answer)} for one in found.arms],
        "notes": list(found.notes),
    }


def catalogue_json(models: Models, folder: Path, wanted: Wanted | None = None) -> dict[str, Any]:
    """Returns the default model's name and the card of every model that is wanted; see :func:`card_json`."""
    known = measured(folder)
    cards = [one for one in models.cards() if wanted is None or wanted.suits(one)]
    return {
        "default": models.card().name,
        "models": [_card(one, models, known) for one in cards],
    }


def card_json(models: Models, folder: Path, card: ModelCard) -> dict[str, Any]:
    """Returns a model's card with what was measured of it here, as the data folder keeps it."""
    return _card(card, models, measured(folder))


def _card(card: ModelCard, models: Models, known: Mapping[str, list[Measurement]]) -> dict[str, Any]:
    own = [one.model_dump() for one in known.get(card.name, [])]
    default = card.name == models.card().name
    return {**card.model_dump(mode="json"), "default": default, "measured": own}


def event_json(event: Event) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields an answer's event under its name; the last one, ``done`` or ``error``,
    comes after the ``timings``.
    """
    if isinstance(event, PassagesFound):
        yield "passages", {"id": event.id, "passages": [_passage(one) for one in event.passages]}
    elif isinstance(event, TextDelta):
        yield "delta", {"text": event.text}
    elif isinstance(event, CitationsFound):
        yield "citations", to_json(event)
    elif isinstance(event, Done):
        yield "timings", {"timings_ms": dict(event.answer.timings_ms)}
        yield "done", answer_json(event.answer)
    elif isinstance(event, Failed):
        yield "timings", {"timings_ms": dict(event.answer.timings_ms)}
        yield "error", {"error": error_json(event.error), "answer": answer_json(event.answer)}


def _passage(passage: Passage) -> dict[str, Any]:
    return {"marker": passage.marker, **to_json(passage.hit)}


def _sizes(prompt: Prompt | None) -> dict[str, Any] | None:
    if prompt is None:
        return None
    return {
        "tokens": prompt.tokens,
        "budget_tokens": prompt.budget_tokens,
        "counted": prompt.counted,
        "examples": len(prompt.examples),
        "dropped_passages": len(prompt.dropped),
        "dropped_examples": len(prompt.dropped_examples),
        "dropped_turns": prompt.dropped_turns,
    }


def _arm(arm: Arm) -> dict[str, Any]:
    return {**to_json(replace(arm, template=None)), "template": arm.template.name if arm.template else ""}
