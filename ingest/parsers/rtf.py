"""RTF documents: text in its real encodings, with headings, lists, tables, footnotes and page breaks.

striprtf knows which groups are no text and how characters are coded; what it forgets (paragraph ends, cells,
outline levels) is marked before with characters that no text has. Kept: headings by their outline level, lists with
their markers, tables with header rows, footnotes; title, author and date; reviewers' remarks behind what they are
about. Not kept: pictures, embedded objects, text boxes, headers and footers, deleted revisions and hidden text (noted),
link targets. A page begins where a break was set.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from striprtf.striprtf import rtf_to_text

from corpus.patterns import pattern
from corpus.types import Document
from ingest.parsers.assembly import Draft, Limits
from ingest.parsers.cleaning import one_line
from ingest.parsers.detection import RTF
from ingest.parsers.word.styles import level_of_name

TOKEN = pattern(
    r"\\([A-Za-z]{1,32})(-?\d{1,20})? ?|\\'([0-9A-Fa-f]{2})|\\([^A-Za-z])|([{}])|[\r\n]+|([^\\{}\r\n]+)|\\",
)
_MARKS = [chr(0xFDD0 + number) for number in range(32)]
(
    _HIDE,
    _SHOW,
    _PARD,
    _IN_TABLE,
    _CELL,
    _ROW,
    _HEADER,
    _PAGE,
    _NOTE,
    _NOTE_END,
    _MARKER,
    _MARKER_END,
    _LINE,
) = _MARKS[:13]
_OUTLINE, _DEPTH, _REMARK = _MARKS[13:22], _MARKS[22:31], _MARKS[31]
_PIECE = pattern(f"([{_MARKS[0]}-{_MARKS[-1]}\n])")
_WORD_MARKS = {
    "pard": _PARD, "intbl": _IN_TABLE, "trhdr": _HEADER, "pagebb": _PAGE, "page": _PAGE, "cell": _CELL,
    "nestcell": _CELL, "row": _ROW, "nestrow": _ROW, "line": _LINE, "lbr": _LINE,
}  # fmt: skip
_REPLACED = frozenset({"cell", "nestcell", "row", "nestrow", "line", "lbr", "page"})
FONT = pattern(r"\\f(\d{1,5})[^{};]{0,200}?\\fcharset(\d{1,3})")
_TWO_BYTE_SETS = frozenset({"128", "129", "134", "136"})
_TWO_BYTE_PAGES = frozenset({"932", "936", "949", "950"})
CODE_PAGE = pattern(r"\\ansicpg(\d{1,5})")
_REVISED = pattern(
    r"\{\\(?:revtim|creatim)\\yr(\d{4})\\mo(\d{1,2})\\dy(\d{1,2})(?:\\hr(\d{1,2})\\min(\d{1,2}))?"
)
_STYLE = pattern(
    r"\{\\s(\d{1,5})((?:\\(?!u-?\d)[a-z]+-?\d*|\s)*+)((?:[^{};\\]|\\'[0-9a-f]{2}|\\u-?\d+ ?\??)++);\}",
    re.IGNORECASE,
)
_STYLE_LEVEL = pattern(r"\\outlinelevel([0-8])(?!\d)")
_WRITER = pattern(r"\\atnauthor ([^{}]{1,200})\}")
_REPLACEMENT = "\ufffd"
_HEAD_CHARS = 200_000
_MAX_MARKER_CHARS = 12
_MAX_DIGITS = 10
"""Of a number: striprtf takes those beyond them for text."""
_BINARY = r"[\0-\x08\x0e-\x19\x1b-\x1f]"
_NO_BINARY = r"(?:(?!\\bin\d)[^\0-\x08\x0e-\x19\x1b-\x1f])"
_BINARY_DATA = pattern(rf"(?:{_NO_BINARY}{{0,64}}+{_BINARY}(?:{_NO_BINARY}{{0,4096}}+{_BINARY})*+)?+")
"""What is surely data: a text has no such characters, pictures have one in ten bytes, but for texts in them."""


def read(data: bytes, name: str, limits: Limits) -> Document:
    """Returns an RTF document.

    Raises:
        ParseError: ``no_text``.
        LimitError: a limit of the draft.
    """
    source = data.decode("latin-1")
    marking = _Marking(source, _heading_styles(source[:_HEAD_CHARS]))
    text = _to_text("".join(marking.pieces()))
    # Characters beyond the first plane are written as two halves.
    text = text.encode("utf-16", errors="surrogatepass").decode("utf-16", errors="replace")
    draft = Draft(limits)
    if _REPLACEMENT in text:
        draft.note("damaged_text", f"{text.count(_REPLACEMENT)} characters could not be read.")
    if marking.overlong:
        draft.note(
            "damaged_text", "Binary data is said to go on beyond the file's end: see whether text is missing."
        )
    writer = _Writer(draft)
    writer.write(text)
    head = source[:_HEAD_CHARS]
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


class _Marking:
    """A source being marked: what of its groups is open at the place that is read."""

    def __init__(self, source: str, styles: Mapping[str, int]) -> None:
        self._source, self._styles = source, styles
        start = source.find("{\\fonttbl")
        self._fonts = dict(FONT.findall(source[start : start + _HEAD_CHARS])) if start >= 0 else {}
        page = CODE_PAGE.search(source[:_HEAD_CHARS])
        self._two_byte_page = page is not None and page[1] in _TWO_BYTE_PAGES
        self._position = 0
        self._hidden, self._font = False, ""
        self._closing = ""
        """The mark that the end of the open group calls for."""
        self._outer: list[tuple[bool, str, str]] = []
        self._writer = ""
        """Of the remark to come."""
        self._lead = False
        """The first of two bytes came as \\'xx; the second may stand as a plain letter."""

        self.overlong = False
        """Whether binary data would go on beyond the end."""
        self._end = len(source.rstrip("\0"))

    def pieces(self) -> Iterator[str]:
        """Yields the source with marks for what striprtf would forget, and every character in pure ASCII."""
        while match := TOKEN.match(self._source, self._position):
            self._position = match.end()
            word, number, code, sign, brace, plain = match.groups()
            if plain and not self._lead and plain.isascii():
                yield plain
            elif code or plain or (self._lead and sign):
                yield from self._characters(plain, code, sign)
            else:
                self._lead = self._lead and not (brace or word or sign)
                if brace:
                    yield self._open() if brace == "{" else self._close()
                elif sign == "*":
                    yield self._starred()
                elif word:
                    yield self._control(word, number, match[0])
                else:
                    yield match[0]

    def _characters(self, plain: str | None, code: str | None, sign: str | None) -> Iterator[str]:
        if sign:  # a second byte that looks like a backslash, itself escaped or not
            is_escaped = sign in "\\{}"
            plain = sign if is_escaped else "\\"
            self._position -= not is_escaped
        charset = self._fonts.get(self._font)
        two_byte = self._two_byte_page if charset is None else charset in _TWO_BYTE_SETS
        for character in plain or chr(int(code or "", 16)):
            if self._lead or code or character > "\x7f":
                self._lead = two_byte and not self._lead and ord(character) in _LEADS
                yield f"\\'{ord(character):02x}"
            else:
                yield character

    def _open(self) -> str:
        self._outer.append((self._hidden, self._font, self._closing))
        self._closing = ""
        return "{"

    def _close(self) -> str:
        shown, before = self._closing + "}", self._hidden
        if self._outer:
            self._hidden, self._font, self._closing = self._outer.pop()
        return shown if self._hidden == before else shown + (_HIDE if self._hidden else _SHOW)

    def _starred(self) -> str:
        r"""Returns ``\*``, for a reader to leave out a group that it does not know; "" before remarks and notes."""
        if self._source.startswith(("\\annotation", "\\footnote"), self._position):
            return ""
        if found := _WRITER.match(self._source, self._position):
            self._writer = found[1].strip()
        return "\\*"

    def _control(self, word: str, number: str | None, shown: str) -> str:
        """Returns what stands for a control word."""
        if word == "bin":
            self._skip(max(int(number or 0), 0))
            return ""
        if number and len(number) > _MAX_DIGITS:
            number = number[:_MAX_DIGITS]
            shown = f"\\{word}{number} "
        if word == "u" and number and not -0x8000 <= int(number) <= sys.maxunicode:
            return f"\\u{ord(_REPLACEMENT)} "
        if word == "annotation":
            by, self._writer, self._closing = self._writer, "", _NOTE_END
            return f"\\z {_REMARK}{f'Comment ({by}): ' if by else 'Comment: '}"
        if word == "footnote":
            self._closing = _NOTE_END
            return f"\\z {_NOTE}"
        if word in ("listtext", "pntext"):
            self._closing = _MARKER_END
            return f"\\z {_MARKER}"
        if word in ("v", "deleted", "plain"):
            self._hidden = word != "plain" and number != "0"
            return f"\\{word}{number or ''} {_HIDE if self._hidden else _SHOW}"
        if word == "f" and number:
            self._font = number
            return shown
        if word == "s" and number and number in self._styles:
            return shown + f"\\z {_OUTLINE[min(self._styles[number], 9) - 1]}"
        if word == "field":
            return "\\field "  # so that a link's target is not shown beside its words
        if word in ("outlinelevel", "ilvl"):
            levels = _OUTLINE if word == "outlinelevel" else _DEPTH
            return f"\\z {levels[int(number)]}" if number and 0 <= int(number) < len(levels) else "\\z "
        if word in _WORD_MARKS:
            return f"\\{'z' if word in _REPLACED else word} {_WORD_MARKS[word]}"
        return shown

    def _skip(self, length: int) -> None:
        """Passes over binary data; when its length is beyond the end, over what is surely no text."""
        if length > len(self._source) - self._position:
            self.overlong = True
            found = _BINARY_DATA.match(self._source, self._position, self._end)
            length = found.end() - self._position if found else 0
        self._position += length


