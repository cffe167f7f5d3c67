"""A misspelt word of a question is read as the word that the documents have; what is meant as it is written stays."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.settings import Settings
from corpus.store import Corpus, open_corpus
from corpus.types import ANYONE, OWNER, Caller, Filter
from rag.asking.answering import answer
from rag.asking.answers import Ask
from rag.models.catalogue import Models
from rag.prompts.prompting import Message
from rag.retrieval.library import CallersLibrary
from rag.retrieval.ranking import Recipe
from rag.retrieval.retriever import RECIPE, Retriever, SearchResult
from rag.retrieval.spelling import SURE_CHARS, Vocabulary, put_right, slips_of
from tests.builders import SPACE, WordEmbedder, new_version, put

LINES = [
    "the vacation allowance is twenty days a year",
    "managers approve each reimbursement of travel costs",
    "sick leave needs a certificate from the third day",
    "the recruiters decided about the annual budget",
]
COMMON = frozenset(
    word
    for line in (
        "how many do i get who decides about what is the a of in and do we need certified dress press where are it",
        "approves each year days travel costs please tell me budget certificate policy",
        "released to staff or personnel",
    )
    for word in line.split()
)
"""What the language has, beside the documents' own words."""


class PiecesEmbedder(WordEmbedder):
    """Knows some words as a whole, and spells the others."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [2 + sum(1 if word.lower() in COMMON else 2 for word in text.split()) for text in texts]


def vocabulary(*passages: str, common: frozenset[str] = COMMON) -> Vocabulary:
    def holding(word: str) -> list[str]:
        return [one for one in passages if f" {word.strip(chr(34))} " in f" {one} "]

    return Vocabulary(common.__contains__, lambda words: [len(holding(word)) for word in words], holding)


def respelled(query: str, known: Vocabulary) -> tuple[str, dict[str, str]]:
    slips = slips_of(query, known)
    return put_right(query, slips), slips


@pytest.mark.parametrize(
    ("asked", "read"),
    [
        ("How many vacaton days do I get?", "How many vacation days do I get?"),
        ("How many vaccation days", "How many vacation days"),
        ("How many vactaion days", "How many vacation days"),
        ("How many vocation days", "How many vacation days"),
        ("Vacaton?", "Vacation?"),
        ("what is the certificat", "what is the certificate"),
        ("where is the budgett", "where is the budget"),
        ("Who decides? Reimbursment of what?", "Who decides? Reimbursement of what?"),
        (
            "who decides about the reimbursment of trvel costs",
            "who decides about the reimbursement of travel costs",
        ),
        ("How many days?\nvacaton,\n\nMaria", "How many days?\nvacation,\n\nMaria"),
        ("VPNのvacatonについて", "VPNのvacationについて"),
        ("where is the annual budgett", "where is the annual budget"),
    ],
)
def test_one_slip_is_put_right(asked: str, read: str) -> None:
    found, slips = respelled(asked, vocabulary(*LINES))
    assert found == read
    assert slips
    assert all(written in asked.lower() and meant in read.lower() for written, meant in slips.items())


@pytest.mark.parametrize(
    "asked",
    [
        "How many vacation days do I get?",  # the documents have it
        "is the dress of managers",  # the language has it, and it is a slip from "press"
        "get the dresses, dressing and redressed of managers",  # regular forms of it
        "do I need a sickleave",  # two words in one
        "who approves the gudget",  # another first letter
        "what does Dr. Vacaton decide",  # a name behind an abbreviation
        "what is „vacaton“, «vacaton» and `vacaton`",
        "What does Vacaton Inc. decide?",  # a name
        'what is "vacaton"',
        "what is “vacaton” and 「vacaton」",
        "the file vacaton-2024, vacaton.pdf, hr/vacaton, @vacaton, vacaton_days and vacat0n",
        "about the vcatn",  # more than one slip
        "the vacc",  # too short
        "wie viele tagge urlaubb habe ich",  # of another language
        "有給休暇の申請",
        "",
    ],
)
def test_what_is_meant_as_it_is_written_stays(asked: str) -> None:
    assert respelled(asked, vocabulary(*LINES, "the press office presses pressing")) == (asked, {})


def test_a_name_is_no_slip_for_another() -> None:
    assert respelled("what is the wiedemann", vocabulary("what Weidemann decides", "weidemann"))[1] == {
        "wiedemann": "weidemann"
    }
    large = Vocabulary(
        COMMON.__contains__,
        lambda words: [int(word == "weidemann") for word in words],
        lambda word: ["what Weidemann decides"],
    )
    assert respelled("what is the wiedemann", large)[1] == {}


def test_another_form_of_a_word_is_read_as_the_language_writes_it() -> None:
    """The documents say "decided", the question "decidees": of its neighbours "decides" alone is a word."""
    known = vocabulary("the recruiters decided")
    stem = Vocabulary(
        known.is_common,
        lambda words: [int(word.startswith("decide") and word != "decidse") for word in words],
        lambda word: ["the recruiters decided"] if word.startswith("decide") else [],
    )
    assert respelled("who decidse about it", stem)[0] == "who decides about it"


def test_the_word_of_most_documents_is_taken() -> None:
    known = vocabulary("stale bread", "stall", "stall", "stall")
    assert respelled("where are stalle", known)[0] == "where are stall"


SLIPS = [
    "vacaton",
    "managrs",
    "certificat",
    "budgett",
    "Vacaton",
    "vacation",
    "the",
    "who",
    "?",
    "\n",
    "“",
    '"',
    "休暇",
]


@given(st.lists(st.sampled_from(SLIPS) | st.text(max_size=12), max_size=10).map(" ".join))
def test_any_text_is_read_and_what_was_read_is_known(text: str) -> None:
    known = vocabulary(*LINES)
    read, slips = respelled(text, known)
    assert respelled(read, known)[0] == read
    assert bool(slips) is (read != text)
    assert read.count("\n") == text.count("\n")


@pytest.mark.parametrize(
    "text",
    [
        "." * 5000 + " Abcdefg" * 300,
        "(" * 8000,
        " Vacaton" * 1000,
        "vacaton " * 1000,
        "「" * 8000,
        '"" abcdef' * 900,
    ],
)
def test_an_odd_text_takes_no_longer_than_it_is_long(text: str) -> None:
    began = time.process_time()
    respelled(text, vocabulary(*LINES))
    assert time.process_time() - began < 2.0, "some hundredths are usual; quadratic, it was 14 seconds"


# ---- in a search ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corpus]:
    chosen = Settings(data_dir=tmp_path_factory.mktemp("spelling"), dense="exact")
    with open_corpus(chosen, SPACE) as opened:
        put(opened, "handbook.txt", LINES)
        secret = ["the pension is three months of salary"]
        opened.commit(new_version("board.txt", secret, access=frozenset({"group:board"})), secret[0].encode())
        opened.publish()
        yield opened


def search(corpus: Corpus, query: str, caller: Caller = OWNER, recipe: Recipe = RECIPE) -> SearchResult:
    return Retriever(corpus, PiecesEmbedder(), corpus.settings, recipe).search(query, 3, caller)


def test_a_search_finds_what_was_meant_and_says_how_it_was_read(corpus: Corpus) -> None:
    result = search(corpus, "how many vacaton days")
    assert result.hits[0].text.startswith("the vacation allowance")
    assert result.told == ("“vacaton” stands in no document: read as “vacation”.",)
    assert result.notes == ()
    assert result.read_as == "how many vacation days"
    assert result.query == "how many vacaton days"
    plain = search(corpus, "how many vacation days")
    assert [(hit.chunk_id, hit.score) for hit in result.hits] == [
        (hit.chunk_id, hit.score) for hit in plain.hits
    ]
    assert not plain.told


def test_without_the_part_nothing_is_read_otherwise(corpus: Corpus) -> None:
    result = search(corpus, "how many vacaton days", recipe=RECIPE.without("spelling"))
    assert (result.told, result.read_as) == ((), "how many vacaton days")


def test_what_a_caller_may_not_read_puts_nothing_right(corpus: Corpus) -> None:
    board = Caller(frozenset({"public", "group:board"}))
    assert search(corpus, "what is the pensoin", board).read_as == "what is the pension"
    result = search(corpus, "what is the pensoin", ANYONE)
    assert (result.told, result.read_as) == ((), "what is the pensoin")


def test_what_a_caller_may_not_read_leaves_a_word_to_be_put_right(tmp_path: Path) -> None:
    """That nothing is put right would say that a hidden document has the very word."""
    with open_corpus(Settings(data_dir=tmp_path, dense="exact"), SPACE) as opened:
        put(opened, "open.txt", ["the plants are watered"])
        hidden = opened.commit(
            new_version("hidden.txt", ["the project planta"], access=frozenset({"group:board"})),
            b"the project planta",
        )
        opened.publish()
        board = Caller(frozenset({"public", "group:board"}))
        assert search(opened, "what is the planta", ANYONE).read_as == "what is the plants"
        assert search(opened, "what is the planta", board).read_as == "what is the planta"
        opened.remove([hidden.document_id])
        assert search(opened, "what is the planta", board).read_as == "what is the plants"


def test_the_past_has_its_own_words(tmp_path: Path) -> None:
    with open_corpus(Settings(data_dir=tmp_path, dense="exact"), SPACE) as opened:
        moments = []
        for line in ("the sabbatical is paid", "the holiday is paid"):
            put(opened, "a.txt", [line])
            opened.publish()
            moments.append(datetime.now(UTC))
        retriever = Retriever(opened, PiecesEmbedder(), opened.settings)
        asked = "what is the sabatical"
        assert retriever.search(asked, 3, OWNER, Filter(as_of=moments[0])).read_as == "what is the sabbatical"


def library(corpus: Corpus) -> CallersLibrary:
    return CallersLibrary(corpus, Retriever(corpus, PiecesEmbedder(), corpus.settings), OWNER)


def test_an_answer_is_for_the_question_as_it_was_read(corpus: Corpus, models: Models) -> None:
    given = answer(Ask("What do I need a certifcate about?"), library(corpus), models)
    assert "sick leave needs a certificate" in given.text
    assert ("spelling", "“certifcate” stands in no document: read as “certificate”.") in [
        (one.code, one.message) for one in given.notes
    ]


def test_a_short_word_that_no_document_has_is_not_answered_as_another(tmp_path: Path, models: Models) -> None:
    with open_corpus(Settings(data_dir=tmp_path, dense="exact"), SPACE) as opened:
        lines = ["the venom is kept in the locked fridge", "managers approve each reimbursement"]
        put(opened, "lab.txt", lines)
        opened.publish()
        assert len("venmo") < SURE_CHARS
        assert (
            library(opened).search("where is the venmo kept in the fridge", 3).read_as
            == "where is the venom kept in the fridge"
        )
        assert answer(Ask("where is the venmo kept in the fridge"), library(opened), models).abstained
        assert not answer(Ask("where is the venom kept in the fridge"), library(opened), models).abstained


def test_a_rewording_does_not_pass_by_the_guard_of_short_words(tmp_path: Path, models: Models) -> None:
    with open_corpus(Settings(data_dir=tmp_path, dense="exact"), SPACE) as opened:
        lines = [
            "The venom is released to the workforce on the first Friday of each month.",
            "managers approve it",
        ]
        put(opened, "lab.txt", lines)
        opened.publish()
        given = answer(Ask("what is released to the staff, the venmo"), library(opened), models)
        assert given.abstained
        assert "venom" not in given.standalone_question


def test_a_refused_follow_up_is_told_as_it_was_judged(tmp_path: Path, models: Models) -> None:
    with open_corpus(Settings(data_dir=tmp_path, dense="exact"), SPACE) as opened:
        line = "the venom is kept in the locked fridge"
        put(opened, "lab.txt", [line])
        opened.publish()
        earlier = (Message("user", "Who watered the plants of the board?"),)
        given = answer(Ask("and the venmo?", history=earlier), library(opened), models)
        assert given.abstained
        assert "venmo" in given.standalone_question
        told = [one.message for one in given.notes if one.code == "standalone_question"]
        assert told == [f"Read as: {given.standalone_question}"]


def test_what_was_read_otherwise_stands_in_what_the_answer_rests_on(corpus: Corpus, models: Models) -> None:
    """A receipt goes when a document of its passages is erased: no word of another one may be in it."""
    shelf = library(corpus)
    given = answer(Ask("who decides about the annual budget and the vacaton", k=1), shelf, models)
    assert "vacation" not in shelf.searches[0].hits[0].text
    assert "spelling" not in [one.code for one in given.notes]
    assert all("vacation" not in note for one in shelf.searches for note in one.notes)
