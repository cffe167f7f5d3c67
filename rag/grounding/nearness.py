"""Does a sentence come so near to a question by meaning that it answers it, though words of it stand nowhere?

Among a few short documents a word says little by being absent ("How often are the rollers replaced?", of rollers that
"are changed"), and nearness more.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence

from corpus.types import Hit
from rag.prompts.prompting import Reading, ReadPassage, clean, place_of
from rag.reading.meaning import Embed
from rag.reading.sentences import nearest
from rag.words.clauses import sought
from rag.words.terms import stems

Rarity = Callable[[Sequence[str]], Mapping[str, float] | None]
"""Words → the inverse document frequency of each; None while it is not known."""

CONTENT = 0.5
"""From this weight on a word is one of content: pairs of characters that straddle two Japanese words are none."""

_SPREAD, _SENTENCES, _FEWEST = 0.15, 6, 30
"""About the deviation of the cosines of sentences that have nothing to do with a question, how many sentences a passage
has, and from how many passages on their number counts. With .15 no question of the sample is judged otherwise.
"""

_ASIDE = 0.03
"""By so much nearer a sentence comes to a question without a word that it has not and means no other way: "parental" is
.12 away from "25 days of annual leave", "replaced" is -.08 from "are changed". Of 22 questions that three small
companies' documents answer one is beyond, of 21 that they do not answer fourteen are."""


def is_near(question: str, hits: Sequence[Hit], embed: Embed, rarity: Rarity) -> bool:
    """Says whether a sentence of the hits comes nearer to a question than the nearest of all would by chance (of so
    many normal deviates the largest is about √(2 ln n) deviations), and no word of the question speaks of something
    else.

    They are the sentences that the built-in model would choose its answer from, so that it need not embed them again.
    """
    passages = _how_many(rarity)
    read = [
        ReadPassage(at, place_of(hit), clean(hit.context), clean(hit.text)) for at, hit in enumerate(hits, 1)
    ]
    plain = clean(question)
    sentence = nearest(Reading(plain, tuple(read)), embed) if passages else None
    if sentence is None:
        return False
    by_chance = _SPREAD * math.sqrt(2 * math.log(_SENTENCES * max(passages, _FEWEST)))
    if sentence.signs.meaning < by_chance:
        return False
    had = frozenset[str]().union(*(stems(f"{hit.context}\n{hit.text}") for hit in hits))
    missing = [term.word for term in sought(plain) if term.weight >= CONTENT and term.stem not in had]
    return not _leads_aside(missing, plain, sentence.unit.spoken, sentence.signs.meaning, embed)


def _how_many(rarity: Rarity) -> float:
    """Returns about how many passages there are, by the rarity of a word that none of them has; 0: it is not known."""
    known = rarity([""])
    return math.exp(known.get("", 0.0)) / 2 if known else 0.0


def _leads_aside(words: Sequence[str], question: str, sentence: str, cosine: float, embed: Embed) -> bool:
    """Says whether a question comes nearer to a sentence without one of some words: it means what that does not."""
    without = (re.sub(rf"\b{re.escape(word)}\b", " ", question, flags=re.IGNORECASE) for word in words)
    shorter = {" ".join(one.split()) for one in without} - {"", question}
    if not shorter:
        return False
    # All at once, the sentence in the question's place: a cosine is the same from either side.
    rows = embed([sentence, *sorted(shorter)])
    return rows is not None and bool((rows[1:] @ rows[0]).max() >= cosine + _ASIDE)
