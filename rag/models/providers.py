"""How each provider is called: what its LangChain class is made with, and how it is left again.

A provider's package is imported when one of its models is first asked. The SDKs' own retries and clocks are
off: :mod:`rag.models.upstream` has the retries, :mod:`rag.models.attempts` the clocks. A hosted service is given its
own address, so that no variable of a tracing service or gateway can send passages elsewhere.
"""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from corpus.errors import ModelError, UsageError, VouchError
from rag.models.cards import ModelCard, ModelSettings
from rag.models.faults import redacted
from rag.models.lacking import missing, pip, region_of
from rag.models.vendors import VENDORS, address_of, module_of

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

UNKNOWN_WINDOW_TOKENS = 8192
"""The context window assumed for a model that states none, and the one asked of Ollama unless another is set."""


def window_of(card: ModelCard, settings: ModelSettings) -> int:
    """Returns the tokens of prompt and answer together that a model is used with."""
    if settings.context_window:
        return settings.context_window
    if card.provider == "ollama":  # what it can read costs memory; what it does read has to be said
        return min(card.context_window or UNKNOWN_WINDOW_TOKENS, UNKNOWN_WINDOW_TOKENS)
    return card.context_window or UNKNOWN_WINDOW_TOKENS


def chat_model(card: ModelCard, settings: ModelSettings, key: str, secrets: Sequence[str]) -> BaseChatModel:
    """Makes the provider's LangChain chat model, its own retries and clocks off.

    Raises:
        VouchError: its package, its key or its address is missing, or its settings are refused.
    """
    lacking = missing(card, settings, key)
    if lacking is not None:
        raise lacking
    try:
        if card.provider == "transformers":
            from rag.models.local import LocalChatModel

            return LocalChatModel.load(settings)
        if card.provider == "langchain":
            return _of_langchain(card, settings, key)
        vendor = VENDORS[card.provider]
        make = getattr(importlib.import_module(module_of(vendor)), vendor.chat_class)
        given = arguments(card, settings, key) | dict(settings.options)
        chat: BaseChatModel = make(model=settings.model, **given)
        _set_clocks(chat, settings)
    except VouchError:
        raise
    except Exception as error:  # any provider's own validation; its message may hold the key
        raise ModelError(
            f"{card.name} cannot be set up: {redacted(str(error), secrets)}",
            code="model_bad_settings",
            hint=f"Look at [models.{card.name}] in vouch.toml.",
        ) from None
    return chat


def arguments(card: ModelCard, settings: ModelSettings, key: str) -> dict[str, Any]:
    """Returns what the provider's class is called with: the same things, under each vendor's own names."""
    given: dict[str, Any] = {}
    if settings.temperature is not None and card.takes_temperature is not False:
        given["temperature"] = settings.temperature
    if address := address_of(settings):
        given["azure_endpoint" if settings.provider == "azure" else "base_url"] = address
    if settings.provider == "ollama":
        return given | _ollama(card, settings, key)
    given |= {"max_tokens": settings.max_output_tokens, "max_retries": 0}
    if key:
        given["api_key"] = key
    own = _OWN_ARGUMENTS.get(settings.provider)
    return given | (own(settings, key) if own else {})


async def hang_up(chat: BaseChatModel | None) -> None:
    """Gives back the connections that a model keeps for its next call; on the loop that made them."""
    own = vars(chat) if chat is not None else {}
    private = getattr(chat, "__pydantic_private__", None) or {}
    ways: list[Callable[[], Awaitable[object]] | None] = [
        getattr(own.get("http_async_client"), "aclose", None),  # OpenAI, Azure
        getattr(own.get("_async_client"), "close", None),  # Anthropic
        getattr(own.get("async_client"), "aclose", None),  # Mistral
        getattr(getattr(private.get("_async_client"), "_client", None), "aclose", None),  # Ollama
        getattr(getattr(own.get("client"), "aio", None), "aclose", None),  # Google
    ]
    for close in ways:
        if close is not None:
            await close()


def stated_window(chat: BaseChatModel) -> int | None:
    """Returns the context window that a server states of a model beside its replies, None where it states none.

    vLLM and its like do so in their list of models, Ollama in what it shows of one.
    """
    private = getattr(chat, "__pydantic_private__", None) or {}
    try:
        if (client := private.get("_client")) is not None and hasattr(client, "show"):  # Ollama
            told: Mapping[str, Any] = client.show(chat.model).modelinfo or {}  # type: ignore[attr-defined]
            return next(
                (int(value) for name, value in told.items() if name.endswith(".context_length")), None
            )
        if (root := vars(chat).get("root_client")) is not None:  # OpenAI and those like it
            with root.with_options(timeout=5.0, max_retries=0) as client:
                listed = {one.id: one.model_extra or {} for one in client.models.list().data}
            own = listed.get(chat.model_name, {})  # type: ignore[attr-defined]
            stated = own.get("max_model_len") or own.get("context_length")
            return int(stated) if stated else None
    except Exception:  # whatever its SDK raises, it does not say
        return None
    return None


