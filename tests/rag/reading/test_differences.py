"""What two editions say otherwise of the same matter is laid beside each other."""

from __future__ import annotations

import pytest

from rag.prompts.prompting import ReadPassage
from rag.reading.differences import changes, changes_shown
from rag.reading.sentences import answer_prompt
from tests.rag.readings import read

OLD = (
    "…  1 Cars\n\nA private car is paid at 40p per mile."
    "\n\n2 Hotels\n\nPlace | Limit a night\nLondon | £150\nParis | £140"
    "\n\n3 Meals\n\nMeals are paid against receipts. Alcohol is not paid.\n\n4 Advances\n\nAdvances are given for long"
    " journeys.\n\n5 History\n\nVersion | Date\n1.0 | 1 May 2021\n2.0 | 1 May 2023"
)
NEW = (
    "…  1 Cars\n\nA private car is paid at 45p per mile."
    "\n\n2 Hotels\n\nPlace | Limit a night\nLondon | £185\nParis | £140"
    "\n\n3 Meals\n\nMeals are paid against receipts. Alcohol is paid.\n\n4 Childcare\n\nChildcare is paid up to £60."
    "\n\n5 History\n\nVersion | Date\n2.0 | 1 May 2023\n3.0 | 1 May 2025"
)
LISTED = (
    "…  1 What is new\n\nSubject | Until 30 April 2025 | From 1 May 2025\nCars | 40p | 45p\nLondon | £150 | £185"
    "\nAlcohol | not paid | paid\n\n2 Cars\n\nA private car is paid at 45p per mile."
)
TRAVEL = {"travel-policy-2023.txt": OLD, "travel-policy-2025.txt": NEW}
OLD_JA = "…  第3条（日数）\n\n在宅勤務は、週2日を限度とする。\n\n第4条（費用）\n\n通信費は会社が負担する。"
NEW_JA = "…  第2条（日数）\n\n在宅勤務は週3日を限度とする。\n\n第5条（費用）\n\n通信費は会社が負担する。"


def told(topic: dict[str, float], newer: str = NEW, older: str = OLD) -> list[tuple[str, ...]]:
    sides = ([ReadPassage(n, "", "", text.removeprefix("…  "))] for n, text in enumerate((newer, older), 1))
    return [tuple(unit.text for unit in one.units) for one in changes(topic, *sides)]


def answered(question: str, texts: dict[str, str]) -> list[str]:
    return "".join(answer_prompt(read(question, texts))).splitlines()


def test_all_that_differs_is_found_and_nothing_else() -> None:
    assert told({}) == [
        ("A private car is paid at 45p per mile.", "A private car is paid at 40p per mile."),
        ("London | £185", "London | £150"),
        ("Alcohol is paid.", "Alcohol is not paid."),
    ]


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        ("グリーン車の利用は役員及び部長に限る。", "グリーン車の利用は役員に限る。"),
        (
            "Business class is for directors and heads on flights of the whole group.",
            "Business class is for directors on flights of the whole group.",
        ),
    ],
)
def test_a_word_more_is_a_change(newer: str, older: str) -> None:
    assert told({}, newer, older) == [(newer, older)]


def test_other_words_for_nothing_are_none() -> None:
    assert told({}, "在宅勤務は、週3日とする。", "在宅勤務は週3日とする。") == []


def test_only_what_is_asked_about_is_told() -> None:
    assert told({"mileag": 1.0}) == [  # of a word's kin
        ("A private car is paid at 45p per mile.", "A private car is paid at 40p per mile.")
    ]
    assert told({"dog": 1.0}) == []


def test_what_one_edition_alone_has_is_known_by_its_words() -> None:
    (only,) = changes({"childcar": 1.0}, [ReadPassage(1, "", "", NEW[3:])], [ReadPassage(2, "", "", OLD[3:])])
    assert only.only
    assert [unit.text for unit in only.units] == ["Childcare is paid up to £60."]


def test_a_heading_goes_with_one_of_another_number() -> None:
    assert told({}, NEW_JA, OLD_JA) == [("在宅勤務は週3日を限度とする。", "在宅勤務は、週2日を限度とする。")]
    assert told({"上限": 1.0, "限日": 3.0, "日数": 1.5}, NEW_JA, OLD_JA)  # 限日 only straddles two words


def test_each_statement_stands_behind_its_edition() -> None:
    assert answered("How has the rate of the private car changed?", TRAVEL) == [
        "2025: “A private car is paid at 45p per mile.” [2]",
        "2023: “A private car is paid at 40p per mile.” [1]",
    ]


def test_the_newer_editions_own_list_of_changes_is_the_answer() -> None:
    shown = answered(
        "What changed in the travel policy since 2023?", TRAVEL | {"travel-policy-2025.txt": LISTED}
    )
    header = "Subject | Until 30 April 2025 | From 1 May 2025"
    assert shown == [f"{header}: “{row}” [2]" for row in LISTED.splitlines()[3:6]]


def test_what_is_the_same_is_quoted_once_from_each() -> None:
    assert answered("Has the rule on receipts changed?", TRAVEL) == [
        "2025: “Meals are paid against receipts.” [2]",
        "2023: “Meals are paid against receipts.” [1]",
    ]


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("How much is paid for a private car?", ("travel-policy-2023.txt", "travel-policy-2025.txt")),
        ("How has the private car changed?", ("travel-policy.txt", "car-policy-2025.txt")),
        ("How has the private car changed?", ("cars-report-2023.txt", "cars-report-2025.txt")),
    ],
)
def test_nothing_is_laid_beside_what_is_no_other_edition_or_not_asked_for(
    question: str, names: tuple[str, str]
) -> None:
    reading = read(question, dict(zip(names, (OLD, NEW), strict=True)))
    assert changes_shown(question, reading.passages)[0] == []
