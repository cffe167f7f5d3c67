"""The whole query path: retrieve → abstain or build the prompt → ask the model → cite → Answer.

Written once, as a stream of events; :func:`answer` folds the same events into one answer.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import replace

from corpus.errors import LimitError, UsageError, VouchError
from corpus.types import Hit
from rag.abstention import FITTED, Abstention, signals
from rag.answers import (
    MIN_SUPPORT,
    MOST_K,
    Answer,
    AnswerNote,
    Ask,
    CitationsFound,
    Done,
    Event,
    Failed,
    Failure,
    Library,
    PassagesFound,
    TextDelta,
    Usage,
)
from rag.attempts import Delta, Fault, Finish, Stop
from rag.cards import EXTRACTIVE
from rag.citations import Cited, cite
from rag.conflicts import Conflict, as_told, at_stored, find_conflicts
from rag.followups import standalone
from rag.models import ChosenModel, Models
from rag.notes import ignored, notes_on
from rag.opening import Opening
from rag.prompting import (
    Budget,
    Passage,
    Prompt,
    build_prompt,
    is_japanese,
)
from rag.reading import ALONE
from rag.rewriting import Rewritten, rewrite
from rag.screening import Screen
from rag.strategies import STRATEGIES, Examples, ExampleSource
from rag.templates import Template
from rag.upstream import UpstreamError

NOT_FOUND = {
    False: "The documents do not answer this question.",
    True: "文書の中に、この質問への答えは見つかりませんでした。",
}
"""What an abstention says, in English (False) and Japanese (True)."""

NOT_KNOWN = {
    False: "The model has no answer to this question.",
    True: "モデルはこの質問に答えられません。",
}
"""What it says where the model was asked alone."""

NOT_SUPPORTED = {
    False: "The documents do not bear out what the model answered. These are the passages that were found.",
    True: "モデルの答えは文書で裏付けられませんでした。見つかった文章だけを示します。",
}
"""What stands in the place of an answer that had to be vouched for and is not."""

UNREACHABLE = {
    False: "The model cannot be reached at the moment.",
    True: "現在モデルに接続できません。",
}

AND_PASSAGES = {
    False: " These are the passages that were found.",
    True: "見つかった文章だけを示します。",
}


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
    run = _Run(ask, library, models, examples or Examples(), abstention, min_support, rewrite_s, stop)
    return run.events()


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
    """One question on its way. Its state is what the events so far have established."""

    def __init__(
        self,
        ask: Ask,
        library: Library,
        models: Models,
        examples: ExampleSource,
        abstention: Abstention,
        min_support: float,
        rewrite_s: float,
        stop: Stop | None,
    ) -> None:
        check(ask)
        self._ask = ask
        self._library = library
        self._examples = examples
        self._abstention = abstention
        self._min_support = min_support
        self._hold = bool(ask.require_support)
        self._rewrite_s = rewrite_s
        self._stop = stop
        self._model: ChosenModel = models.open(ask.model)
        self._model.chat()  # a missing package or key is told before the first event
        self._began = time.perf_counter()
        self._japanese = is_japanese(ask.question)
        self._question = ask.question
        self._earlier = [turn.text for turn in ask.history if turn.role == "user" and turn.text.strip()]
        self._rewriting = Rewritten("", 0, 0)
        self._template: Template | None = None
        self._timings: dict[str, float] = {}
        self._notes: list[AnswerNote] = []
        self._confidence: float | None = None
        self._passages: tuple[Passage, ...] = ()
        self._prompt: Prompt | None = None
        self._reply: str | None = None
        self._conflicts: tuple[Conflict, ...] = ()
        self._id = secrets.token_hex(8)

    def events(self) -> Generator[Event]:
        """Yields the events of :func:`answer_events`."""
        try:
            self._question = self._standalone()
            hits = self._retrieve()
            refused = self._ask.retrieval and self._refuses(hits)
            self._passages = tuple(Passage(n, hit) for n, hit in enumerate(hits, 1))
            prompt = None if refused else self._build(hits, self._model.budget)
        except VouchError as error:
            yield Failed(error, self._answer("", "", failure=error))
            return
        yield PassagesFound(self._id, self._passages)
        if prompt is None:
            text = NOT_FOUND[self._japanese]
            yield TextDelta(text)
            yield CitationsFound((), ())
            yield Done(self._answer(text, "stop", abstained=True))
            return
        yield from self._generate(prompt, hits)

    def _standalone(self) -> str:
        """Returns the question so that the documents can be searched with it alone."""
        if not self._earlier or not self._ask.retrieval:
            return self._ask.question
        if self._rewrite_s and self._model.name != EXTRACTIVE:
            began = time.perf_counter()
            asked = self._ask.question
            self._rewriting = rewrite(asked, self._ask.history, self._model, self._stop, self._rewrite_s)
            self._timings["rewriting"] = _ms(began)
            if self._rewriting.question:
                return self._rewriting.question
        return standalone(self._ask.question, self._earlier)

    def _retrieve(self) -> tuple[Hit, ...]:
        if not self._ask.retrieval:
            return ()
        began = time.perf_counter()
        try:
            found = self._library.search(self._question, self._ask.k)
        except UsageError as error:
            if error.code != "query_too_long" or self._question == self._ask.question:
                raise
            self._question = self._ask.question
            found = self._library.search(self._question, self._ask.k)
        self._timings.update({f"retrieval_{step}": ms for step, ms in found.timings_ms.items()})
        self._timings["retrieval"] = _ms(began)
        self._notes += [AnswerNote("retrieval", note) for note in found.notes]
        if self._question != self._ask.question:
            self._notes.append(AnswerNote("standalone_question", f"Read as: {self._question}"))
        return tuple(found.hits)

    def _refuses(self, hits: Sequence[Hit]) -> bool:
        if not hits:
            return True
        followup = self._ask.question if self._question != self._ask.question else ""
        found = signals(self._question, hits, self._library.rarity, self._library.lacks, followup)
        self._confidence = round(self._abstention.chance(found), 4)
        return self._abstention.refuses(found)

    def _build(self, hits: Sequence[Hit], budget: Budget) -> Prompt:
        built_in = self._model.name == EXTRACTIVE  # it reads the passages and the question alone
        template = None if built_in else self._ask.template
        if template is not None and template.reads_passages and not self._ask.retrieval:
            template = None
        self._template = template
        shots = 0 if built_in else STRATEGIES[self._ask.strategy].shots
        examples = self._examples.nearest(self._question, shots)

        def build(question: str) -> Prompt:
            return build_prompt(
                question,
                hits,
                budget,
                examples=examples,
                history=self._ask.history,
                retrieval=self._ask.retrieval,
                wishes="" if built_in else self._ask.wishes,
                template=template,
            )

        prompt = build(self._question if built_in else self._ask.question)
        if prompt.dropped_turns and prompt.question != self._question:
            with suppress(LimitError):
                prompt = build(self._question)  # the turns it leans on are not all there
        self._prompt = prompt
        self._passages = prompt.passages
        return prompt

    def _generate(self, prompt: Prompt, hits: Sequence[Hit]) -> Iterator[Event]:
        """Asks the model, a second time with half the prompt when it was too long for the provider."""
        screen = Screen(prompt.passages, self._question)
        opening = Opening()
        shown: list[str] = []
        raw: list[str] = []
        finish: Finish | None = None
        error: VouchError | None = None
        began = time.perf_counter()
        try:
            for item in self._replies(prompt, hits):
                if isinstance(item, Prompt):
                    screen = Screen(item.passages, self._question)
                elif isinstance(item, Finish):
                    finish = item
                else:
                    if not raw:
                        self._timings["first_token"] = _ms(began)
                    raw.append(item.text)
                    if delta := screen.feed(opening.feed(item.text)):
                        shown.append(delta)
                        if not self._hold:
                            yield TextDelta(delta)
        except VouchError as caught:
            error = caught
        self._timings["model"] = _ms(began)
        self._reply = "".join(raw)
        if opening.abstains and error is None:
            self._notes += notes_on(self._prompt or prompt, screen, finish)
            yield from self._abstain(finish)
            return
        if delta := screen.feed(opening.close()) + screen.close():
            shown.append(delta)
            if not self._hold:
                yield TextDelta(delta)
        text = "".join(shown).strip()
        self._notes += notes_on(self._prompt or prompt, screen, finish)
        self._notes += ignored(self._ask, built_in=self._model.name == EXTRACTIVE)
        if isinstance(error, UpstreamError) and error.code == "model_unavailable":
            text = UNREACHABLE[self._japanese]
            text += AND_PASSAGES[self._japanese] if self._passages else ""
            self._notes.append(AnswerNote(error.code, error.message))
            yield TextDelta(text)
            yield CitationsFound((), ())
            yield Done(self._answer(text, error.code, failure=error))
            return
        cited = self._cite(text)
        supported = self._judge(cited)
        if self._hold and supported is not True and text and text not in ALONE.values():
            yield from self._withhold(cited, finish, error)
            return
        if self._hold and text:
            yield TextDelta(text)
        self._conflicts = self._compare(cited)
        yield CitationsFound(cited.citations, cited.sentences, self._conflicts)
        if error is not None:
            yield Failed(error, self._answer(text, "error", cited=cited, failure=error))
        elif finish is not None and not text:
            empty = UpstreamError(_empty(finish.reason))
            yield Failed(empty, self._answer("", finish.reason, failure=empty))
        else:
            reason = finish.reason if finish else ""
            alone = text in ALONE.values()
            yield Done(self._answer(text, reason, cited=cited, finish=finish, abstained=alone))

    def _replies(self, prompt: Prompt, hits: Sequence[Hit]) -> Iterator[Delta | Finish | Prompt]:
        try:
            with closing(self._model.stream(prompt.messages, self._stop)) as stream:
                yield from stream
            return
        except UpstreamError as error:
            if error.code != "context_too_long" or error.partial:
                raise
            budget = self._model.budget
            try:
                prompt = self._build(hits, replace(budget, window=prompt.tokens // 2 + budget.output))
            except LimitError:
                raise error from None  # there was little but the question itself
        self._notes.append(
            AnswerNote(
                "prompt_halved", "The provider found the prompt too long; asked again with half of it."
            )
        )
        yield prompt
        with closing(self._model.stream(prompt.messages, self._stop)) as stream:
            yield from stream

    def _abstain(self, finish: Finish | None) -> Iterator[Event]:
        read = self._ask.retrieval
        text = (NOT_FOUND if read else NOT_KNOWN)[self._japanese]
        said = "The model found no answer in the passages." if read else "The model gave no answer."
        self._notes.append(AnswerNote("model_abstained", said))
        yield TextDelta(text)
        yield CitationsFound((), ())
        yield Done(self._answer(text, finish.reason if finish else "", finish=finish, abstained=True))

    def _compare(self, cited: Cited) -> tuple[Conflict, ...]:
        began = time.perf_counter()
        read_text = self._library.read_text
        found = find_conflicts(
            self._question,
            self._passages,
            cited.citations,
            read_text=read_text,
            page_of=self._library.page_of,
        )
        found = at_stored(found, read_text)
        self._notes += [AnswerNote("conflict", as_told(one)) for one in found]
        self._timings["conflicts"] = _ms(began)
        return found

    def _judge(self, cited: Cited) -> bool | None:
        """Says whether enough of an answer is vouched for, and makes a note where it is not."""
        if not (self._ask.retrieval and cited.sentences):
            return None
        good = sum(sentence.state != "unsupported" for sentence in cited.sentences)
        if cited.support >= self._min_support:
            return True
        said = f"The documents vouch for {good} of the answer's {len(cited.sentences)} sentences."
        self._notes.append(AnswerNote("low_support", said))
        return False

    def _withhold(self, cited: Cited, finish: Finish | None, error: VouchError | None) -> Iterator[Event]:
        """Ends an answer that had to be vouched for and is not: the passages are all that is shown."""
        looked_at = Cited(cited.sentences, ())
        if error is not None:
            yield CitationsFound((), ())
            yield Failed(error, self._answer("", "error", failure=error))
            return
        text = NOT_SUPPORTED[self._japanese]
        self._notes.append(
            AnswerNote("withheld", "Support was required, so the model's answer is not shown.")
        )
        yield TextDelta(text)
        yield CitationsFound((), ())
        reason = finish.reason if finish else ""
        given = self._answer(text, reason, cited=looked_at, finish=finish, abstained=True)
        yield Done(replace(given, sentences=()))

    def _cite(self, text: str) -> Cited:
        began = time.perf_counter()
        cited = cite(
            text,
            self._passages,
            self._question,
            read_text=self._library.read_text,
            page_of=self._library.page_of,
        )
        self._timings["citing"] = _ms(began)
        return cited

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
        prompt = self._prompt
        reported = finish is not None and finish.input_tokens is not None and finish.output_tokens is not None
        count = self._model.budget.counter
        usage = Usage(
            finish.input_tokens
            if finish and reported and finish.input_tokens
            else (prompt.tokens if prompt else 0),
            finish.output_tokens
            if finish and reported and finish.output_tokens
            else (count.count(text) if prompt else 0),
            "provider" if reported else count.how,
        )
        usage = replace(
            usage,
            input_tokens=usage.input_tokens + self._rewriting.input_tokens,
            output_tokens=usage.output_tokens + self._rewriting.output_tokens,
        )
        usage = replace(usage, cost_usd=self._model.card.cost_usd(usage.input_tokens, usage.output_tokens))
        self._timings["total"] = _ms(self._began)
        return Answer(
            id=self._id,
            question=self._ask.question,
            text=text,
            abstained=abstained,
            citations=cited.citations if cited else (),
            passages=self._passages,
            model=self._model.name,
            retrieval=self._ask.retrieval,
            strategy=self._ask.strategy,
            usage=usage,
            timings_ms=dict(self._timings),
            complete=failure is None,
            finish_reason=reason,
            sentences=cited.sentences if cited else (),
            support=cited.support if cited and cited.sentences else None,
            supported=cited.support >= self._min_support
            if cited and cited.sentences and self._ask.retrieval
            else None,
            conflicts=self._conflicts,
            confidence=self._confidence,
            notes=tuple(self._notes),
            standalone_question=self._question if self._question != self._ask.question else "",
            template=self._template.name if self._template else "",
            failure=Failure(failure.code, failure.message, failure.hint) if failure else None,
            prompt=prompt,
            reply=self._reply,
        )


def check(ask: Ask) -> None:
    """Refuses a question that cannot be answered as asked.

    Raises:
        UsageError: the question is empty, the strategy unknown, ``k`` out of range, or support required of an
        answer without the documents.
    """
    if not ask.question.strip():
        raise UsageError("The question is empty.", code="empty_query", hint='Ask something: vouch ask "…"')
    if ask.strategy not in STRATEGIES:
        raise UsageError(
            f"There is no strategy {ask.strategy!r}.",
            code="bad_strategy",
            hint=f"One of: {', '.join(STRATEGIES)}.",
        )
    if ask.require_support and not ask.retrieval:
        raise UsageError(
            "Without retrieval there are no documents that could bear an answer out.",
            code="support_needs_retrieval",
            hint="Ask with retrieval, or do not require support.",
        )
    if not 1 <= ask.k <= MOST_K:
        raise UsageError(f"k must be between 1 and {MOST_K}, not {ask.k}.", code="bad_k")
    if ask.template is not None and ask.retrieval and not ask.template.reads_passages:
        raise UsageError(
            f"Template {ask.template.name!r} has no place for passages.",
            code="bad_template",
            hint="Put {passages} into it, or ask without retrieval.",
        )


def _empty(reason: str) -> Fault:
    if reason == "content_filter":
        return Fault("model_filtered", "The provider's filter withheld the answer.", "Rephrase the question.")
    return Fault(
        "model_empty", f"The model finished ({reason}) without a word.", "Ask again, or another model."
    )


def _ms(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 3)
