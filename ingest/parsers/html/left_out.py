"""What of an HTML page is not read: what no reader sees, and what only leads elsewhere.

Code and controls, hidden elements, navigation, and the page's list of its own headings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from lxml import etree

from corpus.patterns import pattern
from ingest.parsers.contents import FEWEST_ENTRIES, MOST_BESIDE_LINKS

UNSEEN = frozenset(
    {
        "script", "style", "template", "noscript", "head", "iframe", "object", "embed", "applet",
        "svg", "canvas", "audio", "video", "map", "nav", "menu", "select", "button", "input",
        "textarea", "datalist", "dialog", "math-renderer", "rt", "rp", "rtc", "annotation", "annotation-xml",
    }
)  # fmt: skip
_CONTENTS = "doc-toc"
_BACKLINK = "doc-backlink"
_DROPPED_ROLES = frozenset(
    {"navigation", "banner", "contentinfo", "search", "menu", "menubar", "dialog", _CONTENTS}
)
_NAVIGATION = frozenset(
    {
        "navheader", "navfooter", "docnav", "breadcrumb", "breadcrumbs", "sphinxsidebar",
        "mw-editsection", "mw-jump-link", "mw-portlet", "mw-cite-backlink", "catlinks", "secedit",
    }
)  # fmt: skip
"""Classes by which DocBook, Publican, Sphinx, wikis and others name what leads to other pages or changes this one."""
_TURNING = "//a[@accesskey='p' or @accesskey='n' or @rel='prev' or @rel='previous' or @rel='next']"
"""Links to the page before or after, by the marks that writers of books give them."""
_AROUND_TURNING = "ancestor::*[self::ul or self::ol or self::table or self::p or self::div][1]"
_HEADING = ".//*[self::h1 or self::h2 or self::h3 or self::h4]"
_MOST_TURNS = 8
_OFTEN_NAVIGATION = frozenset({"navigation", "pagination"})
"""Classes that a page's frame may have as well, with the text in it."""
_OFTEN = "//*[contains(@class, 'avigation') or contains(@class, 'agination')]"
_SENTENCE = pattern(r"[^.!?]{20}[.!?]\Z|[^。！？]{8}[。！？]\Z")
_SENTENCE_END = 21
"""Characters at the end of a text by which a sentence is known."""
_MUCH_BESIDE_LINKS = 200
_WHICH_PAGE = pattern(
    r"(?:(?:pages?|ページ)\s*)?\d{1,5}\s*(?:/|／|of)\s*\d{1,5}(?:\s*(?:pages?|ページ|頁))?"
    r"|(?:pages?|ページ)\s*\d{1,5}|\d{1,5}\s*(?:ページ|頁)",
    re.IGNORECASE,
)
_AROUND_WORDS = " \t\r\n\f\xa0|·•-–—,;:()[]「」（）"
_CJK = pattern("[\u3041-\u3096\u30a1-\u30ff\u3400-\u9fff]")
_MOST_CJK = 15
_SMALL_WORD = pattern(r"(?<![^\s(])[a-z]")
_MOST_SMALL = 2
"""Words without a capital in a name ("The Quick Start of the Handbook"); more of them tell something."""
_TOLD = pattern("[はがを]|です|ます")
"""By what a Japanese sentence differs from the name of a page."""
_CONTENTS_NAMES = frozenset({"toc", "contents", "table-of-contents", "tableofcontents"})
_BOOK_CONTENTS_NAMES = frozenset({"toc", "toctree-wrapper"})
"""What writers of books call a list of the parts of a chapter, on whichever pages they are."""
_PERMALINK = pattern(r"\s*[¶#§\U0001f517\u2693\u21a9\u2191]\ufe0e?\s*")
_ENTRIES = frozenset({"li", "dt", "tr", "p", "div", "ul", "ol", "dl", "br"})
"""Where another entry begins: what stands in a cell or a dd beside a link belongs to the link."""
_LINES = ("h1", "h2", "h3", "h4", "h5", "h6", "p", "tr")
_MOST_BOXES = 20
"""Boxes called contents, or navigation, that are looked into: pages have one or two."""
_MOST_LOOKS = 3
"""Times that a page's links are looked at in boxes called contents: more of them stand in each other."""
_HIDDEN_STYLE = pattern(
    r"display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(?![.\d])"
    r"|font-size\s*:\s*(?:0(?![.\d])|[01](?:\.\d+)?\s*(?:px|pt)\b)|(?:text-indent|left|top)\s*:\s*-\d{4,}px",
    re.IGNORECASE,
)
_WHITE = r"(?:#fff(?:fff)?\b|white\b|rgba?\(\s*255\s*,\s*255\s*,\s*255)"
_WHITE_TEXT = pattern(rf"(?<![\w-])color\s*:\s*(?:{_WHITE}|transparent\b)", re.IGNORECASE)
_WHITE_GROUND = pattern(rf"background(?:-color)?\s*:\s*{_WHITE}", re.IGNORECASE)
_STYLED = "data-has-style-sheet"


