"""Which of the sentences and rows that may answer are shown, and which of them first."""

from __future__ import annotations

import pytest

from rag.reading.picking import keyed_first
from rag.reading.sentences import answer_prompt, choose, rank
from tests.rag.readings import answered, read


def test_no_more_than_two_rows_of_a_table_are_shown() -> None:
    rows = "\n".join(f"Q{n} sales of pumps | {n}00" for n in range(1, 6))
    note = "…  Sales of pumps were good. Sales of other pumps were not told."
    chosen = choose(read("What were sales of pumps?", {"t.txt": f"…  {rows}", "n.txt": note}))
    assert [c.passage.marker for c in chosen if c.unit.row] == [1, 1]
    assert [c.passage.marker for c in chosen if not c.unit.row] == [2, 2]


@pytest.mark.parametrize(
    ("question", "left_out"),
    [
        ("How long is the warranty of the AQ-500?", {"AQ-300"}),
        ("AQ-500の保証 warranty は？", {"AQ-300"}),
        ("How long is the warranty of the AQ-300 and the AQ-500?", set()),
        ("How long is the warranty of the AQ-700?", set()),  # nothing speaks of it
    ],
)
def test_no_figure_of_another_product_stands_below_the_right_one(question: str, left_out: set[str]) -> None:
    texts = {
        "terms.txt": "…  Product | Warranty\nAQ-500 | 36 months\nAQ-300 | 24 months\nSpare parts | 6 months",
        "aq-300.txt": "…  The warranty is 24 months for the AQ-300.",
    }
    shown = "".join(answer_prompt(read(question, texts)))
    assert {code for code in ("AQ-300", "AQ-500") if code not in shown} == left_out


DOCUMENTS_JA = (
    "…  第7条（提出書類）\n\n入社する者は次の書類を提出する。"
    "\n\n1. 住民票\n2. 誓約書\n3. 口座届\n\n書類は2部とする。"
)
DOCUMENTS = (
    "…  New staff hand in the following documents.\n\n- passport\n- tax form\n\nCopies of documents are kept."
)


@pytest.mark.parametrize(
    ("question", "text", "items"),
    [
        ("入社のときに提出する書類は何ですか", DOCUMENTS_JA, ["住民票", "誓約書", "口座届"]),
        ("Which documents do new staff hand in?", DOCUMENTS, ["passport", "tax form"]),
    ],
)
def test_a_list_stands_below_what_announces_it(question: str, text: str, items: list[str]) -> None:
    first, *listed = choose(read(question, {"rules.txt": text}))
    assert "次の書類" in first.text or "the following" in first.text
    assert [one.text for one in listed] == items


@pytest.mark.parametrize(
    ("question", "text", "short"),
    [
        ("How long before must I ask?", "…  You must ask up to 20 days a year.", ""),
        (
            "How long before the journey must I ask for leave?",
            "…  You must ask for leave at least 30 days before the journey.",
            "at least 30 days before",
        ),
        ("How many days may I ask for?", "…  You must ask for up to 20 days a year.", "up to 20 days"),
    ],
)
def test_how_long_before_is_no_other_length(question: str, text: str, short: str) -> None:
    first = answered(question, text).splitlines()[0]
    assert first.startswith(f"{short} [1]") if short else first.startswith("“")


def test_the_cheaper_of_two_is_told_by_both_prices() -> None:
    texts = {
        "prices.txt": "…  Order | Product | GBP\n1 | AQ-300 pump | 90.00\n2 | AQ-500 pump | 70.00\n3 | Case | 5.00"
    }
    shown = "".join(answer_prompt(read("Which is cheaper, the AQ-300 or the AQ-500?", texts)))
    assert all(price in shown for price in ("90.00", "70.00"))


def test_the_row_of_the_thing_itself_stands_before_what_extends_it() -> None:
    terms = (
        "…  Product | Warranty\nAQ-500 | 36 months\nAQ-300 | 12 months"
        "\n\nOf an AQ-500 that is registered the warranty is extended by 12 months."
    )
    shown = answered("How many months is the warranty of the AQ-500?", terms).splitlines()
    assert shown[:2] == ["36 months [1]", "Product | Warranty: “AQ-500 | 36 months” [1]"]


@pytest.mark.parametrize("asked", ["price", "warranty period"])
def test_a_row_that_goes_on_behind_the_code_stands_before_one_that_only_names_it(asked: str) -> None:
    prices = (
        "…  Product | Price | Warranty\nPrice to calibrate an FM-210, a warranty period | €195 | none"
        "\nFM-210 flow meter | €1,310 | 24 months\nFM-450 flow meter | €2,980 | 60 months"
    )
    first = answered(f"What is the {asked} of the FM-210?", prices).splitlines()[0]
    assert "FM-210 flow meter | €1,310" in first


def test_the_edition_of_a_year_that_is_named_stands_before_another_that_has_more_of_the_words() -> None:
    texts = {
        "home-policy-2022.txt": "…  Staff pay for their own desk.",
        "home-policy-2025.txt": "…  We provide a desk that can be raised.",
    }
    chosen = choose(read("Was a desk provided in 2022?", texts))
    assert [one.text for one in chosen][:1] == ["Staff pay for their own desk."]


