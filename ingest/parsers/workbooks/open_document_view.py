"""How an OpenDocument workbook shows its cells: percentages, currency, decimals; hidden rows and columns; comments,
text boxes and the titles of charts.

LibreOffice writes what a cell shows beside its value. What a sheet repeats is counted before python-calamine, which
gives the values, does repeat it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from corpus.patterns import pattern
from ingest.parsers.cleaning import one_line
from ingest.parsers.odf.charts import charts_in, titles_of
from ingest.parsers.odf.styles import DRAW
from ingest.parsers.odf.words import plain
from ingest.parsers.office import DC, Package
from ingest.parsers.refusals import encrypted
from ingest.parsers.workbooks.view import SheetView, check_extent, show_column, sign_comment

_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_OTHERWISE = frozenset({"string", "date", "boolean"})
"""Kinds of values that are read as they are: dates are ISO dates, whatever is shown."""
_NUMBERS = frozenset({"float", "percentage", "currency"})
ELSEWHERE = "'file:"
"""How a sheet is named that is no sheet of the file: it keeps the values of cells that formulas take from another."""
_LENGTH = pattern(r"(-?)PT(\d{1,9})H(\d{1,2})M(\d{1,2})(?:[.,]\d+)?S")
_DIGIT = pattern(r"\d")
_NUMBER = pattern(r"\d{1,9}")
_MONTH_NAME = pattern(r"[^\W\d_\u3000-\u9fff]{3,}")
_LONGEST_NAME = 12
_DAY_HOURS = 24
_MOMENT_HOURS = 10_000
_HIDDEN = frozenset({"collapse", "filter"})
_MOST_COLUMNS = 16_384
_MOST_ROWS = 1_048_576
"""Hidden rows without cells that are counted in a file: a sheet has no more rows."""
_MOST_DIGITS = 9


class OpenDocumentView:
    """The sheets of an ODS file beside their values, by name.

    Args:
        package: the checked archive.
        count_cells: is told of every cell that holds something, as often as it is repeated.

    Raises:
        ParseError: ``encrypted``.
        LimitError: ``too_many_cells``, also for few cells too far apart.
    """

    def __init__(self, package: Package, count_cells: Callable[[int], None]) -> None:
        if any(True for _ in package.elements("META-INF/manifest.xml", "encryption-data")):
            raise encrypted(package.name)
        self._views: dict[str, SheetView] = {}
        self._comments: dict[str, list[tuple[int, int, str, str]]] = {}
        self._drawn: dict[str, list[str]] = {}
        self._package = package
        self._count_cells = count_cells
        self._spare_rows = _MOST_ROWS
        self._view, self._said = SheetView(), list[tuple[int, int, str, str]]()
        self._beside: list[str] = []
        self._row = self._column = self._last_row = self._last_column = self._next_column = 0
        self._has_cells, self._hidden = False, list[range]()
        tags = ("table-column", "table-cell", "covered-table-cell", "shapes", "table-row", "table")
        for element in package.elements("content.xml", *tags):
            if element.tag == _TABLE + "table":
                name = element.get(_TABLE + "name") or ""
                check_extent(name, self._last_row, self._last_column)
                self._views[name], self._comments[name] = self._view, self._said
                self._drawn[name] = self._beside
                self._begin()
            elif element.tag == _TABLE + "shapes":
                self._beside.extend(self._drawings(element))
            elif element.tag == _TABLE + "table-column":
                self._add_column(element)
            elif element.tag == _TABLE + "table-row":
                self._add_row(element)
            else:
                self._add_cell(element)

    def _add_row(self, element: Any) -> None:
        """Counts a row; hidden ones without cells count where cells come below, since they would part those."""
        rows = range(self._row, self._row + _times(element, "number-rows-repeated"))
        is_hidden = element.get(_TABLE + "visibility") in _HIDDEN
        if self._has_cells:
            for above in self._hidden:
                counted = above[: self._spare_rows]
                self._view.hidden_rows.update(counted)
                self._spare_rows -= len(counted)
            self._hidden.clear()
            self._view.hidden_rows.update(rows if is_hidden else ())
        elif is_hidden:
            self._hidden.append(rows)
        self._row, self._column, self._has_cells = rows.stop, 0, False

    def _begin(self) -> None:
        self._view, self._said, self._beside = SheetView(), [], []
        self._row = self._column = self._last_row = self._last_column = self._next_column = 0
        self._has_cells, self._hidden = False, list[range]()

    def _add_column(self, element: Any) -> None:
        times = _times(element, "number-columns-repeated")
        if element.get(_TABLE + "visibility") in _HIDDEN:
            last = min(self._next_column + times, _MOST_COLUMNS)
            self._view.hidden_columns.update(range(self._next_column, last))
        self._next_column += times

    def _add_cell(self, element: Any) -> None:
        across = _times(element, "number-columns-repeated")
        column = self._column
        self._column += across
        for remark in element.iterfind(_OFFICE + "annotation"):
            text = one_line(" ".join("".join(line.itertext()) for line in remark.iterfind(_TEXT + "p")))
            if text:
                self._said.append((self._row, column, one_line(remark.findtext(DC + "creator") or ""), text))
        self._beside.extend(self._drawings(element))
        kind = element.get(_OFFICE + "value-type")
        lines = element.findall(_TEXT + "p")
        shown = one_line(" ".join("".join(line.itertext()) for line in lines))
        reads_as_shown = kind not in _OTHERWISE
        if kind == "string" and any(line.find(f".//{_TEXT}ruby-text") is not None for line in lines):
            shown, reads_as_shown = "\n".join(map(plain, lines)), True
        if not kind and not shown:
            self._view.uncalculated += not lines and element.get(_TABLE + "formula") is not None
            return
        down = _times(element.getparent(), "number-rows-repeated")
        self._count_cells(across * down)
        self._has_cells = True
        self._last_row, self._last_column = self._row + down, max(self._last_column, self._column)
        if kind == "time":  # of a day it is read as it is; what is longer is none that calamine knows
            length = _show_length(element.get(_OFFICE + "time-value") or "")
            shown = shown if _is_moment(length) and _DIGIT.search(shown) else length
        if kind == "date":
            shown = _part_shown(shown, element.get(_OFFICE + "date-value") or "")
            reads_as_shown = bool(shown)
        # Some programs write no text for the numbers that they show; of zeros none is missed.
        is_blank = kind in _NUMBERS and bool(lines) and not shown and _is_zero(element.get(_OFFICE + "value"))
        if (shown and reads_as_shown) or is_blank:
            for row in range(self._row, self._row + down):
                self._view.shown.update(((row, at), shown) for at in range(column, column + across))
        below, beside = _times(element, "number-rows-spanned"), _times(element, "number-columns-spanned")
        if below > 1 or beside > 1:
            self._view.merges.append((self._row, column, self._row + below - 1, column + beside - 1))

    def sheet(self, name: str, _: Callable[[int], None]) -> SheetView:
        """Returns how a sheet shows its cells, which were counted already."""
        return self._views.get(name) or SheetView()

    def comments(self, name: str, view: SheetView) -> Iterator[tuple[str, str]]:
        """Yields the cell with its writer, and the text, of each comment on a cell that is seen."""
        for row, column, writer, text in self._comments.get(name, ()):
            if row not in view.hidden_rows and not view.is_hidden(column):
                yield sign_comment(f"{show_column(column)}{row + 1}", writer, text)

    def drawn(self, name: str) -> Iterator[str]:
        """Yields the paragraphs of a sheet's text boxes, and its charts' titles."""
        yield from self._drawn.get(name, ())

    def _drawings(self, element: Any) -> Iterator[str]:
        """Yields what is written in the shapes and over the charts that stand in an element."""
        for shape in element:
            if shape.tag.startswith(DRAW):
                paragraphs = ("".join(line.itertext()) for line in shape.iter(_TEXT + "p"))
                yield from filter(None, map(one_line, paragraphs))
                for chart in charts_in(self._package, shape):
                    yield from titles_of(chart)


def _show_length(value: str) -> str:
    """Returns ``PT27H17M54S`` as ``27:17:54``, "" for the time of a day."""
    match = _LENGTH.fullmatch(value)
    if match is None or (not match[1] and int(match[2]) < _DAY_HOURS):
        return ""
    sign, hours, minutes, seconds = match.groups()
    return f"{sign}{int(hours)}:{minutes:0>2}" + (f":{seconds:0>2}" if int(seconds) else "")


def _part_shown(shown: str, value: str) -> str:
    """Returns the month or the year where no more of a date is shown, the name of its day where that is; else ""."""
    parts = [int(part) for part in value.partition("T")[0].split("-") if part.isdigit()]
    if len(parts) != 3 or "T" in value:
        return ""
    left = [int(digits) for digits in _NUMBER.findall(shown)]
    if not left and len(shown) <= _LONGEST_NAME:
        return shown
    year = next((one for one in (parts[0], parts[0] % 100) if one in left), None)
    if year is not None:
        left.remove(year)
    has_month = _MONTH_NAME.search(shown) is not None
    if not has_month and parts[1] in left:
        has_month = True
        left.remove(parts[1])
    if left or (year is None and not has_month):
        return ""
    return value[: len("2026-04")] if has_month else value[: len("2026")]


def _is_moment(length: str) -> bool:
    """Says whether a length is one since the day that dates are counted from, of which a time of the day is shown."""
    hours = length.partition(":")[0]
    return hours.isdigit() and int(hours) >= _MOMENT_HOURS


def _is_zero(value: str | None) -> bool:
    return not any(digit in "123456789" for digit in value or "")


def _times(element: Any, attribute: str) -> int:
    """Returns how often something is repeated; as often as anything can be for a longer number, which int() refuses."""
    value = element.get(_TABLE + attribute) or "1"
    return int(value[:_MOST_DIGITS]) if value.isascii() and value.isdigit() else 1
