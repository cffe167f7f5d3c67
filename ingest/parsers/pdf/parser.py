"""PDF. The home of pypdfium2 (text, boxes, outline, labels, metadata) and of pypdf, the second reader.

PDFium gives characters with their boxes (:mod:`ingest.parsers.pdf.page`); :mod:`ingest.parsers.pdf.layout`
makes lines, columns, tables and paragraphs of them. Lines that stand at the same height on at least half of
the pages are headers and footers and are left out. Headings come from the outline where its titles are found
on their pages, else from size and weight. A page that comes out empty or garbled is read again with pypdf;
one without any text is noted.
"""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from corpus.errors import LimitError, ParseError
from corpus.types import Document
from ingest.parsers.assembly import Draft, Limits
from ingest.parsers.dates import read_pdf_date
from ingest.parsers.detection import PDF
from ingest.parsers.findings import is_garbled
from ingest.parsers.pdf.annotations import Beside, attached_files, open_page, with_choices
from ingest.parsers.pdf.attached import with_attached
from ingest.parsers.pdf.code import with_code
from ingest.parsers.pdf.layout import arrange
from ingest.parsers.pdf.lines import Line, in_rows, to_rows
from ingest.parsers.pdf.page import Font, read_page
from ingest.parsers.pdf.paragraphs import Piece
from ingest.parsers.pdf.running import body_lines, running_lines
from ingest.parsers.pdf.sideways import is_sheet, name_rows
from ingest.parsers.pdf.spreads import halves
from ingest.parsers.pdf.structure import (
    Headings,
    PageText,
    add_pieces,
    find_title,
    plain_title,
    undo_hyphens,
)
from ingest.parsers.recognition import DOTS_PER_INCH, ScannedError, read_picture, remedy
from ingest.parsers.refusals import encrypted

_MAX_SECOND_READS = 50
_MOST_PIXELS = 3000
_DUMMY_METADATA = ("", "unspecified", "anonymous")


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
        for paragraph in re.split(r"\n\s*\n", "" if is_garbled(text) else text):
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
    except pypdfium2.PdfiumError:
        if _asks_for_password(data):
            raise encrypted(name) from None
        raise _damaged(name, "it cannot be opened") from None
    if pdf.get_formtype() == pdfium.FORMTYPE_ACRO_FORM:
        with suppress(pypdfium2.PdfiumError):
            pdf.init_forms()  # draws what fields hold where the program that filled them in did not
    if len(pdf) == 0:
        raise _damaged(name, "it has no pages")
    return pdf


def _asks_for_password(data: bytes) -> bool:
    """Says whether a file that PDFium does not open has a password.

    For some damaged files PDFium sets no error and leaves that of the file before; so what is no PDF goes first.
    """
    for one in (b"no PDF", data):
        if opened := pdfium.FPDF_LoadMemDocument64(one, len(one), None):
            pdfium.FPDF_CloseDocument(opened)
    return bool(pdfium.FPDF_GetLastError() == pdfium.FPDF_ERR_PASSWORD)


def _damaged(name: str, why: str) -> ParseError:
    return ParseError(f"{name} is damaged: {why}.", code="damaged_file", hint="Get a whole copy of the file.")


# ---- the document --------------------------------------------------------------------------------


