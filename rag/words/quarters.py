"""Quarters of a year, in every way that reports write them: Q3, 3Q, FY24Q3, third quarter, 第3四半期."""

from __future__ import annotations

import re
from collections.abc import Iterator

from corpus.language import fold

_NUMBERS = {
    name: number
    for names in ("1234", "一二三四", ("first", "second", "third", "fourth"), ("1st", "2nd", "3rd", "4th"))
    for number, name in enumerate(names, 1)
}
_QUARTER = re.compile(
    r"(?<![a-z])q ?([1-4])(?![a-z\d])|(?<!\d)([1-4])q(?![a-z\d])|第?([1-4一二三四])[・ ]?四半期"
    r"|\b(first|second|third|fourth|1st|2nd|3rd|4th)[ -](?:fiscal |calendar )?quarter\b|\bquarter ([1-4])\b"
)


def quarters(text: str) -> Iterator[tuple[int, str]]:
    """Yields which quarters of a year a text speaks of, 1 to 4, and how it writes each."""
    for match in _QUARTER.finditer(fold(text)):
        yield _NUMBERS[next(filter(None, match.groups()))], re.sub("q(?!u)", "Q", match.group())
