"""Tables of OpenDocument texts and slides: rows of cells, merged and repeated ones written out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from ingest.parsers.assembly import Draft
from ingest.parsers.odf.styles import TABLE, whole_number

_MAX_REPEAT = 1000
_CELLS = (TABLE + "table-cell", TABLE + "covered-table-cell")


def only_cell(table: Any) -> Any | None:
    """Returns the cell of a table that has no other: it is a frame around text; None for all others."""
    cells = [cell for row, _ in islice(_rows(table), 2) for cell in row.iterchildren(*_CELLS)]
    if len(cells) != 1:
        return None
    repeats = (
        cells[0].get(TABLE + "number-columns-repeated"),
        cells[0].getparent().get(TABLE + "number-rows-repeated"),
    )
    return cells[0] if all(whole_number(repeat, 1) == 1 for repeat in repeats) else None


def add_table(draft: Draft, table: Any, text_of: Callable[[Any], str]) -> None:
    """Adds a table to a draft.

    Args:
        draft: what is added to.
        table: its element.
        text_of: what a cell says, on one line.

    Raises:
        LimitError: a limit of the draft.
    """
    rows: list[list[str]] = []
    header_rows = 0
    carried: dict[
        int, tuple[int, str, bool]
    ] = {}  # column: (rows left, text, whether it goes on from the left)
    copies: set[tuple[int, int]] = set()
    for row, is_header in _rows(table):
        line: list[str] = []
        again: list[int] = []
        for cell in row.iterchildren(*_CELLS):
            text = text_of(cell)
            repeat = min(whole_number(cell.get(TABLE + "number-columns-repeated"), 1), _MAX_REPEAT)
            wide = whole_number(cell.get(TABLE + "number-columns-spanned"), 1)
            high = whole_number(cell.get(TABLE + "number-rows-spanned"), 1)
            for _ in range(repeat):
                column = len(line)
                if cell.tag == TABLE + "covered-table-cell":
                    left, above, is_copy = carried.get(column, (0, "", False))
                    line.append(above if left > 0 else text)
                    if left > 0:
                        carried[column] = (left - 1, above, is_copy)
                        again += [column] * is_copy
                    continue
                line.append(text)
                for across in range(min(wide, _MAX_REPEAT) if wide > 1 or high > 1 else 0):
                    # This row's covered cells take one turn each; the own cell of a column takes none.
                    carried[column + across] = (high - (across == 0), text, across > 0)
        while line and not line[-1]:
            line.pop()
        repeat = whole_number(row.get(TABLE + "number-rows-repeated"), 1)
        for _ in range(min(repeat, _MAX_REPEAT) if line else 1):
            draft.count_cells(len(line))
            copies.update((len(rows), column) for column in again)
            rows.append(line)
        header_rows += is_header and header_rows == len(rows) - 1
    if len(rows) == 1 and len(rows[0]) == 1:
        draft.paragraph(rows[0][0])  # the others are empty
    else:
        draft.table(rows, header_rows or None, copies=copies)


def _rows(table: Any) -> Iterator[tuple[Any, bool]]:
    """Yields the rows of a table, not those of tables in it, and whether each is a header row."""
    for row in table.iter(TABLE + "table-row"):
        owner, is_header = row.getparent(), False
        while owner is not None and owner.tag != TABLE + "table":
            is_header = is_header or owner.tag == TABLE + "table-header-rows"
            owner = owner.getparent()
        if owner is table:
            yield row, is_header
