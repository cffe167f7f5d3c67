"""Letters of fonts that a PDF only names and this machine does not have.

PDFium knows no glyph for them, so a piece of text that is one such letter (``は`` between two words in Latin letters)
has no width, and what has none it leaves out of the page's text, silently. Japanese PDFs of TeX and of older programs
name their fonts (``Ryumin-Light``, ``MS-Mincho``) and hold none.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from typing import Any

from ingest.parsers.pdf import pdfium

_NO_WIDTH = 0.01  # points, below which PDFium leaves a piece of text out
_SAMPLE = (
    100  # pieces of text of a page whose fonts are looked at: where all are in the file, the others are, too
)
_EDGE = 1.0  # points that are drawn around the letters, which makes them that wide
_UNMOVED = pdfium.FS_MATRIX(1, 0, 0, 1, 0, 0)


def load_text(page: Any, texts: Sequence[Any]) -> Any:
    """Returns the text of an open page as a PDFium text page, to be closed; None where it has none.

    While it is loaded, pieces of text without a width are said to be drawn with an edge, since PDFium counts that to
    their width; how they are drawn, and where, stays as it is in the file.

    Args:
        page: the page, a raw handle.
        texts: its pieces of text, raw handles.
    """
    modes = [(item, pdfium.FPDFTextObj_GetTextRenderMode(item)) for item in _without_width(texts)]
    for item, _ in modes:
        pdfium.FPDFTextObj_SetTextRenderMode(item, pdfium.FPDF_TEXTRENDERMODE_FILL_STROKE)
        pdfium.FPDFPageObj_SetStrokeWidth(item, _EDGE)
        pdfium.FPDFPageObj_TransformF(item, _UNMOVED)  # measures it anew
    text_page = pdfium.FPDFText_LoadPage(page)
    for item, mode in modes:
        pdfium.FPDFTextObj_SetTextRenderMode(item, mode)
    return text_page


def _without_width(texts: Sequence[Any]) -> Iterator[Any]:
    """Yields those in fonts that are not in the file, which PDFium gives no width."""
    named: dict[int | None, bool] = {}
    if not any(_is_named(item, named) for item in texts[:: len(texts) // _SAMPLE + 1]):
        return
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    edges = [ctypes.byref(edge) for edge in (left, bottom, right, top)]
    for item in texts:
        is_measured = _is_named(item, named) and pdfium.FPDFPageObj_GetBounds(item, *edges)
        if is_measured and right.value - left.value < _NO_WIDTH:
            yield item


def _is_named(item: Any, named: dict[int | None, bool]) -> bool:
    """Says whether the font of a piece of text is not in the file; ``named`` keeps that by the font's address."""
    font = pdfium.FPDFTextObj_GetFont(item)
    if font not in named:
        named[font] = bool(font) and pdfium.FPDFFont_GetIsEmbedded(font) == 0
    return named[font]
