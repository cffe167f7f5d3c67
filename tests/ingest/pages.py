"""Texts, Markdown and HTML as tests read them."""

from __future__ import annotations

from corpus.types import Document
from ingest.parsers import parse
from ingest.parsers.verifying import verify

JAPANESE = (
    "就業規則\n\n第1章 総則\n\nこの規則は、社員の就業に関する事項を定めるものである。"
    "カタカナとひらがなを含む。\n"
)


def kinds(document: Document) -> list[tuple[str, int, str]]:
    return [(b.kind, b.level, document.text[b.start : b.end]) for b in document.blocks]


def read(source: str, name: str) -> Document:
    document = parse(source.encode(), name)
    verify(document)
    return document
