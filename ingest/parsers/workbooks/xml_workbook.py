"""Workbooks as one XML file (Excel 2003's "XML Spreadsheet", which other programs export under the name ``.xls``)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime
from typing import Any

from corpus.types import Document
from ingest.parsers.assembly import Draft, Limits
from ingest.parsers.cleaning import one_line
from ingest.parsers.dates import read_date
from ingest.parsers.detection import XLS
from ingest.parsers.office import parse_xml
from ingest.parsers.titles import given_title, title_from_name
from ingest.parsers.workbooks.grids import Cells, Merge, add_grid
from ingest.parsers.workbooks.number_formats import is_plain_format, show_number, show_part_of_date
from ingest.parsers.workbooks.number_sections import show_plainly
from ingest.parsers.workbooks.view import check_extent, show_column

_S = "{urn:schemas-microsoft-com:office:spreadsheet}"
_X = "{urn:schemas-microsoft-com:office:excel}"
_O = "{urn:schemas-microsoft-com:office:office}"
_CODES = {
    "Percent": "0.00%",
    "Standard": "#,##0.00",
    "Fixed": "0.00",
    "Currency": "$#,##0.00",
    "Euro Currency": "€#,##0.00",
}
"""Formats that go by a name."""
_NO_DAY = "1899-12-31"  # stands before a time without a day


def read(data: bytes, name: str, limits: Limits) -> Document:
    """Returns a workbook.

    Raises:
        ParseError: ``damaged_file``, ``unsafe_xml`` or ``no_text``.
        LimitError: a limit of the draft, or ``too_many_cells`` for few cells too far apart.
    """
    root = parse_xml(data, name)
    draft = Draft(limits)
    formats = _formats(root)
    hidden: list[str] = []
    number = 0
    for sheet in root.iter(_S + "Worksheet"):
        title = sheet.get(_S + "Name") or ""
        if (sheet.findtext(f"{_X}WorksheetOptions/{_X}Visible") or "SheetVisible") != "SheetVisible":
            hidden.append(title)
            continue
        number += 1
        draft.page(number, title)
        reader = _Sheet(draft, formats)
        reader.read(sheet.find(_S + "Table"))
        if reader.cells:
            draft.heading(title, 1)
            check_extent(title, max(reader.cells) + 1, max(max(line) for line in reader.cells.values()) + 1)
            add_grid(draft, reader.cells, reader.merges)
            draft.listing([(0, "-", remark) for remark in reader.remarks])
        if reader.hidden:
            draft.note(
                "hidden_text", f"Hidden rows and columns of {title} were left out: {reader.hidden} cells."
            )
    if hidden:
        draft.note("hidden_text", f"Hidden sheets were left out: {', '.join(hidden)}.")
    return draft.finish(
        name=name,
        content_type=XLS,
        title=given_title(_property(root, "Title")) or title_from_name(name),
        date=_saved(root),
        metadata={"author": _property(root, "Author"), "subject": _property(root, "Subject")},
    )


def _property(root: Any, name: str) -> str:
    return one_line(root.findtext(f"{_O}DocumentProperties/{_O}{name}") or "")


def _saved(root: Any) -> datetime | None:
    dates = (read_date(_property(root, name)) for name in ("LastSaved", "Created"))
    return next((date for date in dates if date is not None), None)


def _formats(root: Any) -> Mapping[str, str]:
    """Returns the format code of each style that shows numbers otherwise than plainly."""
    codes = {}
    for style in root.iter(_S + "Style"):
        form = style.find(_S + "NumberFormat")
        code = "" if form is None else form.get(_S + "Format") or ""
        code = _CODES.get(code, code)
        if not is_plain_format(code):
            codes[style.get(_S + "ID") or ""] = code
    return codes


class _Sheet:
    """Collects the cells of a sheet that are seen, by the places that they name or follow from."""

    def __init__(self, draft: Draft, formats: Mapping[str, str]) -> None:
        self._draft = draft
        self._formats = formats
        self.cells: Cells = {}
        self.merges: list[Merge] = []
        self.remarks: list[str] = []
        self.hidden = 0

    def read(self, table: Any) -> None:
        if table is None:
            return
        hidden_columns: set[int] = set()
        for at, column in _placed(table, "Column"):
            if _is_hidden(column):
                hidden_columns.update(range(at, at + min(_whole(column.get(_S + "Span")), 1000) + 1))
        columns = sorted(hidden_columns)
        unseen = 0
        for place, row in _placed(table, "Row"):
            left_out = _is_hidden(row)
            for at, cell in _placed(row, "Cell"):
                text = self._shown(cell)
                self._draft.count_cells(1)
                if text and (left_out or at in hidden_columns):
                    self.hidden += 1
                elif text:
                    self._keep(place - unseen, at - bisect_left(columns, at), cell, text)
                    self._keep_remark(place, at, cell)
            unseen += left_out  # what stands on both sides of a hidden row or column is seen as one table

    def _keep(self, row: int, column: int, cell: Any, text: str) -> None:
        self.cells.setdefault(row, {})[column] = text
        down, across = _whole(cell.get(_S + "MergeDown")), _whole(cell.get(_S + "MergeAcross"))
        if down or across:
            self.merges.append((row, column, row + down, column + across))

    def _keep_remark(self, row: int, column: int, cell: Any) -> None:
        remark = cell.find(_S + "Comment")
        text = "" if remark is None else one_line("".join(remark.itertext()))
        if text:
            self.remarks.append(f"{show_column(column)}{row + 1}: {text}")

    def _shown(self, cell: Any) -> str:
        data = cell.find(_S + "Data")
        said = "" if data is None else "".join(data.itertext()).strip()
        kind = "" if data is None else data.get(_S + "Type") or ""
        if kind == "Number":
            try:
                value = float(said)
            except ValueError:
                return said
            code = self._formats.get(cell.get(_S + "StyleID") or "", "")
            return show_number(value, code) if code else show_plainly(value)
        if kind == "DateTime":
            day, _, time = said.partition("T")
            with suppress(ValueError):
                code = self._formats.get(cell.get(_S + "StyleID") or "", "")
                if part := show_part_of_date(date.fromisoformat(day), code):
                    return part
            time = time.split(".")[0]
            if time in ("", "00:00:00"):
                return day
            return f"{'' if day == _NO_DAY else day} {time.removesuffix(':00')}".strip()
        if kind == "Boolean":
            return "TRUE" if said == "1" else "FALSE"
        return said


def _placed(parent: Any, kind: str) -> Iterator[tuple[int, Any]]:
    """Yields the children of a kind with their places from 0: those they name, else behind the one before."""
    place = 0
    for child in parent.iterchildren(_S + kind):
        place = max(_whole(child.get(_S + "Index")) - 1, place)
        yield place, child
        place += 1 + _whole(child.get(_S + ("MergeAcross" if kind == "Cell" else "Span")))


def _is_hidden(element: Any) -> bool:
    return bool(element.get(_S + "Hidden") == "1")


def _whole(value: str | None) -> int:
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 8 else 0
