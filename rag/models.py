"""The model catalogue's front door, and the home of LangChain's chat models.

A model is chosen by its name in the catalogue or in ``vouch.toml``. LangChain and a provider's package are
imported when the model is first used. The SDKs' own retries and clocks are off: :mod:`rag.upstream` has the
retries, :mod:`rag.attempts` the clocks.
"""

from __future__ import annotations

import importlib.util
import os
import threading
from collections.abc import AsyncIterator, Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from corpus.errors import ModelError, NotFoundError, UsageError
from rag.attempts import Delta, Fault, Finish, LoopThread, Piece, Stop
from rag.breaker import Breaker, RetryBudget
from rag.cards import EXTRACTIVE, ModelCard, ModelSettings, read_models, shipped_cards
from rag.counting import counter_of
from rag.faults import explain, redacted
from rag.prompting import ESTIMATE, Budget, Message, TokenCounter
from rag.upstream import Provider

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

    from corpus.embedding import Embedder

UNKNOWN_WINDOW_TOKENS = 8192
"""The context window assumed for a model that states none."""


@dataclass(frozen=True, slots=True)
class _Vendor:
    """How a provider is reached: its package, its name in ``init_chat_model``, the variable of its key."""

    package: str
    langchain: str
    key_env: str = ""
    base_url: str = ""


_VENDORS: Mapping[str, _Vendor] = {
    "openai": _Vendor("langchain-openai", "openai", "OPENAI_API_KEY", "https://api.openai.com/v1"),
    "openai-compatible": _Vendor("langchain-openai", "openai"),
    "azure": _Vendor("langchain-openai", "azure_openai", "AZURE_OPENAI_API_KEY"),
    "anthropic": _Vendor("langchain-anthropic", "anthropic", "ANTHROPIC_API_KEY"),
    "google": _Vendor("langchain-google-genai", "google_genai", "GOOGLE_API_KEY"),
    "bedrock": _Vendor("langchain-aws", "bedrock_converse"),
    "mistral": _Vendor("langchain-mistralai", "mistralai", "MISTRAL_API_KEY"),
    "ollama": _Vendor("langchain-ollama", "ollama"),
    "transformers": _Vendor("langchain-huggingface", "huggingface"),
}


