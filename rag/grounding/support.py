"""Where in a passage a claim is borne out: its own words, or else the sentences that hold its words, figures and names.

Nothing here knows of models or markers; offsets are into the passage's text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from corpus.language import Normalised, find, fold, normalise, sentences
from corpus.language.kanji import KANJI
from rag.grounding.alterations import alterations
from rag.prompts.prompting import Passage
from rag.words.editions import edition_name
from rag.words.figures import Figure, borne_out, figures
from rag.words.japanese_places import PLACES
from rag.words.references import without_references
from rag.words.terms import coverage, stems, weights

State = Literal["quoted", "supported", "unsupported"]

SUPPORT = 0.5
"""Least weighted share of a sentence's words that its source span must hold to count as support."""

_WHOLE, _BESIDE = 0.9, 0.75
"""Where one sentence holds nearly all of a claim's words, the figures of another count only if it holds most, too."""
_LOOKED_AT = 6
"""Places in a passage, best first, that are compared with the claim word by word until one says nothing else."""
_CLOSER = 0.05
_QUOTATION = re.compile(r"[“„‘«‹「『《\"＂](.+?)[”“’»›」』》\"＂](?![A-Za-z])", re.DOTALL)
_PAIRS = tuple(zip('“„‘«‹「『《"＂', '”“’»›」』》"＂', strict=True))
"""Quotation marks that open and those that close."""
_NAME = re.compile(r"(?<![.!?。]\s)(?<!^)\b[A-Z][a-zA-Z]{2,}\b|[ァ-ヶー]{3,}")
_NAME_JA = re.compile(
    r"(?<![\u3400-\u9fff々])[\u3400-\u9fff々]{1,4}?(?=さん|氏(?!名)|様(?!式|子)|部長|課長|係長|社長|室長|所長|主任|取締役|監査役)"
    rf"|{PLACES}"
)
_ROLE = re.compile(
    "[副次同前当各新旧現]|代表|担当|総務|人事|経理|営業|技術|製造|品質|購買|財務|法務|情報|管理|開発|生産|工場|専務|常務|社外|直属|所属|部門"
    "|事業|本社|関係|責任|監査|執行|支店|営業所|研究|安全|衛生|企画"
)
"""What stands before a title and is no name."""


@dataclass(frozen=True, slots=True)
class Span:
    """A place in a passage and how well it bears a claim out; offsets into the passage's text.

    ``missing``: the claim's figures and names that do not stand there, as the claim writes them. ``negated``: one
    of the two denies what the other says.
    """

    start: int
    end: int
    state: State
    score: float
    missing: tuple[str, ...] = ()
    negated: bool = False

    @property
    def rank(self) -> tuple[int, float, int]:
        """Larger is better."""
        return ("unsupported", "supported", "quoted").index(self.state), self.score, self.start - self.end


class Source:
    """A passage, cut up once for all claims."""

    def __init__(self, passage: Passage) -> None:
        self.passage = passage
        hit = passage.hit
        self.text = hit.text
        self.whole, bare = normalise(hit.text), without_references(hit.text)
        self.normalised = [self.whole, bare] if bare.text != self.whole.text else [self.whole]
        self.spans = sentences(hit.text) or [(0, len(hit.text))]
        self.stems = [stems(hit.text[start:end]) for start, end in self.spans]
        self.figures = [figures(hit.text[start:end]) for start, end in self.spans]
        self.context_stems = stems(hit.context)
        self.context_figures = figures(f"{hit.context}\n{hit.title}\n{hit.source}")
        self.all = fold(f"{hit.source}\n{hit.title}\n{hit.context}\n{hit.text}")
        self.common = frozenset(re.findall(r"\b[a-z]+\b", f"{hit.context}\n{hit.text}"))


class Claim:
    """A sentence of an answer without its markers, read once for all passages."""

    def __init__(self, text: str, question: str) -> None:
        self.text = text
        self.asked = fold(question)
        self.figures = [one for one in figures(text) if one.text.lower() not in ("one", "zero")]
        counted = {stem for one in self.figures for stem in stems(one.text)}
        self.weights = weights(text)
        self.words = {stem: weight for stem, weight in self.weights.items() if stem not in counted}
        self.names = tuple(_names(text))


