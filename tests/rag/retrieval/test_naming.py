"""Twins: of two passages that say nearly the same, the one stands first whose document the question names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.settings import Settings
from corpus.store import Corpus, open_corpus
from corpus.types import OWNER
from rag.retrieval.naming import (
    BY_NAME,
    MOST_TWINS,
    RECENT,
    Naming,
    asks_for_newest,
    beside,
    called_by_name,
    gives_way,
    naming,
    twins,
)
from rag.retrieval.retriever import Retriever
from rag.words.editions import Edition
from tests.builders import SPACE, WordEmbedder, put
from tests.rag.retrieval.named import ALONE, first_of, hits_of, wanted

APPLE_2022 = naming("Apple Inc. (2022 Q3)", ["2022 Q3 AAPL.pdf"], "For the quarter ended June 25, 2022")
APPLE_2023 = naming("Apple Inc. (2023 Q3)", ["2023 Q3 AAPL.pdf"], "For the quarter ended July 1, 2023")
NVIDIA_2023 = naming("FORM 10-Q", ["2023 Q3 NVDA.pdf"], "NVIDIA CORPORATION, quarter ended October 29, 2023")


# ---- what a document is named by -----------------------------------------------------------------


def test_a_period_is_read_from_a_title_or_a_name_in_many_spellings() -> None:
    names = [
        "2023 Q3 AAPL.pdf",
        "report-fy2023-q3.pdf",
        "Third Quarter of 2023.pdf",
        "2023年度 第3四半期.pdf",
        "3Q_2023.pdf",
    ]
    for name in names:
        found = naming("", [name], "")
        assert found.edition.moment[:2] == (2023, 9), name
        assert {"q3", "2023"} <= found.words, name
    assert naming("Handbook", ["handbook.pdf"], "Issued in 2021, second quarter").edition.moment == ()


def test_years_of_the_first_lines_name_only_what_has_none_in_its_name() -> None:
    assert "2022" not in naming("", ["2023 Q1 AAPL.pdf"], "quarter ended December 31, 2022").words
    assert "2022" in naming("", ["report.pdf"], "quarter ended December 31, 2022").words
    assert "appl" in naming("", ["2023 Q1 AAPL.pdf"], "Apple Inc.").words


@pytest.mark.parametrize(
    ("question", "newest"),
    [
        ("What is in the latest report?", True),
        ("最新の価格表では、いくらですか。", True),
        ("What was the margin in the most recent 10-Q?", True),
        ("What is the current travel policy?", False),
        ("What does the current version of the policy say?", True),
        ("現行の就業規則では何日ですか。", True),
        ("What is the policy on lateness?", False),
        ("What were the current assets?", False),
        ("Must it be returned by Friday at the latest?", False),
        ("What is the latest start time?", False),
        ("What is the latest timetable?", True),
        ("What does the latest IT policy say?", True),
        ("What is the latest an employee may check in?", False),
        ("What is the latest I may check in?", False),
        ("Are the three most recent payslips needed?", True),
        ("Are the most recent 3 payslips needed?", False),
        ("最新版はありますか。", True),
        ("最新技術の研修はありますか。", False),
        ("直近の議事録では。", True),
        ("直近3か月の給与は必要ですか。", False),
    ],
)
def test_a_question_asks_for_the_newest_in_either_language(question: str, newest: bool) -> None:
    assert asks_for_newest(question) is newest


# ---- who gives way -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "best"),
    [
        ("What was NVIDIA's gross margin?", 2),
        ("What was Apple's gross margin in Q3 2022?", 0),
        ("What was the gross margin of Apple in the third quarter of 2023?", 1),
        ("What was Apple's gross margin in its latest report?", 1),
    ],
)
def test_company_and_period_decide(question: str, best: int) -> None:
    assert first_of(question, APPLE_2022, APPLE_2023, NVIDIA_2023) == best


def test_editions_of_a_japanese_rule_are_told_apart() -> None:
    old, new = (
        naming(f"出張旅費規程 {year}年版", [f"規程/出張旅費規程_{year}年版.pdf"], "第1条")
        for year in (2022, 2025)
    )
    assert first_of("2022年版の出張旅費規程の日当はいくらですか。", old, new) == 0
    assert first_of("最新の出張旅費規程の日当はいくらですか。", old, new) == 1


WORDS = ["apple", "plus", "standard", "2022", "2023", "q1", "規程"]
namings = st.builds(
    Naming,
    st.frozensets(st.sampled_from(WORDS)),
    st.builds(
        Edition,
        st.sampled_from([(), (2022, 3, 0, 0, 0), (2022, 9, 0, 0, 0), (2023, 3, 0, 0, 0)]),
        st.just("x"),
    ),
)


@given(
    st.lists(namings, min_size=1, max_size=6), st.frozensets(st.sampled_from(WORDS)), st.booleans(), st.data()
)
def test_only_twins_give_way_and_never_all_of_them(
    names: list[Naming], asked: frozenset[str], newest: bool, data: st.DataObject
) -> None:
    n = len(names)
    drawn = data.draw(st.lists(st.sampled_from([0.0, 0.4, 1.0]), min_size=n * n, max_size=n * n))
    alike = np.array(drawn).reshape(n, n)
    alike = np.triu(alike, 1) + np.triu(alike, 1).T
    way = gives_way(dict.fromkeys(asked, 1.0), newest, names, alike)
    assert way.shape == (n,)
    assert ((way >= 0) & (way <= 1 + RECENT)).all()
    assert not way[alike.max(axis=1) == 0].any(), "what has no twin stays"
    best = Naming(frozenset(WORDS), Edition((2023, 9, 0, 0, 0), "x"))
    among_twins = gives_way(dict.fromkeys(asked, 1.0), newest, [*names, best], 1.0 - np.eye(n + 1))
    assert among_twins[-1] == 0, "the newest, named by all that is asked, stays"
    assert not gives_way({}, False, names, alike).any(), "a question that names nothing changes nothing"


def test_twins_are_of_different_documents_by_vectors_or_by_words() -> None:
    vectors = np.full((4, 2), np.nan, np.float32)
    vectors[0], vectors[1] = (1, 0), (0.98, 0.199)
    texts = [
        "a",
        "b",
        "日当は三千円とする。宿泊費は実費を支給する。",
        "日当は二千円とする。宿泊費は実費を支給する。",
    ]
    alike = twins(vectors, texts, ["one", "two", "three", "four"])
    assert (alike == alike.T).all()
    assert (alike[0, 1], alike[0, 2]) == (1.0, 0.0)
    assert alike[2, 3] > 0.5
    assert not twins(vectors, texts, ["one", "one", "one", "one"]).any()


# ---- through the search --------------------------------------------------------------------------


PLANS = ("Plus", "Standard", "Basic")


@pytest.fixture
def plans(tmp_path: Path) -> Iterator[Corpus]:
    """Three plans that say the same but for a figure, each named in its file's name and first line alone."""
    with open_corpus(Settings(data_dir=tmp_path / "data", dense="exact"), SPACE) as corpus:
        for number, plan in enumerate(PLANS, start=1):
            lines = [
                f"Northwind {plan}",
                f"members pay a deductible of {number}00 dollars before the plan pays",
            ]
            put(corpus, f"{plan.lower()}.txt", lines)
        corpus.publish()
        yield corpus


