"""Ranked candidates → the hits worth a reader's room: not all of one document, nothing twice, neighbours as one."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from corpus.language.scripts import CJK
from corpus.types import Hit, Place
from rag.retrieval.ranking import Recipe

_DEPTH = 4
"""So many times the wanted number of candidates are looked at for the order of documents."""

SAME = 0.9
"""Share of common words (in Japanese, of runs of three characters) from which two passages with the same figures say
the same."""

MOST_JOINED = 3
"""So many chunks that follow each other become one passage, at most."""

_MAILBOX = "application/mbox"
_MAILS = frozenset({"message/rfc822", "application/vnd.ms-outlook", _MAILBOX})

_UNSPACED = re.compile(f"[{CJK}]")
_FIGURE = re.compile(
    r"\d+(?:[.,:/]\d+)*|[〇一二三四五六七八九十百千万]+|ない|ません"
    r"|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|first|second|third|fourth|fifth|sixth|seventh|eighth"
    r"|ninth|tenth|once|twice|half|not|no|never|none|cannot|except|unless|without)\b"
)
"""Figures, in words too, and denials: a rule of "the third day" is another than one of "the fourth"."""


def spread(
    ranked: Sequence[tuple[int, float]], places: Mapping[int, Place], recipe: Recipe, k: int
) -> list[tuple[int, float]]:
    """Returns the candidates that have a place, reordered where one document crowds the first ``k``.

    A passage of a document of which ``recipe.crowd`` stand before it already is lowered by ``recipe.crowding``
    for each further one. So a document that alone answers keeps its passages, and one that merely says the same in
    many places does not take every place. The scores stay as they were.
    """
    known = [(own, score) for own, score in ranked if own in places]
    if not recipe.crowding:
        return known
    waiting, rest = known[: _DEPTH * k], known[_DEPTH * k :]
    taken: Counter[str] = Counter()
    chosen: list[tuple[int, float]] = []
    lowered = [score for _, score in waiting]
    while waiting and len(chosen) < k:
        best = lowered.index(max(lowered))
        lowered.pop(best)
        chosen.append(waiting.pop(best))
        document = places[chosen[-1][0]].document_id
        taken[document] += 1
        if taken[document] >= recipe.crowd:
            less = recipe.crowding * (taken[document] - recipe.crowd + 1)
            for at, (own, score) in enumerate(waiting):
                if places[own].document_id == document:
                    lowered[at] = score - less
    return [*chosen, *waiting, *rest]


def without_copies(hits: Sequence[Hit]) -> list[Hit]:
    """Returns the hits without those that say, with the same figures, what a better one of another document says.

    The better one names the other's document (``also``). The mails of a mailbox are documents in this sense, and an
    earlier mail that a later one repeats is the same whoever is named above it.
    """
    kept: list[Hit] = []
    said: list[_Said] = []
    for hit in hits:
        own = _Said(_told(hit))
        same = next(
            (
                at
                for at, other in enumerate(said)
                if (kept[at].document_id != hit.document_id or hit.content_type == _MAILBOX)
                and own.is_same(other)
            ),
            None,
        )
        if same is None:
            kept.append(hit)
            said.append(own)
        elif hit.collection == kept[same].collection and hit.source not in (
            kept[same].source,
            *kept[same].also,
        ):
            kept[same] = replace(kept[same], also=(*kept[same].also, hit.source))
    return kept


def _told(hit: Hit) -> str:
    """Returns what a passage says; of a mail, without the lines that name its subject, writer and time."""
    text = hit.text
    if hit.content_type in _MAILS:
        for heading in hit.headings:
            text = text.removeprefix(heading).lstrip()
    return text


class _Said:
    """What a passage says: its length, its figures, and its words or runs of characters, each read where those before
    agree.
    """

    def __init__(self, text: str) -> None:
        self._plain = unicodedata.normalize("NFKC", text).casefold()

    @cached_property
    def figures(self) -> list[str]:
        return sorted(_FIGURE.findall(self._plain))

    @cached_property
    def parts(self) -> frozenset[str | tuple[str, ...]]:
        words = re.split(r"\W+", self._plain)
        plain = " ".join(words)
        if _UNSPACED.search(plain):
            return frozenset(zip(plain, plain[1:], plain[2:], strict=False))
        return frozenset(words) - {""}

    def is_same(self, other: _Said) -> bool:
        length = len(self._plain)
        if not length * SAME <= len(other._plain) <= length / SAME or self.figures != other.figures:
            return False
        shared = len(self.parts & other.parts)
        return shared > 0 and shared >= SAME * (len(self.parts) + len(other.parts) - shared)


def joined(
    hits: Sequence[Hit],
    places: Mapping[str, Place],
    read_texts: Callable[[Sequence[tuple[Hit, int, int]]], Sequence[str]],
) -> list[Hit]:
    """Returns the hits with those made one that follow each other in one section of a document.

    The passage stands where its best part stood, with that part's score and rank, and begins where its first begins.

    Args:
        hits: best first. places: chunk id as shown → its place. read_texts: gives ``text[start:end]`` of each
            hit's version, "" for what is gone.
    """
    groups: list[list[Hit]] = []
    for hit in hits:
        group = next((group for group in groups if _continues(group, hit, places)), None)
        if group is None:
            groups.append([hit])
        else:
            group.append(hit)
    several = [group for group in groups if len(group) > 1]
    spans = [(group[0], min(one.start for one in group), max(one.end for one in group)) for group in several]
    texts = iter(read_texts(spans) if spans else ())
    return [_one(group, next(texts)) if len(group) > 1 else group[0] for group in groups]


def _continues(group: Sequence[Hit], hit: Hit, places: Mapping[str, Place]) -> bool:
    first = group[0]
    if (first.document_id, first.version, first.headings) != (hit.document_id, hit.version, hit.headings):
        return False
    ordinals = [places[one.chunk_id].ordinal for one in group]
    return len(group) < MOST_JOINED and places[hit.chunk_id].ordinal in (min(ordinals) - 1, max(ordinals) + 1)


def _one(group: Sequence[Hit], text: str) -> Hit:
    best = group[0]
    first, last = min(group, key=lambda hit: hit.start), max(group, key=lambda hit: hit.end)
    if not text:
        return best
    return replace(
        best,
        start=first.start,
        end=last.end,
        text=text,
        context=first.context,
        page=first.page,
        page_label=first.page_label,
        last_page=last.last_page,
        ocr=any(hit.ocr for hit in group),
        chunk_ids=tuple(hit.chunk_id for hit in sorted(group, key=lambda hit: hit.start)),
    )
