"""How likely the passages found for a wording of a question answer it, and which other wording they answer better.

Asked and searched for alike: what ``ask`` reads in other words (:mod:`rag.asking.wording.rewording`), ``search`` does,
too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from corpus.errors import UsageError
from corpus.language import fold
from corpus.types import Hit
from rag.asking.answers import Library
from rag.asking.wording.everyday import is_said, stands
from rag.asking.wording.rewording import Rewording, rewordings
from rag.grounding.abstention import Abstention, looked_closely, signals
from rag.grounding.otherwise import asked_first
from rag.retrieval.spelling import Wording
from rag.words.terms import stems, terms

_SURER = 0.1
"""How much likelier to be answered a question must be in other words, and than one that is just not refused."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A wording of the question, its passages, the chance that they answer it, and that below which it is refused."""

    wording: Wording
    hits: tuple[Hit, ...]
    chance: float
    threshold: float

    @property
    def refused(self) -> bool:
        """Whether the passages do not speak of it."""
        return not self.hits or self.chance < self.threshold


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges the wordings of one question. ``followup`` is what was asked where it is read as another, else empty."""

    library: Library
    abstention: Abstention
    k: int
    followup: str = ""

    def of(self, wording: Wording, hits: tuple[Hit, ...], *, closely: bool = True) -> Judged:
        """Returns a wording with its passages, judged: by the meaning of their sentences, too, where its words would be
        refused, unless only the words count.
        """
        library = self.library
        found = signals(
            wording.read,
            hits,
            library.rarity,
            library.lacks,
            self.followup,
            lambda name: is_ours(name, library),
        )
        if closely and hits and self.abstention.refuses(found):
            found = looked_closely(found, wording.read, hits, library.rarity, library.embed)
        chance = self.abstention.chance(found) if hits else 0.0
        return Judged(wording, hits, chance, self.abstention.threshold(found))

    def in_other_words(self, asked: Judged) -> Judged | None:
        """Returns the question with a word put otherwise that stands in none of its passages, where that is likelier to
        be answered.

        It is looked for where the question is refused, or nearly so, and where its passages have the word within a
        longer one alone: 計画年休 says nothing of 年休.
        """
        least = asked.threshold + _SURER
        if asked.chance >= least + _SURER and not _is_within_others(asked):
            return None
        least = max(least, asked.chance + _SURER)
        found = self._reworded(asked)
        nearer = max((one for one in found if one.chance > asked.chance), key=_chance, default=None)
        if nearer is not None and nearer.chance < least:  # 父が亡くなったとき needs two words in others
            found = self._reworded(nearer)
        return max((one for one in found if one.chance >= least), key=_chance, default=None)

    def _reworded(self, asked: Judged) -> list[Judged]:
        """Returns the question with each word of the table that none of its passages has put otherwise."""
        found = []
        for one in rewordings(asked.wording.read, self.library.lacks):
            if _is_told(one, asked.hits):
                continue
            try:
                hits = asked_first(one.question, self.library.search(one.question, self.k).hits)
            except UsageError:
                continue  # too long in other words
            if _stands_in(hits, one.other, _besides(asked.wording.read, one)):
                found.append(self.of(replace(asked.wording, written=one.question), hits, closely=False))
        return found


def is_ours(name: str, library: Library) -> bool:
    """Says whether a name is the house's own: it stands all over the corpus, in letterheads, titles or text."""
    words = re.findall(r"\w{3,}", name)
    held, of_all = library.spread_of(words[0]) if words else (0, 0)
    return held >= _FEWEST and held > _OURS * of_all


_OURS, _FEWEST = 0.4, 5
"""In which share of the documents, and in how many at least, the house's own name stands."""


def may_be_reworded(question: str, hits: Sequence[Hit]) -> bool:
    """Says whether a question has a word of the table that none of the passages has; cheap where it has none."""
    return any(not _is_told(one, hits) for one in rewordings(question))


def _is_told(one: Rewording, hits: Sequence[Hit]) -> bool:
    """Says whether a passage has the word that would be put otherwise."""
    return any(is_said(one.entry, fold(f"{hit.context}\n{hit.text}")) for hit in hits)


def _chance(one: Judged) -> float:
    return one.chance


def _is_within_others(asked: Judged) -> bool:
    """Says whether passages have a word of the table within longer words of kanji alone."""
    texts = [fold(f"{hit.context}\n{hit.text}") for hit in asked.hits]
    return any(
        not one.entry.isascii() and any(one.entry in text for text in texts) and not _is_told(one, asked.hits)
        for one in rewordings(asked.wording.read)
    )


def _besides(question: str, one: Rewording) -> frozenset[str]:
    """Returns the words of content in a question besides the one that is put otherwise."""
    left = fold(question).replace(one.entry, " ")
    return frozenset(term.stem for term in terms(left) if term.weight >= _CONTENT)


_CONTENT = 1.0
"""A word in letters: pairs of kanji may straddle two words."""


def _stands_in(hits: Sequence[Hit], word: str, besides: frozenset[str]) -> bool:
    """Says whether a passage has a word, and one of those that are asked about besides, with its title and path: what
    is IP67 need not be the gateway.
    """
    return any(
        stands(word).search(fold(f"{hit.context}\n{hit.text}")) is not None
        and (
            not besides
            or not besides.isdisjoint(stems(f"{hit.title}\n{hit.source}\n{hit.context}\n{hit.text}"))
        )
        for hit in hits
    )
