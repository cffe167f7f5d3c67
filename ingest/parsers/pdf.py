"""PDF. The home of pypdfium2 (text, boxes, outline, labels, metadata) and of pypdf, the second reader.

PDFium gives characters with their boxes; :mod:`ingest.parsers.layout` makes lines, columns, tables and
paragraphs of them. Lines that stand at the same height on at least half of the pages are headers and
footers and are left out. Headings come from the outline where its titles are found on their pages, else
from size and weight. A page that comes out empty or garbled is read again with pypdf; one without any
text is noted.
"""

from __future__ import annotations

import ctypes
import io
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from corpus.errors import LimitError, ParseError
from corpus.types import Document
from ingest.parsers.assembly import Draft, Limits
from ingest.parsers.detection import PDF, encrypted
from ingest.parsers.layout import Piece, arrange
from ingest.parsers.lines import Rule, Word
from ingest.parsers.pdf_structure import (
    Headings,
    PageText,
    add_pieces,
    body_lines,
    find_title,
    plain_title,
    running_lines,
    undo_hyphens,
)

_GARBLED_SHARE = 0.05
_MAX_SECOND_READS = 50
_MAX_OBJECTS = 4000
_MAX_RULES = 1500
_TINY_POINTS = 1.5
_GARBLED = re.compile("[\ufffd\ue000-\uf8ff\U000f0000-\U0010ffff\x00-\x01\x03-\x08]")
_DUMMY_METADATA = ("", "unspecified", "anonymous")
_HEAVY = re.compile(r"bold|black|heavy|demi|-w[6-9]\b|soei")
_LINE_HYPHENS = "-\u2010\ufffe\x02"
_TOKEN = re.compile(r"\S+")


def read(data: bytes, name: str, limits: Limits) -> Document:
    """Returns a PDF file as a document.

    Raises:
        ParseError: ``encrypted`` (the empty password was tried), ``damaged_file``, ``no_text``.
        LimitError: ``too_many_pages``, or a limit of the draft.
    """
    try:
        pdf = open_pdf(data, name)
    except ParseError as error:
        if error.code != "damaged_file":
            raise
        return _read_with_second(data, name, limits, error)
    try:
        _check_pages(len(pdf), name, limits)
        return _read_pages(pdf, data, name, limits)
    finally:
        pdf.close()


def _check_pages(count: int, name: str, limits: Limits) -> None:
    if count > limits.max_pages:
        raise LimitError(
            f"{name} has {count} pages; the limit is {limits.max_pages}.",
            code="too_many_pages",
            hint="Split it, or raise max_pages.",
        )


def _read_with_second(data: bytes, name: str, limits: Limits, error: ParseError) -> Document:
    """Returns what pypdf makes of a file that PDFium cannot open: plain text, and a note that says so.

    Raises:
        ParseError: ``error``, when that is nothing.
    """
    second = _SecondReader(data)
    count = second.count()
    _check_pages(count, name, limits)
    draft = Draft(limits)
    draft.note("second_reader", "The file is damaged; what could be read was read with the second reader.")
    for index in range(count):
        draft.page(index + 1, "")
        text = second.text(index)
        for paragraph in re.split(r"\n\s*\n", text if _garbled_share(text) <= _GARBLED_SHARE else ""):
            draft.paragraph(paragraph)
    if not draft.length:
        raise error
    return draft.finish(name=name, content_type=PDF, title="", date=None, metadata={})


def open_pdf(data: bytes, name: str) -> Any:
    """Returns an open pypdfium2 document.

    Raises:
        ParseError: ``encrypted`` or ``damaged_file``.
    """
    try:
        pdf = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if pdfium.FPDF_GetLastError() == pdfium.FPDF_ERR_PASSWORD or "password" in str(error).lower():
            raise encrypted(name) from None
        raise _damaged(name, "it cannot be opened") from None
    if len(pdf) == 0:
        raise _damaged(name, "it has no pages")
    return pdf


def _damaged(name: str, why: str) -> ParseError:
    return ParseError(f"{name} is damaged: {why}.", code="damaged_file", hint="Get a whole copy of the file.")


# ---- one page ------------------------------------------------------------------------------------


_Font = tuple[str, bool]  # its name, and whether it is bold
_NO_FONT: _Font = ("", False)


def _read_page(page: Any, fonts: dict[int, _Font]) -> PageText:
    width, height = page.get_size()
    if pdfium.FPDFPage_GetRotation(page.raw) % 2:
        width, height = height, width  # boxes are given on the page as it lies in the file
    found = PageText(width, height)
    text_page = pdfium.FPDFText_LoadPage(page.raw)
    if not text_page:
        return found
    try:
        turns = _read_words(text_page, found, fonts)
    finally:
        pdfium.FPDFText_ClosePage(text_page)
    _read_objects(page.raw, found)
    if any(turns):
        _turn_upright(found, turns)
    found.words = _join_upright(found.words)
    return found


