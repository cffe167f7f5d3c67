"""Answers that take their time: work on a thread while the client's leaving is noticed, and an end to it
then.

:class:`EventStream` sends server-sent events as they come, :class:`Attended` one body when it is there. Each
runs its blocking steps on a thread of its own, outside the pool that the other routes share.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Generator, Mapping
from typing import Any

import anyio
from anyio.to_thread import run_sync
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from corpus.errors import VouchError
from rag.api.failures import answer_bug, answer_error, body_of, internal_error

log = logging.getLogger(__name__)

PING_EVERY_S = 10.0
SLOW_READER_S = 60.0

Event = tuple[str, Any] | None
"""(name, JSON data), or None when there is nothing to tell yet."""

_END = object()


class Attended(Response):
    """Sends what ``work`` returns.

    Args:
        work: runs on a worker thread; a VouchError from it becomes the answer.
        stop: called when the client has left; it must make ``work`` return.
        leave: called once, when nothing of the work runs any more.
    """

    def __init__(
        self, work: Callable[[], Response], stop: Callable[[], None], leave: Callable[[], None]
    ) -> None:
        super().__init__()
        self._work = work
        self._stop = stop
        self._leave = leave

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
            return answer_error(error)
        except Exception:
            log.exception("an answer failed")
            return answer_bug()


class EventStream(Response):
    """Sends a generator's events as they come. The stream never ends without its last event.

    Args:
        events: yields (name, data); runs on a worker thread, one step at a time.
        stop: called when the client has left or reads too slowly; it must make a blocked step return.
        leave: called once, when nothing of the stream runs any more.
    """

    media_type = "text/event-stream"

    def __init__(self, events: Generator[Event], stop: Callable[[], None], leave: Callable[[], None]) -> None:
        super().__init__(None, headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._events = events
        self._stop = stop
        self._leave = leave
        self._gone = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sending = anyio.Lock()
        thread = anyio.CapacityLimiter(1)

        async def put(data: bytes, more: bool = True) -> None:
            async with sending:
                with anyio.fail_after(SLOW_READER_S):
                    await send({"type": "http.response.body", "body": data, "more_body": more})

        async def ping() -> None:
            while not self._gone:
                await anyio.sleep(PING_EVERY_S)
                try:
                    await put(b": ping\n\n")
                except (TimeoutError, OSError):
                    self._end()

        async def produce() -> None:
            try:
                while not self._gone:
                    event = await run_sync(self._step, limiter=thread)
                    if event is _END:
                        break
                    if event is not None and not self._gone:
                        await put(encode(*event))
                if not self._gone:
                    await put(b"", more=False)
            except (TimeoutError, OSError):
                self._end()  # it reads too slowly or not at all

        try:
            await send(
                {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
            )
            async with anyio.create_task_group() as group:
                group.start_soon(_tell_of_leaving, receive, self._end)
                group.start_soon(ping)
                await produce()
                group.cancel_scope.cancel()
        finally:
            self._stop()
            with anyio.CancelScope(shield=True):
                await run_sync(self._events.close, limiter=thread)  # it may wait for a connection's end
            self._leave()

    def _end(self) -> None:
        self._gone = True
        self._stop()

    def _step(self) -> Any:
        try:
            return next(self._events, _END)
        except VouchError as error:
            return "error", body_of(error)
        except Exception:
            log.exception("a stream failed")
            return "error", body_of(internal_error())


async def _tell_of_leaving(receive: Receive, tell: Callable[[], None]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    tell()


def encode(name: str, data: Mapping[str, Any]) -> bytes:
    """Returns one event in the wire format (WHATWG HTML, server-sent events)."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False)
    return f"event: {name}\ndata: {text}\n\n".encode("utf-8", "replace")
