"""A page of an original as a picture, with quoted words marked."""

from __future__ import annotations

import ctypes
import io
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from corpus.errors import ParseError
from corpus.patterns import pattern
from ingest.parsers.detection import PDF
from ingest.parsers.pdf.structure import Box, PageText

LONG_SIDE_PIXELS = 1600
_MARK = (255, 233, 84)
_LEAST_CHARS = 3
_SEPARATORS = pattern(r"\n|\s\|\s|\s…\s")


def draw_page(original: bytes, content_type: str, page: int, quotes: Sequence[str]) -> bytes:
    """Returns a page (1-based) of an original as a PNG picture, its longer side 1600 pixels; in a parsing child alone.

    The quotes are marked where their characters are found, whatever their spacing or line breaks.

    Raises:
        ParseError: ``no_picture`` (of files attached to a PDF there is none), ``encrypted``, ``damaged_file``.
    """
    if content_type != PDF:
        raise ParseError(f"{content_type} has no picture.", code="no_picture")
    from ingest.parsers.pdf.annotations import open_page
    from ingest.parsers.pdf.parser import open_pdf
    from ingest.parsers.pdf.seen import to_pixels

    pdf = open_pdf(original, "the original")
    try:
        if not 1 <= page <= len(pdf):
            said = f"Page {page} is none of the PDF's own {len(pdf)}: of files attached to it there is no picture."
            raise ParseError(said, code="no_picture")
        opened = open_page(pdf, page - 1)
        wide, high = opened.get_size()
        scale = LONG_SIDE_PIXELS / max(wide, high, 1.0)
        picture = opened.render(scale=scale).to_pil().convert("RGB")
        boxes = _find_boxes(opened, quotes) if quotes else []
        _mark(picture, [to_pixels(opened, box, picture.size) for box in boxes])
        buffer = io.BytesIO()
        picture.save(buffer, "PNG")
        return buffer.getvalue()
    finally:
        pdf.close()


def _find_boxes(page: Any, quotes: Sequence[str]) -> list[Box]:
    """Returns the boxes of the quotes' characters, joined along each line."""
    from ingest.parsers.pdf import pdfium
    from ingest.parsers.pdf.drawings import read_drawings
    from ingest.parsers.pdf.glyphless import load_text
    from ingest.parsers.pdf.page import page_characters

    text_page = load_text(page.raw, read_drawings(page.raw, PageText(*page.get_size())))
    if not text_page:
        return []
    try:
        letters: list[str] = []
        indices: list[int] = []
        for index, character in enumerate(page_characters(text_page)):
            for letter in _folded(character):
                letters.append(letter)
                indices.append(index)
        found = _find_quotes("".join(letters), quotes)
        return _boxes_of(text_page, sorted({indices[at] for start, end in found for at in range(start, end)}))
    finally:
        pdfium.FPDFText_ClosePage(text_page)


def _folded(text: str) -> str:
    """Returns only letters and digits, in one form: what is the same however the page spaces it."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


def _find_quotes(text: str, quotes: Sequence[str]) -> list[tuple[int, int]]:
    """Returns where quotes stand in folded text: whole, else by line and cell, else by sentence."""
    found: list[tuple[int, int]] = []
    for quote in quotes:
        whole = _find(text, _folded(quote), 0)
        if whole is not None:
            found.append(whole)
            continue
        position = 0
        for part in _SEPARATORS.split(quote):
            place = _find(text, _folded(part), position) or _find(text, _folded(part), 0)
            if place is not None:
                found.append(place)
                position = place[1]
            else:
                found += [
                    one
                    for piece in re.split(r"(?<=[.。!?！？])", part)
                    if (one := _find(text, _folded(piece), 0))
                ]
    return found


def _find(text: str, part: str, start: int) -> tuple[int, int] | None:
    if len(part) < _LEAST_CHARS:
        return None
    at = text.find(part, start)
    return (at, at + len(part)) if at >= 0 else None


def _boxes_of(text_page: Any, indices: Sequence[int]) -> list[Box]:
    from ingest.parsers.pdf import pdfium

    area = pdfium.FS_RECTF()
    boxes: list[Box] = []
    last = -2
    for index in indices:
        if not pdfium.FPDFText_GetLooseCharBox(text_page, index, ctypes.byref(area)):
            continue
        box = (area.left, area.bottom, area.right, area.top)
        if boxes and index - last <= 3 and min(box[3], boxes[-1][3]) - max(box[1], boxes[-1][1]) > 0:
            before = boxes[-1]
            boxes[-1] = (
                min(before[0], box[0]),
                min(before[1], box[1]),
                max(before[2], box[2]),
                max(before[3], box[3]),
            )
        else:
            boxes.append(box)
        last = index
    return boxes


def _mark(picture: Any, boxes: Sequence[tuple[int, int, int, int]]) -> None:
    """Colours boxes as a text marker would: white becomes the colour, black stays black."""
    from PIL import Image, ImageChops

    for x0, y0, x1, y1 in boxes:
        area = (max(x0 - 1, 0), max(y0 - 1, 0), min(x1 + 1, picture.width), min(y1 + 1, picture.height))
        if area[0] < area[2] and area[1] < area[3]:
            inside = picture.crop(area)
            picture.paste(ImageChops.multiply(inside, Image.new("RGB", inside.size, _MARK)), area[:2])
