"""The built-in model as a LangChain chat model.

It reads the same prompt as any other model and answers with the sentences that hold the answer, quoted, each
with its marker. It needs no key, no network and no weights of its own, and gives the same answer to the same
prompt.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from rag.prompts.prompting import Message, estimate_tokens, read_prompt
from rag.reading.meaning import Embed
from rag.reading.sentences import answer_prompt


class ExtractiveChatModel(BaseChatModel):
    """A LangChain chat model without a language model in it.

    Args:
        embed: embeds questions and sentences, where an embedder is at hand.
    """

    embed: Embed | None = None

    @property
    def _llm_type(self) -> str:
        return "vouch-extractive"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **_: Any,
    ) -> ChatResult:
        text = "".join(str(chunk.message.content) for chunk in self._stream(messages, stop))
        message = AIMessage(
            text, response_metadata={"finish_reason": "stop"}, usage_metadata=_usage(messages, text)
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **_: Any,
    ) -> Iterator[ChatGenerationChunk]:
        parts = []
        for part in answer_prompt(read_prompt(_from_langchain(messages)), self.embed):
            parts.append(part)
            yield ChatGenerationChunk(message=AIMessageChunk(content=part))
        last = AIMessageChunk(
            content="",
            response_metadata={"finish_reason": "stop"},
            usage_metadata=_usage(messages, "".join(parts)),
        )
        yield ChatGenerationChunk(message=last)


def _usage(messages: Sequence[BaseMessage], text: str) -> Any:
    read, written = sum(estimate_tokens(str(m.content)) for m in messages), estimate_tokens(text)
    return {"input_tokens": read, "output_tokens": written, "total_tokens": read + written}


def _from_langchain(messages: Sequence[BaseMessage]) -> list[Message]:
    roles = {"system": "system", "human": "user", "ai": "assistant"}
    return [Message(roles[m.type], str(m.content)) for m in messages if m.type in roles]  # type: ignore[arg-type]
