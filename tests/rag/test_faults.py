"""A provider on its bad days, as the service's callers see them: both routes, streamed and whole, over real sockets.

What one call does is in ``test_upstream``, what is particular to a provider in ``test_providers``.
"""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from corpus.settings import Settings
from rag.refusals import UNREACHABLE
from rag.scripted import Dialect, ScriptedServer, Turn, refusal
from rag.upstream import Provider
from tests.rag.company import MARKED, running, scripted_model

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


def _by_turns(cases: Sequence[Any], names: Sequence[str]) -> list[Any]:
    """Returns each case for both routes, streamed and whole by turns: what differs between those two is tested by
    the rest of this file.
    """
    return [
        pytest.param(
            Way(openai, (n + openai) % 2 == 0), *case, id=f"{Way(openai, (n + openai) % 2 == 0)}-{name}"
        )
        for n, (case, name) in enumerate(zip(cases, names, strict=True))
        for openai in (False, True)
    ]


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


def _until(true: Callable[[], bool]) -> bool:
    """Waits for something that must come, and says whether it did."""
    ends = time.monotonic() + LONG_S / 2
    while not true():
        if time.monotonic() > ends:
            return False
        time.sleep(0.005)
    return True


@pytest.fixture(scope="module")
def service(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    data = shutil.copytree(filled, tmp_path_factory.mktemp("faults") / "data")
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


@pytest.fixture
def behind(service: Behind) -> Iterator[Behind]:
    service.script(Turn(texts=WORDS))
    yield service
    assert _until(service.rests), "something was left open"


@pytest.fixture(params=WAYS, ids=str)
def way(request: pytest.FixtureRequest) -> Way:
    found: Way = request.param
    return found


# ---- ends that are none ----------------------------------------------------------------------------


def test_a_whole_answer_is_told_as_one(behind: Behind, way: Way) -> None:
    heard = way.ask(behind)
    assert (heard.status, heard.told, heard.ended) == (200, "", True)
    assert heard.text == MARKED
    assert heard.answer["complete"]
    assert len(behind.server.requests) == 1


def test_a_stream_that_ends_early_is_never_told_as_whole(behind: Behind, way: Way) -> None:
    for words in range(21) if way.stream else (0, 1, 20):
        behind.script(Turn(texts=[f"w{n} " for n in range(words)], finish=""))
        heard = way.ask(behind)
        assert heard.told == heard.answer["failure"]["code"] == "model_cut_off"
        assert not heard.ended
        assert not heard.answer["complete"]
        assert heard.text.split() == [f"w{n}" for n in range(words)]
        assert len(behind.server.requests) == (1 if words else 3)


FRAMES = b"".join(Dialect().text({}, word) for word in WORDS)
END = Dialect().end({}, Turn(texts=WORDS))
ONE = Dialect().text({}, "時")
HALF = ONE[: ONE.index("時".encode()) + 1]
PINGS = b": ping\n\n" * 2000


STALLS = {
    "no head": (Turn(stall_before_headers_s=LONG_S), "brief", "first_token_s"),
    "a head alone": (Turn(stall_s=LONG_S), "brief", "first_token_s"),
    "pings alone": (Turn(raw=PINGS, drip_s=0.02), "brief", "first_token_s"),
    "a byte at a time": (Turn(raw=FRAMES, drip_s=0.04), "brief", "first_token_s"),
    "silence": (Turn(texts=["Up "], stall_s=LONG_S), "halting", "idle_s"),
    "pings": (Turn(texts=["Up "], raw=PINGS, drip_s=0.02), "halting", "idle_s"),
    "bytes": (Turn(texts=["Up "], raw=FRAMES, drip_s=0.04), "halting", "idle_s"),
    "half a frame": (Turn(texts=["Up "], raw=FRAMES[:50], stall_s=LONG_S), "halting", "idle_s"),
    "half a character": (Turn(texts=["Up "], raw=HALF, stall_s=LONG_S), "halting", "idle_s"),
    "no end": (Turn(texts=["Up "] * 9000, pause_s=0.04), "timed", "total_s"),
    "whole, no head": (Turn(stall_before_headers_s=LONG_S), "unstreamed", "first_token_s"),
}


@pytest.mark.parametrize(("way", "turn", "model", "clock"), _by_turns(list(STALLS.values()), list(STALLS)))
def test_a_stall_ends_by_its_clock(behind: Behind, way: Way, turn: Turn, model: str, clock: str) -> None:
    behind.script(turn)
    heard = way.ask(behind, model)
    assert heard.told == "model_timeout"
    assert f"({clock})" in heard.answer["failure"]["message"]
    assert not heard.ended
    assert len(behind.server.requests) == 1
    assert bool(heard.text) == (clock != "first_token_s")
    partly = bool(heard.text) and (way.stream or not way.openai)
    assert heard.status == (200 if way.begun or partly else 504)


@pytest.mark.parametrize("mark", [b"\n", b"\r\n", b"\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("drip_s", [0.0, 0.001], ids=["at once", "a byte at a time"])
def test_an_answer_is_the_same_however_its_frames_come(
    behind: Behind, way: Way, mark: bytes, drip_s: float
) -> None:
    behind.script(Turn(raw=(FRAMES + END).replace(b"\n", mark), drip_s=drip_s, finish=""))
    heard = way.ask(behind)
    assert (heard.status, heard.told, heard.ended) == (200, "", True)
    assert heard.text == MARKED


# ---- refusals, and how often a provider is asked ---------------------------------------------------

KEY = "sk-canary-0123456789abcdef"


REFUSALS = [
        (refusal(400, f"odd: Bearer {KEY}"), "model_failed", 1),
        (refusal(401, f"no such key: {KEY}"), "model_key_refused", 1),
        (refusal(402, "pay first"), "model_quota_spent", 1),
        (refusal(403, "not yours"), "model_key_refused", 1),
        (refusal(404, "no such model"), "model_not_served", 1),
        (refusal(408, "you were slow"), "model_failed", 3),
        (refusal(409, "a conflict"), "model_failed", 3),
        (refusal(413, "too large"), "model_failed", 1),
        (refusal(422, "no such field"), "model_failed", 1),
        (refusal(429, "slow down"), "model_rate_limited", 3),
        (refusal(429, "exceeded your current quota", "insufficient_quota"), "model_quota_spent", 1),
        (refusal(429, "slow down", retry_after="3600"), "model_rate_limited", 1),
        (refusal(500, "broken"), "model_failed", 3),
        (refusal(501, "not built"), "model_failed", 1),
        (refusal(502, "bad gateway"), "model_failed", 3),
        (refusal(503, "busy"), "model_failed", 3),
        (refusal(504, "late"), "model_failed", 3),
        (refusal(529, "overloaded"), "model_failed", 3),
        (Turn(status=502, body="<html><b>Bad gateway</b></html>"), "model_failed", 3),
        (Turn(status=500, body=""), "model_failed", 3),
        (Turn(status=400, body=""), "model_failed", 1),
        (Turn(raw=b"<html>Welcome to the captive portal</html>", finish=""), "model_cut_off", 3),
        (Turn(raw=b"data: {not json\n\n", finish=""), "model_bad_reply", 1),
]  # fmt: skip


@pytest.mark.parametrize(
    ("way", "turn", "code", "attempts"),
    _by_turns(REFUSALS, [f"{turn.status} {turn.body[23:40]}".strip() for turn, *_ in REFUSALS]),
)
def test_a_refusal_is_tried_again_only_where_that_may_help(
    behind: Behind, way: Way, turn: Turn, code: str, attempts: int
) -> None:
    behind.script(turn)
    heard = way.ask(behind)
    assert heard.told == code
    assert len(behind.server.requests) == attempts
    assert heard.status == 200 if way.begun else heard.status >= 429
    assert heard.answer["passages"]
    assert not heard.answer["complete"]
    assert KEY not in heard.body
    assert "<b>" not in heard.body
    assert ("retry-after" in heard.headers) == (code == "model_rate_limited" and not way.begun)


def test_a_wait_that_the_provider_asks_for_is_kept(behind: Behind, way: Way) -> None:
    behind.script(refusal(429, "slow down", retry_after_ms="200"), Turn(texts=WORDS))
    assert way.ask(behind).text == MARKED
    first, second = behind.server.arrivals
    assert second - first >= 0.2


def test_a_prompt_too_long_is_sent_once_more_and_shorter(behind: Behind, way: Way) -> None:
    behind.script(refusal(400, "too long", "context_length_exceeded"))
    heard = way.ask(behind)
    assert heard.answer["failure"]["code"] == "context_too_long"
    sizes = [len(str(one["messages"])) for one in behind.server.requests]
    assert len(sizes) <= 2
    assert sizes == sorted(sizes, reverse=True)


def test_a_prompt_that_was_read_in_part_is_told(behind: Behind, way: Way) -> None:
    behind.script(Turn(texts=WORDS, input_tokens=50))
    cut = way.ask(behind)
    assert (cut.status, cut.told, cut.text) == (200, "", MARKED)
    assert "prompt_cut" in [note["code"] for note in cut.answer["notes"]]


# ---- many callers ----------------------------------------------------------------------------------


def test_a_provider_that_is_down_is_not_stormed(behind: Behind, monkeypatch: Any) -> None:
    provider = behind.provider("own")
    monkeypatch.setattr(provider, "breaker", type(provider.breaker)(failures=10**6))
    drawn: list[tuple[float, float]] = []

    def jitter(low: float, high: float) -> float:
        drawn.append((low, high))
        return 0.0

    monkeypatch.setattr(provider, "_jitter", jitter)
    behind.script(refusal(503, "down"))
    provider._budget._tokens = 0.0
    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(lambda n: WAYS[n % 4].ask(behind).told, range(40)))
    assert set(told) == {"model_failed"}
    assert 40 <= len(behind.server.requests) <= 44  # a tenth more
    assert set(drawn) <= {(0.0, 1.0), (0.0, 2.0), (0.0, 4.0)}


def test_retries_do_not_come_together(behind: Behind, monkeypatch: Any) -> None:
    """Drawn from the whole span (full jitter): of a hundred first retries no tenth of it gets a fifth."""
    assert Provider("x", behind.models._loop)._jitter is random.uniform
    random.seed(20261128)
    tenths = [int(random.uniform(0.0, 1.0) * 10) for _ in range(100)]
    assert max(map(tenths.count, range(10))) <= 20
    assert len(set(tenths)) == 10


def test_a_provider_that_recovers_is_asked_again_by_one(behind: Behind, way: Way, monkeypatch: Any) -> None:
    provider = behind.provider("own")
    now = [0.0]
    monkeypatch.setattr(provider, "breaker", type(provider.breaker)(now=lambda: now[0]))
    behind.script(refusal(503, "down"))
    assert way.ask(behind).told == "model_failed"
    for _ in range(3):  # the first of them sends the fourth request and the fifth
        rested = way.ask(behind)
        assert rested.status == 200
        assert rested.text.startswith(UNREACHABLE[False])
        assert rested.answer["failure"]["code"] == "model_unavailable"
        assert rested.answer["passages"]
        assert not rested.answer["complete"]
        assert len(behind.server.requests) == 5
    behind.server.restart(Turn(texts=WORDS, pause_s=LONG_S), Turn(texts=WORDS))
    now[0] = 31.0
    with _Caller(behind, way, "own") as probe:  # which hangs
        assert _until(lambda: behind.server.open_replies == 1)
        others = [way.ask(behind) for _ in range(2)]
        assert {one.answer["failure"]["code"] for one in others} == {"model_unavailable"}
        assert len(behind.server.requests) == 1
        probe.leave()
    assert _until(behind.rests)
    assert provider.breaker.is_open  # a caller who left says nothing of the provider
    assert way.ask(behind).text == MARKED
    assert not provider.breaker.is_open
    assert way.ask(behind).text == MARKED
    assert len(behind.server.requests) == 3


# ---- callers who leave -----------------------------------------------------------------------------


class _Caller:
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

    def __enter__(self) -> _Caller:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()


MOMENTS = {
    "before the head": (Turn(stall_before_headers_s=LONG_S), b""),
    "before the first word": (Turn(stall_s=LONG_S), b""),
    "amid the text": (Turn(texts=["word "] * 100_000, pause_s=0.02), b"word"),
    "at the end": (Turn(texts=[*WORDS, "The end. "], stall_s=LONG_S), b"year"),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_caller_who_leaves_leaves_nothing_open(behind: Behind, way: Way, moment: str) -> None:
    turn, words = MOMENTS[moment]
    threads = threading.active_count()
    times = 6  # in 16 ways: 96
    behind.script(turn)
    for n in range(times):
        with _Caller(behind, way, "own") as caller:
            assert _until(lambda n=n: len(behind.server.requests) == n + 1)
            if way.stream and words:
                caller.hear(words)
        assert _until(lambda n=n: behind.server.left_early == n + 1)
    assert _until(behind.rests)
    assert threading.active_count() < threads + times
    assert not behind.provider("own").breaker.is_open
    behind.script(Turn(texts=WORDS))
    assert way.ask(behind).text == MARKED
