"""Numbers, dates, times, amounts and codes in one spelling, in English and Japanese."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.words.figures import borne_out, figures, is_numbering, same


@pytest.mark.parametrize(
    "spellings",
    [
        "1,000|1000|１，０００|１０００|1000.0",
        "12 March 2025|12th of March, 2025|March 12, 2025|Mar. 12, 2025|2025-03-12|2025/3/12|2025.3.12|12/3/2025"
        "|2025年3月12日|２０２５年３月１２日|令和7年3月12日|令和七年三月十二日|二〇二五年三月十二日",
        "March 2025|2025年3月|令和七年三月",
        "12 March|March 12th|3月12日|三月十二日",
        "2025|2025年|2025年度|FY2025|令和7年度",
        "5 pm|5 p.m.|17:00|17時|午後5時|午後五時",
        "9:30|09:30|9時30分|9時半|午前9時半|9.30 am",
        "60 minutes|1 hour|one hour|60分|1時間|一時間",
        "14 days|2 weeks|two weeks|fourteen days|14日間|2週間|14 working days",
        "6,000 hours|6,000 operating hours|6,000 engine hours|6,000時間",
        "12 months|one year|a one-year|12か月|12ヶ月|十二か月|一年間",
        "50%|50 %|50 percent|50 per cent|５０％|50パーセント|5割|五割",
        "35 %|3割5分",
        "£185|185 pounds|185 GBP|GBP 185|185ポンド",
        "3,000円|¥3,000|￥3000|3千円|三千円|3,000 yen|JPY 3000",
        "1億2,000万円|120,000,000円|¥120 million|120百万円",
        "$1.5 million|$1,500,000|150万ドル|USD 1.5m",
        "45p|£0.45|45 pence",
        "25 people|twenty-five people|25人|二十五名|25 employees",
        "E-4032|e4032|E4032|Ｅ－４０３２",
        "-20 °C|minus 20 degrees|マイナス20度|−20℃",
        "2 kg|2,000 g|2キログラム",
    ],
)
def test_spellings_of_one_figure_are_the_same(spellings: str) -> None:
    found = [figures(text)[-1] for text in spellings.split("|")]
    assert all(same(found[0], one) for one in found), [(one.text, one.key) for one in found]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("5 days", "5 weeks"), ("5 %", "£5"), ("$5", "€5"), ("20 °C", "-20 °C"), ("5 million", "5 billion"),
        ("12 March 2025", "12 March 2024"), ("12 March", "12 May"), ("5 pm", "5 am"), ("E-4032", "E-4058"),
        ("E-4032", "4032"), ("31 September 2025", "30 September 2025"), ("5万円", "5千円"), ("3か月", "3年"),
        ("25:00", "5:00"),
    ],
)  # fmt: skip
def test_other_figures_are_not(one: str, other: str) -> None:
    assert not same(figures(one)[0], figures(other)[0])


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("十分な時間をとる。四半期の一般的な統一見解。万一の場合。", []),
        ("二三日のうちに、一部の", []),
        ("a common one-off anyone none", ["one"]),
        ("10–15 %", ["10", "15 %"]),
        ("London | £185", ["£185"]),
        ("a box of 12, 3 of them 4.5 kg", ["12", "3", "4.5 kg"]),
        ("第十五条、3年以上4年未満", ["十五条", "3年", "4年"]),
        ("They may march on the second of the 3rd.", ["3rd"]),
        ("v2.4.1 of QP-07", ["v2.4.1", "QP-07"]),
    ],
)
def test_what_counts_as_a_figure(text: str, read: list[str]) -> None:
    found = [one.text for one in figures(text)]
    assert found == read


def test_the_full_stop_behind_a_date_is_no_part_of_it() -> None:
    for text, date in (
        ("It moves on 9 March.", "9 March"),
        ("due on 3 May.", "3 May"),
        ("on 9 Mar. at", "9 Mar."),
    ):
        (found,) = figures(text)
        assert text[found.start : found.end] == date


def test_an_ambiguous_date_is_either() -> None:
    (date,) = figures("03/04/2025")
    assert same(date, figures("3 April 2025")[0])
    assert same(date, figures("March 4, 2025")[0])
    assert not same(date, figures("5 April 2025")[0])


@pytest.mark.parametrize(
    ("claimed", "present", "good"),
    [
        ("March 2025", "on 12 March 2025", True),
        ("12 March 2025", "in March 2025", False),
        ("12 March 2025", "12 March, in the budget of 2025", True),
        ("26 days", "Days | 26", True),
        ("26 days", "26 weeks", False),
        ("2025年3月12日", "12 March 2025", True),
    ],
)
def test_what_bears_a_figure_out(claimed: str, present: str, good: bool) -> None:
    assert borne_out(figures(claimed)[0], figures(present)) == good


@given(st.text(max_size=80) | st.text("0123456789.,:-/ 年月日時分割万円%£$apm", max_size=40))
def test_figures_of_any_text_stand_there(text: str) -> None:
    found = figures(text)
    assert all(text[one.start : one.end] == one.text and one.value for one in found)
    assert all(before.end <= after.start for before, after in itertools.pairwise(found))
    assert all(same(one, one) for one in found)


@pytest.mark.parametrize(
    ("text", "numbering"),
    [
        ("第13条　夏季休暇は5日とする。", ["13条"]),
        ("第十三条 休暇は五日", ["十三条"]),
        ("Section 4 allows 5 days.", ["4"]),
        ("§ 12.4 Claims are sent within 14 days.", ["12.4"]),
        ("3.2 Leave is 25 days.", ["3.2"]),
        ("3. Leave is 25 days.", ["3"]),
        ("25 days are given to 12 employees.", []),
        ("3.5 | 4.5", []),
        ("13条の規定による。", []),
    ],
)
def test_numbers_of_parts_of_a_document_are_told_from_what_it_says(text: str, numbering: list[str]) -> None:
    assert [one.text for one in figures(text) if is_numbering(text, one)] == numbering
