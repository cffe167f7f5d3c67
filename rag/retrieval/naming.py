"""Two passages that say nearly the same: the one stands first whose document the question names, or asks for as newer.

Quarterly reports, editions of a policy, two plans of one insurer: their passages are so alike that no word
of theirs says which is meant. What the question says of the document does, by its title, its file's name and its first
lines. It decides between such twins alone: as a score for every passage it cost more than it gave
(docs/retrieval-measured.md).
Only of two documents whose names are nearly the same (:func:`called_by_name`) does the one stand first that the
question calls by all that is its own, whatever they say: "under Northwind Standard" asks for no other plan's pages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from corpus.language import fold, spellings
from corpus.types import Float32
from rag.words.editions import UNDATED, Edition, dated_part, edition_of, periods_of, quarters_of, spaced_out
from rag.words.terms import stems, terms

HEAD_CHARS = 1000
"""A document is named in so many of its first characters."""

ALIKE = (0.8, 0.9)
"""Cosine from which two passages begin to be twins, and from which they are."""

SHARED = (0.4, 0.6)
"""The same as share of common words, for passages without a vector."""

RECENT = 0.9
"""What being the newest is worth, where the question asks for it, beside all that it names: less than all of that."""

SAME_WORK = 1.0
"""How much two editions of one work are twins, whatever they say, where the question asks for one of them."""

SIBLINGS = 0.4
"""Share of common words from which the names of two documents are nearly the same."""

BY_NAME = 2.0
"""What it is worth to be called by all that is a document's own in its name: all else together is worth less."""

MOST_TWINS = 200
"""Of so many passages, the best, twins are looked for: the work grows with their square."""

_LATEST = re.compile(
    r"(?<!at the )\blatest\b(?! (?:(?:start|end|finish|arriv|depart|check|book|deliver|pay|submi)[\w-]*(?: \w+)? )?"
    r"(?:time|hour|day|date|deadline|moment)s?\b| (?:possible|permi\w+|allowed|acceptable|technolog\w+)\b"
    r"| (?:i|you|we|they|he|she|it|(?:an?|the) [\w-]+) (?:can|may|must|should|could|will|would|have to|has to)\b)"
    r"|\bnewest\b|\bmost recent\b(?! (?:\d+|two|three|four|five|six|twelve) )"
    r"|最新(?!技術|鋭|の(?:技術|設備|機器|機種|機械))|直近(?!の?[\d一二三四五六数])|現行(?!犯)"
    r"|\bcurrent (?:version|edition|policy|rules?|guidelines?|handbook|manual)\b(?! (?:year|holder|number))"
)
"""Asks for the newest edition; "the latest start time", 最新技術 and "the most recent three payslips" are things that a
document speaks of."""
_SUFFIX = re.compile(r"(?<=.)\.[a-z][a-z0-9]{0,5}$", re.IGNORECASE)
_KINDS = [re.compile(kind) for kind in (r"(?:19|20)\d\d", r"q\d|half-\d", r"month-[-\d]+", r"v\d[\d.]*")]
"""The spellings of what :func:`rag.words.editions.periods_of` finds."""


@dataclass(frozen=True, slots=True)
class Naming:
    """What a document can be named by: the words of its title, names and first lines; and which edition its path or,
    if that says nothing, its title says it is, of which work of its collection; ``name``: those of its title and name
    alone.
    """

    words: frozenset[str]
    edition: Edition = UNDATED
    collection: str = ""
    name: frozenset[str] = frozenset()


def naming(title: str, sources: Sequence[str], head: str, collection: str = "") -> Naming:
    """Returns what a document is named by; ``sources`` are its path and those of its copies, ``head`` its first
    :data:`HEAD_CHARS`.

    Where its title or a name says a year, part of the year or version, or a folder where they do not, those in its
    first lines (dates of issue, earlier versions) do not name it. Of copies the newest says which edition it is.
    """
    paths = [without_suffix(source) for source in sources]
    called = [title, *(path.rpartition("/")[2] for path in paths)]
    name = spaced_out(" ".join(called))
    by_name, by_folder = periods_of(name), frozenset[str]().union(*(periods_of(dated_part(p)) for p in paths))
    first = stems(head) | frozenset(f"q{quarter}" for quarter in quarters_of(fold(head)))
    own: frozenset[str] = frozenset()
    for kind in _KINDS:
        said = _of_kind(kind, by_name) or _of_kind(kind, by_folder)
        own, first = own | said, first - _of_kind(kind, first) if said else first
    edition = max((edition_of(path) for path in paths), key=lambda one: one.moment)
    moment = edition.moment or edition_of(title).moment
    alone = frozenset[str]().union(*map(name_stems, called))
    return Naming(stems(name) | own | first, Edition(moment, edition.work), collection, alone)


