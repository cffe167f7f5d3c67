"""Jobs: uploads on their way in, cancelled, failed, stopped half-way and taken up again."""

from __future__ import annotations

import errno
import io
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from corpus.catalog import documents, records
from corpus.catalog.records import JobRecord
from corpus.catalog.texts import read_text
from corpus.catalog.versions import list_versions
from corpus.errors import LimitError, NotFoundError, StorageError, UnavailableError, UsageError, VouchError
from corpus.settings import Settings
from corpus.types import Caller
from rag import jobs as jobs_module
from rag.bootstrap import open_service
from rag.jobs import FINISHED, Jobs, Upload, upload_name
from rag.service import Service
from tests.rag.cli_runs import without_model

PATIENCE_S = 60


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


def _uploads(*names: str) -> list[Upload]:
    return [Upload(name, io.BytesIO(f"# {name}\n\nWords about {name} alone.\n".encode())) for name in names]


def _finished(jobs: Jobs, job_id: str) -> JobRecord:
    seen = [job for job in jobs.watch(job_id) if job is not None]
    assert seen[-1].state in FINISHED
    return seen[-1]


def _paths(service: Service) -> list[str]:
    with service.corpus.catalog.read() as db:
        return [one.key.path for one in documents.list_documents(db)]


def _spooled(service: Service) -> list[Path]:
    """What is still kept of uploads; a job's bytes go just after it is finished, so stop the queue first."""
    return list((service.corpus.folder / "uploads").glob("*"))


