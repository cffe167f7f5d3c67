"""PowerPoint presentations: one page a slide, numbered as the show numbers it.

Kept: the title as a heading, text from top to bottom and left to right with its lists and levels, groups,
tables with their header row, the titles, categories and values of charts, the words of SmartArt, the
speaker's notes ("Notes:"), and reviewers' remarks behind them. Not kept: hidden slides (noted), slide numbers, dates
and footers, pictures and their descriptions, what masters repeat.
The library sees only XML that was checked before; pictures and sounds are never handed to it.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any

from pptx import Presentation
from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.shapes.connector import Connector
from pptx.shapes.group import GroupShape
from pptx.shapes.picture import Picture

from corpus.patterns import pattern
from corpus.types import Document
from ingest.parsers.assembly import Draft, Limits
from ingest.parsers.charts import write_chart
from ingest.parsers.detection import PPTX
from ingest.parsers.equations import write_equation
from ingest.parsers.merged import Copies
from ingest.parsers.numerals import show_numeral
from ingest.parsers.office import RELATION, Package, parse_xml, without_choices, write_xml
from ingest.parsers.placing import Place, reading_order
from ingest.parsers.raised import show_lowered, show_raised
from ingest.parsers.remarks import remarks_on_slide
from ingest.parsers.smartart import DIAGRAM, diagram_words
from ingest.parsers.symbol_fonts import show_symbols

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_FURNITURE = frozenset({PP_PLACEHOLDER.SLIDE_NUMBER, PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.FOOTER})
_TITLES = frozenset({PP_PLACEHOLDER.TITLE, PP_PLACEHOLDER.CENTER_TITLE, PP_PLACEHOLDER.VERTICAL_TITLE})
_LISTED = frozenset({PP_PLACEHOLDER.BODY, PP_PLACEHOLDER.OBJECT, PP_PLACEHOLDER.VERTICAL_BODY})
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_MAIN_TYPES = (b"slideshow.main+xml", b"template.main+xml")
_MACRO_TYPES = (b"slideshow.macroEnabled.main+xml", b"template.macroEnabled.main+xml")
_TYPES = "[Content_Types].xml"
_STRICT = pattern(rb"http://purl\.oclc\.org/ooxml/(\w+)/")
"""How the names of namespaces begin in a file of the strict kind, which the library does not know."""
_NUMERALS = (
    ("arabicDb", "decimalFullWidth"),
    ("alphaLc", "lowerLetter"),
    ("alphaUc", "upperLetter"),
    ("romanLc", "lowerRoman"),
    ("romanUc", "upperRoman"),
    ("circleNum", "decimalEnclosedCircle"),
    ("ea1Jpn", "japaneseCounting"),
    ("ea1Ch", "chineseCounting"),
)
_TOP = 0.3
"""The share of a slide's height in which its title stands."""
_LONGEST_TITLE = 100
_USUAL_SIZE = 1800
_MAX_DEPTH = 50
_MAX_SPAN = 200


def read(data: bytes, name: str, limits: Limits) -> Document:
    """Returns a presentation.

    Raises:
        ParseError: ``damaged_file``, ``encrypted``, ``unsafe_xml`` or ``no_text``.
        LimitError: ``archive_too_large``, or a limit of the draft.
    """
    package = Package(data, name, limits.max_archive_ratio)
    presentation = Presentation(io.BytesIO(_checked(package)))
    draft = Draft(limits)
    first = presentation.element.get("firstSlideNum") or "1"
    shift = int(first) - 1 if first.isdigit() else 0
    for number, slide in enumerate(presentation.slides, 1):
        if slide._element.get("show") in ("0", "false"):
            draft.note("hidden_text", f"Slide {number + shift} is hidden and was left out.")
            continue
        draft.page(number, str(number + shift))
        _Slide(draft, slide).write()
        part = str(slide.part.partname).lstrip("/")
        for remark in remarks_on_slide(package, part):
            draft.paragraph(remark.shown)
        for inside in package.embedded(part):
            draft.note(
                "attachment_unread", f"{inside}, put into this slide, was not read: add it as a file.", number
            )
    title, date, metadata = package.properties()
    for damage in package.damage:
        draft.note("damaged_text", damage)
    return draft.finish(
        name=name,
        content_type=PPTX,
        title=title,
        date=date,
        metadata=metadata,
        pictures=package.pictures(),
    )


