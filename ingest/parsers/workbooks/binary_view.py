"""How a binary workbook (XLSB) shows its cells, where that differs from their values: as
:mod:`ingest.parsers.workbooks.view` finds it in XLSX, from the records of [MS-XLSB] (section 2.4).

Number formats, hidden rows and columns, error values and comments; text boxes and titles of charts are XML here, too.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from ingest.parsers.cleaning import one_line
from ingest.parsers.office import Package
from ingest.parsers.workbooks.beside import boxes_beside, charts_beside
from ingest.parsers.workbooks.number_formats import is_date_format, styled_formats
from ingest.parsers.workbooks.view import (
    DAYS_TO_1904,
    MOST_COLUMNS,
    SheetView,
    check_extent,
    show_column,
)

_ROW, _RK, _ERROR, _REAL, _FORMULA_NUMBER, _FORMULA_ERROR = 0, 2, 3, 5, 9, 11
_TEXTS = (6, 7, 8)
_CELLS = range(2, 12)
"""Records of cells that hold something, results of formulas among them."""
_COLUMNS, _SHEET, _FORMAT, _STYLE, _STYLES, _STYLES_END = 60, 156, 44, 47, 617, 618
_COMMENT, _COMMENT_TEXT, _MERGE, _PROPERTIES = 635, 637, 176, 153
_HIDDEN_ROW, _HIDDEN_COLUMN = 0x10, 1
_STYLE_BITS = 0xFFFFFF
_ERRORS = {
    0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}  # fmt: skip
_MAIN = "xl/workbook.bin"


class BinaryWorkbookView:
    """The parts of an XLSB file beside its values.

    Raises:
        ParseError: ``damaged_file``, ``unsafe_xml``.
        LimitError: ``archive_too_large``.
    """

    def __init__(self, package: Package) -> None:
        package.check_heads()
        self._package = package
        parts = package.relations(_MAIN)
        self._sheets: dict[str, str] = {}
        self._first_day = 0
        for kind, data in self._records(_MAIN):
            if kind == _PROPERTIES:
                self._first_day = DAYS_TO_1904 if data[:1] and data[0] & 1 else 0
            elif kind == _SHEET:
                with suppress(struct.error):
                    identifier, at = _text(data, 8)
                    self._sheets[_text(data, at)[0]] = parts.get(identifier, "")
        codes: dict[int, str] = {}
        styles: list[int] = []
        are_styles = False
        for kind, data in self._records("xl/styles.bin"):
            are_styles = kind == _STYLES or (are_styles and kind != _STYLES_END)
            if kind == _FORMAT:
                with suppress(struct.error):
                    codes[struct.unpack_from("<H", data)[0]] = _text(data, 2)[0]
            elif kind == _STYLE and are_styles:
                styles.append(struct.unpack("<H", data[2:4].ljust(2, b"\0"))[0])
        self._formats = styled_formats(codes, styles)

    def sheet(self, name: str, count_cells: Callable[[int], None]) -> SheetView:
        """Returns how a sheet shows its cells, counting them.

        Raises:
            LimitError: ``too_many_cells``, also for few cells too far apart.
        """
        view = SheetView()
        row = last_row = last_column = 0
        for kind, data in self._records(self._sheets.get(name, "")):
            with suppress(
                struct.error, IndexError
            ):  # of a short record: what it should show is shown plainly
                if kind == _ROW:
                    row = struct.unpack_from("<I", data)[0]
                    if data[11] & _HIDDEN_ROW:
                        view.hidden_rows.add(row)
                elif kind in _CELLS:
                    column, style = struct.unpack_from("<II", data)
                    count_cells(1)
                    last_row, last_column = max(last_row, row), max(last_column, column)
                    self._show(view, (row, column), kind, data, style & _STYLE_BITS)
                elif kind == _MERGE:
                    top, bottom, left, right = struct.unpack_from("<IIII", data)
                    view.merges.append((top, left, bottom, right))
                elif kind == _COLUMNS:
                    first, last, flags = struct.unpack_from("<II8xH", data)
                    if flags & _HIDDEN_COLUMN:
                        view.hidden_columns.update(range(first, min(last + 1, MOST_COLUMNS)))
        check_extent(name, last_row + 1, last_column + 1)
        return view

    def _show(self, view: SheetView, place: tuple[int, int], kind: int, data: bytes, style: int) -> None:
        """Keeps what a cell shows in place of its value."""
        code = self._formats.get(style, "")
        if kind in (_ERROR, _FORMULA_ERROR):
            view.shown[place] = _ERRORS.get(data[8], "#ERROR")
        elif kind in _TEXTS:
            view.frame_text(place, code)
        elif code and kind in (_RK, _REAL, _FORMULA_NUMBER):
            value = _short_number(data) if kind == _RK else struct.unpack_from("<d", data, 8)[0]
            view.show_number(place, value + self._first_day * is_date_format(code), code)

    def comments(self, name: str, view: SheetView) -> Iterator[tuple[str, str]]:
        """Yields the cell and the text of each comment on a cell that is seen."""
        part = self._sheets.get(name, "")
        for beside in sorted(self._package.relations(part).values()) if part else ():
            row = column = 0
            for kind, data in self._records(beside) if "comments" in beside else ():
                text = ""
                with suppress(struct.error):
                    if kind == _COMMENT:
                        row, column = struct.unpack_from("<I4xI", data, 4)
                    elif kind == _COMMENT_TEXT and row not in view.hidden_rows and not view.is_hidden(column):
                        text = one_line(_text(data, 1)[0])
                if text:
                    yield f"{show_column(column)}{row + 1}", text

    def drawn(self, name: str) -> Iterator[str]:
        """Yields the paragraphs of a sheet's text boxes."""
        yield from boxes_beside(self._package, self._sheets.get(name, ""))

    def charts(self, name: str) -> Iterator[Any]:
        """Yields the charts of a sheet."""
        yield from charts_beside(self._package, self._sheets.get(name, ""))

    def _records(self, part: str) -> Iterator[tuple[int, bytes]]:
        """Yields the kind and the content of a part's records, up to where it ends too soon.

        Raises:
            ParseError: ``damaged_file``.
            LimitError: ``archive_too_large``.
        """
        data = self._package.read(part) if part in self._package else b""
        at = 0
        with suppress(IndexError):
            while at < len(data):
                kind, at = _number(data, at, 2)
                size, at = _number(data, at, 4)
                yield kind, data[at : at + size]
                at += size


def _number(data: bytes, at: int, most: int) -> tuple[int, int]:
    """Returns a number of up to ``most`` bytes and where it ends."""
    number = 0
    for place in range(most):
        number |= (data[at] & 0x7F) << (7 * place)
        at += 1
        if not data[at - 1] & 0x80:
            break
    return number, at


def _text(data: bytes, at: int) -> tuple[str, int]:
    """Returns a text and where it ends; one that is missing is ""."""
    (length,) = struct.unpack_from("<I", data, at)
    if length == 0xFFFFFFFF:
        return "", at + 4
    return data[at + 4 : at + 4 + 2 * length].decode("utf-16-le", errors="replace"), at + 4 + 2 * length


def _short_number(data: bytes) -> float:
    """Returns a number of 30 bits: a whole one or the upper half of a double, in hundredths where that is marked."""
    (bits,) = struct.unpack_from("<i", data, 8)
    number = bits >> 2 if bits & 2 else struct.unpack("<d", struct.pack("<Q", (bits & 0xFFFFFFFC) << 32))[0]
    return float(number / 100 if bits & 1 else number)
