"""Years of Japanese eras, in text and in what is searched."""

from __future__ import annotations

import pytest

from corpus.language.eras import era_years, in_common_years
from corpus.lexical.analysis import passage_tokens, query_tokens


@pytest.mark.parametrize(
    ("written", "common"),
    [
        ("令和7年度の予算", "2025年度の予算"),
        ("令和 ７ 年", "2025 年"),
        ("令和元年と平成三十一年", "2019年と2019年"),
        ("昭和六十三年、大正十年、明治二年", "1988年、1921年、1869年"),
        ("平成二十年", "2008年"),
        ("R7年度、H30年、s元年", "2025年度、2018年、1926年"),
        ("プランS 3年契約、タイプR5年保証、モデル H 2年", "プランS 3年契約、タイプR5年保証、モデル H 2年"),
        ("令和の時代、平成7番、FR7年、第7年、r12", "令和の時代、平成7番、FR7年、第7年、r12"),
    ],
)
def test_years_of_eras_are_read_as_common_ones(written: str, common: str) -> None:
    assert in_common_years(written) == common


def test_their_places_are_told() -> None:
    text = "施行は令和７年4月"
    assert [(text[start:end], year) for start, end, year in era_years(text)] == [("令和７", 2025)]


@pytest.mark.parametrize("asked", ["令和7年の休業", "2025年の休業", "令和七年の休業", "R7年の休業"])
@pytest.mark.parametrize("written", ["令和７年の休業", "2025年の休業", "令和七年の休業"])
def test_a_year_is_found_however_it_is_written(asked: str, written: str) -> None:
    wanted = query_tokens(asked).weights
    assert {"2025", "2025年"} <= wanted.keys()
    assert wanted.keys() - {"年"} <= set(passage_tokens("", written))
    assert not {"2025", "2025年"} & set(passage_tokens("", "令和6年の休業"))


def test_a_quoted_year_is_as_it_is_written() -> None:
    (phrase,) = query_tokens("「令和7年」").phrases
    assert phrase == ("令和", "7", "年")
