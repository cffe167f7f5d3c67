"""Amounts with 万 and 億, or in kanji, are the plain numbers that they say, and nothing else is one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.language import fold
from corpus.language.amounts import amounts
from corpus.language.kanji import read_kanji
from corpus.lexical.analysis import passage_tokens, query_tokens


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("123万4500円", 1_234_500),
        ("123万4,500円", 1_234_500),
        ("1億2,000万円", 120_000_000),
        ("3.5億円", 350_000_000),
        ("5千円", 5_000),
        ("3万5千円", 35_000),
        ("12百万円", 12_000_000),
        ("1,200万人", 12_000_000),
        ("2兆3億4万5", 2_000_300_040_005),
        ("年間10万円まで", 100_000),
        ("一億二千万円", 120_000_000),
        ("日当は三千円とする", 3_000),
        ("金一千二百円", 1_200),
        ("参加費は千円", 1_000),
        ("二五〇〇円", 2_500),
        ("金一円也、または1株", 1),
    ],
)
def test_an_amount_is_the_number_that_it_says(text: str, value: int) -> None:
    assert [found for _, _, found in amounts(fold(text))] == [value]


@pytest.mark.parametrize(
    "text",
    [
        "万一",
        "1234円",
        "0.00001万円",
        "3万5億円",
        "5万5万円",
        "1万20000円",
        "1.5.3万",
        "千葉3丁目",
        "関東一円に配送します",
        "",
        "1万2.5円",
        "1万2千3百円",
        "2千五百円",
        "数百万円",
        "何千円",
        "二三円",
        "三万二億円",
        "一、二〇〇円",
        "金参千円",
        "単位：千円",
        "（百万円）",
        "十分",
        "千人",
    ],
)
def test_what_is_none_is_left_alone(text: str) -> None:
    assert list(amounts(fold(text))) == []


@given(st.integers(10_000, 9_999_999_999))
def test_both_spellings_find_each_other(value: int) -> None:
    high, low = divmod(value, 10_000)
    hundred_millions, high = divmod(high, 10_000)
    written = (
        f"{hundred_millions}億" * (hundred_millions > 0) + f"{high}万" * (high > 0) + f"{low}" * (low > 0)
    )
    plain = f"{value:,}円"
    assert f"{value}円" in passage_tokens("", plain)
    assert f"{value}円" in passage_tokens("", f"{written}円")
    assert f"{value}円" in query_tokens(f"{written}円").weights
    assert f"{value}円" in query_tokens(plain).weights


@given(st.integers(1, 10**15))
def test_an_amount_in_kanji_finds_the_plain_one(value: int) -> None:
    written = in_kanji(value)
    assert read_kanji(written) == value
    assert f"{value}円" in passage_tokens("", f"手当は{written}円")
    assert f"{value}円" in query_tokens(f"{written}円").weights


def in_kanji(value: int) -> str:
    """Returns a whole number above 0 as it is written in kanji."""
    parts = []
    for power, myriad in ((12, "兆"), (8, "億"), (4, "万"), (0, "")):
        section = value // 10**power % 10_000
        digits = [
            "" if not digit else ("一二三四五六七八九"[digit - 1] if digit > 1 or not mark else "") + mark
            for digit, mark in zip(map(int, f"{section:04d}"), "千百十 ", strict=True)
            for mark in (mark.strip(),)
        ]
        parts.append("".join(digits) + myriad if section else "")
    return "".join(parts)
