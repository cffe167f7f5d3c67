"""What a corpus finds, and what its parts say of a passage: both indexes, what was live earlier, and the catalog."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np

from corpus.catalog import CatalogFeed, Database, access, changes, documents, passages, tokens
from corpus.catalog.access import Scope
from corpus.catalog.times import now, shown_time
from corpus.embedding import EmbeddingSpace
from corpus.language import fold
from corpus.late import is_packed, max_sim
from corpus.past import Past, PastShelf
from corpus.projection import DenseIndex, LexicalIndex
from corpus.remembered import Remembered
from corpus.types import Caller, Filter, Float32, Hit, Int64, Place, QueryTokens, Scored
from corpus.vectors.lazy import LazyDense
from corpus.vectors.rows import cosines

_EVERYTHING = Filter()
_CACHED_SCOPES = 256
_CACHED_BYTES = 64 << 20
_CACHED_CALLERS = 4096
_LOOKED_INTO = 10
"""So many passages are read for a word."""
_NOTHING = Scored(np.empty(0, np.int64), np.empty(0, np.float32))

DENSE_BROKEN = "The dense index cannot be used, so every vector was compared. vouch status says why."


class Searching:
    """The part of a :class:`corpus.store.Corpus` that finds passages and scores them. Safe to use from any thread."""

    def __init__(
        self, database: Database, space: EmbeddingSpace, dense: DenseIndex, lexical: LexicalIndex
    ) -> None:
        self.catalog, self.space, self.dense, self.lexical = database, space, dense, lexical
        self._past = PastShelf(CatalogFeed(database), space.dimension)
        self._scopes: OrderedDict[tuple[object, ...], tuple[int, Scope]] = OrderedDict()
        self._scopes_lock = threading.Lock()
        self._callers: Remembered[Caller, Caller] = Remembered(database, _CACHED_CALLERS)
        self._counts: Remembered[Caller, dict[str, int]] = Remembered(database, _CACHED_SCOPES)
        self._filled_at = -1  # the epoch in which something was live

    def open_dense(self) -> None:
        """Opens the dense index where it waits for its first search; else does nothing."""
        if isinstance(self.dense, LazyDense):
            self.dense.open()

    def search_dense(self, query: Float32, k: int, caller: Caller, filter: Filter = _EVERYTHING) -> Scored:
        """Returns the ``k`` nearest chunks that the caller may see and the filter lets through."""
        allowed = self.scope(caller, filter)
        if _is_empty(allowed):
            return _NOTHING
        past = self._opened_past(filter, allowed)
        return past.search_dense(query, k) if past else self.dense.search(query, k, allowed)

    def search_lexical(self, query: str, k: int, caller: Caller, filter: Filter = _EVERYTHING) -> Scored:
        """Returns the ``k`` best chunks by BM25 that the caller may see and the filter lets through."""
        allowed = self.scope(caller, filter)
        if _is_empty(allowed):
            return _NOTHING
        past = self._opened_past(filter, allowed)
        return past.lexical.search(query, k) if past else self.lexical.search(query, k, allowed)

    def score_around(self, query: Float32, chunks: Int64) -> Float32:
        """Returns what stands around each chunk: half the sum of its neighbours' cosines with a query vector.

        Shape (n,), in [-1, 1]. The chunk itself stands for a neighbour that there is not, or that has no vector: a
        short file would say less than the middle of a long one otherwise. 0 for a chunk without a vector.
        """
        with self.catalog.read() as db:
            own, others = changes.neighbours_of(db, np.unique(chunks)).T
        known = np.unique(np.concatenate([chunks, others]))
        cosine = self.score_dense(query, known).astype(np.float64)
        beside = cosine[np.searchsorted(known, others)]
        there = ~np.isnan(beside)
        at = np.searchsorted(known, own[there])
        sums = (
            np.bincount(at, beside[there], len(known)) + (2 - np.bincount(at, minlength=len(known))) * cosine
        )
        found: Float32 = np.nan_to_num(sums / 2)[np.searchsorted(known, chunks)].astype(np.float32)
        return found

    def vectors(self, chunks: Int64) -> Float32:
        """Returns the vector of each of the chunks, shape (n, dimension), NaN where it has none.

        From the dense index, which has the catalog's very numbers, and from the catalog where that has none at hand (of
        a version that is not live any more). Who may see a chunk is not asked.
        """
        found = self.dense.vectors(chunks)
        missing = np.isnan(found[:, 0])
        if missing.any():
            wanted = chunks[missing]
            with self.catalog.read() as db:
                batch = changes.vectors_of(db, np.unique(wanted))
            if batch is not None:
                at = np.searchsorted(batch.ids, wanted).clip(max=len(batch.ids) - 1)
                there = batch.ids[at] == wanted
                found[np.flatnonzero(missing)[there]] = batch.vectors[at[there]]
        return found

    def score_dense(self, query: Float32, chunks: Int64) -> Float32:
        """Returns the cosine of a query vector with each of the chunks, as :meth:`search_dense` gives it.

        Shape (n,), in the order given; NaN where a chunk has no vector. Who may see a chunk is not asked: the catalog
        decides last.
        """
        return cosines(self.vectors(chunks), query)

    def score_lexical(
        self, query: str, chunks: Int64, caller: Caller, filter: Filter = _EVERYTHING
    ) -> Float32:
        """Returns the score of :meth:`search_lexical` for chunks that a search of this caller's gave.

        Shape (n,), in the order given; 0 where no word is found. For some 200 chunks it takes a few milliseconds,
        however many there are. Who may see a chunk is not asked again: the catalog decides last.
        """
        past = self._opened_past(filter, self.scope(caller, filter) if filter.as_of else None)
        return (past or self).lexical.score(query, chunks)

    def lexical_reach(self, query: str, caller: Caller, filter: Filter = _EVERYTHING) -> float:
        """Returns about the most that BM25 could give a passage for a query; 0 while there is no index.

        A score divided by it says which share of the query, weighed by rarity, a passage speaks of.
        """
        past = self._opened_past(filter, self.scope(caller, filter) if filter.as_of else None)
        return (past or self).lexical.reach(query)

    def score_late(
        self, query: QueryTokens, chunks: Int64, caller: Caller, filter: Filter = _EVERYTHING
    ) -> Float32:
        """Returns the late interaction of a question's tokens with each of the chunks (:func:`corpus.late.max_sim`).

        Shape (n,), in the order given, in [-1, 1]; NaN where a chunk has no token vectors. A token counts as much as
        its word is rare (:meth:`rarity`), all alike while that is not known. Read from the catalog, so no index is
        asked, and what was live earlier is scored like what is. Who may see a chunk is not asked: the catalog
        decides last.

        Raises:
            DamagedError: a chunk's token vectors are not what was committed.
        """
        scores = np.full(len(chunks), np.nan, np.float32)
        with self.catalog.read() as db:
            found = tokens.read_tokens(db, np.unique(chunks).tolist())
        dimension = query.vectors.shape[1]
        codes = [found.get(chunk, b"") for chunk in chunks.tolist()]
        there = [at for at, own in enumerate(codes) if is_packed(own, dimension)]
        if not there or not len(query.vectors):
            return scores
        rarity = self.rarity(query.words, caller, filter) or {}
        weights = np.array([rarity.get(word, 1.0) for word in query.words], np.float32)
        scores[there] = max_sim(query.vectors, weights, [codes[at] for at in there])
        return scores

    def rarity(
        self, words: Sequence[str], caller: Caller, filter: Filter = _EVERYTHING
    ) -> dict[str, float] | None:
        """Returns each word's inverse document frequency, above 0; None when it is not known now.

        Among all live chunks, whoever asks; with ``filter.as_of`` among those that are searched.
        """
        past = self._opened_past(filter, self.scope(caller, filter) if filter.as_of else None)
        return (past or self).lexical.rarity(words)

    def documents_with(
        self, words: Sequence[str], caller: Caller, filter: Filter = _EVERYTHING
    ) -> list[int] | None:
        """Returns in how many documents that the caller may see and the filter lets through each word of small letters
        stands, whatever its inflection; None when it is not known now. What they may not see makes no difference.
        """
        allowed = self.scope(caller, filter)
        past = self._opened_past(filter, allowed)
        index = (past or self).lexical
        often = index.frequencies(words)
        if often is None:
            return None
        held = [index.holders(word) if number else None for word, number in zip(words, often, strict=True)]
        return [
            0 if not one else len(one) if allowed is None else int(np.isin(list(one), allowed).sum())
            for one in held
        ]

    def spread_of(self, word: str, caller: Caller, filter: Filter = _EVERYTHING) -> tuple[int, int]:
        """Returns in how many of the documents that the caller may see and the filter lets through a word stands,
        0 when it is not known now, and how many these are.
        """
        (held,) = self.documents_with([word], caller, filter) or (0,)
        allowed = self.scope(caller, filter)
        if allowed is None:
            with self.catalog.read() as db:
                allowed = changes.live_versions(db)
        return held, len(allowed)

    def holders(self, word: str, caller: Caller, filter: Filter = _EVERYTHING) -> frozenset[int] | None:
        """Returns the versions that hold a word in any passage; None when it is not known now.

        Among all live ones, whoever asks; with ``filter.as_of`` among those that are searched.
        """
        past = self._opened_past(filter, self.scope(caller, filter) if filter.as_of else None)
        return (past or self).lexical.holders(word)

    def lacking(self, words: Sequence[str], caller: Caller, filter: Filter = _EVERYTHING) -> frozenset[str]:
        """Returns the words that no passage has which the caller may see and the filter lets through, whatever their
        case and inflection; none of them while there is no index.

        Words of scripts without spaces are looked for in the passages that hold most of their characters.
        """
        if self.rarity(words, caller, filter) is None:
            return frozenset()
        return frozenset(word for word in words if not self._holds(word, caller, filter))

    def _holds(self, word: str, caller: Caller, filter: Filter) -> bool:
        if word.isascii():
            return len(self.search_lexical(word, 1, caller, filter).ids) > 0
        hits = self.passages_with(word, caller, filter)
        return any(fold(word) in fold(f"{hit.context}\n{hit.text}") for hit in hits)

    def passages_with(self, words: str, caller: Caller, filter: Filter = _EVERYTHING) -> list[Hit]:
        """Returns the best passages by some words that the caller may see and the filter lets through, a few."""
        found = self.search_lexical(words, _LOOKED_INTO, caller, filter)
        ranked = list(zip(found.ids.tolist(), found.scores.tolist(), strict=True))
        return self.hits(ranked, {}, caller, _LOOKED_INTO, as_now(filter).as_of)

    def passages_of(
        self, document_id: str, version: int, caller: Caller, most: int, filter: Filter = _EVERYTHING
    ) -> list[Hit]:
        """Returns the first passages, ``most`` at most, of a document's version in reading order; none where that is
        not live (or was not at ``filter.as_of``) or not for the caller.
        """
        with self.catalog.read() as db:
            own = passages.chunk_ids_of(db, document_id, version)[:most]
        return self.hits([(one, 0.0) for one in own], {}, caller, most, as_now(filter).as_of)

    def _opened_past(self, filter: Filter, allowed: Int64 | None) -> Past | None:
        return self._past.open(allowed) if allowed is not None and is_past(filter) else None

    def notes(self) -> tuple[str, ...]:
        """Says what searches of what is live lack just now, in sentences for people; empty when all is well.

        Without its index dense search finds the same, as every vector is compared; that one was never built is no
        news.
        """
        dense = [DENSE_BROKEN] if self.dense.state().broken else []
        return tuple(filter(None, [*dense, self.lexical.state().problem]))

    def places(
        self, chunk_ids: Sequence[int], caller: Caller, as_of: datetime | None = None
    ) -> dict[int, Place]:
        """Returns where those chunks stand that are live (or were, at ``as_of``) and open to the caller."""
        with self.catalog.read() as db:
            return passages.live_places(db, chunk_ids, caller, as_of)

    def hits(
        self,
        ranked: Sequence[tuple[int, float]],
        legs: Mapping[int, Mapping[str, float]],
        caller: Caller,
        limit: int,
        as_of: datetime | None = None,
    ) -> list[Hit]:
        """Returns the first ``limit`` ranked chunks as hits. The catalog decides last, here."""
        with self.catalog.read() as db:
            return passages.live_hits(db, ranked, legs, caller, limit, as_of)

    def scope(self, caller: Caller, filter: Filter = _EVERYTHING) -> Int64 | None:
        """Returns the versions to search for a caller and a filter, live or so at ``filter.as_of``; None for all live;
        see :func:`corpus.catalog.access.read_scope`.
        """
        filter = as_now(filter)
        epoch = self.catalog.epoch  # before the catalog is read: a write meanwhile has it read again
        caller = self._effective(caller)
        key: tuple[object, ...] = (
            caller,
            filter.collections,
            filter.content_types,
            filter.languages,
            filter.since,
            filter.until,
            tuple(sorted(filter.metadata.items())),
            filter.source,
            filter.documents,
            filter.as_of,
        )
        with self._scopes_lock:
            known, before = self._scopes.get(key, (-1, None))
            if before is not None and known == epoch:
                self._scopes.move_to_end(key)
                return before.versions
        with self.catalog.read() as db:
            scope = access.read_scope(db, caller, filter, before)
        earlier = before.versions if before is not None else None
        if earlier is not None and scope.versions is not None and np.array_equal(earlier, scope.versions):
            scope = replace(scope, versions=earlier)  # the same array: the indexes know its rows already
        with self._scopes_lock:
            self._scopes[key] = epoch, scope
            self._scopes.move_to_end(key)
            held = sum(map(_bytes, self._scopes.values()))
            while len(self._scopes) > 1 and (len(self._scopes) > _CACHED_SCOPES or held > _CACHED_BYTES):
                held -= _bytes(self._scopes.popitem(last=False)[1])
        return scope.versions

    def _effective(self, caller: Caller) -> Caller:
        """Returns a caller as the catalog tells callers apart; see :func:`corpus.catalog.access.effective`."""

        def read(callers: Sequence[Caller]) -> list[Caller]:
            with self.catalog.read() as db:
                return [access.effective(db, one) for one in callers]

        return self._callers.of([caller], read)[0]

    def collections(self, caller: Caller) -> Mapping[str, int]:
        """Returns the collections with a live document the caller may see, and how many of those; counted once between
        two commits.
        """

        def read(callers: Sequence[Caller]) -> list[dict[str, int]]:
            with self.catalog.read() as db:
                return [access.collections(db, one) for one in callers]

        return self._counts.of([self._effective(caller)], read)[0]

    def is_empty(self, caller: Caller, filter: Filter = _EVERYTHING) -> bool:
        """Says whether there is nothing to find for a caller and a filter."""
        allowed = self.scope(caller, filter)
        if allowed is not None:
            return not len(allowed)
        epoch = self.catalog.epoch
        if self._filled_at != epoch:
            with self.catalog.read() as db:
                if not documents.any_live(db):
                    return True
            self._filled_at = epoch
        return False


def _bytes(cached: tuple[int, Scope]) -> int:
    versions = cached[1].versions
    return 0 if versions is None else versions.nbytes


def is_past(filter: Filter) -> bool:
    """Says whether a filter asks for what was live, rather than for what is."""
    return filter.as_of is not None and (shown_time(filter.as_of) or "") < now()


def as_now(filter: Filter) -> Filter:
    """Returns a filter without its instant where that is not over: it asks for what is live now then.

    Even a version counts that a clock set ahead has dated after it.
    """
    return replace(filter, as_of=None) if filter.as_of is not None and not is_past(filter) else filter


def _is_empty(allowed: Int64 | None) -> bool:
    return allowed is not None and not allowed.size
