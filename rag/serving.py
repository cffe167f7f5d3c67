"""Serving over HTTP: one process that owns the data folder, answers requests, and ends in good order.

The port answers ``/live`` before the application is even imported; all else waits for it with 503.
"""

from __future__ import annotations

import asyncio
import errno
import gc
import json
import logging
import math
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import TYPE_CHECKING, Any

from corpus.errors import BusyError, UnavailableError, VouchError
from corpus.ownership import current_owner
from corpus.settings import Settings
from rag.addresses import LOOPBACK_NAMES, is_near
from rag.https import open_certificate

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import Receive, Scope, Send

    from rag.service import Service

log = logging.getLogger(__name__)

DRAIN_S = 20.0
CLOSE_S = 40.0
"""How long the current document has to be finished, in seconds;
after that it is dropped and read again later.
"""


def serve(
    settings: Settings,
    *,
    insecure: bool = False,
    version: str = "0",
    on_ready: Callable[[int, Service], None] = lambda port, service: None,
    drain_s: float = DRAIN_S,
    close_s: float = CLOSE_S,
) -> None:
    """Serves until SIGTERM or SIGINT: then nothing new begins, streams have 20 seconds, and all is closed.

    A second signal ends the process at once. What that interrupts is rolled back at the next start.

    Args:
        settings: where to serve, and what.
        insecure: let everybody in as long as there are no access keys, also where other machines reach the address.
        version: shown in the documentation.
        on_ready: called with the port and the service once questions can be asked.
        drain_s: how long answers that are under way may go on, in seconds.
        close_s: how long closing may take after that, in seconds; then the process ends as it is.

    Raises:
        BusyError: another process owns the data folder.
        UsageError: the certificate of the settings cannot be used.
        VouchError: the service cannot open, or the port is taken.
    """
    owner = current_owner(settings.data_dir)
    if owner:
        raise BusyError(
            f"The data folder {settings.data_dir} is in use by {owner}.",
            hint="One process serves a folder. Stop that one, or serve another folder with --data-dir.",
        )
    import uvicorn

    certificate = open_certificate(settings)
    listener = listen(settings.host, settings.port)
    front = Front(lambda: make_app(settings, insecure=insecure, version=version, drain_s=drain_s))
    config = uvicorn.Config(
        front,
        http=_http(),
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=math.ceil(drain_s) + 5,
        timeout_keep_alive=15,
        ws="none",
        ssl_context_factory=None if certificate is None else lambda *_: certificate,
    )

    class Server(uvicorn.Server):
        """Says when it is ready, drains when it is told to stop, and ends when the service cannot open."""

        told = False

        def handle_exit(self, sig: int, frame: Any) -> None:
            if self.should_exit:
                os._exit(130 if sig == signal.SIGINT else 143)  # the second one: the children die with us
            self.should_exit = True

        async def on_tick(self, counter: int) -> bool:
            if not self.told and (service := front.service) is not None:
                self.told = True
                gc.freeze()  # what was loaded stays: no collection looks at it again, and none stops the loop
                on_ready(listener.getsockname()[1], service)
            return await super().on_tick(counter) or front.failure is not None

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            front.drain()
            late = threading.Timer(drain_s + 5 + close_s, _give_up)
            late.daemon = True
            late.start()
            await super().shutdown(sockets)
            late.cancel()

    # Threads hand the interpreter over after 1 ms rather than 5: the loop waits less while others compute.
    sys.setswitchinterval(0.001)
    with listener:
        Server(config).run(sockets=[listener])
    if front.failure is not None:
        raise front.failure


def listen(host: str, port: int) -> socket.socket:
    """Binds the address.

    Raises:
        VouchError: (``port_taken``, ``bad_address``) it cannot be bound; the message names who has the port.
    """
    host = host.strip("[]")
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise VouchError(
                f"Cannot listen on {host}:{port}: {error.strerror or error}.",
                code="bad_address",
                hint="Choose an address of this machine with --host, and a port with --port.",
            ) from None
        raise VouchError(
            f"Port {port} of {host} is taken by {_holder(port) or 'another program'}.",
            code="port_taken",
            hint="Stop that, or choose another port with --port (VOUCH_PORT); 0 is any free one.",
        ) from None


def _holder(port: int) -> str:
    """Returns who listens on a port, as "name (pid 123)"; "" where the system does not tell."""
    import psutil

    try:
        for one in psutil.net_connections("tcp"):
            if one.status == psutil.CONN_LISTEN and one.laddr and one.laddr.port == port and one.pid:
                return f"{' '.join(psutil.Process(one.pid).cmdline()[:3])[:80]} (pid {one.pid})"
    except (psutil.Error, OSError, RuntimeError):
        return ""
    return ""


def _give_up() -> None:
    """Ends the process: what it has not committed is rolled back, and its jobs go on at the next start."""
    log.error("The current work did not end in time; it is dropped, and begins again at the next start.")
    logging.shutdown()
    os._exit(0)


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
    def service(self) -> Service | None:
        """The service, once questions can be asked."""
        found: Service | None = self._app.state.house.peek() if self._app else None
        return found

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


def make_app(
    settings: Settings, *, insecure: bool = False, version: str = "0", drain_s: float = DRAIN_S
) -> FastAPI:
    """Makes the application over a data folder; other commands go through it while it is open."""
    from rag.api import create_app
    from rag.bootstrap import open_service
    from rag.owner.control import Cancelled, Emit, serve_control
    from rag.owner.operations import perform

    def opener() -> Service:
        service = open_service(settings, purpose="vouch serve")
        house = app.state.house

        def run(operation: str, params: Mapping[str, Any], emit: Emit, cancelled: Cancelled) -> Any:
            if house.draining:
                raise UnavailableError(
                    "The service is stopping.", code="stopping", hint="Try again in a moment."
                )

            def ends() -> bool:
                late: bool = house.overdue if operation in ("ask", "compare") else house.draining
                return late or cancelled()

            with house.working():
                return perform(service, operation, params, emit, ends)

        try:
            service.models.open()  # a wrong setting is told now, not to the first who asks
        except BaseException:
            service.close()
            raise

        service.keep_open(serve_control(settings.data_dir, run))
        return service

    near = is_near(settings.host)
    hosts: tuple[str, ...] = (*LOOPBACK_NAMES, settings.host, *settings.allowed_hosts)
    if not near and not settings.allowed_hosts:
        hosts = ()  # it has names that nobody told; a page elsewhere has no key
    closed = not (near or insecure)
    app = create_app(opener, [host.lower() for host in hosts], version, drain_s=drain_s, closed=closed)
    return app


async def _answer(send: Send, *, alive: bool) -> None:
    error = {"code": "starting", "message": "The service is starting.", "hint": "Try again in a moment."}
    body = json.dumps({"status": "ok"} if alive else {"error": error}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if not alive:
        headers.append((b"retry-after", b"1"))
    await send({"type": "http.response.start", "status": 200 if alive else 503, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _http() -> Any:
    """Says how requests are read: by httptools, within bounds, or by h11 where that is not installed."""
    try:
        from rag.connections import Bounded, open_files
    except ImportError:
        return "auto"
    return partial(Bounded, most=open_files() // 2)
