"""A misspelt word of a question is read as the word that the documents have; what is meant as it is written stays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.settings import Settings
from corpus.store import Corpus, open_corpus
from corpus.types import ANYONE, OWNER, Caller, Filter
from rag.answering import answer
from rag.answers import Ask
from rag.library import CallersLibrary
from rag.models import Models
from rag.ranking import Recipe
from rag.retrieval import RECIPE, Retriever, SearchResult
from rag.spelling import Vocabulary, respelled
from tests.builders import SPACE, WordEmbedder, new_version

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
        "approves each year days travel costs please tell me",
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


@pytest.mark.parametrize(
    ("asked", "read"),
    [
        ("How many vacaton days do I get?", "How many vacation days do I get?"),
        ("How many vaccation days", "How many vacation days"),
        ("How many vactaion days", "How many vacation days"),
        ("How many vocation days", "How many vacation days"),
        ("Vacaton?", "Vacation?"),
        ("Who decides? Reimbursment of what?", "Who decides? Reimbursement of what?"),
        (
            "who decides about the reimbursment of trvel costs",
            "who decides about the reimbursement of travel costs",
        ),
        ("do I need a sickleave", "do I need a sick leave"),
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
    assert respelled(asked, vocabulary(*LINES, "the press office")) == (asked, {})


def test_another_form_of_a_word_is_read_as_the_language_writes_it() -> None:
    """The documents say "decided", the question "decidees": of its neighbours "decides" alone is a word."""
    known = vocabulary("the recruiters decided")
    stem = Vocabulary(
        known.is_common,
        lambda words: [int(word.startswith("decide") and word != "decidess") for word in words],
        lambda word: ["the recruiters decided"] if word.startswith("decide") else [],
    )
    assert respelled("who decidess about it", stem)[0] == "who decides about it"


def test_the_commonest_neighbour_is_taken_and_one_that_begins_alike_before_it() -> None:
    known = vocabulary("stale bread", "table", "table", "table")
    assert respelled("where are sttale", known)[0] == "where are stale"
    assert respelled("where are xtable", known)[0] == "where are table"


@given(st.lists(st.sampled_from([*LINES[0].split(), *COMMON]), max_size=8))
def test_a_question_of_known_words_stays(words: list[str]) -> None:
    assert respelled(" ".join(words), vocabulary(*LINES)) == (" ".join(words), {})


@given(st.text(max_size=60))
def test_any_text_is_read_and_what_was_read_is_known(text: str) -> None:
    known = vocabulary(*LINES)
    read, slips = respelled(text, known)
    assert respelled(read, known)[0] == read
    assert bool(slips) is (read != text)


# ---- in a search ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corpus]:
    chosen = Settings(data_dir=tmp_path_factory.mktemp("spelling"), dense="exact")
    with open_corpus(chosen, SPACE) as opened:
        opened.commit(new_version("handbook.txt", LINES), "\n".join(LINES).encode())
        secret = ["the pension is three months of salary"]
        opened.commit(new_version("board.txt", secret, access=frozenset({"group:board"})), secret[0].encode())
        opened.publish()
        yield opened


def search(corpus: Corpus, query: str, caller: Caller = OWNER, recipe: Recipe = RECIPE) -> SearchResult:
    return Retriever(corpus, PiecesEmbedder(), corpus.settings, recipe).search(query, 3, caller)


def test_a_search_finds_what_was_meant_and_says_how_it_was_read(corpus: Corpus) -> None:
    result = search(corpus, "how many vacaton days")
    assert result.hits[0].text.startswith("the vacation allowance")
    assert result.notes == ("“vacaton” stands in no document: read as “vacation”.",)
    assert result.read_as == "how many vacation days"
    assert result.query == "how many vacaton days"
    plain = search(corpus, "how many vacation days")
    assert [(hit.chunk_id, hit.score) for hit in result.hits] == [
        (hit.chunk_id, hit.score) for hit in plain.hits
    ]
    assert not plain.notes


def test_without_the_part_nothing_is_read_otherwise(corpus: Corpus) -> None:
    result = search(corpus, "how many vacaton days", recipe=RECIPE.without("spelling"))
    assert (result.notes, result.read_as) == ((), "how many vacaton days")


def test_what_a_caller_may_not_read_puts_nothing_right(corpus: Corpus) -> None:
    board = Caller(frozenset({"public", "group:board"}))
    assert search(corpus, "what is the pensoin", board).read_as == "what is the pension"
    result = search(corpus, "what is the pensoin", ANYONE)
    assert (result.notes, result.read_as) == ((), "what is the pensoin")


def test_the_past_has_its_own_words(tmp_path: Path) -> None:
    with open_corpus(Settings(data_dir=tmp_path, dense="exact"), SPACE) as opened:
        moments = []
        for line in ("the sabbatical is paid", "the holiday is paid"):
            opened.commit(new_version("a.txt", [line]), line.encode())
            opened.publish()
            moments.append(datetime.now(UTC))
        retriever = Retriever(opened, PiecesEmbedder(), opened.settings)
        asked = "what is the sabatical"
        assert retriever.search(asked, 3, OWNER, Filter(as_of=moments[0])).read_as == "what is the sabbatical"


def test_an_answer_is_for_the_question_as_it_was_read(corpus: Corpus, models: Models) -> None:
    library = CallersLibrary(corpus, Retriever(corpus, PiecesEmbedder(), corpus.settings), OWNER)
    given = answer(Ask("What do I need a certifcate about?"), library, models)
    assert "sick leave needs a certificate" in given.text
    assert "“certifcate” stands in no document: read as “certificate”." in [
        one.message for one in given.notes
    ]
