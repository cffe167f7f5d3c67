"""Workbooks (XLSX, XLSM, XLSB, XLS, ODS): each sheet is a page, its tables are rows, its numbers as shown.

The home of python-calamine, which reads the values; what a sheet shows in their place comes from
:mod:`ingest.parsers.workbooks.view`, for XLSB :mod:`ingest.parsers.workbooks.binary_view`, for ODS
:mod:`ingest.parsers.workbooks.open_document_view` and for XLS :mod:`ingest.parsers.workbooks.old_view`. Formulas
count with the result that was saved with them; nothing is calculated, no external link is followed. Hidden sheets,
rows and columns are left out and noted.
"""

from __future__ import annotations

import io
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetMetadata,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from corpus.errors import ParseError
from corpus.types import Document
from ingest.parsers import ole
from ingest.parsers.assembly import Draft, Limits
from ingest.parsers.detection import ODS, XLS, detect_type, is_bare_workbook
from ingest.parsers.odf.package import as_archive, read_properties
from ingest.parsers.office import Package
from ingest.parsers.refusals import encrypted
from ingest.parsers.titles import given_title, title_from_name
from ingest.parsers.workbooks.beside import add_chart
from ingest.parsers.workbooks.binary_view import BinaryWorkbookView
from ingest.parsers.workbooks.grids import Cells, Merge, add_grid
from ingest.parsers.workbooks.old_view import OldWorkbookView
from ingest.parsers.workbooks.open_document_view import ELSEWHERE, OpenDocumentView
from ingest.parsers.workbooks.repairing import repaired
from ingest.parsers.workbooks.values import Value, show_value
from ingest.parsers.workbooks.view import SheetView, WorkbookView, first_place
from ingest.parsers.workbooks.xml_workbook import read as read_xml_workbook
from ingest.parsers.zips import is_zip

_MOST_RULES = 1000
_SHOW_THEM = "Show them and save the file if they should be found."
_View = WorkbookView | BinaryWorkbookView | OpenDocumentView | OldWorkbookView


def read(data: bytes, name: str, limits: Limits) -> Document:
    """Returns a workbook.

    Raises:
        ParseError: ``damaged_file``, ``encrypted``, ``unsafe_xml`` or ``no_text``.
        LimitError: ``archive_too_large``, or a limit of the draft.
    """
    content_type = detect_type(data, name).content_type
    is_bare = is_bare_workbook(data)
    if content_type == XLS and not is_bare and not data.startswith(ole.SIGNATURE):
        return read_xml_workbook(data, name, limits)
    if content_type == ODS:
        data = as_archive(data, name)
    package = Package(data, name, limits.max_archive_ratio) if is_zip(data) else None
    draft = Draft(limits)
    view: _View
    if package is None:
        view = OldWorkbookView(data, name, draft.count_cells, reads_values=is_bare)
        if not view.is_whole:
            draft.note(
                "plain_numbers", "The formats of its numbers could not be read; they are shown plainly."
            )
    elif content_type == ODS:
        view = OpenDocumentView(package, draft.count_cells)
    else:
        view = BinaryWorkbookView(package) if "xl/workbook.bin" in package else WorkbookView(package)
    try:
        if isinstance(view, OldWorkbookView) and is_bare:
            left_out = _read_workbook(_BareWorkbook(view), view, draft)
        else:
            with _opened(data, package, content_type) as workbook:
                left_out = _read_workbook(workbook, view, draft)
    except PasswordError:
        raise encrypted(name) from None
    except CalamineError as error:
        raise ParseError(
            f"{name} is damaged: {str(error)[:200].rstrip('.')}.",
            code="damaged_file",
            hint="Open it in the program it was made with, save a copy and add that.",
        ) from None
    left_out.note(draft)
    if not draft.length and left_out.uncalculated:
        raise ParseError(
            f"{name} holds only formulas whose results were never saved.",
            code="no_text",
            hint="Open it in Excel or LibreOffice, save it there and add it again.",
        )
    title, date, metadata = package.properties() if package is not None else ("", None, {})
    if package is not None and content_type == ODS:
        title, _, date, metadata = read_properties(package)
    for damage in package.damage if package is not None else ():
        draft.note("damaged_text", damage)
    return draft.finish(
        name=name,
        content_type=content_type,
        title=given_title(title) or title_from_name(name),
        date=date,
        metadata=metadata,
        pictures=package.pictures() if package is not None else 0,
    )


