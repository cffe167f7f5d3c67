"""A name that no document has: such a question is about something else than the documents, whatever else it shares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from corpus.catalog import documents
from corpus.settings import Settings
from corpus.types import ANYONE, OWNER, Caller, Hit
from rag.asking.answering import answer
from rag.asking.answers import Ask, Done
from rag.bootstrap import open_service
from rag.grounding.abstention import FITTED, STRANGE, signals
from rag.grounding.strangers import strangers, unnamed
from rag.models.catalogue import Models
from rag.prompts.prompting import Message
from rag.retrieval.library import CallersLibrary
from rag.service import Service
from tests.rag.cli_runs import put, without_model
from tests.rag.hits import Shelf

TEXT = (
    "…  Northwind gives 25 days of annual leave. Rest of the world: ask. "
    "ミナト社の有給休暇は20日、田中さんが承認する。"
)


def lacks(words: Sequence[str]) -> frozenset[str]:
    return frozenset(word for word in words if word not in TEXT)


@pytest.mark.parametrize(
    ("question", "missing"),
    [
        ("How many parking spaces are there in Yokohama?", ("Yokohama",)),
        ("How many parking spaces are there in Leeds?", ()),
        ("How many parking spaces does Contoso have?", ("Contoso",)),
        ("May I park a MacBook in R&D, and do I’m?", ()),
        ("How many parking spaces are there in Birminghm?", ()),
        ("横浜の駐車場は何台分ありますか。", ("横浜",)),
        ("国内の駐車場は何台分ありますか。", ()),
        ("What were sales in the second quarter?", ()),
        ("What were sales in Q4 2025/26?", ("Q4",)),
        ("What were sales in the 4th fiscal quarter?", ("4th fiscal quarter",)),
        ("What were sales in FY25Q2?", ()),
        ("Q２の売上高は", ()),
        ("How many people work in the United States?", ()),
        ("米国の駐車場は何台分ありますか。", ()),
        ("What does Section 4 say about my Tesla?", ()),
        ("What were sales in the fourth quarter?", ("fourth quarter",)),
        ("第4四半期の売上高は", ("第4四半期",)),
        ("第二四半期の売上高は", ()),
    ],
)
def test_what_no_quoted_passage_names_is_known(question: str, missing: tuple[str, ...]) -> None:
    shown = [
        "Parking in Leeds and Birmingham\nAire House has 46 parking spaces. Sales rose in Q2 and Q3.\nHandbook\na.md"
    ]
    assert unnamed(question, shown) == missing


def test_a_place_that_the_rest_stands_for_is_named() -> None:
    shown = ["Hotels: London £185, rest of the United Kingdom £130."]
    assert unnamed("What may a hotel in Edinburgh cost?", shown) == ()
    assert unnamed("What may a hotel in Edinburgh cost?", ["Hotels: London £185."]) == ("Edinburgh",)


def test_of_quarters_those_that_are_quoted_count() -> None:
    shown = ["Sales: Q1 2,702; Q2 2,876; Q4 of the year before 2,590."]
    assert unnamed("What were sales in Q4?", shown) == ()
    assert unnamed("What were sales in Q4?", shown, "Q2 2,876") == ("Q4",)
    assert unnamed("What were sales in Q3?", ["Sales.\nResults\nreports/2024_Q3_results.pdf"]) == ()
    assert unnamed("What were sales in Q3?", ["Sales of the three months ended September 30: 5"]) == ()
    assert unnamed("What were sales in Q4?", shown, "2,876") == ()


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("How many parking spaces are there in Yokohama?", "Nothing that is quoted names Yokohama, so"),
        ("How many parking spaces are there in Leeds?", ""),
    ],
)
def test_an_answer_says_what_it_does_not_name(question: str, said: str) -> None:
    texts = {
        "handbook.txt": "…  Leeds. There are 46 parking spaces, six of them with chargers.",
        "phones.txt": "…  The reception in Yokohama answers on extension 4600.",
    }
    given = answer(Ask(question), Shelf(texts, cosine=0.8), Models())
    assert given.citations
    notes = [note.message for note in given.notes if note.code == "unnamed"]
    assert [note[: len(said)] for note in notes] == ([said] if said else [])


class German(Shelf):
    def hits(self) -> list[Hit]:
        return [replace(hit, language="de") for hit in super().hits()]


def test_of_documents_in_another_language_nothing_is_said() -> None:
    texts = {
        "regeln.txt": "…  There are 46 parking spaces, six with chargers.",
        "telefon.txt": "…  Yokohama: 4600",
    }
    question = "How many parking spaces are there in Yokohama?"
    assert "unnamed" in [
        note.code for note in answer(Ask(question), Shelf(texts, cosine=0.8), Models()).notes
    ]
    given = answer(Ask(question), German(texts, cosine=0.8), Models())
    assert given.citations
    assert "unnamed" not in [note.code for note in given.notes]


@pytest.mark.parametrize(
    ("question", "followup", "found"),
    [
        ("How much leave does Northwind give?", "", set()),
        ("How much leave does Contoso give?", "", {"Contoso"}),
        ("How much leave do Contoso's managers get?", "", {"Contoso"}),
        ("How much leave do “Fabrikam Ltd” and Contoso give?", "", {"Fabrikam", "Contoso"}),
        ("What did Northwind Helth change?", "", set()),  # the first of several says whose it is
        ("How much leave does Nortwind give?", "", set()),  # misspelt
        ("How much leave does Nörthwind give?", "", set()),
        ("Is leave given for a Netflix subscription, or devices such as MacBooks?", "", set()),
        ("Who is Contoso's CEO?", "", {"Contoso"}),  # an abbreviation makes no heading of it
        ("Hi Vouch, how much leave is there?", "", set()),
        ("I'm Maria Silva, new here. How much leave is there?", "", set()),
        ("How much leave is there? Thanks in advance, Maria", "", set()),
        ("Hello, how much leave does Contoso give? Thanks", "", {"Contoso"}),
        ("I'm with Contoso, how much leave is there?", "", {"Contoso"}),
        ("How much leave does NORTHWIND give?", "", set()),
        ("Contoso leave", "", set()),  # every sentence begins with a capital
        ("What Is The Leave At Contoso?", "", set()),  # so does every word of a heading
        ("WHAT IS THE LEAVE AT CONTOSO", "", set()),
        ("How does the HR or PTO policy define leave?", "", set()),  # documents write abbreviations out
        ("How much leave is there in Edinburgh?", "", set()),  # the entry for the rest speaks of it
        (
            "Who approves leave to Australia in August or on Fridays?",
            "",
            set(),
        ),  # rules hold there and then, too
        ("ミナト社の有給休暇は何日ですか。", "", set()),
        ("タカハシ社の有給休暇は何日ですか。", "", {"タカハシ"}),
        ("株式会社青空の有給休暇は何日ですか。", "", {"青空"}),
        ("Contosoの有給休暇は何日ですか。", "", {"Contoso"}),
        ("承認するのは田中さんですか。", "", set()),
        ("承認するのは佐藤さんですか。", "", {"佐藤"}),
        ("新人さんの休暇は何日ですか。社長さんや担当者さんは。", "", set()),
        ("会社の有給休暇は何日ですか。本社はどこですか。", "", set()),
        ("How much leave is there on the moon?", "And on the moon?", {"moon"}),
        ("How much leave is there on the moon?", "", set()),
        ("How many days are there for the Northwind leave?", "And for the leave?", set()),
        ("How many days are there?", "And how many days are there in the whole of a year?", set()),
    ],
)
def test_a_stranger_is_a_name_that_no_document_has(question: str, followup: str, found: set[str]) -> None:
    hits = Shelf({"leave.md": TEXT}).hits()
    assert strangers(question, hits, lacks, followup) == found
    own = signals(question, hits, lambda words: None, lacks, followup)
    assert (own.names == STRANGE) == bool(found)
    # Where the index cannot be asked nothing is a stranger, and in other languages capitals say nothing.
    assert strangers(question, hits, lambda words: frozenset(), followup) == frozenset()
    assert strangers(question, [replace(hits[0], language="de")], lacks, followup) == frozenset()


def test_a_stranger_is_refused_however_much_else_is_shared() -> None:
    hits = Shelf({"leave.md": TEXT}, cosine=0.7).hits()
    known, unknown = (f"How many days of annual leave does {name} give?" for name in ("Northwind", "Contoso"))
    assert not FITTED.refuses(signals(known, hits, lacks=lacks))
    assert FITTED.refuses(signals(unknown, hits, lacks=lacks))


def test_one_of_a_kind_is_answered_by_the_rule_for_its_kind() -> None:
    """Whether the question names it or not; what is missing of the rule counts as ever."""
    rule = "Subscriptions to software are bought with the approval of your manager."
    hits = Shelf({"buying.md": rule}, cosine=0.6).hits()
    own = signals("Can I buy a Netflix subscription with my manager's approval?", hits, lacks=lacks)
    assert own == signals("Can I buy a subscription with my manager's approval?", hits, lacks=lacks)
    assert not FITTED.refuses(own)
    assert signals("Can I buy a Netflix account?", hits, lacks=lacks).best < own.best


@pytest.mark.parametrize(
    "question",
    [
        "What is the range of a Tesla?",
        "How many seats does a Boeing have?",
        "What does a Samsung cost?",
        "What is the salary of a Fabrikam director?",
    ],
)
def test_a_name_by_itself_and_whose_people_they_are_count(question: str) -> None:
    text = (
        "The range is 5 km. It costs 90 euros. The room has 12 seats. The salary of a director is 90 euros."
    )
    own = signals(question, Shelf({"a.txt": text}, cosine=0.6).hits(), lacks=lambda words: frozenset(words))
    assert own.names < 1.0
    assert own.best < 1.0


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with pytest.MonkeyPatch.context() as patch:
        without_model(patch)
        with open_service(Settings(data_dir=tmp_path / "data", dense="exact")) as service:
            leave = "How many days of annual leave there are: 25 days of annual leave a year."
            put(
                service,
                {"leave.txt": [leave], "closed.txt": ["Contoso and タカハシ社: the merger is secret."]},
            )
            with service.corpus.catalog.write() as db:
                closed = next(one for one in documents.list_documents(db) if one.key.path == "closed.txt")
                documents.set_access(db, closed.id, ["group:board"])
            yield service


def test_what_a_caller_may_not_read_makes_no_difference(service: Service) -> None:
    board = Caller(frozenset({"public", "group:board"}))
    names = ["Contoso", "タカハシ", "merger", "leave", "カハタシ"]
    for caller, known in ((OWNER, True), (board, True), (ANYONE, False)):
        lacking = CallersLibrary(service.corpus, service.retriever, caller).lacks(names)
        assert lacking == {"カハタシ"} | (set() if known else {"Contoso", "タカハシ", "merger"})


def test_in_how_many_documents_a_word_stands_is_counted_among_what_a_caller_may_read(
    service: Service,
) -> None:
    for caller, spread in ((OWNER, (1, 2)), (ANYONE, (0, 1))):
        assert CallersLibrary(service.corpus, service.retriever, caller).spread_of("merger") == spread
    assert CallersLibrary(service.corpus, service.retriever, ANYONE).spread_of("leave") == (1, 1)


def test_a_followup_about_what_no_document_speaks_of_is_refused(service: Service) -> None:
    question = "How many days of annual leave are there?"

    def abstains(followup: str) -> bool:
        last = list(service.ask_events(Ask(followup, history=(Message("user", question),)), caller=ANYONE))[
            -1
        ]
        assert isinstance(last, Done)
        return last.answer.abstained

    assert abstains("And on the moon?")
    assert not abstains("And in the year?")
