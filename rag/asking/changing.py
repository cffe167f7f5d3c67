"""A question about what changed gets the passages of two editions in which they differ, side by side.

The documents that were found say which work is meant; its editions are looked for by its name, the two that the
question names (else the newest two) are laid beside each other as a whole, and what differs in what is asked about
goes to the model, of each change the newer edition's passage and then the older one's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from corpus.errors import UsageError
from corpus.language import fold
from corpus.types import Hit
from rag.asking.answers import MOST_K, Library
from rag.asking.dating import named_by, own_dates
from rag.asking.wording.rewording import rewordings
from rag.prompts.prompting import ReadPassage, is_japanese
from rag.reading.clues import asks_of_the_past
from rag.reading.differences import changes, to_show
from rag.words.changes import Change, change_asked_for, without_the_past
from rag.words.dates import HEAD_CHARS, document_date
from rag.words.editions import (
    edition_name,
    edition_of,
    edition_of_year,
    editions_of,
    holds_on,
    is_of_a_time,
    periods_of,
    spaced_out,
)
from rag.words.periods import asked_years
from rag.words.terms import stems, weights

_LOOKED_AT = 3
"""The editions of so many documents are looked for, in the order in which they were found."""
_MOST_PASSAGES = 400
"""So many passages of each edition are compared."""


@dataclass(frozen=True, slots=True)
class Differing:
    """The passages of two editions that speak of a change, and what is asked about in them; ``same``: what they say of
    it is the same in both; ``only``: of it one edition speaks, and the other has no word of it (in this order).

    ``matters`` is in how many they differ, ``told`` how many of these the hits and a model's few lines have room for;
    ``editions`` are the documents of all editions of the work, ``named``: the question calls it by its name.
    """

    hits: tuple[Hit, ...]
    about: str
    newer: Hit
    older: Hit
    same: bool = False
    only: tuple[Hit, Hit] | None = None
    matters: int = 0
    told: int = 0
    editions: frozenset[str] = frozenset()
    named: bool = False


def differing(question: str, found: Sequence[Hit], library: Library, k: int) -> Differing | None:
    """Returns the passages that show what a question about a change asks for; None where it asks for none, or nothing
    that was found has another edition that speaks of it.
    """
    change = change_asked_for(question)
    if change is None:
        return None
    first: dict[str, Hit] = {}
    for hit in found:
        if not is_of_a_time(hit.title, hit.source):
            first.setdefault(hit.document_id, hit)
    named = [hit for hit in first.values() if _is_named(question, hit)] or [*first.values()]
    # where it stands in a text alone ("parking fines"), another is meant
    if names := _names(change, library):
        called = {hit.document_id for hit in found if _is_called(hit, names)}
        named = [hit for hit in named if hit.document_id in called]
    for hit in named[:_LOOKED_AT]:
        family = _family(hit, found, library)
        newer, older = _meant(change, family, library) if len(family) > 1 else (hit, hit)
        if newer.document_id == older.document_id:
            continue
        told = _differing(change, newer, older, library, k)
        if told is not None:
            by_name = bool(names) or _is_named(question, hit)
            return replace(told, editions=frozenset(one.document_id for one in family), named=by_name)
    return None


@dataclass(frozen=True, slots=True)
class Called:
    """What a question about a change calls the document by ("coffee" of a coffee policy), and the passages of those
    that are called so by title, path or a heading, best first; none where there is no such document.
    """

    name: str
    hits: tuple[Hit, ...]


def called_so(question: str, found: Sequence[Hit], library: Library, k: int) -> Called | None:
    """Returns what a question about a change calls the document by, in other words too, and its passages; None where it
    calls it nothing.
    """
    change = change_asked_for(question)
    # what else is asked is no change
    if change is None or not change.document or _ASKS_MORE.search(question):
        return None
    names = _names(change, library)
    hits = [hit for hit in found if _is_called(hit, names)]
    if not hits:
        near = (hit for name in names for hit in library.search(name, MOST_K).hits)
        hits = [*{hit.chunk_id: hit for hit in near if _is_called(hit, names)}.values()]
    return Called(change.document, tuple(hits[:k]))


_ASKS_MORE = re.compile(
    r"\band (?:also )?(?:what|how|when|where|who|which|why|is|are|do|does|can|may|must)\b|[?？]\s*\w|か。\s*\w",
    re.IGNORECASE,
)
"""A question that asks something else, too."""


def _names(change: Change, library: Library) -> list[str]:
    """Returns what a question calls the document by, in its own and in other words; nothing where it does not."""
    if not change.document:
        return []
    return [change.document, *(one.question for one in rewordings(change.document, library.lacks))]


def _is_called(hit: Hit, names: Sequence[str]) -> bool:
    """Says whether the title, the path or the headings of a passage have all the words of one of the names."""
    headings = "\n".join(one for one in hit.text.splitlines() if _HEADING.fullmatch(one))
    above = spaced_out("\n".join((hit.title, hit.source, hit.context, *hit.headings, headings)))
    own = stems(above)
    return any(fold(one) in above if is_japanese(one) else stems(one) <= own for one in names)


_HEADING = re.compile(
    r"(?=.{1,60}\Z)(?:#+ |§|\d{1,2}(?:\.\d{1,2})*[.)]? |第\s?\d+\s?[章条節]).*[^.。:：;,、]"
)
"""A line of a passage of several sections that begins one: a few words behind a number or the like."""


def _is_named(question: str, hit: Hit) -> bool:
    """Says whether a question has all words of a document's title or file name, two at least, but for its edition: what
    changed in "the FM-210 manual" is not what changed of the FM-210 in a price list.
    """
    asked = stems(spaced_out(question))
    works = (edition_of(name).work for name in (hit.title, hit.source.rpartition("/")[2].rpartition(".")[0]))
    return any(len(own := stems(work)) >= _FEWEST and own <= asked for work in works)


_FEWEST = 2


@dataclass(frozen=True, slots=True)
class InForce:
    """The passages of the edition that a question means, first, and the question without what says which that is."""

    question: str
    hits: tuple[Hit, ...]


def in_force(question: str, found: Sequence[Hit], library: Library, k: int) -> InForce | None:
    """Returns the passages of the edition that was in force in the year that a question names, and of the one before
    the newest where it asks of the past; None where it does neither or what was found has no other edition.

    They are looked for without the year and without "before" or 旧規程では: no sentence of an edition says it.
    """
    asked = asked_years(question)
    past = not asked and asks_of_the_past(question)
    if (len(asked) != 1 and not past) or not found or is_of_a_time(found[0].title, found[0].source):
        return None
    family = _family(found[0], found, library)
    years = _years(family, library)
    if len(family) < 2 or not all(years.values()):
        return None
    at = edition_of_year(years, years[len(family) - 1] - 1 if past else next(iter(asked)))
    plain = question
    plain = without_the_past(plain) if past else plain
    for written in asked.values():
        plain = re.sub(_NAMING_A_YEAR.replace("YEAR", re.escape(written)), "", plain, flags=re.IGNORECASE)
    if at is None or not weights(plain):
        return None
    near = library.search(plain, MOST_K).hits
    own = [hit for hit in near if hit.document_id == family[at].document_id][: max(1, k // 2)]
    others = {one.document_id for one in family if one.document_id != family[at].document_id}
    if not own:
        return None
    rest = [
        hit
        for hit in near
        if hit not in own and hit.document_id not in others and hit.score >= _AS_GOOD * own[0].score
    ]
    return InForce(" ".join(plain.split()), (*own, *rest)[:k])


_AS_GOOD = 0.9
"""How much of the score of that edition's best passage those of other documents must have."""
_NAMING_A_YEAR = (
    r"(?:\b(?:in|for|of|during|as of|back in)\s+)?(?:the year\s+)?YEAR"
    r"(?:年度版|年版|年度|年)?(?:当時)?(?:に|の(?=\S)|は)?"
)


