"""A scripted server on 127.0.0.1: the fake at the provider's seam.

It speaks as OpenAI's does, or in another :class:`Dialect`. Each request takes the next :class:`Turn` of the
script (the last one repeats). It can do what a real provider does on a bad day: end early, stall, cut a
character in half, refuse, or send nonsense.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Turn:
    """What the server does with one request.

    ``texts`` are sent as one chunk each, ``pause_s`` before each. ``finish`` is the terminal signal ("" for
    none); ``raw`` is sent as it is before the last frames, with ``drip_s`` a byte at a time; ``stall_s`` is how
    long the server then keeps silent before it closes. Any ``status`` but 200 sends ``body`` and ``headers`` alone.
    ``input_tokens`` is what it says that it read.
    """

    texts: Sequence[str] = ()
    finish: str = "stop"
    usage: bool = True
    status: int = 200
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes = b""
    drip_s: float = 0.0
    input_tokens: int = 10_000
    pause_s: float = 0.0
    stall_s: float = 0.0
    stall_before_headers_s: float = 0.0


def refusal(status: int, message: str, code: str = "", **headers: str) -> Turn:
    """Returns a turn that refuses with an OpenAI-style error body."""
    body = json.dumps({"error": {"message": message, "type": code or "error", "code": code or None}})
    return Turn(
        status=status, body=body, headers={name.replace("_", "-"): text for name, text in headers.items()}
    )


class Dialect:
    """How a provider writes a reply: OpenAI's way, which most take over."""

    content_type = "text/event-stream"

    def streams(self, path: str, request: dict[str, Any]) -> bool:
        """Says whether a request asks for its reply piece by piece."""
        return bool(request.get("stream"))

    def begin(self, request: dict[str, Any]) -> bytes:
        """Returns what comes before the first text."""
        return b""

    def text(self, request: dict[str, Any], text: str) -> bytes:
        """Returns a piece of text."""
        return frame(_chunk(request, {"content": text}))

    def end(self, request: dict[str, Any], turn: Turn) -> bytes:
        """Returns the terminal signal, with what was counted."""
        usage = frame({**_chunk(request, {}), "choices": [], "usage": _usage(turn)}) if turn.usage else b""
        return frame(_chunk(request, {}, turn.finish)) + usage + b"data: [DONE]\n\n"

    def whole(self, request: dict[str, Any], turn: Turn) -> bytes:
        """Returns a reply that is not streamed."""
        return _whole(request, turn)


def frame(data: Mapping[str, Any], event: str = "") -> bytes:
    """Returns a server-sent event."""
    name = f"event: {event}\n" if event else ""
    return f"{name}data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


