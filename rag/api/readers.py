"""In which language a reader is told what the service says of itself, of jobs and of files: ``Accept-Language``."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request

from rag.words.troubles import in_japanese

_SENTENCES = frozenset({"message", "hint", "slower", "stopped"})
"""What holds sentences for people in errors and in the reports of jobs."""


def wants_japanese(request: Request) -> bool:
    """Says whether the first language that a reader asks for is Japanese; nobody who asks for none."""
    asked = request.headers.get("accept-language", "").partition(",")[0]
    return asked.partition(";")[0].strip().lower().partition("-")[0] == "ja"


async def _wants_japanese(request: Request) -> bool:
    return wants_japanese(request)


WantsJapanese = Annotated[bool, Depends(_wants_japanese)]


def retell(told: Any, japanese: bool) -> Any:
    """Returns JSON with the sentences in it in the reader's language: those of errors and of the reports of files."""
    if not japanese:
        return told
    if isinstance(told, dict):
        return {
            name: in_japanese(value)
            if name in _SENTENCES and isinstance(value, str)
            else retell(value, japanese)
            for name, value in told.items()
        }
    return [retell(one, japanese) for one in told] if isinstance(told, list) else told
