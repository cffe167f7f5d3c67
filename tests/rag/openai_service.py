"""A real server that speaks OpenAI's dialect, the built-in model and scripted ones behind it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import openai

from corpus.settings import Settings
from tests.rag.company import MARKED, running, scripted_model
from tests.rag.scripted import ScriptedServer, Turn, refusal

LEAVE = "How many days of annual leave move into the next year?"
休暇 = "使い切れなかった年次有給休暇は繰り越せますか"
WORDS = [f"{word} " for word in MARKED.split()]
SCRIPTS = {
    "steady": [Turn(texts=WORDS)],
    "endless": [Turn(texts=["word "] * 3000, pause_s=0.04)],
    "cut": [Turn(texts=WORDS[:-1], finish="")],
    "limited": [Turn(texts=WORDS, finish="length")],
    "refusing": [refusal(401, "no such key")],
    "wrong": [refusal(400, "unknown field")],
    "slow_down": [refusal(429, "slow down", retry_after="3600")],
    "spent": [refusal(429, "insufficient_quota", "insufficient_quota")],
    "silent": [Turn(stall_before_headers_s=30)],
    "halting": [Turn(texts=WORDS[:3], stall_s=30)],
    "down": [Turn(stall_before_headers_s=30)],
}
SOON = {"silent": {"first_token_s": 0.3}, "down": {"first_token_s": 0.3}, "halting": {"idle_s": 0.3}}
"""What is waited for in vain: the others may take their time on a machine that has much to do."""


@dataclass(frozen=True)
class Served:
    """A server, the scripted models behind it, by name, and a client that is closed with it."""

    url: str
    models: dict[str, ScriptedServer]
    http: httpx.Client

    def client(self, **more: Any) -> openai.OpenAI:
        """OpenAI's client as it comes, its own retries included."""
        return openai.OpenAI(base_url=f"{self.url}/v1", api_key="none", **more)


@contextmanager
def openai_service(filled: Path, folder: Path) -> Iterator[Served]:
    """Serves a company's documents, copied to a folder, with a model of every kind of fault."""
    data = shutil.copytree(filled, folder / "data")
    with ExitStack() as stack:
        models = {name: stack.enter_context(ScriptedServer(script)) for name, script in SCRIPTS.items()}
        tables = {name: scripted_model(one, **SOON.get(name, {})) for name, one in models.items()}
        tables["keyless"] = {
            "provider": "openai",
            "model": "x",
            "api_key_env": "VOUCH_TESTS_HAVE_NO_SUCH_KEY",
        }
        rhyme = data.parent / "rhyme.txt"
        rhyme.write_text("{passages}\n{question}\nAnswer in rhyme.", encoding="utf-8")
        settings = Settings(
            data_dir=data,
            max_concurrent_asks=2,
            models=tables,
            templates={"rhyme": rhyme},
            rewrite_timeout_s=0,
        )
        url = stack.enter_context(running(settings))
        yield Served(url, models, stack.enter_context(httpx.Client(timeout=120)))


def conversation(*texts: str) -> Any:
    """Turns of a conversation, the user's first and last."""
    return [{"role": ("user", "assistant")[n % 2], "content": text} for n, text in enumerate(texts)]
