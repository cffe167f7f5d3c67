"""Server-sent events from a generator that may block: pings while it waits, and an end to it when the client leaves."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import anyio
from anyio.to_thread import run_sync
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from corpus.errors import VouchError
from rag.api.failures import body_of

log = logging.getLogger(__name__)

PING_EVERY_S = 10.0
SLOW_READER_S = 60.0

Event = tuple[str, Any] | None
"""(name, JSON data), or None when there is nothing to tell yet."""

_END = object()


class EventStream(Response):
    """Sends a generator's events as they come. The stream never ends without its last event.

    Args:
        events: yields (name, data); runs on worker threads, one step at a time.
        leave: called when the client has left or reads too slowly; it must make a blocked step return.
    """

    media_type = "text/event-stream"

    def __init__(self, events: Iterator[Event], leave: Callable[[], None]) -> None:
        super().__init__(None, headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._events = events
        self._leave = leave

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        sending = anyio.Lock()
        gone = False

        async def put(data: bytes, more: bool = True) -> None:
            async with sending:
                with anyio.fail_after(SLOW_READER_S):
                    await send({"type": "http.response.body", "body": data, "more_body": more})

        async def listen() -> None:
            nonlocal gone
            while (await receive())["type"] != "http.disconnect":
                pass
            gone = True
            self._leave()

        async def ping() -> None:
            nonlocal gone
            while not gone:
                await anyio.sleep(PING_EVERY_S)
                try:
                    await put(b": ping\n\n")
                except (TimeoutError, OSError):
                    gone = True
                    self._leave()

        async def produce() -> None:
            nonlocal gone
            try:
                while not gone:
                    event = await run_sync(self._step)
                    if event is _END:
                        break
                    if event is not None and not gone:
                        await put(encode(*event))
                if not gone:
                    await put(b"", more=False)
            except (TimeoutError, OSError):
                gone = True  # it reads too slowly or not at all
            finally:
                self._leave()
            group.cancel_scope.cancel()

        async with anyio.create_task_group() as group:
            group.start_soon(listen)
            group.start_soon(ping)
            group.start_soon(produce)

    def _step(self) -> Any:
        try:
            return next(self._events, _END)
        except VouchError as error:
            return "error", body_of(error)["error"]
        except Exception:
            log.exception("a stream failed")
            return "error", {
                "code": "internal",
                "message": "The service failed on this request.",
                "hint": "The log says why.",
            }


def encode(name: str, data: Mapping[str, Any]) -> bytes:
    """Returns one event in the wire format (WHATWG HTML, server-sent events)."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False)
    return f"event: {name}\ndata: {text}\n\n".encode("utf-8", "replace")
