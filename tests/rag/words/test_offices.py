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


@pytest.mark.parametrize(
    ("question", "text", "held"),
    [
        ("Who is the CFO?", "Jonas Brandt | CFO | +49 89 5550 120", True),
        ("Who is the chief financial officer?", "Dr. Jonas Brandt | Chief Financial Officer | ext. 12", True),
        ("Who is the chief financial officer?", "Owner | Chief Financial Officer", False),
        ("Who is the head of sales?", "Sofia Lindqvist | Head of Sales | s@house.example", True),
        ("Who is the head of sales?", "Peter Novak | Head of Production | p@house.example", False),
        ("Who is the head of sales?", "Production Manager | Visit | Head of Sales", False),
        ("Who is the head of sales?", "Jane Doe | Cook\nSofia Lindqvist | Head of Sales", True),
        ("Who is the head of sales?", "Rooms | Books | Head of the Calibration Laboratory", False),
        ("Who is the managing director?", "Our Managing Director Martin Vogel said so.", True),
        ("社長は誰ですか", "山田 太郎 | 代表取締役社長 | 内線100", True),
        ("社長は誰ですか", "渡航注意情報が出ている国 | 社長 | 30営業日前", False),
        ("営業部長は誰ですか", "佐藤 | 営業部長 | 内線200", True),
    ],
)
def test_a_row_names_who_holds_an_office(question: str, text: str, held: bool) -> None:
    office = office_asked_for(question)
    assert office is not None
    assert is_held(text, office) is held


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("Who is the CFO?", "…  The CFO holds a reserve. The CFO signs. Deliveries need the CFO."),
        (
            "Who is the head of People?",
            "…  The head of Legal is the DPO officer. The head of People decides.",
        ),
        ("Who is the IT manager?", "…  The IT manager keeps it. Name | Role\nPriya Nair | Head of Quality"),
        (
            "Who is the CFO?",
            "…  Journey | Signed by\nLong | Your manager\nOutside Europe | Head of team\nMore | CFO",
        ),
        ("社長は誰ですか", "…  1件500万円を超える振込は、社長の承認を必要とする。社長賞は年1回贈る。"),
    ],
)
def test_where_nobody_is_named_nothing_is_answered(models: Models, question: str, text: str) -> None:
    assert answer(Ask(question), Shelf({"a.txt": text}, cosine=0.8), models).abstained


@pytest.mark.parametrize(
    ("question", "text", "said"),
    [
        (
            "Who is the data protection officer?",
            "…  The Head of Legal acts as the data protection officer.",
            "Head of Legal",
        ),
        ("Who is the head of IT?", "…  Our head of IT is the Operations Director.", "Operations Director"),
        ("Who is the head of IT?", "…  The security officer is the Head of IT.", "security officer"),
        ("Who is the information security officer?", "…  The security officer is the head of IT.", "head"),
        (
            "Who is the quality manager?",
            "…  Name | Role\nPriya Nair | Head of Quality\nTom Quill | Sales Director",
            "Priya Nair",
        ),
        (
            "Who is the manager I have to tell when I am sick?",
            "…  When sick, tell your line manager.",
            "line",
        ),
    ],
)
def test_an_office_may_be_held_by_another_office_or_called_otherwise(
    models: Models, question: str, text: str, said: str
) -> None:
    assert said in answer(Ask(question), Shelf({"a.txt": text}, cosine=0.8), models).text


@pytest.mark.parametrize(
    "text",
    [
        "…  The Osprey project is managed by Jane Doe.",
        "…  Jane Doe leads the Osprey project. The manager signs.",
    ],
)
def test_whoever_does_it_may_be_named_in_other_words(models: Models, text: str) -> None:
    question = "Who is the manager of the Osprey project?"
    assert "Jane Doe" in answer(Ask(question), Shelf({"a.txt": text}, cosine=0.8), models).text


@pytest.mark.parametrize(
    ("beside", "named"),
    [
        ("Jane Roe leads Finance. Tom Hill is the IT manager.", False),
        ("Jane Roe leads Human Resources.", True),
        ("The HR team is run by Jane Roe.", True),
        ("The human resources team is run by Jane Roe.", True),
        ("Jane Roe leads how they are in their roles.", False),
    ],
)
def test_whoever_does_something_else_is_not_the_holder(models: Models, beside: str, named: bool) -> None:
    texts = {
        "contacts.txt": "…  Function | Extension\nHR manager | 4410\nIT helpdesk | 4400",
        "team.txt": f"…  {beside}",
    }
    given = answer(Ask("Who is the HR manager?"), Shelf(texts, cosine=0.8), models)
    assert given.abstained is not named


def test_a_name_that_stands_all_over_the_corpus_is_the_houses_own(models: Models) -> None:
    texts = {"contacts.txt": "…  Name | Role\nJane Doe | CEO\nJohn Roe | Cook"}
    texts |= {f"{n}.txt": f"…  Brauwerk Systems rule {n}. Kestrel Valves is a customer." for n in range(6)}
    given = answer(Ask("Who is the CEO of Brauwerk?"), Shelf(texts, cosine=0.8), models)
    assert given.text.startswith("Jane Doe")
    few = {name: text for name, text in texts.items() if name in ("0.txt", "contacts.txt")}
    assert answer(Ask("Who is the CEO of Brauwerk?"), Shelf(few, cosine=0.8), models).abstained


def test_the_holder_is_told_and_no_other(models: Models) -> None:
    given = answer(
        Ask("Who is the CEO of Kestrel?"), Shelf({"b.txt": JANE, "a.txt": JOHN}, cosine=0.8), models
    )
    assert given.text.startswith("John Roe")
    assert "Jane Doe" not in given.text
