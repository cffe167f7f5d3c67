"""A model of one's own machine, run in this process by Transformers, as a LangChain chat model.

LangChain's own class for it can neither stream in an asynchronous loop nor be stopped. This one gives each
word as it is written, says how it ended and what it counted, and ends the writing when the asker has left.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.chat_models import generate_from_stream
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from pydantic import PrivateAttr

from corpus.embedding.model import go_offline
from corpus.errors import ModelError, UsageError
from rag.models.cards import ModelSettings


class LocalChatModel(BaseChatModel):
    """A chat model whose weights lie on this machine. It answers one question at a time.

    ``temperature`` 0 (or None) takes the likeliest token each time, which gives the same answer to the same
    prompt.
    """

    max_new_tokens: int
    temperature: float | None = None
    _model: Any = PrivateAttr()
    _tokenizer: Any = PrivateAttr()
    _turn: threading.Lock = PrivateAttr(default_factory=threading.Lock)

    @classmethod
    def load(cls, settings: ModelSettings) -> LocalChatModel:
        """Loads a model's folder, or what was fetched of it from the Hugging Face hub; nothing is fetched here.

        Raises:
            ModelError: it is not on this machine, or no model that can be loaded.
            UsageError: it has no chat template, so it cannot be asked.
        """
        go_offline()
        from transformers import AutoModelForCausalLM, AutoTokenizer

        named = settings.model
        try:
            tokenizer = AutoTokenizer.from_pretrained(named, local_files_only=True)
            model = AutoModelForCausalLM.from_pretrained(
                named, local_files_only=True, **dict(settings.options)
            )
        except OSError as error:
            folder = Path(named).expanduser()
            raise ModelError(
                f"The model {folder.name} is not on this machine: {type(error).__name__}.",
                code="model_not_installed",
                hint="Name its folder as model."
                if folder.is_absolute()
                else f"Fetch it: hf download {named}",
            ) from None
        if not tokenizer.chat_template:
            raise UsageError(
                f"The model {Path(named).name} has no chat template: it was not made to be asked.",
                code="bad_setting",
                hint="Choose an instruction-tuned model; its tokenizer says how turns are written.",
            )
        made = cls(max_new_tokens=settings.max_output_tokens, temperature=settings.temperature)
        made._model, made._tokenizer = model, tokenizer
        return made

    @property
    def _llm_type(self) -> str:
        return "vouch-local"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **_: Any,
    ) -> ChatResult:
        return generate_from_stream(self._stream(messages, stop))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **_: Any,
    ) -> Iterator[ChatGenerationChunk]:
        pieces: list[AIMessageChunk] = []
        self._write(messages, pieces.append, threading.Event())
        yield from (ChatGenerationChunk(message=piece) for piece in pieces)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **_: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        loop = asyncio.get_running_loop()
        inbox: asyncio.Queue[AIMessageChunk | BaseException | None] = asyncio.Queue()
        left = threading.Event()

        def tell(piece: AIMessageChunk | BaseException | None) -> None:
            if not left.is_set():  # the loop may have ended with its last reader
                loop.call_soon_threadsafe(inbox.put_nowait, piece)

        def work() -> None:
            try:
                self._write(messages, tell, left)
                tell(None)
            except BaseException as error:  # told where it was asked for
                tell(error)

        threading.Thread(target=work, name="vouch-local-model", daemon=True).start()
        try:
            while (piece := await inbox.get()) is not None:
                if isinstance(piece, BaseException):
                    raise piece
                yield ChatGenerationChunk(message=piece)
        finally:
            left.set()

    def _write(
        self, messages: list[BaseMessage], tell: Callable[[AIMessageChunk], None], left: threading.Event
    ) -> None:
        """Writes an answer, telling each piece as it comes, until its end or until the asker has left."""
        import torch
        from transformers import StoppingCriteria, StoppingCriteriaList, TextStreamer

        class Told(TextStreamer):
            def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
                if text:
                    tell(AIMessageChunk(content=text))

        class Left(StoppingCriteria):
            def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
                return torch.full((len(input_ids),), left.is_set(), device=input_ids.device)

        roles = {"human": "user", "ai": "assistant"}
        turns = [{"role": roles.get(one.type, one.type), "content": str(one.content)} for one in messages]
        read = self._tokenizer.apply_chat_template(
            turns, add_generation_prompt=True, return_tensors="pt", return_dict=True
        ).to(self._model.device)
        length = read["input_ids"].shape[1]
        warm: Mapping[str, Any] = {"do_sample": True, "temperature": self.temperature}
        with self._turn, torch.inference_mode():
            if left.is_set():
                return
            written = self._model.generate(
                **read,
                max_new_tokens=self.max_new_tokens,
                streamer=Told(self._tokenizer, skip_prompt=True, skip_special_tokens=True),
                stopping_criteria=StoppingCriteriaList([Left()]),
                pad_token_id=self._tokenizer.pad_token_id or self._tokenizer.eos_token_id,
                **(warm if self.temperature else {"do_sample": False}),
            )[0][length:]
        if not left.is_set():
            tell(_end(length, len(written), cut=len(written) >= self.max_new_tokens))


def _end(read: int, written: int, *, cut: bool) -> AIMessageChunk:
    usage = UsageMetadata(input_tokens=read, output_tokens=written, total_tokens=read + written)
    reason = "length" if cut else "stop"
    return AIMessageChunk(content="", response_metadata={"finish_reason": reason}, usage_metadata=usage)
