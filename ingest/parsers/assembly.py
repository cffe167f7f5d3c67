"""From a parser's pieces to one :class:`~corpus.types.Document`, cleaned the same way for every format.

A parser opens pages and adds blocks to a :class:`Draft`; the draft cleans their text, joins them with blank
lines, counts the offsets and checks the limits. A table's row is one line, its cells stand between ``" | "``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from corpus.errors import LimitError, ParseError
from corpus.patterns import pattern
from corpus.types import Block, BlockKind, Document, Note, Page
from ingest.parsers.cleaning import clean_text, one_line
from ingest.parsers.dates import as_utc
from ingest.parsers.decoding import Decoded
from ingest.parsers.findings import repeated_pages
from ingest.parsers.merged import NO_COPIES, Copies, fit_rows
from ingest.parsers.titles import clean_title, given_title, title_from_name

CELL_SEPARATOR = " | "
_BLOCK_SEPARATOR = "\n\n"
_MAX_NOTES = 500
_SHOWN_CHARS = 40
_TRAILING = pattern(r"(?<![ \t])[ \t]++$", re.MULTILINE)
_BLANK_LINES = pattern(r"\n{3,}")
_NUMERIC = pattern(r"[-+(]?[$€£¥￥△▲]?\s*[\d,.]+\s*[%％)]?")
_NO_TURNS: Mapping[int, Callable[[], None]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost. Counted in megabytes, pages, characters and table cells.

    ``ocr_s`` is the time in which text recognition may read pictures of pages, 0 for not at all;
    ``nesting`` says how deep containers (archives, mails with attachments) are opened one in another.
    """

    max_file_mb: int = 100
    max_pages: int = 2000
    max_text_chars: int = 10_000_000
    max_cells: int = 1_000_000
    max_archive_members: int = 1000
    max_archive_ratio: int = 200
    nesting: int = 1
    ocr_s: float = 0.0


