"""Hits → what of each speaks of the query, and hits cut to that.

The further a passage is behind the best one, the more of the query's words a sentence and those around it must have to
be in its focus. So what answers best stays whole, and of what is found beside it the place is shown that may answer,
too.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import takewhile

from corpus.language import sentences
from corpus.types import Hit, Page
from rag.reading.headers import is_header
from rag.reading.units import is_marked, is_row, leads, leans
from rag.words.stemming import beginnings, stem
from rag.words.terms import weights

NEAR = 0.04
"""A passage that is no further behind the best one, in score, is shown whole."""

STEEP = 2.0
"""The share of the query that is asked of a sentence, for how much further behind its passage is."""

BESIDE = 0.65
"""What a word counts that stands one sentence away; two away, the square of it."""

SHORT = 300
"""A passage of so many characters is shown whole: a few lines are read at a glance, and parts of a form, a heading with
its list or lines of a picture say little apart."""

_MOST_LEANT_ON = 2
_ROWS_LOOKED_AT = 8
_WORD = re.compile(r"\w+(?:[.,:]\d+)*")
_CODE_PARTS = re.compile(r"[^\W\d_]+|\d+")

Span = tuple[int, int]
ReadPages = Callable[[Sequence[tuple[str, int, int, int]]], Sequence[Sequence[Page]]]
"""Gives the pages of each (document id, version, first page, last page); none of what is gone."""


# ---- what speaks of the query ----------------------------------------------------------------------


def focused(query: str, hits: Sequence[Hit], passages: Sequence[Hit]) -> list[Hit]:
    """Returns the hits with the focus of each: its text from the first to the last sentence that speaks of the query.

    A focus begins and ends where a sentence or row does; see :func:`_readable`. A hit that has none of the query's
    words was found by its meaning: all of it is its focus.

    Args:
        hits: best first. passages: what the hits are made of, one or several that follow each other, each with the
            score by which it was found.
    """
    found = {passage.chunk_id: passage for passage in passages}
    parts = [[found[own] for own in hit.chunk_ids or (hit.chunk_id,)] for hit in hits]
    best = max((part.score for some in parts for part in some), default=0.0)
    wanted = _Wanted(weights(query))
    asked = [_asked_of(some, best) for some in parts]
    if parts:  # whatever put it first, another reader or its name, it is what answers best
        asked[0] = _asked_of(parts[0], max(part.score for part in parts[0]))
    spans = (_focus(hit, wanted, own) for hit, own in zip(hits, asked, strict=True))
    return [replace(hit, focus=span) if span else hit for hit, span in zip(hits, spans, strict=True)]


def _asked_of(parts: Sequence[Hit], best: float) -> list[tuple[int, float]]:
    """Returns where each part begins, in order, and which share of the query is asked of a sentence from there on."""
    return sorted((part.start, STEEP * (best - part.score - NEAR)) for part in parts)


def _focus(hit: Hit, wanted: _Wanted, asked: Sequence[tuple[int, float]]) -> Span | None:
    if len(hit.text) <= SHORT or all(needed <= 0 for _, needed in asked):
        return None
    if not (places := wanted.places(hit.text)):
        return None
    spans = sentences(hit.text)
    starts = [start for start, _ in spans]
    had: list[dict[str, float]] = [{} for _ in spans]
    for at, term, share in places:
        had[max(0, bisect_right(starts, at) - 1)][term] = share
    around = _around([sum(one.values()) for one in had])
    least = [needed for _, needed in asked[:1] for _ in spans]
    for begins, needed in asked[1:]:
        first = bisect_left(starts, begins - hit.start)
        least[first:] = [needed] * (len(spans) - first)
    shown = [at for at, (share, needed) in enumerate(zip(around, least, strict=True)) if share >= needed]
    shown = shown or [around.index(max(around))]
    told = [hit.text[start:end] for start, end in spans]
    first, last = _readable(told, shown[0], shown[-1], hit.headings)
    if (first, last) == (0, len(spans) - 1):
        return None
    return hit.start + spans[first][0], hit.start + spans[last][1]


def _around(shares: Sequence[float]) -> list[float]:
    """Returns for each sentence its own share and, less, those of two before and behind it."""
    padded = [0.0, 0.0, *shares, 0.0, 0.0]
    of_all = 1 + 2 * BESIDE
    return [
        (own + BESIDE * (before + behind) + BESIDE**2 * (far_before + far_behind)) / of_all
        for far_before, before, own, behind, far_behind in zip(
            padded, padded[1:], padded[2:], padded[3:], padded[4:], strict=False
        )
    ]


def _readable(told: Sequence[str], first: int, last: int, headings: Sequence[str]) -> tuple[int, int]:
    """Returns the first and last sentence with those that they say nothing without: the one before that the first leans
    on, the rows below a table's header, what follows a heading, a question or the line that leads to a list.
    """
    for _ in range(_MOST_LEANT_ON):
        if first and leans(told[first]) and not is_row(told[first - 1]):
            first -= 1
    while last < len(told) - 1 and (
        told[last].endswith((":", "：", "?", "？")) or " ".join(told[last].split()) in headings
    ):
        last += 1
    rows = _rows_from(told, last)
    if len(rows) > 1 and not (last and is_row(told[last - 1])) and _tops(rows):
        last += len(rows) - 1
    return first, last


def _tops(rows: Sequence[str]) -> bool:
    """Says whether the first of some rows names their columns: it has no figure, or :func:`is_header` says so."""
    return not any(map(str.isdigit, rows[0])) or is_header(rows[:_ROWS_LOOKED_AT])


def _rows_from(told: Sequence[str], first: int) -> list[str]:
    return list(takewhile(is_row, told[first:]))


class _Wanted:
    """The words of a query, and which share of it, by weight, each of them is."""

    def __init__(self, terms: Mapping[str, float]) -> None:
        total = sum(terms.values()) or 1.0
        shares = {term: weight / total for term, weight in terms.items()}
        self._words = {term: share for term, share in shares.items() if _is_word(term)}
        self._beginnings = sorted({one for term in self._words for one in beginnings(term)})
        self._pairs = {term: share for term, share in shares.items() if not term.isascii()}
        self._codes = [
            (re.compile(r"[\W_]?".join(map(re.escape, _CODE_PARTS.findall(term)))), term, share)
            for term, share in shares.items()
            if term not in self._words and term.isascii()
        ]

    def places(self, text: str) -> list[tuple[int, str, float]]:
        """Returns where words of the query stand in a text: the offset, the word, and its share."""
        plain = _plain(text)
        found: list[tuple[int, str, float]] = []
        for beginning in self._beginnings:
            at = plain.find(beginning)
            while at >= 0:
                if (not at or not plain[at - 1].isalnum()) and (word := _WORD.match(plain, at)):
                    term = stem(word.group())
                    if term in self._words:
                        found.append((at, term, self._words[term]))
                at = plain.find(beginning, at + 1)
        for pair, share in self._pairs.items():
            at = plain.find(pair)
            while at >= 0:
                found.append((at, pair, share))
                at = plain.find(pair, at + 1)
        for code, term, share in self._codes:
            found += [(match.start(), term, share) for match in code.finditer(plain)]
        return found


def _is_word(term: str) -> bool:
    """Says whether a term is a word by itself, no pair of characters and no code, which may be written apart."""
    return term.isascii() and (term.isalpha() or not any(map(str.isalpha, term)))


def _plain(text: str) -> str:
    """Returns a text in one spelling with every character where it was."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", text).casefold()
    return folded if len(folded) == len(text) else text.lower()