def test_the_row_of_a_thing_under_another_quarter_is_not_put_first() -> None:
    sales = (
        "…  Sales in the second quarter of 2025/26 were 2,876.\n\nProduct | Q1 25/26 | Q1 24/25\n"
        "E-4058 | 2,702 | 2,215\nE-4032 | 1,100 | 1,000"
    )
    question = "What were E-4058 sales in the second quarter of 2025/26?"
    told, *rows = sorted(rank(read(question, {"sales.txt": sales})), key=lambda one: one.unit.row)
    assert keyed_first([told, *rows], question) == [told, *rows]


def test_the_row_that_begins_a_cell_with_the_thing_stands_before_what_is_made_for_it() -> None:
    table = "Order number | Product | GBP\nNB-24 | Cell for E-4032 | 11.50\n4032-00 | E-4032 logger | 164.00"
    rows = [
        line for line in answered("How much does the E-4032 cost?", f"…  {table}").splitlines() if "|" in line
    ]
    assert "E-4032 logger" in rows[0]


def test_what_differs_in_an_ordinal_is_told_of_both_editions() -> None:
    said = answered(
        "When is a doctor's note required?",
        "…  A doctor's note is required from the third day.",
        "…  A doctor's note is required from the fourth day.",
    )
    assert "third" in said
    assert "fourth" in said


def test_other_rows_of_a_table_do_not_stand_beside_the_one_that_is_asked_for() -> None:
    said = answered("What is the price of the pump?", "…  Product | Price\nPump | £40\nTank | £90\nHose | £5")
    assert "Pump" in said
    assert "Tank" not in said
    assert "Hose" not in said
    every = answered("What are the prices?", "…  Product | Price\nPump | £40\nTank | £90")
    assert "Pump" in every
    assert "Tank" in every


def test_a_sentence_without_a_word_of_the_question_does_not_stand_beside_one_that_has() -> None:
    said = answered(
        "Is chlorine allowed?", "…  Chlorine is not allowed. Rinse twice. Wear gloves at any time."
    )
    assert said == "“Chlorine is not allowed.” [1]"
    party = answered("When is the party?", "…  We invite you to the party. Friday 12 July 2026 at noon.")
    assert "12 July" in party


ACTIONS = (
    "…  No. | Action | Owner | Due\n25-16 | Letter to customers | Customer Care | 28 July"
    "\n25-18 | Gauge for the tool | Production Brno | 15 August\n25-21 | Report of the cell | Research | 28 August"
)


@pytest.mark.parametrize(
    ("question", "there", "left_out"),
    [
        ("Who is responsible for action 25-21?", {"25-21"}, {"25-16", "25-18"}),
        ("Who owns 25-16 and who owns 25-18?", {"25-16", "25-18"}, {"25-21"}),
        ("Which actions are there?", {"25-16", "25-18"}, set()),
    ],
)
def test_a_row_that_is_named_by_its_first_cell_is_meant(
    question: str, there: set[str], left_out: set[str]
) -> None:
    said = answered(question, ACTIONS)
    assert all(f"“{one} |" in said for one in there)
    assert not any(f"“{one} |" in said for one in left_out)


def test_a_row_that_is_named_by_a_number_of_its_own_stands_first() -> None:
    said = answered(
        "Who is responsible for action 25-21?",
        "…  Research is responsible for action 25-14, and who is responsible for action 25-15 is open.",
        ACTIONS,
    )
    quoted = [line for line in said.splitlines() if "“" in line]
    assert "25-21 |" in quoted[0]


def test_a_row_of_a_product_under_other_columns_does_not_stand_first() -> None:
    said = answered(
        "What did the G-200 cost in 2024?",
        "…  Order | Product | GBP\nG200-1 | Gateway G-200 | 325.00\nG200-2 | Cable for the G-200 | 12.00",
        "…  Product | Current | Oldest supported\nG-200 | 5.1.0 | 4.0\nE-4032 | 3.3.1 | 2.0",
    )
    quoted = [line for line in said.splitlines() if "“" in line]
    assert "G200-1" in quoted[0]


PRICES = "…  Order number | Product | GBP\nTW | TW-100 logger | 164.00\n4058 | E-4058 tracker | 246.00"


def test_how_much_of_what_a_product_needs_is_no_question_for_its_price() -> None:
    said = answered(
        "How much current does the TW-100 need?", PRICES, "…  TW-100: it needs a current of 22 mA."
    )
    assert "22 mA" in next(line for line in said.splitlines() if "“" in line)


def test_the_price_of_a_product_does_not_stand_before_that_of_its_part() -> None:
    repairs = "…  Repair | E-4032 | E-4058\nMain board | £79 | £118"
    question = "What is the price of replacing the main board of an E-4058?"
    ranked = rank(read(question, {"prices.txt": PRICES, "repairs.txt": repairs}))
    (part,) = (one for one in ranked if "board" in one.text)
    (whole,) = (one for one in ranked if "tracker" in one.text)
    assert keyed_first([part, whole], question) == [part, whole]
    assert keyed_first([part, whole], "What does an E-4058 cost?") == [whole, part]


def test_rows_of_two_products_that_are_asked_about_are_both_read() -> None:
    table = "…  Product | Price\nTW-200 | 249.00\nProbe P-9 | 35.50\nCable | 9.00"
    said = answered("Is there a P-9 probe for the TW-200?", table)
    assert "Probe P-9" in said
    assert "Cable" not in said
