"""A real server over a small company's documents, with models that behave well and badly, for the tests of the API;
a shelf of texts and scripted models for those of the question path.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from corpus.catalog import documents
from corpus.settings import Settings
from rag.bootstrap import open_service
from rag.models import Models
from rag.scripted import ScriptedServer, Turn, refusal
from tests.rag.asked import TEXTS, Begin
from tests.rag.company import MARKED, Live, running, scripted_model, write_documents
from tests.rag.hits import Shelf


@pytest.fixture(scope="session")
def filled(with_minilm: Callable[[Path], None], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a company's documents, embedded with the real model. Copy it; do not open it."""
    home = tmp_path_factory.mktemp("filled")
    with_minilm(home / "data")
    with open_service(Settings(data_dir=home / "data")) as service:
        report = service.ingest([write_documents(home / "documents")], "company")
        assert not report.stopped
        with service.corpus.catalog.write() as db:
            private = documents.find_by_path(db, "salaries.txt")[0]
            documents.set_access(db, private.id, ["group:hr"])
    return home / "data"


@pytest.fixture(scope="session")
def live(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Serves a company's documents from a real port, in this process."""
    home = tmp_path_factory.mktemp("live")
    words = [f"{word} " for word in MARKED.split()]
    with (
        ScriptedServer([Turn(texts=words)]) as steady,
        ScriptedServer([Turn(texts=["word "] * 3000, pause_s=0.04)]) as endless,
        ScriptedServer([Turn(texts=words[:-1], finish="")]) as cut,
        ScriptedServer([refusal(401, "no such key")]) as refusing,
    ):
        settings = Settings(
            data_dir=home / "data",
            max_concurrent_asks=3,
            models={
                "steady": scripted_model(steady),
                "endless": scripted_model(endless),
                "cut": scripted_model(cut),
                "refusing": scripted_model(refusing),
                "keyless": {
                    "provider": "openai",
                    "model": "x",
                    "api_key_env": "VOUCH_TESTS_HAVE_NO_SUCH_KEY",
                },
            },
        )
        shutil.copytree(filled, settings.data_dir)
        with running(settings) as url:
            yield Live(url, settings, steady, endless, cut)


@pytest.fixture
def client(live: Live) -> Iterator[httpx.Client]:
    """A client of the server."""
    with live.client() as client:
        yield client


@pytest.fixture
def shelf() -> Shelf:
    return Shelf(TEXTS, cosine=0.8)


@pytest.fixture
def models() -> Iterator[Models]:
    own = Models()
    yield own
    own.close()


@pytest.fixture
def scripted() -> Iterator[Begin]:
    begun: list[tuple[Models, ScriptedServer]] = []

    def begin(*turns: Turn, **settings: Any) -> Models:
        server = ScriptedServer(turns)
        server.__enter__()
        table = {"provider": "openai-compatible", "model": "m", "base_url": server.base_url} | settings
        begun.append((Models({"own": table}, "own"), server))
        return begun[-1][0]

    yield begin
    for own, server in begun:
        own.close()
        assert server.wait_idle(10), "a connection was left open"
        server.__exit__()
