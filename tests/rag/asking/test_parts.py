"""A question that asks two things is taken apart where both are plainly questions of their own."""

from __future__ import annotations

import pytest

from rag.asking.answering import answer
from rag.asking.answers import Ask
from rag.asking.wording.parts import parts
from rag.models.catalogue import Models
from tests.rag.hits import Shelf

TRAVEL = {
    "claims.txt": "…  Hand in your expense claim within 30 days of the journey. Older claims of expenses lapse.",
    "cars.txt": "…  A private car is paid at 45p per mile. The rate per mile holds for a private car of any size.",
}
CLAIM, MILE = (
    "How many days do I have to hand in my expense claim",
    "what is paid per mile for a private car?",
)
DOG = "what is the name of the dog of Jane Doe?"


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (f"{CLAIM} and {MILE}", (f"{CLAIM}?", f"W{MILE[1:]}")),
        (f"{CLAIM}? {MILE}", (f"{CLAIM}?", f"W{MILE[1:]}")),
        (
            "出張の日当はいくらで、忘年会の会費は誰が払いますか。",
            ("出張の日当はいくらですか。", "忘年会の会費は誰が払いますか。"),
        ),
        (
            "出張の日当はいくらですか。また、忘年会の会費は誰が払いますか。",
            ("出張の日当はいくらですか。", "忘年会の会費は誰が払いますか。"),
        ),
        # of a thing with a code, which is put into both
        (
            "How heavy is the AQ-300 and what is its warranty?",
            ("How heavy is the AQ-300?", "What is the AQ-300’s warranty?"),
        ),
        (
            "Is the E-4032 waterproof and can I wash it?",
            ("Is the E-4032 waterproof?", "Can I wash the E-4032?"),
        ),
        (
            "How long is the warranty of the AQ-300 and is frost covered?",
            ("How long is the warranty of the AQ-300?", "Is frost covered for the AQ-300?"),
        ),
        (
            "What is the weight and the warranty of the AQ-300?",
            ("What is the weight of the AQ-300?", "What is the warranty of the AQ-300?"),
        ),
        ("AQ-300の重さと保証期間は？", ("AQ-300の重さは？", "AQ-300の保証期間は？")),
        ("AQ-300の保証期間と、AQ-500の保証期間は？", ("AQ-300の保証期間は？", "AQ-500の保証期間は？")),
        ("AQ-300とAQ-500の違いは？", ()),
        ("AQ-300の入口と出口の温度差は？", ()),
        # each of a name
        (
            "How long is the warranty of the AQ-300 and who is the CFO?",
            ("How long is the warranty of the AQ-300?", "Who is the CFO?"),
        ),
        ("Who is the CFO and who is the COO?", ("Who is the CFO?", "Who is the COO?")),
        # of one thing
        ("How many vacation days do I get and who approves them?", ()),
        ("What is coinsurance and how does it work?", ()),
        ("What services does the plan cover, and what are the exceptions?", ()),
        ("有給休暇は何日ですか。また、誰が承認しますか。", ()),
        # one question
        ("Who decides what is bought and how it is paid?", ()),
        ("What is the difference between leave and who gets it in Leeds and Oslo?", ()),
        ("Is a hotel in London and a taxi to the airport paid?", ()),
        ("この契約は合法ですか？違法ですか？", ()),
        ("日当と宿泊費はいくらですか。", ()),
        ("", ()),
    ],
)
def test_what_is_taken_apart(question: str, expected: tuple[str, ...]) -> None:
    assert parts(question) == expected


def test_two_who_stand_in_one_sentence_are_both_told(models: Models) -> None:
    shelf = Shelf({"board.txt": "…  Present: Priya Raman (CFO), Luke Ferris (COO)."}, cosine=0.8)
    lines = answer(Ask("Who is the CFO and who is the COO?"), shelf, models).text.splitlines()
    assert [line for line in lines if "“" not in line] == ["Priya Raman [1]", "Luke Ferris [1]"]


def test_each_part_is_answered_in_its_turn(models: Models) -> None:
    shelf = Shelf(TRAVEL, cosine=0.8)
    given = answer(Ask(f"{CLAIM} and {MILE}"), shelf, models)
    assert [query for query, _ in shelf.searches[-2:]] == [f"{CLAIM}?", f"W{MILE[1:]}"]
    lines = given.text.splitlines()
    assert lines[0].startswith("within 30 days")
    assert any("45p per mile" in line for line in lines)
    assert {citation.source for citation in given.citations} == set(TRAVEL)
    assert "part_unanswered" not in {note.code for note in given.notes}


def test_the_part_that_nothing_answers_is_named(models: Models) -> None:
    given = answer(Ask(f"{CLAIM} and {DOG}"), Shelf(TRAVEL, cosine=0.3), models)
    assert not given.abstained
    assert given.text.startswith("within 30 days")
    [note] = [note for note in given.notes if note.code == "part_unanswered"]
    assert note.message == f"The documents do not answer this part of the question: W{DOG[1:]}"


def test_where_no_part_is_answered_the_question_is_refused_as_a_whole(models: Models) -> None:
    given = answer(Ask(f"Who won the cup in Berlin last year and {DOG}"), Shelf(TRAVEL, cosine=0.05), models)
    assert given.abstained
    assert "part_unanswered" not in {note.code for note in given.notes}
