"""Workbooks that are whole and that python-calamine refuses all the same: what it stumbles over is taken out.

In OpenDocument this is the layout of parts that were laid out for people to read, and a missing ``mimetype``; in XLSX
sheets that have no part, as Excel keeps macros of the nineties.
"""

from __future__ import annotations

import io
import re
import zipfile

from ingest.parsers.detection import ODS
from ingest.parsers.office import RELATION, STRICT_RELATION, Package, write_xml
from ingest.parsers.workbooks.view import main_part

_LAID_OUT = re.compile(rb">[ \t]*\r?\n[ \t\r\n]*<")


def repaired(package: Package, content_type: str) -> bytes | None:
    """Returns a workbook that can be opened in place of one that cannot; None where nothing is known to be amiss.

    Raises:
        ParseError: ``damaged_file``.
        LimitError: ``archive_too_large``.
    """
    changed = _plain_parts(package) if content_type == ODS else _without_lost_sheets(package)
    if not changed:
        return None
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for part in dict.fromkeys([*changed, *package.parts()]):
            if part in changed:
                archive.writestr(part, changed[part])
            elif content_type != ODS and part.lower().endswith((".xml", ".rels")):
                archive.writestr(part, package.read(part))
    return stream.getvalue()


def _plain_parts(package: Package) -> dict[str, bytes]:
    parts = ("META-INF/manifest.xml", "content.xml")
    return {"mimetype": ODS.encode()} | {part: _LAID_OUT.sub(b"><", package.read(part)) for part in parts}


def _without_lost_sheets(package: Package) -> dict[str, bytes]:
    main = main_part(package)
    root, known = package.xml(main), package.relations(main)
    lost = [
        sheet
        for sheet in (() if root is None else root.iterfind(".//{*}sheets/{*}sheet"))
        if (sheet.get(RELATION + "id") or sheet.get(STRICT_RELATION + "id") or "") not in known
    ]
    for sheet in lost:
        sheet.getparent().remove(sheet)
    return {main: write_xml(root)} if lost else {}