# ---- what is particular to one ---------------------------------------------------------------------


def _of_langchain(card: ModelCard, settings: ModelSettings, key: str) -> BaseChatModel:
    """Makes a model of any other provider that LangChain knows: its ``model`` is LangChain's provider:model.

    What such a class calls its clocks is not known here: :mod:`rag.models.attempts` ends a call all the same.
    """
    from langchain.chat_models import init_chat_model

    provider, colon, model = settings.model.partition(":")
    if not (provider and colon and model):
        raise UsageError(
            f"[models.{card.name}] names no provider: model = {settings.model!r}.",
            code="bad_setting",
            hint='Name LangChain\'s provider and the model: model = "groq:llama-3.3-70b-versatile".',
        )
    given = arguments(card, settings, key) | dict(settings.options)
    try:
        chat: BaseChatModel = init_chat_model(model, model_provider=provider, **given)
    except ImportError as error:
        package = f"langchain-{provider.replace('_', '-')}"
        raise ModelError(
            f"{card.name} needs a package of LangChain that is not installed: {error}",
            code="model_not_installed",
            hint=f"Most often it is: {pip()} install {package}",
        ) from None
    return chat


def _openai(settings: ModelSettings, key: str) -> dict[str, Any]:
    import openai

    clocks = openai.Timeout(None, connect=settings.connect_s)
    return {
        "timeout": clocks,
        # A client of its own, to be closed with it; LangChain's is shared by all, and by their loops.
        "http_async_client": openai.DefaultAsyncHttpxClient(timeout=clocks),
        "stream_chunk_timeout": None,
        "stream_usage": settings.stream_usage,
        "api_key": key or "none",
    }


def _google(settings: ModelSettings, key: str) -> dict[str, Any]:
    # Its SDK takes 0 for "as often as I like", and 1 for the one request without a retry.
    return {"max_retries": 1, "vertexai": False}


def _bedrock(settings: ModelSettings, key: str) -> dict[str, Any]:
    from botocore.config import Config

    config = Config(
        connect_timeout=settings.connect_s,
        # It reads on a thread, which nothing but this wakes from a silence.
        read_timeout=max(settings.first_token_s, settings.idle_s),
        retries={"total_max_attempts": 1, "mode": "standard"},
    )
    address = address_of(settings) or f"https://bedrock-runtime.{region_of(settings)}.amazonaws.com"
    return {"config": config, "max_retries": None, "base_url": address, "region_name": region_of(settings)}


def _ollama(card: ModelCard, settings: ModelSettings, key: str) -> dict[str, Any]:
    import httpx

    given: dict[str, Any] = {
        "num_predict": settings.max_output_tokens,
        "num_ctx": window_of(card, settings),
        "client_kwargs": {"timeout": httpx.Timeout(None, connect=settings.connect_s)},
    }
    if key:
        given["client_kwargs"]["headers"] = {"Authorization": f"Bearer {key}"}
    return given


_OWN_ARGUMENTS: Mapping[str, Callable[[ModelSettings, str], dict[str, Any]]] = {
    "openai": _openai,
    "openai-compatible": _openai,
    "azure": _openai,
    "google": _google,
    "bedrock": _bedrock,
}


def _set_clocks(chat: BaseChatModel, settings: ModelSettings) -> None:
    """Leaves the connect clock alone running, in the classes that take a single number for all clocks."""
    if settings.provider == "anthropic":
        import anthropic

        clocks = anthropic.Timeout(None, connect=settings.connect_s)
        # Of its own, for the reason given at OpenAI's: what LangChain makes here is shared by all.
        vars(chat)["_async_client"] = anthropic.AsyncAnthropic(
            **{**chat._client_params, "timeout": clocks},  # type: ignore[attr-defined]
            http_client=anthropic.DefaultAsyncHttpxClient(timeout=clocks),
        )
    elif settings.provider == "mistral":
        import httpx

        chat.async_client.timeout = httpx.Timeout(None, connect=settings.connect_s)  # type: ignore[attr-defined]
