"""What a question names by a code, a year or a quarter, where the passages have another of its kind: the torque of the
AQ-300 is no answer to what is asked of the AQ-500, nor 2025's revenue to what is asked of 2024.

Codes and figures are the same in every language, so a passage in another language than the question's counts, too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import product

from corpus.language import fold
from corpus.types import Hit
from rag.words.codes import by_letters, code_on, covers, speaks_of
from rag.words.editions import holds_on, is_of_a_time
from rag.words.periods import asked_years, quarters, quarters_of_years, told_years

_MONTHS = re.compile(r"\b(?:three|six|nine|twelve) months\b|[369]\s?[かカヵヶ]月(?:間|累計)")
"""A quarter named by its months: which one that is, its company's year tells."""


# ---- codes ---------------------------------------------------------------------------------------


def of_what_is_asked(question: str, hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """Returns the hits without those of another product: their title, path or headings have a code of the letters of
    one of the question's, they themselves not that one, while another hit has it.
    """
    known = _letters(question, hits)
    left = tuple(hits)
    for letters, asked in by_letters(question, known).items():
        own = [covers(by_letters(_whole(hit), known).get(letters, {}), asked) for hit in left]
        if any(own):
            left = tuple(
                hit
                for hit, has in zip(left, own, strict=True)
                if has or letters not in by_letters(_above(hit), known)
            )
    return left


def asked_first(question: str, hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """Returns the hits, those of another product behind the rest: "HR-01 Guide to our forms" may still hold what is
    asked of the form HR-12.
    """
    first = of_what_is_asked(question, hits)
    return (*first, *(hit for hit in hits if hit not in first))


def unnamed_codes(question: str, hits: Sequence[Hit]) -> tuple[str, ...]:
    """Returns the codes of a question that none of the hits has, while one has another of the same letters."""
    known = _letters(question, hits)
    there = [by_letters(_whole(hit), known) for hit in hits]
    return tuple(
        written
        for letters, asked in by_letters(question, known).items()
        if any(letters in one for one in there)
        for code, written in asked.items()
        if not any(covers(one.get(letters, {}), {code: written}) for one in there)
    )


def tells_of_another(question: str, hits: Sequence[Hit]) -> bool:
    """Says whether a question asks of a code on a product (E-11 on the FM-450), and what is found has that code on
    other products alone.
    """
    asked = code_on(question)
    if asked is None or any(asked.is_told(_whole(hit)) for hit in hits):
        return False
    told = [hit for hit in hits if speaks_of(_whole(hit), asked.code)]
    return bool(told) and all(asked.is_anothers(_above(hit), _whole(hit)) for hit in told)


def codes_of(text: str) -> frozenset[str]:
    """Returns the codes of a text that name a thing ("aq500"), those at the beginning of a file's name, too."""
    return frozenset(code for codes in by_letters(text).values() for code in codes)


def _letters(question: str, hits: Sequence[Hit]) -> frozenset[str]:
    """Returns the letters of all codes in a question and what was found for it."""
    return frozenset(letters for text in (question, *map(_whole, hits)) for letters in by_letters(text))


def _whole(hit: Hit) -> str:
    return f"{_above(hit)}\n{hit.text}"


def _above(hit: Hit) -> str:
    return f"{hit.title}\n{hit.source}\n{hit.context}"


# ---- years and quarters ---------------------------------------------------------------------------


def unnamed_years(question: str, hits: Sequence[Hit]) -> tuple[str, ...]:
    """Returns the years that a question asks about, as it writes them, where the hits tell of other years alone.

    A rule or a price holds for the years after its own, and of what names no year at all nothing is known.
    """
    asked = asked_years(question)
    told = frozenset().union(*(told_years(_whole(hit)) for hit in hits))
    if not asked or not told:
        return ()
    since = [
        min(years) for hit in hits if holds_on(hit.title, hit.source) and (years := told_years(_whole(hit)))
    ]
    return tuple(
        written
        for written in dict.fromkeys(asked.values())
        if not any(
            year in told or any(one <= year for one in since) for year in asked if asked[year] == written
        )
    )


def is_of_another_time(question: str, hits: Sequence[Hit]) -> bool:
    """Says whether a question asks of a year or a quarter of which no hit tells, while the first is a report, minutes
    or the like of another one; of which year, its title and path say, and not any year in its text.
    """
    years = asked_years(question)
    asked = {quarter for quarter, _ in quarters(question)}
    if not (years or asked) or not hits or not is_of_a_time(hits[0].title, hits[0].source):
        return False
    texts = [_whole(hit) for hit in hits]
    if asked and any(_MONTHS.search(fold(text)) for text in texts):
        return False
    told = [told_years(text) for text in texts]
    if not asked:
        named = told_years(f"{hits[0].title}\n{hits[0].source}")
        return bool(named) and not any(years.keys() & one for one in told)
    pairs = [set(quarters_of_years(text)) for text in texts]
    among = [{quarter for quarter, _ in quarters(text)} for text in texts]
    if not years:
        return any(among) and not any(asked & one for one in among)
    found = [
        pair or set(product(quarter, year)) for pair, quarter, year in zip(pairs, among, told, strict=True)
    ]
    return any(found) and not any(set(product(asked, years)) & one for one in found)
