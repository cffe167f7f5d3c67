"""OpenDocument texts and presentations (ODT, ODP), read straight from the checked archive's XML.

Kept: headings with their levels, lists with markers, tables with header rows and merged cells, footnotes and
endnotes, text boxes, pages (where a break is set, or where the last layout made one: a text without either is
one page); of presentations one page a slide with its title, text from top to bottom, and notes ("Notes:").
Not kept: deleted revisions, comments, tables of contents, headers and footers, hidden passages, sections and
slides (noted), readings above Japanese words, pictures, charts and other embedded objects.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from corpus.errors import ParseError
from corpus.patterns import pattern
from corpus.types import Document
from ingest.parsers.assembly import Draft, Limits, one_line, read_date
from ingest.parsers.detection import ODP, ODS, ODT, encrypted
from ingest.parsers.office import DC, Package

_NS = "{urn:oasis:names:tc:opendocument:xmlns:"
_OFFICE, _TEXT, _TABLE = f"{_NS}office:1.0}}", f"{_NS}text:1.0}}", f"{_NS}table:1.0}}"
_DRAW, _STYLE, _META = f"{_NS}drawing:1.0}}", f"{_NS}style:1.0}}", f"{_NS}meta:1.0}}"
_SHOW, _FO, _SVG = f"{_NS}presentation:1.0}}", f"{_NS}xsl-fo-compatible:1.0}}", f"{_NS}svg-compatible:1.0}}"
_DOCUMENTS = {ODS: "A workbook", ODT: "A text", ODP: "A presentation"}
_MANIFEST = f"{_NS}manifest:1.0}}"

_SKIPPED = frozenset(
    {
        *(_TEXT + tag for tag in ("tracked-changes", "ruby-text", "table-of-content", "note-citation")),
        *(_TEXT + tag for tag in ("alphabetical-index", "illustration-index", "table-index", "user-index")),
        *(_TEXT + tag for tag in ("variable-decls", "sequence-decls", "user-field-decls", "page-number")),
        *(_TEXT + tag for tag in ("page-count", "hidden-text", "script")),
        *(_OFFICE + tag for tag in ("annotation", "annotation-end", "forms", "event-listeners")),
        *(_SVG + tag for tag in ("title", "desc")),
        *(_DRAW + tag for tag in ("image", "object", "object-ole", "plugin")),
        _SHOW + "notes",
    }
)
_CONTAINERS = frozenset(
    {
        *(_TEXT + tag for tag in ("section", "bibliography", "index-body", "numbered-paragraph")),
        *(_DRAW + tag for tag in ("frame", "text-box", "a", "g")),
    }
)
_SHAPES = frozenset(
    _DRAW + tag
    for tag in (
        "caption", "circle", "connector", "custom-shape", "ellipse", "line", "measure", "path", "polygon", "polyline",
        "rect", "regular-polygon",
    )
)  # fmt: skip
_FURNITURE = frozenset({"page-number", "date-time", "footer", "header"})
_MAX_REPEAT = 1000
_MAX_SPACES = 200
_MAX_DEPTH = 100
_LENGTH = pattern(r"(-?\d{1,6}(?:\.\d{1,6})?)(cm|mm|in|pt|pc|px)?")
_IN_CM = {"cm": 1.0, "mm": 0.1, "in": 2.54, "pt": 0.0353, "pc": 0.423, "px": 0.0265}


def read(data: bytes, name: str, limits: Limits) -> Document:
    """Returns an OpenDocument text or presentation.

    Raises:
        ParseError: ``damaged_file``, ``encrypted``, ``unsafe_xml`` or ``no_text``.
        LimitError: ``archive_too_large``, ``too_deep``, or a limit of the draft.
    """
    package = Package(data, name)
    manifest = package.xml("META-INF/manifest.xml")
    if manifest is not None and next(manifest.iter(_MANIFEST + "encryption-data"), None) is not None:
        raise encrypted(name)
    root = package.xml("content.xml")
    body = None if root is None else root.find(_OFFICE + "body")
    content = None if body is None or not len(body) else body[0]
    if content is None:
        raise ParseError(f"{name} is damaged: it has no body.", code="damaged_file", hint="Save it anew.")
    draft = Draft(limits)
    writer = _Writer(draft, _Styles(root, package.xml("styles.xml")))
    shown = content.tag == _OFFICE + "presentation"
    if shown:
        writer.write_slides(content)
    else:
        draft.page(1)
        writer.write(content)
        writer.write_notes()
    if writer.hidden:
        draft.note("hidden_text", f"{writer.hidden} hidden passages, sections or slides were left out.")
    for inside in _put_in(manifest):
        draft.note("attachment_unread", f"{inside}, put into this document, was not read: add it as a file.")
    meta = package.xml("meta.xml")
    return draft.finish(
        name=name,
        content_type=ODP if shown else ODT,
        title=_meta(meta, DC + "title"),
        language=_meta(meta, DC + "language"),
        date=read_date(_meta(meta, DC + "date") or _meta(meta, _META + "creation-date")),
        metadata={
            "author": _meta(meta, DC + "creator") or _meta(meta, _META + "initial-creator"),
            "subject": _meta(meta, DC + "subject"),
            "keywords": _meta(meta, _META + "keyword"),
            "created": _meta(meta, _META + "creation-date"),
        },
    )


def _put_in(manifest: Any) -> Iterator[str]:
    """Yields what kinds of documents stand in this one; charts and equations, kept in the same way, are none."""
    for entry in () if manifest is None else manifest.iter(_MANIFEST + "file-entry"):
        inside = _DOCUMENTS.get((entry.get(_MANIFEST + "media-type") or "").removesuffix("-template"))
        if inside and entry.get(_MANIFEST + "full-path") != "/":
            yield inside


def _meta(root: Any, tag: str) -> str:
    found = None if root is None else next(root.iter(tag), None)
    return "" if found is None else one_line(found.text or "")


class _Styles:
    """What the styles say that matters: page breaks, titles, hidden slides, the markers of lists."""

    def __init__(self, *roots: Any) -> None:
        self._styles: dict[str, Any] = {}
        self._lists: dict[str, Mapping[int, Any]] = {}
        for root in roots:
            for style in [] if root is None else root.iter(_STYLE + "style"):
                self._styles.setdefault(style.get(_STYLE + "name") or "", style)
            for style in [] if root is None else root.iter(_TEXT + "list-style"):
                levels = {_whole(level.get(_TEXT + "level"), 1): level for level in style}
                self._lists.setdefault(style.get(_STYLE + "name") or "", levels)

    def chain(self, name: str) -> Iterator[Any]:
        """Yields a style and those it is made from."""
        seen: set[str] = set()
        while name in self._styles and name not in seen:
            seen.add(name)
            yield self._styles[name]
            name = self._styles[name].get(_STYLE + "parent-style-name") or ""

    def breaks(self, name: str) -> bool:
        own = self._styles.get(name)
        if own is None:
            return False
        properties = own.find(_STYLE + "paragraph-properties")
        if own.get(_STYLE + "master-page-name"):
            return True
        return properties is not None and properties.get(_FO + "break-before") == "page"

    def is_named(self, name: str, wanted: str) -> bool:
        return name == wanted or any(style.get(_STYLE + "name") == wanted for style in self.chain(name))

    def hides(self, name: str) -> bool:
        properties = (style.find(_STYLE + "drawing-page-properties") for style in self.chain(name))
        return any(p is not None and p.get(_SHOW + "visibility") == "hidden" for p in properties)

    def conceals(self, name: str) -> bool:
        """Says whether a style of characters is not shown."""
        properties = (style.find(_STYLE + "text-properties") for style in self.chain(name))
        return any(p is not None and p.get(_TEXT + "display") == "none" for p in properties)

    def marker(self, name: str, depth: int, number: int) -> str:
        level = self._lists.get(name, {}).get(depth + 1)
        if level is None or level.tag != _TEXT + "list-level-style-number":
            return "-"
        form = level.get(_STYLE + "num-format") or ""
        if form == "":
            return ""
        first = _whole(level.get(_TEXT + "start-value"), 1)
        shown = str(number + first - 1)
        if form in ("a", "A") and number + first - 1 <= 26:
            shown = chr(ord(form) + number + first - 2)
        return f"{level.get(_STYLE + 'num-prefix') or ''}{shown}{level.get(_STYLE + 'num-suffix') or ''}"


class _Writer:
    """Adds the body to a draft."""

    def __init__(self, draft: Draft, styles: _Styles) -> None:
        self._draft = draft
        self._styles = styles
        self._page = 1
        self._breaks = 0
        self._notes: list[tuple[int, str, str]] = []
        self._counts: dict[str, int] = {}
        self._open: list[tuple[int, str, str]] = []
        self.hidden = 0

    # ---- texts -----------------------------------------------------------------------------------

    def write(self, parent: Any) -> None:
        """Adds what a container holds; sections and boxes are opened without recursion."""
        stack = [iter(parent)]
        while stack:
            element = next(stack[-1], None)
            if element is None:
                stack.pop()
                continue
            tag = element.tag
            if tag != _TEXT + "list" and tag not in _CONTAINERS:
                self._close_list()
            if tag in (_TEXT + "h", _TEXT + "p"):
                self._write_paragraph(element)
            elif tag == _TEXT + "list":
                self._write_list(element)
            elif tag == _TABLE + "table":
                self._write_table(element)
            elif tag == _TEXT + "section" and element.get(_TEXT + "display") == "none":
                self.hidden += 1
            elif tag == _TEXT + "soft-page-break":
                self._next_page()
            elif tag in _CONTAINERS or tag in _SHAPES:
                stack.append(iter(element))
        self._close_list()

    def write_notes(self) -> None:
        """Adds the footnotes and endnotes as a list under their own heading."""
        if self._notes:
            self._draft.heading("Footnotes", 2)
            self._draft.listing(self._notes)

    def _write_paragraph(self, element: Any) -> None:
        style = element.get(_TEXT + "style-name") or ""
        if self._styles.breaks(style) and self._draft.length:
            self._next_page()
        boxes: list[Any] = []
        pieces = self._text(element, boxes).split("\f")
        level = _whole(element.get(_TEXT + "outline-level"), 1) if element.tag == _TEXT + "h" else 0
        if not level and self._styles.is_named(style, "Title"):
            level = 1
        for index, piece in enumerate(pieces):
            if index:
                self._next_page()
            if level and len(piece) <= 300:
                self._draft.heading(piece, level)
            else:
                self._draft.paragraph(piece)
        for box in boxes:
            self.write([box])

    def _close_list(self) -> None:
        items, self._open = self._open, []
        self._draft.listing(items)

    def _write_list(self, element: Any) -> None:
        boxes: list[Any] = []
        for depth, marker, paragraph in self._items(element, "", 0):
            if paragraph.tag == _TEXT + "h":
                self._close_list()
                level = _whole(paragraph.get(_TEXT + "outline-level"), 1)
                text = one_line(self._text(paragraph, boxes).replace("\f", " "))
                self._draft.heading(text if marker in ("", "-") else f"{marker} {text}", level)
                continue
            for index, piece in enumerate(self._text(paragraph, boxes).split("\f")):
                if index:
                    self._close_list()
                    self._next_page()
                if not piece.strip():
                    continue
                if marker is None and self._open:
                    self._open[-1] = (*self._open[-1][:2], f"{self._open[-1][2]} {piece}")
                else:
                    self._open.append((depth, "-" if marker is None else marker, piece))
        if boxes:
            self._close_list()
        for box in boxes:
            self.write([box])

    def _items(self, element: Any, style: str, depth: int) -> Iterator[tuple[int, str | None, Any]]:
        """Yields depth, marker and paragraph of a list; the marker is None where an item goes on."""
        if depth > _MAX_DEPTH:
            return
        style = element.get(_TEXT + "style-name") or style
        key = f"{style}/{depth}"
        goes_on = element.get(_TEXT + "continue-numbering") == "true" or element.get(_TEXT + "continue-list")
        number = self._counts.get(key, 0) if goes_on else 0
        for item in element:
            if item.tag not in (_TEXT + "list-item", _TEXT + "list-header"):
                continue
            started = False
            for child in item:
                if child.tag in (_TEXT + "p", _TEXT + "h"):
                    if started:
                        yield depth, None, child
                        continue
                    started = True
                    if item.tag == _TEXT + "list-header":
                        yield depth, "", child
                        continue
                    number = _whole(item.get(_TEXT + "start-value"), number + 1)
                    self._counts[key] = number
                    yield depth, self._styles.marker(style, depth, number), child
                elif child.tag == _TEXT + "list":
                    yield from self._items(child, style, depth + 1)

    def _text(self, element: Any, boxes: list[Any] | None = None) -> str:
        """Returns a paragraph's words; a form feed stands for a page break, ``boxes`` gets what floats."""
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
            if tag == _TEXT + "s":
                parts.append(" " * min(_whole(child.get(_TEXT + "c"), 1), _MAX_SPACES))
            elif tag == _TEXT + "tab":
                parts.append("\t")
            elif tag == _TEXT + "line-break":
                parts.append("\n")
            elif tag == _TEXT + "soft-page-break":
                parts.append("\f" if boxes is not None else " ")
            elif tag == _TEXT + "note":
                parts.append(self._take_note(child))
            elif tag == _DRAW + "frame" or tag in _SHAPES or tag == _DRAW + "g":
                if boxes is not None:
                    boxes.append(child)
                else:
                    parts.append(f" {self._words(child)} ")
            elif tag == _TEXT + "span" and self._styles.conceals(child.get(_TEXT + "style-name") or ""):
                self.hidden += 1
            elif tag not in _SKIPPED:
                parts.append(child.text or "")
                stack.append((child, iter(child)))
                continue
            parts.append(child.tail or "")
        lines = "".join(parts).split("\n")
        return "\n".join(re.sub(r"[ \t\r]+", " ", line).strip(" ") for line in lines)

    def _take_note(self, note: Any) -> str:
        body = note.find(_TEXT + "note-body")
        citation = one_line(note.findtext(_TEXT + "note-citation") or "") or str(len(self._notes) + 1)
        if body is not None:
            self._notes.append((0, f"[{citation}]", one_line(self._words(body))))
        return f"[{citation}]"

    def _words(self, element: Any) -> str:
        paragraphs = (p for p in element.iter(_TEXT + "p", _TEXT + "h"))
        return " ".join(filter(None, (_plain(p) for p in paragraphs)))

    # ---- tables ----------------------------------------------------------------------------------

    def _write_table(self, table: Any) -> None:
        rows: list[list[str]] = []
        header_rows = 0
        carried: dict[int, tuple[int, str]] = {}  # column: (rows left, text)
        for row, is_header in _rows(table):
            line: list[str] = []
            for cell in row:
                if cell.tag not in (_TABLE + "table-cell", _TABLE + "covered-table-cell"):
                    continue
                text = one_line(self._cell(cell))
                repeat = min(_whole(cell.get(_TABLE + "number-columns-repeated"), 1), _MAX_REPEAT)
                wide = _whole(cell.get(_TABLE + "number-columns-spanned"), 1)
                high = _whole(cell.get(_TABLE + "number-rows-spanned"), 1)
                for _ in range(repeat):
                    column = len(line)
                    if cell.tag == _TABLE + "covered-table-cell":
                        left, above = carried.get(column, (0, ""))
                        line.append(above if left > 0 else text)
                        if left > 0:
                            carried[column] = (left - 1, above)
                        continue
                    line.append(text)
                    for across in range(min(wide, _MAX_REPEAT) if wide > 1 or high > 1 else 0):
                        # This row's covered cells take one turn each; the own cell of a column takes none.
                        carried[column + across] = (high - (across == 0), text)
            while line and not line[-1]:
                line.pop()
            repeat = _whole(row.get(_TABLE + "number-rows-repeated"), 1)
            for _ in range(min(repeat, _MAX_REPEAT) if line else 1):
                self._draft.count_cells(len(line))
                rows.append(line)
            header_rows += is_header and header_rows == len(rows) - 1
        if len(rows) == 1 and len(rows[0]) == 1:
            self._draft.paragraph(rows[0][0])
        else:
            self._draft.table(rows, header_rows or None)

    def _cell(self, cell: Any) -> str:
        paragraphs = cell.iter(_TEXT + "p", _TEXT + "h")
        return " ".join(filter(None, (self._text(p) for p in paragraphs if _stands_free(p, cell))))

    # ---- slides ----------------------------------------------------------------------------------

    def write_slides(self, content: Any) -> None:
        """Adds one page a slide."""
        for number, slide in enumerate(content.iter(_DRAW + "page"), 1):
            if self._styles.hides(slide.get(_DRAW + "style-name") or ""):
                self.hidden += 1
                continue
            self._draft.page(number)
            shapes = [shape for shape in slide if shape.get(_SHOW + "class") not in _FURNITURE]
            titles = [shape for shape in shapes if shape.get(_SHOW + "class") == "title"]
            for shape in titles:
                self._draft.heading(self._words(shape), 1)
            for shape in sorted((one for one in shapes if one not in titles), key=_place):
                if shape.tag in _CONTAINERS or shape.tag in _SHAPES:
                    self.write([shape])
            self.write_notes()
            self._notes = []
            notes = slide.find(_SHOW + "notes")
            for frame in [] if notes is None else notes:
                if frame.get(_SHOW + "class") == "notes":
                    words = "\n".join(_plain(p) for p in frame.iter(_TEXT + "p")).strip()
                    self._draft.paragraph(f"Notes: {words}" if words else "")

    def _next_page(self) -> None:
        self._page += 1
        self._draft.page(self._page)


