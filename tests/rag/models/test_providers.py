"""Every provider by its own class over its own wire: whole answers, early ends, silence, refusals, keys, goodbyes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from corpus.errors import VouchError
from rag.models.attempts import Delta, Finish
from rag.models.cards import ModelSettings
from rag.models.catalogue import Models
from rag.models.faults import explain
from rag.models.providers import arguments
from rag.models.upstream import UpstreamError
from rag.prompts.prompting import Message
from tests.make_tiny_model import make_tiny_chat_model
from tests.rag.models.dialects import DIALECTS, table
from tests.rag.scripted import ScriptedServer, Turn, refusal

CANARY = "AKIACANARY0123456789"
ASKED = [Message("system", "Be brief."), Message("user", "ポンプの点検は何時間ごとですか")]
LONG_S = 60.0

Asked = tuple[str, Finish | None, UpstreamError | None]


class Wire:
    """One provider's model before a scripted server of its kind."""

    def __init__(self, provider: str) -> None:
        self.provider = provider
        self.server = ScriptedServer([Turn()], DIALECTS[provider])
        self.models = Models({"own": table(provider, self.server.base_url)})
        self.model = self.models.open("own")
        self.model._provider._jitter = lambda low, high: 0.0

    def ask(self, *turns: Turn) -> Asked:
        """Asks once; the breaker and the share of retries begin anew."""
        self.server._script[:] = turns
        self.server.requests.clear()
        self.model._provider.breaker.record(False)
        self.model._provider._budget._tokens = 10.0
        text, finish = "", None
        try:
            for item in self.model.stream(ASKED):
                if isinstance(item, Delta):
                    text += item.text
                else:
                    finish = item
        except UpstreamError as error:
            return text, finish, error
        return text, finish, None


@pytest.fixture(scope="module", params=sorted(DIALECTS))
def wire(request: pytest.FixtureRequest) -> Iterator[Wire]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OWN_KEY", CANARY)
        one = Wire(request.param)
        with one.server:
            yield one
            one.models.close()
            assert one.server.wait_idle(10)


def test_a_whole_answer_has_its_end_and_its_tokens(wire: Wire) -> None:
    assert wire.ask(Turn(texts=["400 ", "時間ごと"])) == (
        "400 時間ごと", Finish("stop", 10_000, 2, 1), None
    )  # fmt: skip
    sent = {name.lower(): value for name, value in wire.server.headers[-1].items()}
    assert (CANARY in str(sent)) == (wire.provider != "ollama")


def test_an_answer_cut_at_its_limit_says_so(wire: Wire) -> None:
    _, finish, error = wire.ask(Turn(texts=["400 "], finish="length"))
    assert error is None
    assert finish is not None
    assert finish.reason == "length"


@pytest.mark.parametrize("words", [0, 1, 3])
def test_an_end_without_its_signal_is_none(wire: Wire, words: int) -> None:
    text, finish, error = wire.ask(Turn(texts=["w "] * words, finish=""))
    assert finish is None
    assert error is not None
    assert (text, error.code, error.partial) == ("w " * words, "model_cut_off", words > 0)
    assert error.attempts == len(wire.server.requests) == (1 if words else 3)


@pytest.mark.parametrize("turn", [Turn(texts=["w "], stall_s=LONG_S), Turn(stall_before_headers_s=LONG_S)])
def test_silence_ends_within_its_clock(wire: Wire, turn: Turn, monkeypatch: pytest.MonkeyPatch) -> None:
    wire.ask(Turn(texts=["."]))  # what an SDK loads with its first call is no silence
    brief = wire.model._settings.model_copy(update={"first_token_s": 0.5, "idle_s": 0.3})
    monkeypatch.setattr(wire.model, "_settings", brief)
    _, _, error = wire.ask(turn)
    assert error is not None
    assert (error.code, error.attempts) == ("model_timeout", 1)
    assert wire.server.wait_idle(5)


