"""Words and numbers in one spelling each: American, without inflection, separators and idle zeros."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from corpus.language.british import american

NUMBER_WORDS = {
    word: str(value)
    for value, word in enumerate(
        ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"], 2
    )
}
NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_IRREGULAR = {
    form: word
    for word, forms in {
        "begin": "began begun", "break": "broke broken", "bring": "brought", "build": "built", "buy": "bought",
        "catch": "caught", "child": "children", "choose": "chose chosen", "criterion": "criteria", "deal": "dealt",
        "draw": "drew drawn", "drive": "drove driven", "eat": "ate eaten", "fight": "fought", "find": "found",
        "fly": "flew flown", "foot": "feet", "forget": "forgot forgotten", "freeze": "froze frozen",
        "give": "gave given", "grow": "grew grown", "hear": "heard", "hide": "hid hidden", "hold": "held",
        "keep": "kept", "lend": "lent", "lose": "lost", "make": "made", "man": "men", "mean": "meant", "meet": "met",
        "pay": "paid", "person": "people", "ride": "rode ridden", "run": "ran", "say": "said", "see": "seen",
        "sell": "sold", "send": "sent", "sleep": "slept", "speak": "spoke spoken", "spend": "spent", "stand": "stood",
        "steal": "stole stolen", "swear": "swore sworn", "take": "took taken", "teach": "taught", "tell": "told",
        "think": "thought", "throw": "threw thrown", "understand": "understood", "wear": "wore worn", "win": "won",
        "withdraw": "withdrew withdrawn", "woman": "women", "write": "wrote written",
    }.items()
    for form in forms.split()
}  # fmt: skip
"""Forms that no ending tells. "Found" is one of "find", so that who founded a company is not what can be found."""

_LATE_ELL = re.compile(r"[^\Waeiouy]*[aeiouy]\w*[aeiouy]ll\Z")
"""travell(ing), fulfill, enroll; not sell, of one syllable."""


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """Returns an English word without its inflection, a number without its separators, all else as it is."""
    if NUMBER.fullmatch(word):
        return number(word)
    if word in NUMBER_WORDS:
        return NUMBER_WORDS[word]
    prefix = "un" if word.startswith("un") and word not in _IRREGULAR else ""  # unpaid, but understood
    word = prefix + _IRREGULAR.get(word.removeprefix(prefix), word.removeprefix(prefix))
    if not word.isascii() or len(word) < 4:
        return word
    word = american(word.removesuffix("'s"))
    for suffix, replacement, least in (
        ("ies", "y", 5), ("ied", "y", 5), ("sses", "ss", 5), ("ing", "", 6), ("ed", "", 5), ("es", "e", 5),
        ("s", "", 4),
    ):  # fmt: skip
        if word.endswith(suffix) and len(word) >= least and not word.endswith("ss"):
            word = word[: -len(suffix)] + replacement
            break
    if len(word) > 4 and word[-1] == word[-2] and (word[-1] not in "lsz" or _LATE_ELL.match(word)):
        word = word[:-1]
    return word[:-1] if len(word) > 4 and word.endswith("e") else word


def beginnings(term: str) -> tuple[str, ...]:
    """Returns how the words that have a stem begin, in small letters, and those that begin otherwise (paid).

    Words that begin so may have another stem; of those in British spelling a few are missing (tyre).
    """
    return (term[: min(4, len(term) - term.endswith("y"))], *_other_forms().get(term, ()))


@cache
def _other_forms() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for form in (*_IRREGULAR, *NUMBER_WORDS):
        found[stem(form)] = (*found.get(stem(form), ()), form)
    return found


def number(text: str) -> str:
    """Returns a number in one spelling: no thousands separators, no idle zeros behind the point."""
    text = re.sub(r",(?=\d{3}(?!\d))", "", text)
    if re.fullmatch(r"\d+\.\d+", text):
        text = text.rstrip("0").rstrip(".")
    return text
