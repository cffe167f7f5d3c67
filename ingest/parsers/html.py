"""HTML: what a reader of the page sees, as text.

Scripts, styles, templates, comments, form controls, hidden elements, navigation and the page's list of its own
headings are left out; nothing is loaded, no entity is expanded beyond characters. Text hidden by an inline style or
attribute is counted in a note.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lxml import etree

from corpus.errors import ParseError
from corpus.patterns import pattern
from corpus.types import Document
from ingest.parsers.assembly import Draft, Limits
from ingest.parsers.cleaning import one_line
from ingest.parsers.dates import read_date
from ingest.parsers.decoding import decode
from ingest.parsers.detection import HTML
from ingest.parsers.html_drawings import open_drawings
from ingest.parsers.html_left_out import UNSEEN, is_hidden, is_left_out, mark
from ingest.parsers.numerals import show_numeral

_BLOCKS = frozenset(
    {
        "p", "div", "section", "article", "main", "header", "footer", "aside", "address",
        "blockquote", "figure", "figcaption", "center", "fieldset", "form", "details", "summary",
        "dl", "dt", "dd", "body", "html", "hgroup", "legend", "td", "th", "tr", "caption",
    }
)  # fmt: skip
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_META_CHARSET = pattern(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_XML_ENCODING = pattern(rb"\A\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]+)", re.IGNORECASE)
_XML_DECLARATION = pattern(r"\A\s*<\?xml[^>]*\?>")
_DATE_NAMES = frozenset(
    {
        "date", "dcterms.date", "dc.date", "dcterms.modified", "dcterms.created",
        "article:published_time", "article:modified_time", "last-modified", "datepublished",
        "datemodified", "pubdate",
    }
)  # fmt: skip
_NUMERALS = {"a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}
_MAX_SPAN = 100
_MEANINGLESS_TAG = pattern(r"</?(?:div|span|font|center|section|b|i|u|em|strong|a)\b[^>]*>", re.IGNORECASE)
_SPACES = pattern(r"[ \t\n\r\f]+")


def read(data: bytes, name: str, limits: Limits) -> Document:
    """Returns an HTML page as a document.

    Raises:
        ParseError: ``binary``, ``damaged_file`` or ``no_text``.
    """
    declared = _META_CHARSET.search(data[:8192]) or _XML_ENCODING.search(data[:1024])
    decoded = decode(data, declared[1].decode("ascii") if declared else "")
    draft = Draft(limits)
    if decoded.replaced:
        draft.note("damaged_text", f"{decoded.replaced} characters could not be read as {decoded.encoding}.")
    root = parse_html(decoded.text)
    if root is None:
        raise ParseError(f"{name} holds no text.", code="no_text", hint="Check that it is the right file.")
    head = _read_head(root)
    add_html(draft, root)
    return draft.finish(
        name=name,
        content_type=HTML,
        title=head.title,
        language=root.get("lang") or root.get("{http://www.w3.org/XML/1998/namespace}lang") or "",
        date=head.date,
        metadata=head.metadata,
    )


def parse_html(text: str) -> Any:
    """Returns the root element of an HTML text (a fragment is wrapped), or None when there is nothing.

    libxml2 stops at 2048 levels. Only generated pages nest so deep, and only in elements that mean nothing:
    without those the rest is read.
    """
    cleaned = _XML_DECLARATION.sub("", text).replace("\0", "")
    root, whole = _parse_tree(cleaned)
    root = root if whole else _parse_tree(_MEANINGLESS_TAG.sub(" ", cleaned))[0]
    if root is not None:
        open_drawings(root)
        mark(root)
    return root


def _parse_tree(text: str) -> tuple[Any, bool]:
    """Returns the root, or None, and whether the parser came to the end."""
    parser = etree.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True, huge_tree=True
    )
    data = text.encode("utf-8", errors="replace")
    if not data.strip():
        return None, True
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError:
        root = None
    return root, not any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log)


def add_html(draft: Draft, root: Any) -> None:
    """Adds the blocks of an HTML tree to a draft."""
    writer = _Writer(draft)
    for event, element in _walk(root):
        writer.end(element) if event == "end" else writer.start(element)
    writer.flush()
    if writer.hidden_chars:
        draft.note("hidden_text", f"{writer.hidden_chars} characters of hidden elements were left out.")


# ---- the walk ------------------------------------------------------------------------------------


def _walk(root: Any, into_tables: bool = False) -> Iterator[tuple[str, Any]]:
    """Yields start and end of every element, without recursion; a consumer may not change the tree.

    What is dropped is not gone into, nor are tables of data unless asked for.
    """
    walker = etree.iterwalk(root, events=("start", "end"))
    for event, element in walker:
        if event == "start" and isinstance(element.tag, str):
            yield event, element
            if is_left_out(element) or (not into_tables and _is_data_table(element)):
                walker.skip_subtree()
        elif event == "end" and isinstance(element.tag, str):
            yield event, element


def _is_data_table(element: Any) -> bool:
    """Says whether a table holds rows of cells rather than the page's layout.

    One with header cells or a caption of its own does, whatever stands in its cells; one with headings or tables
    in them is layout otherwise.
    """
    if element.tag != "table" or element.get("role") in ("presentation", "none") or _is_box(element):
        return False
    if (
        any(cell.tag == "th" for row in _own_rows(element) for cell in row)
        or element.find("caption") is not None
    ):
        return True
    cells = 0
    for inner in element.iter("td", "th", "table", "h1", "h2", "h3"):
        if inner is not element and inner.tag in ("table", "h1", "h2", "h3"):
            return False
        cells += inner.tag in ("td", "th")
    return cells > 1


def _is_box(table: Any) -> bool:
    """Says whether a table is a picture beside one column of text: a note, a warning."""
    pictured = False
    for row in _own_rows(table):
        texts = 0
        for cell in row.iterchildren("td", "th"):
            silent = not "".join(cell.itertext()).strip()
            texts += not silent
            pictured |= silent and cell.find(".//img") is not None
        if texts > 1:
            return False
    return pictured


@dataclass(slots=True)
class _Item:
    """An open list item."""

    depth: int
    marker: str
    text: list[str] = field(default_factory=list)


class _Writer:
    """Collects inline text and adds a block wherever the page starts a new one."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._inline: list[str] = []
        self._lists: list[list[int]] = []  # per open list: [is ordered, next number]
        self._items: list[tuple[int, str, str]] = []
        self._marker: tuple[int, str] | None = None
        self._heading = 0
        self._pre = 0
        self._skipped: Any = None
        self.hidden_chars = 0

    def start(self, element: Any) -> None:
        tag = element.tag
        if is_left_out(element):
            if tag not in UNSEEN and is_hidden(element):
                self.hidden_chars += sum(len(one_line(text)) for text in element.itertext())
            self._skipped = element
            return
        if _is_data_table(element):
            self.flush()
            self._close_list()
            rows, header_rows = _read_table(element, self._draft)
            caption = element.find("caption")
            if caption is not None:
                self._draft.paragraph(_inline_text(caption))
            self._draft.table(rows, header_rows)
            self._skipped = element
            return
        if tag in _HEADINGS:
            self.flush()
            if not self._lists:
                self._heading = _HEADINGS[tag]
        elif tag in ("ul", "ol"):
            self.flush()
            self._lists.append([tag == "ol", _whole_number(element.get("start"), 1)])
        elif tag == "li":
            self.flush()
            self._open_item(element)
        elif tag in ("pre", "listing", "xmp"):
            self.flush()
            self._pre += 1
        elif tag == "br":
            self._inline.append("\n")
        elif tag == "hr" or tag in _BLOCKS:
            self.flush()
        elif tag == "img" and element.get("alt"):
            self._inline.append(f" {element.get('alt')} ")
        self._add_text(element.text)

    def end(self, element: Any) -> None:
        if element is self._skipped:
            self._skipped = None
        else:
            tag = element.tag
            if tag in _HEADINGS or tag == "li" or tag in _BLOCKS:
                self.flush()
            elif tag in ("pre", "listing", "xmp"):
                self.flush()
                self._pre = max(self._pre - 1, 0)
            elif tag in ("ul", "ol") and self._lists:
                self.flush()
                self._lists.pop()
                if not self._lists:
                    self._close_list()
            if tag in _HEADINGS:
                self._heading = 0
        self._add_text(element.tail)

    def flush(self) -> None:
        """Adds what was collected as a block of the kind that is open."""
        text = "".join(self._inline)
        self._inline.clear()
        if self._pre:
            if text.strip():
                self._draft.code(text) if not self._lists else self._add_to_list(text)
            return
        text = "\n".join(one_line(line) for line in text.split("\n")).strip()
        if not text:
            return
        if self._lists:
            self._add_to_list(text)
            return
        self._close_list()
        if self._heading:
            self._draft.heading(text, self._heading)
        else:
            self._draft.paragraph(text)

    def _add_text(self, text: str | None) -> None:
        if text:
            self._inline.append(text if self._pre else _SPACES.sub(" ", text))

    def _open_item(self, element: Any) -> None:
        if not self._lists:
            return
        ordered, number = self._lists[-1]
        number = _whole_number(element.get("value"), number)
        self._lists[-1][1] = number + 1
        parent = element.getparent()
        form = _NUMERALS.get((parent.get("type") or "") if parent is not None else "", "decimal")
        self._marker = (len(self._lists) - 1, f"{show_numeral(number, form)}." if ordered else "-")

    def _add_to_list(self, text: str) -> None:
        if self._marker is not None:
            self._items.append((*self._marker, text))
            self._marker = None
        elif self._items:
            depth, marker, before = self._items[-1]
            self._items[-1] = (depth, marker, f"{before} {text}")
        else:
            self._items.append((len(self._lists) - 1, "-", text))

    def _close_list(self) -> None:
        if self._items:
            self._draft.listing(self._items)
            self._items = []


