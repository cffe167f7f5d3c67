"""How numbers and units are written, in figures, words and kanji, and what a unit is in the smallest of its kind."""

from __future__ import annotations

from collections.abc import Iterable

Spellings = Iterable[tuple[str, str, str]]


def _table(rows: Spellings) -> dict[str, tuple[str, str]]:
    return {one: (unit, factor) for spellings, unit, factor in rows for one in spellings.split("|")}


UNITS = _table(
    [
        ("s|sec|secs|second|seconds|秒|秒間", "s", "1"),
        ("min|mins|minute|minutes|分|分間", "s", "60"),
        ("h|hr|hrs|hour|hours|時間", "s", "3600"),
        ("day|days|日|日間|営業日|労働日", "s", "86400"),
        ("week|weeks|週|週間", "s", "604800"),
        ("night|nights|泊", "night", "1"),
        ("month|months|か月|ヶ月|カ月|ヵ月|ケ月|箇月|か月間|ヶ月間|カ月間|ヵ月間", "month", "1"),
        ("quarter|quarters|四半期", "month", "3"),
        ("year|years|年|年間|箇年|か年|ヶ年", "month", "12"),
        ("mm|millimetre|millimetres|millimeter|millimeters|ミリ", "m", "0.001"),
        ("cm|centimetre|centimetres|centimeter|centimeters|センチ", "m", "0.01"),
        ("m|metre|metres|meter|meters|メートル", "m", "1"),
        ("km|kilometre|kilometres|kilometer|kilometers|キロメートル", "m", "1000"),
        ("mile|miles|マイル", "mile", "1"),
        ("mg|ミリグラム", "g", "0.001"),
        ("g|gram|grams|グラム", "g", "1"),
        ("kg|kilo|kilos|kilogram|kilograms|キログラム", "g", "1000"),
        ("t|ton|tons|tonne|tonnes|トン", "g", "1000000"),
        ("ml|millilitre|millilitres|milliliter|milliliters|ミリリットル", "l", "0.001"),
        ("l|litre|litres|liter|liters|リットル", "l", "1"),
        ("°c|°|degree|degrees|degrees celsius|度|度c", "°", "1"),
        ("kb", "byte", "1000"),
        ("mb", "byte", "1000000"),
        ("gb", "byte", "1000000000"),
        ("tb", "byte", "1000000000000"),
        ("hz", "hz", "1"),
        ("khz", "hz", "1000"),
        ("mhz", "hz", "1000000"),
        ("ghz", "hz", "1000000000"),
        ("v|volt|volts|ボルト", "v", "1"),
        ("w|watt|watts|ワット", "w", "1"),
        ("kw", "w", "1000"),
        ("人|名|persons|people|employees|staff|members", "人", "1"),
        ("回|times", "回", "1"),
        ("歳|才", "歳", "1"),
        ("か所|ヶ所|カ所|箇所", "か所", "1"),
        ("頁|ページ|page|pages", "頁", "1"),
        *((one, one, "1") for one in "件個本台枚条項号章節階点社種冊通室食位級箱袋口株票戸問席校店倍つ等"),
    ]
)
"""A spelling, folded → the smallest unit of its dimension, and how many of those it is."""

MONEY = _table(
    [
        ("$|us$|usd|dollar|dollars|ドル|米ドル", "USD", "1"),
        ("cent|cents|セント", "USD", "0.01"),
        ("€|eur|euro|euros|ユーロ", "EUR", "1"),
        ("£|gbp|pound|pounds|ポンド", "GBP", "1"),
        ("p|pence", "GBP", "0.01"),
        ("¥|jpy|yen|円", "JPY", "1"),
        ("czk|kč", "CZK", "1"),
        ("chf|フラン", "CHF", "1"),
    ]
)
"""The same for money."""

SCALES = {
    "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12, "k": 10**3, "mn": 10**6, "m": 10**6,
    "bn": 10**9, "tn": 10**12, "百万": 10**6, "千万": 10**7, "十億": 10**9, "兆": 10**12, "億": 10**8, "万": 10**4,
    "千": 10**3, "百": 10**2,
}  # fmt: skip
"""What a number is multiplied by."""

ONES = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip

MONTHS = {
    "january": 1, "jan": 1, "february": 2, "feb": 2, "march": 3, "mar": 3, "april": 4, "apr": 4, "may": 5, "june": 6,
    "jun": 6, "july": 7, "jul": 7, "august": 8, "aug": 8, "september": 9, "sept": 9, "sep": 9, "october": 10, "oct": 10,
    "november": 11, "nov": 11, "december": 12, "dec": 12,
}  # fmt: skip


def read_words(words: Iterable[str]) -> int:
    """Returns what number words say: "two", "hundred" is 200."""
    value = 0
    for word in words:
        value = value * 100 if word == "hundred" else value + ONES.get(word, TENS.get(word, 0))
    return value
