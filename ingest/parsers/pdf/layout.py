"""Lines → columns, tables, paragraphs and lists in reading order. Pure geometry, no PDF library.

The order in which words come (the order the file draws them) is trusted inside columns and cells;
geometry decides between them.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from corpus.patterns import pattern
from ingest.parsers.pdf.grids import Bands, Grid, find_bands, find_grids
from ingest.parsers.pdf.lines import NO_SPACE, Line, Row, Rule, join_lines, to_rows
from ingest.parsers.pdf.paragraphs import SENTENCE_END, Piece, goes_on, leading_of, paragraphs
from ingest.parsers.pdf.tables import have_same_columns, table_end, table_rows, table_start

_COLUMN_LINES = 5
_COLUMN_FILL = 0.55
_FILLED = 0.8  # what a line of running text takes of its column, at least
_WIDE_LEADING = 1.7  # letter heights from one line of running text to the next, at most
_MOST_SWITCHES = 3
_LEAST_COLUMN = 0.3  # of the width of both
_BULLETS = frozenset("•●○◦▪■◆◇‣⁃")
_MARK = pattern(r"[•●○◦▪■□◆◇‣⁃–·・*-]|\(?(?:\d{1,2}|[a-z])[.)]")
_ROW_GAP = 2.5  # letter heights between two rows of a table at most
_NARROW = 3.0  # letter heights that the strip between columns has at most
_STRIP = 6.0  # points; strips that differ by less are one
_RULE_OVERHANG = 3.0  # points by which a table's rules may stand beyond its column
_PAGE_CHARS = 6  # characters of a page number in a table of contents, at most
_NOTE_SIZE = 0.92  # of the text's letters, those of notes below it at most

Ruled = tuple[Grid, Piece]
"""A ruled table: where it stands, and what it says."""


def arrange(lines: Sequence[Line], rules: Sequence[Rule] = ()) -> list[Piece]:
    """Returns the pieces of a page in reading order.

    Args:
        lines: what :func:`to_lines` made of the page's words.
        rules: the straight lines drawn on it.
    """
    tables: list[Ruled] = []
    left = list(lines)
    for grid in find_grids(rules) if left else ():
        inside = [word for line in left for word in line.words if grid.holds(word)]
        rows = grid.read(inside)
        if not rows:
            continue  # a frame around text, a chart, or lines drawn for decoration
        taken = set(map(id, inside))
        rest = ([word for word in line.words if id(word) not in taken] for line in left)
        left = [Line(words) for words in rest if words]
        tables.append((grid, Piece("table", rows=rows)))
    return _between_tables(left, sorted(tables, key=lambda pair: -pair[0].top), find_bands(rules))


def _between_tables(lines: Sequence[Line], tables: Sequence[Ruled], bands: Sequence[Bands]) -> list[Piece]:
    """Returns the pieces of an area with its ruled tables, the topmost first.

    A table parts what is above it from what is below, unless it stands in one of two columns and has text of the other
    beside it.
    """
    if not tables:
        return _flow(lines, bands)
    rows = to_rows(lines)
    gutter = _gutter(rows, _drawn_order(lines)) if rows else None
    if gutter is not None and any(_is_in_column(grid, lines, gutter) for grid, _ in tables):
        return _by_columns(rows, gutter, bands, tables)
    (grid, table), *others = tables
    above = [line for line in lines if line.y0 >= grid.top - 2]
    below = [line for line in lines if line.y0 < grid.top - 2]
    return [*_flow(above, bands), table, *_between_tables(below, others, bands)]


def _is_in_column(grid: Grid, lines: Sequence[Line], gutter: float) -> bool:
    beside = [line for line in lines if line.y0 < grid.ys[0] and line.y1 > grid.ys[-1]]
    if grid.xs[-1] <= gutter + _RULE_OVERHANG:
        return any(line.x0 >= gutter for line in beside)
    return grid.xs[0] >= gutter - _RULE_OVERHANG and any(line.x1 <= gutter for line in beside)


# ---- columns -------------------------------------------------------------------------------------


def _flow(lines: Sequence[Line], bands: Sequence[Bands]) -> list[Piece]:
    """Returns the pieces of an area without ruled tables: bands of columns, tables and plain text."""
    if not lines:
        return []
    order = _drawn_order(lines)
    rows = _with_marks(to_rows(lines), order)
    if all(len(row.lines) == 1 for row in rows):
        return paragraphs(_in_drawn_order(rows, order))
    gutter = _gutter(rows, order)
    if gutter is not None:
        return _by_columns(rows, gutter, bands)
    if (band := _find_band(rows, order)) is not None:
        above, inside, below = rows[: band[0]], rows[band[0] : band[1]], rows[band[1] :]
        columns = _by_columns(inside, band[2], bands)
        return [*_flow(_as_drawn(above, order), bands), *columns, *_flow(_as_drawn(below, order), bands)]
    pieces: list[Piece] = []
    start = 0
    position = 0
    while position < len(rows):
        end = table_end(rows, position)
        if end > position:
            position = table_start(rows, start, position, end)
            pieces += paragraphs(_in_drawn_order(rows[start:position], order))
            pieces.append(Piece("table", rows=table_rows(rows[position:end], bands)))
            start = position = end
        else:
            position += 1
    return pieces + paragraphs(_in_drawn_order(rows[start:], order))


def _with_marks(rows: Sequence[Row], order: dict[int, int]) -> list[Row]:
    """Returns rows where the marks of list items are part of the lines that they stand before, and drawn with them.

    Below a row of two cells that it is aligned with, a mark is a cell of a table (``Rank | City``, ``1. | Tokyo``).
    """
    marked: list[Row] = []
    head: Row | None = None
    for row in rows:
        size = row.lines[0].size
        if head is not None and marked[-1].y0 - row.y1 > _ROW_GAP * size:
            head = None
        is_table = head is not None and have_same_columns(head, row)
        lines: list[Line] = []
        for line in row.lines:
            before = lines[-1] if lines else None
            if before and not is_table and _is_mark_of(before, line, alone=len(row.lines) == 2):
                lines[-1] = Line([*before.words, *line.words])
                order[id(before.words[0])] = order[id(line.words[0])]
            else:
                lines.append(line)
        marked.append(Row(lines))
        if len(lines) > 1:
            head = marked[-1]
        elif head is not None and lines[0].x0 < head.lines[1].x0 - size:
            head = None  # not the next line of a cell
    return marked


def _is_mark_of(before: Line, line: Line, *, alone: bool) -> bool:
    """Says whether a line is the mark of an item; beside other lines in their row only a bullet close to it is."""
    if alone:
        return bool(_MARK.fullmatch(before.text)) and not _MARK.fullmatch(line.text)
    return before.text in _BULLETS and line.x0 - before.x1 < _NARROW * line.size


def _drawn_order(lines: Sequence[Line]) -> dict[int, int]:
    """Returns at which place each word, by its ``id``, was drawn."""
    return {id(word): position for position, line in enumerate(lines) for word in line.words}


def _gutter(rows: Sequence[Row], order: dict[int, int]) -> float | None:
    gutter = _find_gutter(rows, order) or _find_mixed_gutter(rows, order)
    if gutter is not None and _are_numbers([line for row in rows for line in row.lines if line.x0 >= gutter]):
        return None
    return gutter


def _are_numbers(side: Sequence[Line]) -> bool:
    """Says whether what stands right of a strip are the page numbers of contents: short, and ending at one place."""
    end = median(line.x1 for line in side)
    numbers = sum(len(line.text) <= _PAGE_CHARS and abs(line.x1 - end) < line.size for line in side)
    return numbers > 0.8 * len(side)


def _in_drawn_order(rows: Sequence[Row], order: dict[int, int]) -> list[Line]:
    """Returns lines top to bottom, left to right; lines beside each other keep the file's order."""
    lines = [line for row in rows for line in row.lines]
    if any(len(row.lines) > 1 for row in rows):
        drawn = sorted(lines, key=lambda line: order[id(line.words[0])])
        jumps = sum(1 for a, b in pairwise(drawn) if b.y0 > a.y1)
        if jumps <= max(2, len(rows) // 4):
            return drawn
    return lines


def _find_gutter(rows: Sequence[Row], order: dict[int, int]) -> float | None:
    """Returns the x of the white strip between two columns of running text, or None.

    Both sides must be text that fills its column for several lines, close below each other; a table's cells do
    not. Where two wide columns of cells would, the file's drawing order tells: cells jump back up at every row,
    columns once.
    """
    lines = [line for row in rows for line in row.lines]
    x0, x1 = min(line.x0 for line in lines), max(line.x1 for line in lines)
    gaps = [(a.x1, b.x0) for row in rows for a, b in pairwise(row.lines)]
    middle = [(a + b) / 2 for a, b in gaps if 0.25 < ((a + b) / 2 - x0) / max(x1 - x0, 1) < 0.75]
    if len(middle) < _COLUMN_LINES:
        return None
    gutter = median(middle)
    left = [line for line in lines if line.x1 <= gutter]
    right = [line for line in lines if line.x0 >= gutter]
    crossing = len(lines) - len(left) - len(right)
    if min(len(left), len(right)) < _COLUMN_LINES or crossing > 0.5 * len(lines):
        return None
    for side in (left, right):
        span = max(line.x1 for line in side) - min(line.x0 for line in side)
        if median(line.x1 - line.x0 for line in side) < _COLUMN_FILL * span:
            return None
        if leading_of(side) > _WIDE_LEADING * median(line.size for line in side):
            return None
    drawn = sorted((*left, *right), key=lambda line: order[id(line.words[0])])
    jumps = sum(1 for a, b in pairwise(drawn) if b.y0 > a.y1 and (a.x1 <= gutter) != (b.x1 <= gutter))
    level = sum(1 for a, b in pairwise(drawn) if a.x1 <= gutter <= b.x0 and abs(a.y0 - b.y0) < a.size)
    alternating = level > 0.6 * min(len(left), len(right))
    return gutter if jumps <= 3 or alternating else None


def _find_band(rows: Sequence[Row], order: dict[int, int]) -> tuple[int, int, float] | None:
    """Returns where rows of two columns of text begin and end on a page that has other things above or below, and the
    white strip between them; None where there are none.

    The strip is narrow in most of those rows, and the lines to its right begin at one place. Rows of one column alone
    (the longer one's end) belong to them.
    """
    strips: Counter[int] = Counter()
    narrow = [
        [(a.x1, b.x0) for a, b in pairwise(row.lines) if 0 <= b.x0 - a.x1 < _NARROW * max(a.size, b.size)]
        for row in rows
    ]
    for gaps in narrow:
        strips.update({int(x1 / _STRIP) for _, x1 in gaps})
    for strip, votes in strips.most_common(3):
        if votes < _COLUMN_LINES:
            break
        x = min(x1 for gaps in narrow for _, x1 in gaps if int(x1 / _STRIP) == strip) - 1
        held = [at for at, gaps in enumerate(narrow) if any(x0 - 1 <= x <= x1 for x0, x1 in gaps)]
        start, end = held[0], held[-1] + 1
        crossing = [at for at in range(start, end) if _crosses(rows[at], x)]
        parts = pairwise([start - 1, *crossing, end])
        start, end = max(((a + 1, b) for a, b in parts), key=lambda part: part[1] - part[0])
        while start > 0 and _goes_beside(rows[start - 1], rows[start], x):
            start -= 1
        while end < len(rows) and _goes_beside(rows[end], rows[end - 1], x):
            end += 1
        inside = rows[start:end]
        if 0 < len(inside) < len(rows) and _are_even(inside, x):
            gutter = _gutter(inside, order)
            if gutter is not None:
                return start, end, gutter
    return None


def _are_even(rows: Sequence[Row], x: float) -> bool:
    """Says whether both sides of a strip are text and about as wide; a table's first column is narrower."""
    lines = [line for row in rows for line in row.lines]
    whole = max(line.x1 for line in lines) - min(line.x0 for line in lines)
    sides = [[line for line in lines if line.x1 <= x + 1], [line for line in lines if line.x0 >= x - 1]]
    return all(
        _holds_text(side)
        and max(line.x1 for line in side) - min(line.x0 for line in side) > _LEAST_COLUMN * whole
        for side in sides
    )


def _crosses(row: Row, x: float) -> bool:
    return any(line.x0 < x < line.x1 for line in row.lines)


def _goes_beside(row: Row, neighbour: Row, x: float) -> bool:
    """Says whether a row with a line in one column, or in each, stands right above or below another of them."""
    gap = max(row.y0 - neighbour.y1, neighbour.y0 - row.y1)
    return len(row.lines) <= 2 and not _crosses(row, x) and gap < row.lines[0].size


def _as_drawn(rows: Sequence[Row], order: dict[int, int]) -> list[Line]:
    return sorted((line for row in rows for line in row.lines), key=lambda line: order[id(line.words[0])])


def _find_mixed_gutter(rows: Sequence[Row], order: dict[int, int]) -> float | None:
    """Returns the white strip between two columns that hold tables beside running text, or None.

    Cells do not fill their column, so the file's drawing order must show it: one column whole, then the
    other; and running text must fill several lines of each.
    """
    gaps = [(a.x1, b.x0) for row in rows for a, b in pairwise(row.lines)]
    lines = [line for row in rows for line in row.lines]
    x0, x1 = min(line.x0 for line in lines), max(line.x1 for line in lines)
    middles = {round((a + b) / 2) for a, b in gaps if 0.35 < ((a + b) / 2 - x0) / max(x1 - x0, 1) < 0.65}
    votes = {x: sum(a < x < b for a, b in gaps) for x in middles}
    for gutter in sorted((x for x in votes if votes[x] >= _COLUMN_LINES), key=lambda x: -votes[x]):
        sides = [[line for line in lines if line.x1 <= gutter], [line for line in lines if line.x0 >= gutter]]
        if len(lines) - sum(map(len, sides)) <= 0.1 * len(lines) and all(map(_holds_text, sides)):
            drawn = sorted((*sides[0], *sides[1]), key=lambda line: order[id(line.words[0])])
            switches = sum((a.x1 <= gutter) != (b.x1 <= gutter) for a, b in pairwise(drawn))
            if switches <= _MOST_SWITCHES:
                return gutter
    return None


def _holds_text(side: Sequence[Line]) -> bool:
    """Says whether several lines fill their column."""
    span = max((line.x1 for line in side), default=0.0) - min((line.x0 for line in side), default=0.0)
    return sum(line.x1 - line.x0 > _FILLED * span for line in side) >= _COLUMN_LINES


def _by_columns(
    rows: Sequence[Row], gutter: float, bands: Sequence[Bands], tables: Sequence[Ruled] = ()
) -> list[Piece]:
    """Returns bands of two columns, each read down, with what spans both between them."""
    pieces: list[Piece] = []
    left: tuple[list[Line], list[Ruled]] = ([], [])
    right: tuple[list[Line], list[Ruled]] = ([], [])
    waiting = list(tables)

    def close() -> None:
        pieces.extend(_carried_over(_between_tables(*left, bands), _between_tables(*right, bands)))
        for column in (*left, *right):
            column.clear()

    def place_tables(above: float) -> None:
        while waiting and waiting[0][0].top > above:
            grid, table = waiting.pop(0)
            if grid.xs[-1] <= gutter + _RULE_OVERHANG:
                left[1].append((grid, table))
            elif grid.xs[0] >= gutter - _RULE_OVERHANG:
                right[1].append((grid, table))
            else:
                close()
                pieces.append(table)

    for row in rows:
        place_tables(row.y1)
        if any(line.x0 < gutter < line.x1 for line in row.lines):
            close()
            pieces += paragraphs(row.lines)
        else:
            left[0].extend(line for line in row.lines if line.x1 <= gutter)
            right[0].extend(line for line in row.lines if line.x0 >= gutter)
    place_tables(-math.inf)
    close()
    return _rejoin(pieces)


def _carried_over(left: list[Piece], right: list[Piece]) -> list[Piece]:
    """Returns the pieces of two columns; the sentence that the first breaks off goes on in the second.

    Smaller text at the foot of the first (notes) stands between, and comes after it.
    """
    if not left or not right or right[0].kind != "paragraph":
        return left + right
    first = right[0].lines[0]
    at = len(left) - 1
    while at > 0 and 0 < left[at].size < _NOTE_SIZE * first.size:
        at -= 1
    last = left[at]
    if last.kind != "paragraph" or abs(last.size - first.size) > 0.12 * first.size:
        return left + right
    edge = max(line.x1 for line in last.lines)
    is_whole_line = len(last.lines) > 1 and last.lines[-1].x1 > edge - 2 * first.size
    begins_low = first.text[0].islower() or NO_SPACE.match(first.text)
    if not is_whole_line or not begins_low or last.bold != right[0].bold or SENTENCE_END.search(last.text):
        return left + right
    last.lines += right[0].lines
    last.text = join_lines([line.text for line in last.lines])
    return left + right[1:]


def _rejoin(pieces: list[Piece]) -> list[Piece]:
    """Joins lines across the columns that came as single paragraphs (a heading of two lines)."""
    joined: list[Piece] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        if (
            last is not None
            and last.kind == piece.kind == "paragraph"
            and len(piece.lines) == 1
            and goes_on(
                last.lines[-1], piece.lines[0], leading_of([*last.lines, *piece.lines]), piece.lines[0].x1
            )
        ):
            last.lines += piece.lines
            last.text = join_lines([line.text for line in last.lines])
        else:
            joined.append(piece)
    return joined
