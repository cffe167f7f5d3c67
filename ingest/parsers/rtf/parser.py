"""RTF documents: text in its real encodings, with headings, lists, tables, footnotes and page breaks.

striprtf knows which groups are no text and how characters are coded; what it forgets (paragraph ends, cells,
outline levels) is marked before with characters that no text has. Kept: headings by their outline level, lists with
their markers, tables with header rows, footnotes; title, author and date; reviewers' remarks behind what they are
about, and text boxes behind what they are tied to. Not kept: pictures, embedded objects, headers and footers, deleted
revisions and hidden text (noted), link targets. A page begins where a break was set.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from striprtf.striprtf import rtf_to_text

from corpus.patterns import pattern
from corpus.types import Document
from ingest.parsers.assembly import CELL_SEPARATOR, Draft, Limits
from ingest.parsers.cleaning import one_line
from ingest.parsers.decoding import unread
from ingest.parsers.detection import RTF
from ingest.parsers.rtf.fonts import HEAD_CHARS, Fonts, end_of_group, read_fonts
from ingest.parsers.rtf.marking import (
    BOX,
    BOX_END,
    CELL,
    CONTENTS,
    DEPTH,
    EDGE,
    EDGE_END,
    HEADER,
    HIDE,
    IN_TABLE,
    INNER_CELL,
    INNER_ROW,
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
    WIDTHS,
    Marking,
)
from ingest.parsers.rtf.tables import in_columns
from ingest.parsers.word.contents import is_contents_style, leads_to_page
from ingest.parsers.word.fields import drawn
from ingest.parsers.word.styles import CHECKS, level_of_name

_REVISED = pattern(
    r"\{\\(?:revtim|creatim)\\yr(\d{4})\\mo(\d{1,2})\\dy(\d{1,2})(?:\\hr(\d{1,2})\\min(\d{1,2}))?"
)
_STYLE = pattern(
    r"\{\\s(\d{1,5})((?:\\(?!u-?\d)[a-z]+-?\d*|\s)*+)((?:[^{};\\]|\\'[0-9a-f]{2}|\\u-?\d+ ?\??)++);\}",
    re.IGNORECASE,
)
_STYLE_LEVEL = pattern(r"\\outlinelevel([0-8])(?!\d)")
_FIELD_CODE = pattern(r"\{\\\*\\fldinst\b")
_MOST_FIELD = 4_000
"""Characters of a code, or of a result, that is looked at."""
_MAY_DRAW = pattern(r"\b(?:EQ|SYMBOL)\b", re.IGNORECASE)
_RESULT = pattern(r"\s*+\{\\fldrslt\b")
_WORDLESS = pattern(r"(?:\\(?!u-?\d)[a-z]{1,32}(?:-?\d{1,10})?+ ?|[\s{}])*+", re.IGNORECASE)
_MAX_MARKER_CHARS = 12
_FEW_PIECES = 16
"""In which a cell's last words are found: marks part them."""
_ENDS = {NOTE: NOTE_END, REMARK: NOTE_END, MARKER: MARKER_END, BOX: BOX_END, EDGE: EDGE_END}
"""What is gathered apart: where it begins and ends."""


def read(data: bytes, name: str, limits: Limits) -> Document:
    """Returns an RTF document.

    Raises:
        ParseError: ``no_text``.
        LimitError: a limit of the draft.
    """
    source = data.decode("latin-1")
    fonts = read_fonts(source)
    source = _with_drawn(source, fonts)
    marking = Marking(source, _styles(source[:HEAD_CHARS], fonts), fonts)
    text = _to_text("".join(marking.pieces()), fonts)
    # Characters beyond the first plane are written as two halves.
    text = text.encode("utf-16", errors="surrogatepass").decode("utf-16", errors="replace")
    draft = Draft(limits)
    if REPLACEMENT in text:
        draft.note("damaged_text", f"{unread(text.count(REPLACEMENT))}.")
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
        title=_info(head, "title", fonts),
        date=max((date for date in dates if date), default=None),
        metadata={key: _info(head, key, fonts) for key in ("author", "subject")},
        pictures=source.count("{\\pict"),
    )


