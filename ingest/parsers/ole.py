"""OLE compound files, the container of old Office files and Outlook messages: what stands at their root."""

from __future__ import annotations

import io
import logging

SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_KNOWN = (
    "EncryptedPackage", "WordDocument", "Workbook", "Book", "PowerPoint Document", "__properties_version1.0",
)  # fmt: skip


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
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError, MemoryError):
        # The library raises what its arithmetic on broken numbers raises.
        return frozenset(name for name in _KNOWN if name.encode("utf-16-le") in data)
