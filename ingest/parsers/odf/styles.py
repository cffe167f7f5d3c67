"""What an OpenDocument file's styles say that matters: page breaks, titles, hidden slides, the markers of lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_NS = "{urn:oasis:names:tc:opendocument:xmlns:"
OFFICE, TEXT, TABLE = f"{_NS}office:1.0}}", f"{_NS}text:1.0}}", f"{_NS}table:1.0}}"
DRAW, STYLE, META = f"{_NS}drawing:1.0}}", f"{_NS}style:1.0}}", f"{_NS}meta:1.0}}"
SHOW, FO, SVG = f"{_NS}presentation:1.0}}", f"{_NS}xsl-fo-compatible:1.0}}", f"{_NS}svg-compatible:1.0}}"
CHART, MANIFEST, FORM = f"{_NS}chart:1.0}}", f"{_NS}manifest:1.0}}", f"{_NS}form:1.0}}"
LO_EXT = "{urn:org:documentfoundation:names:experimental:office:xmlns:loext:1.0}"
LINK, MATH = "{http://www.w3.org/1999/xlink}", "{http://www.w3.org/1998/Math/MathML}"


class Styles:
    """The styles of a document's parts, by name; of two under one name the first counts."""

    def __init__(self, *roots: Any) -> None:
        self._styles: dict[str, Any] = {}
        self._lists: dict[str, Mapping[int, Any]] = {}
        for root in roots:
            for style in [] if root is None else root.iter(STYLE + "style"):
                self._styles.setdefault(style.get(STYLE + "name") or "", style)
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
        """Says whether a style of characters is not shown."""
        properties = (style.find(STYLE + "text-properties") for style in self.chain(name))
        return any(p is not None and p.get(TEXT + "display") == "none" for p in properties)

    def height(self, name: str) -> int:
        """Says whether a style of characters stands above the line (1), below it (-1) or on it (0)."""
        for style in self.chain(name):
            properties = style.find(STYLE + "text-properties")
            given = "" if properties is None else properties.get(STYLE + "text-position") or ""
            if given:
                is_raised = given.startswith("super") or given[0] in "123456789"
                return 1 if is_raised else -1 if given.startswith(("sub", "-")) else 0
        return 0

    def marker(self, name: str, depth: int, number: int) -> str:
        level = self._lists.get(name, {}).get(depth + 1)
        if level is None or level.tag != TEXT + "list-level-style-number":
            return "-"
        form = level.get(STYLE + "num-format") or ""
        if form == "":
            return ""
        first = whole_number(level.get(TEXT + "start-value"), 1)
        shown = str(number + first - 1)
        if form in ("a", "A") and number + first - 1 <= 26:
            shown = chr(ord(form) + number + first - 2)
        return f"{level.get(STYLE + 'num-prefix') or ''}{shown}{level.get(STYLE + 'num-suffix') or ''}"


def whole_number(value: str | None, default: int) -> int:
    """Returns a count that a file gives, the default where it gives none."""
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 10 else default
