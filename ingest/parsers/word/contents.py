"""What of a Word document only leads to other places in it: entries of its contents, lists of figures and index."""

from __future__ import annotations

import re
from typing import Any

from corpus.patterns import pattern
from ingest.parsers.word.styles import W

_STYLE = pattern(r"(?:toc|contents|index) ?\d|table of figures$|figure index ?\d", re.IGNORECASE)
"""Names that Word and LibreOffice give to the styles of entries, whatever language they speak."""
_PAGES = pattern(r"([\s.…·‥]+)(?:\d{1,4}|[ivxlc]{1,8})(?:[,–-] ?\d{1,4})*\s*$")
_LEADERS = pattern(r"\t|…|(?:[.·‥]\s*){2}")
_TO_PAGE = pattern(r"\b(?:PAGEREF|_Toc\d)")
_TO_HEADING = pattern(r"\bPAGEREF\s+_Toc\d")
"""The field that Word puts into the entries of contents that it makes; a sentence may name a heading's page with it."""


def is_contents_style(name: str) -> bool:
    """Says whether a style is that of entries, by its name."""
    return _STYLE.match(name) is not None


def leads_to_page(text: str) -> bool:
    """Says whether a text ends in the number of a page."""
    return _PAGES.search(text) is not None


def is_contents_entry(style: str, paragraph: Any, text: str) -> bool:
    """Says whether a paragraph is an entry: its style says so, and it has a page's number or a link to a place; or it
    is nothing but a heading's name, linked or with leaders behind it, and the heading's page.
    """
    codes = [code.text or "" for code in paragraph.iter(W + "instrText")]
    if not is_contents_style(style):
        return any(map(_TO_HEADING.search, codes)) and _is_name_and_page(paragraph)
    return (
        not text.strip()
        or leads_to_page(text)
        or any(link.get(W + "anchor") for link in paragraph.iter(W + "hyperlink"))
        or any(map(_TO_PAGE.search, codes))
    )


def _is_name_and_page(paragraph: Any) -> bool:
    shown = beside = ""
    for element in paragraph.iter(W + "t", W + "tab", W + "ptab"):
        if element.getparent().tag == W + "tabs":  # where a tab may lead
            continue
        piece = (element.text or "") if element.tag == W + "t" else "\t"
        shown += piece
        if not any(link.get(W + "anchor") for link in element.iterancestors(W + "hyperlink")):
            beside += piece
    page = _PAGES.search(shown)
    return page is not None and (
        _LEADERS.search(page[1]) is not None or not _PAGES.sub("", f" {beside}").strip()
    )
