r"""An RTF source with marks for what striprtf forgets: ends of paragraphs and cells, outline levels, hidden text.

The marks are characters that no text has; every other character is given in pure ASCII (``\'e9``).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping

from corpus.patterns import pattern
from ingest.parsers.rtf.fonts import Fonts, end_of_group
from ingest.parsers.symbol_fonts import show_symbol

TOKEN = pattern(
    r"\\([A-Za-z]{1,32})(-?\d{1,20})? ?|\\'([0-9A-Fa-f]{2})|\\([^A-Za-z])|([{}])|[\r\n]+|([^\\{}\r\n]+)|\\",
)
MARKS = [
    *map(chr, range(0xFDD0, 0xFDF0)),
    *map(chr, (0x1FFFE, 0x1FFFF, 0x2FFFE, 0x2FFFF, 0x3FFFE, 0x3FFFF, 0x4FFFE, 0x4FFFF)),
]
(
    HIDE,
    SHOW,
    PARD,
    IN_TABLE,
    CELL,
    ROW,
    HEADER,
    PAGE,
    NOTE,
    NOTE_END,
    MARKER,
    MARKER_END,
    LINE,
) = MARKS[:13]
OUTLINE, DEPTH, REMARK = MARKS[13:22], MARKS[22:31], MARKS[31]
BOX, BOX_END, CONTENTS, INNER_CELL, INNER_ROW, WIDTHS, EDGE, EDGE_END = MARKS[32:]
PIECE = pattern(f"([{''.join(MARKS)}\n])")
_WORD_MARKS = {
    "pard": PARD, "intbl": IN_TABLE, "trhdr": HEADER, "pagebb": PAGE, "page": PAGE, "cell": CELL,
    "nestcell": INNER_CELL, "row": ROW, "nestrow": INNER_ROW, "line": LINE, "lbr": LINE,
}  # fmt: skip
_REPLACED = frozenset({"cell", "nestcell", "row", "nestrow", "line", "lbr", "page"})
_MERGED = {"clmrg": "h", "clvmrg": "v"}
_WRITER = pattern(r"\\atnauthor ([^{}]{1,200})\}")
_NO_OTHERS = re.compile(r"\\(?:annotation|footnote|shpinst|do|nesttableprops|cs\d)(?![a-z])")
"""What stands behind ``\\*`` and is read all the same; LibreOffice names the style of a link so."""
_HOLDERS = frozenset({"shp", "shpgrp", "shpinst", "do", "nesttableprops"})
"""Drawn shapes, where nothing is text but what stands in their boxes; and where a row of a table in a cell ends."""
_BOXES = frozenset({"shptxt", "dptxbxtext"})
_NO_FONT = "99999"
_MOST_STAND_INS = 8
REPLACEMENT = "\ufffd"
_MAX_DIGITS = 10
"""Of a number: striprtf takes those beyond them for text."""
_BINARY = r"[\0-\x08\x0e-\x19\x1b-\x1f]"
_NO_BINARY = r"(?:(?!\\bin\d)[^\0-\x08\x0e-\x19\x1b-\x1f])"
_BINARY_DATA = pattern(rf"(?:{_NO_BINARY}{{0,64}}+{_BINARY}(?:{_NO_BINARY}{{0,4096}}+{_BINARY})*+)?+")
"""What is surely data: a text has no such characters, pictures have one in ten bytes, but for texts in them."""
_LEADS = frozenset(range(0x81, 0xA0)) | frozenset(range(0xE0, 0xFD))


class Marking:
    """A source being marked: what of its groups is open at the place that is read."""

    def __init__(self, source: str, styles: Mapping[str, int], fonts: Fonts) -> None:
        """``styles`` are the levels of headings, from 1, by their styles' numbers, and 0 for entries of contents."""
        self._source, self._styles, self._fonts = source, styles, fonts
        self._position = 0
        self._hidden, self._font = False, fonts.default
        self._closing = ""
        """The mark that the end of the open group calls for."""
        self._outer: list[tuple[bool, str, str, int]] = []
        self._stand_ins, self._left_out = 1, 0
        """How many characters stand in for one of Unicode, and how many of these are still to come."""
        self._writer = ""
        """Of the remark to come."""
        self._lead = False
        """The first of two bytes came as \\'xx; the second may stand as a plain letter."""

        self._merged = ""
        """How the cell that is defined goes on: from the left (``h``), from above (``v``)."""
        self._nested = 0
        """How deep the definition of a row of a table in a cell stands, 0 outside of one."""

        self.overlong = False
        """Whether binary data would go on beyond the end."""
        self._end = len(source.rstrip("\0"))

    def pieces(self) -> Iterator[str]:
        """Yields the source with marks for what striprtf would forget, and every character in pure ASCII."""
        while match := TOKEN.match(self._source, self._position):
            self._position = match.end()
            word, number, code, sign, brace, plain = match.groups()
            if plain and not self._lead and plain.isascii() and self._font not in self._fonts.symbols:
                yield plain
            elif code or plain or (self._lead and sign):
                yield from self._characters(plain, code, sign)
            else:
                self._lead = self._lead and not (brace or word or sign)
                if brace:
                    yield self._open() if brace == "{" else self._close()
                elif sign == "*":
                    yield self._starred()
                elif word:
                    yield self._control(word, number, match[0])
                else:
                    yield match[0]

    def _characters(self, plain: str | None, code: str | None, sign: str | None) -> Iterator[str]:
        if sign:  # a second byte that looks like a backslash, itself escaped or not
            is_escaped = sign in "\\{}"
            plain = sign if is_escaped else "\\"
            self._position -= not is_escaped
        if font := self._fonts.symbols.get(self._font):
            self._lead = False
            for character in plain or chr(int(code or "", 16)):
                if self._left_out:
                    self._left_out -= 1
                    yield "?"
                    continue
                shown = " " if character == " " else show_symbol(ord(character), font)
                yield f"{{\\uc0\\u{ord(shown)} }}" if shown else ""
            return
        two_byte = self._fonts.in_two_bytes(self._font)
        for character in plain or chr(int(code or "", 16)):
            if self._lead or code or character > "\x7f":
                self._lead = two_byte and not self._lead and ord(character) in _LEADS
                yield f"\\'{ord(character):02x}"
            else:
                yield character

    def _open(self) -> str:
        self._outer.append((self._hidden, self._font, self._closing, self._stand_ins))
        self._left_out = 0
        self._closing = ""
        return "{"

    def _close(self) -> str:
        shown, before = self._closing + "}", self._hidden
        self._nested = self._nested if len(self._outer) > self._nested else 0
        if self._outer:
            self._hidden, self._font, self._closing, self._stand_ins = self._outer.pop()
        self._left_out = 0
        return shown if self._hidden == before else shown + (HIDE if self._hidden else SHOW)

    def _starred(self) -> str:
        r"""Returns ``\*``, for a reader to leave out a group that it does not know; "" before what is read."""
        if _NO_OTHERS.match(self._source, self._position):
            return ""
        if found := _WRITER.match(self._source, self._position):
            self._writer = found[1].strip()
        return "\\*"

    def _control(self, word: str, number: str | None, shown: str) -> str:
        """Returns what stands for a control word."""
        if word == "bin":
            self._skip(max(int(number or 0), 0))
            return ""
        if number and len(number) > _MAX_DIGITS:
            number = number[:_MAX_DIGITS]
            shown = f"\\{word}{number} "
        self._left_out = 0
        if word == "uc":
            self._stand_ins = min(max(int(number or 1), 0), _MOST_STAND_INS)
            return f"\\uc{self._stand_ins} "
        if word == "u" and number:
            self._left_out = self._stand_ins
            if not -0x8000 <= int(number) <= sys.maxunicode:
                return f"\\u{ord(REPLACEMENT)} "
            if symbol := show_symbol(int(number) & 0xFFFF, self._fonts.symbols.get(self._font, "")):
                return f"\\u{ord(symbol)} "
        if word == "annotation":
            by, self._writer, self._closing = self._writer, "", NOTE_END
            return f"\\z {REMARK}{f'Comment ({by}): ' if by else 'Comment: '}"
        if word == "nesttableprops":
            self._nested = self._nested or len(self._outer)
        elif word in _MERGED:
            self._merged += _MERGED[word]
        elif word == "cellx" and number and not self._nested:
            merged, self._merged = self._merged, ""
            return f"\\z {EDGE}{merged}{number}{EDGE_END}"
        elif word == "trowd":
            self._merged = ""
            return shown if self._nested else f"\\trowd {WIDTHS}"
        if word in _BOXES:
            self._closing = BOX_END
            return f"\\z {BOX}"
        if word in _HOLDERS or word == "ansicpg":
            return "\\z "
        if word == "fonttbl":
            self._position = end_of_group(self._source, self._position)
            return f"\\fonttbl{self._fonts.table()}"
        if word == "deff":
            return f"{shown}\\f{self._fonts.default or _NO_FONT} "
        if word == "footnote":
            self._closing = NOTE_END
            return f"\\z {NOTE}"
        if word in ("listtext", "pntext"):
            self._closing = MARKER_END
            return f"\\z {MARKER}"
        if word in ("v", "deleted", "plain"):
            self._hidden = word != "plain" and number != "0"
            turn = HIDE if self._hidden else SHOW
            if word != "plain":
                return f"\\{word}{number or ''} {turn}"
            self._font = self._fonts.default
            return f"\\plain\\f{self._font or _NO_FONT} {turn}"
        if word == "f" and number:
            self._font = number
            return shown
        if word == "s" and number and number in self._styles:
            level = self._styles[number]
            return shown + f"\\z {OUTLINE[min(level, 9) - 1] if level else CONTENTS}"
        if word == "field":
            return "\\field "  # so that a link's target is not shown beside its words
        if word in ("outlinelevel", "ilvl"):
            levels = OUTLINE if word == "outlinelevel" else DEPTH
            return f"\\z {levels[int(number)]}" if number and 0 <= int(number) < len(levels) else "\\z "
        if word in _WORD_MARKS:
            return f"\\{'z' if word in _REPLACED else word} {_WORD_MARKS[word]}"
        return shown

    def _skip(self, length: int) -> None:
        """Passes over binary data; when its length is beyond the end, over what is surely no text."""
        if length > len(self._source) - self._position:
            self.overlong = True
            found = _BINARY_DATA.match(self._source, self._position, self._end)
            length = found.end() - self._position if found else 0
        self._position += length
