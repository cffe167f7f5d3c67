"""Where found passages of different documents give different figures for the same thing, and which is newer.

Without a model: a sentence or table row that the answer cites is laid beside those of the other documents that were
found. Two that say the same but for figures of the same kind disagree; so do editions of one document that each answer
the question by themselves, with another figure. Precision goes before recall: a wrong alarm costs more trust than a
missed one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace

from rag.grounding.alterations import are_closer, differences
from rag.grounding.citations import Citation, Stored
from rag.grounding.statements import Statement, are_comparable, family, statements_of
from rag.prompts.prompting import Passage, is_japanese
from rag.reading.exact import exact
from rag.reading.units import Unit
from rag.words.dates import HEAD_CHARS, document_date
from rag.words.figures import Figure, figures, same
from rag.words.terms import coverage, stems, terms, weights
from rag.words.told import tell

EDITIONS, STRANGERS = 0.6, 0.85
"""How much of two statements must be the same words: in editions of one document, and in documents of other names."""

REWORDED = 0.3
"""How much of the shorter of two statements must be the same words where editions put the answer in other words."""

RELEVANT = 0.4
"""Least weighted share of the question's words in a statement with its headings."""

OF_THE_FIRST = 0.25
"""The same for what an answer cites first, where an edition says the same of another figure."""

AS_MUCH, NEARLY = 0.75, 0.6
"""How much of the share that the cited statement has of the question's words another must have: asked about London,
what says the same of Paris is no contradiction; and where it lacks no name, only a word such as "away"."""

CONTENT, FEWEST = 0.6, 2
"""Least weight of a word of meaning, and how many of the question's what is cited beside the first sentence needs where
it is of another document: "When do we get paid?" asks nothing of weeks at full pay."""

MOST = 3
"""Conflicts shown at most."""


@dataclass(frozen=True, slots=True)
class Value:
    """What one document says: ``quote`` is ``text[start:end]`` of that version and holds ``value``.

    ``date`` is the document's own, ISO 8601 ("2025-04-01", "2025"), "" where it gives none.
    """

    value: str
    quote: str
    document_id: str
    version: int
    source: str
    title: str
    page: int
    start: int
    end: int
    date: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """What documents disagree about, and what each says, newest first; those without a date last."""

    subject: str
    values: tuple[Value, ...]


def find_conflicts(
    question: str,
    passages: Sequence[Passage],
    citations: Sequence[Citation],
    stored: Stored,
) -> tuple[Conflict, ...]:
    """Returns what other documents among the passages say otherwise than the words that are cited.

    Different figures for different periods (quarters, years, "as of" dates) are no conflict.
    """
    if len({passage.hit.document_id for passage in passages}) < 2:
        return ()
    statements = [one for order, passage in enumerate(passages) for one in statements_of(order, passage)]
    wanted = weights(question)
    named = None if is_japanese(question) else {term.stem for term in terms(question) if term.name}
    cited = [one for one in statements if _is_cited(one, citations)]
    asked = [one for one in cited if _is_of_what_is_asked(one, citations[0], wanted)]
    found: list[Sequence[tuple[Statement, Figure]]] = []
    used: set[tuple[str, int]] = set()
    for one in cited:
        if (one.hit.document_id, one.start) in used or _is_beside(one, cited, wanted):
            continue
        share, first = coverage(wanted, one.about), _is_cited(one, citations[:1])
        if share < (OF_THE_FIRST if first else RELEVANT):
            continue
        about = [other for other in statements if _speaks_as_much(other, one, wanted, named)]
        if share < RELEVANT:
            about = [other for other in about if family(one.hit) & family(other.hit)]
        others: list[tuple[Statement, Figure, Figure]] = []
        for other in about:
            against = [
                each
                for each in _disagreements(one, other, question)
                if first or (one in asked and _answers(question, one.unit, each[1]))
            ]
            if against and _are_closest(one, other, statements):
                others += against
        for at in sorted({mine.start for _, mine, _ in others}):
            each_first = _first_of_each([each for each in others if each[1].start == at])
            found.append([(one, each_first[0][1]), *((other, figure) for other, _, figure in each_first)])
            used |= {(statement.hit.document_id, statement.start) for statement, _ in found[-1]}
    answers = [] if found else _other_answers(question, wanted, asked, statements)
    if answers:
        found.append(answers)
    return tuple(_told(values, stored) for values in found[:MOST])


