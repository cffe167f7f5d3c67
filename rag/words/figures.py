"""The numbers, dates, times, amounts and codes of a text, each in one spelling, and where they stand.

１，０００ is 1,000 is 1000; "12 March 2025" is 2025-03-12 is 2025年3月12日 is 令和七年三月十二日; "5 pm" is 17:00
is 午後5時; "60 minutes" is one hour, and 50 % is 5割. Offsets count code points of the text given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from corpus.language import normalise
from corpus.language.eras import ERAS
from corpus.language.kanji import KANJI, read_kanji
from rag.words.numerals import MONEY, MONTHS, ONES, SCALES, TENS, UNITS, read_words

Kind = Literal["number", "percent", "money", "date", "time", "measure", "code"]


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure, ``text[start:end]`` of what was read.

    ``value``: of a date "2025-03-12", "2025-03", "2025" or "--03-12"; of a time "17:00"; of a code its letters and
    figures; else a decimal number in ``unit``, the smallest of its dimension ("s", "month", "m", "GBP", "%"; a
    counter such as 人; "" for none). ``written`` is the number as it stands, without unit and multiplier.
    """

    kind: Kind
    value: str
    unit: str
    written: str
    start: int
    end: int
    text: str

    @property
    def key(self) -> tuple[str, str]:
        """What two spellings of the same figure have in common."""
        return self.value, self.unit


# ---- patterns, on normalised text ----------------------------------------------------------------


