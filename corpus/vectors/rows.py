"""Rows of vectors in memory, and the exact arithmetic every dense search ends in.

A score never depends on where a row lies (in a generation, in the delta, gathered or not): candidates are
found in float32, which BLAS may round differently from place to place, with a margin above the worst
rounding error; whatever is returned is scored again in float64 and rounded once. So the same rows give the
same result, bit for bit, across restarts, rebuilds and folds.
"""

from __future__ import annotations

import hashlib
import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from corpus.errors import EmbeddingError
from corpus.projection import Change, Snapshot, VectorBatch
from corpus.types import Bools, Float32, Int64, Scored
from corpus.vectors.graph import HNSW

EXACT_ROWS = 20_000
"""An allowed set up to this many rows is scanned exactly, whatever the corpus's size."""

EXACT_SHARE = 5
"""… and so is one up to a fifth of the corpus."""

FETCH_LEAST = 100
FETCH_FACTOR, FETCH_FACTOR_ALLOWED = 1.25, 2.0
FETCH_MOST = 2_000
"""Over-fetch from an approximate index: 1.25k over the share of its rows that live (it orders what it visits by their
distances, and only float32 rounds them), for a part of them 2k over its share, at least 100; then more, up to 2,000
before the scan takes over (of a large index, up to four times the width that it is searched in: the scan reads every
row)."""

_MARGIN = 1.25

_WIDENED_FROM = 125_000
_WIDENED_BY = 200
"""A larger index is searched wider: so many more than its own width each time that the rows double beyond these."""

_GATHERED = 1_024  # rows at a time: they stay in the processor's cache until they are multiplied
_REMEMBERED = 32  # sets of versions: at a million rows four megabytes each, where half of them are allowed
_VERSIONS_AT_ONCE = 500


class Remembered:
    """The rows of the sets of versions that were asked for last, by the very array. Safe to use from any thread."""

    def __init__(self) -> None:
        self._rows: OrderedDict[int, tuple[Int64, Int64]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, column: Int64, versions: Int64) -> Int64:
        """Returns the rows of ``column`` that hold one of the versions, ascending; always of the same column."""
        with self._lock:
            own, rows = self._rows.get(id(versions), (None, None))
            if own is versions and rows is not None:
                self._rows.move_to_end(id(versions))
                return rows
        rows = np.flatnonzero(np.isin(column, versions))
        with self._lock:
            self._rows[id(versions)] = versions, rows  # kept with it, so that no other array has its address
            while len(self._rows) > _REMEMBERED:
                self._rows.popitem(last=False)
        return rows


@dataclass(frozen=True, slots=True)
class Block:
    """Rows that are searched as one; never changed once made.

    ``ids``, ``versions``: int64, shape (n,). ``vectors``: float32 unit rows, shape (n, dimension).
    ``alive``: shape (n,), False where the row's version was removed, or None when all live.
    """

    ids: Int64
    versions: Int64
    vectors: Float32
    alive: Bools | None = None
    remembered: Remembered = field(default_factory=lambda: Remembered(), repr=False, compare=False)

    def __len__(self) -> int:
        return int(self.ids.shape[0])

    @property
    def dead(self) -> int:
        """How many rows are of removed versions."""
        return 0 if self.alive is None else len(self) - int(np.count_nonzero(self.alive))

    @property
    def live(self) -> int:
        """How many rows can be found."""
        return len(self) - self.dead

    def without(self, removed: Int64) -> Block:
        """Returns the block with the rows of the removed versions marked dead."""
        if not len(removed) or not len(self):
            return self
        gone = np.isin(self.versions, removed)
        if not gone.any():
            return self
        return replace(self, alive=~gone if self.alive is None else self.alive & ~gone)

    def rows_of(self, versions: Int64) -> Int64:
        """Returns the live rows of the given versions, ascending; quickly when it is asked for the same array again."""
        rows = self.remembered.of(self.versions, versions)
        return rows if self.alive is None else rows[self.alive[rows]]

    def part(self, start: int, stop: int | None = None) -> Block:
        """Returns the rows from ``start`` to before ``stop``, without copying them."""
        some = slice(start, stop)
        alive = None if self.alive is None else self.alive[some]
        return Block(self.ids[some], self.versions[some], self.vectors[some], alive)

    def living(self) -> VectorBatch:
        """Returns the rows that can be found."""
        some = slice(None) if self.alive is None else self.alive
        return VectorBatch(self.ids[some], self.versions[some], self.vectors[some])


def empty_block(dimension: int) -> Block:
    """Returns a block without rows."""
    none = np.empty(0, np.int64)
    return Block(none, none, np.empty((0, dimension), np.float32))


