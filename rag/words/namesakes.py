"""Whether two documents are named alike but for what they are about: "Kestrel Valves quarterly report" beside
"Brightwater Pumps quarterly report", 営業部規程 beside 総務部規程.

What the two have in common is what kind of document they are; where each has words of its own in the place of the
other's, they speak of two companies, places or products, and differ without a contradiction. Dates, versions and
words for a kind ("policy", "handbook") make no such difference, nor does what only one of the two names adds.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from corpus.language import fold
from rag.words.editions import KINDS, edition_of
from rag.words.japanese_places import PLACES
from rag.words.stemming import stem
from rag.words.terms import terms

_TOKEN = re.compile(
    "[^\\W\\d_\u3040-\u30ff\u3400-\u9fff々]+|[\u30a1-\u30fa\u30fc]{2,}|[\u3040-\u30ff\u3400-\u9fff々]"
)
"""A word, a loanword, or a character: of Japanese the rest has no blanks between its words."""
_LINKS = re.compile("an?|and|at|by|for|from|in|of|on|or|the|to|with|[のと及び]")
_OF_ALL = re.compile("company|corporate|employees?|general|hr|our|people|personnel|staff|[会社員新旧現]")
"""Words of what holds for everybody in a house, and of its age."""
_OF_A_HOUSE = "(?:部|課|室|支店|支社|営業所|工場|事業所|株式会社|銀行|大学|[都府県市区町村])"
_JAPANESE_NAME = re.compile(f"[ァ-ヶー]{{3,}}|{PLACES}|[\u3400-\u9fff々]{{1,30}}(?={_OF_A_HOUSE})")
_OF_WHOM = re.compile(r"\b(?:at|for|in|of)\s+([^\W\d_]+)")


def are_apart(one: str, other: str, texts: tuple[str, str] = ("", "")) -> bool:
    """Says whether two names (titles, or files' without suffix) are of a kind and of different things, which are named
    as such: there or in what the documents say (``texts``). "Holiday policy" and "Leave policy" may be one thing.
    """
    mine, theirs = _tokens(one), _tokens(other)
    codes = SequenceMatcher(
        None, [stem(word) for word, _ in mine], [stem(word) for word, _ in theirs], autojunk=False
    ).get_opcodes()
    alike = any(
        tag == "equal" and any(not _LINKS.fullmatch(word) for word, _ in mine[i:k])
        for tag, i, k, _, _ in codes
    )
    own = [(_own(mine[i1:i2]), _own(theirs[j1:j2])) for tag, i1, i2, j1, j2 in codes if tag == "replace"]
    if not alike or not any(left and right for left, right in own):
        return False
    named = (_names(one, texts[0]), _names(other, texts[1]))
    return any(left & named[0] and right & named[1] for left, right in own)


def _tokens(name: str) -> list[tuple[str, bool]]:
    """Returns the words of a name without its dates and versions, each with whether it says of what kind it is."""
    work = edition_of(name).work
    kinds = [match.span() for match in KINDS.finditer(work)]
    return [
        (match.group(), any(start <= match.start() and match.end() <= end for start, end in kinds))
        for match in _TOKEN.finditer(work)
    ]


def _own(tokens: list[tuple[str, bool]]) -> frozenset[str]:
    return frozenset(
        word for word, kind in tokens if not (kind or _LINKS.fullmatch(word) or _OF_ALL.fullmatch(word))
    )


def _names(name: str, text: str) -> frozenset[str]:
    """Returns the words (of Japanese the characters) of a document's name that are names: by their capitals, where it
    has not all its words so, by what stands beside them, or by the document's text, which has them with capitals only.
    """
    said = [term for term in terms(name) if term.weight > 0]
    plain = any(word.islower() for word in re.findall(r"[^\W\d_]+", name) if not _LINKS.fullmatch(word))
    found = {term.word for term in said if term.name} if plain else set()
    folded = fold(name)
    found |= set(_OF_WHOM.findall(folded))
    for run in _JAPANESE_NAME.findall(folded):
        found |= {run, *run}
    small = set(re.findall(r"(?<![^\W_])[^\W\d_A-Z][^\W\d_]*", text))
    found |= {term.word for term in terms(text) if term.name and term.word not in small}
    return frozenset(found)