def _with_drawn(source: str, fonts: Fonts) -> str:
    """Returns a source with what the codes of fields draw in their places, for those without a result: a word below its
    reading, or in a circle.
    """
    pieces, at = [], 0
    for field in _FIELD_CODE.finditer(source):
        end = end_of_group(source, field.end(), _MOST_FIELD)
        if field.start() < at or not _MAY_DRAW.search(source, field.end(), end):
            continue
        result = _RESULT.match(source, end + 1)
        if result and not _WORDLESS.fullmatch(
            source, result.end(), end_of_group(source, result.end(), _MOST_FIELD)
        ):
            continue
        shown = drawn(_decoded(source[field.end() : end], fonts)).encode("utf-16-le")
        halves = [int.from_bytes(shown[place : place + 2], "little") for place in range(0, len(shown), 2)]
        pieces += [source[at : field.start()], *(f"{{\\uc0\\u{half} }}" for half in halves)]
        at = end + 1
    return "".join([*pieces, source[at:]]) if pieces else source


def _styles(head: str, fonts: Fonts) -> Mapping[str, int]:
    """Returns the heading level, from 1, of each style that has one, and 0 for entries of contents, by its number."""
    start = head.find("{\\stylesheet")
    levels = {}
    for number, properties, shown in _STYLE.findall(head[start:] if start >= 0 else ""):
        match = _STYLE_LEVEL.search(properties)
        name = _decoded(shown, fonts)
        level = int(match[1]) + 1 if match else level_of_name(name)
        if level or is_contents_style(name):
            levels[number] = level
    return levels


