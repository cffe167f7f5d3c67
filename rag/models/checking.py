"""``vouch models check``: one tiny real call to a model, and what it shows to work."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal

from corpus.errors import VouchError
from rag.models.attempts import Delta, Finish
from rag.models.catalogue import ChosenModel
from rag.models.providers import stated_window
from rag.prompts.prompting import build_prompt

State = Literal["works", "fails", "unknown"]

QUESTION = "Count from one to five, in words."


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; ``code`` and ``hint`` where it fails."""

    what: str
    state: State
    detail: str
    code: str = ""
    hint: str = ""


def check_model(model: ChosenModel) -> list[Finding]:
    """Asks a model one short question and says what works. It costs what some fifty tokens cost.

    Whatever the model cannot do is a finding, not an exception.
    """
    try:
        chat = model.chat()
    except VouchError as error:
        return [_failed("set up", error)]
    found = [Finding("set up", "works", "Its package, key and address are here.")]
    prompt = build_prompt(QUESTION, (), model.budget, retrieval=False)
    pieces, first_s = 0, 0.0
    finish: Finish | None = None
    began = time.perf_counter()
    try:
        for item in model.stream(prompt.messages):
            if isinstance(item, Delta):
                pieces += 1
                first_s = first_s or time.perf_counter() - began
            else:
                finish = item
    except VouchError as error:
        return [*found, _failed("answer", error)]
    assert finish is not None  # a stream ends with one, or raises
    took = time.perf_counter() - began
    tries = f", on request {finish.attempts}" if finish.attempts > 1 else ""
    found.append(
        Finding(
            "answer",
            "works",
            f"{'The key is accepted; it' if model.has_key else 'It'} ended with {finish.reason!r} after "
            f"{took:.1f} s{tries}.",
        )
    )
    return [*found, _streaming(model, pieces, first_s), _usage(finish), _window(model, stated_window(chat))]


def _streaming(model: ChosenModel, pieces: int, first_s: float) -> Finding:
    if not model.streams:
        return Finding("streaming", "unknown", "It was not asked for (stream = false).")
    if pieces > 1:
        return Finding("streaming", "works", f"{pieces} pieces, the first after {first_s:.1f} s.")
    return Finding("streaming", "unknown", f"The answer came in {pieces} piece.")


def _usage(finish: Finish) -> Finding:
    if finish.input_tokens is None or finish.output_tokens is None:
        return Finding("usage", "unknown", "The provider counts no tokens; Vouch will estimate them.")
    return Finding("usage", "works", f"{finish.input_tokens} tokens read, {finish.output_tokens} written.")


def _window(model: ChosenModel, stated: int | None) -> Finding:
    used = model.budget.window
    if stated is None:
        return Finding(
            "context window", "unknown", f"The provider does not state it; {used:,} tokens are used."
        )
    if stated >= used:
        return Finding("context window", "works", f"{used:,} tokens are used of {stated:,}.")
    return Finding(
        "context window",
        "fails",
        f"{used:,} tokens are to be used, and the server takes {stated:,}.",
        "context_too_long",
        f"Set context_window = {stated} for this model.",
    )


def _failed(what: str, error: VouchError) -> Finding:
    return Finding(what, "fails", error.message, error.code, error.hint)
