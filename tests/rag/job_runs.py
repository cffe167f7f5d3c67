"""Jobs of a service with an embedder made of words: uploads, and waiting for their end."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from corpus.catalog.records import FINISHED, JobRecord
from corpus.settings import Settings
from rag.bootstrap import open_service
from rag.jobs import Jobs
from rag.service import Service
from rag.spooling import Upload
from tests.rag.cli_runs import without_model


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Service]]:
    without_model(monkeypatch)
    services: list[Service] = []

    def begin() -> Service:
        while services:
            services.pop().close()
        services.append(open_service(Settings(data_dir=tmp_path / "data", dense="exact", max_file_mb=1)))
        return services[-1]

    yield begin
    for service in services:
        service.close()


@pytest.fixture
def service(opened: Callable[[], Service]) -> Service:
    return opened()


@pytest.fixture
def jobs(service: Service) -> Iterator[Jobs]:
    queue = Jobs(service)
    queue.start()
    yield queue
    queue.stop()


def uploads(*names: str) -> list[Upload]:
    return [Upload(name, io.BytesIO(f"# {name}\n\nWords about {name} alone.\n".encode())) for name in names]


def finished(jobs: Jobs, job_id: str) -> JobRecord:
    seen = [job for job in jobs.watch(job_id) if job is not None]
    assert seen[-1].state in FINISHED
    return seen[-1]


def spooled(service: Service) -> list[Path]:
    """What is still kept of uploads; a job's bytes go just after it is finished, so stop the queue first."""
    return list((service.corpus.folder / "uploads").glob("*"))
