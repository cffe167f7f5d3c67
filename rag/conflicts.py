"""Where found passages of different documents give different figures for the same thing, and which is newer.

Without a model: a sentence or table row that the answer cites is laid beside those of the other documents that were
found. Two that say the same but for figures of the same kind disagree; so do editions of one document that each answer
the question by themselves, with another figure. Precision goes before recall: a wrong alarm costs more trust than a
missed one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from corpus.language import fold
from corpus.types import Hit
from rag.alterations import PLACES, differences
from rag.citations import Citation
from rag.editions import dated_part, spaced_out, years
from rag.exact import exact
from rag.figures import Figure, figures, same
from rag.prompting import Passage, ReadPassage, is_japanese
from rag.terms import coverage, stems, terms, weights
from rag.units import Unit, cut

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

MOST = 3
"""Conflicts shown at most."""

HEAD_CHARS = 2000
"""How much of a document's beginning is searched for its date, in code points."""


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


@dataclass(frozen=True, slots=True)
class _Statement:
    """``about``: its words and those of what stands above it."""

    hit: Hit
    unit: Unit
    start: int
    end: int
    about: frozenset[str]


def find_conflicts(
    question: str,
    passages: Sequence[Passage],
    citations: Sequence[Citation],
    *,
    read_text: Callable[[str, int, int, int], str],
    page_of: Callable[[str, int, int], int],
) -> tuple[Conflict, ...]:
    """Returns what other documents among the passages say otherwise than the words that are cited.

    ``read_text`` and ``page_of`` are those of :func:`rag.citations.cite`. Different figures for different periods
    (quarters, years, "as of" dates) are no conflict.
    """
    if len({passage.hit.document_id for passage in passages}) < 2:
        return ()
    statements = [one for order, passage in enumerate(passages) for one in _statements(order, passage)]
    wanted = weights(question)
    named = None if is_japanese(question) else {term.stem for term in terms(question) if term.name}
    cited = [one for one in statements if _is_cited(one, citations)]
    found: list[Sequence[tuple[_Statement, Figure]]] = []
    used: set[tuple[str, int]] = set()
    for one in cited:
        if (one.hit.document_id, one.start) in used or _is_beside(one, cited, wanted):
            continue
        share, first = coverage(wanted, one.about), _is_cited(one, citations[:1])
        if share < (OF_THE_FIRST if first else RELEVANT):
            continue
        about = [other for other in statements if _speaks_as_much(other, one, wanted, named)]
        if share < RELEVANT:
            about = [other for other in about if _family(one.hit) & _family(other.hit)]
        others = [each for other in about for each in _disagreements(one, other, question)]
        for at in sorted({mine.start for _, mine, _ in others}):
            against = _first_of_each([each for each in others if each[1].start == at])
            found.append([(one, against[0][1]), *((other, figure) for other, _, figure in against)])
            used |= {(statement.hit.document_id, statement.start) for statement, _ in found[-1]}
    answers = [] if found else _other_answers(question, wanted, cited, statements)
    if answers:
        found.append(answers)
    return tuple(_told(values, read_text, page_of) for values in found[:MOST])


# ---- statements ----------------------------------------------------------------------------------


def _statements(order: int, passage: Passage) -> Iterator[_Statement]:
    hit, at = passage.hit, 0
    read = ReadPassage(passage.marker, f"{hit.title}, page {hit.page} ({hit.source})", hit.context, hit.text)
    for unit in cut(order, read):
        start = hit.text.find(unit.text, at)
        if start < 0:
            continue
        at = start + len(unit.text)
        if not unit.label and figures(unit.text) and not _CONTROL.search(fold(unit.text)):
            about = unit.stems | stems(f"{unit.header}\n{hit.context}\n{hit.title}")
            yield _Statement(hit, unit, hit.start + start, hit.start + at, about)


_CONTROL = re.compile(
    r"\b(?:effective|version|supersed\w+|replaces|published|last (?:updated|revised))\b"
    r"|施行|改定|改訂|制定|廃止|第\s?\d+版"
)
"""A line about the document itself."""


def _is_cited(one: _Statement, citations: Sequence[Citation]) -> bool:
    return any(
        citation.document_id == one.hit.document_id
        and citation.state != "unsupported"
        and citation.start < one.end
        and one.start < citation.end
        for citation in citations
    )


