"""The same question, answered in several ways, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from corpus.errors import UsageError, VouchError
from rag.asking.answering import answer
from rag.asking.answers import DEFAULT_K, MIN_SUPPORT, Answer, Ask, Failure, Library, Usage
from rag.asking.refusals import check
from rag.grounding.abstention import FITTED, Abstention
from rag.models.attempts import Stop
from rag.models.cards import EXTRACTIVE
from rag.models.catalogue import Models
from rag.prompts.prompting import Message
from rag.prompts.strategies import ExampleSource
from rag.prompts.templates import Template

if TYPE_CHECKING:
    from rag.retrieval.retriever import SearchResult

MOST_ARMS = 8


@dataclass(frozen=True, slots=True)
class Arm:
    """One way to answer. An empty ``model`` is the default one."""

    model: str = ""
    retrieval: bool = True
    strategy: str = "zero-shot"
    k: int = DEFAULT_K
    template: Template | None = None

    def ask(self, question: str, history: tuple[Message, ...] = ()) -> Ask:
        """Returns the question as it is asked in this way."""
        return Ask(
            question, self.model, self.retrieval, self.strategy, self.k, history, template=self.template
        )


DEFAULT_ARMS = (Arm(retrieval=True), Arm(retrieval=False))
"""The chosen model with the documents, and the same model without them."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One arm and its answer: an empty one without an id, whose ``failure`` says why, where there is none."""

    arm: Arm
    answer: Answer


@dataclass(frozen=True, slots=True)
class Comparison:
    """The arms in the order asked for, and what a reader should know before comparing them."""

    question: str
    arms: tuple[Compared, ...]
    notes: tuple[str, ...]


def compare(
    question: str,
    library: Library,
    models: Models,
    arms: Sequence[Arm] = DEFAULT_ARMS,
    *,
    examples: ExampleSource | None = None,
    history: tuple[Message, ...] = (),
    abstention: Abstention = FITTED,
    min_support: float = MIN_SUPPORT,
    stop: Stop | None = None,
) -> Comparison:
    """Answers a question once for each arm, one after the other so that their latencies compare.

    Each retrieval setting searches once, so arms that share one rest on the same passages; that is why a follow-up
    question is made to stand alone by rule here, whatever the models. An arm that
    fails has its failure in an empty answer; the others go on.

    Raises:
        UsageError: no arms, or more than eight; an arm asks for an unknown model, strategy or ``k``.
    """
    if not 1 <= len(arms) <= MOST_ARMS:
        raise UsageError(f"A comparison has 1 to {MOST_ARMS} arms, not {len(arms)}.", code="bad_arms")
    named = [replace(arm, model=models.card(arm.model).name) for arm in arms]
    asks = [arm.ask(question, history) for arm in named]
    for ask in asks:  # before any of them costs time and money
        check(ask)
        models.open(ask.model)
    once = _Once(library)
    compared = []
    for arm, ask in zip(named, asks, strict=True):
        try:
            given = answer(
                ask,
                once,
                models,
                examples=examples,
                abstention=abstention,
                min_support=min_support,
                stop=stop,
            )
            compared.append(Compared(arm, given))
        except VouchError as error:
            compared.append(Compared(arm, _failed(ask, error)))
    return Comparison(question, tuple(compared), _notes(named))


def _failed(ask: Ask, error: VouchError) -> Answer:
    return Answer(
        id="",
        question=ask.question,
        text="",
        abstained=False,
        citations=(),
        passages=(),
        model=ask.model,
        retrieval=ask.retrieval,
        strategy=ask.strategy,
        usage=Usage(0, 0, "nothing was answered"),
        timings_ms={},
        complete=False,
        finish_reason="error",
        template=ask.template.name if ask.template else "",
        failure=Failure(error.code, error.message, error.hint),
    )


def _notes(arms: Sequence[Arm]) -> tuple[str, ...]:
    built_in = [arm for arm in arms if arm.model == EXTRACTIVE]
    notes = []
    if len({(arm.strategy, arm.template) for arm in built_in}) > 1:
        notes.append(
            "The built-in model answers the same with every strategy and template: it reads the passages only."
        )
    if any(not arm.retrieval for arm in built_in):
        notes.append(
            "Without retrieval the built-in model knows nothing; choose an LLM to see what it knows alone."
        )
    return tuple(notes)


class _Once:
    """A library that searches once for each question and ``k``."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._found: dict[tuple[str, int], SearchResult] = {}
        self.embed = library.embed
        self.passages_of = library.passages_of
        self.read_text = library.read_text
        self.page_of = library.page_of
        self.rarity = library.rarity
        self.lacks = library.lacks
        self.spread_of = library.spread_of

    def search(self, question: str, k: int) -> SearchResult:
        key = (question, k)
        if key not in self._found:
            self._found[key] = self._library.search(question, k)
        return self._found[key]
