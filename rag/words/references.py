"""The bracketed numbers that documents have of their own: footnotes and references ("sold widely.[2]"), numbered parts
(【2】).

An answer's ``[2]`` is its second passage. A number that a document has behind the same words is the document's own and
no marker; what is quoted keeps it, for a quotation is the document's very words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from corpus.language import Normalised, fold, normalise

BRACKETS = {"[": "]", "【": "】", "［": "］", "⟦": "⟧", "〔": "〕"}
"""Every mark that may open a marker, with the one that closes it."""

_NAMED = r"(?:(?:passages?|sources?|doc(?:ument)?s?|refs?|references?|資料|出典|文書|文献)\.?)?\s*+[:#^]*\s*+"
_NUMBER = rf"{_NAMED}\d{{1,4}}"
_MARKER = re.compile(
    rf"\[+\s*+{_NUMBER}(?:\s*+(?:[,;、・/&~〜\-]|and|と|から)+\s*+{_NUMBER})*\s*+\^?"
    r"\s*+(?:†[^\[\]]*|,?\s*+(?:pp?\.?|page)\s*+\d+(?:\s*+-\s*+\d+)?)?\s*+\]+",
    re.IGNORECASE,
)
_YEARS = re.compile(r"\[\s*(?:19|20)\d\d(?:\s*[-/,]\s*(?:19|20)\d\d)*\s*\]")
_OPENING, _CLOSING = "".join(BRACKETS), "".join(BRACKETS.values())
_BRACKETED = re.compile(
    rf"[{re.escape(_OPENING)}]+[^{re.escape(_OPENING + _CLOSING)}\n]{{1,200}}[{re.escape(_CLOSING)}]+"
)
_SQUARE = str.maketrans(dict.fromkeys(_OPENING, "[") | dict.fromkeys(_CLOSING, "]"))
_WITH_BLANK = re.compile(rf"\s*{_BRACKETED.pattern}")


def as_marker(text: str) -> str | None:
    """Returns words in brackets in one spelling where they could be a marker, as ``[2]``, ``【2】`` or ``[1, 3]`` are;
    None where they are something else, as ``[2019]`` and ``[x]``.
    """
    folded = fold(text).translate(_SQUARE)
    return folded if _MARKER.fullmatch(folded) and not _YEARS.fullmatch(folded) else None


def is_own(text: str, start: int, end: int, sources: Iterable[Normalised]) -> bool:
    """Says whether a number in brackets, ``text[start:end]`` of an answer, stands so in a document: behind the same
    words, or amid them where few stand before it. In code, whatever stands before it in the code is enough.
    """
    number = fold(text[start:end])
    sources = [one for one in sources if number in one.text]
    if not sources:
        return False
    *_, before = _EDGE.split(text[max(0, start - _BESIDE) : start])
    after, *_ = _EDGE.split(text[end : end + _BESIDE])
    in_code = text[: start - len(before)].endswith("`") and bool(before)
    alone = fold(before + text[start:end]) if len(before.strip()) >= _FEW or in_code else ""
    amid = fold(before + text[start:end] + after) if len((before + after).strip()) >= _FEW else ""
    return any((alone and alone in one.text) or (amid and amid in one.text) for one in sources)


_BESIDE = 30
"""Characters beside a number that tell whether its document has it there."""
_FEW = 8
"""Characters of those that are enough to tell."""
_EDGE = re.compile(r"[\n`“”„‟‘’‚«»‹›「」『』｢｣《》〈〉〝〞〟\"＂]|\A[ \t]*>")


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
