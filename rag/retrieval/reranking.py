"""Fused hits → the order that another look gives them: none, late interaction, or a CrossEncoder under a deadline."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as LateError
from dataclasses import dataclass, replace
from typing import Protocol

from corpus.embedding import PairScorer
from corpus.errors import EmbeddingError
from corpus.settings import Settings
from corpus.types import Hit
from rag.prompts.prompting import is_japanese
from rag.words.told import Said, say

AT_ONCE = 8
"""Passages that a CrossEncoder reads between two looks at the clock."""


@dataclass(frozen=True, slots=True)
class Reranked:
    """Hits, best first, and what is told where they are not in the order that was asked for (None when they are)."""

    hits: tuple[Hit, ...]
    note: Said | None = None


class Reranker(Protocol):
    """Orders hits anew. Safe to use from any thread.

    ``late`` says whether candidates are scored by their token vectors before; ``depth``, how many hits it wants to
    see, 0 for no more than are shown.
    """

    late: bool
    depth: int

    def rerank(self, query: str, hits: Sequence[Hit]) -> Reranked:
        """Returns the hits, all of them, best first; their scores fall."""

    def close(self) -> None:
        """Gives up what is under way."""


class FusedOrder:
    """Leaves the order as it is: with ``late`` the token vectors (MaxSim) had their say in it, else they had none."""

    depth = 0

    def __init__(self, late: bool) -> None:
        self.late = late

    def rerank(self, query: str, hits: Sequence[Hit]) -> Reranked:
        """Returns the hits as they are."""
        return Reranked(tuple(hits))

    def close(self) -> None:
        """Does nothing."""


class CrossEncoderOrder:
    """Orders the best hits by a CrossEncoder; what it cannot do in time stays in the fused order, with a note.

    Questions take turns. One that is given up ends with the passages it is at, so that it keeps no other waiting
    for longer. The first question also waits for the model to be loaded, which is none of its time: a command that
    searches once would never be in time.

    Args:
        scorer: the model.
        depth: hits that it reads, the best first; the others follow in their order.
        timeout_ms: longest time for one question, in milliseconds.
    """

    late = True

    def __init__(self, scorer: PairScorer, depth: int, timeout_ms: int) -> None:
        self.depth = depth
        self._scorer = scorer
        self._timeout_ms = timeout_ms
        self._pool = ThreadPoolExecutor(1, "rerank")

    def rerank(self, query: str, hits: Sequence[Hit]) -> Reranked:
        """Returns the hits by the model's scores (``legs["reranker"]``, in [0, 1]), or as they are where it is late."""
        given_up = threading.Event()
        read, rest = list(hits[: self.depth]), list(hits[self.depth :])
        if not read:
            return Reranked(tuple(hits))
        try:
            self._scorer.load()
            under_way = self._pool.submit(self._score, query, read, given_up)
            scores = under_way.result(self._timeout_ms / 1000)
        except LateError:
            given_up.set()
            under_way.cancel()
            return Reranked(tuple(hits), say("rerank_late", is_japanese(query), ms=self._timeout_ms))
        except EmbeddingError as error:
            why = error.message.rstrip(".")
            return Reranked(tuple(hits), say("rerank_failed", is_japanese(query), why=why))
        order = sorted(range(len(read)), key=lambda at: (-scores[at], at))
        found = [
            replace(read[at], score=scores[at], legs={**read[at].legs, "reranker": scores[at]})
            for at in order
        ]
        least = found[-1].score
        found += [replace(hit, score=min(hit.score, least)) for hit in rest]
        return Reranked(tuple(replace(hit, rank=rank) for rank, hit in enumerate(found, start=1)))

    def close(self) -> None:
        """Gives up what is under way."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _score(self, query: str, hits: Sequence[Hit], given_up: threading.Event) -> list[float]:
        scores: list[float] = []
        for at in range(0, len(hits), AT_ONCE):
            if given_up.is_set():
                break
            some = [_searched(hit) for hit in hits[at : at + AT_ONCE]]
            scores += [round(float(score), 6) for score in self._scorer.score(query, some)]
        return scores


def open_reranker(settings: Settings) -> Reranker:
    """Returns the reranker that the settings name; a CrossEncoder's weights are read when it is first asked.

    Raises:
        EmbeddingError: ``model_missing``: there is no such CrossEncoder on this machine.
    """
    if settings.reranker in ("late", "none"):
        return FusedOrder(late=settings.reranker == "late")
    scorer = PairScorer(settings.reranker)
    return CrossEncoderOrder(scorer, settings.rerank_candidates, settings.rerank_timeout_ms)


def _searched(hit: Hit) -> str:
    return f"{hit.context}\n\n{hit.text}" if hit.context else hit.text
