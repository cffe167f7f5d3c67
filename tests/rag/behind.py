"""The service with a provider on its bad days behind it, and its callers: both routes, streamed and whole."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil

from corpus.settings import Settings
from rag.models.upstream import Provider
from tests.rag.company import MARKED, running, scripted_model
from tests.rag.scripted import ScriptedServer, Turn

LEAVE = "How many days of annual leave move into the next year?"
LONG_S = 60.0
"""Longer than any test: what would wait for it would be noticed."""

BRIEF_S = 0.2
WORDS = [f"{word} " for word in MARKED.split()]


@dataclass(frozen=True, slots=True)
class Heard:
    """What a caller hears: the status, the text as it came, and the answer beside the reply or the error.

    ``told`` is the code of the error that the reply or its last event is, "" for none; ``ended`` says whether the
    stream said that it was whole.
    """

    status: int
    text: str
    answer: dict[str, Any]
    told: str
    ended: bool
    headers: httpx.Headers = field(repr=False)
    body: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Way:
    """One of the ways to ask over HTTP."""

    openai: bool
    stream: bool

    def __str__(self) -> str:
        return f"{'completions' if self.openai else 'ask'}-{'stream' if self.stream else 'whole'}"

    @property
    def path(self) -> str:
        return "/v1/chat/completions" if self.openai else "/api/ask"

    def body(self, model: str) -> dict[str, Any]:
        if not self.openai:
            return {"question": LEAVE, "model": model, "stream": self.stream}
        own = {"footnotes": False}
        messages = [{"role": "user", "content": LEAVE}]
        return {"messages": messages, "model": model, "stream": self.stream, "vouch": own}

    @property
    def begun(self) -> bool:
        """Says whether a reply's head is out before the model's first word: the passages come first."""
        return self.stream and not self.openai

    def ask(self, behind: Behind, model: str = "own") -> Heard:
        reply = behind.client.post(self.path, json=self.body(model))
        if reply.headers["content-type"].startswith("text/event-stream"):
            return self._streamed(reply)
        body = reply.json()
        failed = reply.status_code != 200
        answer = body.get("vouch" if self.openai else "answer", {}) if failed or self.openai else body
        told = (body["error"] if failed else answer["failure"] or {}).get("code", "")
        return Heard(reply.status_code, answer["text"], answer, told, not told, reply.headers, reply.text)

    def _streamed(self, reply: httpx.Response) -> Heard:
        text, answer, told, ended = "", {}, "", False
        for block in reply.text.split("\n\n"):
            lines = dict(line.split(": ", 1) for line in block.split("\n") if line)
            data = lines.get("data", "")
            ended = ended or data == "[DONE]" or lines.get("event") == "done"
            if not data.startswith("{"):
                continue
            one = json.loads(data)
            if "error" in one:
                told = one["error"]["code"]
                answer = one["vouch" if self.openai else "answer"]
            elif lines.get("event") == "delta":
                text += one["text"]
            elif lines.get("event") == "done":
                answer = one
            elif self.openai:
                text += one["choices"][0]["delta"].get("content", "")
                answer = one.get("vouch", answer)
        return Heard(reply.status_code, text.strip(), answer, told, ended, reply.headers, reply.text)


WAYS = [Way(openai, stream) for openai in (False, True) for stream in (True, False)]


class Behind:
    """The service, and the scripted provider behind its models."""

    def __init__(self, url: str, server: ScriptedServer, house: Any) -> None:
        self.url = url
        self.client = httpx.Client(base_url=url, timeout=LONG_S / 2)
        self.server = server
        self.house = house
        self.models = house.service.models
        self.provider("own")._jitter = self.provider("brief")._jitter = lambda low, high: 0.0

    def provider(self, model: str) -> Provider:
        return self.models.open(model)._provider

    def script(self, *turns: Turn) -> None:
        """Has the provider do this from now on, its breaker and its share of retries as new."""
        self.server.restart(*turns)
        self.provider("own").breaker.record(False)
        self.provider("own")._budget._tokens = 10.0

    def rests(self) -> bool:
        """Says whether nothing is open: no call, no place, no task, no connection."""
        loop = self.models._loop.loop()
        slots = all(
            self.provider(name)._slots._value == self.provider(name)._max_concurrent
            for name in ("own", "brief")
        )
        return (
            slots
            and self.server.open_replies == 0
            and not self.house._asks._taken
            and not asyncio.all_tasks(loop)
            and not _connected(self.server)
        )


def _connected(server: ScriptedServer) -> int:
    """Counts the connections to a server that this process holds, the server's own ends among them."""
    port = urlsplit(server.base_url).port
    held = (one for one in psutil.Process().net_connections("tcp") if one.status != psutil.CONN_LISTEN)
    return sum(port in (one.laddr.port, one.raddr.port) for one in held if one.raddr)


def until(true: Callable[[], bool]) -> bool:
    """Waits for something that must come, and says whether it did."""
    ends = time.monotonic() + LONG_S / 2
    while not true():
        if time.monotonic() > ends:
            return False
        time.sleep(0.005)
    return True


@contextmanager
def troubled_service(filled: Path, folder: Path) -> Iterator[Behind]:
    """Serves a company's documents, copied to a folder, with a scripted provider behind five models."""
    data = shutil.copytree(filled, folder / "data")
    with ExitStack() as stack:
        server = stack.enter_context(ScriptedServer([Turn(texts=WORDS)]))
        brief = {"first_token_s": BRIEF_S, "idle_s": BRIEF_S}
        settings = Settings(
            data_dir=data,
            models={
                "own": scripted_model(server, first_token_s=LONG_S, idle_s=LONG_S),
                "brief": scripted_model(server, **brief),
                "halting": scripted_model(server, idle_s=BRIEF_S),
                "timed": scripted_model(server, total_s=3 * BRIEF_S),
                "unstreamed": scripted_model(server, stream=False, first_token_s=BRIEF_S),
            },
        )
        app = running(settings)
        behind = Behind(stack.enter_context(app), server, app.app.state.house)
        for model in ("own", "brief", "halting", "timed", "unstreamed"):  # loads what a first call loads
            list(behind.models.open(model).stream([]))
        yield behind
        behind.client.close()


class Caller:
    """A caller on a bare socket, who can leave at any moment."""

    def __init__(self, behind: Behind, way: Way, model: str) -> None:
        where = urlsplit(behind.url)
        body = json.dumps(way.body(model)).encode()
        head = (
            f"POST {way.path} HTTP/1.1\r\nhost: {where.netloc}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        )
        self._line = socket.create_connection((where.hostname, where.port), timeout=LONG_S / 2)
        self._line.sendall(head.encode() + body)
        self._heard = b""

    def hear(self, words: bytes) -> None:
        """Reads until these words came."""
        while words not in self._heard:
            more = self._line.recv(65536)
            assert more, self._heard
            self._heard += more

    def leave(self) -> None:
        self._line.close()

    def __enter__(self) -> Caller:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()
