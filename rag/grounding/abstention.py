"""Does the corpus speak of this at all? Decided by program, from cosine and word coverage, before a model is asked."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from corpus.types import Hit
from rag.grounding.attributes import lacks_the_office, lacks_what_is_asked
from rag.grounding.nearness import CONTENT, Rarity, is_near
from rag.grounding.otherwise import is_of_another_time, of_what_is_asked, tells_of_another
from rag.grounding.strangers import WHEN, Lacks, of_a_kind, strangers
from rag.reading.meaning import Embed
from rag.words.clauses import clauses_of, sought
from rag.words.elsewhere import is_rest, meant
from rag.words.offices import is_held, office_asked_for
from rag.words.tallies import is_of_all_rows
from rag.words.terms import Term, coverage, joints, stems, weights

_YEAR = re.compile(r"(?:19|20)\d\d")

_ASKS_A_NAME = stems("name 名前 氏名 お名前")
DEPTH = 5
"""How many of the best hits are looked at one by one."""

STRANGE = -1.0
"""What ``names`` is where a name of the question stands in no document: of 1,455 answerable questions of nine
corpora none had one, of 116 about a company that is not indexed 108.
"""


@dataclass(frozen=True, slots=True)
class Signals:
    """What the decision rests on; shares are weighted by rarity and in [0, 1].

    ``cosine``: the best of the hits, in [-1, 1], or None where the embedder does not know the language.
    ``best``: the largest share of the question's words in one hit. ``all``: in the first hits together.
    ``names``: the largest share of its names, codes and years in one hit with its title and path, 1 when it has none,
    and :data:`STRANGE` where one is a stranger to all documents (:mod:`rag.grounding.strangers`) or what is found is of
    another time (:mod:`rag.grounding.otherwise`) or has no price, weight or the like that is asked for
    (:mod:`rag.grounding.attributes`). ``length``: the logarithm of one more than its words: of a long
    question the same share means more. ``found``: it looks something up that a hit has: names, codes and parts of a
    document and nothing else ("§ 12.4"), or who holds an office; or a sentence comes nearer to it than any would by
    chance (:mod:`rag.grounding.nearness`).
    """

    cosine: float | None
    best: float
    all: float
    names: float
    length: float
    found: bool = False

    @property
    def weighed(self) -> tuple[float | None, ...]:
        """What a :class:`Logistic` weighs, in its order."""
        return self.cosine, self.best, self.all, self.names, self.length


@dataclass(frozen=True, slots=True)
class Logistic:
    """A chance by logistic regression, and the chance below which nothing is answered."""

    bias: float
    cosine: float
    best: float
    all: float
    names: float
    length: float
    threshold: float

    def chance(self, signals: Signals) -> float:
        """Returns the chance, in (0, 1), that the corpus holds the answer."""
        z = (
            self.bias
            + self.cosine * (signals.cosine or 0.0)
            + self.best * signals.best
            + self.all * signals.all
            + self.names * signals.names
            + self.length * signals.length
        )
        return 1 / (1 + math.exp(-max(-60.0, min(60.0, z))))


@dataclass(frozen=True, slots=True)
class Abstention:
    """The decision, where the embedder knows the question's language and where it does not."""

    with_cosine: Logistic
    without: Logistic

    def chance(self, signals: Signals) -> float:
        """Returns the chance, in (0, 1), that the corpus holds the answer; what is looked up and found is answered."""
        known = self._for(signals)
        return max(known.chance(signals), known.threshold if signals.found else 0.0)

    def refuses(self, signals: Signals) -> bool:
        """Says whether to answer "not in the documents"."""
        return self.chance(signals) < self.threshold(signals)

    def threshold(self, signals: Signals) -> float:
        """Returns the chance below which nothing is answered."""
        return self._for(signals).threshold

    def _for(self, signals: Signals) -> Logistic:
        return self.without if signals.cosine is None else self.with_cosine


