"""A name that a question writes small, or begins with, is one where the documents write it large."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from corpus.settings import Settings
from corpus.store import Corpus, open_corpus
from corpus.types import ANYONE, OWNER, Filter
from rag.retrieval.named import NamedFirst
from rag.retrieval.ranking import Recipe
from rag.retrieval.retriever import Retriever
from rag.retrieval.subjects import is_written_large, spaced, unmarked
from tests.builders import SPACE, WordEmbedder, new_version, put
from tests.rag.retrieval.named import ALONE, hits_of

OTHERS = ["Initech Inc.txt", "Umbrella Inc.txt", "Stark Inc.txt", "Wayne Inc.txt"]
CASH = "cash flow from operating activities in the quarter"
REPORTS = {
    "Globex Corporation.txt": [
        f"{CASH} was high after all of that",
        "what Globex’s board said of Globex and of Globex",
    ],
    **{path: [f"{CASH} as reported was high {path[:3]}"] for path in OTHERS},
}
ASKED = "what was the cash flow from operating activities at globex in the quarter as reported?"
DOCUMENTS = [("", path) for path in REPORTS]


@pytest.fixture
def reports(tmp_path: Path) -> Iterator[Corpus]:
    with open_corpus(Settings(data_dir=tmp_path / "data", dense="exact"), SPACE) as corpus:
        for path, lines in REPORTS.items():
            put(corpus, path, lines)
        corpus.publish()
        yield corpus


def scores(corpus: Corpus, question: str, recipe: Recipe) -> dict[str, float]:
    """Text → its score."""
    return {hit.text: hit.score for hit in hits_of(corpus, question, recipe)}


@pytest.mark.parametrize(
    "question",
    [
        ASKED,
        ASKED.upper(),
        "Globex's cash flow from operating activities in the quarter as reported?",
        "Globex: what was the cash flow from operating activities in the quarter?",
    ],
)
def test_the_documents_say_what_is_a_name(reports: Corpus, question: str) -> None:
    before, after = (scores(reports, question, recipe) for recipe in (ALONE.without("named"), ALONE))
    assert len(before) == len(after) == 6
    for path, lines in REPORTS.items():
        for line in lines:
            assert (after[line] < before[line]) is (path in OTHERS), "who does not speak of Globex gives way"


def test_what_stands_in_some_names_alone_may_be_one() -> None:
    assert unmarked("how high was globex's cash at corporation", (), DOCUMENTS) == {
        "globex": "globex's",
        "corporation": "corporation",
    }
    assert unmarked("the cash of globex", ["globex"], DOCUMENTS) == {}, "it is marked"
    assert unmarked("the cash of inc and cyberdyne", (), [("", path) for path in OTHERS]) == {}
    assert unmarked("the cash of Globex, in q3", (), DOCUMENTS) == {}, "it is marked"
    assert unmarked("", (), DOCUMENTS) == {}


@pytest.mark.parametrize(
    ("text", "large"),
    [
        ("what Globex says of Globex, and Globex’s too", True),
        ("what Globex says of Globex", False),  # too seldom
        ("Globex. Globex. The Globex Globex: Globex", False),  # never amid a sentence
        ("how Leave is when Leave goes with Leave, in leave", False),
        ("how Leave is when Leave goes with Leave", True),
        ("how GLOBEX is when GLOBEX goes with GLOBEX'S", True),
        ("the Leave Policy, our Leave Policy and this Leave Policy", False),
        ("Paid Leave Is Sick Leave As Parental Leave", False),
        ("a Globexian of Globexian and Globexian", False),
        ("", False),
    ],
)
def test_a_name_is_written_large_amid_sentences(text: str, large: bool) -> None:
    assert is_written_large("leave" if "eave" in text.lower() else "globex's", [text]) is large


def test_a_title_that_is_written_out_makes_no_name_of_its_words() -> None:
    text = "under Travel Policy as Travel Policy says, see Travel Policy"
    assert is_written_large("travel", [text])
    assert not is_written_large("travel", [text], ["Travel Policy"])
    assert not is_written_large("travel", [text.replace(" P", "\n  P")], ["Travel Policy 2024"])
    assert not is_written_large(
        "travel", [text.replace("Travel", "Company Travel")], ["Company Travel Policy v2.1"]
    )
    assert not is_written_large("'s", [text])
    assert is_written_large("globex", ["at Globex Inc., of Globex Inc. and Globex Inc."], ["Globex Inc."])
    assert spaced("hr/2024/travel-policy_v2.pdf") == "travel policy v2"


def test_other_languages_write_more_than_names_large(tmp_path: Path) -> None:
    with open_corpus(Settings(data_dir=tmp_path / "data", dense="exact"), SPACE) as corpus:
        lines = ["der Urlaub und den Urlaub, im Urlaub sind tage frei", "and two of tage are paid"]
        put(corpus, "Urlaub.txt", lines, language="de")
        other = ["tage frei", "tage paid"]
        put(corpus, "Reise.txt", other, language="de")
        corpus.publish()
        question = "tage urlaub frei"
        assert scores(corpus, question, ALONE) == scores(corpus, question, ALONE.without("named"))


def test_what_was_asked_before_makes_no_difference(reports: Corpus) -> None:
    """The titles that are not read where they are written out are those of the question's own candidates."""
    lines = ["it is as Travel Money says, see Travel Money and under Travel Money"]
    reports.commit(new_version("Travel Money.txt", lines), lines[0].encode())
    reports.publish()
    both = [("", "Travel Money.txt"), ("", "Wayne Inc.txt")], [("", "travel.txt"), ("", "Wayne Inc.txt")]
    for order in (both, both[::-1]):
        named = NamedFirst(reports, ALONE)
        found = [named._is_name("travel", documents, OWNER, Filter()) for documents in order]
        assert found == [documents is both[1] for documents in order]


def test_it_is_remembered_until_something_is_written(
    reports: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    real = Corpus.passages_with
    monkeypatch.setattr(
        Corpus, "passages_with", lambda self, word, *more: asked.append(word) or real(self, word, *more)
    )
    retriever = Retriever(reports, WordEmbedder(), reports.settings, ALONE)
    for _ in range(3):
        retriever.search(ASKED, 10, OWNER)
    assert asked == ["globex"]
    retriever.search(ASKED, 10, ANYONE)
    assert asked == ["globex"] * 2, "each caller's own passages decide"
    put(reports, "new.txt", ["something new"])
    reports.publish()
    retriever.search(ASKED, 10, OWNER)
    assert asked == ["globex"] * 3
