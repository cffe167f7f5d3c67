"""Years of Japanese eras as common ones: 令和7年 is 2025年."""

from __future__ import annotations

from collections.abc import Iterator

from corpus.language.kanji import in_figures, read_kanji
from corpus.patterns import pattern

ERAS = {"明治": 1867, "大正": 1911, "昭和": 1925, "平成": 1988, "令和": 2018}
"""A Japanese era → the year before its first."""

# A letter behind a word in katakana, or apart from its number, is of a name: プランS3年契約, タイプR 5年保証.
_LETTERS = {"s": "昭和", "h": "平成", "r": "令和"}
_YEAR = pattern(
    rf"(?P<era>{'|'.join(ERAS)}|(?<![A-Za-z\dァ-ー])[SHRshr](?=[元\d]))\s?"
    r"(?P<year>元|\d{1,2}|[一二三四五六七八九]?十?[一二三四五六七八九]|[一二三四五六七八九]?十)(?=\s?年)"
)


def era_years(text: str) -> Iterator[tuple[int, int, int]]:
    """Yields (start, end, year) of each year of an era that a text names, the 年 behind it not included: 令和7年,
    平成三十年, 昭和元年, R7年.
    """
    for match in _YEAR.finditer(text) if "年" in text else ():
        era = match["era"].lower()
        yield *match.span(), ERAS[_LETTERS.get(era, era)] + _number(match["year"])


def in_common_years(text: str) -> str:
    """Returns a text with the years of eras as common ones."""
    return in_figures(text, era_years(text))


def _number(written: str) -> int:
    if written == "元":
        return 1
    return int(written) if written.isdecimal() else read_kanji(written) or 0
