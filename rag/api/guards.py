"""What every request passes before it reaches a route: whose host it names, and what browsers are told.

Pure ASGI: middleware that wraps the response hides a client's leaving from the routes.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Collection, Mapping, Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.addresses import LOOPBACK_NAMES
from rag.api.envelope import openai_error, speaks_openai
from rag.pace import LEAST_BYTES_S, PAUSE_S, left_s

SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cache-control", b"no-store"),
)
CONTENT_POLICY = (
    b"content-security-policy",
    b"default-src 'self'; img-src 'self' data:; "
    b"style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'; "
    b"object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
)

CLOSE = (b"connection", b"close")


class HostGuard:
    """Refuses what a page elsewhere makes a browser send: by a name of its own (the Host header does not name
    this service), or from there (the Origin header is another's, and the request is not a mere look).

    ``hosts`` holds names without port, lower-case; an empty collection lets every host through.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str]) -> None:
        self._app = app
        self._hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            named = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
            if self._hosts and (len(named) != 1 or host_name(named[0]) not in self._hosts):
                await _refuse(scope, send)
                return
            origins = [value.decode("latin-1") for name, value in scope["headers"] if name == b"origin"]
            looks = scope["method"] in ("GET", "HEAD")
            if not looks and not all(self._is_own(origin, named) for origin in origins):
                await _refuse_origin(scope, send)
                return
        await self._app(scope, receive, send)

    def _is_own(self, origin: str, named: Sequence[str]) -> bool:
        """Says whether a page of that origin is this service's: at the address asked, or at a name given to it, where a
        proxy may ask for it by another.

        Another port is another's: a browser sends it the same cookies.
        """
        address = origin.lower().partition("://")[2]
        return address in [name.lower() for name in named] or address in self._hosts - set(LOOPBACK_NAMES)


class SizeGuard:
    """Refuses a body that is larger than its address takes: at once when it says so, else when it has grown
    so far; and one that does not go on, or not faster than in :mod:`rag.pace`.

    ``limits`` holds bytes by path; ``limit`` is for every other path.
    """

    def __init__(self, app: ASGIApp, limit: int, limits: Mapping[str, int]) -> None:
        self._app = app
        self._limit = limit
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limits.get(scope["path"], self._limit)
        said = dict(scope["headers"]).get(b"content-length", b"0")
        if not said.isdigit() or int(said) > limit:
            await self._refuse(scope, send, limit)
            return
        taken, waited_s = 0, 0.0
        answered = whole = False

        async def counted() -> Message:
            nonlocal taken, waited_s, whole
            began = time.monotonic()
            try:
                message = await asyncio.wait_for(
                    receive(), None if whole or answered else left_s(waited_s, taken)
                )
            except TimeoutError:
                raise _TooSlowError from None
            waited_s += time.monotonic() - began
            whole = not message.get("more_body", False)
            taken += len(message.get("body", b""))
            if taken > limit and not answered:
                raise _TooLargeError
            return message

        async def noticed(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await self._app(scope, counted, noticed)
        except _TooLargeError:
            await self._refuse(scope, send, limit)
        except _TooSlowError:
            words = (
                f"The body came too slowly: {PAUSE_S:g} s may pass without any of it, and {LEAST_BYTES_S >> 10} kB a "
                "second have to come."
            )
            await _send_error(scope, send, 408, "too_slow", words, "Send it again.", CLOSE)

    async def _refuse(self, scope: Scope, send: Send, limit: int) -> None:
        words = f"The request is larger than the {limit >> 10} kB that this address takes."
        await _send_error(scope, send, 413, "too_large", words, "Send less at once.")


class _TooSlowError(BaseException):
    """Goes through the routes untouched, as the other one."""


class _TooLargeError(BaseException):
    """Goes through the routes untouched: not an error of theirs."""


class Heads:
    """Answers HEAD as GET is answered, without the body: what only looks asks either way (RFC 9110, 9.3.2)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def bodiless(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await self._app({**scope, "method": "GET"}, receive, bodiless)


class BrowserHeaders:
    """Adds the headers that keep a browser from doing more with an answer than showing it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", []))
                present = {name.lower() for name, _ in headers}
                for name, value in (*SECURITY_HEADERS, CONTENT_POLICY):
                    if name not in present:
                        headers.append((name, value))
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, guarded)


def host_name(header: str) -> str:
    """Returns the host of a Host header, lower-case and without port; "" when it is no plain host."""
    host = header.strip().lower()
    if host.startswith("["):
        name, bracket, rest = host.partition("]")
        return name[1:] if bracket and (not rest or (rest[1:].isdigit() and rest[0] == ":")) else ""
    name, colon, port = host.partition(":")
    if colon and not port.isdigit():
        return ""
    return name if name and not set(name) & set("/?#@\\ ") else ""


async def _refuse(scope: Scope, send: Send) -> None:
    await _send_error(
        scope,
        send,
        400,
        "bad_host",
        "The Host header does not name this service.",
        "Use the address it was started on, or list the name in VOUCH_ALLOWED_HOSTS.",
    )


async def _refuse_origin(scope: Scope, send: Send) -> None:
    await _send_error(
        scope,
        send,
        403,
        "bad_origin",
        "The request comes from a page of another address.",
        "Send it from a program, or from a page that this service serves.",
    )


async def _send_error(
    scope: Scope, send: Send, status: int, code: str, message: str, hint: str, *more: tuple[bytes, bytes]
) -> None:
    told = {"error": {"code": code, "message": message, "hint": hint}}
    if speaks_openai(scope["path"]):
        told = openai_error(status, code, message, hint)
    body = json.dumps(told).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
