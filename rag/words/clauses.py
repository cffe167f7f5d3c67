"""Numbered parts of documents ("§ 12.4", "clause 7.2", 第12条), as a question names them and a text numbers itself.

A question's "clause 7.2" is that part, and not any 7.2 of a table; a document may only begin it with "7.2".
"""

from __future__ import annotations

import re

from rag.words.terms import Term, terms

_NUMBER = r"\d+(?:\.\d+)*(?:\([a-z\d]{1,2}\))?"
_NAMED = re.compile(
    r"(?:(?:(?<!§)§+\s*|\b(?:sub)?(?:section|clause|article|paragraph|para\.?)\s+(?:no\.?\s*)?)"
    rf"(?P<latin>{_NUMBER})(?![\w-])|第\s*(?P<ja>[\d０-９]+)\s*条)",
    re.IGNORECASE,
)
_HEAD = re.compile(
    rf"^[ \t*]*(?P<heading>#*)[ \t*]*(?P<head>{_NUMBER})(?P<mark>[.)]?)[ \t\u3000]+(?=[^\W\d_])", re.MULTILINE
)
"""A line that begins with its number and goes on in words: "7.2 Survival."."""
_WEIGHT = 1.5
"""That of a code: it names one thing."""


def clauses_named(question: str) -> frozenset[str]:
    """Returns the parts that a question names, "§12.4" each."""
    return frozenset(f"§{_number(match)}" for match in _NAMED.finditer(question))


def clauses_of(text: str, headings: str = "") -> frozenset[str]:
    """Returns the parts that a text names, and those that it, or a heading above it, is numbered by.

    Elsewhere than in a heading a whole number needs a mark behind it ("12. Warranty"): "12 apples" is no part.
    """
    heads = {match["head"] for match in _HEAD.finditer(headings.replace(" > ", "\n"))}
    heads |= {
        match["head"]
        for match in _HEAD.finditer(text)
        if match["heading"] or match["mark"] or not match["head"].isdigit()
    }
    return clauses_named(f"{headings}\n{text}") | {f"§{head.lower()}" for head in heads}


def sought(question: str) -> tuple[Term, ...]:
    """Returns the terms of a question, each part that it names as one, in the place of its number and "clause"."""
    named = sorted(clauses_named(question))
    if not named:
        return terms(question)
    rest = _NAMED.sub(lambda match: " " * len(match.group()), question)
    return (*terms(rest), *(Term(one, one, _WEIGHT, True) for one in named))


def _number(match: re.Match[str]) -> str:
    return (match["latin"] or str(int(match["ja"]))).lower()
