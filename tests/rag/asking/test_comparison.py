"""The same question in several ways: what arms share, and what one that fails leaves to the others."""

from __future__ import annotations

import json

import pytest

from corpus.errors import UsageError
from rag.asking.comparison import Arm, compare
from rag.models.catalogue import Models
from tests.rag.asked import QUESTION, Begin
from tests.rag.hits import Shelf
from tests.rag.scripted import ScriptedServer, Turn, refusal


def test_arms_with_the_same_retrieval_rest_on_the_same_passages(shelf: Shelf, scripted: Begin) -> None:
    models = scripted(Turn(texts=["Serviced every 400 hours of work [1]. The moon is made of cheese."]))
    arms = [Arm("own"), Arm("extractive"), Arm("own", retrieval=False), Arm("own", k=1)]
    compared = compare(QUESTION, shelf, models, arms)
    assert shelf.searches == [(QUESTION, 8), (QUESTION, 1)]
    assert [one.arm for one in compared.arms] == arms
    answers = [one.answer for one in compared.arms]
    assert all(one is not None for one in answers)
    assert answers[0].passages == answers[1].passages
    assert len(answers[3].passages) == 1
    assert answers[0].support == 0.5
    assert answers[1].support == 1
    assert answers[2].passages == ()
    assert answers[2].support == 0
    assert all(one.usage.output_tokens and one.timings_ms["total"] > 0 for one in answers)


def test_by_default_the_chosen_model_with_and_without_retrieval(shelf: Shelf, models: Models) -> None:
    compared = compare(QUESTION, shelf, models)
    assert [(one.arm.model, one.arm.retrieval) for one in compared.arms] == [
        ("extractive", True),
        ("extractive", False),
    ]
    assert any("knows nothing" in note for note in compared.notes)


def test_strategies_do_not_change_the_built_in_model_and_that_is_said(shelf: Shelf, models: Models) -> None:
    compared = compare(QUESTION, shelf, models, [Arm(strategy="zero-shot"), Arm(strategy="few-shot")])
    assert compared.arms[0].answer.text == compared.arms[1].answer.text
    assert any("every strategy" in note for note in compared.notes)


def test_an_arm_that_fails_does_not_take_the_others_along(shelf: Shelf, scripted: Begin) -> None:
    compared = compare(QUESTION, shelf, scripted(refusal(401, "no")), [Arm("own"), Arm("extractive")])
    failed = compared.arms[0].answer
    assert (failed.id, failed.text, failed.failure.code) == ("", "", "model_key_refused")
    assert compared.arms[1].answer.complete


@pytest.mark.parametrize("wrong", [Arm("text-embedding-3-small"), Arm(strategy="psychic"), Arm(k=51)])
def test_an_arm_that_cannot_be_asked_is_refused_before_any_other_is(
    shelf: Shelf, scripted: Begin, wrong: Arm
) -> None:
    models = scripted(Turn(texts=["Never asked."]))
    with pytest.raises(UsageError):
        compare(QUESTION, shelf, models, [Arm("own"), wrong])
    assert shelf.searches == []


@pytest.mark.parametrize("arms", [[], [Arm()] * 9])
def test_a_comparison_has_one_to_eight_arms(shelf: Shelf, models: Models, arms: list[Arm]) -> None:
    with pytest.raises(UsageError):
        compare(QUESTION, shelf, models, arms)


def test_a_model_is_asked_the_same_with_the_same_parameters(shelf: Shelf) -> None:
    with ScriptedServer([Turn(texts=["Every 400 hours [1]."])]) as server:
        table = {
            "provider": "openai-compatible",
            "model": "m",
            "base_url": server.base_url,
            "temperature": 0.5,
        }
        own = Models({"own": table}, "own")
        compare(QUESTION, shelf, own)
        own.close()
    with_, without = server.requests
    assert {key: value for key, value in with_.items() if key != "messages"} == {
        key: value for key, value in without.items() if key != "messages"
    }
    assert "400 hours" in json.dumps(with_["messages"])
    assert "400 hours" not in json.dumps(without["messages"])
