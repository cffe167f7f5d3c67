"""Which words of which source vouch for which sentence of an answer: found by program, in the stored text.

A model's reply is hostile text. :class:`~rag.prompts.screening.Screen` lets it through as it comes, without markers of
passages that were never given and without quotation marks around words that stand nowhere. :func:`cite` then
finds, for each sentence, the words that support it; a citation's quote is always a slice of the stored text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from corpus.language import Normalised, normalise, sentences
from corpus.types import Hit
from rag.grounding.support import Claim, Source, Span, State, find_whole, support
from rag.prompts.prompting import Passage
from rag.prompts.screening import MARKER
from rag.words.references import is_own
from rag.words.terms import weights

ADDED = 0.75
"""Least weighted share of a sentence's words that a passage the model did not name must hold: only a close match is
cited unasked.
"""

_CLOSING = tuple('”“’»›」』》"＂')


class Stored(Protocol):
    """The stored text of documents, as one caller may see it."""

    def read_text(self, document_id: str, version: int, start: int, end: int) -> str:
        """Returns stored text; "" when it is no longer there or not for this caller."""

    def page_of(self, document_id: str, version: int, offset: int) -> int:
        """Returns the 1-based page on which an offset lies."""


@dataclass(frozen=True, slots=True)
class Citation:
    """Words of a stored document that an answer's sentence rests on.

    ``quote`` is ``text[start:end]`` of that version; ``page`` is the 1-based page of ``start``.
    ``state`` and ``score`` say how well they vouch: ``quoted`` (the sentence's own words stand there),
    ``supported`` (its words, numbers and names do), or ``unsupported`` (the model named the passage, but
    these words do not bear it out). ``score`` is a weighted share of words in [0, 1].
    """

    marker: int
    document_id: str
    version: int
    source: str
    title: str
    page: int
    start: int
    end: int
    quote: str
    state: State
    score: float


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the answer, ``answer[start:end]``, and how the sources bear it out.

    ``citations`` are indexes into the answer's citations. ``missing`` are its numbers, dates and names that do not
    stand in the source, or stand there in another's place; ``negated``: one of the two denies what the other says.
    ``closest`` are the words nearest to a sentence that has no citation, None when no word of it stands anywhere.
    """

    start: int
    end: int
    text: str
    state: State
    score: float
    citations: tuple[int, ...]
    missing: tuple[str, ...] = ()
    negated: bool = False
    closest: Citation | None = None


@dataclass(frozen=True, slots=True)
class Cited:
    """An answer's sentences with their states, and the citations in order of their first use."""

    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]

    @property
    def support(self) -> float:
        """Returns the share, in [0, 1], of the sentences that the documents vouch for;
        0 without sentences.
        """
        good = sum(sentence.state != "unsupported" for sentence in self.sentences)
        return good / len(self.sentences) if self.sentences else 0.0


# ---- citing ---------------------------------------------------------------------------------------


def cite(
    text: str,
    passages: Sequence[Passage],
    question: str,
    stored: Stored,
) -> Cited:
    """Returns the sentences of a screened answer, each with its state, and the citations they rest on.

    A passage the model named is always looked into; one it did not name is cited when it clearly bears the
    sentence out and no named one does. A citation whose words are no longer stored there is left out.
    """
    sources = {passage.marker: Source(passage) for passage in passages}
    citations: list[Citation] = []
    known: dict[tuple[int, Span], int] = {}
    result = []

    for start, end, words, named in split_answer(text, [source.whole for source in sources.values()]):
        claim = Claim(words, question)
        spans = {marker: support(claim, sources[marker]) for marker in named if marker in sources}
        others: dict[int, Span] = {}
        if not any(span.state != "unsupported" for span in spans.values()):
            others = {m: support(claim, source) for m, source in sources.items() if m not in spans}
            spans |= _unasked(others)
        indexes = []
        for marker, span in spans.items():
            if (marker, span) not in known:
                citation = _citation(sources[marker].passage, span, stored)
                if citation is None:
                    continue
                known[marker, span] = len(citations)
                citations.append(citation)
            indexes.append(known[marker, span])
        nearest = max((spans or others).items(), key=lambda one: (one[1].rank, -one[0]), default=None)
        closest = None
        if nearest is not None and not indexes and nearest[1].score > 0:
            nearest = nearest[0], replace(nearest[1], state="unsupported")
            closest = _citation(sources[nearest[0]].passage, nearest[1], stored)
        vouched = nearest is not None and (bool(indexes) or closest is not None)
        best = nearest[1] if nearest is not None and vouched else Span(0, 0, "unsupported", 0.0)
        result.append(
            Sentence(
                start=start,
                end=end,
                text=text[start:end],
                state=best.state,
                score=best.score,
                citations=tuple(indexes),
                missing=best.missing,
                negated=best.negated,
                closest=closest,
            )
        )
    return Cited(tuple(result), tuple(_settled(citations, stored)))


