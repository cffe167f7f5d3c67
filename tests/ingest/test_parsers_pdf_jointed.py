"""Tables of a PDF whose rules are level alone and drawn cell by cell, as browsers and Word do."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from tests.ingest.blocks import kinds
from tests.ingest.paper import drawn, write
from tests.ingest.reports import PROSE, read

EDGES = (60, 84, 124, 380, 430, 490, 550)
"""Where the columns of an invoice begin and end."""

ROWS = (
    (["Pos.", "Article", "Description", "Quantity", "Unit", "Amount"], ["", "", "", "", "price", ""]),
    (
        ["1", "NS-", "Sensor for outdoor use, with mounting", "20", "€ 45.00", "€ 900.00"],
        ["", "400", "bracket and two batteries", "", "", ""],
    ),
    (["2", "CB-10", "Cable, 10 m", "20", "€ 2.80", "€ 56.00"],),
    (
        ["3", "SV-01", "Installation on site in Berlin", "16 h", "€ 85.00", "€"],
        ["", "", "14 and 15 May 2026, two technicians", "", "", "1,360.00"],
    ),
    (["4", "", "Discount", "", "", "- € 115.80"],),
)
READ = [
    "Pos. | Article | Description | Quantity | Unit price | Amount",
    "1 | NS-400 | Sensor for outdoor use, with mounting bracket and two batteries | 20 | € 45.00 | € 900.00",
    "2 | CB-10 | Cable, 10 m | 20 | € 2.80 | € 56.00",
    "3 | SV-01 | Installation on site in Berlin 14 and 15 May 2026, two technicians | 16 h | € 85.00 | € 1,360.00",
    "4 |  | Discount |  |  | - € 115.80",
]


def invoice(canvas: Any, y: float, *, above: bool) -> float:
    """Draws the rows cell by cell, each with a rule below it, or above it."""
    canvas.setFont("Helvetica", 9)
    for row in ROWS:
        top = y
        for cells in row:
            y -= 11
            for x, end, text in zip(EDGES, EDGES[1:], cells, strict=False):
                if x < 380:
                    canvas.drawString(x + 3, y, text)
                else:
                    canvas.drawRightString(end - 3, y, text)
        y -= 5
        for x, end in pairwise(EDGES):
            canvas.line(x, top if above else y, end, top if above else y)
    return y


def tables(data: bytes) -> list[list[str]]:
    return [text.splitlines() for kind, _, text in kinds(read(data)) if kind == "table"]


def test_rules_below_cells_part_rows_and_columns() -> None:
    def draw(canvas: Any) -> None:
        write(canvas, PROSE, 60, 790, 480)
        y = invoice(canvas, 720, above=False)
        write(canvas, PROSE, 60, y - 30, 480)

    data = drawn(draw)
    assert tables(data) == [READ]
    assert [kind for kind, _, _ in kinds(read(data))] == ["paragraph", "table", "paragraph"]


def test_the_row_below_the_last_rule_is_of_the_table() -> None:
    assert tables(drawn(lambda canvas: invoice(canvas, 720, above=True))) == [READ]


def test_titles_around_a_table_without_outer_rules_are_none_of_its_rows() -> None:
    """Neither the row above the first rule is ruled off, nor the one below the last."""
    rows = [
        ("Item", "Limit", "Receipt"),
        ("Hotel", "140.00", "always"),
        ("Taxi", "40.00", "no"),
        ("Meal", "9", "no"),
    ]

    def draw(canvas: Any) -> None:
        canvas.setFont("Helvetica-Bold", 14)
        canvas.drawString(60, 715, "2. Expenses")
        canvas.setFont("Helvetica", 10)
        for n, cells in enumerate(rows):
            for at, cell in enumerate(cells):
                canvas.drawString(63 + 90 * at, 700 - 15 * n, cell)
                if n < len(rows) - 1:
                    canvas.line(60 + 90 * at, 696 - 15 * n, 150 + 90 * at, 696 - 15 * n)
        canvas.setFont("Helvetica-Bold", 14)
        canvas.drawString(60, 635, "3. Codes")

    assert [text for _, _, text in kinds(read(drawn(draw)))] == [
        "2. Expenses",
        "\n".join(" | ".join(row) for row in rows),
        "3. Codes",
    ]


def test_tables_side_by_side_are_read_one_after_the_other() -> None:
    def small(canvas: Any, x: float, rows: Sequence[Sequence[str]]) -> None:
        y = 700
        for first, second in rows:
            canvas.drawString(x + 3, y, first)
            canvas.drawRightString(x + 117, y, second)
            y -= 16
            canvas.line(x, y + 12, x + 70, y + 12)
            canvas.line(x + 70, y + 12, x + 120, y + 12)

    loggers = [("Logger", "Units"), ("L1", "1,200"), ("L2", "3,410"), ("L3", "77")]
    services = [
        ("Service", "Hours"),
        ("Installation", "2,310"),
        ("Calibration", "1,105"),
        ("Training", "212"),
    ]

    def draw(canvas: Any) -> None:
        canvas.setFont("Helvetica", 9)
        small(canvas, 60, loggers)
        small(canvas, 190, services)

    assert tables(drawn(draw)) == [[" | ".join(row) for row in rows] for rows in (loggers, services)]


def test_rules_above_sums_alone_are_no_table_of_their_own() -> None:
    """They stand below the figures, and the labels beside them."""

    def draw(canvas: Any) -> None:
        canvas.setFont("Helvetica", 9)
        y = 700
        for group in range(4):
            for label, now, then in (("Products", "63,355", "63,948"), ("Services", "19,604", "17,486")):
                canvas.drawString(70, y, f"{label} {group}")
                canvas.drawRightString(400, y, now)
                canvas.drawRightString(480, y, then)
                y -= 13
            canvas.line(340, y + 10, 410, y + 10)
            canvas.line(410, y + 10, 490, y + 10)

    (rows,) = tables(drawn(draw))
    assert len(rows) == 8
    assert rows[0] == "Products 0 | 63,355 | 63,948"


def test_an_address_beside_an_invoices_data_is_no_part_of_their_table() -> None:
    address = ["Adler & Co.", "Accounts payable", "Turmstrasse 8", "10559 Berlin"]
    data = [
        ("Invoice number", "2026-0418"),
        ("Invoice date", "20 May"),
        ("Due date", "19 June"),
        ("Order", "PO-7731"),
    ]

    def draw(canvas: Any) -> None:
        canvas.setFont("Helvetica", 10)
        for at, line in enumerate(address):
            canvas.drawString(60, 700 - 12 * at, line)
        for at, (label, value) in enumerate(data):
            canvas.drawString(380, 698 - 15 * at, label)
            canvas.drawString(480, 698 - 15 * at, value)
        write(canvas, PROSE, 60, 610, 480)

    document = read(drawn(draw))
    assert tables(drawn(draw)) == [[" | ".join(row) for row in data]]
    assert " ".join(document.text.split()).startswith(" ".join(address))


def test_rules_around_sums_part_no_rows_where_figures_stand_below_each_other() -> None:
    """Statements of companies have a rule below a year, above a sum and below it, in each column of figures."""
    labels = ("Net profit", "Currency", "Pensions", "Hedges", "Others", "Sum", "Comprehensive income")
    edges = (60, 300, 310, 380, 390, 460)

    def draw(canvas: Any) -> None:
        canvas.setFont("Helvetica", 9)
        for at, label in enumerate(("", *labels)):
            y = 700 - 14 * at
            canvas.drawString(60, y, label)
            figures = (f"{at}1,204", f"{at}7,98{at}") if at else ("2025", "2026")
            for x, figure in zip((380, 460), figures, strict=True):
                canvas.drawRightString(x, y, figure)
                if at and label in ("Net profit", "Sum", "Comprehensive income"):
                    canvas.drawString(x - 68, y, "$")
            if not at or label in ("Others", "Sum", "Comprehensive income"):
                for x, end in pairwise(edges):
                    canvas.line(x, y - 4, end, y - 4)

    (table,) = tables(drawn(draw))
    assert [row.split(" | ")[0] for row in table[1:]] == list(labels)


def test_currency_signs_with_rules_of_their_own_stay_with_their_amounts() -> None:
    rows = (("", "2025", "2026"), ("Sales", "233", "201"), ("Interest", "31", "64"), ("Profit", "202", "137"))

    def draw(canvas: Any) -> None:
        canvas.setFont("Helvetica", 9)
        for at, (label, *figures) in enumerate(rows):
            y = 700 - 14 * at
            canvas.drawString(60, y, label)
            for x, figure in zip((380, 480), figures, strict=True):
                canvas.drawRightString(x, y, figure)
                if label in ("Sales", "Profit"):
                    canvas.drawString(x - 66, y, "$")
            for x, end in pairwise((60, 300, 330, 385, 410, 430, 485)):
                canvas.line(x, y - 4, end, y - 4)

    (table,) = tables(drawn(draw))
    assert table[1:] == ["Sales | $ 233 | $ 201", "Interest | 31 | 64", "Profit | $ 202 | $ 137"]
