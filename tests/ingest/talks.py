"""Presentations made for the tests, and what is read of them."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Callable
from typing import Any

from pptx.util import Inches

from corpus.types import Document
from ingest.parsers import parse
from tests.ingest.packing import zipped

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
A = "http://schemas.openxmlformats.org/drawingml/2006/main"
TITLE_AND_BODY, TITLE_ONLY, BLANK = 1, 5, 6


def saved(source: Any) -> bytes:
    buffer = io.BytesIO()
    source.save(buffer)
    return buffer.getvalue()


def read(source: Any) -> Document:
    return parse(source if isinstance(source, bytes) else saved(source), "talk.pptx")


def slide(source: Any, title: str, layout: int = TITLE_ONLY) -> Any:
    made = source.slides.add_slide(source.slide_layouts[layout])
    if made.shapes.title is not None:
        made.shapes.title.text = title
    return made


def box(where: Any, text: str, left: float, top: float) -> None:
    where.shapes.add_textbox(Inches(left), Inches(top), Inches(2), Inches(1)).text_frame.text = text


def repacked(data: bytes, change: Callable[[dict[str, bytes | str]], None]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members: dict[str, bytes | str] = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    return zipped(members)


def kinds(document: Document) -> list[tuple[str, str]]:
    return [(b.kind, document.text[b.start : b.end]) for b in document.blocks]
