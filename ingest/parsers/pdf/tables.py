"""Tables of a page: ruled ones by their lines, others by what stands below each other. Pure geometry."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ingest.parsers.pdf.lines import (
    LEADERS,
    SIGNS_AFTER,
    SIGNS_BEFORE,
    Line,
    Row,
    Rule,
    Word,
    join_lines,
    to_lines,
    to_rows,
)

# ---- tables without rules ------------------------------------------------------------------------

_CELL_GAP = 0.6  # what parts the cells of two columns, at least; a space is half as wide
_TOUCH = 3.0
_MOST_HEAD_CHARS = 60  # of what stands over several columns


def table_end(rows: Sequence[Row], start: int) -> int:
    """Returns the row after a table that starts here; ``start`` itself when none does.

    A table is at least three rows, two thirds of them in two cells or more, whose cells share their left,
    right or middle with a cell above.
    """
    if len(rows[start].lines) < 2:
        return start
    end = start + 1
    filled = 1
    last = rows[start]
    for position in range(start + 1, len(rows)):
        row = rows[position]
        height = max(line.size for line in row.lines)
        if rows[position - 1].y0 - row.y1 > 2.5 * height:
            break
        if len(row.lines) >= 2:
            if not _aligned(last, row):
                break
            filled += 1
            last = row
            end = position + 1
        elif position - end >= 3 or row.lines[0].x1 - row.lines[0].x0 > 0.6 * (_right(rows) - _left(rows)):
            break
    return end if filled >= 3 and filled * 3 >= (end - start) * 2 else start


def _aligned(above: Row, below: Row) -> bool:
    matches = sum(any(_share_edge(line, other) for other in above.lines) for line in below.lines)
    return matches >= min(2, len(below.lines))


def have_same_columns(above: Row, below: Row) -> bool:
    """Says whether the cells of two rows stand below each other, one by one."""
    return len(above.lines) == len(below.lines) and all(map(_share_edge, below.lines, above.lines))


def _share_edge(line: Line, other: Line) -> bool:
    """Says whether two lines share their left, right or middle."""
    left, right = line.x0 - other.x0, line.x1 - other.x1
    return min(abs(left), abs(right), abs(left + right) / 2) < 0.8 * line.size


def _left(rows: Sequence[Row]) -> float:
    return min(line.x0 for row in rows for line in row.lines)


def _right(rows: Sequence[Row]) -> float:
    return max(line.x1 for row in rows for line in row.lines)


def table_start(rows: Sequence[Row], first: int, start: int) -> int:
    """Returns where the header above a table begins: rows that leave its first column empty.

    Labels of the first group (``Net sales:``) may stand between the header and the first full row.
    """
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


def table_rows(rows: Sequence[Row]) -> list[list[str]]:
    """Returns cells by column: columns are the white strips' complement in the fullest rows."""
    widest = max(len(row.lines) for row in rows)
    full = [row for row in rows if len(row.lines) >= max(2, widest - 1)]
    spans = sorted((line.x0, line.x1) for row in full for line in row.lines)
    columns: list[list[float]] = []
    for x0, x1 in spans:
        if columns and x0 < columns[-1][1]:
            columns[-1][1] = max(columns[-1][1], x1)
        else:
            columns.append([x0, x1])
    columns = [part for column in columns for part in _parted(column, full)]
    table: list[list[str]] = []
    for row in rows:
        cells = [""] * len(columns)
        is_labelled = row.lines[0].x0 < columns[0][1] and (bool(table) or len(row.lines) == 1)
        for line in _by_column(row.lines, columns):
            covered = [at for at, (x0, x1) in enumerate(columns) if min(line.x1, x1) - max(line.x0, x0) > 0]
            nearest = min(
                range(len(columns)), key=lambda i: abs(line.x0 + line.x1 - columns[i][0] - columns[i][1])
            )
            if len(covered) < len(columns) and (is_labelled or len(line.text) > _MOST_HEAD_CHARS):
                covered = covered[:1]  # a long text, and no head of several columns
            for at in covered or [nearest]:
                cells[at] = f"{cells[at]} {line.text}".strip()
        if len(row.lines) == 1 and table and not cells[0] and any(table[-1][:1]):
            for at, cell in enumerate(cells):
                table[-1][at] = join_lines([table[-1][at], cell]) if cell else table[-1][at]
        else:
            table.append(cells)
    return _with_one_header(table)