def without_editions(question: str, found: Sequence[Hit], library: Library) -> Hit | None:
    """Returns the hit of the document that a question about a change names, else the best, where it is of rules or
    prices of which no other edition is at hand; else None.
    """
    if change_asked_for(question) is None or not found:
        return None
    best = next((hit for hit in found if _is_named(question, hit)), found[0])
    alone = holds_on(best.title, best.source) and len(_family(best, found, library)) < 2
    return best if alone else None


def _family(hit: Hit, found: Sequence[Hit], library: Library) -> list[Hit]:
    """Returns a hit of each edition of its document that the library has, oldest first; they are found by its name."""
    try:
        named = library.search(hit.title or spaced_out(hit.source), MOST_K).hits
    except UsageError:  # a title longer than a question may be
        named = ()
    known = {one.document_id: one for one in (*named, *found) if one.collection == hit.collection}
    documents = [*{hit.document_id: hit, **known}.values()]
    dates = own_dates(documents, library)
    return [documents[one] for one in editions_of([named_by(d, dates) for d in documents], 0)]


def _meant(change: Change, family: Sequence[Hit], library: Library) -> tuple[Hit, Hit]:
    """Returns the newer and the older of the editions, oldest first, that a question means: those in force at the times
    it names, the one and the newest, or the newest two; one twice where there is none before it.
    """
    named = sorted({at for period in change.periods for at in _in_force(period, family, library)})
    if len(named) > 1:
        return family[named[-1]], family[named[0]]
    newest = len(family) - 1
    if len(change.periods) > 1 and named:  # both times fall into one edition
        return family[named[0]], family[named[0]]
    at = named[0] if named else newest
    if change.then:  # what became new in that year itself
        return family[at], family[at - 1 if at and str(_year(family[at], library)) in change.periods else at]
    return (family[newest], family[at]) if at < newest else (family[newest], family[newest - 1])