@lru_cache(maxsize=8192)
def name_stems(name: str) -> frozenset[str]:
    """Returns the stems of the words in a title or a file's name that have a meaning of their own."""
    return frozenset(term.stem for term in terms(f"- {spaced_out(name)}") if term.weight > 0)


def without_suffix(source: str) -> str:
    """Returns a path without the ending of its file name."""
    return _SUFFIX.sub("", source)


def _of_kind(kind: re.Pattern[str], words: frozenset[str]) -> frozenset[str]:
    return frozenset(word for word in words if kind.fullmatch(word))


def wanted_of(query: str, rarity: Callable[[Sequence[str]], Mapping[str, float] | None]) -> dict[str, float]:
    """Returns the words of a question that may name a document, its years, parts of years and versions in one spelling
    ("q3", "v2"), and what each counts; ``rarity`` gives words' inverse document frequency.
    """
    asked = [term for term in terms(query) if term.weight > 0]
    periods = periods_of(spaced_out(query))
    known = rarity([*(term.word for term in asked), *sorted(periods)]) or {}
    found = {term.stem: term.weight * known.get(term.word, 1.0) for term in asked}
    return found | {period: known.get(period, 1.0) for period in periods}


def beside(query: str) -> dict[str, frozenset[str]]:
    """Returns the words of a question → those right beside it, and itself where a capital amid the sentence says that
    it is a name.
    """
    said = terms(query)
    found: dict[str, frozenset[str]] = {}
    for at, term in enumerate(said):
        near = {other.stem for other in said[max(0, at - 1) : at] + said[at + 1 : at + 2]}
        found[term.stem] = found.get(term.stem, frozenset()) | near | ({term.stem} if term.name else set())
    return found


def asks_for_newest(query: str) -> bool:
    """Says whether a question asks for the newest of something."""
    return _LATEST.search(fold(query)) is not None


def called_by_name(
    wanted: Mapping[str, float], names: Sequence[Naming], near: Mapping[str, Set[str]]
) -> NDArray[np.bool_]:
    """Returns which documents (columns) the question calls by all that parts their names from those of their siblings
    (rows), and these by nothing of their own, shape (n, n).

    One of these words at least must be meant as a name, by ``near`` (:func:`beside`): written large, or right beside a
    word that both names have; "the standard procedure" calls no Standard plan. A figure or a version calls none.

    Siblings are documents of a collection whose names have :data:`SIBLINGS` of their words in common and each some of
    its own: two plans of one insurer, 正社員就業規則 and 契約社員就業規則.
    """
    own = [(one.collection, one.name) for one in names]
    distinct = list(dict.fromkeys(own))
    calls = np.zeros((len(distinct), len(distinct)), np.bool_)
    for column, (collection, name) in enumerate(distinct):
        if name & wanted.keys():
            calls[:, column] = [
                one[0] == collection and _calls(wanted, name, one[1], near) for one in distinct
            ]
    at = np.array([distinct.index(one) for one in own], np.intp)
    called: NDArray[np.bool_] = calls[np.ix_(at, at)]
    return called


def _calls(
    wanted: Mapping[str, float], name: frozenset[str], other: frozenset[str], near: Mapping[str, Set[str]]
) -> bool:
    own, its, both = name - other, other - name, name & other
    if not (own and its and own <= wanted.keys()) or its & wanted.keys():
        return False
    words = {
        word for word in own if not word.isdecimal() and not any(kind.fullmatch(word) for kind in _KINDS)
    }
    meant = any(word in near.get(word, ()) or not both.isdisjoint(near.get(word, ())) for word in words)
    return meant and len(both) >= SIBLINGS * len(name | other)


def same_works(wanted: Mapping[str, float], newest: bool, names: Sequence[Naming]) -> NDArray[np.float64]:
    """Returns how much documents are twins as editions of one work, shape (n, n); nothing unless the question asks for
    one of them, by a year, part of a year or version or as the newest. Arguments as of :func:`gives_way`.
    """
    if not newest and not _periods(_telling(wanted, names)):
        return np.zeros((len(names), len(names)))
    return SAME_WORK * _editions(names).astype(np.float64)


