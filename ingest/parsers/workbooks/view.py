"""How a workbook shows its cells, where that differs from their values: read from the checked archive.

python-calamine gives values; number formats, hidden rows and columns, error values, formulas that were never
calculated, and comments are found here. A sheet's extent is known before calamine
makes room for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from corpus.errors import LimitError
from corpus.patterns import pattern
from ingest.parsers.cleaning import one_line
from ingest.parsers.office import RELATION, STRICT_RELATION, Package
from ingest.parsers.workbooks.beside import Rule, boxes_beside, charts_beside, read_rule
from ingest.parsers.workbooks.number_formats import is_date_format, show_number, styled_formats
from ingest.parsers.workbooks.number_sections import text_frame

_MAX_EXTENT = 10_000_000
MOST_COLUMNS = 16_384
_REFERENCE = pattern(r"([A-Z]{1,3})(\d{1,7})")
_LINK = pattern(r"HYPERLINK\(\s*\"(?:[^\"]|\"\")*\"\s*,\s*\"((?:[^\"]|\"\")*)\"\s*\)", re.IGNORECASE)
"""A formula that says itself what it shows."""
DAYS_TO_1904 = 1462
"""From the day that Excel counts from to the one that it counted from on the Macintosh."""
_TEXTS = frozenset({"s", "str", "inlineStr"})
_THREAD = "tc="
"""How the writer of a note begins that stands for a thread."""
_BOILERPLATE = pattern(r"\A\[Threaded comment\].*?(?:Comment|コメント)[:：]\s*", re.DOTALL | re.IGNORECASE)


@dataclass(slots=True)
class SheetView:
    """What is to be shown in place of a value ("": nothing), and what is not shown at all; rows and columns from 0.

    ``framed`` is what stands before and behind a text, ``merges`` are the merged ranges (top, left, bottom, right, all
    included) that python-calamine does not give; ``rules`` say what may be typed into which cells.
    """

    shown: dict[tuple[int, int], str] = field(default_factory=dict)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    framed: dict[tuple[int, int], tuple[str, str]] = field(default_factory=dict)
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    uncalculated: int = 0
    blanked: int = 0

    def show_number(self, place: tuple[int, int], value: float, code: str) -> None:
        """Keeps what is seen of a number; others than zero of which nothing is seen are counted."""
        self.shown[place] = show_number(value, code)
        self.blanked += not self.shown[place] and value != 0

    def frame_text(self, place: tuple[int, int], code: str) -> None:
        """Keeps what a format code shows around a text."""
        frame = text_frame(code) if "@" in code else ("", "")
        if any(frame):
            self.framed[place] = frame

    def is_hidden(self, column: int) -> bool:
        """Says whether a column is hidden."""
        return column in self.hidden_columns


def main_part(package: Package) -> str:
    """Returns the part of an XLSX file that lists its sheets."""
    return next((t for t in package.relations("").values() if t.endswith("workbook.xml")), "xl/workbook.xml")


def check_extent(sheet: str, rows: int, columns: int) -> None:
    """Checks the rectangle that a sheet's cells span: calamine makes room for all of it.

    Raises:
        LimitError: ``too_many_cells``.
    """
    if rows * columns > _MAX_EXTENT:
        raise LimitError(
            f"The sheet {sheet} has cells in {rows} rows and {columns} columns, most of them empty.",
            code="too_many_cells",
            hint="Delete what stands far below or far to the right of the table, or split the sheet.",
        )


class WorkbookView:
    """The parts of an XLSX or XLSM file beside its values."""

    def __init__(self, package: Package) -> None:
        package.check_heads()  # also of the parts that only calamine reads
        self._package = package
        main = main_part(package)
        parts = package.relations(main)
        root = package.xml(main)
        self._sheets: dict[str, str] = {}
        for sheet in () if root is None else root.iterfind(".//{*}sheet"):
            identifier = sheet.get(RELATION + "id") or sheet.get(STRICT_RELATION + "id") or ""
            self._sheets[sheet.get("name") or ""] = parts.get(identifier, "")
        folder = main.rpartition("/")[0]
        self._formats = _read_formats(package.xml(f"{folder}/styles.xml"))
        properties = None if root is None else root.find("{*}workbookPr")
        self._first_day = DAYS_TO_1904 if properties is not None and _is_on(properties.get("date1904")) else 0

    def sheet(self, name: str, count_cells: Callable[[int], None]) -> SheetView:
        """Returns how a sheet shows its cells, counting them.

        Raises:
            LimitError: ``too_many_cells``, also for few cells too far apart.
        """
        view = SheetView()
        part = self._sheets.get(name, "")
        row = column = -1
        last_row = last_column = 0
        for element in self._package.elements(part, "col", "c", "row", "dataValidation"):
            tag = element.tag.rpartition("}")[2]
            if tag == "dataValidation":
                view.rules.extend(read_rule(element))
            elif tag == "col":
                if _is_on(element.get("hidden")):
                    last = min(_number(element.get("max")), MOST_COLUMNS)
                    view.hidden_columns.update(range(_number(element.get("min")) - 1, last))
            elif tag == "row":
                row = _number(element.get("r")) - 1 if element.get("r") else row + 1
                column = -1
                if _is_on(element.get("hidden")):
                    view.hidden_rows.add(row)
            else:
                count_cells(1)
                at = _REFERENCE.fullmatch(element.get("r") or "")
                if at:
                    place = (int(at[2]) - 1, _column(at[1]))
                else:
                    number = element.getparent().get("r")  # a row is closed after its cells
                    place = (_number(number) - 1 if number else row + 1, column + 1)
                column = place[1]
                if self._show(view, element, place):
                    last_row, last_column = max(last_row, place[0]), max(last_column, place[1])
        check_extent(name, last_row + 1, last_column + 1)
        return view

    def _show(self, view: SheetView, cell: Any, place: tuple[int, int]) -> bool:
        """Keeps what a cell shows in place of its value; says whether it holds anything."""
        value = text = link = None
        has_formula = is_empty_text = False
        for child in cell:
            tag = child.tag.rpartition("}")[2]
            if tag == "v":
                value = child.text
                is_empty_text = value is None and cell.get("t") == "str"  # as of =IF(A1="","",…)
            elif tag == "f":
                has_formula, link = True, _LINK.fullmatch(child.text or "")
            elif tag == "is":
                text = child
        kind = cell.get("t") or "n"
        if kind in _TEXTS:
            view.frame_text(place, self._formats.get(_number(cell.get("s")), ""))
        if value is None:
            if link is not None and text is None:
                view.shown[place] = link[1].replace('""', '"')
                return True
            view.uncalculated += has_formula and text is None and not is_empty_text
            return text is not None
        if kind == "e":
            view.shown[place] = value
        elif kind == "n":
            code = self._formats.get(_number(cell.get("s")), "")
            if code:
                with suppress(ValueError):
                    view.show_number(place, float(value) + self._first_day * is_date_format(code), code)
        return True

    # ---- what lies beside the cells --------------------------------------------------------------

    def comments(self, name: str, view: SheetView) -> Iterator[tuple[str, str]]:
        """Yields the cell with its writer, and the text, of each comment on a cell that is seen.

        The answers of a thread follow each other. It stands in the file a second time, as a note for older programs,
        which is left out.
        """
        parts = [part for part in self._beside(name) if "omments" in part or "threadedComment" in part]
        threaded = [part for part in parts if "threadedComment" in part]
        people = self._people() if threaded else {}
        for part in [*(part for part in parts if part not in threaded), *threaded]:
            root = self._package.beside(part)
            writers = (
                [] if root is None else [one.text or "" for one in root.iterfind("{*}authors/{*}author")]
            )
            for comment in () if root is None else root.iter("{*}comment", "{*}threadedComment"):
                at = _number(comment.get("authorId"))
                writer = people.get(comment.get("personId") or "", writers[at] if at < len(writers) else "")
                if threaded and writer.startswith(_THREAD):
                    continue
                for reading in list(comment.iter("{*}rPh")):
                    reading.getparent().remove(reading)
                text = one_line("".join(t.text or "" for t in comment.iter("{*}t", "{*}text") if not len(t)))
                place = _REFERENCE.fullmatch(comment.get("ref") or "")
                hidden = place and (
                    int(place[2]) - 1 in view.hidden_rows or view.is_hidden(_column(place[1]))
                )
                if text and not hidden:
                    yield sign_comment(comment.get("ref") or "", one_line(writer), text)

    def _people(self) -> Mapping[str, str]:
        roots = (
            self._package.beside(part) for part in self._package.parts() if part.startswith("xl/persons/")
        )
        found = (one for root in roots if root is not None for one in root.iter("{*}person"))
        return {one.get("id") or "": one.get("displayName") or "" for one in found}

    def drawn(self, name: str) -> Iterator[str]:
        """Yields the paragraphs of a sheet's text boxes."""
        yield from boxes_beside(self._package, self._sheets.get(name, ""))

    def charts(self, name: str) -> Iterator[Any]:
        """Yields the charts of a sheet."""
        yield from charts_beside(self._package, self._sheets.get(name, ""))

    def _beside(self, name: str) -> list[str]:
        part = self._sheets.get(name, "")
        return sorted(self._package.relations(part).values()) if part else []


