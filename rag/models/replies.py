"""LangChain's messages in, the pieces of a reply out, whatever the vendor calls what it says."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rag.models.attempts import Fault, Piece
from rag.models.faults import explain, redacted
from rag.prompts.prompting import Message

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage


class Request:
    """One request to a LangChain chat model (a :class:`rag.models.attempts.Source`)."""

    def __init__(
        self,
        chat: BaseChatModel,
        messages: Sequence[Message],
        stream: bool,
        secrets: Sequence[str],
        name: str,
    ) -> None:
        self._chat = chat
        self._messages = messages
        self._stream = stream
        self._secrets = secrets
        self._name = name

    async def pieces(self) -> AsyncIterator[Piece]:
        from langsmith import tracing_context

        # An environment variable of LangSmith must not send a company's passages to a tracing service.
        with tracing_context(enabled=False):
            messages = _to_langchain(self._messages)
            if not self._stream:
                yield piece_of(await self._chat.ainvoke(messages))
                return
            async for chunk in self._chat.astream(messages):
                yield piece_of(chunk)

    def explain(self, error: BaseException) -> Fault:
        fault = explain(error, self._secrets)
        return replace(fault, message=f"{self._name}: {redacted(fault.message, self._secrets)}")


def _to_langchain(messages: Sequence[Message]) -> list[BaseMessage]:
    from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

    kinds = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}
    return [kinds[message.role](content=message.text) for message in messages]


_REASON_KEYS = ("finish_reason", "stop_reason", "stopReason", "done_reason")
_REASONS = {
    "stop": "stop", "end_turn": "stop", "stop_sequence": "stop", "eos": "stop", "eos_token": "stop",
    "length": "length", "max_tokens": "length", "model_length": "length",
    "model_context_window_exceeded": "length",
    "content_filter": "content_filter", "safety": "content_filter", "refusal": "content_filter",
    "content_filtered": "content_filter", "guardrail_intervened": "content_filter",
    "recitation": "content_filter", "prohibited_content": "content_filter", "blocklist": "content_filter",
    "spii": "content_filter",
    # Said in the place of an end, and none.
    "error": "", "finish_reason_unspecified": "",
}  # fmt: skip


def piece_of(message: Any) -> Piece:
    """Returns what a LangChain message (chunk) brought, whatever the vendor calls it."""
    metadata = message.response_metadata or {}
    reason = next((str(metadata[key]) for key in _REASON_KEYS if metadata.get(key)), "")
    usage = message.usage_metadata or {}
    text = message.text if isinstance(message.text, str) else str(message.text)
    content = message.content
    thought = isinstance(content, list) and bool(content)
    return Piece(
        text=text,
        alive=thought or bool(message.additional_kwargs),
        finish=_REASONS.get(reason.casefold(), reason),
        input_tokens=usage.get("input_tokens"),
        output_tokens=usage.get("output_tokens"),
    )