def _read_words(text_page: Any, found: PageText, fonts: dict[int, _Font]) -> list[int]:
    """Adds the page's words; returns for each how many quarter turns to the left its line is written."""
    text = page_characters(text_page)
    box = pdfium.FS_RECTF()
    reference = ctypes.byref(box)
    loose = pdfium.FPDFText_GetLooseCharBox
    font = _NO_FONT
    line_end = -1
    turn = 0
    turns: list[int] = []
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        if not loose(text_page, start, reference):
            continue
        x0, y0, x1, y1 = box.left, box.bottom, box.right, box.top
        if start > line_end:
            line_end = text.find("\n", start)
            line_end = len(text) if line_end < 0 else line_end
            font = _font_at(text_page, start, fonts)
            turn = round(-pdfium.FPDFText_GetCharAngle(text_page, start) / (math.pi / 2)) % 4
        if y1 - y0 < _TINY_POINTS:
            found.hidden_chars += end - start
            continue
        spaced = (
            start > 0
            and text[start] > "\u2e7f"
            and text[start - 1] in " \u3000"
            and pdfium.FPDFText_IsGenerated(text_page, start - 1) == 0
        )
        shown = match[0]
        if end - start > 1 and loose(text_page, end - 1, reference):
            if not turn and box.top <= y0 + 0.3 * (y1 - y0):
                # PDFium undid a hyphenation: the word goes on in the next line.
                split = next((i for i in range(start + 1, end) if text[i - 1] in _LINE_HYPHENS), 0)
                if split and loose(text_page, split - 1, reference):
                    first = _shown(text[start:split])
                    found.words.append(Word(x0, y0, box.right, y1, first, y1 - y0, *font[::-1], spaced))
                    turns.append(turn)
                    loose(text_page, split, reference)
                    x0, y0, y1, shown = box.left, box.bottom, box.top, text[split:end]
                    loose(text_page, end - 1, reference)
            x0, x1 = min(x0, box.left), max(x1 if shown is match[0] else x0, box.right)
            y0, y1 = min(y0, box.bottom), max(y1, box.top)
        found.words.append(Word(x0, y0, x1, y1, _shown(shown), y1 - y0, *font[::-1], spaced))
        turns.append(turn)
    return turns


def _shown(text: str) -> str:
    """Returns a word with plain hyphens: PDFium marks one at a line's end with U+FFFE or U+0002."""
    return text.replace("\ufffe", "-").replace("\x02", "-")


def _join_upright(words: Sequence[Word]) -> list[Word]:
    """Joins characters written downward (a label beside a table), placed where the first one stands."""
    joined: list[Word] = []
    run: list[Word] = []
    for word in [*words, None]:
        if word is not None and len(word.text) == 1 and "\u3041" <= word.text <= "\u9fff":
            if (
                run
                and abs(word.x0 - run[-1].x0) < 0.4 * word.size
                and 0 < run[-1].y1 - word.y1 < 1.6 * word.size
            ):
                run.append(word)
                continue
            joined += _one_word(run)
            run = [word]
            continue
        joined += _one_word(run)
        run = []
        if word is not None:
            joined.append(word)
    return joined


def _one_word(run: Sequence[Word]) -> Sequence[Word]:
    if len(run) < 3:
        return run
    return [replace(run[0], text="".join(word.text for word in run))]


def page_characters(text_page: Any) -> str:
    """Returns the page's characters, one code point for each of PDFium's character indices."""
    count = pdfium.FPDFText_CountChars(text_page)
    if count <= 0:
        return ""
    buffer = (ctypes.c_ushort * (2 * count + 2))()
    written = pdfium.FPDFText_GetText(text_page, 0, count, buffer)
    text = bytes(buffer)[: max(written - 1, 0) * 2].decode("utf-16-le", errors="replace")
    if len(text) != count:
        codes = (pdfium.FPDFText_GetUnicode(text_page, index) for index in range(count))
        text = "".join(chr(code) if 0 < code < 0x110000 else "\ufffd" for code in codes)
    return text


def _font_at(text_page: Any, index: int, fonts: dict[int, _Font]) -> _Font:
    drawn = pdfium.FPDFText_GetTextObject(text_page, index)
    font = pdfium.FPDFTextObj_GetFont(drawn) if drawn else None
    if not font:
        return _NO_FONT
    key = ctypes.addressof(font.contents)
    if key not in fonts:
        buffer = ctypes.create_string_buffer(256)
        pdfium.FPDFFont_GetBaseFontName(font, buffer, 256)
        name = buffer.value.decode("utf-8", errors="replace").rpartition("+")[2].lower()
        fonts[key] = (name, bool(_HEAVY.search(name)) or pdfium.FPDFFont_GetWeight(font) >= 600)
    return fonts[key]