def signals(
    question: str,
    hits: Sequence[Hit],
    rarity: Rarity = lambda words: None,
    lacks: Lacks = lambda words: frozenset(),
    followup: str = "",
    is_ours: Callable[[str], bool] = lambda name: False,
) -> Signals:
    """Returns the signals of a question's hits (best first), those of another product than it names left out.

    ``rarity`` gives words' inverse document frequency, ``lacks`` those words that no document has which may be read;
    ``followup`` is what was asked where the question is what it was read as; ``is_ours`` says of a name whether it is
    the house's own.
    """
    hits = of_what_is_asked(question, hits)
    asked = [term for term in sought(question) if term.weight > 0]
    known = rarity([term.word for term in asked])
    wanted = weights(asked, known and {term.stem: known[term.word] for term in asked})
    kinds = of_a_kind(question, lacks)
    asked = [term for term in asked if term.stem not in kinds]
    wanted = {stem: weight for stem, weight in wanted.items() if stem not in kinds}
    named = {
        term.stem: wanted[term.stem]
        for term in asked
        if (term.name and not WHEN.fullmatch(term.word.capitalize())) or _YEAR.fullmatch(term.word)
    }
    present = [
        stems(f"{hit.context}\n{hit.text}") | clauses_of(hit.text, hit.context) for hit in hits[:DEPTH]
    ]
    joined = joints(question)
    present = [
        have | {joint for joint, words in joined.items() if have.issuperset(words)} for have in present
    ]
    # "Rest of the United Kingdom" speaks of Edinburgh, though the word stands nowhere.
    rest = meant(question, (f"{hit.context}\n{hit.text}\n{hit.title}" for hit in hits[:DEPTH]))
    if rest:
        present = [
            have | rest if is_rest(hit.text) else have for have, hit in zip(present, hits, strict=False)
        ]
    titled = [have | stems(f"{hit.title}\n{hit.source}") for have, hit in zip(present, hits, strict=False)]
    cosines = [hit.legs["dense"] for hit in hits if "dense" in hit.legs]
    names = max((coverage(named, have) for have in titled), default=0.0) if named else 1.0
    unknown = (
        bool(strangers(question, hits, lacks, followup))
        or is_of_another_time(question, hits)
        or tells_of_another(question, hits)
        or lacks_what_is_asked(question, hits)
        or lacks_the_office(question, hits, is_ours)
    )
    others = {term.stem for term in asked if term.weight >= CONTENT} - named.keys()
    only_names = (
        bool(named)
        and names == 1.0
        and all(any(one in name for name in named if not name.isalpha()) for one in others)
    )
    return Signals(
        cosine=max(cosines) if cosines else None,
        best=max((coverage(wanted, have) for have in present), default=0.0),
        all=coverage(wanted, frozenset().union(*present)),
        names=STRANGE if unknown else names,
        length=math.log1p(len(wanted)),
        found=not unknown and (only_names or _is_held(question, asked, hits, titled, is_ours)),
    )


def looked_closely(own: Signals, question: str, hits: Sequence[Hit], rarity: Rarity, embed: Embed) -> Signals:
    """Returns the signals of a question that its words would have refused, its sentences looked at by their meaning:
    ``found`` where one is near, no name is missing, and one alone can answer. What is answered anyway need not be
    looked at.
    """
    may_be = own.names == 1.0 and not is_of_all_rows(question)
    near = may_be and is_near(question, of_what_is_asked(question, hits), embed, rarity)
    return replace(own, found=own.found or near)


def _is_held(
    question: str,
    asked: Sequence[Term],
    hits: Sequence[Hit],
    titled: Sequence[frozenset[str]],
    is_ours: Callable[[str], bool],
) -> bool:
    """Says whether a question asks who holds an office and a hit that speaks of all the rest names who does."""
    office = office_asked_for(question)
    if office is None:
        return False
    ours = bool(office.whose) and is_ours(office.whose)
    about = {term.stem for term in asked if term.weight >= CONTENT} - _ASKS_A_NAME
    about -= stems(office.whose) if ours else frozenset()
    return bool(about) and any(
        about <= have
        and is_held(hit.text, office)
        and (ours or office.is_of(hit.title, hit.source, hit.context, hit.text))
        for hit, have in zip(hits, titled, strict=False)
    )


FITTED = Abstention(
    Logistic(-8.67, 2.6, 2.41, 1.83, 2.28, 1.7, 0.405),
    Logistic(-7.92, 0.0, 4.07, 2.49, 2.37, 0.76, 0.398),
)
"""Fitted by ``bench/abstention.py`` on the sample's and the development questions."""
