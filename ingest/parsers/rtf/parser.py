"""RTF documents: text in its real encodings, with headings, lists, tables, footnotes and page breaks.

striprtf knows which groups are no text and how characters are coded; what it forgets (paragraph ends, cells,
outline levels) is marked before with characters that no text has. Kept: headings by their outline level, lists with
their markers, tables with header rows, footnotes; title, author and date; reviewers' remarks behind what they are
about. Not kept: pictures, embedded objects, text boxes, headers and footers, deleted revisions and hidden text (noted),
link targets. A page begins where a break was set.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from striprtf.striprtf import rtf_to_text

from corpus.patterns import pattern
from corpus.types import Document
from ingest.parsers.assembly import Draft, Limits
from ingest.parsers.cleaning import one_line
from ingest.parsers.detection import RTF
from ingest.parsers.rtf.marking import (
    CELL,
    CODE_PAGE,
    DEPTH,
    HEAD_CHARS,
    HEADER,
    HIDE,
    IN_TABLE,
    LINE,
    MARKER,
    MARKER_END,
    MARKS,
    NOTE,
    NOTE_END,
    OUTLINE,
    PAGE,
    PARD,
    PIECE,
    REMARK,
    REPLACEMENT,
    ROW,
    SHOW,
    Marking,
)
from ingest.parsers.word.styles import level_of_name

_REVISED = pattern(
    r"\{\\(?:revtim|creatim)\\yr(\d{4})\\mo(\d{1,2})\\dy(\d{1,2})(?:\\hr(\d{1,2})\\min(\d{1,2}))?"
)
_STYLE = pattern(
    r"\{\\s(\d{1,5})((?:\\(?!u-?\d)[a-z]+-?\d*|\s)*+)((?:[^{};\\]|\\'[0-9a-f]{2}|\\u-?\d+ ?\??)++);\}",
    re.IGNORECASE,
)
_STYLE_LEVEL = pattern(r"\\outlinelevel([0-8])(?!\d)")
_MAX_MARKER_CHARS = 12


def read(data: bytes, name: str, limits: Limits) -> Document:
    """Returns an RTF document.

    Raises:
        ParseError: ``no_text``.
        LimitError: a limit of the draft.
    """
    source = data.decode("latin-1")
    marking = Marking(source, _heading_styles(source[:HEAD_CHARS]))
    text = _to_text("".join(marking.pieces()))
    # Characters beyond the first plane are written as two halves.
    text = text.encode("utf-16", errors="surrogatepass").decode("utf-16", errors="replace")
    draft = Draft(limits)
    if REPLACEMENT in text:
        draft.note("damaged_text", f"{text.count(REPLACEMENT)} characters could not be read.")
    if marking.overlong:
        draft.note(
            "damaged_text", "Binary data is said to go on beyond the file's end: see whether text is missing."
        )
    writer = _Writer(draft)
    writer.write(text)
    head = source[:HEAD_CHARS]
    dates = [_as_date(match) for match in _REVISED.finditer(head)]
    return draft.finish(
        name=name,
        content_type=RTF,
        title=_info(head, "title"),
        date=max((date for date in dates if date), default=None),
        metadata={"author": _info(head, "author"), "subject": _info(head, "subject")},
    )


def _heading_styles(head: str) -> Mapping[str, int]:
    """Returns the heading level, from 1, of each paragraph style that has one, by the style's number."""
    start = head.find("{\\stylesheet")
    levels = {}
    for number, properties, shown in _STYLE.findall(head[start:] if start >= 0 else ""):
        match = _STYLE_LEVEL.search(properties)
        level = int(match[1]) + 1 if match else level_of_name(_decoded(head, shown))
        if level:
            levels[number] = level
    return levels


