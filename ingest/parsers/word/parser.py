"""Word documents: body text in reading order, with headings, lists, tables, footnotes, reviewers' remarks, page breaks.

Read straight from the checked archive's XML. Deleted revisions, field codes and hidden runs are left out;
headers and footers repeat on every page and are left out too. Word stores no pages, only the breaks its
last layout made (``lastRenderedPageBreak``) and those a writer set: a file without either is one page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache, partial
from typing import Any

from corpus.errors import LimitError, ParseError
from corpus.patterns import pattern
from corpus.types import Document
from ingest.parsers import parse
from ingest.parsers.assembly import Draft, Limits
from ingest.parsers.charts import CHART, write_chart
from ingest.parsers.decoding import decode
from ingest.parsers.detection import DOCX, HTML, RTF, TEXT
from ingest.parsers.html.parser import add_html, parse_html
from ingest.parsers.office import RELATION, STRICT_RELATION, Package
from ingest.parsers.remarks import read_remarks
from ingest.parsers.smartart import DIAGRAM, diagram_words
from ingest.parsers.word.bound import fill_bound
from ingest.parsers.word.code import is_code_style, is_set_as_code, is_typewritten
from ingest.parsers.word.contents import is_contents_entry
from ingest.parsers.word.parts import Parts
from ingest.parsers.word.styles import (
    Numbering,
    Style,
    W,
    is_on,
    numbering_of,
    outline_level,
    read_numbering,
    read_styles,
    value,
)
from ingest.parsers.word.tables import frames_in, page_turns, read_rows, rows_of
from ingest.parsers.word.visible import blocks_of, is_drop_cap
from ingest.parsers.word.words import Words

_NO_SPACE = pattern(
    "[\u2e80-\u312f\u3190-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff9f\uffe0-\uffef\U00020000-\U0003ffff]"
)
"""Japanese and Chinese characters, which have no space beside them where lines are joined; Korean words have one."""
_TEXTS = frozenset({DOCX, RTF, TEXT})
"""What is read of files that stand in the place of text, beside HTML."""
_LIST_STYLE = pattern(r"list (?:bullet|number|paragraph)|箇条書き|段落番号", re.IGNORECASE)


def read(data: bytes, name: str, limits: Limits) -> Document:
    """Returns a Word document.

    Raises:
        ParseError: ``damaged_file``, ``encrypted``, ``unsafe_xml`` or ``no_text``.
        LimitError: ``archive_too_large``, or a limit of the draft.
    """
    package = Package(data, name, limits.max_archive_ratio)
    parts = Parts(package)
    body = parts.body()
    fill_bound(package, body)
    draft = Draft(limits)
    styles = read_styles(parts.beside("styles"))
    numbering = read_numbering(parts.beside("numbering"))
    typewritten = cache(lambda: is_typewritten(body, styles))
    writer = _Writer(draft, limits, styles, numbering, parts, typewritten)
    writer.write(body)
    for kind, label in (("footnotes", "Footnotes"), ("endnotes", "Endnotes")):
        writer.write_notes(parts.beside(kind), label)
    writer.write_rest()
    for inside in package.embedded(parts.text):
        draft.note("attachment_unread", f"{inside}, put into this document, was not read: add it as a file.")
    if writer.words.hidden_chars:
        draft.note("hidden_text", f"{writer.words.hidden_chars} characters of hidden runs were left out.")
    title, date, metadata = package.properties()
    for damage in package.damage:
        draft.note("damaged_text", damage)
    return draft.finish(
        name=name,
        content_type=DOCX,
        title=title or writer.title,
        date=date,
        metadata=metadata,
        pictures=package.pictures(),
    )


# ---- the body ------------------------------------------------------------------------------------


class _Writer:
    """Adds the body's paragraphs and tables to a draft, counting pages as breaks go by."""

    def __init__(
        self,
        draft: Draft,
        limits: Limits,
        styles: Mapping[str, Style],
        numbering: Numbering,
        parts: Parts,
        typewritten: Callable[[], bool],
    ) -> None:
        self.words = Words(styles)
        self._draft = draft
        self._limits = limits
        self._styles = styles
        self._numbering = numbering
        self._items: list[tuple[int, str, str]] = []
        self._code: list[str] = []
        self._is_typewritten = typewritten
        self._page = 1
        threads = parts.beside("commentsExtended")
        self._remarks = dict(read_remarks(parts.beside("comments"), threads, self.words.cell))
        self._parts = parts
        self._boxes: list[Any] = []
        self._entries: list[str] = []
        self._held = ""
        self._is_capital = False
        self.title = ""
        draft.page(1)

    def write(self, parent: Any) -> None:
        for element in blocks_of(parent):
            if element.tag != W + "p":
                self._write_held()
            if element.tag == W + "p":
                self._write_paragraph(element)
            elif element.tag == W + "tbl":
                self._write_table(element)
            else:
                self._write_put_in(element.get(RELATION + "id") or element.get(STRICT_RELATION + "id") or "")
        self._write_held()
        self._close()

    def _write_held(self) -> None:
        if self._held.strip():
            self._close()
            self._draft.paragraph(self._held.replace("\f", " "))
        self._held, self._is_capital = "", False
        self._write_boxes()

    def _write_boxes(self) -> None:
        """Adds the text boxes that are tied to what was written."""
        boxes, self._boxes = self._boxes, []
        for box in boxes:
            self._close()
            self.write(box)

    def _write_put_in(self, identifier: str) -> None:
        """Adds a file that a program put into the document in the place of text; one of another kind is noted."""
        self._close()
        try:
            kind, data = self._parts.put_in(identifier)
            if kind == HTML:
                add_html(self._draft, parse_html(decode(data).text))
                return
            if kind in _TEXTS and self._limits.nesting > 0:
                inner = replace(self._limits, nesting=self._limits.nesting - 1)
                self._draft.include(parse(data, "A document inside this one", inner))
                return
            reason = "was not read"
        except (ParseError, LimitError) as error:
            if error.code in ("no_text", "empty"):
                return
            reason = f"was not read ({error.code})"
        self._draft.note(
            "attachment_unread",
            f"A document inside this one {reason}: open it in Word and save it, then add it again.",
        )

    def write_rest(self) -> None:
        """Adds the remarks that the body did not refer to (on notes, or on what is no longer there), and the entries of
        contents if there is nothing else.
        """
        for remark in self._remarks.values():
            self._draft.paragraph(remark.shown)
        for entry in () if self._draft.length else self._entries:
            self._draft.paragraph(entry)

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
                text = self.words.cell(note)
                if text:
                    notes.append((self.words.note_number(label, note.get(W + "id") or ""), text))
        if notes:
            self._draft.heading(label, 2)
            self._draft.listing([(0, f"[{number}]", text) for number, text in sorted(notes)])

    def _write_paragraph(self, element: Any) -> None:
        properties = element.find(W + "pPr")
        style = self._styles.get(value(None if properties is None else properties.find(W + "pStyle")))
        if properties is not None and is_on(properties.find(W + "pageBreakBefore")):
            self._next_page()
        level = outline_level(properties) or (style.level if style else 0)
        numbering = numbering_of(properties) or (style.numbering if style else None)
        code = not (level or numbering or self._held) and self._is_code(element, style)
        text = self.words.text(element, self._boxes, pages=True, as_typed=code)
        if is_contents_entry(style.name if style else "", element, text):
            self._entries.append(text.replace("\f", " "))
            self._next_pages(text.count("\f"))
            return
        text = self._after_held(text, element)
        self._is_capital = is_drop_cap(properties)
        if self._is_capital or (properties is not None and properties.find(f"{W}rPr/{W}del") is not None):
            self._held = text.strip(
                " "
            )  # its end was deleted, or it has none: the next paragraph goes on with it
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
        self._write_boxes()

    def _after_held(self, text: str, element: Any) -> str:
        """Returns a paragraph's text behind that of the one before, where that goes on with it."""
        held, self._held = self._held, ""
        if not held or not text:
            return text or held
        first = next((one.text for one in element.iter(W + "t") if one.text), "")
        is_tight = self._is_capital and not first[:1].isspace()
        return held + ("" if is_tight or _NO_SPACE.search(held[-1] + text[0]) else " ") + text

    def _is_code(self, paragraph: Any, style: Style | None) -> bool:
        return is_code_style(style) or (
            is_set_as_code(paragraph, style, self._styles, goes_on=bool(self._code))
            and not self._is_typewritten()
        )

    def _write_drawings(self, element: Any) -> None:
        """Adds the charts and the words of diagrams in an element; those in a paragraph's text boxes come later."""
        for chart in element.iter(CHART + "chart"):
            if element.tag == W + "p" and next(chart.iterancestors(W + "p")) is not element:
                continue
            root = self._parts.drawing(chart.get(RELATION + "id") or chart.get(STRICT_RELATION + "id") or "")
            if root is not None:
                self._close()
                write_chart(self._draft, root)
        for diagram in element.iter(DIAGRAM + "relIds"):
            if element.tag == W + "p" and next(diagram.iterancestors(W + "p")) is not element:
                continue
            root = self._parts.drawing(
                diagram.get(RELATION + "dm") or diagram.get(STRICT_RELATION + "dm") or ""
            )
            if root is not None:
                self._close()
                self._draft.listing([(0, "-", words) for words in diagram_words(root)])

    def _write_table(self, element: Any) -> None:
        self._close()
        if frames := frames_in(element):
            for frame in frames:
                self.write(frame)
            return
        rows = list(rows_of(element))
        cells, copies, header_rows = read_rows(self._draft, rows, self.words.cell)
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