def support(claim: Claim, source: Source) -> Span:
    """Returns the place in the passage that bears the claim out best: its own words, else the best one to three
    sentences.

    A claim's figures must stand in a sentence that bears its words out too (or in the title, the headings, a
    table's header), its names in the passage or the question; and where a claim keeps close to its source, what
    it says otherwise makes it unsupported.
    """
    quoted = _quoted(claim, source)
    if quoted is not None:
        return quoted
    ranked = sorted(_windows(claim, source), key=lambda span: span.rank, reverse=True)
    best, closest = Span(0, len(source.text), "unsupported", 0.0), 0.0
    altered: list[Span] = []
    for span in ranked[:_LOOKED_AT]:
        if any(span.start <= one.start and one.end <= span.end for one in altered):
            continue
        found = alterations(claim.text, source.text[span.start : span.end], common=source.common)
        if found:
            missing = tuple(dict.fromkeys((*span.missing, *found.changed)))
            span = replace(span, state="unsupported", missing=missing, negated=found.negated)
            altered.append(span)
        # What a claim keeps closest to decides: another place, which it only resembles, does not make up for it.
        if found.close > closest + _CLOSER or (found.close >= closest and span.rank > best.rank):
            best = span
        closest = max(closest, found.close)
    return best


def _windows(claim: Claim, source: Source) -> Iterator[Span]:
    shares = [coverage(claim.words, present) for present in source.stems]
    strange = tuple(
        name for name in claim.names if fold(name) not in source.all and fold(name) not in claim.asked
    )
    for first in range(len(source.spans)):
        if not coverage(claim.weights, source.stems[first]):
            continue
        present: frozenset[str] = source.context_stems
        for last in range(first, min(first + 3, len(source.spans))):
            present |= source.stems[last]
            if not coverage(claim.weights, source.stems[last]):
                continue
            missing = _missing(claim.figures, source, range(first, last + 1), shares)
            score = coverage(claim.weights, present)
            said = not claim.words or coverage(claim.words, present) >= SUPPORT
            good = said and score >= SUPPORT and not missing and not strange
            # A wider window must earn its width, or every claim would be "supported" by half a page.
            score = round(max(0.0, score - 0.05 * (last - first)), 3)
            start, end = source.spans[first][0], source.spans[last][1]
            yield Span(start, end, "supported" if good else "unsupported", score, missing + strange)


def _missing(
    wanted: Sequence[Figure], source: Source, window: range, shares: Sequence[float]
) -> tuple[str, ...]:
    """Returns the figures that stand in none of the window's sentences that bear the claim's words out: a number
    beside other words than the claim's is not the claim's number.
    """
    if not wanted:
        return ()
    best = max(shares[at] for at in window)
    bearing = [at for at in window if shares[at] >= (_BESIDE if best >= _WHOLE else best * SUPPORT)]
    # One row or sentence that could say it all has to; only what is put together from several is looked for in all.
    groups = [[at] for at in bearing] if best >= _WHOLE or best == 0 else [bearing]
    return min((_not_in(wanted, source, group) for group in groups), key=len)


def _not_in(wanted: Sequence[Figure], source: Source, places: Sequence[int]) -> tuple[str, ...]:
    present = [*(one for at in places for one in source.figures[at]), *source.context_figures]
    return tuple(one.text for one in wanted if not borne_out(one, present))


# ---- the claim's own words -------------------------------------------------------------------------


def _quoted(claim: Claim, source: Source) -> Span | None:
    """Returns where the claim's own words stand: all of it, or the quotations that make up most of it."""
    whole = claim.text.strip(' \t\n"＂“”„‘’«»‹›「」『』《》')
    pieces = [whole, *(match.group(1) for match in _QUOTATION.finditer(claim.text))]
    # The header of a quoted table's row stands before it, outside the quotation marks, and elsewhere in the
    # passage; so does what leads to a list, under its heading.
    before = fold(_QUOTATION.sub("", claim.text)).strip(" :")
    edition = _EDITION.match(before)
    if edition and edition[1] == edition_name(source.passage.hit.title, source.passage.hit.source):
        before = before[edition.end() :]
    headed = bool(pieces[1:]) and _stands_above(before, source)
    counted = "\n".join(pieces[1:]) if headed else claim.text
    wanted = figures(counted) if headed else claim.figures
    total = sum(weights(counted).values())
    for piece in sorted(pieces, key=len, reverse=True):
        share = sum(weights(piece).values()) / total if total else 0.0
        places = (find_whole(piece, one) for one in source.normalised) if share >= 0.5 else ()
        place = next((one for one in places if one is not None), None)
        if place is None:
            continue
        present = [*figures(source.text[place[0] : place[1]]), *source.context_figures]
        if all(borne_out(one, present) for one in wanted):
            return Span(*_with_its_marks(source.text, *place), "quoted", round(share, 3))
    return None


