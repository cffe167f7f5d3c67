"""What speaks of other things does not disagree: reports of two companies, article numbers, what is not asked for."""

from __future__ import annotations

import pytest

from tests.rag.grounding.disagreeing import conflicts

RESULTS = "…  Revenue in Q2 2025 was £{} million. Operating profit was £{} million."


@pytest.mark.parametrize(
    ("titles", "told"),
    [
        (("Kestrel Valves quarterly report Q2 2025", "Brightwater Pumps quarterly report Q2 2025"), 0),
        (
            ("Results of Q2 2025 at a glance", "Brightwater Pumps quarterly report Q2 2025"),
            0,
        ),  # the question names one of them
        (("Brightwater Pumps: results of Q2 2025", "Brightwater Pumps quarterly report Q2 2025"), 1),
    ],
)
def test_reports_of_two_companies_do_not_disagree(titles: tuple[str, str], told: int) -> None:
    texts = {"a.md": RESULTS.format("18.3", "1.2"), "b.md": RESULTS.format("44.7", "6.3")}
    found = conflicts(
        "What was Brightwater's operating profit in Q2 2025?",
        texts,
        "“Operating profit was £6.3 million.” [2]",
        dict(zip(texts, titles, strict=True)),
    )
    assert len(found) == told


def test_files_of_one_title_that_are_named_of_two_places_do_not_disagree() -> None:
    texts = {
        "handbook-leeds.md": "…  Welcome to Leeds. The office opens at 7:30 on working days.",
        "handbook-brno.md": "…  Welcome to Brno. The office opens at 8:00 on working days.",
    }
    titles = dict.fromkeys(texts, "Office handbook")
    assert (
        conflicts(
            "When does the office open?", texts, "“The office opens at 8:00 on working days.” [2]", titles
        )
        == ()
    )


LEAVE = (
    "…  第12条　入社時に{}日の休暇を与える。\n第13条　夏季休暇は{}日とする。\n第14条　結婚休暇は{}日とする。"
)


def test_numbers_of_articles_are_no_figures_and_each_is_laid_beside_its_like() -> None:
    texts = {"就業規則_2023年版.md": LEAVE.format(10, 3, 5), "就業規則_2025年版.md": LEAVE.format(12, 5, 7)}
    said = "「第13条　夏季休暇は5日とする。」[2]\n「第14条　結婚休暇は7日とする。」[2]"
    found = conflicts("結婚休暇と夏季休暇は何日ですか", texts, said)
    assert [[value.value for value in one.values] for one in found] == [["5日", "3日"], ["7日", "5日"]]


def test_numbers_of_sections_are_no_figures() -> None:
    texts = {
        "rules-2023.md": "…  See section 4 for the leave that you may carry over to the next year.",
        "rules-2025.md": "…  See section 5 for the leave that you may carry over to the next year.",
    }
    said = "“See section 5 for the leave that you may carry over to the next year.” [2]"
    assert conflicts("What leave may I carry over?", texts, said) == ()


PAID = {
    "faq.txt": "…  Salaries are paid on the 25th of each month.",
    "leave-2023.txt": "…  Mothers receive 26 weeks at full pay. Employees of Acme receive 24 days of leave a year.",
    "leave-2025.txt": "…  Mothers receive 30 weeks at full pay. Employees of Acme receive 27 days of leave a year.",
    "report.txt": "…  At the end of the quarter Acme had 835 employees.",
}


@pytest.mark.parametrize(
    ("question", "first", "then", "told"),
    [
        (
            "When do we get paid?",
            "Salaries are paid on the 25th of each month. [1]",
            "30 weeks at full pay",
            0,
        ),
        ("How many employees does Acme have?", "Acme had 835 employees. [4]", "27 days of leave a year", 0),
        (
            "How many days of leave do employees get?",
            "Acme had 835 employees. [4]",
            "27 days of leave a year",
            1,
        ),
        ("How many employees does Acme have?", "", "27 days of leave a year", 1),
    ],
)
def test_of_what_is_cited_beside_the_first_sentence_what_is_asked_for_is_told(
    question: str, first: str, then: str, told: int
) -> None:
    beside = next(one for one in PAID["leave-2025.txt"][3:].split(". ") if then in one).rstrip(".")
    assert len(conflicts(question, PAID, f"{first}\n“{beside}.” [3]".strip())) == told