def _is_cited(one: Statement, citations: Sequence[Citation]) -> bool:
    return any(
        citation.document_id == one.hit.document_id
        and citation.state != "unsupported"
        and citation.start < one.end
        and one.start < citation.end
        for citation in citations
    )


def _is_beside(one: Statement, cited: Sequence[Statement], wanted: Mapping[str, float]) -> bool:
    """Says whether a row was only cited along with another of its table that has more of the question's words."""
    return one.unit.row and any(
        coverage(wanted, other.unit.stems) > coverage(wanted, one.unit.stems)
        for other in cited
        if other.unit.row
        and other.unit.header == one.unit.header
        and other.hit.document_id == one.hit.document_id
    )


# ---- comparing -----------------------------------------------------------------------------------


def _disagreements(
    one: Statement, other: Statement, question: str
) -> Sequence[tuple[Statement, Figure, Figure]]:
    """Returns the other statement with each two figures in which it differs, when both speak of the same thing.

    Where editions differ in several figures, and one of them is what the question asks for: that one alone.
    """
    editions = family(one.hit) & family(other.hit)
    if not are_comparable(one, other) or (one.unit.row and not editions):
        return ()
    close, pairs = differences(one.unit.text, other.unit.text)
    pairs = _in_columns(question, one.unit, pairs)
    if close < (EDITIONS if editions and len(pairs) == 1 else STRANGERS):
        return ()
    if len(pairs) > 1:
        answer = exact(question, one.unit) or ""
        pairs = [pair for pair in pairs if pair[0].text in answer][:1] or (pairs if editions else [])
    return [(other, *pair) for pair in pairs]


def _in_columns(
    question: str, unit: Unit, pairs: Sequence[tuple[Figure, Figure]]
) -> list[tuple[Figure, Figure]]:
    """Returns those of the figures in which two rows differ that stand in a column which the question names; all where
    it names none: who asks for the warranty of the CP-10 is not told that its price rose.
    """
    columns = [stems(cell) for cell in unit.header.strip("| ").split("|")]
    own = weights(question)
    asked = {at for at, column in enumerate(columns) if any(own.get(word, 0.0) >= CONTENT for word in column)}
    shift = len(unit.text) - len(unit.text.lstrip("| "))
    return [one for one in pairs if not asked or unit.text.count("|", shift, one[0].start) in asked]


def _is_of_what_is_asked(one: Statement, first: Citation, wanted: Mapping[str, float]) -> bool:
    shared = [stem for stem, weight in wanted.items() if weight >= CONTENT and stem in one.about]
    return one.hit.document_id == first.document_id or len(shared) >= FEWEST


def _answers(question: str, unit: Unit, figure: Figure) -> bool:
    """Says whether a figure is what the question, or one of its lines, asks for: of what an answer cites beside its
    first sentence no other disagreement is told.
    """
    return any(figure.text in (exact(line, unit) or "") for line in question.splitlines())


def _are_closest(one: Statement, other: Statement, statements: Sequence[Statement]) -> bool:
    """Says whether neither document has a statement that is closer to the other's: what 第13条 says of one leave is
    laid beside what an older edition says of it, not beside the like that 第14条 says of another.
    """
    close, _ = differences(one.unit.text, other.unit.text)
    rivals = [(mine, other) for mine in statements if mine.hit.document_id == one.hit.document_id]
    rivals += [(one, theirs) for theirs in statements if theirs.hit.document_id == other.hit.document_id]
    return not any(
        (mine, theirs) != (one, other)
        and mine.unit.row == theirs.unit.row
        and are_closer(mine.unit.text, theirs.unit.text, close)
        for mine, theirs in rivals
    )


def _speaks_as_much(
    other: Statement, one: Statement, wanted: Mapping[str, float], named: Set[str] | None
) -> bool:
    """Says whether a statement has so much of the question's words that it can be about what another answers.

    ``named``: those that are names, None where the language has no mark of them. Of documents that are no editions of
    one, both have to have the same of these.
    """
    if named and (one.about & named) - other.about and not family(one.hit) & family(other.hit):
        return False
    nearly = named is not None and named & one.about <= other.about
    return coverage(wanted, other.about) >= (NEARLY if nearly else AS_MUCH) * coverage(wanted, one.about)


def _first_of_each(
    found: Sequence[tuple[Statement, Figure, Figure]],
) -> list[tuple[Statement, Figure, Figure]]:
    """Returns one statement of each document, the first."""
    best: dict[str, tuple[Statement, Figure, Figure]] = {}
    for one in found:
        best.setdefault(one[0].hit.document_id, one)
    return list(best.values())


