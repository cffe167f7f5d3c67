"""Workbooks as tests make and read them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping

import openpyxl
from openpyxl.workbook import Workbook

from corpus.types import Document
from ingest.parsers import Limits, parse

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"

SHEET = "xl/worksheets/sheet1.xml"


def packed(fill: Callable[[Workbook], None]) -> bytes:
    book = openpyxl.Workbook()
    fill(book)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def of_rows(rows: list[list[object]], title: str = "Sheet") -> bytes:
    def fill(book: Workbook) -> None:
        book.active.title = title
        for row in rows:
            book.active.append(row)

    return packed(fill)


def replaced(data: bytes, parts: Mapping[str, str]) -> bytes:
    """The archive with some parts in place of its own."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for name in dict.fromkeys([*old.namelist(), *parts]):
            new.writestr(name, parts[name] if name in parts else old.read(name))
    return stream.getvalue()


def with_sheet(xml: str) -> bytes:
    return replaced(of_rows([["x"]]), {SHEET: f'<worksheet xmlns="{MAIN}">{xml}</worksheet>'})


def read(data: bytes, name: str = "a.xlsx", limits: Limits | None = None) -> Document:
    return parse(data, name, limits or Limits())


def tables(document: Document) -> list[tuple[str, str]]:
    return [(b.header, document.text[b.start : b.end]) for b in document.blocks if b.kind == "table"]


def ods(content: str, manifest: str = "<manifest/>") -> bytes:
    names = ["office", "text", "table", "manifest"]
    spaces = " ".join(f'xmlns:{n}="urn:oasis:names:tc:opendocument:xmlns:{n}:1.0"' for n in names)
    spaces += ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", manifest)
        archive.writestr(
            "content.xml",
            f"<office:document-content {spaces}><office:body><office:spreadsheet>{content}"
            "</office:spreadsheet></office:body></office:document-content>",
        )
    return stream.getvalue()
