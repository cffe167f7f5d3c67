"""What is wrapped around other files, as tests make it: signatures (CMS), and what Outlook packs for itself (TNEF)."""

from __future__ import annotations

import struct

SIGNED_DATA, ENVELOPED, DATA = (bytes.fromhex(f"2a864886f70d0107{kind}") for kind in ("02", "03", "01"))


def signed(content: bytes | None, form: str) -> bytes:
    """What CMS makes of a signed file, without certificates; in parts of known and of unknown length."""
    if content is None:
        held = b""
    elif form == "whole":
        held = element(0xA0, element(4, content))
    else:
        parts = b"".join(element(4, content[at : at + 30]) for at in range(0, len(content), 30))
        held = endless(0xA0, endless(0x24, parts))
    wrap = element if form == "whole" else endless
    fields = element(2, b"\1") + element(0x31, b"") + wrap(0x30, element(6, DATA) + held) + element(0x31, b"")
    return wrap(0x30, element(6, SIGNED_DATA) + wrap(0xA0, wrap(0x30, fields)))


def element(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes([size]) if size < 0x80 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + length + content


def endless(tag: int, content: bytes) -> bytes:
    return bytes([tag, 0x80]) + content + b"\0\0"


def whole(*attributes: bytes) -> bytes:
    return b"\x78\x9f\x3e\x22\x01\0" + b"".join(attributes)


def attribute(level: int, kind: int, value: bytes) -> bytes:
    return struct.pack("<BII", level, kind, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)


def message(values: dict[int, str | bytes]) -> bytes:
    return attribute(1, 0x9003, properties(values))


def file(name: str, content: bytes, more: dict[int, str | bytes] | None = None) -> bytes:
    short = name.encode("ascii", errors="replace")[:8] + b"\0"
    return (
        attribute(2, 0x9002, b"\1\0")
        + attribute(2, 0x800F, content)
        + attribute(2, 0x8010, short)
        + attribute(2, 0x9005, properties({0x3707: name, **(more or {})}))
    )


def properties(values: dict[int, str | bytes]) -> bytes:
    """Values as Outlook writes them, behind a number, a time, a list of numbers and a value with a worded name."""
    found = [struct.pack("<HHI", 3, 0x0E07, 1), struct.pack("<HHQ", 0x40, 0x0039, 5)]
    found.append(struct.pack("<HHIII", 0x1003, 0x6000, 2, 7, 8))
    worded = "Keywords\0".encode("utf-16-le")
    found.append(struct.pack("<HH16xII", 3, 0x8005, 1, len(worded)) + padded(worded) + struct.pack("<I", 9))
    for identifier, value in values.items():
        content = (value + "\0").encode("utf-16-le") if isinstance(value, str) else value
        named = struct.pack("<16xII", 0, 1) if identifier >= 0x8000 else b""
        kind = 0x1F if isinstance(value, str) else 0x102
        found.append(
            struct.pack("<HH", kind, identifier)
            + named
            + struct.pack("<II", 1, len(content))
            + padded(content)
        )
    return struct.pack("<I", len(found)) + b"".join(found)


def padded(content: bytes) -> bytes:
    return content + b"\0" * (-len(content) % 4)
