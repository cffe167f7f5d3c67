"""What is about a text itself answers only what is asked of that: a mail's head, a list of versions, a question."""

from __future__ import annotations

import pytest

from rag.reading.clues import is_letterhead, is_of_a_version
from tests.rag.readings import answered

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
    assert first in answered(question, mail).splitlines()[0]


@pytest.mark.parametrize(
    ("question", "mail"), [("Who has the keys of the office?", MAIL), ("鍵は誰が持っていますか。", MAIL_JA)]
)
def test_no_question_is_quoted_as_an_answer(question: str, mail: str) -> None:
    answer = answered(question, mail)
    assert "who has the keys" not in answer
    assert "誰が持って" not in answer


@pytest.mark.parametrize(
    ("text", "place", "is_one"),
    [
        ("Date: Mon, 12 May 2025 09:15", "The office, page 1 (mail/move.eml)", True),
        ("From: Hanako Sato <sato@example.com>", "The office, page 1 (notes.txt)", True),
        ("Date: 12 May 2025", "Minutes, page 1 (minutes.docx)", False),
        ("To: Tom <tom@example.com>\nBoxes arrive on 9 June.", "The office, page 1 (move.eml)", False),
        ("To be decided on 9 June.", "The office, page 1 (move.eml)", False),
    ],
)
def test_the_head_of_a_mail_is_known(text: str, place: str, is_one: bool) -> None:
    assert is_letterhead(text, place) is is_one


VERSIONS = (
    "…  The hotel limit is £185 in London.\n\nVersion | Date | Change\n3.1 | 1 April 2023 | Hotel limits confirmed\n"
    "4.0 | 1 April 2025 | Hotel limits raised, deadline for claims shorter"
)


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("hotel limits", False),
        ("How high are the hotel limits?", False),
        ("When were the hotel limits changed?", True),
        ("What is new in version 4.0 about hotel limits?", True),
    ],
)
def test_a_list_of_versions_comes_first_where_versions_are_asked_for_alone(question: str, told: bool) -> None:
    assert ("hotel limits " in answered(question, VERSIONS).lower().partition("[1]")[0]) is told


def test_what_a_release_brought_is_told_all_the_same() -> None:
    notes = "…  Version | Date | Change\n2.3 | 3 May 2024 | Search is faster\n2.4 | 1 June 2024 | Dark mode"
    assert "Dark mode" in answered("Does the app have a dark mode?", notes).splitlines()[0]


@pytest.mark.parametrize(
    ("row", "is_one"),
    [
        ("3.1 | 1 April 2023 | Hotel limits confirmed", True),
        ("第6版 | 2021年7月 1日 | 在宅勤務規程を分離", True),
        ("Rev. C | 2024-05-01 | J. Novak | Drawing 7 replaced", True),
        ("1 | 1 April 2025 | Report to the board", False),
        ("2.5 | 3.1 | 4.0", False),
        ("London | 1 April 2023 | £185", False),
    ],
)
def test_a_row_about_a_version_is_known(row: str, is_one: bool) -> None:
    assert is_of_a_version(row) is is_one
