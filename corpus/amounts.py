"""Amounts written with 万, 億 and the like as plain numbers: 123万4500円 is 1,234,500円."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from corpus.patterns import pattern

_SCALES = {"千": 3, "万": 4, "百万": 6, "千万": 7, "億": 8, "十億": 9, "兆": 12}
"""A multiplier → its power of ten."""

_NUMBER = r"\d{1,4}(?:,\d{3}){0,4}"
_AMOUNT = pattern(
    rf"(?<![\d.,])(?:{_NUMBER}(?:\.\d{{1,4}})?(?:百万|千万|十億|[千万億兆])){{1,4}}(?:{_NUMBER})?(?![\d,.]?\d|[十百千万億兆])"
)
_PART = pattern(rf"({_NUMBER}(?:\.\d+)?)(百万|千万|十億|[千万億兆]|\Z)")


def amounts(text: str) -> Iterator[tuple[int, int, int]]:
    """Yields (start, end, value) of each amount in figures and multipliers, its unit not included: 5千, 3.5億.

    What is no whole number, or has a multiplier behind one that is not larger, is none.
    """
    if not any(scale in text for scale in "千万億兆"):
        return
    for match in _AMOUNT.finditer(text):
        if (value := _value(match.group())) is not None:
            yield *match.span(), value


def _value(written: str) -> int | None:
    total, before = Decimal(0), 99
    for number, scale in _PART.findall(written):
        power, part = _SCALES.get(scale, 0), Decimal(number.replace(",", ""))
        if power >= before or part.scaleb(power) >= Decimal(10) ** before:
            return None
        total, before = total + part.scaleb(power), power
    return int(total) if total == int(total) else None
