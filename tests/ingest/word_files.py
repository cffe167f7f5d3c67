"""Word files as tests make, change and read them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import docx
import docx.shared

from corpus.types import Document
from ingest.parsers import parse


def saved(document: Any) -> bytes:
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def read(source: Any) -> Document:
    return parse(saved(source), "policy.docx")


def repacked(data: bytes, change: Callable[[dict[str, bytes]], None]) -> bytes:
    """The archive with its members changed."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def hello() -> bytes:
    source = docx.Document()
    source.add_paragraph("Hello")
    return saved(source)


WORD_SPACE = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def with_body(xml: str, parts: dict[str, bytes] | None = None) -> Document:
    """A document that begins with this XML, and has these parts."""

    def put(members: dict[str, bytes]) -> None:
        body = members["word/document.xml"].replace(b"<w:body>", f"<w:body>{xml}".encode())
        members.update({"word/document.xml": body, **(parts or {})})

    return parse(repacked(hello(), put), "policy.docx")
