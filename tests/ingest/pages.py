"""Texts, Markdown and HTML as tests read them."""

from __future__ import annotations

from corpus.types import Document
from ingest.parsers import parse

JAPANESE = (
    "就業規則\n\n第1章 総則\n\nこの規則は、社員の就業に関する事項を定めるものである。"
    "カタカナとひらがなを含む。\n"
)


def read(source: str, name: str) -> Document:
    return parse(source.encode(), name)
