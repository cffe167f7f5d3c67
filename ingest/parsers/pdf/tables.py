"""The cells of a table without rules, by what stands below each other. Pure geometry."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

from corpus.patterns import pattern
from ingest.parsers.pdf.grids import Bands
from ingest.parsers.pdf.lines import (
    LEADERS,
    NO_SPACE,
    SIGNS_AFTER,
    SIGNS_BEFORE,
    Line,
    Row,
    Word,
    join_lines,
)
from ingest.parsers.pdf.seams import CELL_GAP

_TOUCH = 3.0
_LEFT = 0.3  # letter heights by which the left of a column may differ
_LEAST_BANDS = 3
_SINGLE = 0.7  # of them hold one row, at least
_LEADING = 1.4  # letter heights from one line of a cell to the next at most
_CLOSER = 0.85  # of the distance between two rows, that between two lines of a row at most
_NO_LETTERS = pattern(r"[\W\d_]+")
_LETTER = pattern(r"[^\W\d_]")
_DIGIT = pattern(r"\d")
_HEAD = pattern(r"[^\W\d_]|^(?:19|20)\d\d$")
_SAME = 1.0  # points by which what begins at one place differs, at most
_MOST_HEAD_CHARS = 60  # of what stands over several columns


def table_rows(rows: Sequence[Row], bands: Sequence[Bands] = ()) -> list[list[str]]:
    """Returns cells by column: columns are the white strips' complement in the fullest rows.

    What stands between two of the level rules that part all rows is one row.
    """
    columns = columns_of(rows[1:]) if len(rows) > 1 else []
    heads = heads_of(rows[0], columns)
    columns = columns if heads else columns_of(rows)
    apart = _row_distance(rows, columns)
    bands = [one for one in bands if _parts_rows(one, rows, len(columns))]
    table: list[list[str]] = [heads] if heads else []
    lasts: list[Line | None] = [None] * len(columns)
    for at_row, row in enumerate(rows[len(table) :], start=len(table)):
        cells, lines = [""] * len(columns), list[Line | None]([None] * len(columns))
        is_labelled = row.lines[0].x0 < columns[0][1] and (bool(table) or len(row.lines) == 1)
        for line in _by_column(row.lines, columns):
            covered = [at for at, (x0, x1) in enumerate(columns) if min(line.x1, x1) - max(line.x0, x0) > 0]
            nearest = min(
                range(len(columns)), key=lambda i: abs(line.x0 + line.x1 - columns[i][0] - columns[i][1])
            )
            if len(covered) < len(columns) and (is_labelled or len(line.text) > _MOST_HEAD_CHARS):
                covered = covered[:1]  # a long text, and no head of several columns
            if len(row.lines) == 1 and table and table[-1][0] and len(covered) < len(columns):
                covered = covered[:1]  # the next line of a cell
            for at in covered or [nearest]:
                cells[at], lines[at] = f"{cells[at]} {line.text}".strip(), line
        had_room = any(
            line and not _is_full(last, line, right)
            for last, line, (_, right) in zip(lasts, lines, columns, strict=True)
        )
        if table and lines[0] and _is_rest_of_label(table[-1], lasts[0], lines[0], columns[0][1]):
            table[-1] = [join_lines([table[-1][0], cells[0]]), *cells[1:]]
            lasts = lines
        elif (
            table
            and table[-1][0]
            and _goes_on(table[-1], cells, rows[at_row - 1], row, apart, bands, had_room=had_room)
        ):
            lasts = [line or last for line, last in zip(lines, lasts, strict=True)]
            for at, cell in enumerate(cells):
                table[-1][at] = join_lines([table[-1][at], cell]) if cell else table[-1][at]
        else:
            lasts = lines
            table.append(cells)
    return _with_one_header(table)


def _parts_rows(bands: Bands, rows: Sequence[Row], columns: int) -> bool:
    """Says whether level rules part a table's rows, and not groups of them or the header alone: between most of them
    stands one row with nearly all its cells.
    """
    held: Counter[int] = Counter()
    for row in rows:
        if at := bands.at(row):
            held[at] += len(row.lines) >= max(2, columns - 1)
    single = sum(number <= 1 for number in held.values())
    return len(held) >= _LEAST_BANDS and single >= _SINGLE * len(held)


def _is_rest_of_label(above: Sequence[str], last: Line | None, line: Line, right: float) -> bool:
    """Says whether a line goes on with the label of the row above, which has nothing else, and had no room for it."""
    is_lone = last is not None and not any(above[1:]) and not above[0].endswith((":", "："))
    goes_on = line.text[0].islower() or NO_SPACE.match(line.text) is not None
    near = (
        last is not None
        and last.y0 - line.y0 < _LEADING * line.size
        and line.x0 > last.x0 - _LEFT * line.size
    )
    return is_lone and goes_on and near and _is_full(last, line, right)


def _is_full(above: Line | None, line: Line, right: float) -> bool:
    """Says whether the first word of a line had no room in the one above it, of a cell that ends at ``right``."""
    first = line.words[0]
    wide = first.x1 - first.x0
    if NO_SPACE.match(first.text):
        wide = min(wide, 2.0 * line.size)
    return above is not None and above.x1 + 0.3 * line.size + wide > right - 0.5 * line.size


def columns_of(rows: Sequence[Row]) -> list[list[float]]:
    """Returns from where to where each column reaches: in the fullest rows, where most are; those with a cell less may
    widen a column, or have a say where the fullest are few.
    """
    widest = max(len(row.lines) for row in rows)
    fuller = [row for row in rows if len(row.lines) >= max(2, widest - 1)]
    fullest = [row for row in rows if len(row.lines) == widest]
    full, others = fuller, list[Row]()
    if widest > 1 and 2 * len(fullest) > len(rows):
        full, others = fullest, [row for row in fuller if len(row.lines) < widest]
    columns: list[list[float]] = []
    for x0, x1 in sorted((line.x0, line.x1) for row in full for line in row.lines):
        if columns and x0 < columns[-1][1]:
            columns[-1][1] = max(columns[-1][1], x1)
        else:
            columns.append([x0, x1])
    columns = [part for column in columns for part in _parted(column, full)]
    for line in (line for row in others for line in row.lines):
        met = [at for at, (x0, x1) in enumerate(columns) if x0 < line.x1 and line.x0 < x1]
        if len(met) == 1:
            columns[met[0]] = [min(columns[met[0]][0], line.x0), max(columns[met[0]][1], line.x1)]
    return columns


def heads_of(row: Row, columns: Sequence[Sequence[float]]) -> list[str]:
    """Returns the heads of the columns where a row has one for each, the first or not, between those beside it; or [].

    Heads are words, or years.
    """
    heads: list[list[Word]] = []
    for word in (word for line in row.lines for word in line.words):
        begins = len(columns) > 2 and any(abs(word.x0 - x0) < _SAME for x0, _ in columns[1:])
        if heads and word.x0 - heads[-1][-1].x1 <= CELL_GAP * word.size and not begins:
            heads[-1].append(word)
        else:
            heads.append([word])
    missing = len(columns) - len(heads)
    if missing not in (0, 1) or len(heads) < 2:
        return []
    lefts = [0.0, *(x1 for _, x1 in columns[:-1])][missing:]
    rights = [*(x0 for x0, _ in columns[1:]), math.inf][missing:]
    placed = zip(lefts, heads, rights, strict=True)
    texts = [Line(head).text for head in heads]
    is_placed = all(left < head[0].x0 and head[-1].x1 < right for left, head, right in placed)
    return [""] * missing + texts if is_placed and all(map(_HEAD.search, texts)) else []


def _row_distance(rows: Sequence[Row], columns: Sequence[Sequence[float]]) -> tuple[float, float]:
    """Returns how far above a row with a first cell the line before it stands, at the median, and how far where lines
    within rows are clearly closer; 0 for fewer than two.
    """
    begun = [
        above.y0 - row.y0
        for above, row in pairwise(rows)
        if row.lines[0].x0 < columns[0][1] and len(row.lines) > 1
    ]
    wide = [step for step in begun if _CLOSER * step > min(begun)]
    return median(begun) if len(begun) > 1 else 0.0, median(wide) if len(wide) > 1 else 0.0


def _goes_on(
    above: Sequence[str],
    cells: Sequence[str],
    before: Row,
    row: Row,
    apart: tuple[float, float],
    bands: Sequence[Bands],
    *,
    had_room: bool,
) -> bool:
    """Says whether a line goes on in the cells above it: without a first cell, closer to it than rows to each other; or
    right below it between the same rules and no further out, in fewer cells or where none had room for it above.
    Figures do not go on.
    """
    step = before.y0 - row.y0
    if not cells[0]:
        near = len(row.lines) == 1 or step < _CLOSER * apart[0]
    else:
        together = any(one.at(row) and one.at(row) == one.at(before) for one in bands)
        close = step < _CLOSER * apart[1] and not had_room and _are_texts(above, cells)
        near = step < _LEADING * row.lines[0].size and (together or close)
        is_outdented = row.lines[0].x0 < before.lines[0].x0 - _LEFT * row.lines[0].size
        fewer = sum(map(bool, cells)) < sum(map(bool, above))
        near = near and not is_outdented and (fewer or not had_room)
    return near and all(_LETTER.search(held) for held, cell in zip(above, cells, strict=True) if cell)


def _are_texts(above: Sequence[str], cells: Sequence[str]) -> bool:
    """Says whether a row's cells are words, and those of a line below it not the like of them (``2 kg``, ``5 kg``)."""
    held = [cell for cell in above if cell]
    alike = any(
        cell and _NO_LETTERS.sub("#", cell) == _NO_LETTERS.sub("#", one)
        for one, cell in zip(above, cells, strict=True)
    )
    return len(held) > 1 and all(map(_LETTER.search, held)) and not alike


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
        if parts and word.x0 - parts[-1][1] <= CELL_GAP * word.size:
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
            if held and word.x0 - held[-1].x1 > CELL_GAP * word.size:
                edge = next((x0 for x0, _ in columns if held[-1].x1 < x0 + _TOUCH and x0 < word.x1), None)
                if edge is not None:
                    is_amount = held[-1].text in SIGNS_BEFORE and _DIGIT.search(word.text)
                    sign = held[-1:] if is_amount else []
                    if len(held) > len(sign):
                        yield Line(held[: len(held) - len(sign)])
                    held = sign
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
