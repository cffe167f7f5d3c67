"""The shapes of the models to ask, as they go over HTTP."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from rag.api.schemas import Shape
from rag.models.cards import ProviderName


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
