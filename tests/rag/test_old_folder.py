"""A data folder that an earlier Vouch wrote and left, receipts, examples and older versions in it, opened by this one.

``data_folder_2026-11-28.tar.xz`` was made by the program of commit 492d43a (schema 4, chunker 3, text analysis 3), with
words in the place of the embedding model: five files of a folder were ingested, two changed, one left; three
questions were asked, and one answer was approved. No later commit may write it anew.
"""

from __future__ import annotations

import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from corpus.backup import verify
from corpus.catalog import documents
from corpus.catalog.versions import list_versions
from corpus.settings import Settings
from ingest.reports import IngestOptions
from rag.asking.answers import Ask, Done
from rag.bootstrap import open_service
from rag.owner.operations import perform
from rag.service import Service
from tests.rag.cli_runs import without_model

OLD = Path(__file__).with_name("data_folder_2026-11-28.tar.xz")
SNOW = "When does the first snow plough leave?"
RECEIPTS = {
    "33dbad1d5318862d": SNOW,
    "0f98a536255b9869": "What is the vault code?",
    "b1a4fb8de2b13db6": "在宅勤務は週に何日までですか。",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder that was ingested, as it was left; the old data folder knows it by this name."""
    data, folder = tmp_path / "data", tmp_path / "handbook"
    with tarfile.open(OLD) as archive:
        archive.extractall(data, filter="data")
    folder.mkdir()
    live = "SELECT path, sha256 FROM documents JOIN versions ON versions.id = live_version_id"
    with closing(sqlite3.connect(data / "catalog.sqlite")) as db:
        for path, sha256 in db.execute(live):
            (folder / path).write_bytes((data / "originals" / sha256[:2] / sha256).read_bytes())
        db.execute("UPDATE documents SET root = ?", [str(folder)])
        db.commit()
    (data / "catalog.sqlite.seal").unlink()
    return folder


@pytest.fixture
def service(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    without_model(monkeypatch)
    with open_service(
        Settings(data_dir=folder.parent / "data", min_free_mb=1, receipt_days=36_500)
    ) as service:
        yield service


def ids(service: Service) -> dict[str, str]:
    with service.corpus.catalog.read() as db:
        return {one.key.path: one.id for one in documents.list_documents(db)}


def answer(service: Service, question: str) -> str:
    last = list(service.ask_events(Ask(question)))[-1]
    assert isinstance(last, Done)
    return last.answer.text


def test_what_was_there_is_found_cited_and_replayed(service: Service) -> None:
    assert sorted(ids(service)) == ["lift.html", "snow.md", "vault.md", "在宅勤務規程.md"]
    assert "at five" in answer(service, SNOW)
    assert "週三日まで" in answer(service, RECEIPTS["b1a4fb8de2b13db6"])
    assert [one.example.question for one in service.examples.added()] == [SNOW]
    for receipt, question in RECEIPTS.items():
        assert service.receipt(receipt)["asked"]["question"] == question
        replayed = service.replay(receipt)
        assert replayed.generated.before is not None
        assert any(reason.cause == "software" for reason in replayed.reasons)
    assert verify(service.corpus).problems == ()


def test_files_are_read_anew_and_no_version_is_lost(service: Service, folder: Path) -> None:
    status = perform(service, "status", {}, lambda event: None, lambda: False)
    assert status["read_otherwise"] == 4
    own = ids(service)
    report = service.ingest([folder], "handbook", IngestOptions(sync=True))
    assert (report.replaced, report.read_anew, report.failed, report.removed) == (4, 4, 0, 0)
    assert ids(service) == own
    assert service.ingest([folder], "handbook").unchanged == 4
    with service.corpus.catalog.read() as db:
        numbers = {path: [one.number for one in list_versions(db, own[path])] for path in own}
    assert sorted(numbers["vault.md"]) == [1, 2, 3]
    assert "4711" in service.corpus.text(own["vault.md"], version=1)[1]
    assert "5822" in service.corpus.text(own["vault.md"], version=2)[1]
    for receipt in RECEIPTS:
        replayed = service.replay(receipt)
        assert {one.path for one in replayed.documents} == set(own)
        assert replayed.same, (
            "the words that were found then are those that are found now, whatever their ids"
        )
    assert verify(service.corpus).problems == ()


def holding(data: Path, *words: bytes) -> set[str]:
    """Returns the parts of a data folder in whose files one of the words stands."""
    found = set()
    for one in data.rglob("*"):
        with suppress(FileNotFoundError, IsADirectoryError):  # an index is written meanwhile
            if any(word in one.read_bytes() for word in words):
                found.add(one.relative_to(data).parts[0])
    return found


def test_an_erasure_reaches_what_the_earlier_program_wrote(service: Service, folder: Path) -> None:
    data, own = folder.parent / "data", ids(service)
    said = (b"quokka", b"shed bravo")
    assert holding(data, *said) >= {"catalog.sqlite", "examples.jsonl", "originals", "receipts.sqlite"}
    service.ingest([folder], "handbook")
    erase = {"documents": [own["vault.md"], own["snow.md"]], "yes": True}
    perform(service, "documents.erase", erase, lambda event: None, lambda: False)
    assert holding(data, *said) == set()
    assert service.examples.added() == ()