@pytest.mark.parametrize("plan", PLANS)
def test_the_plan_that_is_asked_for_comes_first(plans: Corpus, plan: str) -> None:
    question = f"what deductible do members pay before the plan pays with Northwind {plan}"
    hits = hits_of(plans, question)
    answers = [hit.source for hit in hits if "deductible" in hit.text]
    assert answers[0] == f"{plan.lower()}.txt"
    assert len(set(answers)) == 3, "the others stay, further down"


def test_names_are_read_again_when_memory_is_full_or_something_was_written(
    plans: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.retrieval.named.MOST_NAMED", 1)
    asked = Retriever(plans, WordEmbedder(), plans.settings, ALONE)
    question = "what deductible do members pay before the plan pays with Northwind Basic"
    first = asked.search(question, 1, OWNER).hits
    assert first[0].source == "basic.txt"
    assert asked.search(question, 10, OWNER).hits[0] == first[0], "some are remembered, and others are not"
    lines = ["Northwind Zenith", "members pay a deductible of 300 dollars before the plan pays"]
    plans.erase([first[0].document_id])
    put(plans, "basic.txt", lines)
    plans.publish()
    named = asked._named._names(asked.search(question.replace("Basic", "Zenith"), 1, OWNER).hits, OWNER)
    assert "zenith" in named[0].words


def test_without_the_part_the_order_is_that_of_the_scores(plans: Corpus) -> None:
    question = "what deductible do members pay before the plan pays with Northwind Basic"
    hits = hits_of(plans, question, ALONE.without("named"))
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


@pytest.mark.parametrize("neighbours", [True, False])
def test_ranks_follow_the_order_whatever_was_moved(plans: Corpus, neighbours: bool) -> None:
    question = "what deductible do members pay before the plan pays with Northwind Basic"
    hits = hits_of(plans, question, replace(ALONE, neighbours=neighbours))
    assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))


