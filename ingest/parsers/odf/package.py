"""OpenDocument files as archives of parts, also those that are one XML file; and what they say of themselves."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from html import escape
from typing import Any

from ingest.parsers.cleaning import one_line
from ingest.parsers.dates import read_date
from ingest.parsers.odf.styles import DRAW, LINK, MANIFEST, META, OFFICE
from ingest.parsers.office import DC, Package, parse_xml, write_xml
from ingest.parsers.zips import is_zip

_CONTENT, _META, _LIST = "content.xml", "meta.xml", "META-INF/manifest.xml"


def as_archive(data: bytes, name: str) -> bytes:
    """Returns an OpenDocument file as an archive: as it is, or the parts of a flat one (FODT, FODS, FODP).

    Raises:
        ParseError: ``damaged_file``, or ``unsafe_xml`` for one with a document type or entities.
    """
    if is_zip(data):
        return data
    root = parse_xml(data, name)
    kind = root.get(OFFICE + "mimetype") or ""
    listed: list[str] = []
    for picture in list(root.iter(OFFICE + "binary-data")):
        picture.getparent().remove(picture)
    parts: dict[str, Any] = {_META: root.find(OFFICE + "meta"), _CONTENT: root}
    for number, place in enumerate(list(root.iter(DRAW + "object")), 1):
        inner = place.find(OFFICE + "document")
        if inner is not None:
            place.remove(inner)
            place.set(LINK + "href", f"./Object {number}")
            parts[f"Object {number}/{_CONTENT}"] = inner
            inside = escape(inner.get(OFFICE + "mimetype") or "")
            listed.append(f'<m:file-entry m:full-path="Object {number}/" m:media-type="{inside}"/>')
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("mimetype", kind)
        archive.writestr(_LIST, f'<m:manifest xmlns:m="{MANIFEST[1:-1]}">{"".join(listed)}</m:manifest>')
        for part, element in parts.items():
            if element is not None:
                archive.writestr(part, write_xml(element))
    return stream.getvalue()


def read_properties(package: Package) -> tuple[str, str, datetime | None, dict[str, str]]:
    """Returns the title, the language, the date last modified (else created) and further properties of a file."""
    root = package.beside(_META)

    def said(tag: str) -> str:
        found = None if root is None else next(root.iter(tag), None)
        return "" if found is None else one_line(found.text or "")

    created = said(META + "creation-date")
    named = {
        "author": said(DC + "creator") or said(META + "initial-creator"),
        "subject": said(DC + "subject"),
        "keywords": said(META + "keyword"),
        "created": created,
    }
    return said(DC + "title"), said(DC + "language"), read_date(said(DC + "date") or created), named
