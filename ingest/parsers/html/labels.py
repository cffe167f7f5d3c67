"""Pictures that style sheets draw, and that say in a label what they show: made pictures with that text."""

from __future__ import annotations

from itertools import islice
from typing import Any

from ingest.parsers.cleaning import one_line

_TOOLS = frozenset({"a", "button", "nav", "label", "summary", "h1", "h2", "h3", "h4", "h5", "h6"})
"""Where a small picture is the mark of a tool or of a link."""
_SIGNS = frozenset({"i", "span", "em", "b", "svg"})
_MOST_CHARS = 200
_MOST_INSIDE = 12


def label_pictures(root: Any) -> None:
    """Makes a picture (``img``) of each element without words that is one: by role, or alone in a table's cell.

    The elements of AMP for pictures and side bars are made those of HTML.
    """
    for element in list(root.iter("*")):
        tag = element.tag
        if tag == "amp-img":
            element.tag = "img"
        elif tag == "amp-sidebar":
            element.tag = "nav"
        elif (
            (element.get("role") == "img" or (tag in _SIGNS and _is_alone_in_cell(element)))
            and (label := _label(element))
            and _says_nothing(element)
            and not any(one.tag in _TOOLS for one in element.iterancestors())
        ):
            for child in list(element):
                element.remove(child)
            element.tag, element.text = "img", None
            element.set("alt", label)


def _label(element: Any) -> str:
    """Returns what an element is called, of a drawing also its title."""
    title = element.find("title") if element.tag == "svg" else None
    text = element.get("aria-label") or ("" if title is None else "".join(title.itertext()))
    return one_line(text)[:_MOST_CHARS]


def _says_nothing(element: Any) -> bool:
    """Says whether there are no words in an element; a drawing's title is none of them."""
    if element.tag == "svg":
        return element.find(".//text") is None and element.find(".//foreignobject") is None
    return not any(text.strip() for text in element.itertext())


def _is_alone_in_cell(element: Any) -> bool:
    """Says whether a cell of a table has no words of its own beside an element."""
    cell = next(element.iterancestors("td", "th"), None)
    if cell is None or sum(1 for _ in islice(cell.iter(), _MOST_INSIDE)) == _MOST_INSIDE:
        return False
    return one_line("".join(cell.itertext())) == one_line("".join(element.itertext()))
