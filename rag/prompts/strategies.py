"""How a question is put: with no, one or several worked examples, the nearest of those there are."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from corpus.errors import EmbeddingError, UsageError
from rag.prompts.prompting import Example, is_japanese

if TYPE_CHECKING:
    from corpus.embedding import Embedder
    from corpus.types import Float32


StrategyName = Literal["zero-shot", "one-shot", "few-shot"]

STRATEGIES: Mapping[str, int] = {"zero-shot": 0, "one-shot": 1, "few-shot": 3}
"""How a question is put → with how many worked examples."""


class ExampleSource(Protocol):
    """What worked examples are chosen from."""

    def nearest(self, question: str, shots: int) -> tuple[Example, ...]:
        """Returns the ``shots`` examples nearest to a question, nearest first, or those that there are.

        Raises:
            UsageError: there are some to read, and they cannot be read.
        """


class Examples:
    """Worked examples to choose from; safe to use from any thread.

    Args:
        all: the examples; of equally near ones the earlier is chosen.
        embedder: tells what is near by meaning, where it knows the language; elsewhere shared letters do.
    """

    def __init__(self, all: Sequence[Example] = (), embedder: Embedder | None = None) -> None:
        self.all = tuple(all)
        self._embedder = embedder
        self._lock = threading.Lock()
        self._vectors: Float32 | None = None

    def nearest(self, question: str, shots: int) -> tuple[Example, ...]:
        """Returns the ``shots`` examples nearest to a question, nearest first: those of its script come first."""
        if shots < 1 or not self.all:
            return ()
        japanese = is_japanese(question)
        near = self._by_meaning(question) or [_shared(question, one.question) for one in self.all]
        order = sorted(
            range(len(self.all)), key=lambda n: (is_japanese(self.all[n].question) != japanese, -near[n], n)
        )
        return tuple(self.all[n] for n in order[:shots])

    def _by_meaning(self, question: str) -> list[float] | None:
        """Returns each example's cosine with the question; None where the embedder is of no help."""
        if self._embedder is None or not self._embedder.covers(question):
            return None
        try:
            with self._lock:
                if self._vectors is None:
                    self._vectors = self._embedder.embed_passages([one.question for one in self.all])
            near: list[float] = (self._vectors @ self._embedder.embed_query(question)).tolist()
        except EmbeddingError:
            return None  # a model that cannot be loaded: the letters decide, as they do in retrieval
        return near


def _shared(one: str, other: str) -> float:
    """Returns the share of two texts' pairs of characters that are in both (Jaccard's index), in [0, 1]."""
    a, b = _pairs(one), _pairs(other)
    return len(a & b) / max(1, len(a | b))


def _pairs(text: str) -> set[str]:
    low = text.casefold()
    return {low[i : i + 2] for i in range(len(low) - 1)}


def load_examples(path: Path | None = None) -> tuple[Example, ...]:
    """Returns the worked examples of a JSON Lines file, or the general ones that come with the program.

    Each line is ``{"question", "passages": [text, …], "answer", "language"?}``.

    Raises:
        UsageError: the file cannot be read, or a line is not of that shape.
    """
    return tuple(one for one, _ in read_rows(path))


def read_rows(path: Path | None) -> list[tuple[Example, dict[str, Any]]]:
    """Returns the examples of such a file, each with all that its line says; raises as :func:`load_examples`."""
    where = str(path) if path else "rag/prompts/examples.jsonl"
    try:
        text = (path or files("rag.prompts") / "examples.jsonl").read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"Cannot read the examples file {where}: {error}.", code="bad_examples") from None
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            passages = row["passages"]
            example = Example(row["question"], tuple(passages), row["answer"], row.get("language", ""))
            texts = (example.question, example.answer, example.language, *example.passages)
            if isinstance(passages, str) or not all(isinstance(text, str) for text in texts):
                raise TypeError("question, answer and each passage must be text")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise UsageError(
                f"Line {number} of the examples file {where} is not an example: {error}.",
                code="bad_examples",
                hint='Each line: {"question": "…", "passages": ["…"], "answer": "… [1]"}.',
            ) from None
        found.append((example, row))
    return found
