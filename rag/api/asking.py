"""The shapes in which is asked, and several ways to answer are compared, as they go over HTTP."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from rag.answers import DEFAULT_K, MOST_K
from rag.api.schemas import CollectionName, FilterShape, Question, Shape, plain_text
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


History = Annotated[
    list[Turn],
    Field(
        max_length=50,
        description="Earlier turns, oldest first; what the question leaves out is carried over from them.",
        examples=[[]],
    ),
]


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
    history: History = Field([])
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
    history: History = Field([])
