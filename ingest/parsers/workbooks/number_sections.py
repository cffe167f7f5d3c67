"""The sections of a spreadsheet's format code, and what each makes of a number.

Understood is the common part of the format codes of ECMA-376 (part 1, 18.8.30 and 18.8.31): sections for positive
numbers, negative ones and zero, or under conditions (``[<=9999999]###-####``); literals, ``0 # ?``, the decimal point,
the thousands separator, scaling commas, ``%``, fractions and ``General`` among literals. A number under anything else
(exponents, numerals of other scripts) is not shown by its section.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import lru_cache

from corpus.patterns import pattern

_TOKEN = pattern(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|_.|\*.|\[\$(?P<currency>[^\]-]*)(?:-[^\]]*)?\]'
    r"|\[(?:black|blue|cyan|green|magenta|red|white|yellow|color ?\d+)\]"
    r"|\[(?P<comparison><=|>=|<>|<|>|=) *(?P<bound>-?\d{1,15}(?:\.\d{1,15})?)\]"
    r"|(?P<general>general)|(?P<odd>\[|[eE][+-])|(?P<any>.)",
    re.IGNORECASE | re.DOTALL,
)
_DIGITS = "0#?"
_FRAME = "()-+/: 「」（）"
"""What stands beside a text without being quoted."""
_NINE = frozenset("123456789")
_MAX_DECIMALS = 30
_FRACTION_DECIMALS = 12
_MAX_DIGITS = 26
_COMPARISONS: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "<>": operator.ne,
    "any": lambda _, __: True,
}
_ANY = ("any", Decimal(0))

_Token = tuple[str, str]
"""What it is (a digit's place, ``.``, ``,``, ``%``, ``/``, general or a literal) and what it shows."""


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


@dataclass(frozen=True, slots=True)
class _Fraction:
    """The fraction of a section (``# ??/??``, ``# ?/8``) and where it ends among the tokens.

    ``largest`` is the largest denominator, ``fixed`` the only one, where it is not 0.
    """

    has_whole: bool
    largest: int
    fixed: int
    end: int

    def show(self, number: Decimal) -> str:
        """Returns a number that is not negative, as near as the denominators allow."""
        exact = Fraction(number.quantize(Decimal(1).scaleb(-_FRACTION_DECIMALS)))
        whole = int(exact) if self.has_whole else 0
        rest = exact - whole
        if self.fixed:
            above, below = round(rest * self.fixed), self.fixed
        else:
            above, below = rest.limit_denominator(self.largest).as_integer_ratio()
        if self.has_whole and above == below:
            whole, above = whole + 1, 0
        shown = f"{above}/{below}" if above or not self.has_whole else ""
        return f"{whole} {shown}".strip() if whole or not shown else shown


def _read_fraction(tokens: list[_Token]) -> _Fraction | None:
    """Returns the fraction among tokens that hold one ``/``, None where there is none on both sides of it."""
    at = next(at for at, (kind, _) in enumerate(tokens) if kind == "/")
    start, end = at, at + 1
    while start and tokens[start - 1][0] in _DIGITS:
        start -= 1
    digits = ""
    while end < len(tokens) and len(digits) < 9:
        kind, text = tokens[end]
        if kind not in _DIGITS and text not in _NINE:
            break
        digits += text or kind
        end += 1
    if start == at or not digits:
        return None
    fixed = int(digits.replace("#", "").replace("?", "") or 0) if re.search("[1-9]", digits) else 0
    return _Fraction(any(kind in _DIGITS for kind, _ in tokens[:start]), 10 ** len(digits) - 1, fixed, end)


class Section:
    """One section of a format code: which numbers it is for, and what it makes of them.

    Args:
        tokens: its literals and digits; None where it is not understood.
        condition: the comparison and the bound that it is for.
        keeps_sign: whether a minus is shown.
        code: the section as it is written.
    """

    def __init__(
        self, tokens: list[_Token] | None, condition: tuple[str, Decimal], keeps_sign: bool, code: str
    ) -> None:
        self.code = code
        self._holds, self._bound = _COMPARISONS[condition[0]], condition[1]
        self._keeps_sign = keeps_sign
        slashes = 0 if tokens is None else sum(1 for kind, _ in tokens if kind == "/")
        self._fraction = _read_fraction(tokens) if tokens and slashes == 1 else None
        self._is_understood = tokens is not None and slashes == (self._fraction is not None)
        tokens = tokens or []
        self._is_general = any(kind == "general" for kind, _ in tokens)
        self._percents = sum(1 for kind, _ in tokens if kind == "%")
        places = [at for at, (kind, _) in enumerate(tokens) if kind in _DIGITS or kind == "general"]
        self._has_digits = bool(places)
        first, last = (places[0], places[-1]) if places else (len(tokens), len(tokens))
        if self._fraction is not None:
            last = self._fraction.end - 1
        point = next((at for at, (kind, _) in enumerate(tokens) if kind == "."), last + 1)
        self._whole = [token for token in tokens[first : min(point, last + 1)] if token[0] != ","]
        kept = [kind for kind, _ in self._whole if kind in _DIGITS]
        self._least_digits = len(kept) - kept.index("0") if "0" in kept else 0  # ``0#`` shows two
        self._grouped = any(kind == "," for kind, _ in tokens[first : min(point, last)])
        self._scale = sum(1 for kind, _ in tokens[last + 1 :] if kind == ",")
        fraction = [token for token in tokens[point + 1 : last + 1] if token[0] in _DIGITS]
        self._decimals = min(len(fraction), _MAX_DECIMALS)
        self._least_decimals = sum(1 for kind, _ in fraction if kind == "0")
        self._before = "".join(text for _, text in tokens[:first])
        self._after = "".join(text for _, text in tokens[last + 1 :])

    def takes(self, number: Decimal) -> bool:
        """Says whether it is the section for a number, where none before it is."""
        return self._holds(number, self._bound)

    def show(self, number: Decimal) -> str | None:
        """Returns what is seen of a number, None where that is not known."""
        scaled = number.scaleb(2 * self._percents - 3 * self._scale)
        decimals = self._decimals if self._fraction is None else _FRACTION_DECIMALS
        if not self._is_understood or scaled.adjusted() + decimals > _MAX_DIGITS:
            return None
        if self._is_general:
            is_below, shown = number < 0, show_plainly(float(abs(number)))
        elif self._fraction is not None:
            is_below, shown = number < 0, self._fraction.show(abs(number))
        elif self._has_digits:
            rounded = scaled.quantize(Decimal(1).scaleb(-self._decimals), ROUND_HALF_UP)
            is_below, shown = rounded < 0, self._show_digits(abs(rounded))
        else:
            is_below, shown = False, ""
        sign = "-" if is_below and self._keeps_sign else ""
        return f"{sign}{self._before.lstrip()}{shown}{self._after}".strip()

    def _show_digits(self, rounded: Decimal) -> str:
        whole, _, fraction = f"{rounded:f}".partition(".")
        while len(fraction) > self._least_decimals and fraction.endswith("0"):
            fraction = fraction[:-1]
        return self._show_whole("" if whole == "0" else whole) + (f".{fraction}" if fraction else "")

    def _show_whole(self, digits: str) -> str:
        """Returns the whole part, its digits filled from the right into the places the format gives them."""
        digits = digits.rjust(self._least_digits, "0")
        if self._grouped:
            return ",".join(digits[max(end - 3, 0) : end] for end in range(len(digits), 0, -3)[::-1])
        parts: list[str] = []
        left = digits
        places = sum(1 for kind, _ in self._whole if kind in _DIGITS)
        if not places:
            return digits
        for kind, text in reversed(self._whole):
            if kind not in _DIGITS:
                parts.append(text if left else "")
                continue
            places -= 1
            taken = left if places == 0 else left[-1:]
            left = left[: len(left) - len(taken)]
            parts.append(taken)
        return "".join(reversed(parts))


@lru_cache(maxsize=512)
def sections(code: str) -> tuple[Section, ...]:
    """Returns the sections of a code in the order in which they are tried."""
    found: list[list[_Token] | None] = [[]]
    conditions: list[tuple[str, Decimal] | None] = [None]
    codes = [""]
    for match in _TOKEN.finditer(code[:255]):
        current = found[-1]
        any_text = match["any"]
        if any_text == ";":
            found.append([])
            conditions.append(None)
            codes.append("")
            continue
        codes[-1] += match[0]
        if match["comparison"]:
            conditions[-1] = match["comparison"], Decimal(match["bound"])
        elif match["odd"] or (any_text and ((any_text.isascii() and any_text.isalpha()) or any_text == "@")):
            found[-1] = None
        elif current is None:
            continue
        elif match["quoted"] or match["escaped"] or match["currency"]:
            current.append(("literal", match["quoted"] or match["escaped"] or match["currency"]))
        elif match["general"]:
            current.append(("general", ""))
        elif any_text:
            kind = any_text if any_text in "0#?.,%/" else "literal"
            current.append((kind, "" if kind in "0#?.,/" else any_text))
    return _conditioned(found[:3], conditions, codes)


@lru_cache(maxsize=512)
def text_frame(code: str) -> tuple[str, str]:
    """Returns what a format code shows before and behind a text (``@" 御中"``), "" and "" where it shows none."""
    found: list[list[str]] = [[]]
    for match in _TOKEN.finditer(code[:255]):
        if match["any"] == ";":
            found.append([])
        else:
            literal = match["quoted"] or match["escaped"] or match["currency"]
            found[-1].append(literal or (match["any"] if match["any"] in (*_FRAME, "@") else "") or "")
    section = found[3] if len(found) > 3 else next((one for one in reversed(found) if "@" in one), [])
    if section.count("@") != 1:
        return "", ""
    at = section.index("@")
    before, behind = "".join(section[:at]), "".join(section[at + 1 :])
    return (before, behind) if (before + behind).strip() else ("", "")


def _conditioned(
    found: list[list[_Token] | None], conditions: list[tuple[str, Decimal] | None], codes: list[str]
) -> tuple[Section, ...]:
    """Returns sections with what they are for: by their conditions, else above, below and at zero."""
    if any(conditions):
        return tuple(
            Section(tokens, condition or _ANY, condition is None or not _is_below_zero(*condition), code)
            for tokens, condition, code in zip(found, conditions, codes, strict=False)
        )
    zero = Decimal(0)
    if len(found) == 1:
        return (Section(found[0], _ANY, True, codes[0]),)
    others = (Section(one, _ANY, True, codes[2]) for one in found[2:])
    above = Section(found[0], (">" if len(found) > 2 else ">=", zero), True, codes[0])
    return above, Section(found[1], ("<", zero), False, codes[1]), *others


def _is_below_zero(comparison: str, bound: Decimal) -> bool:
    return comparison in ("<", "<=") and bound <= 0
