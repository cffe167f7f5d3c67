"""Keys and passwords of providers are nowhere but in the requests to them, whatever goes wrong."""

from __future__ import annotations

import base64
import io
import json
import logging
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from corpus.settings import Settings
from rag.cli.session import start_logging
from rag.models.cards import ModelSettings
from rag.models.credentials import secrets_of
from tests.rag.company import running, scripted_model
from tests.rag.models.dialects import DIALECTS, table
from tests.rag.scripted import ScriptedServer, Turn, refusal

QUESTION = "How many days of annual leave move into the next year?"
BY_VARIABLE = "canary variable 8f3a"  # of no form that any pattern knows
BY_FILE = "canary.file.77e1"
PASSWORD = "hunter2canary"
HEADER = "canary-header-51c0"
QUERY = "canary-query-9d2e"
BASIC = base64.b64encode(f"vouch:{PASSWORD}".encode()).decode()
NESTED = "canary-body-0b7f"
CANARIES = (BY_VARIABLE, BY_FILE, PASSWORD, BASIC, HEADER, QUERY, NESTED)
KNOWN = {
    "openai-compatible": (BY_VARIABLE, HEADER, QUERY, NESTED),
    "filed": (BY_FILE,),
    "walled": (PASSWORD, BASIC),
    "gone": (PASSWORD, BASIC),
    "ollama": (),
}
"""What a model's server was told, and may say again; another's was told the key of the variable."""


def faults(echo: str) -> list[Turn]:
    return [
        refusal(400, f"odd: {echo}"),
        refusal(401, f"no such key: {echo}"),
        refusal(429, f"slow down, {echo}", retry_after="3600"),
        refusal(500, f"Traceback: {echo}"),
        Turn(status=502, body=f"<html>{echo}</html>"),
        Turn(raw=f"data: {{{echo}\n\n".encode(), finish=""),
        Turn(
            texts=["Up "],
            raw=b"data: " + json.dumps({"error": {"message": echo}}).encode() + b"\n\n",
            finish="",
        ),
        Turn(texts=["Up to five days. [1]"]),
    ]


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, ScriptedServer]]:
    with ExitStack() as stack:
        yield {name: stack.enter_context(ScriptedServer([], one)) for name, one in DIALECTS.items()}


@pytest.fixture(scope="module")
def settings(
    filled: Path, servers: dict[str, ScriptedServer], tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    data = shutil.copytree(filled, tmp_path_factory.mktemp("secrets") / "data")
    key_file = data.parent / "key"
    key_file.write_text(f"{BY_FILE}\n", encoding="utf-8")
    address = servers["openai-compatible"].base_url
    options = {
        "default_headers": {"X-Gateway": HEADER, "Accept": "application/json"},
        "default_query": {"code": QUERY},
        "extra_body": {"gateway": {"api_key": NESTED}, "mode": "text"},
    }
    models: dict[str, Any] = {name: table(name, one.base_url) for name, one in servers.items()}
    models["openai-compatible"] |= {"options": options}
    models["filed"] = scripted_model(servers["openai-compatible"], api_key_file=str(key_file))
    models["walled"] = scripted_model(servers["openai-compatible"]) | {
        "base_url": address.replace("://", f"://vouch:{PASSWORD}@")
    }
    models["gone"] = models["walled"] | {"base_url": f"http://vouch:{PASSWORD}@127.0.0.1:1/v1"}
    return Settings(data_dir=data, models=models)


@pytest.fixture(scope="module")
def house(settings: Settings) -> Iterator[tuple[httpx.Client, Any]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OWN_KEY", BY_VARIABLE)
        app = running(settings)
        with app as url, httpx.Client(base_url=url, timeout=60) as client:
            yield client, app.app.state.house


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What --verbose shows."""
    levels = {name: logging.getLogger(name).level for name in ("", "corpus", "ingest", "rag")}
    shown = io.StringIO()
    with monkeypatch.context() as patch:
        patch.setattr(logging.root, "handlers", [])
        patch.setattr(sys, "stderr", shown)
        start_logging(verbose=True)
        yield shown
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def _bare(text: str, where: str) -> None:
    for canary in CANARIES:
        assert canary not in text, (canary, where, text[max(0, text.find(canary) - 300) :][:700])


def test_no_secret_leaves_by_an_answer_a_log_or_a_receipt(
    house: tuple[httpx.Client, Any],
    servers: dict[str, ScriptedServer],
    settings: Settings,
    log: io.StringIO,
) -> None:
    client, behind = house
    told: list[str] = []
    for name in settings.models:
        model = behind.service.models.open(name)
        model._provider._jitter = lambda low, high: 0.0
        for n, fault in enumerate(faults(" ".join(KNOWN.get(name, (BY_VARIABLE,))))):
            for server in servers.values():
                server.restart(fault)
            model._provider.breaker.record(False)
            model._provider._budget._tokens = 10.0
            messages = [{"role": "user", "content": QUESTION}]
            openai = {"messages": messages, "model": name, "stream": n % 2 == 0}
            for path, body in (
                ("/api/ask", {"question": QUESTION, "model": name, "stream": n % 2 == 1}),
                ("/v1/chat/completions", openai),
            ):
                reply = client.post(path, json=body)
                told.append(f"{reply.headers} {reply.text}")
        _bare("\n".join(told), name)
    for path in (
        "/health",
        "/openapi.json",
        "/api/models",
        "/v1/models",
        *(f"/api/models/{n}" for n in settings.models),
    ):
        told.append(client.get(path).text)
    _bare("\n".join(told), "routes")
    _bare(log.getvalue(), "log")
    kept = b"".join(one.read_bytes() for one in settings.data_dir.glob("receipts.sqlite*"))
    assert b"chat" in kept or b"model" in kept
    _bare(kept.decode("utf-8", "replace"), "receipts")


def test_what_is_secret_in_options_and_what_is_not() -> None:
    options = {
        "client_kwargs": {
            "headers": {"Authorization": "Bearer deep-canary-1", "X-Trace": "on", "Accept": "text/plain"}
        },
        "model_kwargs": [{"extra_headers": {"api-key": "k1"}}, {"pins": {"token": 12345678}}],
        "default_query": {"v": "2024-10", "key_version": 4},
        "use_auth": True,
        "api_key": None,
        "token_limit": 40,
        "max_tokens": 1000,
        "format": "a harmless text",
    }
    own = ModelSettings(provider="openai-compatible", model="m", options=options)
    assert set(secrets_of(own, "")) == {"Bearer deep-canary-1", "deep-canary-1", "k1", "12345678"}
