"""Tables of HTML pages as browsers take them, whatever stands between their rows.

The parser keeps what it finds: rows in a form, cells in no row, and all that follows a table which is never closed
stand in the table, where nobody would look for them.
"""

from __future__ import annotations

from typing import Any

from ingest.parsers.html.left_out import is_hidden

_PARTS = frozenset({"thead", "tbody", "tfoot", "tr"})
_CELLS = frozenset({"td", "th"})
_AT_HOME = frozenset({"caption", "colgroup", "col", "script", "style", "template"})


def mend_tables(root: Any) -> None:
    """Gives every cell a row and every row its table; what is neither comes to stand before or behind the table."""
    for table in list(root.iter("table")):
        _mend(table)


def _mend(table: Any) -> None:
    before, behind = table.makeelement("div"), table.makeelement("div")
    _move_text(table, before)
    place = before
    row: Any = None
    open_parts = [(table, iter(list(table)))]
    while open_parts:
        part, children = open_parts[-1]
        child = next(children, None)
        if child is None:
            open_parts.pop()
            if part is not table:
                _move_tail(part, place)
        elif child.tag in _CELLS:
            place = behind
            if child.getparent().tag != "tr":
                if row is None or child.getprevious() is not row:
                    row = child.makeelement("tr")
                    child.addprevious(row)
                row.append(child)
            _move_tail(child, place)
        elif child.tag in _PARTS:
            _move_text(child, place)
            open_parts.append((child, iter(list(child))))
        elif child.tag in _AT_HOME:
            _move_tail(child, place)
        elif child.tag != "table" and not is_hidden(child) and _holds_cells(child):
            _move_text(child, place)
            inner = list(child)
            for one in inner:
                child.addprevious(one)
            open_parts.append((child, iter(inner)))
        else:
            place.append(child)  # with the text behind it
    if len(before):
        table.addprevious(before)
    if len(behind):
        table.addnext(behind)
        behind.tail, table.tail = table.tail, None


def _holds_cells(element: Any) -> bool:
    return next(element.iter("tr", "td", "th"), None) is not None


def _move_text(part: Any, place: Any) -> None:
    if part.text and part.text.strip():
        _add_text(place, part.text)
        part.text = None


def _move_tail(part: Any, place: Any) -> None:
    if part.tail and part.tail.strip():
        _add_text(place, part.tail)
        part.tail = None


def _add_text(place: Any, text: str) -> None:
    words = place.makeelement("span")
    words.text = f" {text} "
    place.append(words)
