"""Years and quarters as a question asks about them and as a text tells of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from corpus.language import fold
from rag.words.editions import spaced_out, years
from rag.words.figures import figures
from rag.words.quarters import quarters

_CENTURY = r"(?<![\d.,])(?:19|20)\d\d(?![\d,]|\.\d)"
_SPAN = re.compile(
    rf"({_CENTURY})年?度?\s?(?:to|until|till|through|and|[-–—~〜～/]|から)\s?({_CENTURY}|\d\d(?!\d))"
)
"""2025 to 2027, 2025/26: what is said of a span is said of each of its years."""
_WRITTEN = re.compile(
    rf"(?:令和|平成|昭和)\s?(?:元|\d{{1,2}})年度?|\bfy\s?'?(?:{_CENTURY}|\d\d(?!\d))(?:[/-]\d\d(?!\d))?"
    rf"|{_CENTURY}(?:[/-]\d\d(?![\d-]))?(?:年度?)?"
)
_BOUND = re.compile(
    r"\b(?:before|after|since|until|till|by|from|to|through|than|between|and|iso|din|en|windows|office|server)\s?\Z"
    r"|[-–~〜～:]\s?\Z"
)
_BOUND_BEHIND = re.compile(
    r"\s?(?:[-–~〜～]|年?(?:以前|以降|以後|より前|から|まで)|(?:to|and|or later|onwards)\b)"
)


def asked_years(question: str) -> dict[int, str]:
    """Returns the years that a question asks about, each as it is written there.

    Those that only bound a time ("hired before 2020", 2020年以降) are none, nor are amounts ("2000 miles").
    """
    folded = fold(question)
    amounts = [(one.start, one.end) for one in figures(folded) if one.kind not in ("date", "code")]
    found: dict[int, str] = {}
    for match in _WRITTEN.finditer(folded):
        if any(start <= match.start() < end for start, end in amounts):
            continue
        if _BOUND.search(folded[: match.start()]) or _BOUND_BEHIND.match(folded, match.end()):
            continue
        for year in years(spaced_out(match.group()))[:1]:
            found.setdefault(year, match.group().replace("fy", "FY"))
    return found


def told_years(text: str) -> frozenset[int]:
    """Returns the years that a text names, and those within a span that it names."""
    folded = fold(text)
    found = set(years(spaced_out(folded)))
    for first, last in _SPAN.findall(folded):
        end = int(last) if len(last) == 4 else int(first[:2] + last)
        found |= set(range(int(first), end + 1)) if end - int(first) < 100 else set()
    return frozenset(found)


_QUARTER_OF = re.compile(
    r"(?:[1-4]q|q ?[1-4]|(?:first|second|third|fourth|1st|2nd|3rd|4th)[ -](?:fiscal |calendar )?quarter|quarter [1-4])"
    rf"[ ,]{{0,2}}(?:of )?(?:the )?(?:fiscal |financial |fy ?'?)?(?:year )?({_CENTURY}|\d\d(?=/\d\d(?!\d)))"
    rf"|({_CENTURY})(?:/\d\d)?(?:年度?)?[ _-]?の?(?:第?[1-4一二三四][・ ]?四半期|q ?[1-4]|[1-4]q)"
    r"|\bfy ?'?(\d\d)(?:/\d\d)? ?(?:q ?[1-4]|[1-4]q)"
)


def quarters_of_years(text: str) -> Iterator[tuple[int, int]]:
    """Yields (quarter, year) of each quarter that a text names with its year: "Q1 25/26", 2025年度第1四半期."""
    folded = re.sub(r"[_\-]", " ", fold(text))
    for match in _QUARTER_OF.finditer(folded):
        year = int(next(filter(None, match.groups())))
        for quarter, _ in quarters(match.group()):
            yield quarter, year if year > 99 else 2000 + year