def _other_answers(
    question: str,
    wanted: Mapping[str, float],
    cited: Sequence[Statement],
    statements: Sequence[Statement],
) -> list[tuple[Statement, Figure]]:
    """Returns what answers the question by itself among what is cited, and in each other edition another figure of the
    same kind that does, however it is put; nothing where an edition says the same or nothing.
    """
    best: tuple[float, Statement, Figure] | None = None
    for one in cited:
        figure, share = _answer(question, one.unit), coverage(wanted, one.about)
        if figure is not None and share >= RELEVANT and (best is None or share > best[0]):
            best = share, one, figure
    if best is None:
        return []
    asked, one, mine = best
    closest: dict[str, tuple[float, Statement, Figure]] = {}
    for other in statements:
        if not are_comparable(one, other) or not family(one.hit) & family(other.hit):
            continue
        if coverage(wanted, other.about) < AS_MUCH * asked:
            continue
        theirs, share = _answer(question, other.unit), _in_common(one.unit, other.unit)
        if theirs is None or (theirs.kind, theirs.unit) != (mine.kind, mine.unit) or share < REWORDED:
            continue
        if other.hit.document_id not in closest or share > closest[other.hit.document_id][0]:
            closest[other.hit.document_id] = share, other, theirs
    against = [(other, figure) for _, other, figure in closest.values() if not same(mine, figure)]
    return [(one, mine), *against] if against else []


def _answer(question: str, unit: Unit) -> Figure | None:
    """Returns the figure of a unit by which it answers the question by itself, where there is just one."""
    said = figures(exact(question, unit) or "")
    if len(said) != 1:
        return None
    there = [one for one in figures(unit.text) if one.text == said[0].text]
    return there[0] if len(there) == 1 and there[0].kind != "code" else None


def _in_common(one: Unit, other: Unit) -> float:
    """Returns the share, in [0, 1], of the shorter unit's words that stand in the other, figures aside."""
    mine, theirs = ({s for s in unit.stems if not any(c.isdigit() for c in s)} for unit in (one, other))
    return len(mine & theirs) / max(1, min(len(mine), len(theirs)))


# ---- what is told --------------------------------------------------------------------------------


def _told(values: Sequence[tuple[Statement, Figure]], stored: Stored) -> Conflict:
    told = [(_value(one, figure, stored), one, figure) for one, figure in values]
    told.sort(key=lambda each: each[0].date, reverse=True)  # stable: of equals the one that ranked higher
    _, newest, figure = told[0]
    return Conflict(_subject(newest, figure), tuple(value for value, _, _ in told))


def _value(statement: Statement, figure: Figure, stored: Stored) -> Value:
    hit = statement.hit
    head = stored.read_text(hit.document_id, hit.version, 0, HEAD_CHARS)
    return Value(
        value=figure.text,
        quote=statement.unit.text,
        document_id=hit.document_id,
        version=hit.version,
        source=hit.source,
        title=hit.title,
        page=stored.page_of(hit.document_id, hit.version, statement.start),
        start=statement.start,
        end=statement.end,
        date=document_date(head, hit.title, hit.source),
    )


def _subject(statement: Statement, figure: Figure) -> str:
    text = statement.unit.text
    return " ".join((text[: figure.start] + "…" + text[figure.end :]).split())


def as_told(one: Conflict, japanese: bool = False) -> str:
    """Returns a conflict in a sentence; documents of one title are told apart by their paths."""
    titles = Counter(v.title for v in one.values)
    named = ((v, v.title if titles[v.title] == 1 and v.title else v.source) for v in one.values)
    unknown = tell("no_date", japanese)
    values = (
        tell("conflict_value", japanese, value=v.value, document=name, date=v.date or unknown)
        for v, name in named
    )
    return tell("conflict", japanese, subject=one.subject, values="; ".join(values))


def at_stored(found: Sequence[Conflict], stored: Stored) -> tuple[Conflict, ...]:
    """Returns the conflicts whose words still stand in the stored text, at least two of each."""
    kept = (
        replace(
            one,
            values=tuple(
                v for v in one.values if stored.read_text(v.document_id, v.version, v.start, v.end) == v.quote
            ),
        )
        for one in found
    )
    return tuple(one for one in kept if len(one.values) > 1)
