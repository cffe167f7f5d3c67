"""What is about a text itself answers only what is asked of that: a mail's head, a question."""

from __future__ import annotations

import pytest

from rag.reading.clues import letterhead
from rag.reading.sentences import answer_prompt
from tests.rag.readings import answered, read

MAIL = (
    "…  Re: The office in Tokyo\n\nTo: Tom Baker <tom@example.com>\nDate: Mon, 12 May 2025 09:15:00 +0900\n\n"
    "From: Hanako Sato <sato@example.com>\n\nTom,\n\nThe move of the office is fixed for 14 June 2025. "
    "Boxes arrive on 9 June.\n\nOn 9 May 2025 Tom Baker wrote:\n\nWhen does the office move? And who has the keys?"
)
OPENED = (
    "…  The office in Tokyo\n\nTo: Tom Baker <tom@example.com>\nDate: Mon, 12 May 2025 09:15:00 +0900\n\n"
    "From: Hanako Sato <sato@example.com>\n\nAll is ready by 14 June 2025. It has two bays."
)
MAIL_JA = (
    "…  事務所の移転\n\n宛先: 田中 <tanaka@example.com>\n日時: 2025年5月12日 9:15\n\n"
    "事務所の移転は2025年6月14日に行う。\n\n移転はいつですか。鍵は誰が持っていますか。"
)

PARTY_JA = (
    "…  懇親会のご案内\n\nTo: all@example.com\nDate: Mon, 04 May 2026 09:00:00 +0900\n\n"
    "From: tanaka@example.com\n\n{}日時: 7月12日（金）18時\n\n場所: 日比谷公園"
)
PARTY = (
    "…  Summer party\n\nTo: all@example.com\n\nFrom: hr@example.com\n\nDear all,\n\n"
    "we invite you to the summer party.\n\nDate: Friday 12 July 2026\n\nPlace: Hibiya garden"
)


def of_a_mail(question: str, mail: str) -> str:
    return "".join(answer_prompt(read(question, {"mail.eml": mail})))


@pytest.mark.parametrize(
    ("question", "mail", "first"),
    [
        ("When does the office move?", MAIL, "14 June 2025"),
        ("When is the Tokyo office open?", OPENED, "14 June 2025"),
        ("On what date was the mail sent?", MAIL, "12 May 2025"),
        ("事務所の移転はいつですか。", MAIL_JA, "6月14日"),
        ("メールの日時はいつですか。", MAIL_JA, "5月12日"),
    ],
)
def test_the_date_of_a_mail_answers_what_is_asked_of_the_mail_alone(
    question: str, mail: str, first: str
) -> None:
    assert first in of_a_mail(question, mail).splitlines()[0]


@pytest.mark.parametrize(
    ("question", "mail"), [("Who has the keys of the office?", MAIL), ("鍵は誰が持っていますか。", MAIL_JA)]
)
def test_no_question_is_quoted_as_an_answer(question: str, mail: str) -> None:
    answer = answered(question, mail)
    assert "who has the keys" not in answer
    assert "誰が持って" not in answer


@pytest.mark.parametrize(
    ("question", "mail", "said"),
    [
        ("懇親会はいつですか。", PARTY_JA.format("懇親会を下記のとおり開催します。\n\n"), "7月12日"),
        ("懇親会はいつですか。", PARTY_JA.format(""), "7月12日"),
        ("懇親会はいつですか。", "…  懇親会を下記のとおり開催します。\n\n日時: 7月12日（金）18時", "7月12日"),
        ("When is the summer party?", PARTY, "Friday 12 July 2026"),
        (
            "When does the new canteen open?",
            "…  Canteen\n\nSubject: New canteen opens on 3 May\n\nFrom: hr@example.com\n\n"
            "Dear all, more will follow soon about it.",
            "3 May",
        ),
        (
            "食堂はいつ開きますか。",
            "…  食堂\n\n件名: 新しい食堂は5月3日に開く\n\n差出人: hr@example.com\n\n詳しくは後日お知らせする。",
            "5月3日",
        ),
    ],
)
def test_what_a_mail_says_below_its_head_and_as_its_subject_answers(
    question: str, mail: str, said: str
) -> None:
    answer = of_a_mail(question, mail)
    assert said in answer
    assert "May 2026" not in answer


def test_a_subject_that_says_something_is_quoted_without_its_label_and_a_topic_is_not() -> None:
    body = "The works on the ground floor are done. Send your wishes for the canteen by 20 April."
    mail = f"…  Canteen\n\nSubject: {{}}\n\nTo: all@example.com\n\nFrom: hr@example.com\n\n{body}"
    first = of_a_mail("When does the new canteen open?", mail.format("Re: New canteen opens on 3 May"))
    assert first.splitlines()[:2] == ["3 May [1]", "“New canteen opens on 3 May” [1]"]
    first = of_a_mail("Who becomes head of finance?", mail.format("Anna Berg becomes head of finance"))
    assert "“Anna Berg becomes head of finance” [1]" in first
    assert "“The new canteen”" not in of_a_mail("When is the new canteen?", mail.format("The new canteen"))


def test_no_other_document_has_a_mails_head() -> None:
    order = (
        "…  Purchase orders go as follows.\n\nTo: Desk 4 in Leeds, orders@example.com\n\nThey are read daily."
    )
    assert "Desk 4" in answered("Which desk in Leeds reads purchase orders?", order)


@pytest.mark.parametrize(
    ("texts", "place", "head"),
    [
        (["The office", "To: Tom\nDate: 12 May", "From: Ann", "Date: 3 June"], "x (mail/move.eml)", [1, 2]),
        (["From: Ann\nTo: Tom\nDate: 12 May", "Date: 3 June", "We move."], "x (move.msg)", [0]),
        (["宛先: 田中\n日時: 5月12日", "移転する。"], "x (move.eml)", [0]),
        (["We move.", "Date: 3 June", "Place: Leeds"], "x (move.eml)", []),
        (["We move.", "Soon.", "From: Ann"], "x (move.eml)", []),
        (["Re: We move", "We move", "To: Tom\nDate: 12 May"], "x (all.mbox)", [2]),
        (["To: Tom\nBoxes arrive on 9 June."], "x (move.eml)", []),
        (["To be decided on 9 June."], "x (move.eml)", []),
        (["To: Tom\nDate: 12 May", "From: Ann <ann@example.com>"], "x (minutes.docx)", []),
        ([], "x (move.eml)", []),
    ],
)
def test_the_head_of_a_mail_is_known(texts: list[str], place: str, head: list[int]) -> None:
    assert list(letterhead(texts, place)) == head
