"""Which sentences of the passages answer a question: the built-in model's reading, without any model.

Deterministic, linear in the passages, in English and Japanese.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from itertools import accumulate
from operator import or_

import numpy as np
from numpy.typing import NDArray

from corpus.language import fold
from rag.prompts.prompting import NOT_IN_DOCUMENTS, Reading, ReadPassage, is_japanese
from rag.reading.clues import (
    asked_figures,
    asks_for_all,
    asks_of_a_letter,
    expected_kinds,
    fits,
    letterhead,
    newer_editions,
)
from rag.reading.exact import exact
from rag.reading.measures import measured
from rag.reading.sides import compares, only_announces, sides, without_asking
from rag.reading.units import ASKS, Unit, cut
from rag.reading.verdicts import with_verdicts
from rag.words.clauses import clauses_named, clauses_of, sought
from rag.words.elsewhere import is_rest, meant
from rag.words.terms import coverage, numbers, stems, verbs, weights
from rag.words.told import tell

Embed = Callable[[Sequence[str]], NDArray[np.float32] | None]
"""Texts → unit rows, shape (n, dimension); None where the embedder does not know the language."""

MOST_SENTENCES = 4
_EMBEDDED = 16
"""Sentences, best by their words, whose meaning is looked at: with 24 no more answers are found."""
_MOST_ROWS = 2
"""Rows of one table that are shown at most; those for all places that it does not name are shown together."""
_HEARD = 0.25
"""What the other sentences of a passage lose once one of it is shown."""
_SURE = 0.36
"""Least share of the question's words in and around the best sentence for words of it to stand as the answer: on the
sample's 157 questions the two that .36 takes away from those at .3 were one wrong and one half the answer.
"""
_AS_MUCH = 0.5
"""How much of an older edition's share of the question's words the newest one's must have to speak of the same."""
_NEARLY = 3.0
"""Difference of scores (a ratio of chances, as its logarithm) within which another sentence is shown too."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What speaks for a sentence; each at or above 0, most in [0, 1].

    ``own``: the weighted share of the question's words in it. ``header``: what a row's header adds to it;
    ``lead``: then the line that leads into it or the sentence it leans on; ``beside``: the sentences beside it;
    ``above``: title and headings. ``passage``: the share in its whole passage. ``kind``: it holds what is asked
    for (a date for "when"). ``rank``: of its passage, 1 for the first. ``meaning``: the cosine with the question.
    ``new``: it says something beyond the question's words. ``fits``: a number of the question lies within a range
    it gives. ``old``: a newer edition of its document is at hand. ``row`` and
    ``asks`` (it is a question) tell its form.
    """

    own: float = 0.0
    header: float = 0.0
    lead: float = 0.0
    beside: float = 0.0
    above: float = 0.0
    passage: float = 0.0
    kind: float = 0.0
    rank: float = 0.0
    meaning: float = 0.0
    new: float = 0.0
    fits: float = 0.0
    old: float = 0.0
    row: float = 0.0
    asks: float = 0.0

    @property
    def share(self) -> float:
        """The weighted share of the question's words in it and all it stands under and beside."""
        return self.own + self.header + self.lead + self.beside + self.above


@dataclass(frozen=True, slots=True)
class Candidate:
    """A unit with its signs and its score; the chances of two compare as ``exp`` of their scores."""

    unit: Unit
    signs: Signs
    score: float

    @property
    def passage(self) -> ReadPassage:
        """The passage it stands in."""
        return self.unit.passage

    @property
    def text(self) -> str:
        """Its words as they stand there."""
        return self.unit.text


WORDS = Signs(
    own=4.4, header=1.0, lead=1.6, beside=0.45, above=1.9, passage=2.9, kind=1.4, rank=2.3, new=0.3, fits=0.5,
    old=-1.8, row=0.5, asks=-1.4,
)  # fmt: skip
"""What each sign counts for where the embedder does not know the language; fitted by ``bench/reading.py``."""

MEANING = Signs(
    own=2.4, header=0.9, lead=1.4, beside=0.7, above=1.1, passage=2.7, kind=0.7, rank=1.8, meaning=5.8, new=0.5,
    fits=0.6, old=-1.6, row=0.7, asks=-1.9,
)  # fmt: skip
"""The same where it does."""


def answer_prompt(reading: Reading, embed: Embed | None = None) -> Iterator[str]:
    """Yields the answer's parts, a line each: the few words that answer it where those are plain, then quoted sentences
    with their markers, at most four, best first.
    """
    japanese = is_japanese(reading.question)
    if not reading.passages:
        yield tell("alone", japanese)
        return
    lines = 0
    for lines, line in enumerate(_lines(reading, embed), 1):
        yield ("\n" if lines > 1 else "") + line
    if not lines:
        yield NOT_IN_DOCUMENTS


