"""What a connection may cost: how large its heads may be, how slowly it may send and take, and how many there may be.

uvicorn has no limit for any of them. Bodies that are read have their own (:class:`rag.api.guards.SizeGuard`), which
answers; what is ended here gets no answer: a head that never comes, the body of what was answered already, an answer
that nobody takes.
"""

from __future__ import annotations

import asyncio
import json
import resource
import time
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from rag.pace import LEAST_BYTES_S, PAUSE_S, left_s

MAX_HEAD_BYTES = 64 << 10
"""Of a request line with its headers: the parser keeps whatever comes, and is given no more."""

LOOKED_EVERY_S = 15.0
SPARE_S = 30.0
"""So much longer than the guard of bodies waits, so that it can say why."""

WANTED_FILES = 8192
"""How many files a service wants to have open at a time; connections take up to half of them."""


def open_files() -> int:
    """Raises how many files this process may have open to what it wants, as far as it may; returns how many it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return WANTED_FILES
    wanted = WANTED_FILES if hard == resource.RLIM_INFINITY else min(WANTED_FILES, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return max(soft, wanted)


class Bounded(HttpToolsProtocol):
    """A connection that is ended when it goes beyond what it may cost.

    Args:
        most: how many there may be at a time. One more takes the place of the one that has rested longest; where every
            one has a request under way, it is closed at once.
    """

    def __init__(self, *args: Any, most: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._most = most
        self._head_bytes = 0
        self._went_on = False
        self._begun_s: float | None = None  # since when a request is on its way
        self._came = 0
        self._unsent = 0
        self._moved_s = self._rested_s = self.loop.time()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(cast(asyncio.Transport, transport))
        self._begun_s = self._moved_s = self.loop.time()
        self._rested_s = time.monotonic()  # the loop's may stand still while several come to rest
        self._watch = self.loop.call_later(LOOKED_EVERY_S, self._look)
        if len(self.connections) > self._most:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        self._watch.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._went_on = False
        if self._begun_s is None:
            self._begun_s, self._came = self.loop.time(), 0
        self._came += len(data)
        super().data_received(data)
        self._head_bytes = 0 if self._went_on else self._head_bytes + len(data)
        if self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            words = f"The headers are larger than {MAX_HEAD_BYTES >> 10} kB."
            self._refuse("431 Request Header Fields Too Large", "too_large", words, "Send less at once.")

    def send_400_response(self, msg: str) -> None:
        """Refuses what is no HTTP, in the words and the shape of every other error."""
        self._refuse(
            "400 Bad Request", "bad_request", "The request is no HTTP/1.1 that can be read.", "See /docs."
        )

    def on_headers_complete(self) -> None:
        self._went_on = True
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._went_on = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._went_on = True
        self._begun_s = None
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self._rested_s = time.monotonic()
        super().on_response_complete()

    def resume_writing(self) -> None:
        self._moved_s = self.loop.time()
        super().resume_writing()

    def _refuse(self, status: str, code: str, message: str, hint: str) -> None:
        told = json.dumps({"error": {"code": code, "message": message, "hint": hint}})
        self.transport.write(
            f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(told)}\r\nconnection: close\r\n\r\n{told}".encode()
        )
        self.transport.close()

    def _look(self) -> None:
        """Ends the connection where it moves too slowly; else looks again in a while."""
        now, unsent = self.loop.time(), self.transport.get_write_buffer_size()
        if self.flow.read_paused:
            self._begun_s, self._came = now, 0  # it is we who do not take it
        if not unsent or self._unsent - unsent >= LEAST_BYTES_S * LOOKED_EVERY_S:
            self._moved_s = now
        self._unsent = unsent
        slow = self._begun_s is not None and left_s(now - self._begun_s - SPARE_S, self._came) <= 0
        if slow or now - self._moved_s > PAUSE_S:
            self.transport.abort()
        else:
            self._watch = self.loop.call_later(LOOKED_EVERY_S, self._look)

    def _rests(self) -> bool:
        return getattr(self.cycle, "response_complete", True)

    def _make_room(self) -> None:
        """Ends the connection that has rested longest; this one, where none rests."""
        resting = [
            one for one in self.connections if isinstance(one, Bounded) and one._rests() and one is not self
        ]
        ended = min(resting, key=lambda one: one._rested_s, default=self)
        self.connections.discard(ended)
        ended.transport.abort()
