"""Many callers at a provider that is down or recovers, and callers who leave: nobody storms, nothing stays open."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from rag.models.upstream import Provider
from rag.words.told import tell
from tests.rag.behind import LONG_S, WAYS, WORDS, Behind, Caller, Way, until
from tests.rag.company import MARKED
from tests.rag.scripted import Turn, refusal


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
        assert rested.text.startswith(tell("unreachable", False))
        assert rested.answer["failure"]["code"] == "model_unavailable"
        assert rested.answer["passages"]
        assert not rested.answer["complete"]
        assert len(behind.server.requests) == 5
    behind.server.restart(Turn(texts=WORDS, pause_s=LONG_S), Turn(texts=WORDS))
    now[0] = 31.0
    with Caller(behind, way, "own") as probe:  # which hangs
        assert until(lambda: behind.server.open_replies == 1)
        others = [way.ask(behind) for _ in range(2)]
        assert {one.answer["failure"]["code"] for one in others} == {"model_unavailable"}
        assert len(behind.server.requests) == 1
        probe.leave()
    assert until(behind.rests)
    assert provider.breaker.is_open  # a caller who left says nothing of the provider
    assert way.ask(behind).text == MARKED
    assert not provider.breaker.is_open
    assert way.ask(behind).text == MARKED
    assert len(behind.server.requests) == 3


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
        with Caller(behind, way, "own") as caller:
            assert until(lambda n=n: len(behind.server.requests) == n + 1)
            if way.stream and words:
                caller.hear(words)
        assert until(lambda n=n: behind.server.left_early == n + 1)
    assert until(behind.rests)
    assert threading.active_count() < threads + times
    assert not behind.provider("own").breaker.is_open
    behind.script(Turn(texts=WORDS))
    assert way.ask(behind).text == MARKED
