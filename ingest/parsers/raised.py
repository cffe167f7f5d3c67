"""How letters that stand above or below the line are read where nothing else tells them apart: ``10^6``, not 106.

A power behind a number (or a bracket) stands behind ``^``, as do negative ones behind a letter; an index of digits
behind a number stands behind ``_``. ``m2``, ``CO2``, ``21st`` and ``x2`` are read as people write them.
"""

from __future__ import annotations

from corpus.patterns import pattern
from ingest.parsers.equations import grouped

_POWER = pattern(r"[-−–+]?\d[\d.,]*|[-−–+]?[nkmxpqij]|[\dnkmxpqij]+[-−–+][\dnkmxpqij]+|\(?\d{1,2}\)")
_SIGNED = pattern(r"[-−–]\d+")
_MOST_CHARS = 12


def show_raised(text: str, before: str) -> str:
    """Returns a word above the line as it is read behind ``before``, the text in front of it."""
    word, last = text.strip(), before[-1:]
    if not word or len(word) > _MOST_CHARS:
        return text
    if last.isdigit() or last == ")":
        if _POWER.fullmatch(word):
            is_whole = word[0] in "-−–+(" or word[-1] == ")"
            return "^" + (text if is_whole else text.replace(word, grouped(word)))
    elif last.isalpha() and _SIGNED.fullmatch(word):
        return f"^{text}"
    return text


def show_lowered(text: str, before: str) -> str:
    """Returns a word below the line as it is read behind ``before``, the text in front of it."""
    return f"_{text}" if before[-1:].isdigit() and text[:1].isdigit() and len(text) <= _MOST_CHARS else text
