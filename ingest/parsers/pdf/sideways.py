"""Tables that were too wide for a page: a spreadsheet program prints the columns that have no room on pages of their
own, behind the others, where nothing names the rows. Pure geometry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from corpus.patterns import pattern
from ingest.parsers.pdf.lines import Row
from ingest.parsers.pdf.paragraphs import Piece

_NUMBER = pattern(r"[-+(△▲]?\s?[$€£¥￥]?\s?\d[\d,.\s]*[%％)]?|[-–—]?")
_SAME_HEIGHT = 1.0
_FEWEST_ROWS = 4
_LEAST_NUMBERS = 0.6
_MOST_NAMES = 2


@dataclass(slots=True)
class _Sheet:
    """A page that is a table, but for what is written above it, so many lines.

    ``heights``: where its rows stand, from the top down, in points.
    """

    rows: list[list[str]]
    heights: list[float]
    above: int

    def names(self) -> int:
        """Returns how many columns name its rows: up to the first of words, of the first two; 0 where none is."""
        worded = (column for column in range(_MOST_NAMES) if self._numbers(column) < _LEAST_NUMBERS)
        return next(worded, -1) + 1

    def stands_right_of(self, other: _Sheet) -> bool:
        """Says whether its rows, which begin with numbers, go on from named ones of another: each at its height."""
        return (
            self.above <= 1  # its heads
            and len(self.heights) == len(self.rows) == len(other.rows)
            and all(abs(a - b) <= _SAME_HEIGHT for a, b in zip(self.heights, other.heights, strict=False))
            and self._numbers(0) >= _LEAST_NUMBERS
            and other.names() > 0
        )

    def _numbers(self, column: int) -> float:
        """Returns the share of numbers in a column below its head, 1 where it is empty."""
        cells = [row[column].strip() for row in self.rows[1:] if column < len(row)]
        return sum(_NUMBER.fullmatch(cell) is not None for cell in cells) / max(len(cells), 1)


def name_rows(arranged: Sequence[Sequence[Piece]], rows: Sequence[Sequence[Row]]) -> None:
    """Puts the names of rows before the parts of tables that stand to the right of them on later pages.

    As many pages follow those with the names, in the same order, as often as the table is wider than a page.

    Args:
        arranged: each page's pieces; the rows of tables among them are changed.
        rows: each page's lines without running ones, in rows from the top down; of pages that are no table, anything.
    """
    sheets = [_as_sheet(pieces, lines) for pieces, lines in zip(arranged, rows, strict=True)]
    start = 0
    while start < len(sheets):
        most = (len(sheets) - start) // 2
        high = next((one for one in range(1, most + 1) if _is_right(sheets, start, start + one, one)), 0)
        at = start + high
        while high and at + high <= len(sheets) and _is_right(sheets, start, at, high):
            for first, part in zip(sheets[start : start + high], sheets[at : at + high], strict=True):
                if first is not None and part is not None:
                    for named, row in zip(first.rows, part.rows, strict=True):
                        row[:0] = named[: first.names()]
            at += high
        start = max(at, start + 1)


def is_sheet(pieces: Sequence[Piece]) -> bool:
    """Says whether a page is a table, but for paragraphs above it."""
    return (
        bool(pieces)
        and pieces[-1].kind == "table"
        and len(pieces[-1].rows) >= _FEWEST_ROWS
        and all(one.kind == "paragraph" for one in pieces[:-1])
    )


def _as_sheet(pieces: Sequence[Piece], lines: Sequence[Row]) -> _Sheet | None:
    if not is_sheet(pieces):
        return None
    heights = [row.lines[0].y0 for row in lines]
    return _Sheet(pieces[-1].rows, heights[-len(pieces[-1].rows) :], len(heights) - len(pieces[-1].rows))


def _is_right(sheets: Sequence[_Sheet | None], start: int, at: int, high: int) -> bool:
    """Says whether each of some pages stands to the right of one from ``start`` on."""
    pairs = zip(sheets[start : start + high], sheets[at : at + high], strict=True)
    return all(
        first is not None and part is not None and part.stands_right_of(first) for first, part in pairs
    )
