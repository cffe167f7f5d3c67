"""Containers as tests need them: ZIPs from a mapping, and the OLE files that no library writes."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

Tree = Mapping[str, "bytes | Tree"]

_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_SECTOR, _MINI = 512, 64


def zipped(members: Mapping[str, bytes | str]) -> bytes:
    """A ZIP of these members, in this order; ``mimetype`` is stored as it has to be."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            kind = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(name, content, kind)
    return buffer.getvalue()


def compound(tree: Tree) -> bytes:
    """An OLE compound file of these storages and streams (each under 4,096 bytes)."""
    entries: list[list[int | str]] = [["Root Entry", 5, _FREE, _FREE, 0, 0]]  # name, type, right, child, …
    mini, mini_fat = bytearray(), []

    def add(children: Tree, parent: int) -> None:
        before = -1
        for name, content in children.items():
            at = len(entries)
            if isinstance(content, bytes):
                start, count = len(mini) // _MINI, -(-len(content) // _MINI)
                mini.extend(content.ljust(count * _MINI, b"\0"))
                mini_fat.extend([*range(start + 1, start + count), _END] if count else [])
                entries.append([name, 2, _FREE, _FREE, start if count else _END, len(content)])
            else:
                entries.append([name, 1, _FREE, _FREE, 0, 0])
            entries[before if before >= 0 else parent][2 if before >= 0 else 3] = at
            before = at
            if not isinstance(content, bytes):
                add(content, at)

    add(tree, 0)
    fat = [_FAT]

    def chain(size: int) -> int:
        start, count = len(fat), -(-size // _SECTOR)
        fat.extend([*range(start + 1, start + count), _END] if count else [])
        return start if count else _END

    directory_at = chain(len(entries) * 128)
    mini_fat_at = chain(len(mini_fat) * 4)
    entries[0][4], entries[0][5] = chain(len(mini)), len(mini)
    assert len(fat) <= 128, "one FAT sector is enough for a test"
    directory = b"".join(_entry(*entry) for entry in entries)
    header = struct.pack(
        "<8s16xHHHHH6x9I109I",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        *(0x3E, 3, 0xFFFE, 9, 6, 0, 1, directory_at, 0, 4096, mini_fat_at),
        *(-(-len(mini_fat) * 4 // _SECTOR), _END, 0, 0, *[_FREE] * 108),
    )
    return header + b"".join(
        part.ljust(-(-len(part) // _SECTOR) * _SECTOR, filler)
        for part, filler in (
            (struct.pack(f"<{len(fat)}I", *fat), b"\xff"),
            (directory, b"\0"),
            (struct.pack(f"<{len(mini_fat)}I", *mini_fat), b"\xff"),
            (bytes(mini), b"\0"),
        )
    )


def _entry(name: str, kind: int, right: int, child: int, start: int, size: int) -> bytes:
    shown = name.encode("utf-16-le") + b"\0\0"
    return struct.pack("<64sHBBIII36xIQ", shown, len(shown), kind, 1, _FREE, right, child, start, size)


_TEXTS = frozenset({0x001A, 0x0037, 0x1000, 0x0C1A, 0x0C1F})


Value = str | bytes | int | datetime


def outlook(
    texts: Mapping[int, str | bytes | int],
    attachments: Mapping[str, bytes | Mapping[int, str] | Tree] = {},
    named: Mapping[tuple[int, int], Value] = {},
) -> bytes:
    """An Outlook message of these properties (identifier to text), with files or messages attached.

    ``named`` are properties by the first part of their set's identifier and their number there.
    """
    sets = list(dict.fromkeys(one for one, _ in named))
    tree: dict[str, bytes | Tree] = _properties(
        {**texts, **{0x8000 + at: value for at, value in enumerate(named.values())}}, 32
    )
    if named:
        entries = [
            struct.pack("<IHH", number, 2 * (3 + sets.index(one)), at)
            for at, (one, number) in enumerate(named)
        ]
        rest = bytes.fromhex("00000000c000000000000046")
        guids = b"".join(struct.pack("<I", one) + rest for one in sets)
        tree["__nameid_version1.0"] = {
            "__substg1.0_00020102": guids, "__substg1.0_00030102": b"".join(entries),
        }  # fmt: skip
    return compound({**tree, **_attached(attachments)})


def embedded(
    texts: Mapping[int, Value], attachments: Mapping[str, bytes | Mapping[int, str] | Tree] = {}
) -> Tree:
    """A message to attach to another, with files or messages attached to itself."""
    return {**_properties(texts, 24), **_attached(attachments)}


def _attached(attachments: Mapping[str, bytes | Mapping[int, str] | Tree]) -> Tree:
    found: dict[str, bytes | Tree] = {}
    for number, (name, content) in enumerate(attachments.items()):
        storage: dict[str, bytes | Tree]
        if isinstance(content, bytes):
            storage = _properties({0x3707: name, 0x3701: content}, 8)
        else:
            inner: Any = content
            is_ready = any(isinstance(key, str) for key in inner)
            storage = _properties({0x3707: name}, 8)
            storage["__substg1.0_3701000D"] = inner if is_ready else _properties(inner, 24)
        found[f"__attach_version1.0_#{number:08X}"] = storage
    return found


def _properties(values: Mapping[int, Value], header: int) -> dict[str, bytes | Tree]:
    """Properties of a message: text in Unicode, bytes (a text's where its identifier is one of a text), a number, yes
    or no, a time in UTC.
    """
    streams: dict[str, bytes | Tree] = {}
    rows = bytearray(header)
    for key, value in values.items():
        if isinstance(value, datetime):
            ticks = (value - datetime(1601, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 10
            rows += struct.pack("<HHIQ", 0x40, key, 6, ticks)
            continue
        if isinstance(value, bool):
            rows += struct.pack("<HHIQ", 0x0B, key, 6, value)
            continue
        if isinstance(value, int):
            rows += struct.pack("<HHIQ", 3, key, 6, value)
            continue
        kind = 0x1F if isinstance(value, str) else 0x1E if key in _TEXTS else 0x102
        content = value.encode("utf-16-le") if isinstance(value, str) else value
        rows += struct.pack("<HHIQ", kind, key, 6, len(content))
        streams[f"__substg1.0_{key:04X}{kind:04X}"] = content
    return {"__properties_version1.0": bytes(rows), **streams}