@pytest.mark.parametrize(
    ("turn", "code", "attempts"),
    [
        (refusal(400, f"{CANARY} is odd"), "model_failed", 1),
        (refusal(401, f"Incorrect key: {CANARY}"), "model_key_refused", 1),
        (refusal(404, "no such model"), "model_not_served", 1),
        (refusal(400, "prompt is too long: 9 tokens > 8 maximum"), "context_too_long", 1),
        (refusal(429, "slow down"), "model_rate_limited", 3),
        (refusal(429, "No credits are left", "insufficient_quota"), "model_quota_spent", 1),
        (refusal(503, "busy"), "model_failed", 3),
        (Turn(status=502, body="<html>Bad gateway</html>"), "model_failed", 3),
        (Turn(status=500, body=""), "model_failed", 3),
    ],
)
def test_a_refusal_is_told_and_tried_again_only_where_that_may_help(
    wire: Wire, turn: Turn, code: str, attempts: int
) -> None:
    text, _, error = wire.ask(turn)
    assert text == ""
    assert error is not None
    assert (error.code, error.attempts, len(wire.server.requests)) == (code, attempts, attempts)
    if wire.provider != "ollama":  # which was given no key
        assert CANARY not in f"{error.message} {error.hint} {error!r}"


def test_a_client_that_leaves_hangs_up(wire: Wire) -> None:
    wire.ask(Turn(texts=["."]))
    wire.server._script[:] = [Turn(texts=["word "] * 100_000, pause_s=0.02)]
    left = wire.server.left_early
    with closing(wire.model.stream(ASKED)) as stream:
        assert isinstance(next(stream), Delta)
    assert wire.server.wait_idle(5)
    assert wire.server.left_early == left + 1


def test_ollama_is_told_the_window_its_prompt_was_made_for() -> None:
    server = ScriptedServer([Turn(texts=["Yes."])], DIALECTS["ollama"])
    own = {"plain": {}, "wide": {"context_window": 16_384}}
    models = Models({name: table("ollama", server.base_url) | more for name, more in own.items()})
    with server:
        for name in own:
            list(models.open(name).stream(ASKED))
        models.close()
    assert [one["options"]["num_ctx"] for one in server.requests] == [8192, 16_384]
    assert models.open("plain").budget.window == 8192
    assert models.open("llama3.1").budget.window == 8192  # not the 131,072 that it could have


def test_a_temperature_is_not_sent_to_a_model_that_takes_none(monkeypatch: pytest.MonkeyPatch) -> None:
    models = Models()
    card = models.card("claude-haiku-4-5")
    settings = ModelSettings(provider="anthropic", model=card.model)
    assert arguments(card, settings, "k")["temperature"] == 0.0
    without = card.model_copy(update={"takes_temperature": False})
    assert "temperature" not in arguments(without, settings, "k")


def test_any_provider_that_langchain_knows_is_asked_through_it() -> None:
    with ScriptedServer([Turn(texts=["400 ", "時間ごと"])]) as server:
        table = {
            "provider": "langchain",
            "model": "openai:gpt-oss",
            "base_url": server.base_url,
            "api_key_env": "HOME",
        }
        models = Models({"own": {**table, "options": {"stream_usage": True}}})
        items = list(models.open("own").stream(ASKED))
        models.close()
    assert "".join(item.text for item in items if isinstance(item, Delta)) == "400 時間ごと"
    assert isinstance(items[-1], Finish)
    assert items[-1].reason == "stop"
    assert server.requests[0]["model"] == "gpt-oss"


# ---- what exceptions mean ------------------------------------------------------------------------------


class _Said(Exception):
    """An exception with what an SDK's have."""

    def __init__(self, **own: Any) -> None:
        super().__init__("words of its own")
        vars(self).update(own)


