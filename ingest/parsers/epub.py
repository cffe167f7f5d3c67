"""EPUB books: the chapters in reading order, one page each, labelled with the chapter's title.

Kept: all that the HTML reader keeps of each chapter, the words of a page that is a drawing (SVG); title, language, date
and author from the package. Not kept: the table of contents (also where it stands on a page like the others), covers
and other parts without words, fonts, scripts, styles, what the reading order leaves out. A name in the book is a key
into its archive and never a path.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Set
from functools import partial
from typing import Any
from urllib.parse import unquote

from corpus.errors import ParseError
from corpus.patterns import pattern
from corpus.types import Document
from ingest.parsers.assembly import Draft, Limits
from ingest.parsers.cleaning import one_line
from ingest.parsers.dates import read_date
from ingest.parsers.decoding import decode
from ingest.parsers.detection import EPUB
from ingest.parsers.html.drawn_headings import raise_headings
from ingest.parsers.html.left_out import mark_contents_of_book
from ingest.parsers.html.parser import add_html, parse_html
from ingest.parsers.office import DC, Package
from ingest.parsers.refusals import encrypted

_OPF = "{http://www.idpf.org/2007/opf}"
_CONTAINER = "{urn:oasis:names:tc:opendocument:xmlns:container}"
_ENCRYPTION = "{http://www.w3.org/2001/04/xmlenc#}"
_FONT_SCRAMBLING = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_PAGES = frozenset(
    {"application/xhtml+xml", "text/html", "application/xml", "text/x-oeb1-document", "image/svg+xml"}
)
_VOID = frozenset(
    {
        "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
        "track", "wbr",
    }
)  # fmt: skip
_CLOSED = pattern(r"<([A-Za-z][A-Za-z0-9:]*)(\s[^<>]*)?/>")
_MAX_LABEL_CHARS = 100


def read(data: bytes, name: str, limits: Limits) -> Document:
    """Returns a book.

    Raises:
        ParseError: ``damaged_file``, ``encrypted`` (also by a seller's lock), ``unsafe_xml`` or ``no_text``.
        LimitError: ``archive_too_large``, or a limit of the draft.
    """
    package = Package(data, name, limits.max_archive_ratio)
    _refuse_locked(package)
    place = _package_place(package)
    root = package.xml(place)
    if root is None:
        raise ParseError(f"{name} is damaged: it has no table of its parts.", code="damaged_file")
    folder = posixpath.dirname(place)
    draft = Draft(limits)
    number = 0
    missing = 0
    spelled = {part.lower(): part for part in package.parts()}  # readers on Windows and macOS take either
    order = [spelled.get(part.lower(), part) for part in _reading_order(root, folder)]
    parts = frozenset(order)
    for part in order:
        if part not in package:
            missing += 1
            continue
        tree = parse_html(_opened(decode(package.read(part), "utf-8").text))
        body = None if tree is None else next(tree.iter("body"), tree)
        if body is None or not "".join(body.itertext()).strip():
            continue
        mark_contents_of_book(tree, partial(_leads_to, parts - {part}, posixpath.dirname(part)))
        raise_headings(tree)
        number += 1
        draft.page(number, _label(tree, body))
        add_html(draft, tree)
    if missing:
        draft.note("damaged_text", f"{missing} chapters that the book names are not in it.")
    found = root.find(_OPF + "metadata")
    title, language, date = (
        "" if found is None else _first(found, tag) for tag in ("title", "language", "date")
    )
    authors = [] if found is None else [one_line(one.text) for one in found.iter(DC + "creator") if one.text]
    return draft.finish(
        name=name,
        content_type=EPUB,
        title=title,
        language=language,
        date=read_date(date) or read_date("" if found is None else _modified(found)),
        metadata={"author": ", ".join(authors)},
    )


def _modified(metadata: Any) -> str:
    """Returns when a book was last changed, as the third version of the format has it in place of a date."""
    found = metadata.iter(_OPF + "meta")
    return next((one.text or "" for one in found if one.get("property") == "dcterms:modified"), "")


def _refuse_locked(package: Package) -> None:
    root = package.xml("META-INF/encryption.xml")
    methods = (
        []
        if root is None
        else [m.get("Algorithm") or "" for m in root.iter(_ENCRYPTION + "EncryptionMethod")]
    )
    if "META-INF/rights.xml" in package or any(method not in _FONT_SCRAMBLING for method in methods):
        raise encrypted(package.name)


def _package_place(package: Package) -> str:
    root = package.xml("META-INF/container.xml")
    for file in [] if root is None else root.iter(_CONTAINER + "rootfile"):
        place = str(file.get("full-path") or "")
        if place in package:
            return place
    return next((part for part in package.parts() if part.endswith(".opf")), "")


def _reading_order(root: Any, folder: str) -> list[str]:
    """Returns the parts of the spine without the table of contents, each once."""
    items = {item.get("id"): item for item in root.iter(_OPF + "item")}
    order = []
    for reference in root.iter(_OPF + "itemref"):
        item = items.get(reference.get("idref"))
        if item is None or item.get("media-type") not in _PAGES:
            continue
        if "nav" in (item.get("properties") or "").split():
            continue
        order.append(_place(folder, item.get("href") or ""))
    return list(dict.fromkeys(order))


def _place(folder: str, reference: str) -> str:
    """Returns the part of the archive that a reference from a folder names."""
    target = unquote(reference.partition("#")[0])
    return posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")


def _leads_to(parts: Set[str], folder: str, reference: str) -> bool:
    return _place(folder, reference) in parts


def _opened(text: str) -> str:
    """Returns XHTML as HTML: there an empty ``<title/>`` would swallow what follows."""

    def expand(match: re.Match[str]) -> str:
        return match[0] if match[1].lower() in _VOID else f"<{match[1]}{match[2] or ''}></{match[1]}>"

    return _CLOSED.sub(expand, text)


def _label(tree: Any, body: Any) -> str:
    for level in ("h1", "h2", "h3"):
        for heading in body.iter(level):
            text = one_line(" ".join(heading.itertext()))
            if text:
                return text[:_MAX_LABEL_CHARS]
    title = next(tree.iter("title"), None)
    return "" if title is None else one_line("".join(title.itertext()))[:_MAX_LABEL_CHARS]


def _first(metadata: Any, tag: str) -> str:
    return next((one_line(found.text) for found in metadata.iter(DC + tag) if (found.text or "").strip()), "")
