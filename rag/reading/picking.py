"""Which of the sentences that may answer are shown, and in which order."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import takewhile

from corpus.language import fold
from rag.prompts.prompting import Reading
from rag.reading.clues import IN_MONEY, asks_for_money, expected_kinds, measured
from rag.reading.sides import sides
from rag.reading.signs import Candidate
from rag.words.codes import by_letters
from rag.words.elsewhere import is_rest
from rag.words.terms import numbers, stems, weights

MOST_SENTENCES = 4
MOST_ROWS = 2
"""Rows of one table that are shown at most; those for all places that it does not name are shown together."""
_HEARD = 0.25
"""What the other sentences of a passage lose once one of it is shown."""
AS_MUCH, NAMED_AS_MUCH = 0.5, 0.15
"""How much of another edition's share of the question's words the one that is meant must have to speak of the same; the
second where the question names its year.
"""
_NEARLY = 3.0
"""Difference of scores (a ratio of chances, as its logarithm) within which another sentence is shown too."""


def pick(candidates: Sequence[Candidate], most_rows: int = MOST_ROWS) -> list[Candidate]:
    """Returns the best, and up to three more that are nearly as likely and say something else.

    What stands in a passage that was quoted already counts a little less, so that others are heard too. Of one
    table no more than ``most_rows`` are shown.
    """
    chosen: list[Candidate] = []
    left = [(candidate.score, candidate) for candidate in candidates]
    while left and len(chosen) < MOST_SENTENCES:
        value, best = max(left, key=lambda one: one[0])  # of equals the first
        if chosen and value < chosen[0].score - _NEARLY:
            break
        chosen.append(best)
        left = [
            (value - (_HEARD if other.passage is best.passage else 0.0), other)
            for value, other in left
            if other is not best
            and not any(_same(other, one) for one in chosen)
            and _is_open(other, chosen, most_rows)
        ]
    return chosen


def rows_named(ranked: Sequence[Candidate], question: str) -> list[Candidate]:
    """Returns the candidates without the rows of a table of which the question names another by all of its first cell:
    "25-21" and "London" name theirs, however much of the question's words others have.
    """
    asked = f" {_apart(question)} "
    named = [one.unit.row and bool(one.unit.header) and f" {_key(one)} " in asked for one in ranked]
    headers = {one.unit.header for one, of_it in zip(ranked, named, strict=True) if of_it}
    words = {*asked.split()}  # "the P-9 probe" is another that is named, "Probe P-9"
    return [
        one
        for one, of_it in zip(ranked, named, strict=True)
        if of_it or not (one.unit.row and one.unit.header in headers) or words.issuperset(_key(one).split())
    ]


def named_first(chosen: list[Candidate], question: str) -> list[Candidate]:
    """Has a row stand first that a question names by a number of several figures, "25-21"; of codes with letters its
    header decides (:func:`keyed_first`).
    """
    asked = f" {_apart(question)} "

    def behind(one: Candidate) -> bool:
        key = _key(one)
        return not (one.unit.row and one.unit.header and _CODED.search(key) and f" {key} " in asked)

    return sorted(chosen, key=behind)


_CODED = re.compile(r"\A(?!(?:19|20)\d\d\Z)\d[\d.-]+\Z")


def _key(one: Candidate) -> str:
    """Returns the first cell of a row where it may name it by itself; else what no question has."""
    key = _apart(one.text.strip("| ").partition("|")[0])
    return key if re.search(r"\d|\w{3}", key) and (key.isdecimal() or weights(key)) else "|"


def _apart(text: str) -> str:
    """Returns the words of a text, folded, with a blank between them."""
    return " ".join(re.findall(r"\w+(?:[-.]\w+)*", fold(text)))


def both_sides(chosen: list[Candidate], ranked: Sequence[Candidate], reading: Reading) -> list[Candidate]:
    """Has the best of each side heard where a question lays two things beside each other, in the place of the last; of
    a measure that is asked for ("which is heavier?") the best that tells it.
    """
    asked = sides(reading.question)
    if asked is None or not chosen:
        return chosen
    by, _ = measured(reading.question)
    telling = [one for one in ranked if one.unit.stems & by] or ranked
    bests = (
        next((one for one in telling if _speaks_of(one, mine, theirs)), None)
        for mine, theirs in (asked, asked[::-1])
        if by or not any(_speaks_of(one, mine, theirs) for one in chosen)
    )
    heard = [one for one in bests if one is not None]
    rest = [one for one in chosen if one not in heard][: MOST_SENTENCES - len(heard)]
    return [*rest, *heard]


def _speaks_of(one: Candidate, mine: frozenset[str], theirs: frozenset[str]) -> bool:
    """Says whether a sentence, with what stands above it, speaks of one side, and of it as much as of the other."""
    about = one.unit.stems | stems(
        f"{one.unit.header}\n{one.unit.lead}\n{one.passage.context}\n{one.passage.place}"
    )
    here, there = (len(side & about) / len(side) for side in (mine, theirs))
    return here > 0.5 and here >= there


def measures_first(chosen: list[Candidate], question: str) -> list[Candidate]:
    """Has those that tell the measure that is asked for stand before those that only name the thing."""
    by, _ = measured(question)
    return sorted(chosen, key=lambda one: not (one.unit.stems & by and numbers(one.text))) if by else chosen


def keyed_first(chosen: list[Candidate], question: str) -> list[Candidate]:
    """Has the table row of the one thing that a question names by its code stand first, where its header names what is
    asked of it: "E-4032 | 36 months" under "Product | Warranty", before a sentence on how that is extended; where its
    code is all of a cell before where that goes on ("E-4032 logger"), both before "Calibration of the E-4032".
    """
    codes = by_letters(question)
    if len(codes) != 1 or any(len(some) != 1 for some in codes.values()):
        return chosen
    words = {word for word, weight in weights(question).items() if weight >= _CONTENT and word.isalpha()}
    wanted = words - stems(" ".join(codes))
    (code,) = (fold(written) for some in codes.values() for written in some.values())
    kinds, costs = expected_kinds(question), asks_for_money(question)
    leads = re.compile(rf"{re.escape(code)}(?![\w.-])")
    most = max((len(one.unit.stems & wanted) for one in chosen if one.unit.row), default=0)

    def behind(one: Candidate) -> int:
        cells = [fold(cell).strip() for cell in one.text.split("|")]
        of_kind = one.signs.kind or not kinds
        of_it = not wanted.isdisjoint(stems(one.unit.header))
        # a part's price is not the product's
        if costs and not of_it and len(one.unit.stems & wanted) >= most:
            of_it = IN_MONEY.search(fold(one.unit.header)) is not None
        if not (one.unit.row and of_it and of_kind and any(map(leads.match, cells))):
            return 2
        return int(code not in cells)

    return sorted(chosen, key=behind)


_CONTENT = 0.4


def from_the_newest(ranked: Sequence[Candidate], newer: Mapping[int, frozenset[int]]) -> Sequence[Candidate]:
    """Has what the edition that is meant says in nearly the words of another change places with it, where that other
    is likelier: of two that differ in a figure alone, which of them is found better says nothing.
    """
    found = list(ranked)
    for at, one in enumerate(found):
        own = newer.get(one.passage.marker, ())
        behind = range(at + 1, len(found)) if own else ()
        there = (k for k in behind if found[k].passage.marker in own and _alike(one, found[k]) >= _REWRITTEN)
        if (k := next(there, None)) is not None:
            found[at], found[k] = replace(found[k], score=one.score), replace(one, score=found[k].score)
    return found


_REWRITTEN = 0.6
"""Least share of common words of what two editions say of one matter."""


def newest_first(
    chosen: Sequence[Candidate], newer: Mapping[int, frozenset[int]], least: float = AS_MUCH
) -> list[Candidate]:
    """Has what the edition that is meant says of a matter stand before what another says of it; ``least`` is how much
    of the other's share of the question's words it must have to speak of the same.
    """
    left = list(chosen)
    found: list[Candidate] = []
    while left:
        first = left[0]
        now = (
            other
            for other in left[1:]
            if other.passage.marker in newer.get(first.passage.marker, ())
            and other.signs.share >= least * first.signs.share
        )
        found.append(next(now, first))
        left.remove(found[-1])
    return found


def with_its_list(chosen: list[Candidate]) -> list[Candidate]:
    """Has the list that the best sentence announces ("the following documents", 次の書類) stand below it, in the place
    of the others; as it is where no list of marked lines follows.
    """
    if not chosen or chosen[0].unit.row or not _ANNOUNCES.search(chosen[0].text):
        return chosen
    first, text = chosen[0], chosen[0].passage.text
    lines = text[text.find(first.text) + len(first.text) :].splitlines()
    marked = (_ITEM.fullmatch(line) for line in lines if line.strip())
    items = [found["item"] for found in takewhile(lambda found: found is not None, marked) if found]
    listed = [
        replace(first, unit=replace(first.unit, text=item, lead="", item=True, stems=stems(item)))
        for item in items[:_MOST_LISTED]
    ]
    return [first, *listed] if len(listed) > 1 else chosen


_ANNOUNCES = re.compile(
    r"\bthe following\b|\bas follows\b|次の(?!日|月|年|週|とき|朝|駅|章)|次に掲げる|以下の|下記の",
    re.IGNORECASE,
)
_ITEM = re.compile(
    r"\s*(?:[-*+•・●○]|[(（]?\d{1,2}[.)）、]|[①-⑳]|[(（][一二三四五六七八九十ア-ン][)）])\s*(?P<item>\S.*?)\s*"
)
_MOST_LISTED = 8
"""So many items of a list are shown at most."""


def _is_open(candidate: Candidate, chosen: Sequence[Candidate], most_rows: int) -> bool:
    if _is_beside(candidate, chosen) or _says_nothing_of_it(candidate, chosen[0]):
        return False
    rows = [one for one in chosen if one.unit.row and one.passage is candidate.passage]
    together = bool(rows) and is_rest(candidate.text) and all(is_rest(one.text) for one in rows)
    return not candidate.unit.row or len(rows) < most_rows or together


def _says_nothing_of_it(candidate: Candidate, best: Candidate) -> bool:
    """Says whether a sentence has no word of the question, nor what leads to it, where the best has, and means little
    of it; not where it has the kind of words that is asked for and the best has not: "Date: 12 July".
    """
    signs = candidate.signs
    fits = signs.fits if candidate.passage is best.passage else 0.0
    told = signs.own + signs.header + signs.lead + fits > 0 or signs.meaning >= _MEANT
    return best.signs.own > 0 and not (told or signs.kind > best.signs.kind)


_MEANT = 0.3
"""Cosine with the question from which a sentence may speak of it in other words."""


def _is_beside(candidate: Candidate, chosen: Sequence[Candidate]) -> bool:
    """Says whether a row has little of what a chosen one of the same columns has of the question: another product's."""
    if not candidate.unit.row or not candidate.unit.header:
        return False
    own = candidate.signs.own + candidate.signs.fits
    alike = [one.signs.own for one in chosen if one.unit.row and one.unit.header == candidate.unit.header]
    return own < _OF_THE_ROW * max(alike, default=0.0)


_OF_THE_ROW = 0.5
"""How much of the share that a row has of the question's words others of its table must have to stand beside it."""


def _same(one: Candidate, other: Candidate) -> bool:
    if fold(one.text) == fold(other.text):
        return True
    return _alike(one, other) >= 0.8 and _figures(one.text) == _figures(other.text)


def _alike(one: Candidate, other: Candidate) -> float:
    return len(one.unit.stems & other.unit.stems) / max(1, len(one.unit.stems | other.unit.stems))


def _figures(text: str) -> frozenset[str]:
    return numbers(text) | frozenset(_ORDINAL.findall(fold(text)))


_ORDINAL = re.compile(r"\b(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth)\b")
