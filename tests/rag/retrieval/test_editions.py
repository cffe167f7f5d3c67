"""Editions: which one a name says, and which of several stands first when a question asks for one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.retrieval.naming import RECENT, asks_for_newest, gives_way, naming, same_works
from rag.words.editions import Edition, edition_of
from tests.rag.retrieval.named import first_of, wanted


@pytest.mark.parametrize(
    ("name", "moment", "work"),
    [
        ("2023 Q3 AAPL", (2023, 9, 0, 0, 0), "aapl"),
        ("2023Q3", (2023, 9, 0, 0, 0), ""),
        ("3Q_2023", (2023, 9, 0, 0, 0), ""),
        ("budget-2025-26", (2025, 0, 0, 0, 0), "budget"),
        ("minutes-safety-board-2025-07-24", (2025, 7, 24, 0, 0), "minutes safety board"),
        ("20250724_minutes", (2025, 7, 24, 0, 0), "minutes"),
        ("Report July 2025", (2025, 7, 0, 0, 0), "report"),
        ("maynard report 2024", (2024, 0, 0, 0, 0), "maynard report"),
        ("warranty v1.2", (0, 0, 0, 1, 2), "warranty"),
        ("handbook_final", (), "handbook"),
        ("iso 9001 manual", (), "iso 9001 manual"),
        ("hr/2022/policy", (2022, 0, 0, 0, 0), "hr policy"),
        ("議事録_品質会議_2025年5月", (2025, 5, 0, 0, 0), "議事録 品質会議"),
        ("出張旅費規程_2022年版", (2022, 0, 0, 0, 0), "出張旅費規程"),
        ("規程/出張旅費規程_令和７年度版", (2025, 0, 0, 0, 0), "規程 出張旅費規程"),
        ("令和元年5月1日 通達", (2019, 5, 1, 0, 0), "通達"),
        ("平成30年度 決算", (2018, 0, 0, 0, 0), "決算"),
        ("就業規則 第2版", (0, 0, 0, 2, 0), "就業規則"),
        ("就業規則v2", (0, 0, 0, 2, 0), "就業規則"),
        ("報告書Ver.2.1改訂", (0, 0, 0, 2, 1), "報告書"),
        ("報告書(改訂2版)", (0, 0, 0, 2, 0), "報告書"),
        ("報告書第二版", (0, 0, 0, 2, 0), "報告書"),
        ("マニュアル バージョン3", (0, 0, 0, 3, 0), "マニュアル"),
        ("manual v1.2.3", (0, 0, 0, 1, 2, 3), "manual"),
        ("handbook second edition", (0, 0, 0, 2, 0), "handbook"),
        ("FY24 budget", (2024, 0, 0, 0, 0), "budget"),
        ("3Q23 results", (2023, 9, 0, 0, 0), "results"),
        ("24年度予算", (2024, 0, 0, 0, 0), "予算"),
        ("R7年度 予算", (2025, 0, 0, 0, 0), "予算"),
        ("平成24年度予算", (2012, 0, 0, 0, 0), "予算"),
        ("大正12年度予算", (), "大正12年度予算"),
        ("令和6年度上期実績", (2024, 6, 0, 0, 0), "実績"),
        ("results H2 2024", (2024, 12, 0, 0, 0), "results"),
        ("第3・四半期 2023", (2023, 9, 0, 0, 0), ""),
        ("2023.10.01 議事録", (2023, 10, 1, 0, 0), "議事録"),
        ("2023-7-5議事録", (2023, 7, 5, 0, 0), "議事録"),
        ("minutes 1 October 2023", (2023, 10, 1, 0, 0), "minutes"),
        ("Minutes_Oct2023", (2023, 10, 0, 0, 0), "minutes"),
        ("march of the robots 2023", (2023, 0, 0, 0, 0), "of the robots"),
        ("archive-2024/policy-2022", (2022, 0, 0, 0, 0), "archive policy"),
        ("2023/q3/aapl", (2023, 9, 0, 0, 0), "aapl"),
        ("handbook part 2", (), "handbook part 2"),
        ("chapter-3", (), "chapter 3"),
        ("第2巻 案内", (), "第2巻案内"),
        ("2024 第3回会議", (2024, 0, 0, 0, 0), "第3回会議"),
        ("A4版ちらし", (), "a4 ちらし"),
    ],
)
def test_a_name_says_which_edition_of_what(name: str, moment: tuple[int, ...], work: str) -> None:
    assert edition_of(name) == Edition(moment, work)


@given(st.text(max_size=60))
def test_any_name_is_read(name: str) -> None:
    assert len(edition_of(name).moment) in (0, 5, 6)


@pytest.mark.parametrize("name", ["README 2023", "minutes.2023", "minutes 2023.docx", "2023/minutes.md"])
def test_a_suffix_is_one_only_where_it_looks_like_one(name: str) -> None:
    assert naming("", [name], "").edition.moment[0] == 2023


def test_what_says_no_date_is_neither_older_nor_newer() -> None:
    dated, current = naming("", ["old/policy-2019.pdf"], ""), naming("", ["policy.pdf"], "")
    alike = 1.0 - np.eye(2)
    assert not gives_way({}, True, [dated, current], alike).any()


def test_of_two_editions_the_period_decides_and_not_what_changed() -> None:
    old = naming("", ["travel-policy-2023.pdf"], "Travel policy")
    new = naming("", ["travel-policy-2025.pdf"], "Travel policy. What has changed: the meal allowance")
    assert first_of("According to the 2023 travel policy, what is the meal allowance?", old, new) == 0
    assert first_of("What is the meal allowance?", old, new) == 1
    assert first_of("What is the meal allowance in the latest travel policy?", new, old) == 0
    older = naming("", ["出張旅費規程_2022年版.pdf"], "出張旅費規程 日当")
    newer = naming("", ["出張旅費規程_2025年版.pdf"], "出張旅費規程")
    assert first_of("最新の出張旅費規程の日当", older, newer) == 1
    assert first_of("令和5年の travel policy", old, new) == 0


@pytest.mark.parametrize(
    ("question", "best"),
    [
        ("What does version 2 of the warranty say?", 1),
        ("What does the warranty v1.2 say?", 0),
        ("warranty, 3rd edition", 2),
        ("保証書の第2版では何年ですか。", 1),
        ("最新の保証書では何年ですか。", 2),
    ],
)
def test_a_version_that_is_asked_for_decides(question: str, best: int) -> None:
    history = "v1 first issue, v2 two years, v3 three years"
    english = [naming("", [f"warranty v{version}.pdf"], history) for version in ("1.2", "2", "3")]
    japanese = [naming("", [f"保証書_第{version}版.pdf"], "") for version in (1, 2, 3)]
    for names in (english, japanese):
        alike = same_works(wanted(question), asks_for_newest(question), names)
        assert alike.any()
        assert first_of(question, *names) == best


def test_a_folder_says_of_which_year_a_document_is() -> None:
    old, new = (naming("Leave policy", [f"hr/{year}/leave.pdf"], "Leave policy") for year in (2022, 2025))
    for question, best in (
        ("the 2022 leave policy", 0),
        ("令和7年の規程", 1),
        ("the latest leave policy", 1),
    ):
        assert same_works(wanted(question), asks_for_newest(question), [old, new]).any(), question
        assert first_of(question, old, new) == best, question
    kept = naming("", ["archive-2024/leave-2022.pdf"], "")
    assert "2022" in kept.words
    assert "2024" not in kept.words


@pytest.mark.parametrize(
    ("question", "best"),
    [
        ("What was decided on 24 July 2025?", 1),
        ("7月10日の会議で決まったこと", 0),
        ("What did the minutes of August 2025 say?", 2),
        ("8月の会議で決まったこと", 2),
    ],
)
def test_a_month_or_day_that_is_asked_for_decides(question: str, best: int) -> None:
    names = [naming("", [f"会議/minutes-2025-{day}.md"], "") for day in ("07-10", "07-24", "08-07")]
    assert same_works(wanted(question), False, names).any()
    assert first_of(question, *names) == best


def test_of_editions_the_newest_comes_first_however_many_older_works_there_are() -> None:
    """Else a corpus with many dates would make the last two editions nearly as new as each other."""
    others = [naming("", [f"log-{year}.txt"], "") for year in range(1990, 2020)]
    old, new = (naming("", [f"travel-{year}.pdf"], "") for year in (2020, 2021))
    names, question = [old, new, *others], "the latest travel policy"
    alike = same_works(wanted(question), True, names)
    assert gives_way(wanted(question), True, names, alike)[:2].tolist() == [RECENT, 0.0]


@pytest.mark.parametrize("question", ["日当は2000円ですか。", "Do 2030 people work there?", "What is in v7?"])
def test_a_number_of_which_no_edition_is_asks_for_none(question: str) -> None:
    names = [naming("", [f"出張旅費規程_{year}年版.pdf"], "") for year in (2022, 2025)]
    assert not same_works(wanted(question), False, names).any()


def test_works_of_different_collections_are_no_editions() -> None:
    names = [naming("", [f"report-{year}.pdf"], "", f"company {year}") for year in (2022, 2025)]
    assert not same_works(wanted("the latest report"), True, names).any()


def test_a_document_is_named_by_its_copies_too() -> None:
    kept = naming("", ["policy-2023.pdf", "大阪/policy-2024.pdf"], "")
    other = naming("", ["policy-2022.pdf"], "")
    assert first_of("What does the 2024 policy say?", other, kept) == 1
    assert kept.edition.moment[0] == 2024


def test_editions_are_twins_only_when_one_of_them_is_asked_for() -> None:
    names = [naming("", [f"規程/出張旅費規程_{year}年版.pdf"], "") for year in (2022, 2025)] + [
        naming("", ["規程/在宅勤務規程_2024年版.md"], "")
    ]
    for question, asked in (
        ("最新の出張旅費規程では日当はいくらですか", True),
        ("2022年版では日当はいくらですか", True),
        ("日当はいくらですか", False),
    ):
        alike = same_works(wanted(question), asks_for_newest(question), names)
        assert bool(alike[0, 1]) is asked
        assert not alike[2].any()
        assert not alike.diagonal().any()
