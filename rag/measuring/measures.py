"""The measures of retrieval, each a small function with its source.

A ranking is given as ``found``: for each retrieved passage, best first, the numbers of the gold items that it
holds (an empty set for none). Gold items count once, at the first passage that holds them, so that a passage
repeating what an earlier one gave earns nothing; over a ranking of distinct items every measure is the
textbook one. All lie in [0, 1], higher is better.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import NamedTuple

Found = Sequence[Set[int]]
Position = tuple[str, int]
"""A place in the corpus: document, offset of a token or character in its text."""


def hit_at(found: Found, k: int) -> float:
    """Returns 1 if any of the first ``k`` passages holds a gold item, else 0 (success@k)."""
    return 1.0 if any(found[:k]) else 0.0


def recall_at(found: Found, gold: int, k: int) -> float:
    """Returns the share of the ``gold`` items (at least 1) that the first ``k`` passages hold."""
    return len(set().union(*found[:k])) / gold


def reciprocal_rank_at(found: Found, k: int) -> float:
    """Returns 1 / rank of the first passage that holds a gold item, 0 if none of the first ``k`` does.

    Source: Voorhees, The TREC-8 Question Answering Track Report, 1999.
    """
    return next((1.0 / rank for rank, items in enumerate(found[:k], start=1) if items), 0.0)


def ndcg_at(found: Found, grades: Sequence[float], k: int) -> float:
    """Returns the normalised discounted cumulative gain of the first ``k`` passages.

    ``grades[i]`` is the relevance of gold item ``i`` and is its gain (linear, as trec_eval has it); the
    discount is 1 / log2(rank + 1). Several new items in one passage are gained there together, but never
    beyond the ideal.

    Source: Järvelin & Kekäläinen, Cumulated gain-based evaluation of IR techniques, TOIS 20(4), 2002.
    """
    gained, seen = 0.0, set[int]()
    for rank, items in enumerate(found[:k], start=1):
        fresh = set(items) - seen
        gained += sum(grades[item] for item in fresh) / math.log2(rank + 1)
        seen |= fresh
    best = sorted(grades, reverse=True)[:k]
    ideal = sum(grade / math.log2(rank + 1) for rank, grade in enumerate(best, start=1))
    return min(1.0, gained / ideal) if ideal else 0.0


class SpanScores(NamedTuple):
    """How well retrieved text covers the gold spans of one question."""

    recall: float
    precision: float
    iou: float


def span_scores(gold: Iterable[Position], retrieved: Iterable[Position]) -> SpanScores:
    """Returns recall, precision and intersection over union of retrieved text against gold spans.

    Both are given as the positions of their tokens (or characters). What is retrieved twice counts twice
    against precision and IoU, so that overlapping passages are not free.

    Source: Smith & Troynikov, Evaluating Chunking Strategies for Retrieval, Chroma Technical Report, 2024.
    """
    wanted, given = set(gold), list(retrieved)
    both = len(wanted.intersection(given))
    union = len(wanted) + len(given) - both
    return SpanScores(
        both / len(wanted) if wanted else 0.0,
        both / len(given) if given else 0.0,
        both / union if union else 0.0,
    )


CUTOFFS = (1, 5, 10)


def rank_measures(found: Found, grades: Sequence[float]) -> Mapping[str, float]:
    """Returns every rank measure of one question by the field's own name (``nDCG@10``)."""
    return {
        **{f"hit@{k}": hit_at(found, k) for k in CUTOFFS},
        **{f"Recall@{k}": recall_at(found, len(grades), k) for k in CUTOFFS[1:]},
        "MRR@10": reciprocal_rank_at(found, 10),
        "nDCG@10": ndcg_at(found, grades, 10),
    }
