"""Tables whose only rules are level and drawn cell by cell: where their parts meet, columns meet. Pure geometry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from corpus.patterns import pattern
from ingest.parsers.pdf.grids import Grid
from ingest.parsers.pdf.lines import SIGNS_BEFORE, Line, Row, Rule, to_rows

_TOUCH = 3.0
_MEET = 4.5  # points by which rules that meet overlap or are apart, at most
_LEAST_LEVELS = 3
_SHARE = 0.5  # of a table's level rules, those that have a joint, at least
_NEAR = 0.8  # letter heights from an outer rule to the row beyond it, at most
_TIGHT = 0.35  # letter heights between the lines of such a row, at most
_SAME_SIZE = 0.12  # of the size of its letters, by which they differ
_MOST_LINES = 4  # of such a row
_MOST_JOINTS = 60
_MOST_TABLES = 40  # of a page
_MOST_GROUPS = 20  # that a rule is looked up in
_FULL = 0.6  # of a table's columns, those that a whole row fills, at least
_CELL_GAP = 0.5  # letter heights between two cells, at least
_FIGURE = pattern(r"[^\w]*\d[\d.,]*[^\w]*")
_MOST_PARTED = 0.3  # times the rows, those that no rule parts from the one above, at most


@dataclass(slots=True)
class _Chain:
    """Level rules that meet end to end, from left to right."""

    y: float
    parts: list[Rule]

    def has_ends_of(self, other: _Chain) -> bool:
        return (
            abs(self.parts[0].x0 - other.parts[0].x0) < _TOUCH
            and abs(self.parts[-1].x1 - other.parts[-1].x1) < _TOUCH
        )

    @property
    def joints(self) -> list[float]:
        return [part.x0 for part in self.parts[1:]]


def find_jointed(rules: Sequence[Rule], lines: Sequence[Line], known: Sequence[Grid]) -> list[Grid]:
    """Returns the tables of level rules of one width that meet at the same places, three or more below each other.

    A row above the first of them, or below the last, belongs to the table where it keeps to the columns.

    Args:
        rules: the straight lines drawn on the page.
        lines: its text.
        known: the tables that have upright rules, too.
    """
    groups: list[list[_Chain]] = []
    for chain in _chains(rules):
        if any(_is_inside(chain, grid) for grid in known):
            continue
        own = next((group for group in groups[-_MOST_GROUPS:] if chain.has_ends_of(group[0])), None)
        if own is None:
            groups.append([chain])
        else:
            own.append(chain)
    grids = [
        grid
        for group in groups
        if sum(len(chain.parts) > 1 for chain in group) >= _LEAST_LEVELS
        and (grid := _grid(group)) is not None
        and _has_rows(grid, lines)
    ]
    grids = grids[:_MOST_TABLES]
    found = [grid for grid in grids if _is_whole(grid, lines, [*known, *grids])]
    for grid in found:
        _reach_out(grid, lines)
    return found


def _has_rows(grid: Grid, lines: Sequence[Line]) -> bool:
    """Says whether what stands between two rules is one row, mostly: not several that fill the columns, no first cell
    that goes on below a line of others, and no labelled figures below others of two columns or more.

    Nor is it a statement whose currency signs have rules of their own, which are read better by what stands below each
    other.
    """
    bands, parted = 0, 0
    held = [word for line in lines for word in line.words if grid.holds(word)]
    signs = {grid.column(word) for word in held if word.text in SIGNS_BEFORE}
    if not signs <= {grid.column(word) for word in held if word.text not in SIGNS_BEFORE}:
        return False
    for high, low in pairwise(grid.ys):
        inside = [line for line in lines if low < (line.y0 + line.y1) / 2 < high]
        inside = [line for line in inside if line.x0 < grid.xs[-1] and line.x1 > grid.xs[0]]
        rows = to_rows(inside)
        if any(_are_like_figures(grid, above, below) for above, below in pairwise(rows)):
            return False
        filled = [{grid.column(word) for line in row.lines for word in line.words} for row in rows]
        full = sum(0 in columns and len(columns) > _FULL * (len(grid.xs) - 1) for columns in filled)
        bands += bool(filled)
        parted += max(full - 1, any(0 not in a and 0 in b for a, b in pairwise(filled)))
    return bands > 1 and parted <= _MOST_PARTED * bands


def _are_like_figures(grid: Grid, above: Row, below: Row) -> bool:
    """Says whether both of two rows have a label, and figures in the same two columns or more: the sums of statements
    have rules above and below them in each column, and what adds up to them has none.
    """
    labelled = [any(grid.column(word) == 0 for word in row.lines[0].words) for row in (above, below)]
    figures = [
        {grid.column(word) for line in row.lines for word in line.words if _FIGURE.fullmatch(word.text)}
        for row in (above, below)
    ]
    return all(labelled) and len(figures[0] & figures[1] - {0}) > 1


def _is_whole(grid: Grid, lines: Sequence[Line], grids: Sequence[Grid]) -> bool:
    """Says whether no labels stand beside a table: then its rules are but those above sums."""
    beside = [
        line
        for line in lines
        if grid.ys[-1] < (line.y0 + line.y1) / 2 < grid.ys[0]
        and (line.x1 <= grid.xs[0] + _TOUCH or line.x0 >= grid.xs[-1] - _TOUCH)
        and not any(other.holds(line.words[0]) for other in grids)
    ]
    return 2 * len(beside) < len(grid.ys) - 1


def _is_inside(chain: _Chain, grid: Grid) -> bool:
    return grid.ys[-1] - _TOUCH <= chain.y <= grid.ys[0] + _TOUCH and (
        chain.parts[0].x0 < grid.xs[-1] and chain.parts[-1].x1 > grid.xs[0]
    )


def _chains(rules: Sequence[Rule]) -> list[_Chain]:
    chains: list[_Chain] = []
    level = [rule for rule in rules if rule.x1 - rule.x0 > rule.y1 - rule.y0]
    for rule in sorted(level, key=lambda one: (-round(one.y0), one.x0)):
        last = chains[-1] if chains else None
        at_level = last is not None and abs(last.y - rule.y0) < 1
        if last and at_level and rule.x1 < last.parts[-1].x1 + 1:
            continue  # drawn twice, as the lower edge of one cell and the upper edge of another
        if last and at_level and abs(rule.x0 - last.parts[-1].x1) < _MEET:
            last.parts.append(rule)
        else:
            chains.append(_Chain(rule.y0, [rule]))
    return chains


def _grid(chains: Sequence[_Chain]) -> Grid | None:
    """Returns a table with upright lines at the joints, each beside the row above the rule that has it."""
    votes: Counter[int] = Counter()
    for chain in chains:
        votes.update({round(x / _TOUCH) for x in chain.joints})
    joints: list[float] = []
    for x in sorted(x for chain in chains for x in chain.joints):
        at = round(x / _TOUCH)
        is_common = votes[at - 1] + votes[at] + votes[at + 1] >= _SHARE * len(chains)
        if is_common and (not joints or x - joints[-1] > 2 * _TOUCH):
            joints.append(x)
    if not 0 < len(joints) <= _MOST_JOINTS:
        return None
    left, right = chains[0].parts[0].x0, chains[0].parts[-1].x1
    ys = [chain.y for chain in chains]
    level = [Rule(left, y, right, y) for y in ys]
    upright = [
        Rule(x, below.y, x, above.y)
        for above, below in pairwise(chains)
        for x in (left, *joints, right)
        if x in (left, right) or any(abs(x - joint) < _TOUCH for joint in below.joints)
    ]
    return Grid([left, *joints, right], ys, level, upright)


def _reach_out(grid: Grid, lines: Sequence[Line]) -> None:
    """Gives a table the row above its first rule, and the one below its last."""
    near = [line for line in lines if line.x0 < grid.xs[-1] and line.x1 > grid.xs[0]]
    above = to_rows([line for line in near if line.y0 >= grid.ys[0] - _TOUCH])[::-1]
    below = to_rows([line for line in near if line.y1 <= grid.ys[-1] + _TOUCH])
    high = _reach(grid, [(row, row.y0, row.y1) for row in above[:_MOST_LINES]], grid.ys[0])
    low = _reach(grid, [(row, -row.y1, -row.y0) for row in below[:_MOST_LINES]], -grid.ys[-1])
    for edge, y in ((high, grid.ys[0]), (-low, grid.ys[-1])):
        if edge != y:
            grid.upright += [Rule(x, min(edge, y), x, max(edge, y)) for x in grid.xs]
            grid.level.append(Rule(grid.xs[0], edge, grid.xs[-1], edge))
            grid.ys = sorted([*grid.ys, edge], reverse=True)


def _reach(grid: Grid, rows: Sequence[tuple[Row, float, float]], edge: float) -> float:
    """Returns where a row ends that begins at an edge; the edge itself where none does.

    Args:
        grid: the table.
        rows: what stands beyond the edge, the nearest first, each with where it begins and ends, counted outward.
        edge: where the outermost rule is, counted the same way.
    """
    reached, columns = edge, set[int]()
    first = rows[0][0].lines[0].size if rows else 0.0
    for row, start, end in rows:
        size = row.lines[0].size
        near = _NEAR if reached == edge else _TIGHT
        if start - reached > near * size or abs(size - first) > _SAME_SIZE * first:
            break
        if not all(_keeps(grid, line) for line in row.lines):
            break
        columns.update(grid.column(word) for line in row.lines for word in line.words)
        reached = end
    return reached + 1.0 if len(columns) > 1 else edge


def _keeps(grid: Grid, line: Line) -> bool:
    """Says whether the words of a line stand within columns, and those of two columns apart."""
    return (
        grid.xs[0] - _TOUCH < line.x0
        and line.x1 < grid.xs[-1] + _TOUCH
        and not any(word.x0 + _TOUCH < x < word.x1 - _TOUCH for word in line.words for x in grid.xs[1:-1])
        and all(
            b.x0 - a.x1 > _CELL_GAP * b.size or grid.column(a) == grid.column(b)
            for a, b in pairwise(line.words)
        )
    )
