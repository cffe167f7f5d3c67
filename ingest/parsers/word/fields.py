"""What the fields of a Word document show: their results, never their code; and what a code draws that has no result.

Readings above words and circled words were fields before Word had elements for them, and circled ones still are:
``EQ \\o\\ad(\\s\\up 9(とうきょう),東京)`` shows 東京, ``eq \\o\\ac(○,秘)`` shows ㊙.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

from corpus.patterns import pattern
from ingest.parsers.symbol_fonts import show_symbol

_SYMBOL = pattern(r'\s*SYMBOL\s+(?:0x([0-9A-Fa-f]{1,4})|(\d{1,5}))(?:\s+\\f\s+"?([^"\\]+)"?)?')
_EQUATION = pattern(r"\s*EQ\s", re.IGNORECASE)
_SWITCH = pattern(r"\\([a-z]+)\s*-?\d*\s*|\\\*\s*(?:\"[^\"]*\"|\S+)\s*", re.IGNORECASE)
_MOST_DEEP = 20
_SHAPES = frozenset("○〇◯□△◇")
_CIRCLED = {
    unicodedata.normalize("NFKC", chr(code)): chr(code)
    for start, end in ((0x2460, 0x2474), (0x24B6, 0x24EA), (0x3280, 0x32B1))
    for code in range(start, end)
}


@dataclass(slots=True)
class _Field:
    start: int  # of its code, then of its result, among the pieces
    code: list[str] = field(default_factory=list)
    has_result: bool = False


class Fields:
    """Follows the fields of a paragraph while its pieces are collected, and takes out what belongs to a code.

    Args:
        parts: the pieces, as they come; changed where a code ends.
    """

    def __init__(self, parts: list[str]) -> None:
        self._parts = parts
        self._open: list[_Field] = []

    def turn(self, kind: str) -> None:
        """Goes on behind a mark: ``begin``, ``separate`` (the result follows) or ``end``."""
        if kind == "begin":
            self._open.append(_Field(len(self._parts)))
        elif self._open and kind in ("separate", "end"):
            last = self._open[-1]
            if not last.has_result:
                turns = sum(part.count("\f") for part in self._parts[last.start :])
                self._parts[last.start :] = ["\f" * turns]
                last.start, last.has_result = len(self._parts), True
            if kind == "end":
                if not any(self._parts[last.start :]):
                    self._parts.append(drawn("".join(last.code)))
                self._open.pop()

    def instruct(self, text: str) -> None:
        """Takes a piece of a code."""
        if self._open:
            self._open[-1].code.append(text)

    def show(self, text: str) -> None:
        """Shows what a form's field holds, which stands in its mark."""
        if self._open and not self._open[-1].has_result:
            self._parts.insert(self._open[-1].start, text)
            self._open[-1].start += 1
        else:
            self._parts.append(text)


def drawn(code: str) -> str:
    """Returns what a field's code draws by itself, "" for nothing."""
    symbol = _SYMBOL.match(code)
    if symbol:
        place = int(symbol[1], 16) if symbol[1] else int(symbol[2])
        return show_symbol(place, (symbol[3] or "").strip()) if place < 0x10000 else ""
    return _sequence(code[code.upper().index("EQ") + 2 :].strip(), 0, 0)[0] if _EQUATION.match(code) else ""


def _sequence(code: str, at: int, depth: int) -> tuple[str, int]:
    """Returns what is drawn from a place to the next ``,`` or ``)`` of this depth, and where that stands."""
    shown: list[str] = []
    switches: list[str] = []
    while at < len(code) and code[at] not in ",;)":
        found = _SWITCH.match(code, at)
        if found:
            switches.append((found[1] or "").lower())
            at = found.end()
        elif code[at] == "(" and switches and depth < _MOST_DEEP:
            arguments = []
            while at < len(code) and code[at] != ")":
                argument, at = _sequence(code, at + 1, depth + 1)
                arguments.append(argument)
            at += 1
            shown.append(_put_together(switches, arguments))
            switches = []
        elif code[at] == "\\" and at + 1 < len(code):
            shown.append(code[at + 1])
            at += 2
        else:
            shown.append(code[at])
            at += 1
    return "".join(shown), at


def _put_together(switches: list[str], arguments: list[str]) -> str:
    first, last = arguments[0], arguments[-1]
    if "o" in switches:  # one over the other: a reading or a shape, and the word
        return _CIRCLED.get(last, f"({last})") if first.strip() in _SHAPES else last
    if "f" in switches:
        return "/".join(arguments)
    if "r" in switches:
        return f"√({last})" if len(last) > 1 else f"√{last}"
    return ", ".join(arguments) if "l" in switches else "".join(arguments)
