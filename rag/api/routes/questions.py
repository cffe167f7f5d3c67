"""Questions: searching, asking, comparing, and the models to ask."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import closing
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query
from fastapi.responses import JSONResponse, Response

from corpus.errors import UnavailableError
from corpus.types import Caller, Filter
from rag.api.answers import AnswerShape, CompareAnswer
from rag.api.asking import AskRequest, CompareRequest, Turn
from rag.api.callers import AnyCaller, get_caller
from rag.api.failures import answer_error
from rag.api.house import AnyHouse, House, OpenService, Visit
from rag.api.models import ModelList, ModelQuery, ModelShape
from rag.api.receipts import ReceiptId, ReceiptShape, ReplayAnswer, ReplayRequest
from rag.api.schemas import FilterShape, HitShape, SearchAnswer, SearchRequest, event_stream
from rag.api.streaming import Attended, Event, EventStream
from rag.as_json import to_json
from rag.asking import answers, comparison
from rag.models.cards import Wanted
from rag.prompts.prompting import Message
from rag.receipts.replaying import replay_json
from rag.retrieval.limits import read_limits
from rag.service import Service
from rag.wire import answer_json, card_json, catalogue_json, comparison_json, error_json, event_json

router = APIRouter(prefix="/api", tags=["questions"], dependencies=[Depends(get_caller)])

_STREAM = (
    "Server-sent events: `passages`, `delta` …, `citations`, `timings`, then `done` (the answer) or `error`."
)


@router.post("/search", summary="Find passages")
def search(service: OpenService, caller: AnyCaller, asked: SearchRequest) -> SearchAnswer:
    """Finds the passages that may hold the answer, best first, among those the caller may see."""
    limits = _limits(service, caller, asked.collection, asked.filter)
    found = service.search(asked.query, asked.k, limits, caller, whole=asked.whole)
    return SearchAnswer(
        query=asked.query,
        hits=[HitShape(**to_json(hit)) for hit in found.hits],
        timings_ms=dict(found.timings_ms),
        notes=list(found.told),
        read_as=found.read_as,
    )


@router.post(
    "/ask",
    summary="Ask a question",
    response_class=JSONResponse,
    responses={
        200: {
            "model": AnswerShape,
            "description": f"The answer. With `stream`: {_STREAM}",
            "content": event_stream("passages", "delta", "citations", "timings", "done", "error"),
        }
    },
)
def ask(
    house: AnyHouse,
    service: OpenService,
    caller: AnyCaller,
    asked: AskRequest,
    accept: Annotated[
        str, Header(description="text/event-stream asks for a stream.", examples=["application/json"])
    ] = "",
) -> Response:
    """Answers from the documents the caller may see, every citation found by program in the stored text.

    When nothing in the documents answers, the answer says so (`abstained`) and cites nothing. A stream ends
    with `done` or `error`, always. An error that comes after the search carries what there is of the answer,
    such as the passages, as `answer` beside `error`.
    """
    limits = _limits(service, caller, asked.collection, asked.filter)
    wanted = answers.Ask(
        asked.question,
        asked.model or "",
        asked.retrieval,
        asked.strategy,
        asked.k,
        _turns(asked.history),
        asked.require_support,
        template=service.template(asked.template),
    )
    visit = house.ask()
    try:
        events = service.ask_events(wanted, limits, caller, visit.stop)
    except BaseException:
        visit.leave()
        raise
    if asked.stream or "text/event-stream" in accept.lower():
        return EventStream(_told(house, events), visit.stop.set, visit.leave)
    return Attended(lambda: _whole(house, events), visit.stop.set, visit.leave)


@router.post(
    "/compare",
    summary="Answer a question in several ways",
    response_class=JSONResponse,
    responses={
        200: {"model": CompareAnswer, "description": "An answer for each arm, in the order asked for."}
    },
)
def compare(house: AnyHouse, service: OpenService, caller: AnyCaller, asked: CompareRequest) -> Response:
    """Answers the same question once for each arm, one after the other, so that their latencies compare.

    Without arms: the default model with the documents, and the same model without them. An arm that fails
    says why in its `failure`; the others go on. `support` is the share of an answer's sentences that the
    documents vouch for.
    """
    limits = _limits(service, caller, asked.collection, asked.filter)
    arms: tuple[comparison.Arm, ...] = comparison.DEFAULT_ARMS
    if asked.arms:
        arms = tuple(
            comparison.Arm(
                one.model or "", one.retrieval, one.strategy, one.k, service.template(one.template)
            )
            for one in asked.arms
        )
    for arm in arms:
        service.models.card(arm.model, listed=True)
    visit = house.ask()
    return Attended(
        lambda: _compared(house, service, caller, asked, limits, arms, visit), visit.stop.set, visit.leave
    )


@router.get("/answers/{id}", summary="Show an answer's receipt")
def show_receipt(service: OpenService, caller: AnyCaller, id: ReceiptId) -> ReceiptShape:
    """Shows on what an answer rests: the state of the corpus, the passages by id and hash, the prompt to the letter,
    the model and its parameters, what it wrote, and the answer.

    Only for the caller who asked, and for as long as every document in it is for them to see: else `prompt`,
    `reply` and `answer` are null, and `withheld` says why.
    """
    return ReceiptShape(**service.receipt(id, caller))


@router.post(
    "/answers/{id}/replay",
    summary="Search and answer again",
    response_class=JSONResponse,
    responses={200: {"model": ReplayAnswer, "description": "What differs, and why."}},
)
def replay(
    house: AnyHouse, service: OpenService, caller: AnyCaller, id: ReceiptId, asked: ReplayRequest
) -> Response:
    """Makes the searches of an answer again and, with `generate`, puts the stored prompt to its model again.

    The built-in model writes the same to the letter. Another model is asked anew, if `model` may name it.
    """
    visit = house.ask()

    def work() -> Response:
        found = service.replay(id, caller, generate=asked.generate, stop=visit.stop)
        if house.overdue:
            raise stopping()
        return JSONResponse(replay_json(found))

    return Attended(work, visit.stop.set, visit.leave)


@router.get("/models", summary="List the models")
def list_models(service: OpenService, wanted: Annotated[ModelQuery, Query()]) -> ModelList:
    """Lists every model that `model` takes: the built-in one, the catalogue, and those of the settings.

    What is asked for must be known of a model: one whose price nobody states is under no price.
    """
    asked = Wanted(
        wanted.find, wanted.provider, wanted.task, wanted.language, wanted.licence, wanted.open, wanted.price
    )
    return ModelList(**catalogue_json(service.models, service.settings.data_dir, asked))


@router.get("/models/{name}", summary="Show a model")
def show_model(
    service: OpenService,
    name: Annotated[
        str, Path(max_length=200, description="A name of GET /api/models.", examples=["extractive"])
    ],
) -> ModelShape:
    """Shows all that is known of one model, with the source and date of each fact, and what was measured here."""
    card = service.models.card(name, listed=True)
    return ModelShape(**card_json(service.models, service.settings.data_dir, card))


def _limits(service: Service, caller: Caller, collection: str | None, filter: FilterShape | None) -> Filter:
    return read_limits(service.corpus, filter.model_dump() if filter else {}, collection, caller)


def _turns(history: Iterable[Turn]) -> tuple[Message, ...]:
    return tuple(Message(turn.role, turn.content) for turn in history)


def _told(house: House, events: Generator[answers.Event]) -> Generator[Event]:
    with closing(events):
        for event in events:
            if isinstance(event, answers.Failed) and house.overdue:
                yield "error", {"error": error_json(stopping()), "answer": answer_json(event.answer)}
                return
            yield from event_json(event)


def _whole(house: House, events: Generator[answers.Event]) -> Response:
    with closing(events):
        for event in events:
            if isinstance(event, answers.Done):
                return JSONResponse(answer_json(event.answer))
            if isinstance(event, answers.Failed):
                if house.overdue:
                    return answer_error(stopping(), answer=answer_json(event.answer))
                if event.answer.text:
                    return JSONResponse(answer_json(event.answer))
                return answer_error(event.error, answer=answer_json(event.answer))
    raise AssertionError("an answer's events end with Done or Failed")


def _compared(
    house: House,
    service: Service,
    caller: Caller,
    asked: CompareRequest,
    limits: Filter,
    arms: tuple[comparison.Arm, ...],
    visit: Visit,
) -> Response:
    found = service.compare(
        asked.question, arms, limits, caller, history=_turns(asked.history), stop=visit.stop
    )
    if house.overdue:
        raise stopping()
    return JSONResponse(comparison_json(found))


def stopping() -> UnavailableError:
    """What an answer is told that the service's end cut short."""
    return UnavailableError(
        "The service stopped before the answer was complete.", code="stopping", hint="Ask again in a moment."
    )
