"""Lists that are none in the markup, made some: what programs of offices write for their lists.

Word (its web pages, and Outlook's mails) writes an item as a paragraph that begins with its mark and a gap. Google Docs
writes a list within another behind it, with its depth in a class, and begins the outer one again; Notion and others
begin a list for each item.
"""

from __future__ import annotations

import re
from typing import Any

from corpus.patterns import pattern
from ingest.parsers.html.walk import whole_number

MARK = "writtenMark"
"""The attribute of an item that holds its mark. A parser makes names small, so that no page has it by itself."""
_GAP = pattern(r"font\s*:\s*7(?:\.0)?pt\s+[\"']?Times New Roman", re.IGNORECASE)
_LISTED = pattern(r"mso-list\s*:[^;]*\blevel([1-9])", re.IGNORECASE)
_MARGIN = pattern(
    r"margin-left\s*:\s*(-?(?:[0-9]{1,5}(?:\.[0-9]{0,5})?|\.[0-9]{1,5}))\s*(pt|in|cm|mm|px)?", re.IGNORECASE
)
_POINTS = {"in": 72.0, "cm": 28.35, "mm": 2.835, "px": 0.75}
_MOST_MARK = 20
_CHECKS = frozenset("☐☑☒✓✔✗✘")
_ENTRIES = ("MsoToc", "MsoTof", "MsoIndex")
_GOOGLE = pattern(r"\blst-kix_\w+-([0-8])\b")
_LISTS = ("ul", "ol")


def bind_lists(root: Any) -> None:
    """Changes a tree: items become ``li``, lists one that goes on, or one within the other.

    Entries of contents, lists of figures and index that Word wrote get the role of navigation.
    """
    for paragraph in list(root.iter("p")):
        named = paragraph.get("class") or ""
        if named.startswith(_ENTRIES):
            paragraph.set("role", "navigation")
        elif (named.startswith("MsoList") or "mso-list" in (paragraph.get("style") or "")) and (
            mark := _take_mark(paragraph)
        ):
            paragraph.set(MARK, mark)
    for paragraph in list(root.iter("p")):
        if paragraph.get(MARK) is not None:
            _bind_items(paragraph)
    for listing in list(root.iter(*_LISTS)):
        before = listing.getprevious()
        if listing.getparent() is not None and (before is None or before.tag not in _LISTS):
            _bind_following(listing)


# ---- Word: paragraphs with marks --------------------------------------------------------------------


def _take_mark(paragraph: Any) -> str:
    """Returns the short mark before the first gap of a paragraph, and takes it out; "" where there is none."""
    pieces: list[Any] = []
    for piece in paragraph.xpath(".//text()"):
        holder = piece.getparent().getparent() if piece.is_tail else piece.getparent()
        if not piece.strip() and holder is not paragraph and _GAP.search(holder.get("style") or ""):
            break
        pieces.append(piece)
        if sum(map(len, pieces)) > _MOST_MARK:
            return ""
    else:
        return ""
    mark = "".join("".join(pieces).split())
    for piece in pieces if mark else ():
        setattr(piece.getparent(), "tail" if piece.is_tail else "text", "")
    says_something = mark in _CHECKS or (mark != "o" and any(map(str.isalnum, mark)))
    return mark if says_something or not mark else "-"


def _bind_items(first: Any) -> None:
    """Puts a paragraph with a mark, and those that follow it, into a list, each in the one that it is set in from."""
    outer = first.makeelement("ul")
    first.addprevious(outer)
    opened: list[tuple[float, Any]] = [(_indent(first), outer)]
    item: Any = first
    while item is not None and item.tag == "p" and item.get(MARK) is not None:
        following = None if (item.tail or "").strip() else item.getnext()
        tail, item.tail = item.tail, None
        indent = _indent(item)
        while len(opened) > 1 and indent < opened[-1][0]:
            opened.pop()
        if indent > opened[-1][0] and len(opened[-1][1]):
            inner = first.makeelement("ul")
            opened[-1][1][-1].append(inner)
            opened.append((indent, inner))
        opened[-1][1].append(item)
        item.tag = "li"
        outer.tail = tail
        item = following


def _indent(paragraph: Any) -> float:
    style = paragraph.get("style") or ""
    level = _LISTED.search(style)
    if level:
        return float(level[1])
    margin = _MARGIN.search(style)
    return round(float(margin[1]) * _POINTS.get((margin[2] or "").lower(), 1.0)) if margin else 0.0


# ---- lists that stand one behind the other -----------------------------------------------------------


def _bind_following(first: Any) -> None:
    """Takes the lists right behind one into it where they go on with it, or are said to lie deeper."""
    opened = [(_depth(first), first)]
    count = len(first)
    while (
        (listing := first.getnext()) is not None and listing.tag in _LISTS and not (first.tail or "").strip()
    ):
        depth, size = _depth(listing), len(listing)
        if depth < 0 or opened[0][0] < 0:
            goes_on = 1 in (count, size) and _is_like(listing, first, count)
            depth = opened[0][0] if goes_on else -2
        while len(opened) > 1 and depth < opened[-1][0]:
            opened.pop()
        outer = opened[-1][1]
        if depth > opened[-1][0] and len(outer):
            _take(listing, first)
            outer[-1].append(listing)
            opened.append((depth, listing))
        elif depth == opened[-1][0] and listing.tag == outer.tag:
            _take(listing, first)
            if listing.get("start") and len(listing):
                listing[0].set("value", listing.get("start"))
            outer.extend(list(listing))
            count += size if outer is first else 0
        else:
            first, opened, count = listing, [(_depth(listing), listing)], size


def _is_like(listing: Any, first: Any, count: int) -> bool:
    """Says whether a list of one item, or behind such a list, is of the same kind, and counts on."""
    if listing.tag != first.tag or listing.get("class") != first.get("class"):
        return False
    begins = whole_number(listing.get("start"), 1)
    return listing.tag == "ul" or begins == whole_number(first.get("start"), 1) + count


def _take(listing: Any, first: Any) -> None:
    first.tail, listing.tail = listing.tail, None
    listing.getparent().remove(listing)


def _depth(listing: Any) -> int:
    """Returns how deep Google Docs says a list to lie, from 0; -1 where nothing is said."""
    found = _GOOGLE.search(listing.get("class") or "")
    return int(found[1]) if found else -1
