"""Which edition a document is: the year, part of the year, day and version that its name or a question says.

English and Japanese, the years of Japanese eras too: "Q3 2023", "2023年度第3四半期", "令和7年5月", "2025-07-24", "v2",
"第2版".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from corpus.language import fold

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH_NAMES = (
    "(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    "|nov(?:ember)?|dec(?:ember)?)"
)
_ERAS = {"令和": 2018, "平成": 1988, "昭和": 1925}
_ORDINALS = {
    name: number
    for number, names in enumerate(
        ("first 1st 一", "second 2nd 二", "third 3rd 三", "fourth 4th 四"), start=1
    )
    for name in names.split()
}

_YEAR = r"(?:(?<!\d)(?:19|20)\d\d(?!\d)|(?:19|20)\d\d(?=(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\d)))"
_QUARTER = re.compile(
    r"(?<![a-z])q\s?([1-4])(?!\d)|(?<!\d)([1-4])q(?![a-z])"
    r"|\b(first|second|third|fourth|1st|2nd|3rd|4th) quarter|第?([1-4一二三四])四半期"
)
_DAY = re.compile(
    rf"(?:{_YEAR})\s?(0[1-9]|1[0-2])(?:\s?(0[1-9]|[12]\d|3[01]))?(?!\d)|(?<!\d)(\d{{1,2}})\s?月(?:\s?(\d{{1,2}})\s?日)?"
)
_MONTH = re.compile(rf"\b{_MONTH_NAMES}\b(?:\s(\d{{1,2}})\b)?")
_ERA = re.compile(rf"({'|'.join(_ERAS)})\s?(元|\d{{1,2}})年?")
_VERSION = re.compile(
    r"\bv(?:er(?:sion)?)?\s?(\d{1,3})(?:\s(\d{1,3}))?\b|\brev(?:ision)?\s?(\d{1,3})\b"
    r"|第\s?(\d{1,3})\s?版|\b(\d{1,3})(?:st|nd|rd|th) edition\b"
)
_MARKS = re.compile(
    rf"{_ERA.pattern}度?|{_YEAR}\d{{4}}|fy\s?(?:{_YEAR}|\d\d)(?:\s\d\d\b)?|(?:{_YEAR})(?:\s?年度?)?(?:\s\d\d?\b)*"
    rf"|{_QUARTER.pattern}|{_VERSION.pattern}|\d{{1,2}}月(?:\d{{1,2}}日)?"
    rf"|{_MONTH.pattern}"
    r"|(?:改訂|改定|新|旧|最新)?版|(?:改訂|改定)|\b(?:edition|version|final|draft|latest|old|new|revised|updated)\b"
)
_SHORTEST_WORK = 3
"""In bytes of UTF-8: three letters, or one kanji."""


@dataclass(frozen=True, slots=True)
class Edition:
    """When a document is of, by its name: (year, month or the last of the quarter, day, version, its minor one), 0 for
    what the name does not say; ``work`` is the rest of the name, "" where too little is left of it.
    """

    moment: tuple[int, ...] = ()
    work: str = ""


UNDATED = Edition()


def edition_of(name: str) -> Edition:
    """Reads a name, or a path without its suffix."""
    spaced = spaced_out(name)
    found, date, quarters = years(spaced), _DAY.search(spaced), quarters_of(spaced)
    month = day = 0
    if date:
        month, day = int(date[1] or date[3]), int(date[2] or date[4] or 0)
    elif quarters:
        month = 3 * max(quarters)
    elif found and (named := _MONTH.search(spaced)):
        month, day = _MONTHS.index(named[1][:3]) + 1, int(named[2] or 0)
    version = _VERSION.search(spaced)
    numbers = _numbers(version) if version else []
    moment = (max(found, default=0), month if found else 0, day if found else 0, *[*numbers, 0, 0][:2])
    work = " ".join(re.sub(r"[^\w]+", " ", _MARKS.sub(" ", spaced)).split())
    return Edition(moment if any(moment) else (), work if len(work.encode()) >= _SHORTEST_WORK else "")


def years(spaced: str) -> list[int]:
    """Returns the years in a folded text, those of Japanese eras as common ones."""
    eras = [_ERAS[era] + (1 if year == "元" else int(year)) for era, year in _ERA.findall(spaced)]
    return [int(year) for year in re.findall(_YEAR, spaced)] + eras


def quarters_of(spaced: str) -> set[int]:
    """Returns the quarters in a folded text, 1 to 4."""
    found = (next(filter(None, match.groups())) for match in _QUARTER.finditer(spaced))
    return {_ORDINALS[one] if one in _ORDINALS else int(one) for one in found}


def versions_of(spaced: str) -> frozenset[str]:
    """Returns the versions in a text that :func:`spaced_out` gave, as "v2", and "v2.1" beside it."""
    found = [_numbers(match) for match in _VERSION.finditer(spaced)]
    return frozenset(f"v{'.'.join(map(str, one[:n]))}" for one in found for n in range(1, len(one) + 1))


def _numbers(version: re.Match[str]) -> list[int]:
    return [int(one) for one in version.groups() if one]


def spaced_out(name: str) -> str:
    """Returns a name folded, with blanks for what parts words in names of files."""
    return re.sub(r"[_\-./]+", " ", fold(name))