def _parted(column: list[float], rows: Sequence[Row]) -> list[list[float]]:
    """Returns a column, or the two or more that it is: a strip wider than a space is white in every row.

    A currency sign and its amount are one cell, so that rows of them part nothing, whatever their header says. Dots
    set apart that lead from a text to a figure are no cells.
    """
    held = [
        [
            word
            for line in row.lines
            for word in line.words
            if column[0] <= (word.x0 + word.x1) / 2 <= column[1] and word.text not in LEADERS
        ]
        for row in rows
    ]
    parts: list[list[float]] = []
    for word in sorted((word for words in held for word in words), key=lambda word: word.x0):
        if parts and word.x0 - parts[-1][1] <= _CELL_GAP * word.size:
            parts[-1][1] = max(parts[-1][1], word.x1)
        else:
            parts.append([word.x0, word.x1])
    for at in range(len(parts) - 1, 0, -1):
        strip = parts[at][0]
        sides = [
            ([w.text for w in one if w.x0 < strip], [w.text for w in one if w.x0 >= strip]) for one in held
        ]
        both = sum(
            bool(left and right) and left[-1] not in SIGNS_BEFORE and right[0] not in SIGNS_AFTER
            for left, right in sides
        )
        if both < 2 or 3 * both <= 2 * sum(map(bool, held)):
            parts[at - 1][1] = parts.pop(at)[1]
    return parts or [column]


def _by_column(lines: Sequence[Line], columns: Sequence[Sequence[float]]) -> Iterator[Line]:
    """Yields a row's lines, parted where more than a space lies between words of different columns."""
    for line in lines:
        held: list[Word] = []
        for word in line.words:
            if held and word.x0 - held[-1].x1 > _CELL_GAP * word.size:
                edge = next((x0 for x0, _ in columns if held[-1].x1 < x0 + _TOUCH and x0 < word.x1), None)
                if edge is not None:
                    yield Line(held)
                    held = []
            held.append(word)
        yield Line(held)


def _with_one_header(table: list[list[str]]) -> list[list[str]]:
    """Makes one row of the rows at the top that leave the first column empty."""
    head = 0
    while head < min(5, len(table) - 1) and not table[head][0]:
        head += 1
    if head < 2:
        return table
    joined = [
        " ".join(dict.fromkeys(cell for cell in column if cell)) for column in zip(*table[:head], strict=True)
    ]
    return [joined, *table[head:]]


# ---- ruled tables --------------------------------------------------------------------------------

_MAX_GRID_CELLS = 4000


@dataclass(slots=True)
class Grid:
    """A ruled table: its column edges (ascending), its row edges (descending) and the rules between."""

    xs: list[float]
    ys: list[float]
    level: list[Rule]
    upright: list[Rule]

    @property
    def top(self) -> float:
        """The y of its upper edge."""
        return self.ys[0]

    def holds(self, word: Word) -> bool:
        """Says whether the middle of a word lies in it."""
        x, y = (word.x0 + word.x1) / 2, (word.y0 + word.y1) / 2
        return self.xs[0] <= x <= self.xs[-1] and self.ys[-1] <= y <= self.ys[0]

    def read(self, words: Sequence[Word]) -> list[list[str]]:
        """Returns the cells' text; a merged cell's text stands in each of the cells it covers.

        Nothing is returned when it is no table: fewer than two rows of two cells, most cells empty,
        nearly all the text in one of them, or cells that are no rectangles.
        """
        height, width = len(self.ys) - 1, len(self.xs) - 1
        owner = [[(r, c) for c in range(width)] for r in range(height)]
        for r in range(height):
            for c in range(width):
                if c and not self._parted_upright(self.xs[c], r):
                    owner[r][c] = owner[r][c - 1]
                elif r and not self._parted_level(self.ys[r], c):
                    owner[r][c] = owner[r - 1][c]
        inside: dict[tuple[int, int], list[Word]] = {}
        for word in words:
            x, y = (word.x0 + word.x1) / 2, (word.y0 + word.y1) / 2
            r = max(sum(1 for edge in self.ys if edge > y) - 1, 0)
            c = max(sum(1 for edge in self.xs if edge < x) - 1, 0)
            inside.setdefault(owner[min(r, height - 1)][min(c, width - 1)], []).append(word)
        owner = [
            row
            for at, row in enumerate(owner)
            if not at or _held(row, inside) != _held(owner[at - 1], inside)
        ]
        if not _is_table(owner, inside):
            return []
        texts = {
            cell: join_lines([line.text for line in _cell_lines(found)]) for cell, found in inside.items()
        }
        return _merge_columns([[texts.get(cell, "") for cell in row] for row in owner])

    def _parted_upright(self, x: float, row: int) -> bool:
        y = (self.ys[row] + self.ys[row + 1]) / 2
        return any(abs(rule.x0 - x) <= _TOUCH and rule.y0 <= y <= rule.y1 for rule in self.upright)

    def _parted_level(self, y: float, column: int) -> bool:
        x = (self.xs[column] + self.xs[column + 1]) / 2
        return any(abs(rule.y0 - y) <= _TOUCH and rule.x0 <= x <= rule.x1 for rule in self.level)


