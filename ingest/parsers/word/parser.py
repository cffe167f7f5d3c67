"""Word documents: body text in reading order, with headings, lists, tables, footnotes, reviewers' remarks, page breaks.

Read straight from the checked archive's XML. Deleted revisions, field codes and hidden runs are left out;
headers and footers repeat on every page and are left out too. Word stores no pages, only the breaks its
last layout made (``lastRenderedPageBreak``) and those a writer set: a file without either is one page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from typing import Any

from corpus.errors import ParseError
from corpus.patterns import pattern
from corpus.types import Document
from ingest.parsers.assembly import Draft, Limits
from ingest.parsers.charts import CHART, write_chart
from ingest.parsers.cleaning import one_line
from ingest.parsers.decoding import decode, looks_like_text
from ingest.parsers.detection import DOCX, HTML, detect_type
from ingest.parsers.equations import write_equation
from ingest.parsers.html.parser import add_html, parse_html
from ingest.parsers.office import RELATION, STRICT_RELATION, Package
from ingest.parsers.remarks import Remark, read_remarks
from ingest.parsers.smartart import DIAGRAM, diagram_words
from ingest.parsers.word.code import is_code_style, is_set_as_code, is_typewritten
from ingest.parsers.word.styles import (
    Numbering,
    Style,
    W,
    numbering_of,
    outline_level,
    read_numbering,
    read_styles,
    value,
)
from ingest.parsers.word.tables import cells_of, page_turns, read_rows, rows_of
from ingest.parsers.word.visible import MC, chosen, is_hidden, is_on, visible, written

_STRICT_W = "{http://purl.oclc.org/ooxml/wordprocessingml/main}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_NO_SPACE = pattern(
    "[\u2e80-\u312f\u3190-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff9f\uffe0-\uffef\U00020000-\U0003ffff]"
)
"""Japanese and Chinese characters, which have no space beside them where lines are joined; Korean words have one."""
_LIST_STYLE = pattern(r"list (?:bullet|number|paragraph)|箇条書き|段落番号", re.IGNORECASE)


def read(data: bytes, name: str, limits: Limits) -> Document:
    """Returns a Word document.

    Raises:
        ParseError: ``damaged_file``, ``encrypted``, ``unsafe_xml`` or ``no_text``.
        LimitError: ``archive_too_large``, or a limit of the draft.
    """
    package = Package(data, name, limits.max_archive_ratio)
    main = _main_part(package)
    root = package.xml(main)
    body = (
        None if root is None else next((e for e in root if e.tag in (W + "body", _STRICT_W + "body")), None)
    )
    if body is None:
        raise ParseError(f"{name} is damaged: it has no body.", code="damaged_file", hint="Save it anew.")
    if body.tag.startswith(_STRICT_W):
        _relabel(root)
    folder = main.rpartition("/")[0]
    styles = read_styles(package.xml(f"{folder}/styles.xml"))
    numbering = read_numbering(package.xml(f"{folder}/numbering.xml"))
    draft = Draft(limits)
    parts = package.relations(main)
    writer = _Writer(
        draft,
        styles,
        numbering,
        embedded=lambda identifier: _embedded_page(package, parts.get(identifier, "")),
        drawing=lambda identifier: package.xml(parts.get(identifier, "")),
        typewritten=cache(lambda: is_typewritten(body, styles)),
    )
    writer.take_remarks(package, folder)
    writer.write(body)
    for part, label in (("footnotes", "Footnotes"), ("endnotes", "Endnotes")):
        writer.write_notes(package.xml(f"{folder}/{part}.xml"), label)
    writer.write_remarks_left()
    for inside in package.embedded(main):
        draft.note("attachment_unread", f"{inside}, put into this document, was not read: add it as a file.")
    if writer.hidden_chars:
        draft.note("hidden_text", f"{writer.hidden_chars} characters of hidden runs were left out.")
    title, date, metadata = package.properties()
    return draft.finish(
        name=name, content_type=DOCX, title=title or writer.title, date=date, metadata=metadata
    )


def _main_part(package: Package) -> str:
    for target in package.relations("").values():
        if target.startswith("word/document") and target in package:
            return target
    return "word/document.xml"


def _embedded_page(package: Package, part: str) -> Any:
    """Returns the HTML that stands in a document in the place of its text, None where it is none."""
    if part not in package:
        return None
    data = package.read(part)
    is_page = looks_like_text(data) and detect_type(data, part).content_type == HTML
    return parse_html(decode(data).text) if is_page else None


def _relabel(root: Any) -> None:
    """Moves a file of the strict variant into the usual namespace."""
    for element in root.iter():
        if isinstance(element.tag, str) and element.tag.startswith(_STRICT_W):
            element.tag = W + element.tag[len(_STRICT_W) :]
        for key in list(element.attrib):
            if key.startswith(_STRICT_W):
                element.attrib[W + key[len(_STRICT_W) :]] = element.attrib.pop(key)


# ---- the body ------------------------------------------------------------------------------------


class _Writer:
    """Adds the body's paragraphs and tables to a draft, counting pages as breaks go by."""

    def __init__(
        self,
        draft: Draft,
        styles: Mapping[str, Style],
        numbering: Numbering,
        embedded: Callable[[str], Any],
        drawing: Callable[[str], Any],
        typewritten: Callable[[], bool],
    ) -> None:
        self._draft = draft
        self._styles = styles
        self._numbering = numbering
        self._items: list[tuple[int, str, str]] = []
        self._code: list[str] = []
        self._is_typewritten = typewritten
        self._page = 1
        self._note_numbers: dict[str, dict[str, int]] = {}
        self._remarks: dict[str, Remark] = {}
        self._embedded = embedded
        self._drawing = drawing
        self._held = ""
        self.title = ""
        self.hidden_chars = 0
        draft.page(1)

    def write(self, parent: Any) -> None:
        for element in _content(parent):
            if element.tag != W + "p":
                self._write_held()
            if element.tag == W + "p":
                self._write_paragraph(element)
            elif element.tag == W + "tbl":
                self._write_table(element)
            else:
                self._write_embedded(
                    element.get(RELATION + "id") or element.get(STRICT_RELATION + "id") or ""
                )
        self._write_held()
        self._close()

    def _write_held(self) -> None:
        if self._held.strip():
            self._close()
            self._draft.paragraph(self._held.replace("\f", " "))
        self._held = ""

    def _write_embedded(self, identifier: str) -> None:
        """Adds a page of HTML that a program put into the document; another kind of file is noted."""
        self._close()
        page = self._embedded(identifier)
        if page is None:
            message = (
                "A document inside this one was not read: open it in Word and save it, then add it again."
            )
            self._draft.note("attachment_unread", message)
        else:
            add_html(self._draft, page)

    def take_remarks(self, package: Package, folder: str) -> None:
        """Reads what reviewers wrote, which :meth:`write` then puts behind what it is about."""
        self._remarks = dict(read_remarks(package, folder, self._text))

    def write_remarks_left(self) -> None:
        """Adds the remarks that the body did not refer to: on notes, or on what is no longer there."""
        for remark in self._remarks.values():
            self._draft.paragraph(remark.shown)

    def _write_remarks(self, element: Any) -> None:
        """Adds the remarks on an element behind it; those on an item of a list are part of the list."""
        for reference in element.iter(W + "commentReference") if self._remarks else ():
            remark = self._remarks.pop(reference.get(W + "id") or "", None)
            if remark is not None and self._items:
                self._items.append((self._items[-1][0] + 1, remark.lead, remark.text))
            elif remark is not None:
                self._close()
                self._draft.paragraph(remark.shown)

    def write_notes(self, root: Any, label: str) -> None:
        """Adds footnotes or endnotes as a list under their own heading."""
        notes = []
        for note in [] if root is None else root:
            if (note.get(W + "type") or "normal") == "normal":
                text = one_line(" ".join(self._text(p) for p in note.iter(W + "p")))
                if text:
                    notes.append((self._note_number(label, note.get(W + "id") or ""), text))
        if notes:
            self._draft.heading(label, 2)
            self._draft.listing([(0, f"[{number}]", text) for number, text in sorted(notes)])

    def _note_number(self, kind: str, identifier: str) -> int:
        """Returns a note's number as it is printed: they are counted as the text refers to them."""
        numbers = self._note_numbers.setdefault(kind, {})
        return numbers.setdefault(identifier, len(numbers) + 1)

    def _write_paragraph(self, element: Any) -> None:
        properties = element.find(W + "pPr")
        style = self._styles.get(value(None if properties is None else properties.find(W + "pStyle")))
        if properties is not None and is_on(properties.find(W + "pageBreakBefore")):
            self._next_page()
        level = outline_level(properties) or (style.level if style else 0)
        numbering = numbering_of(properties) or (style.numbering if style else None)
        code = not (level or numbering or self._held) and self._is_code(element, style)
        text = self._text(element, pages=True, as_typed=code)
        if self._held and text:
            space = "" if _NO_SPACE.search(self._held[-1] + text[0]) else " "
            text = f"{self._held}{space}{text}"
        text, self._held = text or self._held, ""
        if properties is not None and properties.find(f"{W}rPr/{W}del") is not None:
            self._held = text.strip(" ")  # its end was deleted: the next paragraph goes on with it
            return
        pieces = text.split("\f")
        if not any(piece.strip() for piece in pieces):
            numbering = None
            if self._code:
                self._code.append("")
        marker = ""
        if numbering is not None and numbering[0] not in ("", "0"):
            marker = self._numbering.next_marker(*numbering)
        listed = bool(marker) or (style is not None and bool(_LIST_STYLE.match(style.name)) and not level)
        for index, piece in enumerate(pieces):
            if index:
                self._next_page()
            text = piece.strip()
            if not text:
                continue
            if level and len(text) <= 300:
                self._close()
                shown = f"{marker} {text}" if marker not in ("", "-") else text
                self._draft.heading(shown, level)
                if not self.title and style is not None and style.name.lower() in ("title", "表題"):
                    self.title = text
            elif code:
                if self._items:
                    self._close()
                self._code.append(piece.strip("\n"))
            elif listed:
                if self._code:
                    self._close()
                self._items.append((numbering[1] if numbering else 0, marker or "-", text))
            else:
                self._close()
                self._draft.paragraph(text)
            marker = "" if level else marker
        self._write_remarks(element)
        self._write_drawings(element)

    def _is_code(self, paragraph: Any, style: Style | None) -> bool:
        return is_code_style(style) or (
            is_set_as_code(paragraph, style, self._styles, goes_on=bool(self._code))
            and not self._is_typewritten()
        )

    def _write_drawings(self, element: Any) -> None:
        for chart in element.iter(CHART + "chart"):
            root = self._drawing(chart.get(RELATION + "id") or chart.get(STRICT_RELATION + "id") or "")
            if root is not None:
                self._close()
                write_chart(self._draft, root)
        for diagram in element.iter(DIAGRAM + "relIds"):
            root = self._drawing(diagram.get(RELATION + "dm") or diagram.get(STRICT_RELATION + "dm") or "")
            if root is not None:
                self._close()
                self._draft.listing([(0, "-", words) for words in diagram_words(root)])

    def _write_table(self, element: Any) -> None:
        self._close()
        rows = list(rows_of(element))
        if len(rows) == 1 and len(list(cells_of(rows[0]))) == 1:
            # One cell is a frame around text, not a table.
            self.write(next(cells_of(rows[0])))
            return
        cells, copies, header_rows = read_rows(self._draft, rows, self._cell)
        turns, after = page_turns(rows)
        starts = {at: partial(self._next_pages, count) for at, count in turns.items()}
        if 0 in turns:
            self._next_pages(turns[0])
        self._draft.table(cells, header_rows or None, copies=copies, turns=starts)
        self._next_pages(after)
        self._write_remarks(element)
        self._write_drawings(element)

    def _next_pages(self, count: int) -> None:
        for _ in range(count):
            self._next_page()

    def _cell(self, cell: Any) -> str:
        return one_line(" ".join(self._cell_pieces(cell)))

    def _cell_pieces(self, cell: Any) -> Iterator[str]:
        for element in _content(cell):
            if element.tag == W + "p":
                yield self._text(element)
            elif element.tag == W + "tbl":
                for row in rows_of(element):
                    yield "; ".join(self._cell(inner) for inner in cells_of(row))

    def _text(self, paragraph: Any, pages: bool = False, as_typed: bool = False) -> str:
        """Returns a paragraph's visible text; ``pages`` marks page breaks by form feeds, ``as_typed`` keeps blanks."""
        parts: list[str] = []
        for element in visible(paragraph):
            tag = element.tag
            if tag == _M + "oMath":
                before = element.getprevious()
                apart = " " if before is not None and before.tag == element.tag else ""
                parts.append(apart + write_equation(element))
            elif tag in (W + "t", W + "sym"):
                run = element.getparent()
                text = written(element, run)
                if run is not None and is_hidden(run):
                    self.hidden_chars += len(text)
                    continue
                parts.append(text)
            elif tag in (W + "tab", W + "ptab"):
                parts.append("\t")
            elif tag in (W + "checkBox", W + "ddList"):
                parts.append(chosen(element))
            elif tag == W + "p":  # of a text box
                parts.append("\n")
            elif tag == W + "noBreakHyphen":
                parts.append("-")
            elif tag == W + "lastRenderedPageBreak":
                parts.append("\f" if pages else "")
            elif tag in (W + "br", W + "cr"):
                parts.append(("\f" if pages else " ") if element.get(W + "type") == "page" else "\n")
            elif tag in (W + "footnoteReference", W + "endnoteReference"):
                kind = "Footnotes" if tag == W + "footnoteReference" else "Endnotes"
                parts.append(f"[{self._note_number(kind, element.get(W + 'id') or '')}]")
        # A break that a writer set is followed by the one the layout made: they are one.
        text = re.sub(r"\f\s*\f", "\f", "".join(parts))
        if as_typed:
            return "\n".join(line.expandtabs(4).rstrip(" ") for line in text.split("\n"))
        return "\n".join(re.sub(r"[ \t]+", " ", line).strip(" ") for line in text.split("\n"))

    def _next_page(self) -> None:
        self._close()
        self._page += 1
        self._draft.page(self._page)

    def _close(self) -> None:
        """Adds the list or the code that ends here."""
        if self._items:
            self._draft.listing(self._items)
            self._items = []
        if self._code:
            self._draft.code("\n".join(self._code).rstrip())
            self._code = []


def _content(parent: Any) -> Iterator[Any]:
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