class GrowingBlock:
    """Builds blocks that share one growing buffer, so that adding costs what is added.

    Earlier blocks stay valid: rows are only ever written behind them. One writer at a time.
    """

    def __init__(self, dimension: int, capacity: int = 0) -> None:
        self._ids = np.empty(capacity, np.int64)
        self._versions = np.empty(capacity, np.int64)
        self._vectors = np.empty((capacity, dimension), np.float32)
        self.block = empty_block(dimension)

    def extend(self, batches: Iterable[VectorBatch]) -> None:
        """Appends rows.

        Raises:
            EmbeddingError: the rows are of another dimension than the index.
        """
        for batch in batches:
            used = len(self.block)
            total = used + len(batch.ids)
            check_dimension(batch.vectors, self._vectors.shape[1])
            self._reserve(total, used)
            self._ids[used:total] = batch.ids
            self._versions[used:total] = batch.version_ids
            self._vectors[used:total] = batch.vectors
            alive = self.block.alive
            if alive is not None:
                alive = np.concatenate([alive, np.ones(total - used, np.bool_)])
            self.block = Block(self._ids[:total], self._versions[:total], self._vectors[:total], alive)

    def remove(self, removed: Int64) -> None:
        """Marks the rows of the removed versions dead."""
        self.block = self.block.without(removed)

    def compact(self) -> None:
        """Drops the dead rows, once they are the larger part; earlier blocks keep them."""
        if self.block.dead > len(self.block) // 2:
            living = self.block.living()
            self._ids, self._versions, self._vectors = living.ids, living.version_ids, living.vectors
            self.block = Block(self._ids, self._versions, self._vectors)

    def _reserve(self, total: int, used: int) -> None:
        if total <= len(self._ids):
            return
        capacity = max(total, len(self._ids) + len(self._ids) // 2, 64)
        for name in ("_ids", "_versions", "_vectors"):
            old = getattr(self, name)
            new = np.empty((capacity, *old.shape[1:]), old.dtype)
            new[:used] = old[:used]
            setattr(self, name, new)


def load(snapshot: Snapshot, dimension: int) -> GrowingBlock:
    """Returns every live vector of the snapshot."""
    rows = GrowingBlock(dimension, snapshot.vector_count())
    rows.extend(snapshot.vector_batches())
    return rows


def split(changes: Iterable[Change]) -> tuple[list[int], Int64]:
    """Returns the versions that the changes leave added, and those that they removed."""
    changes = list(changes)
    removed = {change.version_id for change in changes if change.kind == "remove"}
    added = [c.version_id for c in changes if c.kind == "add" and c.version_id not in removed]
    return added, np.array(sorted(removed), np.int64)


def batches_of(snapshot: Snapshot, versions: list[int]) -> Iterable[VectorBatch]:
    """Yields the vectors of the given versions, few versions to a statement."""
    for start in range(0, len(versions), _VERSIONS_AT_ONCE):
        yield from snapshot.vector_batches(versions[start : start + _VERSIONS_AT_ONCE])


def digest(vector: Float32) -> bytes:
    """Returns 16 bytes that two vectors share only when they are the same, bit for bit."""
    return hashlib.blake2b(vector.tobytes(), digest_size=16).digest()


def check_dimension(vectors: Float32, dimension: int) -> None:
    """Raises :class:`EmbeddingError` unless the last axis is as long as the space's vectors."""
    if vectors.shape[-1] != dimension:
        raise EmbeddingError(
            f"A vector has {vectors.shape[-1]} numbers where the corpus's embedding space has {dimension}.",
            code="wrong_dimension",
            hint="Use the embedder the corpus was created with, or embed the corpus again.",
        )


def vectors_in(blocks: Iterable[Block], chunks: Int64, dimension: int) -> Float32:
    """Returns the vector of each of the chunks, shape (n, dimension), NaN where no block holds it; of dead rows too.

    A block whose ids are not ascending gives some of its vectors, or none.
    """
    found = np.full((len(chunks), dimension), np.nan, np.float32)
    for block in blocks:
        if len(block) and len(chunks):
            rows = np.minimum(np.searchsorted(block.ids, chunks), len(block) - 1)
            there = block.ids[rows] == chunks
            found[there] = block.vectors[rows[there]]
    return found


# ---- search --------------------------------------------------------------------------------------


Nearest = Callable[[Float32, int], Int64]
"""An approximate index: (query, n) → about the n nearest rows of its block, in any order, each once."""


def search(
    query: Float32,
    k: int,
    versions: Int64 | None,
    blocks: Iterable[tuple[Block, Nearest | None]],
) -> Scored:
    """Returns the ``k`` best rows of all blocks; scores are float64 cosines rounded to float32.

    A block with an approximate index is searched through it unless few enough rows are allowed; what it
    cannot fill is scanned, so fewer than ``k`` rows come back only when fewer are allowed.
    """
    found_ids, found_scores = [np.empty(0, np.int64)], [np.empty(0, np.float32)]
    if k > 0:
        for block, nearest in blocks:
            rows = _candidates(block, nearest, query, k, versions)
            found_ids.append(block.ids[rows])
            found_scores.append(_scores(block, rows, query))
    ids, scores = np.concatenate(found_ids), np.concatenate(found_scores)
    best = np.lexsort((ids, -scores))[: max(k, 0)]
    return Scored(ids[best], scores[best])


def _candidates(
    block: Block, nearest: Nearest | None, query: Float32, k: int, versions: Int64 | None
) -> Int64:
    if not len(block):
        return np.empty(0, np.int64)
    allowed = None if versions is None else block.rows_of(versions)
    few = allowed is not None and len(allowed) <= max(EXACT_ROWS, len(block) // EXACT_SHARE)
    if nearest is not None and not few:
        share = (block.live if allowed is None else len(allowed)) / len(block)
        factor = FETCH_FACTOR if allowed is None else FETCH_FACTOR_ALLOWED
        fetch = max(FETCH_LEAST, math.ceil(factor * k / max(share, 1e-9)), widened(len(block)))
        most = max(FETCH_MOST, 4 * widened(len(block)))
        while fetch <= most and fetch < len(block):
            rows = _passed(block, allowed, nearest(query, fetch))
            if len(rows) >= k:
                return _closest(block, rows, _gathered(block.vectors, rows, query), k)
            # Where most of the nearest are not for this caller, as many as that share of them makes needful.
            fetch = max(2 * fetch, math.ceil(_MARGIN * fetch * k / max(len(rows), 1)))
    return _scan(block, allowed, query, k)


def widened(rows: int) -> int:
    """Returns how many rows to ask of an index of so many, 0 where its own width (``HNSW``) finds enough.

    Of 755,177 vectors the width of 800 found .9883 of the true ten nearest, 1,000 and 1,200 .9958; of 76,263 vectors
    800 found .9974 (``bench/HISTORY.md``).
    """
    doublings = math.log2(max(1.0, rows / _WIDENED_FROM))
    return HNSW["ef_search"] + round(_WIDENED_BY * doublings) if doublings else 0


def _passed(block: Block, allowed: Int64 | None, rows: Int64) -> Int64:
    """Returns those of the rows that live and are among the allowed ones."""
    if allowed is None:
        return rows if block.alive is None else rows[block.alive[rows]]
    at = np.minimum(np.searchsorted(allowed, rows), len(allowed) - 1)
    passed: Int64 = rows[allowed[at] == rows]
    return passed


def _scan(block: Block, allowed: Int64 | None, query: Float32, k: int) -> Int64:
    """Returns the rows that can be among the best ``k``: those within rounding of the k-th, or better."""
    if allowed is None and block.alive is not None:
        allowed = np.flatnonzero(block.alive)
    count = len(block) if allowed is None else len(allowed)
    rows = np.arange(count) if allowed is None else allowed
    if count <= k:
        return rows
    if 4 * count < len(block):
        approximate = _gathered(block.vectors, rows, query)
    else:
        approximate = block.vectors @ query
        approximate = approximate if allowed is None else approximate[allowed]
    return _closest(block, rows, approximate, k)


def _closest(block: Block, rows: Int64, approximate: Float32, k: int) -> Int64:
    """Returns those of the rows that can be among the best ``k``, going by their float32 dots."""
    if len(rows) <= k:
        return rows
    kth = np.partition(approximate, len(rows) - k)[len(rows) - k]
    # A float32 dot of unit vectors errs by at most d * u (Higham 2002, section 3.1), on both sides.
    margin = np.float32(2 * block.vectors.shape[1] * np.finfo(np.float32).eps)
    close: Int64 = rows[approximate >= kth - margin]
    return close


def _gathered(vectors: Float32, rows: Int64, query: Float32) -> Float32:
    """Returns the float32 dots of some rows, gathered few at a time."""
    dots = np.empty(len(rows), np.float32)
    room = np.empty((min(_GATHERED, len(rows)), vectors.shape[1]), np.float32)
    for start in range(0, len(rows), _GATHERED):
        some = rows[start : start + _GATHERED]
        part = np.take(vectors, some, axis=0, out=room[: len(some)], mode="clip")
        np.matmul(part, query, out=dots[start : start + len(some)])
    return dots


def _scores(block: Block, rows: Int64, query: Float32) -> Float32:
    """Returns the exact cosines of the rows, each rounded once: the same wherever the row lies."""
    found = np.empty(len(rows), np.float32)
    for start in range(0, len(rows), _GATHERED):
        found[start : start + _GATHERED] = cosines(block.vectors[rows[start : start + _GATHERED]], query)
    return found


def cosines(vectors: Float32, query: Float32) -> Float32:
    """Returns the cosine of each unit row with a unit query, in [-1, 1]: computed in float64, rounded once."""
    exact = (vectors.astype(np.float64) * query.astype(np.float64)).sum(axis=1)
    rounded: Float32 = np.clip(exact, -1.0, 1.0).astype(np.float32)
    return rounded
