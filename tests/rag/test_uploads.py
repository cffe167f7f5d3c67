"""Uploads: what they may be called, where there is no room for them, and whose documents they may replace."""

from __future__ import annotations

import errno
import io
import os
from typing import Any

import pytest

from corpus.catalog import documents
from corpus.catalog.texts import read_text
from corpus.catalog.versions import list_versions
from corpus.errors import LimitError, StorageError, UsageError
from corpus.types import Caller
from rag import jobs as jobs_module
from rag.jobs import Jobs
from rag.service import Service
from rag.spooling import Upload, upload_name
from tests.rag.job_runs import finished, jobs, opened, service, spooled, uploads

__all__ = ["jobs", "opened", "service"]


def test_uploads_that_cannot_be_kept_leave_nothing(
    service: Service, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="empty"):
        jobs.ingest_uploads([*uploads("a.md"), Upload("b.md", io.BytesIO())], "c", {})
    with pytest.raises(LimitError, match="limit is 1 MB"):
        jobs.ingest_uploads([Upload("big.md", io.BytesIO(bytes((1 << 20) + 1)))], "c", {})
    with pytest.raises(UsageError, match="same name"):
        jobs.ingest_uploads(uploads("x/a.md", "y\\a.md"), "c", {})
    monkeypatch.setattr(jobs_module, "MAX_QUEUED", 0)
    with pytest.raises(LimitError) as refused:
        jobs.ingest_uploads(uploads("a.md"), "c", {})
    assert refused.value.code == "too_many_jobs"
    assert jobs.list() == []
    assert spooled(service) == []


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
            jobs.ingest_uploads(uploads("a.md"), "c", {})
    assert (refused.value.code, refused.value.hint != "") == (code, True)
    assert spooled(service) == []
    assert finished(jobs, jobs.ingest_uploads(uploads("a.md"), "c", {}).id).state == "done"


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
    finished(jobs, jobs.ingest_uploads(uploads("zebra.txt"), "zoo", {}).id)
    hidden = _restrict(service, "zebra.txt", "group:hr")
    if removed:
        service.corpus.remove([hidden])
    before = _texts(service, hidden)
    same, other = uploads("zebra.txt"), [Upload("zebra.txt", io.BytesIO(b"All zebras are gone.\n"))]
    for files in (same, other):
        ended = finished(jobs, jobs.ingest_uploads(files, "zoo", {"team": "x"}).id)
        assert ended.result is not None
        [file] = ended.result["files"]
        assert (file["state"], file["code"], file["document_id"]) == ("failed", "name_taken", "")
        assert ended.result["replaced"] == ended.result["updated"] == ended.result["unchanged"] == 0
    assert _texts(service, hidden) == before
    with service.corpus.catalog.read() as db:
        document = documents.get_document(db, hidden)
    assert (document.access, document.metadata) == (frozenset({"group:hr"}), {})
    theirs = Caller(frozenset({"public", "group:hr"}))
    ended = finished(jobs, jobs.ingest_uploads(uploads("zebra.txt"), "zoo", {}, theirs).id)
    assert ended.result is not None
    assert ended.result["failed"] == 0


def test_a_document_hidden_while_its_new_version_is_read_stays_as_it_is(
    service: Service, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished(jobs, jobs.ingest_uploads(uploads("zebra.txt"), "zoo", {}).id)
    real = service.corpus.commit

    def commit(*args: Any) -> Any:
        _restrict(service, "zebra.txt", "group:hr")
        return real(*args)

    monkeypatch.setattr(service.corpus, "commit", commit)
    new = [Upload("zebra.txt", io.BytesIO(b"All zebras are gone.\n"))]
    ended = finished(jobs, jobs.ingest_uploads(new, "zoo", {}).id)
    assert ended.result is not None
    assert [file["code"] for file in ended.result["files"]] == ["name_taken"]
    with service.corpus.catalog.read() as db:
        document = documents.find_by_path(db, "zebra.txt")[0]
    assert document.access == {"group:hr"}
    assert len(_texts(service, document.id)) == 1
