"""Answers that take their time: work on a thread while the client's leaving is noticed, and an end to it
then.

:class:`EventStream` sends server-sent events as they come, :class:`Attended` one body when it is there. Each
runs its blocking steps on a thread of its own, outside the pool that the other routes share.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

import anyio
from anyio.to_thread import run_sync
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from corpus.errors import VouchError
from rag.api.failures import answer_error, body_of, internal_error

log = logging.getLogger(__name__)

PING_EVERY_S = 10.0
SLOW_READER_S = 60.0


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error that ends a stream: a response with its own status while nothing was sent, else the last event.

    ``beside`` stands in the body next to the error.
    """

    error: VouchError
    beside: Mapping[str, Any] = field(default_factory=dict)


Event = tuple[str, Any] | Refusal | None
"""(name, JSON data), or None when there is nothing to tell yet."""

_END = object()


def encode(name: str, data: Mapping[str, Any]) -> bytes:
    """Returns one event in the wire format (WHATWG HTML, server-sent events)."""
    return f"event: {name}\ndata: {one_line(data)}\n\n".encode("utf-8", "replace")


def one_line(data: Mapping[str, Any]) -> str:
    """Returns JSON without any character that some client takes for the end of a line."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False)
    return text.replace("\x85", "\\u0085").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How errors and events are put: as a response, as the data of an ``error`` event, and events as bytes."""

    refuse: Callable[..., Response] = answer_error
    body: Callable[[VouchError], Mapping[str, Any]] = body_of
    encode: Callable[[str, Any], bytes] = encode


VOUCH = Dialect()


class Attended(Response):
    """Sends what ``work`` returns.

    Args:
        work: runs on a worker thread; a VouchError from it becomes the answer.
        stop: called when the client has left; it must make ``work`` return.
        leave: called once, when nothing of the work runs any more.
        dialect: how errors are put.
    """

    def __init__(
        self,
        work: Callable[[], Response],
        stop: Callable[[], None],
        leave: Callable[[], None],
        dialect: Dialect = VOUCH,
    ) -> None:
        super().__init__()
        self._work = work
        self._stop = stop
        self._leave = leave
        self._dialect = dialect

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(_tell_of_leaving, receive, self._stop)
                answer = await run_sync(self._answer, limiter=anyio.CapacityLimiter(1))
                group.cancel_scope.cancel()
        finally:
            self._leave()
        await answer(scope, receive, send)

    def _answer(self) -> Response:
        try:
            return self._work()
        except VouchError as error:
            return self._dialect.refuse(error)
        except Exception:
            log.exception("an answer failed")
            return self._dialect.refuse(internal_error())


class EventStream(Response):
    """Sends a generator's events as they come. The stream never ends without its last event.

    Its head goes out with the first event or ping, so that an error at once has a status of its own.

    Args:
        events: yields (name, data); runs on a worker thread, one step at a time.
        stop: called when the client has left or reads too slowly; it must make a blocked step return.
        leave: called once, when nothing of the stream runs any more.
        dialect: how events and errors are put.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        events: Generator[Event],
        stop: Callable[[], None],
        leave: Callable[[], None],
        dialect: Dialect = VOUCH,
    ) -> None:
        super().__init__(None, headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._events = events
        self._stop = stop
        self._leave = leave
        self._dialect = dialect
        self._gone = False
        self._begun = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sending = anyio.Lock()
        thread = anyio.CapacityLimiter(1)

        async def put(data: bytes, more: bool = True) -> None:
            async with sending:
                with anyio.fail_after(SLOW_READER_S):
                    if not self._begun:
                        self._begun = True
                        head = {"status": self.status_code, "headers": self.raw_headers}
                        await send({"type": "http.response.start", **head})
                    await send({"type": "http.response.body", "body": data, "more_body": more})

        async def ping() -> None:
            while not self._gone:
                await anyio.sleep(PING_EVERY_S)
                try:
                    await put(b": ping\n\n")
                except (TimeoutError, OSError):
                    self._end()

        async def produce() -> Response | None:
            try:
                while not self._gone:
                    event = await run_sync(self._step, limiter=thread)
                    if event is _END:
                        break
                    if isinstance(event, Refusal):
                        if not self._begun:
                            return self._dialect.refuse(event.error, **event.beside)
                        event = "error", {**self._dialect.body(event.error), **event.beside}
                    if event is not None and not self._gone:
                        await put(self._dialect.encode(*event))
                if not self._gone:
                    await put(b"", more=False)
            except (TimeoutError, OSError):
                self._end()  # it reads too slowly or not at all
            return None

        instead: Response | None = None
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(_tell_of_leaving, receive, self._end)
                group.start_soon(ping)
                instead = await produce()
                group.cancel_scope.cancel()
        finally:
            self._stop()
            with anyio.CancelScope(shield=True):
                await run_sync(self._events.close, limiter=thread)  # it may wait for a connection's end
            self._leave()
        if instead is not None:
            await instead(scope, receive, send)

    def _end(self) -> None:
        self._gone = True
        self._stop()

    def _step(self) -> Any:
        try:
            return next(self._events, _END)
        except VouchError as error:
            return Refusal(error)
        except Exception:
            log.exception("a stream failed")
            return Refusal(internal_error())


async def _tell_of_leaving(receive: Receive, tell: Callable[[], None]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    tell()
