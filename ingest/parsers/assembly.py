"""From a parser's pieces to one :class:`~corpus.types.Document`, cleaned the same way for every format.

A parser opens pages and adds blocks to a :class:`Draft`; the draft cleans their text, joins them with blank
lines, counts the offsets and checks the limits. A table's row is one line, its cells stand between ``" | "``.

What is cleaned: control characters, zero-width, bidirectional and tag characters, soft hyphens,
private-use characters, typographic spaces, ligatures and the look-alike radicals that PDF fonts give for
Japanese characters. Text is composed (NFC) but not folded (no NFKC): ``①``, ``㈱`` and full-width letters
stay as written.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from types import MappingProxyType

from corpus.errors import LimitError, ParseError
from corpus.patterns import pattern
from corpus.types import Block, BlockKind, Document, Note, Page
from ingest.parsers.findings import repeated_pages

CELL_SEPARATOR = " | "
_BLOCK_SEPARATOR = "\n\n"
_MAX_NOTES = 500
_MAX_TITLE_CHARS = 300

FEWEST_ENTRIES = 3
"""Links into its own page that make a list the page's contents."""
MOST_BESIDE_LINKS = 40
"""Letters that a list of contents has outside its links: its heading."""


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


# ---- cleaning ------------------------------------------------------------------------------------

_DELETED = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# Fillers that fonts, word processors and emoji leave behind; everything else deleted was put there to hide.
_HARMLESS = pattern("[\u00ad\u034f\u200b\u200e\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef]")
_ODD = pattern(
    f"[{_DELETED}\x00-\x08\x0b-\x1f\x7f-\x9f\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f"
    "\u2e80-\u2fdf\ud800-\udfff\ue000-\uf8ff\ufb00-\ufb06\ufdd0-\ufdef\ufffe\uffff\U000f0000-\U0010ffff]"
)
_HIDDEN = pattern(f"[{_DELETED}]")
_LOOSE_JOINER = pattern("(?<![^\x00-\x7f])[\u200c\u200d]+|[\u200c\u200d]+(?![^\x00-\x7f])")
_CONTROL = pattern("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ufdd0-\ufdef\ufffe\uffff]")
_NEWLINE = pattern("\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_SPACE = pattern("[\x1f\u00a0\u1680\u2000-\u200a\u202f\u205f]")
_BULLET = pattern("[\uf0a7\uf0b7\uf06c\uf06e\uf075\uf076\uf0d8\uf0fc\uf0e0]")
_PRIVATE = pattern("[\ue000-\uf8ff\U000f0000-\U0010ffff]+")
_COMPATIBILITY = pattern("[\u2e80-\u2fdf\ufb00-\ufb06]")
_SURROGATE = pattern("[\ud800-\udfff]")
_RADICALS = {
    "⺠": "民",
    "⻑": "長",
    "⻄": "西",
    "⻘": "青",
    "⻝": "食",
    "⻤": "鬼",
    "⻨": "麦",
    "⻩": "黄",
    "⻫": "斉",
}


def clean_text(text: str) -> tuple[str, int]:
    """Returns the text without invisible and broken characters, and how many were hidden on purpose.

    Line ends become ``\\n``. Lone surrogates become U+FFFD. Zero-width joiners stay between non-ASCII
    characters, where scripts and emoji need them. Soft hyphens, byte-order marks and variation selectors
    are removed without being counted: ordinary software writes them.
    """
    hidden = 0
    if _ODD.search(text):
        text = _NEWLINE.sub("\n", text)
        text = _SPACE.sub(" ", text)
        text = _LOOSE_JOINER.sub("", text)
        found = _HIDDEN.findall(text)
        if found:
            hidden = sum(1 for character in found if not _HARMLESS.match(character))
            text = _HIDDEN.sub("", text)
        text = _CONTROL.sub("", text)
        text = _BULLET.sub("•", text)
        text = _PRIVATE.sub(" ", text)
        text = _SURROGATE.sub("\ufffd", text)
        text = _COMPATIBILITY.sub(lambda m: _RADICALS.get(m[0]) or unicodedata.normalize("NFKC", m[0]), text)
    if not text.isascii() and not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
    return text, hidden


def one_line(text: str) -> str:
    """Returns the text with every run of white space as one space, and none at the ends."""
    return " ".join(text.split())


def clean_title(text: str) -> str:
    """Returns the text as a title: clean, one line, at most 300 characters."""
    return one_line(clean_text(text)[0])[:_MAX_TITLE_CHARS].strip()


def given_title(text: str) -> str:
    """Returns the title that a program wrote into a file; "" where nobody thought of one (``Untitled``, ``文書 1``)."""
    title = clean_title(text)
    return "" if _NO_TITLE.match(title) or not any(map(str.isalnum, title)) else title


def title_from_name(name: str) -> str:
    """Returns a readable title from a file's name: ``travel-policy_v2.md`` gives ``travel policy v2``."""
    stem = PurePosixPath(name.replace("\\", "/")).name
    stem = stem[: stem.rindex(".")] if "." in stem.lstrip(".") else stem
    return clean_title(re.sub(r"[_\-\s]+", " ", stem)) or clean_title(name) or "untitled"


_NO_TITLE = pattern(
    r"(?:untitled(?:[- ]?\d+| (?:document|presentation|spreadsheet))?|no title|無題(?:の.{1,12})?|タイトルなし"
    r"|名称未設定|(?:power ?point )?(?:presentation|プレゼンテーション)|(?:slide|スライド|document|文書|book) ?\d{1,3}"
    r"|microsoft (?:word|powerpoint|excel) - .*|print|\(anonymous\))\Z",
    re.IGNORECASE,
)
"""What programs write where a title should stand."""

# ---- the draft -----------------------------------------------------------------------------------

_TRAILING = pattern(r"(?<![ \t])[ \t]++$", re.MULTILINE)
_BLANK_LINES = pattern(r"\n{3,}")
_NUMERIC = pattern(r"[-+(]?[$€£¥￥△▲]?\s*[\d,.]+\s*[%％)]?")


_NO_TURNS: Mapping[int, Callable[[], None]] = MappingProxyType({})


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
        """Adds a list of ``(depth, marker, text)``; depth counts from 0 and is shown by two spaces each."""
        lines = []
        for depth, marker, text in items:
            cleaned = " ".join(filter(None, map(str.strip, self._clean(text).split("\n"))))
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
        spans: bool = True,
        turns: Mapping[int, Callable[[], None]] = _NO_TURNS,
    ) -> None:
        """Adds a table: one line a row; empty rows and columns are left out.

        Args:
            rows: cells as text; rows may be of different length.
            header_rows: how many rows at the top are the header; None lets their look decide.
            spans: a cell over several columns is given for each of them; over all, it is shown once.
            turns: what starts the page, or the pages, on which a row (by its index) is the first; the table's rest
                has its header as well.
        """
        cells = [[one_line(self._clean(cell)) for cell in row] for row in rows]
        width = max((len(row) for row in cells), default=0)
        used = [i for i in range(width) if any(i < len(row) and row[i] for row in cells)]
        lines = [[row[i] if i < len(row) else "" for i in used] for row in cells]
        if header_rows is None:
            header_rows = _guess_header(lines)
        shown = [_show_row(line, spans) if any(line) else "" for line in lines]
        header = "\n".join(filter(None, shown[:header_rows]))
        starts = [0, *sorted(at for at in turns if 0 < at < len(shown))]
        for start, stop in zip(starts, [*starts[1:], len(shown)], strict=True):
            if start:
                turns[start]()
            part = "\n".join(filter(None, shown[start:stop]))
            if len(used) == 1:
                self.paragraph(part)
            else:
                self._add("table", part, header=header)

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
    ) -> Document:
        """Returns the document.

        The title falls back to the first heading, then to the file's name. The language, unless given, is
        detected from the text.

        Raises:
            ParseError: ``no_text``, when nothing but white space was found.
        """
        for page, count in sorted(self._hidden.items()):
            self.note("hidden_text", f"{count} hidden characters were removed.", page)
        text = "".join(self._pieces)
        if not text:
            raise ParseError(
                f"{name} holds no text.", code="no_text", hint="Check that it is the right file."
            )
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


