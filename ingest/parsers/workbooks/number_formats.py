"""Numbers as a spreadsheet shows them: percentages, currency, thousands, leading zeros, brackets for minus.

Which format shows what stands in :mod:`ingest.parsers.workbooks.number_sections`; here it is told from plain formats
and those of dates, by number and by style.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from math import isfinite

from corpus.patterns import pattern
from ingest.parsers.workbooks.number_sections import sections, show_plainly

BUILT_IN = {
    1: "0",
    2: "0.00",
    3: "#,##0",
    4: "#,##0.00",
    5: '"$"#,##0;-"$"#,##0',
    6: '"$"#,##0;-"$"#,##0',
    7: '"$"#,##0.00;-"$"#,##0.00',
    8: '"$"#,##0.00;-"$"#,##0.00',
    9: "0%",
    10: "0.00%",
    12: "# ?/?",
    13: "# ??/??",
    17: "mmm-yy",
    37: "#,##0;(#,##0)",
    38: "#,##0;(#,##0)",
    39: "#,##0.00;(#,##0.00)",
    40: "#,##0.00;(#,##0.00)",
    41: '_(* #,##0_);_(* (#,##0);_(* "-"_);_(@_)',
    42: '_("$"* #,##0_);_("$"* (#,##0);_("$"* "-"_);_(@_)',
    43: '_(* #,##0.00_);_(* (#,##0.00);_(* "-"??_);_(@_)',
    44: '_("$"* #,##0.00_);_("$"* (#,##0.00);_("$"* "-"??_);_(@_)',
}
"""Formats by number that a file need not spell out (dates that show their day are not among them)."""

_PLAIN = frozenset({"general", "@", "", "standard"})
_DAY_ZERO = datetime(1899, 12, 30)
_LENGTH = pattern(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_HOURS = pattern("[hs]", re.IGNORECASE)
_DAYS = pattern("[ydeg]", re.IGNORECASE)
_GENERAL = pattern(r"general|\bg/\w{2}", re.IGNORECASE)
"""``G/標準`` and ``G/通用格式`` are its names in Japanese and Chinese."""
_LAST_DAY = 2_958_466  # the year 9999 ends
_WEEKDAY = pattern(r"[^a-z]*(d{3,4}|a{3,4})[^a-z]*", re.IGNORECASE)
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTH, _YEAR = "%Y-%m", "%Y"


def show_number(value: float, code: str) -> str:
    """Returns a number as a spreadsheet shows it under a format code, plainly where the code is not known.

    "" is what a code shows that leaves a number out (``0;-0;``, ``;;;``).
    """
    if value != value or value in (float("inf"), float("-inf")):
        return show_plainly(value)
    number = Decimal(repr(value))
    shown = None
    for section in sections(code):
        if section.takes(number):
            shown = section.show(number)
            if shown is None and is_date_format(section.code):
                shown = _show_moment(float(value), section.code)
            break
    return show_plainly(value) if shown is None else shown


def is_date_format(code: str) -> bool:
    """Says whether a format code shows a date or a time."""
    bare = _bare(code)
    return (
        not _GENERAL.search(bare)
        and bool(re.search("[ymdhseg]|aaa", bare, re.IGNORECASE))
        and not re.search(r"[0#?][eE][+-]", bare)
    )


def is_plain_format(code: str) -> bool:
    """Says whether a format code leaves a number as it is, or is one of a date, which is shown as an ISO date.

    Of a date is what python-calamine takes for one: the first section decides. Months, years and days of the week are
    shown as such.
    """
    first = code.partition(";")[0]
    return code.lower() in _PLAIN or (is_date_format(first) and not _part_of_date(first))


def show_part_of_date(moment: date, code: str) -> str:
    """Returns a date as it is read under a code that shows no day of a month, "" under any other."""
    part = _part_of_date(code.partition(";")[0])
    return _show_part(moment, part) if part else ""


def styled_formats(codes: Mapping[int, str], styles: Sequence[int]) -> dict[int, str]:
    """Returns a format code by style, for styles that show numbers otherwise than plainly.

    Args:
        codes: the file's own codes by number, beside those of :data:`BUILT_IN`.
        styles: the number of each style's format.
    """
    known = {**BUILT_IN, **codes}
    found = {style: known.get(number, "") for style, number in enumerate(styles)}
    return {style: code for style, code in found.items() if not is_plain_format(code)}


def _bare(code: str) -> str:
    """Returns a format code without its literals, colours and conditions."""
    return re.sub(r'"[^"]*"|\\.|_.|\[(?!(?:h+|m+|s+)\])[^\]]*\]', "", code, flags=re.IGNORECASE)


def _show_time(days: float, code: str) -> str:
    """Returns the time of a day, or all the hours of a length of time; "" where the code shows a day."""
    bare = _bare(code)
    is_length = _LENGTH.search(bare) is not None
    if not is_length and (not _HOURS.search(bare) or (days >= 1 and _DAYS.search(bare))):
        return ""
    unit = 1 if "s" in bare.lower() else 60
    seconds = round(days * 86_400 / unit) * unit
    hours, rest = divmod(seconds if is_length else seconds % 86_400, 3_600)
    return f"{hours}:{rest // 60:02}" + (f":{rest % 60:02}" if unit == 1 else "")


def _part_of_date(code: str) -> str:
    """Returns how a code that shows no day of a month is read: ``2026-04``, ``2026``, or by the day of the week."""
    bare = _bare(code).lower()
    if weekday := _WEEKDAY.fullmatch(bare):
        return weekday[1]
    if re.search("[dhsa0#?]", bare) or not re.search("[ymeg]", bare):
        return ""
    return _MONTH if "m" in bare else _YEAR


def _show_part(moment: date, part: str) -> str:
    if part.startswith("a"):
        return "月火水木金土日"[moment.weekday()] + ("曜日" if len(part) > 3 else "")
    if part.startswith("d"):
        name = _WEEKDAYS[moment.weekday()]
        return name if len(part) > 3 else name[:3]
    return moment.strftime(part)


def _show_moment(number: float, code: str) -> str:
    time = _show_time(number, code) if 0 <= number < _LAST_DAY else ""
    if time:
        return time
    if not 60 < number < _LAST_DAY:
        return show_plainly(number)
    moment = _DAY_ZERO + timedelta(minutes=round(number * 24 * 60))
    if part := _part_of_date(code):
        return _show_part(moment, part)
    return moment.date().isoformat() if number.is_integer() else moment.isoformat(" ", "minutes")


def show_cached(value: str, code: str) -> str:
    """Returns a number that a chart keeps (``0.30000000000000004``, ``46054`` under ``yyyy/m/d``) as it is read.

    A date is an ISO date, counted as Excel does by default: 1 is 1 January 1900, and there was a 29 February. A time is
    that of its day (``0.5`` under ``h:mm``), a length of time all its hours (``[h]:mm``). "NaN" and "INF" are "".
    """
    try:
        number = float(value)
    except ValueError:
        return value
    if not isfinite(number):
        return ""
    if not is_date_format(code):
        is_plain = code.lower() in ("", "general", "@")
        return ("" if is_plain else show_number(number, code)) or show_plainly(number)
    return _show_moment(number, code)
