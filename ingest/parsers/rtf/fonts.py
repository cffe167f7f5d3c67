"""How an RTF file's characters are coded: its own set, and those of its fonts, as striprtf numbers them."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from dataclasses import dataclass, field

from corpus.patterns import pattern

HEAD_CHARS = 200_000
_START = pattern(r"\{\s*\\fonttbl(?![a-z])")
_BRACE = pattern(r"\\.|[{}]")
_FONT = pattern(r"\\f(\d{1,5})(?!\d)")
_CHARSET, _CODE_PAGE_OF_FONT = pattern(r"\\fcharset(\d{1,3})"), pattern(r"\\cpg(\d{3,5})")
_NOT_NAME = pattern(r"\{[^{}]*\}|\\[a-z]+-?\d* ?|[\\{}]")
_NAME_END = pattern(r" \(?(CE|Cyr|Greek|Tur|Baltic|Hebrew|Arabic)\)?$")
_CODE_PAGE = pattern(r"\\ansicpg(\d{1,5})")
_DEFAULT = pattern(r"\\deff(\d{1,5})")
_OWN_SET = pattern(r"\\(ansi|mac|pca|pc)(?![a-z])")
_SYMBOLS = pattern(r"(Symbol|Wingdings|Webdings|Marlett|MT Extra|Monotype Sorts|ZapfDingbats)\b")
_OF_NAME_END = {
    "CE": 238, "Cyr": 204, "Greek": 161, "Tur": 162, "Baltic": 186, "Hebrew": 177, "Arabic": 178,
}  # fmt: skip
"""Names of fonts of the time before a font had several sets."""
_OF_CODE_PAGE = {
    "437": 254, "850": 255, "874": 222, "932": 128, "936": 134, "949": 129, "950": 136, "1250": 238, "1251": 204,
    "1252": 0, "1253": 161, "1254": 162, "1255": 177, "1256": 178, "1257": 186, "1258": 163, "1361": 130,
    "10000": 77, "10001": 128, "10006": 83, "10007": 84,
}  # fmt: skip
_NEXT_OF_WINDOWS = {2: 0, 78: 128, 79: 136, 80: 129, 82: 177, 85: 134, 86: 77, 87: 84, 88: 222, 89: 238}
"""For sets that Python does not know: of symbols, and of the old Macintosh."""
_CODECS = {
    "10000": "mac_roman",
    "10001": "cp932",
    "10006": "mac_greek",
    "10007": "mac_cyrillic",
    "10029": "mac_latin2",
}
_OWN_CODECS = {"mac": "mac_roman", "pc": "cp437", "pca": "cp850"}
_WINDOWS = "cp1252"
_UNSAID = frozenset({0, 1})
_TWO_BYTE_SETS = frozenset({128, 129, 130, 134, 136})
_TWO_BYTE_CODECS = frozenset({"cp932", "cp936", "cp949", "cp950"})


@dataclass(frozen=True, slots=True)
class Fonts:
    """The sets of characters of a file.

    ``codec`` is the document's own, ``sets`` are those of its fonts by their numbers, ``default`` is the font of text
    that names none, "" where that has no set but the document's.
    """

    codec: str = _WINDOWS
    sets: Mapping[str, int] = field(default_factory=dict)
    default: str = ""
    symbols: Mapping[str, str] = field(default_factory=dict)
    """The names of fonts whose letters are pictures, by their numbers."""

    def table(self) -> str:
        """Returns the fonts in words that striprtf understands."""
        return "".join(f"{{\\f{font}\\fcharset{number} x;}}" for font, number in self.sets.items())

    def in_two_bytes(self, font: str) -> bool:
        """Says whether a character in a font may take two bytes."""
        number = self.sets.get(font)
        return self.codec in _TWO_BYTE_CODECS if number in (None, 1) else number in _TWO_BYTE_SETS


def read_fonts(source: str) -> Fonts:
    """Returns the sets of characters that the head of a file names."""
    head = source[:HEAD_CHARS]
    start = _START.search(head)
    entries = _entries(source[start.end() : end_of_group(source, start.end())]) if start else {}
    sets = {font: _set_of(entry) for font, entry in entries.items()}
    names = {font: _SYMBOLS.match(_name_of(entry)) for font, entry in entries.items()}
    page, own, default = _CODE_PAGE.search(head), _OWN_SET.search(head), _DEFAULT.search(head)
    codec = _codec(page[1]) if page else ""
    codec = codec or _OWN_CODECS.get(own[1] if own else "", _WINDOWS)
    is_said = default is not None and sets.get(default[1], 0) not in _UNSAID
    symbols = {font: name[1] for font, name in names.items() if name}
    return Fonts(codec, sets, default[1] if default and is_said else "", symbols)


def end_of_group(source: str, start: int, within: int = HEAD_CHARS) -> int:
    """Returns where the group that is open at a place ends; where it does not within so many characters, that place."""
    depth = 1
    for found in _BRACE.finditer(source, start, start + within):
        depth += (found[0] == "{") - (found[0] == "}")
        if not depth:
            return found.start()
    return start


def _entries(table: str) -> dict[str, str]:
    starts = list(_FONT.finditer(table))
    found: dict[str, str] = {}
    for at, one in enumerate(starts, 1):
        end = starts[at].start() if at < len(starts) else len(table)
        found.setdefault(one[1], table[one.end() : end])
    return found


def _name_of(entry: str) -> str:
    return _NOT_NAME.sub("", entry).partition(";")[0].strip()


def _set_of(entry: str) -> int:
    charset, page = _CHARSET.search(entry), _CODE_PAGE_OF_FONT.search(entry)
    name_end = _NAME_END.search(_name_of(entry))
    number = int(charset[1]) if charset else _OF_CODE_PAGE.get(page[1] if page else "", 1)
    if number in _UNSAID and name_end:
        return _OF_NAME_END[name_end[1]]
    return _NEXT_OF_WINDOWS.get(number, number)


def _codec(page: str) -> str:
    """Returns Python's name of a code page, "" for one that it does not know."""
    if page in _CODECS:
        return _CODECS[page]
    try:
        return codecs.lookup(f"cp{page}").name
    except LookupError:
        return ""