class _Writer:
    """Adds what striprtf gave to a draft, led by the marks in it."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._page = 1
        self._text: list[str] = []
        self._outer: list[str] = []
        self._notes: list[tuple[int, str, str]] = []
        self._items: list[tuple[int, str, str]] = []
        self._cells: list[str] = []
        self._rows: list[list[str]] = []
        self._header_rows = 0
        self._remarks: list[str] = []
        self._table_remarks: list[str] = []
        self._is_header = self._in_table = self._is_remark = False
        self._level = self._depth = 0
        self._marker: str | None = None
        draft.page(1)

    def write(self, text: str) -> None:
        hidden = concealed = 0
        for piece in PIECE.split(text):
            if piece in (HIDE, SHOW):
                hidden = piece == HIDE
            elif len(piece) == 1 and (piece == "\n" or piece in MARKS):
                self._follow(piece)
            elif hidden:
                concealed += len(piece)
            else:
                self._text.append(piece)
        self._end_paragraph()
        self._add_remarks()
        self._close()
        if self._notes:
            self._draft.heading("Footnotes", 2)
            self._draft.listing(self._notes)
        if concealed:
            self._draft.note("hidden_text", f"{concealed} hidden characters were left out.")

    def _follow(self, mark: str) -> None:
        if mark == "\n":
            self._text.append(" ") if self._in_table or self._outer else self._end_paragraph()
        elif mark == LINE:
            self._text.append("\n")
        elif mark == PARD:
            if not self._outer:
                self._level = self._depth = 0
                self._in_table = False
        elif mark == IN_TABLE:
            self._in_table = True
        elif mark == HEADER:
            self._is_header = True
        elif mark == CELL:
            self._cells.append(one_line(self._take()))
        elif mark == ROW:
            self._end_row()
        elif mark == PAGE:
            if not self._in_table and not self._outer:
                self._end_paragraph()
                self._close()
                if self._draft.length:
                    self._page += 1
                    self._draft.page(self._page)
        elif mark in (NOTE, MARKER, REMARK):
            # What begins within a paragraph is gathered apart; one within another is part of it.
            if not self._outer:
                self._outer, self._text = [*self._text, ""], []
                self._is_remark = mark == REMARK
        elif mark in (NOTE_END, MARKER_END):
            self._end_inner(mark)
        elif mark in OUTLINE:
            self._level = OUTLINE.index(mark) + 1
        elif mark in DEPTH:
            self._depth = DEPTH.index(mark)

    def _end_inner(self, mark: str) -> None:
        if not self._outer:
            return
        inner = one_line(self._take())
        self._text, self._outer = self._outer, []
        if mark == MARKER_END:
            marker = inner[:_MAX_MARKER_CHARS]
            self._marker = marker if any(character.isalnum() for character in marker) else "-"
        elif self._is_remark:
            self._remarks.append(inner)
        elif inner:
            number = len(self._notes) + 1
            self._notes.append((0, f"[{number}]", inner))
            self._text.append(f"[{number}]")

    def _take(self) -> str:
        text = "".join(self._text)
        self._text = []
        return text

    def _end_row(self) -> None:
        self._take()
        if not self._cells:
            return
        self._close_list()
        self._draft.count_cells(len(self._cells))
        self._header_rows += self._is_header and self._header_rows == len(self._rows)
        self._rows.append(self._cells)
        self._cells, self._is_header = [], False
        self._table_remarks += self._remarks
        self._remarks = []

    def _end_paragraph(self) -> None:
        text = "\n".join(one_line(line) for line in self._take().split("\n")).strip()
        marker, self._marker = self._marker, None
        if text:
            self._add_paragraph(text, marker)
        if not self._in_table:
            self._add_remarks()

    def _add_remarks(self) -> None:
        """Adds what reviewers wrote behind the paragraph that it is about, or as a deeper item of its list."""
        remarks, self._remarks = self._remarks, []
        for remark in remarks:
            if self._items:
                lead, _, said = remark.partition(": ")
                self._items.append((self._items[-1][0] + 1, f"{lead}:", said))
            else:
                self._close_table()
                self._draft.paragraph(remark)

    def _add_paragraph(self, text: str, marker: str | None) -> None:
        self._close_table()
        if self._level and len(text) <= 300:
            self._close_list()
            shown = f"{marker} {text}" if marker not in (None, "-") else text
            self._draft.heading(shown, self._level)
        elif marker is not None:
            self._items.append((self._depth, marker, text))
        else:
            self._close_list()
            self._draft.paragraph(text)

    def _close(self) -> None:
        self._close_list()
        self._close_table()

    def _close_list(self) -> None:
        items, self._items = self._items, []
        self._draft.listing(items)

    def _close_table(self) -> None:
        if self._cells:
            self._rows.append(self._cells)
            self._cells = []
        rows: Sequence[Sequence[str]] = self._rows
        header_rows, self._rows, self._header_rows = self._header_rows, [], 0
        self._draft.table(rows, header_rows or None)
        remarks, self._table_remarks = self._table_remarks, []
        for remark in remarks:
            self._draft.paragraph(remark)


def _info(head: str, field: str) -> str:
    """Returns a field of the document's information; where it stands twice, the second is in Unicode."""
    found = re.findall(r"\{\\" + field + r"\b ?((?:[^{}]|\{[^{}]*\})*)\}", head)
    return _decoded(head, found[-1]) if found else ""


def _decoded(head: str, text: str) -> str:
    page = CODE_PAGE.search(head)
    source = f"{{\\rtf1\\ansi\\ansicpg{page[1] if page else 1252} {text}}}"
    return one_line(_to_text("".join(Marking(source, {}).pieces())))


def _to_text(source: str) -> str:
    text: str = rtf_to_text(source, errors="replace")  # type: ignore[no-untyped-call]
    return text


def _as_date(match: re.Match[str]) -> datetime | None:
    year, month, day, hour, minute = (int(part or 0) for part in match.groups())
    try:
        return datetime(year, month, day, hour, minute, tzinfo=UTC)
    except ValueError:
        return None
