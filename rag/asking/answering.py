"""The whole query path: retrieve → abstain or build the prompt → ask the model → cite → Answer.

Written once, as a stream of events; :func:`answer` folds the same events into one answer.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import replace

from corpus.errors import LimitError, VouchError
from corpus.types import Hit
from rag.asking.answers import (
    MIN_SUPPORT,
    Answer,
    Ask,
    CitationsFound,
    Done,
    Event,
    Failed,
    Failure,
    Library,
    PassagesFound,
    TextDelta,
)
from rag.asking.notes import ignored, notes_on
from rag.asking.opening import Opening
from rag.asking.preparing import Preparation, ms_since
from rag.asking.refusals import check, empty
from rag.asking.vouching import judge, tell_conflicts, tell_unnamed, used, vouch
from rag.grounding.abstention import FITTED, Abstention
from rag.grounding.citations import Cited
from rag.grounding.conflicts import Conflict
from rag.models.attempts import Delta, Finish, Stop
from rag.models.catalogue import Models
from rag.models.upstream import UpstreamError
from rag.prompts.prompting import Passage, Prompt
from rag.prompts.screening import Screen
from rag.prompts.strategies import Examples, ExampleSource
from rag.words.told import TOLD, tell


def answer_events(
    ask: Ask,
    library: Library,
    models: Models,
    *,
    examples: ExampleSource | None = None,
    abstention: Abstention = FITTED,
    min_support: float = MIN_SUPPORT,
    rewrite_s: float = 0.0,
    stop: Stop | None = None,
) -> Generator[Event]:
    """Yields passages, text as it comes, citations, and at the end ``Done`` or ``Failed``, always.

    An answer fewer of whose sentences than ``min_support``, a share in [0, 1], are vouched for is flagged. Where the
    question requires support its text comes at once, when it was looked at, and an abstention in its place.

    Closing the iterator, or ``stop.set()`` from another thread, ends the provider's call. A follow-up question is
    made to stand alone by the model within ``rewrite_s`` seconds, else, and where that is 0, by rule.

    Raises:
        VouchError: before the first event, when the request itself is wrong: unknown model or strategy,
            ``k`` out of range, an empty question, a model that is not installed or has no key, support
            required without retrieval.
    """
    check(ask)
    model = models.open(ask.model)
    asked = Preparation(ask, library, model, examples or Examples(), abstention, rewrite_s, stop)
    return _Run(asked, min_support, stop).events()


def answer(
    ask: Ask,
    library: Library,
    models: Models,
    *,
    examples: ExampleSource | None = None,
    abstention: Abstention = FITTED,
    min_support: float = MIN_SUPPORT,
    rewrite_s: float = 0.0,
    stop: Stop | None = None,
) -> Answer:
    """Returns the answer, whole or (``complete`` is False, ``failure`` says why) the part that came.

    Raises:
        VouchError: nothing came at all; see :func:`answer_events`.
    """
    events = answer_events(
        ask,
        library,
        models,
        examples=examples,
        abstention=abstention,
        min_support=min_support,
        rewrite_s=rewrite_s,
        stop=stop,
    )
    for event in events:
        if isinstance(event, Done):
            return event.answer
        if isinstance(event, Failed):
            if event.answer.text:
                return event.answer
            raise event.error
    raise AssertionError("an answer's events end with Done or Failed")


class _Run:
    """One question on its way through the model: what of its answer the events so far have established."""

    def __init__(self, asked: Preparation, min_support: float, stop: Stop | None) -> None:
        asked.model.chat()  # a missing package or key is told before the first event
        self._asked = asked
        self._min_support = min_support
        self._hold = bool(asked.ask.require_support)
        self._stop = stop
        self._began = time.perf_counter()
        self._reply: str | None = None
        self._text = ""
        self._finish: Finish | None = None
        self._error: VouchError | None = None
        self._abstains = False
        self._conflicts: tuple[Conflict, ...] = ()
        self._id = secrets.token_hex(8)

    def events(self) -> Generator[Event]:
        """Yields the events of :func:`answer_events`."""
        try:
            hits, refused = self._asked.find()
            self._asked.passages = tuple(Passage(n, hit) for n, hit in enumerate(hits, 1))
            prompt = None if refused else self._asked.build(hits, self._asked.model.budget)
        except VouchError as error:
            yield Failed(error, self._answer("", "", failure=error))
            return
        yield PassagesFound(self._id, self._asked.passages)
        if prompt is None:
            text = tell("not_found", self._asked.japanese)
            yield from _in_place_of_it(self._answer(text, "stop", abstained=True))
            return
        yield from self._generate(prompt, hits)

    def _generate(self, prompt: Prompt, hits: Sequence[Hit]) -> Iterator[Event]:
        """Yields what the model writes, and the end that it calls for."""
        yield from self._write(prompt, hits)
        if self._abstains:
            yield from self._abstain()
            return
        self._asked.notes += ignored(self._asked.ask, self._asked.japanese, built_in=self._asked.built_in)
        if isinstance(self._error, UpstreamError) and self._error.code == "model_unavailable":
            yield from self._do_without(self._error)
            return
        cited = vouch(self._asked, self._text)
        supported = judge(self._asked, cited, self._min_support)
        alone = self._text in TOLD["alone"]
        if self._hold and supported is not True and self._text and not alone:
            yield from self._withhold(cited)
            return
        if self._hold and self._text:
            yield TextDelta(self._text)
        tell_unnamed(self._asked, cited)
        self._conflicts = tell_conflicts(self._asked, cited)
        yield CitationsFound(cited.citations, cited.sentences, self._conflicts)
        finish = self._finish
        if self._error is not None:
            yield Failed(self._error, self._answer(self._text, "error", cited=cited, failure=self._error))
        elif finish is not None and not self._text:
            fault = UpstreamError(empty(finish.reason))
            yield Failed(fault, self._answer("", finish.reason, failure=fault))
        else:
            reason = finish.reason if finish else ""
            yield Done(self._answer(self._text, reason, cited=cited, finish=finish, abstained=alone))

    def _write(self, prompt: Prompt, hits: Sequence[Hit]) -> Iterator[Event]:
        """Yields the model's text as it comes, unless it is held back to be looked at, and keeps how it ended."""
        screen, opening = Screen(prompt.passages, self._asked.question), Opening()
        shown: list[str] = []
        raw: list[str] = []

        def show(text: str) -> Iterator[Event]:
            if text:
                shown.append(text)
                if not self._hold:
                    yield TextDelta(text)

        began = time.perf_counter()
        try:
            for item in self._replies(prompt, hits):
                if isinstance(item, Prompt):
                    screen = Screen(item.passages, self._asked.question)
                elif isinstance(item, Finish):
                    self._finish = item
                else:
                    if not raw:
                        self._asked.timings["first_token"] = ms_since(began)
                    raw.append(item.text)
                    yield from show(screen.feed(opening.feed(item.text)))
        except VouchError as caught:
            self._error = caught
        self._asked.timings["model"] = ms_since(began)
        self._reply = "".join(raw)
        self._abstains = opening.abstains and self._error is None
        if not self._abstains:
            yield from show(screen.feed(opening.close()) + screen.close())
        self._text = "".join(shown).strip()
        self._asked.notes += notes_on(
            self._asked.prompt or prompt, screen, self._finish, self._asked.japanese
        )

    def _replies(self, prompt: Prompt, hits: Sequence[Hit]) -> Iterator[Delta | Finish | Prompt]:
        """Yields what the model sends; where the prompt was too long for the provider, one of half its length and what
        it sends for that.
        """
        try:
            with closing(self._asked.model.stream(prompt.messages, self._stop)) as stream:
                yield from stream
            return
        except UpstreamError as error:
            if error.code != "context_too_long" or error.partial:
                raise
            budget = self._asked.model.budget
            try:
                prompt = self._asked.build(hits, replace(budget, window=prompt.tokens // 2 + budget.output))
            except LimitError:
                raise error from None  # there was little but the question itself
        self._asked.remark("prompt_halved")
        yield prompt
        with closing(self._asked.model.stream(prompt.messages, self._stop)) as stream:
            yield from stream

    def _do_without(self, error: VouchError) -> Iterator[Event]:
        """Ends an answer for which no model can be reached: with the passages alone."""
        text = tell("unreachable", self._asked.japanese)
        text += tell("and_passages", self._asked.japanese) if self._asked.passages else ""
        self._asked.remark(error.code, "model_says", said=error.message)
        yield from _in_place_of_it(self._answer(text, error.code, failure=error))

    def _abstain(self) -> Iterator[Event]:
        """Ends an answer in which the model says that it has none."""
        read, finish = self._asked.ask.retrieval, self._finish
        text = tell("not_found" if read else "not_known", self._asked.japanese)
        self._asked.remark("model_abstained", "model_abstained" if read else "no_answer")
        reason = finish.reason if finish else ""
        yield from _in_place_of_it(self._answer(text, reason, finish=finish, abstained=True))

    def _withhold(self, cited: Cited) -> Iterator[Event]:
        """Ends an answer that had to be vouched for and is not: the passages are all that is shown."""
        if self._error is not None:
            yield CitationsFound((), ())
            yield Failed(self._error, self._answer("", "error", failure=self._error))
            return
        text = tell("not_supported", self._asked.japanese)
        self._asked.remark("withheld")
        reason = self._finish.reason if self._finish else ""
        looked_at = Cited(cited.sentences, ())
        given = self._answer(text, reason, cited=looked_at, finish=self._finish, abstained=True)
        yield from _in_place_of_it(replace(given, sentences=()))

    def _answer(
        self,
        text: str,
        reason: str,
        *,
        cited: Cited | None = None,
        finish: Finish | None = None,
        abstained: bool = False,
        failure: VouchError | None = None,
    ) -> Answer:
        """Returns the answer as far as it has come; ``reason`` is why the model ended, ``cited`` what was looked at,
        ``failure`` why it is not complete.
        """
        asked = self._asked
        asked.timings["total"] = ms_since(self._began)
        support = cited.support if cited and cited.sentences else None
        return Answer(
            id=self._id,
            question=asked.ask.question,
            text=text,
            abstained=abstained,
            citations=cited.citations if cited else (),
            passages=asked.passages,
            model=asked.model.name,
            retrieval=asked.ask.retrieval,
            strategy=asked.ask.strategy,
            usage=used(asked, text, finish),
            timings_ms=dict(asked.timings),
            complete=failure is None,
            finish_reason=reason,
            sentences=cited.sentences if cited else (),
            support=support,
            supported=support >= self._min_support if support is not None and asked.ask.retrieval else None,
            conflicts=self._conflicts,
            confidence=asked.confidence,
            notes=tuple(asked.notes),
            standalone_question=asked.question if asked.question != asked.ask.question else "",
            template=asked.template.name if asked.template else "",
            failure=Failure(failure.code, failure.message, failure.hint) if failure else None,
            prompt=asked.prompt,
            reply=self._reply,
        )


def _in_place_of_it(answer: Answer) -> Iterator[Event]:
    """Yields the end of an answer that is told in Vouch's own words: nothing is cited."""
    yield TextDelta(answer.text)
    yield CitationsFound((), ())
    yield Done(answer)
