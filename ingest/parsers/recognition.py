"""Reads the text in a picture of a page (OCR). The home of rapidocr, which comes with the extra ``ocr``.

Its wheel brings models for English, Japanese and Chinese, so that nothing is fetched and no program is started:
the sandboxed child that parses the file reads the picture too.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import logging
import unicodedata
from typing import Any

from corpus.errors import ParseError
from corpus.patterns import pattern
from ingest.parsers.pdf.lines import Word

INSTALL = "pip install rapidocr (the pip of the environment that Vouch runs in)"
"""How the engine is installed, in words for a sentence; by its own name, as registries have a stranger's "vouch"."""

MEMORY_MB = 2048
"""Address space that reading pictures takes beyond parsing."""

DOTS_PER_INCH = 200
"""How fine a page is drawn to be read; points are 72 to the inch."""

_LEAST_SCORE = 0.5
_LETTER_SHARE = 0.75  # a line's letters are so much of its box
_PART = pattern(r"\S+")


class ScannedError(ParseError):
    """``no_text``: the file holds pictures only; ``scanned`` counts the pages that text recognition may read."""

    def __init__(self, message: str, *, scanned: int, hint: str) -> None:
        super().__init__(message, code="no_text", hint=hint)
        self.scanned = scanned


@functools.cache
def is_installed() -> bool:
    """Says whether the engine is there; does not load it."""
    return importlib.util.find_spec("rapidocr") is not None


def remedy() -> str:
    """Returns what to do so that a picture is read."""
    if is_installed():
        return "set ocr to auto, and ingest again"
    return f"install text recognition (OCR) with {INSTALL}, and ingest again"


def read_picture(picture: Any, scale: float) -> list[Word]:
    """Returns the words in a picture of a page, with their boxes in points.

    Args:
        picture: a Pillow image.
        scale: its pixels to a point.
    """
    import numpy as np

    pixels = np.asarray(picture.convert("RGB"))[:, :, ::-1]
    found = _engine()(np.ascontiguousarray(pixels))
    words: list[Word] = []
    for corners, text, score in zip(found.boxes, found.txts, found.scores, strict=True) if found.txts else ():
        if score < _LEAST_SCORE:
            continue
        xs, ys = [float(x) / scale for x, _ in corners], [float(y) / scale for _, y in corners]
        words += _words(
            text, min(xs), picture.height / scale - max(ys), max(xs), picture.height / scale - min(ys)
        )
    return words


def _words(text: str, x0: float, y0: float, x1: float, y1: float) -> list[Word]:
    """Parts a recognised line at its spaces; a full-width character takes the room of two others."""
    ends = [0]
    for character in text:
        ends.append(ends[-1] + (2 if unicodedata.east_asian_width(character) in "WF" else 1))
    wide = (x1 - x0) / max(ends[-1], 1)
    size = _LETTER_SHARE * (y1 - y0)
    return [
        Word(x0 + wide * ends[part.start()], y0, x0 + wide * ends[part.end()], y1, part[0], size, spaced=True)
        for part in _PART.finditer(text)
    ]


@functools.cache
def _engine() -> Any:
    logging.disable(logging.WARNING)
    threads = {f"EngineConfig.onnxruntime.{kind}_op_num_threads": 1 for kind in ("intra", "inter")}
    return importlib.import_module("rapidocr").RapidOCR(params={"Global.log_level": "critical", **threads})
