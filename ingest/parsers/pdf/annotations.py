"""What lies over the pages of a PDF, or is attached to it: form fields, reviewers' remarks, files."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from ingest.parsers.cleaning import one_line
from ingest.parsers.pdf.lines import Word
from ingest.parsers.pdf.structure import Box
from ingest.parsers.remarks import Remark

_MOST_ANNOTATIONS = 2000
_MOST_FILES = 100
_UNNAMED = "A file"
_FIELDS = frozenset({pdfium.FPDF_ANNOT_WIDGET, pdfium.FPDF_ANNOT_FREETEXT})
"""What is shown on the page itself."""
_REMARKS = frozenset(
    {
        pdfium.FPDF_ANNOT_TEXT, pdfium.FPDF_ANNOT_HIGHLIGHT, pdfium.FPDF_ANNOT_UNDERLINE, pdfium.FPDF_ANNOT_SQUIGGLY,
        pdfium.FPDF_ANNOT_STRIKEOUT, pdfium.FPDF_ANNOT_CARET, pdfium.FPDF_ANNOT_INK, pdfium.FPDF_ANNOT_LINE,
        pdfium.FPDF_ANNOT_SQUARE, pdfium.FPDF_ANNOT_CIRCLE, pdfium.FPDF_ANNOT_POLYGON, pdfium.FPDF_ANNOT_POLYLINE,
        pdfium.FPDF_ANNOT_STAMP,
    }
)  # fmt: skip
_UNSEEN = pdfium.FPDF_ANNOT_FLAG_HIDDEN | pdfium.FPDF_ANNOT_FLAG_NOVIEW


@dataclass(slots=True)
class Beside:
    """What reviewers wrote on a page, the names of the files that they attached there, and whether it is a form.

    ``choices``: where its check boxes and radio buttons are, and whether each is on.
    """

    remarks: list[Remark] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    is_form: bool = False
    choices: list[tuple[Box, bool]] = field(default_factory=list)


def open_page(pdf: Any, index: int, beside: Beside | None = None) -> Any:
    """Returns an open page, with what was typed into its form's fields and text boxes as part of it.

    Args:
        pdf: the open document.
        index: the page, from 0.
        beside: gets what lies over the page and is no part of it, where it is given.
    """
    page = pdf[index]
    has_fields = False
    for number in range(min(pdfium.FPDFPage_GetAnnotCount(page.raw), _MOST_ANNOTATIONS)):
        annotation = pdfium.FPDFPage_GetAnnot(page.raw, number)
        kind = pdfium.FPDFAnnot_GetSubtype(annotation)
        has_fields = has_fields or kind in _FIELDS
        if beside is not None and kind == pdfium.FPDF_ANNOT_WIDGET:
            beside.choices.extend(_read_choice(annotation))
        if beside is not None and kind in _REMARKS:
            beside.remarks.extend(_read_remark(annotation))
        elif beside is not None and kind == pdfium.FPDF_ANNOT_FILEATTACHMENT:
            file = pdfium.FPDFAnnot_GetFileAttachment(annotation)
            beside.files.append(_name(pypdfium2.PdfAttachment(file, pdf)) if file else _UNNAMED)
        pdfium.FPDFPage_CloseAnnot(annotation)
        if has_fields and beside is None:
            break
    # Fields become part of the page, whose annotations are gone then.
    if has_fields and pdfium.FPDFPage_Flatten(page.raw, pdfium.FLAT_NORMALDISPLAY) == pdfium.FLATTEN_SUCCESS:
        page.close()
        page = pdf[index]
        if beside is not None:
            beside.is_form = True
    return page


def _read_choice(annotation: Any) -> Iterator[tuple[Box, bool]]:
    """Yields where a check box or radio button is, and whether it is on: they alone have a state."""
    state, box = _string(annotation, b"AS"), pdfium.FS_RECTF()
    seen = not pdfium.FPDFAnnot_GetFlags(annotation) & _UNSEEN
    if state and seen and pdfium.FPDFAnnot_GetRect(annotation, box) and box.top > box.bottom:
        yield (box.left, box.bottom, box.right, box.top), state != "Off"


def with_choices(words: Sequence[Word], choices: Sequence[tuple[Box, bool]]) -> list[Word]:
    """Returns words with a mark for each check box and radio button, in the place of the sign that is drawn within."""
    kept = [
        word
        for word in words
        if len(word.text) > 1
        or not any(
            x0 <= (word.x0 + word.x1) / 2 <= x1 and y0 <= (word.y0 + word.y1) / 2 <= y1
            for (x0, y0, x1, y1), _ in choices
        )
    ]
    return kept + [Word(*box, "☒" if is_on else "☐", box[3] - box[1]) for box, is_on in choices]


def _read_remark(annotation: Any) -> Iterator[Remark]:
    """Yields a remark that says something; what only sets the state of another says nothing."""
    if pdfium.FPDFAnnot_GetFlags(annotation) & _UNSEEN or _string(annotation, b"StateModel"):
        return
    text = one_line(_string(annotation, b"Contents"))
    if text:
        yield Remark(one_line(_string(annotation, b"T")), text)


def _string(annotation: Any, key: bytes) -> str:
    length = pdfium.FPDFAnnot_GetStringValue(annotation, key, None, 0)  # bytes of UTF-16, with an end of two
    if length <= 2:
        return ""
    buffer = ctypes.create_string_buffer(length)
    pdfium.FPDFAnnot_GetStringValue(
        annotation, key, ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), length
    )
    return buffer.raw[: length - 2].decode("utf-16-le", errors="replace")


def attached_files(pdf: Any) -> Iterator[str]:
    """Yields the names of the files that are attached to a document as a whole."""
    for index in range(min(pdf.count_attachments(), _MOST_FILES)):
        with suppress(pypdfium2.PdfiumError):
            yield _name(pdf.get_attachment(index))


def _name(file: Any) -> str:
    with suppress(pypdfium2.PdfiumError, UnicodeDecodeError):
        return one_line(file.get_name()) or _UNNAMED
    return _UNNAMED
