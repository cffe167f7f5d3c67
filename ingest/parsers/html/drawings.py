"""Words in the drawings (SVG) of a page: each text of a drawing becomes a paragraph where the drawing stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from corpus.patterns import pattern
from ingest.parsers.cleaning import one_line

_UNDRAWN = frozenset(
    {
        "defs",
        "symbol",
        "clippath",
        "mask",
        "pattern",
        "marker",
        "style",
        "script",
        "title",
        "desc",
        "metadata",
    }
)
_HIDDEN_STYLE = pattern(r"display\s*:\s*none|visibility\s*:\s*hidden")
_MOVES = ("x", "y", "dy")
"""By which a part of a text stands apart from the one before it."""


def open_drawings(root: Any) -> None:
    """Puts the words of a tree's drawings where readers of its text find them; drawings without words are emptied."""
    for drawing in list(root.iter("svg")):
        words = [text for text in _texts(drawing) if text]
        for child in list(drawing):
            drawing.remove(child)
        drawing.text = None
        if len(words) == 1:  # it may stand in a sentence
            drawing.tag, drawing.text = "span", f" {words[0]} "
        elif words:
            drawing.tag = "div"
            for text in words:
                line = drawing.makeelement("p")
                line.text = text
                drawing.append(line)


def _texts(drawing: Any) -> Iterator[str]:
    """Yields the texts of a drawing as they are drawn, in the order of the file; without recursion."""
    stack = [iter(drawing)]
    while stack:
        element = next(stack[-1], None)
        if element is None:
            stack.pop()
        elif element.tag in _UNDRAWN or _is_hidden(element):
            continue
        elif element.tag == "text":
            yield one_line("".join(_pieces(element)))
        elif element.tag == "foreignobject":
            yield one_line(" ".join(element.itertext()))
        else:
            stack.append(iter(element))


def _pieces(text: Any) -> Iterator[str]:
    yield text.text or ""
    for part in text.iterdescendants():
        if part.tag not in _UNDRAWN:
            yield " " if any(part.get(move) for move in _MOVES) else ""
            yield part.text or ""
        yield part.tail or ""


def _is_hidden(element: Any) -> bool:
    return (
        element.get("display") == "none"
        or element.get("visibility") == "hidden"
        or bool(_HIDDEN_STYLE.search(element.get("style") or ""))
    )
