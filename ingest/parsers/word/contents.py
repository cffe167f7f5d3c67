"""What of a Word document only leads to other places in it: entries of its contents, lists of figures and index."""

from __future__ import annotations

import re
from typing import Any

from corpus.patterns import pattern
from ingest.parsers.word.styles import W

_STYLE = pattern(r"(?:toc|contents|index) ?\d|table of figures$|figure index ?\d", re.IGNORECASE)
"""Names that Word and LibreOffice give to the styles of entries, whatever language they speak."""
_PAGES = pattern(r"[\s.…·‥]+(?:\d{1,4}|[ivxlc]{1,8})(?:[,–-] ?\d{1,4})*\s*$")
_TO_PAGE = pattern(r"\b(?:PAGEREF|_Toc\d)")
_TO_HEADING = pattern(r"\bPAGEREF\s+_Toc\d")
"""The field that Word puts into the entries of contents that it makes."""


def is_contents_style(name: str) -> bool:
    """Says whether a style is that of entries, by its name."""
    return _STYLE.match(name) is not None


def leads_to_page(text: str) -> bool:
    """Says whether a text ends in the number of a page."""
    return _PAGES.search(text) is not None


def is_contents_entry(style: str, paragraph: Any, text: str) -> bool:
    """Says whether a paragraph is an entry: its style says so, and it has a page's number or a link to a place; or its
    page's number is a heading's.
    """
    codes = [code.text or "" for code in paragraph.iter(W + "instrText")]
    if not is_contents_style(style):
        return any(map(_TO_HEADING.search, codes)) and leads_to_page(text)
    return (
        not text.strip()
        or leads_to_page(text)
        or any(link.get(W + "anchor") for link in paragraph.iter(W + "hyperlink"))
        or any(map(_TO_PAGE.search, codes))
    )
