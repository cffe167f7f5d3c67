"""A server that reads a part of the prompt and says nothing is found out, and an honest one is not accused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.asking.answering import answer_events
from rag.asking.answers import Ask, Done
from rag.models.catalogue import Models
from rag.models.truncation import cut_note, least_tokens
from rag.prompts.prompting import (
    ESTIMATE,
    NOT_IN_DOCUMENTS,
    Budget,
    Prompt,
    TokenCounter,
    build_prompt,
    estimate_tokens,
)
from rag.wire import event_json
from tests.make_tiny_model import _english_tokenizer, _multilingual_tokenizer
from tests.rag.hits import Shelf
from tests.rag.models.dialects import DIALECTS, table
from tests.rag.scripted import ScriptedServer, Turn

ENGLISH = "The Osprey pump must be serviced every 400 hours of work, by whoever runs it. "
JAPANESE = "ポンプは四百時間ごとに点検しなければならない。点検は担当者が行う。"
ASKED = {ENGLISH: "How often is the Osprey pump serviced?", JAPANESE: "ポンプは何時間ごとに点検しますか"}


def _shelf(text: str) -> Shelf:
    return Shelf({f"{n}.txt": f"…  {text * 12}" for n in range(8)}, cosine=0.9)


def _prompt(text: str, counter: TokenCounter = ESTIMATE, window: int = 200_000) -> Prompt:
    return build_prompt(ASKED[text], _shelf(text).hits(), Budget(window, 100, counter))


ENGLISH_TOKENIZER, JAPANESE_TOKENIZER = _english_tokenizer()[0], _multilingual_tokenizer()[0]


@given(st.text("abcXYZ 0123456789.,-", max_size=200), st.text("時間休暇のはをアイウー、。 ", max_size=200))
def test_no_tokenizer_counts_less_than_the_least(english: str, japanese: str) -> None:
    for own, text in ((ENGLISH_TOKENIZER, english), (JAPANESE_TOKENIZER, japanese)):
        assert least_tokens(text) <= len(own.encode(text, add_special_tokens=False).ids)
        assert least_tokens(text) <= estimate_tokens(text)
    assert least_tokens(f"{english}\n{japanese}") <= estimate_tokens(f"{english}\n{japanese}")


@pytest.mark.parametrize("text", ASKED)
def test_what_honest_servers_count_is_no_cut(text: str) -> None:
    """From a vocabulary that is better than any, four kana to a token, to the pessimistic estimate and beyond."""
    prompt = _prompt(text)
    said = "".join(message.text for message in prompt.messages)
    dense = sum(map(least_tokens, said.splitlines()))
    for read in (None, 0, dense, prompt.tokens - 1, prompt.tokens, prompt.tokens * 2):
        assert cut_note(prompt, read) == ""
    for window in (4096, 8192):  # it filled its window, and that was all there was
        exact = _prompt(text, window=window + 100)
        assert exact.tokens <= window
        assert cut_note(exact, window) == ""


@pytest.mark.parametrize("text", ASKED)
@pytest.mark.parametrize("window", [2048, 2047])
def test_a_full_window_or_too_few_tokens_is_a_cut(text: str, window: int) -> None:
    prompt = _prompt(text)
    assert prompt.tokens > 2048 * 1.1
    assert str(window) in cut_note(prompt, window)
    assert cut_note(prompt, 300)


@pytest.mark.parametrize(
    ("hits", "tokens", "read"), [(3, 1400, 1024), (3, 1400, 1023), (6, 2150, 2048), (6, 2150, 2047)]
)
def test_a_count_beside_a_power_of_two_alone_is_no_cut(hits: int, tokens: int, read: int) -> None:
    shown = _shelf(ENGLISH).hits()[:hits]
    prompt = build_prompt(ASKED[ENGLISH], shown, Budget(200_000, 100, ESTIMATE))
    assert cut_note(replace(prompt, tokens=tokens), read) == ""


def test_a_models_own_tokenizer_knows_better() -> None:
    own = TokenCounter(lambda text: len(text.split()) * 3, "counted with tokenizer.json")
    prompt = _prompt(ENGLISH, own)
    read = int(prompt.tokens * 0.8)
    assert cut_note(prompt, read)
    assert not cut_note(_prompt(ENGLISH), read)
    assert not cut_note(prompt, int(prompt.tokens * 0.95))


def test_what_lies_in_a_servers_cache_is_no_cut() -> None:
    """All that two prompts share stands before the first mark."""
    prompt = _prompt(ENGLISH)
    other = _prompt(ENGLISH)
    one, two = prompt.messages[0].text, other.messages[0].text
    same = next(n for n in range(len(one)) if one[n] != two[n])
    assert same <= one.index(prompt.mark) + 11
    said = [one[: one.index(prompt.mark)], *(message.text for message in prompt.messages)]
    least = sum(map(least_tokens, said[1:])) - least_tokens(said[0])
    assert cut_note(prompt, least) == ""
    assert cut_note(prompt, least - 1)


@pytest.mark.parametrize("text", ASKED)
@pytest.mark.parametrize("provider", ["ollama", "openai-compatible"])
def test_an_answer_from_a_part_of_the_prompt_says_so(provider: str, text: str) -> None:
    turns = [
        Turn(texts=["400 [1]."], input_tokens=2048),
        Turn(texts=[NOT_IN_DOCUMENTS], input_tokens=300),
        Turn(texts=["400 [1]."]),
        Turn(texts=["400 [1]."], usage=False, input_tokens=0),
    ]
    with ScriptedServer(turns, DIALECTS[provider]) as server:
        models = Models(
            {"own": table(provider, server.base_url) | {"context_window": 16_384, "api_key_env": ""}}, "own"
        )
        told = [list(answer_events(Ask(ASKED[text]), _shelf(text), models))[-1] for _ in turns]
        models.close()
    codes = [[note.code for note in one.answer.notes] for one in told if isinstance(one, Done)]
    assert ["prompt_cut" in one for one in codes] == [True, True, False, False]
    assert "model_abstained" in codes[1]
    (_, last) = list(event_json(told[0]))[-1]
    assert "prompt_cut" in [note["code"] for note in last["notes"]]
