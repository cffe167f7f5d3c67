"""HTML: what a reader of the page sees, as text.

Scripts, styles, templates, comments, form controls, hidden elements, navigation and the page's list of its own
headings are left out; nothing is loaded, no entity is expanded beyond characters. Text hidden by an inline style or
attribute is counted in a note.
"""

from __future__ import annotations

import re
from typing import Any

from lxml import etree

from corpus.errors import LimitError, ParseError
from corpus.patterns import pattern
from corpus.types import Document
from ingest.parsers.assembly import Draft, Limits
from ingest.parsers.cleaning import one_line
from ingest.parsers.decoding import Decoded, decode
from ingest.parsers.detection import HTML
from ingest.parsers.html.confluence import as_html
from ingest.parsers.html.drawings import open_drawings
from ingest.parsers.html.drawn_headings import raise_headings
from ingest.parsers.html.head import read_head
from ingest.parsers.html.labels import label_pictures
from ingest.parsers.html.left_out import UNSEEN, is_hidden, is_left_out, mark
from ingest.parsers.html.mending import mend_tables
from ingest.parsers.html.opening import open_panels
from ingest.parsers.html.raised import write_raised
from ingest.parsers.html.reshaping import reshape
from ingest.parsers.html.simplifying import (
    TooDeepError,
    as_paragraphs,
    simplify,
    with_few_attributes,
    without_boxes,
)
from ingest.parsers.html.surroundings import mark_surroundings
from ingest.parsers.html.tables import is_data_table, read_table
from ingest.parsers.html.walk import BLOCKS, HEADINGS, inline_text, walk, whole_number
from ingest.parsers.html.written_lists import MARK, bind_lists
from ingest.parsers.listing import Listing
from ingest.parsers.numerals import show_numeral