def gives_way(
    wanted: Mapping[str, float],
    newest: bool,
    names: Sequence[Naming],
    alike: NDArray[np.float64],
    near: Mapping[str, Set[str]] = {},
) -> NDArray[np.float64]:
    """Returns how much each passage gives way to a twin of a better named document, or to any of one that the question
    calls by name, shape (n,), in [0, BY_NAME].

    Args:
        wanted: the words of the question → what each counts (its rarity).
        newest: whether the newest is asked for; what says no date is neither newer nor older.
        names: of each passage's document.
        alike: shape (n, n), in [0, 1]: how much two passages are twins; 0 within one document.
        near: what stands right beside each word of the question, of :func:`beside`.
    """
    told = _telling(wanted, names)
    better, periods = _better(told, names), _periods(told)
    newer = RECENT * _newer([one.edition.moment for one in names]) if newest else np.zeros_like(better)
    if periods or newest:
        # A period, or being newer, says which of two editions is meant, whatever words are in their first lines,
        # and however much older other works are.
        editions = _editions(names)
        better = np.where(editions, _better(periods, names), better)
        newer = np.where(editions, RECENT * np.sign(newer), newer)
    twin = alike * np.maximum(better + newer, 0.0)
    most: NDArray[np.float64] = np.maximum(twin, BY_NAME * called_by_name(wanted, names, near)).max(
        axis=1, initial=0.0
    )
    return most


def _telling(wanted: Mapping[str, float], names: Sequence[Naming]) -> dict[str, float]:
    """Returns the words by which some of the documents are named and others are not."""
    return {
        word: weight
        for word, weight in wanted.items()
        if 0 < sum(word in one.words for one in names) < len(names)
    }


def _periods(told: Mapping[str, float]) -> dict[str, float]:
    return {word: weight for word, weight in told.items() if any(kind.fullmatch(word) for kind in _KINDS)}


def _better(told: Mapping[str, float], names: Sequence[Naming]) -> NDArray[np.float64]:
    """Returns how much more of these words each document is named by than each (column than row), shape (n, n)."""
    share = np.array([sum(weight for word, weight in told.items() if word in one.words) for one in names])
    share = share / (sum(told.values()) or 1.0)
    more: NDArray[np.float64] = share[None, :] - share[:, None]
    return more


def _editions(names: Sequence[Naming]) -> NDArray[np.bool_]:
    """Returns which documents are editions of one work, shape (n, n)."""
    own = [(one.collection, one.edition.work) for one in names]
    works = {work: number for number, work in enumerate(dict.fromkeys(own), start=1) if work[1]}
    moments = {moment: number for number, moment in enumerate({one.edition.moment for one in names})}
    work = np.array([works.get(one, 0) for one in own])
    moment = np.array([moments[one.edition.moment] for one in names])
    same = (work[:, None] == work[None, :]) & (work > 0)
    editions: NDArray[np.bool_] = same & (moment[:, None] != moment[None, :])
    return editions


def _newer(moments: Sequence[tuple[int, ...]]) -> NDArray[np.float64]:
    """Returns how much newer each is than each (column than row), shape (n, n), in [-1, 1]; 0 for what has no date."""
    known = sorted({one for one in moments if one})
    age = np.array([known.index(one) / max(1, len(known) - 1) if one else np.nan for one in moments])
    newer: NDArray[np.float64] = np.nan_to_num(age[None, :] - age[:, None])
    return newer


def twins(vectors: Float32, texts: Sequence[str], documents: Sequence[str]) -> NDArray[np.float64]:
    """Returns how much each two passages of different documents are twins, shape (n, n), in [0, 1].

    ``vectors``: shape (n, dimension), unit rows, NaN for a passage without one, which is compared by its words. The
    first :data:`MOST_TWINS` alone are looked at.
    """
    alike = np.zeros((len(texts), len(texts)))
    n = min(len(texts), MOST_TWINS)
    cosines = (vectors[:n] @ vectors[:n].T).astype(np.float64)
    unread = np.isnan(cosines)
    near = np.clip((cosines - ALIKE[0]) / (ALIKE[1] - ALIKE[0]), 0.0, 1.0)
    if np.triu(unread, 1).any():
        shared = np.clip((_shared(texts[:n]) - SHARED[0]) / (SHARED[1] - SHARED[0]), 0.0, 1.0)
        near = np.where(unread, shared, near)
    own = np.unique(np.array(documents[:n]), return_inverse=True)[1]
    alike[:n, :n] = np.where(own[:, None] == own[None, :], 0.0, near)
    return alike


def _shared(texts: Sequence[str]) -> NDArray[np.float64]:
    """Returns the share of each two texts' words that are in both (Jaccard's index), shape (n, n), in [0, 1]."""
    column: dict[str, int] = {}
    said = [{column.setdefault(word, len(column)) for word in spellings(text)} for text in texts]
    holds = np.zeros((len(texts), len(column)), np.float32)
    for row, words in enumerate(said):
        holds[row, list(words)] = 1.0
    both = (holds @ holds.T).astype(np.float64)
    size = np.diag(both)
    return both / np.maximum(size[:, None] + size[None, :] - both, 1.0)
