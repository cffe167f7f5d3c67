"""How an HTML tree is gone through, and what its elements say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from lxml import etree

from ingest.parsers.cleaning import one_line
from ingest.parsers.html.left_out import is_left_out

BLOCKS = frozenset(
    {
        "p", "div", "section", "article", "main", "header", "footer", "aside", "address",
        "blockquote", "figure", "figcaption", "center", "fieldset", "form", "details", "summary",
        "dl", "dt", "dd", "body", "html", "hgroup", "legend", "td", "th", "tr", "caption",
    }
)  # fmt: skip
HEADINGS = {f"h{level}": level for level in range(1, 7)}


def walk(root: Any, is_closed: Callable[[Any], bool] = is_left_out) -> Iterator[tuple[str, Any]]:
    """Yields start and end of every element, without recursion; a consumer may not change the tree.

    An element that ``is_closed`` is yielded, what stands in it is not.
    """
    walker = etree.iterwalk(root, events=("start", "end"))
    for event, element in walker:
        if event == "start" and isinstance(element.tag, str):
            yield event, element
            if is_closed(element):
                walker.skip_subtree()
        elif event == "end" and isinstance(element.tag, str):
            yield event, element


def inline_text(element: Any) -> str:
    """Returns the words of an element and of all in it, on one line."""
    parts: list[str] = []
    skipped: Any = None
    for event, inner in walk(element):
        if event == "start":
            if inner is not element and is_left_out(inner):
                skipped = inner
                continue
            if inner.tag in BLOCKS or inner.tag in ("br", "li", "hr") or inner.tag in HEADINGS:
                parts.append(" ")
            elif inner.tag == "img":
                parts.append(f" {inner.get('alt') or ''} ")
            parts.append(inner.text or "")
        else:
            if inner is skipped:
                skipped = None
            elif inner.tag in BLOCKS:
                parts.append(" ")
            if inner is not element:
                parts.append(inner.tail or "")
    return one_line("".join(parts))


def whole_number(value: str | None, default: int) -> int:
    """Returns the number that an attribute gives, the default where it gives none."""
    try:
        return int(value) if value else default
    except ValueError:
        return default