class ChosenModel:
    """A model that can be asked. Safe to use from any thread."""

    def __init__(
        self,
        card: ModelCard,
        settings: ModelSettings,
        provider: Provider,
        make: Callable[[], BaseChatModel],
        counter: TokenCounter = ESTIMATE,
        secrets: Sequence[str] = (),
    ) -> None:
        self.card = card
        self.name = card.name
        self._settings = settings
        self._provider = provider
        self._make = make
        self._counter = counter
        self._secrets = tuple(secret for secret in secrets if secret)
        self._lock = threading.Lock()
        self._chat: BaseChatModel | None = None

    @property
    def budget(self) -> Budget:
        """The window and the part of it kept for the answer, with the counter that measures both."""
        window = self.card.context_window or UNKNOWN_WINDOW_TOKENS
        return Budget(window, min(self._settings.max_output_tokens, window // 2), self._counter)

    def chat(self) -> BaseChatModel:
        """Returns the LangChain chat model behind this, made when first needed.

        Raises:
            ModelError: its package or its key is missing.
        """
        with self._lock:
            if self._chat is None:
                self._chat = self._make()
            return self._chat

    async def release(self) -> None:
        """Gives back the connections that are kept for the next call; on the loop that made them."""
        client = getattr(self._chat, "http_async_client", None)
        if client is not None:
            await client.aclose()

    def stream(self, messages: Sequence[Message], stop: Stop | None = None) -> Generator[Delta | Finish]:
        """Yields the reply as it comes; see :meth:`rag.upstream.Provider.stream`."""
        request = _Request(self.chat(), messages, self._settings.stream, self._secrets, self.name)
        return self._provider.stream(request, self._settings.clocks, stop)


class Models:
    """Every model that can be chosen. Close it when the service ends.

    Args:
        tables: the ``[models.NAME]`` tables of ``vouch.toml``.
        default: the model used where none is named; also ``provider:model`` of a shipped provider.
        extractive: makes the built-in chat model (:func:`built_in`).
    """

    def __init__(
        self,
        tables: Mapping[str, Mapping[str, Any]] | None = None,
        default: str = EXTRACTIVE,
        extractive: Callable[[], BaseChatModel] | None = None,
    ) -> None:
        self._own = read_models(tables or {})
        self._loop = LoopThread()
        self._health: dict[tuple[str, str], tuple[Breaker, RetryBudget]] = {}
        self._open: dict[str, ChosenModel] = {}
        self._lock = threading.Lock()
        self._extractive = extractive or built_in()
        own = {name: settings.card(name) for name, settings in self._own.items()}
        self._cards = {card.name: card for card in shipped_cards()} | own
        self.default = default
        if default not in self._cards:
            card = _ad_hoc(default, self._cards)
            if card is None:
                raise UsageError(
                    f"The default model {default!r} is neither in the catalogue nor in vouch.toml.",
                    code="model_unknown",
                    hint="`vouch models` lists all; provider:model works too, e.g. openai:gpt-4o-mini.",
                )
            self._cards[default] = card

    def cards(self) -> tuple[ModelCard, ...]:
        """Returns every card: the built-in model, the shipped catalogue, the user's own."""
        return tuple(self._cards.values())

    def card(self, name: str = "", *, listed: bool = False) -> ModelCard:
        """Returns a card by name (default: the default model's).

        Args:
            name: a name in :meth:`cards`, or provider:model.
            listed: only what stands in :meth:`cards`, for those who are not to choose what the keys pay for.

        Raises:
            NotFoundError: there is no such model.
        """
        card = self._cards.get(name or self.default)
        if card is None and not listed:
            card = _ad_hoc(name, self._cards)
        if card is None:
            near = ", ".join(n for n in self._cards if name.casefold() in n.casefold()) if name else ""
            raise NotFoundError(
                f"There is no model {name!r}.",
                code="model_unknown",
                hint=(f"Did you mean: {near}? " if near else "")
                + "`vouch models` lists all; add your own as [models.NAME] in vouch.toml.",
            )
        return card

    def open(self, name: str = "") -> ChosenModel:
        """Returns a model ready to be asked (default: the default model).

        Raises:
            NotFoundError: there is no such model.
            UsageError: it is no chat model, or its settings lack something.
        """
        card = self.card(name)
        with self._lock:
            if card.name not in self._open:
                self._open[card.name] = self._build(card)
            return self._open[card.name]

    def close(self) -> None:
        """Ends every call that is under way, and every connection."""
        self._loop.close([model.release for model in self._open.values()])

    def _build(self, card: ModelCard) -> ChosenModel:
        if card.task != "chat":
            raise UsageError(
                f"{card.name} is a model for {card.task}, not for answers.", code="model_not_chat"
            )
        settings = self._own.get(card.name) or _settings_of(card)
        where = (card.provider, settings.base_url)  # never told to anybody: it may hold a password
        breaker, budget = self._health.setdefault(where, (Breaker(), RetryBudget()))
        provider = Provider(
            card.name, self._loop, max_concurrent=settings.max_concurrent, breaker=breaker, budget=budget
        )
        if card.provider == "built-in":
            return ChosenModel(card, settings, provider, self._extractive)
        key = _key(card.name, settings)
        secrets = [key, *_passwords(settings.base_url)]
        return ChosenModel(
            card,
            settings,
            provider,
            lambda: _chat_model(card, settings, key, secrets),
            counter_of(settings),
            secrets,
        )


def _ad_hoc(name: str, cards: Mapping[str, ModelCard]) -> ModelCard | None:
    """Returns the card of a provider:model that stands nowhere; None when the name is no such thing."""
    provider, _, model = name.partition(":")
    if provider not in _VENDORS or not model:
        return None
    known = next((c for c in cards.values() if c.provider == provider and c.model == model), None)
    if known:
        return known.model_copy(update={"name": name})
    return ModelCard(name=name, provider=provider, model=model, origin="vouch.toml")


def _settings_of(card: ModelCard) -> ModelSettings:
    output = min(1024, card.max_output_tokens or 1024)
    return ModelSettings(provider=card.provider, model=card.model, max_output_tokens=output)


def built_in(embedder: Embedder | None = None) -> Callable[[], BaseChatModel]:
    """Returns what makes the built-in chat model, for :class:`Models`;
    with an embedder it reads by meaning too.
    """

    def make() -> BaseChatModel:
        from rag.extractive import ExtractiveChatModel, embed_with

        return ExtractiveChatModel(embed=embed_with(embedder) if embedder else None)

    return make


def _passwords(base_url: str) -> list[str]:
    """Returns what stands before the @ of an address, as written and as meant."""
    try:
        userinfo, at, _ = urlsplit(base_url).netloc.rpartition("@")
    except ValueError:
        return []
    password = userinfo.partition(":")[2]
    return [userinfo, unquote(userinfo), password, unquote(password)] if at else []


def _key(name: str, settings: ModelSettings) -> str:
    if settings.api_key_file:
        try:
            return Path(settings.api_key_file).expanduser().read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ModelError(
                f"The key file of {name} cannot be read: {type(error).__name__}.",
                code="model_no_key",
                hint=f"Look at api_key_file of [models.{name}] in vouch.toml.",
            ) from None
    vendor = _VENDORS[settings.provider]
    return (
        os.environ.get(settings.api_key_env or vendor.key_env, "")
        if settings.api_key_env or vendor.key_env
        else ""
    )


def _chat_model(card: ModelCard, settings: ModelSettings, key: str, secrets: Sequence[str]) -> BaseChatModel:
    """Makes the provider's LangChain chat model, its own retries and clocks off."""
    vendor = _VENDORS[card.provider]
    for package in ("langchain", vendor.package):
        if importlib.util.find_spec(package.replace("-", "_")) is None:
            raise ModelError(
                f"{card.name} needs the package {package}, which is not installed.",
                code="model_not_installed",
                hint=f"Install it: pip install {package}",
            )
    variable = settings.api_key_env or vendor.key_env
    if variable and not key:
        raise ModelError(
            f"{card.name} needs a key, and the environment variable {variable} is not set.",
            code="model_no_key",
            hint=f"export {variable}=…, or name a file in api_key_file.",
        )
    if card.provider == "openai-compatible" and not settings.base_url:
        raise UsageError(
            f"[models.{card.name}] has no base_url.",
            code="bad_setting",
            hint='For example base_url = "http://127.0.0.1:8001/v1".',
        )
    from langchain.chat_models import init_chat_model

    given = _arguments(settings, vendor, key) | dict(settings.options)
    try:
        model: BaseChatModel = init_chat_model(settings.model, model_provider=vendor.langchain, **given)
    except Exception as error:  # any provider's own validation; its message may hold the key
        raise ModelError(
            f"{card.name} cannot be set up: {redacted(str(error), secrets)}",
            code="model_bad_settings",
            hint=f"Look at [models.{card.name}] in vouch.toml.",
        ) from None
    return model


def _arguments(settings: ModelSettings, vendor: _Vendor, key: str) -> dict[str, Any]:
    """Returns what the provider's class is called with: the same things, under each vendor's own names."""
    given: dict[str, Any] = {}
    if settings.temperature is not None:
        given["temperature"] = settings.temperature
    if settings.provider == "ollama":
        given["num_predict"] = settings.max_output_tokens
        if settings.context_window:
            given["num_ctx"] = settings.context_window
        given["client_kwargs"] = {"timeout": settings.total_s}
    elif settings.provider == "transformers":
        given = {"task": "text-generation", "pipeline_kwargs": {"max_new_tokens": settings.max_output_tokens}}
    elif settings.provider == "bedrock":
        given["max_tokens"] = settings.max_output_tokens
    else:
        given |= {"max_tokens": settings.max_output_tokens, "max_retries": 0}
    if settings.provider in ("openai", "openai-compatible", "azure"):
        import openai

        given["timeout"] = openai.Timeout(None, connect=settings.connect_s)
        # A client of its own, to be closed with it; LangChain's is shared by all, and by their loops.
        given["http_async_client"] = openai.DefaultAsyncHttpxClient(timeout=given["timeout"])
        given["stream_chunk_timeout"] = None
        given["stream_usage"] = settings.stream_usage
        given["api_key"] = key or "none"
    elif key:
        given["api_key"] = key
    base_url = settings.base_url or vendor.base_url
    if base_url:
        given["azure_endpoint" if settings.provider == "azure" else "base_url"] = base_url
    return given


# ---- LangChain's messages and chunks ---------------------------------------------------------------


class _Request:
    """One request to a LangChain chat model (a :class:`rag.attempts.Source`)."""

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
                yield _piece(await self._chat.ainvoke(messages))
                return
            async for chunk in self._chat.astream(messages):
                yield _piece(chunk)

    def explain(self, error: BaseException) -> Fault:
        fault = explain(error)
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
}  # fmt: skip


def _piece(message: Any) -> Piece:
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
