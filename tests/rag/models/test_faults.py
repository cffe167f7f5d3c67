"""A provider on its bad days, as the service's callers see them: both routes, streamed and whole, over real sockets.

What one call does is in ``test_upstream``, what is particular to a provider in ``test_providers``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tests.rag.behind import LONG_S, WORDS, Behind, Way
from tests.rag.company import MARKED
from tests.rag.scripted import Dialect, Turn, refusal


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