def _checked(package: Package) -> bytes:
    """Returns the package with nothing but its XML, every part of which was parsed and found safe."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for part in dict.fromkeys(package.parts()):
            content = b""
            if part.lower().endswith((".xml", ".rels")):
                content = package.read(part)
                root = parse_xml(content, f"{package.name}: {part}")
                if part == _TYPES:
                    _name_types(root, package.parts())
                    content = write_xml(root)
                elif b"AlternateContent" in content:
                    content = without_choices(root)
                content = _STRICT.sub(rb"http://schemas.openxmlformats.org/\1/2006/", content)
            if part == _TYPES:
                for kind in _MAIN_TYPES:
                    content = content.replace(kind, b"presentation.main+xml")
                for kind in _MACRO_TYPES:
                    content = content.replace(kind, b"presentation.macroEnabled.main+xml")
            archive.writestr(part, content)
    return buffer.getvalue()


def _name_types(types: Any, parts: Iterable[str]) -> None:
    """Names a type for parts that have none (as some programs forget sounds): the library refuses the file for them."""
    own = {(one.get("PartName") or "").lstrip("/") for one in types}
    endings = {(one.get("Extension") or "").lower() for one in types}
    for part in parts:
        ending = part.rpartition(".")[2].lower()
        if part not in own and ending not in endings:
            endings.add(ending)
            named = {"Extension": ending, "ContentType": "application/octet-stream"}
            types.append(types.makeelement(types.tag.removesuffix("Types") + "Default", named))


class _Slide:
    """Adds one slide to a draft."""

    def __init__(self, draft: Draft, slide: Any) -> None:
        self._draft = draft
        self._slide = slide

    def write(self) -> None:
        shapes = list(_in_order(self._slide.shapes, 0))
        titles = [shape for shape in shapes if _placeholder(shape) in _TITLES] or self._unnamed_title(shapes)
        for shape in titles:
            self._draft.heading(_text(shape.text_frame._txBody), 1)
        for shape in shapes:
            if shape not in titles and _placeholder(shape) not in _FURNITURE:
                self._write_shape(shape)
        if self._slide.has_notes_slide:
            frame = self._slide.notes_slide.notes_text_frame
            notes = "" if frame is None else "\n".join(_text(p) for p in frame._txBody.iter(_A + "p")).strip()
            if notes:
                self._draft.paragraph(f"Notes: {notes}")

    def _unnamed_title(self, shapes: list[Any]) -> list[Any]:
        """Returns the box that is a title though it is no placeholder: one line in the largest letters, on top."""
        written = [shape for shape in shapes if getattr(shape, "has_text_frame", False)]
        if len(shapes) < 2 or not written:
            return []
        sizes = [_largest_letters(shape._element) for shape in written]
        first = written[sizes.index(max(sizes))]
        others = sorted(sizes)[-2] if len(sizes) > 1 else 0
        text = _text(first.text_frame._txBody)
        height = self._slide.part.package.presentation_part.presentation.slide_height or 0
        is_on_top = first is shapes[0] and (first.top or 0) < _TOP * height
        is_line = "\n" not in text and len(text) <= _LONGEST_TITLE and sum(map(str.isalpha, text)) > 1
        return [first] if is_on_top and is_line and max(sizes) > max(others, _USUAL_SIZE) else []

    def _write_shape(self, shape: Any) -> None:
        if getattr(shape, "has_table", False):
            self._write_table(shape.table)
        elif getattr(shape, "has_chart", False):
            write_chart(self._draft, shape.chart._chartSpace)
        elif getattr(shape, "has_text_frame", False):
            self._write_text(shape.text_frame._txBody, _placeholder(shape))
        else:
            self._write_diagram(shape._element)

    def _write_text(self, body: Any, placeholder: Any) -> None:
        items: list[tuple[int, str, str]] = []
        counts: dict[int, tuple[str, int]] = {}
        for paragraph in body.iter(_A + "p"):
            text = _text(paragraph)
            if not text:
                continue
            properties = paragraph.find(_A + "pPr")
            depth = _whole(None if properties is None else properties.get("lvl"))
            tags = set() if properties is None else {child.tag for child in properties}
            numbered = None if properties is None else properties.find(_A + "buAutoNum")
            listed = bool(tags & {_A + "buChar", _A + "buAutoNum", _A + "buBlip"})
            listed = listed or (_A + "buNone" not in tags and (placeholder in _LISTED or depth > 0))
            if not listed:
                self._close(items)
                self._draft.paragraph(text)
                continue
            for deeper in [level for level in counts if level > depth]:
                del counts[deeper]
            if numbered is None:
                counts.pop(depth, None)
                items.append((depth, "-", text))
                continue
            kind, start = numbered.get("type") or "", _whole(numbered.get("startAt"), 1)
            before, number = counts.get(depth, ("", 0))
            number = number + 1 if before == f"{kind} {start}" else start
            counts[depth] = f"{kind} {start}", number
            items.append((depth, _numeral(kind, number), text))
        self._close(items)

    def _close(self, items: list[tuple[int, str, str]]) -> None:
        if items:
            self._draft.listing(items)
            items.clear()

    def _write_table(self, table: Any) -> None:
        rows: list[list[str]] = []
        merged: dict[tuple[int, int], str] = {}
        copies = Copies()
        for at, row in enumerate(table._tbl.findall(_A + "tr")):
            line = []
            for column, cell in enumerate(row.findall(_A + "tc")):
                text = " ".join(filter(None, (_text(p) for p in cell.iter(_A + "p"))))
                if cell.get("hMerge") in ("1", "true") or cell.get("vMerge") in ("1", "true"):
                    text = merged.get((at, column), text)
                else:
                    for down in range(min(_whole(cell.get("rowSpan"), 1), _MAX_SPAN)):
                        for across in range(min(_whole(cell.get("gridSpan"), 1), _MAX_SPAN)):
                            if down or across:
                                merged[at + down, column + across] = text
                            if across:
                                copies.left.add((at + down, column + across))
                            if down:
                                copies.above.add((at + down, column + across))
                line.append(text)
            self._draft.count_cells(len(line))
            rows.append(line)
        self._draft.table(rows, 1 if table.first_row and len(rows) > 1 else None, copies=copies)

    def _write_diagram(self, element: Any) -> None:
        """Adds the words of a SmartArt picture, in the order of its outline."""
        ids = next(element.iter(DIAGRAM + "relIds"), None)
        identifier = None if ids is None else ids.get(RELATION + "dm")
        if identifier is None or identifier not in self._slide.part.rels:
            return
        root = parse_xml(self._slide.part.related_part(identifier).blob, "SmartArt")
        self._draft.listing([(0, "-", words) for words in diagram_words(root)])


def _in_order(shapes: Any, depth: int) -> Iterator[Any]:
    """Yields the shapes that may say something as they are read; a group's stay together."""
    speaking = [shape for shape in shapes if _may_speak(shape)]
    places = [
        Place(*(float(side or 0) for side in (one.top, one.left, one.height, one.width))) for one in speaking
    ]
    for at in reading_order(places):
        shape = speaking[at]
        if not isinstance(shape, GroupShape):
            yield shape
        elif depth < _MAX_DEPTH:
            yield from _in_order(shape.shapes, depth + 1)


