"""Lines → columns, tables, paragraphs and lists in reading order. Pure geometry, no PDF library.

The order in which words come (the order the file draws them) is trusted inside columns and cells;
geometry decides between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Literal

from corpus.patterns import pattern
from ingest.parsers.lines import HYPHENATED, NO_SPACE, SAME_LINE, Line, Row, Rule, join_lines, to_rows
from ingest.parsers.tables import find_grids, table_end, table_rows, table_start

_LEADING = 1.4  # lines further apart than this, times the usual, are different paragraphs
_COLUMN_LINES = 5
_COLUMN_FILL = 0.55
_FILLED = 0.8  # what a line of running text takes of its column, at least
_MOST_SWITCHES = 3
_BULLET = pattern(
    r"^(?:[•●○◦▪■□◆◇‣⁃–—▶➢➤✓✔・･*-](?=\s|[^\W\d_])|[\uf0b7\uf0a7\uf0d8]|o(?=\s+[A-Z])|[①-⑳]"
    r"|\(?(?:\d{1,2}|[a-zA-Z]|[ivx]{1,4})[.)](?=\s)|[（(]\d{1,2}[)）])\s*"
)
_SENTENCE_END = pattern(r"[.:!?。．：！？」）)]$")
_MARK = pattern(r"\.?[\d０-９]{1,3}|\[\d{1,3}\]|※\d?|（?注[\d０-９]?）?")
"""What may stand before a paragraph and is no bullet: ``.1``, ``[21]``, ``２``, ``※``."""
_LEADER = pattern(r"(?:\.{3,}|…{2,}|・{4,}|(?:\. ){4,})\s*\S{1,6}\s*$")


@dataclass(slots=True)
class Piece:
    """A paragraph, list or table of a page. ``lines`` is empty for a table and ``rows`` for the others."""

    kind: Literal["paragraph", "list", "table"]
    lines: list[Line] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    items: list[tuple[int, str, str]] = field(default_factory=list)
    text: str = ""

    @property
    def size(self) -> float:
        """The letter height of its first line."""
        return self.lines[0].size if self.lines else 0.0

    @property
    def font(self) -> str:
        """The font it starts with."""
        return self.lines[0].words[0].font if self.lines else ""

    @property
    def bold(self) -> bool:
        """Whether all of it is bold."""
        return bool(self.lines) and all(line.bold for line in self.lines)


def arrange(lines: Sequence[Line], rules: Sequence[Rule] = ()) -> list[Piece]:
    """Returns the pieces of a page in reading order.

    Args:
        lines: what :func:`to_lines` made of the page's words.
        rules: the straight lines drawn on it.
    """
    tables: list[tuple[float, Piece]] = []
    left = list(lines)
    for grid in find_grids(rules) if left else ():
        inside = [word for line in left for word in line.words if grid.holds(word)]
        rows = grid.read(inside)
        if not rows:
            continue  # a frame around text, a chart, or lines drawn for decoration
        taken = set(map(id, inside))
        rest = ([word for word in line.words if id(word) not in taken] for line in left)
        left = [Line(words) for words in rest if words]
        tables.append((grid.top, Piece("table", rows=rows)))
    pieces: list[Piece] = []
    for top, table in sorted(tables, key=lambda pair: -pair[0]):
        pieces += _flow([line for line in left if line.y0 >= top - 2])
        pieces.append(table)
        left = [line for line in left if line.y0 < top - 2]
    return pieces + _flow(left)


# ---- columns -------------------------------------------------------------------------------------


def _flow(lines: Sequence[Line]) -> list[Piece]:
    """Returns the pieces of an area without ruled tables: bands of columns, tables and plain text."""
    if not lines:
        return []
    order = {id(word): position for position, line in enumerate(lines) for word in line.words}
    rows = to_rows(lines)
    if all(len(row.lines) == 1 for row in rows):
        return _paragraphs(_in_drawn_order(rows, order))
    gutter = _find_gutter(rows, order) or _find_mixed_gutter(rows, order)
    if gutter is not None:
        return _by_columns(rows, gutter)
    pieces: list[Piece] = []
    start = 0
    position = 0
    while position < len(rows):
        end = table_end(rows, position)
        if end > position:
            position = table_start(rows, start, position)
            pieces += _paragraphs(_in_drawn_order(rows[start:position], order))
            pieces.append(Piece("table", rows=table_rows(rows[position:end])))
            start = position = end
        else:
            position += 1
    return pieces + _paragraphs(_in_drawn_order(rows[start:], order))


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

    Both sides must be text that fills its column for several lines; a table's cells do not. Where two wide
    columns of cells would, the file's drawing order tells: cells jump back up at every row, columns once.
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
    drawn = sorted((*left, *right), key=lambda line: order[id(line.words[0])])
    jumps = sum(1 for a, b in pairwise(drawn) if b.y0 > a.y1 and (a.x1 <= gutter) != (b.x1 <= gutter))
    level = sum(1 for a, b in pairwise(drawn) if a.x1 <= gutter <= b.x0 and abs(a.y0 - b.y0) < a.size)
    alternating = level > 0.6 * min(len(left), len(right))
    return gutter if jumps <= 3 or alternating else None


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


def _by_columns(rows: Sequence[Row], gutter: float) -> list[Piece]:
    """Returns bands of two columns, each read down, with what spans both between them."""
    pieces: list[Piece] = []
    left: list[Line] = []
    right: list[Line] = []

    def close() -> None:
        nonlocal left, right
        for side in (left, right):
            pieces.extend(_flow(side))
        left, right = [], []

    for row in rows:
        if any(line.x0 < gutter < line.x1 for line in row.lines):
            close()
            pieces += _paragraphs(row.lines)
        else:
            left += [line for line in row.lines if line.x1 <= gutter]
            right += [line for line in row.lines if line.x0 >= gutter]
    close()
    return _rejoin(pieces)


def _rejoin(pieces: list[Piece]) -> list[Piece]:
    """Joins lines across the columns that came as single paragraphs (a heading of two lines)."""
    joined: list[Piece] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        if (
            last is not None
            and last.kind == piece.kind == "paragraph"
            and len(piece.lines) == 1
            and _joins(
                last.lines[-1], piece.lines[0], _leading([*last.lines, *piece.lines]), piece.lines[0].x1
            )
        ):
            last.lines += piece.lines
            last.text = join_lines([line.text for line in last.lines])
        else:
            joined.append(piece)
    return joined


# ---- paragraphs ----------------------------------------------------------------------------------


def _leading(lines: Sequence[Line]) -> float:
    """Returns the usual distance between the tops of lines that follow each other, in points."""
    steps = [a.y1 - b.y1 for a, b in pairwise(lines) if 0 < a.y1 - b.y1 < 3 * a.size]
    return median(steps) if steps else 1.2 * lines[0].size if lines else 0.0


def _paragraphs(lines: Sequence[Line]) -> list[Piece]:
    """Returns lines of one column as paragraphs and lists."""
    if not lines:
        return []
    leading = _leading(lines)
    edge = max(line.x1 for line in lines)
    groups: list[list[Line]] = []
    for at, line in enumerate(lines):
        is_second = bool(groups) and len(groups[-1]) == 1
        hangs = is_second and _hangs(lines[at - 1 : at + 2])
        below_mark = is_second and _is_below_mark(groups[-1][0], line)
        if groups and _joins(groups[-1][-1], line, leading, edge, hangs=hangs, below_mark=below_mark):
            groups[-1].append(line)
        elif groups and _beside(groups[-1][-1], line):
            last = groups[-1].pop()
            groups[-1].append(Line([*last.words, *line.words]))
        else:
            groups.append([line])
    pieces: list[Piece] = []
    for group in groups:
        text = join_lines([line.text for line in group])
        bullet = _BULLET.match(text)
        if bullet is None or bullet.end() == len(text):
            pieces.append(Piece("paragraph", group, text=text))
            continue
        item = (0, bullet[0].strip(), text[bullet.end() :])
        if pieces and pieces[-1].kind == "list" and pieces[-1].lines[-1].y0 >= group[0].y0:
            pieces[-1].items.append(item)
            pieces[-1].lines += group
        else:
            pieces.append(Piece("list", list(group), items=[item]))
    for piece in pieces:
        _indent(piece)
    return pieces


def _indent(piece: Piece) -> None:
    """Gives list items their depth from where their first lines stand."""
    if piece.kind != "list":
        return
    starts = [line.x0 for line in piece.lines if _BULLET.match(line.text)]
    if len(starts) == len(piece.items):
        steps: list[float] = []
        for x in sorted(starts):
            if not steps or x - steps[-1] > 6:
                steps.append(x)
        depths = [max(i for i, step in enumerate(steps) if step <= x + 0.01) for x in starts]
        piece.items = [
            (depth, mark, text) for depth, (_, mark, text) in zip(depths, piece.items, strict=True)
        ]


def _beside(before: Line, after: Line) -> bool:
    """Says whether a line goes on to the right of the one before (a label and its value)."""
    common = min(before.y1, after.y1) - max(before.y0, after.y0)
    return common >= SAME_LINE * min(before.y1 - before.y0, after.y1 - after.y0) and after.x0 >= before.x1


def _hangs(lines: Sequence[Line]) -> bool:
    """Says whether the second and third of three lines stand further in than the first of their paragraph."""
    if len(lines) < 3:
        return False
    first, second, third = lines
    return (
        second.x0 > first.x0
        # Lines of a heading in the middle of a page are shorter.
        and (second.x1 > first.x1 - 5 * first.size or _MARK.match(first.text) is not None)
        and abs(second.x0 - third.x0) < 0.2 * second.size
        and abs((first.y1 - second.y1) - (second.y1 - third.y1)) < 0.15 * second.size
        and not _SENTENCE_END.search(first.text)
    )


def _is_below_mark(first: Line, second: Line) -> bool:
    """Says whether a line begins below the first word after the number that its paragraph begins with."""
    words = first.words
    return (
        len(words) > 1
        and _MARK.fullmatch(words[0].text) is not None
        and abs(second.x0 - words[1].x0) < 0.5 * second.size
    )


def _joins(
    before: Line, after: Line, leading: float, edge: float, *, hangs: bool = False, below_mark: bool = False
) -> bool:
    """Says whether a line goes on with the sentence of the one before."""
    step = before.y1 - after.y1
    size = before.size
    if not 0.3 * size < step <= _LEADING * max(leading, 1.1 * size):
        return False
    if abs(before.size - after.size) > 0.12 * size or before.bold != after.bold:
        return False
    if _BULLET.match(after.text) or _LEADER.search(before.text):
        return False
    if below_mark:
        return True
    if after.x0 - before.x0 > 0.9 * size and not hangs and not _BULLET.match(before.text):
        return False  # indented: a new paragraph
    if HYPHENATED.search(before.text) and after.text[0].islower():
        return True
    # The writer broke the line although the next word had room: the paragraph ended.
    first = after.words[0]
    wide = first.x1 - first.x0
    if NO_SPACE.match(first.text):
        wide = min(wide, 2.0 * size)
    return before.x1 + 0.3 * size + wide > edge - 0.5 * size