# ---- tables --------------------------------------------------------------------------------------


def _read_table(table: Any, draft: Draft) -> tuple[list[list[str]], int | None]:
    """Returns the cells with spans filled in, and the number of header rows (None when unmarked).

    The draft counts the cells as they come: spans can make a few bytes into millions.
    """
    rows: list[list[str]] = []
    carried: dict[int, tuple[int, str]] = {}  # column: (rows left, text)
    header_rows = 0
    marked = False
    for row in _own_rows(table):
        if is_hidden(row):
            continue
        cells: list[str] = []
        heads = 0
        found = [cell for cell in row if cell.tag in ("td", "th") and not is_hidden(cell)]
        for cell in found:
            _fill_carried(cells, carried)
            text = _inline_text(cell)
            heads += cell.tag == "th"
            width = min(max(_whole_number(cell.get("colspan"), 1), 1), _MAX_SPAN)
            height = min(max(_whole_number(cell.get("rowspan"), 1), 1), _MAX_SPAN)
            for _ in range(width):
                if height > 1:
                    carried[len(cells)] = (height - 1, text)
                cells.append(text)
        _fill_carried(cells, carried)
        draft.count_cells(len(cells))
        in_head = row.getparent() is not None and row.getparent().tag == "thead"
        if len(rows) == header_rows and found and (in_head or heads == len(found)):
            header_rows += 1
            marked = True
        rows.append(cells)
    if header_rows == len(rows):
        header_rows = min(header_rows, 1)
    return rows, header_rows if marked else None


