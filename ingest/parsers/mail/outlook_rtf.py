"""The text of an Outlook mail that is kept as compressed RTF: unpacked, and told apart from HTML that stands in it.

The packing is that of MS-OXRTFCP; how HTML stands in RTF is described by MS-OXRTFEX: tags are in groups of their own
(``htmltag``), what is there for readers of RTF alone lies between ``\\htmlrtf`` and ``\\htmlrtf0``.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

from corpus.errors import ParseError
from ingest.parsers import parse
from ingest.parsers.assembly import Limits
from ingest.parsers.rtf.fonts import read_fonts
from ingest.parsers.rtf.marking import TOKEN

_PACKED, _PLAIN = b"LZFu", b"MELA"
_HEADER = struct.Struct("<II4sI")
_RING_BYTES = 4096
_START = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript "
    b"\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n"
    b"\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)
"""What the ring holds before the first byte (MS-OXRTFCP, section 2.1.2.1)."""
_FROM_HTML = "\\fromhtml"
_HEAD_CHARS = 4096
_CODE_PAGES = {
    0: "cp1252", 128: "cp932", 129: "cp949", 134: "cp936", 136: "cp950", 161: "cp1253", 162: "cp1254", 163: "cp1258",
    177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250",
}  # fmt: skip
"""The code page of a font's set of characters."""
_UNSEEN = frozenset({"fonttbl", "colortbl", "stylesheet", "info", "pict", "object"})
_SHOWN = {
    "par": "\n", "line": "\n", "tab": "\t", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”",
    "bullet": "•", "endash": "–", "emdash": "—", "~": "\xa0", "_": "\xad",
}  # fmt: skip


def read_rtf(data: bytes) -> tuple[bool, str] | None:
    """Returns the text of a compressed body, and whether it is HTML; None for one that is damaged or says nothing."""
    try:
        source = _unpacked(data)
        if _FROM_HTML in source[:_HEAD_CHARS].decode("latin-1"):
            text = _html_in(source.decode("latin-1"))
            return (True, text) if text.strip() else None
        return False, parse(source, "body.rtf", Limits()).text
    except (ParseError, IndexError, struct.error):
        return None


def _unpacked(data: bytes) -> bytes:
    """Returns the RTF of a compressed body.

    Raises:
        struct.error, IndexError: it is cut.
        ParseError: it is of no known kind.
    """
    size, raw_size, kind, _ = _HEADER.unpack_from(data)
    packed = data[_HEADER.size : size + 4]
    if kind == _PLAIN:
        return packed[:raw_size]
    if kind != _PACKED:
        raise ParseError(
            "The body is packed in no known way.", code="damaged_file", hint="Save the mail anew."
        )
    ring = bytearray(_START.ljust(_RING_BYTES, b"\0"))
    at, place = len(_START), 0
    found = bytearray()
    while True:
        flags = packed[place]
        place += 1
        for bit in range(8):
            if flags >> bit & 1:
                pair = packed[place] << 8 | packed[place + 1]
                place += 2
                start, count = pair >> 4, (pair & 15) + 2
                if start == at:
                    return bytes(found[:raw_size])
            else:
                start, count = -1, 1
            for step in range(count):
                byte = packed[place] if start < 0 else ring[(start + step) % _RING_BYTES]
                ring[at] = byte
                at = (at + 1) % _RING_BYTES
                found.append(byte)
            place += start < 0


@dataclass(frozen=True, slots=True)
class _State:
    """What holds within a group."""

    is_tag: bool = False
    is_unseen: bool = False
    is_for_rtf: bool = False
    page: str = ""
    stand_ins: int = 1


def _html_in(source: str) -> str:
    """Returns the HTML that stands in RTF."""
    writer = _HtmlWriter(source)
    writer.write()
    return "".join(writer.parts).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class _HtmlWriter:
    """Takes HTML out of RTF."""

    def __init__(self, source: str) -> None:
        self.parts: list[str] = []
        self._source = source
        fonts = read_fonts(source)
        self._page, self._fonts = fonts.codec, fonts.sets
        self._state = _State(page=self._page)
        self._bytes = bytearray()
        self._left_out = 0  # characters to come that stand in for the one written before

    def write(self) -> None:
        outer: list[_State] = []
        is_starred, position = False, 0
        while match := TOKEN.match(self._source, position):
            position = match.end()
            word, number, code, sign, brace, plain = match.groups()
            was_starred, is_starred = is_starred, sign == "*"
            if brace == "{":
                outer.append(self._state)
            elif brace:
                self._turn(outer.pop() if outer else self._state)
            elif word == "bin":
                position += max(int(number or 0), 0)
            elif word:
                self._follow(word, number, was_starred)
            elif sign in ("\r", "\n"):
                self._say("\n")
            elif sign in _SHOWN:
                self._say(_SHOWN[sign])
            elif code or plain or sign in ("{", "}", "\\"):
                self._spell(bytes([int(code, 16)]) if code else (plain or sign).encode("latin-1"))
        self._turn(self._state)

    def _follow(self, word: str, number: str | None, is_starred: bool) -> None:
        state = self._state
        if is_starred:
            self._turn(replace(state, is_tag=word == "htmltag", is_unseen=word != "htmltag"))
        elif word in _UNSEEN:
            self._turn(replace(state, is_unseen=True))
        elif word == "htmlrtf":
            self._turn(replace(state, is_for_rtf=number != "0"))
        elif word == "f":
            self._turn(replace(state, page=_CODE_PAGES.get(self._fonts.get(number or "", 1), self._page)))
        elif word == "plain":
            self._turn(replace(state, page=self._page))
        elif word == "uc":
            self._turn(replace(state, stand_ins=min(int(number or 1), 8)))
        elif word == "u" and number:
            self._say(chr(int(number) & 0xFFFF))
            self._left_out = state.stand_ins
        elif word in _SHOWN:
            self._say(_SHOWN[word])

    def _turn(self, state: _State) -> None:
        """Ends what was said in one way and goes on in another."""
        if self._bytes:
            page = self._page if self._state.is_tag else self._state.page
            try:
                self.parts.append(self._bytes.decode(page, "replace"))
            except LookupError:
                self.parts.append(self._bytes.decode("cp1252", "replace"))
            self._bytes.clear()
        self._left_out = 0
        self._state = state

    def _is_said(self) -> bool:
        return not self._state.is_unseen and not self._state.is_for_rtf

    def _spell(self, characters: bytes) -> None:
        skipped = min(self._left_out, len(characters))
        self._left_out -= skipped
        if self._is_said():
            self._bytes += characters[skipped:]

    def _say(self, text: str) -> None:
        left_out = self._left_out
        self._turn(self._state)
        self._left_out = max(left_out - 1, 0)
        if self._is_said() and not left_out:
            self.parts.append(text)