def _is_beside(one: _Statement, cited: Sequence[_Statement], wanted: Mapping[str, float]) -> bool:
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
    one: _Statement, other: _Statement, question: str
) -> Sequence[tuple[_Statement, Figure, Figure]]:
    """Returns the other statement with each two figures in which it differs, when both speak of the same thing.

    Where editions differ in several figures, and one of them is what the question asks for: that one alone.
    """
    editions = _family(one.hit) & _family(other.hit)
    if not _are_comparable(one, other) or (one.unit.row and not editions):
        return ()
    close, pairs = differences(one.unit.text, other.unit.text)
    if close < (EDITIONS if editions and len(pairs) == 1 else STRANGERS):
        return ()
    if len(pairs) > 1:
        answer = exact(question, one.unit) or ""
        pairs = [pair for pair in pairs if pair[0].text in answer][:1] or (pairs if editions else [])
    return [(other, *pair) for pair in pairs]


_SCOPE = re.compile(rf"(?<![.!?]\s)(?<!^)\b[A-Z][a-zA-Z]{{2,}}\b|[ァ-ヶー]{{3,}}|国内|海外|国外|{PLACES}")
"""What says where or of whom a statement holds."""


def _of_others(one: _Statement, other: _Statement) -> bool:
    """Says whether two statements each have more names of their own than they share: London and Paris, 国内, 海外."""
    mine, theirs = (set(_SCOPE.findall(each.unit.text)) for each in (one, other))
    own = min(len(mine - theirs), len(theirs - mine))
    return own > len(mine & theirs)


def _are_comparable(one: _Statement, other: _Statement) -> bool:
    """Says whether two statements of different documents can speak of the same thing in the same period."""
    return (
        one.hit.document_id != other.hit.document_id
        and one.unit.row == other.unit.row
        and _names(one.hit) == _names(other.hit)
        and _periods(one) == _periods(other)
        and not _of_others(one, other)
        and (not one.unit.row or _alike(one.unit.header, other.unit.header))
    )


def _speaks_as_much(
    other: _Statement, one: _Statement, wanted: Mapping[str, float], named: Set[str] | None
) -> bool:
    """Says whether a statement has so much of the question's words that it can be about what another answers.

    ``named``: those that are names, None where the language has no mark of them.
    """
    nearly = named is not None and named & one.about <= other.about
    return coverage(wanted, other.about) >= (NEARLY if nearly else AS_MUCH) * coverage(wanted, one.about)


def _family(hit: Hit) -> frozenset[str]:
    """Returns what the editions of one document have in common: its title and its file's name without figures."""
    file = hit.source.rpartition("/")[2].rpartition(".")[0]
    names = (
        re.sub(r"\W+", " ", re.sub(r"[\d０-９]+|年版?|年度版?|第\d+版", "", fold(name))).strip()
        for name in (hit.title, file)
    )
    return frozenset(name for name in names if len(name) > 3)


def _names(hit: Hit) -> frozenset[str]:
    """Returns the codes in a document's title and name: what speaks of another product is no contradiction."""
    named = f"{hit.title} {hit.source.rpartition('/')[2].rpartition('.')[0]}"
    codes = (re.match(r"[a-z]+\d+", one.value) for one in figures(named) if one.kind == "code")
    return frozenset(
        code.group() for code in codes if code and not re.match(r"(?:q[1-4]|[vh]\d+|rev\d+)\Z", code.group())
    )


_PERIOD = re.compile(
    r"\bq\s?([1-4])\b|\b(first|second|third|fourth) quarter|第?([1-4一二三四])四半期"
    r"|(?:fy|fiscal(?: year)?|会計年度)\s?(\d{4})"
)
_REPORTING = re.compile(
    r"\b(?:quarter\w*|(?:three|six|nine|twelve) months|fiscal|year ended|as of|ended|10-[qk])\b"
    r"|四半期|当期|前期|期末|前年同期|現在[、）]"
)


def _periods(one: _Statement) -> frozenset[str]:
    """Returns the periods a statement speaks of: the quarters its document is named by; where it reports on a period,
    every date of its own, its header's and its document's name.
    """
    name = fold(f"{one.hit.title} {one.hit.source}")
    own = fold(f"{one.unit.lead} {one.unit.header} {one.unit.text}")
    found = {
        next(filter(None, match.groups()))
        for match in _PERIOD.finditer(name.replace("_", " ").replace("-", " "))
    }
    if found or _REPORTING.search(own):
        found |= {date.value[:4] for date in figures(name.replace("_", " ")) if date.kind == "date"}
        found |= {date.value for date in figures(own) if date.kind == "date"}
    return frozenset(found)


