"""What of a PDF's page a reader sees: the home of how text is drawn, and of where a box is in the page's picture."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

from ingest.parsers.pdf import pdfium
from ingest.parsers.pdf.lines import Word
from ingest.parsers.pdf.structure import Box, PageText

_PALE = 225
_SEEN_CONTRAST = 24
_LOOK_PIXELS = 1200

DRAWN, _INVISIBLE, _UNSURE = range(3)


def look_of(drawn: Any) -> int:
    """Returns how a text object is drawn: plainly, invisibly, or so that only a look at the page tells.

    That is in a colour close to white or transparent, or as an opening through which something else is seen or not.
    """
    mode = pdfium.FPDFTextObj_GetTextRenderMode(drawn)
    if mode == pdfium.FPDF_TEXTRENDERMODE_INVISIBLE:
        return _INVISIBLE
    if mode == pdfium.FPDF_TEXTRENDERMODE_CLIP:
        return _UNSURE
    if mode not in (pdfium.FPDF_TEXTRENDERMODE_FILL, pdfium.FPDF_TEXTRENDERMODE_FILL_CLIP):
        return DRAWN  # its outlines are drawn
    red, green, blue, alpha = ctypes.c_uint(), ctypes.c_uint(), ctypes.c_uint(), ctypes.c_uint()
    if not pdfium.FPDFPageObj_GetFillColor(drawn, red, green, blue, alpha):
        return DRAWN
    pale = min(red.value, green.value, blue.value) >= _PALE or alpha.value <= 255 - _PALE
    return _UNSURE if pale else DRAWN


def are_hidden(page: Any, found: PageText, looks: Sequence[int]) -> list[bool]:
    """Says of each word whether nobody sees it, and counts those characters."""
    left, bottom, right, top = _page_box(page, found)
    unseen = [False] * len(found.words)
    for at, (word, look) in enumerate(zip(found.words, looks, strict=True)):
        if word.x1 < left or word.x0 > right or word.y1 < bottom or word.y0 > top:
            unseen[at] = True
        elif look == _INVISIBLE:
            x, y = (word.x0 + word.x1) / 2, (word.y0 + word.y1) / 2
            over_picture = any(x0 <= x <= x1 and y0 <= y <= y1 for x0, y0, x1, y1 in found.pictures)
            unseen[at] = not over_picture
            found.recognised_chars += len(word.text) if over_picture else 0
    unsure = [at for at, look in enumerate(looks) if look == _UNSURE and not unseen[at]]
    if unsure:
        for at, seen in zip(unsure, _are_seen(page, [found.words[at] for at in unsure]), strict=True):
            unseen[at] = not seen
    if any(unseen):
        found.hidden_chars += sum(
            len(word.text) for word, out in zip(found.words, unseen, strict=True) if out
        )
    return unseen


def _page_box(page: Any, found: PageText) -> Box:
    box = pdfium.FS_RECTF()
    if not pdfium.FPDF_GetPageBoundingBox(page.raw, ctypes.byref(box)):
        return 0.0, 0.0, found.width, found.height
    return box.left, box.bottom, box.right, box.top


def _are_seen(page: Any, words: Sequence[Word]) -> list[bool]:
    """Says of each word whether the drawn page shows anything but one colour where it stands."""
    wide, high = page.get_size()
    picture = page.render(scale=min(2.0, _LOOK_PIXELS / max(wide, high, 1.0))).to_pil().convert("L")
    seen = []
    for word in words:
        inset = 0.15 * (word.y1 - word.y0)
        x0, y0, x1, y1 = to_pixels(page, (word.x0, word.y0 + inset, word.x1, word.y1 - inset), picture.size)
        area = (max(x0, 0), max(y0, 0), min(x1 + 1, picture.width), min(y1 + 1, picture.height))
        if area[0] >= area[2] or area[1] >= area[3]:
            seen.append(False)
            continue
        darkest, lightest = picture.crop(area).getextrema()
        seen.append(lightest - darkest >= _SEEN_CONTRAST)
    return seen


def to_pixels(page: Any, box: Box, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Returns a box as left, top, right, bottom in the picture, whatever the page's rotation and crop."""
    corners = []
    for x, y in ((box[0], box[1]), (box[2], box[3])):
        across, down = ctypes.c_int(), ctypes.c_int()
        pdfium.FPDF_PageToDevice(page.raw, 0, 0, *size, 0, x, y, across, down)
        corners.append((across.value, down.value))
    (x0, x1), (y0, y1) = (sorted(pair) for pair in zip(*corners, strict=True))
    return x0, y0, x1, y1
