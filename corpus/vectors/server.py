"""A Chroma server behind the same protocol, written directly by the owner.

The server holds each distinct vector once, under the digest of its bytes: writing twice changes nothing, and
comparing ids compares contents. Which rows a vector stands for, and the vectors for exact scores, are kept
here; so the exact scan answers whenever the server does not, and what was not sent yet is scanned exactly.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from corpus.errors import StorageError
from corpus.projection import Feed, IndexState, VectorBatch
from corpus.types import Float32, Int64, Scored
from corpus.vectors.graph import BATCH, GraphError
from corpus.vectors.remote import RemoteCollection, read_address
from corpus.vectors.rows import (
    Block,
    GrowingBlock,
    Nearest,
    batches_of,
    check_dimension,
    digest,
    load,
    search,
    split,
    vectors_in,
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _View:
    """What one search sees: the rows the server holds (``rows_of``: its id → where), and the others."""

    rows: Block
    rows_of: Mapping[str, list[int]]
    unsent: Block
    seq: int


class ChromaServerIndex:
    """Candidates from a Chroma server, re-scored exactly; what it does not hold yet is scanned and merged."""

    def __init__(
        self,
        feed: Feed,
        url: str,
        space_id: str,
        dimension: int,
        *,
        corpus_id: str,
        one_shot: bool = False,
        deadline_s: float = 10.0,
        retry_first_s: float = 1.0,
        retry_most_s: float = 60.0,
    ) -> None:
        """Reads the catalog's vectors and starts to bring the server up to date in the background.

        Args:
            feed: the catalog.
            url: the server, e.g. ``http://127.0.0.1:8001``; unreachable, it is tried again and again.
            space_id: the embedding space; each has a collection of its own.
            dimension: the length of every vector.
            corpus_id: letters and digits that no other corpus on this server has.
            one_shot: for a process that answers once: scans exactly, and speaks to the server only in
                :meth:`fold`.
            deadline_s: longest time for one call to the server.
            retry_first_s: pause after the first failure; it doubles with each.
            retry_most_s: longest pause.

        Raises:
            UsageError: the URL is not http(s)://host[:port].
        """
        self._address = read_address(url)
        self._feed, self._dimension = feed, dimension
        self._name = f"vouch-{corpus_id}-{space_id}"
        self._deadline_s, self._first_s, self._most_s = deadline_s, retry_first_s, retry_most_s
        # Guards what is kept here; never held while the server is spoken to.
        self._writing = threading.RLock()
        self._changed = threading.Condition()  # guards what follows
        self._remote: RemoteCollection | None = None
        self._collection: RemoteCollection | None = None  # the same, once it is known what it holds
        self._problem = "The Chroma server has not been reached yet; the exact scan answers."
        self._closing = False
        self._urgent = self._anew = False
        self._wanted, self._done, self._failures = 1, 0, 0
        with feed.snapshot() as snapshot:
            self._rows = load(snapshot, dimension)
            self._seq = snapshot.seq
        self._there: set[str] = set()
        self._sent, self._surplus = 0, True
        self._arrange()
        self._thread: threading.Thread | None = None
        if not one_shot:
            self._start_thread()

    # ---- the protocol ------------------------------------------------------------------------------

    def follow(self) -> None:
        """Catches up with the change log; what it missed is searchable when this returns."""
        with self._writing, self._feed.snapshot() as snapshot:
            if snapshot.seq == self._seq:
                return
            if snapshot.seq < self._seq:  # the catalog was replaced by an earlier one
                self._rows = load(snapshot, self._dimension)
                self._seq = snapshot.seq
                self._arrange()
            else:
                added, removed = split(snapshot.changes_after(self._seq))
                self._rows.remove(removed)
                self._rows.extend(batches_of(snapshot, added))
                self._seq = snapshot.seq
                if self._rows.block.dead > len(self._rows.block) // 2:
                    self._arrange()
                self._surplus |= len(removed) > 0
                self._show()
        with self._changed:
            self._wanted += 1
            self._changed.notify_all()

    def search(self, query: Float32, k: int, versions: Int64 | None = None) -> Scored:
        """Returns the ``k`` nearest live chunks, only from ``versions`` (ascending) when given."""
        check_dimension(query, self._dimension)
        view, collection = self._view, self._collection
        if collection is not None:
            nearest = self._nearest(collection, view)
            try:
                return search(query, k, versions, [(view.rows, nearest), (view.unsent, None)])
            except GraphError as error:
                self._lose(error)
        return search(query, k, versions, [(view.rows, None), (view.unsent, None)])

    def vectors(self, chunks: Int64) -> Float32:
        """Returns the vector of each of the chunks, shape (n, dimension), NaN where it is not at hand."""
        view = self._view
        return vectors_in([view.rows, view.unsent], chunks, self._dimension)

    def fold(self, *, anew: bool = False) -> None:
        """Sends what the server does not hold and deletes what it should not; waits until that is done.

        ``anew`` deletes the collection first. Deleted vectors leave every search; the server's own files may
        keep their bytes.

        Raises:
            StorageError: the server cannot be reached; everything answers as before.
        """
        self.follow()
        with self._changed:
            self._wanted += 1
            self._urgent = True
            self._anew |= anew
            wanted, failures = self._wanted, self._failures
            self._start_thread()
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._done >= wanted or self._failures > failures or self._closing)
            if self._done < wanted:
                raise StorageError(
                    self._problem or "The index was closed.",
                    code="server_unreachable",
                    hint="Searches are answered as before; it is tried again by itself, where chroma_url says.",
                )

    def warm(self, timeout_s: float = 60.0) -> None:
        """Waits until the server is up to date, or was found to be unreachable."""
        with self._changed:
            self._changed.wait_for(lambda: self._done >= self._wanted or self._failures > 0, timeout_s)

    def state(self) -> IndexState:
        """Says how the index is doing."""
        with self._changed:
            view, unsent = self._view, self._view.unsent.live
            return IndexState(
                mode="server" if self._collection is not None else "exact",
                seq=view.seq,
                rows=view.rows.live + unsent,
                generation=0,
                delta_rows=unsent,
                rebuilding=self._done < self._wanted,
                problem=self._problem,
            )

    def close(self) -> None:
        """Stops background work and closes the connection; what was not sent is sent after the next start."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()
        self._disconnect()

    # ---- the server ----------------------------------------------------------------------------------

    def _start_thread(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._look_after, name="chroma-server", daemon=True)
            self._thread.start()

    def _look_after(self) -> None:
        while not self._closing:
            with self._changed:
                target, self._urgent = self._wanted, False
            try:
                if self._collection is None or self._anew:
                    self._connect()
                self._send()
            except Exception as error:
                self._lose(error)
            with self._changed:
                if self._collection is not None:
                    self._done, self._failures, self._problem = target, 0, ""
                self._changed.notify_all()
                self._changed.wait_for(
                    lambda: self._closing or self._wanted > self._done or self._collection is None
                )
                if self._collection is None:
                    pause_s = min(self._first_s * 2.0 ** min(self._failures - 1, 30), self._most_s)
                    self._changed.wait_for(lambda: self._closing or self._urgent, pause_s)

    def _connect(self) -> None:
        """Opens the collection and finds out, id by id, what of ours it holds."""
        self._disconnect()
        with self._changed:
            anew, self._anew = self._anew, False
        try:
            self._remote = RemoteCollection(
                self._address,
                self._name,
                deadline_s=self._deadline_s,
                stopped=lambda: self._closing,
                anew=anew,
            )
        except BaseException:
            with self._changed:
                self._anew |= anew
            raise
        there = self._remote.ids()
        with self._writing:
            self._there, self._surplus = there, True
            self._arrange()
        with self._changed:
            self._collection = self._remote

    def _send(self) -> None:
        """Sends the unsent rows, deletes what no live row needs, then records how far the server came."""
        collection = self._collection
        if collection is None:
            raise GraphError("it is not connected")
        with self._writing:
            rows_of, start, seq = self._rows_of, self._sent, self._seq
            block, surplus, self._surplus = self._rows.block, self._surplus, False
        unsent = block.part(start)
        keys = [digest(vector).hex() for vector in unsent.vectors]
        new = {key: row for row, key in enumerate(keys) if key not in self._there}
        for part in _parts(list(new)):
            collection.upsert(part, unsent.vectors[[new[key] for key in part]])
            self._there.update(part)
        if surplus:
            living = [digest(vector).hex() for vector in block.living().vectors]
            for part in _parts(sorted(self._there.difference(living))):
                collection.delete(part)
                self._there.difference_update(part)
        collection.record(seq)
        with self._writing:
            if self._rows_of is rows_of:  # else the rows were arranged anew meanwhile, and are sent again
                for row, key in enumerate(keys, start):
                    rows_of.setdefault(key, []).append(row)
                self._sent = len(block)
                self._show()

    def _nearest(self, collection: RemoteCollection, view: _View) -> Nearest:
        def nearest(query: Float32, n: int) -> Int64:
            keys = collection.nearest(query, n)
            rows = [row for key in keys for row in view.rows_of.get(key, ()) if row < len(view.rows)]
            return np.array(rows, np.int64)

        return nearest

    def _lose(self, error: Exception) -> None:
        with self._changed:
            self._collection = None
            self._failures += 1
            # Anyone may read it over HTTP, which names no address of the server's own network.
            why = str(error).replace(self._address.host, "it")
            self._problem = f"The Chroma server does not answer ({why}); the exact scan does."
            self._changed.notify_all()
        log.warning("The Chroma server %s:%d: %s", self._address.host, self._address.port, error)

    def _disconnect(self) -> None:
        remote, self._remote, self._collection = self._remote, None, None
        if remote is not None:
            remote.close()

    # ---- what is kept here ---------------------------------------------------------------------------

    def _arrange(self) -> None:
        """Puts the live rows that the server holds first, and numbers them."""
        living = self._rows.block.living()
        keys = [digest(vector).hex() for vector in living.vectors]
        held = np.fromiter((key in self._there for key in keys), np.bool_, len(keys))
        self._rows = GrowingBlock(self._dimension, len(keys))
        for rows in (held, ~held):
            self._rows.extend([VectorBatch(living.ids[rows], living.version_ids[rows], living.vectors[rows])])
        self._sent = int(np.count_nonzero(held))
        self._rows_of: dict[str, list[int]] = {}
        for row, index in enumerate(np.flatnonzero(held).tolist()):
            self._rows_of.setdefault(keys[index], []).append(row)
        self._show()

    def _show(self) -> None:
        block = self._rows.block
        self._view = _View(block.part(0, self._sent), self._rows_of, block.part(self._sent), self._seq)


def _parts(ids: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]
