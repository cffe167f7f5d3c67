"""What is drawn on a page of a PDF beside its text: straight lines, pictures, and the bullets of lists."""

from __future__ import annotations

import ctypes
from typing import Any

from ingest.parsers.pdf import pdfium
from ingest.parsers.pdf.lines import Rule, Word
from ingest.parsers.pdf.structure import Box, PageText

_MAX_OBJECTS = 4000
_MAX_RULES = 1500
_MAX_DEPTH = 3
_THIN = 3.0  # points that a rule is thick, at most
_BULLETS = 1.5, 8.0  # points from side to side of a drawn bullet
_EVEN = 0.25  # of its width, by which its height may differ
_LETTERS = 0.2, 0.6  # of the letters behind it, its height
_MIDDLE = 0.25, 0.65  # of their height, where its middle stands
_GAP = 2.0  # letter heights between it and its item, and between what stands to its left and it, at most and at least
_MOST_BULLETS = 300


def read_drawings(page: Any, found: PageText) -> list[Any]:
    """Adds to a page its drawn straight lines (of tables), where pictures lie, and how much else is drawn.

    Returns:
        Its pieces of text, as raw handles: what else is on the page.
    """
    texts: list[Any] = []
    get_object, get_type = pdfium.FPDFPage_GetObject, pdfium.FPDFPageObj_GetType
    picture, path, form = pdfium.FPDF_PAGEOBJ_IMAGE, pdfium.FPDF_PAGEOBJ_PATH, pdfium.FPDF_PAGEOBJ_FORM
    text = pdfium.FPDF_PAGEOBJ_TEXT
    for index in range(min(pdfium.FPDFPage_CountObjects(page), _MAX_OBJECTS)):
        item = get_object(page, index)
        kind = get_type(item)
        if kind == text:
            texts.append(item)
        elif kind == path:
            found.drawings += 1
            if len(found.rules) < _MAX_RULES and (box := _bounds(item)):
                if _may_be_bullet(*box) and len(found.bullets) < _MOST_BULLETS:
                    found.bullets.append(box)
                else:
                    _add_rules(item, *box, found)
        elif kind == pdfium.FPDF_PAGEOBJ_SHADING:
            found.drawings += 1
        elif kind in (picture, form):
            texts += _texts_in(item) if kind == form else ()
            if (kind == picture or _holds_picture(item, found)) and (box := _bounds(item)):
                found.pictures.append(box)
    return texts


def _may_be_bullet(x0: float, y0: float, x1: float, y1: float) -> bool:
    wide, high = x1 - x0, y1 - y0
    return _BULLETS[0] <= wide <= _BULLETS[1] and abs(wide - high) <= _EVEN * wide


def add_bullets(found: PageText, turns: list[int]) -> None:
    """Puts a bullet before each word that has one drawn to its left: browsers draw those of lists, and write none.

    Args:
        found: the page.
        turns: for each of its words how it is turned; kept in step.
    """
    at_words: dict[int, Word] = {}
    for x0, y0, x1, y1 in found.bullets:
        beside = [
            (word.x0, at)
            for at, word in enumerate(found.words)
            if word.y0 + _MIDDLE[0] * word.size < (y0 + y1) / 2 < word.y0 + _MIDDLE[1] * word.size
        ]
        place, at = min((one for one in beside if one[0] >= x1), default=(0.0, -1))
        word = found.words[at] if at >= 0 else None
        if word is None or turns[at] or place - x1 > _GAP * word.size:
            continue
        is_small = _LETTERS[0] * word.size < y1 - y0 < _LETTERS[1] * word.size
        if is_small and not any(x < x1 and found.words[i].x1 > x0 - _GAP * word.size for x, i in beside):
            at_words[at] = Word(x0, word.y0, x1, word.y1, "•", word.size, word.bold, word.font)
    for at in sorted(at_words, reverse=True):
        found.words.insert(at, at_words[at])
        turns.insert(at, 0)


def _bounds(item: Any) -> Box | None:
    left, bottom, right, top = ctypes.c_float(), ctypes.c_float(), ctypes.c_float(), ctypes.c_float()
    if not pdfium.FPDFPageObj_GetBounds(item, left, bottom, right, top):
        return None
    return left.value, bottom.value, right.value, top.value


def _texts_in(form: Any, depth: int = 1) -> list[Any]:
    texts: list[Any] = []
    for index in range(min(max(pdfium.FPDFFormObj_CountObjects(form), 0), _MAX_OBJECTS)):
        item = pdfium.FPDFFormObj_GetObject(form, index)
        kind = pdfium.FPDFPageObj_GetType(item)
        if kind == pdfium.FPDF_PAGEOBJ_TEXT:
            texts.append(item)
        elif kind == pdfium.FPDF_PAGEOBJ_FORM and depth < _MAX_DEPTH:
            texts += _texts_in(item, depth + 1)
    return texts


def _holds_picture(form: Any, found: PageText, depth: int = 1) -> bool:
    """Says whether a picture is part of a form, and counts the drawings that come before it."""
    for index in range(min(max(pdfium.FPDFFormObj_CountObjects(form), 0), _MAX_OBJECTS)):
        item = pdfium.FPDFFormObj_GetObject(form, index)
        kind = pdfium.FPDFPageObj_GetType(item)
        if kind == pdfium.FPDF_PAGEOBJ_IMAGE:
            return True
        if kind == pdfium.FPDF_PAGEOBJ_FORM:
            if depth < _MAX_DEPTH and _holds_picture(item, found, depth + 1):
                return True
        elif kind != pdfium.FPDF_PAGEOBJ_TEXT:
            found.drawings += 1
    return False


def _add_rules(item: Any, x0: float, y0: float, x1: float, y1: float, page: PageText) -> None:
    """Adds a thin path as a rule, a box with a drawn edge as four, and of a background the upper and the lower edge."""
    wide, high = x1 - x0, y1 - y0
    rules = page.rules
    fill, stroke, thick = ctypes.c_int(), ctypes.c_int(), ctypes.c_float()
    pdfium.FPDFPath_GetDrawMode(item, fill, stroke)
    if stroke.value and min(wide, high) > _THIN and pdfium.FPDFPageObj_GetStrokeWidth(item, thick):
        thick.value = 2 * min(thick.value, _THIN)  # PDFium's bounds have room for its corners
    if wide - thick.value <= _THIN and high >= 6:
        x = (x0 + x1) / 2
        rules.append(Rule(x, y0, x, y1))
    elif high - thick.value <= _THIN and wide >= 6:
        y = (y0 + y1) / 2
        rules.append(Rule(x0, y, x1, y))
    elif stroke.value and wide > 10 and high > 6 and wide * high < 0.5 * page.width * page.height:
        rules += [Rule(x0, y0, x1, y0), Rule(x0, y1, x1, y1), Rule(x0, y0, x0, y1), Rule(x1, y0, x1, y1)]
    elif (
        fill.value
        and wide > 10
        and high > 6
        and len(rules) < _MAX_RULES // 2
        and wide * high < 0.3 * page.width * page.height
    ):
        rules += [Rule(x0, y0, x1, y0, drawn=False), Rule(x0, y1, x1, y1, drawn=False)]