def _in_force(period: str, family: Sequence[Hit], library: Library) -> Iterator[int]:
    """Yields which edition a year or version means: the last one of that year or of one before it."""
    if not period.isdecimal():
        yield from (at for at, one in enumerate(family) if period in periods_of(spaced_out(_name(one))))
        return
    years = _years(family, library)
    if any(years.values()):
        yield edition_of_year(years, int(period)) or 0


def _years(family: Sequence[Hit], library: Library) -> dict[int, int]:
    return {at: _year(one, library) for at, one in enumerate(family)}


def _year(hit: Hit, library: Library) -> int:
    named = edition_name(hit.title, hit.source)
    if not named.isdecimal():
        head = library.read_text(hit.document_id, hit.version, 0, HEAD_CHARS)
        named = document_date(head, hit.title, hit.source)[:4]
    return int(named) if re.fullmatch(r"(?:19|20)\d\d", named) else 0


def _name(hit: Hit) -> str:
    return f"{hit.title} {hit.source}"


def _differing(change: Change, newer: Hit, older: Hit, library: Library, k: int) -> Differing | None:
    topic = change.topic(stems(spaced_out(f"{_name(newer)} {_name(older)}")), library.rarity)
    sides = [library.passages_of(one, _MOST_PASSAGES) for one in (newer, older)]
    by_marker = dict(enumerate((hit for side in sides for hit in side), 1))
    read = [
        ReadPassage(marker, f"{hit.title}, page {hit.page} ({hit.source})", hit.context, hit.text)
        for marker, hit in by_marker.items()
    ]
    told = changes(topic, read[: len(sides[0])], read[len(sides[0]) :])
    if not told:
        return None
    markers = dict.fromkeys(unit.passage.marker for one in told for unit in one.units)
    hits = tuple(by_marker[marker] for marker in [*markers][:k])
    alone = None
    if all(one.only for one in told):
        if max(map(len, sides)) >= _MOST_PASSAGES:
            return None  # what was not read may speak of it
        first = by_marker[told[0].units[0].passage.marker].document_id == newer.document_id
        alone = (newer, older) if first else (older, newer)
    differ = [one for one in told if not (one.same or one.only)]
    chosen = to_show(told, topic)
    there = {hit.chunk_id for hit in hits}
    whole = [one for one in chosen if all(by_marker[u.passage.marker].chunk_id in there for u in one.units)]
    matters = sum(one.listed for one in differ) if chosen and chosen[0].listed else len(differ)
    return Differing(hits, change.about, newer, older, told[0].same, alone, matters, len(whole))
