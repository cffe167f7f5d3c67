"""Elements that are something else than their names say, made into it: by role, by style, by what stands in them.

Boxes with the roles of a table or a heading (WAI-ARIA 1.2), a list of cards that have headings, a title that is a
paragraph, boxes that run on in their line, letters of a symbol font.
"""

from __future__ import annotations

import re
from typing import Any

from corpus.patterns import pattern
from ingest.parsers.html.walk import HEADINGS, walk, whole_number
from ingest.parsers.symbol_fonts import show_symbol

_TABLES = frozenset({"table", "grid", "treegrid"})
_CELLS = {"columnheader": "th", "rowheader": "th", "cell": "td", "gridcell": "td"}
_TITLES = frozenset({"title", "msotitle"})
_MOST_TITLE = 150
_INLINE = pattern(r"(?:^|;)\s*display\s*:\s*inline\s*(?:;|$)", re.IGNORECASE)
_FLOATING = pattern(r"(?:^|;)\s*float\s*:\s*left", re.IGNORECASE)
_MARKER = pattern(r"\s*(?:\(?[^\W_]{1,4}[.)．）]{1,3}|[•◦▪–·o-]\.?)\s*")
_SYMBOLS = pattern(
    r"(?:^|;)\s*+font(?:-family\s*+:\s*+|\s*+:[^;,'\"]{0,40}?\d(?:pt|px|r?em|%)[^\s;]{0,10}\s++)['\"]?(Symbol|Wingdings)\b(?!\s\w)",
    re.IGNORECASE,
)
"""The first font that is asked for: one behind it draws only what that has not."""


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
    rows = _rows(grid)
    if sum(len(cells) for _, cells in rows) < 2:
        return
    grid.tag = "table"
    grid.attrib.pop("role")
    for row, cells in rows:
        row.tag = "tr"
        for cell in cells:
            cell.tag = _CELLS[cell.get("role")]


def _is_table(element: Any) -> bool:
    return element.tag == "table" or element.get("role") in _TABLES


def _rows(grid: Any) -> list[tuple[Any, list[Any]]]:
    """Returns the rows of a box that have cells of their own, with these; tables within it have theirs."""
    rows: list[tuple[Any, list[Any]]] = []
    around: list[tuple[Any, list[Any]]] = []

    def is_closed(one: Any) -> bool:
        return one.get("role") in _CELLS or (one is not grid and _is_table(one))

    for event, one in walk(grid, is_closed):
        role = one.get("role")
        if event == "end":
            if around and one is around[-1][0]:
                around.pop()
        elif role in _CELLS and around:
            around[-1][1].append(one)
        elif role == "row" and not is_closed(one) and not (around and around[-1][1]):
            around.append((one, []))
            rows.append(around[-1])
    return [(row, cells) for row, cells in rows if cells]


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