_META_CHARSET = pattern(rb"<meta[^>]{0,200}?charset\s*+=\s*+[\"']?\s*+([\w.:-]+)", re.IGNORECASE)
_XML_ENCODING = pattern(rb"\A\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]+)", re.IGNORECASE)
_XML_DECLARATION = pattern(r"\A\s*<\?xml[^>]*\?>")
_NUMERALS = {"a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}
_FLATTENED = "data-flattened"
"""On the root of a tree: it was nested too deeply; "whole" when all of it was read all the same."""
_HIDDEN_CHARS = "data-hidden-chars"
"""On the root of a tree: how many characters were left out before it was parsed."""
_WISH = pattern(r"java\s?script", re.IGNORECASE)
_MOST_WISH = 300
_SPACES = pattern(r"[ \t\n\r\f]+")


def read(data: bytes, name: str, limits: Limits) -> Document:
    """Returns an HTML page as a document.

    Raises:
        ParseError: ``binary``, ``damaged_file`` or ``no_text``.
        LimitError: ``too_deep``, or a limit of the draft.
    """
    declared = _META_CHARSET.search(data[:8192]) or _XML_ENCODING.search(data[:1024])
    return read_page(decode(data, declared[1].decode("ascii") if declared else ""), name, limits, HTML)


def read_page(decoded: Decoded, name: str, limits: Limits, content_type: str) -> Document:
    """Returns the page that a text in HTML shows.

    Raises:
        ParseError: ``no_text``.
        LimitError: as :func:`read`.
    """
    draft = Draft.of(decoded, limits)
    root = parse_html(decoded.text)
    if root is None:
        raise ParseError(f"{name} holds no text.", code="no_text", hint="Check that it is the right file.")
    head = read_head(root)
    raise_headings(root)
    add_html(draft, root)
    if not draft.length:
        _read_without_scripts(draft, root, name)
    return draft.finish(
        name=name,
        content_type=content_type,
        title=head.title,
        language=root.get("lang") or root.get("{http://www.w3.org/XML/1998/namespace}lang") or "",
        date=head.date,
        metadata=head.metadata,
    )


def _read_without_scripts(draft: Draft, root: Any, name: str) -> None:
    """Adds what a page shows where no script may run, for one that shows nothing else.

    Raises:
        ParseError: ``no_text``: that is nothing but the wish for scripts.
    """
    shown = (one for _, one in walk(root, lambda element: element.tag in UNSEEN) if one.tag not in UNSEEN)
    is_drawn = next(root.iter("script"), None) is not None and not any(
        (one.text or "").strip() for one in shown
    )
    for element in list(root.iter("noscript")):
        element.tag = "div"
        words = one_line("".join(element.itertext()))
        if len(words) > _MOST_WISH or not _WISH.search(words):
            add_html(draft, element)
    if is_drawn and not draft.length:
        raise ParseError(
            f"{name} holds no text: a script fetches or draws its words when it is opened.",
            code="no_text",
            hint="Open it in a browser, save it from there as PDF, and add that.",
        )


def parse_html(text: str) -> Any:
    """Returns the root element of an HTML text (a fragment is wrapped), or None when there is nothing.

    libxml2 stops at 2048 levels. Only generated pages nest so deep, most in elements that mean nothing: without those
    the rest is read, else all is read as plain paragraphs (:func:`add_html` notes that).
    """
    cleaned = with_few_attributes(as_html(_XML_DECLARATION.sub("", text).replace("\0", "")))
    root, whole = _parse_tree(cleaned)
    hidden, flattened = 0, ""
    try:
        if not whole:
            cleaned, hidden = simplify(cleaned, without_boxes)
            root, whole = _parse_tree(cleaned)
        if not whole:
            cleaned, more = simplify(cleaned, as_paragraphs)
            hidden += more
            root, whole = _parse_tree(cleaned)
            flattened = "whole" if whole else "part"
    except TooDeepError:
        flattened = "part"
    if root is not None:
        root.set(_HIDDEN_CHARS, str(hidden))
        root.set(_FLATTENED, flattened)
        reshape(root)
        bind_lists(root)
        label_pictures(root)
        open_panels(root)
        write_raised(root)
        mend_tables(root)
        open_drawings(root)
        mark(root)
        mark_surroundings(root)
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
    """Adds the blocks of an HTML tree to a draft.

    Raises:
        LimitError: ``too_deep``: some of it could not be read at all.
    """
    flattened = root.get(_FLATTENED)
    if flattened == "part":
        raise LimitError(
            "The page's elements are nested more than 2,048 deep.",
            code="too_deep",
            hint="Save it anew with simpler structure.",
        )
    if flattened:
        draft.note("flattened", "Elements are nested more than 2,048 deep; all was read as plain paragraphs.")
    writer = _Writer(draft)
    writer.hidden_chars = int(root.get(_HIDDEN_CHARS) or 0)
    for event, element in walk(root, _is_closed):
        writer.end(element) if event == "end" else writer.start(element)
    writer.flush()
    if writer.hidden_chars:
        draft.note("hidden_text", f"{writer.hidden_chars} characters of hidden elements were left out.")


def _is_closed(element: Any) -> bool:
    return is_left_out(element) or is_data_table(element)


def _box_of_task(box: Any) -> str:
    """Returns the state of a task in a list of such, "" of any other control: that is the page's tool."""
    item = next(box.iterancestors("li"), None)
    if box.get("type") != "checkbox" or item is None:
        return ""
    is_task = box.get("disabled") is not None or any(
        "task" in (around.get("class") or "") for around in (item, *item.iterancestors("ul", "ol"))
    )
    return ("☒ " if box.get("checked") is not None else "☐ ") if is_task else ""


def _is_captioned_so(picture: Any) -> bool:
    """Says whether a picture's caption says what its description does."""
    figure = next(picture.iterancestors("figure"), None)
    if figure is None or figure.find(".//img") is not picture:
        return False  # of many pictures one caption is looked at once
    caption = figure.find(".//figcaption")
    if caption is None or is_left_out(caption):
        return False
    return one_line(picture.get("alt")) in one_line("".join(caption.itertext()))


class _Writer:
    """Collects inline text and adds a block wherever the page starts a new one."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._inline: list[str] = []
        self._list = Listing()
        self._heading = 0
        self._pre = 0
        self._skipped: Any = None
        self.hidden_chars = 0

    def start(self, element: Any) -> None:
        tag = element.tag
        if tag == "input":
            self._add_text(_box_of_task(element))
        if is_left_out(element):
            if tag not in UNSEEN and is_hidden(element):
                self.hidden_chars += sum(len(one_line(text)) for text in element.itertext())
            self._skipped = element
            return
        if is_data_table(element):
            self.flush()
            self._close_list()
            rows, copies, header_rows = read_table(element, self._draft)
            caption = element.find("caption")
            if caption is not None:
                self._draft.paragraph(inline_text(caption))
            self._draft.table(rows, header_rows, copies=copies)
            self._skipped = element
            return
        if tag in HEADINGS:
            self.flush()
            if not self._list.is_open:
                self._heading = HEADINGS[tag]
        elif tag in ("ul", "ol"):
            self.flush()
            self._list.open(ordered=tag == "ol", first=whole_number(element.get("start"), 1))
        elif tag == "li":
            self.flush()
            self._open_item(element)
        elif tag in ("pre", "listing", "xmp"):
            self.flush()
            self._pre += 1
        elif tag == "br":
            self._inline.append("\n")
        elif tag == "hr" or tag in BLOCKS:
            self.flush()
        elif tag == "img" and element.get("alt") and not _is_captioned_so(element):
            self._inline.append(f" {element.get('alt')} ")
        self._add_text(element.text)

    def end(self, element: Any) -> None:
        if element is self._skipped:
            self._skipped = None
        else:
            tag = element.tag
            if tag in HEADINGS or tag == "li" or tag in BLOCKS:
                self.flush()
            elif tag in ("pre", "listing", "xmp"):
                self.flush()
                self._pre = max(self._pre - 1, 0)
            elif tag in ("ul", "ol") and self._list.is_open:
                self.flush()
                if self._list.close():
                    self._close_list()
            if tag in HEADINGS:
                self._heading = 0
        self._add_text(element.tail)

    def flush(self) -> None:
        """Adds what was collected as a block of the kind that is open."""
        text = "".join(self._inline)
        self._inline.clear()
        if self._pre:
            if text.strip():
                if self._list.is_open:
                    self._list.add_lines(text.split("\n"))
                else:
                    self._draft.code(text)
            return
        text = "\n".join(one_line(line) for line in text.split("\n")).strip()
        if not text:
            return
        if self._list.is_open:
            self._list.add(text)
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
        if not self._list.is_open:
            return
        number = whole_number(element.get("value"), self._list.following)
        parent = element.getparent()
        form = _NUMERALS.get((parent.get("type") or "") if parent is not None else "", "decimal")
        marker = f"{show_numeral(number, form)}." if self._list.is_ordered else "-"
        if parent is not None and "inline-task-list" in (parent.get("class") or ""):
            marker = "☒" if "checked" in (element.get("class") or "") else "☐"
        marker = element.get(MARK) or marker
        self._list.item(marker, number)

    def _close_list(self) -> None:
        if items := self._list.take():
            self._draft.listing(items)
