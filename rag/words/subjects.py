"""Whether two documents are named alike but for what they are about: "Kestrel Valves quarterly report" beside
"Brightwater Pumps quarterly report", 営業部規程 beside 総務部規程.

What the two have in common is what kind of document they are; where each has words of its own in the place of the
other's, they speak of two companies, places or products, and differ without a contradiction. Dates, versions and
words for a kind ("policy", "handbook") make no such difference, nor does what only one of the two names adds.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from rag.words.editions import KINDS, edition_of

_TOKEN = re.compile(
    "[^\\W\\d_\u3040-\u30ff\u3400-\u9fff々]+|[\u30a1-\u30fa\u30fc]{2,}|[\u3040-\u30ff\u3400-\u9fff々]"
)
"""A word, a loanword, or a character: of Japanese the rest has no blanks between its words."""
_LINKS = re.compile("an?|and|at|by|for|from|in|of|on|or|the|to|with|[のと及び]")
_OF_ALL = re.compile("company|corporate|employees?|general|hr|our|people|personnel|staff|[会社員新旧現]")
"""Words of what holds for everybody in a house, and of its age."""


def are_apart(one: str, other: str) -> bool:
    """Says whether two names (titles, or files' without suffix) are of a kind and of different things."""
    mine, theirs = _tokens(one), _tokens(other)
    codes = SequenceMatcher(
        None, [word for word, _ in mine], [word for word, _ in theirs], autojunk=False
    ).get_opcodes()
    alike = any(
        tag == "equal" and any(not _LINKS.fullmatch(word) for word, _ in mine[i:k])
        for tag, i, k, _, _ in codes
    )
    return alike and any(
        tag == "replace" and _own(mine[i1:i2]) and _own(theirs[j1:j2]) for tag, i1, i2, j1, j2 in codes
    )


def _tokens(name: str) -> list[tuple[str, bool]]:
    """Returns the words of a name without its dates and versions, each with whether it says of what kind it is."""
    work = edition_of(name).work
    kinds = [match.span() for match in KINDS.finditer(work)]
    return [
        (match.group(), any(start <= match.start() and match.end() <= end for start, end in kinds))
        for match in _TOKEN.finditer(work)
    ]


def _own(tokens: list[tuple[str, bool]]) -> bool:
    return any(not (kind or _LINKS.fullmatch(word) or _OF_ALL.fullmatch(word)) for word, kind in tokens)
