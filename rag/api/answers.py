"""The shapes of answers and of comparisons of them, as they go over HTTP."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from rag.api.schemas import HitShape
from rag.asking.answers import DEFAULT_K
from rag.prompts.strategies import StrategyName


class CitationShape(BaseModel):
    """Words of a document that vouch for a sentence: ``quote`` is ``text[start:end]`` of that version."""

    marker: int = Field(description="The passage it lies in, as [1] in the answer's text.", examples=[1])
    document_id: str = Field(description="The document.", examples=["a7a38ae87aa5b735"])
    version: int = Field(description="The document's version, from 1.", examples=[1])
    source: str = Field(description="The document's path.", examples=["policies/travel-2025.pdf"])
    title: str = Field(description="The document's title.", examples=["Travel policy"])
    page: int = Field(description="The page on which the words begin, from 1.", examples=[3])
    start: int = Field(description="First code point, from 0.", examples=[1204])
    end: int = Field(description="One past the last code point.", examples=[1234])
    quote: str = Field(
        description="The words as they stand in the document.", examples=["The limit is 140 EUR a night."]
    )
    state: Literal["quoted", "supported", "unsupported"] = Field(
        description="quoted: the sentence's own words stand there; supported: its words, numbers and names "
        "do; unsupported: the model named the passage, but these words do not bear it out.",
        examples=["quoted"],
    )
    score: float = Field(description="Weighted share of the sentence's words, 0 to 1.", examples=[1.0])


class PassageShape(HitShape):
    """A passage that was in the prompt, under the number by which the answer refers to it."""

    marker: int = Field(description="Its number, from 1.", examples=[1])


class UsageShape(BaseModel):
    """Tokens read and written."""

    input_tokens: int = Field(description="Tokens of the prompt.", examples=[1830])
    output_tokens: int = Field(description="Tokens of the answer.", examples=[42])
    counted: str = Field(description="By whom: provider, or how they were estimated.", examples=["provider"])
    cost_usd: float | None = Field(
        description="What they cost at the prices of the model's card, in US dollars; null when those are not known.",
        examples=[0.00021],
    )


class SentenceShape(BaseModel):
    """A sentence of the answer, ``text[start:end]``, and how the documents bear it out."""

    start: int = Field(description="First code point in the answer's text, from 0.", examples=[0])
    end: int = Field(description="One past the last code point.", examples=[38])
    text: str = Field(description="The sentence.", examples=["The limit is 140 EUR a night. [1]"])
    state: Literal["quoted", "supported", "unsupported"] = Field(
        description="As of its best citation.", examples=["quoted"]
    )
    score: float = Field(description="Weighted share of its words, 0 to 1.", examples=[1.0])
    citations: list[int] = Field(description="Indexes into the answer's citations, from 0.", examples=[[0]])
    missing: list[str] = Field(
        description="Its numbers, dates and names that do not stand in the source, or there in another's place.",
        examples=[[]],
    )
    negated: bool = Field(
        description="Whether it denies what the source says, or says what the source denies.",
        examples=[False],
    )
    closest: CitationShape | None = Field(
        description="The words nearest to it where it has no citation; they do not bear it out.",
        examples=[None],
    )


class ValueShape(BaseModel):
    """What one document says of something that documents disagree about."""

    value: str = Field(description="The figure, as it stands there.", examples=["45p"])
    quote: str = Field(
        description="The sentence or table row it stands in: `text[start:end]` of that version.",
        examples=["A private car is paid at 45p per mile."],
    )
    document_id: str = Field(description="The document.", examples=["a7a38ae87aa5b735"])
    version: int = Field(description="The document's version, from 1.", examples=[1])
    source: str = Field(description="The document's path.", examples=["policies/travel-2025.pdf"])
    title: str = Field(description="The document's title.", examples=["Travel policy"])
    page: int = Field(description="The page on which the words begin, from 1.", examples=[2])
    start: int = Field(description="First code point, from 0.", examples=[1204])
    end: int = Field(description="One past the last code point.", examples=[1234])
    date: str = Field(
        description="The document's own date, or its year; may be empty.", examples=["2025-04-01"]
    )


class ConflictShape(BaseModel):
    """Something for which documents give different figures."""

    subject: str = Field(
        description="What it is about: the words with … in the figure's place.",
        examples=["A private car is paid at … per mile."],
    )
    values: list[ValueShape] = Field(description="What each says, newest first; those without a date last.")


class NoteShape(BaseModel):
    """Something the reader should know."""

    code: str = Field(description="Stable snake_case code.", examples=["dropped_passages"])
    message: str = Field(
        description="One sentence.", examples=["2 lower-ranked passages did not fit into the prompt."]
    )


class FailureShape(BaseModel):
    """Why an answer is only a part, or is not there."""

    code: str = Field(description="Stable snake_case code.", examples=["model_cut_off"])
    message: str = Field(
        description="One sentence: what happened.",
        examples=["The model's reply ended without saying that it was complete."],
    )
    hint: str = Field(description="What to do next; may be empty.", examples=["Ask again."])


class PromptShape(BaseModel):
    """What of all that was to go into the prompt did."""

    tokens: int = Field(description="The prompt's length.", examples=[1850])
    budget_tokens: int = Field(description="What the model's window allows.", examples=[7168])
    counted: str = Field(description="How both were counted.", examples=["a pessimistic estimate"])
    examples: int = Field(description="Worked examples in it.", examples=[0])
    dropped_passages: int = Field(description="Lower-ranked passages that did not fit.", examples=[0])
    dropped_examples: int = Field(description="Examples that did not fit.", examples=[0])
    dropped_turns: int = Field(description="Earlier turns that did not fit.", examples=[0])


class AnswerShape(BaseModel):
    """An answer with all that vouches for it."""

    id: str = Field(
        description="16 hexadecimal digits; empty for an arm that failed.", examples=["14d75c3f77682d83"]
    )
    question: str = Field(description="The question as asked.", examples=["What is the hotel limit?"])
    text: str = Field(
        description="The answer; [1] refers to the passage with that marker.",
        examples=["“The limit is 140 EUR a night.” [1]"],
    )
    abstained: bool = Field(description="Whether it says that there is no answer.", examples=[False])
    citations: list[CitationShape] = Field(description="In order of their first use.")
    passages: list[PassageShape] = Field(description="What was in the prompt, best first.")
    model: str = Field(description="Who answered.", examples=["extractive"])
    retrieval: bool = Field(description="Whether the documents were searched.", examples=[True])
    strategy: StrategyName = Field(description="The strategy of the prompt.", examples=["zero-shot"])
    usage: UsageShape
    timings_ms: dict[str, float] = Field(description="What each step took.", examples=[{"total": 184.2}])
    complete: bool = Field(
        description="Whether the model said that it had finished; when not, see failure.", examples=[True]
    )
    finish_reason: str = Field(
        description="The model's own word: stop, length, content_filter …", examples=["stop"]
    )
    sentences: list[SentenceShape] = Field(description="The answer, sentence by sentence.")
    support: float | None = Field(
        description="Share of the sentences that the documents vouch for, 0 to 1; null without sentences.",
        examples=[1.0],
    )
    supported: bool | None = Field(
        description="Whether `support` reaches `min_support` of the settings; null without sentences or retrieval.",
        examples=[True],
    )
    conflicts: list[ConflictShape] = Field(
        description="Figures of what is cited that other documents among the passages give otherwise."
    )
    confidence: float | None = Field(
        description="Chance that the documents hold an answer, 0 to 1; null without retrieval.",
        examples=[0.97],
    )
    notes: list[NoteShape] = Field(description="What the reader should know.")
    standalone_question: str = Field(
        description="The question as the documents were searched; empty where that is as it was asked.",
        examples=[""],
    )
    template: str = Field(description="The prompt of your own that was used, by name.", examples=[""])
    failure: FailureShape | None = Field(description="Why it is only a part; null when it is whole.")
    prompt: PromptShape | None = Field(description="Sizes of the prompt; null when no model was asked.")
    receipt: str | None = Field(
        description="The id under which the answer's receipt was kept, which is its own; null where none was, and a "
        "note no_receipt says why.",
        examples=["14d75c3f77682d83"],
    )


class ArmShape(BaseModel):
    """The way in which an arm was answered."""

    model: str = Field(description="The model's name.", examples=["extractive"])
    retrieval: bool = Field(description="With or without the documents.", examples=[True])
    strategy: StrategyName = Field(description="The strategy of the prompt.", examples=["zero-shot"])
    k: int = Field(description="How many passages were asked for.", examples=[DEFAULT_K])
    template: str = Field(description="A prompt of your own, by name; else empty.", examples=[""])


class ArmAnswer(AnswerShape):
    """An arm and its answer. An arm that failed has an empty text and a ``failure``."""

    arm: ArmShape


class CompareAnswer(BaseModel):
    """The same question answered in several ways, in the order asked for."""

    question: str = Field(description="The question as asked.", examples=["What is the hotel limit?"])
    arms: list[ArmAnswer]
    notes: list[str] = Field(description="What to know before comparing them.", examples=[[]])
