"""Two passages that say nearly the same: the one stands first whose document the question names, or asks for as newer.

Quarterly reports, editions of a policy, two plans of one insurer: their passages are so alike that no word
of theirs says which is meant. What the question says of the document does, by its title, its file's name and its first
lines. It decides between such twins alone: as a score for every passage it cost more than it gave (docs/retrieval.md).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corpus.language import fold, spellings
from corpus.types import Float32
from rag.terms import stems, terms

HEAD_CHARS = 1000
"""A document is named in so many of its first characters."""

ALIKE = (0.8, 0.9)
"""Cosine from which two passages begin to be twins, and from which they are."""

SHARED = (0.4, 0.6)
"""The same as share of common words, for passages without a vector."""

RECENT = 0.9
"""What being the newest is worth, where the question asks for it, beside all that it names: less than all of that."""

_LATEST = re.compile(r"\b(?:latest|newest|most recent)\b|最新|直近", re.IGNORECASE)
_QUARTER = re.compile(
    r"\bq\s?([1-4])\b|\b([1-4])q\b|\b(first|second|third|fourth|1st|2nd|3rd|4th) quarter"
    r"|第?([1-4一二三四])四半期"
)
_ORDINALS = {
    name: str(number)
    for number, names in enumerate(
        ("first 1st 一", "second 2nd 二", "third 3rd 三", "fourth 4th 四"), start=1
    )
    for name in names.split()
}
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")


@dataclass(frozen=True, slots=True)
class Naming:
    """What a document can be named by: the words of its title, name and first lines, and its period where it has one.

    ``period`` is (year, quarter or 0), (0, 0) where neither title nor name holds a year.
    """

    words: frozenset[str]
    period: tuple[int, int] = (0, 0)


def naming(title: str, source: str, head: str) -> Naming:
    """Returns what a document is named by; ``source`` is its path and ``head`` its first :data:`HEAD_CHARS`.

    Where its title or name says a year, those in its first lines (dates of issue, years before) do not name it.
    """
    name = _spaced(f"{title} {source.rpartition('/')[2].rpartition('.')[0]}")
    years = [int(year) for year in _YEAR.findall(name)]
    first = stems(head) | _quarters(fold(head))
    if years:
        first = frozenset(word for word in first if not _YEAR.fullmatch(word))
    quarters = _quarters(name)
    if quarters:
        first = frozenset(word for word in first if not re.fullmatch("q[1-4]", word))
    period = (max(years, default=0), max((int(one[1]) for one in quarters), default=0) if years else 0)
    return Naming(stems(name) | quarters | first | {str(year) for year in years}, period)


def wanted_of(query: str, rarity: Callable[[Sequence[str]], Mapping[str, float] | None]) -> dict[str, float]:
    """Returns the words of a question that may name a document, its quarters in one spelling ("q3"), and what each
    counts; ``rarity`` gives words' inverse document frequency.
    """
    asked = [term for term in terms(query) if term.weight > 0]
    quarters = _quarters(fold(query))
    known = rarity([*(term.word for term in asked), *quarters]) or {}
    found = {term.stem: term.weight * known.get(term.word, 1.0) for term in asked}
    return found | {quarter: known.get(quarter, 1.0) for quarter in quarters}


def asks_for_newest(query: str) -> bool:
    """Says whether a question asks for the newest of something."""
    return _LATEST.search(fold(query)) is not None


def gives_way(
    wanted: Mapping[str, float], newest: bool, names: Sequence[Naming], alike: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Returns how much each passage gives way to a twin of a better named document, shape (n,), in [0, 1 + RECENT].

    Args:
        wanted: the words of the question → what each counts (its rarity).
        newest: whether the newest is asked for.
        names: of each passage's document.
        alike: shape (n, n), in [0, 1]: how much two passages are twins; 0 within one document.
    """
    told = {
        word: weight
        for word, weight in wanted.items()
        if 0 < sum(word in one.words for one in names) < len(names)
    }
    total = sum(told.values())
    share = np.array([sum(weight for word, weight in told.items() if word in one.words) for one in names])
    share = share / total if total else share * 0.0
    if newest:
        periods = sorted({(0, 0), *(one.period for one in names)})
        age = np.array([periods.index(one.period) for one in names])
        share = share + RECENT * age / (len(periods) - 1 or 1)
    better = share[None, :] - share[:, None]
    most: NDArray[np.float64] = (alike * np.maximum(better, 0.0)).max(axis=1, initial=0.0)
    return most


def twins(vectors: Float32, texts: Sequence[str], documents: Sequence[str]) -> NDArray[np.float64]:
    """Returns how much each two passages of different documents are twins, shape (n, n), in [0, 1].

    ``vectors``: shape (n, dimension), unit rows, NaN for a passage without one, which is compared by its words.
    """
    cosines = (vectors @ vectors.T).astype(np.float64)
    alike = np.clip((cosines - ALIKE[0]) / (ALIKE[1] - ALIKE[0]), 0.0, 1.0)
    own = np.array(documents)
    alike[own[:, None] == own[None, :]] = 0.0
    words: dict[int, frozenset[str]] = {}
    for one, other in np.argwhere(np.triu(np.isnan(alike))).tolist():
        for at in (one, other):
            if at not in words:
                words[at] = frozenset(spellings(texts[at]))
        mine, theirs = words[one], words[other]
        share = len(mine & theirs) / (len(mine | theirs) or 1)
        alike[one, other] = alike[other, one] = np.clip(
            (share - SHARED[0]) / (SHARED[1] - SHARED[0]), 0.0, 1.0
        )
    return alike


def _spaced(name: str) -> str:
    return re.sub(r"[_\-./]+", " ", fold(name))


def _quarters(folded: str) -> frozenset[str]:
    found = (next(filter(None, match.groups())) for match in _QUARTER.finditer(folded))
    return frozenset(f"q{_ORDINALS.get(one, one)}" for one in found)
