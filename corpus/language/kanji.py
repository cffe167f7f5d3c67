"""Numerals in kanji: what they say, and texts with plain figures in their place."""

from __future__ import annotations

from collections.abc import Iterable

KANJI = "〇一二三四五六七八九十百千万億兆"
"""The characters of a numeral in kanji."""

_DIGITS = {character: value for value, character in enumerate("〇一二三四五六七八九")}
_POWERS = {"十": 10, "百": 100, "千": 1000}
_MYRIADS = {"万": 10**4, "億": 10**8, "兆": 10**12}


def read_kanji(text: str) -> int | None:
    """Returns what a numeral in kanji says: 二十五 is 25, 二〇五 205; None when it is none, or several (二三日)."""
    if len(text) == 2 and "〇一二三四五六七八九".find(text) > 0:
        return None
    if all(character in _DIGITS for character in text):
        return int("".join(str(_DIGITS[character]) for character in text))
    total = section = digit = 0
    for character in text:
        if character in _DIGITS:
            digit = _DIGITS[character]
        elif character in _POWERS:
            section += (digit or 1) * _POWERS[character]
            digit = 0
        elif character in _MYRIADS:
            total += (section + digit or 1) * _MYRIADS[character]
            section = digit = 0
        else:
            return None
    return total + section + digit


def in_figures(text: str, found: Iterable[tuple[int, int, int]]) -> str:
    """Returns a text with each (start, end, value) found in it, in order, as a plain figure."""
    parts, at = [], 0
    for start, end, value in found:
        parts += [text[at:start], str(value)]
        at = end
    return "".join([*parts, text[at:]])