def mark(root: Any) -> None:
    """Writes into a tree what depends on the whole of it; comes before :func:`is_left_out`."""
    _mark_navigation(root)
    _mark_contents(root)
    _mark_contents_of_chapter(root)
    _mark_permalinks(root)
    _mark_margins(root)
    if root.find(".//style") is not None or root.find(".//link[@rel='stylesheet']") is not None:
        root.set(_STYLED, "")  # looked up for each white element


def is_left_out(element: Any) -> bool:
    """Says whether an element and all in it is not read."""
    return (
        element.tag in UNSEEN
        or is_hidden(element)
        or element.get("role") in _DROPPED_ROLES
        or (element.get("role") == _BACKLINK and not _is_own_word(element))
        or not _NAVIGATION.isdisjoint(_names(element))
        or element.get("id") in _NAVIGATION
    )


def _is_own_word(link: Any) -> bool:
    """Says whether a link back is a heading's words (of docutils), or the number of a note."""
    heading = next(link.iterancestors("h1", "h2", "h3", "h4", "h5", "h6", "li", "p"), None)
    in_heading = heading is not None and heading.tag not in ("li", "p")
    words = "".join(link.itertext()).strip()
    return (in_heading and any(map(str.isalpha, words))) or words.isdigit()


def _names(element: Any) -> list[str]:
    """Returns the classes of a box, in lower case; body and html may have any."""
    return [] if element.tag in ("body", "html") else (element.get("class") or "").lower().split()


def _mark_navigation(root: Any) -> None:
    """Gives every box that is called navigation, and says little beside its links, the role of it."""
    boxes = [box for box in root.xpath(_OFTEN) if not _OFTEN_NAVIGATION.isdisjoint(_names(box))]
    for number, box in enumerate(boxes):
        if number < _MOST_BOXES and not _says_something(box):
            box.set("role", "navigation")
    for link in root.xpath(_TURNING)[:_MOST_BOXES]:
        for box in link.xpath(_AROUND_TURNING):
            few = len(box.xpath(".//a[@href]")) <= _MOST_TURNS and not box.xpath(_HEADING)
            if few and _only_turns(box):
                box.set("role", "navigation")


def _says_something(box: Any) -> bool:
    """Says whether a sentence, or much else, stands outside a box's links."""
    letters = 0
    for text, _ in beside_links(box):
        letters += sum(map(str.isalpha, text))
        if letters > _MUCH_BESIDE_LINKS or is_sentence(text):
            return True
    return False


def is_sentence(text: str) -> bool:
    return _SENTENCE.search(text.rstrip()[-_SENTENCE_END:]) is not None


