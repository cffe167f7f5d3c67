"""discover → plan → [per file, in a killable child: parse] → chunk → embed (batched across files) → commit.

Parsing runs ahead of chunking, and one batch is embedded while the next is chunked; both queues are bounded,
so memory does not grow with the folder. A document is committed as soon as its last chunk has a vector, and
acknowledged once both indexes have it.
"""

from __future__ import annotations

import queue
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from corpus.catalog import documents, records
from corpus.catalog.access import may_see, name_taken
from corpus.catalog.documents import Known, VersionRecord
from corpus.catalog.records import Failure
from corpus.crashpoints import reach
from corpus.embedding import EmbeddingSpace
from corpus.errors import (
    DamagedError,
    EmbeddingError,
    LimitError,
    NotAllowedError,
    ParseError,
    StorageError,
    VouchError,
)
from corpus.settings import Settings
from corpus.store import Corpus
from corpus.types import PUBLIC, DocumentKey, NewVersion
from ingest.chunking import CHUNKER_VERSION, Chunker
from ingest.discovery import SourceFile, hash_file
from ingest.parsers import parser_version
from ingest.planning import EMPTY, Plan, needs_hash, plan
from ingest.reports import FileReport, FileState, IngestReport, IngestRequest, Progress, Stage
from ingest.sandbox import FAULTS
from ingest.stages import EmbedAhead, PassageEmbedder, ReadAhead, ReadFile, Work

__all__ = ["FileReport", "IngestReport", "IngestRequest", "Progress", "fingerprint", "ingest"]

BATCH_CHUNKS = 256
"""Chunks that may wait to be embedded; when there are more, nothing is cut until they are fewer."""

PUBLISH_EVERY_S = 1.0
POLL_S = 0.1
READING_SHARE = 0.2
"""What reading a file counts for in the progress; embedding its chunks is the rest."""


def fingerprint(content_type: str, settings: Settings, space: EmbeddingSpace) -> str:
    """Returns how a content type would be read, cut and embedded today; "" stands for every type."""
    cut = f"{CHUNKER_VERSION}:{settings.chunk_tokens}:{settings.chunk_chars}"
    return f"{parser_version(content_type)}/{cut}/{space.id}"


