"""Where each provider is found: its package and the class in it, the variables of its key, its address."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from rag.models.cards import ModelSettings


@dataclass(frozen=True, slots=True)
class Vendor:
    """How a provider is reached: its package and the class in it, the variables of its key (the first
    is the one to name), and its address with the variable that may hold it.
    """

    package: str
    chat_class: str
    keys: tuple[str, ...] = ()
    base_url: str = ""
    base_url_env: str = ""


VENDORS: Mapping[str, Vendor] = {
    "openai": Vendor(
        "langchain-openai", "ChatOpenAI", ("OPENAI_API_KEY",), "https://api.openai.com/v1"
    ),
    "openai-compatible": Vendor("langchain-openai", "ChatOpenAI"),
    "azure": Vendor(
        "langchain-openai", "AzureChatOpenAI", ("AZURE_OPENAI_API_KEY",),
        base_url_env="AZURE_OPENAI_ENDPOINT",
    ),
    "anthropic": Vendor(
        "langchain-anthropic", "ChatAnthropic", ("ANTHROPIC_API_KEY",), "https://api.anthropic.com"
    ),
    "google": Vendor(
        "langchain-google-genai", "ChatGoogleGenerativeAI", ("GOOGLE_API_KEY", "GEMINI_API_KEY"),
        "https://generativelanguage.googleapis.com",
    ),
    "bedrock": Vendor("langchain-aws", "ChatBedrockConverse"),
    "mistral": Vendor(
        "langchain-mistralai", "ChatMistralAI", ("MISTRAL_API_KEY",), "https://api.mistral.ai/v1"
    ),
    "ollama": Vendor("langchain-ollama", "ChatOllama"),
    "transformers": Vendor("transformers", ""),
    "langchain": Vendor("langchain", ""),
}  # fmt: skip


def module_of(vendor: Vendor) -> str:
    """Returns the name by which a vendor's package is imported."""
    return vendor.package.replace("-", "_")


def address_of(settings: ModelSettings) -> str:
    """Returns where a model is reached, "" where its package knows or nothing says so."""
    vendor = VENDORS[settings.provider]
    if settings.base_url:
        return settings.base_url
    own = os.environ.get(vendor.base_url_env, "") if vendor.base_url_env else ""
    return own or vendor.base_url
