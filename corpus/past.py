"""What was live at an earlier instant, searched in memory: the indexes on disk hold only what is live now."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np

from corpus.catalog.changes import CatalogFeed, CatalogSnapshot
from corpus.errors import UnavailableError, UsageError
from corpus.lexical.engine import Engine
from corpus.types import Float32, Int64, Scored
from corpus.vectors.rows import GrowingBlock, batches_of, search

MOST_CHUNKS = 50_000
"""So many passages are read for a search of the past, at most: 75 MB of vectors and a minute to index them."""

MOST_WAITING = 8
"""So many threads may wait for the past; others are told to come again, and are free for what is quick."""


class Past:
    """Some versions' chunks, live or retired, found as both indexes would find them: ``lexical`` is the one by words.
    Never changes.
    """

    def __init__(self, snapshot: CatalogSnapshot, dimension: int) -> None:
        rows = GrowingBlock(dimension, snapshot.vector_count())
        rows.extend(batches_of(snapshot, snapshot.live.tolist()))
        self._block = rows.block
        self.lexical = Engine()
        self.lexical.apply([], snapshot.text_rows())

    def search_dense(self, query: Float32, k: int) -> Scored:
        """Returns the ``k`` nearest chunks; every vector is compared."""
        return search(query, k, None, [(self._block, None)])


@dataclass(slots=True)
class _Kept:
    """What was read of some versions, and their chunks' ids at the last change that is known to have left them."""

    seq: int
    versions: Int64
    chunks: Int64
    past: Past

    def holds(self, snapshot: CatalogSnapshot) -> bool:
        """Says whether the chunks of the same versions are named as they were."""
        if self.seq != snapshot.seq and np.array_equal(self.chunks, snapshot.chunk_ids()):
            self.seq = snapshot.seq
        return self.seq == snapshot.seq


class PastShelf:
    """Opens the past and keeps what was asked for last: a question searches it several times."""

    def __init__(self, feed: CatalogFeed, dimension: int) -> None:
        self._feed = feed
        self._dimension = dimension
        self._opening = threading.Lock()  # one at a time: it takes a core and memory
        self._places = threading.BoundedSemaphore(MOST_WAITING)
        self._last: _Kept | None = None

    def open(self, versions: Int64) -> Past:
        """Returns the given versions, as they are searched; an erased one is left out.

        Raises:
            UsageError: (``as_of_too_large``) they have more than ``MOST_CHUNKS`` chunks.
            UnavailableError: (``overloaded``) as many as may wait for it do.
        """
        if not self._places.acquire(blocking=False):
            raise UnavailableError(
                f"{MOST_WAITING} searches of the past wait already.",
                code="overloaded",
                hint="Ask again in a minute, or about what is live now.",
            )
        try:
            return self._open(versions)
        finally:
            self._places.release()

    def _open(self, versions: Int64) -> Past:
        with self._opening, self._feed.past(versions) as snapshot:
            kept, live = self._last, snapshot.live
            # A commit may rename the chunks of a retired version; most do not.
            if kept and np.array_equal(kept.versions, live) and kept.holds(snapshot):
                return kept.past
            _check_size(snapshot.chunk_count())
            kept = self._last = None  # gone before the next takes its place in memory
            past = Past(snapshot, self._dimension)
            self._last = _Kept(snapshot.seq, live, snapshot.chunk_ids(), past)
            return past

    def clear(self) -> None:
        """Forgets what it keeps."""
        with self._opening:
            self._last = None


def _check_size(chunks: int) -> None:
    if chunks > MOST_CHUNKS:
        raise UsageError(
            f"{chunks:,} passages were live then; a search of the past reads {MOST_CHUNKS:,} at most.",
            code="as_of_too_large",
            hint="Limit it to a collection, a folder (source) or a language.",
        )
