"""The shapes in which is asked, and several ways to answer are compared, as they go over HTTP."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from rag.api.schemas import CollectionName, FurtherLimits, Question, Shape, plain_text
from rag.asking.answers import DEFAULT_K, MOST_K
from rag.asking.comparison import MOST_ARMS
from rag.prompts.strategies import StrategyName

GivenName = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(plain_text)]
RequireSupport = Annotated[
    bool | None,
    Field(
        strict=True,
        description="Withhold an answer that the documents do not vouch for (see `min_support` of the settings): it "
        "abstains, with the passages, and its text comes at once. Default: as in the settings.",
        examples=[True],
    ),
]


class Turn(Shape):
    """An earlier turn of the conversation."""

    role: Literal["user", "assistant"] = Field(description="Who said it.", examples=["user"])
    content: Question


History = Annotated[
    list[Turn],
    Field(
        max_length=50,
        description="Earlier turns, oldest first; what the question leaves out is carried over from them.",
        examples=[[]],
    ),
]


class Asked(Shape):
    """A question."""

    question: Question


class ModelChoice(Shape):
    """Who answers."""

    model: GivenName | None = Field(
        None,
        description="A name of GET /api/models. Default: the model of the settings.",
        examples=["extractive"],
    )


class HowToAnswer(Shape):
    """How an answer is made, whoever makes it."""

    retrieval: bool = Field(
        True,
        strict=True,
        description="Whether the documents are searched; false asks the model alone.",
        examples=[True],
    )
    strategy: StrategyName = Field(
        "zero-shot", description="How many worked examples stand in the prompt.", examples=["zero-shot"]
    )
    template: GivenName | None = Field(
        None,
        description="A prompt of your own, by its name under [templates] in vouch.toml.",
        examples=[None],
    )
    k: int = Field(
        DEFAULT_K,
        strict=True,
        ge=1,
        le=MOST_K,
        description="How many passages go into the prompt.",
        examples=[DEFAULT_K],
    )


# Fields stand in the API's description in the order of the bases from the last to the first, then a class's own.


class ArmRequest(HowToAnswer, ModelChoice):
    """One way to answer; what is left out is as the comparison says, or the default."""


class AskRequest(ArmRequest, Asked):
    """A question and how to answer it."""

    collection: CollectionName = None
    filter: FurtherLimits = None
    history: History = Field([])
    require_support: RequireSupport = None
    stream: bool = Field(
        False,
        strict=True,
        description="Answer with server-sent events; `Accept: text/event-stream` asks for the same.",
        examples=[False],
    )


class CompareRequest(Asked):
    """A question and the ways to answer it."""

    arms: list[ArmRequest] | None = Field(
        None,
        min_length=1,
        max_length=MOST_ARMS,
        description="The ways to answer. Default: the default model with and without retrieval.",
        examples=[[{"retrieval": True}, {"retrieval": False}]],
    )
    collection: CollectionName = None
    filter: FurtherLimits = None
    history: History = Field([])