@pytest.mark.parametrize(
    ("error", "code", "retry", "wait_s"),
    [
        (
            _Said(response={"Error": {"Code": "ThrottlingException", "Message": "Too many"},
                            "ResponseMetadata": {"HTTPStatusCode": 429, "HTTPHeaders": {"retry-after": "3"}}}),
            "model_rate_limited", True, 3.0,
        ),
        (_Said(response={"Error": {"Code": "ModelStreamErrorException", "Message": "Broken"}}),
         "model_failed", True, 0.0),
        (_Said(response={"Error": {"Code": "AccessDeniedException", "Message": "No"}}),
         "model_key_refused", False, 0.0),
        (_Said(response={"Error": {"Code": "ValidationException", "Message": "Input is too long for it"}}),
         "context_too_long", False, 0.0),
        (_Said(code=429, details={"error": {"message": "You exceeded your current quota, see billing",
                                            "status": "RESOURCE_EXHAUSTED", "details": [{"retryDelay": "9s"}]}}),
         "model_rate_limited", True, 9.0),
        (_Said(code=400, details={"error": {"message": "API key not valid.", "status": "INVALID_ARGUMENT"}}),
         "model_key_refused", False, 0.0),
        (_Said(status_code=200, body={"type": "error", "error": {"type": "overloaded_error", "message": "Busy"}}),
         "model_failed", True, 0.0),
        (_Said(status_code=-1, error="the model runner has stopped"), "model_bad_reply", False, 0.0),
        (_Said(status_code=429, body={"message": "Rate limit reached. Add a payment method under billing.",
                                      "code": "rate_limit_exceeded"}), "model_rate_limited", True, 0.0),
        (_Said(status_code=429, body={"message": "Your credit balance is too low"}),
         "model_quota_spent", False, 0.0),
    ],
)  # fmt: skip
def test_what_an_exception_means_whatever_sdk_it_is_of(
    error: Exception, code: str, retry: bool, wait_s: float
) -> None:
    fault = explain(error)
    assert (fault.code, fault.retry, fault.retry_after_s) == (code, retry, wait_s)


def test_a_key_is_taken_out_before_a_message_is_cut() -> None:
    """Half a key at the end of a long message would be no key that anybody looks for."""
    for before in range(270, 301):
        said = explain(
            _Said(status_code=400, body={"message": "x" * before + " " + CANARY}), [CANARY]
        ).message
        assert CANARY[:6] not in said


# ---- weights of one's own ----------------------------------------------------------------------------------


def test_a_model_in_this_process_writes_counts_and_stops(tmp_path: Path) -> None:
    folder = make_tiny_chat_model(tmp_path / "model")
    own = {"provider": "transformers", "model": str(folder), "hosting": "local"}
    models = Models({"brief": own | {"max_output_tokens": 12}, "long": own | {"max_output_tokens": 3000}})
    *deltas, finish = models.open("brief").stream(ASKED)
    assert isinstance(finish, Finish)
    assert (finish.reason, finish.output_tokens) == ("length", 12)
    assert finish.input_tokens
    assert len(deltas) > 1
    whole = models.open("brief").chat().invoke([("human", "Hello")])
    assert whole.response_metadata["finish_reason"] == "length"
    with closing(models.open("long").stream(ASKED)) as stream:
        assert isinstance(next(stream), Delta)
    for thread in threading.enumerate():
        if thread.name == "vouch-local-model":
            thread.join(10)
            assert not thread.is_alive()
    models.close()


def test_a_model_that_is_not_on_this_machine_is_not_fetched(tmp_path: Path) -> None:
    own = {"provider": "transformers"}
    models = Models({"hub": own | {"model": "nobody/nothing"}, "folder": own | {"model": str(tmp_path)}})
    for name, words in (("hub", "hf download nobody/nothing"), ("folder", "folder")):
        with pytest.raises(VouchError) as caught:
            models.open(name).chat()
        assert words in caught.value.hint
        assert str(tmp_path) not in caught.value.message + caught.value.hint


def test_nothing_is_left_to_close_where_nothing_was_asked() -> None:
    from rag.models.providers import hang_up

    asyncio.run(hang_up(None))
