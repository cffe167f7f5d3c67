"""Where the tables of a page without rules begin and end. Pure geometry."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from ingest.parsers.pdf.lines import Line, Row
from ingest.parsers.pdf.seams import CELL_GAP
from ingest.parsers.pdf.tables import columns_of, heads_of

_TIGHT = 0.5  # letter heights between two lines of a cell at most
_LEFT = 0.3  # letter heights by which the left of a column may differ
_WIDE = 4  # cells of a table's only two rows, at least
_TITLE = 1.15  # times a table's letters, those of a title below it
_SLIGHTLY = 1.06  # the same of a bold one that stands apart
_APART = 1.4  # times the white between its rows, that above a title below it, at least


def table_end(rows: Sequence[Row], start: int) -> int:
    """Returns the row after a table that starts here; ``start`` itself when none does.

    A table is at least three rows (two of the same four cells or more with nothing close below), two thirds of them in
    two cells or more, whose cells share their left, right or middle with a cell above. The further lines of a row's
    cells are no rows of their own.
    """
    if len(rows[start].lines) < 2:
        return start
    end, filled, wrapped, waiting = start + 1, 1, 0, 0
    last = rows[start]
    width = 0.0
    is_apart = True
    gaps: list[float] = []
    for position in range(start + 1, len(rows)):
        row, above = rows[position], rows[position - 1]
        height = max(line.size for line in row.lines)
        gap = above.y0 - row.y1
        if gap > 2.5 * height or _is_title(row, above, (rows[start], last), gaps):
            break
        gaps.append(gap)
        if (len(row.lines) >= 2 and _aligned(last, row)) or _has_cells_of(rows[start], row):
            filled += 1
            last = row
        elif _is_wrapped(row, above, [*rows[start].lines, *last.lines]):
            waiting += 1
            if position > end:
                continue
        else:
            width = width or _right(rows) - _left(rows)
            wide = row.lines[-1].x1 - row.lines[0].x0 > 0.6 * width
            if len(row.lines) >= 2 or position - end >= 3 or wide:
                is_apart = False
                break
            continue
        wrapped, waiting, end = wrapped + waiting, 0, position + 1
    is_pair = end - start == 2 and len(last.lines) >= _WIDE and have_same_columns(rows[start], last)
    least = 2 if is_pair and is_apart else 3
    return end if filled >= least and filled * 3 >= (end - start - wrapped) * 2 else start


def _is_title(row: Row, above: Row, known: tuple[Row, Row], gaps: Sequence[float]) -> bool:
    """Says whether a single line, set apart from the rows above, begins something else.

    It is in larger letters; or in slightly larger and bolder ones, and further apart than rows are from each other.
    """
    line, gap = row.lines[0], above.y0 - row.y1
    if len(row.lines) > 1 or gap <= _TIGHT * line.size or line.text.endswith((":", "：")):
        return False
    larger = line.size / max(one.size for one in (*known[0].lines, *known[1].lines))
    bolder = line.bold and not any(one.bold for one in known[1].lines)
    return larger > _TITLE or (larger > _SLIGHTLY and bolder and gap > _APART * max(gaps, default=gap))


def _has_cells_of(first: Row, row: Row) -> bool:
    """Says whether words of a single line begin where each column does, all but the first behind more than a space."""
    (line, *others), size = row.lines, row.lines[0].size
    is_left = abs(line.x0 - first.lines[0].x0) < _LEFT * size
    return (
        is_left
        and not others
        and all(
            any(
                abs(after.x0 - one.x0) < _LEFT * size and after.x0 - before.x1 > CELL_GAP * size
                for before, after in pairwise(line.words)
            )
            for one in first.lines[1:]
        )
    )


def _is_wrapped(row: Row, above: Row, known: Sequence[Line]) -> bool:
    """Says whether a row holds the next lines of cells above it: right below, each at an edge of a column but the
    first.
    """
    if above.y0 - row.y1 >= _TIGHT * row.lines[0].size or row.lines[0].x0 <= known[0].x1:
        return False
    return all(
        any(min(abs(line.x0 - one.x0), abs(line.x1 - one.x1)) < _LEFT * line.size for one in known)
        for line in row.lines
    )


def _aligned(above: Row, below: Row) -> bool:
    matches = sum(any(share_edge(line, other) for other in above.lines) for line in below.lines)
    return matches >= min(2, len(below.lines))


def have_same_columns(above: Row, below: Row) -> bool:
    """Says whether the cells of two rows stand below each other, one by one."""
    return len(above.lines) == len(below.lines) and all(map(share_edge, below.lines, above.lines))


def share_edge(line: Line, other: Line) -> bool:
    """Says whether two lines share their left, right or middle."""
    left, right = line.x0 - other.x0, line.x1 - other.x1
    return min(abs(left), abs(right), abs(left + right) / 2) < 0.8 * line.size


def _left(rows: Sequence[Row]) -> float:
    return min(line.x0 for row in rows for line in row.lines)


def _right(rows: Sequence[Row]) -> float:
    return max(line.x1 for row in rows for line in row.lines)


def table_start(rows: Sequence[Row], first: int, start: int, end: int) -> int:
    """Returns where the header above a table begins: a row with a head for each column, or rows that leave its first
    column empty.

    Labels of the first group (``Net sales:``) may stand between the header and the first full row.
    """
    if start > first:
        head = rows[start - 1]
        near = head.y0 - rows[start].y1 < 1.5 * head.lines[0].size
        heads = heads_of(head, columns_of(rows[start:end])) if near else []
        if heads and heads[0]:
            return start - 1
    edge = min(line.x0 for row in rows[start : start + 6] for line in row.lines[1:])
    label = min(row.lines[0].x0 for row in rows[start : start + 3])
    found = position = start
    while position > first and start - position < 6:
        row, below = rows[position - 1], rows[position]
        height = max(line.size for line in row.lines)
        if row.y0 - below.y1 > 1.5 * height:
            break
        position -= 1
        if row.lines[0].x0 > label + 6 * height and row.lines[0].x0 >= edge - 12 * height:
            found = position
        elif len(row.lines) > 1 or row.lines[0].x1 >= edge or not row.lines[0].text.endswith((":", "：")):
            break
    return found
