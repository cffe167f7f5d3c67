"""What paragraphs, boxes and cells of an OpenDocument text say: their visible words, and the notes met among them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from corpus.patterns import pattern
from ingest.parsers.cleaning import one_line
from ingest.parsers.odf.charts import equation_in
from ingest.parsers.odf.styles import DRAW, OFFICE, SHOW, SVG, TEXT, Styles, whole_number
from ingest.parsers.office import Package
from ingest.parsers.raised import show_lowered, show_raised

SHAPES = frozenset(
    DRAW + tag
    for tag in (
        "caption", "circle", "connector", "custom-shape", "ellipse", "line", "measure", "path", "polygon", "polyline",
        "rect", "regular-polygon",
    )
)  # fmt: skip
_SKIPPED = frozenset(
    {
        *(TEXT + tag for tag in ("tracked-changes", "ruby-text", "table-of-content", "note-citation")),
        *(TEXT + tag for tag in ("alphabetical-index", "illustration-index", "table-index", "user-index")),
        *(TEXT + tag for tag in ("variable-decls", "sequence-decls", "user-field-decls", "page-number")),
        *(TEXT + tag for tag in ("page-count", "hidden-text", "script")),
        *(OFFICE + tag for tag in ("annotation", "annotation-end", "forms", "event-listeners")),
        *(SVG + tag for tag in ("title", "desc")),
        *(DRAW + tag for tag in ("image", "object", "object-ole", "plugin")),
        SHOW + "notes",
    }
)
_MAX_SPACES = 200
_SPACE, _TAB, _LINE = "\0\x01\x02"
"""What the writer typed, apart from blanks in the XML: those say no more than that there is one."""
_BLANKS = pattern(r"[ \t\r\n]+")


class Words:
    """Reads words; counts what is hidden, and keeps the notes until they are taken."""

    def __init__(self, styles: Styles, package: Package, controls: Mapping[str, str]) -> None:
        self._styles = styles
        self._package = package
        self._controls = controls
        self._notes: list[tuple[int, str, str]] = []
        self.hidden = 0

    def text(self, element: Any, boxes: list[Any] | None = None, *, as_typed: bool = False) -> str:
        """Returns a paragraph's words; a form feed stands for a page break, ``boxes`` gets what floats, and blanks that
        were typed stay ``as_typed``."""
        if self._styles.conceals(element.get(TEXT + "style-name") or ""):
            self.hidden += 1
            return ""
        parts: list[str] = []
        stack: list[tuple[Any, Iterator[Any]]] = [(element, iter(element))]
        parts.append(element.text or "")
        while stack:
            parent, children = stack[-1]
            child = next(children, None)
            if child is None:
                stack.pop()
                if stack:
                    parts.append(parent.tail or "")
                continue
            tag = child.tag
            if tag == TEXT + "s":
                parts.append(_SPACE * min(whole_number(child.get(TEXT + "c"), 1), _MAX_SPACES))
            elif tag == TEXT + "tab":
                parts.append(_TAB)
            elif tag == TEXT + "line-break":
                parts.append(_LINE)
            elif tag == TEXT + "soft-page-break":
                parts.append("\f" if boxes is not None else " ")
            elif tag == TEXT + "note":
                parts.append(self._take_note(child))
            elif tag == DRAW + "control":
                parts.append(f" {self.control(child)} ")
            elif tag == DRAW + "frame" and (shown := equation_in(self._package, child)):
                parts.append(shown)
            elif tag == DRAW + "frame" or tag in SHAPES or tag == DRAW + "g":
                if boxes is not None:
                    boxes.append(child)
                else:
                    parts.append(f" {self.inside(child)} ")
            elif tag == TEXT + "span" and self._styles.conceals(child.get(TEXT + "style-name") or ""):
                self.hidden += 1
            elif tag not in _SKIPPED:
                parts.append(self._at_its_height(child, parts))
                stack.append((child, iter(child)))
                continue
            parts.append(child.tail or "")
        lines = _BLANKS.sub(" ", "".join(parts)).removeprefix(" ").split(_LINE)
        if as_typed:
            return "\n".join(
                line.replace(_SPACE, " ").replace(_TAB, "\t").expandtabs(4).rstrip(" ") for line in lines
            )
        return "\n".join(re.sub(f"[ {_SPACE}{_TAB}]+", " ", line).strip(" ") for line in lines)

    def _at_its_height(self, element: Any, before: Sequence[str]) -> str:
        """Returns the text that an element begins with as it is read: a power is no part of its number."""
        text = element.text or ""
        height = (
            self._styles.height(element.get(TEXT + "style-name") or "") if element.tag == TEXT + "span" else 0
        )
        if not height or not text:
            return text
        last = next((part for part in reversed(before) if part), "")
        return show_raised(text, last) if height > 0 else show_lowered(text, last)

    def control(self, place: Any) -> str:
        """Returns what a control shows, by its place in the text."""
        return self._controls.get(place.get(DRAW + "control") or "", "")

    def inside(self, element: Any) -> str:
        """Returns what a box or a note says, on one line."""
        paragraphs = (p for p in element.iter(TEXT + "p", TEXT + "h") if _stands_free(p, element))
        return " ".join(filter(None, (plain(p) for p in paragraphs)))

    def cell(self, cell: Any) -> str:
        """Returns what a cell of a table says, on one line."""
        paragraphs = cell.iter(TEXT + "p", TEXT + "h")
        return one_line(" ".join(self.text(p) for p in paragraphs if _stands_free(p, cell)))

    def take_notes(self) -> list[tuple[int, str, str]]:
        """Returns the footnotes and endnotes met since the last time, as items of a list."""
        notes, self._notes = self._notes, []
        return notes

    def _take_note(self, note: Any) -> str:
        """Keeps a note, and returns what refers to it."""
        body = note.find(TEXT + "note-body")
        citation = one_line(note.findtext(TEXT + "note-citation") or "") or str(len(self._notes) + 1)
        if body is not None:
            self._notes.append((0, f"[{citation}]", one_line(self.inside(body))))
        return f"[{citation}]"


def _stands_free(paragraph: Any, cell: Any) -> bool:
    """Says whether a paragraph is not part of another within the cell, nor of what is left out."""
    owner = paragraph.getparent()
    while owner is not None and owner is not cell:
        if owner.tag in (TEXT + "p", TEXT + "h", TEXT + "note") or owner.tag in _SKIPPED:
            return False
        owner = owner.getparent()
    return True


def remarks_on(paragraph: Any) -> Iterator[Any]:
    """Yields what reviewers wrote on a paragraph, not on one in a box that stands in it."""
    for note in paragraph.iter(OFFICE + "annotation"):
        if next(note.iterancestors(TEXT + "p", TEXT + "h"), None) is paragraph:
            yield note


def plain(paragraph: Any) -> str:
    """Returns a paragraph's words on one line, without what is left out."""
    parts = [paragraph.text or ""]
    stack = [iter(paragraph)]
    open_: list[Any] = []
    while stack:
        element = next(stack[-1], None)
        if element is None:
            stack.pop()
            parts.append(open_.pop().tail or "" if open_ else "")
        elif element.tag in _SKIPPED:
            parts.append(element.tail or "")
        else:
            parts.append(" " if element.tag in (TEXT + "s", TEXT + "tab", TEXT + "line-break") else "")
            parts.append(element.text or "")
            stack.append(iter(element))
            open_.append(element)
    return one_line("".join(parts))