class Draft:
    """A document being read. Pages come in order, each followed by its blocks.

    A parser that never calls :meth:`page` gets one page, number 1.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._pieces: list[str] = []
        self._length = 0
        self._pages: list[tuple[int, str, int, int]] = []  # number, label, start, end
        self._blocks: list[Block] = []
        self._notes: list[Note] = []
        self._hidden: dict[int, int] = {}
        self._cells = 0

    @classmethod
    def of(cls, decoded: Decoded, limits: Limits) -> Draft:
        """Returns one for a file's text; what of it could not be read is noted."""
        draft = cls(limits)
        if decoded.replaced:
            draft.note("damaged_text", decoded.loss)
        return draft

    @property
    def length(self) -> int:
        """How many characters the text has so far."""
        return self._length

    def page(self, number: int, label: str = "") -> None:
        """Starts a page; what is added from here on stands on it.

        Raises:
            LimitError: ``too_many_pages``.
        """
        if len(self._pages) >= self._limits.max_pages:
            raise LimitError(
                f"The file has more than {self._limits.max_pages} pages.",
                code="too_many_pages",
                hint="Split it, or raise max_pages.",
            )
        self._pages.append((number, "" if label == str(number) else clean_title(label), -1, -1))

    def heading(self, text: str, level: int) -> None:
        """Adds a heading of level 1 to 6 (others are brought into that range), as one line."""
        self._add("heading", one_line(self._clean(text)), level=min(max(level, 1), 6))

    def paragraph(self, text: str) -> None:
        """Adds a paragraph."""
        self._add("paragraph", self._clean(text))

    def code(self, text: str) -> None:
        """Adds preformatted text; its indentation is kept."""
        cleaned = self._clean(text).strip("\n")
        self._add("code", cleaned, keep_indent=True)

    def listing(self, items: Sequence[tuple[int, str, str]]) -> None:
        """Adds a list of ``(depth, marker, text)``; depth counts from 0 and is shown by two spaces each.

        A line without a mark (of code, below an item) keeps its indentation.
        """
        lines = []
        for depth, marker, text in items:
            cleaned = " ".join(filter(None, map(str.strip, self._clean(text).split("\n"))))
            if not marker and cleaned:
                cleaned = text[: len(text) - len(text.lstrip(" "))] + cleaned
            if cleaned:
                lines.append(f"{'  ' * min(depth, 12)}{marker} {cleaned}".rstrip())
        self._add("list", "\n".join(lines), keep_indent=True)

    def count_cells(self, number: int) -> None:
        """Counts cells read; a parser says so row by row, before it keeps them.

        Raises:
            LimitError: ``too_many_cells``.
        """
        self._cells += number
        if self._cells > self._limits.max_cells:
            raise LimitError(
                f"The file has more than {self._limits.max_cells} table cells.",
                code="too_many_cells",
                hint="Split it, or raise max_cells.",
            )

    def table(
        self,
        rows: Sequence[Sequence[str]],
        header_rows: int | None = None,
        *,
        copies: Copies | None = NO_COPIES,
        turns: Mapping[int, Callable[[], None]] = _NO_TURNS,
    ) -> None:
        """Adds a table: one line a row; empty rows and columns are left out.

        Args:
            rows: cells as text, merged ones in each place that they cover; rows may be of different length.
            header_rows: how many rows at the top are the header; None lets their look decide.
            copies: the places in which a cell only goes on (:mod:`ingest.parsers.merged` says what is shown of
                those); None where nobody knows: then a row of equal texts is taken for one cell.
            turns: what starts the page, or the pages, on which a row (by its index) is the first; the table's rest
                has its header as well.
        """
        cells = [[one_line(self._clean(cell)) for cell in row] for row in rows]
        lines, is_form = fit_rows(cells, copies or NO_COPIES)
        if header_rows is None:
            header_rows = 0 if is_form else _guess_header(lines)
        width = max(map(len, lines), default=0)
        if copies is None:
            lines = [_as_one(line) for line in lines]
        shown = [CELL_SEPARATOR.join(line).strip() if any(line) else "" for line in lines]
        header = "\n".join(filter(None, shown[:header_rows]))
        starts = [0, *sorted(at for at in turns if 0 < at < len(shown))]
        for start, stop in zip(starts, [*starts[1:], len(shown)], strict=True):
            if start:
                turns[start]()
            part = "\n".join(filter(None, shown[start:stop]))
            if width == 1:
                self.paragraph(part)
            else:
                self._add("table", part, header=header)

    def include(self, document: Document) -> None:
        """Adds the blocks and notes of a document that was read by itself, all on the page that is open.

        Raises:
            LimitError: ``too_much_text``.
        """
        for block in document.blocks:
            text = document.text[block.start : block.end]
            self._add(block.kind, text, block.level, block.header, keep_indent=True)
        for note in document.notes:
            self.note(note.code, note.message)

    def note(self, code: str, message: str, page: int = 0) -> None:
        """Adds a remark for the ingest report; beyond 500 they are dropped."""
        if len(self._notes) < _MAX_NOTES:
            self._notes.append(Note(code, clean_title(message), page))

    def finish(
        self,
        *,
        name: str,
        content_type: str,
        title: str = "",
        language: str = "",
        date: datetime | None = None,
        metadata: Mapping[str, str] | None = None,
        pictures: int = 0,
        may_be_silent: bool = False,
    ) -> Document:
        """Returns the document; ``pictures`` are those that the file holds, to be told where there is no text.

        ``may_be_silent``: whether it may have no text, as a cover has to which files are attached.
        The title falls back to the first heading, then to the file's name. The language, unless given, is
        detected from the text.

        Raises:
            ParseError: ``no_text``, when nothing but white space was found, or no letter and no figure.
        """
        for page, count in sorted(self._hidden.items()):
            self.note("hidden_text", f"{count} hidden characters were removed.", page)
        text = "".join(self._pieces)
        if not (text or may_be_silent):
            raise _silent(name, pictures, [one.message for one in self._notes if one.code == "hidden_text"])
        if text and not any(map(str.isalnum, text)):
            raise _wordless(name, text)
        pages = self._closed_pages()
        for page, first in repeated_pages((one.number, text[one.start : one.end]) for one in pages):
            self.note("duplicate_page", f"The page says the same as page {first}.", page)
        heading = next((text[b.start : b.end] for b in self._blocks if b.kind == "heading"), "")
        return Document(
            text=text,
            pages=tuple(pages),
            blocks=tuple(self._blocks),
            title=given_title(title) or clean_title(heading) or title_from_name(name),
            content_type=content_type,
            language=_plain_language(language) or _detect_language(text),
            date=as_utc(date),
            metadata={clean_title(k): clean_title(v) for k, v in (metadata or {}).items() if clean_title(v)},
            notes=tuple(self._notes),
        )

    def _clean(self, text: str) -> str:
        cleaned, hidden = clean_text(text)
        if hidden:
            page = self._pages[-1][0] if self._pages else 0
            self._hidden[page] = self._hidden.get(page, 0) + hidden
        return cleaned

    def _add(
        self, kind: BlockKind, text: str, level: int = 0, header: str = "", keep_indent: bool = False
    ) -> None:
        text = _BLANK_LINES.sub("\n\n", _TRAILING.sub("", text))
        text = text.rstrip() if keep_indent else text.strip()
        if not text.strip():
            return
        if not self._pages:
            self.page(1)
        if self._pieces:
            self._pieces.append(_BLOCK_SEPARATOR)
            self._length += len(_BLOCK_SEPARATOR)
        start = self._length
        self._pieces.append(text)
        self._length += len(text)
        if self._length > self._limits.max_text_chars:
            raise LimitError(
                f"The file holds more than {self._limits.max_text_chars} characters of text.",
                code="too_much_text",
                hint="Split it, or raise max_text_chars.",
            )
        number, label, page_start, _ = self._pages[-1]
        self._pages[-1] = (number, label, start if page_start < 0 else page_start, self._length)
        self._blocks.append(Block(kind, start, self._length, level, header))

    def _closed_pages(self) -> list[Page]:
        pages = []
        position = 0
        for number, label, start, end in self._pages:
            if start < 0:
                start = end = position
            pages.append(Page(number, start, end, label))
            position = end
        return pages


