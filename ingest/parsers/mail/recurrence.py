"""Rules by which appointments are repeated (RFC 5545, 3.3.10), in words a reader knows.

A rule is told whole or not at all: one of which a part has no words here is shown as it is written, for what is left of
a rule is another rule.
"""

from __future__ import annotations

from collections.abc import Callable

from corpus.patterns import pattern

_UNITS = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}
_DAYS = {
    "MO": "Monday",
    "TU": "Tuesday",
    "WE": "Wednesday",
    "TH": "Thursday",
    "FR": "Friday",
    "SA": "Saturday",
    "SU": "Sunday",
}
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_ORDINALS = {"1": "first", "2": "second", "3": "third", "4": "fourth", "5": "fifth", "-1": "last"}
_NUMBER = pattern(r"[1-9]\d{0,5}")
_DAY = pattern(r"([+-]?\d{0,3})(MO|TU|WE|TH|FR|SA|SU)")


def tell_rule(rule: str, show_moment: Callable[[str], str]) -> str:
    """Returns ``FREQ=MONTHLY;BYDAY=-1FR;COUNT=6`` as "every month on the last Friday, 6 times".

    Args:
        rule: the value of an RRULE.
        show_moment: says how the moment of an UNTIL is shown.
    """
    named = [part.upper().partition("=") for part in rule.split(";") if part.strip()]
    parts = {key.strip(): value.strip() for key, _, value in named}
    unit = _UNITS.get(parts.pop("FREQ", ""))
    every = parts.pop("INTERVAL", "1")
    count, until = parts.pop("COUNT", "1"), parts.pop("UNTIL", "")
    begins = parts.pop("WKST", "MO")
    sound = _NUMBER.fullmatch(every) and _NUMBER.fullmatch(count) and begins in _DAYS
    if unit is None or len({key for key, _, _ in named}) != len(named) or not sound:
        return rule
    if unit == "day" and every == "1" and "BYDAY" in parts:
        unit = "week"
    days = _tell_days(parts, unit)
    if days is None or parts:
        return rule
    told = f"every {unit}" if every == "1" else f"every {every} {unit}s"
    told += f" {days}" if days else ""
    if unit == "week" and every != "1" and days and begins != "MO":
        told += f" (weeks begin on {_DAYS[begins]})"
    told += f" until {show_moment(until)}" if until else ""
    return told + (f", {count} times" if "COUNT" in rule.upper() else "")


def _tell_days(parts: dict[str, str], unit: str) -> str | None:
    """Returns on which days of its unit a rule falls, taking those parts out of it; None where there are no words."""
    months = _tell_each(parts.pop("BYMONTH", ""), dict(zip(map(str, range(1, 13)), _MONTHS, strict=True)))
    numbers = parts.pop("BYMONTHDAY", "")
    days, place = parts.pop("BYDAY", ""), parts.pop("BYSETPOS", "")
    if months is None or (numbers and (days or place)):
        return None
    if numbers:
        return _tell_numbers(numbers, unit, months)
    if days:
        return _tell_weekdays(days, place, unit, months)
    return None if place else f"in {months}" if months else ""


def _tell_numbers(numbers: str, unit: str, months: str) -> str | None:
    by_number = {str(day): f"day {day}" for day in range(1, 32)} | {"-1": "the last day"}
    told = _tell_each(numbers, by_number)
    return f"on {told}{_of(months)}" if told is not None and _is_within_months(unit, months) else None


def _tell_weekdays(days: str, place: str, unit: str, months: str) -> str | None:
    named = [_DAY.fullmatch(one) for one in days.split(",")]
    found = [(one[1].removeprefix("+"), _DAYS[one[2]]) for one in named if one is not None]
    if len(found) != len(named) or unit == "day":
        return None
    names, ordinals = _enumerate([day for _, day in found]), {ordinal for ordinal, _ in found}
    if place:
        if ordinals != {""} or place not in _ORDINALS or not _is_within_months(unit, months):
            return None
        if unit == "year" and " " in months:
            return None  # the first of all those months
        return f"on the {_ORDINALS[place]} {'' if len(found) == 1 else 'of '}{names}{_of(months)}"
    if ordinals == {""}:
        each = "" if unit == "week" else "each "
        return f"on {each}{names}" + (f" in {months}" if months else "")
    if unit == "week" or not ordinals <= _ORDINALS.keys():
        return None
    told = "on " + _enumerate([f"the {_ORDINALS[ordinal]} {day}" for ordinal, day in found])
    return told + (_of(months) or (" of the year" if unit == "year" else ""))


def _is_within_months(unit: str, months: str) -> bool:
    return unit == "month" or (unit == "year" and bool(months))


def _of(months: str) -> str:
    return f" of {months}" if months else ""


def _tell_each(values: str, names: dict[str, str]) -> str | None:
    """Returns the names of values with commas between them; None where one has none."""
    if not values:
        return ""
    found = [names.get(value.strip().removeprefix("+").lstrip("0")) for value in values.split(",")]
    return _enumerate([one for one in found if one]) if all(found) else None


def _enumerate(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