class ScriptedServer:
    """Serves a script on a free port. Use as a context manager; ``requests`` holds what was asked."""

    def __init__(self, script: Sequence[Turn], dialect: Dialect | None = None) -> None:
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.arrivals: list[float] = []
        """When each request came, in seconds of the monotonic clock."""
        self.dialect = dialect or Dialect()
        self.models: list[dict[str, Any]] = []
        """What GET /v1/models lists."""
        self._script = list(script)
        self._lock = threading.Lock()
        self._open = 0
        self._idle = threading.Condition(self._lock)
        self._ending = threading.Event()
        self.left_early = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def restart(self, *script: Turn) -> None:
        """Begins another script; what was asked so far is forgotten."""
        with self._lock:
            self._script = list(script)
            self.left_early = 0
            for told in (self.requests, self.headers, self.arrivals):
                told.clear()

    @property
    def base_url(self) -> str:
        """The address to give to an OpenAI client."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @property
    def open_replies(self) -> int:
        """How many replies are being sent now."""
        with self._lock:
            return self._open

    def wait_idle(self, timeout_s: float = 5.0) -> bool:
        """Waits until no reply is being sent; False when the time runs out first."""
        with self._idle:
            return self._idle.wait_for(lambda: self._open == 0, timeout_s)

    def __enter__(self) -> ScriptedServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)

    def _next(self, request: dict[str, Any], headers: dict[str, str]) -> Turn:
        with self._lock:
            self.requests.append(request)
            self.headers.append(headers)
            self.arrivals.append(time.monotonic())
            self._open += 1
            return self._script[min(len(self.requests), len(self._script)) - 1]

    def _done(self, early: bool) -> None:
        with self._idle:
            self._open -= 1
            self.left_early += early
            self._idle.notify_all()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: object) -> None:
                """Says nothing."""

            def do_GET(self) -> None:
                self.close_connection = True
                body = json.dumps({"object": "list", "data": outer.models}).encode()
                self._send(200, body, "application/json", {})

            def do_POST(self) -> None:
                length = int(self.headers.get("content-length", 0))
                request = json.loads(self.rfile.read(length) or b"{}")
                turn = outer._next(request, dict(self.headers.items()))
                early = False
                try:
                    early = not self._reply(request, turn)
                except OSError:
                    early = True
                finally:
                    self.close_connection = True
                    outer._done(early)

            def _reply(self, request: dict[str, Any], turn: Turn) -> bool:
                if not self._silent(turn.stall_before_headers_s):
                    return False
                if turn.status != 200:
                    self._send(turn.status, turn.body.encode(), "application/json", turn.headers)
                    return True
                speak = outer.dialect
                if not speak.streams(self.path, request):
                    self._send(200, speak.whole(request, turn), "application/json", turn.headers)
                    return True
                self.send_response(200)
                self.send_header("content-type", speak.content_type)
                self.send_header("connection", "close")
                self.end_headers()
                self._put(speak.begin(request))
                for text in turn.texts:
                    if turn.pause_s and not self._silent(turn.pause_s):
                        return False
                    self._put(speak.text(request, text))
                for piece in (
                    [turn.raw[n : n + 1] for n in range(len(turn.raw))] if turn.drip_s else [turn.raw]
                ):
                    if turn.drip_s and not self._silent(turn.drip_s):
                        return False
                    self._put(piece)
                if turn.stall_s and not self._silent(turn.stall_s):
                    return False
                if turn.finish:
                    self._put(speak.end(request, turn))
                return True

            def _put(self, data: bytes) -> None:
                self.wfile.write(data)
                self.wfile.flush()

            def _send(self, status: int, body: bytes, kind: str, headers: Mapping[str, str]) -> None:
                self.send_response(status)
                for name, text in headers.items():
                    self.send_header(name, text)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(body)))
                self.send_header("connection", "close")
                self.end_headers()
                self.wfile.write(body)

            def _silent(self, seconds: float) -> bool:
                """Keeps still; False as soon as the client has gone (or the server ends)."""
                if not seconds:
                    return True
                self.connection.settimeout(0.02)
                for _ in range(int(seconds / 0.02)):
                    if outer._ending.is_set():
                        return False
                    try:
                        if self.connection.recv(1, socket.MSG_PEEK) == b"":
                            return False
                    except TimeoutError:
                        continue
                self.connection.settimeout(None)
                return True

        return Handler


def _usage(turn: Turn) -> dict[str, int]:
    out = len(turn.texts)
    return {
        "prompt_tokens": turn.input_tokens,
        "completion_tokens": out,
        "total_tokens": turn.input_tokens + out,
    }


def _chunk(request: dict[str, Any], delta: dict[str, Any], finish: str = "") -> dict[str, Any]:
    return {
        "id": "scripted",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": request.get("model", ""),
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish or None}],
    }


def _whole(request: dict[str, Any], turn: Turn) -> bytes:
    if turn.raw:
        return turn.raw
    message = {"role": "assistant", "content": "".join(turn.texts)}
    choice = {"index": 0, "message": message, "finish_reason": turn.finish or None}
    reply = {"id": "scripted", "object": "chat.completion", "created": 0, "model": request.get("model", "")}
    return json.dumps({**reply, "choices": [choice], "usage": _usage(turn)}).encode()