def _alike(one: str, other: str) -> bool:
    """Says whether two table headers name the same columns, figures aside."""
    mine, theirs = ({s for s in stems(header) if not any(c.isdigit() for c in s)} for header in (one, other))
    return len(mine & theirs) * 2 >= len(mine | theirs)


def _first_of_each(
    found: Sequence[tuple[_Statement, Figure, Figure]],
) -> list[tuple[_Statement, Figure, Figure]]:
    """Returns one statement of each document, the first."""
    best: dict[str, tuple[_Statement, Figure, Figure]] = {}
    for one in found:
        best.setdefault(one[0].hit.document_id, one)
    return list(best.values())


def _other_answers(
    question: str,
    wanted: Mapping[str, float],
    cited: Sequence[_Statement],
    statements: Sequence[_Statement],
) -> list[tuple[_Statement, Figure]]:
    """Returns what answers the question by itself among what is cited, and in each other edition another figure of the
    same kind that does, however it is put; nothing where an edition says the same or nothing.
    """
    best: tuple[float, _Statement, Figure] | None = None
    for one in cited:
        figure, share = _answer(question, one.unit), coverage(wanted, one.about)
        if figure is not None and share >= RELEVANT and (best is None or share > best[0]):
            best = share, one, figure
    if best is None:
        return []
    asked, one, mine = best
    closest: dict[str, tuple[float, _Statement, Figure]] = {}
    for other in statements:
        if not _are_comparable(one, other) or not _family(one.hit) & _family(other.hit):
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


def _told(
    values: Sequence[tuple[_Statement, Figure]],
    read_text: Callable[[str, int, int, int], str],
    page_of: Callable[[str, int, int], int],
) -> Conflict:
    told = [(_value(one, figure, read_text, page_of), one, figure) for one, figure in values]
    told.sort(key=lambda each: each[0].date, reverse=True)  # stable: of equals the one that ranked higher
    _, newest, figure = told[0]
    return Conflict(_subject(newest, figure), tuple(value for value, _, _ in told))


def _value(
    statement: _Statement,
    figure: Figure,
    read_text: Callable[[str, int, int, int], str],
    page_of: Callable[[str, int, int], int],
) -> Value:
    hit = statement.hit
    head = read_text(hit.document_id, hit.version, 0, HEAD_CHARS)
    return Value(
        value=figure.text,
        quote=statement.unit.text,
        document_id=hit.document_id,
        version=hit.version,
        source=hit.source,
        title=hit.title,
        page=page_of(hit.document_id, hit.version, statement.start),
        start=statement.start,
        end=statement.end,
        date=document_date(head, hit.title, hit.source),
    )


def _subject(statement: _Statement, figure: Figure) -> str:
    text = statement.unit.text
    return " ".join((text[: figure.start] + "…" + text[figure.end :]).split())


_DATED = re.compile(
    r"(?:effective|in force|valid|applies|issued|published|dated|date|updated|revised)\b[^\n]{0,30}\Z"
    r"|(?:施行日?|適用開始日?|適用日|制定日?|改定日?|改訂日?|発行日?|作成日?|更新日?|公開日?)[^\n]{0,12}\Z",
    re.IGNORECASE,
)


def document_date(head: str, title: str, source: str) -> str:
    """Returns a document's own date: the first that its beginning calls one ("effective", 施行日), else the year in its
    title or in its name or nearest folder, of an era too; else "".
    """
    dates = [one for one in figures(head) if one.kind == "date" and re.match(r"\d{4}-\d\d", one.value)]
    for one in dates:
        if _DATED.search(head[max(0, one.start - 60) : one.start]):
            return one.value.split("|")[0]
    said = years(dated_part(source)) + years(spaced_out(title))
    return str(max(said)) if said else ""


def as_told(one: Conflict) -> str:
    """Returns a conflict in a sentence; documents of one title are told apart by their paths."""
    titles = Counter(v.title for v in one.values)
    named = ((v, v.title if titles[v.title] == 1 and v.title else v.source) for v in one.values)
    said = "; ".join(f"{v.value} ({name}, {v.date or 'no date'})" for v, name in named)
    return f"Documents disagree on “{one.subject}”: {said}."


def at_stored(
    found: Sequence[Conflict], read_text: Callable[[str, int, int, int], str]
) -> tuple[Conflict, ...]:
    """Returns the conflicts whose words still stand in the stored text, at least two of each."""
    kept = (
        replace(
            one,
            values=tuple(
                v for v in one.values if read_text(v.document_id, v.version, v.start, v.end) == v.quote
            ),
        )
        for one in found
    )
    return tuple(one for one in kept if len(one.values) > 1)
