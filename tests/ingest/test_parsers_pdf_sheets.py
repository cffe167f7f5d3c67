"""PDFs that spreadsheets print: figures close to words, headers on each page, figures to the right of their heads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.ingest.blocks import kinds
from tests.ingest.paper import drawn, write
from tests.ingest.reports import PROSE, page_texts, read

Cell = tuple[float, str]
"""Where it begins, or for figures where it ends."""


def draw_rows(canvas: Any, rows: Sequence[Sequence[Cell]], y: float, *, step: float = 15) -> None:
    """Draws cells at their places; what holds a digit and no letter ends there."""
    canvas.setFont("Helvetica", 10)
    for row in rows:
        for x, text in row:
            is_figure = not any(c.isalpha() for c in text) and any(c.isdigit() for c in text)
            (canvas.drawRightString if is_figure else canvas.drawString)(x, y, text)
        y -= step


def lines_of(data: bytes) -> list[str]:
    """The rows of the document's only table."""
    (table,) = [text for kind, _, text in kinds(read(data)) if kind == "table"]
    return table.splitlines()


SUPPLIERS = ("Adler & Co.", "Brunn GmbH", "Dover Ltd.", "Evans")


def test_figures_right_before_words_are_cells_of_their_own() -> None:
    rows = [
        [
            (70, f"A-{number:03d}"),
            (160, str(number * 37 % 400)),
            (164, SUPPLIERS[number % 4]),
            (260, "reorder"),
        ]
        for number in range(1, 9)
    ]
    assert lines_of(drawn(lambda canvas: draw_rows(canvas, rows, 700))) == [
        f"A-{number:03d} | {number * 37 % 400} | {SUPPLIERS[number % 4]} | reorder" for number in range(1, 9)
    ]


def test_figures_and_their_unit_stay_together() -> None:
    rows = [
        [(70, f"A-{number:03d}"), (160, str(number * 37 % 400)), (164, "kg"), (260, SUPPLIERS[number % 4])]
        for number in range(1, 9)
    ]
    assert lines_of(drawn(lambda canvas: draw_rows(canvas, rows, 700)))[0] == "A-001 | 37 kg | Brunn GmbH"


def test_signs_before_words_are_no_figures() -> None:
    names = ("Find", "Replace", "Comment", "Run", "Stop", "Fold")
    rows = [
        [
            (70, name),
            (174.2, "Alt") if name == "Run" else (180, "+"),
            (189, f"F{at}"),
            (260, "opens the list"),
        ]
        for at, name in enumerate(names)
    ]
    assert lines_of(drawn(lambda canvas: draw_rows(canvas, rows, 700)))[0] == "Find | + F0 | opens the list"


def test_two_columns_of_figures_are_rows_of_a_table() -> None:
    rows = [[(120, f"{number}.50"), (200, f"{number * 131}.00")] for number in range(1, 12)]
    assert lines_of(drawn(lambda canvas: draw_rows(canvas, rows, 700))) == [
        f"{number}.50 | {number * 131}.00" for number in range(1, 12)
    ]


def test_a_table_header_on_each_page_is_no_running_header() -> None:
    def draw(canvas: Any) -> None:
        for page in range(3):
            rows: list[list[Cell]] = [[(70, "Article"), (160, "Shelf"), (260, "Supplier")]]
            for at in range(40):
                number = 40 * page + at
                rows.append([(70, f"A-{number:03d}"), (160, f"Bay {number % 9}"), (260, SUPPLIERS[at % 4])])
            draw_rows(canvas, rows, 790)
            if page < 2:
                canvas.showPage()

    assert [text.splitlines()[0] for text in page_texts(read(drawn(draw)))] == [
        "Article | Shelf | Supplier"
    ] * 3


def test_a_merged_head_on_each_page_is_no_running_header() -> None:
    """It stands between two rows of heads that differ, beside the rules of its table."""

    def draw(canvas: Any) -> None:
        for page in range(3):
            canvas.setFont("Helvetica", 10)
            canvas.drawString(64, 773, "Department")
            for at, month in enumerate(f"Month {3 * page + n}" for n in range(3)):
                canvas.drawString(184 + 100 * at, 766, month)
            canvas.drawString(250, 781, f"Quarter {page + 1}")
            for row, name in enumerate(("Sales", "Logistics", "Finance", "Production", "Research")):
                canvas.drawString(64, 751 - 15 * row, name)
                for at in range(3):
                    canvas.drawRightString(270 + 100 * at, 751 - 15 * row, str(1000 * page + 37 * row + at))
            for x in (60, 180, 280, 380, 480):
                canvas.line(x, 687, x, 792 if x in (60, 180, 480) else 777)
            for row, y in enumerate((792, 777, 762, 747, 732, 717, 702, 687)):
                canvas.line(180 if row == 1 else 60, y, 480, y)
            if page < 2:
                canvas.showPage()

    assert all(text.startswith("Department | Quarter") for text in page_texts(read(drawn(draw))))