def sign_comment(place: str, writer: str, text: str) -> tuple[str, str]:
    """Returns a comment's place with its writer, and its text, before which Excel itself writes who wrote it.

    What it writes about threads in notes for programs that know none is left out.
    """
    text = _BOILERPLATE.sub("", text)
    if not writer or writer.startswith(_THREAD):
        return place, text
    return f"{place} ({writer})", text.removeprefix(f"{writer}:").lstrip() or text


def _read_formats(root: Any) -> Mapping[int, str]:
    """Returns a format code by style, for styles that show numbers otherwise than plainly."""
    if root is None:
        return {}
    codes = {
        _number(element.get("numFmtId")): element.get("formatCode") or ""
        for element in root.iterfind("./{*}numFmts/{*}numFmt")
    }
    return styled_formats(
        codes, [_number(one.get("numFmtId")) for one in root.iterfind("./{*}cellXfs/{*}xf")]
    )


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def first_place(cells: str) -> tuple[int, int] | None:
    """Returns the row and column, from 0, of the first cell of a range (``B2:B100 D2``); None where it is none."""
    at = _REFERENCE.match(cells)
    return (int(at[2]) - 1, _column(at[1])) if at else None


def show_column(number: int) -> str:
    """Returns a column's letters: 0 is A, 26 is AA."""
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _number(value: str | None) -> int:
    return int(value) if value and value.isascii() and value.isdigit() else 0


def _is_on(value: str | None) -> bool:
    return value in ("1", "true")
