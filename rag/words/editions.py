"""Which edition a document is: the year, part of the year, day and version that its name or a question says.

English and Japanese, the years of Japanese eras too: "Q3 2023", "FY23", "2023年度第3四半期", "令和7年5月",
"2024年上期", "2025-07-24", "24 July 2025", "v2", "第2版".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from corpus.language import fold

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH_NAMES = (
    "(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    "|nov(?:ember)?|dec(?:ember)?)"
)
_ERAS = {"令和": 2018, "平成": 1988, "昭和": 1925, "r": 2018, "h": 1988, "s": 1925}
_ORDINALS = {
    name: number
    for number, names in enumerate(
        (
            "first 1st 一 上",
            "second 2nd 二 下",
            "third 3rd 三",
            "fourth 4th 四",
            "fifth 5th 五",
            "sixth 6th 六",
            "seventh 7th 七",
            "eighth 8th 八",
            "ninth 9th 九",
            "tenth 10th 十",
        ),
        start=1,
    )
    for name in names.split()
}


def _pattern(expression: str) -> re.Pattern[str]:
    """Compiles what is looked for in a folded text. Of words ASCII's alone: 規程v2 has a boundary before its v."""
    return re.compile(expression, re.ASCII)


_CENTURY = r"(?:19|20)\d\d"
_YEAR = rf"(?:(?<!\d){_CENTURY}(?!\d)|(?<!\d){_CENTURY}(?=(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\d)))"
_YEARS = _pattern(_YEAR)
_SHORT_YEAR = _pattern(
    r"\bfy\s?'?(\d\d)(?!\d)|(?<!\d)[1-4]q'?(\d\d)\b|(?<![\da-z])(?<!令和)(?<!平成)(?<!昭和)(?<!大正)(?<!明治)(?<!第)(\d\d)年度"
)
_ERA = _pattern(r"(令和|平成|昭和|\b[rhs](?=(?:元|\d{1,2})年))\s?(元|\d{1,2})年?")
_QUARTER = _pattern(
    r"(?<![a-z])q\s?([1-4])(?!\d)|(?<!\d)([1-4])q(?![a-z])"
    r"|\b(first|second|third|fourth|1st|2nd|3rd|4th) quarter|第?([1-4一二三四])[・\s]?四半期"
)
_HALF = _pattern(r"\bh([12])\b|(?<!\d)([12])h\b|\b(first|second|1st|2nd) half\b|(?<!以)([上下])半?期")
_NUMBERED_DAY = _pattern(
    rf"{_YEAR}(?:\s(0[1-9]|1[0-2]|[1-9](?=\s\d))(?:\s(0[1-9]|[12]\d|3[01]|[1-9]))?(?!\d)"
    r"|(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01]))|(?<!\d)(\d{1,2})\s?月(?:\s?(\d{1,2})\s?日)?"
)
_NAMED_DAY = _pattern(
    rf"(?:(?<![a-z\d])(\d{{1,2}})(?:st|nd|rd|th)?\s?(?:of\s)?|{_YEAR}\s)?(?<![a-z]){_MONTH_NAMES}(?![a-z])"
    rf"(?:\s?(\d{{1,2}})(?:st|nd|rd|th)?(?!\d))?,?(?:\s?{_YEAR})?"
)
_VERSION = _pattern(
    r"\bv(?:er(?:sion)?)?\s?(\d{1,3})(?:\s(\d{1,3})(?:\s(\d{1,3}))?)?\b|\brev(?:ision)?\s?(\d{1,3})\b"
    r"|バージョン\s?(\d{1,3})(?!\d)|(?:第|改訂|改定|\b)\s?(\d{1,3})\s?版|第([一二三四五六七八九十])版"
    rf"|\b(\d{{1,3}})(?:st|nd|rd|th) edition\b|\b({'|'.join(one for one in _ORDINALS if one[-1] in 'tdh')}) edition\b"
)
_MARKS = _pattern(
    rf"{_ERA.pattern}度?|(?<!\d){_CENTURY}\d{{4}}(?!\d)"
    rf"|\bfy\s?'?(?:{_YEAR}|\d\d)(?:\s\d\d\b)?|{_SHORT_YEAR.pattern}"
    rf"|{_NAMED_DAY.pattern}|{_YEAR}(?:\s?年度?)?(?:\s\d\d?\b(?![回号巻章部]))*"
    rf"|{_QUARTER.pattern}|{_HALF.pattern}|{_VERSION.pattern}|\d{{1,2}}月(?:\d{{1,2}}日)?"
    r"|(?:改訂|改定|新|旧|最新)?版|(?:改訂|改定)|\b(?:edition|version|final|draft|latest|old|new|revised|updated)\b"
)
_PUT_AWAY = _pattern(r"\b(?:archived?s?|superseded|previous|past|history|backup)\b|アーカイブ|過去|旧|廃止")
_OF_ITS_DAY = _pattern(
    r"\b(?:minutes|agendas?|meetings?|invoices?|payslips?|newsletters?|timesheets?|diary|logs?|letters?)\b"
    r"|議事録|会議|取締役会|総会|理事会|請求書|納品書|見積書|領収書|注文書|給与明細|[日週月]報|社内報"
)
_OF_A_PERIOD = _pattern(
    r"\b(?:reports?|reporting|results|earnings|accounts|quarterly|interim|10 ?[kq])\b"
    r"|決算|短信|業績|実績|四半期|半期|報告書?|統計|白書"
)
"""Of the quarter or year it reports on, which the next one leaves as it was."""
_OF_A_TIME = _pattern(f"{_OF_ITS_DAY.pattern}|{_OF_A_PERIOD.pattern}")
_OF_RULES = _pattern(
    r"\b(?:polic(?:y|ies)|rules?|guide(?:lines?)?|handbook|manual|procedures?|terms|templates?|charter)\b"
    r"|規程|規則|規定|要領|要項|手引|マニュアル|ガイド|ひな形|様式"
)
_OF_PRICES = _pattern(
    r"\b(?:pric(?:es?|ing)|rates?|tariffs?|fees?|catalogues?|catalogs?)\b|価格|料金|単価|カタログ"
)
KINDS = _pattern(
    rf"{_OF_A_TIME.pattern}|{_OF_RULES.pattern}"
    r"|\b(?:books?|brochures?|catalogues?|catalogs?|datasheets?|documents?|faqs?|forms?|lists?|notes?|overview|plans?"
    r"|sheets?|specifications?)\b|一覧|表|書|集|案内|資料|概要"
)
"""What says of which kind a document is, not what it is about."""
_SHORTEST_WORK = 3
"""In bytes of UTF-8: three letters, or one kanji."""


