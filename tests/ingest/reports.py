"""PDFs of a report, as tests draw and read them."""

from __future__ import annotations

import io
from typing import Any

import pypdf

from corpus.types import Document
from ingest.parsers import parse

PROSE = (
    "Employees who travel on company business are paid back what they spent on it. The rules below say what "
    "is paid, up to which amount, and which receipts are needed. Questions go to the finance department, "
    "which answers within three working days and keeps the receipts for seven years."
)


def read(data: bytes) -> Document:
    return parse(data, "report.pdf")


def page_texts(document: Document) -> list[str]:
    return [document.text[page.start : page.end] for page in document.pages]


def rewritten(data: bytes, change: Any) -> bytes:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(data))
    change(writer)
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()
