"""Which words of which source vouch for which sentence of an answer: found by program, in the stored text.

A model's reply is hostile text. :class:`~rag.screening.Screen` lets it through as it comes, without markers of
passages that were never given and without quotation marks around words that stand nowhere. :func:`cite` then
finds, for each sentence, the words that support it; a citation's quote is always a slice of the stored text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from corpus.language import find, fold, normalise, sentences
from corpus.types import Hit
from rag.prompting import Passage
from rag.screening import MARKERS
from rag.terms import coverage, numbers, stems, weights

State = Literal["quoted", "supported", "unsupported"]

SUPPORT = 0.5
"""Least weighted share of a sentence's words that its source span must hold to count as support."""

ADDED = 0.75
"""The same, for a passage the model did not name: only a close match is cited unasked."""

_CLOSING = tuple('”“’»›」』》"＂')
_QUOTATION = re.compile(r"[“„‘«‹「『《\"＂](.+?)[”“’»›」』》\"＂](?![A-Za-z])", re.DOTALL)
_NAME = re.compile(r"(?<![.!?。]\s)(?<!^)\b[A-Z][a-zA-Z]{2,}\b|[ァ-ヶー]{3,}")


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

    ``citations`` are indexes into the answer's citations. ``missing`` are its numbers and names that do
    not stand in the source.
    """

    start: int
    end: int
    text: str
    state: State
    score: float
    citations: tuple[int, ...]
    missing: tuple[str, ...] = ()


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


# ---- which words vouch ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Span:
    """A place in a passage and how well it bears a sentence out; offsets into the passage's text."""

    start: int
    end: int
    state: State
    score: float
    missing: tuple[str, ...]

    @property
    def rank(self) -> tuple[int, float, int]:
        return ("unsupported", "supported", "quoted").index(self.state), self.score, self.start - self.end


class _Source:
    """A passage, cut up once for all sentences."""

    def __init__(self, passage: Passage) -> None:
        self.passage = passage
        text = passage.hit.text
        self.normalised = normalise(text)
        self.spans = sentences(text) or [(0, len(text))]
        self.stems = [stems(text[start:end]) for start, end in self.spans]
        self.numbers = [numbers(text[start:end]) for start, end in self.spans]
        self.context_stems = stems(passage.hit.context)
        self.context_numbers = numbers(passage.hit.context)
        self.all = fold(f"{passage.hit.context}\n{text}")


def cite(
    text: str,
    passages: Sequence[Passage],
    question: str,
    *,
    read_text: Callable[[str, int, int, int], str],
    page_of: Callable[[str, int, int], int],
    rarity: Mapping[str, float] | None = None,
) -> Cited:
    """Returns the sentences of a screened answer, each with its state, and the citations they rest on.

    A passage the model named is always looked into; one it did not name is cited when it clearly bears the
    sentence out and no named one does. ``read_text(document_id, version, start, end)`` reads the stored
    text and ``page_of(document_id, version, offset)`` its page; a citation whose words are no longer
    stored there is left out.
    """
    sources = {passage.marker: _Source(passage) for passage in passages}
    citations: list[Citation] = []
    known: dict[tuple[int, int, int], int] = {}
    result = []
    for start, end, claim, named in split_answer(text):
        spans = {
            marker: _support(claim, question, sources[marker], rarity)
            for marker in named
            if marker in sources
        }
        if not any(span.state != "unsupported" for span in spans.values()):
            spans |= _unasked(claim, question, sources, rarity)
        indexes = []
        for marker, span in spans.items():
            key = (marker, span.start, span.end)
            if key not in known:
                citation = _citation(sources[marker].passage, span, read_text, page_of)
                if citation is None:
                    continue
                known[key] = len(citations)
                citations.append(citation)
            indexes.append(known[key])
        best = max(spans.values(), key=lambda span: span.rank, default=None)
        if best is None or not indexes:
            result.append(Sentence(start, end, text[start:end], "unsupported", 0.0, ()))
        else:
            result.append(
                Sentence(start, end, text[start:end], best.state, best.score, tuple(indexes), best.missing)
            )
    return Cited(tuple(result), tuple(citations))


def split_answer(text: str) -> list[tuple[int, int, str, tuple[int, ...]]]:
    """Returns (start, end, claim, markers) of each sentence that says something.

    ``text[start:end]`` holds the sentence with its markers, ``claim`` is it without them. Markers behind
    a full stop belong to the sentence before it.
    """
    bare: list[str] = []
    at: list[int] = []
    marked: list[tuple[int, tuple[int, ...], int]] = []
    place = 0
    for match in MARKERS.finditer(text):
        bare.append(text[place : match.start()])
        at += range(place, match.start())
        marked.append((len(at), tuple(int(n) for n in re.findall(r"\d+", match.group())), match.end()))
        place = match.end()
    bare.append(text[place:])
    at += range(place, len(text))
    plain = "".join(bare)
    # Behind a closing quotation mark a marker ends its sentence, even if the quoted words had no full stop.
    ends = [where for where, _, _ in marked if plain[:where].rstrip()[-1:] in _CLOSING]
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


