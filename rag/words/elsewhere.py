"""Places that a document means without naming them: "Rest of the United Kingdom", "all other cities", その他の地域.

A list of places ends in such an entry so that it holds for every place. Whoever asks about Edinburgh asks about it,
though no passage has the word. Which of several entries a place belongs to, no program without an atlas can say; they
are quoted, and the reader knows. The Japanese places known here are mostly at home: その他の欧州 is not for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from corpus.language import fold
from rag.words.japanese_places import PLACE_ASKED_FOR
from rag.words.terms import stems, terms

_KINDS = (
    r"(?:cit(?:y|ies)|towns?|countr(?:y|ies)|places?|locations?|regions?|destinations?|areas?|states?|count(?:y|ies)"
    r"|offices?(?! (?:suppl|equip|furni|expens|hours))|sites?(?! visit)|territor(?:y|ies)|provinces?)"
)
_REST = re.compile(
    r"\b[Rr]est of (?:the )?(?:[A-Z]|(?:world|country|continent)\b)"
    rf"|\b(?i:(?:all|any|every|the)\s+other\s+(?:\w+\s+)?{_KINDS})\b|(?:^|[|\n])\s*(?i:other\s+(?:\w+\s+)?{_KINDS})\b"
    r"|\b(?i:elsewhere|everywhere else|anywhere else)\b"
    r"|(?:その他|それ以外|上記以外|左記以外|これら以外|前号以外)の?(?:全?ての)?(?:国内|地域|都市|国(?![民籍際産税])|地方|場所|拠点|事業所"
    r"|市町村|都道府県)"
)
_LED = re.compile(
    r"\b(?:[Ii]n|[Aa]t|[Tt]o|[Ff]rom|[Nn]ear|[Aa]round|[Ww]ithin)\s+(?:the\s+)?"
    r"((?:[A-Z][\w'’.-]*)(?:\s+(?:(?:of|and|or|upon)\s+)?(?:the\s+)?[A-Z][\w'’.-]*){0,3})"
)
_NO_PLACE = re.compile(
    r"^(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mon|tue|wed|thu|fri|sat|sun|q[1-4]\b|fy)|\d"
    r"|^(?:chapter|section|appendix|annex|article|table|figure|part|page|form|schedule|attachment|exhibit)\b",
    re.IGNORECASE,
)


def is_rest(text: str) -> bool:
    """Says whether a text has an entry for all places that it does not name."""
    return _REST.search(text) is not None


def places(question: str) -> frozenset[str]:
    """Returns the stems of the places that a question names: capitalised words behind "in", "at", "to", "from" and the
    like, and the Japanese places that are known. Months, weekdays, chapters, codes and words in capitals are none.
    """
    found: set[str] = set()
    if not question.isupper():
        for match in _LED.finditer(question):
            if not _NO_PLACE.search(match[1]) and not match[1].split()[0].isupper():
                found |= {term.stem for term in terms(f"- {match[1]}") if term.weight > 0}
    for match in PLACE_ASKED_FOR.finditer(question):
        found |= stems(match["name"])  # 名古屋 of 名古屋営業所: an office is not among "other places"
    return frozenset(found)


def meant(question: str, texts: Iterable[str]) -> frozenset[str]:
    """Returns the stems of the question's places that an entry like "rest of" among the texts stands for: those of
    which no text has a word.
    """
    asked = places(question)
    if not asked:
        return asked
    known = list(texts)
    if not any(is_rest(text) for text in known):
        return frozenset()
    named = frozenset().union(*(stems(fold(text)) for text in known))
    return asked - named
