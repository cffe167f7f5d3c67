"""Candidates and what each leg says of them → one score each. No search, no text: arithmetic alone.

Every leg speaks on a scale of its own that means the same for every query: the cosine, the share of the
query's words (BM25 over the most it could be), the share of the query's tokens (MaxSim). So they are added as
they are, weighted, and a score depends on the query and the passage alone, not on which other candidates there
were: Bruch, Gai & Ingber, An Analysis of Fusion Functions for Hybrid Retrieval, TOIS 42(1), 2023.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Literal

import numpy as np

from corpus.errors import UsageError
from corpus.types import Float32, Int64

RRF_K = 60
"""Reciprocal rank fusion's constant (Cormack, Clarke & Büttcher 2009)."""

MOST_LEXICAL = 1.25
"""The most that the lexical leg may say: beyond 1 only by words that stand as in the query."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What makes a passage a good hit, and what is made of the good ones.

    ``dense``, ``lexical``, ``late``, ``around`` (the passages before and after it): the weight of each leg, 0 or
    above; 0 leaves it out. ``fusion``: the weighted mean of the legs' scores, or the weighted sum of reciprocal
    ranks. ``crowding``: what each further passage of one document is lowered by, once ``crowd`` of it are among the
    hits. ``named``: what a passage is lowered by whose twin stands in a document that the question names better
    (:mod:`rag.retrieval.naming`). ``copies``: whether a passage that says the same as a better one of another
    document gives way. ``neighbours``: whether passages that follow each other become one. ``spelling``: whether a
    misspelt word of the query is read as it was meant (:mod:`rag.retrieval.spelling`). ``focus``: whether who
    searches is shown of a passage what speaks of the query alone (:mod:`rag.retrieval.focusing`).
    """

    dense: float = 1.25
    lexical: float = 1.0
    late: float = 2.0
    around: float = 0.4
    fusion: Literal["scores", "ranks"] = "scores"
    crowding: float = 0.02
    crowd: int = 3
    named: float = 0.06
    copies: bool = True
    neighbours: bool = True
    spelling: bool = True
    focus: bool = True

    def without(self, part: str) -> Recipe:
        """Returns the recipe with one part switched off, for an ablation.

        Raises:
            UsageError: there is no such part.
        """
        if part not in PARTS:
            raise UsageError(
                f"Retrieval has no part {part!r}.", code="bad_part", hint=f"One of: {', '.join(PARTS)}."
            )
        if part == "fusion":
            return replace(self, fusion="ranks")
        return replace(self, **{part: type(getattr(self, part))(0)})


PARTS = tuple(field.name for field in fields(Recipe) if field.name != "crowd")
"""What :meth:`Recipe.without` can switch off; without ``fusion`` ranks are fused in place of scores."""


def combine(ids: Int64, legs: Mapping[str, Float32], recipe: Recipe) -> list[tuple[int, float]]:
    """Returns (chunk id, score) of every candidate, best first; ties by chunk id.

    ``legs``: name → the candidates' scores, shape (n,), NaN where a leg cannot know one (a passage without a
    vector). A leg that is not given, or knows no candidate, leaves its weight to the others. Where it knows others,
    it says of the unknown one what it says of the middle one of those it knows. Scores lie in about [0, 1].
    """
    weights = {name: getattr(recipe, name) for name in legs}
    known = {name: leg for name, leg in legs.items() if weights[name] > 0 and not np.isnan(leg).all()}
    total = sum(weights[name] for name in known)
    found = np.zeros(len(ids), np.float64)
    for name, leg in known.items():
        part = leg.astype(np.float64)
        part = _reciprocal_ranks(part, ids) if recipe.fusion == "ranks" else _filled(part)
        found += weights[name] / total * part
    order = np.lexsort((ids, -found))
    return list(zip(ids[order].tolist(), found[order].tolist(), strict=True))


def _filled(
    leg: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    unknown = np.isnan(leg)
    return np.where(unknown, np.median(leg[~unknown]), leg) if unknown.any() else leg


def _reciprocal_ranks(
    leg: np.ndarray[tuple[int], np.dtype[np.float64]], ids: Int64
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Returns (RRF_K + 1) / (RRF_K + rank): 1 for the best, 0 where the leg knows nothing or found nothing."""
    heard = np.flatnonzero(~np.isnan(leg) & (leg > 0))
    order = heard[np.lexsort((ids[heard], -leg[heard]))]
    ranks = np.zeros(len(leg), np.float64)
    ranks[order] = (RRF_K + 1) / (RRF_K + 1 + np.arange(len(order)))
    return ranks
