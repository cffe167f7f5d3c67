"""The short answer: the words that answer by themselves, where there are such."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.prompts.prompting import (
    ReadPassage,
)
from rag.reading.exact import exact
from rag.reading.sentences import choose
from rag.reading.signs import Signs
from rag.reading.units import cut
from tests.rag.readings import PUMP, PUMP_JA, answered, read


@pytest.mark.parametrize(
    ("question", "text", "short"),
    [
        (
            "How long is maternity leave?",
            "After maternity, adoption or shared leave of more than 26 weeks you may work shorter.",
            None,
        ),
        ("How long is maternity leave?",
         "After maternity leave of more than 26 weeks you may work shorter.", None),
        ("How long may I work shorter?",
         "After leave of more than 26 weeks you may work shorter for one month.", "one month"),
        ("How many days of sick leave are there?",
         "If you are ill for more than three days, call, and you get 10 days of sick leave.", "10 days"),
        ("病気休暇は何日ですか。", "病気で3日を超えて休むときは、年10日の病気休暇がある。", "10日"),
        ("何日以上休むときに診断書を提出しますか。", "3日を超えて休むときは、診断書を提出する。", "3日"),
        ("How much is paid for a hotel?",
         "When you travel, a hotel of £185 is paid and you may claim breakfast.", "£185"),
        ("How many days of leave do I have?",
         "Once hired you have 25 days of leave and you may carry over some.", "25 days"),
        ("How often must the pump be serviced?", "After 400 hours the pump must be serviced.", "After 400 hours"),
        ("When do I call?", "If you are ill for more than three days you must call.", "more than three days"),
        ("How old are drivers?", "If you are 18 years old you may drive.", "18 years old"),
        ("何歳で退職しますか。", "60歳に達した場合は、退職する。", "60歳"),
        ("何日休むと診断書を出しますか。", "3日を超えて休むときは、診断書を提出する。", "3日"),
        ("申請はいつまでですか。", "3月31日までに申し出た場合は、承認する。", "3月31日まで"),
        ("宿泊費の上限はいくらですか。", "宿泊費の上限は1万円で東京の場合は2万円とする。", None),
        ("宿泊費の上限はいくらですか。", "宿泊費は1万円が上限だが東京の場合は2万円とする。", None),
        ("有給はいつまで繰り越せますか。", "入社時に12日の有給を与え、翌年度に限り繰り越せる。", None),
        ("報告はいつまでですか。", "報告は24時間以内に行う。", "24時間以内"),
        ("How long is the trial period?",
         "Unless your contract says otherwise, the trial period is six months.", "six months"),
    ],
)  # fmt: skip
def test_a_condition_is_no_short_answer(question: str, text: str, short: str | None) -> None:
    (unit,) = cut(0, ReadPassage(1, "rules.txt", "", text))
    assert exact(question, unit) == short


def test_one_of_several_rows_that_are_asked_for_alike_is_no_short_answer() -> None:
    table = "…  Product | Warranty\nE-4032 logger | 36 months\nRepairs | 6 months"
    assert "months [1]" not in answered("How long is the warranty?", table).splitlines()[0].split("|")[0]
    assert answered("How long is the warranty of the E-4032?", table).startswith("36 months [1]\n")


@pytest.mark.parametrize(
    ("question", "text", "words"),
    [
        ("When does leave lapse?", "Unused leave lapses on 31 March 2025.", "31 March 2025"),
        (
            "When must claims be handed in?",
            "Claims are handed in within 30 days of the journey.",
            "within 30 days",
        ),
        (
            "How much is a hotel in London?",
            "A hotel in London costs up to £185, in Paris up to €160.",
            "up to £185",
        ),
        ("How many people work in Brno?", "In Brno work 120 people, in Leeds 310 people.", "120 people"),
        ("How long is the warranty?", "The warranty is 24 months from delivery on page 3.", "24 months"),
        (
            "Who approves travel abroad?",
            "Travel abroad is approved by the department head.",
            "the department head",
        ),
        ("Who leads the audit?", "The audit is led by Jana Novotna.", "Jana Novotna"),
        (
            "Who approves long journeys?",
            "Long journeys are approved by Mara Lindqvist, head of operations.",
            "Mara Lindqvist",
        ),
        ("Who founded Contoso?", "A Short History of Contoso: how it was founded.", None),
        (
            "Who approves the budget?",
            "The budget is approved by the Managing Partner each year.",
            "Managing Partner",
        ),
        (
            "Who approves the budget?",
            "The Group Finance Board approves the budget.",
            "The Group Finance Board",
        ),
        ("Who approves the budget?", "It is approved by the Group Finance Board.", "the Group Finance Board"),
        ("How many vacation days are there?", "Of 30 people each has 25 days of vacation.", "25 days"),
        ("How many annual leave days do I get?", "Up to five unused ones move into the next year.", None),
        ("How many annual leave days do I get?", "All 40 have 25 days of annual leave.", "25 days"),
        ("How many paid sick days do I have?", "Sick pay in days 1 to 14 is paid by us.", None),
        ("How many tickets take days?", "All in all 15 tickets take days.", "15"),
        ("How many vehicles need hours of charging?", "Of the fleet 7 vehicles need hours.", "7"),
        ("How many people in all work there?", "In Brno work 120 people.", "120 people"),
        ("Which model has a probe?", "The probe comes with the E-4032 alone.", "E-4032"),
        ("What time does it open?", "It opens at 8:30 and has a lift.", "8:30"),
        ("施行日はいつですか。", "この規程は2024年4月1日から施行する。", "2024年4月1日"),
        ("創業は何年ですか。", "会社は1998年6月2日に創業した。", "1998年"),
        ("定員は何人ですか。", "会議室は12人まで利用でき、3日前に予約する。", "12人まで"),
        ("休暇は何日まで繰り越せますか。", "休暇は22日とし、うち8日まで繰り越すことができる。", "8日まで"),
        ("手当はいくらですか。", "手当は1回につき3,000円とする。", "3,000円"),
        # Who holds an office is named right beside it; its own words spelt out are nobody.
        ("Who is the CEO of Contoso?", "Our CEO, Jane Doe, opened the meeting.", "Jane Doe"),
        ("Who is the CEO?", "The Chief Executive Officer (CEO) gives strategic direction.", None),
        ("Who is the director?", "The director speaks for the chapter on the Senior Management Team.", None),
        ("Who is the director of 18F?", "The director of 18F is Mary Smith.", "Mary Smith"),
        (
            "Who is the data protection officer?",
            "The data protection officer is the head of Legal.",
            "the head of Legal",
        ),
        ("Who is the head of sales?", "Jana Novotna, head of sales, signs.", "Jana Novotna"),
        ("Who was the head of sales before?", "Jana Novotna, head of sales, signs.", None),
        ("Who is the head of sales?", "Jana Novotna, head of marketing, signs.", None),
        ("Who was the president in 1990?", "George Bush was the president.", "George Bush"),
        ("Who is the manager?", "Jane Doe was the manager until 2019.", None),
        ("Who is the director?", "The deputy director is Jane Doe.", None),
        ("Who is the HR director?", "The IT director is Jane Doe.", None),
        ("Who is the president of Contoso?", "Jane Doe, president of Fabrikam, visited Contoso.", None),
        ("Who is the CEO?", "The report was sent to Jane Doe; the CEO approved it.", None),
        ("Who is the CEO?", "According to Jane Doe, the CEO was absent.", None),
        ("Who is allowed to travel with a director?", "The finance team is, on request.", "The finance team"),
        ("社長は誰ですか。", "副社長は佐藤氏です。", None),
        ("社長は誰ですか。", "前社長：佐藤氏が退任した。", None),
        ("社長は誰ですか。", "申請は代表取締役社長が承認する。", None),
        ("CEOは誰ですか。", "CEO：佐藤氏", "佐藤氏"),
        ("誰が承認しますか。", "申請は管理部長が承認する。", "管理部長"),
        ("割引は何%ですか。", "100台以上は5割を引く。", "5割"),
        (
            "Who does the Chief Technology Officer report to?",
            "The Chief Technology Officer of Contoso will be responsible for it.",
            None,
        ),
        ("Who reviews the handbook?", "The Head of People reviews it in May.", "The Head of People"),
        ("How many places have chargers?", "The house has 46 places, six of them with chargers.", None),
        ("年休は何日ですか。", "年次有給休暇のうち3日を一斉休業日に充てる。", None),
        ("When is it?", "It is in hall 3.", None),
        ("How many days?", "Ten days in May, or twelve days in June.", None),
        ("Who approves leave of 5 days?", "The manager approves, or the director does.", None),
        ("Do I say why when I call in sick?", "A certificate is needed after 7 days.", None),
        ("Why is it closed?", "It is closed since 3 May.", None),
        ("Is it 30 days?", "It is 30 days.", None),
        (
            "When does the VPN move?",
            "Mia Ono (2023-11-14 22:13 UTC): The VPN moves to the new host on Monday.",
            None,
        ),
        ("When does the VPN move?", "Mia (2023-11-14 22:13): The VPN moves on 4 March 2024.", "4 March 2024"),
    ],
)
def test_the_words_that_answer_by_themselves(question: str, text: str, words: str | None) -> None:
    (unit,) = cut(0, read("q", {"d.txt": f"…  {text}"}).passages[0])
    assert exact(question, unit) == words


@given(
    st.sampled_from(["When?", "How many days?", "Who?", "いくらですか", "何年ですか"]), st.text(max_size=60)
)
def test_words_that_answer_stand_in_the_text(question: str, text: str) -> None:
    for unit in cut(0, ReadPassage(1, "", "", text)):
        found = exact(question, unit)
        assert found is None or (found and found in unit.text)


@pytest.mark.parametrize(
    ("question", "text", "words"),
    [
        ("How often must the Osprey pump be serviced?", PUMP, "every 400 hours [1]"),
        ("ポンプの点検は何時間ごとですか。", PUMP_JA, "400時間ごと [1]"),
    ],
)
@pytest.mark.parametrize(("share", "given"), [(0.361, True), (0.359, False)])
def test_a_short_answer_needs_a_sentence_that_speaks_of_what_was_asked(
    monkeypatch, question: str, text: str, words: str, share: float, given: bool
) -> None:
    # The same sentence, whatever its share of the question's words is said to be.
    best = choose(read(question, {"d.txt": text}))[:1]
    weighed = [replace(one, signs=Signs(own=share)) for one in best]
    monkeypatch.setattr("rag.reading.sentences.choose", lambda reading, embed: weighed)
    first = answered(question, text).splitlines()[0]
    assert (first == words) is given
    assert given or first.endswith(("” [1]", "」 [1]"))


@pytest.mark.parametrize(
    ("question", "table", "short"),
    [
        (
            "How much revenue did Japan make?",
            "Region | Revenue (€ thousand) | Change\nJapan | 720 | +41 %",
            "720",
        ),
        ("By what percentage did Japan change?", "Region | Revenue | Change\nJapan | 720 | +41 %", "+41 %"),
        ("How long is the warranty of the pump?", "Code | Price | Warranty months\nPump | 1150 | 12", "12"),
        ("How much is the pump?", "Code | Days | Months\nPump | 1150 | 12", None),
        ("What does the pump cost?", "Code | Cost centre | Price GBP\nPump | 240 | 189.00", None),
        ("What is the cost centre of the pump?", "Code | Cost centre | Price GBP\nPump | 240 | 189", "240"),
        ("What does the pump cost?", "Code | Cost (GBP) | Months\nPump | 240 | 12", "240"),
        ("How much did the price of the pump rise?", "Code | Price GBP\nPump | 189.00", None),
        ("日本の売上はいくらですか", "地域 | 売上（千ユーロ） | 増減\n日本 | 720 | 41%", "720"),
    ],
)
def test_the_cell_of_the_column_that_is_asked_for_answers(
    question: str, table: str, short: str | None
) -> None:
    (_, row) = cut(0, ReadPassage(1, "t, page 1 (t.txt)", "", table))
    assert exact(question, row) == short
