"""The shapes of receipts and replays, as they go over HTTP."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Path
from pydantic import BaseModel, Field

from rag.api.answers import FailureShape
from rag.api.schemas import Shape

ReceiptId = Annotated[
    str,
    Path(
        description="The answer's id, 16 hexadecimal digits.",
        pattern="^[0-9a-f]{16}$",
        examples=["14d75c3f77682d83"],
    ),
]


class ReplayRequest(Shape):
    """What to do again."""

    generate: bool = Field(
        False, description="Whether the model is asked again, which may cost money.", examples=[False]
    )


class QuotedDocument(BaseModel):
    """A version of a document that was found for an answer."""

    document_id: str = Field(description="The document.", examples=["a7a38ae87aa5b735"])
    version: int = Field(description="Its version, from 1.", examples=[1])
    collection: str = Field(description="Its collection.", examples=["sample"])
    source: str = Field(description="Its path then.", examples=["policies/travel-2025.pdf"])
    sha256: str = Field(description="Of the version's file.", examples=["9f86d081884c7d65…"])


class CorpusThen(BaseModel):
    """The state of the corpus in which an answer was given."""

    id: str = Field(description="The corpus.", examples=["0a1b2c3d4e5f6071"])
    seq: int | None = Field(
        description="Last sequence number of the change log; null without a search.", examples=[112]
    )
    space: str = Field(description="The embedding space.", examples=["3f1c9a…"])
    documents: list[QuotedDocument] = Field(description="What was found, by document and version.")


class ReceiptShape(BaseModel):
    """All that an answer rests on."""

    format: int = Field(description="Version of this shape.", examples=[1])
    id: str = Field(description="The answer's id.", examples=["14d75c3f77682d83"])
    at: str = Field(description="When it was given, UTC.", examples=["2026-01-01T00:00:00.000+00:00"])
    caller: dict[str, Any] = Field(
        description="Who asked.", examples=[{"owner": False, "principals": ["public"]}]
    )
    asked: dict[str, Any] = Field(
        description="The question, and how it was to be answered.",
        examples=[{"question": "What is the hotel limit?", "k": 8}],
    )
    corpus: CorpusThen
    searches: list[dict[str, Any]] = Field(
        description="Each search: query, k, the passages by id, hash, place, rank and score, and the state of the "
        "indexes.",
        examples=[[{"query": "What is the hotel limit?", "k": 8}]],
    )
    prompt: dict[str, Any] | None = Field(
        description="The messages to the letter, with their sizes; null when no model was asked.",
        examples=[{"tokens": 812}],
    )
    model: dict[str, Any] = Field(
        description="The model and its parameters, the seed among them.", examples=[{"name": "extractive"}]
    )
    reply: str | None = Field(description="What the model wrote, to the letter.", examples=["“140 EUR” [1]"])
    answer: dict[str, Any] | None = Field(
        description="The answer as it was given, its passages without text.",
        examples=[{"text": "“140 EUR” [1]"}],
    )
    settings: dict[str, Any] = Field(
        description="The settings that an answer may depend on.", examples=[{"candidates": 100}]
    )
    software: dict[str, str] = Field(
        description="Versions of what searched and answered.", examples=[{"vouch": "0.1.0+5d1f9c02"}]
    )
    withheld: str = Field(
        description="Why prompt, reply and answer are null although there are some; else empty.",
        examples=[""],
    )


class MovedShape(BaseModel):
    """A passage that has another rank than then."""

    chunk_id: str = Field(description="The passage.", examples=["23d71e4c5af9bd19"])
    document_id: str = Field(description="Its document.", examples=["a7a38ae87aa5b735"])
    source: str = Field(description="The document's path.", examples=["policies/travel-2025.pdf"])
    page: int = Field(description="Its first page, from 1.", examples=[3])
    before: int | None = Field(description="Its rank then, from 1; null for none.", examples=[1])
    now: int | None = Field(description="Its rank now; null for none.", examples=[None])
    why: str = Field(
        description="What became of its document; may be empty.", examples=["its document was removed"]
    )


class SearchedAgainShape(BaseModel):
    """A search that was made again."""

    query: str = Field(description="What was searched.", examples=["What is the hotel limit?"])
    k: int = Field(description="How many passages were asked for.", examples=[8])
    same: bool = Field(description="The same passages in the same order.", examples=[True])
    moved: list[MovedShape] = Field(description="What has another rank.")
    notes: list[str] = Field(description="What the search now said.", examples=[[]])


class GeneratedAgainShape(BaseModel):
    """The stored prompt, put to the model again."""

    model: str = Field(description="The model.", examples=["extractive"])
    same: bool | None = Field(
        description="The same reply to the letter; null when none was made.", examples=[True]
    )
    before: str | None = Field(description="The reply then.", examples=["“140 EUR” [1]"])
    now: str | None = Field(description="The reply now.", examples=["“140 EUR” [1]"])
    differs_at: int | None = Field(description="First code point that differs, from 0.", examples=[None])
    note: str = Field(description="Why the model was not asked; else empty.", examples=[""])
    failure: FailureShape | None = Field(description="Why it did not answer.")


class ReasonShape(BaseModel):
    """Something that is other than it was."""

    cause: Literal["corpus", "access", "index", "settings", "examples", "model", "software"] = Field(
        description="What it is a matter of.", examples=["corpus"]
    )
    message: str = Field(description="One sentence.", examples=["Documents since: 1 changed."])


class SinceShape(BaseModel):
    """A document whose live version is another than it was."""

    document_id: str = Field(description="The document.", examples=["a7a38ae87aa5b735"])
    collection: str = Field(description="Its collection.", examples=["sample"])
    path: str = Field(description="Its path.", examples=["policies/travel-2025.pdf"])
    before: int | None = Field(description="Its live version then; null for none.", examples=[1])
    now: int | None = Field(description="Its live version now; null for none.", examples=[2])
    at: str = Field(description="When it last changed.", examples=["2026-01-01T00:00:00.000000+00:00"])


class ReplayAnswer(BaseModel):
    """What came of it, and all that has changed since."""

    id: str = Field(description="The answer's id.", examples=["14d75c3f77682d83"])
    at: str = Field(description="When it was given.", examples=["2026-01-01T00:00:00.000+00:00"])
    same: bool = Field(description="Every search found the same.", examples=[True])
    searches: list[SearchedAgainShape]
    generated: GeneratedAgainShape
    reasons: list[ReasonShape] = Field(description="What has changed since.")
    documents: list[SinceShape] = Field(
        description="The documents that have, the last changed first; at most 20."
    )
    changed_documents: int = Field(description="How many have.", examples=[0])