def _opened(data: bytes, package: Package | None, content_type: str) -> CalamineWorkbook:
    """Opens a workbook; one that cannot be opened without what is known to be in the way."""
    try:
        return CalamineWorkbook.from_filelike(io.BytesIO(data))
    except PasswordError:
        raise
    except CalamineError:
        mended = None if package is None else repaired(package, content_type)
        if mended is None:
            raise
    return CalamineWorkbook.from_filelike(io.BytesIO(mended))


class _BareWorkbook:
    """What python-calamine would say of a workbook whose values its view has."""

    def __init__(self, view: OldWorkbookView) -> None:
        self.sheets_metadata = [
            SheetMetadata(
                name,
                SheetTypeEnum.WorkSheet,
                SheetVisibleEnum.Hidden if name in view.hidden else SheetVisibleEnum.Visible,
            )
            for name in view.names
        ]

    def get_sheet_by_index(self, _: int) -> _BareSheet:
        """Returns a sheet."""
        return _BareSheet()


class _BareSheet:
    """A sheet without values of its own."""

    start = None
    merged_cell_ranges = None

    def iter_rows(self) -> Iterator[list[Value]]:
        """Yields nothing."""
        yield from ()


@dataclass(slots=True)
class _LeftOut:
    """What a workbook holds that is not read."""

    sheets: list[str]
    rows: int = 0
    columns: int = 0
    uncalculated: int = 0
    blanked: int = 0

    def note(self, draft: Draft) -> None:
        if self.sheets:
            draft.note("hidden_text", f"Hidden sheets were left out: {', '.join(self.sheets)}. {_SHOW_THEM}")
        if self.rows or self.columns:
            counts = ((self.rows, "row"), (self.columns, "column"))
            hidden = " and ".join(f"{n} hidden {what}{'s' if n > 1 else ''}" for n, what in counts if n)
            draft.note(
                "hidden_text",
                f"Left out: {hidden} (a filter or a closed group hides them, too). {_SHOW_THEM}",
            )
        if self.blanked:
            draft.note("hidden_text", f"Numbers that their format hides were left out: {self.blanked}.")
        if self.uncalculated:
            draft.note(
                "no_values",
                f"Formulas without a saved result, read as empty cells: {self.uncalculated}. Saved anew by Excel or "
                "LibreOffice they have one.",
            )


def _read_workbook(workbook: CalamineWorkbook | _BareWorkbook, view: _View, draft: Draft) -> _LeftOut:
    left_out = _LeftOut([])
    number = 0
    names = _names(workbook, view)
    seen = {
        name
        for name, sheet in zip(names, workbook.sheets_metadata, strict=True)
        if sheet.visible == SheetVisibleEnum.Visible
    }
    for index, (name, sheet) in enumerate(zip(names, workbook.sheets_metadata, strict=True)):
        if isinstance(view, OpenDocumentView) and name.startswith(ELSEWHERE):
            continue
        if sheet.visible != SheetVisibleEnum.Visible:
            left_out.sheets.append(name)
            continue
        if sheet.typ not in (SheetTypeEnum.WorkSheet, SheetTypeEnum.ChartSheet):
            continue
        number += 1
        cells: Cells = {}
        heads: Cells = {}
        merges: list[Merge] = []
        shown = SheetView()
        if sheet.typ == SheetTypeEnum.WorkSheet:
            shown = view.sheet(name, draft.count_cells)
            found = workbook.get_sheet_by_index(index)
            cells = _visible_cells(found, shown, left_out)
            heads = cells
            # What stands above and below a hidden row is seen as one table.
            hidden = sorted(shown.hidden_rows)
            cells = {row - bisect_left(hidden, row): line for row, line in cells.items()}
            ranges = [(*first, *last) for first, last in found.merged_cell_ranges or []] or shown.merges
            merges = [
                (top - bisect_left(hidden, top), left, bottom - bisect_right(hidden, bottom), right)
                for top, left, bottom, right in ranges
                if not shown.hidden_rows.issuperset(range(top, bottom + 1))
            ]
        drawn = list(view.drawn(name))
        charts = list(view.charts(name)) if isinstance(view, WorkbookView | BinaryWorkbookView) else []
        comments = [*view.comments(name, shown), *_rules(shown, heads)]
        draft.page(number, name)
        if not (cells or drawn or charts or comments):
            continue
        draft.heading(name, 1)
        add_grid(draft, cells, merges)
        for text in drawn:
            draft.paragraph(text)
        for chart in charts:
            add_chart(draft, chart, seen)
        draft.listing([(0, "-", f"{place}: {text}") for place, text in comments])
    return left_out