def _show_row(cells: Sequence[str], spans: bool) -> str:
    """Returns a row as a line; a cell spanning the whole row is shown once (equal numbers are no span)."""
    filled = [cell for cell in cells if cell]
    if spans and len(filled) == len(cells) > 1 and len(set(filled)) == 1 and not _NUMERIC.fullmatch(cells[0]):
        return filled[0]
    return CELL_SEPARATOR.join(cells).strip()


def as_utc(date: datetime | None) -> datetime | None:
    """Returns the date in UTC (one without a zone is taken as UTC), or None where it cannot be one."""
    if date is None:
        return None
    try:
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (OverflowError, ValueError):
        return None


def read_date(value: str) -> datetime | None:
    """Returns the date in an ISO 8601 text (``2024-03-01``, ``2024-03-01T09:00:00Z``), else None."""
    match = re.match(r"\s*(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ]([\d:.]+)\s*(Z|[+-]\d\d:?\d\d)?)?", value)
    if match is None:
        return None
    year, month, day, time, zone = match.groups()
    shown = f"{year}-{int(month):02}-{int(day):02}"
    try:
        return as_utc(datetime.fromisoformat(f"{shown}T{time}{zone or ''}" if time else shown))
    except ValueError:
        try:
            return as_utc(datetime.fromisoformat(shown))
        except ValueError:
            return None


def _plain_language(code: str) -> str:
    """Returns the ISO 639-1 part of a language tag (``ja-JP`` gives ``ja``), "" when there is none."""
    match = re.match(r"\s*([A-Za-z]{2})(?:[-_]|\s*$)", code)
    return match[1].lower() if match else ""


def _detect_language(text: str) -> str:
    from corpus.language import detect_language

    return detect_language(text)


# ---- checking ------------------------------------------------------------------------------------


def verify(document: Document) -> None:
    """Checks what every document promises: a reply from a parsing child is not believed.

    Raises:
        ParseError: ``bad_reply``, naming the promise that is broken.
    """
    text, size = document.text, len(document.text)
    spans: tuple[Sequence[Page] | Sequence[Block], ...] = (document.pages, document.blocks)
    for run in spans:
        position = 0
        for span in run:
            if not position <= span.start <= span.end <= size:
                raise _broken("spans out of order or outside the text")
            position = span.end
    if any(page.number < 1 for page in document.pages):
        raise _broken("a page number below 1")
    if any(a.number >= b.number for a, b in zip(document.pages, document.pages[1:], strict=False)):
        raise _broken("page numbers not ascending")
    position = 0
    for page in document.pages:
        if not _is_blank(text, position, page.start):
            raise _broken("text outside every page")
        position = page.end
    if not _is_blank(text, position, size):
        raise _broken("text outside every page")
    if any((block.level == 0) == (block.kind == "heading") or block.level > 6 for block in document.blocks):
        raise _broken("a heading level out of range")
    if not document.title.strip() or not text.strip():
        raise _broken("no title or no text")


def _is_blank(text: str, start: int, end: int) -> bool:
    return start >= end or not text[start:end].strip()


def _broken(what: str) -> ParseError:
    return ParseError(f"The parser's reply cannot be used: {what}.", code="bad_reply")
