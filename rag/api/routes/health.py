"""Is it alive, can it answer, and how is it doing."""

from __future__ import annotations

import os
from typing import Any

from fastapi import APIRouter

from corpus.embedding import processor
from corpus.types import OWNER
from rag.api.callers import LetIn
from rag.api.house import AnyHouse
from rag.api.readers import WantsJapanese
from rag.api.schemas import Alive, Health
from rag.as_json import to_json
from rag.words.troubles import in_japanese

router = APIRouter(tags=["health"])


@router.get("/live", summary="Is the process alive?")
async def live() -> Alive:
    """Answers as soon as the port is bound, however busy the threads are."""
    return Alive(status="ok")


@router.get("/ready", summary="Can it answer questions?")
async def ready(house: AnyHouse) -> Alive:
    """Answers 200 once questions can be asked, 503 with Retry-After before that and while it stops."""
    house.service  # noqa: B018 - it raises when there is none
    return Alive(status="ok")


@router.get("/health", summary="How is it doing, and why?")
def health(house: AnyHouse, japanese: WantsJapanese, let_in: LetIn) -> Health:
    """Always answers 200: ``status`` and ``problems`` tell. No document's name or text is in it.

    Who needs an access key and comes with none is told the status alone.
    """
    tell = in_japanese if japanese else str
    if house.failure is not None:
        told = [tell(house.failure.message)] if let_in else []
        return Health(status="degraded", problems=told, details={})
    service = house.peek()
    if service is None:
        return Health(status="starting", problems=[], details={})
    state = service.corpus.state()
    shown = to_json(state)
    for private in ("folder", "problems"):
        del shown[private]
    status = "stopping" if house.draining else "degraded" if state.problems else "ok"
    if not let_in:
        return Health(status=status, problems=[], details={})
    folder = str(state.folder)
    shown["embedding"] = to_json(service.embedder.running())
    shown["processor"] = processor()
    shown["collections"] = len(service.corpus.collections(OWNER))
    return Health(
        status=status,
        problems=[tell(one) for one in _without_folder(list(state.problems), folder)],
        details=_without_folder(shown, folder),
    )


def _without_folder(told: Any, folder: str) -> Any:
    """Returns what is told with the paths in it cut to their part within the data folder: who asks need not know
    where on the server it lies.
    """
    if isinstance(told, str):
        return told.replace(f"{folder}{os.sep}", "").replace(folder, "the data folder")
    if isinstance(told, dict):
        return {name: _without_folder(value, folder) for name, value in told.items()}
    return [_without_folder(value, folder) for value in told] if isinstance(told, list) else told
