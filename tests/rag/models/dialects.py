"""Scripted servers that speak as Anthropic's, Ollama's, Mistral's and Google's do, and the models that ask them."""

from __future__ import annotations

import json
from typing import Any

from tests.rag.scripted import Dialect, Turn, frame


class Anthropic(Dialect):
    """The Messages API: named events; what was read is told first, how it ended near the end."""

    def begin(self, request: dict[str, Any]) -> bytes:
        message = {
            "id": "m", "type": "message", "role": "assistant", "model": request["model"], "content": [],
            "stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 10_000, "output_tokens": 0},
        }  # fmt: skip
        start = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
        return frame({"type": "message_start", "message": message}, "message_start") + frame(
            start, "content_block_start"
        )

    def text(self, request: dict[str, Any], text: str) -> bytes:
        delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}
        return frame(delta, "content_block_delta")

    def end(self, request: dict[str, Any], turn: Turn) -> bytes:
        ended = {
            "type": "message_delta",
            "delta": {
                "stop_reason": {"stop": "end_turn", "length": "max_tokens"}[turn.finish],
                "stop_sequence": None,
            },
            "usage": {"input_tokens": 10_000, "output_tokens": len(turn.texts)},
        }
        return (
            frame({"type": "content_block_stop", "index": 0}, "content_block_stop")
            + frame(ended, "message_delta")
            + frame({"type": "message_stop"}, "message_stop")
        )


class Ollama(Dialect):
    """Ollama's own API: a JSON object a line, the last one with ``done``; an error is a text."""

    content_type = "application/x-ndjson"

    def text(self, request: dict[str, Any], text: str) -> bytes:
        return self._line(request, {"message": {"role": "assistant", "content": text}, "done": False})

    def end(self, request: dict[str, Any], turn: Turn) -> bytes:
        counted = {"prompt_eval_count": turn.input_tokens, "eval_count": len(turn.texts)}
        ended = {"message": {"role": "assistant", "content": ""}, "done": True, "done_reason": turn.finish}
        return self._line(request, ended | counted)

    def _line(self, request: dict[str, Any], data: dict[str, Any]) -> bytes:
        own = {"model": request["model"], "created_at": "2026-01-01T00:00:00Z"}
        return json.dumps(own | data, ensure_ascii=False).encode() + b"\n"


class Mistral(Dialect):
    """OpenAI's way, with the counts beside the end."""

    def end(self, request: dict[str, Any], turn: Turn) -> bytes:
        usage = {"prompt_tokens": 10_000, "completion_tokens": len(turn.texts), "total_tokens": 0}
        choice = {"index": 0, "delta": {"content": ""}, "finish_reason": turn.finish}
        return frame({"id": "s", "model": "m", "choices": [choice], "usage": usage}) + b"data: [DONE]\n\n"


DIALECTS: dict[str, Dialect] = {
    "openai-compatible": Dialect(),
    "anthropic": Anthropic(),
    "mistral": Mistral(),
    "ollama": Ollama(),
}
"""The dialects whose providers' packages are installed for the tests."""


def table(provider: str, base_url: str) -> dict[str, Any]:
    """Returns the table of vouch.toml that reaches a scripted server as that provider; its key is in OWN_KEY."""
    own = {"provider": provider, "model": "scripted", "base_url": base_url}
    if provider in ("anthropic", "ollama"):  # their addresses are without the version
        own["base_url"] = base_url.removesuffix("/v1")
    return own if provider == "ollama" else own | {"api_key_env": "OWN_KEY"}
