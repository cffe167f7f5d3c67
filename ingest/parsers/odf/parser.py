"""OpenDocument texts and presentations (ODT, ODP), read straight from the checked archive's XML.

Kept: headings with their levels, lists with markers, tables with header rows and merged cells, footnotes and
endnotes, text boxes, preformatted text with its indentation, pages (where a break is set, or where the last layout made
one: a text without either is one page), charts, reviewers' remarks; of presentations one page a slide with its title,
text from top to bottom, and notes ("Notes:"). Not kept: deleted revisions, tables of contents, headers and footers,
hidden passages, sections and slides (noted), readings above Japanese words, pictures and other embedded objects.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from corpus.errors import ParseError
from corpus.patterns import pattern
from corpus.types import Document
from ingest.parsers.assembly import Draft, Limits
from ingest.parsers.cleaning import one_line
from ingest.parsers.detection import ODP, ODS, ODT
from ingest.parsers.odf.charts import charts_in, equation_in, write_chart
from ingest.parsers.odf.forms import read_controls
from ingest.parsers.odf.package import as_archive, read_properties
from ingest.parsers.odf.styles import (
    DRAW,
    FO,
    LO_EXT,
    MANIFEST,
    OFFICE,
    SHOW,
    SVG,
    TABLE,
    TEXT,
    Styles,
    whole_number,
)
from ingest.parsers.odf.tables import add_table, frames_in, mark_tables_in_shapes
from ingest.parsers.odf.words import SHAPES, Words, plain, remarks_on
from ingest.parsers.office import DC, Package
from ingest.parsers.placing import Place, reading_order
from ingest.parsers.refusals import encrypted
from ingest.parsers.remarks import Remark

_DOCUMENTS = {ODS: "workbook", ODT: "text", ODP: "presentation"}
_CONTAINERS = frozenset(
    {
        *(TEXT + tag for tag in ("section", "bibliography", "index-body", "numbered-paragraph")),
        *(DRAW + tag for tag in ("frame", "text-box", "a", "g")),
    }
)
_FURNITURE = frozenset({"page-number", "date-time", "footer", "header"})
_REMARK_ON_SLIDE = "{http://openoffice.org/2009/office}annotation"
_RESOLVED = LO_EXT + "resolved"
_MAX_OUTLINE = 10
"""As many levels of headings have numbers (ODF 1.3)."""
_TITLES = (("Title", 1), ("Subtitle", 2))
_MAX_DEPTH = 100
_LENGTH = pattern(r"(-?\d{1,6}(?:\.\d{1,6})?)(cm|mm|in|pt|pc|px)?")
_IN_CM = {"cm": 1.0, "mm": 0.1, "in": 2.54, "pt": 0.0353, "pc": 0.423, "px": 0.0265}


def read(data: bytes, name: str, limits: Limits) -> Document:
    """Returns an OpenDocument text or presentation.

    Raises:
        ParseError: ``damaged_file``, ``encrypted``, ``unsafe_xml`` or ``no_text``.
        LimitError: ``archive_too_large``, ``too_deep``, or a limit of the draft.
    """
    package = Package(as_archive(data, name), name, limits.max_archive_ratio)
    manifest = package.xml("META-INF/manifest.xml")
    if manifest is not None and next(manifest.iter(MANIFEST + "encryption-data"), None) is not None:
        raise encrypted(name)
    root = package.xml("content.xml")
    body = None if root is None else root.find(OFFICE + "body")
    content = None if body is None or not len(body) else body[0]
    if content is None:
        raise ParseError(f"{name} is damaged: it has no body.", code="damaged_file", hint="Save it anew.")
    mark_tables_in_shapes(content)
    draft = Draft(limits)
    writer = _Writer(draft, Styles(root, package.beside("styles.xml")), package, read_controls(content))
    shown = content.tag == OFFICE + "presentation"
    if shown:
        writer.write_slides(content)
    else:
        draft.page(1)
        writer.write(content)
        writer.write_notes()
    if writer.hidden:
        draft.note("hidden_text", f"{writer.hidden} hidden passages, sections or slides were left out.")
    for kind, count in Counter(_put_in(manifest)).items():
        what, verb, it = (f"A {kind}", "was", "it") if count == 1 else (f"{count} {kind}s", "were", "them")
        message = f"{what}, put into this document, {verb} not read: save {it} from there and add {it}."
        draft.note("attachment_unread", message)
    title, language, date, metadata = read_properties(package)
    for damage in package.damage:
        draft.note("damaged_text", damage)
    return draft.finish(
        name=name,
        content_type=ODP if shown else ODT,
        title=title,
        language=language,
        date=date,
        metadata=metadata,
        pictures=package.pictures(),
    )


def _put_in(manifest: Any) -> Iterator[str]:
    """Yields what kinds of documents stand in this one; charts and equations, kept in the same way, are none."""
    for entry in () if manifest is None else manifest.iter(MANIFEST + "file-entry"):
        inside = _DOCUMENTS.get((entry.get(MANIFEST + "media-type") or "").removesuffix("-template"))
        if inside and entry.get(MANIFEST + "full-path") != "/":
            yield inside


class _Writer:
    """Adds the body to a draft."""

    def __init__(
        self,
        draft: Draft,
        styles: Styles,
        package: Package,
        controls: Mapping[str, str],
    ) -> None:
        self._draft = draft
        self._styles = styles
        self._package = package
        self._words = Words(styles, package, controls)
        self._page = 1
        self._counts: dict[tuple[str, int], int] = {}
        self._chapters: list[int] = []
        self._open: list[tuple[int, str, str]] = []
        self._code: list[str] = []
        self._hidden = 0

    @property
    def hidden(self) -> int:
        """How many passages, sections and slides were left out since nobody sees them."""
        return self._hidden + self._words.hidden

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
            if tag != TEXT + "list" and tag not in _CONTAINERS:
                self._close_list()
            if tag != TEXT + "p" or not self._is_code(element):
                self._close_code()
            if tag in (TEXT + "h", TEXT + "p"):
                self._write_paragraph(element)
            elif tag == TEXT + "list":
                self._write_list(element)
            elif tag == TABLE + "table" and (frames := frames_in(element)):
                stack.append(chain.from_iterable(frames))
            elif tag == TABLE + "table":
                self._write_table(element)
            elif tag == TEXT + "section" and element.get(TEXT + "display") == "none":
                self._hidden += 1
            elif tag == TEXT + "soft-page-break":
                self._next_page()
            elif tag == DRAW + "frame" and (shown := equation_in(self._package, element)):
                self._draft.paragraph(shown)
            elif tag == DRAW + "object":
                self._write_charts(element)
            elif tag == DRAW + "control":
                self._draft.paragraph(self._words.control(element))
            elif tag in _CONTAINERS or tag in SHAPES:
                stack.append(iter(element))
        self._close_list()
        self._close_code()

    def write_notes(self) -> None:
        """Adds the footnotes and endnotes as a list under their own heading."""
        if notes := self._words.take_notes():
            self._draft.heading("Footnotes", 2)
            self._draft.listing(notes)

    def _write_paragraph(self, element: Any) -> None:
        style = element.get(TEXT + "style-name") or ""
        if self._styles.breaks(style) and self._draft.length:
            self._next_page()
        boxes: list[Any] = []
        code = element.tag == TEXT + "p" and self._is_code(element)
        pieces = self._words.text(element, boxes, as_typed=code).split("\f")
        level = whole_number(element.get(TEXT + "outline-level"), 1) if element.tag == TEXT + "h" else 0
        if not level:
            level = next((at for named, at in _TITLES if self._styles.is_named(style, named)), 0)
        elif element.get(TEXT + "is-list-header") != "true":
            chapter = self._chapter(style, level)
            pieces[0] = f"{chapter} {pieces[0]}" if chapter and pieces[0].strip() else pieces[0]
        for index, piece in enumerate(pieces):
            if index:
                self._next_page()
            if level and len(piece) <= 300:
                self._draft.heading(piece, level)
            elif code:
                self._code.append(piece)
            else:
                self._draft.paragraph(piece)
        self._write_remarks(remarks_on(element))
        for box in boxes:
            self.write([box])

    def _write_remarks(self, notes: Iterable[Any]) -> None:
        """Adds what reviewers wrote; on an item of a list it is part of the list."""
        for note in notes:
            text = one_line(" ".join(plain(p) for p in note.iter(TEXT + "p")))
            remark = Remark(
                one_line(note.findtext(DC + "creator") or ""), text, note.get(_RESOLVED) == "true"
            )
            self._close_code()
            if text and self._open:
                self._open.append((self._open[-1][0] + 1, remark.lead, text))
            elif text:
                self._draft.paragraph(remark.shown)

    def _write_charts(self, element: Any) -> None:
        for chart in charts_in(self._package, element):
            write_chart(self._draft, chart)

    def _close_list(self) -> None:
        items, self._open = self._open, []
        self._draft.listing(items)

    def _chapter(self, style: str, level: int) -> str:
        """Returns the number that the document gives a heading, counting it."""
        if level > _MAX_OUTLINE:
            return ""
        del self._chapters[level:]
        self._chapters.extend([0] * (level - len(self._chapters)))
        self._chapters[-1] += 1
        shown = self._styles.chapter(style, [max(number, 1) for number in self._chapters])
        return "" if shown == "-" else shown

    def _is_code(self, paragraph: Any) -> bool:
        return self._styles.is_named(paragraph.get(TEXT + "style-name") or "", "Preformatted_20_Text")

    def _close_code(self) -> None:
        if self._code:
            self._draft.code("\n".join(self._code).rstrip())
            self._code = []

    def _write_list(self, element: Any) -> None:
        boxes: list[Any] = []
        for depth, marker, paragraph in self._items(element, "", 0):
            if paragraph.tag == TEXT + "h":
                self._close_list()
                level = whole_number(paragraph.get(TEXT + "outline-level"), 1)
                text = one_line(self._words.text(paragraph, boxes).replace("\f", " "))
                self._draft.heading(text if marker in ("", "-") else f"{marker} {text}", level)
                self._write_remarks(remarks_on(paragraph))
                continue
            code = self._is_code(paragraph)
            for index, piece in enumerate(self._words.text(paragraph, boxes, as_typed=code).split("\f")):
                if index:
                    self._close_list()
                    self._next_page()
                if not piece.strip():
                    continue
                if self._open and (code or not self._open[-1][1]) and marker is None:
                    # Lines of code, and what stands behind them, are lines of their own below the item.
                    self._open += [(depth + 1, "", line) for line in piece.split("\n")]
                elif marker is None and self._open:
                    self._open[-1] = (*self._open[-1][:2], f"{self._open[-1][2]} {piece}")
                else:
                    self._open.append((depth, "-" if marker is None else marker, piece))
            self._write_remarks(remarks_on(paragraph))
        if boxes:
            self._close_list()
        for box in boxes:
            self.write([box])

    def _items(
        self, element: Any, style: str, depth: int, within: bool = False
    ) -> Iterator[tuple[int, str | None, Any]]:
        """Yields depth, marker and paragraph of a list; the marker is None where an item goes on.

        ``within`` says that the list around goes on from an earlier one, and so does this one.
        """
        if depth > _MAX_DEPTH:
            return
        style = element.get(TEXT + "style-name") or style
        goes_on = (
            within
            or element.get(TEXT + "continue-numbering") == "true"
            or bool(element.get(TEXT + "continue-list"))
        )
        number = self._counts.get((style, depth), 0) if goes_on else 0
        for item in element:
            if item.tag not in (TEXT + "list-item", TEXT + "list-header"):
                continue
            started = False
            for child in item:
                if child.tag in (TEXT + "p", TEXT + "h"):
                    if started:
                        yield depth, None, child
                        continue
                    started = True
                    if item.tag == TEXT + "list-header":
                        yield depth, "", child
                        continue
                    number = whole_number(item.get(TEXT + "start-value"), number + 1)
                    goes_on = False  # a list in a new item begins anew
                    self._counts[style, depth] = number
                    for deeper in range(depth + 1, _MAX_DEPTH + 1):
                        if self._counts.pop((style, deeper), None) is None:
                            break
                    around = [self._counts.get((style, above), 1) for above in range(depth)]
                    yield depth, self._styles.marker(style, [*around, number]), child
                elif child.tag == TEXT + "list":
                    yield from self._items(child, style, depth + 1, goes_on)

    # ---- tables ----------------------------------------------------------------------------------

    def _write_table(self, table: Any) -> None:
        add_table(self._draft, table, self._words.cell)
        self._write_remarks(table.iter(OFFICE + "annotation"))
        self._write_charts(table)

    # ---- slides ----------------------------------------------------------------------------------

    def write_slides(self, content: Any) -> None:
        """Adds one page a slide."""
        for number, slide in enumerate(content.iter(DRAW + "page"), 1):
            if self._styles.hides(slide.get(DRAW + "style-name") or ""):
                self._hidden += 1
                continue
            self._draft.page(number)
            shapes = [shape for shape in slide if shape.get(SHOW + "class") not in _FURNITURE]
            titles = [shape for shape in shapes if shape.get(SHOW + "class") == "title"]
            for shape in titles:
                self._draft.heading(self._words.inside(shape), 1)
                self._write_remarks(shape.iter(OFFICE + "annotation"))
            spoken = [shape for shape in shapes if shape not in titles and _may_speak(shape)]
            for at in reading_order([_place(shape) for shape in spoken]):
                self.write([spoken[at]])
            self.write_notes()
            self._write_remarks(slide.iterchildren(OFFICE + "annotation", _REMARK_ON_SLIDE))
            notes = slide.find(SHOW + "notes")
            for frame in [] if notes is None else notes:
                if frame.get(SHOW + "class") == "notes":
                    words = "\n".join(plain(p) for p in frame.iter(TEXT + "p")).strip()
                    self._draft.paragraph(f"Notes: {words}" if words else "")

    def _next_page(self) -> None:
        self._close_code()
        self._page += 1
        self._draft.page(self._page)


def _may_speak(shape: Any) -> bool:
    if shape.tag not in _CONTAINERS and shape.tag not in SHAPES:
        return False
    holds = next(shape.iter(TABLE + "table", DRAW + "object", OFFICE + "annotation", OFFICE + "forms"), None)
    return holds is not None or any(text.strip() for text in shape.itertext())


def _place(shape: Any) -> Place:
    """Returns where a shape stands, in centimetres; a group where its parts do."""
    if shape.tag == DRAW + "g":
        parts = [_place(part) for part in shape if part.get(SVG + "y") or part.tag == DRAW + "g"]
        if not parts:
            return Place(0, 0)
        top, left = min(part.top for part in parts), min(part.left for part in parts)
        bottom = max(part.top + part.height for part in parts)
        return Place(top, left, bottom - top, max(part.left + part.width for part in parts) - left)

    def length(given: str | None) -> float:
        match = _LENGTH.match(given or "")
        return float(match[1]) * _IN_CM.get(match[2] or "cm", 1.0) if match else 0.0

    top, left, height, width = (length(shape.get(SVG + key)) for key in ("y", "x", "height", "width"))
    if not height:
        box = shape.find(DRAW + "text-box")
        height = 0.0 if box is None else length(box.get(FO + "min-height"))
    return Place(top, left, height, width)
