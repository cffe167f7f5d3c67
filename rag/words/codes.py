"""Codes that name a thing, by their letters: the AQ-300 and the AQ-500 are two products of one kind.

Codes and figures are the same in every language.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass

from corpus.language import fold
from rag.words.terms import CODE

_NO_PRODUCT = re.compile(r"(?:q|v|h|r|p|pp|fy|rev|ver|no|vol|ch|sec|fig|day|week|kw)\d")
"""How codes begin that name a time, a version or a place in a document."""
_HEAD = re.compile(r"(?P<letters>[a-z]+)[-_./]?\d+(?:[.-]\d+)*(?:[a-z](?![a-z]))?")
"""A code without what a file's name adds to it ("aq-300-manual.md")."""
_SPACED = re.compile(
    r"(?<![a-z0-9])(?P<letters>[a-z]{1,8}) (?!(?:19|20)\d\d(?!\d))\d+[a-z]?(?![a-z0-9%]|[.,:]\d)"
)
"""What may be a code with a blank ("EV 6"); "May 2024" is none."""


def by_letters(text: str, known: Set[str] = frozenset()) -> dict[str, dict[str, str]]:
    """Returns the codes of a text that name a thing, by their letters: {"aq": {"aq500": "AQ-500"}}; those with a blank
    ("EV 6") where another text has codes of these letters (``known``).
    """
    folded = fold(text)
    found: dict[str, dict[str, str]] = {}
    for match in CODE.finditer(folded):
        if written := _HEAD.match(match.group()):
            _add(found, written["letters"], written.group())
    for match in _SPACED.finditer(folded) if known else ():
        if match["letters"] in known:
            _add(found, match["letters"], match.group())
    return found


def _add(found: dict[str, dict[str, str]], letters: str, written: str) -> None:
    code = re.sub(r"[^a-z0-9]", "", written)
    if not _NO_PRODUCT.match(code):
        found.setdefault(letters, {}).setdefault(code, written.upper())


def covers(there: Mapping[str, str], asked: Mapping[str, str]) -> bool:
    """Says whether one of the codes is asked about, or a variant of one that is ("AQ-500B") or its series (E-4000)."""
    return any(
        one.startswith(code) or (one.endswith("000") and code.startswith(one.rstrip("0")))
        for one in there
        for code in asked
    )


def are_of_another(text: str, asked: Mapping[str, Mapping[str, str]]) -> bool:
    """Says whether a text has codes of the letters of one that is asked about, and not that one."""
    there = by_letters(text, asked.keys())
    return any(letters in there and not covers(there[letters], codes) for letters, codes in asked.items())


def speaks_of(text: str, asked: Mapping[str, Mapping[str, str]]) -> bool:
    """Says whether a text has one of the codes that are asked about; not where none is."""
    there = by_letters(text, asked.keys())
    return any(covers(there.get(letters, {}), codes) for letters, codes in asked.items())


@dataclass(frozen=True, slots=True)
class CodeOn:
    """What a question asks of a code on a product that it names by its own: E-11 on the FM-450, each by its letters."""

    code: Mapping[str, Mapping[str, str]]
    product: Mapping[str, Mapping[str, str]]

    def is_told(self, whole: str) -> bool:
        """Says whether a passage, with its title and path, has both."""
        return speaks_of(whole, self.code) and speaks_of(whole, self.product)

    def is_anothers(self, above: str, whole: str) -> bool:
        """Says whether a passage has the code, not the product, and a title, path or heading of another product."""
        if not speaks_of(whole, self.code) or speaks_of(whole, self.product):
            return False
        named = (code for codes in by_letters(above).values() for code in codes)
        return any(not _YEAR.search(code) and not speaks_of(code, self.code) for code in named)


def code_on(question: str) -> CodeOn | None:
    """Returns the code and the product of a question that asks of one on the other; None for any other question."""
    found = _ON.search(fold(question)) or _ON_JAPANESE.search(fold(question))
    if found is None:
        return None
    code, product = (by_letters(found[name]) for name in ("code", "product"))
    return CodeOn(code, product) if code and product and code.keys() != product.keys() else None


_ON = re.compile(
    rf"(?P<code>{CODE.pattern})(?:(?! and | or | vs)[^,;.?]){{0,80}}?"
    r"\b(?:on|of|for|in|at|from)\s(?:(?:the|an?|my|our|your)\s)?"
    rf"(?:\w+\s){{0,2}}?(?P<product>{CODE.pattern})"
)
_ON_JAPANESE = re.compile(
    rf"(?P<product>{CODE.pattern})(?:の|で|における|に出る)[^、。?]{{0,8}}?(?P<code>{CODE.pattern})"
)
_YEAR = re.compile(r"(?:19|20)\d\d\Z")