def _any(words: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_ENDS = r"(?![a-z\d])"
_N = r"(?:\d{1,4}|[〇一二三四五六七八九十]{1,4}|元)"
_YEAR = r"(?:19|20)\d\d"
_SHORT_MONTH = "(?<=jan|feb|mar|apr|jun|jul|aug|sep|oct|nov|dec|ept)"
_MONTH = rf"(?:{_any(MONTHS)}){_ENDS}(?:{_SHORT_MONTH}\.)?"
_DAY = r"[0-3]?\d"
_TH = "(?:st|nd|rd|th)?"
_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_SCALE_JA = "百万|千万|十億|兆|億|万|千|百"
_SCALED_JA = rf"(?:{_NUMBER})(?:(?:{_SCALE_JA})(?:\d+(?:,\d{{3}})*)?)+"
_CURRENCY = r"us\$|[$€£¥]|(?<![a-z])(?:usd|eur|gbp|jpy|czk|chf)\s?"
_SPELLINGS = {**UNITS, **MONEY}
_LATIN = _any(one for one in _SPELLINGS if one.isascii() or one in ("kč", "°", "°c"))
_UNSPACED = _any(one for one in _SPELLINGS if not one.isascii() and one not in ("kč", "°", "°c"))
_QUALIFIED = (
    r"(?:(?:full|[a-z]{3,}ing|engine|service|flight|machine|business|calendar|consecutive|successive|continuous|whole|net"
    r"|paid|additional|further|extra|more)\s)?"
)
"""What stands between a number and its unit: 6,000 operating hours, ten working days."""
_PERCENT = rf"%|(?:percentage points|percent|per cent){_ENDS}|パーセント"
_UNIT = (
    rf"(?:\s?(?P<percent>{_PERCENT})|\s?(?P<ja>{_UNSPACED})"
    rf"|[\s-]?{_QUALIFIED}(?P<latin>{_LATIN}){_ENDS}|{_TH}{_ENDS})"
)
_WORDS = rf"(?:{_any(TENS)})(?:[ -](?:{_any(list(ONES)[1:10])}))?|{_any(ONES)}"

_FORMS = {
    "iso": rf"(?<![\d.])(?P<y1>{_YEAR})(?P<sep>[-/.])(?P<m1>\d?\d)(?P=sep)(?P<d1>\d?\d)(?!\d)",
    "slashed": rf"(?<![\d./-])(?P<a>{_DAY})(?P<sep2>[/.])(?P<b>{_DAY})(?P=sep2)(?P<y2>{_YEAR})(?!\d)",
    "ja_year": rf"(?:(?P<era>{_any(ERAS)})(?P<ye>{_N})|(?P<y3>1\d{{3}}|20\d\d|二〇[〇一二三四五六七八九]{{2}}))"
    rf"年(?!間|以上)"
    rf"(?:度|(?P<m3>{_N})月(?:(?P<d3>{_N})日)?)?",
    "ja_day": rf"(?P<m4>{_N})月(?:(?P<d4>{_N})日|(?![{KANJI}間]))",
    "day_month": rf"(?<![\d.,])(?P<d5>{_DAY}){_TH}(?:\sof)?\s(?P<m5>{_MONTH})(?:,?\s(?P<y5>{_YEAR}))?(?!\d)",
    "month_day": rf"(?<![a-z])(?P<m6>{_MONTH})\s(?P<d6>{_DAY}){_TH}(?!\d|[.,:]\d)(?:,?\s(?P<y6>{_YEAR})(?!\d))?",
    "month_year": rf"(?<![a-z])(?P<m7>{_MONTH}),?\s(?P<y7>{_YEAR})(?!\d)",
    "ja_time": rf"(?P<half>午前|午後)?(?P<h1>{_N})時(?!間)(?:(?P<n1>{_N})分(?!間)|(?P<semi>半))?",
    "clock": r"(?<![\d:.])(?P<h2>\d?\d):(?P<n2>\d\d)(?::\d\d)?(?:\s?(?P<ap2>[ap])\.?m(?![a-z\d])\.?)?(?![\d:])",
    "am_pm": r"(?<![\d:.])(?P<h3>1[0-2]|0?\d)(?:[.:](?P<n3>[0-5]\d))?\s?(?P<ap3>[ap])\.?m(?![a-z\d])\.?",
    "fiscal": rf"(?<![a-z\d])fy\s?(?P<y8>{_YEAR})(?!\d)",
    "tenths": r"(?P<t1>\d+(?:\.\d+)?|[一二三四五六七八九])割(?:(?P<t2>[\d一二三四五六七八九])分)?",
    "number": rf"(?P<sign>(?<![\w\d)\]])-(?=[\d$€£¥])|マイナス|minus\s)?(?P<cur>{_CURRENCY})?(?<![\d.])(?<![a-z])"
    rf"(?P<digits>{_SCALED_JA}|{_NUMBER})(?!\d)"
    rf"(?:\s?(?P<scale>thousand|million|billion|trillion|mn|bn|tn){_ENDS}|(?P<short>[km]){_ENDS})?{_UNIT}",
    "code": r"(?<![a-z\d])"
    r"(?P<c>(?:[a-z]{1,8}(?:[-_./](?!(?:19|20)\d\d(?!\d)))?\d|\d+[a-z])[a-z\d]*(?:[-_./][a-z\d]+)*)",
    "kanji": rf"(?P<zh>[{KANJI}]{{1,24}})(?P<zhu>{_UNSPACED})",
    "word": rf"(?<![a-z-])(?P<n>(?:{_WORDS})(?:\shundred)?)(?:\s(?P<wscale>thousand|million|billion))?{_ENDS}"
    rf"(?:[\s-]{_QUALIFIED}(?P<wlatin>{_LATIN}){_ENDS})?",
}
_PATTERN = re.compile("|".join(f"(?P<{name}>{form})" for name, form in _FORMS.items()))
_MAY = re.compile(rf"[\d{KANJI}元]|\b(?:{_any([*ONES, *TENS])})\b", re.IGNORECASE)


def figures(text: str) -> list[Figure]:
    """Returns the figures of a text, in order; none for a text without a digit or a numeral.

    "One" is a figure of value 1; a numeral in kanji is one where a counter follows it. What looks like a date or a
    time and is none (31 September) is a code: a figure that equals nothing else.
    """
    if not _MAY.search(text):
        return []
    source = normalise(text)
    found: list[Figure] = []
    for match in _PATTERN.finditer(source.text):
        form = next(name for name in _FORMS if match[name] is not None)
        read = _READERS[form](match)
        if read is None:
            continue
        whole = match.group()
        first, last = match.start() + len(whole) - len(whole.lstrip()), match.start() + len(whole.rstrip())
        start, end = source.span(first, last)
        if found and start < found[-1].end:  # two of one character: "0¼" unfolds to "01⁄4"
            continue
        found.append(Figure(*read, start, end, text[start:end]))
    return found


# ---- reading -------------------------------------------------------------------------------------

_Read = tuple[Kind, str, str, str] | None


def _date(year: str | int | None, month: str | int | None, day: str | int | None) -> _Read:
    y, m, d = (_int(one) for one in (year, month, day))
    if (m is not None and not 1 <= m <= 12) or (d is not None and not 1 <= d <= 31):
        no_date = f"{year or ''}?{month}?{day or ''}"  # a figure all the same, and like no other
        return "code", no_date, "", no_date
    head = f"{y:04d}" if y else "-"
    value = head + (f"-{m:02d}" if m else "") + (f"-{d:02d}" if d else "")
    return "date", value, "", value


def _int(text: str | int | None) -> int | None:
    if text is None or isinstance(text, int):
        return text
    if text == "元":
        return 1
    return int(text) if text.isdecimal() else read_kanji(text)


def _slashed(match: re.Match[str]) -> _Read:
    """Day and month where the figures leave one reading; else the American and the European are both kept."""
    a, b, year = int(match["a"]), int(match["b"]), match["y2"]
    if a > 12 or a == b:
        return _date(year, b, a)
    if b > 12:
        return _date(year, a, b)
    value = f"{year}-{a:02d}-{b:02d}|{year}-{b:02d}-{a:02d}"
    return "date", value, "", value


def _ja_year(match: re.Match[str]) -> _Read:
    year = _int(match["y3"]) if match["y3"] else ERAS[match["era"]] + (_int(match["ye"]) or 1)
    return _date(year, match["m3"], match["d3"])


def _time(hour: int, minute: int, afternoon: bool | None) -> _Read:
    if afternoon is not None:
        hour = hour % 12 + 12 * afternoon
    if hour > 24 or minute > 59:
        no_time = f"{hour}:{minute}"
        return "code", no_time, "", no_time
    value = f"{hour:02d}:{minute:02d}"
    return "time", value, "", value


def _ja_time(match: re.Match[str]) -> _Read:
    half = match["half"]
    minute = 30 if match["semi"] else (_int(match["n1"]) or 0)
    return _time(_int(match["h1"]) or 0, minute, None if not half else half == "午後")


def _afternoon(letter: str | None) -> bool | None:
    return None if letter is None else letter == "p"


def _tenths(match: re.Match[str]) -> _Read:
    whole = Decimal(match["t1"]) if match["t1"][0].isdecimal() else Decimal(read_kanji(match["t1"]) or 0)
    value = _plain(whole * 10 + (_int(match["t2"]) or 0))
    return "percent", value, "%", value


def _number(match: re.Match[str]) -> _Read:
    digits, scale = match["digits"], match["scale"] or match["short"]
    money = (match["cur"] or "").strip()
    unit = (match["ja"] or match["latin"] or "").strip()
    if match["short"] and not (money or (scale == "k" and not unit)):
        unit, scale = ("m", None) if scale == "m" and not unit else (unit, scale)
    value = _scaled(digits) * (SCALES[scale] if scale else 1)
    if match["sign"]:
        value = -value
    written = _plain(_scaled(digits) if scale else value)
    if match["percent"]:
        return "percent", _plain(value), "%", written
    if money:
        currency, factor = MONEY[money]
        return "money", _plain(value * Decimal(factor)), currency, written
    if unit in MONEY and not (unit == "p" and match.group()[-2:-1] == " "):
        currency, factor = MONEY[unit]
        return "money", _plain(value * Decimal(factor)), currency, written
    if unit in UNITS:
        name, factor = UNITS[unit]
        return "measure", _plain(value * Decimal(factor)), name, written
    if re.fullmatch(r"(?:19|20)\d\d", digits) and not (scale or match["sign"]):
        return "date", digits, "", digits
    return "number", _plain(value), "", written


def _scaled(digits: str) -> Decimal:
    """Returns a number with its Japanese multipliers: 3万5千 is 35000."""
    digits = digits.replace(",", "")
    parts = re.findall(r"(\d+(?:\.\d+)?)(百万|千万|十億|兆|億|万|千|百)?", digits)
    return sum((Decimal(number) * SCALES.get(scale, 1) for number, scale in parts), Decimal(0))


def _code(match: re.Match[str]) -> _Read:
    value = re.sub(r"[^a-z\d]", "", match["c"])
    return "code", value, "", value


def _kanji(match: re.Match[str]) -> _Read:
    value, unit = read_kanji(match["zh"]), match["zhu"]
    # 十分 is "enough" unless more follows; 一時 never gets here, as it is a time of day.
    if value is None or match.group() in ("十分", "一種", "一点", "一口", "一等", "千人"):
        return None
    written = str(value)
    if unit in MONEY:
        currency, factor = MONEY[unit]
        return "money", _plain(value * Decimal(factor)), currency, written
    name, factor = UNITS[unit]
    return "measure", _plain(value * Decimal(factor)), name, written


def _word(match: re.Match[str]) -> _Read:
    value = read_words(re.split(r"[ -]", match["n"]))
    written = str(value)
    scaled = value * SCALES.get(match["wscale"] or "", 1)
    unit = match["wlatin"] or ""
    table = UNITS if unit in UNITS else MONEY
    if unit in table:
        name, factor = table[unit]
        return "measure" if table is UNITS else "money", _plain(scaled * Decimal(factor)), name, written
    return "number", _plain(Decimal(scaled)), "", written


def _plain(value: Decimal) -> str:
    text = format(value.normalize(), "f")
    return "0" if text == "-0" else text


def _month(name: str) -> int:
    return MONTHS[name.rstrip(".")]


_READERS: dict[str, Callable[[re.Match[str]], _Read]] = {
    "iso": lambda m: _date(m["y1"], m["m1"], m["d1"]),
    "slashed": _slashed,
    "ja_year": _ja_year,
    "ja_day": lambda m: _date(None, m["m4"], m["d4"]),
    "day_month": lambda m: _date(m["y5"], _month(m["m5"]), m["d5"]),
    "month_day": lambda m: _date(m["y6"], _month(m["m6"]), m["d6"]),
    "month_year": lambda m: _date(m["y7"], _month(m["m7"]), None),
    "ja_time": _ja_time,
    "clock": lambda m: _time(int(m["h2"]), int(m["n2"]), _afternoon(m["ap2"])),
    "am_pm": lambda m: _time(int(m["h3"]), int(m["n3"] or 0), _afternoon(m["ap3"])),
    "fiscal": lambda m: _date(m["y8"], None, None),
    "tenths": _tenths,
    "number": _number,
    "code": _code,
    "kanji": _kanji,
    "word": _word,
}


# ---- comparing -----------------------------------------------------------------------------------


def same(one: Figure, other: Figure) -> bool:
    """Says whether two figures say the same. A unit or a "million" that only one of them has does not part them: in
    a table it stands elsewhere.
    """
    if one.kind == "date" and other.kind == "date":
        return _dates_agree(one.value, other.value)
    if "code" in (one.kind, other.kind) or "time" in (one.kind, other.kind):
        return one.kind == other.kind and one.value == other.value
    if one.unit and other.unit:
        return one.key == other.key
    bare = one.value == one.written or other.value == other.written
    return one.value == other.value or (bare and one.written == other.written)


_BEFORE_NUMBERING = re.compile(
    r"第\s?\Z|(?:§|№)\s?\Z|\b(?:sections?|sect?\.|articles?|art\.|clauses?|paragraphs?|para\.|chapters?|parts?|annex|appendix"
    r"|schedules?|rules?|items?|steps?|tables?|figures?|fig\.|pages?|notes?|no\.|nos\.)\s?\Z",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"[条項号章節編款]\Z")
_AS_NUMBERED = re.compile(r"(?:(?:\.\d+)+\.?|[.)）．])\s+[^\W\d]")


def is_numbering(text: str, figure: Figure) -> bool:
    """Says whether a figure of a text numbers a part of a document (第13条, "Section 4", "3.2 Leave …"): it says where
    something is said, not what.
    """
    before = text[: figure.start]
    if _BEFORE_NUMBERING.search(before) and (figure.kind == "number" or _NUMBERED.search(figure.text)):
        return True
    begins = not before.strip(" (（") and figure.kind == "number"
    return (
        begins
        and _AS_NUMBERED.match(text, figure.end - len(figure.text.lstrip("0123456789０１２３４５６７８９")))
        is not None
    )


def borne_out(claimed: Figure, present: Iterable[Figure]) -> bool:
    """Says whether a figure stands among others. A date may be put together: its day from one, its year from
    another.
    """
    present = list(present)
    if any(same(claimed, one) for one in present if not _is_vaguer(one, claimed)):
        return True
    if claimed.kind != "date":
        return False
    dates = [one.value for one in present if one.kind == "date"]
    year, _, rest = claimed.value.partition("-")
    return any(
        value.endswith("-" + rest) and any(year == other.split("-")[0] for other in dates)
        for value in dates
        if rest
    )


def _is_vaguer(one: Figure, other: Figure) -> bool:
    """Says whether the first is a date that says less than the second."""
    return one.kind == other.kind == "date" and len(_parts(one.value)) < len(_parts(other.value))


def _dates_agree(one: str, other: str) -> bool:
    """Says whether two dates agree in everything that both of them say."""
    return any(
        set(first.items()) <= set(second.items()) or set(second.items()) <= set(first.items())
        for first in map(_parts, one.split("|"))
        for second in map(_parts, other.split("|"))
    )


def _parts(value: str) -> dict[str, str]:
    year, month, day = (*value.split("|")[0].replace("--", "-", 1).split("-"), "", "")[:3]
    return {name: part for name, part in (("y", year), ("m", month), ("d", day)) if part}
