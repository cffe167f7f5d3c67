"""Letters as PDFs: addresses side by side, lists and paragraphs in columns, and what stands below them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reportlab.pdfbase.pdfmetrics import stringWidth

from tests.ingest.blocks import kinds
from tests.ingest.paper import drawn, wrapped, write
from tests.ingest.reports import PROSE, read

TO = ("Evans Cold Chain", "Purchasing, Mr Tom Pratt", "4 Quay Street", "Hull HU1 2AA")
FROM = ("Northwind Trading plc", "12 Harbour Road, Leeds", "Telephone 0113 555 0100", "12 May 2026")


def column(canvas: Any, x: float, y: float, lines: Sequence[str], *, right: bool = False) -> None:
    canvas.setFont("Helvetica", 10)
    for at, line in enumerate(lines):
        canvas.drawString(x - stringWidth(line, "Helvetica", 10) if right else x, y - 14 * at, line)


def test_two_addresses_side_by_side_are_read_one_after_the_other() -> None:
    def draw(canvas: Any) -> None:
        column(canvas, 60, 780, TO)
        column(canvas, 540, 780, FROM, right=True)
        write(canvas, PROSE, 60, 690, 480)

    text = " ".join(read(drawn(draw)).text.split())
    assert text == " ".join((*TO, *FROM, PROSE))


def test_figures_at_the_right_of_their_labels_are_a_table_in_whatever_order_they_are_drawn() -> None:
    figures = ("1,204", "98", "7,311", "46")

    def draw(canvas: Any) -> None:
        column(canvas, 60, 780, ("Revenue", "Interest", "Assets", "Taxes"))
        column(canvas, 300, 780, figures, right=True)

    assert [kind for kind, _, _ in kinds(read(drawn(draw)))] == ["table"]


def test_terms_beside_what_they_mean_are_no_box_of_their_own() -> None:
    meanings = wrapped(
        "The form in the portal with all its receipts, and what a manager says of it before it is paid.", 190
    )

    def draw(canvas: Any) -> None:
        column(canvas, 60, 780, ("Claim", "Centre", "Rate", "Day")[: len(meanings)])
        column(canvas, 200, 780, meanings)

    assert [kind for kind, _, _ in kinds(read(drawn(draw)))] == ["table"]


def test_a_list_in_two_columns_is_two_lists() -> None:
    def draw(canvas: Any) -> None:
        y = write(canvas, PROSE, 60, 780, 480)
        column(canvas, 70, y, ("• Bracket and screws", "• Two batteries", "• Certificate"))
        column(
            canvas,
            310,
            y,
            ("• Access for three years", "• Training of two people", "• Return of old sensors"),
        )

    assert kinds(read(drawn(draw)))[1:] == [
        ("list", 0, "• Bracket and screws\n• Two batteries\n• Certificate"),
        ("list", 0, "• Access for three years\n• Training of two people\n• Return of old sensors"),
    ]


def test_what_stands_below_boxes_is_in_none_of_them() -> None:
    boxes = (
        "By our own vans, on weekdays between eight and four. You are told the hour on the day before.",
        "Within thirty days of the invoice, without deduction. New customers pay half of it in advance.",
        "Within fourteen days, in the box in which they came. After that for repair only, with the form.",
    )

    def draw(canvas: Any) -> None:
        for at, box in enumerate(boxes):
            column(canvas, 60 + 170 * at, 700, wrapped(box, 140))
        canvas.drawString(60, 700 - 14 * len(wrapped(boxes[0], 140)) - 8, "Yours sincerely")

    assert [text for _, _, text in kinds(read(drawn(draw)))] == [*boxes, "Yours sincerely"]


def test_text_over_other_text_is_no_fault() -> None:
    """As labels are that a program writes twice, and another one into the old one's place."""
    first, second, third = (
        f"{name} price\n{name} name\n{name} size".split("\n") for name in ("Old", "New", "Own")
    )

    def draw(canvas: Any) -> None:
        column(canvas, 60, 780, first)
        column(canvas, 200, 780, third)
        column(canvas, 60.5, 780, second)

    text = " ".join(read(drawn(draw)).text.split())
    assert all(line in text for line in (*first, *second, *third))
