"""Tables of HTML pages: which hold data, and their cells with spans written out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ingest.parsers.assembly import Draft
from ingest.parsers.html.left_out import is_hidden
from ingest.parsers.html.walk import inline_text, whole_number
from ingest.parsers.merged import Copies

_MAX_SPAN = 100


def is_data_table(element: Any) -> bool:
    """Says whether a table holds rows of cells rather than the page's layout.

    One with header cells or a caption of its own does, whatever stands in its cells; one with headings or tables
    in them is layout otherwise.
    """
    if element.tag != "table" or element.get("role") in ("presentation", "none") or _is_box(element):
        return False
    if (
        any(cell.tag == "th" for row in _own_rows(element) for cell in row)
        or element.find("caption") is not None
    ):
        return True
    cells = 0
    for inner in element.iter("td", "th", "table", "h1", "h2", "h3"):
        if inner is not element and inner.tag in ("table", "h1", "h2", "h3"):
            return False
        cells += inner.tag in ("td", "th")
    return cells > 1


def _is_box(table: Any) -> bool:
    """Says whether a table is a picture beside one column of text (a note, a warning), or numbers beside code."""
    pictured = False
    for row in _own_rows(table):
        texts = 0
        for cell in row.iterchildren("td", "th"):
            silent = cell.get("role") == "navigation" or not "".join(cell.itertext()).strip()
            texts += not silent
            pictured |= cell.find(".//img") is not None if silent else cell.find(".//pre") is not None
        if texts > 1:
            return False
    return pictured


def read_table(table: Any, draft: Draft) -> tuple[list[list[str]], Copies, int | None]:
    """Returns the cells with spans filled in, where these only go on, and the number of header rows (None: unmarked).

    The draft counts the cells as they come: spans can make a few bytes into millions.
    """
    rows: list[list[str]] = []
    carried: dict[
        int, tuple[int, str, bool]
    ] = {}  # column: (rows left, text, whether it goes on from the left)
    copies = Copies()
    header_rows = 0
    marked = False
    for row in _own_rows(table):
        if is_hidden(row):
            continue
        cells: list[str] = []
        heads = 0
        found = [cell for cell in row if cell.tag in ("td", "th") and not is_hidden(cell)]
        for cell in found:
            _fill_carried(cells, carried, len(rows), copies)
            text = inline_text(cell)
            heads += cell.tag == "th"
            width = min(max(whole_number(cell.get("colspan"), 1), 1), _MAX_SPAN)
            height = min(max(whole_number(cell.get("rowspan"), 1), 1), _MAX_SPAN)
            for across in range(width):
                if height > 1:
                    carried[len(cells)] = (height - 1, text, across > 0)
                if across:
                    copies.left.add((len(rows), len(cells)))
                cells.append(text)
        _fill_carried(cells, carried, len(rows), copies)
        draft.count_cells(len(cells))
        in_head = row.getparent() is not None and row.getparent().tag == "thead"
        if len(rows) == header_rows and found and (in_head or heads == len(found)):
            header_rows += 1
            marked = True
        rows.append(cells)
    if header_rows == len(rows):
        header_rows = min(header_rows, 1)
    return rows, copies, header_rows if marked else None


def _own_rows(table: Any) -> Iterator[Any]:
    """Yields a table's rows, not those of tables in its cells."""
    for child in table:
        if child.tag == "tr":
            yield child
        elif child.tag in ("thead", "tbody", "tfoot"):
            yield from child.iterchildren("tr")


def _fill_carried(
    cells: list[str], carried: dict[int, tuple[int, str, bool]], row: int, copies: Copies
) -> None:
    """Adds to a row's cells, and to the copies, what reaches down from the rows above."""
    while len(cells) in carried:
        column = len(cells)
        left, text, is_copy = carried.pop(column)
        if left > 1:
            carried[column] = (left - 1, text, is_copy)
        copies.above.add((row, column))
        if is_copy:
            copies.left.add((row, column))
        cells.append(text)
