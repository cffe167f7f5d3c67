"""Who asks for a difference hears of both things, and of what differs rather than that something does."""

from __future__ import annotations

import pytest

from rag.reading.sides import compares, only_announces, sides
from tests.rag.readings import answered


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("What is the difference between plan Alpha and plan Beta?", ({"alpha"}, {"beta"})),
        ("How does Alpha differ from Beta?", ({"alpha"}, {"beta"})),
        ("Compare the notice in Leeds and Brno.", ({"notic", "leed"}, {"brno"})),
        ("Alpha vs. Beta", ({"alpha"}, {"beta"})),
        ("What is the difference between Alpha and Alpha?", None),
        ("Between Leeds and Brno, how long is the flight?", None),
        ("What differs?", None),
        ("E-4032とE-4058の違いは何ですか。", ({"e4032", "4032"}, {"e4058", "4058"})),
        ("有給休暇と病気休暇はどう違いますか。", ({"有給", "給休"}, {"病気", "気休"})),
        ("製品との違いは？", None),
        ("Which pump is heavier, the AQ-300 or the AQ-500?", ({"aq300"}, {"aq500"})),
        ("AQ-300とAQ-500ではどちらが重いですか", ({"aq300"}, {"aq500"})),
        ("How did the headcount change from Q1 to Q2?", ({"q1"}, {"q2"})),
        ("Which day is better for a visit?", None),
    ],
)
def test_the_two_things_are_told_apart(question: str, found: tuple[set[str], set[str]] | None) -> None:
    said = sides(question)
    if found is None:
        assert said is None
    else:
        assert said is not None
        assert [set(side) >= own for side, own in zip(said, found, strict=True)] == [True, True]


def test_both_are_heard_and_what_only_announces_is_not() -> None:
    said = answered(
        "What is the difference between plan Alpha and plan Beta?",
        "…  It is important to understand the differences between plan Alpha and plan Beta.",
        "…  Plan Alpha pays for glasses. Plan Alpha pays for teeth. Plan Alpha pays for shoes. "
        "Plan Alpha pays for a cane. Plan Alpha pays for a chair.",
        "…  Beta pays for hospitals alone.",
    )
    assert "important" not in said
    assert "Plan Alpha pays for glasses." in said
    assert "Beta pays for hospitals alone." in said


def test_a_sentence_that_only_announces_is_better_than_none() -> None:
    told = "It is important to understand the differences between Alpha and Beta."
    assert told in answered("What is the difference between Alpha and Beta?", f"…  {told}")


def test_both_are_heard_in_japanese() -> None:
    said = answered(
        "国内出張と海外出張の日当の違いは？",
        "…  国内出張の日当は3,000円とする。国内出張の日当は現金で払う。国内出張の日当は翌月に払う。"
        "国内出張の日当は課税されない。国内出張の日当は部長が認める。",
        "…  海外へは1日5,000円を払う。",
    )
    assert "5,000円" in said


def test_other_questions_lose_no_word() -> None:
    assert not compares("Is there a difference in price?")
    assert not only_announces("The differences are small: Alpha pays more.")
