"""Different figures for the same thing in different documents: shown with their dates, and never a false alarm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from rag.asking.answering import answer
from rag.asking.answers import Ask
from rag.grounding.conflicts import as_told
from rag.models.catalogue import Models
from rag.words.dates import document_date
from tests.rag.grounding.disagreeing import conflicts
from tests.rag.hits import Shelf

PAY_2023 = (
    "…  Travel policy. Effective: 1 April 2023.\n\nA private car is paid at 40p per mile. Lunch is at noon."
)
PAY_2025 = (
    "…  Travel policy. Effective: 1 April 2025.\n\nA private car is paid at 45p per mile. Bring a badge."
)
WORK_2021 = "…  在宅勤務規程\n施行日　2021年7月1日\n\n在宅勤務は、週2日を限度とする。\n\n食堂は正午に開く。"
WORK_2024 = "…  在宅勤務規程\n施行日　2024年4月1日\n\n在宅勤務は週3日を限度とする。\n\n窓を閉める。"


def test_editions_disagree_and_the_newer_comes_first() -> None:
    texts = {"travel-2023.txt": PAY_2023, "travel-2025.txt": PAY_2025}
    for said in ("A private car is paid at 45p per mile. [2]", "A private car is paid at 40p per mile. [1]"):
        (one,) = conflicts("What is paid for a private car?", texts, said)
        assert [(v.value, v.date, v.source) for v in one.values] == [
            ("45p", "2025-04-01", "travel-2025.txt"),
            ("40p", "2023-04-01", "travel-2023.txt"),
        ]
        assert one.subject == "A private car is paid at … per mile."


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("What mileage rate do I get when using my own car?", 1),  # two words in three are the asker's own
        ("What mileage rate is there for a loan of a bicycle?", 0),  # it says nothing of this
    ],
)
def test_what_is_cited_first_is_told_in_whatever_words_it_was_asked_for(question: str, told: int) -> None:
    texts = {"travel-2023.txt": PAY_2023, "travel-2025.txt": PAY_2025}
    assert len(conflicts(question, texts, "A private car is paid at 45p per mile. [2]")) == told


def test_an_edition_that_lacks_a_word_but_no_name_of_the_question_speaks_of_the_same() -> None:
    texts = {
        "meals-2023.txt": "…  Meals are paid at cost, up to £35 for a full day on a journey.",
        "meals-2025.txt": "…  Meals are paid at cost, up to £45 for a full day away on a journey.",
    }
    (one,) = conflicts("What can I spend on a full day away?", texts, f"“{texts['meals-2025.txt'][3:]}” [2]")
    assert [value.value for value in one.values] == ["£45", "£35"]


def test_japanese_editions_disagree() -> None:
    texts = {"在宅勤務規程_2021年版.txt": WORK_2021, "在宅勤務規程_2024年版.md": WORK_2024}
    (one,) = conflicts("在宅勤務は週何日までですか。", texts, "「在宅勤務は週3日を限度とする。」[2]")
    assert [(v.value, v.date) for v in one.values] == [("3日", "2024-04-01"), ("2日", "2021-07-01")]


def test_rows_of_the_same_table_disagree() -> None:
    texts = {
        "prices-2024.txt": "…  Service | GBP\nCalibration, three points | 46.00\nRepair | 80.00",
        "prices-2025.txt": "…  Service | GBP\nCalibration, three points | 49.00\nRepair | 80.00",
    }
    (one,) = conflicts("What does calibration cost?", texts, "“Calibration, three points | 49.00” [2]")
    assert [(v.value, v.date) for v in one.values] == [("49.00", "2025"), ("46.00", "2024")]
    assert conflicts("What does a repair cost?", texts, "“Repair | 80.00” [2]") == ()


MEALS = "…  Country | Breakfast | Dinner\nGermany | {} euros | {} euros\nFrance | 14 euros | 32 euros"


@pytest.mark.parametrize(
    ("question", "values"),
    [
        ("How much is dinner in Germany?", [["30 euros", "28 euros"]]),
        ("How much is breakfast in Germany?", [["13 euros", "12 euros"]]),
        ("What is paid in Germany?", [["13 euros", "12 euros"], ["30 euros", "28 euros"]]),
    ],
)
def test_rows_that_differ_in_several_columns_disagree_in_the_one_asked_for(
    question: str, values: list[list[str]]
) -> None:
    texts = {"meals-2023.txt": MEALS.format(12, 28), "meals-2025.txt": MEALS.format(13, 30)}
    found = conflicts(question, texts, "“Germany | 13 euros | 30 euros” [2]")
    assert [[value.value for value in one.values] for one in found] == values


def test_a_row_that_was_cited_along_with_the_one_asked_for_is_not_told() -> None:
    texts = {
        "meals-2023.txt": MEALS.format(13, 28),
        "meals-2025.txt": MEALS.format(13, 30).replace("32 euros", "35 euros"),
    }
    said = "“Germany | 13 euros | 30 euros” [2]\n“France | 14 euros | 35 euros” [2]"
    (one,) = conflicts("How much is dinner in Germany?", texts, said)
    assert [value.value for value in one.values] == ["30 euros", "28 euros"]
    assert len(conflicts("How much is dinner?", texts, said)) == 2


def test_a_sentence_that_changed_in_several_figures_disagrees_in_each_or_the_one_asked_for() -> None:
    said = "正社員の年次有給休暇は{}日とし、うち{}日まで翌年度に繰り越すことができる。"
    texts = {
        "休暇規程_2021年版.txt": "…  " + said.format(20, 5),
        "休暇規程_2024年版.txt": "…  " + said.format(22, 8),
    }
    quoted = f"「{said.format(22, 8)}」[2]"
    for question, values in (
        ("有給休暇は何日まで繰り越せますか。", [["8日", "5日"]]),
        ("正社員の有給休暇について教えてください。", [["22日", "20日"], ["8日", "5日"]]),
    ):
        found = conflicts(question, texts, quoted)
        assert [[value.value for value in one.values] for one in found] == values


@pytest.mark.parametrize(
    ("question", "older", "newer", "values"),
    [
        (
            "How many days do I have to hand in my expense claim?",
            "Claims are handed in within 60 days of the end of the journey, in the tool, with photographs.",
            "Hand in your claim in the expense tool within 30 days of the last day of the journey.",
            ["30 days", "60 days"],
        ),
        (
            "出張から戻ったら、いつまでに精算しますか。",
            "帰着後2週間以内に、出張旅費精算書に領収書を添えて経理課に提出し精算する。",
            "帰着後10営業日以内に経費システムで精算する。",
            ["10営業日", "2週間"],
        ),
    ],
)
def test_editions_that_put_their_answer_in_other_words_disagree(
    question: str, older: str, newer: str, values: list[str]
) -> None:
    texts = {"出張規程_travel-2023.txt": f"…  {older}", "出張規程_travel-2025.txt": f"…  {newer}"}
    titles = dict.fromkeys(texts, "出張旅費の精算 Travel")
    (one,) = conflicts(question, texts, f"{newer} [2]", titles)
    assert [value.value for value in one.values] == values
    assert conflicts(question, {"a.txt": f"…  {older}", "b.txt": f"…  {newer}"}, f"{newer} [2]") == ()
    assert conflicts("Where are claims handed in?", texts, f"{newer} [2]") == ()


@pytest.mark.parametrize(
    ("question", "older", "newer"),
    [
        (
            "How much is paid for a hotel in London?",
            "Hotels in Paris are paid up to 160 pounds a night.",
            "Hotels in London are paid up to 185 pounds a night.",
        ),
        (
            "How much is paid for a hotel in London?",
            "For a hotel room in Paris up to 160 pounds a night are paid, with breakfast.",
            "Hotels in London are paid up to 185 pounds a night.",
        ),
        (
            "ロンドンのホテルはいくらまでですか。",
            "パリのホテルは一泊160ポンドまでとする。",
            "ロンドンのホテルは一泊185ポンドまでとする。",
        ),
    ],
)
def test_editions_that_speak_of_another_place_are_no_conflict(question: str, older: str, newer: str) -> None:
    texts = {"出張規程_travel-2023.txt": f"…  {older}", "出張規程_travel-2025.txt": f"…  {newer}"}
    assert conflicts(question, texts, f"{newer} [2]") == ()


def test_editions_that_answer_alike_in_other_words_agree() -> None:
    texts = {
        "travel-2023.txt": "…  Claims are handed in within 30 days of the end of the journey, with photographs.",
        "travel-2025.txt": "…  Hand in your claim in the tool within 30 days of the last day of the journey.",
    }
    question = "How many days do I have to hand in my claim?"
    assert (
        conflicts(
            question,
            texts,
            "Hand in your claim in the tool within 30 days of the last day of the journey. [2]",
        )
        == ()
    )


def test_of_three_editions_each_figure_is_laid_beside_its_own() -> None:
    texts = {
        "meals-2023.txt": MEALS.format(12, 30),
        "meals-2024.txt": MEALS.format(13, 28),
        "meals-2025.txt": MEALS.format(13, 30),
    }
    found = conflicts("What is paid in Germany?", texts, "“Germany | 13 euros | 30 euros” [3]")
    assert [[value.value for value in one.values] for one in found] == [
        ["13 euros", "12 euros"],
        ["30 euros", "28 euros"],
    ]


def test_documents_of_other_names_disagree_where_they_say_the_same_words() -> None:
    texts = {
        "handbook.txt": "…  Up to five unused days of leave move into the next year.",
        "faq.txt": "…  Up to three unused days of leave move into the next year.",
    }
    (one,) = conflicts(
        "How many days of leave move?", texts, "Up to five unused days of leave move into the next year. [1]"
    )
    assert {v.value for v in one.values} == {"five", "three"} or {v.value[:4] for v in one.values} == {
        "five",
        "thre",
    }


@pytest.mark.parametrize(
    ("first", "second", "names"),
    [
        ("Sales of the quarter were £14 million.", "Sales of the quarter were £15 million.",
         ("report-q1.txt", "report-q2.txt")),
        ("Net sales for the three months ended 30 June 2023 were $5 million.",
         "Net sales for the three months ended 30 June 2022 were $4 million.", ("2023 Q2 A.txt", "2022 Q2 A.txt")),
        ("The battery lasts 3 years at 20 °C.", "The battery lasts 5 years at 20 °C.",
         ("e-4032-sheet.txt", "e-4058-sheet.txt")),
        ("A private car is paid at 45p per mile.", "A private car is paid at £0.45 per mile.",
         ("t-2023.txt", "t-2025.txt")),
        ("London pays 185 pounds a night.", "Paris pays 160 pounds a night.", ("t-2023.txt", "t-2025.txt")),
        ("The pump is serviced every 400 hours.", "Parts are stored for 5 years in hall 3.",
         ("t-2023.txt", "t-2025.txt")),
        ("売上高は前年同期比で5%増の100億円となった。", "売上高は前年同期比で7%増の120億円となった。",
         ("第1四半期.txt", "第2四半期.txt")),
        ("在宅勤務は週2日を限度とする。", "出張は月2回を限度とする。", ("規程2021.txt", "規程2024.txt")),
    ],
)  # fmt: skip
def test_what_is_no_conflict(first: str, second: str, names: tuple[str, str]) -> None:
    texts = {names[0]: f"…  {first}", names[1]: f"…  {second}"}
    assert conflicts(first, texts, f"{first} [1]") == ()


@pytest.mark.parametrize(
    ("question", "older", "newer"),
    [
        (
            "What is the hotel limit a night?",
            "The hotel limit in Paris is £150 a night.",
            "The hotel limit in London is £200 a night.",
        ),
        (
            "宿泊費の上限はいくらですか。",
            "海外出張の宿泊費の上限は20,000円とする。",
            "国内出張の宿泊費の上限は10,000円とする。",
        ),
    ],
)
def test_what_is_said_of_two_places_is_no_conflict_whatever_is_asked(
    question: str, older: str, newer: str
) -> None:
    texts = {"hotels-2023.txt": f"…  {older}", "hotels-2025.txt": f"…  {newer}"}
    assert conflicts(question, texts, f"“{newer}” [2]") == ()


def test_what_has_nothing_to_do_with_the_question_is_not_told() -> None:
    texts = {"travel-2023.txt": PAY_2023, "travel-2025.txt": PAY_2025}
    assert conflicts("When is lunch?", texts, "A private car is paid at 45p per mile. [2]") == ()


@pytest.mark.parametrize(
    ("head", "source", "date"),
    [
        ("Version 3.1, effective 1 April 2023. Superseded on 1 April 2025.", "a-2023.pdf", "2023-04-01"),
        ("第2版　施行日：令和6年4月1日", "規程.md", "2024-04-01"),
        ("Dated 2025-03-17", "a.pdf", "2025-03-17"),
        ("2026年4月1日改定", "規程.md", "2026-04-01"),
        ("この規程は2024年4月1日から施行する。", "規程.md", "2024-04-01"),
        ("2015年4月1日制定\n2026年4月1日改訂", "規程.md", "2026-04-01"),
        ("制定日：2015年4月1日　改定日：2026年4月1日　次回改定日：2028年4月1日", "規程.md", "2026-04-01"),
        ("Issued 1 May 2015. Revised 1 April 2026.", "a.md", "2026-04-01"),
        ("2024年4月1日改定により廃止", "規程_2021年版.md", "2021"),
        ("No date at all", "policy-2022.md", "2022"),
        ("No date at all", "hr/2022/policy.md", "2022"),
        ("日付はない", "規程_令和7年度版.md", "2025"),
        ("No date at all", "archive-2024/policy-2022.md", "2022"),
        ("It met on 3 May 2024.", "minutes.md", ""),
    ],
)
def test_a_documents_own_date(head: str, source: str, date: str) -> None:
    assert document_date(head, "", source) == date


def test_documents_of_one_title_are_told_apart_by_their_paths() -> None:
    texts = {"hr/2023/travel.txt": PAY_2023, "hr/2025/travel.txt": PAY_2025}
    (one,) = conflicts("What is paid for a private car?", texts, "A private car is paid at 45p per mile. [2]")
    same = replace(one, values=tuple(replace(value, title="Travel policy") for value in one.values))
    assert as_told(same).endswith(
        ": 45p (hr/2025/travel.txt, 2025-04-01); 40p (hr/2023/travel.txt, 2023-04-01)."
    )
    own = replace(one, values=tuple(replace(value, title=value.date) for value in one.values))
    assert "(2025-04-01, 2025-04-01)" in as_told(own)


def test_the_answer_says_so() -> None:
    texts = {"travel-2023.txt": PAY_2023, "travel-2025.txt": PAY_2025}
    given = answer(Ask("What is paid per mile for a private car?"), Shelf(texts, cosine=0.8), Models())
    assert [value.value for value in given.conflicts[0].values] == ["45p", "40p"]
    (note,) = [note.message for note in given.notes if note.code == "conflict"]
    assert note == (
        "Documents disagree on “A private car is paid at … per mile.”: 45p (travel-2025.txt, 2025-04-01); "
        "40p (travel-2023.txt, 2023-04-01)."
    )


CARS = {
    "travel-2023.txt": "…  Travel. Effective: 1 April 2023.\n\nManagers may travel in the green car.",
    "travel-2025.txt": "…  Travel. Effective: 1 April 2025.\n\nThe green car is not for managers.",
    "menu.txt": "…  The green car of the canteen brings coffee to managers.",
}


def older_editions(question: str, texts: Mapping[str, str]) -> list[str]:
    given = answer(Ask(question), Shelf(texts, cosine=0.8), Models())
    assert given.citations
    return [note.message for note in given.notes if note.code == "older_edition"]


def test_what_is_cited_from_an_older_edition_is_said_to_be() -> None:
    asked = "May managers travel in the green car?"
    assert older_editions(asked, CARS) == [
        "travel-2023.txt (2023-04-01) is an older edition: travel-2025.txt (2025-04-01) is newer."
    ]
    renamed = {name.replace("2025", "in space"): text for name, text in CARS.items()}
    assert older_editions(asked, renamed) == []


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("acme-report-q2-2025.txt", "acme-report-q3-2025.txt"), 0),
        (("2023 Q1 ACME.txt", "2023 Q3 ACME.txt"), 0),
        (("2024年度第1四半期決算.txt", "2024年度第2四半期決算.txt"), 0),
        (("annual-report-2024.txt", "annual-report-2025.txt"), 0),
        (("prices-q2-2025.txt", "prices-q3-2025.txt"), 1),
        (("reporting-rules-2024.txt", "reporting-rules-2025.txt"), 1),
    ],
)
def test_a_report_is_no_older_edition_of_the_next_one(names: tuple[str, str], told: int) -> None:
    texts = dict(
        zip(
            names,
            ["…  Cars may be used for journeys.", "…  Cars and vans may be used for journeys."],
            strict=True,
        )
    )
    assert len(older_editions("May cars be used for journeys?", texts)) == told


@pytest.mark.parametrize(
    "question",
    ["Were managers formerly to travel in the green car?", "May managers travel in the green car in 2023?"],
)
def test_who_asks_for_an_older_edition_is_not_told_that_it_is_one(question: str) -> None:
    assert older_editions(question, CARS) == []


def test_a_conflict_says_which_edition_is_newer_and_nothing_else_does() -> None:
    texts = {"travel-2023.txt": PAY_2023, "travel-2025.txt": PAY_2025}
    given = answer(Ask("What is paid per mile for a private car?"), Shelf(texts, cosine=0.8), Models())
    assert [note.code for note in given.notes] == ["conflict"]


TABLES = {
    f"price-list-{year}.csv": f"…  Code | Product | Price EUR | Warranty months\nCP-10 | Cleaning pump | {price} | 12"
    f"\nCP-20 | Cleaning pump | {price}0 | {months}"
    for year, price, months in ((2025, 1090, 12), (2026, 1150, 24))
}


@pytest.mark.parametrize(
    ("question", "code", "values"),
    [
        ("What is the warranty of the CP-10?", "CP-10", []),
        ("What is the price of the CP-10?", "CP-10", [["1150", "1090"]]),
        ("What is the warranty of the CP-20?", "CP-20", [["24", "12"]]),
    ],
)
def test_of_rows_the_column_that_is_asked_for_is_told(
    question: str, code: str, values: list[list[str]]
) -> None:
    row = next(line for line in TABLES["price-list-2026.csv"].splitlines() if line.startswith(code))
    found = conflicts(question, TABLES, f"“{row}” [2]")
    assert [[value.value for value in one.values] for one in found] == values
