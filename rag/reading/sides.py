"""The two things whose difference is asked for, so that an answer speaks of both: English and Japanese."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from corpus.language import fold
from rag.words.terms import stems, weights

# What stands between is at most some lines long: without a limit a question of 8,000 characters took seconds.
_SIDES = (
    re.compile(
        r"\b(?:differences?|distinctions?|compar\w+|choose|choice) (?:is there |are there )?"
        r"between (.{1,200}?) and (.+)"
    ),
    re.compile(r"\bhow (?:do|does|is|are|did) (.{1,200}?) (?:differ|different) from (.+)"),
    re.compile(r"\bcompare (.{1,200}?) (?:and|with|to) (.+)"),
    re.compile(
        r"\b(?:change[ds]?|develop(?:ed)?|grow|grew|rise|rose|fall|fell)\b"
        r".{0,200}?\b(?:from|between) (.{1,200}?) (?:to|and) (.+)"
    ),
    re.compile(r"(?:^|: )(?:what is |which is better,? )?([^?]{1,200}?) (?:vs\.?|versus) (.+)"),
    re.compile(
        r"\b(?:which|what|who)\b(?>.{0,200}?\b(?:\w+er|more|less|better|worse)\b[^,?]{0,200}[,:])"
        r" (?:the )?(.{1,200}?),? or (?:the )?(.+)"
    ),
    re.compile(
        r"(?<![^、。？?])((?>[^、。？?]+?(?=と)))と([^、。？?]+?)(?:の間)?(?:の|では|は)(?:違|差|相違|どう違|何が違|どこが違)"
    ),
    re.compile(
        r"(?<![^、。？?])((?>[^、。？?]+?(?=と)))と([^、。？?]+?)(?:と)?(?:の|では|は)、?(?:どちら|どっち)"
    ),
)
_ASKING = stems("change difference different differ distinction compare between versus vs better")
_ONLY_ANNOUNCES = re.compile(
    r"\b(?:understand\w*|explain\w*|know\w*|learn\w*|consider\w*)\b[^.;]{0,30} (?:differences?|distinctions?)\b",
    re.IGNORECASE,
)


def compares(question: str) -> bool:
    """Says whether a question lays two things beside each other."""
    return _sides(question) is not None


def sides(question: str) -> tuple[frozenset[str], frozenset[str]] | None:
    """Returns the words of each of the two things that a question lays beside each other, without those that both
    have; None where it does not, or nothing tells one from the other.
    """
    if (said := _sides(question)) is None:
        return None
    one, other = (frozenset(weights(side)) for side in said)
    mine, theirs = one - other, other - one
    return (mine, theirs) if mine and theirs else None


def without_asking(wanted: Mapping[str, float]) -> dict[str, float]:
    """Returns the words of such a question without those that only ask for the difference."""
    return {word: weight for word, weight in wanted.items() if word not in _ASKING} or dict(wanted)


def only_announces(text: str) -> bool:
    """Says whether a sentence speaks of there being a difference, and names none: "to understand the differences"."""
    return _ONLY_ANNOUNCES.search(text) is not None


@lru_cache(16)
def _sides(question: str) -> tuple[str, str] | None:
    asked = fold(question)
    found = (pattern.search(asked) for pattern in _SIDES)
    return next(((match[1], match[2]) for match in found if match), None)