class Gate:
    """Holds an ingest before each file, to let a test act in the middle of a job."""

    def __init__(self, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached = threading.Event()
        self._open = threading.Event()
        real = service.ingest_found

        def ingest_found(found: Any, collection: str, **more: Any) -> Any:
            self.reached.set()
            assert self._open.wait(PATIENCE_S)
            return real(found, collection, **more)

        monkeypatch.setattr(service, "ingest_found", ingest_found)

    def let_through(self) -> None:
        self._open.set()


def test_uploads_are_ingested_in_the_order_they_came(service: Service, jobs: Jobs) -> None:
    made = [jobs.ingest_uploads(_uploads(f"{n}.md"), "c", {"team": "x"}) for n in range(3)]
    ended = [_finished(jobs, job.id) for job in made]
    assert [job.state for job in ended] == ["done"] * 3
    assert [job.finished_at for job in ended] == sorted(str(job.finished_at) for job in ended)
    assert _paths(service) == ["0.md", "1.md", "2.md"]
    assert ended[0].progress["files"] == 1
    assert ended[0].result is not None
    assert ended[0].error is None
    assert [job.id for job in jobs.list()] == [job.id for job in reversed(made)]
    with service.corpus.catalog.read() as db:
        assert documents.list_documents(db)[0].metadata == {"team": "x"}
    jobs.stop()
    assert _spooled(service) == []


def test_a_job_with_an_unreadable_file_is_done_and_says_which(service: Service, jobs: Jobs) -> None:
    files = [*_uploads("good.md"), Upload("bad.pdf", io.BytesIO(b"%PDF-1.7 nothing more"))]
    ended = _finished(jobs, jobs.ingest_uploads(files, "c", {}).id)
    assert ended.state == "done"
    assert ended.result is not None
    assert {file["path"]: file["state"] for file in ended.result["files"]} == {
        "good.md": "ok",
        "bad.pdf": "failed",
    }
    assert _paths(service) == ["good.md"]


def test_a_waiting_job_is_cancelled_at_once_and_its_bytes_go(
    service: Service, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(service, monkeypatch)
    first = jobs.ingest_uploads(_uploads("first.md"), "c", {})
    assert gate.reached.wait(PATIENCE_S)
    second = jobs.ingest_uploads(_uploads("second.md"), "c", {})
    assert jobs.cancel(second.id).state == "cancelled"
    assert [folder.name for folder in _spooled(service)] == [first.id]
    gate.let_through()
    assert _finished(jobs, first.id).state == "done"
    assert _finished(jobs, second.id).state == "cancelled"
    assert _paths(service) == ["first.md"]


def test_a_running_job_is_cancelled_and_keeps_what_it_committed(
    service: Service, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(service, monkeypatch)
    job = jobs.ingest_uploads(_uploads("a.md", "b.md"), "c", {})
    assert gate.reached.wait(PATIENCE_S)
    assert jobs.cancel(job.id).state == "running"
    gate.let_through()
    ended = _finished(jobs, job.id)
    assert ended.state == "cancelled"
    assert ended.finished_at
    assert jobs.cancel(job.id) == ended
    jobs.stop()
    assert _spooled(service) == []


def test_what_a_stop_interrupts_goes_on_with_the_next_start(
    opened: Callable[[], Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    service = opened()
    queue = Jobs(service)
    queue.start()
    gate = Gate(service, monkeypatch)
    running = queue.ingest_uploads(_uploads("running.md"), "c", {})
    assert gate.reached.wait(PATIENCE_S)
    waiting = queue.ingest_uploads(_uploads("waiting.md"), "c", {})
    queue.halt()
    with pytest.raises(UnavailableError):
        queue.ingest_uploads(_uploads("late.md"), "c", {})
    gate.let_through()
    queue.stop()
    assert [queue.get(job.id).state for job in (running, waiting)] == ["queued", "queued"]
    assert _paths(service) == []

    again = opened()
    queue = Jobs(again)
    queue.start()
    assert [_finished(queue, job.id).state for job in (running, waiting)] == ["done", "done"]
    assert _paths(again) == ["running.md", "waiting.md"]
    queue.stop()


def test_a_job_that_a_killed_process_left_running_is_taken_up_again(
    opened: Callable[[], Service],
) -> None:
    service = opened()
    queue = Jobs(service)
    job = queue.ingest_uploads(_uploads("left.md"), "c", {})
    with service.corpus.catalog.write() as db:
        records.start_job(db, job.id)
    (service.corpus.folder / "uploads" / "half.incoming").mkdir()
    again = opened()
    queue = Jobs(again)
    queue.start()
    assert _finished(queue, job.id).state == "done"
    queue.stop()
    assert _spooled(again) == []


def test_bytes_that_were_lost_are_told_as_such(opened: Callable[[], Service]) -> None:
    service = opened()
    queue = Jobs(service)
    job = queue.ingest_uploads(_uploads("lost.md"), "c", {})
    (service.corpus.folder / "uploads" / job.id / "0").unlink()
    queue.start()
    ended = _finished(queue, job.id)
    queue.stop()
    assert ended.result is not None
    assert [(file["path"], file["code"]) for file in ended.result["files"]] == [("lost.md", "lost")]


@pytest.mark.parametrize(
    ("error", "code"),
    [(VouchError("The disk is gone.", code="gone"), "gone"), (ZeroDivisionError("x"), "internal")],
)
def test_a_job_that_fails_says_why_and_the_next_one_runs(
    service: Service, jobs: Jobs, monkeypatch: pytest.MonkeyPatch, error: Exception, code: str
) -> None:
    def fail(*args: Any, **more: Any) -> Any:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(service, "ingest_found", fail)
        ended = _finished(jobs, jobs.ingest_uploads(_uploads("x.md"), "c", {}).id)
    assert ended.state == "failed"
    assert ended.error is not None
    assert ended.error["code"] == code
    assert set(ended.error) >= {"code", "message", "hint"}
    assert _finished(jobs, jobs.ingest_uploads(_uploads("y.md"), "c", {}).id).state == "done"


def test_a_catalog_that_cannot_be_read_for_a_moment_ends_no_queue(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    failed = threading.Event()
    real = records.list_jobs

    def once(*args: Any, **more: Any) -> Any:
        if more.get("states") == ["queued"] and not failed.is_set():
            failed.set()
            raise StorageError("The disk does not answer.")
        return real(*args, **more)

    monkeypatch.setattr(records, "list_jobs", once)
    queue = Jobs(service)
    queue.start()
    assert failed.wait(PATIENCE_S)
    ended = _finished(queue, queue.ingest_uploads(_uploads("x.md"), "c", {}).id)
    queue.stop()
    assert ended.state == "done"
    assert "The disk does not answer." in caplog.text


def test_uploads_that_cannot_be_kept_leave_nothing(
    service: Service, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="empty"):
        jobs.ingest_uploads([*_uploads("a.md"), Upload("b.md", io.BytesIO())], "c", {})
    with pytest.raises(LimitError, match="limit is 1 MB"):
        jobs.ingest_uploads([Upload("big.md", io.BytesIO(bytes((1 << 20) + 1)))], "c", {})
    with pytest.raises(UsageError, match="same name"):
        jobs.ingest_uploads(_uploads("x/a.md", "y\\a.md"), "c", {})
    monkeypatch.setattr(jobs_module, "MAX_QUEUED", 0)
    with pytest.raises(LimitError) as refused:
        jobs.ingest_uploads(_uploads("a.md"), "c", {})
    assert refused.value.code == "too_many_jobs"
    assert jobs.list() == []
    assert _spooled(service) == []


@pytest.mark.parametrize(
    ("number", "code"), [(errno.ENOSPC, "disk_full"), (errno.EDQUOT, "disk_full"), (errno.EROFS, "read_only")]
)
def test_an_upload_without_room_is_refused_with_a_reason_and_the_next_is_taken(
    service: Service, jobs: Jobs, monkeypatch: pytest.MonkeyPatch, number: int, code: str
) -> None:
    def fail(*given: Any) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as disk:
        disk.setattr(jobs_module.shutil, "copyfileobj", fail)
        with pytest.raises(StorageError) as refused:
            jobs.ingest_uploads(_uploads("a.md"), "c", {})
    assert (refused.value.code, refused.value.hint != "") == (code, True)
    assert _spooled(service) == []
    assert _finished(jobs, jobs.ingest_uploads(_uploads("a.md"), "c", {}).id).state == "done"


def test_a_job_nobody_knows_is_not_found(jobs: Jobs) -> None:
    for act in (jobs.get, jobs.cancel, lambda unknown: list(jobs.watch(unknown))):
        with pytest.raises(NotFoundError):
            act("0123456789abcdef")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a.md", "a.md"),
        ("C:\\Users\\me\\a.md", "a.md"),
        ("../../etc/passwd", "passwd"),
        ("/abs/a b.md", "a b.md"),
        ("が.md", "が.md"),
        ("a\u202egnp.md", "agnp.md"),
        ("a\x00b\n.md", "ab.md"),
    ],
)
def test_a_client_names_a_file_and_never_a_path(given: str, kept: str) -> None:
    assert upload_name(given) == kept


@pytest.mark.parametrize("given", ["", "  ", ".", "..", "a/", "\x00", "x" * 256, "あ" * 86])
def test_a_name_that_names_nothing_is_refused(given: str) -> None:
    with pytest.raises(UsageError):
        upload_name(given)


def _restrict(service: Service, path: str, *principals: str) -> str:
    with service.corpus.catalog.write() as db:
        found = documents.find_by_path(db, path)[0]
        documents.set_access(db, found.id, principals)
    return found.id


def _texts(service: Service, document_id: str) -> list[str]:
    with service.corpus.catalog.read() as db:
        return [read_text(db, one.id) for one in list_versions(db, document_id)]


@pytest.mark.parametrize("removed", [False, True])
def test_nobody_replaces_a_document_that_is_hidden_from_them(
    service: Service, jobs: Jobs, removed: bool
) -> None:
    _finished(jobs, jobs.ingest_uploads(_uploads("zebra.txt"), "zoo", {}).id)
    hidden = _restrict(service, "zebra.txt", "group:hr")
    if removed:
        service.corpus.remove([hidden])
    before = _texts(service, hidden)
    same, other = _uploads("zebra.txt"), [Upload("zebra.txt", io.BytesIO(b"All zebras are gone.\n"))]
    for files in (same, other):
        ended = _finished(jobs, jobs.ingest_uploads(files, "zoo", {"team": "x"}).id)
        assert ended.result is not None
        [file] = ended.result["files"]
        assert (file["state"], file["code"], file["document_id"]) == ("failed", "name_taken", "")
        assert ended.result["replaced"] == ended.result["updated"] == ended.result["unchanged"] == 0
    assert _texts(service, hidden) == before
    with service.corpus.catalog.read() as db:
        document = documents.get_document(db, hidden)
    assert (document.access, document.metadata) == (frozenset({"group:hr"}), {})
    theirs = Caller(frozenset({"public", "group:hr"}))
    ended = _finished(jobs, jobs.ingest_uploads(_uploads("zebra.txt"), "zoo", {}, theirs).id)
    assert ended.result is not None
    assert ended.result["failed"] == 0


def test_a_document_hidden_while_its_new_version_is_read_stays_as_it_is(
    service: Service, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    _finished(jobs, jobs.ingest_uploads(_uploads("zebra.txt"), "zoo", {}).id)
    real = service.corpus.commit

    def commit(*args: Any) -> Any:
        _restrict(service, "zebra.txt", "group:hr")
        return real(*args)

    monkeypatch.setattr(service.corpus, "commit", commit)
    new = [Upload("zebra.txt", io.BytesIO(b"All zebras are gone.\n"))]
    ended = _finished(jobs, jobs.ingest_uploads(new, "zoo", {}).id)
    assert ended.result is not None
    assert [file["code"] for file in ended.result["files"]] == ["name_taken"]
    with service.corpus.catalog.read() as db:
        document = documents.find_by_path(db, "zebra.txt")[0]
    assert document.access == {"group:hr"}
    assert len(_texts(service, document.id)) == 1


def test_a_job_that_ended_before_it_was_cancelled_leaves_no_trace(service: Service, jobs: Jobs) -> None:
    ended = _finished(jobs, jobs.ingest_uploads(_uploads("a.md"), "c", {}).id)
    jobs.stop()
    assert jobs.cancel(ended.id) == ended
    assert jobs._cancelled == set()


def test_a_job_cancelled_while_it_is_taken_up_does_not_begin(
    service: Service, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, cancelled = jobs_module._found, threading.Event()

    def found(folder: Path, names: Any) -> Any:
        if not cancelled.is_set():
            jobs.cancel(folder.name)
            cancelled.set()
        return real(folder, names)

    monkeypatch.setattr(jobs_module, "_found", found)
    first = jobs.ingest_uploads(_uploads("a.md"), "c", {})
    assert cancelled.wait(PATIENCE_S)
    _finished(jobs, jobs.ingest_uploads(_uploads("b.md"), "c", {}).id)
    assert jobs.get(first.id).state == "cancelled"
    assert _paths(service) == ["b.md"]
    jobs.stop()
    assert jobs._cancelled == set()
