"""``vouch models``: which can be asked, what is known of them, whether they work."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rag.cli.failures import ExitCode
from rag.models.cards import ModelCard, Wanted
from tests.rag.cli_runs import Vouch, company, scripted, vouch
from tests.rag.scripted import Turn, refusal

__all__ = ["company", "scripted", "vouch"]

QUESTION = "How many days of annual leave move into the next year?"


def test_models_are_listed_filtered_and_shown(vouch: Vouch, scripted: Any) -> None:
    scripted(Turn())
    listed = vouch("models").out
    assert "extractive *" in listed
    assert "own" in listed
    assert vouch("models", "list").out == listed
    cheap = vouch("models", "--provider", "openai", "--task", "chat", "--price", "10", "--json").json[
        "models"
    ]
    assert cheap
    assert all(one["provider"] == "openai" and one["price_output_usd"] <= 10 for one in cheap)
    rerankers = vouch("models", "--task", "reranking", "--open", "--licence", "apache", "--json").json[
        "models"
    ]
    assert "bge-reranker-v2-m3" in {one["name"] for one in rerankers}
    closed = vouch("models", "--proprietary", "--json").json["models"]
    assert {one["open_weights"] for one in closed} == {False}
    assert vouch("models", "--open", "--proprietary").code == ExitCode.USAGE
    assert vouch("models", "extractive").code == ExitCode.USAGE
    shown = vouch("models", "show", "extractive")
    assert "nothing leaves the machine" in shown.out
    assert vouch("models", "show", "extractive", "--json").json["languages"] == ["en", "ja"]
    assert "genai-prices" in vouch("models", "show", "openai:gpt-4o-mini").out


def test_what_is_not_known_of_a_model_is_not_promised() -> None:
    card = ModelCard(name="Big-One", provider="openai", model="big-1", family="Big")
    assert Wanted().suits(card)
    assert Wanted(find="big-one").suits(card)
    for asked in (
        Wanted(language="en"), Wanted(open_weights=True), Wanted(open_weights=False), Wanted(price_usd=5.0),
        Wanted(licence="MIT"), Wanted(find="small"), Wanted(task="embedding"),
    ):  # fmt: skip
        assert not asked.suits(card)
    reads = card.model_copy(update={"task": "embedding", "price_input_usd": 0.1})
    assert Wanted(price_usd=0.2).suits(reads)
    assert not Wanted(price_usd=0.05).suits(reads)


def test_a_check_says_what_works_and_its_exit_code_whether_all_does(vouch: Vouch, scripted: Any) -> None:
    scripted(Turn(texts=["one ", "two"], input_tokens=40))
    ended = vouch("models", "check", "own", "--json")
    assert ended.code == 0
    states = {one["what"]: one["state"] for one in ended.json["findings"]}
    assert states == {
        "set up": "works", "answer": "works", "streaming": "works", "usage": "works", "context window": "unknown"
    }  # fmt: skip
    shown = vouch("models", "check", "own").out
    assert "40 tokens read, 2 written" in shown
    assert "key is accepted" not in shown  # none was sent


def test_an_unknown_provider_is_told_from_one_without_models(vouch: Vouch) -> None:
    ended = vouch("models", "--provider", "nope")
    assert ended.code == ExitCode.USAGE
    assert "mistral" in ended.err


@pytest.mark.parametrize(
    ("turn", "what"),
    [(refusal(401, "sk-canary-0123456789abcdef is no key"), "model_key_refused"),
     (Turn(texts=["one "], finish=""), "model_cut_off")],
)  # fmt: skip
def test_a_check_of_what_does_not_work_ends_with_six(
    vouch: Vouch, scripted: Any, turn: Turn, what: str
) -> None:
    scripted(turn)
    ended = vouch("models", "check", "own", "--json")
    assert ended.code == ExitCode.MODEL
    assert not ended.json["works"]
    assert ended.json["findings"][-1]["code"] == what
    assert "canary" not in ended.out + ended.err


def test_a_check_compares_the_window_with_what_the_server_states(
    vouch: Vouch, scripted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = scripted(Turn(texts=["one ", "two"]))
    server.models = [
        {"id": "scripted", "object": "model", "created": 0, "owned_by": "us", "max_model_len": 4096}
    ]
    found = vouch("models", "check", "own", "--json")
    assert found.code == ExitCode.MODEL  # 8,192 tokens are assumed where none are set
    assert found.json["findings"][-1]["hint"] == "Set context_window = 4096 for this model."
    server.models[0]["max_model_len"] = 32_768
    assert vouch("models", "check", "own").code == 0


def test_what_a_model_was_measured_at_is_shown_with_it(vouch: Vouch, scripted: Any, tmp_path: Path) -> None:
    scripted(Turn(texts=["Up to five days of annual leave move into the next year. [1]"], input_tokens=400))
    questions = tmp_path / "questions.jsonl"
    rows = [
        {"id": "a", "question": QUESTION, "answer": "five days",
         "gold": [{"document": "hr/leave.md", "text": "Up to five days of annual leave move into the next year."}]},
        {"id": "b", "question": "Which yacht did the chairman paint in Monaco?"},
    ]  # fmt: skip
    questions.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    ended = vouch("eval", questions, "--model", "own", "--model", "extractive", "--json")
    assert ended.code == 0, ended.err
    own = ended.json["answers"]["own"]
    assert (own["questions"], own["answerable"], own["unanswerable"]) == ("questions.jsonl", 1, 1)
    assert (own["cited"], own["holds_answer"], own["refused"], own["abstained"]) == (1.0, 1.0, 0.0, 1.0)
    assert (own["input_tokens"], own["cost_usd"]) == (400.0, None)  # nobody said what it costs
    assert ended.json["answers"]["extractive"]["cost_usd"] == 0.0
    assert vouch("models", "show", "own", "--json").json["measured"] == [own]
    assert "measured here" in vouch("models", "show", "own").out
    again = vouch("eval", questions, "--model", "own", "-q")
    assert "own" in again.out
    assert len(vouch("models", "show", "own", "--json").json["measured"]) == 1
    assert vouch("eval", questions, "--model", "no-such").code == ExitCode.NOT_FOUND
