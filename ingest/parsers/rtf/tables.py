"""Rows of rich text's tables in columns: a cell says where it ends, not how many columns it covers."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from ingest.parsers.merged import Copies

_NEAR = 60
"""Edges that are nearer than this, in twentieths of a point (about a millimetre), are one."""
_MOST_COLUMNS = 100
_MOST_TIMES = 3
"""As many columns for each cell of the longest row: more are rows that share none."""


def in_columns(
    rows: Sequence[Sequence[str]], edges: Sequence[Sequence[str]]
) -> tuple[list[list[str]], Copies]:
    """Returns rows with every cell in each column that it covers, and the places where one only goes on.

    Args:
        rows: the texts of the cells.
        edges: for each row where its cells end: a number, behind ``h`` where the cell goes on from the left, and
            ``v`` where it goes on from above. Where one row's do not fit its cells, all are as they were.
    """
    copies = Copies()
    plain = [list(row) for row in rows]
    ends = [[_number(edge) for edge in row] for row in edges]
    if any(len(row) != len(own) or sorted(own) != own for row, own in zip(rows, ends, strict=True)):
        return plain, copies
    columns: list[int] = []
    for end in sorted({end for own in ends for end in own}):
        if not columns or end - columns[-1] > _NEAR:
            columns.append(end)
    if len(columns) > min(_MOST_COLUMNS, _MOST_TIMES * max(map(len, plain), default=0)):
        return plain, copies
    shown: list[list[str]] = []
    for number, (row, own, given) in enumerate(zip(rows, ends, edges, strict=True)):
        cells: list[str] = []
        for text, end, edge in zip(row, own, given, strict=True):
            last = bisect_left(columns, end - _NEAR)
            is_across, is_down = "h" in edge and bool(cells), "v" in edge and number > 0
            start = len(cells)
            if last < start and text:  # too narrow for a column of its own
                return plain, Copies()
            for column in range(start, last + 1):
                above = shown[number - 1][column] if is_down and column < len(shown[number - 1]) else ""
                if is_down and not text:
                    copies.above.add((number, column))
                if (is_across and not text) or column > start:
                    copies.left.add((number, column))
                cells.append(text or (cells[-1] if is_across else above))
        shown.append(cells)
    return shown, copies


def _number(edge: str) -> int:
    digits = edge.lstrip("hv")
    return int(digits) if digits.removeprefix("-").isdigit() else 0
