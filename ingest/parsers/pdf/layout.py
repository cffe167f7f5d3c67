"""Lines → columns, tables, paragraphs and lists in reading order. Pure geometry, no PDF library.

The order in which words come (the order the file draws them) is trusted inside columns and cells;
geometry decides between them.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from corpus.patterns import pattern
from ingest.parsers.pdf.columns import BULLETS, block_beside, box_beside, find_band, find_gutter, text_columns
from ingest.parsers.pdf.extents import have_same_columns, table_end, table_start
from ingest.parsers.pdf.grids import Bands, Grid, find_bands, find_grids
from ingest.parsers.pdf.joints import find_jointed
from ingest.parsers.pdf.lines import NO_SPACE, Line, Row, Rule, join_lines, to_rows
from ingest.parsers.pdf.paragraphs import SENTENCE_END, Piece, goes_on, leading_of, paragraphs
from ingest.parsers.pdf.seams import with_cells, with_seams
from ingest.parsers.pdf.tables import table_rows

_MARK = pattern(r"[•●○◦▪■□◆◇‣⁃–·・*-]|\(?(?:\d{1,2}|[a-z])[.)]")
_ROW_GAP = 2.5  # letter heights between two rows of a table at most
_NEXT_LINE = (
    0.6  # letter heights from a line of a box to the next at most, below those that stand beside others
)
_NARROW = 3.0  # letter heights that the strip between columns has at most
_RULE_OVERHANG = 3.0  # points by which a table's rules may stand beyond its column
_MOST_BOXES = 20  # beside the text of a page
_NOTE_SIZE = 0.92  # of the text's letters, those of notes below it at most

Ruled = tuple[Grid, Piece]
"""A ruled table: where it stands, and what it says."""


def arrange(lines: Sequence[Line], rules: Sequence[Rule] = ()) -> list[Piece]:
    """Returns the pieces of a page in reading order.

    Args:
        lines: what :func:`to_lines` made of the page's words.
        rules: the straight lines drawn on it, and the edges of backgrounds.
    """
    tables: list[Ruled] = []
    left = list(lines)
    drawn = [rule for rule in rules if rule.drawn] if left else []
    grids = find_grids(drawn) if drawn else []
    for grid in [*grids, *find_jointed(drawn, left, grids)] if drawn else ():
        if len(drawn) < len(rules):
            grid.add_header(rules, left)
        grid.add_labels(left)
        inside = [word for line in left for word in line.words if grid.holds(word)]
        if len(drawn) < len(rules):
            grid.part_rows(rules, inside)
        rows = grid.read(inside)
        if not rows:
            continue  # a frame around text, a chart, or lines drawn for decoration
        taken = set(map(id, inside))
        rest = ([word for word in line.words if id(word) not in taken] for line in left)
        left = [Line(words) for words in rest if words]
        tables.append((grid, Piece("table", rows=rows, letters=median(word.size for word in inside))))
    return _between_tables(left, sorted(tables, key=lambda pair: -pair[0].top), find_bands(drawn))


def _between_tables(lines: Sequence[Line], tables: Sequence[Ruled], bands: Sequence[Bands]) -> list[Piece]:
    """Returns the pieces of an area with its ruled tables, the topmost first.

    A table parts what is above it from what is below, unless it stands in one of two columns and has text of the other
    beside it.
    """
    if not tables:
        return _flow(lines, bands)
    rows = to_rows(lines)
    gutter = find_gutter(rows, _drawn_order(lines)) if rows else None
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


def _flow(lines: Sequence[Line], bands: Sequence[Bands], boxes: int = 0) -> list[Piece]:
    """Returns the pieces of an area without ruled tables: bands of columns, tables and plain text.

    Args:
        lines: those of the area, as they were drawn.
        bands: where level rules stand.
        boxes: how many boxes beside the text were taken out of it already.
    """
    if not lines:
        return []
    order = _drawn_order(lines)
    rows = with_seams(with_cells(_with_marks(to_rows(lines), order)))
    if all(len(row.lines) == 1 for row in rows):
        return paragraphs(_in_drawn_order(rows, order))
    gutter = find_gutter(rows, order)
    if gutter is not None:
        return _by_columns(rows, gutter, bands)
    if (band := find_band(rows, order)) is not None:
        above, inside, below = rows[: band[0]], rows[band[0] : band[1]], rows[band[1] :]
        columns = _by_columns(inside, band[2], bands)
        return [*_flow(_as_drawn(above, order), bands), *columns, *_flow(_as_drawn(below, order), bands)]
    pieces: list[Piece] = []
    start = 0
    position = 0
    while position < len(rows):
        end = table_end(rows, position)
        if end > position and boxes < _MOST_BOXES:
            box = box_beside(rows[position:end], lines, order)
            block = [] if box else block_beside(rows[position:end], lines, order)
            if box or block:
                return _with_box(lines, box or block, bands, boxes + 1, before_table=bool(block))
            if lefts := text_columns(rows[position:end], order):
                return _with_columns(rows, (position, end), lefts, order, bands, boxes + 1)
        if end > position:
            position = table_start(rows, start, position, end)
            pieces += paragraphs(_in_drawn_order(rows[start:position], order))
            letters = median(line.size for row in rows[position:end] for line in row.lines)
            pieces.append(Piece("table", rows=table_rows(rows[position:end], bands), letters=letters))
            start = position = end
        else:
            position += 1
    return pieces + paragraphs(_in_drawn_order(rows[start:], order))


def _with_columns(
    rows: Sequence[Row],
    place: tuple[int, int],
    lefts: Sequence[float],
    order: dict[int, int],
    bands: Sequence[Bands],
    boxes: int,
) -> list[Piece]:
    """Returns the pieces of an area where boxes of text stand side by side in some rows, and below: each on its own."""
    start, least = place
    end = start
    columns: list[list[Line]] = [[] for _ in lefts]
    for row in rows[start:]:
        held = [(max(bisect_right(lefts, line.x0 + 1.0) - 1, 0), line) for line in row.lines]
        near = end < least or rows[end - 1].y0 - row.y1 < _NEXT_LINE * row.lines[0].size
        if not near or any(at + 1 < len(lefts) and line.x1 >= lefts[at + 1] for at, line in held):
            break
        for at, line in held:
            columns[at].append(line)
        end += 1
    above, below = _as_drawn(rows[:start], order), _as_drawn(rows[end:], order)
    inside = [piece for column in columns for piece in _flow(column, bands, boxes)]
    return [*_flow(above, bands, boxes), *inside, *_flow(below, bands, boxes)]


def _with_box(
    lines: Sequence[Line], box: Sequence[Line], bands: Sequence[Bands], boxes: int, *, before_table: bool
) -> list[Piece]:
    """Returns the pieces of an area with those of a box in it behind what begins above, or before the first table."""
    rest = _flow([line for line in lines if line not in box], bands, boxes)
    after = [
        at
        for at, piece in enumerate(rest)
        if (before_table and not piece.lines) or (piece.lines and piece.lines[0].y1 < box[0].y0)
    ]
    at = min(after, default=len(rest))
    return [*rest[:at], *paragraphs(box), *rest[at:]]


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
    return before.text in BULLETS and line.x0 - before.x1 < _NARROW * line.size


def _drawn_order(lines: Sequence[Line]) -> dict[int, int]:
    """Returns at which place each word, by its ``id``, was drawn."""
    return {id(word): position for position, line in enumerate(lines) for word in line.words}


def _in_drawn_order(rows: Sequence[Row], order: dict[int, int]) -> list[Line]:
    """Returns lines top to bottom, left to right; lines beside each other keep the file's order."""
    lines = [line for row in rows for line in row.lines]
    if any(len(row.lines) > 1 for row in rows):
        drawn = sorted(lines, key=lambda line: order[id(line.words[0])])
        jumps = sum(1 for a, b in pairwise(drawn) if b.y0 > a.y1)
        if jumps <= max(2, len(rows) // 4):
            return drawn
    return lines


def _as_drawn(rows: Sequence[Row], order: dict[int, int]) -> list[Line]:
    return sorted((line for row in rows for line in row.lines), key=lambda line: order[id(line.words[0])])


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
