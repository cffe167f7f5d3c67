"""A collection on a Chroma server, every call to it under a deadline (:mod:`corpus.vectors.server` fills it)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError, wait
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import urlsplit

import numpy as np

from corpus.errors import UsageError
from corpus.types import Float32
from corpus.vectors.graph import HNSW, GraphError, raise_graph_error

if TYPE_CHECKING:
    from chromadb.api.client import Client

T = TypeVar("T")

_IDS_AT_ONCE = 5_000
_STOP_CHECK_S = 0.1


@dataclass(frozen=True, slots=True)
class Address:
    """Where a Chroma server listens."""

    host: str
    port: int
    tls: bool


def read_address(url: str) -> Address:
    """Returns the address in a URL.

    Raises:
        UsageError: it is not http(s)://host[:port].
    """
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
    return Address(parts.hostname, port or (443 if tls else 8000), tls)


class RemoteCollection:
    """Vectors on a server, each under an id. Safe to use from any thread.

    Every call raises :class:`GraphError` where the server fails or does not answer within ``deadline_s``, and is
    given up on once ``stopped`` says so.
    """

    def __init__(
        self,
        address: Address,
        name: str,
        *,
        deadline_s: float,
        stopped: Callable[[], bool],
        anew: bool = False,
    ) -> None:
        """Connects, and makes the collection where there is none; with ``anew`` the one that is there is deleted."""
        self._deadline_s, self._stopped = deadline_s, stopped
        client = self._client = self._within(partial(_connect, address, deadline_s), _close)
        try:
            if anew:
                self._within(partial(_drop, client, name))
            self._collection = self._within(
                lambda: client.get_or_create_collection(
                    name, embedding_function=None, configuration={"hnsw": HNSW}, metadata={"seq": 0}
                )
            )
        except BaseException:
            self.close()
            raise

    def ids(self) -> set[str]:
        """Returns every id."""
        found: list[str] = []
        while page := self._within(partial(self._page, len(found))):
            found += page
        return set(found)

    def nearest(self, query: Float32, n: int) -> list[str]:
        """Returns the ids of about the ``n`` nearest vectors."""
        return self._within(partial(self._query, query, n))

    def upsert(self, ids: list[str], vectors: Float32) -> None:
        """Stores vectors, shape (n, dimension), under their ids."""
        self._within(lambda: self._collection.upsert(ids=ids, embeddings=vectors))

    def delete(self, ids: list[str]) -> None:
        """Deletes vectors."""
        self._within(lambda: self._collection.delete(ids=ids))

    def record(self, seq: int) -> None:
        """Notes on the server how far it came in the change log."""
        self._within(lambda: self._collection.modify(metadata={"seq": seq}))

    def close(self) -> None:
        """Closes the connection."""
        _close(self._client)

    def _page(self, offset: int) -> list[str]:
        return list(self._collection.get(include=[], limit=_IDS_AT_ONCE, offset=offset)["ids"])

    def _query(self, query: Float32, n: int) -> list[str]:
        found: Any = self._collection.query(query_embeddings=query[np.newaxis], n_results=n, include=[])
        return list(found["ids"][0])

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
            if (self._stopped() or time.monotonic() > end) and future.cancel():
                raise GraphError(f"no answer within {self._deadline_s:g} s")
        try:
            return future.result()
        except BaseException as error:
            raise_graph_error(error)


def _connect(address: Address, deadline_s: float) -> Client:
    import chromadb
    from chromadb.config import Settings

    settings = Settings(anonymized_telemetry=False)
    client = cast(
        "Client", chromadb.HttpClient(address.host, address.port, ssl=address.tls, settings=settings)
    )
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
