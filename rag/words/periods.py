"""Years and quarters (Q3, FY24Q3, third quarter, 第3四半期) as a question asks about them and a text tells of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from corpus.language import fold
from rag.words.editions import spaced_out, years
from rag.words.figures import figures

_CENTURY = r"(?<![\d.,])(?:19|20)\d\d(?![\d,]|\.\d)"
_SPAN = re.compile(
    rf"({_CENTURY})年?度?\s?(?:to|until|till|through|and|[-–—~〜～/]|から)\s?({_CENTURY}|\d\d(?!\d))"
)
"""2025 to 2027, 2025/26: what is said of a span is said of each of its years."""
_YEAR_ENDED = re.compile(
    rf"({_CENTURY})年[1-6]月期|\b(?:year|(?:twelve|12) months) end(?:ed|ing) (?:on )?(?:\d{{1,2}}(?:st|nd|rd|th)? )?"
    rf"(?:jan|feb|mar|apr|may|june?)[a-z]*\.?(?: \d{{1,2}},?)? ({_CENTURY})"
)
"""2024年3月期, "year ended 31 March 2024": more of it is of the year before."""
_WRITTEN = re.compile(
    rf"(?:令和|平成|昭和)\s?(?:元|\d{{1,2}})年度?|\bfy\s?'?(?:{_CENTURY}|\d\d(?!\d))(?:[/-]\d\d(?!\d))?"
    rf"|{_CENTURY}(?:[/-]\d\d(?![\d-]))?(?:年[1-6]月期|年度?)?"
)
_BOUND = re.compile(
    r"\b(?:before|after|since|until|till|by|from|to|through|than|between|and|iso|din|en|windows|office|server)\s?\Z"
    r"|[-–~〜～:]\s?\Z"
)
_BOUND_CHARS = 9  # the longest of these words, and a blank
_BOUND_BEHIND = re.compile(
    r"\s?(?:[-–~〜～]|年?(?:以前|以降|以後|より前|から|まで)|(?:to|and|or later|onwards)\b)"
)


def asked_years(question: str) -> dict[int, str]:
    """Returns the years that a question asks about, each as it is written there; of one that lies in two ("2024/25",
    2024年3月期) both.

    Those that only bound a time ("hired before 2020", 2020年以降) are none, nor are amounts ("2000 miles").
    """
    folded = fold(question)
    amounts = [(one.start, one.end) for one in figures(folded) if one.kind not in ("date", "code")]
    found: dict[int, str] = {}
    for match in _WRITTEN.finditer(folded):
        if any(start <= match.start() < end for start, end in amounts):
            continue
        begins = match.start()
        if _BOUND.search(folded, max(0, begins - _BOUND_CHARS), begins):
            continue
        if _BOUND_BEHIND.match(folded, match.end()):
            continue
        written = match.group()
        for year in sorted({*years(spaced_out(written))[:1], *_both(written)}):
            found.setdefault(year, written.replace("fy", "FY"))
    return found


def told_years(text: str) -> frozenset[int]:
    """Returns the years that a text names, and those within a span that it names."""
    folded = fold(text)
    return frozenset({*years(spaced_out(folded)), *_both(folded)})


def _both(folded: str) -> set[int]:
    """Returns the years of the spans in a text, those of years that end in the next one, too."""
    found = set()
    for first, last in _SPAN.findall(folded):
        end = int(last) if len(last) == 4 else int(first[:2] + last)
        found |= set(range(int(first), end + 1)) if end - int(first) < 100 else set()
    for match in _YEAR_ENDED.finditer(folded):
        year = int(match[1] or match[2])
        found |= {year - 1, year}
    return found


_NUMBERS = {
    name: number
    for names in ("1234", "一二三四", ("first", "second", "third", "fourth"), ("1st", "2nd", "3rd", "4th"))
    for number, name in enumerate(names, 1)
}
_QUARTER = re.compile(
    r"(?<![a-z])q ?([1-4])(?![a-z\d])|(?<!\d)([1-4])q(?![a-z\d])|第?([1-4一二三四])[・ ]?四半期"
    r"|\b(first|second|third|fourth|1st|2nd|3rd|4th)[ -](?:fiscal |calendar )?quarter\b|\bquarter ([1-4])\b"
)
_QUARTER_OF = re.compile(
    r"(?:[1-4]q|q ?[1-4]|(?:first|second|third|fourth|1st|2nd|3rd|4th)[ -](?:fiscal |calendar )?quarter|quarter [1-4])"
    rf"[ ,]{{0,2}}(?:of )?(?:the )?(?:fiscal |financial |fy ?'?)?(?:year )?({_CENTURY}|\d\d(?=/\d\d(?!\d)))"
    rf"|({_CENTURY})(?:/\d\d)?(?:年度?)?[ _-]?の?(?:第?[1-4一二三四][・ ]?四半期|q ?[1-4]|[1-4]q)"
    r"|\bfy ?'?(\d\d)(?:/\d\d)? ?(?:q ?[1-4]|[1-4]q)"
)


def quarters(text: str) -> Iterator[tuple[int, str]]:
    """Yields which quarters of a year a text speaks of, 1 to 4, and how it writes each."""
    for match in _QUARTER.finditer(fold(text)):
        yield _NUMBERS[next(filter(None, match.groups()))], re.sub("q(?!u)", "Q", match.group())


def quarters_of_years(text: str) -> Iterator[tuple[int, int]]:
    """Yields (quarter, year) of each quarter that a text names with its year: "Q1 25/26", 2025年度第1四半期."""
    folded = re.sub(r"[_\-]", " ", fold(text))
    for match in _QUARTER_OF.finditer(folded):
        year = int(next(filter(None, match.groups())))
        for quarter, _ in quarters(match.group()):
            yield quarter, year if year > 99 else 2000 + year
