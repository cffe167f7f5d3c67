"""Archives: whether a file is one, opening it, and what it says that it is."""

from __future__ import annotations

import io
import zipfile
import zlib

from corpus.errors import ParseError
from corpus.patterns import pattern

_ENTRY = pattern(r"<(?:\w+:)?file-entry\s[^>]*>")
_WHOLE = pattern(r"full-path=[\"']/[\"']")
_MEDIA_TYPE = pattern(r"media-type=[\"']([^\"']*)[\"']")
_MAX_LIST_BYTES = 64 * 1024
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError)
"""What reading a damaged archive raises; NotImplementedError is a compression that is not known."""


def open_zip(data: bytes, name: str) -> zipfile.ZipFile:
    """Opens an archive; its list is read, its members are not.

    Raises:
        ParseError: it is damaged.
    """
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except UNREADABLE as error:
        raise ParseError(
            f"{name} is damaged: {error}.", code="damaged_file", hint="Get a whole copy of the file."
        ) from None


def is_zip(data: bytes) -> bool:
    """Says whether a file is an archive, as Office files of the newer formats are."""
    return data.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"))


def declared_type(archive: zipfile.ZipFile) -> str:
    """Returns the media type that an OpenDocument or EPUB file says of itself, "" for other archives."""
    try:
        member = archive.getinfo("mimetype")
        return archive.read(member).decode("ascii").strip() if member.file_size <= 200 else ""
    except KeyError:
        return _listed_type(archive)
    except (*UNREADABLE, RuntimeError):
        return ""


def _listed_type(archive: zipfile.ZipFile) -> str:
    """Returns the type of the whole in the list of an OpenDocument file's parts: some write it nowhere else."""
    try:
        member = archive.getinfo("META-INF/manifest.xml")
        listed = archive.read(member).decode("utf-8") if member.file_size <= _MAX_LIST_BYTES else ""
    except (*UNREADABLE, KeyError, RuntimeError):
        return ""
    whole = next((entry[0] for entry in _ENTRY.finditer(listed) if _WHOLE.search(entry[0])), "")
    kind = _MEDIA_TYPE.search(whole)
    return kind[1] if kind else ""
