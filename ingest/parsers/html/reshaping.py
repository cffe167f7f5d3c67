"""Elements that are something else than their names say, made into it: by role, by style, by what stands in them.

Boxes with the roles of a table or a heading (WAI-ARIA 1.2), a list of cards that have headings, a title that is a
paragraph, boxes that run on in their line, letters of a symbol font.
"""

from __future__ import annotations

import re
from typing import Any

from corpus.patterns import pattern
from ingest.parsers.html.walk import HEADINGS, whole_number
from ingest.parsers.symbol_fonts import show_symbol

_TABLES = frozenset({"table", "grid", "treegrid"})
_CELLS = {"columnheader": "th", "rowheader": "th", "cell": "td", "gridcell": "td"}
_TITLES = frozenset({"title", "msotitle"})
_MOST_TITLE = 150
_INLINE = pattern(r"(?:^|;)\s*display\s*:\s*inline\s*(?:;|$)", re.IGNORECASE)
_FLOATING = pattern(r"(?:^|;)\s*float\s*:\s*left", re.IGNORECASE)
_MARKER = pattern(r"\s*(?:\(?[^\W_]{1,4}[.)．）]{1,3}|[•◦▪–·o-]\.?)\s*")
_SYMBOLS = pattern(r"font(?:-family)?\s*:(?:[^;]{0,40}?['\"\s])?(Symbol|Wingdings)\b", re.IGNORECASE)


def reshape(root: Any) -> None:
    """Renames elements of a tree."""
    has_title = False
    seen: set[Any] = set()
    for element in root.iter():
        tag = element.tag
        if not isinstance(tag, str):
            continue
        role, style = element.get("role"), element.get("style") or ""
        if role == "heading" and tag not in HEADINGS:
            level = element.get("aria-level") or "2"
            element.tag = f"h{level}" if f"h{level}" in HEADINGS else "h6"
        elif role in _TABLES and tag != "table":
            _make_table(element)
        elif role == "checkbox" and element.get("aria-checked") and tag != "input":
            _tick(element, element.get("aria-checked") == "true")
        if tag in HEADINGS:
            has_title = True
            _open_lists(element, seen)
        elif (
            tag == "p"
            and not has_title
            and not _TITLES.isdisjoint((element.get("class") or "").lower().split())
        ):
            has_title = True
            if 0 < len("".join(element.itertext()).strip()) <= _MOST_TITLE:
                element.tag = "h1"
        elif tag == "div" and (classes := (element.get("class") or "")).startswith("checkbox checkbox-"):
            _tick(element, classes.endswith("-on"))
        elif tag == "label" or "selected-value" in (element.get("class") or ""):
            element.tail = f" {element.tail or ''}"
        if tag == "div" and _INLINE.search(style):
            element.tag = "span"
        elif tag == "span" and _FLOATING.search(style) and _is_marker(element):
            element.set("role", "navigation")
        font = _SYMBOLS.search(style) if style else None
        face = font[1].capitalize() if font else element.get("face") or ""
        if face in ("Symbol", "Wingdings"):
            _show_letters(element, face)


def _tick(box: Any, is_checked: bool) -> None:
    if not "".join(box.itertext()).strip():
        box.tag, box.text = "span", "☒ " if is_checked else "☐ "


def _is_marker(span: Any) -> bool:
    """Says whether a box is the mark of a list's item, written out."""
    item = next(span.iterancestors("li"), None)
    first = span.getprevious() is None and not (span.getparent().text or "").strip()
    return item is not None and first and _MARKER.fullmatch("".join(span.itertext())) is not None


def _show_letters(element: Any, font: str) -> None:
    element.text = _shown(element.text, font)
    for child in element:
        child.tail = _shown(child.tail, font)


def _shown(text: str | None, font: str) -> str | None:
    return text and "".join(one if one.isspace() else show_symbol(ord(one), font) or one for one in text)


def _make_table(grid: Any) -> None:
    rows = [one for one in grid.iter() if one.get("role") == "row"]
    cells = [[one for one in row.iter() if one.get("role") in _CELLS] for row in rows]
    if sum(map(len, cells)) < 2:
        return
    grid.tag = "table"
    grid.attrib.pop("role")
    for row, inner in zip(rows, cells, strict=True):
        row.tag = "tr"
        for cell in inner:
            cell.tag = _CELLS[cell.get("role")]


def _open_lists(heading: Any, seen: set[Any]) -> None:
    """Takes lists whose items all have headings for boxes of the page: each is a section, not an item.

    The number of an item goes on to its heading.
    """
    for item in heading.iterancestors("li"):
        around = item.getparent()
        if around is None or around.tag not in ("ul", "ol") or around in seen:
            return
        seen.add(around)
        items = [one for one in around if one.tag == "li" and (len(one) or (one.text or "").strip())]
        headings = [next(one.iter(*HEADINGS), None) for one in items]
        if any(one is None for one in headings):
            return
        for number, first in enumerate(headings, whole_number(around.get("start"), 1)):
            if (
                around.tag == "ol"
                and first is not None
                and not "".join(first.itertext()).strip()[:1].isdigit()
            ):
                first.text = f"{number}. {first.text or ''}"
        for one in (*items, around):
            one.tag = "div"