def test_a_running_header_of_two_rows_is_left_out() -> None:
    def draw(canvas: Any) -> None:
        for page in range(3):
            draw_rows(
                canvas,
                [[(70, "Handbook"), (400, "Adler & Co.")], [(70, f"Part {page}"), (400, "Draft")]],
                800,
            )
            write(canvas, f"{PROSE} Seen on page {'abc'[page]}.", 70, 760, 450)
            if page < 2:
                canvas.showPage()

    text = read(drawn(draw)).text
    assert "Handbook" not in text
    assert "Draft" not in text


def test_years_are_the_heads_of_the_figures_that_end_right_of_them() -> None:
    rows: list[list[Cell]] = [[(200, "Note"), (250, "y2026"), (320, "y2025")]]
    for name, note in (("Revenue", "4"), ("Cost of sales", "5"), ("Gross profit", "6"), ("Tax", "7")):
        rows.append([(70, name), (215, note), (312, f"(1{note}2.1)"), (382, f"99{note}.5")])

    def draw(canvas: Any) -> None:
        draw_rows(canvas, rows[1:], 685)
        for x, text in rows[0]:
            canvas.drawString(x, 700, text.lstrip("y"))

    assert lines_of(drawn(draw))[:2] == ["| Note | 2026 | 2025", "Revenue | 4 | (142.1) | 994.5"]


def test_a_sign_set_apart_goes_with_its_amount() -> None:
    rows: list[list[Cell]] = [
        [(70, "Credit facility"), (310, "803"), (380, "1,041")],
        [(70, "Total face value"), (310, "50,553"), (380, "63,541")],
        [(70, "Discount"), (310, "(318)"), (380, "(375)")],
        [(70, "Long-term debt"), (270, "$"), (310, "48,744"), (340, "$"), (380, "58,919")],
    ]
    assert (
        lines_of(drawn(lambda canvas: draw_rows(canvas, rows, 700)))[-1]
        == "Long-term debt | $ 48,744 | $ 58,919"
    )


def test_a_label_of_two_lines_is_one_cell() -> None:
    rows: list[list[Cell]] = [
        [(70, "Revenue"), (310, "1,204.3"), (380, "1,120.8")],
        [(70, "Selling expenses, including those of all")],
        [(70, "freight and duties"), (310, "(210.4)"), (380, "(199.7)")],
        [(70, "Administration"), (310, "(98.0)"), (380, "(95.5)")],
        [(70, "of which leases"), (310, "(8.0)"), (380, "(5.5)")],
    ]
    assert lines_of(drawn(lambda canvas: draw_rows(canvas, rows, 700, step=12))) == [
        "Revenue | 1,204.3 | 1,120.8",
        "Selling expenses, including those of all freight and duties | (210.4) | (199.7)",
        "Administration | (98.0) | (95.5)",
        "of which leases | (8.0) | (5.5)",
    ]


def test_columns_little_more_than_a_space_apart_are_a_table() -> None:
    rows: list[list[Cell]] = [[(70, "Model"), (121, "Range"), (209, "Battery life")]]
    for model, span, life in (
        ("NS-300x", "-20 to 40 degrees", "12 months"),
        ("NS-400x", "-40 to 60 degrees", "24 months"),
        ("NS-410x", "-40 to 85 degrees", "18 months"),
    ):
        rows.append([(70, model), (121, span), (209, life)])
    assert lines_of(drawn(lambda canvas: draw_rows(canvas, rows, 700, step=18)))[0::3] == [
        "Model | Range | Battery life",
        "NS-410x | -40 to 85 degrees | 18 months",
    ]


def test_some_rows_may_look_like_lines_and_others_not() -> None:
    """Names that are long leave little white before the next column."""
    rows: list[list[Cell]] = [[(70, "Form"), (130, "Name"), (190, "Copies")]]
    for form, name, copies in (
        ("Form No 1", "Application", "one each"),
        ("Form No 2", "Receipt", "two each"),
        ("Form No 3", "Declaration", "one each"),
    ):
        rows.append([(75, form), (131, name), (193, copies)])
    assert lines_of(drawn(lambda canvas: draw_rows(canvas, rows, 700, step=18)))[1:] == [
        "Form No 1 | Application | one each",
        "Form No 2 | Receipt | two each",
        "Form No 3 | Declaration | one each",
    ]


def test_clauses_and_items_set_apart_from_their_numbers_are_no_table() -> None:
    def draw(canvas: Any) -> None:
        y = write(canvas, PROSE, 70, 790, 450)
        for mark in ("(a)", "1.2", "•"):
            for at in range(5):
                canvas.drawString(70, y, mark.replace("a", "abcde"[at]).replace("2", str(at)))
                canvas.drawString(94, y, f"the rules for journeys of group {at}, which are few")
                y -= 14
            y -= 20

    assert "table" not in {kind for kind, _, _ in kinds(read(drawn(draw)))}
