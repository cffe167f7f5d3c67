"""A question made ready for a model: made to stand alone, retrieved for, refused or built into a prompt."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress

from corpus.errors import LimitError, UsageError
from corpus.language import fold
from corpus.types import Hit
from rag.abstention import Abstention, Signals, signals
from rag.answers import AnswerNote, Ask, Library, Retrieved
from rag.attempts import Stop
from rag.cards import EXTRACTIVE
from rag.followups import standalone
from rag.models import ChosenModel
from rag.prompting import Budget, Passage, Prompt, build_prompt, is_japanese
from rag.rewording import rewordings, stands
from rag.rewriting import Rewritten, rewrite
from rag.spelling import SURE_CHARS, as_told, put_right
from rag.strategies import STRATEGIES, ExampleSource
from rag.templates import Template

_SURER = 0.1
"""How much likelier to be answered a question must be in other words, and than one that is just not refused."""


class Preparation:
    """One question on its way to the model, and what is known of it so far.

    ``question`` is what it is read as, ``passages`` what the model is given, ``timings`` are in milliseconds,
    ``confidence`` is the chance in (0, 1) that the corpus holds the answer, None before it was judged.
    """

    def __init__(
        self,
        ask: Ask,
        library: Library,
        model: ChosenModel,
        examples: ExampleSource,
        abstention: Abstention,
        rewrite_s: float,
        stop: Stop | None,
    ) -> None:
        self.ask = ask
        self.library = library
        self.model = model
        self.built_in = model.name == EXTRACTIVE
        self.japanese = is_japanese(ask.question)
        self.question = self._judged = ask.question
        self.rewriting = Rewritten("", 0, 0)
        self.template: Template | None = None
        self.timings: dict[str, float] = {}
        self.notes: list[AnswerNote] = []
        self.confidence: float | None = None
        self.passages: tuple[Passage, ...] = ()
        self.prompt: Prompt | None = None
        self._examples = examples
        self._abstention = abstention
        self._rewrite_s = rewrite_s
        self._stop = stop
        self._followup = ""
        self._threshold = 0.0
        self._sure: list[AnswerNote] = []
        self._earlier = [turn.text for turn in ask.history if turn.role == "user" and turn.text.strip()]

    def retrieve(self) -> tuple[Hit, ...]:
        """Returns the passages found for the question, made to stand alone, best first; none without retrieval.

        Raises:
            VouchError: the question is too long, or the corpus cannot be searched.
        """
        self.question = self._judged = self._standalone()
        if not self.ask.retrieval:
            return ()
        began = time.perf_counter()
        try:
            found = self.library.search(self.question, self.ask.k)
        except UsageError as error:
            if error.code != "query_too_long" or self.question == self.ask.question:
                raise
            self.question = self._judged = self.ask.question
            found = self.library.search(self.question, self.ask.k)
        self.timings.update({f"retrieval_{step}": ms for step, ms in found.timings_ms.items()})
        self.timings["retrieval"] = ms_since(began)
        self.notes += [AnswerNote("retrieval", note) for note in found.notes]
        standing = self.question
        self._put_right(found)
        if standing != self.ask.question:
            self._followup = self.ask.question
            self._tell_reading()
        return tuple(found.hits)

    def _put_right(self, found: Retrieved) -> None:
        """Reads the question's misspelt words as the passages found have them.

        Whether the documents speak of it is judged by the surely misspelt ones alone: a short word that they do not
        have must not be answered as another that they have.
        """
        texts = [fold(f"{hit.context}\n{hit.text}") for hit in found.hits]
        slips = {one: meant for one, meant in found.slips.items() if any(meant in text for text in texts)}
        sure = {one: meant for one, meant in slips.items() if len(one) >= SURE_CHARS}
        self._judged, self.question = put_right(self.question, sure), put_right(self.question, slips)
        self._sure = [AnswerNote("spelling", note) for note in as_told(sure)]
        self.notes += [AnswerNote("spelling", note) for note in as_told(slips)]

    def refuses(self, hits: Sequence[Hit]) -> bool:
        """Says whether the documents do not speak of the question, before any model is asked."""
        found = self._signals(self._judged, hits)
        self._threshold = self._abstention.threshold(found)
        refused = not hits
        if hits:
            self.confidence = round(self._abstention.chance(found), 4)
            refused = self._abstention.refuses(found)
        if refused:  # what is refused is the question as it was judged
            self.question = self._judged
            self._tell_sure_slips()
        return refused

    def _tell_sure_slips(self) -> None:
        """Leaves out what was told of words that are read as they are written after all."""
        self.notes = [note for note in self.notes if note.code != "spelling"] + self._sure

    def reworded(self, hits: tuple[Hit, ...], *, refused: bool) -> tuple[Hit, ...]:
        """Returns the passages for the question with a word put otherwise that stands in none of its own
        (:mod:`rag.rewording`), where that is likelier to be answered, and reads it so from now on; else none.

        It is looked for where the question is refused, or nearly so.
        """
        least = self._threshold + _SURER
        chance = self.confidence or 0.0
        if not refused and chance >= least + _SURER:
            return ()
        began = time.perf_counter()
        best: tuple[float, str, tuple[Hit, ...]] | None = None
        for one in rewordings(self._judged):
            if _stands_in(hits, one.entry):
                continue
            try:
                found = tuple(self.library.search(one.question, self.ask.k).hits)
            except UsageError:
                continue  # too long in other words
            if not _stands_in(found, one.other):
                continue
            now = self._abstention.chance(self._signals(one.question, found))
            if now >= max(least, chance + _SURER) and (best is None or now > best[0]):
                best = now, one.question, found
        self.timings["rewording"] = ms_since(began)
        if best is None:
            return ()
        chance, self.question, hits = best
        self.confidence = round(chance, 4)
        self._tell_sure_slips()
        self._tell_reading()
        return hits

    def _signals(self, question: str, hits: Sequence[Hit]) -> Signals:
        return signals(question, hits, self.library.rarity, self.library.lacks, self._followup)

    def _tell_reading(self) -> None:
        self.notes = [note for note in self.notes if note.code != "standalone_question"]
        self.notes.append(AnswerNote("standalone_question", f"Read as: {self.question}"))

    def build(self, hits: Sequence[Hit], budget: Budget) -> Prompt:
        """Returns the prompt, within the budget, and keeps it with the passages that found a place.

        Raises:
            LimitError: the question alone does not fit.
        """
        built_in = self.built_in  # it reads the passages and the question alone
        template = None if built_in else self.ask.template
        if template is not None and template.reads_passages and not self.ask.retrieval:
            template = None
        self.template = template
        shots = 0 if built_in else STRATEGIES[self.ask.strategy].shots
        examples = self._examples.nearest(self.question, shots)

        def build(question: str) -> Prompt:
            return build_prompt(
                question,
                hits,
                budget,
                examples=examples,
                history=self.ask.history,
                retrieval=self.ask.retrieval,
                wishes="" if built_in else self.ask.wishes,
                template=template,
            )

        prompt = build(self.question if built_in else self.ask.question)
        if prompt.dropped_turns and prompt.question != self.question:
            with suppress(LimitError):
                prompt = build(self.question)  # the turns it leans on are not all there
        self.prompt = prompt
        self.passages = prompt.passages
        return prompt

    def _standalone(self) -> str:
        """Returns the question so that the documents can be searched with it alone."""
        if not self._earlier or not self.ask.retrieval:
            return self.ask.question
        if self._rewrite_s and not self.built_in:
            began = time.perf_counter()
            asked = self.ask.question
            self.rewriting = rewrite(asked, self.ask.history, self.model, self._stop, self._rewrite_s)
            self.timings["rewriting"] = ms_since(began)
            if self.rewriting.question:
                return self.rewriting.question
        return standalone(self.ask.question, self._earlier)


def _stands_in(hits: Sequence[Hit], word: str) -> bool:
    return any(stands(word).search(fold(f"{hit.context}\n{hit.text}")) for hit in hits)


def ms_since(began: float) -> float:
    """Returns the milliseconds since an instant of ``time.perf_counter``."""
    return round((time.perf_counter() - began) * 1000, 3)
