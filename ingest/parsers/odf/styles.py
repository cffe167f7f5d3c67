"""What an OpenDocument file's styles say that matters: page breaks, titles, hidden slides, the markers of lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from corpus.patterns import pattern
from ingest.parsers.numerals import show_numeral

_NS = "{urn:oasis:names:tc:opendocument:xmlns:"
OFFICE, TEXT, TABLE = f"{_NS}office:1.0}}", f"{_NS}text:1.0}}", f"{_NS}table:1.0}}"
DRAW, STYLE, META = f"{_NS}drawing:1.0}}", f"{_NS}style:1.0}}", f"{_NS}meta:1.0}}"
SHOW, FO, SVG = f"{_NS}presentation:1.0}}", f"{_NS}xsl-fo-compatible:1.0}}", f"{_NS}svg-compatible:1.0}}"
CHART, MANIFEST, FORM = f"{_NS}chart:1.0}}", f"{_NS}manifest:1.0}}", f"{_NS}form:1.0}}"
LO_EXT = "{urn:org:documentfoundation:names:experimental:office:xmlns:loext:1.0}"
LINK, MATH = "{http://www.w3.org/1999/xlink}", "{http://www.w3.org/1998/Math/MathML}"

_NUMBERED = frozenset({TEXT + "list-level-style-number", TEXT + "outline-level-style"})
_PLACE = pattern(r"%(\d{1,2})%")
_FORMS = {
    "a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman", "１": "decimalFullWidth",
    "一": "japaneseCounting", "①": "decimalEnclosedCircle", "ア": "aiueo", "イ": "iroha",
}  # fmt: skip
"""Of numbers, by the first of those that a style spells out (ODF 1.3, part 3, 19.502)."""


class Styles:
    """The styles of a document's parts, by name; of two under one name the first counts."""

    def __init__(self, *roots: Any) -> None:
        self._styles: dict[str, Any] = {}
        self._lists: dict[str, Mapping[int, Any]] = {}
        self._outline: dict[int, Any] = {}
        for root in roots:
            for style in [] if root is None else root.iter(STYLE + "style"):
                self._styles.setdefault(style.get(STYLE + "name") or "", style)
            for level in [] if root is None else root.iter(TEXT + "outline-level-style"):
                self._outline.setdefault(whole_number(level.get(TEXT + "level"), 1), level)
            for style in [] if root is None else root.iter(TEXT + "list-style"):
                levels = {whole_number(level.get(TEXT + "level"), 1): level for level in style}
                self._lists.setdefault(style.get(STYLE + "name") or "", levels)

    def chain(self, name: str) -> Iterator[Any]:
        """Yields a style and those it is made from."""
        seen: set[str] = set()
        while name in self._styles and name not in seen:
            seen.add(name)
            yield self._styles[name]
            name = self._styles[name].get(STYLE + "parent-style-name") or ""

    def breaks(self, name: str) -> bool:
        own = self._styles.get(name)
        if own is None:
            return False
        properties = own.find(STYLE + "paragraph-properties")
        if own.get(STYLE + "master-page-name"):
            return True
        return properties is not None and properties.get(FO + "break-before") == "page"

    def is_named(self, name: str, wanted: str) -> bool:
        return name == wanted or any(style.get(STYLE + "name") == wanted for style in self.chain(name))

    def hides(self, name: str) -> bool:
        properties = (style.find(STYLE + "drawing-page-properties") for style in self.chain(name))
        return any(p is not None and p.get(SHOW + "visibility") == "hidden" for p in properties)

    def conceals(self, name: str) -> bool:
        """Says whether what is set in a style, of characters or of a paragraph, is not shown."""
        properties = (style.find(STYLE + "text-properties") for style in self.chain(name))
        told = (p.get(TEXT + "display") for p in properties if p is not None)
        return next(filter(None, told), "") == "none"

    def height(self, name: str) -> int:
        """Says whether a style of characters stands above the line (1), below it (-1) or on it (0)."""
        for style in self.chain(name):
            properties = style.find(STYLE + "text-properties")
            given = "" if properties is None else properties.get(STYLE + "text-position") or ""
            if given:
                is_raised = given.startswith("super") or given[0] in "123456789"
                return 1 if is_raised else -1 if given.startswith(("sub", "-")) else 0
        return 0

    def marker(self, name: str, numbers: Sequence[int]) -> str:
        """Returns what stands before an item of a list, by its own number and, before it, those of the items around."""
        return _marker(self._lists.get(name, {}), numbers)

    def chapter(self, name: str, numbers: Sequence[int]) -> str:
        """Returns the number of a heading (in the style of that name) that the document numbers by itself, else ""."""
        lists = (style.get(STYLE + "list-style-name") for style in self.chain(name))
        if next((given for given in lists if given is not None), None) == "":
            return ""
        return _marker(self._outline, numbers)


def _marker(levels: Mapping[int, Any], numbers: Sequence[int]) -> str:
    level = levels.get(len(numbers))
    if level is None or level.tag not in _NUMBERED:
        return "-"
    if not level.get(STYLE + "num-format"):
        return ""
    shown = [_number(levels.get(depth), number) for depth, number in enumerate(numbers, 1)]
    if template := level.get(LO_EXT + "num-list-format"):
        return _PLACE.sub(
            lambda place: shown[int(place[1]) - 1] if 0 < int(place[1]) <= len(shown) else "", template
        )
    parts = shown[-max(whole_number(level.get(TEXT + "display-levels"), 1), 1) :]
    return f"{level.get(STYLE + 'num-prefix') or ''}{'.'.join(parts)}{level.get(STYLE + 'num-suffix') or ''}"


def _number(level: Any, number: int) -> str:
    if level is None:
        return str(number)
    form = _FORMS.get((level.get(STYLE + "num-format") or "1").partition(",")[0], "decimal")
    return show_numeral(number + whole_number(level.get(TEXT + "start-value"), 1) - 1, form)


def whole_number(value: str | None, default: int) -> int:
    """Returns a count that a file gives, the default where it gives none."""
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 10 else default