def _read_objects(page: Any, found: PageText) -> None:
    """Collects drawn straight lines (of tables) and counts pictures."""
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    get_object, get_type = pdfium.FPDFPage_GetObject, pdfium.FPDFPageObj_GetType
    picture, path = pdfium.FPDF_PAGEOBJ_IMAGE, pdfium.FPDF_PAGEOBJ_PATH
    for index in range(min(pdfium.FPDFPage_CountObjects(page), _MAX_OBJECTS)):
        item = get_object(page, index)
        kind = get_type(item)
        if kind == picture:
            found.pictures += 1
        elif (
            kind == path
            and len(found.rules) < _MAX_RULES
            and pdfium.FPDFPageObj_GetBounds(item, left, bottom, right, top)
        ):
            _add_rules(item, left.value, bottom.value, right.value, top.value, found)


def _add_rules(item: Any, x0: float, y0: float, x1: float, y1: float, page: PageText) -> None:
    """Adds a thin path as a rule, and a box with a drawn edge as four; a mere background is none."""
    wide, high = x1 - x0, y1 - y0
    rules = page.rules
    if wide <= 3 and high >= 6:
        x = (x0 + x1) / 2
        rules.append(Rule(x, y0, x, y1))
    elif high <= 3 and wide >= 6:
        y = (y0 + y1) / 2
        rules.append(Rule(x0, y, x1, y))
    elif wide > 10 and high > 6 and wide * high < 0.5 * page.width * page.height:
        fill, stroke = ctypes.c_int(), ctypes.c_int()
        if pdfium.FPDFPath_GetDrawMode(item, fill, stroke) and stroke.value:
            rules += [Rule(x0, y0, x1, y0), Rule(x0, y1, x1, y1), Rule(x0, y0, x0, y1), Rule(x1, y0, x1, y1)]


def _turn_upright(found: PageText, turns: Sequence[int]) -> None:
    """Turns a page so that most of its text stands upright; text written otherwise comes below all else."""
    main = Counter(turns).most_common(1)[0][0]
    wide, high = found.width, found.height
    upright: list[Word] = []
    others: list[Word] = []
    for word, turn in zip(found.words, turns, strict=True):
        x0, y0, x1, y1 = _turned((word.x0, word.y0, word.x1, word.y1), turn, wide, high)
        shift = 0.0 if turn == main else -(2.0 + turn) * max(wide, high)
        moved = replace(word, x0=x0, y0=y0 + shift, x1=x1, y1=y1 + shift, size=y1 - y0)
        (upright if turn == main else others).append(moved)
    found.words = upright + others
    found.rules = [Rule(*_turned((r.x0, r.y0, r.x1, r.y1), main, wide, high)) for r in found.rules]
    if main % 2:
        found.width, found.height = high, wide


def _turned(
    box: tuple[float, float, float, float], turn: int, wide: float, high: float
) -> tuple[float, float, float, float]:
    """Returns a box on a page turned by quarters to the right."""
    x0, y0, x1, y1 = box
    if turn == 1:
        return y0, wide - x1, y1, wide - x0
    if turn == 2:
        return wide - x1, high - y1, wide - x0, high - y0
    if turn == 3:
        return high - y1, x0, high - y0, x1
    return box


# ---- the document --------------------------------------------------------------------------------


def _read_pages(pdf: Any, data: bytes, name: str, limits: Limits) -> Document:
    fonts: dict[int, _Font] = {}
    pages: list[PageText] = []
    second = _SecondReader(data)
    for index in range(len(pdf)):
        try:
            page = pdf[index]
        except pypdfium2.PdfiumError:
            broken = PageText(0, 0, notes=[("damaged_page", "The page cannot be opened.")])
            pages.append(broken)
            continue
        found = _read_page(page, fonts)
        page.close()
        fonts.clear()  # handles are only good while their page is open
        _read_again(found, index, second)
        found.settle()
        pages.append(found)
    is_running = running_lines(pages)
    outline = _read_outline(pdf)
    metadata = pdf.get_metadata_dict(skip_empty=True)
    arranged = [arrange(body_lines(page, is_running), page.rules) for page in pages]
    undo_hyphens(arranged)
    headings = Headings(arranged, outline)
    draft = Draft(limits)
    for index, (page, pieces) in enumerate(zip(pages, arranged, strict=True)):
        draft.page(index + 1, _page_label(pdf, index))
        _report(draft, page, pieces, index + 1)
        add_pieces(draft, pieces, [headings.level(piece, index) for piece in pieces])
        for paragraph in re.split(r"\n\s*\n", page.plain):
            draft.paragraph(paragraph)
    if not draft.length:
        raise ParseError(
            f"{name} holds no text on its {len(pdf)} pages; it looks scanned.",
            code="no_text",
            hint="Run it through text recognition (OCR) and add the result.",
        )
    return draft.finish(
        name=name,
        content_type=PDF,
        title=find_title(metadata.get("Title", ""), arranged, headings.body_size),
        date=_read_date(metadata.get("ModDate", "")) or _read_date(metadata.get("CreationDate", "")),
        metadata={
            key.lower(): metadata[key]
            for key in ("Author", "Subject", "Keywords")
            if metadata.get(key, "") not in _DUMMY_METADATA
        },
    )