def _lines(reading: Reading, embed: Embed | None) -> Iterator[str]:
    asked = _parts(reading)
    shown: list[Unit] = []
    said: set[str] = set()
    for part in asked:
        chosen = choose(part, embed)
        short = exact(part.question, chosen[0].unit) if chosen and _is_sure(chosen) else None
        if short is not None and len(short) < len(chosen[0].text) and short not in said:
            said.add(short)
            yield f"{short} [{chosen[0].passage.marker}]"
        for one in chosen[: MOST_SENTENCES // len(asked)]:
            if one.unit not in shown:
                yield f"{_quoted(one.unit)} [{one.passage.marker}]"
                shown.append(one.unit)


def _parts(reading: Reading) -> list[Reading]:
    """Returns the questions to answer, one after the other: lines that each are one, or the whole."""
    lines = [line for line in reading.question.split("\n") if line.strip()]
    several = 1 < len(lines) <= MOST_SENTENCES and all(ASKS.search(line) for line in lines)
    return [replace(reading, question=line) for line in lines] if several else [reading]


def _is_sure(chosen: Sequence[Candidate]) -> bool:
    """Says whether words of the best sentence may stand as the answer: it speaks of what was asked, it is not one of
    several entries for all places that are not named, and no other row of its table is asked for as much.
    """
    first, *others = chosen
    open_ended = sum(is_rest(one.text) for one in chosen)
    rows = [one for one in others if first.unit.row and one.unit.row and one.passage is first.passage]
    own = first.signs.own + first.signs.fits
    if any(one.unit.header == first.unit.header and one.signs.own + one.signs.fits >= own for one in rows):
        return False
    return first.signs.share >= _SURE and not (is_rest(first.text) and open_ended > 1)


def _quoted(unit: Unit) -> str:
    """Returns the sentence in quotation marks, behind a table's header or what leads to a list."""
    text = " ".join(unit.text.split())
    left, right = ("「", "」") if is_japanese(text) else ("“", "”")
    if text.count(left) != text.count(right) or (left == "「" and text.startswith(left)):
        left, right = "«", "»"
    return f"{unit.above}: {left}{text}{right}" if unit.above else f"{left}{text}{right}"


# ---- choosing ------------------------------------------------------------------------------------


def choose(reading: Reading, embed: Embed | None = None) -> list[Candidate]:
    """Returns the sentences that answer the question, best first; none when no word of it occurs."""
    ranked = rank(reading, embed)
    most_rows = MOST_SENTENCES if asks_for_all(reading.question) else _MOST_ROWS
    chosen = _both_sides(pick(ranked, most_rows), ranked, reading)
    return _newest_first(_measures_first(chosen, reading.question), newer_editions(reading))


def rank(reading: Reading, embed: Embed | None = None) -> list[Candidate]:
    """Returns every unit that shares a word or some meaning with the question, best first."""
    found = [_scored(unit, signs, WORDS) for unit, signs in signs_of(reading) if signs.passage > 0]
    found = [c for c in found if not c.unit.label] or found
    found = [c for c in found if not c.signs.asks] or found  # a question answers none
    found.sort(key=lambda c: (-c.score, c.unit.order))
    if embed is None or not found:
        return found
    first = found[:_EMBEDDED]
    rows = embed([reading.question, *(c.unit.spoken for c in first)])
    if rows is None:
        return found
    first = [
        _scored(c.unit, replace(c.signs, meaning=float(cosine)), MEANING)
        for c, cosine in zip(first, rows[1:] @ rows[0], strict=True)
    ]
    return sorted(first, key=lambda c: (-c.score, c.unit.order))


def _scored(unit: Unit, signs: Signs, by: Signs) -> Candidate:
    total = sum(float(sign) * weight for sign, weight in zip(astuple(signs), astuple(by), strict=True))
    return Candidate(unit, signs, total)


def signs_of(reading: Reading) -> list[tuple[Unit, Signs]]:
    """Returns the units of all passages, in order, each with its signs (``meaning`` still 0)."""
    rest = meant(reading.question, (f"{p.place}\n{p.context}\n{p.text}" for p in reading.passages))
    units = _units(reading, rest)
    rarity = _rarity([unit.stems for unit in units])
    asked = sought(reading.question)
    wanted = weights(asked, {term.stem: rarity(term.stem) for term in asked})
    wanted |= {
        verb: weight * rarity(verb) for verb, weight in verbs(reading.question).items() if verb not in wanted
    }
    wanted = without_asking(wanted) if compares(reading.question) else wanted
    kinds = expected_kinds(reading.question)
    figures = asked_figures(reading.question)
    old = newer_editions(reading)
    clauses = clauses_named(reading.question)
    places = {p.marker: stems(f"{p.place}\n{p.context}") for p in reading.passages}
    wholes = {p.marker: stems(p.text) | (rest if is_rest(p.text) else frozenset()) for p in reading.passages}

    def signs(at: int, unit: Unit) -> Signs:
        marker = unit.passage.marker
        layers = [unit.stems, stems(unit.header), stems(unit.lead), _beside(units, at)]
        if clauses:  # a part's own sentences, not the whole of a passage that has it
            layers[0] = unit.stems | clauses_of(unit.text)
            layers[2] = layers[2] | clauses_of("", unit.lead)
        have = list(accumulate([*layers, places[marker], wholes[marker]], or_))
        own, header, lead, beside, above, passage = (coverage(wanted, some) for some in have)
        new = len([stem for stem in weights(unit.text) if stem not in wanted])
        return Signs(
            own=own,
            header=header - own,
            lead=lead - header,
            beside=beside - lead,
            above=above - beside,
            passage=passage,
            kind=float(any(kind.search(unit.text) for kind in kinds)),
            rank=1 / (1 + unit.order),
            new=min(1.0, math.log1p(new) / math.log(12)),
            fits=float(fits(figures, unit.text)),
            old=float(marker in old),
            row=float(unit.row),
            asks=float(ASKS.search(unit.text) is not None),
        )

    return [(unit, signs(at, unit)) for at, unit in enumerate(units)]


def _units(reading: Reading, rest: frozenset[str]) -> list[Unit]:
    """Returns the units that may answer; those that speak of the rest of a whole have ``rest`` among their words."""
    cuts = (cut(order, passage) for order, passage in enumerate(reading.passages))
    passages = [list(with_verdicts(reading.question, units)) for units in cuts]
    units = [unit for one in passages for unit in one]
    if not asks_of_a_letter(reading.question):
        units = [unit for one in passages for unit in _below_letterhead(one)] or units
    if rest:
        units = [replace(one, stems=one.stems | rest) if is_rest(one.text) else one for one in units]
    by, told = measured(reading.question)
    if by:
        units = [replace(one, stems=one.stems | by) if one.stems & told else one for one in units]
    if compares(reading.question):
        units = [one for one in units if not only_announces(one.text)] or units
    return units


def _below_letterhead(units: Sequence[Unit]) -> Iterator[Unit]:
    """Yields the units of a passage without those of a mail's head."""
    head = letterhead([one.text for one in units], units[0].passage.place) if units else range(0)
    yield from (one for at, one in enumerate(units) if at not in head)


def _beside(units: Sequence[Unit], at: int) -> frozenset[str]:
    """Returns the words of the sentences right before and behind one in its passage; none of a row's."""
    if units[at].row:
        return frozenset()
    near = [*units[at - 1 : at], *units[at + 1 : at + 2]]
    return frozenset().union(*(one.stems for one in near if one.passage is units[at].passage and not one.row))


def _rarity(documents: Sequence[frozenset[str]]) -> Callable[[str], float]:
    """Returns a smoothed inverse document frequency over the sentences at hand
    (Robertson & Spärck Jones 1976).
    """
    seen = Counter(term for document in documents for term in document)
    total = len(documents)
    return lambda term: math.log(1 + (total - seen[term] + 0.5) / (seen[term] + 0.5))


# ---- picking -------------------------------------------------------------------------------------


def pick(candidates: Sequence[Candidate], most_rows: int = _MOST_ROWS) -> list[Candidate]:
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


def _both_sides(chosen: list[Candidate], ranked: Sequence[Candidate], reading: Reading) -> list[Candidate]:
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


def _measures_first(chosen: list[Candidate], question: str) -> list[Candidate]:
    """Has those that tell the measure that is asked for stand before those that only name the thing."""
    by, _ = measured(question)
    return sorted(chosen, key=lambda one: not (one.unit.stems & by and numbers(one.text))) if by else chosen


def _newest_first(chosen: Sequence[Candidate], newer: Mapping[int, frozenset[int]]) -> list[Candidate]:
    """Has what the newest edition says of a matter stand before what an older one says of it."""
    left = list(chosen)
    found: list[Candidate] = []
    while left:
        first = left[0]
        now = (
            other
            for other in left[1:]
            if other.passage.marker in newer.get(first.passage.marker, ())
            and other.signs.share >= _AS_MUCH * first.signs.share
        )
        found.append(next(now, first))
        left.remove(found[-1])
    return found


def _is_open(candidate: Candidate, chosen: Sequence[Candidate], most_rows: int) -> bool:
    rows = [one for one in chosen if one.unit.row and one.passage is candidate.passage]
    together = bool(rows) and is_rest(candidate.text) and all(is_rest(one.text) for one in rows)
    return not candidate.unit.row or len(rows) < most_rows or together


def _same(one: Candidate, other: Candidate) -> bool:
    if fold(one.text) == fold(other.text):
        return True
    shared = len(one.unit.stems & other.unit.stems) / max(1, len(one.unit.stems | other.unit.stems))
    return shared >= 0.8 and numbers(one.text) == numbers(other.text)
