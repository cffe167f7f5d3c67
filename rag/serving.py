"""Serving over HTTP: one process that owns the data folder, answers requests, and ends in good order.

The port answers ``/live`` before the application is even imported; all else waits for it with 503.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

from corpus.errors import BusyError, NotAllowedError, VouchError
from corpus.ownership import current_owner
from corpus.settings import Settings

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import Receive, Scope, Send

    from rag.bootstrap import Service

log = logging.getLogger(__name__)

STOP_WITHIN_S = 25
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "::1")


def serve(
    settings: Settings,
    *,
    insecure: bool = False,
    version: str = "0",
    on_ready: Callable[[int], None] = lambda port: None,
) -> None:
    """Serves until SIGTERM or SIGINT: then nothing new begins, streams have 20 seconds, and all is closed.

    Args:
        settings: where to serve, and what.
        insecure: serve on an address that other machines reach, though there are no access keys.
        version: shown in the documentation.
        on_ready: called with the port once questions can be asked.

    Raises:
        NotAllowedError: the address is not this machine's own and ``insecure`` is not given.
        BusyError: another process owns the data folder.
        VouchError: the service cannot open, or the port is taken.
    """
    check_address(settings.host, insecure=insecure)
    owner = current_owner(settings.data_dir)
    if owner:
        raise BusyError(
            f"The data folder {settings.data_dir} is in use by {owner}.",
            hint="One process serves a folder. Stop that one, or serve another folder with --data-dir.",
        )
    import uvicorn

    front = Front(lambda: make_app(settings, insecure=insecure, version=version))
    config = uvicorn.Config(
        front,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=STOP_WITHIN_S,
        timeout_keep_alive=15,
        ws="none",
    )

    class Server(uvicorn.Server):
        """Drains the moment the signal comes, says when it is ready, and ends when the service cannot open."""

        told = False

        def handle_exit(self, sig: int, frame: Any) -> None:
            front.drain()
            super().handle_exit(sig, frame)

        async def on_tick(self, counter: int) -> bool:
            if not self.told and front.ready:
                self.told = True
                on_ready(self.servers[0].sockets[0].getsockname()[1])
            return await super().on_tick(counter) or front.failure is not None

    server = Server(config)
    try:
        server.run()
    except SystemExit:  # uvicorn could not bind, and has logged why
        raise VouchError(
            f"Cannot listen on {settings.host}:{settings.port}.",
            code="port_taken",
            hint="Another program has the port: choose one with --port, or 0 for any free one.",
        ) from None
    if front.failure is not None:
        raise front.failure


class Front:
    """The ASGI application that stands before the real one: alive at once, 503 until that is there."""

    def __init__(self, make: Callable[[], FastAPI]) -> None:
        self._make = make
        self._app: FastAPI | None = None
        self._lifespan: AbstractAsyncContextManager[Any] | None = None
        self._opening: asyncio.Task[None] | None = None
        self._failure: VouchError | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self._app is not None:
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await _answer(send, alive=scope["path"] == "/live")

    @property
    def failure(self) -> VouchError | None:
        """Why the service cannot open; None while it may."""
        return self._failure or (self._app.state.house.failure if self._app else None)

    @property
    def ready(self) -> bool:
        """Says whether questions can be asked."""
        return self._app is not None and self._app.state.house.peek() is not None

    def drain(self) -> None:
        """From now on nothing new begins."""
        if self._app is not None:
            self._app.state.house.drain()

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self._opening = asyncio.create_task(self._open())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._opening
        if self._lifespan is not None:
            await self._lifespan.__aexit__(None, None, None)
        await send({"type": "lifespan.shutdown.complete"})

    async def _open(self) -> None:
        try:
            app = await asyncio.to_thread(self._make)
        except VouchError as error:
            self._failure = error
            return
        except Exception as error:
            log.exception("the application cannot be made")
            self._failure = VouchError(f"{type(error).__name__}: {error}", code="internal")
            return
        self._lifespan = app.router.lifespan_context(app)
        await self._lifespan.__aenter__()
        self._app = app


def make_app(settings: Settings, *, insecure: bool = False, version: str = "0") -> FastAPI:
    """Makes the application over a data folder; other commands go through it while it is open."""
    from rag.api import create_app
    from rag.bootstrap import open_service
    from rag.control import Cancelled, Emit, serve_control
    from rag.operations import perform

    def opener() -> Service:
        service = open_service(settings, purpose="vouch serve")

        def run(operation: str, params: Mapping[str, Any], emit: Emit, cancelled: Cancelled) -> Any:
            return perform(service, operation, params, emit, cancelled)

        service.keep_open(serve_control(settings.data_dir, run))
        return service

    hosts: tuple[str, ...] = (*LOOPBACK_NAMES, settings.host, *settings.allowed_hosts)
    if insecure and not settings.allowed_hosts:
        hosts = ()
    return create_app(opener, [host.lower() for host in hosts], version)


def check_address(host: str, *, insecure: bool) -> None:
    """Refuses an address that other machines reach, for as long as there are no access keys.

    Raises:
        NotAllowedError: it is not loopback and ``insecure`` is not given.
    """
    try:
        near = ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        near = host == "localhost"
    if near:
        return
    if not insecure:
        raise NotAllowedError(
            f"{host} can be reached from other machines, and there are no access keys yet.",
            code="not_loopback",
            hint="Serve on 127.0.0.1 behind a proxy that checks who asks, "
            "or add --insecure if the network is trusted.",
        )
    log.warning("Serving on %s without access keys: whoever reaches it can read, add and remove.", host)


async def _answer(send: Send, *, alive: bool) -> None:
    error = {"code": "starting", "message": "The service is starting.", "hint": "Try again in a moment."}
    body = json.dumps({"status": "ok"} if alive else {"error": error}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if not alive:
        headers.append((b"retry-after", b"1"))
    await send({"type": "http.response.start", "status": 200 if alive else 503, "headers": headers})
    await send({"type": "http.response.body", "body": body})
