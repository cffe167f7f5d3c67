"""The words of a question that carry its meaning."""

from __future__ import annotations

import pytest

from rag.words.terms import coverage, stems, weights


@pytest.mark.parametrize("asked", ["2025年の夏季休業はいつですか", "令和7年の夏季休業はいつですか"])
def test_a_year_of_a_japanese_era_is_the_common_one(asked: str) -> None:
    wanted = weights(asked)
    told = [stems(text) for text in ("令和７年の夏季休業は8月です", "2025年の夏季休業は8月です")]
    other = [stems(text) for text in ("令和6年の夏季休業は8月です", "2024年の夏季休業は8月です")]
    assert min(coverage(wanted, one) for one in told) > max(coverage(wanted, one) for one in other) + 0.2


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("How long must a password be?", {"password"}),
        ("How long does a repair take?", {"repair"}),
        ("How soon and how far may I go?", {"go"}),
        ("Is the long way taken?", {"long", "way", "take"}),
    ],
)
def test_words_that_only_ask_how_long_say_nothing_of_what_is_asked(question: str, asked: set[str]) -> None:
    assert weights(question).keys() == asked


@pytest.mark.parametrize("asked", ["何日", "何年間", "いくら", "どこ", "何か月", "誰", "いつ", "どのくらい"])
@pytest.mark.parametrize(("before", "behind"), [("休暇", "取得"), ("工場", "勤務")])
def test_a_word_that_only_asks_makes_no_words_with_its_neighbours(
    asked: str, before: str, behind: str
) -> None:
    assert weights(f"{before}{asked}{behind}").keys() == {before, behind}


def test_a_word_that_is_written_like_one_that_asks_is_kept() -> None:
    assert {"幾何", "公差"} <= weights("幾何公差の表し方").keys()


_ONE_AMOUNT = ("1,234,500円", "123万4500円", "１２３万４，５００円", "百二十三万四千五百円")


@pytest.mark.parametrize("asked", _ONE_AMOUNT)
@pytest.mark.parametrize("told", _ONE_AMOUNT)
def test_an_amount_is_spoken_of_however_it_is_written(asked: str, told: str) -> None:
    wanted = weights(f"{asked}の機械は何ですか")
    other = stems("成形機は1,934,000円である")
    assert coverage(wanted, stems(f"成形機は{told}である")) > coverage(wanted, other) + 0.2
