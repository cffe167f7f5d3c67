"""Long work that outlives a request and a restart: uploads on their way into the corpus.

One job runs at a time, on a thread of its own; its heavy steps happen in low-priority children. What a
process leaves unfinished is taken up again at the next start, and goes on from the documents already committed.
"""

from __future__ import annotations

import logging
import secrets
import shutil
import threading
import time
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import replace
from typing import Any

from corpus.catalog import access, documents, records
from corpus.catalog.records import FINISHED, JobRecord
from corpus.durable import sync
from corpus.errors import (
    LimitError,
    NotFoundError,
    StorageError,
    UnavailableError,
    UsageError,
    VouchError,
    disk_code,
)
from corpus.types import ANYONE, OWNER, PUBLIC, UPLOAD_ROOT, Caller
from corpus.uploads import INCOMING, uploads_folder
from ingest.reports import FileReport, IngestReport, Progress
from rag.as_json import to_json
from rag.owner.control import describe
from rag.service import Service
from rag.showing import report_document
from rag.spooling import Upload, found_in, keep, upload_name

log = logging.getLogger(__name__)

MAX_QUEUED = 1000
SAVE_PROGRESS_EVERY_S = 1.0
LOOK_EVERY_S = 5.0


class Jobs:
    """The queue of a service. Safe to use from any thread."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._catalog = service.corpus.catalog
        self._folder = uploads_folder(service.corpus.folder)
        self._changed = threading.Condition()
        self._live: dict[str, Mapping[str, Any]] = {}
        self._cancelled: set[str] = set()
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name="jobs", daemon=True)

    def start(self) -> None:
        """Begins to work, with what an earlier process left unfinished."""
        self._thread.start()

    def halt(self) -> None:
        """Begins nothing new from now on: after the current document the rest waits for the next start."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def stop(self) -> None:
        """Halts, and returns once the current document is finished."""
        self.halt()
        if self._thread.is_alive():
            self._thread.join()

    def ingest_uploads(
        self,
        uploads: Sequence[Upload],
        collection: str,
        metadata: Mapping[str, str],
        caller: Caller = ANYONE,
        access: frozenset[str] | None = None,
    ) -> JobRecord:
        """Keeps the uploaded bytes and queues their ingest in the caller's name.

        ``access``: who may read the documents; None leaves what they have, and gives new ones to everybody.

        Raises:
            UsageError: a file is empty or its name cannot be used.
            LimitError: a file is too large, or too many jobs wait already.
            StorageError: ``disk_full`` or ``read_only``: the bytes cannot be kept.
        """
        if self._stopping:
            raise UnavailableError("The service is stopping.", code="stopping", hint="Try again in a moment.")
        names = [upload_name(upload.name) for upload in uploads]
        if len(set(names)) != len(names):
            raise UsageError(
                "Two uploaded files have the same name.", code="bad_upload", hint="Rename one of them."
            )
        with self._catalog.read() as db:
            self._catalog.check_writable()  # nothing is kept that could not be queued
            if records.count_jobs(db, ["queued"]) >= MAX_QUEUED:
                raise LimitError(
                    f"{MAX_QUEUED} jobs are waiting already.", code="too_many_jobs", hint="Try later."
                )
        request = {
            "collection": collection,
            "metadata": dict(metadata),
            "names": names,
            "caller": to_json(caller),
            "access": None if access is None else sorted(access),
        }
        kept = self._folder / f"{secrets.token_hex(8)}{INCOMING}"
        try:
            keep(uploads, names, kept, limit_mb=self._service.settings.max_file_mb)
            with self._catalog.write() as db:
                job = records.create_job(db, "ingest", request, caller)
                kept = kept.rename(self._folder / job.id)
                sync(self._folder)
        except OSError as error:
            shutil.rmtree(kept, ignore_errors=True)
            raise StorageError(
                f"The upload cannot be kept: {error.strerror or error}.",
                code=disk_code(error, "read_only"),
                hint="Searching still works and nothing was changed. "
                "Have the service's disk looked after, then send it again.",
            ) from error
        except BaseException:
            shutil.rmtree(kept, ignore_errors=True)
            raise
        with self._changed:
            self._changed.notify_all()
        return job

    def cancel(self, job_id: str, caller: Caller = OWNER) -> JobRecord:
        """Ends a waiting job, or a running one after its current document; a finished one stays as it is.

        Raises:
            NotFoundError: there is none with that id, or it is another caller's.
        """
        with self._catalog.write() as db:  # what it does next waits for this
            state = records.get_job(db, job_id, caller).state
            if state == "queued":
                records.finish_job(db, job_id, "cancelled")
            elif state == "running":
                self._cancelled.add(job_id)
        if state == "queued":
            shutil.rmtree(self._folder / job_id, ignore_errors=True)
        with self._changed:
            self._changed.notify_all()
        return self.get(job_id)

    def get(self, job_id: str, caller: Caller = OWNER) -> JobRecord:
        """Returns a job as it stands now.

        Raises:
            NotFoundError: there is none with that id, or it is another caller's.
        """
        with self._catalog.read() as db:
            job = records.get_job(db, job_id, caller)
        live = self._live.get(job_id)
        if live is None or job.state in FINISHED:
            return job
        return JobRecord(**{**to_json(job), "progress": live})

    def list(self, caller: Caller = OWNER, limit: int = 100, offset: int = 0) -> list[JobRecord]:
        """Returns a caller's newest jobs first, without their ``result.files``; see :func:`records.list_jobs`."""
        with self._catalog.read() as db:
            return records.list_jobs(db, caller=caller, limit=limit, offset=offset)

    def count(self, caller: Caller = OWNER) -> int:
        """Returns how many jobs a caller has, the owner everybody's."""
        with self._catalog.read() as db:
            return records.count_jobs(db, caller=caller)

    def as_told(self, jobs: Sequence[JobRecord], caller: Caller) -> tuple[JobRecord, ...]:
        """Returns jobs as they may be told to a caller: without files that became documents not open to that one."""
        with self._catalog.read() as db:
            became = records.documents_of_jobs(db, [job.id for job in jobs])
            ids = [own for files in became.values() for own in files.values()]
            granted = access.granted_among(db, caller, ids)
        return tuple(
            _without(job, {path for path, own in became.get(job.id, {}).items() if own not in granted})
            for job in jobs
        )

    def watch(self, job_id: str) -> Iterator[JobRecord | None]:
        """Yields a job whenever it changed, last when it is finished; None now and then while nothing happens."""
        last = None
        while True:
            job = self.get(job_id)
            if job != last:
                yield job
                last = job
            else:
                yield None
            if job.state in FINISHED or self._stopping:
                return
            with self._changed:
                self._changed.wait(1.0)

    # ---- the worker ---------------------------------------------------------------------------------

    def _work(self) -> None:
        while True:
            try:
                job = self._next()
            except VouchError as error:
                log.error("the next job cannot be read; it is tried again: %s", error)
                self._pause()
                continue
            if job is None:
                return
            try:
                self._run(job)
            except VouchError as error:
                self._finish(job.id, "failed", error=describe(error))
            except Exception as error:
                log.exception("job %s failed", job.id)
                self._finish(
                    job.id,
                    "failed",
                    error=describe(VouchError(f"{type(error).__name__}: {error}", code="internal")),
                )

    def _next(self) -> JobRecord | None:
        while True:
            with self._changed:
                if self._stopping:
                    return None
            with self._catalog.read() as db:
                job = records.next_job(db)
            if job is not None:
                return job
            self._pause()

    def _pause(self) -> None:
        """Waits until something changed, a few seconds at most."""
        with self._changed:
            if not self._stopping:
                self._changed.wait(LOOK_EVERY_S)

    def _run(self, job: JobRecord) -> None:
        caller = self._service.corpus.keys.today(_caller(job))
        folder = self._folder / job.id
        found = found_in(folder, job.request["names"])
        with self._catalog.write() as db:
            if not records.start_job(db, job.id):
                return  # it was cancelled just now
        saved = time.monotonic()

        def on_progress(progress: Progress) -> None:
            nonlocal saved
            with self._changed:
                self._live[job.id] = to_json(progress)
                self._changed.notify_all()
            if time.monotonic() - saved > SAVE_PROGRESS_EVERY_S:
                saved = time.monotonic()
                with self._catalog.write() as db:
                    records.advance_job(db, job.id, self._live[job.id])

        report = self._service.ingest_found(
            found,
            job.request["collection"],
            metadata=job.request["metadata"] or None,
            access=None if job.request.get("access") is None else frozenset(job.request["access"]),
            caller=caller,
            on_progress=on_progress,
            cancelled=lambda: self._stopping or job.id in self._cancelled,
        )
        if report.stopped == "cancelled" and job.id not in self._cancelled:
            with self._catalog.write() as db:
                records.requeue_job(db, job.id)  # the process is stopping: the next one goes on
            return
        if not report.stopped:
            report = replace(report, files=(*report.files, *self._as_they_were(job, report)))
        state = "cancelled" if report.stopped == "cancelled" else "failed" if report.stopped else "done"
        error = {"kind": "StorageError", "code": "stopped", "message": report.stopped, "hint": report.hint}
        self._finish(job.id, state, result=to_json(report), error=error if state == "failed" else None)

    def _as_they_were(self, job: JobRecord, report: IngestReport) -> Iterator[FileReport]:
        """Yields what is known of the files that were not read: they are unchanged, or a run before this one was
        interrupted after it had committed them.
        """
        told = {file.path for file in report.files}
        with self._catalog.read() as db:
            named = [
                one
                for name in job.request["names"]
                if name not in told
                for one in documents.find_by_path(db, name)
            ]
        for found in named:
            if (found.key.collection, found.key.root) == (job.request["collection"], UPLOAD_ROOT):
                with suppress(NotFoundError):  # it was removed since
                    yield report_document(self._service.corpus, found.id).report

    def _finish(
        self,
        job_id: str,
        state: str,
        *,
        result: Mapping[str, Any] | None = None,
        error: Mapping[str, Any] | None = None,
    ) -> None:
        try:
            with self._catalog.write() as db:
                if job_id in self._live:
                    records.advance_job(db, job_id, self._live[job_id])
                records.finish_job(db, job_id, state, result=result, error=error)
        except VouchError as unwritten:
            log.error(
                "job %s ended as %s, which cannot be written; it runs again: %s", job_id, state, unwritten
            )
            self._pause()
            return
        shutil.rmtree(self._folder / job_id, ignore_errors=True)
        with self._changed:
            self._live.pop(job_id, None)
            self._cancelled.discard(job_id)
            self._changed.notify_all()


_PRIVATE = frozenset({"caller", "access"})
"""What is kept of a job for the service alone."""


def _without(job: JobRecord, hidden: Set[str]) -> JobRecord:
    """Returns a job without who sent it, and without the hidden files."""
    request, result = {name: job.request[name] for name in job.request if name not in _PRIVATE}, job.result
    if not hidden:
        return replace(job, request=request)
    request["names"] = [name for name in request.get("names", ()) if name not in hidden]
    if result is not None and "files" in result:
        result = {**result, "files": [file for file in result["files"] if file["path"] not in hidden]}
    return replace(job, request=request, result=result, progress={})


def _caller(job: JobRecord) -> Caller:
    """Who sent the files in; a job from before that was kept is the public's."""
    kept = job.request.get("caller") or {}
    return Caller(frozenset(kept.get("principals", (PUBLIC,))), kept.get("owner") is True)
