"""One page of a PDF as PDFium gives it: its words with their boxes, its rules and its pictures.

What a reader of the page cannot see is left out and counted: text smaller than 1.5 points, beside the page,
drawn invisibly where no picture lies (over one it is what a text recognition read there), transparent, or in
a colour that the page shows no trace of.
"""

from __future__ import annotations

import ctypes
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from corpus.patterns import pattern
from ingest.parsers.cleaning import SYMBOL_BULLET
from ingest.parsers.pdf import pdfium
from ingest.parsers.pdf.drawings import add_bullets, read_drawings
from ingest.parsers.pdf.glyphless import load_text
from ingest.parsers.pdf.lines import NO_SPACE, Word, drawn_once, in_rows
from ingest.parsers.pdf.right_to_left import as_read, is_right_to_left, pieces, turn_over
from ingest.parsers.pdf.seen import DRAWN, are_hidden, look_of
from ingest.parsers.pdf.slanted import SLANT, Level, is_slanted, lay_level, level
from ingest.parsers.pdf.spread import closed_up
from ingest.parsers.pdf.structure import Box, PageText
from ingest.parsers.pdf.writing import join_labels, mark_downward, turn_upright

_TINY_POINTS = 1.5
_HEAVY = pattern(r"bold|black|heavy|demi|-w[6-9]\b|soei")
_FEW_CHARS = 300
"""On a page of more PDFium was not seen to take lines for words written downward, and to look takes time."""
_LINE_HYPHENS = "-\u2010\ufffe\x02"
_ODD = pattern("[\x02\x88\u2010\u2e80-\U0010ffff]")
"""On a page without any of these every word is shown as it is, and each space is one."""
_TEX_BULLET = "\x88"  # where LaTeX's symbols are drawn dot by dot, in a font without names
_WINGDINGS_BULLET = pattern("[\uf09e\uf09f]")
_TOKEN = pattern(r"\S+")
_PAIR = pattern("[\ud800-\udbff][\udc00-\udfff]")
_LATTER_HALF = pattern("[\udc00-\udfff]")
_SMALL_CAPITAL = pattern("[\uf721-\uf7ff]")
"""Where older fonts keep small capitals and old-style figures: 0xF700 above the letters and digits that they show
(the corporate use area of Adobe's glyph list)."""

_LEAST_HEIGHT = 0.78
"""Ascent and descent of a font, to its size: where PDFium knows less, as of fonts that LibreOffice takes a few letters
of, each letter's box is as high as the letter, and lines of one size seem to differ."""

_MOST_HEIGHT = (
    1.6  # the same: Noto Sans CJK says 2.85, as its tallest sign is, and letters of an em would seem flat
)
_FLAT = 0.5  # of it, the height of a letter's box that is not as high as its font's letters
_ASCENT, _DESCENT = 0.75, 0.21  # of the size: what is taken for such fonts, about as of Helvetica


class Font(NamedTuple):
    """Its name and weight, whether its letters' boxes are no higher than they are, and how far these go up and down."""

    name: str
    bold: bool
    tight: bool
    ascent: float = _ASCENT
    descent: float = -_DESCENT


_HEIGHT = (
    1.115  # of Latin letters, with what goes up and down, to the size of their font; Japanese ones fill it
)
_JAPANESE = 0.1  # of a page's characters, where all its letters are as high as those, at least
_MOST_TIMES = (
    3.0  # the height of a letter's box that its font's size is, or the other way round, where that tells it
)

_NO_FONT = Font("", False, False)


def read_page(page: Any, fonts: dict[int, Font]) -> PageText:
    """Returns what stands on an open pypdfium2 page.

    Args:
        page: the page.
        fonts: those known by their handle; good only while the page is open.
    """
    width, height = page.get_size()
    if pdfium.FPDFPage_GetRotation(page.raw) % 2:
        width, height = height, width  # boxes are given on the page as it lies in the file
    found = PageText(width, height)
    text_page = load_text(page.raw, read_drawings(page.raw, found))
    if not text_page:
        return found
    try:
        text = page_characters(text_page)
        backward = is_right_to_left(text)
        levels: dict[int, Level] = {}
        turns, looks = _read_words(text_page, text, found, fonts, levels, backward=backward)
    finally:
        pdfium.FPDFText_ClosePage(text_page)
    turns = _leave_out(found, turns, are_hidden(page, found, looks))
    turns = _leave_out(found, turns, [not first for first in drawn_once(found.words)])
    if found.bullets:
        add_bullets(found, turns)
    may_be_downward = NO_SPACE.search(text) is not None
    is_downward = may_be_downward and mark_downward(found.words, turns)
    if levels:
        lay_level(found.words, levels, 2 * max(found.width, found.height))
    if any(turns):
        turn_upright(found, turns)
    if may_be_downward:
        found.words = in_rows(found.words) if is_downward else join_labels(found.words)
    if backward:
        turn_over(found)
    else:
        found.words = closed_up(found.words, found.rules)
    return found


