"""Where two columns of text stand on a page, or a box beside running text. Pure geometry."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import median

from corpus.patterns import pattern
from ingest.parsers.pdf.code import is_monospaced
from ingest.parsers.pdf.lines import NO_SPACE, Line, Row
from ingest.parsers.pdf.paragraphs import SENTENCE_END, leading_of

_COLUMN_LINES = 5
_COLUMN_FILL = 0.55
_FILLED = 0.8  # what a line of running text takes of its column, at least
_WIDE_LEADING = 1.7  # letter heights from one line of running text to the next, at most
_MOST_SWITCHES = 3
_LEAST_COLUMN = 0.3  # of the width of both
_NARROW = 3.0  # letter heights that the strip between columns has at most
_STRIP = 6.0  # points; strips that differ by less are one
_HANGING = 3  # such steps
_PAGE_CHARS = 6  # characters of a page number in a table of contents, at most
_LETTER = pattern(r"[^\W\d_]")
BULLETS = frozenset("•●○◦▪■◆◇‣⁃")
_LEAST_BOX = 8.0  # letter heights that most lines of one of two boxes are wide, at least
_NEARLY = 1.5  # letter heights from the end of a full line of Japanese to that of its column, at most
_BEGUN = 0.5  # letter heights by which lines of a block begin at other places, at most
_EVEN = 0.2  # letter heights by which the steps between them differ, at most
_SHIFT = 0.1  # letter heights by which a line stands higher or lower than the row beside it, at least
_LEAST_BLOCK = 3
_LEAST_TEXT = 15.0  # letter heights that a line of running text is wide beside a box, at least


def find_gutter(rows: Sequence[Row], order: dict[int, int]) -> float | None:
    """Returns the x of the white strip between two columns, or None; what stands in columns in letters of one width is
    a listing, whose lines stay whole.

    Args:
        rows: those of the area.
        order: at which place each word, by its ``id``, was drawn.
    """
    gutter = _text_gutter(rows, order) or _mixed_gutter(rows, order)
    side = [] if gutter is None else [line for row in rows for line in row.lines if line.x0 >= gutter]
    is_code = 2 * sum(map(is_monospaced, side)) > len(side)
    return None if side and (is_code or _are_numbers(side)) else gutter


def _are_numbers(side: Sequence[Line]) -> bool:
    """Says whether what stands right of a strip are the page numbers of contents: short, and ending at one place."""
    end = median(line.x1 for line in side)
    numbers = sum(len(line.text) <= _PAGE_CHARS and abs(line.x1 - end) < line.size for line in side)
    return numbers > 0.8 * len(side)


def _text_gutter(rows: Sequence[Row], order: dict[int, int]) -> float | None:
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
    gutter = min((_strip(gaps, median(middle)), median(middle)), key=lambda x: _crossing(lines, x))
    left = [line for line in lines if line.x1 <= gutter]
    right = [line for line in lines if line.x0 >= gutter]
    crossing = len(lines) - len(left) - len(right)
    if min(len(left), len(right)) < _COLUMN_LINES or crossing > 0.5 * len(lines):
        return None
    for side in (left, right):
        if 2 * sum(_LETTER.search(line.text) is None for line in side) > len(side):
            return None  # figures
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


def _crossing(lines: Sequence[Line], x: float) -> int:
    """Returns how many lines go over an x: a bullet may stand left of where most lines of its column begin."""
    return sum(line.x0 < x < line.x1 for line in lines)


def _strip(gaps: Sequence[tuple[float, float]], middle: float) -> float:
    """Returns the x of a strip: where lines end at different places, right before where those beside them begin."""
    begin = Counter(round(x1 / _STRIP) for x0, x1 in gaps if x1 > middle).most_common(1)
    starts = [x1 for _, x1 in gaps if begin and round(x1 / _STRIP) == begin[0][0]]
    return max(middle, min(starts) - 1.0) if 2 * len(starts) > len(gaps) else middle


def find_band(rows: Sequence[Row], order: dict[int, int]) -> tuple[int, int, float] | None:
    """Returns where rows of two columns of text begin and end on a page that has other things above or below, and the
    white strip between them; None where there are none.

    The strip is narrow where a line is long, and the lines to its right begin at one place. Rows of one column alone
    (the longer one's end) belong to them.
    """
    strips: Counter[int] = Counter()
    narrow: set[int] = set()
    white = [[(a.x1, b.x0) for a, b in pairwise(row.lines) if b.x0 >= a.x1] for row in rows]
    for row, gaps in zip(rows, white, strict=True):
        strips.update({int(x1 / _STRIP) for _, x1 in gaps})
        narrow.update(int(x1 / _STRIP) for x0, x1 in gaps if x1 - x0 < _NARROW * row.lines[0].size)
    for strip, votes in sorted(_votes(strips).items(), key=lambda one: (-one[1], one[0]))[:3]:
        if votes < _COLUMN_LINES:
            break
        if strip not in narrow:
            continue
        x = min(x1 for gaps in white for _, x1 in gaps if int(x1 / _STRIP) == strip) - 1
        held = [at for at, gaps in enumerate(white) if any(x0 - 1 <= x <= x1 for x0, x1 in gaps)]
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
            gutter = find_gutter(inside, order)
            if gutter is not None:
                return start, end, gutter
    return None


def _votes(strips: Mapping[int, int]) -> dict[int, int]:
    """Returns for each strip how many lines begin at it or hang a little further in, as those below a bullet do."""
    return {strip: sum(strips.get(strip + step, 0) for step in range(_HANGING)) for strip in strips}


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


def _mixed_gutter(rows: Sequence[Row], order: dict[int, int]) -> float | None:
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


def box_beside(rows: Sequence[Row], lines: Sequence[Line], order: dict[int, int]) -> list[Line]:
    """Returns the lines of a box that stands beside running text, where rows of both are no table; else [].

    The file draws one whole, then the other, and the wider one's lines fill its column.
    """
    if any(len(row.lines) != 2 for row in rows):
        return []
    sides = [[row.lines[at] for row in rows] for at in (0, 1)]
    edge = min(line.x0 for line in sides[1])
    if max(line.x1 for line in sides[0]) >= edge:
        return []
    drawn = sorted(sides[0] + sides[1], key=lambda line: order[id(line.words[0])])
    text, box = sorted(sides, key=lambda side: -sum(len(line.text) for line in side))
    is_apart = sum((a.x0 < edge) != (b.x0 < edge) for a, b in pairwise(drawn)) == 1
    if not (is_apart and _runs_on(text) and _is_wide(box)):
        return []
    return _whole(box, [line for line in lines if line not in text and (line.x0 < edge) == (box is sides[0])])


def block_beside(rows: Sequence[Row], lines: Sequence[Line], order: dict[int, int]) -> list[Line]:
    """Returns the lines of a block of text to the left of a table (an address beside an invoice's data); else [].

    The file draws it whole, and its lines stand at other heights than the rows.
    """
    left = min(row.lines[0].x0 for row in rows)
    block = [row.lines[0] for row in rows if row.lines[0].x0 - left < _BEGUN * row.lines[0].size]
    held = set(map(id, block))
    others = [line for row in rows for line in row.lines if id(line) not in held]
    if (
        len(block) < _LEAST_BLOCK
        or not others
        or max(line.x1 for line in block) >= min(line.x0 for line in others)
    ):
        return []
    steps = [above.y0 - below.y0 for above, below in pairwise(block)]
    shifted = [
        abs(row.lines[0].y0 - row.lines[1].y0) > _SHIFT * row.lines[0].size
        for row in rows
        if id(row.lines[0]) in held and len(row.lines) > 1
    ]
    drawn = sorted(block + others, key=lambda line: order[id(line.words[0])])
    switches = sum((id(a) in held) != (id(b) in held) for a, b in pairwise(drawn))
    is_apart = 2 * sum(shifted) >= len(shifted) and max(steps) - min(steps) < _EVEN * block[0].size
    return _whole(block, lines) if is_apart and switches == 1 else []


def text_columns(rows: Sequence[Row], order: dict[int, int]) -> list[float]:
    """Returns where boxes of text that stand side by side begin, as on slides; [] for the rows of a table.

    The file draws one box after the other, and in most of them sentences go on from line to line, or all hold lists, or
    the second of two is a sender's address, its lines ending at one place.
    """
    number = max(len(row.lines) for row in rows)
    full = [row for row in rows if len(row.lines) == number]
    lefts = [min(row.lines[at].x0 for row in full) for at in range(number)]
    if number < 2 or len(full) < 2:
        return []
    columns: list[list[Line]] = [[] for _ in lefts]
    for line in (line for row in rows for line in row.lines):
        at = max(bisect_right(lefts, line.x0 + 1.0) - 1, 0)
        if at + 1 < number and line.x1 >= lefts[at + 1]:
            return []
        columns[at].append(line)
    if not all(columns):
        return []  # two begin at one place: text over text
    drawn = sorted(
        ((order[id(line.words[0])], at) for at, column in enumerate(columns) for line in column),
    )
    if sum(a != b for (_, a), (_, b) in pairwise(drawn)) != number - 1:
        return []
    are_boxes = (
        (2 * sum(map(_holds_sentences, columns)) >= number and (number > 2 or all(map(_is_wide, columns))))
        or all(map(_is_list, columns))
        or (number == 2 and _ends_at_one_place(columns[1]))
    )
    return lefts if are_boxes else []


def _is_wide(column: Sequence[Line]) -> bool:
    """Says whether lines are longer than terms are, which stand beside what they mean."""
    return median(line.x1 - line.x0 for line in column) > _LEAST_BOX * column[0].size


def _is_list(column: Sequence[Line]) -> bool:
    return len(column) > 1 and 2 * sum(line.text[0] in BULLETS for line in column) > len(column)


def _ends_at_one_place(column: Sequence[Line]) -> bool:
    """Says whether lines of words are aligned at their right, and not at their left."""
    words = sum(_LETTER.search(line.text) is not None for line in column)
    starts, ends = [line.x0 for line in column], [line.x1 for line in column]
    return max(ends) - min(ends) < 1.0 < max(starts) - min(starts) and 2 * words > len(column) > 2


def _holds_sentences(column: Sequence[Line]) -> bool:
    """Says whether a sentence goes on in the next line, more than once."""
    edge = max(line.x1 for line in column)
    return (
        sum(
            SENTENCE_END.search(above.text) is None
            and (
                below.text[0].islower()
                or (NO_SPACE.match(below.text) is not None and above.x1 > edge - _NEARLY * above.size)
            )
            for above, below in pairwise(column)
        )
        > 1
    )


def _whole(box: Sequence[Line], lines: Sequence[Line]) -> list[Line]:
    """Returns a box with those lines that stand right above or below it, and no further out."""
    found = list(box)
    for line in (one for one in lines if one not in box):
        apart = max(line.y0 - found[0].y1, found[-1].y0 - line.y1)
        inside = found[0].x0 - line.size < line.x0 and line.x1 < max(one.x1 for one in found) + 3 * line.size
        if inside and apart < line.size:
            found = sorted([*found, line], key=lambda one: -one.y0)
    return found


def _runs_on(side: Sequence[Line]) -> bool:
    """Says whether lines are long, begin at one place, and are about as long as each other; one may be different."""
    left = min(line.x0 for line in side)
    wide = max(line.x1 for line in side) - left
    begun = sum(line.x0 - left < 0.5 * line.size for line in side)
    full = sum(line.x1 - line.x0 > _FILLED * wide for line in side)
    return min(begun, full) >= len(side) - 1 and wide > _LEAST_TEXT * side[0].size
