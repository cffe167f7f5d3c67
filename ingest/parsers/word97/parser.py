"""Word documents of the format of Word 97 to 2003: body text in reading order, with headings, lists, tables, notes.

Kept and left out is what :mod:`ingest.parsers.word.parser` keeps and leaves out of today's format, but for merged
cells, which are said once, and what is drawn or put in. A page begins where the writer broke it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise

from corpus.types import Document
from ingest.parsers.assembly import Draft, Limits
from ingest.parsers.cleaning import one_line
from ingest.parsers.detection import DOC
from ingest.parsers.ole import count_objects, read_properties
from ingest.parsers.remarks import Remark
from ingest.parsers.symbol_fonts import show_symbol
from ingest.parsers.word.fields import Fields
from ingest.parsers.word97.binary import DAMAGE, Binary, Range, damaged, open_binary
from ingest.parsers.word97.styles import (
    DEPTH,
    ENDS_ROW,
    HEADS,
    IN_TABLE,
    LEVEL,
    LIST,
    Style,
    read_numbering,
    read_styles,
)

_TURNS = {"\x13": "begin", "\x14": "separate", "\x15": "end"}
_SHOWN = {"\x0b": "\n", "\x1e": "-", "\x1f": "", "\xa0": "\xa0", "\t": "\t"}
_CELL, _PARAGRAPH, _PAGE, _NOTE, _REMARK = "\x07", "\r", "\x0c", "\x02", "\x05"
_ENDS = frozenset({_CELL, _PARAGRAPH, _PAGE})
_BODY_LEVEL = 9
_MOST_HEADING = 300


def read(data: bytes, name: str, limits: Limits) -> Document:
    """Returns a Word document of the old format.

    Raises:
        ParseError: ``damaged_file``, ``encrypted``, ``unsupported`` or ``no_text``.
        LimitError: a limit of the draft.
    """
    source = open_binary(data, name)
    draft = Draft(limits)
    try:
        writer = _Writer(draft, source)
        writer.write(*source.span(""))
        writer.write(*source.span("boxes"))
        writer.write_notes()
    except DAMAGE as error:
        raise damaged(name, error) from None
    if inside := count_objects(data):
        draft.note(
            "attachment_unread",
            f"Files that were put into this document were not read ({inside}): add them as files.",
        )
    if writer.unseen:
        draft.note("hidden_text", f"{writer.unseen} characters of hidden runs were left out.")
    title, date, author = read_properties(data)
    return draft.finish(name=name, content_type=DOC, title=title, date=date, metadata={"author": author})


class _Writer:
    """Adds the paragraphs and tables of a document to a draft."""

    def __init__(self, draft: Draft, source: Binary) -> None:
        self._draft, self._source = draft, source
        self._styles = read_styles(source)
        self._numbering, self._lists = read_numbering(source)
        self._fonts = list(_fonts(source.part(15)))
        self._notes = {
            place: kind
            for kind, index in (("footnotes", 2), ("endnotes", 46))
            for place in _places(source.part(index), 2)[:-1]
        }
        self._counts = {"footnotes": 0, "endnotes": 0}
        self._remarks = sorted(_remarks(source, self._text), key=lambda one: one[0])
        self._items: list[tuple[int, str, str]] = []
        self._rows: list[list[str]] = []
        self._cells: list[str] = []
        self._cell: list[str] = []
        self._header_rows = 0
        self._page = 1
        for first, last, at in source.styled:
            if at < len(self._styles) and self._styles[at].is_hidden:
                source.unseen[first:last] = b"\1" * (last - first)
        self.unseen = 0
        draft.page(1)

    def write(self, start: int, end: int) -> None:
        """Adds what stands between two places."""
        begin = start
        for place in range(start, end):
            mark = self._source.text[place]
            if mark in _ENDS and not (mark == _PARAGRAPH and self._source.unseen[place]):
                self._end_paragraph(begin, place, mark)
                begin = place + 1
        if begin < end:
            self._end_paragraph(begin, end, _PARAGRAPH)
        self._close()

    def write_notes(self) -> None:
        """Adds footnotes and endnotes as lists under their own headings."""
        for kind, index in (("footnotes", 3), ("endnotes", 47)):
            first, last = self._source.span(kind)
            places = [first + place for place in _places(self._source.part(index), 0)]
            notes = [self._text(begin, min(end, last)) for begin, end in pairwise(places)]
            if any(notes):
                self._draft.heading(kind.capitalize(), 2)
                self._draft.listing(
                    [(0, f"[{number}]", text) for number, text in enumerate(notes, 1) if text]
                )

    def _end_paragraph(self, start: int, end: int, mark: str) -> None:
        own = self._source.paragraph(min(end, len(self._source.text) - 1))
        style = self._styles[own.style] if own.style < len(self._styles) else Style()
        sprms = {**style.sprms, **own.sprms}
        if style.is_hidden:
            self._source.unseen[start:end] = b"\1" * (end - start)
        text = "\n".join(one_line(line) for line in self._shown(start, end).split("\n")).strip()
        if mark == _CELL or _is_on(sprms, IN_TABLE):
            self._follow_row(one_line(text), sprms, mark)
        else:
            self._close_table()
            if text and not style.is_contents:
                self._add(text, style, own, sprms)
        while self._remarks and self._remarks[0][0] <= end:
            remark = self._remarks.pop(0)[1]
            if self._cells or self._rows:
                self._cell.append(remark.shown)
            else:
                self._close_list()
                self._draft.paragraph(remark.shown)
        if mark == _PAGE and not (self._cells or self._rows):
            self._close()
            if self._draft.length:
                self._page += 1
                self._draft.page(self._page)

    def _add(self, text: str, style: Style, own: Range, sprms: Mapping[int, bytes]) -> None:
        given = own.sprms.get(LEVEL, b"\xff")[0]
        level = min(given + 1, 6) if given < _BODY_LEVEL else 0 if given == _BODY_LEVEL else style.level
        number = int.from_bytes(sprms.get(LIST, b"\0"), "little")
        depth = sprms.get(DEPTH, b"\0")[0]
        listed = 0 < number <= len(self._lists)
        marker = self._numbering.next_marker(self._lists[number - 1], depth) if listed else ""
        if level and len(text) <= _MOST_HEADING:
            self._close_list()
            self._draft.heading(f"{marker} {text}" if marker not in ("", "-") else text, level)
        elif marker:
            self._items.append((depth, marker, text))
        else:
            self._close_list()
            self._draft.paragraph(text)

    def _follow_row(self, text: str, sprms: Mapping[int, bytes], mark: str) -> None:
        self._close_list()
        if mark != _CELL:
            self._cell.append(text)
        elif _is_on(sprms, ENDS_ROW):
            self._draft.count_cells(len(self._cells))
            self._header_rows += _is_on(sprms, HEADS) and self._header_rows == len(self._rows)
            self._rows.append(self._cells)
            self._cells, self._cell = [], []
        else:
            self._cells.append(" ".join(filter(None, [*self._cell, text])))
            self._cell = []

    def _text(self, start: int, end: int) -> str:
        return one_line(self._shown(start, end))

    def _shown(self, start: int, end: int) -> str:
        """Returns what is seen between two places."""
        parts: list[str] = []
        fields = Fields(parts)
        for place in range(start, end):
            character = self._source.text[place]
            if character in _TURNS:
                fields.turn(_TURNS[character])
            elif self._source.unseen[place]:
                self.unseen += character >= " "
            elif place in self._source.symbols:
                font, symbol = self._source.symbols[place]
                parts.append(show_symbol(symbol, self._fonts[font] if font < len(self._fonts) else ""))
            elif character == _NOTE and place in self._notes:
                kind = self._notes[place]
                self._counts[kind] += 1
                parts.append(f"[{self._counts[kind]}]")
            elif character >= " ":
                parts.append(character)
                fields.instruct(character)
            else:
                parts.append(_SHOWN.get(character, " " if character in _ENDS else ""))
        return (
            "".join(parts).encode("utf-16-le", errors="surrogatepass").decode("utf-16-le", errors="replace")
        )

    def _close(self) -> None:
        self._close_list()
        self._close_table()

    def _close_list(self) -> None:
        items, self._items = self._items, []
        self._draft.listing(items)

    def _close_table(self) -> None:
        if self._cells or self._cell:
            self._rows.append([*self._cells, *self._cell])
        rows, headers = self._rows, self._header_rows
        self._rows, self._cells, self._cell, self._header_rows = [], [], [], 0
        self._draft.table(rows, headers or None)


def _is_on(sprms: Mapping[int, bytes], code: int) -> bool:
    return sprms.get(code, b"\0")[0] == 1


def _places(listed: bytes, size: int) -> list[int]:
    """Returns the places that a part lists, of which each but the last has so many bytes behind them all."""
    count = max(len(listed) - 4, 0) // (4 + size)
    return list(struct.unpack_from(f"<{count + bool(listed)}I", listed)) if listed else []


def _fonts(packed: bytes) -> Iterator[str]:
    """Yields the names of the fonts in their order."""
    at = 4
    while at < len(packed):
        size = packed[at]
        yield packed[at + 1 + 39 : at + 1 + size].decode("utf-16-le", errors="replace").partition("\0")[0]
        at += 1 + size


def _remarks(source: Binary, text_of: Callable[[int, int], str]) -> Iterator[tuple[int, Remark]]:
    """Yields what reviewers wrote, by the place that they wrote it at."""
    first, last = source.span("comments")
    listed = source.part(4)
    places, texts = _places(listed, 30), [first + place for place in _places(source.part(5), 0)]
    authors = list(_strings(source.part(36)))
    for at in range(min(len(places) - 1, len(texts) - 1)):
        by = struct.unpack_from("<h", listed, 4 * len(places) + 30 * at + 20)[0]
        text = text_of(texts[at], min(texts[at + 1], last))
        if text:
            yield places[at], Remark(authors[by] if 0 <= by < len(authors) else "", text)


def _strings(packed: bytes) -> Iterator[str]:
    at = 0
    while at + 2 <= len(packed):
        chars = struct.unpack_from("<H", packed, at)[0]
        yield packed[at + 2 : at + 2 + 2 * chars].decode("utf-16-le", errors="replace")
        at += 2 + 2 * chars