def _only_turns(box: Any) -> bool:
    """Says whether a box says nothing beside its links but what is turned, and which page of how many this is.

    Any number else is a figure. One entry without a link may name the book, and none of a table may.
    """
    beside = unlinked = 0
    for text, is_entry in beside_links(box):
        unlinked += is_entry
        words = text.strip(_AROUND_WORDS)
        if not words or _WHICH_PAGE.fullmatch(words):
            continue
        beside += sum(map(str.isalnum, words))
        far_east = len(_CJK.findall(words[: _MOST_CJK * 10]))
        if (
            beside > 2 * MOST_BESIDE_LINKS
            or len(_SMALL_WORD.findall(words)) > _MOST_SMALL
            or any(map(str.isnumeric, words))
            or far_east > _MOST_CJK
            or (far_east and _TOLD.search(words))
            or is_sentence(text)
        ):
            return False
    return unlinked <= int(box.tag != "table")


def beside_links(box: Any) -> Iterator[tuple[str, bool]]:
    """Yields what stands outside a box's links; with "", True for every entry (row, item) without a link."""
    said = linked = False
    walker = etree.iterwalk(box, events=("start", "end"))
    for event, one in walker:
        if one.tag in _ENTRIES and not (box.tag == "table" and one.tag != "tr"):
            if said and not linked:
                yield "", True
            said = linked = False
        if event == "start" and (one.tag == "a" or one.tag in UNSEEN):
            linked = linked or one.tag == "a"
            walker.skip_subtree()
            continue
        text = (one.text if event == "start" else one.tail if one is not box else None) or ""
        if text:
            said = said or any(map(str.isalnum, text))
            yield text, False
    if said and not linked:
        yield "", True


def _mark_contents(root: Any) -> None:
    """Gives every list of the page's own headings the role of one: it says nothing that does not stand below, and a
    search for any of them would find it. Outermost lists alone are looked at, so time is linear in the page.
    """
    targets = {name for one in root.iter("*") for name in (one.get("id"), one.get("name")) if name}
    if targets:
        _mark_lists(root, lambda href: unquote(href.partition("#")[2]) in targets)


def _mark_contents_of_chapter(root: Any) -> None:
    """Gives a box of links to a chapter's parts on other pages the role of contents: each part says its own heading.
    Where the page has no sentence beside links it is what the page is for, and stays.
    """
    boxes = [box for box in root.xpath("//*[contains(@class, 'toc')]") if _names_book_contents(box)]
    if not boxes or not any(is_sentence(text) for text, _ in beside_links(root)):
        return
    for box in boxes[:_MOST_BOXES]:
        links = box.xpath(".//a[@href]")
        if _is_contents(box, links, _leads_beside):
            box.set("role", _CONTENTS)


def _names_book_contents(element: Any) -> bool:
    return not _BOOK_CONTENTS_NAMES.isdisjoint(_names(element))


def _leads_beside(href: str) -> bool:
    """Says whether a link leads to the same site, by a path from here."""
    return "//" not in href and ":" not in href.partition("/")[0]


def _mark_margins(root: Any) -> None:
    """Gives the header and the footer of a text that LibreOffice saved as a page the role of navigation."""
    if root.xpath("//meta[@name='generator' and contains(@content, 'Office')]"):
        for box in root.xpath("//body/div[@title='header' or @title='footer']"):
            box.set("role", "navigation")


def _mark_permalinks(root: Any) -> None:
    """Gives marks that are links the role of navigation: behind a heading to its place ("Leave¶"), from a note back."""
    for link in root.iter("a"):
        href = link.get("href") or ""
        is_near = href.startswith("#") and len(href) > 1
        leads_back = "backlink" in (link.get("epub:type") or "")  # in a book the text may be another page
        if (is_near or leads_back) and len(link) <= 1 and _PERMALINK.fullmatch("".join(link.itertext())):
            link.set("role", "navigation")


def mark_contents_of_book(root: Any, is_part: Callable[[str], bool]) -> None:
    """Gives what leads to the parts of a book (told by ``is_part`` of a link's target) the role of its contents: lists
    of such links, and on a page of several the headings and paragraphs that are nothing else.
    """
    _mark_lists(root, is_part)
    found = []
    for link in root.iter("a"):
        around = next(link.iterancestors(*_LINES), None) if is_part(link.get("href") or "") else None
        if around is not None and _says_only(around, link):
            found.append(around)
    for line in found if len(found) >= FEWEST_ENTRIES else ():
        line.set("role", _CONTENTS)


