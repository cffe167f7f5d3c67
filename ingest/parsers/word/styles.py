"""What a Word document's styles and list definitions say of its paragraphs: heading levels, list markers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from corpus.patterns import pattern
from ingest.parsers.numerals import show_numeral
from ingest.parsers.symbol_fonts import show_symbols

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_HEADING_STYLE = pattern(
    r"(?:heading|見出し|überschrift|titre|título|标题|標題|제목)\s*([1-9１-９])", re.IGNORECASE
)
_NAMED_LEVELS = {"title": 1, "表題": 1, "subtitle": 2, "副題": 2}
_BELOW_TITLE = frozenset({"author", "date"})
"""Styles that some programs base on that of the title, for what stands below it."""
CHECKS = frozenset("☐☑☒✓✔✗✘")
"""Bullets that say something."""


@dataclass(frozen=True, slots=True)
class Style:
    """A style of paragraphs or characters with what it inherits.

    ``is_default``: of paragraphs that name none; ``is_hidden``: what is set in it is not shown.
    """

    name: str
    level: int  # heading level 1-6, 0 for none
    numbering: tuple[str, int] | None  # numId, depth
    font: str = ""  # of Latin letters, "" where no style says
    is_default: bool = False
    is_hidden: bool = False


def read_styles(root: Any) -> Mapping[str, Style]:
    """Returns styles by id, with what they inherit."""
    if root is None:
        return {}
    raw = {style.get(W + "styleId") or "": style for style in root.iter(W + "style")}
    font = latin_font(root.find(f"{W}docDefaults/{W}rPrDefault/{W}rPr"))
    return {identifier: _resolve_style(raw, identifier, font) for identifier in raw}


def _resolve_style(raw: Mapping[str, Any], identifier: str, usual_font: str) -> Style:
    name, level, numbering, font, hiding = "", 0, None, "", None
    seen: set[str] = set()
    current = identifier
    while current in raw and current not in seen and len(seen) < 20:
        seen.add(current)
        style = raw[current]
        own = value(style.find(W + "name"))
        name = name or own
        properties = style.find(W + "pPr")
        level = level or level_of_name(own) or outline_level(properties)
        numbering = numbering or numbering_of(properties)
        font = font or latin_font(style.find(W + "rPr"))
        hiding = style.find(f"{W}rPr/{W}vanish") if hiding is None else hiding
        current = value(style.find(W + "basedOn"))
    is_default = raw[identifier].get(W + "default") in ("1", "true", "on") and (
        raw[identifier].get(W + "type") == "paragraph"
    )
    shown_level = 0 if name.lower() in _BELOW_TITLE else level
    return Style(name, shown_level, numbering, font or usual_font, is_default, is_on(hiding))


def latin_font(properties: Any) -> str:
    """Returns the font of Latin letters that the properties of runs set by themselves, else ""."""
    fonts = None if properties is None else properties.find(W + "rFonts")
    return "" if fonts is None else fonts.get(W + "ascii") or ""


def level_of_name(name: str) -> int:
    """Returns the level that a style's name promises in one of the languages Word speaks, else 0."""
    match = _HEADING_STYLE.match(name.strip())
    return min(int(match[1]), 6) if match else _NAMED_LEVELS.get(name.strip().lower(), 0)


def outline_level(properties: Any) -> int:
    """Returns the heading level, 1 to 6, that a paragraph's properties set by themselves, else 0."""
    level = value(None if properties is None else properties.find(W + "outlineLvl"))
    return int(level) + 1 if level.isdigit() and int(level) < 6 else 0


def numbering_of(properties: Any) -> tuple[str, int] | None:
    """Returns the list (its id, the depth) that a paragraph's properties put it in."""
    number = None if properties is None else properties.find(W + "numPr")
    if number is None:
        return None
    depth = value(number.find(W + "ilvl"))
    return value(number.find(W + "numId")), int(depth) if depth.isdigit() else 0


@dataclass(slots=True)
class Numbering:
    """Counts list items and shows their markers as Word would."""

    formats: Mapping[str, Mapping[int, tuple[str, str, int]]]  # numId → depth → (format, text, start)
    counts: dict[tuple[str, int], int] = field(default_factory=dict)

    def next_marker(self, identifier: str, depth: int) -> str:
        """Counts one item of a list on, and returns what stands before it."""
        levels = self.formats.get(identifier, {})
        kind, text, start = levels.get(depth, ("bullet", "", 1))
        if kind == "none":
            return ""
        if kind == "bullet":
            return "" if text.isspace() else text if text in CHECKS else "-"
        for key in [key for key in self.counts if key[0] == identifier and key[1] > depth]:
            del self.counts[key]
        self.counts[identifier, depth] = self.counts.get((identifier, depth), start - 1) + 1

        def shown(match: re.Match[str]) -> str:
            at = int(match[1]) - 1
            form, _, first = levels.get(at, ("decimal", "", 1))
            return show_numeral(self.counts.get((identifier, at), first), form)

        return re.sub(r"%([1-9])", shown, text) or f"{self.counts[identifier, depth]}."


def read_numbering(root: Any) -> Numbering:
    """Returns how each list counts, none of them counted yet."""
    if root is None:
        return Numbering({})
    abstract: dict[str, dict[int, tuple[str, str, int]]] = {}
    for item in root.findall(W + "abstractNum"):
        abstract[item.get(W + "abstractNumId") or ""] = _levels(item)
    formats = {}
    for number in root.findall(W + "num"):
        levels = dict(abstract.get(value(number.find(W + "abstractNumId")), {}))
        for override in number.findall(W + "lvlOverride"):
            levels.update(_levels(override))
        formats[number.get(W + "numId") or ""] = levels
    return Numbering(formats)


def _levels(parent: Any) -> dict[int, tuple[str, str, int]]:
    levels = {}
    for level in parent.findall(W + "lvl"):
        depth, start = level.get(W + "ilvl") or "0", value(level.find(W + "start"))
        if depth.isdigit():
            levels[int(depth)] = (
                value(level.find(W + "numFmt")) or "decimal",
                show_symbols(value(level.find(W + "lvlText")), latin_font(level.find(W + "rPr"))),
                int(start) if start.isdigit() else 1,
            )
    return levels


def value(element: Any) -> str:
    """Returns what an element says in its ``val``, "" where there is no element."""
    return "" if element is None else element.get(W + "val") or ""


def is_on(element: Any) -> bool:
    """Says whether a switch is set."""
    return element is not None and value(element) not in ("0", "false", "off")
