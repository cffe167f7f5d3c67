"""A question about one company is not answered with another's pages, however well their words fit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.settings import Settings
from corpus.store import Corpus, open_corpus
from rag.retrieval.subjects import called, lacking, names_in, rarest, telling
from tests.builders import SPACE, put
from tests.rag.retrieval.named import ALONE, found, hits_of

OTHERS = ["Initech Inc.txt", "Umbrella Inc.txt", "Stark Inc.txt", "Wayne Inc.txt"]
REPORTS = {
    "Globex Corporation.txt": "cash flow from operating activities in the quarter was high again after all of that",
    "Hooli Inc.txt": "cash flow from operating activities in the quarter at Globex was high as reported",
    **dict.fromkeys(OTHERS, "cash flow from operating activities in the quarter as reported was high"),
}
ASKED = "What was the cash flow from operating activities at Globex in the quarter as reported?"


@pytest.fixture
def reports(tmp_path: Path) -> Iterator[Corpus]:
    with open_corpus(Settings(data_dir=tmp_path / "data", dense="exact"), SPACE) as corpus:
        for number, (path, text) in enumerate(REPORTS.items()):
            put(corpus, path, [f"{text} {number}"])
        corpus.publish()
        yield corpus


def test_who_is_named_comes_before_others_who_say_it_in_the_questions_words(reports: Corpus) -> None:
    assert set(found(reports, ASKED, ALONE.without("named"))[:2]) != {
        "Globex Corporation.txt",
        "Hooli Inc.txt",
    }
    first = found(reports, ASKED)
    assert set(first[:2]) == {"Globex Corporation.txt", "Hooli Inc.txt"}, "its own, and what mentions it"
    assert set(first[2:]) == set(OTHERS), "they stay, further down"


@pytest.mark.parametrize(
    ("begins", "lowers"), [("GLOBEX CORPORATION, registrant", True), ("as sold to globex and others", False)]
)
def test_a_report_says_whose_it_is_in_its_first_lines(tmp_path: Path, begins: str, lowers: bool) -> None:
    with open_corpus(Settings(data_dir=tmp_path / "data", dense="exact"), SPACE) as corpus:
        for number in range(6):
            lines = ["FORM 10-Q, by registrant" if number else begins, f"{REPORTS[OTHERS[0]]} {number}"]
            put(corpus, f"000{number}.txt", lines)
        corpus.publish()
        told, plain = (
            {hit.source: hit.score for hit in hits_of(corpus, ASKED, recipe) if "cash" in hit.text}
            for recipe in (ALONE, ALONE.without("named"))
        )
        lowered = {source for source in told if told[source] < plain[source]}
        assert lowered == (plain.keys() - {"0000.txt"} if lowers else set())


@pytest.mark.parametrize(
    "question",
    [
        ASKED.replace("Globex", "globex"),
        ASKED.replace("at Globex ", ""),
        ASKED.replace("Globex", "Cyberdyne"),
        ASKED.replace("Globex", "Inc"),
    ],
)
def test_where_nobody_is_named_alone_the_order_is_that_of_the_words(reports: Corpus, question: str) -> None:
    assert found(reports, question)[-1] == found(reports, question, ALONE.without("named"))[-1]


def test_names_are_what_is_written_large_amid_a_sentence() -> None:
    assert set(names_in("How did Apple's sales in Europe compare?")) == {"appl", "europ"}
    assert set(names_in("What did Apple report in its Q3 2022 10-Q for plan B?")) == {"appl"}
    assert names_in("Apple sells what?") == {}
    assert names_in("WHAT DID APPLE SELL?") == {}
    assert names_in("有給休暇は何日ですか。") == {}


def test_a_document_is_called_by_its_title_and_file_name_without_the_ending() -> None:
    assert called("Apple Inc.", "reports/2023/2023 Q3 AAPL.pdf", ["appl", "aapl", "q3"]) == {
        "appl",
        "aapl",
        "q3",
    }
    assert not called("", "reports/apple/q3.pdf", ["appl", "pdf", "report"])


def test_words_written_as_one_in_a_name_are_read_apart_too() -> None:
    names = ["health", "plan", "summary", "healthplansummary", "perk"]
    assert called("", "HealthPlanSummary.pdf", names) == {"health", "plan", "summary", "healthplansummary"}
    assert called("PerksPlus", "x.pdf", ["perk", "plu"]) == {"perk", "plu"}
    assert called("", "ACME.pdf", ["acme", "a", "me"]) == {"acme"}


def test_a_compound_in_a_file_name_says_whom_it_is_about(tmp_path: Path) -> None:
    said = "the plan pays for a visit once a year after all of that"
    files = {"DentalPlanSummary.txt": f"{said} when you call", "VisionPlanSummary.txt": said}
    question = "How often does the Dental plan pay for a visit once a year after all of that?"
    with open_corpus(Settings(data_dir=tmp_path / "data", dense="exact"), SPACE) as corpus:
        for path, text in files.items():
            put(corpus, path, [text])
        corpus.publish()
        assert found(corpus, question, ALONE.without("named"))[0] == "VisionPlanSummary.txt"
        assert found(corpus, question)[0] == "DentalPlanSummary.txt"


def test_a_name_of_all_or_of_none_tells_nothing() -> None:
    names = {"apple": "apple", "inc": "inc", "sale": "sales"}
    assert telling(names, [{"apple", "inc"}, {"amazon", "inc"}]) == {"apple": "apple"}
    assert telling(names, []) == {}


def test_of_many_names_the_rarest_are_looked_for() -> None:
    names = {f"n{at}": f"n{at}" for at in range(10)}
    kept = rarest(names, {f"n{at}": float(at) for at in range(10)})
    assert list(kept) == ["n6", "n7", "n8", "n9"]


def test_a_document_that_has_the_word_anywhere_is_not_lowered(tmp_path: Path) -> None:
    with open_corpus(Settings(data_dir=tmp_path / "data", dense="exact"), SPACE) as corpus:
        handbook = ["you get vacation of 26 days a year", "parents have leave of six months"]
        for path, lines in {
            "Parental Leave.txt": ["the calendar of this year"],
            "Handbook.txt": handbook,
        }.items():
            put(corpus, path, lines)
        corpus.publish()
        question = "How many Days of Leave do you get a year?"
        assert set(names_in(question)) >= {"leav"}
        scored = [
            {hit.text: hit.score for hit in hits_of(corpus, question, recipe)}
            for recipe in (ALONE, ALONE.without("named"))
        ]
        assert scored[0][handbook[0]] == scored[1][handbook[0]]


def test_where_nothing_is_known_of_the_words_nothing_is_lowered(
    reports: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = found(reports, ASKED, ALONE.without("named"))
    monkeypatch.setattr(type(reports.lexical), "holders", lambda self, word: None)
    assert found(reports, ASKED)[:2] == plain[:2]


def test_a_name_that_most_passages_have_counts_less() -> None:
    documents = [{"contoso", "handbook"}, {"leave"}]
    mentioned = np.zeros((2, 1), np.bool_)
    rare, common = (
        lacking({"contoso": "contoso"}, documents, mentioned, {"contoso": rarity}) for rarity in (2.0, 0.3)
    )
    assert rare.tolist() == [0.0, 1.0]
    assert common.tolist() == pytest.approx([0.0, 0.3])


NAMES = ["apple", "nvidia", "amazon"]


@given(
    st.lists(
        st.tuples(st.sets(st.sampled_from(NAMES)), st.lists(st.booleans(), min_size=3, max_size=3)),
        max_size=8,
    ),
    st.dictionaries(st.sampled_from(NAMES), st.floats(0.01, 12)),
)
def test_what_is_lacked_is_a_share_and_some_passage_lacks_nothing_more(
    passages: list[tuple[set[str], list[bool]]], rarity: dict[str, float]
) -> None:
    mentioned = np.array([has for _, has in passages], np.bool_).reshape(len(passages), 3)
    lacks = lacking({name: name for name in NAMES}, [own for own, _ in passages], mentioned, rarity)
    assert lacks.shape == (len(passages),)
    assert all(0.0 <= lack <= 1.0 for lack in lacks)
    assert not len(lacks) or lacks.min() == 0.0
    for (own, has), lack in zip(passages, lacks.tolist(), strict=True):
        if own >= set(NAMES) or all(has):
            assert lack == 0.0