_EDITION = re.compile(r"((?:19|20)\d\d|v[\d.]+)(?:: |\Z)")
"""Which edition a quotation is of, where that is said before it."""


def _with_its_marks(text: str, start: int, end: int) -> tuple[int, int]:
    """Returns a place with the quotation mark right before or behind it whose other half stands within: a claim's own
    marks are taken off before it is looked for, and with them those that its words begin or end with.
    """
    for opening, closing in _PAIRS:
        within = text[start:end]
        before, behind = text[max(0, start - 1) : start] == opening, text[end : end + 1] == closing
        opened, closed = within.count(opening), within.count(closing)
        if opening == closing:
            lacks = opened % 2 == 1
            start, end = start - (lacks and before), end + (lacks and not before and behind)
        else:
            start, end = start - (before and closed > opened), end + (behind and opened > closed)
    return start, end


def _stands_above(before: str, source: Source) -> bool:
    """Says whether a quotation is headed by words of its passage: one place of it, or what leads to a list behind its
    heading or the sentence before it ("What is not covered? > These include").
    """
    heading, _, lead = (part.strip() for part in before.rpartition(">"))
    if not heading:
        return lead in source.all
    edges = r"(?<![a-z\d]){}(?![a-z\d])"
    above = edges.format(re.escape(heading)) + r"[\W_]{0,4}" + edges.format(re.escape(lead))
    titled = f"{fold(source.passage.hit.context)} "
    headed = re.search(rf"(?:^|> |\n){re.escape(heading)}(?: >|\s)", titled) and f"{lead}:" in source.all
    return ">" not in heading and bool(headed or re.search(above, source.all))


def find_whole(quote: str, source: Normalised) -> tuple[int, int] | None:
    """Returns where a quote stands in the original text, as :func:`corpus.language.find`, but never amid a word or a
    figure, nor without the "not" right beside it: "5 days" does not stand in "25 days", nor "paid" in "not paid".
    """
    at = 0
    while (place := find(quote, source, at)) is not None:
        start = int(np.searchsorted(source.offsets[:, 0], place[0]))
        end = int(np.searchsorted(source.offsets[:, 1], place[1] - 1, side="right")) + 1
        before, after = source.text[max(0, start - 12) : start], source.text[end : end + 12]
        inside = source.text[start:end]
        if not _CUT[0].search(before + "\0" + inside[:2]) and not _CUT[1].search(inside[-2:] + "\0" + after):
            return place
        at = start + 1
    return None


_CUT = (
    re.compile(
        r"[a-z\d]\0[a-z\d]|\d[.,]\0\d|(?:^|[\s(|])-\0\d|(?:^|[^a-z])(?:not|no|never|without|cannot) ?\0"
        rf"|[{KANJI}]\0[{KANJI}]|[不未非無]\0[\u3400-\u9fff]"
    ),
    re.compile(
        rf"[a-z\d]\0[a-z\d]|\d\0[.,]\d|\d\0(?:[{KANJI}]| ?(?:thousand|million|billion|trillion)(?![a-z]))"
        rf"|[{KANJI}]\0[{KANJI}]"
        r"|[^。、\s]\0(?:で?[はがも])?(?:ない|なく|なかっ|ありません|できない|できません|ません)"
    ),
)
"""What a quotation may not part, at its beginning and at its end (NUL)."""


# ---- names -----------------------------------------------------------------------------------------


def _names(text: str) -> Iterator[str]:
    """Yields the names in a text: capitalised words within a sentence, words in katakana, kanji before a title."""
    bare = text.strip(' "“”「」')
    yield from Counter(match.group() for match in _NAME.finditer(bare))
    for match in _NAME_JA.finditer(bare):
        if not _ROLE.fullmatch(match.group()):
            yield match.group()