def _read_words(
    text_page: Any,
    text: str,
    found: PageText,
    fonts: dict[int, Font],
    levels: dict[int, Level],
    *,
    backward: bool,
) -> tuple[list[int], list[int]]:
    """Adds the page's words, and to ``levels`` those written aslant; returns for each how many quarter turns to the
    left its line is written, and how it is drawn."""
    box = pdfium.FS_RECTF()
    reference = ctypes.byref(box)
    loose = pdfium.FPDFText_GetLooseCharBox
    object_at = pdfium.FPDFText_GetTextObject
    is_odd = _ODD.search(text) is not None
    font = _NO_FONT
    height = 1.0 if is_odd and len(NO_SPACE.findall(text)) > _JAPANESE * len(text) else _HEIGHT
    turn, letters, matrix = 0, 0.0, pdfium.FS_MATRIX()
    turns: list[int] = []
    looks: list[int] = []
    last_drawn, look = None, DRAWN
    for start, end in _pieces(text, text_page) if backward else _tokens(text, text_page):
        if not loose(text_page, start, reference):
            continue
        drawn = object_at(text_page, start) or 0
        if drawn != last_drawn:
            last_drawn, look = drawn, look_of(drawn) if drawn else DRAWN
            angle = pdfium.FPDFText_GetCharAngle(text_page, start)
            turn = SLANT if is_slanted(angle) else round(-angle / (math.pi / 2)) % 4
            font = _font_of(drawn, fonts)
            letters = height * _font_size(text_page, start, matrix)
        x0, y0, x1, y1 = box.left, box.bottom, box.right, box.top
        if not turn and (font.tight or y1 - y0 < _TINY_POINTS or (is_odd and text[start] > "\u2e7f")):
            _heighten(text_page, start, box, font)
            y0, y1 = box.bottom, box.top
        high = letters if letters < _MOST_TIMES * (y1 - y0) < _MOST_TIMES**2 * letters else y1 - y0
        if y1 - y0 < _TINY_POINTS:
            found.hidden_chars += end - start
            continue
        spaced = (
            is_odd
            and start > 1
            and (text[start] > "\u2e7f" or text[start - 2] > "\u2e7f")
            and text[start - 1] in " \u3000"
            and pdfium.FPDFText_IsGenerated(text_page, start - 1) == 0
        )
        shown = text[start:end]
        if backward:
            shown = as_read(shown, start, lambda at: _box_of(text_page, at))
        if end - start > 1 and loose(text_page, end - 1, reference):
            if not turn and box.top <= y0 + 0.3 * (y1 - y0):
                # PDFium undid a hyphenation: the word goes on in the next line, after one of its hyphens.
                split = _line_break(text, start, end, text_page, y0 + 0.3 * (y1 - y0))
                if split and loose(text_page, split - 1, reference):
                    first = _shown(text[start:split])
                    found.words.append(Word(x0, y0, box.right, y1, first, high, font.bold, font.name, spaced))
                    turns.append(turn)
                    looks.append(look)
                    loose(text_page, split, reference)
                    if font.tight:
                        _heighten(text_page, split, box, font)
                    x0, y0, y1, shown = box.left, box.bottom, box.top, text[split:end]
                    x1 = x0
                    loose(text_page, end - 1, reference)
            left, bottom, right, top = box.left, box.bottom, box.right, box.top
            x0, y0 = left if left < x0 else x0, bottom if bottom < y0 else y0
            x1, y1 = right if right > x1 else x1, top if top > y1 else y1
        if is_odd:
            shown = _shown(shown)
        word = Word(x0, y0, x1, y1, shown, high, font.bold, font.name, spaced)
        if turn == SLANT:
            levels[id(word)] = level(text_page, start, end, word)
        found.words.append(word)
        turns.append(turn)
        looks.append(look)
    return turns, looks


def _tokens(text: str, text_page: Any) -> Iterator[tuple[int, int]]:
    """Yields where the page's words begin and end.

    PDFium takes a page of a few short lines ("A", "B") for one written downward and puts no blank between them.
    """
    if len(text) > _FEW_CHARS:
        yield from [match.span() for match in _TOKEN.finditer(text)]
        return
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        if match[0].isascii() and abs(pdfium.FPDFText_GetCharAngle(text_page, start)) < math.pi / 4:
            bottom = math.inf
            box = pdfium.FS_RECTF()
            for at in range(start, end):
                if pdfium.FPDFText_GetLooseCharBox(text_page, at, ctypes.byref(box)):
                    if at > start and text[at - 1] not in _LINE_HYPHENS and box.top <= bottom:
                        yield start, at
                        start = at
                    bottom = box.bottom + 0.3 * (box.top - box.bottom)
        yield start, end


def _pieces(text: str, text_page: Any) -> Iterator[tuple[int, int]]:
    for start, end in _tokens(text, text_page):
        yield from pieces(text[start:end], start)


def _box_of(text_page: Any, index: int) -> Box | None:
    box = pdfium.FS_RECTF()
    known = pdfium.FPDFText_GetLooseCharBox(text_page, index, ctypes.byref(box))
    return (box.left, box.bottom, box.right, box.top) if known else None


