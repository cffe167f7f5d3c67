"""A question made ready for a model: made to stand alone, retrieved for, refused or built into a prompt."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import chain, zip_longest
from typing import TYPE_CHECKING

from corpus.errors import LimitError, UsageError
from corpus.language import fold
from corpus.types import Hit
from rag.asking.answers import AnswerNote, Ask, Library
from rag.asking.changing import Called, called_so, differing, in_force, without_editions
from rag.asking.dating import own_dates
from rag.asking.tabling import tabled
from rag.asking.wording.followups import standalone
from rag.asking.wording.judging import Judge, Judged
from rag.asking.wording.parts import parts
from rag.asking.wording.rewriting import Rewritten, rewrite
from rag.grounding.abstention import Abstention
from rag.grounding.otherwise import asked_first
from rag.models.attempts import Stop
from rag.models.cards import EXTRACTIVE
from rag.models.catalogue import ChosenModel
from rag.prompts.prompting import Budget, Passage, Prompt, build_prompt, is_japanese
from rag.prompts.strategies import STRATEGIES, ExampleSource
from rag.prompts.templates import Template
from rag.retrieval.spelling import Wording, as_told
from rag.words.civility import without_civility
from rag.words.told import NOTHING_SHARED, tell

if TYPE_CHECKING:
    from rag.retrieval.retriever import SearchResult


class Preparation:
    """One question on its way to the model, and what is known of it so far.

    ``question`` is what it is read as, ``passages`` what the model is given, ``timings`` are in milliseconds,
    ``confidence`` is the chance in (0, 1) that the corpus holds the answer, None before it was judged. ``compared`` are
    the documents of the work of which two editions are laid beside each other, none where they are not.
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
        self.question = self._standing = ask.question
        self.rewriting = Rewritten("", 0, 0)
        self.template: Template | None = None
        self.timings: dict[str, float] = {}
        self.notes: list[AnswerNote] = []
        self.confidence: float | None = None
        self.compared: frozenset[str] = frozenset()
        self.passages: tuple[Passage, ...] = ()
        self.prompt: Prompt | None = None
        self._examples = examples
        self._abstention = abstention
        self._judge = Judge(library, abstention, ask.k)
        self._rewrite_s = rewrite_s
        self._stop = stop

    def remark(self, code: str, key: str = "", /, **values: object) -> None:
        """Has the reader told a sentence of :mod:`rag.words.told`: that of the note's code, or of another key."""
        self.notes.append(AnswerNote(code, tell(key or code, self.japanese, **values)))

    def find(self) -> tuple[tuple[Hit, ...], bool]:
        """Returns the passages found for the question, best first, and whether it is refused: they do not speak of it.

        From then on it is read as what was found for: made to stand alone, with its misspelt words put right, or put
        in other words. Without retrieval nothing is found and nothing refused.

        Raises:
            VouchError: the question is too long, or the corpus cannot be searched.
        """
        self.question = self._standing = without_civility(self._standalone())
        if not self.ask.retrieval:
            return (), False
        found = self._search()
        wording = Wording(self._standing, _in_passages(found))
        self.question = wording.read
        followup = "" if self._standing == without_civility(self.ask.question) else self.ask.question
        self._judge = Judge(self.library, self._abstention, self.ask.k, followup)
        # A short word that no document has must not be answered as another that they have.
        judged = self._judge.of(wording.surely, asked_first(wording.read, found.hits))
        began = time.perf_counter()
        best = self._judge.in_other_words(judged) or judged
        self.timings["rewording"] = ms_since(began)
        self.notes += [
            AnswerNote("retrieval", note.sentence)
            for note in found.notes
            if not (best.hits and note.key in NOTHING_SHARED)  # in other words something was found
        ]
        if (changed := self._what_changed(best)) is not None:
            return changed, False
        if (whole := self._over_rows(best)) is not None:
            return whole, False
        if (called := called_so(best.wording.read, best.hits, self.library, self.ask.k)) is not None:
            return self._of_the_document(called, best)
        if (then := self._in_force(best)) is not None:
            return then, False
        if (taken_apart := self._by_parts(best)) is not None:
            return taken_apart, False
        if best.hits:
            self.confidence = round(best.chance, 4)
        self._read_as(wording if best is judged and not judged.refused else best.wording)
        if not best.refused:
            self._tell_alone(best.wording.read, best.hits)
        return best.hits, best.refused

    def _what_changed(self, asked: Judged) -> tuple[Hit, ...] | None:
        """Returns the passages of two editions of which a question asks how they differ, those first that show it; None
        where it does not ask that, or there are none that speak of it.
        """
        began = time.perf_counter()
        told = differing(asked.wording.read, asked.hits, self.library, self.ask.k)
        self.timings["editions"] = ms_since(began)
        if told is None:
            return None
        judged = self._judge.of(Wording(told.about or asked.wording.read, {}), told.hits)
        chance = max(asked.chance, judged.chance)
        if chance < min(asked.threshold, judged.threshold) and not told.named:
            return None
        self.confidence = round(chance, 4)
        self.compared = told.editions
        self._read_as(asked.wording)
        if told.only:
            there, other = (hit.source for hit in told.only)
            self.remark("one_edition", there=there, other=other)
        elif told.same:
            self.remark("unchanged", new=told.newer.source, old=told.older.source)
        elif told.matters > told.told > 0:
            self.remark("more_changes", all=told.matters, shown=told.told)
        others = [
            hit for hit in asked.hits if not (told.only or any(_overlap(hit, one) for one in told.hits))
        ]
        hits = [
            replace(one, score=max((hit.score for hit in asked.hits if _overlap(hit, one)), default=0.0))
            for one in told.hits
        ]
        return _ranked([*hits, *others][: self.ask.k])

    def _of_the_document(self, called: Called, asked: Judged) -> tuple[tuple[Hit, ...], bool]:
        """Returns the passages of the document that a question calls by its name, of which no two editions tell what
        changed, and whether it is refused: there is no such document.
        """
        self._read_as(asked.wording)
        if not called.hits:
            self.remark("no_such_document", name=called.name)
            return asked.hits, True
        self.confidence = round(max(asked.chance, asked.threshold), 4)
        self._tell_alone(asked.wording.read, called.hits)
        return called.hits, False

    def _over_rows(self, asked: Judged) -> tuple[Hit, ...] | None:
        """Returns the passages of a question about all rows of a table, that table first and whole, and says what its
        rows come to; None where it asks for nothing of the kind, or no table surely answers it.
        """
        told = tabled(asked.wording.read, asked.hits, self.library)
        if told is None:
            return None
        self.confidence = round(max(asked.chance, asked.threshold), 4)
        self._read_as(asked.wording)
        self.notes.append(told.note(self.ask.question))
        others = [hit for hit in asked.hits if not _overlap(hit, told.hit)]
        return _ranked([told.hit, *others][: self.ask.k])

    def _tell_alone(self, question: str, hits: Sequence[Hit]) -> None:
        """Makes a note where a question about a change is about a document of which there is no other edition."""
        if (alone := without_editions(question, hits, self.library)) is not None:
            self.remark("no_other_edition", document=alone.source)

    def _in_force(self, asked: Judged) -> tuple[Hit, ...] | None:
        """Returns the passages of a question that names the year of an edition, or asks of the past, that edition's
        first; None where it does not, or they do not speak of it.
        """
        told = in_force(asked.wording.read, asked.hits, self.library, self.ask.k)
        if told is None:
            return None
        plain = Wording(told.question, {})
        judged = self._judge.of(plain, told.hits)
        if judged.refused:  # it may say it in words that are not the question's: does anything speak of it?
            anywhere = tuple(self.library.search(told.question, self.ask.k).hits)
            judged = replace(self._judge.of(plain, anywhere), hits=judged.hits)
        if judged.refused:
            return None
        self.confidence = round(judged.chance, 4)
        self._read_as(asked.wording)
        return judged.hits

    def _by_parts(self, whole: Judged) -> tuple[Hit, ...] | None:
        """Returns the passages of a question that asks two things, those of each part in turn, and says which part they
        do not speak of; None where it asks one thing, or they speak of neither.
        """
        try:
            judged = [
                self._judge.of(Wording(one, {}), asked_first(one, self.library.search(one, self.ask.k).hits))
                for one in parts(whole.wording.read)
            ]
        except UsageError:  # with what it leans on, a part is too long
            return None
        answered = [one for one in judged if not one.refused]
        if not answered:
            return None
        self.confidence = round(min(one.chance for one in answered), 4)
        self._read_as(whole.wording)
        for one in judged:
            if one.refused:
                self.remark("part_unanswered", part=one.wording.read)
        if self.built_in:
            self.question = "\n".join(one.wording.read for one in answered)
        in_turn = chain.from_iterable(zip_longest(*(one.hits for one in answered)))
        found = {hit.chunk_id: hit for hit in in_turn if hit is not None}
        return tuple(found.values())[: self.ask.k]

    def _search(self) -> SearchResult:
        """Searches with the question made to stand alone; as it was asked, where that is too long."""
        began = time.perf_counter()
        try:
            found = self.library.search(self._standing, self.ask.k)
        except UsageError as error:
            if error.code != "query_too_long" or self._standing == self.ask.question:
                raise
            self.question = self._standing = self.ask.question
            found = self.library.search(self._standing, self.ask.k)
        self.timings.update({f"retrieval_{step}": ms for step, ms in found.timings_ms.items()})
        self.timings["retrieval"] = ms_since(began)
        return found

    def _read_as(self, wording: Wording) -> None:
        """Keeps what the question is read as in the end, and says so."""
        self.question = wording.read
        self.notes += [AnswerNote("spelling", note) for note in as_told(wording.slips, self.japanese)]
        if self._standing != without_civility(self.ask.question) or wording.written != self._standing:
            self.remark("standalone_question", "read_as", question=self.question)

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
        shots = 0 if built_in else STRATEGIES[self.ask.strategy]
        examples = self._examples.nearest(self.question, shots)
        dates = own_dates(hits, self.library)

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
                dates=dates,
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
        earlier = [turn.text for turn in self.ask.history if turn.role == "user" and turn.text.strip()]
        if not earlier or not self.ask.retrieval:
            return self.ask.question
        if self._rewrite_s and not self.built_in:
            began = time.perf_counter()
            asked = self.ask.question
            self.rewriting = rewrite(asked, self.ask.history, self.model, self._stop, self._rewrite_s)
            self.timings["rewriting"] = ms_since(began)
            if self.rewriting.question:
                return self.rewriting.question
        return standalone(self.ask.question, earlier)


def _in_passages(found: SearchResult) -> dict[str, str]:
    """Returns those misspelt words that a passage found has as they are meant."""
    texts = [fold(f"{hit.context}\n{hit.text}") for hit in found.hits]
    return {word: meant for word, meant in found.slips.items() if any(meant in text for text in texts)}


def _ranked(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    return tuple(replace(hit, rank=rank) for rank, hit in enumerate(hits, start=1))


def _overlap(one: Hit, other: Hit) -> bool:
    same = (one.document_id, one.version) == (other.document_id, other.version)
    return same and one.start < other.end and other.start < one.end


def ms_since(began: float) -> float:
    """Returns the milliseconds since an instant of ``time.perf_counter``."""
    return round((time.perf_counter() - began) * 1000, 3)