def _rows(table: Any) -> Iterator[tuple[Any, bool]]:
    """Yields the rows of a table, not those of tables in it, and whether each is a header row."""
    for row in table.iter(_TABLE + "table-row"):
        owner, is_header = row.getparent(), False
        while owner is not None and owner.tag != _TABLE + "table":
            is_header = is_header or owner.tag == _TABLE + "table-header-rows"
            owner = owner.getparent()
        if owner is table:
            yield row, is_header


def _stands_free(paragraph: Any, cell: Any) -> bool:
    """Says whether a paragraph is not part of another within the cell, nor of what is left out."""
    owner = paragraph.getparent()
    while owner is not None and owner is not cell:
        if owner.tag in (_TEXT + "p", _TEXT + "h", _TEXT + "note") or owner.tag in _SKIPPED:
            return False
        owner = owner.getparent()
    return True


def _plain(paragraph: Any) -> str:
    parts = [paragraph.text or ""]
    for element in paragraph.iterdescendants():
        if element.tag not in _SKIPPED:
            parts.append(" " if element.tag in (_TEXT + "s", _TEXT + "tab", _TEXT + "line-break") else "")
            parts.append(element.text or "")
        parts.append(element.tail or "")
    return one_line("".join(parts))


def _place(shape: Any) -> tuple[float, float]:
    def length(key: str) -> float:
        match = _LENGTH.match(shape.get(_SVG + key) or "")
        return float(match[1]) * _IN_CM.get(match[2] or "cm", 1.0) if match else 0.0

    return round(length("y"), 0), length("x")


def _whole(value: str | None, default: int) -> int:
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 10 else default
