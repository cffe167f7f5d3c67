"""Question → the passages that may hold its answer: candidates of two legs, scored by each, decided by the catalog."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeAlias

import numpy as np

from corpus.allocating import Settling
from corpus.embedding import Embedder, TokenEmbedder
from corpus.errors import EmbeddingError, UsageError
from corpus.lexical.engine import WEIGHED
from corpus.processors import processors
from corpus.searching import DENSE_BROKEN, as_now, is_past
from corpus.settings import Settings
from corpus.store import Corpus
from corpus.types import (
    Caller,
    Filter,
    Float32,
    Hit,
    Int64,
    Place,
    QueryTokens,
    Scored,
    show_chunk_id,
)
from rag.prompts.prompting import is_japanese
from rag.reading.meaning import embed_with
from rag.retrieval.focusing import cut_to_focus, focused
from rag.retrieval.legs import Legs, only, spread_over
from rag.retrieval.named import Asked, NamedFirst
from rag.retrieval.query import clean_query, cut_short, misspelt, notes_on_time
from rag.retrieval.ranking import MOST_LEXICAL, Recipe, combine
from rag.retrieval.reranking import Reranker, open_reranker
from rag.retrieval.spelling import as_told, put_right
from rag.retrieval.spreading import joined, spread, without_copies
from rag.words.told import Said, say

RECIPE = Recipe()
"""The measured one (docs/retrieval-measured.md)."""

LOOKED_AT = 64
"""So many of the best candidates by the first two legs, or twice the hits asked for, are looked at closely: token by
token, with what stands around them, and by their documents."""

LOOKED_AROUND = 24
"""The neighbours of so many of the best candidates are looked at."""

SPARE = 8
"""Hits beyond the wanted number, to fill the places of those that say the same."""

FEWEST_TURNS = 2
"""So many searches run at a time, or one for each processor; the others wait. A search fills more than a core by
itself, and dozens at once spend their time on handing Python's lock to each other."""

MAX_K = 1000

