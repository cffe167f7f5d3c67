"""OLE compound files, the container of old Office files and Outlook messages: what stands at their root."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_KNOWN = (
    "EncryptedPackage", "WordDocument", "Workbook", "Book", "PowerPoint Document", "__properties_version1.0",
)  # fmt: skip


_PUT_IN = frozenset({"Workbook", "Book", "Package", "WordDocument", "PowerPoint Document", "\x01Ole10Native"})
_ERRORS = (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError, MemoryError)
"""What the library's arithmetic on broken numbers raises."""


def read_streams(data: bytes, names: Iterable[str]) -> Mapping[str, bytes]:
    """Returns the streams of these names that stand at the root; those that are missing or damaged are left out."""
    import olefile

    logging.getLogger("olefile").setLevel(logging.CRITICAL)
    found: dict[str, bytes] = {}
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as ole:
            for name in names:
                if ole.exists(name):
                    found[name] = ole.openstream(name).read()
    except _ERRORS:
        return found
    return found


def count_objects(data: bytes) -> int:
    """Returns how many files were put into an old Word document."""
    import olefile

    try:
        with olefile.OleFileIO(io.BytesIO(data)) as ole:
            return len({path[1] for path in ole.listdir() if path[0] == "ObjectPool" and path[-1] in _PUT_IN})
    except _ERRORS:
        return 0


def read_properties(data: bytes) -> tuple[str, datetime | None, str]:
    """Returns the title, the date last saved (else created, in UTC) and the author that an OLE file gives itself."""
    import olefile

    try:
        with olefile.OleFileIO(io.BytesIO(data)) as ole:
            told = ole.get_metadata()
            page = (told.codepage or 1252) & 0xFFFF  # given as a number with a sign: UTF-8 is -535
            codec = f"cp{page}"
            codec = {"cp65001": "utf-8", "cp1200": "utf-16-le"}.get(codec, codec)
            title, author = (
                (one or b"").decode(codec, errors="replace") for one in (told.title, told.author)
            )
            date = told.last_saved_time or told.create_time
    except _ERRORS:
        return "", None, ""
    return (
        title,
        date.replace(tzinfo=UTC) if isinstance(date, datetime) and date.year > 1601 else None,
        author,
    )


def root_names(data: bytes) -> frozenset[str]:
    """Returns the names of the streams and storages at the root of an OLE file.

    What is embedded deeper does not count: a letter with a sheet in it is a letter. The file may be damaged
    so that its directory cannot be walked: then known names are looked for anywhere in it.
    """
    import olefile

    logging.getLogger("olefile").setLevel(logging.CRITICAL)
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as ole:
            return frozenset(entry.name for entry in ole.root.kids)
    except _ERRORS:
        return frozenset(name for name in _KNOWN if name.encode("utf-16-le") in data)