def _unasked(
    claim: str, question: str, sources: Mapping[int, _Source], rarity: Mapping[str, float] | None
) -> dict[int, _Span]:
    found = {marker: _support(claim, question, source, rarity) for marker, source in sources.items()}
    good = {
        marker: span
        for marker, span in found.items()
        if span.state == "quoted" or (span.state == "supported" and span.score >= ADDED)
    }
    if not good:
        return {}
    best = max(good, key=lambda marker: (*good[marker].rank[:2], -marker))
    return {best: good[best]}


def _support(claim: str, question: str, source: _Source, rarity: Mapping[str, float] | None) -> _Span:
    """Returns the place in the passage that bears the claim out best: its own words,
    else the best one to three sentences. A claim's numbers must stand in a sentence that bears its words out too.
    """
    wanted = weights(claim, rarity)
    wanted_numbers = numbers(claim)
    wanted_words = {word: weight for word, weight in wanted.items() if word not in wanted_numbers}
    quoted = _quoted(claim, source, wanted_numbers)
    best = _Span(0, len(source.passage.hit.text), "unsupported", 0.0, ())
    shares = [coverage(wanted_words, present) for present in source.stems]
    for first in range(len(source.spans)):
        present: frozenset[str] = source.context_stems
        for last in range(first, min(first + 3, len(source.spans))):
            present |= source.stems[last]
            # A number beside other words than the claim's is not the claim's number.
            window = range(first, last + 1)
            least = max(shares[at] for at in window) * SUPPORT
            figures = source.context_numbers.union(
                *(source.numbers[at] for at in window if shares[at] >= least)
            )
            score = coverage(wanted, present)
            missing = tuple(sorted(wanted_numbers - figures)) + _strange_names(claim, question, source)
            said = not wanted_words or coverage(wanted_words, present) >= SUPPORT
            state: State = "supported" if said and score >= SUPPORT and not missing else "unsupported"
            # A wider window must earn its width, or every claim would be "supported" by half a page.
            score = max(0.0, score - 0.05 * (last - first))
            own = coverage(wanted, source.stems[first]) > 0 and coverage(wanted, source.stems[last]) > 0
            span = _Span(source.spans[first][0], source.spans[last][1], state, round(score, 3), missing)
            if own and span.rank > best.rank:
                best = span
    return quoted if quoted is not None and quoted.rank > best.rank else best


def _quoted(claim: str, source: _Source, wanted_numbers: frozenset[str]) -> _Span | None:
    """Returns where the claim's own words stand: all of it, or the quotations that make up most of it."""
    whole = claim.strip(' \t\n"＂“”„‘’«»‹›「」『』《》')
    pieces = [whole, *(match.group(1) for match in _QUOTATION.finditer(claim))]
    # The header of a quoted table's row stands before it, outside the quotation marks, and elsewhere in the
    # passage.
    before = fold(_QUOTATION.sub("", claim)).strip(" :")
    headed = bool(pieces[1:]) and before in source.all
    counted = "\n".join(pieces[1:]) if headed else claim
    figures = numbers(counted) if headed else wanted_numbers
    total = sum(weights(counted).values())
    for piece in sorted(pieces, key=len, reverse=True):
        share = sum(weights(piece).values()) / total if total else 0.0
        if share < 0.5 or (place := find(piece, source.normalised)) is None:
            continue
        text = source.passage.hit.text[place[0] : place[1]]
        missing = tuple(sorted(figures - numbers(text) - source.context_numbers))
        if not missing:
            return _Span(*place, "quoted", round(share, 3), ())
    return None


def _strange_names(claim: str, question: str, source: _Source) -> tuple[str, ...]:
    """Returns the names in a claim that stand neither in the passage nor in the question."""
    asked = fold(question)
    names = Counter(match.group() for match in _NAME.finditer(claim.strip(' "“”「」')))
    return tuple(name for name in names if fold(name) not in source.all and fold(name) not in asked)


def _citation(
    passage: Passage,
    span: _Span,
    read_text: Callable[[str, int, int, int], str],
    page_of: Callable[[str, int, int], int],
) -> Citation | None:
    hit: Hit = passage.hit
    start, end = hit.start + span.start, hit.start + span.end
    quote = read_text(hit.document_id, hit.version, start, end)
    if quote != hit.text[span.start : span.end]:
        return None
    return Citation(
        marker=passage.marker,
        document_id=hit.document_id,
        version=hit.version,
        source=hit.source,
        title=hit.title,
        page=page_of(hit.document_id, hit.version, start),
        start=start,
        end=end,
        quote=quote,
        state=span.state,
        score=span.score,
    )