def _may_speak(shape: Any) -> bool:
    if getattr(shape, "has_text_frame", False):
        return next(shape._element.iter(_A + "t", _M + "oMath"), None) is not None
    return not isinstance(shape, (Picture, Connector))


def _largest_letters(element: Any) -> int:
    """Returns the size of a shape's largest letters, in hundredths of a point."""
    found = [_whole(run.get("sz")) for run in element.iter(_A + "rPr", _A + "defRPr")]
    return max(found, default=0) or _USUAL_SIZE


def _placeholder(shape: Any) -> Any:
    return shape.placeholder_format.type if shape.is_placeholder else None


def _text(element: Any) -> str:
    """Returns the words of a paragraph, or of a body with its paragraphs on lines of their own."""
    parts: list[str] = []
    for inner in element.iter(_A + "t", _A + "br", _A + "p", _M + "oMath"):
        if inner.tag == _A + "t":
            run = inner.getparent()
            text = show_symbols(inner.text or "", _symbol_font(run))
            height = _height(run)
            before = next((part for part in reversed(parts) if part), "") if height else ""
            shown = show_raised if height > 0 else show_lowered
            parts.append(shown(text, before) if height else text)
        elif inner.tag == _M + "oMath":
            parts.append(write_equation(inner))
        elif inner is not element:
            parts.append("\n")
    return "\n".join(filter(None, (line.strip() for line in "".join(parts).split("\n"))))


def _height(run: Any) -> int:
    """Returns how far a run stands above the line (or, below 0, under it), in thousandths of a per cent."""
    properties = None if run is None else run.find(_A + "rPr")
    given = "" if properties is None else properties.get("baseline") or ""
    return -_whole(given[1:]) if given.startswith("-") else _whole(given)


def _symbol_font(run: Any) -> str:
    """Returns the font of a run's private characters, "" where it names none."""
    fonts = () if run is None else (run.find(f"{_A}rPr/{_A}{kind}") for kind in ("sym", "latin"))
    return next((font.get("typeface") or "" for font in fonts if font is not None), "")


def _numeral(kind: str, number: int) -> str:
    """Returns what stands before an item of a numbered list (ECMA-376, part 1, 20.1.10.61): ``2.``, ``(ii)``, ``②``."""
    form = next((form for start, form in _NUMERALS if kind.startswith(start)), "decimal")
    shown = show_numeral(number, form)
    if kind.endswith("ParenBoth"):
        return f"({shown})"
    return shown + (")" if kind.endswith("ParenR") else "" if kind.endswith("Plain") else ".")


def _whole(value: str | None, default: int = 0) -> int:
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 8 else default
