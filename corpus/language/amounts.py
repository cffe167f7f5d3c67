"""Amounts written with 万, 億 and the like, or in kanji, as plain numbers: 123万4500円 and 百二十三万四千五百円 are
1,234,500円.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from corpus.language.kanji import KANJI, read_kanji
from corpus.patterns import pattern

_SCALES = {"千": 3, "万": 4, "百万": 6, "千万": 7, "億": 8, "十億": 9, "兆": 12}
"""A multiplier → its power of ten."""

_NUMBER = r"\d{1,4}(?:[,，]\d{3}){0,4}"
_AMOUNT = pattern(
    rf"(?<![\d.,])(?:{_NUMBER}(?:\.\d{{1,4}})?(?:百万|千万|十億|[千万億兆])){{1,4}}(?:{_NUMBER})?(?![\d,.]?\d|[{KANJI}])"
)
_PART = pattern(rf"({_NUMBER}(?:\.\d+)?)(百万|千万|十億|[千万億兆]|\Z)")

_DIGIT = "[一二三四五六七八九]"
_UP_TO_MYRIAD = f"(?:{_DIGIT}?千)?(?:{_DIGIT}?百)?(?:{_DIGIT}?十)?{_DIGIT}?"
_IN_KANJI = pattern(
    rf"(?<![{KANJI}\d.,数何幾第壱弐参伍拾])(?<![{KANJI}]、)(?<!単位)(?<!単位[:は])"
    rf"(?!(?<=\()[百千万億兆]+円\))(?!(?<=[\u4e00-\u9fffァ-ヶ])(?<!金)一円)(?=[{KANJI}])"
    rf"(?:(?:{_UP_TO_MYRIAD}兆)?(?:{_UP_TO_MYRIAD}億)?(?:{_UP_TO_MYRIAD}万)?{_UP_TO_MYRIAD}"
    rf"|{_DIGIT}[〇一二三四五六七八九]{{1,11}})(?=円)"
)
"""Before 円 alone: with other counters such words say other things (十分, 三日, 一点). 単位:千円 and (千円) name what a
table's figures are in, and 関東一円 is all of 関東.
"""


def amounts(text: str) -> Iterator[tuple[int, int, int]]:
    """Yields (start, end, value) of each amount in figures and multipliers (5千, 3.5億) or of yen in kanji (三千円), in
    order and without the unit.

    What is no whole number, or has a multiplier behind one that is not larger, is none.
    """
    found = []
    if any(scale in text for scale in "千万億兆"):
        found = [
            (*match.span(), value)
            for match in _AMOUNT.finditer(text)
            if (value := _value(match.group())) is not None
        ]
    if "円" in text:
        found += [
            (*match.span(), value)
            for match in _IN_KANJI.finditer(text)
            if (value := read_kanji(match.group())) is not None
        ]
    yield from sorted(found)


def _value(written: str) -> int | None:
    total, before = Decimal(0), 99
    for number, scale in _PART.findall(written):
        power, part = _SCALES.get(scale, 0), Decimal(number.replace(",", "").replace("，", ""))
        if power >= before or part.scaleb(power) >= Decimal(10) ** before:
            return None
        total, before = total + part.scaleb(power), power
    return int(total) if total == int(total) else None
