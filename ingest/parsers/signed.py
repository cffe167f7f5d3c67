"""Files within a digital signature (CMS, ``.p7m``): what was signed, read as the file that it is.

So are contracts and invoices signed in parts of Europe (CAdES), and mails that are signed as one block (S/MIME). The
signature itself is not checked, and what is encrypted is not opened.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import replace

from corpus.errors import ParseError
from corpus.types import Document
from ingest.parsers import parse
from ingest.parsers.assembly import Limits
from ingest.parsers.detection import SIGNED, is_signed
from ingest.parsers.refusals import encrypted, unsupported

_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_SEQUENCE, _CONTENT, _OCTETS, _OCTETS_IN_PARTS, _IDENTIFIER = 0x30, 0xA0, 0x04, 0x24, 0x06
_MAX_DEPTH = 12
_SUFFIX = ".p7m"
_END = b"\0\0"


def read(data: bytes, name: str, limits: Limits) -> Document:
    """Returns what was signed, once more where that is signed in turn.

    Raises:
        ParseError: ``encrypted``, ``damaged_file``, ``unsupported`` for a signature alone, or as what was signed.
        LimitError: as what was signed.
    """
    content = unsigned(data, name)
    inner = name[: -len(_SUFFIX)] if name.lower().endswith(_SUFFIX) else name
    if content[:13].lower() == b"content-type:":
        inner += ".eml"
    is_again = is_signed(content) or inner.lower().endswith(_SUFFIX)  # in base64
    if is_again and limits.nesting < 1:
        raise unsupported(name, "a file that was signed again and again", "Take it out of its signatures.")
    deeper = replace(limits, nesting=limits.nesting - 1) if is_again else limits
    return replace(parse(content, inner, deeper), content_type=SIGNED)


def unsigned(data: bytes, name: str) -> bytes:
    """Returns what stands within a signature (RFC 5652, section 5), in its binary form or in base64.

    Raises:
        ParseError: ``encrypted``, ``damaged_file``, or ``unsupported`` where what was signed is kept elsewhere.
    """
    try:
        whole = data if data[:1] == b"\x30" else _packed(data)
        outer = list(_parts(whole, *_opened(whole, 0, len(whole))[1:3]))
        identifier = whole[slice(*outer[0][1:3])] if outer[0][0] == _IDENTIFIER else b""
        if identifier and identifier != _SIGNED_DATA:
            raise encrypted(name)
        fields = list(_parts(whole, *_opened(whole, outer[1][1], outer[1][2])[1:3]))
        held = list(_parts(whole, *fields[2][1:3]))
        if not identifier or fields[2][0] != _SEQUENCE:
            raise IndexError
        if len(held) < 2:
            raise unsupported(name, "a signature without what was signed", "Add the file that it belongs to.")
        tag, start, end, _ = _opened(whole, held[1][1], held[1][2])
        if tag == _OCTETS_IN_PARTS:
            return b"".join(whole[first:last] for _, first, last, _ in _parts(whole, start, end))
        return whole[start:end]
    except (IndexError, binascii.Error):
        raise ParseError(
            f"{name} is damaged: what was signed cannot be found in it.",
            code="damaged_file",
            hint="Get a whole copy of the file, or the file without its signature.",
        ) from None


def _packed(data: bytes) -> bytes:
    lines = (line.strip() for line in data.splitlines() if not line.startswith(b"-----"))
    return base64.b64decode(b"".join(lines), validate=True)


def _parts(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yields tag, start and end of the content, and end of each element between two places."""
    while start < end and data[start : start + 2] != _END:
        element = _opened(data, start, end)
        yield element
        start = element[3]


def _opened(data: bytes, at: int, limit: int, depth: int = 0) -> tuple[int, int, int, int]:
    """Returns tag, start and end of the content, and end of an element (X.690, section 8.1).

    Raises:
        IndexError: it goes on beyond its limit, or what stands in it is too deep.
    """
    tag, size = data[at], data[at + 1]
    start = at + 2
    if size == 0x80:  # up to a mark
        end = start
        while data[end : end + 2] != _END:
            if end >= limit or depth > _MAX_DEPTH:
                raise IndexError
            end = _opened(data, end, limit, depth + 1)[3]
        return tag, start, end, end + 2
    if size > 0x80:
        start += size & 0x7F
        size = int.from_bytes(data[at + 2 : start], "big")
    if start + size > limit:
        raise IndexError
    return tag, start, start + size, start + size
