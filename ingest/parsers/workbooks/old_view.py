"""How a workbook of the old format (XLS) shows its cells: the home of xlrd.

python-calamine gives the values; number formats, error values, hidden rows and columns, and comments are found here, as
are the texts and sheet names of Excel 95 and before, of which it reads each byte of a Japanese character by itself.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from corpus.errors import ParseError, VouchError
from ingest.parsers.cleaning import one_line
from ingest.parsers.decoding import decode
from ingest.parsers.refusals import encrypted
from ingest.parsers.workbooks.number_formats import is_date_format, is_plain_format
from ingest.parsers.workbooks.values import show_value
from ingest.parsers.workbooks.view import DAYS_TO_1904, SheetView, check_extent, show_column, sign_comment


class OldWorkbookView:
    """The sheets of an XLS file beside their values, by name.

    Args:
        data: the whole file.
        name: its name, for messages.
        count_cells: is told of every cell that holds something.
        reads_values: whether values are shown as well, for want of another reader.

    Attributes:
        is_whole: whether all of it could be read; what could not is shown plainly.
        names: what its worksheets are called, in order.
        hidden: those of them that are hidden.

    Raises:
        ParseError: ``encrypted``; ``damaged_file`` where it was to read the values and cannot.
        LimitError: ``too_many_cells``, also for few cells too far apart.
    """

    def __init__(
        self, data: bytes, name: str, count_cells: Callable[[int], None], *, reads_values: bool = False
    ) -> None:
        self._views: dict[str, SheetView] = {}
        self._comments: dict[str, list[tuple[int, int, str, str]]] = {}
        self.is_whole = True
        self.names: list[str] = []
        self.hidden: set[str] = set()
        self._reads_values = reads_values
        try:
            self._read(data, count_cells)
        except VouchError:
            raise
        except Exception as error:  # the library raises whatever its arithmetic on odd files does
            if "encrypted" in str(error):
                raise encrypted(name) from None
            self.is_whole = False
            if reads_values:
                raise ParseError(
                    f"{name} is damaged: {str(error)[:200].rstrip('.')}.",
                    code="damaged_file",
                    hint="Open it in Excel or LibreOffice, save it as .xlsx and add that.",
                ) from None

    def _read(self, data: bytes, count_cells: Callable[[int], None]) -> None:
        import xlrd

        with xlrd.open_workbook(
            file_contents=data,
            formatting_info=True,
            on_demand=True,
            ragged_rows=True,
            logfile=io.StringIO(),
        ) as book:
            formats = [_shown_format(book, one) for one in book.xf_list]
            has_code_page = book.biff_version < _UNICODE_SINCE
            self.names = book.sheet_names()
            for index, name in enumerate(self.names):
                sheet = book.sheet_by_index(index)
                view = self._views[name] = SheetView()
                self.hidden.update([name] if sheet.visibility else [])
                view.hidden_rows.update(row for row, one in sheet.rowinfo_map.items() if one.hidden)
                view.hidden_columns.update(at for at, one in sheet.colinfo_map.items() if one.hidden)
                last_row = last_column = 0
                for row in range(sheet.nrows):
                    kinds = sheet.row_types(row)
                    held = [at for at, kind in enumerate(kinds) if kind not in _EMPTY]
                    count_cells(len(held))
                    if held:
                        last_row, last_column = row, max(last_column, held[-1])
                    for column in held:
                        if kinds[column] == _TEXT:
                            view.frame_text((row, column), _format_of(sheet, row, column, formats))
                            if has_code_page:
                                view.shown[row, column] = sheet.cell_value(row, column)
                        else:
                            _show(view, sheet, (row, column), formats, xlrd.error_text_from_code)
                        if self._reads_values and (row, column) not in view.shown:
                            view.shown[row, column] = _show_value(book, sheet, row, column)
                check_extent(name, last_row + 1, last_column + 1)
                if self._reads_values and book.codepage is None:
                    _decode(view)
                self._comments[name] = [
                    (row, column, one_line(note.author or ""), one_line(note.text))
                    for (row, column), note in sorted(sheet.cell_note_map.items())
                ]
                book.unload_sheet(index)

    def sheet(self, name: str, _: Callable[[int], None]) -> SheetView:
        """Returns how a sheet shows its cells, which were counted already."""
        return self._views.get(name) or SheetView()

    def comments(self, name: str, view: SheetView) -> Iterator[tuple[str, str]]:
        """Yields the cell with its writer, and the text, of each comment on a cell that is seen."""
        for row, column, writer, text in self._comments.get(name, ()):
            if text and row not in view.hidden_rows and not view.is_hidden(column):
                yield sign_comment(f"{show_column(column)}{row + 1}", writer, text)

    def drawn(self, _: str) -> Iterator[str]:
        """Yields nothing: text boxes and charts of XLS are not read."""
        yield from ()


_EMPTY, _TEXT, _NUMBER, _DATE, _TRUTH, _ERROR = (0, 6), 1, 2, 3, 4, 5  # xlrd's kinds of cells
_UNICODE_SINCE = 80
"""The version of the format (Excel 97) that no longer writes text in a code page."""


def _shown_format(book: Any, style: Any) -> str:
    """Returns a style's format code where it shows numbers otherwise than plainly, else ""."""
    found = book.format_map.get(style.format_key)
    code = str(found.format_str or "") if found is not None else ""
    return "" if is_plain_format(code) else code


def _show_value(book: Any, sheet: Any, row: int, column: int) -> str:
    from xlrd.xldate import XLDateError, xldate_as_datetime

    kind, value = sheet.cell_type(row, column), sheet.cell_value(row, column)
    if kind == _DATE:
        with suppress(XLDateError):
            moment = xldate_as_datetime(value, book.datemode)
            return show_value(moment.time() if value < 1 else moment)
    return show_value(bool(value) if kind == _TRUTH else value)


def _decode(view: SheetView) -> None:
    """Reads the texts of a sheet that names no code page in the encoding that they are in."""
    texts = {place: text for place, text in view.shown.items() if not text.isascii()}
    with suppress(UnicodeEncodeError, VouchError):
        found = decode("\n".join(texts.values()).encode("latin-1")).text.split("\n")
        if len(found) == len(texts):
            view.shown.update(zip(texts, found, strict=True))


def _show(view: SheetView, sheet: Any, place: tuple[int, int], formats: list[str], errors: Any) -> None:
    """Keeps what a cell shows in place of its value."""
    kind, value = sheet.cell_type(*place), sheet.cell_value(*place)
    if kind == _ERROR:
        view.shown[place] = str(errors.get(value, "#ERROR"))
    code = _format_of(sheet, *place, formats) if kind in (_NUMBER, _DATE) else ""
    if code:
        with suppress(ValueError):
            from_1904 = sheet.book.datemode and (kind == _DATE or is_date_format(code))
            view.show_number(place, float(value) + (DAYS_TO_1904 if from_1904 else 0), code)


def _format_of(sheet: Any, row: int, column: int, formats: list[str]) -> str:
    style = sheet.cell_xf_index(row, column)
    return formats[style] if style < len(formats) else ""
