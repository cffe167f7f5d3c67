"""What speaks for a sentence as an answer, and what each sign counts for."""

from __future__ import annotations

from dataclasses import dataclass

from rag.prompts.prompting import ReadPassage
from rag.reading.units import Unit


@dataclass(frozen=True, slots=True)
class Signs:
    """What speaks for a sentence; each at or above 0, most in [0, 1].

    ``own``: the weighted share of the question's words in it. ``header``: what a row's header adds to it;
    ``lead``: then the line that leads into it or the sentence it leans on; ``beside``: the sentences beside it;
    ``above``: title and headings. ``passage``: the share in its whole passage. ``kind``: it holds what is asked
    for (a date for "when"). ``rank``: of its passage, 1 for the first. ``meaning``: the cosine with the question.
    ``new``: it says something beyond the question's words. ``fits``: a number of the question lies within a range
    it gives. ``old``: a newer edition of its document is at hand. ``row`` and
    ``asks`` (it is a question) tell its form.
    """

    own: float = 0.0
    header: float = 0.0
    lead: float = 0.0
    beside: float = 0.0
    above: float = 0.0
    passage: float = 0.0
    kind: float = 0.0
    rank: float = 0.0
    meaning: float = 0.0
    new: float = 0.0
    fits: float = 0.0
    old: float = 0.0
    row: float = 0.0
    asks: float = 0.0

    @property
    def share(self) -> float:
        """The weighted share of the question's words in it and all it stands under and beside."""
        return self.own + self.header + self.lead + self.beside + self.above


@dataclass(frozen=True, slots=True)
class Candidate:
    """A unit with its signs and its score; the chances of two compare as ``exp`` of their scores."""

    unit: Unit
    signs: Signs
    score: float

    @property
    def passage(self) -> ReadPassage:
        """The passage it stands in."""
        return self.unit.passage

    @property
    def text(self) -> str:
        """Its words as they stand there."""
        return self.unit.text


WORDS = Signs(
    own=4.4, header=1.0, lead=1.6, beside=0.45, above=1.9, passage=2.9, kind=1.4, rank=2.3, new=0.3, fits=0.5,
    old=-1.8, row=0.5, asks=-1.4,
)  # fmt: skip
"""What each sign counts for where the embedder does not know the language; fitted by ``bench/reading.py``."""

MEANING = Signs(
    own=2.4, header=0.9, lead=1.4, beside=0.7, above=1.1, passage=2.7, kind=0.7, rank=1.8, meaning=5.8, new=0.5,
    fits=0.6, old=-1.6, row=0.7, asks=-1.9,
)  # fmt: skip
"""The same where it does."""
