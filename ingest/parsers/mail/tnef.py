"""Outlook's own packing of a mail's text and attachments (TNEF, ``winmail.dat``), as MS-OXTNEF describes it.

Mail programs other than Outlook show it as one attachment that nothing opens. Read are the files in it, mails among
them, and the text where the mail around it has none.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from corpus.errors import ParseError
from ingest.parsers.decoding import decode
from ingest.parsers.detection import is_tnef
from ingest.parsers.mail.outlook_rtf import read_rtf

_FIRST_ATTRIBUTE = 6
_ATTRIBUTE = struct.Struct("<BII")
_CHECKSUM_BYTES = 2
_LEVELS = (1, 2)
_SUBJECT, _BODY, _DATA, _TITLE, _NEXT_FILE, _MESSAGE, _FILE, _CODE_PAGE = (
    0x8004, 0x800C, 0x800F, 0x8010, 0x9002, 0x9003, 0x9005, 0x9007
)  # fmt: skip
_PLAIN, _RTF, _HTML, _CONTENT, _SHORT_NAME, _LONG_NAME, _CONTENT_ID, _TOPIC = (
    0x1000, 0x1009, 0x1013, 0x3701, 0x3704, 0x3707, 0x3712, 0x0037
)  # fmt: skip
_SIZES = {2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16}
"""Bytes of a property's value by its type; others say their own."""
_STRING8, _UNICODE, _OBJECT, _MANY, _NAMED = 0x1E, 0x1F, 0x0D, 0x1000, 0x8000
_INTERFACE_BYTES = 16
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".emf", ".wmf")


@dataclass(slots=True)
class _File:
    name: str = ""
    content: bytes = b""


@dataclass(slots=True)
class Packed:
    """What was found: the subject, the text (is HTML, text) and the files (name, content)."""

    subject: str = ""
    bodies: list[tuple[bool, str]] = field(default_factory=list)
    files: list[tuple[str, bytes]] = field(default_factory=list)


def unpack(data: bytes, name: str) -> Packed:
    """Returns what is packed in a file.

    Raises:
        ParseError: ``damaged_file``: it is cut, or no such file.
    """
    try:
        return _unpack(data)
    except (struct.error, IndexError):
        raise ParseError(
            f"{name} is damaged: what Outlook packed into it is not whole.",
            code="damaged_file",
            hint="Ask for the files in it by themselves, or for the mail without Outlook's rich text.",
        ) from None


def _unpack(data: bytes) -> Packed:
    packed, files = Packed(), list[_File]()
    plain, code_page = b"", ""
    message: dict[int, tuple[int, bytes]] = {}
    for kind, value in _attributes(data):
        if kind == _CODE_PAGE:
            code_page = f"cp{struct.unpack_from('<I', value)[0]}"
        elif kind == _BODY:
            plain = value
        elif kind == _SUBJECT:
            packed.subject = _text(_STRING8, value, code_page)
        elif kind == _MESSAGE:
            message = _properties(value)
        elif kind == _NEXT_FILE:
            files.append(_File())
        elif files and kind == _DATA:
            files[-1].content = value
        elif files and kind == _TITLE:
            files[-1].name = files[-1].name or _text(_STRING8, value, code_page)
        elif files and kind == _FILE:
            _complete(files[-1], _properties(value), code_page)
    if _TOPIC in message and not packed.subject:
        packed.subject = _text(*message[_TOPIC], code_page)
    packed.bodies = [body for body in (_body(message, plain, code_page),) if body[1].strip()]
    packed.files = [
        (f"{one.name or f'attachment {number}'}", one.content)
        for number, one in enumerate(files, 1)
        if one.content
    ]
    return packed


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yields the kind and the value of each attribute.

    Raises:
        struct.error, IndexError: the last one is cut, or it is no such file.
    """
    if not is_tnef(data):
        raise IndexError
    at = _FIRST_ATTRIBUTE
    while at < len(data):
        if data[at] not in _LEVELS:
            return  # what a mail program left behind the end
        _, identifier, size = _ATTRIBUTE.unpack_from(data, at)
        at += _ATTRIBUTE.size
        if at + size > len(data):
            raise IndexError
        yield identifier & 0xFFFF, data[at : at + size]
        at += size + _CHECKSUM_BYTES


def _properties(data: bytes) -> dict[int, tuple[int, bytes]]:
    """Returns type and value of each property of Outlook, of one with several values the first, by its number."""
    found: dict[int, tuple[int, bytes]] = {}
    (count,) = struct.unpack_from("<I", data)
    at = 4
    for _ in range(count):
        kind, identifier = struct.unpack_from("<HH", data, at)
        at += 4
        if identifier >= _NAMED:
            is_worded, size = struct.unpack_from("<II", data, at + _INTERFACE_BYTES)
            at += _INTERFACE_BYTES + 8 + (_whole(size) if is_worded else 0)
        size = _SIZES.get(kind & ~_MANY, 0)
        values = 1
        if kind & _MANY or not size:
            (values,) = struct.unpack_from("<I", data, at)
            at += 4
        for number in range(values):
            length = size
            if not size:
                (length,) = struct.unpack_from("<I", data, at)
                at += 4
            if at + length > len(data):
                raise IndexError
            if not number and not kind & _MANY:
                found[identifier] = kind, data[at : at + length]
            at += _whole(length)
    return found


def _whole(size: int) -> int:
    """Returns how many bytes a value of a size takes: always whole words of four."""
    return (size + 3) // 4 * 4


def _complete(file: _File, properties: dict[int, tuple[int, bytes]], code_page: str) -> None:
    name = properties.get(_LONG_NAME) or properties.get(_SHORT_NAME)
    file.name = (_text(*name, code_page) if name else "") or file.name
    kind, content = properties.get(_CONTENT, (0, b""))
    if _CONTENT_ID in properties and file.name.lower().endswith(_PICTURES):
        content = file.content = b""  # of the text
    file.content = (content[_INTERFACE_BYTES:] if kind == _OBJECT else content) or file.content


def _body(message: dict[int, tuple[int, bytes]], plain: bytes, code_page: str) -> tuple[bool, str]:
    """Returns the text of a mail: the plain form, else HTML, else rich text."""
    text = _text(*message[_PLAIN], code_page) if _PLAIN in message else _text(_STRING8, plain, code_page)
    if text.strip():
        return False, text.replace("\r\n", "\n").replace("\r", "\n")
    if _HTML in message:
        return True, _text(_STRING8, message[_HTML][1], "")
    return (_RTF in message and read_rtf(message[_RTF][1])) or (False, "")


def _text(kind: int, value: bytes, code_page: str) -> str:
    if kind == _UNICODE:
        return value.decode("utf-16-le", errors="replace").rstrip("\0")
    value = value.rstrip(b"\0")
    try:
        return decode(value, code_page).text if value else ""
    except ParseError:
        return ""
