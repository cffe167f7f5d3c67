"""Where the columns of a table stand so close that its rows look like lines of text. Pure geometry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from corpus.patterns import pattern
from ingest.parsers.pdf.lines import SIGNS_AFTER, SIGNS_BEFORE, Line, Row

CELL_GAP = 0.6  # letter heights between the cells of two columns, at least; a space is half as wide
_STRIP = 0.5  # the same of what is white in all rows
_ROW_GAP = 1.5  # letter heights between two rows, at most
_LEAST_ROWS = 3
_LEAST_PAIRS = 4  # of rows with two cells
_SHARE = 0.8  # of the rows with a word at a seam, those whose word before ends at one place too
_UNIT = 0.6  # of the words behind figures, those that are one and the same, at least, where it is their unit
_LETTER = pattern(r"[^\W\d_]")
_FIGURE = pattern(r"[\W\d_]*\d[\W\d_]*|[-–—―－]")  # or none
_NUMBER = pattern(r"[•●○◦▪■□◆◇‣⁃–—・·*-]|\(?\w{1,3}[.)]|第|\d+(?:\.\d+)+")  # of an item, a clause
_SAME = 1.2  # points by which what is at one place differs, at most


def with_cells(rows: Sequence[Row]) -> list[Row]:
    """Returns rows parted into cells, where three or more below each other are alike and some look like single lines.

    They have as many gaps that are wider than a space, at the same places: a strip is white in all of them.
    """
    parted: list[Row] = []
    run: list[tuple[Row, list[Line]]] = []
    strips: list[tuple[float, float]] = []
    for row in rows:
        cells = _cells(row)
        white = [(a.x1, b.x0) for a, b in pairwise(cells)]
        is_alike = bool(run) and len(white) == len(strips)
        common = (
            [(max(a, c), min(b, d)) for (a, b), (c, d) in zip(strips, white, strict=True)] if is_alike else []
        )
        size = row.lines[0].size
        near = bool(run) and run[-1][0].y0 - row.y1 < _ROW_GAP * size
        if common and near and all(end - start > _STRIP * size for start, end in common):
            run.append((row, cells))
            strips = common
            continue
        parted += _as_cells(run)
        run, strips = ([(row, cells)], white) if white else ([], [])
        if not white:
            parted.append(row)
    return parted + _as_cells(run)


def _cells(row: Row) -> list[Line]:
    """Returns what of a row is set apart by more than a space; nothing where a number or mark begins it."""
    cells: list[Line] = []
    for line in row.lines:
        wide = CELL_GAP * line.size
        cuts = [
            at
            for at, (before, after) in enumerate(pairwise(line.words if line.gap > wide else ()), start=1)
            if after.x0 - before.x1 > wide
            and before.text not in SIGNS_BEFORE
            and after.text not in SIGNS_AFTER
        ]
        cells += _parts(line, cuts)
    first = cells[0].text
    return cells if len(_LETTER.findall(first)) > 1 and not _NUMBER.match(first) else []


def _as_cells(run: Sequence[tuple[Row, list[Line]]]) -> list[Row]:
    """Returns the rows of a run, parted where they are enough and some have fewer lines than others, or all one."""
    lines = {len(row.lines) for row, _ in run}
    is_long = len(run) >= (_LEAST_ROWS if run and len(run[0][1]) > 2 else _LEAST_PAIRS)
    is_needed = len(lines) > 1 or lines == {1}
    return [Row(cells) if is_long and is_needed else row for row, cells in run]


def with_seams(rows: Sequence[Row]) -> list[Row]:
    """Returns rows whose lines are parted where a column ends and another begins, less than a wide gap apart.

    Spreadsheets print a column of figures, aligned at its right, right before one of words, aligned at its left: there
    different words of several rows begin at one place, and the figures before them end at one place and do not begin at
    one.
    """
    places: dict[int, list[tuple[int, int, int]]] = {}
    for r, row in enumerate(rows):
        if len(row.lines) > 1:
            for at, line in enumerate(row.lines):
                for w in range(1, len(line.words)):
                    places.setdefault(round(line.words[w].x0), []).append((r, at, w))
    cuts: dict[tuple[int, int], list[int]] = {}
    for found in places.values():
        if len(found) >= _LEAST_ROWS:
            for r, at, w in _seam(rows, found):
                cuts.setdefault((r, at), []).append(w)
    if not cuts:
        return list(rows)
    return [
        Row([part for at, line in enumerate(row.lines) for part in _parts(line, cuts.get((r, at), ()))])
        for r, row in enumerate(rows)
    ]


def _seam(rows: Sequence[Row], found: Sequence[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Returns of places where words begin below each other those that are a seam."""
    ends = [rows[r].lines[at].words[w - 1].x1 for r, at, w in found]
    usual = median(ends)
    held = [one for one, end in zip(found, ends, strict=True) if abs(end - usual) < _SAME]
    if len(held) < max(_LEAST_ROWS, _SHARE * len(found)):
        return []
    lines = [rows[r].lines[at] for r, at, _ in held]
    figures = [line.words[w - 1] for line, (_, _, w) in zip(lines, held, strict=True)]
    if sum(_FIGURE.fullmatch(figure.text) is not None for figure in figures) < _SHARE * len(held):
        return []
    words = Counter(line.words[w].text for line, (_, _, w) in zip(lines, held, strict=True))
    is_unit = words.most_common(1)[0][1] > _UNIT * len(held)
    return held if _differ([figure.x0 for figure in figures]) and not is_unit else []


def _differ(values: Sequence[float]) -> bool:
    return max(values) - min(values) > _SAME


def _parts(line: Line, cuts: Sequence[int]) -> list[Line]:
    if not cuts:
        return [line]
    bounds = [0, *sorted(cuts), len(line.words)]
    return [Line(line.words[start:end]) for start, end in pairwise(bounds)]