@dataclass(frozen=True, slots=True)
class Edition:
    """When a document is of, by its name: (year, month or the last of the quarter or half, day, version, its minor
    ones), 0 for what the name does not say; ``work`` is the rest of the name, "" where too little is left of it.
    """

    moment: tuple[int, ...] = ()
    work: str = ""


UNDATED = Edition()


def edition_of(name: str) -> Edition:
    """Reads a name, or a path without its suffix."""
    spaced, dated = spaced_out(name), dated_part(name)
    found, (month, day) = years(dated), _days(dated)[-1]
    if not month:
        month = max([3 * one for one in quarters_of(dated)] + [6 * one for one in _halves(dated)], default=0)
    parts = [spaced_out(part) for part in name.split("/")]
    version = next((numbered for part in reversed(parts) for numbered in _versions(part)[:1]), [])
    moment = (max(found, default=0), month if found else 0, day if found else 0, *version)
    moment += (0,) * (5 - len(moment))
    work = " ".join(re.sub(r"[^\w]+", " ", _MARKS.sub(" ", spaced)).split())
    return Edition(moment if any(moment) else (), work if len(work.encode()) >= _SHORTEST_WORK else "")


def superseded(documents: Sequence[tuple[str, str]]) -> dict[int, int]:
    """Returns which of these documents, each a (title, path), have a newer edition among them: index → the newest's.

    Editions of one work have a path in common but for dates, versions and folders that only put things away
    (``archive/``, 旧), or the title and the file's name. What is of its own day (minutes, invoices) is no edition of
    another day's.
    """
    found: dict[int, int] = {}
    moments = [_moment(title, path) for title, path in documents]
    for family in _families(documents, moments):
        for at in family:
            newest = max([found.get(at, at), *family], key=lambda one: moments[one])
            if _is_newer(moments[newest], moments[at]):
                found[at] = newest
    return found


