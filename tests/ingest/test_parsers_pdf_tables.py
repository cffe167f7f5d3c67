"""Tables of PDFs: what of their cells is said once."""

from __future__ import annotations

from typing import Any

from tests.ingest.blocks import kinds
from tests.ingest.paper import drawn, write
from tests.ingest.reports import PROSE, read


def test_boxes_joined_by_a_line_say_their_words_once() -> None:
    def draw(canvas: Any) -> None:
        canvas.setFont("Helvetica", 9)
        for x, y, high, text in ((70, 680, 40, "Application"), (250, 690, 20, "Approval")):
            canvas.rect(x, y, 100, high)
            canvas.drawString(x + 8, 697, text)
        canvas.line(170, 700, 250, 700)

    assert read(drawn(draw)).text.split() == ["Application", "Approval"]


def test_rules_that_part_only_empty_cells_part_no_rows() -> None:
    def draw(canvas: Any) -> None:
        canvas.setFont("Helvetica", 9)
        for y in (700, 660, 620):
            canvas.line(70, y, 370, y)
        canvas.line(270, 680, 370, 680)
        for x in (70, 170, 270, 370):
            canvas.line(x, 620, x, 700)
        for y, cells in ((677, ("Region", "Now")), (637, ("North", "4,112"))):
            for x, cell in zip((78, 178), cells, strict=True):
                canvas.drawString(x, y, cell)

    assert read(drawn(draw)).text == "Region | Now\nNorth | 4,112"


def test_a_long_text_in_a_table_without_rules_is_said_once_and_a_head_over_its_columns() -> None:
    rows = [
        ("", "This year", "", "Last year", ""),
        ("Region", "Units", "Sales", "Units", "Sales"),
        ("North", "4,112", "16,900", "3,998", "15,200"),
        ("South", "4,113", "17,100", "3,997", "16,400"),
        ("These figures were revised in May after the audit", "", "", "", "12"),
        ("West", "4,115", "18,200", "3,995", "17,300"),
    ]

    def draw(canvas: Any) -> None:
        canvas.setFont("Helvetica", 10)
        for n, cells in enumerate(rows):
            for x, cell in zip((70, 200, 260, 340, 400), cells, strict=True):
                canvas.drawString(x, 700 - 14 * n, cell)

    text = read(drawn(draw)).text
    assert text.count("These figures were revised in May after the audit") == 1
    assert "North | 4,112 | 16,900 | 3,998 | 15,200" in text


def test_dots_that_lead_to_a_figure_are_no_cells() -> None:
    rows = [
        ("7", "Wages and salaries", 9),
        ("8", "Taxable interest", 10),
        ("9", "Other income of any kind", 8),
    ]

    def draw(canvas: Any) -> None:
        canvas.setFont("Helvetica", 9)
        for n, (number, label, dots) in enumerate(rows):
            y = 700 - 14 * n
            canvas.drawString(70, y, number)
            canvas.drawString(100, y, label)
            for dot in range(dots):
                canvas.drawString(350 - 18 * dot, y, ".")
            canvas.drawString(420, y, f"{n + 3},400")

    found = kinds(read(drawn(draw)))
    assert [text for _, _, text in found] == [
        "7 | Wages and salaries … | 3,400\n8 | Taxable interest … | 4,400\n9 | Other income of any kind … | 5,400"
    ]


def test_a_line_over_all_columns_of_a_table_without_rules_is_one_cell() -> None:
    rows = [("North", "411", "169"), ("South", "412", "171"), ("Of the regions that were new", "", ""),
            ("West", "415", "182"), ("East", "416", "183")]  # fmt: skip

    def draw(canvas: Any) -> None:
        write(canvas, PROSE, 70, 780, 450)
        canvas.setFont("Helvetica", 10)
        for n, cells in enumerate(rows):
            for x, cell in zip((70, 130, 180), cells, strict=True):
                canvas.drawString(x, 700 - 14 * n, cell)

    assert kinds(read(drawn(draw)))[-1] == (
        "table", 0, "\n".join(" | ".join(filter(None, row)) for row in rows),
    )  # fmt: skip