# ---- cut to that -----------------------------------------------------------------------------------


def cut_to_focus(hits: Sequence[Hit], read_pages: ReadPages) -> list[Hit]:
    """Returns the hits with no more than their focus.

    What the focus begins amid, a table's header or the line that leads to a list, is added to the ``context``.
    ``read_pages`` is asked for those that are cut and were on several pages.
    """
    cut = [_cut(hit, *hit.focus) if hit.focus else hit for hit in hits]
    turned = [at for at, hit in enumerate(hits) if hit.focus and hit.page != hit.last_page]
    places = [(hits[at].document_id, hits[at].version, hits[at].page, hits[at].last_page) for at in turned]
    for at, pages in zip(turned, read_pages(places) if places else (), strict=True):
        cut[at] = _on_its_pages(cut[at], pages)
    return cut


def _cut(hit: Hit, start: int, end: int) -> Hit:
    text = hit.text[start - hit.start : end - hit.start]
    above = _above(hit.text[: start - hit.start], text)
    context = f"{hit.context}\n{above}".strip() if above and above not in hit.context else hit.context
    return replace(hit, start=start, end=end, text=text, context=context)


def _above(before: str, text: str) -> str:
    """Returns the header of the table, or the line that leads to the list, amid which a text begins; "" elsewhere."""
    first = text.partition("\n")[0]
    if not before or not (is_row(first) or is_marked(first)):
        return ""
    lines = [line for line in before.splitlines() if line.strip()]
    if is_row(first):
        top = len(lines)
        while top and is_row(lines[top - 1]):
            top -= 1
        rows = [*lines[top:], *filter(is_row, text.splitlines())]
        return rows[0] if top < len(lines) and is_header(rows[:_ROWS_LOOKED_AT]) else ""
    leading = next((line for line in reversed(lines) if not is_marked(line)), "")
    return leading.strip() if leads(leading) else ""


def _on_its_pages(hit: Hit, pages: Sequence[Page]) -> Hit:
    own = [page for page in pages if page.start < hit.end and hit.start < page.end]
    if not own:
        return hit
    label = hit.page_label if own[0].number == hit.page else own[0].label
    return replace(hit, page=own[0].number, last_page=own[-1].number, page_label=label)
