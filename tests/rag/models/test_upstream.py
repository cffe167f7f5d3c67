"""A provider on its bad days: a clear error or an honest part, with the exact number of requests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from rag.models.attempts import Delta, Finish, Stop
from rag.models.breaker import Breaker, RetryBudget
from rag.models.catalogue import Models
from rag.models.upstream import OverloadedError, UpstreamError
from rag.prompts.prompting import Message
from tests.rag.scripted import ScriptedServer, Turn, refusal

ASKED = [Message("user", "How often is the pump serviced?")]
LONG_S = 60.0
"""Longer than any test: what would wait for it would be noticed."""

Begin = Callable[..., Any]


class Trial:
    """A scripted server and the model that asks it."""

    def __init__(self, turns: tuple[Turn, ...], settings: dict[str, Any]) -> None:
        self.server = ScriptedServer(turns)
        self.server.__enter__()
        table = {
            "provider": "openai-compatible",
            "model": "scripted",
            "base_url": self.server.base_url,
        } | settings
        self.models = Models({"own": table})
        self.model = self.models.open("own")
        self.model._provider._jitter = lambda low, high: 0.0

    def ask(self, stop: Stop | None = None) -> tuple[str, Finish | None, UpstreamError | None]:
        """Returns the text, the finish and the error of one call."""
        text, finish = "", None
        try:
            for item in self.model.stream(ASKED, stop):
                if isinstance(item, Delta):
                    text += item.text
                else:
                    finish = item
        except UpstreamError as error:
            return text, finish, error
        return text, finish, None


@pytest.fixture
def trial() -> Iterator[Begin]:
    begun: list[Trial] = []
    before = set(threading.enumerate())  # a service that other tests share has a thread of its own

    def begin(*turns: Turn, **settings: Any) -> Trial:
        begun.append(Trial(turns, settings))
        return begun[-1]

    yield begin
    for one in begun:
        idle = one.server.wait_idle(10)
        one.models.close()
        one.server.__exit__()
        assert idle, "a connection was left open"
    assert not [thread for thread in set(threading.enumerate()) - before if thread.name == "vouch-models"]


@pytest.mark.parametrize("stream", [True, False])
def test_a_whole_answer_has_its_end_and_its_tokens(trial: Begin, stream: bool) -> None:
    text, finish, error = trial(Turn(texts=["Every ", "400 時間"]), stream=stream).ask()
    assert (text, error) == ("Every 400 時間", None)
    assert finish == Finish("stop", 10_000, 2, 1)


CUT = (
    b'data: {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "m", '
    b'"choices": [{"index": 0, "delta": '
)
HALF = CUT + '{"content": "時'.encode()[:-1] + b'"}, "finish_reason": null}]}\n\n'


@pytest.mark.parametrize(
    ("turn", "settings", "code", "text", "attempts"),
    [
        (Turn(texts=["Every "], finish=""), {}, "model_cut_off", "Every ", 1),
        (Turn(texts=[], finish=""), {}, "model_cut_off", "", 3),
        (Turn(texts=["Every "], stall_s=LONG_S), {"idle_s": 0.3}, "model_timeout", "Every ", 1),
        (Turn(stall_before_headers_s=LONG_S), {"first_token_s": 0.3}, "model_timeout", "", 1),
        (Turn(texts=["w "] * 500, pause_s=0.1), {"total_s": 1.5, "idle_s": LONG_S}, "model_timeout", None, 1),
        (Turn(texts=["Every "], raw=HALF, finish=""), {}, "model_bad_reply", "Every ", 1),
        (Turn(texts=["Every "], raw=b"data: {not json\n\n", finish=""), {}, "model_bad_reply", "Every ", 1),
        (Turn(texts=["Every "], raw=b'data: {"error": {"message": "overheated"}}\n\n', finish=""), {},
         "model_failed", "Every ", 1),
        (refusal(401, "no such key"), {}, "model_key_refused", "", 1),
        (refusal(403, "not for you"), {}, "model_key_refused", "", 1),
        (refusal(404, "no such model"), {}, "model_not_served", "", 1),
        (refusal(429, "slow down", retry_after="0"), {}, "model_rate_limited", "", 3),
        (refusal(429, "quota", "insufficient_quota"), {}, "model_quota_spent", "", 1),
        (refusal(500, "broken"), {}, "model_failed", "", 3),
        (refusal(503, "overloaded"), {}, "model_failed", "", 3),
        (refusal(400, "too long", "context_length_exceeded"), {}, "context_too_long", "", 1),
        (refusal(400, "bad parameter"), {}, "model_failed", "", 1),
    ],
)  # fmt: skip
def test_a_bad_day_ends_in_a_clear_error(
    trial: Begin, turn: Turn, settings: dict[str, Any], code: str, text: str | None, attempts: int
) -> None:
    one = trial(turn, **settings)
    got, finish, error = one.ask()
    assert error is not None
    assert finish is None
    assert (error.code, error.attempts) == (code, attempts)
    assert len(one.server.requests) == attempts
    assert error.message
    assert error.hint
    if text is None:
        assert got.startswith("w ")
    else:
        assert got == text
    assert error.partial == bool(got)


@pytest.mark.parametrize(
    ("turn", "code"),
    [
        (Turn(raw=b'{"choices": [', texts=[]), "model_bad_reply"),
        (Turn(stall_before_headers_s=LONG_S), "model_timeout"),
        (Turn(texts=["half an ans"], finish=""), "model_cut_off"),
    ],
)
def test_a_bad_day_without_streaming(trial: Begin, turn: Turn, code: str) -> None:
    one = trial(turn, stream=False, first_token_s=0.5)
    _, finish, error = one.ask()
    assert finish is None
    assert error is not None
    assert error.code == code


def test_a_call_is_sent_again_before_its_first_word_only(trial: Begin) -> None:
    one = trial(refusal(500, "broken"), refusal(503, "busy"), Turn(texts=["Every 400 hours."]))
    assert one.ask()[:2] == ("Every 400 hours.", Finish("stop", 10_000, 1, 3))
    cut = trial(Turn(texts=["Every "], finish=""), Turn(texts=["never"]))
    assert cut.ask()[0] == "Every "
    assert len(cut.server.requests) == 1


def test_a_wait_that_was_asked_for_is_kept_or_refused_but_never_cut_short(trial: Begin) -> None:
    waits: list[float] = []

    class Watched(Stop):
        def wait(self, seconds: float) -> bool:
            waits.append(seconds)
            return False

    one = trial(refusal(429, "slow down", retry_after="7"), Turn(texts=["Now."]))
    assert one.ask(Watched())[0] == "Now."
    assert waits == [7.0]
    late = trial(refusal(429, "slow down", retry_after="900"), Turn(texts=["never"]))
    _, _, error = late.ask()
    assert error is not None
    assert (error.code, error.retry_after_s, error.attempts) == ("model_rate_limited", 900.0, 1)


def test_a_server_that_is_not_there_is_named(trial: Begin) -> None:
    one = trial(Turn())
    one.server.__exit__()
    _, _, error = one.ask()
    assert error is not None
    assert (error.code, error.attempts) == ("model_unreachable", 3)


def test_a_client_that_leaves_stops_the_call(trial: Begin) -> None:
    one = trial(Turn(texts=["word "] * 100_000, pause_s=0.02))
    with closing(one.model.stream(ASKED)) as stream:
        assert isinstance(next(stream), Delta)
    assert one.server.wait_idle(10)
    assert one.server.left_early == 1


def test_a_stop_from_another_thread_wakes_who_waits(trial: Begin) -> None:
    one = trial(Turn(stall_before_headers_s=LONG_S))
    stop = Stop()
    timer = threading.Timer(0.2, stop.set)
    timer.start()
    _, _, error = one.ask(stop)
    timer.join()
    assert error is not None
    assert error.code == "stopped"
    assert one.server.wait_idle(10)
    _, _, again = one.ask(stop)
    assert again is not None
    assert (again.code, again.attempts) == ("stopped", 0)


def test_no_more_calls_than_allowed_are_under_way(trial: Begin) -> None:
    one = trial(Turn(texts=["word "] * 100_000, pause_s=0.02), Turn(texts=["Later."]), max_concurrent=1)
    with closing(one.model.stream(ASKED)) as stream:
        next(stream)
        with pytest.raises(OverloadedError) as caught:
            next(one.model.stream(ASKED))
    assert caught.value.code == "model_busy"
    assert caught.value.retry_after_s > 0
    assert len(one.server.requests) == 1
    assert one.ask()[0] == "Later."


def test_a_key_never_stands_in_an_error(trial: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    key = "sk-canary-0123456789abcdef"
    monkeypatch.setenv("OWN_KEY", key)
    for turn in (refusal(401, f"Incorrect key provided: {key}"), refusal(400, f"Bearer {key} is bad")):
        one = trial(turn, api_key_env="OWN_KEY")
        _, _, error = one.ask()
        assert error is not None
        sent = {name.lower(): value for name, value in one.server.headers[0].items()}
        assert sent["authorization"] == f"Bearer {key}"
        assert key not in f"{error.message} {error.hint} {error!r}"


def test_a_provider_that_keeps_failing_rests() -> None:
    now = [0.0]
    breaker = Breaker(failures=3, window_s=30, rest_s=30, now=lambda: now[0])
    for _ in range(3):
        assert breaker.admit() == 0
        breaker.record(True)
    assert breaker.is_open
    assert breaker.admit() == 30
    now[0] = 31.0
    assert breaker.admit() == 0
    assert breaker.admit() > 0  # one probe at a time
    breaker.record(True)
    assert breaker.admit() == 30
    now[0] = 62.0
    assert breaker.admit() == 0
    breaker.record(False)
    assert not breaker.is_open
    assert breaker.admit() == 0


def test_failures_far_apart_open_nothing() -> None:
    now = [0.0]
    breaker = Breaker(failures=2, window_s=30, now=lambda: now[0])
    for at in (0.0, 40.0, 80.0):
        now[0] = at
        breaker.record(True)
    breaker.record(None)
    assert not breaker.is_open


def test_an_open_breaker_sends_nothing(trial: Begin) -> None:
    one = trial(refusal(500, "broken"))
    one.ask()
    one.ask()
    sent = len(one.server.requests)
    _, _, error = one.ask()
    assert error is not None
    assert (error.code, error.attempts) == ("model_unavailable", 0)
    assert error.retry_after_s > 0
    assert len(one.server.requests) == sent == 5


def test_retries_are_a_share_of_the_requests() -> None:
    budget = RetryBudget(share=0.5, most=1.0, _tokens=1.0)
    assert budget.spend()
    assert not budget.spend()
    budget.earn()
    assert not budget.spend()
    budget.earn()
    assert budget.spend()


def test_what_a_model_says_of_its_server_holds_no_password(trial: Begin) -> None:
    one = trial(refusal(503, "hunter2 is not known here"), Turn(texts=["word "] * 100_000, pause_s=0.02))
    address = one.server.base_url.replace("://", "://vouch:hunter2@")
    table = {"provider": "openai-compatible", "model": "m", "base_url": address}
    one.models.close()
    one.models = Models({"ours": table | {"max_concurrent": 1}})
    one.model = one.models.open("ours")
    one.model._provider._jitter = lambda low, high: 0.0
    one.model._provider._max_attempts = 1
    told = [one.ask()[2]]
    with closing(one.model.stream(ASKED)) as busy:
        next(busy)
        with pytest.raises(OverloadedError) as caught:
            next(one.model.stream(ASKED))
    for _ in range(one.model._provider.breaker.failures):
        one.model._provider.breaker.record(True)
    told.append(one.ask()[2])
    for error in (*told, caught.value):
        assert error is not None
        assert "ours" in error.message
        assert "hunter2" not in error.message + error.hint
        assert "127.0.0.1" not in error.message + error.hint


def test_models_of_one_server_share_its_breaker_but_not_their_calls(trial: Begin) -> None:
    one = trial(Turn(texts=["word "] * 100_000, pause_s=0.02))
    table = {"provider": "openai-compatible", "model": "m", "base_url": one.server.base_url}
    one.models.close()
    one.models = Models({"narrow": table | {"max_concurrent": 1}, "wide": table | {"max_concurrent": 2}})
    narrow, wide = one.models.open("narrow"), one.models.open("wide")
    assert narrow._provider.breaker is wide._provider.breaker
    with (
        closing(narrow.stream(ASKED)) as first,
        closing(wide.stream(ASKED)) as second,
        closing(wide.stream(ASKED)) as third,
    ):
        for stream in (first, second, third):
            assert isinstance(next(stream), Delta)
        for model in (narrow, wide):
            with pytest.raises(OverloadedError, match=model.name):
                next(model.stream(ASKED))