_LEADS = frozenset(range(0x81, 0xA0)) | frozenset(range(0xE0, 0xFD))


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
        for piece in _PIECE.split(text):
            if piece in (_HIDE, _SHOW):
                hidden = piece == _HIDE
            elif len(piece) == 1 and (piece == "\n" or piece in _MARKS):
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
        elif mark == _LINE:
            self._text.append("\n")
        elif mark == _PARD:
            if not self._outer:
                self._level = self._depth = 0
                self._in_table = False
        elif mark == _IN_TABLE:
            self._in_table = True
        elif mark == _HEADER:
            self._is_header = True
        elif mark == _CELL:
            self._cells.append(one_line(self._take()))
        elif mark == _ROW:
            self._end_row()
        elif mark == _PAGE:
            if not self._in_table and not self._outer:
                self._end_paragraph()
                self._close()
                if self._draft.length:
                    self._page += 1
                    self._draft.page(self._page)
        elif mark in (_NOTE, _MARKER, _REMARK):
            # What begins within a paragraph is gathered apart; one within another is part of it.
            if not self._outer:
                self._outer, self._text = [*self._text, ""], []
                self._is_remark = mark == _REMARK
        elif mark in (_NOTE_END, _MARKER_END):
            self._end_inner(mark)
        elif mark in _OUTLINE:
            self._level = _OUTLINE.index(mark) + 1
        elif mark in _DEPTH:
            self._depth = _DEPTH.index(mark)

    def _end_inner(self, mark: str) -> None:
        if not self._outer:
            return
        inner = one_line(self._take())
        self._text, self._outer = self._outer, []
        if mark == _MARKER_END:
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
    return one_line(_to_text("".join(_Marking(source, {}).pieces())))


def _to_text(source: str) -> str:
    text: str = rtf_to_text(source, errors="replace")  # type: ignore[no-untyped-call]
    return text


def _as_date(match: re.Match[str]) -> datetime | None:
    year, month, day, hour, minute = (int(part or 0) for part in match.groups())
    try:
        return datetime(year, month, day, hour, minute, tzinfo=UTC)
    except ValueError:
        return None
