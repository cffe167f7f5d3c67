"""Amounts with 万 and 億 are the plain numbers that they say, and nothing else is one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.amounts import amounts
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
    ],
)
def test_an_amount_is_the_number_that_it_says(text: str, value: int) -> None:
    assert [found for _, _, found in amounts(text)] == [value]


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
        "",
        "1万2.5円",
        "1万2千3百円",
    ],
)
def test_what_is_none_is_left_alone(text: str) -> None:
    assert list(amounts(text)) == []


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
