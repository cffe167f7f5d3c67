"""Which sentences of the passages answer a question: the built-in model's reading, without any model.

Deterministic, linear in the passages, in English and Japanese.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple, replace
from itertools import accumulate
from operator import or_

from corpus.language import fold
from rag.prompts.prompting import NOT_IN_DOCUMENTS, Reading, ReadPassage, is_japanese
from rag.reading.clues import (
    asked_figures,
    asks_for_all,
    asks_of_a_letter,
    asks_of_history,
    clock_words,
    counted,
    expected_kinds,
    fits,
    is_of_history,
    is_of_itself,
    letterhead,
    measured,
    newer_editions,
    tells_a_time,
    years_of_editions,
)
from rag.reading.differences import Changed, changes_shown
from rag.reading.exact import exact
from rag.reading.meaning import Embed
from rag.reading.over_rows import MOST_SHOWN, tallied
from rag.reading.picking import (
    AS_MUCH,
    MOST_ROWS,
    MOST_SENTENCES,
    NAMED_AS_MUCH,
    both_sides,
    from_the_newest,
    keyed_first,
    measures_first,
    named_first,
    newest_first,
    pick,
    rows_named,
    with_its_list,
)
from rag.reading.sides import compares, only_announces, without_asking
from rag.reading.signs import MEANING, WORDS, Candidate, Signs
from rag.reading.units import ASKS, Unit, cut
from rag.reading.verdicts import with_verdicts
from rag.words.clauses import clauses_named, clauses_of, sought
from rag.words.codes import are_of_another, by_letters, code_on, speaks_of
from rag.words.elsewhere import is_rest, meant
from rag.words.offices import Office, is_held, office_asked_for
from rag.words.terms import CODE, coverage, numbers, stems, verbs, weights
from rag.words.told import tell

_EMBEDDED = 16
"""Sentences, best by their words, whose meaning is looked at: with 24 no more answers are found."""
_READ_WHOLE = 3
"""Of so many passages sentences without a word of the question are looked at, too, where their meaning can be."""
_A_TIME = 2.0
"""What a time of day counts for where one is asked for, beside any other kind of words, if it is told of something that
is asked about.
"""
_SURE = 0.36
"""Least share of the question's words in and around the best sentence for words of it to stand as the answer: on the
sample's 157 questions the two that .36 takes away from those at .3 were one wrong and one half the answer.
"""


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
    told, editions = changes_shown(reading.question, reading.passages)
    if told:
        yield from _changes(told, editions)
        return
    if (rows := tallied(reading.question, reading.passages)) is not None:
        for unit in rows.rows[:MOST_SHOWN]:
            yield f"{_quoted(unit)} [{unit.passage.marker}]"
        return
    asked = _parts(reading)
    shown: list[Unit] = []
    said: set[str] = set()
    for part in asked:
        chosen = choose(part, embed)
        short = exact(part.question, chosen[0].unit) if chosen and _is_sure(chosen) else None
        if short is not None and len(short) < len(chosen[0].text) and short not in said:
            said.add(short)
            yield f"{short} [{chosen[0].passage.marker}]"
        for one in chosen if len(asked) == 1 else chosen[: MOST_SENTENCES // len(asked)]:
            if one.unit not in shown:
                yield f"{_quoted(one.unit)} [{one.passage.marker}]"
                shown.append(one.unit)


def _changes(told: Sequence[Changed], editions: Mapping[int, str]) -> Iterator[str]:
    """Yields what two editions say of each matter, the newer first, each behind the year or version of its own."""
    for one in told:
        for unit in one.units:
            edition = "" if one.listed else editions[unit.passage.marker]
            yield f"{edition + ': ' if edition else ''}{_quoted(unit)} [{unit.passage.marker}]"


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
    newer = newer_editions(reading)
    ranked = from_the_newest(_of_what_is_asked(rank(reading, embed), reading.question), newer)
    ranked = rows_named(ranked, reading.question)
    most_rows = MOST_SENTENCES if asks_for_all(reading.question) else MOST_ROWS
    chosen = both_sides(pick(ranked, most_rows), ranked, reading)
    chosen = named_first(measures_first(chosen, reading.question), reading.question)
    chosen = keyed_first(chosen, reading.question)
    least = NAMED_AS_MUCH if years_of_editions(reading) else AS_MUCH
    chosen = newest_first(chosen, newer, least)
    return with_its_list(chosen)


def rank(reading: Reading, embed: Embed | None = None) -> list[Candidate]:
    """Returns every unit that shares a word or some meaning with the question, best first."""
    found = [
        _scored(unit, signs, WORDS)
        for unit, signs in signs_of(reading)
        if signs.passage > 0 or (embed is not None and unit.order < _READ_WHOLE)
    ]
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


def nearest(reading: Reading, embed: Embed) -> Candidate | None:
    """Returns the sentence that comes nearest to a question by meaning, of those that :func:`rank` looks at; None where
    there is none, or the embedder does not know the language.
    """
    found = max(rank(reading, embed), key=lambda one: one.signs.meaning, default=None)
    return found if found and found.signs.meaning else None


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
    years = years_of_editions(reading)
    wanted = {word: weight for word, weight in wanted.items() if word not in years} or wanted
    kinds, counter = expected_kinds(reading.question), counted(reading.question)
    figures = asked_figures(reading.question)
    old = newer_editions(reading)
    clauses = clauses_named(reading.question)
    places = {p.marker: stems(f"{p.place}\n{p.context}") for p in reading.passages}
    clock = clock_words(reading.question)
    subject = wanted.keys() - clock
    wholes = {
        p.marker: stems(p.text)
        | (rest if is_rest(p.text) else frozenset())
        | (clock if clock and tells_a_time(p.text) and not subject.isdisjoint(stems(p.text)) else frozenset())
        for p in reading.passages
    }

    def signs(at: int, unit: Unit) -> Signs:
        marker = unit.passage.marker
        layers = [unit.stems, stems(unit.header), stems(unit.lead), _beside(units, at)]
        if clauses:  # a part's own sentences, not the whole of a passage that has it
            layers[0] = unit.stems | clauses_of(unit.text)
            layers[2] = layers[2] | clauses_of("", unit.lead)
        layers += [places[marker], wholes[marker]]
        about = frozenset().union(*layers[:-1])
        of_it = bool(clock) and tells_a_time(unit.text) and not subject.isdisjoint(about)
        if of_it:  # a time of something else tells nothing
            layers[0] = layers[0] | clock
        have = list(accumulate(layers, or_))
        own, header, lead, beside, above, passage = (coverage(wanted, some) for some in have)
        new = len([stem for stem in weights(unit.text) if stem not in wanted])
        return Signs(
            own=own,
            header=header - own,
            lead=lead - header,
            beside=beside - lead,
            above=above - beside,
            passage=passage,
            kind=_A_TIME * of_it if clock else float(_is_of_kind(unit, kinds, counter)),
            rank=1 / (1 + unit.order),
            new=min(1.0, math.log1p(new) / math.log(12)),
            fits=float(fits(figures, unit.text)),
            old=float(marker in old),
            row=float(unit.row),
            asks=float(ASKS.search(unit.text) is not None),
        )

    return [(unit, signs(at, unit)) for at, unit in enumerate(units)]


def _is_of_kind(unit: Unit, kinds: Sequence[re.Pattern[str]], counter: str) -> bool:
    """Says whether a unit has the kind of words that is asked for: where things are counted (何名) a figure with that
    counter, its own or its column's (人数).
    """
    if not counter:
        return any(kind.search(unit.text) for kind in kinds)
    counts = re.search(rf"[\d〇一二三四五六七八九十百千]\s?{counter}", fold(unit.text)) is not None
    return counts or (re.search(counter, unit.header) is not None and bool(numbers(unit.text)))


def _units(reading: Reading, rest: frozenset[str]) -> list[Unit]:
    """Returns the units that may answer; those that speak of the rest of a whole have ``rest`` among their words."""
    cuts = (cut(order, passage) for order, passage in enumerate(reading.passages))
    passages = [list(with_verdicts(reading.question, units)) for units in cuts]
    units = [unit for one in passages for unit in one]
    if not asks_of_a_letter(reading.question):
        units = [unit for one in passages for unit in _below_letterhead(one)] or units
    codes = by_letters(reading.question)
    if any(speaks_of(_whole(passage), codes) for passage in reading.passages):
        units = [one for one in units if not are_of_another(f"{one.header}\n{one.text}", codes)] or units
    if not asks_of_history(reading.question):
        units = [one for one in units if not _is_of_its_document(one)] or units
    if rest:
        units = [replace(one, stems=one.stems | rest) if is_rest(one.text) else one for one in units]
    by, told = measured(reading.question)
    if by:
        told_by = ((one, one.stems | stems(one.header)) for one in units)
        units = [replace(one, stems=one.stems | by) if have & told else one for one, have in told_by]
    if compares(reading.question):
        units = [one for one in units if not only_announces(one.text)] or units
    return units


def _of_what_is_asked(ranked: list[Candidate], question: str) -> list[Candidate]:
    """Returns the candidates that name who holds an office, where that is asked for and some do; and without those that
    stand under another product's name, where the best of what is asked about has the kind of words that is asked for:
    "HR-01 Guide to our forms" may else hold what is asked of HR-12.
    """
    if (office := office_asked_for(question)) is not None:
        held = [one for one in ranked if is_held(one.text, office)]
        return [one for one in held if _is_of(one.passage, office)] or held or ranked
    on = code_on(question)
    if on is not None and any(on.is_told(_whole(one.passage)) for one in ranked):
        ranked = [one for one in ranked if not on.is_anothers(_above(one.passage), _whole(one.passage))]
    codes = by_letters(question)
    best = ranked[0] if ranked else None
    if not codes or best is None or not speaks_of(_whole(best.passage), codes):
        return ranked
    plain = CODE.sub(" ", fold(best.text))
    if not any(kind.search(plain) for kind in expected_kinds(question)):
        return ranked
    return [one for one in ranked if not are_of_another(_whole(one.passage), codes)]


def _whole(passage: ReadPassage) -> str:
    return f"{_above(passage)}\n{passage.text}"


def _above(passage: ReadPassage) -> str:
    return f"{passage.place}\n{passage.context}"


def _is_of(passage: ReadPassage, office: Office) -> bool:
    """Says whether a passage speaks of the one whose office is asked about."""
    return office.is_of(passage.place, passage.context, passage.text)


def _is_of_its_document(unit: Unit) -> bool:
    return (unit.row and is_of_history("", unit.header or unit.text)) or is_of_itself(unit.text)


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
