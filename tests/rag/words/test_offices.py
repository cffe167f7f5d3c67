"""Whose office a question asks about, and who holds it."""

from __future__ import annotations

import pytest

from rag.asking.answering import answer
from rag.asking.answers import Ask
from rag.models.catalogue import Models
from rag.words.offices import is_held, office_asked_for
from tests.rag.hits import Shelf

KESTREL = "…  Kestrel Valves annual report. Kestrel sold 500 valves. The CEO of Kestrel signs the report."
JANE = "…  Brightwater Pumps annual report. Our CEO, Jane Doe, thanks the staff."
JOHN = "…  Kestrel Valves and its people. Our CEO, John Roe, thanks the staff."
TWO = {"kestrel.txt": KESTREL, "brightwater.txt": JANE}
JAPANESE = {
    "ケストレル.txt": "…  ケストレル株式会社の報告書。社長が署名する。",
    "ブライト.txt": "…  ブライト株式会社の報告書。社長の佐藤氏が述べた。",
}


@pytest.mark.parametrize(
    ("question", "whose"),
    [
        ("Who is the CEO of Kestrel?", "kestrel"),
        ("Who is Kestrel's CEO?", "kestrel"),
        ("Who is the finance director of Kestrel Valves Ltd?", "kestrel valves ltd"),
        ("Who is the CEO?", ""),
        ("Who is our CEO?", ""),
        ("Who is the head of customer care?", ""),
        ("ケストレルの社長は誰ですか", "ケストレル"),
        ("ケストレル社の社長は誰ですか", "ケストレル"),
        ("青空商事株式会社の社長の名前は", "青空商事"),
        ("社長は誰ですか", ""),
        ("当社の社長は誰ですか", ""),
        ("当時の大阪市長は誰か？", ""),
        ("2011年の市長は誰ですか", ""),
        ("初代の社長は誰ですか", ""),
    ],
)
def test_whose_office_is_asked_about(question: str, whose: str) -> None:
    office = office_asked_for(question)
    assert office is not None
    assert office.whose == whose


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("ブライトの社長の佐藤氏が述べた。", False),
        ("ケストレルの社長の佐藤氏が述べた。", True),
        ("社長の佐藤氏が述べた。", True),
    ],
)
def test_an_office_of_another_is_not_that_one(text: str, held: bool) -> None:
    office = office_asked_for("ケストレルの社長は誰ですか")
    assert office is not None
    assert is_held(text, office) == held


@pytest.mark.parametrize(
    ("question", "texts"), [("Who is the CEO of Kestrel?", TWO), ("ケストレルの社長は誰ですか", JAPANESE)]
)
def test_anothers_holder_is_no_answer(models: Models, question: str, texts: dict[str, str]) -> None:
    assert answer(Ask(question), Shelf(texts, cosine=0.8), models).abstained


def test_the_holder_is_told_and_no_other(models: Models) -> None:
    given = answer(
        Ask("Who is the CEO of Kestrel?"), Shelf({"b.txt": JANE, "a.txt": JOHN}, cosine=0.8), models
    )
    assert given.text.startswith("John Roe")
    assert "Jane Doe" not in given.text
