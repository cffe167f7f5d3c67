r"""An RTF source with marks for what striprtf forgets: ends of paragraphs and cells, outline levels, hidden text.

The marks are characters that no text has; every other character is given in pure ASCII (``\'e9``).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping

from corpus.patterns import pattern

TOKEN = pattern(
    r"\\([A-Za-z]{1,32})(-?\d{1,20})? ?|\\'([0-9A-Fa-f]{2})|\\([^A-Za-z])|([{}])|[\r\n]+|([^\\{}\r\n]+)|\\",
)
MARKS = [chr(0xFDD0 + number) for number in range(32)]
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
PIECE = pattern(f"([{MARKS[0]}-{MARKS[-1]}\n])")
_WORD_MARKS = {
    "pard": PARD, "intbl": IN_TABLE, "trhdr": HEADER, "pagebb": PAGE, "page": PAGE, "cell": CELL,
    "nestcell": CELL, "row": ROW, "nestrow": ROW, "line": LINE, "lbr": LINE,
}  # fmt: skip
_REPLACED = frozenset({"cell", "nestcell", "row", "nestrow", "line", "lbr", "page"})
FONT = pattern(r"\\f(\d{1,5})[^{};]{0,200}?\\fcharset(\d{1,3})")
_TWO_BYTE_SETS = frozenset({"128", "129", "134", "136"})
_TWO_BYTE_PAGES = frozenset({"932", "936", "949", "950"})
CODE_PAGE = pattern(r"\\ansicpg(\d{1,5})")
_WRITER = pattern(r"\\atnauthor ([^{}]{1,200})\}")
REPLACEMENT = "\ufffd"
HEAD_CHARS = 200_000
_MAX_DIGITS = 10
"""Of a number: striprtf takes those beyond them for text."""
_BINARY = r"[\0-\x08\x0e-\x19\x1b-\x1f]"
_NO_BINARY = r"(?:(?!\\bin\d)[^\0-\x08\x0e-\x19\x1b-\x1f])"
_BINARY_DATA = pattern(rf"(?:{_NO_BINARY}{{0,64}}+{_BINARY}(?:{_NO_BINARY}{{0,4096}}+{_BINARY})*+)?+")
"""What is surely data: a text has no such characters, pictures have one in ten bytes, but for texts in them."""
_LEADS = frozenset(range(0x81, 0xA0)) | frozenset(range(0xE0, 0xFD))


class Marking:
    """A source being marked: what of its groups is open at the place that is read."""

    def __init__(self, source: str, styles: Mapping[str, int]) -> None:
        self._source, self._styles = source, styles
        start = source.find("{\\fonttbl")
        self._fonts = dict(FONT.findall(source[start : start + HEAD_CHARS])) if start >= 0 else {}
        page = CODE_PAGE.search(source[:HEAD_CHARS])
        self._two_byte_page = page is not None and page[1] in _TWO_BYTE_PAGES
        self._position = 0
        self._hidden, self._font = False, ""
        self._closing = ""
        """The mark that the end of the open group calls for."""
        self._outer: list[tuple[bool, str, str]] = []
        self._writer = ""
        """Of the remark to come."""
        self._lead = False
        """The first of two bytes came as \\'xx; the second may stand as a plain letter."""

        self.overlong = False
        """Whether binary data would go on beyond the end."""
        self._end = len(source.rstrip("\0"))

    def pieces(self) -> Iterator[str]:
        """Yields the source with marks for what striprtf would forget, and every character in pure ASCII."""
        while match := TOKEN.match(self._source, self._position):
            self._position = match.end()
            word, number, code, sign, brace, plain = match.groups()
            if plain and not self._lead and plain.isascii():
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
        charset = self._fonts.get(self._font)
        two_byte = self._two_byte_page if charset is None else charset in _TWO_BYTE_SETS
        for character in plain or chr(int(code or "", 16)):
            if self._lead or code or character > "\x7f":
                self._lead = two_byte and not self._lead and ord(character) in _LEADS
                yield f"\\'{ord(character):02x}"
            else:
                yield character

    def _open(self) -> str:
        self._outer.append((self._hidden, self._font, self._closing))
        self._closing = ""
        return "{"

    def _close(self) -> str:
        shown, before = self._closing + "}", self._hidden
        if self._outer:
            self._hidden, self._font, self._closing = self._outer.pop()
        return shown if self._hidden == before else shown + (HIDE if self._hidden else SHOW)

    def _starred(self) -> str:
        r"""Returns ``\*``, for a reader to leave out a group that it does not know; "" before remarks and notes."""
        if self._source.startswith(("\\annotation", "\\footnote"), self._position):
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
        if word == "u" and number and not -0x8000 <= int(number) <= sys.maxunicode:
            return f"\\u{ord(REPLACEMENT)} "
        if word == "annotation":
            by, self._writer, self._closing = self._writer, "", NOTE_END
            return f"\\z {REMARK}{f'Comment ({by}): ' if by else 'Comment: '}"
        if word == "footnote":
            self._closing = NOTE_END
            return f"\\z {NOTE}"
        if word in ("listtext", "pntext"):
            self._closing = MARKER_END
            return f"\\z {MARKER}"
        if word in ("v", "deleted", "plain"):
            self._hidden = word != "plain" and number != "0"
            return f"\\{word}{number or ''} {HIDE if self._hidden else SHOW}"
        if word == "f" and number:
            self._font = number
            return shown
        if word == "s" and number and number in self._styles:
            return shown + f"\\z {OUTLINE[min(self._styles[number], 9) - 1]}"
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