def _line_break(text: str, start: int, end: int, text_page: Any, height: float) -> int:
    """Returns where, behind a hyphen, a word goes on below ``height``; 0 when nowhere.

    A word such as ``out-of-pocket`` has several hyphens, and only one of them ends the line.
    """
    box = pdfium.FS_RECTF()
    reference = ctypes.byref(box)
    for at in range(start + 1, end):
        known = text[at - 1] in _LINE_HYPHENS and pdfium.FPDFText_GetLooseCharBox(text_page, at, reference)
        if known and box.top <= height:
            return at
    return 0


def _shown(text: str) -> str:
    """Returns a word with plain hyphens, and letters for the small capitals of older fonts.

    PDFium marks hyphens at line ends U+FFFE or U+0002, browsers set U+2010.
    """
    if text.isascii():
        return text.replace("\x02", "-")
    if text == _TEX_BULLET:
        return "•"
    text = text.replace("\ufffe", "-").replace("\x02", "-").replace("\u2010", "-")
    text = _WINGDINGS_BULLET.sub("•", SYMBOL_BULLET.sub("•", _LATTER_HALF.sub("", text)))
    return _SMALL_CAPITAL.sub(lambda match: chr(ord(match[0]) - 0xF700), text)


def page_characters(text_page: Any) -> str:
    """Returns the page's characters, one code point for each of PDFium's character indices.

    A character beyond U+FFFF (``𠮟``, ``𠮷``) has two of them: the first stands for it, the second is left as the lone
    half that PDFium gives.
    """
    count = pdfium.FPDFText_CountChars(text_page)
    if count <= 0:
        return ""
    buffer = (ctypes.c_ushort * (2 * count + 2))()
    written = pdfium.FPDFText_GetText(text_page, 0, count, buffer)
    text = bytes(buffer)[: max(written - 1, 0) * 2].decode("utf-16-le", errors="replace")
    if len(text) != count:
        codes = (pdfium.FPDFText_GetUnicode(text_page, index) for index in range(count))
        text = "".join(chr(code) if 0 < code < 0x110000 else "\ufffd" for code in codes)
        text = _PAIR.sub(_whole_and_half, text)
    return text


def _whole_and_half(match: re.Match[str]) -> str:
    return match[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le") + match[0][1]


def _font_of(drawn: Any, fonts: dict[int, Font]) -> Font:
    font = pdfium.FPDFTextObj_GetFont(drawn) if drawn else None
    if not font:
        return _NO_FONT
    if font not in fonts:
        buffer = ctypes.create_string_buffer(256)
        pdfium.FPDFFont_GetBaseFontName(font, buffer, 256)
        name = buffer.value.decode("utf-8", errors="replace").rpartition("+")[2].lower()
        ascent, descent = ctypes.c_float(), ctypes.c_float()
        pdfium.FPDFFont_GetAscent(font, 1.0, ascent)
        pdfium.FPDFFont_GetDescent(font, 1.0, descent)
        bold = bool(_HEAVY.search(name)) or pdfium.FPDFFont_GetWeight(font) >= 600
        height = ascent.value - descent.value
        fonts[font] = Font(name, bold, height < _LEAST_HEIGHT)
        if _LEAST_HEIGHT <= height <= _MOST_HEIGHT:
            fonts[font] = Font(name, bold, False, ascent.value, descent.value)
    return fonts[font]


def _font_size(text_page: Any, index: int, matrix: Any) -> float:
    """Returns the size of a character's font as it is drawn, in points; 0 where it is not known.

    Boxes do not tell: PDFium's reach as far as a font says that its letters do, which differs from font to font, and
    further where one of them does. ``matrix`` is where PDFium puts how it is turned.
    """
    if not pdfium.FPDFText_GetMatrix(text_page, index, matrix):
        return 0.0
    return float(pdfium.FPDFText_GetFontSize(text_page, index)) * math.hypot(matrix.c, matrix.d)


def _heighten(text_page: Any, index: int, box: Any, font: Font) -> None:
    """Makes the box of a letter as high as its font's letters are, around the line that it stands on.

    PDFium gives boxes as high as the letter in fonts that it knows too little of, and where the file says which letter
    a drawn one stands for (its ActualText), as browsers do beside 一 when its font calls it the radical U+2F00.
    """
    x, y, matrix = ctypes.c_double(), ctypes.c_double(), pdfium.FS_MATRIX()
    if pdfium.FPDFText_GetCharOrigin(text_page, index, x, y) and pdfium.FPDFText_GetMatrix(
        text_page, index, matrix
    ):
        size = pdfium.FPDFText_GetFontSize(text_page, index) * math.hypot(matrix.c, matrix.d)
        if font.tight or box.top - box.bottom < _FLAT * (font.ascent - font.descent) * size:
            box.bottom, box.top = y.value + font.descent * size, y.value + font.ascent * size


def _leave_out(found: PageText, turns: list[int], out: Sequence[bool]) -> list[int]:
    """Takes words out of the page; returns the turns of the rest."""
    if not any(out):
        return turns
    found.words = [word for word, gone in zip(found.words, out, strict=True) if not gone]
    return [turn for turn, gone in zip(turns, out, strict=True) if not gone]
