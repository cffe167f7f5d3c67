"""The binary file of Word 97 to 2003: its characters in order, and the properties of runs and paragraphs ([MS-DOC]).

Text lies in pieces, in 8 or 16 bits a character; places in the text count characters (``cp``), properties are kept by
places in the file (``fc``), in pages of 512 bytes. What is damaged raises what arithmetic on wrong numbers raises;
:func:`open_binary` names it.
"""

from __future__ import annotations

import struct
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from corpus.errors import ParseError
from ingest.parsers.ole import read_streams
from ingest.parsers.refusals import encrypted, unsupported

DAMAGE = (struct.error, IndexError, ValueError, KeyError, OverflowError, TypeError)
"""What is raised by damaged files."""
Sprms = Mapping[int, bytes]
"""Properties (single property modifiers): operand by code; of one that is given twice the last."""
_PAGE = 512
_FIRST_97 = 0x00C0  # of the empty document that Windows copies for a new one; else 0x00C1
_MAIN = "WordDocument"
_COMPRESSED = 0x4000_0000
_OPERANDS = (1, 1, 2, 4, 2, 2, 0, 3)  # bytes, by the code's upper three bits; 0: told by the first of them
_LONG = 0xD608  # the definition of a table, whose length takes two bytes
HIDDEN, _DELETED, _SYMBOL, _STYLE = 0x083C, 0x0800, 0x6A09, 0x4A30
_ON = (1, 0x81)
_MOST_SYMBOLS = 64  # in one run
_STREAMS = {"footnotes": 1, "headers": 2, "macros": 3, "comments": 4, "endnotes": 5, "boxes": 6}


@dataclass(frozen=True, slots=True)
class Piece:
    """Characters that lie together: the places of the first and behind the last, where they lie, bytes of each."""

    start: int
    end: int
    fc: int
    width: int


@dataclass(frozen=True, slots=True)
class Range:
    """Places in the file with the properties of what lies there; ``style`` counts in the sheet of styles."""

    start: int
    end: int
    sprms: Sprms
    style: int = 0


_Read = Callable[[bytes, int, int, int, int], Range]


