"""Which years a question asks about, and which years and quarters a text tells of."""

from __future__ import annotations

import pytest

from rag.words.periods import asked_years, quarters, quarters_of_years, told_years


@pytest.mark.parametrize(
    ("question", "years"),
    [
        ("What was the revenue in Q2 2024?", {2024: "2024"}),
        ("2024年度第1四半期の売上高は？", {2024: "2024年度"}),
        ("令和6年度の売上高は？", {2024: "令和6年度"}),
        ("What were sales in FY24?", {2024: "FY24"}),
        ("What were sales in 2025/26?", {2025: "2025/26", 2026: "2025/26"}),
        ("What was revenue in FY2024/25?", {2024: "FY2024/25", 2025: "FY2024/25"}),
        ("2024年3月期の売上高は？", {2023: "2024年3月期", 2024: "2024年3月期"}),
        ("2024年12月期の売上高は？", {2024: "2024年"}),
        ("What was decided on 5 March 2024?", {2024: "2024"}),
        ("Who was hired before 2020?", {}),
        ("2020年以降に入社した人の休暇は？", {}),
        ("What changed between 2023 and 2025?", {}),
        ("What is paid for 2000 miles?", {}),
        ("2000円以上の昼食は？", {}),
        ("Do we hold ISO 9001:2015?", {}),
    ],
)
def test_years_that_are_asked_about(question: str, years: dict[int, str]) -> None:
    assert asked_years(question) == years


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("Published 2025-07-29.", {2025}),
        ("Auditor for 2025 to 2027", {2025, 2026, 2027}),
        ("Budget 2025/26", {2025, 2026}),
        ("令和7年度", {2025}),
        ("2024年3月期 決算短信", {2023, 2024}),
        ("for the year ended 31 March 2025", {2024, 2025}),
        ("for the year ended March 31, 2025", {2024, 2025}),
        ("for the year ended 31 December 2025", {2025}),
        ("for the three months ended March 31, 2025", {2025}),
        ("reports/fy24-q3.pdf", {2024}),
        ("12025 units", set()),
    ],
)
def test_years_that_are_told(text: str, years: set[int]) -> None:
    assert told_years(text) == years


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("finance/brightwater-q2-2025.md", [(2, 2025)]),
        ("Region | Q1 25/26 | Q1 24/25 | Change", [(1, 2025), (1, 2024)]),
        ("First Quarter of Financial Year 2025/26", [(1, 2025)]),
        ("2025年度第2四半期決算", [(2, 2025)]),
        ("FY24Q3", [(3, 2024)]),
        ("Sales of the third quarter rose as in 2025", []),
    ],
)
def test_quarters_with_their_years(text: str, pairs: list[tuple[int, int]]) -> None:
    assert list(quarters_of_years(text)) == pairs


@pytest.mark.parametrize(
    "text",
    [
        "Q3 2024",
        "2024_Q3_results.pdf",
        "FY24Q3",
        "2024年3Q",
        "Ｑ３",
        "third quarter",
        "3rd fiscal quarter",
        "quarter 3",
        "第三四半期",
    ],
)
def test_every_spelling_is_the_third_quarter(text: str) -> None:
    assert [number for number, _ in quarters(text)] == [3]


@pytest.mark.parametrize("text", ["a quarter of them", "FAQ3", "Q35", "Q3rd", "quarterly"])
def test_what_only_looks_like_a_quarter_is_none(text: str) -> None:
    assert list(quarters(text)) == []