def _report(draft: Draft, page: PageText, pieces: Sequence[Piece], number: int) -> None:
    for code, message in page.notes:
        draft.note(code, message, number)
    if page.hidden_chars:
        draft.note("hidden_text", f"{page.hidden_chars} characters too small to read were left out.", number)
    if not pieces and not page.plain.strip() and not page.notes:
        if page.pictures:
            draft.note("scanned_page", "The page is a picture without text; it needs OCR.", number)
        else:
            draft.note("empty_page", "The page is empty.", number)


def _page_label(pdf: Any, index: int) -> str:
    try:
        return str(pdf.get_page_label(index))
    except (pypdfium2.PdfiumError, UnicodeDecodeError):
        return ""


# ---- the second reader ---------------------------------------------------------------------------


class _SecondReader:
    """pypdf, opened only when a page needs it."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._reader: Any = None
        self._left = _MAX_SECOND_READS

    def text(self, index: int) -> str:
        """Returns a page's text, "" when pypdf cannot read it or has been asked too often."""
        if self._left <= 0:
            return ""
        self._left -= 1
        try:
            return str(self._open().pages[index].extract_text())
        except MemoryError:
            raise
        except Exception:
            # It is only the second opinion on a broken page, and raises nearly anything.
            self._left = 0
            return ""

    def count(self) -> int:
        """Returns how many pages pypdf finds, 0 when it cannot open the file either."""
        try:
            return len(self._open().pages)
        except MemoryError:
            raise
        except Exception:  # as above
            return 0

    def _open(self) -> Any:
        if self._reader is None:
            import pypdf

            self._reader = pypdf.PdfReader(io.BytesIO(self._data))
        return self._reader


def _read_again(found: PageText, index: int, second: _SecondReader) -> None:
    text = "".join(word.text for word in found.words)
    if text and _garbled_share(text) <= _GARBLED_SHARE:
        return
    other = second.text(index)
    if other.strip() and _garbled_share(other) < (_garbled_share(text) if text else _GARBLED_SHARE):
        found.words, found.plain = [], other
        found.notes.append(("second_reader", "The page was read with the second reader."))
    elif text:
        found.notes.append(("garbled_page", "Much of the page's text cannot be read; it needs OCR."))


def _garbled_share(text: str) -> float:
    return len(_GARBLED.findall(text)) / len(text) if text else 1.0


def _read_outline(pdf: Any) -> dict[tuple[int, str], int]:
    """Returns (page index, plain title) → level for the outline's entries that lead to a page."""
    outline: dict[tuple[int, str], int] = {}
    try:
        for entry in pdf.get_toc(max_depth=6):
            target = entry.get_dest()
            index = target.get_index() if target is not None else None
            title = plain_title(entry.get_title())
            if index is not None and title and len(outline) < 20_000:
                outline.setdefault((index, title), min(entry.level + 1, 6))
    except (pypdfium2.PdfiumError, UnicodeDecodeError, ValueError):
        return outline
    return outline


def _read_date(value: str) -> datetime | None:
    """Returns the time in a PDF date (``D:20240301120000+09'00'``; ISO 32000-1, 7.9.4), else None."""
    match = re.match(r"\s*(?:D:)?(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?([Zz+-])?(\d\d)?'?(\d\d)?", value)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) if part else None for part in match.groups()[:6])
    try:
        zone: timezone = UTC
        if match[7] in ("+", "-"):
            shift = timedelta(hours=int(match[8] or 0), minutes=int(match[9] or 0))
            zone = timezone(shift if match[7] == "+" else -shift)
        return datetime(year or 0, month or 1, day or 1, hour or 0, minute or 0, second or 0, tzinfo=zone)
    except ValueError:
        return None