def _silent(name: str, pictures: int, hidden: Sequence[str]) -> ParseError:
    if hidden:
        return ParseError(
            f"{name} holds no text that is seen. {hidden[0]}",
            code="no_text",
            hint="Show in it what is hidden, if that is to be found.",
        )
    if not pictures:
        return ParseError(f"{name} holds no text.", code="no_text", hint="Check that it is the right file.")
    shown = "one picture" if pictures == 1 else f"{pictures} pictures"
    return ParseError(
        f"{name} holds no text but {shown}; those are read in PDF alone.",
        code="no_text",
        hint="Save it as PDF and add that; there words in pictures are read if text recognition is installed.",
    )


def _wordless(name: str, text: str) -> ParseError:
    shown = one_line(text)
    shown = shown if len(shown) <= _SHOWN_CHARS else f"{shown[:_SHOWN_CHARS]}…"
    return ParseError(
        f"{name} holds no words, only signs: {shown}",
        code="no_text",
        hint="Check that it is the right file, and that what its signs belong to is text and no picture.",
    )


def _guess_header(lines: Sequence[Sequence[str]]) -> int:
    """Says whether the first row looks like a header: filled, short, and no number in it."""
    if len(lines) < 2:
        return 0
    first = lines[0]
    if len(first) > 1 and not first[0] and any(first) and lines[1][0]:
        return 1
    filled = [cell for cell in first if cell]
    if len(filled) < max(2, len(first) - 1) or len(set(filled)) < 2:
        return 0
    wordy = all(len(cell) <= 60 and not _NUMERIC.fullmatch(cell) for cell in filled)
    return 1 if wordy else 0


def _as_one(cells: list[str]) -> list[str]:
    """Returns a row of equal texts as one cell over the whole row; equal numbers are none."""
    return cells[:1] if len(set(cells)) == 1 and not _NUMERIC.fullmatch(cells[0]) else cells


def _plain_language(code: str) -> str:
    """Returns the ISO 639-1 part of a language tag (``ja-JP`` gives ``ja``), "" when there is none."""
    match = re.match(r"\s*([A-Za-z]{2})(?:[-_]|\s*$)", code)
    return match[1].lower() if match else ""


def _detect_language(text: str) -> str:
    from corpus.language import detect_language

    return detect_language(text)
