"""What of a Word document's runs is seen, and what they show: shared by paragraphs, cells, notes and text boxes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from corpus.patterns import pattern
from ingest.parsers.raised import show_lowered, show_raised
from ingest.parsers.symbol_fonts import show_symbol, show_symbols
from ingest.parsers.word.styles import W, is_on, latin_font, value

MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_SKIPPED = frozenset(
    W + tag
    for tag in (
        "del", "moveFrom", "delText", "pPr", "rPr", "tblPr", "trPr", "tcPr", "sectPr", "sdtPr",
        "commentReference", "annotationRef", "object", "rt",
    )
)  # fmt: skip
_PLACE = pattern(r"[0-9A-Fa-f]{1,4}")
_TINY_HALF_POINTS = 2


def visible(parent: Any, boxes: list[Any]) -> Iterator[Any]:
    """Yields the elements below one in order, leaving out what is not shown; without recursion.

    ``boxes`` gets the text boxes met, which are not looked into: they float beside the text.
    """
    stack = [iter(parent)]
    while stack:
        element = next(stack[-1], None)
        if element is None:
            stack.pop()
            continue
        if element.tag in _SKIPPED or not isinstance(element.tag, str):
            continue
        if element.tag == MC + "Fallback":
            continue  # the same thing again, for older programs
        if element.tag == W + "txbxContent":
            boxes.append(element)
            continue
        yield element
        if len(element):
            stack.append(iter(element))


def blocks_of(parent: Any) -> Iterator[Any]:
    """Yields a container's paragraphs, tables and embedded documents, looking into content controls and revisions."""
    stack = [iter(parent)]
    while stack:
        element = next(stack[-1], None)
        if element is None:
            stack.pop()
        elif element.tag in (W + "p", W + "tbl", W + "altChunk"):
            yield element
        elif element.tag == MC + "AlternateContent":
            choice = element.find(MC + "Choice")
            stack.append(iter(choice if choice is not None else element))
        elif element.tag in (
            W + "sdt",
            W + "sdtContent",
            W + "ins",
            W + "moveTo",
            W + "customXml",
            W + "smartTag",
        ):
            stack.append(iter(element))


def written(element: Any, run: Any) -> str:
    """Returns what a text or a symbol shows, in the font that it is set in."""
    if element.tag == W + "sym":
        place = element.get(W + "char") or ""
        return show_symbol(int(place, 16), element.get(W + "font") or "") if _PLACE.fullmatch(place) else ""
    return show_symbols(element.text or "", "" if run is None else latin_font(run.find(W + "rPr")))


def at_its_height(text: str, run: Any, before: Sequence[str]) -> str:
    """Returns a run's text as it is read behind what stands ``before`` it: a power is no part of its number."""
    height = None if run is None else run.find(f"{W}rPr/{W}vertAlign")
    if height is None:
        return text
    last = next((part for part in reversed(before) if part), "")
    kind = value(height)
    return (
        show_raised(text, last)
        if kind == "superscript"
        else show_lowered(text, last)
        if kind == "subscript"
        else text
    )


def chosen(field: Any) -> str:
    """Returns what a field of an old form shows: whether a box is checked, or the entry chosen from a list."""
    if field.tag == W + "checkBox":
        state = field.find(W + "checked")
        return "☒" if is_on(field.find(W + "default") if state is None else state) else "☐"
    entries = [value(entry) for entry in field.findall(W + "listEntry")]
    result = field.find(W + "result")
    place = value(field.find(W + "default") if result is None else result) or "0"
    return entries[int(place)] if place.isdigit() and int(place) < len(entries) else ""


def is_drop_cap(properties: Any) -> bool:
    """Says whether a paragraph is the large first letter, or word, of the next one."""
    frame = None if properties is None else properties.find(W + "framePr")
    return frame is not None and frame.get(W + "dropCap") in ("drop", "margin")


def is_hidden(run: Any, hiding: frozenset[str]) -> bool:
    """Says whether nobody sees a run: it is marked hidden, at most 1 point high, or white on white.

    Args:
        run: its element.
        hiding: the styles that hide what is set in them.
    """
    properties = run.find(W + "rPr")
    own = None if properties is None else properties.find(W + "vanish")
    if own is not None:
        return is_on(own)
    if hiding and not hiding.isdisjoint(_styles_of(run, properties)):
        return True
    if properties is None:
        return False
    size = value(properties.find(W + "sz"))
    if size.isdigit() and int(size) <= _TINY_HALF_POINTS:
        return True
    return value(properties.find(W + "color")).upper() == "FFFFFF" and _stands_on_white(run, properties)


def _styles_of(run: Any, properties: Any) -> Iterator[str]:
    yield value(None if properties is None else properties.find(W + "rStyle"))
    around = next(run.iterancestors(W + "p"), None)
    yield value(None if around is None else around.find(f"{W}pPr/{W}pStyle"))


def _stands_on_white(run: Any, properties: Any) -> bool:
    """Says whether nothing gives a run a ground: no shading, no highlight, no table, no style, no drawing."""
    marks = ("shd", "highlight", "rStyle", "pStyle")
    if any(properties.find(W + mark) is not None for mark in marks):
        return False
    for around in run.iterancestors():
        if around.tag in (W + "tbl", W + "txbxContent"):
            return False
        if around.tag == W + "p":
            own = around.find(W + "pPr")
            if own is not None and any(own.find(W + mark) is not None for mark in marks):
                return False
        if around.tag == W + "document" and around.find(W + "background") is not None:
            return False
    return True
