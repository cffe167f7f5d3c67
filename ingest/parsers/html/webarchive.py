"""Pages that Safari saved (``.webarchive``): a property list that holds the page, its pictures and its frames.

The page is read as HTML is; what else is saved with it is left out.
"""

from __future__ import annotations

import plistlib
from typing import Any

from corpus.errors import ParseError
from corpus.types import Document
from ingest.parsers.assembly import Limits
from ingest.parsers.decoding import decode
from ingest.parsers.detection import WEBARCHIVE
from ingest.parsers.html.parser import read_page
from ingest.parsers.refusals import unsupported

_PAGES = ("text/html", "application/xhtml+xml")


def read(data: bytes, name: str, limits: Limits) -> Document:
    """Returns the page that was saved.

    Raises:
        ParseError: ``damaged_file``, ``unsupported`` where no page was saved but a picture or a film, ``no_text``.
        LimitError: ``too_deep``, or a limit of the draft.
    """
    main = _main_resource(data)
    content, kind = main.get("WebResourceData"), main.get("WebResourceMIMEType")
    if not isinstance(content, bytes):
        raise ParseError(
            f"{name} is damaged: the page in it is missing.",
            code="damaged_file",
            hint="Open it in Safari, save it from there as PDF, and add that.",
        )
    if kind not in _PAGES:
        raise unsupported(
            name, "a saved page of another kind than HTML", "Save what it shows as a file of its own."
        )
    encoding = main.get("WebResourceTextEncodingName")
    return read_page(decode(content, encoding if isinstance(encoding, str) else ""), name, limits, WEBARCHIVE)


def _main_resource(data: bytes) -> dict[str, Any]:
    try:
        whole = plistlib.loads(data, fmt=plistlib.FMT_BINARY)
    except (plistlib.InvalidFileException, ValueError, OverflowError, IndexError, TypeError):
        return {}
    main = whole.get("WebMainResource") if isinstance(whole, dict) else None
    return main if isinstance(main, dict) else {}
