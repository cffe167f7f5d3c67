"""How each provider is reached: its package, its key, and what its LangChain class is called with.

A provider's package is imported when one of its models is first asked. The SDKs' own retries and clocks are
off: :mod:`rag.upstream` has the retries, :mod:`rag.attempts` the clocks. A hosted service is given its own address, so
that no variable of a tracing service or gateway can send passages elsewhere.
"""

from __future__ import annotations

import base64
import importlib
import importlib.util
import os
import re
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from corpus.errors import ModelError, UsageError, VouchError
from rag.cards import ModelCard, ModelSettings
from rag.faults import redacted

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

UNKNOWN_WINDOW_TOKENS = 8192
"""The context window assumed for a model that states none, and the one asked of Ollama unless another is set."""


@dataclass(frozen=True, slots=True)
class _Vendor:
    """How a provider is reached: its extra, its package and the class in it, the variables of its key (the first
    is the one to name), and its address with the variable that may hold it.
    """

    extra: str
    package: str
    chat_class: str
    keys: tuple[str, ...] = ()
    base_url: str = ""
    base_url_env: str = ""


_VENDORS: Mapping[str, _Vendor] = {
    "openai": _Vendor(
        "openai", "langchain-openai", "ChatOpenAI", ("OPENAI_API_KEY",), "https://api.openai.com/v1"
    ),
    "openai-compatible": _Vendor("openai", "langchain-openai", "ChatOpenAI"),
    "azure": _Vendor(
        "openai", "langchain-openai", "AzureChatOpenAI", ("AZURE_OPENAI_API_KEY",),
        base_url_env="AZURE_OPENAI_ENDPOINT",
    ),
    "anthropic": _Vendor(
        "anthropic", "langchain-anthropic", "ChatAnthropic", ("ANTHROPIC_API_KEY",), "https://api.anthropic.com"
    ),
    "google": _Vendor(
        "google", "langchain-google-genai", "ChatGoogleGenerativeAI", ("GOOGLE_API_KEY", "GEMINI_API_KEY"),
        "https://generativelanguage.googleapis.com",
    ),
    "bedrock": _Vendor("bedrock", "langchain-aws", "ChatBedrockConverse"),
    "mistral": _Vendor(
        "mistral", "langchain-mistralai", "ChatMistralAI", ("MISTRAL_API_KEY",), "https://api.mistral.ai/v1"
    ),
    "ollama": _Vendor("ollama", "langchain-ollama", "ChatOllama"),
    "transformers": _Vendor("", "transformers", ""),
    "langchain": _Vendor("", "langchain", ""),
}  # fmt: skip

_SECRET = re.compile(r"key|token(?!s)|secret|password|credential|auth", re.IGNORECASE)
_MAY_HOLD_SECRETS = re.compile(rf"header|query|cookie|{_SECRET.pattern}", re.IGNORECASE)
_HARMLESS = re.compile(r"accept(-.*)?|content-type|user-agent", re.IGNORECASE)

_SHORTEST_UNNAMED = 8
"""A shorter value of a header or query whose name does not call it secret is a switch or a version; so is a shorter
number under any name (``token_limit``): redacting a 4 or a True would tear messages to pieces."""

AZURE_VERSION_ENV = "OPENAI_API_VERSION"
"""The variable that holds the version of Azure's API, where ``options`` names none."""


def window_of(card: ModelCard, settings: ModelSettings) -> int:
    """Returns the tokens of prompt and answer together that a model is used with."""
    if settings.context_window:
        return settings.context_window
    if card.provider == "ollama":  # what it can read costs memory; what it does read has to be said
        return min(card.context_window or UNKNOWN_WINDOW_TOKENS, UNKNOWN_WINDOW_TOKENS)
    return card.context_window or UNKNOWN_WINDOW_TOKENS


def key_of(name: str, settings: ModelSettings) -> str:
    """Returns a model's key, "" where it has none or needs none.

    Raises:
        ModelError: its key file cannot be read.
    """
    if settings.api_key_file:
        try:
            return Path(settings.api_key_file).expanduser().read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ModelError(
                f"The key file of {name} cannot be read: {type(error).__name__}.",
                code="model_no_key",
                hint=f"Look at api_key_file of [models.{name}] in vouch.toml.",
            ) from None
    if settings.api_key_env:
        return os.environ.get(settings.api_key_env, "")
    variables = _VENDORS[settings.provider].keys
    return next((key for variable in variables if (key := os.environ.get(variable, ""))), "")


def secrets_of(settings: ModelSettings, key: str) -> list[str]:
    """Returns what may never be shown: the key, what stands before the @ of an address, and of the options the
    headers, the query and whatever a name calls secret.
    """
    return [one for one in (key, *_passwords(_address(settings)), *_private(settings.options)) if one]