def _read_pages(pdf: Any, data: bytes, name: str, limits: Limits) -> Document:
    pages = _pages_as_drawn(pdf, data)
    is_running = running_lines(pages)
    if limits.ocr_s:
        _recognise(pdf, pages, is_running, limits.ocr_s)
        is_running = running_lines(pages)
    metadata = pdf.get_metadata_dict(skip_empty=True)
    arranged = [
        [
            piece
            for half in halves(body_lines(page, is_running), page.rules, page.width, page.height)
            for piece in arrange(*half)
        ]
        for page in pages
    ]
    sheets = map(is_sheet, arranged)
    rows = [
        to_rows(body_lines(page, is_running)) if one else [] for page, one in zip(pages, sheets, strict=True)
    ]
    name_rows(arranged, rows)
    undo_hyphens(arranged)
    arranged = with_code(arranged)
    headings = Headings(arranged, _read_outline(pdf))
    draft = Draft(limits)
    for index, (page, pieces) in enumerate(zip(pages, arranged, strict=True)):
        draft.page(index + 1, _page_label(pdf, index))
        _report(draft, page, pieces, index + 1)
        add_pieces(draft, pieces, [headings.level(piece, index) for piece in pieces])
        _add_beside(draft, page)
    files = [*attached_files(pdf), *(file for page in pages for file in page.files)]
    if not (draft.length or files):
        raise _no_text(name, pages)
    own = draft.finish(
        may_be_silent=True,
        name=name,
        content_type=PDF,
        title=find_title(metadata.get("Title", ""), arranged, headings.body_size),
        date=read_pdf_date(metadata.get("ModDate", "")) or read_pdf_date(metadata.get("CreationDate", "")),
        metadata={
            key.lower(): metadata[key]
            for key in ("Author", "Subject", "Keywords")
            if metadata.get(key, "") not in _DUMMY_METADATA
        },
    )
    if files:
        on_pages = [index for index, page in enumerate(pages) if page.files]
        own = with_attached(own, files, on_pages, _SecondReader(data).opened(), name, limits, len(data))
    if not own.text:
        raise _no_text(name, pages)
    return own


def _pages_as_drawn(pdf: Any, data: bytes) -> list[PageText]:
    """Returns what each page shows, line by line; one that cannot be opened is empty and says so."""
    fonts: dict[int, Font] = {}
    pages: list[PageText] = []
    second = _SecondReader(data)
    for index in range(len(pdf)):
        try:
            beside = Beside()
            page = open_page(pdf, index, beside)
        except pypdfium2.PdfiumError:
            broken = PageText(0, 0)
            broken.note("damaged_page", "The page cannot be opened.")
            pages.append(broken)
            continue
        found = read_page(page, fonts)
        found.remarks, found.files = beside.remarks, beside.files
        page.close()
        fonts.clear()  # handles are only good while their page is open
        _read_again(found, index, second)
        if beside.is_form:
            words = with_choices(found.words, beside.choices)  # fields come after all labels
            # Boxes alone ask nothing: such a page may be the picture of a form.
            is_said = any(character.isalnum() for word in words for character in word.text)
            found.words = in_rows(words) if is_said else []
        found.settle()
        pages.append(found)
    return pages


def _add_beside(draft: Draft, page: PageText) -> None:
    """Adds what belongs to a page and stands in none of its lines: plain text of a second reader, remarks."""
    for paragraph in re.split(r"\n\s*\n", page.plain):
        draft.paragraph(paragraph)
    for remark in page.remarks:
        draft.paragraph(remark.shown)


def _report(draft: Draft, page: PageText, pieces: Sequence[Piece], number: int) -> None:
    for code, message in page.notes:
        draft.note(code, message, number)
    if page.hidden_chars:
        draft.note("hidden_text", f"{page.hidden_chars} characters that nobody sees were left out.", number)
    if pieces and page.recognised_chars > sum(len(line.text) for line in page.lines) / 2:
        draft.note("ocr_page", "The page is a picture; its text was recognised before it came here.", number)
    if not pieces and not page.plain.strip() and not page.notes:
        if page.is_picture:
            message = f"The page is a picture without text. To have it read, {remedy()}."
            draft.note("scanned_page", message, number)
        else:
            said = "has no text, only drawings or small pictures" if page.is_drawn else "is empty"
            draft.note("empty_page", f"The page {said}.", number)


