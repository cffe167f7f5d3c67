"""Jobs: uploads on their way in, cancelled, failed, stopped half-way and taken up again."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from corpus.catalog import Connection, documents, records
from corpus.catalog.records import JobRecord
from corpus.errors import NotFoundError, StorageError, UnavailableError, VouchError
from rag import jobs as jobs_module
from rag.jobs import Jobs
from rag.service import Service
from rag.spooling import Upload
from tests.rag.job_runs import finished, jobs, opened, service, spooled, uploads

__all__ = ["jobs", "opened", "service"]

PATIENCE_S = 60


def _paths(service: Service) -> list[str]:
    with service.corpus.catalog.read() as db:
        return [one.key.path for one in documents.list_documents(db)]


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
    made = [jobs.ingest_uploads(uploads(f"{n}.md"), "c", {"team": "x"}) for n in range(3)]
    ended = [finished(jobs, job.id) for job in made]
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
    assert spooled(service) == []


def test_a_job_with_an_unreadable_file_is_done_and_says_which(service: Service, jobs: Jobs) -> None:
    files = [*uploads("good.md"), Upload("bad.pdf", io.BytesIO(b"%PDF-1.7 nothing more"))]
    ended = finished(jobs, jobs.ingest_uploads(files, "c", {}).id)
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
    first = jobs.ingest_uploads(uploads("first.md"), "c", {})
    assert gate.reached.wait(PATIENCE_S)
    second = jobs.ingest_uploads(uploads("second.md"), "c", {})
    assert jobs.cancel(second.id).state == "cancelled"
    assert [folder.name for folder in spooled(service)] == [first.id]
    gate.let_through()
    assert finished(jobs, first.id).state == "done"
    assert finished(jobs, second.id).state == "cancelled"
    assert _paths(service) == ["first.md"]


def test_a_running_job_is_cancelled_and_keeps_what_it_committed(
    service: Service, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(service, monkeypatch)
    job = jobs.ingest_uploads(uploads("a.md", "b.md"), "c", {})
    assert gate.reached.wait(PATIENCE_S)
    assert jobs.cancel(job.id).state == "running"
    gate.let_through()
    ended = finished(jobs, job.id)
    assert ended.state == "cancelled"
    assert ended.finished_at
    assert jobs.cancel(job.id) == ended
    jobs.stop()
    assert spooled(service) == []


def test_what_a_stop_interrupts_goes_on_with_the_next_start(
    opened: Callable[[], Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    service = opened()
    queue = Jobs(service)
    queue.start()
    gate = Gate(service, monkeypatch)
    running = queue.ingest_uploads(uploads("running.md"), "c", {})
    assert gate.reached.wait(PATIENCE_S)
    waiting = queue.ingest_uploads(uploads("waiting.md"), "c", {})
    queue.halt()
    with pytest.raises(UnavailableError):
        queue.ingest_uploads(uploads("late.md"), "c", {})
    gate.let_through()
    queue.stop()
    assert [queue.get(job.id).state for job in (running, waiting)] == ["queued", "queued"]
    assert _paths(service) == []

    again = opened()
    queue = Jobs(again)
    queue.start()
    assert [finished(queue, job.id).state for job in (running, waiting)] == ["done", "done"]
    assert _paths(again) == ["running.md", "waiting.md"]
    queue.stop()


def test_a_job_that_a_killed_process_left_running_is_taken_up_again(
    opened: Callable[[], Service],
) -> None:
    service = opened()
    queue = Jobs(service)
    queue.start()
    ended = finished(queue, queue.ingest_uploads(uploads("ended.md"), "c", {}).id)
    queue.stop()
    queue = Jobs(service)
    job = queue.ingest_uploads(uploads("left.md"), "c", {})
    with service.corpus.catalog.write() as db:
        records.start_job(db, job.id)
    for left in ("half.incoming", "renamed before its job was written", ended.id):
        (service.corpus.folder / "uploads" / left).mkdir()
        (service.corpus.folder / "uploads" / left / "0").write_text("Somebody's words.")
    again = opened()
    assert [folder.name for folder in spooled(again)] == [job.id]
    queue = Jobs(again)
    queue.start()
    assert finished(queue, job.id).state == "done"
    queue.stop()
    assert spooled(again) == []


def test_what_waits_for_a_catalog_that_a_restore_put_aside_stays(opened: Callable[[], Service]) -> None:
    corpus = opened().corpus
    waiting = corpus.folder / "uploads" / "a job of before"
    waiting.mkdir(parents=True)
    aside = corpus.folder / "catalog.sqlite.before-restore-20261201T000000"
    aside.touch()
    opened()
    assert waiting.exists()
    aside.unlink()
    opened()
    assert not waiting.exists()


def test_a_job_whose_end_cannot_be_written_runs_again_without_a_restart(
    service: Service, jobs: Jobs, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real, refused = records.finish_job, threading.Event()

    def full_at_first(*args: Any, **more: Any) -> None:
        if not refused.is_set():
            refused.set()
            raise StorageError("The disk is full.", code="disk_full")
        real(*args, **more)

    monkeypatch.setattr(records, "finish_job", full_at_first)
    monkeypatch.setattr(jobs_module, "LOOK_EVERY_S", 0.01)
    ended = finished(jobs, jobs.ingest_uploads(uploads("a.md"), "c", {}).id)
    jobs.stop()
    assert (ended.state, spooled(service)) == ("done", [])
    assert ended.result is not None
    assert [(file["path"], file["state"]) for file in ended.result["files"]] == [("a.md", "ok")]
    assert "it runs again: The disk is full." in caplog.text
    assert "Traceback" not in caplog.text


def test_an_upload_whose_job_cannot_be_written_leaves_no_bytes(
    service: Service, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: Any) -> Any:
        raise StorageError("The disk is full.", code="disk_full")

    monkeypatch.setattr(records, "create_job", full)
    with pytest.raises(StorageError, match="full"):
        jobs.ingest_uploads(uploads("a.md"), "c", {})
    assert spooled(service) == []


def test_bytes_that_were_lost_are_told_as_such(opened: Callable[[], Service]) -> None:
    service = opened()
    queue = Jobs(service)
    job = queue.ingest_uploads(uploads("lost.md"), "c", {})
    (service.corpus.folder / "uploads" / job.id / "0").unlink()
    queue.start()
    ended = finished(queue, job.id)
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
        ended = finished(jobs, jobs.ingest_uploads(uploads("x.md"), "c", {}).id)
    assert ended.state == "failed"
    assert ended.error is not None
    assert ended.error["code"] == code
    assert set(ended.error) >= {"code", "message", "hint"}
    assert finished(jobs, jobs.ingest_uploads(uploads("y.md"), "c", {}).id).state == "done"


def test_a_catalog_that_cannot_be_read_for_a_moment_ends_no_queue(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    failed = threading.Event()
    real = records.next_job

    def once(db: Connection) -> JobRecord | None:
        if not failed.is_set():
            failed.set()
            raise StorageError("The disk does not answer.")
        return real(db)

    monkeypatch.setattr(records, "next_job", once)
    queue = Jobs(service)
    queue.start()
    assert failed.wait(PATIENCE_S)
    ended = finished(queue, queue.ingest_uploads(uploads("x.md"), "c", {}).id)
    queue.stop()
    assert ended.state == "done"
    assert "The disk does not answer." in caplog.text


def test_a_job_nobody_knows_is_not_found(jobs: Jobs) -> None:
    for act in (jobs.get, jobs.cancel, lambda unknown: list(jobs.watch(unknown))):
        with pytest.raises(NotFoundError):
            act("0123456789abcdef")


def test_a_job_that_ended_before_it_was_cancelled_leaves_no_trace(service: Service, jobs: Jobs) -> None:
    ended = finished(jobs, jobs.ingest_uploads(uploads("a.md"), "c", {}).id)
    jobs.stop()
    assert jobs.cancel(ended.id) == ended
    assert jobs._cancelled == set()


def test_a_job_cancelled_while_it_is_taken_up_does_not_begin(
    service: Service, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, cancelled = jobs_module.found_in, threading.Event()

    def found(folder: Path, names: Any) -> Any:
        if not cancelled.is_set():
            jobs.cancel(folder.name)
            cancelled.set()
        return real(folder, names)

    monkeypatch.setattr(jobs_module, "found_in", found)
    first = jobs.ingest_uploads(uploads("a.md"), "c", {})
    assert cancelled.wait(PATIENCE_S)
    finished(jobs, jobs.ingest_uploads(uploads("b.md"), "c", {}).id)
    assert jobs.get(first.id).state == "cancelled"
    assert _paths(service) == ["b.md"]
    jobs.stop()
    assert jobs._cancelled == set()


def test_what_waits_is_read_as_its_sender_is_by_then(
    service: Service, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One key is revoked and the groups of another change, while the jobs sent with them wait."""
    keys = service.corpus.keys
    gone, stays = (keys.add(user, ["hr"], writes=True)[0] for user in ("gone", "stays"))
    closed = frozenset({"group:hr"})
    finished(jobs, jobs.ingest_uploads(uploads("hr.md"), "c", {}, stays.caller, closed).id)
    gate = Gate(service, monkeypatch)
    first = jobs.ingest_uploads(uploads("first.md"), "c", {}, gone.caller)
    assert gate.reached.wait(PATIENCE_S)
    late = jobs.ingest_uploads(uploads("late.md"), "c", {}, gone.caller)
    newer = jobs.ingest_uploads([Upload("hr.md", io.BytesIO(b"# Other words"))], "c", {}, stays.caller)
    keys.revoke([gone.id])
    keys.change(stays.id, [], None)
    gate.let_through()
    assert finished(jobs, first.id).state == "done"  # it was being read
    refused = finished(jobs, late.id)
    assert refused.state == "failed"
    assert refused.error is not None
    assert refused.error["code"] == "key_revoked"
    result = finished(jobs, newer.id).result
    assert result is not None
    assert [file["code"] for file in result["files"]] == ["name_taken"]
    assert sorted(_paths(service)) == ["first.md", "hr.md"]
    jobs.stop()
    assert spooled(service) == []


def test_a_file_that_is_unchanged_is_reported_as_it_was(service: Service, jobs: Jobs) -> None:
    first = finished(jobs, jobs.ingest_uploads(uploads("a.md"), "c", {}).id).result
    again = finished(jobs, jobs.ingest_uploads(uploads("a.md", "b.md"), "c", {}).id).result
    assert first is not None
    assert again is not None
    assert {file["path"]: file["state"] for file in again["files"]} == {"a.md": "ok", "b.md": "ok"}
    assert [file for file in again["files"] if file["path"] == "a.md"] == first["files"]
    assert (again["unchanged"], again["added"]) == (1, 1)