class Binary:
    """A Word document as it lies in its file.

    ``text`` has one character for each place. ``unseen`` is 1 for those that are hidden or deleted, ``symbols`` has
    what stands in a font of symbols: the font's number and the character. ``styled`` has runs that are set in a style:
    the places of the first character and behind the last, and the style.
    """

    def __init__(self, main: bytes, table: bytes) -> None:
        self._main, self._table = main, table
        self._pieces = list(self._read_pieces())
        units: list[str] = []
        for piece in self._pieces:
            size = (piece.end - piece.start) * piece.width
            raw = main[piece.fc : piece.fc + size].ljust(size, b"\0")
            if piece.width == 1:
                units.append(raw.decode("cp1252", errors="replace"))
            else:
                units.append("".join(map(chr, struct.unpack(f"<{size // 2}H", raw))))
        self.text = "".join(units)
        self._paragraphs = sorted(self._ranges(13, _paragraph_of), key=lambda one: one.start)
        self._starts = [one.start for one in self._paragraphs]
        self.unseen = bytearray(len(self.text))
        self.symbols: dict[int, tuple[int, int]] = {}
        self.styled: list[tuple[int, int, int]] = []
        self._mark_runs()

    def part(self, index: int, *, on: bool = False) -> bytes:
        """Returns what the file's head (FibRgFcLcb97) points at by its index; ``on``: with all that lies behind it."""
        start, size = struct.unpack_from("<II", self._main, 0x9A + 8 * index)
        return self._table[start:] if on and size else self._table[start : start + size]

    def span(self, name: str) -> tuple[int, int]:
        """Returns where the text of a kind (``footnotes``, ``comments``, …) begins and ends; "" is the main text."""
        counts = struct.unpack_from("<8i", self._main, 0x4C)
        at = _STREAMS.get(name, 0)
        start = sum(counts[:at])
        return start, min(start + counts[at], len(self.text))

    def paragraph(self, place: int) -> Range:
        """Returns the properties of the paragraph that ends at a place."""
        at = bisect_right(self._pieces, place, key=lambda piece: piece.start) - 1
        piece = self._pieces[max(at, 0)]
        fc = piece.fc + (place - piece.start) * piece.width
        found = bisect_right(self._starts, fc) - 1
        return self._paragraphs[found] if found >= 0 and fc < self._paragraphs[found].end else Range(0, 0, {})

    def _read_pieces(self) -> Iterator[Piece]:
        packed, at = self.part(33), 0
        while packed[at] == 1:  # properties of pieces, of files saved in haste
            at += 3 + struct.unpack_from("<H", packed, at + 1)[0]
        size = struct.unpack_from("<I", packed, at + 1)[0]
        count = (size - 4) // 12
        places = struct.unpack_from(f"<{count + 1}I", packed, at + 5)
        left = len(self._main)
        for index in range(count):
            fc = struct.unpack_from("<I", packed, at + 5 + 4 * (count + 1) + 8 * index + 2)[0]
            start, end = places[index], places[index + 1]
            width = 1 if fc & _COMPRESSED else 2
            left -= (end - start) * width
            if end < start or left < 0:
                raise ValueError("its pieces are longer than the file")
            yield Piece(start, end, (fc & ~_COMPRESSED) // 2 if width == 1 else fc, width)

    def _ranges(self, index: int, read: _Read) -> Iterator[Range]:
        """Yields the properties on the pages that a part of the file's head lists."""
        listed = self.part(index)
        count = max(len(listed) - 4, 0) // 8
        for (number,) in struct.iter_unpack("<I", listed[4 * (count + 1) : 4 * (count + 1) + 4 * count]):
            page = self._main[number * _PAGE : (number + 1) * _PAGE]
            if len(page) == _PAGE:
                runs = page[-1]
                places = struct.unpack_from(f"<{runs + 1}I", page)
                for run in range(runs):
                    yield read(page, 4 * (runs + 1), run, places[run], places[run + 1])

    def _mark_runs(self) -> None:
        told = {HIDDEN, _DELETED, _SYMBOL, _STYLE}
        runs = sorted(
            (one for one in self._ranges(12, _run_of) if one.sprms.keys() & told), key=lambda one: one.start
        )
        starts = [one.start for one in runs]
        for piece in self._pieces:
            end_fc = piece.fc + (piece.end - piece.start) * piece.width
            for run in runs[max(bisect_right(starts, piece.fc) - 1, 0) : bisect_left(starts, end_fc)]:
                first = piece.start + (max(run.start, piece.fc) - piece.fc) // piece.width
                last = piece.start + (min(run.end, end_fc) - piece.fc) // piece.width
                if first < last:
                    self._mark(run, first, last)

    def _mark(self, run: Range, first: int, last: int) -> None:
        if any(run.sprms.get(code, b"\0")[0] in _ON for code in (HIDDEN, _DELETED)):
            self.unseen[first:last] = b"\1" * (last - first)
        elif _STYLE in run.sprms and HIDDEN not in run.sprms:
            self.styled.append((first, last, int.from_bytes(run.sprms[_STYLE], "little")))
        if _SYMBOL in run.sprms:
            font, character = struct.unpack("<HH", run.sprms[_SYMBOL])
            self.symbols |= dict.fromkeys(range(first, min(last, first + _MOST_SYMBOLS)), (font, character))


def open_binary(data: bytes, name: str) -> Binary:
    """Returns the document in an OLE file.

    Raises:
        ParseError: ``encrypted``, ``damaged_file``, or ``unsupported`` for one of Word 95 or before.
    """
    streams = read_streams(data, (_MAIN, "0Table", "1Table"))
    main = streams.get(_MAIN, b"")
    try:
        version, flags = struct.unpack_from("<H", main, 2)[0], struct.unpack_from("<H", main, 10)[0]
        if flags & 0x0100:
            raise encrypted(name)
        if version < _FIRST_97:
            raise unsupported(
                name, "a Word document of a version before 97", "Save it as .docx and add that."
            )
        return Binary(main, streams["1Table" if flags & 0x0200 else "0Table"])
    except DAMAGE as error:
        raise damaged(name, error) from None


def damaged(name: str, error: Exception) -> ParseError:
    """Returns the error for a file whose numbers lead nowhere."""
    return ParseError(
        f"{name} is damaged: its parts cannot be found ({error}).",
        code="damaged_file",
        hint="Open it in Word or LibreOffice, save it as .docx and add that.",
    )


def read_sprms(packed: bytes) -> Sprms:
    """Returns a list of properties; what is cut off is left out."""
    found: dict[int, bytes] = {}
    at = 0
    while at + 2 < len(packed):
        code = packed[at] | packed[at + 1] << 8
        at += 2
        size = _OPERANDS[code >> 13]
        if code == _LONG and at + 1 < len(packed):
            size = (packed[at] | packed[at + 1] << 8) + 1
        elif not size:
            size = packed[at] + 1
        if at + size > len(packed):
            break
        found[code] = packed[at : at + size]
        at += size
    return found


def _paragraph_of(page: bytes, after: int, run: int, start: int, end: int) -> Range:
    at = page[after + 13 * run] * 2
    if not at:
        return Range(start, end, {})
    size = page[at] * 2 - 1 if page[at] else page[at + 1] * 2
    at += 1 if page[at] else 2
    held = page[at : at + size]
    return Range(start, end, read_sprms(held[2:]), held[0] | held[1] << 8)


def _run_of(page: bytes, after: int, run: int, start: int, end: int) -> Range:
    at = page[after + run] * 2
    return Range(start, end, read_sprms(page[at + 1 : at + 1 + page[at]]) if at else {})
