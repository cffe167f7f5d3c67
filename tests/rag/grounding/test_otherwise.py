"""What is told of another product or another time is not taken for the one asked about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from corpus.types import Hit
from rag.asking.answering import answer
from rag.asking.answers import Answer, Ask
from rag.grounding.abstention import STRANGE, signals
from rag.grounding.otherwise import (
    asked_first,
    is_of_another_time,
    of_what_is_asked,
    unnamed_codes,
    unnamed_years,
)
from rag.models.catalogue import Models
from tests.rag.hits import Shelf

PUMPS = {
    "aq-300.md": "…  The pump weighs 41 kg. Tighten its bolts with 55 Nm. Error E-31 means dry running.",
    "aq-500.md": "…  The pump weighs 63 kg. Error E-31 means that a valve is closed.",
    "faq.md": "…  The AQ-500 and the pump before it are blue.",
}


def sources(question: str, texts: Mapping[str, str]) -> list[str]:
    return [hit.source for hit in of_what_is_asked(question, Shelf(texts).hits())]


@pytest.mark.parametrize(
    ("question", "left"),
    [
        ("How heavy is the AQ-500?", ["aq-500.md", "faq.md"]),
        ("ＡＱ５００の重さは？", ["aq-500.md", "faq.md"]),
        ("What does E-31 mean on the AQ-500?", ["aq-500.md", "faq.md"]),
        ("How heavy are the AQ-300 and the AQ-500?", [*PUMPS]),
        ("How heavy is the AQ-700?", [*PUMPS]),  # none has it: a note says so
        ("How heavy is the pump?", [*PUMPS]),
        ("How heavy was the pump in Q2 of v2?", [*PUMPS]),
    ],
)
def test_passages_of_another_product_are_left_out(question: str, left: list[str]) -> None:
    assert sources(question, PUMPS) == left


def test_a_series_and_a_variant_are_the_product() -> None:
    texts = {
        "e-4000-series.md": "…  Batteries last two years.",
        "e-5000-series.md": "…  One year.",
        "b.md": "…  E-4012",
    }
    assert sources("How long does the battery of the E-4012 last?", texts) == ["e-4000-series.md", "b.md"]
    assert sources("What is the AQ-500?", {"aq-500b.md": "…  A pump.", "aq-300.md": "…  A pump."}) == [
        "aq-500b.md"
    ]


def test_a_code_is_the_same_with_a_hyphen_a_blank_or_neither() -> None:
    texts = {
        "ev-9.md": "…  The charging voltage of the EV 6 and the EV-9 is 800 volts.",
        "ev-7.md": "…  The charging voltage is 400 volts.",
        "news.md": "…  The EV-6 was sold 300 times.",
    }
    for code in ("EV-6", "EV6", "EV 6"):
        assert sources(f"What is the charging voltage of the {code}?", texts) == ["ev-9.md", "news.md"]
    assert "800 volts" in ask("What is the charging voltage of the EV-6?", texts).text
    assert unnamed_codes("What did the EV 8 cost?", Shelf(texts).hits()) == ("EV 8",)
    assert unnamed_codes("What happened in May 2024?", Shelf({"may-2023.md": "…  It rained."}).hits()) == ()


def test_what_a_numbered_document_says_of_another_is_still_quoted() -> None:
    texts = {
        "HR-01 Guide to our forms.md": "…  Every form must be handed in to personnel within 14 days.",
        "HR-12 Parental leave form.md": "…  The form HR-12 asks for the birth date of the child.",
    }
    question = "Within how many days must the form HR-12 be handed in?"
    assert [hit.source for hit in asked_first(question, Shelf(texts).hits())] == [*texts][::-1]
    assert "within 14 days" in ask(question, texts).text


def ask(question: str, texts: Mapping[str, str]) -> Answer:
    return answer(Ask(question), Shelf(texts, cosine=0.9), Models())


def unnamed(given: Answer) -> list[str]:
    return [note.message for note in given.notes if note.code == "unnamed"]


def test_another_products_figure_is_not_quoted() -> None:
    given = ask("How heavy is the pump AQ-500?", PUMPS)
    assert "63 kg" in given.text
    assert "41 kg" not in given.text


def test_a_code_that_nothing_quoted_has_is_told() -> None:
    hits = Shelf(PUMPS).hits()
    assert unnamed_codes("How heavy is the AQ-700?", hits) == ("AQ-700",)
    assert unnamed_codes("How heavy is the AQ-500?", hits) == ()
    assert unnamed_codes("Is there an ISO-9001 certificate?", hits) == ()  # nor another one of these letters


class English(Shelf):
    def hits(self) -> list[Hit]:
        return [replace(hit, language="en") for hit in super().hits()]


def test_codes_and_years_are_the_same_in_every_language() -> None:
    texts = {"価格表-2025.md": "…  工場で使うポンプAQ-300の塗装の色は青です。"}
    given = answer(
        Ask("工場で使うポンプの塗装の色は、2019年のAQ-700では何色ですか。"),
        English(texts, cosine=0.9),
        Models(),
    )
    assert given.citations
    assert [note for note in unnamed(given) if "「AQ-700」「2019年」" in note]


@pytest.mark.parametrize(
    ("question", "source", "text", "missing"),
    [
        ("What were sales in 2024?", "sales.md", "In 2025 sales were £5 million.", ("2024",)),
        ("What were sales in 2024?", "sales.md", "Sales of 2025 and, in brackets, of 2024: 5 (4).", ()),
        ("What were sales in 2024?", "sales.md", "Sales were £5 million.", ()),  # of no year
        ("Who is the auditor in 2026?", "minutes.md", "Harwood is the auditor for 2025 to 2027.", ()),
        ("How many days of leave are there in 2026?", "leave-policy-2025.md", "There are 27 days.", ()),
        (
            "How many days of leave were there in 2021?",
            "leave-policy-2025.md",
            "There are 27 days.",
            ("2021",),
        ),
        ("令和6年度の売上高は？", "決算.md", "2025年度の売上高は5億円である。", ("令和6年度",)),
    ],
)
def test_a_year_is_told_where_what_is_quoted_is_of_another(
    question: str, source: str, text: str, missing: tuple[str, ...]
) -> None:
    assert unnamed_years(question, Shelf({source: f"…  {text}"}).hits()) == missing


REPORT = "…  Revenue in Q2 2025 was £44.7 million, a year before £40 million. Published 2025-07-29."


@pytest.mark.parametrize(
    ("question", "source", "other"),
    [
        ("What was the revenue in Q2 2024?", "report-q2-2025.md", True),
        ("What was the revenue in Q3 2025?", "report-q2-2025.md", True),
        ("What was the revenue in the third quarter?", "report-q2-2025.md", True),
        ("What was the revenue in 2024?", "report-q2-2025.md", True),
        ("What was the revenue in Q2 2025?", "report-q2-2025.md", False),
        ("What was the revenue in 2025?", "report-q2-2025.md", False),
        ("What was the revenue?", "report-q2-2025.md", False),
        ("What was the revenue in Q2 2024?", "about-us.md", False),  # no report
        ("What was the revenue in Q2 2024?", "reporting-policy-2025.md", False),
        ("2024年度第2四半期の売上高は？", "2025年度第2四半期決算.md", True),
        ("2025年度第2四半期の売上高は？", "2025年度第2四半期決算.md", False),
    ],
)
def test_a_report_of_another_time_does_not_answer(question: str, source: str, other: bool) -> None:
    hits = Shelf({source: REPORT}).hits()
    assert is_of_another_time(question, hits) is other
    assert (signals(question, hits).names == STRANGE) is other
    months = Shelf({source: f"{REPORT} In the three months ended June costs fell."}).hits()
    assert not is_of_another_time("What was the revenue in the third quarter?", months)


@pytest.mark.parametrize(
    ("question", "source", "text"),
    [
        (
            "What was revenue in FY2024/25?",
            "Annual report 2025.md",
            "Revenue for the year ended 31 March 2025 was £12 million.",
        ),
        ("2023年度の売上高は？", "2024年3月期決算短信.md", "当期の売上高は12億円でした。"),
        ("2024年3月期の売上高は？", "2023年度決算.md", "当期の売上高は12億円でした。"),
    ],
)
def test_a_business_year_is_one_of_both_its_years(question: str, source: str, text: str) -> None:
    hits = Shelf({source: f"…  {text}"}).hits()
    assert not is_of_another_time(question, hits)
    assert unnamed_years(question, hits) == ()


def test_a_year_that_a_report_only_mentions_is_not_its_own() -> None:
    hits = Shelf({"incident-report.md": "…  The fire began at 3 pm. Hoses were checked in May 2021."}).hits()
    assert not is_of_another_time("What happened in the 2024 fire?", hits)


def test_a_report_of_another_time_is_not_quoted() -> None:
    assert ask("What was the revenue in Q2 2024?", {"report-q2-2025.md": REPORT}).abstained
    given = ask("What was the revenue in Q2 2025?", {"report-q2-2025.md": REPORT})
    assert "£44.7 million" in given.text
    assert unnamed(given) == []


FAULTS = {
    "fm-450.md": "…  Code | Meaning\nE-11 | The filter is blocked",
    "bk-250.md": "…  Code | Meaning\nE-11 | The lid is open\nE-12 | No water",
}


def test_a_code_on_a_product_is_not_told_of_another(models: Models) -> None:
    given = answer(Ask("What does E-11 mean on the FM-450?"), Shelf(FAULTS, cosine=0.8), models)
    assert "filter" in given.text
    assert "lid" not in given.text
    assert answer(Ask("What does E-12 mean on the FM-450?"), Shelf(FAULTS, cosine=0.8), models).abstained
    assert answer(Ask("FM-450のE-12は何ですか"), Shelf(FAULTS), models).abstained


@pytest.mark.parametrize(
    ("question", "other"),
    [
        ("What does E-12 mean on the FM-450?", True),
        ("What does the error E-12 mean that I see on my FM-450?", True),
        ("FM-450のE-12は何ですか", True),
        ("What does E-12 mean?", False),
        ("What does E-12 mean on the BK-250?", False),
        ("Is E-12 worse than E-11 and the BK-250?", False),
        ("What does E-99 mean on the FM-450?", False),  # nothing tells of it: other signs decide
    ],
)
def test_what_is_asked_of_no_product_or_found_with_it_is(question: str, other: bool) -> None:
    assert (signals(question, Shelf(FAULTS).hits()).names == STRANGE) is other


def test_a_manual_that_does_not_name_its_product_on_every_page_may_answer() -> None:
    hits = Shelf({"manual-2024.md": "…  E-12 | No water", "fm-450.md": "…  A pump."}).hits()
    assert signals("What does E-12 mean on the FM-450?", hits).names != STRANGE
