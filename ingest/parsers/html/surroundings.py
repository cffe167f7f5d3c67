"""What stands around the text of a page: links that skip to it, notices about cookies, boxes of links, contents that
are paragraphs, the numbers beside lines of code. All get the role of navigation, which is not read.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any
from urllib.parse import unquote

from corpus.patterns import pattern
from ingest.parsers.contents import FEWEST_ENTRIES, MOST_BESIDE_LINKS
from ingest.parsers.html.left_out import beside_links, is_sentence
from ingest.parsers.html.walk import BLOCKS

_SKIP = pattern(
    r"(?:skip|jump) (?:directly )?to (?:the |main |page )*(?:content|main|navigation|search|text)s?"
    r"|back to (?:the )?top|.{0,12}(?:へスキップ|をスキップ|へジャンプ)(?:する)?"
    r"|(?:ページの?)?(?:先頭|トップ)へ(?:戻る)?",
    re.IGNORECASE,
)
_MOST_LINK = 40
_COOKIES = pattern(
    r"(?:cookie|gdpr)\w{0,20}?[-_]?(?:banner|notice|bar|popup|overlay|message|modal|dialog|consent|law)"
    r"|consent[-_]?(?:banner|bar|popup|overlay|modal|dialog|sdk)"
    r"|\bcc-(?:banner|window)|cookiebot|onetrust|usercentrics|didomi",
    re.IGNORECASE,
)
_MOST_COOKIES = 1500
_LINK_BOXES = frozenset(
    {
        "navbar", "sidebar", "sidenav", "topnav", "side-nav", "top-nav", "site-nav", "main-nav", "nav", "menu",
        "main-menu", "site-menu", "footer", "site-footer", "sidebar-drawer", "toc-drawer", "related",
        "related-links",
    }
)  # fmt: skip
_BOX_TAGS = frozenset({"aside", "footer"})
_PARTS = frozenset({"div", "section", "ul", "ol", "header", *_BOX_TAGS})
_MOST_BOXES = 50
_MOST_IN_ENTRY = 12
_MOST_LEVELS = 3
_BESIDE = pattern(r"[\d\s.…·‥・()\[\]|–—-]*")
"""What stands beside the words of an entry: its number, its page, dots between them."""
_LAST_NUMBER = pattern(r"(?<![\d.,])(\d{1,5})\s*\Z")
_MOST_NUMBERS = 50_000
_MAIN = frozenset({"body", "html", "main", "article"})
_NUMBERS = pattern(r"[\d\s]*")
_NUMBERED = frozenset(
    {
        "linenos", "linenodiv", "lineno", "linenumber", "linenumbers", "line-number", "line-numbers",
        "line-numbers-rows", "gutter", "rouge-gutter", "hljs-ln-numbers", "blob-num",
    }
)  # fmt: skip


def mark_surroundings(root: Any) -> None:
    """Marks what is not the text of a page; boxes of links only where the page says something beside links."""
    boxes, entries, notices = [], [], 0
    numbered: set[Any] = set()
    targets = {name for one in root.iter() for name in (one.get("id"), one.get("name")) if name}
    for element in root.iter():
        tag = element.tag
        if not isinstance(tag, str) or tag in _MAIN:
            continue
        names = f"{element.get('class') or ''} {element.get('id') or ''}"
        if tag in _PARTS and notices < _MOST_BOXES and _COOKIES.search(names):
            notices += 1
            if _is_short(element) and _says_more_than(root, element):
                _leave(element)
        elif tag in _PARTS and (tag in _BOX_TAGS or not _LINK_BOXES.isdisjoint(names.lower().split())):
            if tag == "aside" or next(element.iterancestors("article", "section"), None) is None:
                boxes.append(element)
        elif tag == "a" and len(element) <= 2 and (element.get("href") or "").startswith("#"):
            words = "".join(element.itertext()).strip()
            if len(words) <= _MOST_LINK and _SKIP.fullmatch(words):
                _leave(element)
        elif tag in ("p", "div") and targets and _is_entry(element, targets):
            entries.append(element)
        elif tag == "pre" or not _NUMBERED.isdisjoint(names.lower().split()):
            cell = _cell_beside_code(element) if tag == "pre" else element
            if cell is not None and cell not in numbered:
                numbered.add(cell)
                _leave_line_numbers(cell, must_count=tag == "pre")
    _leave_runs(entries)
    if boxes and any(is_sentence(text) for text, _ in beside_links(root)):
        for box in boxes[:_MOST_BOXES]:
            if _is_links(box):
                _leave(box)


def _leave(element: Any) -> None:
    element.set("role", "navigation")


def _is_short(notice: Any) -> bool:
    left = _MOST_COOKIES
    for text in notice.itertext():
        left -= len(text.strip())
        if left < 0:
            return False
    return True


def _says_more_than(root: Any, notice: Any) -> bool:
    """Says whether the page has more text than a notice, so that the notice is not what it is for."""
    left = 2 * sum(len(text.strip()) for text in notice.itertext())
    for text in root.itertext():
        left -= len(text.strip())
        if left < 0:
            return True
    return False


def _is_links(box: Any) -> bool:
    """Says whether a box is links, and few letters and no figure beside them."""
    if sum(1 for _, link in zip(range(FEWEST_ENTRIES), box.iter("a"), strict=False)) < FEWEST_ENTRIES:
        return False
    if any(next(box.iter(tag), None) is not None for tag in ("h1", "table", "form", "pre", "p")):
        return False
    letters = 0
    for text, _ in beside_links(box):
        letters += sum(map(str.isalpha, text))
        if letters > MOST_BESIDE_LINKS or any(map(str.isnumeric, text)):
            return False
    return True


def _is_entry(line: Any, targets: set[str]) -> bool:
    """Says whether a line is a link to a place of its own page, and numbers and dots."""
    words, beside = "", line.text or ""
    for number, one in enumerate(line.iter()):
        if number > _MOST_IN_ENTRY or (one is not line and one.tag in BLOCKS):
            return False
        if one.tag == "a" and one.get("href"):
            if unquote(one.get("href").partition("#")[2]) not in targets:
                return False
            words += "".join(one.itertext())
            beside += one.tail or ""
        elif one is not line and next(one.iterancestors("a"), None) is None:
            beside += (one.text or "") + (one.tail or "")
    return any(map(str.isalpha, words)) and _BESIDE.fullmatch(beside) is not None


def _leave_runs(entries: list[Any]) -> None:
    """Leaves out lines that are entries of contents, where there are some of them one after the other."""
    run: list[Any] = []
    for entry in [*entries, None]:
        if run and (entry is None or entry.getprevious() is not run[-1]):
            if len(run) >= FEWEST_ENTRIES and _may_be_pages(run):
                for one in run:
                    _leave(one)
            run = []
        run.append(entry)


def _may_be_pages(run: list[Any]) -> bool:
    """Says whether the numbers behind the words of entries could be those of pages: none is below the one before it."""
    found = [_LAST_NUMBER.search("".join(entry.itertext())) for entry in run]
    numbers = [int(number[1]) for number in found if number]
    return all(first <= second for first, second in pairwise(numbers))


def _cell_beside_code(pre: Any) -> Any:
    """Returns the cell in which lines stand, None where no cell with lines follows it."""
    above = (one for _, one in zip(range(_MOST_LEVELS), pre.iterancestors(), strict=False) if one.tag == "td")
    cell = next(above, None)
    beside = None if cell is None else cell.getnext()
    return None if beside is None or beside.find(".//pre") is None else cell


def _leave_line_numbers(element: Any, must_count: bool) -> None:
    """Leaves out the numbers beside lines of code."""
    parts, left = [], _MOST_NUMBERS
    for text in element.itertext():
        left -= len(text)
        if left < 0 or not _NUMBERS.fullmatch(text):
            return
        parts.append(text)
    found = "".join(parts).split()
    counted = (
        list(map(str, range(int(found[0]), int(found[0]) + len(found))))
        if found and len(found[0]) < 9
        else []
    )
    if found and (not must_count or (len(found) > 1 and found == counted)):
        _leave(element)