def _no_text(name: str, pages: Sequence[PageText]) -> ParseError:
    """Returns the error for a file without text, and the true reason: scans, hidden text or nothing at all."""
    count = f"{len(pages)} page{'s' if len(pages) > 1 else ''}"
    if all(code == "damaged_page" for page in pages for code, _ in page.notes or [("", "")]):
        return _damaged(name, "no page of it can be opened")
    garbled = sum(code == "garbled_page" for page in pages for code, _ in page.notes)
    scanned = sum(page.is_picture and not page.notes for page in pages)
    if scanned or garbled:
        why = "it looks scanned" if scanned else "its fonts do not say which characters they show"
        return ScannedError(
            f"{name} holds no text {'' if scanned else 'that can be read '}on its {count}; {why}.",
            scanned=scanned + garbled,
            hint=f"{remedy()[0].upper()}{remedy()[1:]}.",
        )
    is_picture = any(page.is_picture for page in pages)
    hidden = any(page.hidden_chars for page in pages)
    if is_picture or (any(page.is_drawn for page in pages) and not hidden):
        only = "pictures" if is_picture else "drawings or small pictures"
        looked = " was recognised in them" if is_picture else ""
        return ParseError(
            f"{name} holds only {only} on its {count}, and no text{looked}.",
            code="no_text",
            hint="Remove it, or add a text that describes it.",
        )
    why = "only text that nobody sees" if hidden else "no text and no picture of any"
    return ParseError(
        f"{name} holds {why} on its {count}.",
        code="no_text",
        hint="Check that it is the right file, and whole.",
    )


# ---- pictures of text ----------------------------------------------------------------------------


def _recognise(
    pdf: Any, pages: Sequence[PageText], is_running: Callable[[Line, PageText], bool], allowed_s: float
) -> None:
    """Reads the pages that are pictures or garbled by text recognition, as long as there is time: the processor's, as
    a busy machine is not the file's fault.
    """
    end = time.process_time() + allowed_s
    for index, page in enumerate(pages):
        garbled = any(code == "garbled_page" for code, _ in page.notes)
        empty = not page.plain and not page.notes and page.is_picture and not body_lines(page, is_running)
        if not (garbled or empty):
            continue
        if time.process_time() >= end:
            page.notes.append(
                ("scanned_page", "There was no time left to read the picture that the page is.")
            )
            continue
        opened = pdf[index]
        wide, high = opened.get_size()
        scale = min(DOTS_PER_INCH / 72, _MOST_PIXELS / max(wide, high, 1.0))
        words = read_picture(opened.render(scale=scale).to_pil(), scale)
        opened.close()
        if words:
            page.words, page.rules, page.width, page.height = words, [], wide, high
            page.settle()
            page.notes.clear()
            page.note("ocr_page", "The page was read by text recognition (OCR).")
        elif empty:
            page.note("picture_page", "The page is a picture, and no text was recognised in it.")


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

    def opened(self) -> Any:
        """Returns the file opened by pypdf, None when it cannot open it."""
        try:
            return self._open() if self.count() else None
        except MemoryError:
            raise
        except Exception:  # as above
            return None

    def _open(self) -> Any:
        if self._reader is None:
            import pypdf

            self._reader = pypdf.PdfReader(io.BytesIO(self._data))
        return self._reader


def _read_again(found: PageText, index: int, second: _SecondReader) -> None:
    text = "".join(f"{word.text} " for word in found.words)
    if text and not is_garbled(text):
        return
    if found.hidden_chars and not text:
        return  # what the second reader would find is what was left out
    other = second.text(index)
    if other.strip() and not is_garbled(other):
        found.words, found.plain = [], other
        found.note("second_reader", "The page was read with the second reader.")
    elif text:
        message = f"Much of the page's text is not what is seen there. To have it read, {remedy()}."
        found.note("garbled_page", message)


def _read_outline(pdf: Any) -> dict[tuple[int, str], list[int]]:
    """Returns (page index, plain title) → levels, in order, for the outline's entries that lead to a page."""
    outline: dict[tuple[int, str], list[int]] = {}
    try:
        for entry in pdf.get_toc(max_depth=6):
            target = entry.get_dest()
            index = target.get_index() if target is not None else None
            title = plain_title(entry.get_title())
            if index is not None and title and len(outline) < 20_000:
                outline.setdefault((index, title), []).append(min(entry.level + 1, 6))
    except (pypdfium2.PdfiumError, UnicodeDecodeError, ValueError):
        return outline
    return outline
