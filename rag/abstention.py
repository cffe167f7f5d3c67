"""Does the corpus speak of this at all? Decided by program from cosine and word coverage, before any model is asked."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from corpus.types import Hit
from rag.terms import coverage, stems, terms, weights

DEPTH = 5
"""How many of the best hits are looked at."""


@dataclass(frozen=True, slots=True)
class Signals:
    """What the decision rests on.

    ``cosine``: the best of the hits, in [-1, 1], or None where the embedder does not know the language.
    ``best``: the largest weighted share of the question's words in one hit. ``all``: in the hits together.
    """

    cosine: float | None
    best: float
    all: float


@dataclass(frozen=True, slots=True)
class Abstention:
    """A logistic decision: the chance that the corpus answers, and the chance below which nothing is answered.

    The coefficients are for (1, cosine, best, all) with a cosine, and (1, best, all) without.
    """

    with_cosine: tuple[float, float, float, float]
    without: tuple[float, float, float]
    threshold: float
    threshold_without: float

    def chance(self, signals: Signals) -> float:
        """Returns the chance, in (0, 1), that the corpus holds the answer."""
        if signals.cosine is not None:
            bias, cosine, best, all_ = self.with_cosine
            z = bias + cosine * signals.cosine + best * signals.best + all_ * signals.all
        else:
            bias, best, all_ = self.without
            z = bias + best * signals.best + all_ * signals.all
        return 1 / (1 + math.exp(-max(-60.0, min(60.0, z))))

    def refuses(self, signals: Signals) -> bool:
        """Says whether to answer "not in the documents"."""
        return self.chance(signals) < (
            self.threshold if signals.cosine is not None else self.threshold_without
        )


def signals(
    question: str,
    hits: Sequence[Hit],
    rarity: Callable[[Sequence[str]], Mapping[str, float] | None] = lambda words: None,
) -> Signals:
    """Returns the signals of a question's hits (best first); ``rarity`` gives words' inverse document frequency."""
    asked = [term for term in terms(question) if term.weight > 0]
    known = rarity([term.word for term in asked])
    wanted = weights(question, known and {term.stem: known[term.word] for term in asked})
    top = [stems(f"{hit.context}\n{hit.text}") for hit in hits[:DEPTH]]
    cosines = [hit.legs["dense"] for hit in hits if "dense" in hit.legs]
    return Signals(
        cosine=max(cosines) if cosines else None,
        best=max((coverage(wanted, present) for present in top), default=0.0),
        all=coverage(wanted, frozenset().union(*top)),
    )


FITTED = Abstention((-6.0, 6.0, 3.0, 2.0), (-4.0, 4.0, 3.0), 0.3, 0.3)
