"""A Chroma server behind the same protocol, written directly by the owner.

The server holds each distinct vector once, under the digest of its bytes: writing twice changes nothing, and
comparing ids compares contents. Which rows a vector stands for, and the vectors for exact scores, are kept
here; so the exact scan answers whenever the server does not, and what was not sent yet is scanned exactly.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, InvalidStateError, wait
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import urlsplit

import numpy as np

from corpus.errors import StorageError, UsageError
from corpus.projection import Feed, IndexState, VectorBatch
from corpus.types import Float32, Int64, Scored
from corpus.vectors.graph import BATCH, HNSW, GraphError, raise_graph_error
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

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.models.Collection import Collection

log = logging.getLogger(__name__)
T = TypeVar("T")

_IDS_AT_ONCE = 5_000
_STOP_CHECK_S = 0.1


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
        self._host, self._port, self._tls = _read_url(url)
        self._feed, self._url, self._dimension = feed, url, dimension
        self._name = f"vouch-{corpus_id}-{space_id}"
        self._deadline_s, self._first_s, self._most_s = deadline_s, retry_first_s, retry_most_s
        self._writing = (
            threading.RLock()
        )  # guards what is kept here; never held while the server is spoken to
        self._changed = threading.Condition()  # guards what follows
        self._client: Client | None = None
        self._collection: Collection | None = None
        self._problem = f"The Chroma server {url} has not been reached yet; the exact scan answers."
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
                    hint="Searches are answered as before; it is tried again by itself.",
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
        client = self._within(partial(_client, self._host, self._port, self._tls, self._deadline_s), _close)
        self._client = client
        if self._anew:
            self._within(partial(_drop, client, self._name))
            self._anew = False
        collection = self._within(
            lambda: client.get_or_create_collection(
                self._name,
                embedding_function=None,
                configuration={"hnsw": HNSW},
                metadata={"seq": 0},
            )
        )
        there: set[str] = set()
        offset = 0
        while page := self._within(partial(_page, collection, offset)):
            there.update(page)
            offset += len(page)
        with self._writing:
            self._there, self._surplus = there, True
            self._arrange()
        with self._changed:
            self._collection = collection

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
            self._within(partial(_upsert, collection, part, unsent.vectors[[new[key] for key in part]]))
            self._there.update(part)
        if surplus:
            living = [digest(vector).hex() for vector in block.living().vectors]
            for part in _parts(sorted(self._there.difference(living))):
                self._within(partial(_delete, collection, part))
                self._there.difference_update(part)
        self._within(partial(_record, collection, seq))
        with self._writing:
            if self._rows_of is rows_of:  # else the rows were arranged anew meanwhile, and are sent again
                for row, key in enumerate(keys, start):
                    rows_of.setdefault(key, []).append(row)
                self._sent = len(block)
                self._show()

    def _nearest(self, collection: Collection, view: _View) -> Nearest:
        def ask(query: Float32, n: int) -> list[str]:
            found: Any = collection.query(query_embeddings=query[np.newaxis], n_results=n, include=[])
            return list(found["ids"][0])

        def nearest(query: Float32, n: int) -> Int64:
            keys = self._within(partial(ask, query, n))
            rows = [row for key in keys for row in view.rows_of.get(key, ()) if row < len(view.rows)]
            return np.array(rows, np.int64)

        return nearest

    def _within(self, call: Callable[[], T], undo: Callable[[T], None] | None = None) -> T:
        """Calls the server under the deadline: the client waits for ever, and its own timeout is per byte.

        What a call given up on still brings is handed to ``undo``.
        """
        future: Future[T] = Future()

        def work() -> None:
            try:
                value = call()
            except BaseException as error:
                with suppress(InvalidStateError):
                    future.set_exception(error)
                return
            try:
                future.set_result(value)
            except InvalidStateError:  # given up on
                if undo:
                    undo(value)

        threading.Thread(target=work, name="chroma-call", daemon=True).start()
        end = time.monotonic() + self._deadline_s
        while not wait([future], _STOP_CHECK_S).done:
            if (self._closing or time.monotonic() > end) and future.cancel():
                raise GraphError(f"no answer within {self._deadline_s:g} s")
        try:
            return future.result()
        except BaseException as error:
            raise_graph_error(error)

    def _lose(self, error: Exception) -> None:
        with self._changed:
            self._collection = None
            self._failures += 1
            self._problem = f"The Chroma server {self._url} does not answer ({error}); the exact scan does."
            self._changed.notify_all()
        log.warning("%s", self._problem)

    def _disconnect(self) -> None:
        client, self._client, self._collection = self._client, None, None
        if client is not None:
            _close(client)

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


def _client(host: str, port: int, tls: bool, deadline_s: float) -> Client:
    import chromadb
    from chromadb.config import Settings

    settings = Settings(anonymized_telemetry=False)
    client = cast("Client", chromadb.HttpClient(host, port, ssl=tls, settings=settings))
    for session in _sessions(client):  # so that a call given up on ends, too
        session.timeout = deadline_s
    return client


def _sessions(client: Client) -> list[Any]:
    """Returns the HTTP sessions inside a client: its own, and that of the administrator it keeps."""
    parts = (client, getattr(client, "_admin_client", None))
    sessions = (getattr(getattr(part, "_server", None), "_session", None) for part in parts)
    return [session for session in sessions if session is not None]


def _close(client: Client) -> None:
    for session in _sessions(client):  # the client's own close leaves its sockets open
        session.close()
    client.close()


def _drop(client: Client, name: str) -> None:
    from chromadb.errors import NotFoundError

    with suppress(NotFoundError):
        client.delete_collection(name)


def _page(collection: Collection, offset: int) -> list[str]:
    return list(collection.get(include=[], limit=_IDS_AT_ONCE, offset=offset)["ids"])


def _upsert(collection: Collection, ids: list[str], vectors: Float32) -> None:
    collection.upsert(ids=ids, embeddings=vectors)


def _delete(collection: Collection, ids: list[str]) -> None:
    collection.delete(ids=ids)


def _record(collection: Collection, seq: int) -> None:
    collection.modify(metadata={"seq": seq})


def _parts(ids: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]


def _read_url(url: str) -> tuple[str, int, bool]:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = -1
    if parts.scheme not in ("http", "https") or not parts.hostname or port == -1:
        raise UsageError(
            f"The Chroma server's address {url!r} is not http(s)://host[:port].",
            code="bad_setting",
            hint="Set VOUCH_CHROMA_URL, e.g. to http://127.0.0.1:8001, or leave it empty.",
        )
    tls = parts.scheme == "https"
    return parts.hostname, port or (443 if tls else 8000), tls
