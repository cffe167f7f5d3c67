"""What styles and lists of a Word 97 document say of its paragraphs: levels of headings, how items are counted."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ingest.parsers.word.styles import Numbering, level_of_name
from ingest.parsers.word97.binary import DAMAGE, HIDDEN, Binary, Sprms, read_sprms

LEVEL, LIST, DEPTH = 0x2640, 0x460B, 0x260A
IN_TABLE, ENDS_ROW, HEADS = 0x2416, 0x2417, 0x3404
_HEADINGS = range(1, 10)
_CONTENTS = range(19, 28)
_TITLES = {62: 1, 74: 2}  # title and subtitle, among the styles that Word has by itself
_NO_BASE = 0x0FFF
_MOST_BASES = 20
_OF_PARAGRAPHS = 1
_BODY_LEVEL = 9
_FORMATS = {
    0: "decimal", 1: "upperRoman", 2: "lowerRoman", 3: "upperLetter", 4: "lowerLetter", 10: "ideographDigital",
    11: "japaneseCounting", 12: "aiueo", 13: "iroha", 14: "decimalFullWidth", 18: "decimalEnclosedCircle",
    19: "decimalFullWidth2", 20: "aiueoFullWidth", 21: "irohaFullWidth", 22: "decimalZero", 23: "bullet", 255: "none",
}  # fmt: skip
"""How numbers are shown (MSONFC), by the names of today's format."""
_LIST_BYTES, _LEVEL_BYTES, _OVERRIDE_BYTES = 28, 28, 16


@dataclass(frozen=True, slots=True)
class Style:
    """A style of paragraphs or characters with what it inherits.

    ``level``: of a heading, 1 to 6, else 0; ``is_hidden``: what is set in it is not shown.
    """

    level: int = 0
    is_contents: bool = False
    is_hidden: bool = False
    sprms: Sprms = field(default_factory=dict)


def read_styles(source: Binary) -> list[Style]:
    """Returns the styles in their order; what is damaged of them says nothing."""
    try:
        raw = list(_raw_styles(source.part(1)))
    except DAMAGE:
        return []
    return [_resolved(raw, at) for at in range(len(raw))]


@dataclass(frozen=True, slots=True)
class _Raw:
    kind: int
    base: int
    name: str
    sprms: Sprms
    of_runs: Sprms


def _raw_styles(sheet: bytes) -> Iterator[_Raw]:
    head = struct.unpack_from("<H", sheet)[0]
    count, fixed = struct.unpack_from("<HH", sheet, 2)
    at = 2 + head
    for _ in range(count):
        size = struct.unpack_from("<H", sheet, at)[0]
        style = sheet[at + 2 : at + 2 + size]
        at += 2 + size + size % 2
        if size < fixed:
            yield _Raw(_NO_BASE, _NO_BASE, "", {}, {})
            continue
        kind, based, parts = struct.unpack_from("<3H", style)
        chars = struct.unpack_from("<H", style, fixed)[0]
        name = style[fixed + 2 : fixed + 2 + 2 * chars].decode("utf-16-le", errors="replace")
        own = fixed + 2 * chars + 4
        own += own % 2
        held: list[bytes] = []
        while len(held) < parts & 0xF and own + 2 <= len(style):
            size = struct.unpack_from("<H", style, own)[0]
            held.append(style[own + 2 : own + 2 + size])
            own += 2 + size + size % 2
        of_paragraphs = held.pop(0)[2:] if based & 0xF == _OF_PARAGRAPHS and held else b""
        of_runs = held[0] if held else b""
        yield _Raw(kind & 0x0FFF, based >> 4, name, read_sprms(of_paragraphs), read_sprms(of_runs))


def _resolved(raw: list[_Raw], at: int) -> Style:
    level, is_contents, hidden, sprms = 0, False, b"", dict[int, bytes]()
    seen: set[int] = set()
    while at < len(raw) and at not in seen and len(seen) < _MOST_BASES:
        seen.add(at)
        one = raw[at]
        own = one.sprms.get(LEVEL, b"\x09")[0]
        of_kind = one.kind if one.kind in _HEADINGS else _TITLES.get(one.kind, 0)
        level = level or of_kind or level_of_name(one.name) or (own + 1 if own < _BODY_LEVEL else 0)
        is_contents = is_contents or one.kind in _CONTENTS
        hidden = hidden or one.of_runs.get(HIDDEN, b"")
        sprms = dict(one.sprms) | sprms
        at = one.base
    return Style(min(level, 6), is_contents, hidden == b"\1", sprms)


def read_numbering(source: Binary) -> tuple[Numbering, list[str]]:
    """Returns how lists count, and the list that each number of a paragraph (from 1) means."""
    try:
        formats = dict(_lists(source.part(73, on=True)))
        names = []
        for index, (name, starts) in enumerate(_overrides(source.part(74))):
            if starts:  # counts anew
                own = formats.get(name, {})
                name = f"{name}/{index}"
                formats[name] = {
                    depth: (form, text, starts.get(depth, first))
                    for depth, (form, text, first) in own.items()
                }
            names.append(name)
        return Numbering(formats), names
    except DAMAGE:
        return Numbering({}), []


def _overrides(packed: bytes) -> Iterator[tuple[str, Mapping[int, int]]]:
    """Yields the list that each override is of, and where it begins to count by depth."""
    count = struct.unpack_from("<I", packed)[0] if packed else 0
    count = min(count, len(packed) // _OVERRIDE_BYTES)
    at = 4 + _OVERRIDE_BYTES * count
    for index in range(count):
        name, levels = struct.unpack_from("<i8xB", packed, 4 + _OVERRIDE_BYTES * index)
        starts = {}
        at += 4
        for _ in range(levels):
            start, flags = struct.unpack_from("<iI", packed, at)
            at += 8
            if flags & 0x10:
                starts[flags & 0xF] = start
            if flags & 0x20:
                _, at = _level(packed, at)
        yield str(name), starts


def _level(packed: bytes, at: int) -> tuple[tuple[str, str, int], int]:
    """Returns how a level counts (format, text, start), and where it ends."""
    start, form = struct.unpack_from("<iB", packed, at)
    at += _LEVEL_BYTES + packed[at + 24] + packed[at + 25]
    chars = struct.unpack_from("<H", packed, at)[0]
    text = packed[at + 2 : at + 2 + 2 * chars].decode("utf-16-le", errors="replace")
    shown = "".join(f"%{ord(one) + 1}" if ord(one) < 9 else one for one in text)
    return (_FORMATS.get(form, "decimal"), shown, start), at + 2 + 2 * chars


def _lists(packed: bytes) -> Iterator[tuple[str, Mapping[int, tuple[str, str, int]]]]:
    """Yields each list's levels; the part's size is that of its heads alone, its levels lie behind them."""
    count = struct.unpack_from("<H", packed)[0] if packed else 0
    at = 2 + _LIST_BYTES * count
    for index in range(count):
        head = packed[2 + _LIST_BYTES * index : 2 + _LIST_BYTES * (index + 1)]
        levels: dict[int, tuple[str, str, int]] = {}
        for depth in range(1 if head[26] & 1 else 9):
            levels[depth], at = _level(packed, at)
        yield str(struct.unpack_from("<i", head)[0]), levels