def ingest(
    corpus: Corpus,
    embedder: PassageEmbedder,
    request: IngestRequest,
    *,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> IngestReport:
    """Brings a collection up to date with the found files.

    Args:
        corpus: where to.
        embedder: of the corpus's own space; asked only for what is not embedded yet, and closed when the
            ingest ends before it does.
        request: what and how.
        on_progress: told when a file was read, embedded in part, committed; always on the caller's thread.
        cancelled: asked ten times a second; when it says so, what is under way is given up, what is
            committed stays and the report says "cancelled".

    Raises:
        NotAllowedError: a synced folder lost too much and the request has no consent.
        StorageError: the data folder cannot be written, or the disk is too full to start.
        EmbeddingError: the embedder fails again and again; what was committed stays.
    """
    return _Ingest(corpus, embedder, request, on_progress, cancelled).run()


class _Ingest:
    """The state of one run: what is on its way, and what has been reported."""

    def __init__(
        self,
        corpus: Corpus,
        embedder: PassageEmbedder,
        request: IngestRequest,
        on_progress: Callable[[Progress], None],
        cancelled: Callable[[], bool],
    ) -> None:
        self.corpus, self.embedder, self.request = corpus, embedder, request
        self.on_progress, self.cancelled = on_progress, cancelled
        self.settings = corpus.settings
        self.reports: list[FileReport] = []
        self.counts = dict.fromkeys(
            ("added", "replaced", "updated", "removed", "unchanged", "failed", "chunks"), 0
        )
        self.hashes: dict[tuple[str, str], str] = {}
        self.failures: dict[tuple[str, str], Failure] = {}
        self.under_way: dict[tuple[str, str], Work] = {}
        self.events: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self.total_files = self.total_bytes = self.done_files = self.done_bytes = 0
        self.stopped = self.hint = ""
        self.published = time.monotonic()
        self.began = time.monotonic()

    def run(self) -> IngestReport:
        todo = self._plan()
        if self.request.dry_run:
            self._foretell(todo)
        else:
            self._report_failed_before(todo)
            work = [(source, None) for source in todo.add] + list(todo.replace)
            self.total_files, self.total_bytes = len(work), sum(source.size_bytes for source, _ in work)
            try:
                self._update(todo)
                self._mend_originals(todo)
                self._read_all(work)
                if not self.stopped:
                    self._remove(todo)
                self._tell("indexing", "")
                self._publish()
                self._settle()
            except StorageError as error:
                self.stopped, self.hint = error.message, error.hint
            except EmbeddingError:
                self._publish()
                raise
        for path, code, reason in self.request.found.skipped:
            self.reports.append(FileReport(path, "skipped", code=code, message=reason))
        self._tell("done", "")
        return IngestReport(
            collection=self.request.collection,
            files=tuple(self.reports),
            seconds=round(time.monotonic() - self.began, 3),
            dry_run=self.request.dry_run,
            stopped=self.stopped,
            hint=self.hint,
            **self.counts,
        )

    # ---- planning ------------------------------------------------------------------------------

    def _plan(self) -> Plan:
        self._tell("planning", "")
        request = self.request
        if self.corpus.catalog.read_only and not request.dry_run:
            raise StorageError(
                f"Cannot ingest into {self.corpus.folder}: it is read-only or full.",
                code="read_only",
                hint="Searching still works and nothing was changed. Make the folder writable, then try again.",
            )
        with self.corpus.catalog.read() as db:
            known = documents.known(db, request.collection)
            failures = records.list_failures(db, request.collection)
        self.failures = {(failure.key.root, failure.key.path): failure for failure in failures}
        files = [file for file in request.found.files if self._may_replace(file, known)]
        for file in needs_hash(files, {} if request.rehash else known):
            if self._stop():
                return EMPTY  # a plan made of half the hashes would be a wrong one
            try:
                self.hashes[file.root, file.path] = hash_file(file.location)
            except OSError as error:
                self.hashes[file.root, file.path] = ""
                self._failed(file, _unreadable(file, error), 0.0)
        todo = plan(
            files,
            self.hashes,
            known,
            self.failures,
            lambda content_type: fingerprint(content_type, self.settings, self.embedder.space),
            access=request.access,
            metadata=request.metadata,
            synced_roots=request.found.roots if request.sync else (),
            kept=request.found.skipped_places,
            consent=request.consent,
            retry_failed=request.retry_failed,
        )
        self.counts["unchanged"] = len(todo.unchanged)
        if (todo.add or todo.replace) and not request.dry_run:
            self._check_room()
        return todo

    def _may_replace(self, file: SourceFile, known: Mapping[tuple[str, str], Known]) -> bool:
        before = known.get((file.root, file.path))
        allowed = before is None or may_see(self.request.caller, before.access)
        if not allowed:
            self._failed(file, name_taken(file.path), 0.0)
        return allowed

    def _check_room(self) -> None:
        free, wanted = shutil.disk_usage(self.corpus.folder).free >> 20, self.settings.min_free_mb
        if free < wanted:
            raise StorageError(
                f"Only {free} MB are free under {self.corpus.folder}; ingest wants {wanted} MB.",
                code="disk_full",
                hint="Searching still works and nothing was changed. "
                "Free some space or lower VOUCH_MIN_FREE_MB.",
            )

    # ---- reading and embedding -------------------------------------------------------------------

    def _read_all(self, work: Sequence[tuple[SourceFile, Known | None]]) -> None:
        """Cuts what comes out of the parsers and commits what has its vectors, until nothing is left."""
        if not work:
            return
        chunker = Chunker(self.embedder.count_tokens, self.embedder.covers, self.settings)
        waiting: list[Work] = []
        try:
            with (
                EmbedAhead(self.corpus.catalog, self.embedder, self.events.put) as embedding,
                ReadAhead(self.settings, work, lambda: self.events.put(None)) as reading,
            ):
                while not self._stop() and not (reading.ended and not waiting and embedding.idle):
                    room = sum(len(item.chunks) for item in waiting) < BATCH_CHUNKS
                    if room and (read := reading.take()):
                        item = self._cut(chunker, read)
                        waiting += [item] if item else []
                    elif waiting and embedding.idle:
                        embedding.start(waiting)
                        waiting = []
                    else:
                        self._take_embedded(POLL_S, "embedding" if reading.ended else "reading")
        finally:
            self._take_embedded(0.0, "embedding")

    def _take_embedded(self, patience_s: float, stage: Stage) -> None:
        """Commits what has been embedded, waiting a while for the first thing to happen."""
        try:
            while True:
                item = self.events.get(timeout=patience_s)
                patience_s = 0.0
                if item is not None and not self._is_full():
                    self._commit(item)
                self._tell(stage, next((path for _, path in self.under_way), ""))
        except queue.Empty:
            pass
        if time.monotonic() - self.published >= PUBLISH_EVERY_S:
            self._publish()

    def _cut(self, chunker: Chunker, read: ReadFile) -> Work | None:
        began = time.monotonic()
        source, parsed = read.source, read.parsed
        if isinstance(parsed, VouchError):
            self._failed(source, parsed, read.seconds)
            return None
        chunks = chunker.chunk(parsed)
        if not chunks:
            nothing = ParseError(
                f"{source.path} holds no text.", code="no_text", hint="If it is scanned, it needs OCR."
            )
            self._failed(source, nothing, read.seconds)
            return None
        try:
            sha256 = self.hashes.get((source.root, source.path)) or hash_file(source.location)
        except OSError as error:
            self._failed(source, _unreadable(source, error), read.seconds)
            return None
        seconds = read.seconds + time.monotonic() - began
        item = Work(source, read.before, sha256, parsed, chunks, round(seconds, 3))
        self.under_way[source.root, source.path] = item
        self._tell("reading", source.path)
        return item

    def _commit(self, item: Work) -> None:
        source, before, request = item.source, item.before, self.request
        if item.error is not None:
            self._failed(source, item.error, item.seconds)
            return
        access, metadata = request.access, request.metadata
        if access is None:
            access = before.access if before else frozenset({PUBLIC})
        if metadata is None:
            metadata = before.metadata if before else {}
        new = NewVersion(
            key=DocumentKey(request.collection, source.root, source.path),
            sha256=item.sha256,
            size_bytes=source.size_bytes,
            modified=source.modified,
            fingerprint=fingerprint(item.document.content_type, self.settings, self.embedder.space),
            document=item.document,
            chunks=item.chunks,
            vectors=item.vectors,
            access=access,
            metadata=metadata,
            caller=request.caller,
        )
        try:
            version = self.corpus.commit(new, source.location)
        except (StorageError, NotAllowedError) as error:
            self._failed(source, error, item.seconds)
            if error.code in _FULL:
                self.stopped, self.hint = error.message, error.hint
            return
        self.counts["added" if before is None else "replaced"] += 1
        self.counts["chunks"] += version.chunks
        self._reported(_committed(source, version, item), source)

    # ---- the rest of the plan --------------------------------------------------------------------

    def _update(self, todo: Plan) -> None:
        if not todo.update:
            return
        with self.corpus.catalog.write() as db:
            for one in todo.update:
                documents.touch(db, one.known.document_id, one.modified)
                if one.is_touch:
                    self.counts["unchanged"] += 1
                    continue
                documents.set_access(db, one.known.document_id, one.access)
                documents.set_metadata(db, one.known.document_id, one.metadata)
                self.counts["updated"] += 1
                self.reports.append(
                    FileReport(one.known.key.path, "updated", document_id=one.known.document_id)
                )
            reach("update.before")

    def _mend_originals(self, todo: Plan) -> None:
        """Keeps the files of unchanged documents anew where the kept ones are gone or were found damaged."""
        unchanged = [*todo.unchanged, *(one.known for one in todo.update)]
        lost = {
            (known.key.root, known.key.path): known.sha256
            for known in unchanged
            if not self.corpus.originals.is_sound(known.sha256, known.size_bytes)
        }
        for source in self.request.found.files if lost else ():
            if sha256 := lost.get((source.root, source.path)):
                with suppress(DamagedError):  # it changed just now: the next ingest sees that
                    self.corpus.keep_original(source.location, sha256)

    def _remove(self, todo: Plan) -> None:
        if todo.forget:
            with self.corpus.catalog.write() as db:
                for failure in todo.forget:
                    records.forget_failure(db, failure.key)
        if not todo.remove:
            return
        self.corpus.remove([one.document_id for one in todo.remove])
        self.counts["removed"] += len(todo.remove)
        self.reports += [
            FileReport(one.key.path, "removed", document_id=one.document_id) for one in todo.remove
        ]

    def _publish(self) -> None:
        self.corpus.publish()
        self.published = time.monotonic()

    def _settle(self) -> None:
        """An index that cannot be built now is built later; what was ingested is found all the same."""
        if self.stopped:
            return
        try:
            self.corpus.settle()
        except StorageError as error:
            self.hint = f"{error.message} {error.hint}"

    def _report_failed_before(self, todo: Plan) -> None:
        for source, failure in todo.failed_before:
            self.counts["failed"] += 1
            self.reports.append(
                FileReport(
                    source.path,
                    "failed",
                    code="quarantined" if failure.code in FAULTS else failure.code,
                    message=f"{failure.message} (unchanged since; not read again)",
                    hint=f"{failure.hint} To read it again all the same: --retry-failed".strip(),
                )
            )

    def _foretell(self, todo: Plan) -> None:
        """Reports what the plan would do."""
        changed = [one for one in todo.update if not one.is_touch]
        would: tuple[tuple[str, FileState, Sequence[str]], ...] = (
            ("added", "ok", [one.path for one in todo.add]),
            ("replaced", "ok", [one.path for one, _ in todo.replace]),
            ("updated", "updated", [one.known.key.path for one in changed]),
            ("removed", "removed", [one.key.path for one in todo.remove]),
        )
        for name, state, paths in would:
            self.counts[name] = len(paths)
            self.reports += [FileReport(path, state, message=f"would be {name}") for path in paths]
        self.counts["unchanged"] += len(todo.update) - len(changed)
        self._report_failed_before(todo)

    # ---- telling ---------------------------------------------------------------------------------

    def _failed(self, source: SourceFile, error: VouchError, seconds: float) -> None:
        self.counts["failed"] += 1
        place = (source.root, source.path)
        sha256 = self.hashes.get(place, "")
        if sha256 and _is_lasting(error) and not self.request.dry_run:
            earlier = self.failures.get(place)
            again = earlier.crashes if earlier and earlier.sha256 == sha256 else 0
            failure = Failure(
                DocumentKey(self.request.collection, *place),
                sha256,
                fingerprint("", self.settings, self.embedder.space),
                error.code,
                error.message,
                error.hint,
                again + 1 if error.code in FAULTS else 0,
            )
            with self.corpus.catalog.write() as db:
                records.record_failure(db, failure)
        report = FileReport(
            source.path,
            "failed",
            code=error.code,
            message=error.message,
            hint=error.hint,
            seconds=round(seconds, 3),
        )
        self._reported(report, source)

    def _reported(self, report: FileReport, source: SourceFile) -> None:
        self.reports.append(report)
        self.under_way.pop((source.root, source.path), None)
        self.done_files += 1
        self.done_bytes += source.size_bytes
        self._tell("reading", source.path)

    def _tell(self, stage: Stage, current: str) -> None:
        partly = sum(
            item.source.size_bytes * (READING_SHARE + (1 - READING_SHARE) * item.embedded / len(item.chunks))
            for item in self.under_way.values()
        )
        self.on_progress(
            Progress(
                stage,
                self.done_files,
                self.total_files,
                self.counts["chunks"],
                self.done_bytes + int(partly),
                self.total_bytes,
                current,
            )
        )

    def _stop(self) -> bool:
        if not self.stopped and self.cancelled():
            self.stopped = "cancelled"
            self.hint = "What was committed stays; the same command goes on from here."
        return bool(self.stopped)

    def _is_full(self) -> bool:
        """Whether nothing more can be committed; a cancelled ingest still keeps what was embedded."""
        return self.stopped not in ("", "cancelled")


def _is_lasting(error: VouchError) -> bool:
    """Whether the file itself is at fault, so that reading the same bytes again would be in vain."""
    return isinstance(error, ParseError | LimitError) and error.code not in _PASSING


def _unreadable(source: SourceFile, error: OSError) -> ParseError:
    return ParseError(
        f"{source.path} cannot be read: {error.strerror or error}.",
        code="unreadable",
        hint="Check that it is still there and that you may read it.",
    )


def _committed(source: SourceFile, version: VersionRecord, item: Work) -> FileReport:
    worrying = any(note.get("code") not in _HARMLESS_NOTES for note in version.notes)
    return FileReport(
        path=source.path,
        state="partial" if worrying else "ok",
        document_id=version.document_id,
        version=version.number,
        content_type=version.content_type,
        pages=version.pages,
        chars=version.chars,
        chunks=version.chunks,
        chunks_without_vector=version.chunks - version.vectors,
        tokens=sum(chunk.tokens for chunk in item.chunks),
        notes=version.notes,
        seconds=item.seconds,
    )


_PASSING = ("changed", "unreadable")
_FULL = ("disk_full", "read_only")
_HARMLESS_NOTES = frozenset({"hidden_text", "type_mismatch", "encoding"})
