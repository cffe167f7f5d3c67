"""OpenAI's chat completions: any chat client's way to ask."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import closing
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import JSONResponse, Response

from corpus.errors import NotFoundError
from rag.api.callers import AnyCaller, get_caller
from rag.api.chat_reply import ChatReply, Completion, ModelObject, ModelObjects
from rag.api.chat_request import DEFAULT_NAME, CompletionRequest, read_ask
from rag.api.envelope import PREFIX
from rag.api.failures import answer_openai, openai_body
from rag.api.house import AnyHouse, House, OpenService
from rag.api.routes.questions import stopping
from rag.api.schemas import OpenAIErrorBody
from rag.api.streaming import Attended, Dialect, Event, EventStream, Refusal, one_line
from rag.asking import answers
from rag.retrieval.limits import read_limits
from rag.service import Service

PATH = f"{PREFIX}chat/completions"

router = APIRouter(
    prefix=PREFIX.rstrip("/"),
    tags=["openai"],
    dependencies=[Depends(get_caller)],
    responses={
        "4XX": {
            "model": OpenAIErrorBody,
            "description": "The request cannot be answered; the body says why.",
        },
        "5XX": {"model": OpenAIErrorBody, "description": "The service cannot answer now; the body says why."},
    },
)


def encode(name: str, data: Any) -> bytes:
    """Returns a chunk as OpenAI's clients read it: data alone, and ``[DONE]`` at the end."""
    text = "[DONE]" if name == "done" else one_line(data)
    return f"data: {text}\n\n".encode("utf-8", "replace")


OPENAI = Dialect(answer_openai, openai_body, encode)

_CHUNKS = {
    "text/event-stream": {
        "schema": {"type": "string", "description": "Chunks (`chat.completion.chunk`), then `[DONE]`."}
    }
}


@router.post(
    "/chat/completions",
    summary="Ask as OpenAI's clients do",
    response_class=JSONResponse,
    responses={
        200: {
            "model": Completion,
            "description": "The reply. With `stream`: chunks, of which the one with the `finish_reason` has "
            "`vouch`, too.",
            "content": _CHUNKS,
        }
    },
)
def complete(
    request: Request, house: AnyHouse, service: OpenService, caller: AnyCaller, asked: CompletionRequest
) -> Response:
    """Answers the last message from the documents, in the form of OpenAI's chat completions.

    `vouch` beside the reply holds what `POST /api/ask` answers, citations above all. A reply whose model broke
    off is an error, never a whole answer; before the first chunk it has a status, after it a chunk with `error`
    ends the stream.
    """
    options = asked.options
    wanted = read_ask(asked, _model(service, asked.model), service.template(options.template))
    given = options.filter.model_dump() if options.filter else {}
    limits = read_limits(service.corpus, given, options.collection, caller)
    visit = house.ask()
    try:
        events = service.ask_events(wanted, limits, caller, visit.stop)
    except BaseException:
        visit.leave()
        raise
    reply = ChatReply(
        service.models.card(wanted.model).name,
        int(time.time()),
        str(request.base_url),
        footnotes=options.footnotes,
        usage=asked.stream_options is not None and bool(asked.stream_options.include_usage),
        ignored=asked.ignored,
    )
    if asked.stream:
        return EventStream(_chunks(house, events, reply), visit.stop.set, visit.leave, OPENAI)
    return Attended(lambda: _whole(house, events, reply), visit.stop.set, visit.leave, OPENAI)


@router.get("/models", summary="List the models as OpenAI's clients do")
def list_models(service: OpenService) -> ModelObjects:
    """Lists the models that can be asked here, `vouch` first: the default one, whichever that is."""
    return ModelObjects(object="list", data=_models(service))


@router.get("/models/{name}", summary="A model as OpenAI's clients see it")
def show_model(
    service: OpenService,
    name: Annotated[str, Path(max_length=200, description="Its name.", examples=["vouch"])],
) -> ModelObject:
    """Shows a model that can be asked."""
    found = next((one for one in _models(service) if one.id == name), None)
    if found is None:
        raise NotFoundError(
            f"There is no model {name!r} that can be asked here.",
            code="model_unknown",
            hint="GET /v1/models lists them.",
        )
    return found


def _models(service: Service) -> list[ModelObject]:
    cards = [card for card in service.models.cards() if service.models.can_ask(card.name)]
    listed = {card.name: card.provider for card in cards}
    listed = {DEFAULT_NAME: service.models.card().provider} | listed
    return [ModelObject(id=name, object="model", created=0, owned_by=by) for name, by in listed.items()]


def _model(service: Service, named: str | None) -> str:
    """Returns the name to ask for: "" for the default model, unless a model of the settings has that name."""
    if named == DEFAULT_NAME and all(card.name != named for card in service.models.cards()):
        return ""
    return named or ""


def _whole(house: House, events: Generator[answers.Event], reply: ChatReply) -> Response:
    with closing(events):
        for event in events:
            if isinstance(event, answers.Done):
                return JSONResponse(reply.whole(event.answer))
            if isinstance(event, answers.Failed):
                error = stopping() if house.overdue else event.error
                return answer_openai(error, vouch=reply.beside(event.answer))
    raise AssertionError("an answer's events end with Done or Failed")


def _chunks(house: House, events: Generator[answers.Event], reply: ChatReply) -> Generator[Event]:
    """Yields a reply's chunks: none before its first words, so that what fails before them has a status."""
    answer_id = ""
    first = True
    with closing(events):
        for event in events:
            if isinstance(event, answers.PassagesFound):
                answer_id = event.id
            elif isinstance(event, answers.TextDelta):
                text = event.text.lstrip() if first else event.text
                if text:
                    yield "chunk", reply.chunk(answer_id, text, first=first)
                    first = False
            elif isinstance(event, answers.Done):
                if below := reply.below(event.answer):
                    yield "chunk", reply.chunk(answer_id, below, first=first)
                for last in reply.last(event.answer):
                    yield "chunk", last
                yield "done", None
            elif isinstance(event, answers.Failed):
                error = stopping() if house.overdue else event.error
                yield Refusal(error, {"vouch": reply.beside(event.answer)})
