"""What a command can have the owner do that asks: answers, their receipts and approved examples.

Operations of :mod:`rag.owner.operations`, which imports them when one is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rag.asking.answers import Ask, Done, Failed
from rag.asking.comparison import Arm
from rag.models.attempts import Stop
from rag.owner.control import Cancelled, Emit, watching
from rag.owner.operations import Params, limits
from rag.prompts.prompting import NOT_IN_DOCUMENTS, Message
from rag.prompts.templates import Template, read_template
from rag.receipts.receipt import summary
from rag.receipts.replaying import replay_json
from rag.service import Service
from rag.wire import answer_json, comparison_json, event_json


def ask(service: Service, params: Params, emit: Emit, cancelled: Cancelled) -> Any:
    """Emits ``{"name", "data"}`` for each event of an answer and returns the answer, whole or in part."""
    stop = Stop()
    asked = Ask(
        **{name: value for name, value in params["ask"].items() if name not in ("history", "template")},
        history=tuple(Message(**turn) for turn in params["ask"].get("history", ())),
        template=template(service, params["ask"].get("template")),
    )
    with watching(cancelled, stop.set):
        for event in service.ask_events(asked, limits(service, params), stop=stop):
            for name, data in event_json(event):
                emit({"name": name, "data": data})
            if isinstance(event, Failed) and not event.answer.text:
                raise event.error
            if isinstance(event, Done | Failed):
                return answer_json(event.answer)
    raise AssertionError("an answer's events end with Done or Failed")


def compare(service: Service, params: Params, emit: Emit, cancelled: Cancelled) -> Any:
    """Returns a question's answers, one for each arm."""
    stop = Stop()
    arms = [Arm(**{**arm, "template": template(service, arm.get("template"))}) for arm in params["arms"]]
    with watching(cancelled, stop.set):
        return comparison_json(service.compare(params["question"], arms, limits(service, params), stop=stop))


def list_receipts(service: Service, params: Params, emit: Emit, cancelled: Cancelled) -> Any:
    """Returns the newest receipts."""
    return {"receipts": [summary(one) for one in service.corpus.receipts.recent(int(params["most"]))]}


def show_receipt(service: Service, params: Params, emit: Emit, cancelled: Cancelled) -> Any:
    """Returns a receipt."""
    return service.receipt(params["id"])


def replay(service: Service, params: Params, emit: Emit, cancelled: Cancelled) -> Any:
    """Searches and answers again what a receipt is of."""
    stop = Stop()
    with watching(cancelled, stop.set):
        return replay_json(service.replay(params["id"], generate=bool(params["generate"]), stop=stop))


def list_examples(service: Service, params: Params, emit: Emit, cancelled: Cancelled) -> Any:
    """Returns the approved examples."""
    return {"examples": service.examples.added()}


def add_example(service: Service, params: Params, emit: Emit, cancelled: Cancelled) -> Any:
    """Approves an example: of an answer that has a receipt, or of a question and passages."""
    answer = NOT_IN_DOCUMENTS if params["none"] else params["answer"]
    if params["from"]:
        receipt = service.receipt(params["from"])
        found, new = service.examples.add_answer(receipt, answer, consent=bool(params["yes"]))
    else:
        found, new = service.examples.add(params["question"], params["passages"], answer)
    return {"example": found, "added": new}


def remove_examples(service: Service, params: Params, emit: Emit, cancelled: Cancelled) -> Any:
    """Takes examples out."""
    return {"removed": service.examples.remove(params["ids"])}


def template(service: Service, given: str | Mapping[str, str] | None) -> Template | None:
    """Returns a template of the settings by its name, or one that the command read from a file."""
    return read_template(**given) if isinstance(given, Mapping) else service.template(given)