_Meaning: TypeAlias = "tuple[Float32 | None, QueryTokens | None, Scored | None]"
_NO_MEANING: _Meaning = None, None, None


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Hits, best first, what each step took, and what the reader should know (a leg that was left out).

    ``read_as``: the query that was searched for, its misspelt words put right, or some put in the documents' words; ""
    where no search was made.
    ``slips``: these words, as they were written → as they were read.
    """

    query: str
    hits: tuple[Hit, ...]
    timings_ms: Mapping[str, float]
    notes: tuple[Said, ...] = ()
    read_as: str = ""
    slips: Mapping[str, str] = field(default_factory=dict)

    @property
    def told(self) -> tuple[str, ...]:
        """All that the reader should know: how the query was read, and the notes."""
        return (*as_told(self.slips, is_japanese(self.query)), *(note.sentence for note in self.notes))


class Retriever:
    """Searches a corpus. Safe to use from any thread.

    ``embed`` reads a question and sentences as the search does.
    """

    def __init__(
        self,
        corpus: Corpus,
        embedder: Embedder,
        settings: Settings,
        recipe: Recipe = RECIPE,
        reranker: Reranker | None = None,
    ) -> None:
        self.recipe = recipe
        self.embed = embed_with(embedder)
        self._corpus = corpus
        self._embedder = embedder
        self._settings = settings
        self._reranker = reranker or open_reranker(settings)
        wanted = self._reranker.late and recipe.late
        turns = max(FEWEST_TURNS, processors())
        self._turns = threading.BoundedSemaphore(turns)
        self._beside = ThreadPoolExecutor(turns, "meaning")
        self._named = NamedFirst(corpus, recipe)
        self._settling = Settling()
        self._late = embedder if wanted and isinstance(embedder, TokenEmbedder) else None

    def search(self, query: str, k: int, caller: Caller, filter: Filter | None = None) -> SearchResult:
        """Returns the ``k`` best passages for a query, among those the caller may see.

        Two legs give candidates; every candidate is scored by every leg (``legs``: the cosine, the share of the query's
        words, by BM25, and the late interaction of its tokens, where it has token vectors), and the score is their
        weighted mean, about in [0, 1]. A CrossEncoder that is set orders the best anew, by its own scores. Text that
        the embedder does not cover is searched lexically alone, and a note says so; so does one where the embedder
        reads only the beginning of a long query. Fewer than ``k`` hits may hold more passages: neighbours are one.

        Raises:
            UsageError: the query is empty or too long, or ``k`` is out of range.
        """
        cleaned = clean_query(query, self._settings.max_query_chars)
        if not 1 <= k <= MAX_K:
            raise UsageError(f"k must be between 1 and {MAX_K}, not {k}.", code="bad_k")
        chosen, japanese = filter or Filter(), is_japanese(cleaned)
        notes: list[Said] = []
        if self._corpus.is_empty(caller, chosen):
            # No model is loaded to find nothing.
            told = notes_on_time(chosen, japanese, found=False)
            notes += told or [say("no_documents" if chosen == Filter() else "nothing_passes", japanese)]
            return SearchResult(query, (), {"total": 0.0}, tuple(notes))
        notes += notes_on_time(chosen, japanese)
        chosen = as_now(chosen)
        timings: dict[str, float] = {}
        began = time.perf_counter()
        # What was live earlier may have to be read first, which takes longer than the others should wait.
        with nullcontext() if is_past(chosen) else self._turn(timings):
            slips: Mapping[str, str] = {}
            if self.recipe.spelling:
                with _timed(timings, "spelling"):
                    slips = misspelt(cleaned, self._corpus, self._embedder, caller, chosen)
            read = put_right(cleaned, slips)
            hits = self._search(read, k, caller, chosen, notes, timings)
        timings["total"] = round((time.perf_counter() - began) * 1000, 3)
        self._settling.done()
        return SearchResult(query, tuple(hits), timings, tuple(notes), read, slips)

    def shown(self, found: SearchResult, caller: Caller) -> SearchResult:
        """Returns a result as it is shown to who searched: of each hit its focus. A model is given hits whole."""
        hits = cut_to_focus(found.hits, lambda places: self._corpus.pages(places, caller))
        return replace(found, hits=tuple(hits))

    @contextmanager
    def _turn(self, timings: dict[str, float]) -> Iterator[None]:
        with _timed(timings, "waiting"):
            self._turns.acquire()
        try:
            yield
        finally:
            self._turns.release()

    def _search(
        self,
        cleaned: str,
        k: int,
        caller: Caller,
        chosen: Filter,
        notes: list[Said],
        timings: dict[str, float],
    ) -> list[Hit]:
        depth = max(self._settings.candidates, 2 * k)
        meaning: Callable[[], _Meaning] | None = None
        if self.recipe.dense or self._late:
            if self._embedder.covers(cleaned):
                ask = partial(self._by_meaning, cleaned, depth, caller, chosen, timings, notes)
                # The model reads the question on one core while another looks for its words; the past is opened once.
                meaning = ask if is_past(chosen) else self._beside.submit(ask).result
            else:
                model = self._embedder.space.model
                notes.append(say("words_alone", is_japanese(cleaned), model=model))
        words = self._by_words(cleaned, depth, caller, chosen, timings) if self.recipe.lexical else None
        with _timed(timings, "naming"):
            asked = self._named.read(cleaned, caller, chosen) if self.recipe.named else None
        if meaning and self.recipe.dense and not is_past(chosen):
            self._corpus.open_dense()  # a command reads the model and the vectors beside each other
        vector, tokens, near = meaning() if meaning else _NO_MEANING
        if words is None and near is None:
            words = self._by_words(cleaned, depth, caller, chosen, timings)
        notes += [] if is_past(chosen) else self._lacking(is_japanese(cleaned))
        with self._corpus.catalog.one_state():
            with _timed(timings, "scoring"):
                found = [leg.ids[:depth] for leg in (near, words) if leg is not None]
                ids = np.unique(np.concatenate(found))
                if not len(ids):
                    limited = replace(chosen, as_of=None) != Filter()
                    notes.append(
                        say("nothing_shared_filter" if limited else "nothing_shared", is_japanese(cleaned))
                    )
                legs = self._scores(cleaned, vector, ids, near, words, caller, chosen)
                ranked = combine(ids, legs, self.recipe)[: max(LOOKED_AT, 2 * k)]
                ids, legs = only(ids, legs, ranked)
                if tokens is not None:
                    late = self._corpus.score_late(tokens, ids, caller, chosen)
                    if not np.isnan(late).all():  # a corpus that keeps no token vectors is searched without
                        legs["late"] = late
                    ranked = combine(ids, legs, self.recipe)
                if vector is not None and self.recipe.around:
                    legs["around"] = self._around(vector, ids, ranked)
                    ranked = combine(ids, legs, self.recipe)
            with _timed(timings, "catalog"):
                places, by_score = self._candidates(asked, ranked, Legs(ids, legs), k, caller, chosen)
        hits = by_score
        if self._reranker.depth:
            with _timed(timings, "reranking"):
                reranked = self._reranker.rerank(cleaned, hits)
            hits = list(reranked.hits)
            notes += [reranked.note] if reranked.note else []
        with _timed(timings, "catalog"):
            hits = self._chosen(hits, places, k, caller)
        with _timed(timings, "focusing"):
            return focused(cleaned, hits, by_score) if self.recipe.focus else hits

    def _by_meaning(
        self,
        query: str,
        depth: int,
        caller: Caller,
        filter: Filter,
        timings: dict[str, float],
        notes: list[Said],
    ) -> _Meaning:
        """Returns the question's vector, its tokens, and the nearest passages; nothing where the model fails."""
        read = self._embedded(query, timings, notes)
        if read is None or not self.recipe.dense:
            return None, read and read[1], None
        with _timed(timings, "dense"):
            return *read, self._corpus.search_dense(read[0], depth, caller, filter)

    def _by_words(
        self, query: str, depth: int, caller: Caller, filter: Filter, timings: dict[str, float]
    ) -> Scored:
        """Returns all that the index weighs: of those behind the first ``depth`` it is known what they score."""
        with _timed(timings, "lexical"):
            return self._corpus.search_lexical(query, max(depth, WEIGHED), caller, filter)

    def _scores(
        self,
        query: str,
        vector: Float32 | None,
        ids: Int64,
        near: Scored | None,
        words: Scored | None,
        caller: Caller,
        filter: Filter,
    ) -> dict[str, Float32]:
        """Returns what either leg says of every candidate, whichever found it; ``near``, ``words``: what each did."""
        legs: dict[str, Float32] = {}
        if vector is not None and near is not None:
            scores, missing = spread_over(ids, near)
            scores[missing] = self._corpus.score_dense(vector, ids[missing])
            legs["dense"] = scores
        if words is not None:
            reach = self._corpus.lexical_reach(query, caller, filter)
            scores, missing = spread_over(ids, words)
            scores[missing] = self._corpus.score_lexical(query, ids[missing], caller, filter)
            legs["lexical"] = np.minimum(scores / max(reach, 1e-9), MOST_LEXICAL).astype(np.float32)
        return legs

    def _around(self, vector: Float32, ids: Int64, ranked: Sequence[tuple[int, float]]) -> Float32:
        """Returns what stands around the best candidates; 0 for the others, which it could not raise above them."""
        best = np.array(sorted(own for own, _ in ranked[:LOOKED_AROUND]), np.int64)
        around = np.zeros(len(ids), np.float32)
        around[np.searchsorted(ids, best)] = self._corpus.score_around(vector, best)
        return around

    def _candidates(
        self,
        asked: Asked | None,
        ranked: Sequence[tuple[int, float]],
        legs: Mapping[int, Mapping[str, float]],
        k: int,
        caller: Caller,
        filter: Filter,
    ) -> tuple[Mapping[int, Place], list[Hit]]:
        """Returns where candidates stand, and the best as hits, some to spare. The catalog decides what may be seen,
        before and after.
        """
        recipe = self.recipe
        places = self._corpus.places([own for own, _ in ranked], caller, filter.as_of)
        if asked:
            ranked = self._named.by_subject(asked, ranked, places, caller, filter)
        ranked = spread(ranked, places, recipe, k)
        wanted = max(k + SPARE if recipe.copies or recipe.named else k, self._reranker.depth)
        hits = self._corpus.hits(ranked, legs, caller, wanted, filter.as_of)
        if asked:
            hits = self._named.by_document(asked, hits, places, k, caller)
        return places, hits

    def _chosen(self, hits: Sequence[Hit], places: Mapping[int, Place], k: int, caller: Caller) -> list[Hit]:
        """Returns the ``k`` best hits: nothing twice, neighbours as one."""
        recipe = self.recipe
        hits = list(without_copies(hits) if recipe.copies else hits)[:k]
        if recipe.neighbours:
            shown = {show_chunk_id(own): place for own, place in places.items()}
            hits = joined(
                hits,
                shown,
                lambda spans: self._corpus.slices(
                    [(hit.document_id, hit.version, start, end) for hit, start, end in spans], caller
                ),
            )
        return [replace(hit, rank=rank) for rank, hit in enumerate(hits, start=1)]

    def _lacking(self, japanese: bool) -> list[Said]:
        """Says what searches of what is live lack just now."""
        found = self._corpus.notes()
        return [
            say("dense_broken" if note == DENSE_BROKEN else "index_says", japanese, said=note)
            for note in found
        ]

    def _embedded(
        self, query: str, timings: dict[str, float], notes: list[Said]
    ) -> tuple[Float32, QueryTokens | None] | None:
        try:
            with _timed(timings, "embedding"):
                late = self._late
                read = (
                    late.embed_query_with_tokens(query) if late else (self._embedder.embed_query(query), None)
                )
        except EmbeddingError as error:
            notes.append(say("without_meaning", is_japanese(query), why=error.message))
            return None
        notes += cut_short(query, self._embedder)
        return read


class _timed:
    """Adds a block's milliseconds to ``timings[name]``."""

    def __init__(self, timings: dict[str, float], name: str) -> None:
        self._timings, self._name = timings, name

    def __enter__(self) -> None:
        self._began = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        before = self._timings.get(self._name, 0.0)
        self._timings[self._name] = round(before + (time.perf_counter() - self._began) * 1000, 3)
