"""Numbers as a spreadsheet shows them: percentages, currency, thousands, leading zeros, brackets for minus.

Understood is the common part of the format codes of ECMA-376 (part 1, 18.8.30 and 18.8.31): up to three
sections, literals, ``0 # ?``, the decimal point, the thousands separator, scaling commas and ``%``. For
anything else (fractions, exponents, conditions) the number is shown plainly.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from math import isfinite

from corpus.patterns import pattern

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
    37: "#,##0;(#,##0)",
    38: "#,##0;(#,##0)",
    39: "#,##0.00;(#,##0.00)",
    40: "#,##0.00;(#,##0.00)",
}
"""Formats by number that a file need not spell out (dates are not among them)."""

_PLAIN = frozenset({"general", "@", "", "standard"})
_TOKEN = pattern(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|_.|\*.|\[\$(?P<currency>[^\]-]*)(?:-[^\]]*)?\]'
    r"|\[(?:black|blue|cyan|green|magenta|red|white|yellow|color ?\d+)\]|(?P<odd>\[|general|[eE][+-])|(?P<any>.)",
    re.IGNORECASE | re.DOTALL,
)
_DIGITS = "0#?"
_MAX_DECIMALS = 30
_DAY_ZERO = datetime(1899, 12, 30)
_LENGTH = pattern(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_HOURS = pattern("[hs]", re.IGNORECASE)
_DAYS = pattern("[ydeg]", re.IGNORECASE)
_LAST_DAY = 2_958_466  # the year 9999 ends


def show_plainly(value: float | int) -> str:
    """Returns a number without float noise, at most 15 significant digits: ``1234.0`` gives ``1234``."""
    if isinstance(value, int):
        return str(value)
    if value != value or value in (float("inf"), float("-inf")):
        return str(value)
    shown = f"{value:.15g}"
    if "e" in shown:
        exponent = int(shown.partition("e")[2])
        if -10 <= exponent <= 20:
            shown = f"{Decimal(shown):f}"
    return "0" if shown == "-0" else shown


def show_number(value: float, code: str) -> str:
    """Returns a number as a spreadsheet shows it under a format code, plainly where the code is not known."""
    if value != value or value in (float("inf"), float("-inf")):
        return show_plainly(value)
    sections = _sections(code)
    number = Decimal(repr(value))
    chosen = sections[0] if sections else None
    if len(sections) > 1 and number < 0:
        chosen, number = sections[1], -number
    elif len(sections) > 2 and number == 0:
        chosen = sections[2]
    if chosen is None:
        return show_plainly(value)
    return chosen.show(number) or show_plainly(value)


def is_date_format(code: str) -> bool:
    """Says whether a format code shows a date or a time."""
    bare = _bare(code)
    return (
        "general" not in bare.lower()
        and bool(re.search("[ymdhseg]", bare, re.IGNORECASE))
        and not re.search(r"[0#?][eE][+-]", bare)
    )


def is_plain_format(code: str) -> bool:
    """Says whether a format code leaves a number as it is, or is one of a date, which is shown as an ISO date."""
    return code.lower() in _PLAIN or is_date_format(code)


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
        return show_plainly(number) if code.lower() in ("", "general", "@") else show_number(number, code)
    time = _show_time(number, code) if 0 <= number < _LAST_DAY else ""
    if time:
        return time
    if not 60 < number < _LAST_DAY:
        return show_plainly(number)
    moment = _DAY_ZERO + timedelta(minutes=round(number * 24 * 60))
    return moment.date().isoformat() if number.is_integer() else moment.isoformat(" ", "minutes")


class _Section:
    """One section of a format code, taken apart into literals and digits."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.percents = sum(1 for kind, _ in tokens if kind == "%")
        places = [at for at, (kind, _) in enumerate(tokens) if kind in _DIGITS]
        self.has_digits = bool(places)
        first, last = (places[0], places[-1]) if places else (len(tokens), len(tokens))
        point = next((at for at, (kind, _) in enumerate(tokens) if kind == "."), last + 1)
        self.whole = [token for token in tokens[first : min(point, last + 1)] if token[0] != ","]
        self.grouped = any(kind == "," for kind, _ in tokens[first : min(point, last)])
        self.scale = sum(1 for kind, _ in tokens[last + 1 :] if kind == ",")
        fraction = [token for token in tokens[point + 1 : last + 1] if token[0] in _DIGITS]
        self.decimals = min(len(fraction), _MAX_DECIMALS)
        self.least_decimals = sum(1 for kind, _ in fraction if kind == "0")
        self.before = "".join(text for _, text in tokens[:first])
        self.after = "".join(text for kind, text in tokens[last + 1 :] if kind not in (".", ","))

    def show(self, number: Decimal) -> str:
        """Returns the number, "" where the section shows none of it."""
        if not self.has_digits:
            return (self.before + self.after).strip()
        scaled = number.scaleb(2 * self.percents - 3 * self.scale)
        if abs(scaled.adjusted()) > 25:
            return ""
        rounded = scaled.quantize(Decimal(1).scaleb(-self.decimals), ROUND_HALF_UP)
        whole, _, fraction = f"{abs(rounded):f}".partition(".")
        while len(fraction) > self.least_decimals and fraction.endswith("0"):
            fraction = fraction[:-1]
        sign = "-" if rounded < 0 else ""
        shown = self._whole("" if whole == "0" else whole) + (f".{fraction}" if fraction else "")
        return f"{sign}{self.before.lstrip()}{shown}{self.after}".strip()

    def _whole(self, digits: str) -> str:
        """Returns the whole part, its digits filled from the right into the places the format gives them."""
        least = sum(1 for kind, _ in self.whole if kind == "0")
        digits = digits.rjust(least, "0")
        if self.grouped:
            return f"{int(digits):,}".rjust(least, "0") if digits else ""
        parts: list[str] = []
        left = digits
        places = sum(1 for kind, _ in self.whole if kind in _DIGITS)
        for kind, text in reversed(self.whole):
            if kind not in _DIGITS:
                parts.append(text if left else "")
                continue
            places -= 1
            taken = left if places == 0 else left[-1:]
            left = left[: len(left) - len(taken)]
            parts.append(taken)
        return "".join(reversed(parts))


@lru_cache(maxsize=512)
def _sections(code: str) -> tuple[_Section | None, ...]:
    """Returns the sections of a code; None for one that is not understood."""
    sections: list[list[tuple[str, str]] | None] = [[]]
    for match in _TOKEN.finditer(code[:255]):
        current = sections[-1]
        any_text = match["any"]
        if any_text == ";":
            sections.append([])
        elif match["odd"] or (any_text and ((any_text.isascii() and any_text.isalpha()) or any_text in "/@")):
            sections[-1] = None
        elif current is None:
            continue
        elif match["quoted"] or match["escaped"] or match["currency"]:
            current.append(("literal", match["quoted"] or match["escaped"] or match["currency"]))
        elif any_text:
            kind = any_text if any_text in "0#?.,%" else "literal"
            current.append((kind, "" if kind in "0#?.," else any_text))
    return tuple(None if tokens is None else _Section(tokens) for tokens in sections)
