"""The bracketed numbers that documents have of their own: footnotes and references ("sold widely.[2]"), numbered parts
(【2】).

An answer's ``[2]`` is its second passage, so nobody shall read a document's ``[2]`` as that: where a passage is shown
to a model, or laid beside what the model wrote, such numbers stand in round brackets. No character moves, so offsets
into the one are offsets into the other; what is stored and what is cited stay as they are.
"""

from __future__ import annotations

import re

from corpus.language import Normalised, fold, normalise

BRACKETS = {"[": "]", "【": "】", "［": "］", "⟦": "⟧", "〔": "〕"}
"""Every mark that may open a marker, with the one that closes it."""

_NAMED = r"(?:(?:passages?|sources?|doc(?:ument)?s?|refs?|references?|資料|出典|文書|文献)\.?)?\s*[:#^]*\s*"
_NUMBER = rf"{_NAMED}\d{{1,4}}"
_MARKER = re.compile(
    rf"\[+\s*{_NUMBER}(?:\s*(?:[,;、・/&~〜\-]|and|と|から)+\s*{_NUMBER})*\s*\^?"
    r"\s*(?:†[^\[\]]*|,?\s*(?:pp?\.?|page)\s*\d+(?:\s*-\s*\d+)?)?\s*\]+",
    re.IGNORECASE,
)
_YEARS = re.compile(r"\[\s*(?:19|20)\d\d(?:\s*[-/,]\s*(?:19|20)\d\d)*\s*\]")
_OPENING, _CLOSING = "".join(BRACKETS), "".join(BRACKETS.values())
_BRACKETED = re.compile(
    rf"[{re.escape(_OPENING)}]+[^{re.escape(_OPENING + _CLOSING)}\n]{{1,200}}[{re.escape(_CLOSING)}]+"
)
_ROUND = str.maketrans(dict.fromkeys(_OPENING, "(") | dict.fromkeys(_CLOSING, ")"))
_SQUARE = str.maketrans(dict.fromkeys(_OPENING, "[") | dict.fromkeys(_CLOSING, "]"))
_WITH_BLANK = re.compile(rf"\s*{_BRACKETED.pattern}")


def as_marker(text: str) -> str | None:
    """Returns words in brackets in one spelling where they could be a marker, as ``[2]``, ``【2】`` or ``[1, 3]`` are;
    None where they are something else, as ``[2019]`` and ``[x]``.
    """
    folded = fold(text).translate(_SQUARE)
    return folded if _MARKER.fullmatch(folded) and not _YEARS.fullmatch(folded) else None


def unmarked(text: str) -> str:
    """Returns a document's text, as long as it was, with round brackets around what could be taken for a marker."""
    if not any(one in text for one in _OPENING):
        return text
    return _BRACKETED.sub(lambda m: m[0] if as_marker(m[0]) is None else m[0].translate(_ROUND), text)


def without_references(text: str) -> Normalised:
    """Returns a document's text, normalised, without such numbers and the blanks before them: as who copies it by hand
    leaves it. Offsets are into ``text``.
    """
    import numpy as np

    whole = normalise(text)
    keep = np.ones(len(whole.text), dtype=bool)
    for match in _WITH_BLANK.finditer(whole.text):
        if as_marker(match[0].strip()) is not None:
            keep[match.start() : match.end()] = False
    kept = np.flatnonzero(keep)
    return Normalised("".join(whole.text[at] for at in kept), whole.offsets[kept])
