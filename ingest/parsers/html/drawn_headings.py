"""Headings that are only drawn as such: paragraphs and boxes of a class for it, and lines wholly in bold type."""

from __future__ import annotations

import re
from typing import Any

from corpus.patterns import pattern
from ingest.parsers.cleaning import one_line
from ingest.parsers.html.left_out import is_left_out
from ingest.parsers.html.walk import BLOCKS, HEADINGS, walk

_LEVELLED = pattern(r"(?:h|(?:heading|headline|title)-?)([1-6])")
"""Classes of style sheets that say a level, Bootstrap's (``h3``) above all."""
_TITLES = frozenset(
    {
        "title", "heading", "headline", "page-title", "article-title", "entry-title", "chapter-title", "section-title",
        "section-heading", "subheading", "sub-heading",
    }
)  # fmt: skip
_PLACES = frozenset(
    {"li", "table", "blockquote", "aside", "figure", "a", "button", "form", "pre", "nav", "footer", "address"}
)
"""Where a line in bold type, or a box called title, is a part of something else."""
_FOLLOWING = frozenset({"p", "div", "ul", "ol", "dl", "table", "pre", "blockquote", "section", "figure"})
_NO_LINE = BLOCKS | frozenset(HEADINGS) | {"ul", "ol", "br", "img", "code", "tt", "kbd", "samp"}
_STRONG = frozenset({"b", "strong"})
_BOLD = pattern(r"(?:^|;)\s*font-weight\s*:\s*(?:bold|[6-9]00)", re.IGNORECASE)
_MOST_CHARS = 100
_MOST_BOLD_CHARS = 70
_MOST_INSIDE = 20
_FEWEST_BOLD = 2
_COUNTED = pattern(
    r"(?:\W*\d+(?:[.\-]\d+)*\W+|第[\d０-９一二三四五六七八九十]+[章節条部編][:：\s]*|[^\W\d_]+ \d+(?:[.:\-–]\s|\Z))"
)
"""What numbers a heading: ``3.2``, ``第3条``, ``Step 2:``."""
_TOLD = pattern(r"[.!;,。！；、，]\Z|\d|[:：].")
"""By which a line says something, rather than what follows is called: a sentence's end, a figure, a value."""


def raise_headings(root: Any) -> None:
    """Makes headings of lines that a reader takes for some; those of a page whose levels are named keep them.

    A line in bold type is one where what follows it is longer and not in bold, and where the page has another.
    """
    level, places = 0, 0
    drawn: list[tuple[Any, int]] = []
    bold: list[tuple[Any, int]] = []
    for event, element in walk(root):
        if element.tag in _PLACES:
            places += 1 if event == "start" else -1
        if event == "end" or is_left_out(element):
            continue
        if element.tag in HEADINGS:
            level = HEADINGS[element.tag]
        elif element.tag in ("p", "div") and not places and (said := _line(element)):
            classes = (element.get("class") or "").lower().split()
            named = next((found for one in classes if (found := _LEVELLED.fullmatch(one))), None)
            below = min(max(level, 1) + 1, 6)
            if named is not None:
                level = int(named[1])
                drawn.append((element, level))
            elif not _TITLES.isdisjoint(classes) and _heads(element, said):
                drawn.append((element, below))
            elif _is_bold(element) and _is_name(said) and _heads(element, said):
                bold.append((element, below))
    for element, depth in [*drawn, *(bold if len(bold) >= _FEWEST_BOLD else ())]:
        element.tag = f"h{depth}"


def _line(element: Any) -> str:
    """Returns the words of a box that is one short line, "" of any other."""
    for number, inner in enumerate(element.iterdescendants()):
        if number >= _MOST_INSIDE or inner.tag in _NO_LINE:
            return ""
    said = one_line("".join(element.itertext()))
    return said if len(said) <= _MOST_CHARS and any(map(str.isalpha, said)) else ""


def _heads(element: Any, said: str) -> bool:
    """Says whether more stands right below a line than in it, and is no line of its kind."""
    below = element.getnext()
    if below is None or below.tag not in _FOLLOWING or (element.tail or "").strip() or is_left_out(below):
        return False
    left = len(said)
    for text in below.itertext():
        left -= len(text.strip())
        if left < 0:
            return not (below.tag in ("p", "div") and _is_bold(below))
    return False


def _is_bold(element: Any) -> bool:
    """Says whether all words of a line, or of a box with few elements, are in bold type."""
    if _BOLD.search(element.get("style") or ""):
        return True
    left = [(element, False)]
    some = False
    for _ in range(_MOST_INSIDE):
        if not left:
            return some
        one, is_bold = left.pop()
        is_bold = is_bold or one.tag in _STRONG or bool(_BOLD.search(one.get("style") or ""))
        if (one.text or "").strip():
            if not is_bold:
                return False
            some = True
        for child in one:
            if (child.tail or "").strip() and not is_bold:
                return False
            left.append((child, is_bold))
    return False


def _is_name(said: str) -> bool:
    """Says whether a line names what follows it: it is short, is no sentence, and tells no figure and no value."""
    counted = _COUNTED.match(said)
    words = said[counted.end() :] if counted else said
    return len(said) <= _MOST_BOLD_CHARS and not _TOLD.search(words)
