"""The built-in model as a LangChain chat model.

It reads the same prompt as any other model and answers with the sentences that hold the answer, quoted, each
with its marker. It needs no key, no network and no weights of its own, and gives the same answer to the same
prompt.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from corpus.embedding import Embedder
from corpus.errors import EmbeddingError
from corpus.types import Float32
from rag.prompts.prompting import Message, estimate_tokens, read_prompt
from rag.reading.sentences import Embed, answer_prompt


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


def embed_with(embedder: Embedder) -> Embed:
    """Returns an :data:`~rag.reading.sentences.Embed`: the question first, then the sentences,
    cut to what the model reads.
    """

    def embed(texts: Sequence[str]) -> Float32 | None:
        question, *rest = texts
        if not embedder.covers(question):
            return None
        counts = embedder.count_tokens(rest)
        while any(count > embedder.max_tokens for count in counts):
            rest = [
                text[: len(text) * embedder.max_tokens // count] if count > embedder.max_tokens else text
                for text, count in zip(rest, counts, strict=True)
            ]
            counts = embedder.count_tokens(rest)
        try:
            return np.vstack([embedder.embed_query(question)[None, :], embedder.embed_passages(rest)])
        except EmbeddingError:
            return None  # a model that cannot be loaded: the words alone decide, as in retrieval

    return embed


def _usage(messages: Sequence[BaseMessage], text: str) -> Any:
    read, written = sum(estimate_tokens(str(m.content)) for m in messages), estimate_tokens(text)
    return {"input_tokens": read, "output_tokens": written, "total_tokens": read + written}


def _from_langchain(messages: Sequence[BaseMessage]) -> list[Message]:
    roles = {"system": "system", "human": "user", "ai": "assistant"}
    return [Message(roles[m.type], str(m.content)) for m in messages if m.type in roles]  # type: ignore[arg-type]