class _Writer:
    """Adds what striprtf gave to a draft, led by the marks in it."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._page = 1
        self._text: list[str] = []
        self._open: list[tuple[str, list[str]]] = []
        """What is gathered apart from the text around it, by the mark that it began with."""
        self._boxes: list[str] = []
        self._entries: list[str] = []
        """Of contents: they are added if there is nothing else."""
        self._table_boxes: list[str] = []
        self._notes: list[tuple[int, str, str]] = []
        self._items: list[tuple[int, str, str]] = []
        self._cells: list[str] = []
        self._rows: list[list[str]] = []
        self._edges: list[str] = []
        """Where the cells of the row end, as they are defined."""
        self._row_edges: list[list[str]] = []
        self._header_rows = 0
        self._remarks: list[str] = []
        self._table_remarks: list[str] = []
        self._is_header = self._in_table = self._is_entry = False
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
        while self._open:  # the file was cut short
            self._end_inner(_ENDS[self._open[-1][0]])
        self._end_paragraph()
        self._add_remarks()
        self._close()
        self._add_boxes()
        for entry in () if self._draft.length else self._entries:
            self._draft.paragraph(entry)
        if self._notes:
            self._draft.heading("Footnotes", 2)
            self._draft.listing(self._notes)
        if concealed:
            self._draft.note("hidden_text", f"{concealed} hidden characters were left out.")

    def _follow(self, mark: str) -> None:
        if mark == WIDTHS:
            self._edges = []
        elif mark in _ENDS:
            self._open.append((mark, self._text))
            self._text = []
        elif mark in _ENDS.values():
            self._end_inner(mark)
        elif mark == LINE:
            self._text.append("\n")
        elif self._open:
            self._follow_inside(mark)
        elif mark == "\n":
            self._text.append(" ") if self._in_table else self._end_paragraph()
        elif mark == PARD:
            self._level = self._depth = 0
            self._in_table = self._is_entry = False
        elif mark == IN_TABLE:
            self._in_table = True
        elif mark == HEADER:
            self._is_header = True
        elif mark == CELL:
            self._cells.append(one_line(self._take()))
        elif mark == INNER_CELL:
            before = "".join(self._text[-_FEW_PIECES:]).rstrip()
            if before and not before.endswith(";"):
                self._text.append("; ")
        elif mark == INNER_ROW:
            self._text = [self._take().removesuffix("; "), " "]
        elif mark == ROW:
            self._end_row()
        elif mark == PAGE:
            if not self._in_table:
                self._end_paragraph()
                self._close()
                if self._draft.length:
                    self._page += 1
                    self._draft.page(self._page)
        elif mark == CONTENTS:
            self._is_entry = True
        elif mark in OUTLINE:
            self._level = OUTLINE.index(mark) + 1
        elif mark in DEPTH:
            self._depth = DEPTH.index(mark)

    def _follow_inside(self, mark: str) -> None:
        """Follows a mark in what is gathered apart, whose paragraphs and rows are lines, or blanks in a note."""
        if mark in ("\n", ROW, INNER_ROW):
            self._text.append("\n" if self._open[-1][0] == BOX else " ")
        elif mark in (CELL, INNER_CELL):
            self._text.append(CELL_SEPARATOR)

    def _end_inner(self, mark: str) -> None:
        if not self._open or _ENDS[self._open[-1][0]] != mark:
            return
        kind, around = self._open.pop()
        inner, self._text = self._take(), around
        if kind == EDGE:
            self._edges.append(inner.strip())
        elif kind == BOX:
            lines = (one_line(line).removesuffix(CELL_SEPARATOR.rstrip()) for line in inner.split("\n"))
            self._boxes.append("\n".join(filter(None, lines)))
        elif kind == MARKER:
            marker = one_line(inner)[:_MAX_MARKER_CHARS]
            says = any(character.isalnum() for character in marker) or marker in CHECKS
            self._marker = marker if marker and says else "-"
            if self._open:
                self._text.append(f"{self._marker} ")
                self._marker = None
        elif kind == REMARK:
            self._remarks.append(one_line(inner))
        elif text := one_line(inner):
            number = len(self._notes) + 1
            self._notes.append((0, f"[{number}]", text))
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
        self._row_edges.append(self._edges)
        self._cells, self._is_header = [], False
        self._table_remarks += self._remarks
        self._table_boxes += self._boxes
        self._remarks, self._boxes = [], []

    def _end_paragraph(self) -> None:
        text = "\n".join(one_line(line) for line in self._take().split("\n")).strip()
        marker, self._marker = self._marker, None
        if text and self._is_entry and leads_to_page(text):
            self._entries.append(text)
        elif text:
            self._add_paragraph(text, marker)
        if not self._in_table:
            self._add_remarks()
            self._add_boxes()

    def _add_boxes(self) -> None:
        """Adds the text boxes that are tied to what was written."""
        boxes, self._boxes = self._boxes, []
        for box in boxes:
            self._close()
            self._draft.paragraph(box)

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
            self._row_edges.append(self._edges)
            self._cells = []
        rows, copies = in_columns(self._rows, self._row_edges)
        header_rows, self._rows, self._row_edges, self._header_rows = self._header_rows, [], [], 0
        self._draft.count_cells(len(copies.left))
        self._draft.table(rows, header_rows or None, copies=copies)
        beside, self._table_remarks, self._table_boxes = [*self._table_remarks, *self._table_boxes], [], []
        for text in beside:
            self._draft.paragraph(text)


def _info(head: str, field: str, fonts: Fonts) -> str:
    """Returns a field of the document's information; where it stands twice, the second is in Unicode."""
    found = re.findall(r"\{\\" + field + r"\b ?((?:[^{}]|\{[^{}]*\})*)\}", head)
    return _decoded(found[-1], fonts) if found else ""


def _decoded(text: str, fonts: Fonts) -> str:
    own = replace(fonts, sets={}, default="")
    return one_line(_to_text("".join(Marking(f"{{\\rtf1 {text}}}", {}, own).pieces()), own))


def _to_text(source: str, fonts: Fonts) -> str:
    text: str = rtf_to_text(source, encoding=fonts.codec, errors="replace")  # type: ignore[no-untyped-call]
    return text


def _as_date(match: re.Match[str]) -> datetime | None:
    year, month, day, hour, minute = (int(part or 0) for part in match.groups())
    try:
        return datetime(year, month, day, hour, minute, tzinfo=UTC)
    except ValueError:
        return None
