"""A real server over a small company's documents, with models that behave well and badly, for the tests of the API;
a shelf of texts and scripted models for those of the question path.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from corpus.catalog import documents
from corpus.settings import Settings
from rag.bootstrap import open_service
from rag.models.catalogue import Models
from tests.once import Once, Seed
from tests.rag.asked import TEXTS, Begin
from tests.rag.behind import WAYS, WORDS, Behind, Way, troubled_service, until
from tests.rag.company import Live, company_service, write_documents
from tests.rag.hits import Shelf
from tests.rag.scripted import ScriptedServer, Turn

if TYPE_CHECKING:
    from openai import OpenAI

    from tests.rag.openai_service import Served


@pytest.fixture(scope="session")
def filled(with_minilm: Seed, once: Once) -> Path:
    """A data folder with a company's documents, embedded with the real model. Copy it; do not open it."""

    def fill(home: Path) -> None:
        with_minilm(home / "data")
        with open_service(Settings(data_dir=home / "data")) as service:
            report = service.ingest([write_documents(home / "documents")], "company")
            assert not report.stopped
            with service.corpus.catalog.write() as db:
                private = documents.find_by_path(db, "salaries.txt")[0]
                documents.set_access(db, private.id, ["group:hr"])

    return once("filled", fill) / "data"


@pytest.fixture(scope="session")
def live(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Serves a company's documents from a real port, in this process."""
    with company_service(filled, tmp_path_factory.mktemp("live")) as live:
        yield live


@pytest.fixture
def client(live: Live) -> Iterator[httpx.Client]:
    """A client of the server."""
    live.forget_failures()
    with live.client() as client:
        yield client


@pytest.fixture(scope="module")
def troubled(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    with troubled_service(filled, tmp_path_factory.mktemp("troubled")) as behind:
        yield behind


@pytest.fixture
def behind(troubled: Behind) -> Iterator[Behind]:
    """The service with a provider that does well until it is told otherwise; afterwards nothing may be open."""
    troubled.script(Turn(texts=WORDS))
    yield troubled
    assert until(troubled.rests), "something was left open"


@pytest.fixture(params=WAYS, ids=str)
def way(request: pytest.FixtureRequest) -> Way:
    """Each way to ask over HTTP."""
    found: Way = request.param
    return found


@pytest.fixture(scope="module")
def served(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    from tests.rag.openai_service import openai_service  # OpenAI's package takes a second to load

    with openai_service(filled, tmp_path_factory.mktemp("openai")) as served:
        yield served


@pytest.fixture
def openai_client(served: Served) -> Iterator[OpenAI]:
    """OpenAI's client of the server, its own retries included."""
    with served.client() as client:
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
