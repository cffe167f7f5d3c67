"""What a model lacks, in words to type, and the providers whose packages are not installed for the tests."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from corpus.errors import ModelError, UsageError
from rag.models.cards import ModelSettings
from rag.models.catalogue import Models
from rag.models.lacking import missing

CANARY = "AKIACANARY0123456789"


@pytest.mark.parametrize(
    ("table", "unset", "words"),
    [
        ({"provider": "openai"}, ["OPENAI_API_KEY"], "export OPENAI_API_KEY"),
        ({"provider": "anthropic"}, ["ANTHROPIC_API_KEY"], "export ANTHROPIC_API_KEY"),
        ({"provider": "mistral"}, ["MISTRAL_API_KEY"], "export MISTRAL_API_KEY"),
        ({"provider": "azure"}, ["AZURE_OPENAI_API_KEY"], "export AZURE_OPENAI_API_KEY"),
        ({"provider": "azure", "api_key_env": "HOME"}, ["OPENAI_API_VERSION"], "export OPENAI_API_VERSION"),
        (
            {"provider": "azure", "api_key_env": "HOME", "options": {"api_version": "2024-10-21"}},
            ["AZURE_OPENAI_ENDPOINT"],
            "export AZURE_OPENAI_ENDPOINT",
        ),
        ({"provider": "openai-compatible"}, [], "base_url"),
        ({"provider": "google"}, [], "pip install langchain-google-genai"),
        ({"provider": "bedrock"}, [], "pip install langchain-aws"),
        ({"provider": "langchain", "model": "groq:llama"}, [], "pip install langchain-groq"),
        ({"provider": "langchain", "model": "llama"}, [], "Name LangChain's provider"),
        ({"provider": "langchain", "model": "nobody:llama"}, [], "Look at [models.own]"),
    ],
)
def test_what_a_model_lacks_comes_with_the_words_to_type(
    monkeypatch: pytest.MonkeyPatch, table: dict[str, Any], unset: list[str], words: str
) -> None:
    for name in unset:
        monkeypatch.delenv(name, raising=False)
    models = Models({"own": {"model": "m", **table}})
    with pytest.raises((ModelError, UsageError)) as caught:
        models.open("own").chat()
    assert words in caught.value.hint
    models.close()


@pytest.mark.parametrize(
    ("active", "begins"), [("", "Install it: .venv/bin/pip install"), (".venv", "Install it: pip install")]
)
def test_a_missing_package_is_installed_where_this_program_runs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, active: str, begins: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.prefix", str(Path.cwd() / ".venv"))
    monkeypatch.setenv("VIRTUAL_ENV", str(Path.cwd() / active))
    models = Models({"own": {"model": "m", "provider": "bedrock"}})
    with pytest.raises(ModelError) as caught:
        models.open("own").chat()
    assert caught.value.hint.startswith(begins)
    models.close()


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Puts a module in the place of a package; what its class is called with comes back."""

    def pretend(package: str, chat_class: str) -> dict[str, Any]:
        given: dict[str, Any] = {}
        module = ModuleType(package)
        module.__spec__ = object()  # type: ignore[assignment]

        def make(**arguments: Any) -> object:
            given.update(arguments)
            return object()

        setattr(module, chat_class, make)
        monkeypatch.setitem(sys.modules, package, module)
        return given

    return pretend


def test_google_is_asked_once_at_its_own_address(
    pretended: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = pretended("langchain_google_genai", "ChatGoogleGenerativeAI")
    monkeypatch.delenv("GOOGLE_API_KEY", raising=False)
    monkeypatch.setenv("GEMINI_API_KEY", CANARY)
    models = Models({"own": {"provider": "google", "model": "gemini-2.5-flash", "max_output_tokens": 77}})
    models.open("own").chat()
    assert given == {
        "model": "gemini-2.5-flash", "temperature": 0.0, "max_tokens": 77, "max_retries": 1, "vertexai": False,
        "api_key": CANARY, "base_url": "https://generativelanguage.googleapis.com",
    }  # fmt: skip


@pytest.fixture
def amazon(
    pretended: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> tuple[dict[str, Any], list[str]]:
    """Stand-ins for langchain-aws, boto3 and botocore, and the credentials boto3 finds."""
    found = ["credentials"]
    given = pretended("langchain_aws", "ChatBedrockConverse")
    boto3, config = ModuleType("boto3"), ModuleType("botocore.config")

    class Session:
        region_name = None

        def __init__(self, **_: Any) -> None:
            pass

        def get_credentials(self) -> object | None:
            return found[0] if found else None

    boto3.Session = Session  # type: ignore[attr-defined]
    config.Config = dict  # type: ignore[attr-defined]
    for name, module in (("boto3", boto3), ("botocore", ModuleType("botocore")), ("botocore.config", config)):
        monkeypatch.setitem(sys.modules, name, module)
    for name in ("AWS_REGION", "AWS_BEARER_TOKEN_BEDROCK"):
        monkeypatch.delenv(name, raising=False)
    return given, found


def test_bedrock_is_asked_once_in_its_region(
    amazon: tuple[dict[str, Any], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    given, found = amazon
    own = {"provider": "bedrock", "model": "amazon.nova-lite-v1:0"}
    models = Models({"own": own})
    with pytest.raises(UsageError) as caught:
        models.open("own").chat()
    assert "export AWS_REGION" in caught.value.hint
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    models.open("own").chat()
    assert given["config"]["retries"] == {"total_max_attempts": 1, "mode": "standard"}
    assert (given["config"]["connect_timeout"], given["config"]["read_timeout"]) == (5.0, 60.0)
    assert given["base_url"] == "https://bedrock-runtime.eu-central-1.amazonaws.com"
    found.clear()
    lacking = missing(models.card("own"), ModelSettings.model_validate(own), "")
    assert lacking is not None
    assert "AWS_ACCESS_KEY_ID" in lacking.hint
