"""The shapes of asking, comparing and the models to ask, as they go over HTTP."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field

from rag.answers import DEFAULT_K, MOST_K
from rag.api.schemas import CollectionName, FilterShape, HitShape, Question, Shape, plain_text
from rag.cards import ProviderName
from rag.comparison import MOST_ARMS

StrategyName = Literal["zero-shot", "one-shot", "few-shot"]

ModelName = Annotated[
    Annotated[str, Field(min_length=1, max_length=200), AfterValidator(plain_text)] | None,
    Field(
        description="A name of GET /api/models. Default: the model of the settings.", examples=["extractive"]
    ),
]
WithRetrieval = Annotated[
    bool,
    Field(description="Whether the documents are searched; false asks the model alone.", examples=[True]),
]
Strategy = Annotated[
    StrategyName, Field(description="How many worked examples stand in the prompt.", examples=["zero-shot"])
]
TemplateName = Annotated[
    Annotated[str, Field(min_length=1, max_length=200), AfterValidator(plain_text)] | None,
    Field(description="A prompt of your own, by its name under [templates] in vouch.toml.", examples=[None]),
]
Passages = Annotated[
    int, Field(ge=1, le=MOST_K, description="How many passages go into the prompt.", examples=[DEFAULT_K])
]


RequireSupport = Annotated[
    bool | None,
    Field(
        description="Withhold an answer that the documents do not vouch for (see `min_support` of the settings): it "
        "abstains, with the passages, and its text comes at once. Default: as in the settings.",
        examples=[True],
    ),
]


class Turn(Shape):
    """An earlier turn of the conversation."""

    role: Literal["user", "assistant"] = Field(description="Who said it.", examples=["user"])
    content: Question


class AskRequest(Shape):
    """A question and how to answer it."""

    question: Question
    model: ModelName = None
    retrieval: WithRetrieval = True
    strategy: Strategy = "zero-shot"
    template: TemplateName = None
    k: Passages = DEFAULT_K
    collection: CollectionName = None
    filter: FilterShape | None = Field(None, description="Further limits.")
    history: list[Turn] = Field(
        [],
        max_length=50,
        description="Earlier turns, oldest first; what the question leaves out is carried over from them.",
        examples=[[]],
    )
    require_support: RequireSupport = None
    stream: bool = Field(
        False,
        description="Answer with server-sent events; `Accept: text/event-stream` asks for the same.",
        examples=[False],
    )


class ArmRequest(Shape):
    """One way to answer; what is left out is as the comparison says, or the default."""

    model: ModelName = None
    retrieval: WithRetrieval = True
    strategy: Strategy = "zero-shot"
    template: TemplateName = None
    k: Passages = DEFAULT_K


class CompareRequest(Shape):
    """A question and the ways to answer it."""

    question: Question
    arms: list[ArmRequest] | None = Field(
        None,
        min_length=1,
        max_length=MOST_ARMS,
        description="The ways to answer. Default: the default model with and without retrieval.",
        examples=[[{"retrieval": True}, {"retrieval": False}]],
    )
    collection: CollectionName = None
    filter: FilterShape | None = Field(None, description="Further limits.")
    history: list[Turn] = Field(
        [],
        max_length=50,
        description="Earlier turns, oldest first; what the question leaves out is carried over from them.",
        examples=[[]],
    )


# ---- answers -------------------------------------------------------------------------------------


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


# ---- models --------------------------------------------------------------------------------------


class ModelQuery(Shape):
    """What models are asked for; what is left out asks for nothing."""

    find: str | None = Field(
        None, max_length=200, description="In their name or family.", examples=["extractive"]
    )
    provider: ProviderName | None = Field(None, description="How they are reached.", examples=["openai"])
    task: Literal["chat", "embedding", "reranking"] | None = Field(
        None, description="What they do.", examples=["chat"]
    )
    language: str | None = Field(None, max_length=20, description="Known to speak it.", examples=["en"])
    licence: str | None = Field(None, max_length=200, description="In their licence.", examples=["MIT"])
    open: bool | None = Field(
        None, description="true: their weights can be had; false: they cannot.", examples=[True]
    )
    price: float | None = Field(
        None,
        ge=0,
        allow_inf_nan=False,
        description="Known to cost at most this, US dollars per million tokens written.",
        examples=[5.0],
    )


class MeasurementShape(BaseModel):
    """How a model answered a question set of your own; `vouch eval --model` wrote it."""

    questions: str = Field(description="The set's file.", examples=["questions.jsonl"])
    sha256: str = Field(description="The beginning of its hash.", examples=["9f2c64c1f5d0a9be"])
    measured_at: str = Field(description="The day, in UTC.", examples=["2026-11-28"])
    k: int = Field(description="Passages asked for.", examples=[8])
    answerable: int = Field(description="Questions that the documents answer.", examples=[125])
    unanswerable: int = Field(description="Questions that they do not.", examples=[32])
    failed: int = Field(
        description="Questions to which no whole answer came; in no other figure.", examples=[0]
    )
    cited: float | None = Field(description="Share answered with a gold place cited.", examples=[0.816])
    holds_answer: float | None = Field(
        description="Share whose quoted words hold the gold answer.", examples=[0.7]
    )
    support: float | None = Field(description="Mean share of sentences vouched for.", examples=[1.0])
    refused: float | None = Field(description="Share of the answerable that it refused.", examples=[0.056])
    abstained: float | None = Field(
        description="Share of the unanswerable that it refused.", examples=[0.812]
    )
    input_tokens: float | None = Field(description="Mean tokens read.", examples=[2100.5])
    output_tokens: float | None = Field(description="Mean tokens written.", examples=[60.2])
    cost_usd: float | None = Field(description="All answers together, US dollars.", examples=[0.0])
    p50_ms: float | None = Field(description="Median time of an answer.", examples=[77.0])
    p95_ms: float | None = Field(description="95th percentile of it.", examples=[227.0])


class ModelShape(BaseModel):
    """A model that can be chosen. What is not known is empty or null, never guessed."""

    name: str = Field(description="What `model` takes.", examples=["extractive"])
    default: bool = Field(description="Whether it answers when none is named.", examples=[True])
    provider: str = Field(description="How it is reached.", examples=["built-in"])
    model: str = Field(description="The provider's own name for it.", examples=["extractive"])
    title: str = Field(description="A name for people.", examples=["Extractive"])
    family: str = Field(description="The family it belongs to.", examples=["Vouch"])
    task: Literal["chat", "embedding", "reranking"] = Field(description="What it does.", examples=["chat"])
    open_weights: bool | None = Field(description="Whether its weights can be had.", examples=[True])
    licence: str = Field(description="Licence of the weights.", examples=["MIT"])
    hosting: Literal["service", "local", "built-in"] = Field(
        description="Where it runs.", examples=["built-in"]
    )
    languages: list[str] = Field(description="ISO 639-1 codes.", examples=[["en", "ja"]])
    modalities: list[str] = Field(description="What it reads.", examples=[["text"]])
    context_window: int | None = Field(description="Tokens of prompt and answer.", examples=[128000])
    max_output_tokens: int | None = Field(description="Most tokens of an answer.", examples=[2048])
    takes_temperature: bool | None = Field(
        description="Whether it takes a temperature; null when not known.", examples=[True]
    )
    price_input_usd: float | None = Field(description="US dollars per million tokens read.", examples=[0.0])
    price_output_usd: float | None = Field(
        description="US dollars per million tokens written.", examples=[0.0]
    )
    price_note: str = Field(description="What else to know of the price.", examples=[""])
    data_protection: str = Field(
        description="Where questions and passages go.", examples=["Nothing leaves the machine."]
    )
    sources: list[dict[str, Any]] = Field(
        description="Where the facts are from, and as of when.",
        examples=[[{"facts": ["price_input_usd"], "source": "genai-prices", "as_of": "2026-01-01"}]],
    )
    origin: Literal["built-in", "catalogue", "vouch.toml"] = Field(
        description="Who says so.", examples=["built-in"]
    )
    measured: list[MeasurementShape] = Field(
        description="What was measured here, on your own questions; newest first."
    )


class ModelList(BaseModel):
    """The models that can be chosen, or those of them that were asked for."""

    default: str = Field(description="The model that answers when none is named.", examples=["extractive"])
    models: list[ModelShape]