def _held(
    row: Sequence[tuple[int, int]], inside: Mapping[tuple[int, int], list[Word]]
) -> list[tuple[int, int] | None]:
    return [cell if cell in inside else None for cell in row]


def _is_table(owner: list[list[tuple[int, int]]], inside: dict[tuple[int, int], list[Word]]) -> bool:
    rows = sum(1 for row in owner if len({cell for cell in row if cell in inside}) > 1)
    cells: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for r, row in enumerate(owner):
        for c, cell in enumerate(row):
            cells.setdefault(cell, []).append((r, c))
    for cell in inside:
        high = len({r for r, _ in cells[cell]})
        if high * len({c for _, c in cells[cell]}) != len(cells[cell]):
            return False  # frames that overlap
    sizes = [sum(len(word.text) for word in found) for found in inside.values()]
    return rows >= 2 and len(inside) >= 0.4 * len(cells) and max(sizes) <= 0.8 * sum(sizes)


def _merge_columns(rows: list[list[str]]) -> list[list[str]]:
    """Joins columns that never hold different text side by side (doubled rules, a header's frame)."""
    column = 1
    while column < len(rows[0]):
        if all(not row[column] or not row[column - 1] or row[column] == row[column - 1] for row in rows):
            for row in rows:
                row[column - 1] = row[column - 1] or row[column]
                del row[column]
        else:
            column += 1
    return rows


def _cell_lines(words: Sequence[Word]) -> list[Line]:
    lines = [row.lines for row in to_rows(to_lines(words))]
    return [Line([word for line in row for word in line.words]) for row in lines]


def find_grids(rules: Sequence[Rule]) -> list[Grid]:
    """Returns the ruled tables: rules that touch, with at least two columns and two rows between them."""
    level = [rule for rule in rules if rule.x1 - rule.x0 >= rule.y1 - rule.y0]
    upright = [rule for rule in rules if rule.x1 - rule.x0 < rule.y1 - rule.y0]
    if len(level) < 2 or len(upright) < 2:
        return []
    grids = []
    for group in _touching(level, upright):
        own_level = [rule for rule in group if rule.x1 - rule.x0 >= rule.y1 - rule.y0]
        own_upright = [rule for rule in group if rule.x1 - rule.x0 < rule.y1 - rule.y0]
        xs = _distinct([rule.x0 for rule in own_upright], 2 * _TOUCH)
        ys = _distinct([rule.y0 for rule in own_level], 4.0)[::-1]
        if len(xs) >= 3 and len(ys) >= 3 and len(xs) * len(ys) <= _MAX_GRID_CELLS:
            grids.append(Grid(xs, ys, own_level, own_upright))
    return grids


def _touching(level: Sequence[Rule], upright: Sequence[Rule]) -> list[list[Rule]]:
    parent = list(range(len(level) + len(upright)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    placed = sorted(
        ((other.x0, len(level) + j, other) for j, other in enumerate(upright)), key=lambda one: one[:2]
    )
    xs = [x for x, _, _ in placed]
    for i, one in enumerate(level):
        for _, j, other in placed[bisect_left(xs, one.x0 - _TOUCH) : bisect_right(xs, one.x1 + _TOUCH)]:
            if other.y0 - _TOUCH <= one.y0 <= other.y1 + _TOUCH:
                parent[root(i)] = root(j)
    groups: dict[int, list[Rule]] = {}
    for i, rule in enumerate((*level, *upright)):
        groups.setdefault(root(i), []).append(rule)
    return list(groups.values())


def _distinct(values: Sequence[float], apart: float = _TOUCH) -> list[float]:
    found: list[float] = []
    for value in sorted(values):
        if not found or value - found[-1] > apart:
            found.append(value)
    return found
