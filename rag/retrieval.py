"""Question → the passages that may hold its answer: dense + lexical candidates, fused,
decided by the catalog.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC

from corpus.embedding import Embedder
from corpus.errors import EmbeddingError, UsageError
from corpus.settings import Settings
from corpus.store import Corpus, is_past
from corpus.types import Caller, Filter, Hit, Scored
from rag.filters import END_OF_DAY

RRF_K = 60
"""Reciprocal rank fusion's constant (Cormack, Clarke & Büttcher 2009)."""

MAX_K = 1000

NO_DOCUMENTS = "There are no documents yet. Ingest some: vouch ingest FOLDER"


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Hits, best first, what each step took, and what the reader should know (a leg that was left out)."""

    query: str
    hits: tuple[Hit, ...]
    timings_ms: Mapping[str, float]
    notes: tuple[str, ...] = ()


class Retriever:
    """Searches a corpus. Safe to use from any thread."""

    def __init__(self, corpus: Corpus, embedder: Embedder, settings: Settings) -> None:
        self._corpus = corpus
        self._embedder = embedder
        self._settings = settings

    def search(self, query: str, k: int, caller: Caller, filter: Filter | None = None) -> SearchResult:
        """Returns the ``k`` best passages for a query, among those the caller may see.

        The score is the fused reciprocal rank; ``legs`` holds each retriever's own score. Text that the
        embedder does not cover is searched lexically alone, and a note says so; so does one where the embedder
        reads only the beginning of a long query.

        Raises:
            UsageError: the query is empty or too long, or ``k`` is out of range.
        """
        cleaned = clean_query(query, self._settings.max_query_chars)
        if not 1 <= k <= MAX_K:
            raise UsageError(f"k must be between 1 and {MAX_K}, not {k}.", code="bad_k")
        chosen = filter or Filter()
        notes: list[str] = []
        if self._corpus.is_empty(caller, chosen):
            # No model is loaded to find nothing.
            notes += [NO_DOCUMENTS] if chosen == Filter() else _notes_on_time(chosen, found=False)
            return SearchResult(query, (), {"total": 0.0}, tuple(notes))
        notes += _notes_on_time(chosen)
        timings: dict[str, float] = {}
        depth = max(self._settings.candidates, 2 * k)
        dense = self._dense(cleaned, depth, caller, chosen, timings, notes)
        with _timed(timings, "lexical"):
            lexical = self._corpus.search_lexical(cleaned, depth, caller, chosen)
        notes += [] if is_past(chosen) else self._corpus.notes()
        with _timed(timings, "fusion"):
            ranked = fuse_ranks([dense, lexical])
            legs = _legs({"dense": dense, "lexical": lexical})
        with _timed(timings, "catalog"):
            hits = self._corpus.hits(ranked, legs, caller, k, chosen.as_of)
        timings["total"] = round(sum(timings.values()), 3)
        return SearchResult(query, tuple(hits), timings, tuple(notes))

    def _dense(
        self,
        query: str,
        depth: int,
        caller: Caller,
        filter: Filter,
        timings: dict[str, float],
        notes: list[str],
    ) -> Scored | None:
        if not self._embedder.covers(query):
            notes.append(
                f"{self._embedder.space.model} does not know this language; searched by words alone."
            )
            return None
        try:
            with _timed(timings, "embedding"):
                vector = self._embedder.embed_query(query)
        except EmbeddingError as error:
            notes.append(f"Searched by words alone: {error.message}")
            return None
        notes += self._cut_short(query)
        with _timed(timings, "dense"):
            return self._corpus.search_dense(vector, depth, caller, filter)

    def _cut_short(self, query: str) -> list[str]:
        """Says how much of a query the model read, when that is not all."""
        most, words = self._embedder.max_tokens, query.split()
        if self._embedder.count_tokens([query])[0] <= most:
            return []
        read = bisect_right(
            range(1, len(words)), most, key=lambda n: self._embedder.count_tokens([" ".join(words[:n])])[0]
        )
        part = f"its first {read} words" if read > 1 else "its beginning"
        return [f"The question is long: its meaning was taken from {part} alone; its words, from all of it."]


def _notes_on_time(filter: Filter, *, found: bool = True) -> list[str]:
    if filter.as_of is None:
        return []
    moment = filter.as_of.astimezone(UTC)
    whole_day = moment.time() == END_OF_DAY
    shown = f"{moment:%Y-%m-%d}" if whole_day else f"{moment:%Y-%m-%d %H:%M:%S} UTC"
    if not is_past(filter):
        return [f"{shown} is not over yet: what is live now was searched."]
    if not found:
        return [
            f"Searched as of {shown}: nothing that was live then is for you to see and passes the filter."
        ]
    return [f"Searched as of {shown}: versions that were live then."]


def clean_query(query: str, max_chars: int) -> str:
    """Returns the query without control characters and lone surrogates.

    Raises:
        UsageError: nothing is left, or it is longer than ``max_chars``.
    """
    if len(query) > max_chars:
        raise UsageError(
            f"The query has {len(query)} characters; the limit is {max_chars}.",
            code="query_too_long",
            hint="Ask a shorter question, or raise VOUCH_MAX_QUERY_CHARS.",
        )
    kept = "".join(" " if ord(c) < 32 or 0xD800 <= ord(c) <= 0xDFFF or ord(c) == 127 else c for c in query)
    kept = " ".join(kept.split())
    if not kept:
        raise UsageError(
            "The query is empty.", code="empty_query", hint='Ask something: vouch search "annual leave"'
        )
    return kept


def fuse_ranks(legs: Sequence[Scored | None]) -> list[tuple[int, float]]:
    """Returns (chunk id, score) by the sum of 1 / (60 + rank) over the legs, best first; ties by chunk id."""
    scores: dict[int, float] = {}
    for leg in legs:
        if leg is not None:
            for rank, own in enumerate(leg.ids.tolist(), start=1):
                scores[own] = scores.get(own, 0.0) + 1.0 / (RRF_K + rank)
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))


def _legs(named: Mapping[str, Scored | None]) -> dict[int, dict[str, float]]:
    legs: dict[int, dict[str, float]] = {}
    for name, leg in named.items():
        if leg is not None:
            for own, score in zip(leg.ids.tolist(), leg.scores.tolist(), strict=True):
                legs.setdefault(own, {})[name] = round(score, 6)
    return legs


class _timed:
    """Adds a block's milliseconds to ``timings[name]``."""

    def __init__(self, timings: dict[str, float], name: str) -> None:
        self._timings, self._name = timings, name

    def __enter__(self) -> None:
        self._began = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._timings[self._name] = round((time.perf_counter() - self._began) * 1000, 3)
