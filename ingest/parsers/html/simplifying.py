"""HTML source made simpler before it is parsed: fewer attributes, and fewer levels where a page has too many.

libxml2 compares each attribute of an element with all before it, and stops at 2,048 levels. Source is gone through
tag by tag here; every pattern takes what it has looked at, so that time is linear in the page.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

from corpus.patterns import pattern
from ingest.parsers.cleaning import one_line
from ingest.parsers.html.left_out import UNSEEN, hidden_by
from ingest.parsers.html.walk import BLOCKS, HEADINGS

__all__ = ["TooDeepError", "as_paragraphs", "simplify", "with_few_attributes", "without_boxes"]

_BLANK = r"[ \t\n\r\f]"
_NAME = r"[A-Za-z](?:[^ \t\n\r\f/<>]|<(?!/))*+"
_NAME_AND_VALUE = (
    r"(?!</)[^ \t\n\r\f/>](?:[^ \t\n\r\f/<>=]|<(?!/))*+",
    rf"{_BLANK}*+={_BLANK}*+(?:\"[^\"]*+\"|'[^']*+'|[^ \t\n\r\f<>]*+)",
)
_ATTRIBUTE = rf"(?:{_BLANK}|/)*+{_NAME_AND_VALUE[0]}(?:{_NAME_AND_VALUE[1]})?+"
_RAW = rf"(?:script|style|textarea|title|xmp|iframe|noembed|noframes)(?={_BLANK}|[/>])"
"""Elements in which a tag is text."""
_COMMENT = r"<!--(?!-?>)(?:[^-]++|-(?!->))*+(?:-->)?"
_START = pattern(
    rf"(<(?:({_RAW})|{_NAME})(?:{_ATTRIBUTE}){{0,1000}}+)((?:{_ATTRIBUTE})*+)((?(2)(?:[^<]++|<(?!/\2))*+|))|({_COMMENT})",
    re.IGNORECASE,
)
_TAG = pattern(
    rf"<(?P<end>/?)(?P<name>(?P<raw>{_RAW})|{_NAME})(?P<attributes>(?:{_ATTRIBUTE})*+)(?:{_BLANK}|/)*+>?"
    rf"(?(raw)(?(end)|(?:[^<]++|<(?!/(?P=raw)))*+)|)|{_COMMENT}",
    re.IGNORECASE,
)
_ONE = pattern(rf"(?P<name>{_NAME_AND_VALUE[0]})(?P<value>{_NAME_AND_VALUE[1]})?+")
_TELLING_NAMES = frozenset({"hidden", "aria-hidden", "style", "class", "role", "color", "bgcolor"})
_TELLING = pattern(r"hidden|style|class|role|color", re.IGNORECASE)
"""Attributes by which an element may be left out."""
_STYLE_SHEET = pattern(r"<style|stylesheet", re.IGNORECASE)
_GROUND = pattern(r"background|bgcolor", re.IGNORECASE)
_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "frame", "hr", "img", "input", "link", "meta", "param", "source", "track"}
    | {"wbr"}
)  # fmt: skip
_FRAME = frozenset({"html", "head", "body", "title"})
_RUBY = frozenset({"ruby", "rb", "rt", "rtc", "rp"})
_ENDS_UNSAID = frozenset(
    {"p", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "caption", "colgroup"}
)
_BLOCKS = BLOCKS | _ENDS_UNSAID | frozenset({"ul", "ol", "table"}) | frozenset(HEADINGS)
_KEPT = _FRAME | _VOID | frozenset(HEADINGS) | frozenset({"p", "pre", "listing", "xmp", "style", "script"})
_BOXES = {
    **dict.fromkeys(("span", "font", "b", "i", "u", "em", "strong", "a"), ""),
    **dict.fromkeys(("div", "section", "center"), " "),
}


class TooDeepError(Exception):
    """What is left out of a page cannot be told apart from what is not."""


def with_few_attributes(text: str) -> str:
    """Returns a page without the attributes behind the first thousand of an element, but for those that may hide it."""
    fewer = _START.sub(r"\1\4\5", text)
    return text if len(fewer) == len(text) else _START.sub(_with_telling, text)


def _with_telling(start: re.Match[str]) -> str:
    telling: dict[str, str] = {}
    for attribute in _ONE.finditer(start[3] or ""):
        if attribute["name"].lower() in _TELLING_NAMES:
            telling.setdefault(attribute["name"].lower(), f" {attribute['name']}{attribute['value'] or ''}")
    return "".join((start[1] or "", *telling.values(), start[4] or "", start[5] or ""))


def without_boxes(name: str) -> str | None:
    """Returns what stands for tags that mean nothing, None for all others: they stay."""
    return _BOXES.get(name)


def as_paragraphs(name: str) -> str | None:
    """Returns what stands for tags where all is read as paragraphs, None for those that stay."""
    return None if name in _KEPT else "<p>" if name in _BLOCKS else ""


def simplify(text: str, shown: Callable[[str], str | None]) -> tuple[str, int]:
    """Returns a page with other tags (``shown`` by name), and how many hidden characters were left out.

    Once its tag is gone nobody sees that an element is hidden, so all that is left out goes here.

    Raises:
        TooDeepError: it is not plain where an element that is left out ends.
    """
    is_styled = _STYLE_SHEET.search(text) is not None
    is_white_unclear = not is_styled and _GROUND.search(text) is not None
    parts: list[str] = []
    left, hidden, position = _LeftOut(), 0, 0
    drawings = 0
    for tag in _TAG.finditer(text):
        between, position = text[position : tag.start()], tag.end()
        if left.name:
            hidden += len(one_line(between)) if left.is_hidden else 0
        else:
            parts.append(between)
        name, is_end = (tag["name"] or "").lower(), bool(tag["end"])
        if not name or (left.name and not left.ends_before(name, is_end)):
            continue
        if name == "svg":
            drawings = max(drawings + (-1 if is_end else 1), 0)
            parts.append(tag[0])
        elif drawings:
            parts.append(tag[0])  # its words are found by its own tags
        elif is_end or not left.begin(name, tag["attributes"], is_styled, is_white_unclear):
            other = shown(name)
            parts.append(tag[0] if other is None else other)
    if left.name:
        raise TooDeepError
    return "".join([*parts, text[position:]]), hidden


class _LeftOut:
    """The element that is being left out; ``name`` is "" where there is none."""

    def __init__(self) -> None:
        self.name, self.is_hidden = "", False
        self._open: Counter[str] = Counter()

    def begin(self, name: str, attributes: str, is_styled: bool, is_white_unclear: bool) -> bool:
        """Says whether an element that starts is left out.

        Raises:
            TooDeepError: its text is white, on a ground that another element may give it.
        """
        if name in _FRAME or (name in _KEPT and name in UNSEEN):
            return False
        is_hidden = hidden_by(attributes, is_styled) if _TELLING.search(attributes) else None
        if is_hidden is None and name not in UNSEEN:
            return False
        if is_hidden and is_white_unclear and not hidden_by(attributes, True):
            raise TooDeepError
        if name not in _VOID:
            self.name, self.is_hidden = name, bool(is_hidden) and name not in UNSEEN
            self._open = Counter((name,))
        return True

    def ends_before(self, name: str, is_end: bool) -> bool:
        """Says whether the element ended without a tag before this one, which is still to be read.

        Raises:
            TooDeepError: it may have ended, or not.
        """
        if self.name in _RUBY and name in _RUBY and (name, is_end) != (self.name, True):
            self.name = ""
            return True
        is_unclear = name in _BLOCKS and self.name in _ENDS_UNSAID and name != self.name
        if (
            is_unclear
            or (is_end and not self._open[name])
            or (self.name in _ENDS_UNSAID and name == self.name and not is_end)
        ):
            raise TooDeepError
        if name not in _VOID:
            self._open[name] += -1 if is_end else 1
        if not self._open[self.name]:
            self.name = ""
        return False