# ---- siblings ------------------------------------------------------------------------------------

PLUS = naming("", ["plans/Northwind_Health_Plus_Benefits_Details.pdf"], "")
STANDARD = naming("", ["plans/Northwind_Standard_Benefits_Details.pdf"], "")
REGULAR = naming("正社員就業規則", ["規程/正社員就業規則.docx"], "")
CONTRACT = naming("契約社員就業規則", ["規程/契約社員就業規則.docx"], "")


@pytest.mark.parametrize(
    ("question", "names", "called"),
    [
        ("Do I need a referral under Northwind Health Plus?", (STANDARD, PLUS), 1),
        ("Does Northwind Standard cover hearing aids?", (PLUS, STANDARD), 1),
        ("is dental covered by the northwind standard plan", (PLUS, STANDARD), 1),
        ("契約社員の年次有給休暇は何日ですか", (REGULAR, CONTRACT), 1),
        ("正社員の試用期間は", (CONTRACT, REGULAR), 1),
    ],
)
def test_a_document_called_by_all_that_is_its_own_stands_before_its_siblings(
    question: str, names: tuple[Naming, Naming], called: int
) -> None:
    """Whatever their passages say: none of them is a twin of another here."""
    way = gives_way(wanted(question), False, names, np.zeros((2, 2)), beside(question))
    assert way[1 - called] == BY_NAME
    assert way[called] == 0.0


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("Is mental health covered?", (PLUS, STANDARD)),  # half a name
        ("What is the difference between Health Plus and Standard?", (PLUS, STANDARD)),  # both
        ("What is covered?", (PLUS, STANDARD)),  # none
        ("What is the standard procedure for a claim in my plan?", (PLUS, STANDARD)),  # a word, no name
        ("What changed since version 2?", tuple(naming("", [f"terms-v{n}.md"], "") for n in (1, 2))),
        (
            "What part of the policy covers staff lunch?",
            tuple(naming("", [f"leave policy {n}-time staff.md"], "") for n in ("full", "part")),
        ),
        ("What does the guide say about 3 days?", tuple(naming("", [f"guide-{n}.md"], "") for n in (3, 4))),
        ("How do I book a hotel?", tuple(naming("", [f"{n}.md"], "") for n in ("hotel", "flights"))),
        (
            "Is Northwind Standard any good?",
            (PLUS, Naming(STANDARD.words, STANDARD.edition, "another company", STANDARD.name)),
        ),
    ],
)
def test_half_a_name_a_figure_or_a_name_like_no_other_calls_no_document(
    question: str, names: tuple[Naming, Naming]
) -> None:
    assert not called_by_name(wanted(question), names, beside(question)).any()


@given(
    st.lists(st.frozensets(st.sampled_from("abcdef"), max_size=4), min_size=1, max_size=8),
    st.frozensets(st.sampled_from("abcdef")),
)
def test_of_two_documents_one_at_most_is_called_by_name(
    own: list[frozenset[str]], asked: frozenset[str]
) -> None:
    near = dict.fromkeys(asked, asked)
    called = called_by_name(dict.fromkeys(asked, 1.0), [Naming(one, name=one) for one in own], near)
    assert not (called & called.T).any()
    for row, column in zip(*np.nonzero(called), strict=True):
        assert own[column] - own[row] <= asked
        assert not (own[row] - own[column]) & asked


def test_many_passages_without_vectors_are_compared_at_once() -> None:
    n = MOST_TWINS + 50
    alike = twins(
        np.full((n, 2), np.nan, np.float32), ["日当は三千円とする。"] * n, [str(one) for one in range(n)]
    )
    assert alike.shape == (n, n)
    assert alike[0, MOST_TWINS - 1] == 1.0
    assert not alike[MOST_TWINS:].any()
