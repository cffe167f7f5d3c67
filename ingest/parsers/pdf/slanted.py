"""Words that are written aslant, as stamps are, or turned by a program: as words, and as lines of their own."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, NamedTuple

from ingest.parsers.pdf import pdfium
from ingest.parsers.pdf.lines import SAME_LINE, Word

SLANT = 4
"""What stands for a number of quarter turns where a word has none."""

_UPRIGHT = math.radians(
    20
)  # lines turned by less are read as they are: their words still stand beside each other
_SIDEWAYS = math.radians(4)  # the same from the other quarter turns
_NO_ROOM = 0.08  # letter heights from a word to the next, which are one: PDFium parts words that are turned
_STEP = 0.02  # radians by which words of one line differ
_USUAL_WIDTH = 0.5  # of its size, a letter whose width is not known


def is_slanted(angle: float) -> bool:
    """Says whether letters at an angle (radians) are written in none of the four directions of a page."""
    if abs(math.remainder(angle, 2 * math.pi)) < math.pi / 4:
        return abs(math.remainder(angle, 2 * math.pi)) > _UPRIGHT
    return abs(math.remainder(angle, math.pi / 2)) > _SIDEWAYS


class Level(NamedTuple):
    """A slanted word, its angle (radians, to the left), and the word as it stands on a page turned upright for it."""

    word: Word
    angle: float
    upright: Word


def level(text_page: Any, start: int, end: int, word: Word) -> Level:
    """Returns a slanted word with what it is on a page turned upright for it.

    Args:
        text_page: PDFium's.
        start, end: where its characters are.
        word: as it stands on the page.
    """
    angle = -float(pdfium.FPDFText_GetCharAngle(text_page, start))
    along, across = _origin(text_page, start, angle)
    last, _ = _origin(text_page, end - 1, angle)
    drawn = pdfium.FPDFText_GetTextObject(text_page, end - 1)
    width = ctypes.c_float(_USUAL_WIDTH)
    if drawn:
        font = pdfium.FPDFTextObj_GetFont(drawn)
        pdfium.FPDFFont_GetGlyphWidth(font, pdfium.FPDFText_GetUnicode(text_page, end - 1), 1.0, width)
    size = word.size
    box = along, across - 0.2 * size, last + width.value * size, across + 0.8 * size
    return Level(word, angle, replace(word, x0=box[0], y0=box[1], x1=box[2], y1=box[3]))


def _origin(text_page: Any, index: int, angle: float) -> tuple[float, float]:
    x, y = ctypes.c_double(), ctypes.c_double()
    pdfium.FPDFText_GetCharOrigin(text_page, index, x, y)
    cosine, sine = math.cos(angle), math.sin(angle)
    return x.value * cosine + y.value * sine, y.value * cosine - x.value * sine


def lay_level(words: list[Word], levels: Mapping[int, Level], apart: float) -> None:
    """Puts words as they are read in place of slanted ones, those of each angle ``apart`` points from the others.

    Args:
        words: those of a page; changed.
        levels: by the ``id`` of a word, what :func:`level` says of it.
        apart: more than a page is wide and high.
    """
    angles: dict[int, int] = {}
    for at, word in enumerate(words):
        if (known := levels.get(id(word))) is not None:
            down = apart * angles.setdefault(round(known.angle / _STEP), len(angles))
            words[at] = replace(known.upright, y0=known.upright.y0 - down, y1=known.upright.y1 - down)


def without_gaps(words: Sequence[Word]) -> list[Word]:
    """Returns words in their order, those as one between which no room is left."""
    joined = list(words[:1])
    for before, word in pairwise(words):
        common = min(before.y1, word.y1) - max(before.y0, word.y0)
        is_line = common > SAME_LINE * min(before.y1 - before.y0, word.y1 - word.y0)
        if is_line and not word.spaced and abs(word.x0 - before.x1) < _NO_ROOM * word.size:
            joined[-1] = replace(joined[-1], x1=word.x1, text=joined[-1].text + word.text)
        else:
            joined.append(word)
    return joined
