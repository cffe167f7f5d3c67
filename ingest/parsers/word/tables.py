"""Tables of Word documents: their rows and cells, merged ones written out, and the pages that begin in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ingest.parsers.assembly import Draft
from ingest.parsers.framing import Framing
from ingest.parsers.merged import Copies
from ingest.parsers.word.styles import W, is_on, value
from ingest.parsers.word.visible import blocks_of

_MAX_SPAN = 63


def rows_of(table: Any) -> Iterator[Any]:
    """Yields a table's rows, not those of tables in its cells, nor those that were deleted under tracked changes."""
    for element in table.iter(W + "tr"):
        owner = element.getparent()
        while owner is not None and owner.tag != W + "tbl":
            owner = owner.getparent()
        if owner is table and element.find(f"{W}trPr/{W}del") is None:
            yield element


def cells_of(row: Any) -> Iterator[Any]:
    """Yields a row's cells, also those in content controls."""
    for element in row:
        if element.tag == W + "tc":
            yield element
        elif element.tag == W + "sdt":
            content = element.find(W + "sdtContent")
            yield from () if content is None else content.findall(W + "tc")


def _has_lines(cell: Any) -> bool:
    return len(list(blocks_of(cell))) > 1


def _chars(element: Any) -> int:
    return sum(len(text.text or "") for text in element.iter(W + "t"))


frames_in = Framing(
    W + "tbl", lambda table: [list(cells_of(row)) for row in rows_of(table)], _has_lines, _chars
).frames_in


def read_rows(
    draft: Draft, rows: Sequence[Any], text_of: Callable[[Any], str]
) -> tuple[list[list[str]], Copies, int]:
    """Returns the cells of a table with merged ones written out, where these only go on, and how many of its rows are
    its header.

    Args:
        draft: counts the cells as they come.
        rows: the table's rows.
        text_of: what a cell says, on one line.

    Raises:
        LimitError: ``too_many_cells``.
    """
    shown: list[list[str]] = []
    above: dict[int, str] = {}
    copies = Copies()
    header_rows = 0
    for row in rows:
        properties = row.find(W + "trPr")
        if properties is not None and is_on(properties.find(W + "tblHeader")) and header_rows == len(shown):
            header_rows += 1
        late = value(None if properties is None else properties.find(W + "gridBefore"))
        line: list[str] = [""] * min(int(late) if late.isdigit() else 0, _MAX_SPAN)
        for cell in cells_of(row):
            own = cell.find(W + "tcPr")
            span = value(None if own is None else own.find(W + "gridSpan"))
            merge = None if own is None else own.find(W + "vMerge")
            column = len(line)
            is_merged = merge is not None and value(merge) != "restart"
            text = above.get(column, "") if is_merged else text_of(cell)
            above[column] = text
            line.extend([text] * min(int(span) if span.isdigit() else 1, _MAX_SPAN))
            places = [(len(shown), covered) for covered in range(column, len(line))]
            copies.left.update(places[1:])
            copies.above.update(places if is_merged else ())
        draft.count_cells(len(line))
        shown.append(line)
    return shown, copies, header_rows


def page_turns(rows: Sequence[Any]) -> tuple[dict[int, int], int]:
    """Returns how many pages begin before each row, for rows where any do, and how many after the last one.

    A row that begins on a new page has the break before its first cell's text. One that is parted has breaks in several
    cells, which go on beside each other, and the row after it often has the same break again.
    """
    turns: dict[int, int] = {}
    pending = 0
    for at, row in enumerate(rows):
        cells = [found for found in map(_breaks_in, cells_of(row)) if found]
        begins = bool(cells) and cells[0][0]
        turn = max(pending, int(begins))
        if turn:
            turns[at] = turn
        pending = max((within for _, within in cells), default=0)
        if not begins and any(leads for leads, _ in cells):
            pending = max(pending, 1)
    return turns, pending


def _breaks_in(cell: Any) -> tuple[bool, int] | None:
    """Returns whether a page begins before a cell's text and how many do within it; None for an empty cell."""
    leads, within, has_text = False, 0, False
    for element in cell.iter(W + "lastRenderedPageBreak", W + "t"):
        if element.tag == W + "t":
            has_text = has_text or bool((element.text or "").strip())
        elif has_text:
            within += 1
        else:
            leads = True
    return (leads, within) if has_text or leads else None
