"""Tables of a page that are ruled: read by their lines. Pure geometry."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ingest.parsers.pdf.lines import Line, Row, Rule, Word, join_lines, to_lines, to_rows

_TOUCH = 3.0
_LEAST_RULES = 4
_CELL_GAP = 0.6  # letter heights between the texts of two cells, at least
_MAX_GRID_CELLS = 4000
_OPEN = 12.0  # points that a column without an outer rule is wide, at least
_MOST_RULES = 0.8  # of a table's level rules, those that reach as far
_LABELLED = 0.8  # of its rows, those with a label to the left
_LONGEST_LABEL = 40  # characters
_ACROSS = 0.9  # of a table's width, that of a background behind a row, at least
_HIGHEST_HEADER = 80.0  # points
_LEAST_ROW = 5.0  # points between two such edges


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

    def add_header(self, rules: Sequence[Rule], lines: Sequence[Line]) -> None:
        """Adds the row above a table on a background as wide as the table, where it is in two columns or more."""
        edges = [
            rule
            for rule in rules
            if not rule.drawn and self.xs[0] - _OPEN < rule.x0 and rule.x1 < self.xs[-1] + _OPEN
        ]
        tops = {round(rule.y0) for rule in edges if _LEAST_ROW < rule.y0 - self.ys[0] < _HIGHEST_HEADER}
        top = min(tops, default=0)
        if top and all(
            self._is_across([one for one in edges if abs(one.y0 - y) < _TOUCH]) for y in (top, self.ys[0])
        ):
            held = [
                word for line in lines for word in line.words if self.ys[0] < (word.y0 + word.y1) / 2 < top
            ]
            inside = all(self.xs[0] - _TOUCH < word.x0 and word.x1 < self.xs[-1] + _TOUCH for word in held)
            if inside and len({self.column(word) for word in held}) > 1:
                self.upright += [Rule(x, self.ys[0], x, float(top)) for x in self.xs]
                self.level.append(Rule(self.xs[0], float(top), self.xs[-1], float(top)))
                self.ys = [float(top), *self.ys]

    def _is_across(self, edges: Sequence[Rule]) -> bool:
        wide = sum(x1 - x0 for x0, x1 in {(round(edge.x0), round(edge.x1)) for edge in edges})
        return wide > _ACROSS * (self.xs[-1] - self.xs[0])

    def add_labels(self, lines: Sequence[Line]) -> None:
        """Adds a column for the labels to the left of a table, beside nearly each of its rows and within its height."""
        beside = [
            line
            for line in lines
            if line.x1 < self.xs[0] and line.y0 < self.ys[0] - _TOUCH and line.y1 > self.ys[-1] + _TOUCH
        ]
        bands = [
            next(
                (
                    at
                    for at, (high, low) in enumerate(pairwise(self.ys))
                    if low - 1 < line.y0 and line.y1 < high + 1
                ),
                -1,
            )
            for line in beside
        ]
        is_labelled = len(set(bands)) >= max(2, _LABELLED * (len(self.ys) - 1))
        if is_labelled and -1 not in bands and all(len(line.text) <= _LONGEST_LABEL for line in beside):
            x = min(line.x0 for line in beside) - 1.0
            self.level += [Rule(x, y, self.xs[0], y) for y in self.ys]
            self.upright.append(Rule(x, self.ys[-1], x, self.ys[0]))
            self.xs = [x, *self.xs]

    def part_rows(self, rules: Sequence[Rule], words: Sequence[Word]) -> None:
        """Takes the edges of backgrounds that reach from side to side, alone or together, for rules between rows.

        Each row that they make must begin with text: Word draws a background behind each line of a paragraph.
        """
        edges: dict[int, list[Rule]] = {}
        for rule in rules:
            inside = self.xs[0] - 2 * _TOUCH < rule.x0 and rule.x1 < self.xs[-1] + 2 * _TOUCH
            if not rule.drawn and inside and self.ys[-1] + _TOUCH < rule.y0 < self.ys[0] - _TOUCH:
                edges.setdefault(round(rule.y0), []).append(rule)
        ys = list(self.ys)
        for parts in edges.values():
            y = parts[0].y0
            if self._is_across(parts) and all(abs(y - one) > _LEAST_ROW for one in ys):
                ys = sorted([*ys, y], reverse=True)
        firsts = [(word.y0 + word.y1) / 2 for word in words if self.column(word) == 0]
        if all(any(low < y < high for y in firsts) for high, low in pairwise(ys)):
            self.level += [Rule(self.xs[0], y, self.xs[-1], y) for y in ys if y not in self.ys]
            self.ys = ys

    def column(self, word: Word) -> int:
        """Returns in which column the middle of a word lies, from 0."""
        x = (word.x0 + word.x1) / 2
        return min(max(bisect_left(self.xs, x) - 1, 0), len(self.xs) - 2)

    def read(self, words: Sequence[Word]) -> list[list[str]]:
        """Returns the cells' text; a merged cell's text stands in each of the cells it covers.

        Nothing is returned when it is no table: fewer than two rows of two cells, most cells empty,
        nearly all the text in one of them, or cells that are no rectangles.
        """
        height, width = len(self.ys) - 1, len(self.xs) - 1
        begins = self._begins(words)
        owner = [[(r, c) for c in range(width)] for r in range(height)]
        for r in range(height):
            for c in range(width):
                if c and not self._parted_upright(self.xs[c], r) and not begins[r][c]:
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

    def _begins(self, words: Sequence[Word]) -> list[list[bool]]:
        """Says of each row and column whether a cell's text begins there as below or above it, where a rule stands.

        Styles leave the rule out in every other row; a merged cell's text goes past the place, or stands in its middle.
        """
        height, width = len(self.ys) - 1, len(self.xs) - 1
        rows: list[list[Word]] = [[] for _ in range(height)]
        for word in words:
            y = (word.y0 + word.y1) / 2
            rows[min(max(sum(1 for edge in self.ys if edge > y) - 1, 0), height - 1)].append(word)
        found = [[False] * width for _ in range(height)]
        for c in range(1, width):
            x = self.xs[c]
            firsts = [min((one.x0 for one in row if one.x0 >= x - _TOUCH), default=0.0) for row in rows]
            known = [first for r, first in enumerate(firsts) if first and self._parted_upright(x, r)]
            for r, row in enumerate(rows):
                before = max(
                    (one.x1 for one in row if self.xs[c - 1] - _TOUCH <= one.x0 < x - _TOUCH), default=0.0
                )
                size = max((one.size for one in row), default=0.0)
                found[r][c] = 0 < before < firsts[r] - _CELL_GAP * size and any(
                    abs(firsts[r] - one) < _TOUCH for one in known
                )
        return found

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


@dataclass(frozen=True, slots=True)
class Bands:
    """What stands between level rules of one width, one below the other: the rows of a table that has no others.

    ``ys``: descending.
    """

    x0: float
    x1: float
    ys: tuple[float, ...]

    def at(self, row: Row) -> int:
        """Returns between which two rules a row stands, from 1; 0 when it does not."""
        y = (row.y0 + row.y1) / 2
        inside = self.x0 - _TOUCH <= row.lines[0].x0 and row.lines[-1].x1 <= self.x1 + _TOUCH
        return bisect_left(self.ys, -y, key=lambda one: -one) % len(self.ys) if inside else 0


def find_bands(rules: Sequence[Rule]) -> list[Bands]:
    """Returns where four level rules of one width, or more, stand below each other; those side by side are one."""
    level = [rule for rule in rules if rule.x1 - rule.x0 > rule.y1 - rule.y0]
    joined: list[Rule] = []
    for rule in sorted(level, key=lambda one: (round(one.y0), one.x0)):
        last = joined[-1] if joined else None
        if last and abs(last.y0 - rule.y0) < 1 and rule.x0 - last.x1 < _TOUCH:
            joined[-1] = Rule(last.x0, last.y0, max(last.x1, rule.x1), last.y1)
        else:
            joined.append(rule)
    groups: dict[tuple[int, int], list[Rule]] = {}
    for rule in joined:
        groups.setdefault((round(rule.x0 / _TOUCH), round(rule.x1 / _TOUCH)), []).append(rule)
    return [
        Bands(group[0].x0, group[0].x1, tuple(_distinct([rule.y0 for rule in group])[::-1]))
        for group in groups.values()
        if len(group) >= _LEAST_RULES
    ]


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
        for x in _open_sides(xs, ys, own_level) if xs else ():
            own_upright.append(Rule(x, ys[-1], x, ys[0]))
            xs = sorted([*xs, x])
        if len(xs) >= 3 and len(ys) >= 3 and len(xs) * len(ys) <= _MAX_GRID_CELLS:
            grids.append(Grid(xs, ys, own_level, own_upright))
    return grids


def _open_sides(xs: Sequence[float], ys: Sequence[float], level: Sequence[Rule]) -> list[float]:
    """Returns where most level rules begin or end beyond the outer upright ones: a table may be open at its sides."""
    found = []
    for ends, beyond in (
        ([rule.x0 for rule in level if rule.x0 < xs[0] - _OPEN], min),
        ([rule.x1 for rule in level if rule.x1 > xs[-1] + _OPEN], max),
    ):
        if ends:
            x = beyond(ends)
            if sum(abs(end - x) < _TOUCH for end in ends) >= _MOST_RULES * len(ys):
                found.append(x)
    return found


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
