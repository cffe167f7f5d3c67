"""A sheet's cells → tables and paragraphs: where one table ends, what stands above it, what its header is.

Pure: cells by row and column go in, blocks of a draft come out. A blank row or a blank column parts two
tables, unless what follows reads on in the same columns (a gap between groups of rows, a spacer column).
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from corpus.patterns import pattern
from ingest.parsers.assembly import CELL_SEPARATOR, Draft
from ingest.parsers.cleaning import one_line

Cells = dict[int, dict[int, str]]
"""Row → column → text, both from 0; cells without text are left out."""

Merge = tuple[int, int, int, int]
"""A merged range: top, left, bottom, right, all included."""

_VALUE = pattern(
    r"[-+(△▲]*\s*+[^\w\s]{0,3}\s*+\d[\d,. ]*(?:[eE][-+]?\d+)?\s*(?:[%％)]|[^\W\d]{1,3})?\)?"
    r"|\d{4}-\d\d-\d\d(?:[ T][\d:.]+)?|\d{1,2}:\d\d(?::\d\d)?|true|false|#[A-Z/0!?]+",
    re.IGNORECASE,
)
_YEAR = pattern(r"(?:FY|CY)?(?:19|20)\d\d(?:年度?|-\d\d|/\d\d)?(?:-\d\d)?", re.IGNORECASE)
_MAX_HEADER_CHARS = 100
_LOOKED_AT = 20
_MAX_DEPTH = 40


@dataclass(frozen=True, slots=True)
class _Region:
    """A rectangle of cells, all edges included."""

    top: int
    left: int
    bottom: int
    right: int


def is_value(text: str) -> bool:
    """Says whether a cell holds a number, a date, a truth value or an error rather than words."""
    return bool(_VALUE.fullmatch(text.strip()))


def header_rows(rows: Sequence[Sequence[str]]) -> int:
    """Says how many rows at the top name the columns, 0 or 1.

    A header is filled but for a column or two, short, and no row of values (years and months may name
    columns); it differs from what is below it, or everything is words and nothing repeats.
    """
    if len(rows) < 2:
        return 0
    first = rows[0]
    width = max(len(row) for row in rows[:_LOOKED_AT])
    filled = [cell for cell in first if cell]
    if len(filled) < max(2, 0.6 * width) or any(len(cell) > _MAX_HEADER_CHARS for cell in filled):
        return 0
    if any(is_value(cell) and not _YEAR.fullmatch(cell) for cell in filled) or len(set(filled)) < 2:
        return 0
    below = rows[1 : 1 + _LOOKED_AT]
    if all(is_value(cell) for cell in filled):  # years alone are as good a row as any
        return 0
    for column, cell in enumerate(first):
        under = [row[column] for row in below if column < len(row) and row[column]]
        values = sum(1 for text in under if is_value(text) and not _YEAR.fullmatch(text))
        if cell and under and 2 * values > len(under):
            return 1
    if any(_YEAR.fullmatch(cell) for cell in filled):
        return 0
    return 0 if filled[0].endswith((":", "：")) else 1


def add_grid(draft: Draft, cells: Cells, merges: Sequence[Merge] = ()) -> None:
    """Adds a sheet's cells to a draft, as paragraphs and tables in reading order.

    Raises:
        LimitError: ``too_many_cells``, when merged ranges cover too many.
    """
    wide, copies = _fill_merged(draft, cells, merges)
    for region in _regions(cells):
        _add_region(draft, cells, region, wide, copies)


# ---- merged cells --------------------------------------------------------------------------------


def _fill_merged(
    draft: Draft, cells: Cells, merges: Sequence[Merge]
) -> tuple[set[tuple[int, int]], set[tuple[int, int]]]:
    """Repeats a merged cell's text where a reader relates it to others.

    Downwards in rows that have cells of their own (a category beside its items), to the right always. A frame
    around a long text stays one cell. Returns the places (row, column) of wide cells, and of their copies to
    the right that name no group of columns.
    """
    own = {row: sorted(columns) for row, columns in cells.items()}
    rows = sorted(own)
    wide: set[tuple[int, int]] = set()
    copies: set[tuple[int, int]] = set()
    for top, left, bottom, right in merges:
        text = cells.get(top, {}).get(left, "")
        if not text or (top == bottom and left == right):
            continue
        if right > left:
            wide.add((top, left))
        below = own.get(bottom + 1, [])
        names_group = bisect_right(below, right) - bisect_left(below, left) > 1
        for row in rows[bisect_left(rows, top) : bisect_right(rows, bottom)]:
            columns = own[row]
            if row > top and bisect_left(columns, left) == 0 and bisect_right(columns, right) == len(columns):
                continue  # nothing beside it
            draft.count_cells(right - left + 1)
            for column in range(left, right + 1):
                if column not in cells[row]:
                    cells[row][column] = text
                    if column > left and not names_group:
                        copies.add((row, column))
    return wide, copies


# ---- regions -------------------------------------------------------------------------------------


def _regions(cells: Cells) -> Iterator[_Region]:
    rows = sorted(row for row, columns in cells.items() if columns)
    if rows:
        yield from _divide(cells, rows, 0, 1 << 30, 0)


def _divide(cells: Cells, rows: Sequence[int], left: int, right: int, depth: int) -> Iterator[_Region]:
    """Yields the tables among some rows and columns: parted by blank rows, then by blank columns, and again."""
    for band in _bands(cells, rows, left, right):
        columns = sorted({c for row in band for c in cells[row] if left <= c <= right})
        parts = _columns_apart(cells, band, columns) if depth < _MAX_DEPTH else [(columns[0], columns[-1])]
        if len(parts) == 1 and len(band) == len(rows):
            for part in _under_heads(cells, band, columns[0], columns[-1]):
                yield _Region(part[0], columns[0], part[-1], columns[-1])
            continue
        for first, last in parts:
            own = [row for row in band if any(first <= c <= last for c in cells[row])]
            yield from _divide(cells, own, first, last, depth + 1)


def _bands(cells: Cells, rows: Sequence[int], left: int, right: int) -> list[list[int]]:
    """Returns the rows in groups that blank rows part; a group that reads on joins the one above."""
    bands: list[list[int]] = []
    for row in rows:
        gap = row - bands[-1][-1] if bands else 0
        if gap == 1 or (gap == 2 and _reads_on(cells, bands[-1], row, left, right)):
            bands[-1].append(row)
        else:
            bands.append([row])
    return [part for band in bands for part in _diagonal(cells, band, left, right)]


def _reads_on(cells: Cells, above: Sequence[int], row: int, left: int, right: int) -> bool:
    """Says whether the row after a blank one goes on with the table: values in columns of values."""
    if len(above) < 2:
        return False
    before = {c for r in above for c in cells[r] if left <= c <= right}
    own = {c: text for c, text in cells[row].items() if left <= c <= right}
    if len(own) < 2 or not own.keys() <= before:
        return False
    last = cells[above[-1]]
    same = [c for c, text in own.items() if is_value(text) and c in last and is_value(last[c])]
    return bool(same) and not any(
        is_value(text) != is_value(last.get(c, "")) for c, text in own.items() if c in last
    )


def _under_heads(cells: Cells, band: list[int], left: int, right: int) -> Iterator[list[int]]:
    """Yields the rows of tables that stand under each other without a blank row, each below the same names of columns.

    A single cell right above the names is the title of its table.
    """
    starts, names = [0], None
    for at, row in enumerate(band):
        own = [(c, text) for c, text in cells[row].items() if left <= c <= right]
        if names is None:
            is_head = len({text for _, text in own}) > 1 and not any(is_value(text) for _, text in own)
            names = own if is_head else None
        elif own == names and at - starts[-1] > 1:
            is_titled = at - starts[-1] > 2 and len(cells[band[at - 1]]) == 1
            starts.append(at - is_titled)
    for start, end in zip(starts, [*starts[1:], len(band)], strict=True):
        yield band[start:end]


def _diagonal(cells: Cells, band: list[int], left: int, right: int) -> list[list[int]]:
    """Cuts a band where all that is above stands in other columns than all that is below."""
    if not 4 <= len(band) <= 10_000:
        return [band]
    spans = []
    for row in band:
        columns = [c for c in cells[row] if left <= c <= right]
        spans.append((min(columns), max(columns)))
    low, high = [spans[-1][0]], [spans[-1][1]]
    for first, last in reversed(spans[:-1]):
        low.append(min(low[-1], first))
        high.append(max(high[-1], last))
    low.reverse()
    high.reverse()
    least, most = spans[0]
    for at in range(1, len(band)):
        if 2 <= at <= len(band) - 2 and (most < low[at] or high[at] < least):
            return [band[:at], *_diagonal(cells, band[at:], left, right)]
        least, most = min(least, spans[at][0]), max(most, spans[at][1])
    return [band]


def _columns_apart(cells: Cells, band: Sequence[int], columns: Sequence[int]) -> list[tuple[int, int]]:
    """Returns the first and last column of each table that stands beside others."""
    runs: list[list[int]] = []
    for column in columns:
        if runs and column == runs[-1][-1] + 1:
            runs[-1].append(column)
        else:
            runs.append([column])
    parts = [runs[0]]
    for run in runs[1:]:
        if _stands_alone(cells, band, parts[-1], run):
            parts.append(run)
        else:
            parts[-1] = [*parts[-1], *run]
    return [(part[0], part[-1]) for part in parts]


def _stands_alone(cells: Cells, band: Sequence[int], one: Sequence[int], other: Sequence[int]) -> bool:
    """Says whether columns beside a blank one are a table of their own, not a part of the one to the left."""
    filled = []
    for run in (one, other):
        rows = [row for row in band if any(c in cells[row] for c in run)]
        count = sum(1 for row in rows for c in run if c in cells[row])
        if len(run) < 2 or len(rows) < 2 or count < 0.7 * len(rows) * len(run):
            return False
        filled.append(rows)
    left, right = filled
    if other[0] - one[-1] > 2 or (left[0], left[-1]) != (right[0], right[-1]):
        return True
    names = [cells[left[0]].get(one[0]), cells[right[0]].get(other[0])]
    labels = [cells[row].get(other[0], "") for row in right[1:]]
    return names[0] == names[1] or not any(is_value(label) for label in labels)


# ---- one region ----------------------------------------------------------------------------------


def _add_region(
    draft: Draft,
    cells: Cells,
    region: _Region,
    wide: set[tuple[int, int]],
    copies: set[tuple[int, int]],
) -> None:
    span = range(region.left, region.right + 1)
    numbers = [row for row in range(region.top, region.bottom + 1) if row in cells]
    lines = [(number, {c: t for c, t in cells[number].items() if c in span}) for number in numbers]
    lines, after = _take_notes(draft, [line for line in lines if line[1]], wide)
    if lines and any((lines[0][0], c) in copies for c in lines[0][1]):
        # Merged names over nothing of their own: the sheet's columns are finer than the table's.
        lines = [(n, {c: text for c, text in line.items() if (n, c) not in copies}) for n, line in lines]
    if lines:
        used = sorted({c for _, line in lines for c in line})
        rows = [[line.get(c, "") for c in used] for _, line in lines]
        heads = header_rows(rows)
        if len(rows) > 2 and any((lines[0][0], c) in wide for c in used) and _is_group_head(rows):
            heads = 2
        lines = [(n, _own_cells(n, line, copies, heads > 0)) for n, line in lines]
        filled = sum(len(line) for _, line in lines)
        if not heads and filled < 0.5 * len(rows) * len({c for _, line in lines for c in line}):
            # A form: what stands in a row belongs together, what stands in a column does not.
            shown = [[one_line(line[c]) for c in sorted(line)] for _, line in lines]
            draft.paragraph("\n".join(map(CELL_SEPARATOR.join, shown)))
        else:
            draft.table([[line.get(c, "") for c in used] for _, line in lines], heads)
    for text in after:
        draft.paragraph(text)


def _own_cells(
    number: int, line: dict[int, str], copies: set[tuple[int, int]], in_columns: bool
) -> dict[int, str]:
    """Returns a row without copies of merged cells, where no column gives them a meaning."""
    if in_columns and len(set(line.values())) > 1:
        return line
    return {c: text for c, text in line.items() if (number, c) not in copies}


def _is_group_head(rows: Sequence[Sequence[str]]) -> bool:
    """Says whether the second row names columns below the merged names of the first."""
    second = [cell for cell in rows[1] if cell]
    return len(second) > 1 and not any(is_value(cell) and not _YEAR.fullmatch(cell) for cell in second)


def _take_notes(
    draft: Draft, lines: list[tuple[int, dict[int, str]]], wide: set[tuple[int, int]]
) -> tuple[list[tuple[int, dict[int, str]]], list[str]]:
    """Adds the single cells above a table as paragraphs; returns the table's rows, and the notes below it."""
    if max(len(line) for _, line in lines) < 2:
        draft.paragraph("\n".join(text for _, line in lines for text in line.values()))
        return [], []
    start, end = 0, len(lines)
    while start < end:
        number, line = lines[start]
        if len(line) > 1 and (len(set(line.values())) > 1 or (number, min(line)) not in wide):
            break
        draft.paragraph(line[min(line)])
        start += 1
    left = min(c for _, line in lines[start:end] for c in line) if start < end else 0
    width = max((len(line) for _, line in lines[start:end]), default=0)
    while width > 2 and end - start > 2 and set(lines[end - 1][1]) == {left}:
        if is_value(lines[end - 1][1][left]):
            break
        end -= 1
    return lines[start:end], [next(iter(line.values())) for _, line in lines[end:]]
