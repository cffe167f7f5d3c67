"""The catalogue is sane, and a model that cannot be had says what to do."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest

from corpus.errors import ModelError, NotFoundError, UsageError
from rag.models.cards import EXTRACTIVE, Wanted, shipped_cards
from rag.models.catalogue import Models
from rag.models.credentials import key_of
from rag.models.faults import explain
from rag.models.replies import piece_of
from rag.prompts.prompting import ESTIMATE

CARDS = [card for card in shipped_cards() if card.name != EXTRACTIVE]


def test_a_dozen_chat_models_and_embedding_models_are_known() -> None:
    assert len([card for card in CARDS if card.task == "chat"]) >= 12
    assert len([card for card in CARDS if card.task == "embedding"]) >= 3
    assert len([card for card in CARDS if card.task == "reranking"]) >= 2
    assert len({card.name for card in shipped_cards()}) == len(shipped_cards())


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_every_fact_has_a_source_and_a_date(card) -> None:
    told = {fact for source in card.sources for fact in source.facts}
    for name, value in card.model_dump(exclude_defaults=True).items():
        if name not in ("name", "provider", "model", "sources", "price_note"):
            assert value in ("service", None) or name in told, name
    for source in card.sources:
        assert source.source
        month_alone = len(source.as_of) == len("2025-04")  # all that some sources tell
        day = f"{source.as_of}-01" if month_alone else source.as_of
        assert datetime.date.fromisoformat(day) <= datetime.date(2100, 1, 1)


def test_models_that_speak_japanese_are_found_for_each_task() -> None:
    wanted = Wanted(language="ja")
    assert {card.task for card in CARDS if wanted.suits(card)} == {"chat", "embedding", "reranking"}


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_the_figures_of_a_card_are_possible(card) -> None:
    least = 1024 if card.task == "chat" else 64  # what an embedder reads at a time is a passage
    assert card.context_window is None or least <= card.context_window <= 20_000_000
    if card.task == "chat":
        assert card.max_output_tokens is None or 0 < card.max_output_tokens <= card.context_window
    if card.price_input_usd is not None:
        assert 0 < card.price_input_usd < 1000
        assert card.price_output_usd is None or card.price_output_usd >= card.price_input_usd
    assert card.hosting == ("local" if card.provider in ("ollama", "transformers") else "service")
    assert card.data_protection


def test_the_built_in_model_is_the_default_and_opens_without_anything(models: Models) -> None:
    assert models.card().name == EXTRACTIVE
    assert models.open().budget.prompt > 900_000
    assert next(card.name for card in models.cards()) == EXTRACTIVE


def test_an_unknown_model_names_its_neighbours(models: Models) -> None:
    with pytest.raises(NotFoundError) as caught:
        models.open("gpt")
    assert caught.value.code == "model_unknown"
    assert "gpt-4o-mini" in caught.value.hint


def test_an_embedding_model_does_not_answer(models: Models) -> None:
    with pytest.raises(UsageError) as caught:
        models.open("text-embedding-3-small")
    assert caught.value.code == "model_not_chat"


def test_a_missing_key_names_its_variable(models: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(ModelError) as caught:
        models.open("gpt-4o-mini").chat()
    assert caught.value.code == "model_no_key"
    assert "OPENAI_API_KEY" in caught.value.message


def test_a_missing_package_names_the_command(models: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModelError) as caught:
        models.open("claude-haiku-4-5").chat()
    assert caught.value.code == "model_not_installed"
    assert "pip install" in caught.value.hint


def test_the_default_may_be_any_model_of_a_provider() -> None:
    own = Models(default="openai:gpt-unheard-of")
    assert own.card().model == "gpt-unheard-of"
    own.close()
    with pytest.raises(UsageError):
        Models(default="nobody:nothing")


def test_any_model_of_a_provider_may_be_asked_for_but_is_not_listed(models: Models) -> None:
    assert models.card("openai:gpt-unheard-of").model == "gpt-unheard-of"
    assert models.open("openai:gpt-4o-mini").card.context_window == models.card("gpt-4o-mini").context_window
    assert {"openai:gpt-unheard-of", "openai:gpt-4o-mini"}.isdisjoint(card.name for card in models.cards())
    for unknown in ("openai:", "nobody:nothing", "gpt-unheard-of"):
        with pytest.raises(NotFoundError):
            models.card(unknown)
    with pytest.raises(NotFoundError):
        models.card("openai:gpt-unheard-of", listed=True)
    assert models.card("gpt-4o-mini", listed=True).provider == "openai"


@pytest.mark.parametrize(
    "table",
    [{}, {"provider": "openai"}, {"provider": "x", "model": "m"},
     {"provider": "openai", "model": "m", "api_key": "sk-1"},
     {"provider": "openai", "model": "m", "total_s": -1}],
)  # fmt: skip
def test_a_bad_table_is_refused_by_name(table: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"models\.mine"):
        Models({"mine": table})


def test_a_key_may_stand_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("secret\n", encoding="utf-8")
    own = Models(
        {
            "mine": {
                "provider": "openai-compatible",
                "model": "m",
                "base_url": "http://127.0.0.1:9/v1",
                "api_key_file": str(path),
            }
        }
    )
    assert key_of("mine", own._own["mine"]) == "secret"
    own.close()
    with pytest.raises(ModelError, match="key file of mine") as caught:
        key_of("mine", own._own["mine"].model_copy(update={"api_key_file": str(tmp_path / "none")}))
    assert str(tmp_path) not in caught.value.message + caught.value.hint
    assert "[models.mine]" in caught.value.hint


def test_a_tokenizer_is_named_without_its_folder(tmp_path: Path) -> None:
    own = Models({"mine": {"provider": "ollama", "model": "m", "tokenizer": str(tmp_path / "own.json")}})
    with pytest.raises(UsageError, match=r"own\.json") as caught:
        own.open("mine")
    own.close()
    assert str(tmp_path) not in caught.value.message + caught.value.hint


def test_the_sdks_own_retries_and_clocks_are_off() -> None:
    own = Models(
        {
            "mine": {
                "provider": "openai-compatible",
                "model": "m",
                "base_url": "http://127.0.0.1:9/v1",
                "connect_s": 2.0,
            }
        }
    )
    chat = own.open("mine").chat()
    own.close()
    assert chat.max_retries == 0
    assert chat.request_timeout.connect == 2.0
    assert chat.request_timeout.read is None


def test_a_model_without_a_known_window_has_a_small_one() -> None:
    own = Models({"mine": {"provider": "ollama", "model": "m"}})
    budget = own.open("mine").budget
    assert (budget.window, budget.output, budget.counter) == (8192, 1024, ESTIMATE)
    own.close()


def test_an_openai_compatible_model_needs_an_address() -> None:
    own = Models({"mine": {"provider": "openai-compatible", "model": "m"}})
    with pytest.raises(UsageError, match="base_url"):
        own.open("mine").chat()
    own.close()


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [({"finish_reason": "stop"}, "stop"), ({"stop_reason": "end_turn"}, "stop"),
     ({"stopReason": "max_tokens"}, "length"), ({"done_reason": "load"}, "load"),
     ({"finish_reason": "SAFETY"}, "content_filter"),
     ({}, "")],
)  # fmt: skip
def test_every_vendors_end_has_one_name(metadata: dict[str, str], reason: str) -> None:
    from langchain_core.messages import AIMessageChunk

    assert piece_of(AIMessageChunk(content="", response_metadata=metadata)).finish == reason


def test_an_exception_of_no_sdk_is_a_reply_that_cannot_be_read() -> None:
    assert explain(KeyError("choices")).code == "model_bad_reply"
    assert explain(json.JSONDecodeError("no", "doc", 0)).code == "model_bad_reply"
    assert explain(ConnectionError()).code == "model_unreachable"