def editions_of(documents: Sequence[tuple[str, str]], at: int) -> list[int]:
    """Returns which of these documents are editions of one work with the one at an index, itself among them, oldest
    first, one of each moment; itself alone where there is no other.
    """
    moments = [_moment(title, path) for title, path in documents]
    members = {one for family in _families(documents, moments) if at in family for one in family} | {at}
    kept: dict[tuple[int, ...], int] = {moments[at]: at}
    for one in sorted(members):
        if bool(moments[one][:1] and moments[one][0]) == bool(moments[at][:1] and moments[at][0]):
            kept.setdefault(moments[one], one)
    return [kept[moment] for moment in sorted(kept)]


def edition_of_year(years: Mapping[int, int], year: int) -> int | None:
    """Returns which of some editions, each with the year in which it came (0: not known), was in force in a year: the
    last of those that had come by then; None where none had.
    """
    return max(
        (one for one, own in years.items() if 0 < own <= year),
        key=lambda one: (years[one], one),
        default=None,
    )


def edition_name(title: str, path: str) -> str:
    """Returns the year or the version by which a document's name says which edition it is; "" where it says none."""
    moment = _moment(title, path)
    if not moment:
        return ""
    return str(moment[0]) if moment[0] else "v" + ".".join(str(one) for one in moment[3:] if one)


def undated_beside(documents: Sequence[tuple[str, str]]) -> list[int]:
    """Returns which of these documents do not say by their name which edition they are, while another of the same work
    is among them: what is in force often stands under the plain name, beside last year's.
    """
    moments = [_moment(title, path) for title, path in documents]
    works: dict[tuple[str, ...], list[int]] = {}
    for at, (title, path) in enumerate(documents):
        for key in _keys(title, path, moments[at]):
            works.setdefault(key, []).append(at)
    return sorted({at for family in works.values() if len(family) > 1 for at in family if not moments[at]})


def _families(
    documents: Sequence[tuple[str, str]], moments: Sequence[tuple[int, ...]]
) -> Iterable[list[int]]:
    works: dict[tuple[str, ...], list[int]] = {}
    for at, (title, path) in enumerate(documents):
        for key in _keys(title, path, moments[at]) if moments[at] else ():
            works.setdefault(key, []).append(at)
    return works.values()


def _keys(title: str, path: str, moment: tuple[int, ...]) -> list[tuple[str, ...]]:
    """Returns what the editions of a document's work have in common, each by itself enough."""
    keys: list[tuple[str, ...]] = [
        ("path", _PUT_AWAY.sub(" ", edition_of(path.rpartition(".")[0]).work).strip()),
        ("title", edition_of(title).work, edition_of(_stem(path)).work),
    ]
    if _OF_ITS_DAY.search(spaced_out(f"{title} {path}")) and not _OF_RULES.search(
        spaced_out(f"{title} {_stem(path)}")
    ):
        keys = [(*key, repr(moment[:3])) for key in keys]
    return [tuple(" ".join(part.split()) for part in key) for key in keys if all(key)]


def holds_on(title: str, path: str) -> bool:
    """Says whether a document is of rules or prices, which hold until they are changed."""
    name = spaced_out(f"{title} {_stem(path)}")
    return bool(_OF_RULES.search(name) or _OF_PRICES.search(name))


