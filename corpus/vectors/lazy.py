"""A dense index that is opened when it is first needed: a command that only writes never needs it.

Opening reads the whole generation to check it (a third of a second at 100,000 chunks), or every vector of the
catalog where there is none. What is committed meanwhile is in the change log, which an index reads as it opens.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np

from corpus.projection import DenseIndex, Feed, IndexState
from corpus.types import Float32, Int64, Scored

FEW_CHANGES = 64
"""After more changes than these the index is opened all the same: so much is worth folding while the job goes on."""


class LazyDense:
    """Opens an index with the first search, fold or question after its state. Safe to use from any thread.

    Args:
        feed: the catalog.
        dimension: the length of every vector.
        open_index: opens the index.
        peek: says how the index is doing where that is known without opening it, else None.
    """

    def __init__(
        self,
        feed: Feed,
        dimension: int,
        open_index: Callable[[], DenseIndex],
        peek: Callable[[], IndexState | None],
    ) -> None:
        self._feed, self._dimension, self._open, self._peek = feed, dimension, open_index, peek
        self._opening = threading.Lock()
        self._index: DenseIndex | None = None
        with feed.snapshot() as snapshot:
            self._seq = snapshot.seq

    @property
    def index(self) -> DenseIndex:
        """The index itself, opened now if it was not."""
        with self._opening:
            if self._index is None:
                self._index = self._open()
            return self._index

    def open(self) -> None:
        """Opens the index now if it was not: beside something else that its first search waits for."""
        self.index  # noqa: B018 - opening is all that is wanted

    def follow(self) -> None:
        """Catches up with the change log; an index that nobody asked yet does it when it is opened."""
        if self._index is None:
            with self._feed.snapshot() as snapshot:
                if snapshot.seq - self._seq <= FEW_CHANGES:
                    return
        self.index.follow()

    def search(self, query: Float32, k: int, versions: Int64 | None = None) -> Scored:
        """Returns the ``k`` nearest live chunks, only from ``versions`` (ascending) when given."""
        return self.index.search(query, k, versions)

    def vectors(self, chunks: Int64) -> Float32:
        """Returns the vector of each of the chunks, shape (n, dimension), NaN where it is not at hand."""
        if self._index is None:  # the catalog has the few that are wanted
            return np.full((len(chunks), self._dimension), np.nan, np.float32)
        return self.index.vectors(chunks)

    def fold(self, *, anew: bool = False) -> None:
        """Makes the delta part of a new generation now; see :meth:`corpus.projection.DenseIndex.fold`."""
        self.index.fold(anew=anew)

    def state(self) -> IndexState:
        """Says how the index is doing; what a generation holds is checked for it, if it was not yet."""
        known = self._peek() if self._index is None else None
        return known or self.index.state()

    def close(self) -> None:
        """Stops background work and releases every file, where it was opened at all."""
        with self._opening:
            if self._index is not None:
                self._index.close()
