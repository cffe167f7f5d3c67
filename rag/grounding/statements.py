"""Sentences and table rows that state figures, and which of different documents can speak of the same thing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from corpus.language import fold
from corpus.types import Hit
from rag.prompts.prompting import Passage, ReadPassage
from rag.reading.units import Unit, cut
from rag.words.codes import are_of_another, by_letters
from rag.words.figures import figures
from rag.words.japanese_places import PLACES
from rag.words.namesakes import are_apart
from rag.words.periods import quarters
from rag.words.terms import stems

_CONTROL = re.compile(
    r"\b(?:effective|version|supersed\w+|replaces|published|last (?:updated|revised))\b"
    r"|施行|改定|改訂|制定|廃止|第\s?\d+版"
)
"""A line about the document itself."""
_SCOPE = re.compile(rf"(?<![.!?]\s)(?<!^)\b[A-Z][a-zA-Z]{{2,}}\b|[ァ-ヶー]{{3,}}|国内|海外|国外|{PLACES}")
"""What says where or of whom a statement holds."""
_FISCAL_YEAR = re.compile(r"(?:fy|fiscal(?: year)?|会計年度)\s?(\d{4})")
_REPORTING = re.compile(
    r"\b(?:quarter\w*|(?:three|six|nine|twelve) months|fiscal|year ended|as of|ended|10-[qk])\b"
    r"|四半期|当期|前期|期末|前年同期|現在[、）]"
)


@dataclass(frozen=True, slots=True)
class Statement:
    """A unit of a found passage with figures in it, ``[start, end)`` in the text of its document.

    ``about``: its words and those of what stands above it.
    """

    hit: Hit
    unit: Unit
    start: int
    end: int
    about: frozenset[str]


def statements_of(order: int, passage: Passage) -> Iterator[Statement]:
    """Yields what the passage of a place (``order``) states, without lines about the document itself."""
    hit, at = passage.hit, 0
    read = ReadPassage(passage.marker, f"{hit.title}, page {hit.page} ({hit.source})", hit.context, hit.text)
    for unit in cut(order, read):
        start = hit.text.find(unit.text, at)
        if start < 0:
            continue
        at = start + len(unit.text)
        if not unit.label and figures(unit.text) and not _CONTROL.search(fold(unit.text)):
            about = unit.stems | stems(f"{unit.header}\n{hit.context}\n{hit.title}")
            yield Statement(hit, unit, hit.start + start, hit.start + at, about)


def family(hit: Hit) -> frozenset[str]:
    """Returns what the editions of one document have in common: its title and its file's name without figures."""
    names = (
        re.sub(r"\W+", " ", re.sub(r"[\d０-９]+|年版?|年度版?|第\d+版", "", fold(name))).strip()
        for name in _called(hit)
    )
    return frozenset(name for name in names if len(name) > 3)


def _called(hit: Hit) -> tuple[str, str]:
    """Returns a document's title and its file's name without the suffix."""
    return hit.title, hit.source.rpartition("/")[2].rpartition(".")[0]


def are_comparable(one: Statement, other: Statement) -> bool:
    """Says whether two statements of different documents can speak of the same thing in the same period."""
    return (
        one.hit.document_id != other.hit.document_id
        and one.unit.row == other.unit.row
        and _names(one.hit) == _names(other.hit)
        and _periods(one) == _periods(other)
        and not _of_others(one, other)
        and (not one.unit.row or _are_rows_alike(one.unit, other.unit))
        and not _are_of_others(one.hit, other.hit)
    )


def _are_rows_alike(one: Unit, other: Unit) -> bool:
    """Says whether two rows stand under the same columns, and neither is of another product by its code."""
    return _alike(one.header, other.header) and not are_of_another(other.text, by_letters(one.text))


def _are_of_others(one: Hit, other: Hit) -> bool:
    """Says whether two documents are named alike, but for two companies, places or the like."""
    texts = (one.text, other.text)
    return any(
        are_apart(mine, theirs, texts) for mine, theirs in zip(_called(one), _called(other), strict=True)
    )


def _of_others(one: Statement, other: Statement) -> bool:
    """Says whether two statements each have more names of their own than they share: London and Paris, 国内, 海外."""
    mine, theirs = (set(_SCOPE.findall(each.unit.text)) for each in (one, other))
    own = min(len(mine - theirs), len(theirs - mine))
    return own > len(mine & theirs)


def _names(hit: Hit) -> frozenset[str]:
    """Returns the codes in a document's title and name: what speaks of another product is no contradiction."""
    named = " ".join(_called(hit))
    codes = (re.match(r"[a-z]+\d+", one.value) for one in figures(named) if one.kind == "code")
    return frozenset(
        code.group() for code in codes if code and not re.match(r"(?:q[1-4]|[vh]\d+|rev\d+)\Z", code.group())
    )


def _periods(one: Statement) -> frozenset[str]:
    """Returns the periods a statement speaks of: the quarters its document is named by; where it reports on a period,
    every date of its own, its header's and its document's name.
    """
    name = fold(f"{one.hit.title} {one.hit.source}")
    own = fold(f"{one.unit.lead} {one.unit.header} {one.unit.text}")
    plain = name.replace("_", " ").replace("-", " ")
    found = {*_FISCAL_YEAR.findall(plain), *(f"q{number}" for number, _ in quarters(plain))}
    if found or _REPORTING.search(own):
        found |= {date.value[:4] for date in figures(name.replace("_", " ")) if date.kind == "date"}
        found |= {date.value for date in figures(own) if date.kind == "date"}
    return frozenset(found)


def _alike(one: str, other: str) -> bool:
    """Says whether two table headers name the same columns, figures aside."""
    mine, theirs = ({s for s in stems(header) if not any(c.isdigit() for c in s)} for header in (one, other))
    return len(mine & theirs) * 2 >= len(mine | theirs)