def is_of_a_time(title: str, path: str) -> bool:
    """Says whether a document tells of a day, a quarter or a year, which a later one of its kind leaves as it was: a
    report, minutes, and what is named by a quarter or half of a year.
    """
    name = spaced_out(f"{title} {_stem(path)}")
    return not holds_on(title, path) and bool(_OF_A_TIME.search(name) or quarters_of(name) or _halves(name))


def _moment(title: str, path: str) -> tuple[int, ...]:
    whole = path.rpartition(".")[0]
    return next((one for one in (edition_of(name).moment for name in (_stem(path), whole, title)) if one), ())


def _stem(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[0]


def _is_newer(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Says whether one moment is later; a year and a version by itself cannot be compared."""
    return bool(one[0]) == bool(other[0]) and one > other


def dated_part(path: str) -> str:
    """Returns the end of a path that says its year, spaced out: the name, or the nearest folder and what is in it;
    the whole path where nothing does.
    """
    parts = path.split("/")
    at = next((at for at in range(len(parts) - 1, -1, -1) if years(spaced_out(parts[at]))), 0)
    return spaced_out("/".join(parts[at:]))


def periods_of(spaced: str) -> frozenset[str]:
    """Returns what a text that :func:`spaced_out` gave says of a time or a version, in one spelling: "2023", "q3",
    "half-1", "month-7" and "month-7-24", "v2" and "v2.1".
    """
    versions = [".".join(map(str, one[:n])) for one in _versions(spaced) for n in range(1, len(one) + 1)]
    days = [(month, day) for month, day in _days(spaced) if month]
    return frozenset(
        [str(year) for year in years(spaced)]
        + [f"q{quarter}" for quarter in quarters_of(spaced)]
        + [f"half-{half}" for half in _halves(spaced)]
        + [f"month-{month}" for month, _ in days]
        + [f"month-{month}-{day}" for month, day in days if day]
        + [f"v{version}" for version in versions]
    )


def years(spaced: str) -> list[int]:
    """Returns the years in a folded text, those of Japanese eras as common ones."""
    eras = [_ERAS[era] + (1 if year == "元" else int(year)) for era, year in _ERA.findall(spaced)]
    short = [2000 + int(next(filter(None, found))) for found in _SHORT_YEAR.findall(spaced)]
    return [int(year) for year in _YEARS.findall(spaced)] + short + eras


def quarters_of(spaced: str) -> set[int]:
    """Returns the quarters in a folded text, 1 to 4."""
    return {_number(match) for match in _QUARTER.finditer(spaced)}


def _halves(spaced: str) -> set[int]:
    return {_number(match) for match in _HALF.finditer(spaced)}


def _days(spaced: str) -> list[tuple[int, int]]:
    """Returns the (month, day) of every date, day 0 for none; (0, 0) before them."""
    found = [(0, 0)]
    for match in _NUMBERED_DAY.finditer(spaced):
        month, day = (
            int(one or 0) for one in (match[1] or match[3] or match[5], match[2] or match[4] or match[6])
        )
        found += [(month, day)] if month else []
    for match in _NAMED_DAY.finditer(spaced):
        if re.search(r"\d", match[0]):  # "may" and "march" by themselves are words
            found.append((_MONTHS.index(match[2][:3]) + 1, int(match[1] or match[3] or 0)))
    return found


def _versions(spaced: str) -> list[list[int]]:
    return [
        [_ORDINALS[one] if one in _ORDINALS else int(one) for one in match.groups() if one]
        for match in _VERSION.finditer(spaced)
    ]


def _number(match: re.Match[str]) -> int:
    one = next(filter(None, match.groups()))
    return _ORDINALS[one] if one in _ORDINALS else int(one)


def spaced_out(name: str) -> str:
    """Returns a name folded, with blanks for what parts words in names of files."""
    return re.sub(r"[_\-./]+", " ", fold(name))
