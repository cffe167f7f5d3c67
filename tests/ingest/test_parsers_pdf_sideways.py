"""Tables that a spreadsheet program printed over pages beside each other: each row keeps its name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from corpus.types import Document
from tests.ingest.paper import drawn
from tests.ingest.reports import read

ROWS = 8
HEADS = ["Code", "January", "February", "March", "April", "May", "June", "July"]


def test_columns_on_later_pages_stand_behind_the_names_of_their_rows() -> None:
    tables = rows_of(printed([(range(3), 0), (range(3, 6), 0), (range(6, 8), 0)]))
    assert tables[1][0] == ["Code", "March", "April", "May"]
    assert tables[1][ROWS] == ["K-7", "1703", "1704", "1705"]
    assert tables[2][1] == ["K-0", "1006", "1007"]


def test_rows_that_go_on_below_are_counted_before_columns_that_go_on_beside() -> None:
    left, right = range(3), range(3, 6)
    tables = rows_of(printed([(left, 0), (left, ROWS), (right, 0), (right, ROWS)]))
    assert [table[1][0] for table in tables] == ["K-0", "K-8", "K-0", "K-8"]
    assert tables[3][ROWS] == ["K-15", "2503", "2504", "2505"]


@pytest.mark.parametrize(
    "pages",
    [
        [(range(3), 0), (range(3), ROWS)],
        [(range(3), 0), (range(5, 2, -1), 0, 14)],
        [(range(3, 6), 0), (range(6, 8), 0)],
    ],
)
def test_other_tables_stay_as_they_are(pages: Sequence[Any]) -> None:
    tables = rows_of(printed(pages))
    assert [max(map(len, table)) for table in tables] == [len(page[0]) for page in pages]


def rows_of(document: Document) -> list[list[list[str]]]:
    found = (document.text[one.start : one.end] for one in document.blocks if one.kind == "table")
    return [[line.split(" | ") for line in text.split("\n")] for text in found]


def printed(pages: Sequence[Any]) -> Document:
    """Pages as LibreOffice prints a sheet: (columns, first row, how far down) of each, without rules."""

    def draw(canvas: Any) -> None:
        for number, (columns, first, *down) in enumerate(pages):
            if number:
                canvas.showPage()
            canvas.setFont("Helvetica", 10)
            for row in range(ROWS + 1):
                y = 760 - 13 * row - (down[0] if down else 0)
                for place, column in enumerate(columns):
                    at = first + row - 1
                    text = (
                        HEADS[column]
                        if not row
                        else f"K-{at}"
                        if not column
                        else str(1000 + 100 * at + column)
                    )
                    if row and column:
                        canvas.drawRightString(140 + 80 * place, y, text)
                    else:
                        canvas.drawString(60 + 80 * place + (20 if column else 0), y, text)

    return read(drawn(draw))
