"""Tables of OpenDocument texts and slides: rows of cells, merged and repeated ones written out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ingest.parsers.assembly import Draft
from ingest.parsers.framing import Framing
from ingest.parsers.merged import Copies
from ingest.parsers.odf.styles import LO_EXT, TABLE, TEXT, whole_number

_MAX_REPEAT = 1000
_CELLS = (TABLE + "table-cell", TABLE + "covered-table-cell")


def mark_tables_in_shapes(content: Any) -> None:
    """Gives tables in drawn shapes, for which LibreOffice has tags of its own, the tags of all tables."""
    for element in content.iter(f"{LO_EXT}*"):
        name = element.tag.removeprefix(LO_EXT)
        if name.startswith(("table", "covered-table")):
            element.tag = TABLE + name


def _own_cells(table: Any) -> list[list[Any]]:
    """Returns the cells by rows; none where any is repeated: that is a grid."""
    rows = [list(row.iterchildren(*_CELLS)) for row, _ in _rows(table)]
    return [] if any(_is_repeated(cell) for row in rows for cell in row) else rows


def _is_repeated(cell: Any) -> bool:
    return (
        whole_number(cell.get(TABLE + "number-columns-repeated"), 1) > 1
        or whole_number(cell.getparent().get(TABLE + "number-rows-repeated"), 1) > 1
    )


def _has_lines(cell: Any) -> bool:
    return len(cell) > 1 or cell.find(TEXT + "list") is not None


def _chars(element: Any) -> int:
    return sum(len(text.strip()) for text in element.itertext())


frames_in = Framing(TABLE + "table", _own_cells, _has_lines, _chars).frames_in


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
        int, tuple[int, str, bool, int]
    ] = {}  # column: (rows left, text, whether it goes on from the left, the row in which it began)
    copies = Copies()
    for row, is_header in _rows(table):
        line: list[str] = []
        left: list[int] = []
        above: list[int] = []
        for cell in row.iterchildren(*_CELLS):
            text = text_of(cell)
            repeat = min(whole_number(cell.get(TABLE + "number-columns-repeated"), 1), _MAX_REPEAT)
            wide = whole_number(cell.get(TABLE + "number-columns-spanned"), 1)
            high = whole_number(cell.get(TABLE + "number-rows-spanned"), 1)
            for _ in range(repeat):
                column = len(line)
                if cell.tag == TABLE + "covered-table-cell":
                    turns, reaching, is_copy, began = carried.get(column, (0, "", False, 0))
                    line.append(reaching if turns > 0 else text)
                    if turns > 0:
                        carried[column] = (turns - 1, reaching, is_copy, began)
                        left += [column] * is_copy
                        above += [column] * (began < len(rows))
                    continue
                line.append(text)
                for across in range(min(wide, _MAX_REPEAT) if wide > 1 or high > 1 else 0):
                    # This row's covered cells take one turn each; the own cell of a column takes none.
                    carried[column + across] = (high - (across == 0), text, across > 0, len(rows))
        while line and not line[-1]:
            line.pop()
        repeat = whole_number(row.get(TABLE + "number-rows-repeated"), 1)
        for _ in range(min(repeat, _MAX_REPEAT) if line else 1):
            draft.count_cells(len(line))
            copies.left.update((len(rows), column) for column in left)
            copies.above.update((len(rows), column) for column in above)
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