def _own_rows(table: Any) -> Iterator[Any]:
    """Yields a table's rows, not those of tables in its cells."""
    for child in table:
        if child.tag == "tr":
            yield child
        elif child.tag in ("thead", "tbody", "tfoot"):
            yield from child.iterchildren("tr")


def _fill_carried(cells: list[str], carried: dict[int, tuple[int, str]]) -> None:
    while len(cells) in carried:
        column = len(cells)
        left, text = carried.pop(column)
        if left > 1:
            carried[column] = (left - 1, text)
        cells.append(text)


def _inline_text(element: Any) -> str:
    parts: list[str] = []
    skipped: Any = None
    for event, inner in _walk(element, into_tables=True):
        if event == "start":
            if inner is not element and is_left_out(inner):
                skipped = inner
                continue
            if inner.tag in _BLOCKS or inner.tag in ("br", "li", "hr") or inner.tag in _HEADINGS:
                parts.append(" ")
            elif inner.tag == "img":
                parts.append(f" {inner.get('alt') or ''} ")
            parts.append(inner.text or "")
        else:
            if inner is skipped:
                skipped = None
            elif inner.tag in _BLOCKS:
                parts.append(" ")
            if inner is not element:
                parts.append(inner.tail or "")
    return one_line("".join(parts))


def _whole_number(value: str | None, default: int) -> int:
    try:
        return int(value) if value else default
    except ValueError:
        return default


# ---- the head ------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Head:
    title: str = ""
    date: datetime | None = None
    metadata: dict[str, str] = field(default_factory=dict)


def _read_head(root: Any) -> _Head:
    head = _Head()
    title = next(root.iter("title"), None)
    if title is not None:
        head.title = one_line("".join(title.itertext()))
    for meta in root.iter("meta"):
        key = (meta.get("name") or meta.get("property") or meta.get("itemprop") or "").lower()
        content = meta.get("content") or ""
        if key in _DATE_NAMES and head.date is None:
            head.date = read_date(content)
        elif key in ("author", "description", "keywords") and content:
            head.metadata[key] = content
    return head