def _rules(view: SheetView, cells: Cells) -> Iterator[tuple[str, str]]:
    """Yields for which cells a rule holds, led by what stands above them, and what it says: what is seen, and once."""
    said = set()
    for rule in view.rules[:_MOST_RULES]:
        at = first_place(rule.cells)
        if at is None or at[0] in view.hidden_rows or view.is_hidden(at[1]):
            continue
        head = cells.get(at[0] - 1, {}).get(at[1], "")
        if (head, rule.text) not in said:
            said.add((head, rule.text))
            yield f"{head} ({rule.cells})" if head else rule.cells, rule.text


def _names(workbook: CalamineWorkbook | _BareWorkbook, view: _View) -> list[str]:
    """Returns what the sheets are called; those of XLS as their own reader has them, where it found as many."""
    names = [sheet.name for sheet in workbook.sheets_metadata]
    if isinstance(view, OldWorkbookView):
        places = [at for at, one in enumerate(workbook.sheets_metadata) if one.typ == SheetTypeEnum.WorkSheet]
        if len(places) == len(view.names):
            for at, name in zip(places, view.names, strict=True):
                names[at] = name
    return names


def _visible_cells(sheet: CalamineSheet | _BareSheet, view: SheetView, left_out: _LeftOut) -> Cells:
    """Returns what is seen of a sheet; takes what is shown in place of values out of the view."""
    cells: Cells = {}
    hidden_rows: set[int] = set()
    hidden_columns: set[int] = set()
    for row, said in _lines(sheet, view):
        line = said
        if view.hidden_columns:
            line = {column: text for column, text in said.items() if column not in view.hidden_columns}
            hidden_columns.update(said.keys() - line.keys())
        if line and row in view.hidden_rows:
            hidden_rows.add(row)
        elif line:
            cells[row] = line
    for (row, column), (before, behind) in view.framed.items():
        text = cells.get(row, {}).get(column)
        if text:
            cells[row][column] = f"{before}{text}{behind}".strip()
    left_out.uncalculated += view.uncalculated
    left_out.blanked += view.blanked
    left_out.rows += len(hidden_rows)
    left_out.columns += len(hidden_columns)
    return cells


def _lines(sheet: CalamineSheet | _BareSheet, view: SheetView) -> Iterator[tuple[int, dict[int, str]]]:
    """Yields the rows that hold something, from the top, also cells where the library finds nothing."""
    first_column = (sheet.start or (0, 0))[1]
    found: list[tuple[int, dict[int, str]]] = []
    for row, values in enumerate(sheet.iter_rows()):
        texts = (
            (column, view.shown.pop((row, column), None), value)
            for column, value in enumerate(values, first_column)
        )
        said = ((column, show_value(value) if shown is None else shown) for column, shown, value in texts)
        line = {column: text for column, text in said if text.strip()}
        if line:
            found.append((row, line))
    if view.shown:
        whole = dict(found)
        for (row, column), text in view.shown.items():
            if text:
                whole.setdefault(row, {})[column] = text
        found = [(row, dict(sorted(whole[row].items()))) for row in sorted(whole)]
    yield from found