def _settled(citations: Sequence[Citation], stored: Stored) -> Iterator[Citation]:
    """Yields the citations; a short quotation that stands in a longer one, too, is taken from there: a date by itself
    may stand in a passage more than once.
    """
    for one in citations:
        within = [
            other
            for other in citations
            if other.state == one.state == "quoted"
            and (other.marker, other.document_id) == (one.marker, one.document_id)
            and len(other.quote) > len(one.quote)
            and not (other.start <= one.start and one.end <= other.end)
            and one.quote in other.quote
        ]
        place = find_whole(one.quote, normalise(within[0].quote)) if within else None
        if place is None or within[0].quote[slice(*place)] != one.quote:
            yield one
        else:
            start, end = (within[0].start + at for at in place)
            yield replace(one, start=start, end=end, page=stored.page_of(one.document_id, one.version, start))


def split_answer(
    text: str, documents: Sequence[Normalised] = ()
) -> list[tuple[int, int, str, tuple[int, ...]]]:
    """Returns (start, end, claim, markers) of each sentence that says something.

    ``text[start:end]`` holds the sentence with its markers, ``claim`` is it without them. Markers behind
    a full stop belong to the sentence before it. A bracketed number that one of the documents has there is none.
    """
    bare: list[str] = []
    at: list[int] = []
    marked: list[tuple[int, tuple[int, ...], int]] = []
    place = 0
    for match in MARKER.finditer(text):
        if is_own(text, *match.span(1), documents):
            continue
        bare.append(text[place : match.start()])
        at += range(place, match.start())
        marked.append((len(at), (int(match[1][1:-1]),), match.end()))
        place = match.end()
    bare.append(text[place:])
    at += range(place, len(text))
    plain = "".join(bare)
    # Behind a closing quotation mark, or before a line's end, a marker ends its sentence, full stop or none.
    ends = [
        where
        for where, _, stop in marked
        if plain[:where].rstrip()[-1:] in _CLOSING or text[stop : stop + 1] in ("\n", "")
    ]
    result = []
    for start, end in _cut(plain, sentences(plain), ends):
        claim = plain[start:end]
        mine = [(markers, stop) for where, markers, stop in marked if start < where <= end]
        markers = tuple(dict.fromkeys(n for numbers, _ in mine for n in numbers))
        if not weights(claim):
            continue
        last = max([at[end - 1] + 1, *(stop for _, stop in mine)])
        result.append((at[start], last, claim, markers))
    return result


def _cut(text: str, spans: Sequence[tuple[int, int]], ends: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yields the spans, cut at further ends; without blanks at either side."""
    for start, stop in spans:
        for end in [*(end for end in ends if start < end < stop), stop]:
            piece = text[start:end]
            if piece.strip():
                yield start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())
            start = end


def _unasked(found: Mapping[int, Span]) -> dict[int, Span]:
    """Returns the passage that clearly bears a sentence out without being named for it, if there is one."""
    good = {
        marker: span
        for marker, span in found.items()
        if span.state == "quoted" or (span.state == "supported" and span.score >= ADDED)
    }
    if not good:
        return {}
    best = max(good, key=lambda marker: (*good[marker].rank[:2], -marker))
    return {best: good[best]}


def _citation(passage: Passage, span: Span, stored: Stored) -> Citation | None:
    hit: Hit = passage.hit
    start, end = hit.start + span.start, hit.start + span.end
    quote = stored.read_text(hit.document_id, hit.version, start, end)
    if quote != hit.text[span.start : span.end]:
        return None
    return Citation(
        marker=passage.marker,
        document_id=hit.document_id,
        version=hit.version,
        source=hit.source,
        title=hit.title,
        page=stored.page_of(hit.document_id, hit.version, start),
        start=start,
        end=end,
        quote=quote,
        state=span.state,
        score=span.score,
    )