def _says_only(around: Any, link: Any) -> bool:
    """Says whether there are no more letters around a link than in it; looks no further than at the first more."""
    left = said = sum(sum(map(str.isalpha, text)) for text in link.itertext())
    for text in around.itertext():
        left -= sum(map(str.isalpha, text))
        if left < 0:
            return False
    return said > 0


def _mark_lists(root: Any, leads_inside: Callable[[str], bool]) -> None:
    found, boxes = [], 0
    left = _MOST_LOOKS * sum(1 for _ in root.iter("a"))
    walker = etree.iterwalk(root, events=("start",))
    for _, element in walker:
        is_list = element.tag in ("ul", "ol", "dl")
        if not is_list and (left < 0 or boxes >= _MOST_BOXES or _CONTENTS_NAMES.isdisjoint(_names(element))):
            continue
        links = [link for link in element.iter("a") if link.get("href")]
        if not is_list:
            boxes, left = boxes + 1, left - len(links)
        if (is_list or left >= 0) and _is_contents(element, links, leads_inside):
            found.append(element)
            walker.skip_subtree()
        elif is_list:
            walker.skip_subtree()
    for element in found:
        element.set("role", _CONTENTS)


def _is_contents(element: Any, links: Sequence[Any], leads_inside: Callable[[str], bool]) -> bool:
    """Says whether an element is links into its own page or book, and no more than a heading and numbers beside."""
    if len(links) < FEWEST_ENTRIES or not all(
        leads_inside(link.get("href")) and _has_letter("".join(link.itertext())) for link in links
    ):
        return False
    return _says_little_beside_links(element)


def _says_little_beside_links(element: Any) -> bool:
    """Says whether there is nothing behind the link of any entry ("Basic: 10 EUR"), and few letters elsewhere."""
    letters, behind = 0, False
    walker = etree.iterwalk(element, events=("start", "end"))
    for event, one in walker:
        text = one.text if event == "start" else one.tail if one is not element else None
        if event == "start" and one.tag == "a":
            walker.skip_subtree()
            behind = behind or bool(one.get("href"))
            continue
        if event == "start" and one.tag in _ENTRIES:
            behind = False
        if behind and any(map(str.isalnum, text or "")):
            return False
        letters += sum(map(str.isalpha, text or ""))
        if letters > MOST_BESIDE_LINKS:
            return False
    return True


def _has_letter(text: str) -> bool:
    """Says whether a link is worded: "↩" leads from a note back to where it belongs."""
    return any(map(str.isalpha, text))


def is_hidden(element: Any) -> bool:
    """Says whether the page itself hides an element."""
    if element.get("hidden") is not None or element.get("aria-hidden") == "true":
        return True
    style = element.get("style") or ""
    return bool(_HIDDEN_STYLE.search(style)) or _is_white_on_white(element, style)


@lru_cache(maxsize=4096)
def hidden_by(attributes: str, is_styled: bool) -> bool | None:
    """Returns whether attributes, as they are written in a tag, hide an element; None where it is not left out.

    Args:
        attributes: what stands behind the tag's name.
        is_styled: a style sheet may give white text another ground.
    """
    root = etree.fromstring(f"<div{attributes}>", etree.HTMLParser(no_network=True, huge_tree=True))
    element = root.find(".//div") if root is not None else None
    if element is None:
        return None
    if is_styled:
        root.set(_STYLED, "")
    return is_hidden(element) if is_left_out(element) else None


def _is_white_on_white(element: Any, style: str) -> bool:
    """Says whether text is white where nothing gives it another ground: no element around it, no style sheet."""
    if not (
        _WHITE_TEXT.search(style) or (element.get("color") or "").lower() in ("white", "#fff", "#ffffff")
    ):
        return False
    if _WHITE_GROUND.search(style):
        return True
    for around in (element, *element.iterancestors()):
        if "background" in (around.get("style") or "").lower() or around.get("bgcolor"):
            return False
    return element.getroottree().getroot().get(_STYLED) is None
