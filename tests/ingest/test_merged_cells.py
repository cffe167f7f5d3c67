"""Merged cells in the tables of every format that has them: said once where a column says nothing, else in each."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

import pptx
import pptx.util
import pytest

from ingest.parsers import parse
from tests.ingest.odf_files import content, package
from tests.ingest.word_files import with_body

Rows = Sequence[Sequence[tuple[str, int]]]
"""Cells with the number of columns over which they reach."""
DOWN = "^"
"""A place into which the cell above reaches."""


def _height(rows: Rows, at: int, cell: int) -> int:
    """How many rows a cell reaches over."""

    def begins(row: Sequence[tuple[str, int]]) -> list[int]:
        return [sum(wide for _, wide in row[:index]) for index in range(len(row))]

    column = begins(rows[at])[cell]
    height = 1
    for row in rows[at + 1 :]:
        if (column, DOWN) not in [(start, text) for start, (text, _) in zip(begins(row), row, strict=True)]:
            break
        height += 1
    return height


def _in_word(rows: Rows) -> str:
    def cell(at: int, index: int) -> str:
        text, wide = rows[at][index]
        merge = "<w:vMerge/>" if text == DOWN else ""
        if not merge and _height(rows, at, index) > 1:
            merge = '<w:vMerge w:val="restart"/>'
        own = f'<w:tcPr><w:gridSpan w:val="{wide}"/>{merge}</w:tcPr>'
        return f"<w:tc>{own}<w:p><w:r><w:t>{text.strip(DOWN)}</w:t></w:r></w:p></w:tc>"

    body = "".join(
        f"<w:tr>{''.join(cell(at, index) for index in range(len(row)))}</w:tr>" for at, row in enumerate(rows)
    )
    return with_body(f"<w:tbl>{body}</w:tbl>").text.removesuffix("\n\nHello")


def _in_open_document(rows: Rows) -> str:
    def cell(at: int, index: int) -> str:
        text, wide = rows[at][index]
        if text == DOWN:
            return "<table:covered-table-cell/>" * wide
        high = _height(rows, at, index)
        spans = f'table:number-columns-spanned="{wide}" table:number-rows-spanned="{high}"'
        own = f"<table:table-cell {spans}><text:p>{text}</text:p></table:table-cell>"
        return own + "<table:covered-table-cell/>" * (wide - 1)

    body = "".join(
        f"<table:table-row>{''.join(cell(at, index) for index in range(len(row)))}</table:table-row>"
        for at, row in enumerate(rows)
    )
    return parse(package(content(f"<table:table>{body}</table:table>")), "a.odt").text


def _in_html(rows: Rows) -> str:
    def cell(at: int, index: int) -> str:
        text, wide = rows[at][index]
        spans = f"colspan={wide} rowspan={_height(rows, at, index)}"
        return "" if text == DOWN else f"<td {spans}>{text}</td>"

    body = "".join(
        f"<tr>{''.join(cell(at, index) for index in range(len(row)))}</tr>" for at, row in enumerate(rows)
    )
    return parse(f"<html><body><table>{body}</table></body></html>".encode(), "a.html").text


def _in_slides(rows: Rows) -> str:
    width = sum(wide for _, wide in rows[0])
    source = pptx.Presentation()
    slide = source.slides.add_slide(source.slide_layouts[6])
    table = slide.shapes.add_table(len(rows), width, 0, 0, pptx.util.Inches(5), pptx.util.Inches(2)).table
    table.first_row = False
    for at, row in enumerate(rows):
        column = 0
        for index, (text, wide) in enumerate(row):
            high = _height(rows, at, index)
            if text != DOWN:
                table.cell(at, column).text = text
                if wide > 1 or high > 1:
                    table.cell(at, column).merge(table.cell(at + high - 1, column + wide - 1))
            column += wide
    stream = io.BytesIO()
    source.save(stream)
    return parse(stream.getvalue(), "a.pptx").text


every_format = pytest.mark.parametrize("shown", [_in_word, _in_open_document, _in_html, _in_slides])


@every_format
def test_a_forms_cells_are_said_once_each(shown: Callable[[Rows], str]) -> None:
    form = [
        [("Incident report", 12)],
        [("Name", 3), ("Ann Lee", 5), ("Staff no.", 2), ("4711", 2)],
        [("Place", 2), ("Warehouse 3, gate B", 10)],
        [("What happened", 2), ("", 1), ("A box fell.", 9)],
    ]
    assert shown(form) == (
        "Incident report\nName | Ann Lee | Staff no. | 4711\nPlace | Warehouse 3, gate B\nWhat happened | A box fell."
    )


@every_format
def test_a_name_over_several_columns_is_said_in_each(shown: Callable[[Rows], str]) -> None:
    grouped = [
        [("", 1), ("2025", 2), ("2026", 2)],
        [("Region", 1), ("H1", 1), ("H2", 1), ("H1", 1), ("H2", 1)],
        [("North", 1), ("1", 1), ("2", 1), ("3", 1), ("4", 1)],
        [("South", 1), ("none", 4)],
    ]
    assert shown(grouped) == (
        "| 2025 | 2025 | 2026 | 2026\nRegion | H1 | H2 | H1 | H2\nNorth | 1 | 2 | 3 | 4\n"
        "South | none | none | none | none"
    )


@every_format
def test_where_each_column_has_a_name_a_cell_holds_for_all_it_covers(shown: Callable[[Rows], str]) -> None:
    plan = [
        [("Time", 1), ("Mon", 1), ("Tue", 1), ("Wed", 1), ("Thu", 1)],
        [("9:00", 1), ("Induction", 4)],
        [("10:00", 1), ("Safety", 3), ("Fire drill", 1)],
    ]
    assert shown(plan).split("\n")[1:] == [
        "9:00 | Induction | Induction | Induction | Induction",
        "10:00 | Safety | Safety | Safety | Fire drill",
    ]


@every_format
def test_lines_of_the_grid_that_part_nothing_make_no_columns(shown: Callable[[Rows], str]) -> None:
    rows = [[("City", 2), ("Rate", 3)], [("Oslo", 2), ("200", 3)], [("Bergen", 2), ("180", 3)]]
    assert shown(rows) == "City | Rate\nOslo | 200\nBergen | 180"


@every_format
def test_cells_that_say_the_same_are_not_one(shown: Callable[[Rows], str]) -> None:
    rows = [[("Before", 1), ("After", 1)], [("Closed", 1), ("Closed", 1)], [("Remarks", 2)], [("2024", 2)]]
    assert shown(rows) == "Before | After\nClosed | Closed\nRemarks\n2024"


@every_format
def test_a_line_that_stands_twice_in_a_form_is_said_twice(shown: Callable[[Rows], str]) -> None:
    taxi = [("2024-01-02", 4), ("Taxi", 4), ("12.00", 4)]
    form = [
        [("Claim form", 12)],
        [("Name", 3), ("Ann Lee", 9)],
        [("Date", 4), ("Item", 4), ("Amount", 4)],
        taxi,
        taxi,
        [("Total", 8), ("24.00", 4)],
    ]
    assert shown(form).split("\n")[2:] == [
        "Date | Item | Amount",
        "2024-01-02 | Taxi | 12.00",
        "2024-01-02 | Taxi | 12.00",
        "Total | 24.00",
    ]


@every_format
def test_a_row_into_which_all_cells_reach_from_above_says_nothing(shown: Callable[[Rows], str]) -> None:
    form = [
        [("Claim form", 12)],
        [("Name", 3), ("Ann Lee", 9)],
        [("No.", 2), ("4711", 10)],
        [("2024-01-02", 4), ("Taxi", 4), ("12.00", 4)],
        [(DOWN, 4), (DOWN, 4), (DOWN, 4)],
        [(DOWN, 4), (DOWN, 4), ("", 4)],
        [(DOWN, 4), ("Bus", 4), ("3.00", 4)],
    ]
    assert shown(form) == (
        "Claim form\nName | Ann Lee\nNo. | 4711\n2024-01-02 | Taxi | 12.00\n2024-01-02 | Bus | 3.00"
    )