def missing(card: ModelCard, settings: ModelSettings, key: str) -> VouchError | None:
    """Returns what a model lacks to be asked on this machine, its package, key or address; None when nothing."""
    vendor = _VENDORS[card.provider]
    if importlib.util.find_spec(_module(vendor)) is None:
        wanted = f"vouch[{vendor.extra}]" if vendor.extra else vendor.package
        return ModelError(
            f"{card.name} needs the package {vendor.package}, which is not installed.",
            code="model_not_installed",
            hint=f"Install it: {_pip()} install '{wanted}'",
        )
    variable = settings.api_key_env or next(iter(vendor.keys), "")
    if variable and not key:
        return ModelError(
            f"{card.name} needs a key, and the environment variable {variable} is not set.",
            code="model_no_key",
            hint=f"export {variable}=…, or name a file in api_key_file.",
        )
    if card.provider == "bedrock":
        return _missing_of_bedrock(card.name, settings)
    if card.provider == "azure" and not (
        settings.options.get("api_version") or os.environ.get(AZURE_VERSION_ENV)
    ):
        return UsageError(
            f"[models.{card.name}] names no version of Azure's API.",
            code="bad_setting",
            hint=f'Say it: options = {{ api_version = "2024-10-21" }}, or export {AZURE_VERSION_ENV}=…',
        )
    if card.provider in ("azure", "openai-compatible") and not _address(settings):
        other = f", or export {vendor.base_url_env}=…" if vendor.base_url_env else ""
        example = "https://NAME.openai.azure.com" if card.provider == "azure" else "http://127.0.0.1:8001/v1"
        return UsageError(
            f"[models.{card.name}] has no base_url.",
            code="bad_setting",
            hint=f'For example base_url = "{example}"{other}.',
        )
    return None


def _pip() -> str:
    """Returns the pip of this program's environment, where that lies below the working folder: the pip that a shell
    finds is another's there. Elsewhere ``pip``, since a hint may go over HTTP and no path of this machine does.
    """
    own = Path(sys.prefix)
    below = own.is_relative_to(Path.cwd()) and os.environ.get("VIRTUAL_ENV") != str(own)
    return f"{(own / 'bin' / 'pip').relative_to(Path.cwd())}" if below else "pip"


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
            from rag.local import LocalChatModel

            return LocalChatModel.load(settings)
        if card.provider == "langchain":
            return _of_langchain(card, settings, key)
        vendor = _VENDORS[card.provider]
        make = getattr(importlib.import_module(_module(vendor)), vendor.chat_class)
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
    if address := _address(settings):
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

    What such a class calls its clocks is not known here: :mod:`rag.attempts` ends a call all the same.
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
            hint=f"Most often it is: {_pip()} install {package}",
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
    address = _address(settings) or f"https://bedrock-runtime.{_region(settings)}.amazonaws.com"
    return {"config": config, "max_retries": None, "base_url": address, "region_name": _region(settings)}


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


def _missing_of_bedrock(name: str, settings: ModelSettings) -> VouchError | None:
    import boto3

    if not _region(settings):
        return UsageError(
            f"{name} needs a region of AWS, and none is set.",
            code="bad_setting",
            hint='export AWS_REGION=eu-central-1, or options = { region_name = "eu-central-1" }.',
        )
    profile = settings.options.get("credentials_profile_name")
    if os.environ.get("AWS_BEARER_TOKEN_BEDROCK") or settings.options.get("aws_access_key_id"):
        return None
    try:
        found = boto3.Session(profile_name=profile).get_credentials()
    except Exception as error:  # a profile that there is not, a file that cannot be read
        return ModelError(
            f"The credentials of {name} cannot be read: {error}", code="model_no_key", hint="aws configure"
        )
    if found is None:
        return ModelError(
            f"{name} needs credentials of AWS, and there are none.",
            code="model_no_key",
            hint="export AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=…, or AWS_PROFILE=…, or run: aws configure",
        )
    return None


def _region(settings: ModelSettings) -> str:
    import boto3

    own = settings.options.get("region_name") or os.environ.get("AWS_REGION")
    try:
        return str(own or boto3.Session().region_name or "")
    except Exception:  # AWS_PROFILE names a profile that there is not; the credentials say so
        return ""


def _module(vendor: _Vendor) -> str:
    return vendor.package.replace("-", "_")


def _address(settings: ModelSettings) -> str:
    vendor = _VENDORS[settings.provider]
    if settings.base_url:
        return settings.base_url
    own = os.environ.get(vendor.base_url_env, "") if vendor.base_url_env else ""
    return own or vendor.base_url


def _private(value: Any, *, may: bool = False, named: bool = False) -> Iterator[str]:
    """Yields the secrets of an option, however deep in it, and of one like ``Bearer …`` the last part, too.

    ``may``: it is one of the headers or the query; ``named``: its own name calls it secret.
    """
    if isinstance(value, Mapping):
        for name, one in value.items():
            if not _HARMLESS.fullmatch(str(name)):
                inside = may or bool(_MAY_HOLD_SECRETS.search(str(name)))
                yield from _private(one, may=inside, named=bool(_SECRET.search(str(name))))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _private(one, may=may, named=named)
    elif may and ((named and isinstance(value, str)) or len(str(value)) >= _SHORTEST_UNNAMED):
        yield str(value)
        if len(last := str(value).rpartition(" ")[2]) >= _SHORTEST_UNNAMED:
            yield last


def _passwords(base_url: str) -> Iterator[str]:
    """Yields what stands before the @ of an address, as written, as meant, and as HTTP's basic authentication
    sends it.
    """
    try:
        userinfo, at, _ = urlsplit(base_url).netloc.rpartition("@")
    except ValueError:
        return
    if at:
        password = userinfo.partition(":")[2]
        basic = base64.b64encode(unquote(userinfo).encode()).decode()
        yield from (userinfo, unquote(userinfo), password, unquote(password), basic)
