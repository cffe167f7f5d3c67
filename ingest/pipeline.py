"""discover → plan → [per file, in a killable child: parse] → chunk → embed (batched across files) → commit.

Parsing runs ahead of chunking, and one batch is embedded while the next is chunked; both queues are bounded, so memory
does not grow with the folder. A document is acknowledged once both indexes have it.
"""

from __future__ import annotations

import shutil
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Literal, Protocol

from corpus.catalog import documents, records
from corpus.catalog.documents import Known, VersionRecord, searched_hash
from corpus.catalog.records import Failure
from corpus.crashpoints import reach
from corpus.embedding import EmbeddingSpace
from corpus.errors import EmbeddingError, LimitError, ParseError, StorageError, VouchError
from corpus.settings import Settings
from corpus.store import Corpus
from corpus.types import PUBLIC, Chunk, Document, DocumentKey, Float32, NewVersion
from ingest.chunking import CHUNKER_VERSION, Chunker
from ingest.discovery import Discovery, SourceFile, hash_file
from ingest.parsers import parser_version
from ingest.planning import Plan, needs_hash, plan
from ingest.sandbox import FAULTS, ParserPool

BATCH_CHUNKS = 256
PARSED_AHEAD = 4
PUBLISH_EVERY_S = 1.0

FileState = Literal["ok", "partial", "failed", "skipped", "updated", "removed"]


class PassageEmbedder(Protocol):
    """What the pipeline needs of an embedder (see :class:`corpus.embedding.Embedder`)."""

    @property
    def space(self) -> EmbeddingSpace: ...
    @property
    def max_tokens(self) -> int: ...
    def count_tokens(self, texts: Sequence[str]) -> list[int]: ...
    def covers(self, text: str) -> bool: ...
    def embed_passages(self, texts: Sequence[str]) -> Float32: ...


@dataclass(frozen=True, slots=True)
class IngestRequest:
    """What to ingest and how. None for ``access`` and ``metadata`` keeps what a document has."""

    found: Discovery
    collection: str
    access: frozenset[str] | None = None
    metadata: Mapping[str, str] | None = None
    sync: bool = False
    dry_run: bool = False
    consent: bool = False
    retry_failed: bool = False


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of one file. Never ``ok`` with zero chunks."""

    path: str
    state: FileState
    document_id: str = ""
    version: int = 0
    code: str = ""
    message: str = ""
    hint: str = ""
    content_type: str = ""
    pages: int = 0
    chars: int = 0
    chunks: int = 0
    chunks_without_vector: int = 0
    tokens: int = 0
    notes: tuple[Mapping[str, object], ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an ingest came; ``done_bytes`` of ``total_bytes`` is what an ETA is made of."""

    stage: Literal["planning", "reading", "indexing", "done"]
    files: int
    total_files: int
    chunks: int
    done_bytes: int
    total_bytes: int
    current: str


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What an ingest did. ``stopped`` tells why it ended early ("" when it did not)."""

    collection: str
    files: tuple[FileReport, ...]
    added: int
    replaced: int
    updated: int
    removed: int
    unchanged: int
    failed: int
    chunks: int
    seconds: float
    dry_run: bool = False
    stopped: str = ""
    hint: str = ""


@dataclass(slots=True)
class _Work:
    """One file on its way, read but not yet committed."""

    source: SourceFile
    before: Known | None
    sha256: str
    document: Document
    chunks: tuple[Chunk, ...]
    started: float
    parse_s: float
    vectors: list[Float32 | None] = field(default_factory=list)


def fingerprint(content_type: str, settings: Settings, space: EmbeddingSpace) -> str:
    """Returns how a content type would be read, cut and embedded today; "" stands for every type."""
    return f"{parser_version(content_type)}/{CHUNKER_VERSION}:{settings.chunk_tokens}:{settings.chunk_chars}/{space.id}"


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
        embedder: of the corpus's own space; asked only for what is not embedded yet.
        request: what and how.
        on_progress: told after every file.
        cancelled: asked between files; when it says so, what is committed stays and the report says "cancelled".

    Raises:
        NotAllowedError: a synced folder lost too much and the request has no consent.
        StorageError: the disk is too full to start.
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
        self.counts = dict.fromkeys(("added", "replaced", "updated", "removed", "failed", "chunks"), 0)
        self.hashes: dict[tuple[str, str], str] = {}
        self.total_files = self.total_bytes = self.done_files = self.done_bytes = 0
        self.stopped = self.hint = ""
        self.published = time.monotonic()
        self.began = time.monotonic()

    def run(self) -> IngestReport:
        todo = self._plan()
        if not self.request.dry_run:
            self._report_failed_before(todo)
            work = [(source, None) for source in todo.add] + list(todo.replace)
            self.total_files, self.total_bytes = len(work), sum(source.size_bytes for source, _ in work)
            try:
                self._update(todo)
                self._read_all(work)
                if not self.stopped:
                    self._remove(todo)
                self._publish()
                self._settle()
            except StorageError as error:
                self.stopped, self.hint = error.message, error.hint
        for path, code, reason in self.request.found.skipped:
            self.reports.append(FileReport(path, "skipped", code=code, message=reason))
        self._tell("done", "")
        return self._report(todo)

    # ---- planning ------------------------------------------------------------------------------

    def _plan(self) -> Plan:
        self._tell("planning", "")
        request = self.request
        with self.corpus.catalog.read() as db:
            known = documents.known(db, request.collection)
            failures = {(f.key.root, f.key.path): f for f in records.list_failures(db, request.collection)}
        for file in needs_hash(request.found.files, known):
            if self.cancelled():
                break
            try:
                self.hashes[file.root, file.path] = hash_file(file.location)
            except OSError as error:
                self.hashes[file.root, file.path] = ""
                self._failed(
                    file, ParseError(f"Cannot read {file.path}: {error.strerror}.", code="unreadable"), 0.0
                )
        readable = [f for f in request.found.files if self.hashes.get((f.root, f.path)) != ""]
        kept = {(f.root, f.path) for f in request.found.files} | set(request.found.skipped_places)
        todo = plan(
            readable,
            self.hashes,
            known,
            failures,
            lambda content_type: fingerprint(content_type, self.settings, self.embedder.space),
            access=request.access,
            metadata=request.metadata,
            synced_roots=request.found.roots if request.sync else (),
            kept=kept,
            consent=request.consent,
            retry_failed=request.retry_failed,
        )
        if (todo.add or todo.replace) and not request.dry_run:
            self._check_room()
        return todo

    def _check_room(self) -> None:
        free = shutil.disk_usage(self.corpus.folder).free
        if free < self.settings.min_free_mb << 20:
            raise StorageError(
                f"Only {free >> 20} MB are free under {self.corpus.folder}; ingest wants {self.settings.min_free_mb} MB.",
                code="disk_full",
                hint="Searching still works and nothing was changed. Free some space or lower VOUCH_MIN_FREE_MB.",
            )

    # ---- the stages ----------------------------------------------------------------------------

    def _read_all(self, work: Sequence[tuple[SourceFile, Known | None]]) -> None:
        """Chunks what comes out of the parsers, embedding one batch while the next is made ready."""
        if not work:
            return
        chunker = Chunker(self.embedder.count_tokens, self.embedder.covers, self.settings)
        batch: list[_Work] = []
        with ThreadPoolExecutor(1, "embed") as pool:
            in_flight: tuple[list[_Work], Future[None]] | None = None
            for source, before, parsed, started in self._parsed(work):
                item = self._chunk(chunker, source, before, parsed, started)
                if item is None:
                    continue
                batch.append(item)
                if sum(len(one.chunks) for one in batch) >= BATCH_CHUNKS:
                    self._finish(in_flight)
                    in_flight = (batch, pool.submit(self._embed, batch))
                    batch = []
            self._finish(in_flight)
            if batch and not self._stop():
                self._finish((batch, pool.submit(self._embed, batch)))

    def _parsed(
        self, work: Sequence[tuple[SourceFile, Known | None]]
    ) -> Iterator[tuple[SourceFile, Known | None, Document | VouchError, float]]:
        """Yields each file's document or the reason why there is none, reading a few files ahead."""
        workers = self.settings.parse_workers
        with ParserPool(self.settings) as parsers, ThreadPoolExecutor(workers, "parse") as pool:
            ahead: deque[tuple[SourceFile, Known | None, Future[tuple[Document | VouchError, float]]]] = (
                deque()
            )
            waiting = iter(work)
            while True:
                while (
                    len(ahead) < workers + PARSED_AHEAD and not self._stop() and (one := next(waiting, None))
                ):
                    ahead.append((*one, pool.submit(_parse, parsers, one[0])))
                if not ahead:
                    return
                source, before, future = ahead.popleft()
                if self._stop():
                    future.cancel()
                    continue
                yield source, before, *future.result()

    def _chunk(
        self,
        chunker: Chunker,
        source: SourceFile,
        before: Known | None,
        parsed: Document | VouchError,
        parse_s: float,
    ) -> _Work | None:
        started = time.monotonic()
        if isinstance(parsed, VouchError):
            self._failed(source, parsed, parse_s)
            return None
        chunks = chunker.chunk(parsed)
        if not chunks:
            self._failed(
                source,
                ParseError(
                    f"{source.path} holds no text.", code="no_text", hint="If it is scanned, it needs OCR."
                ),
                parse_s,
            )
            return None
        sha256 = self.hashes.get((source.root, source.path)) or hash_file(source.location)
        return _Work(source, before, sha256, parsed, chunks, started, parse_s)

    def _embed(self, batch: Sequence[_Work]) -> None:
        """Gives every chunk its vector: one known already, or one made now; each distinct text once."""
        wanted: dict[bytes, str] = {}
        for item in batch:
            for chunk in item.chunks:
                if self.embedder.covers(chunk.searched):
                    wanted.setdefault(searched_hash(chunk.searched), chunk.searched)
        with self.corpus.catalog.read() as db:
            have = documents.reusable_vectors(db, list(wanted), self.embedder.space.dimension)
        missing = [own for own in wanted if own not in have]
        if missing:
            made = self.embedder.embed_passages([wanted[own] for own in missing])
            have.update(zip(missing, made, strict=True))
        for item in batch:
            item.vectors = [have.get(searched_hash(chunk.searched)) for chunk in item.chunks]

    def _finish(self, in_flight: tuple[list[_Work], Future[None]] | None) -> None:
        """Waits for a batch's vectors and commits its documents."""
        if in_flight is None:
            return
        batch, embedded = in_flight
        try:
            embedded.result()
        except (EmbeddingError, LimitError) as error:
            for item in batch:
                self._failed(item.source, error, item.parse_s)
            return
        for item in batch:
            self._commit(item)
            if self.stopped:
                return  # the disk is full; a cancelled ingest keeps what was embedded already
        if time.monotonic() - self.published >= PUBLISH_EVERY_S:
            self._publish()

    def _commit(self, item: _Work) -> None:
        source, before, request = item.source, item.before, self.request
        access = (
            request.access if request.access is not None else before.access if before else frozenset({PUBLIC})
        )
        metadata = request.metadata if request.metadata is not None else before.metadata if before else {}
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
        )
        try:
            version = self.corpus.commit(new, source.location)
        except StorageError as error:
            self._failed(source, error, item.parse_s, remember=False)
            if error.code in ("disk_full", "read_only"):
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
                documents.touch(db, one.known.document_id, one.source.modified)
                if (one.access, one.metadata) == (one.known.access, one.known.metadata):
                    continue
                documents.set_access(db, one.known.document_id, one.access)
                documents.set_metadata(db, one.known.document_id, one.metadata)
                self.counts["updated"] += 1
                self.reports.append(FileReport(one.source.path, "updated", document_id=one.known.document_id))
            reach("update.before")

    def _remove(self, todo: Plan) -> None:
        if not todo.remove:
            return
        self.corpus.remove([one.document_id for one in todo.remove])
        self.counts["removed"] += len(todo.remove)
        self.reports += [
            FileReport(one.key.path, "removed", document_id=one.document_id) for one in todo.remove
        ]

    def _publish(self) -> None:
        self._tell("indexing", "")
        self.corpus.publish()
        self.published = time.monotonic()

    def _settle(self) -> None:
        """An index that cannot be built now is built later; what was ingested is found all the same."""
        try:
            self.corpus.settle()
        except StorageError as error:
            self.hint = f"{error.message} {error.hint}"

    def _report_failed_before(self, todo: Plan) -> None:
        for source, failure in todo.failed_before:
            quarantined = failure.code in FAULTS
            self.counts["failed"] += 1
            self.reports.append(
                FileReport(
                    source.path,
                    "failed",
                    code="quarantined" if quarantined else failure.code,
                    message=f"{failure.message} (unchanged since; not read again)",
                    hint=f"{failure.hint} To read it again all the same: --retry-failed".strip(),
                )
            )

    # ---- telling ---------------------------------------------------------------------------------

    def _failed(
        self, source: SourceFile, error: VouchError, seconds: float, *, remember: bool = True
    ) -> None:
        self.counts["failed"] += 1
        sha256 = self.hashes.get((source.root, source.path), "")
        if remember and sha256 and not self.request.dry_run:
            key = DocumentKey(self.request.collection, source.root, source.path)
            with self.corpus.catalog.write() as db:
                earlier = {f.key: f for f in records.list_failures(db, key.collection)}.get(key)
                again = earlier.crashes if earlier and earlier.sha256 == sha256 else 0
                crashes = again + 1 if error.code in FAULTS else 0
                mark = fingerprint("", self.settings, self.embedder.space)
                records.record_failure(
                    db, Failure(key, sha256, mark, error.code, error.message, error.hint, crashes)
                )
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
        self.done_files += 1
        self.done_bytes += source.size_bytes
        self._tell("reading", source.path)

    def _tell(self, stage: Literal["planning", "reading", "indexing", "done"], current: str) -> None:
        self.on_progress(
            Progress(
                stage,
                self.done_files,
                self.total_files,
                self.counts["chunks"],
                self.done_bytes,
                self.total_bytes,
                current,
            )
        )

    def _stop(self) -> bool:
        if not self.stopped and self.cancelled():
            self.stopped, self.hint = (
                "cancelled",
                "What was committed stays; the same command goes on from here.",
            )
        return bool(self.stopped)

    def _report(self, todo: Plan) -> IngestReport:
        if self.request.dry_run:
            self.counts.update(added=len(todo.add), replaced=len(todo.replace), updated=len(todo.update))
            self.counts.update(removed=len(todo.remove))
            self.reports += [FileReport(one.path, "ok", message="would be added") for one in todo.add]
            self.reports += [
                FileReport(one.path, "ok", message="would be replaced") for one, _ in todo.replace
            ]
            self.reports += [
                FileReport(one.source.path, "updated", message="would be updated") for one in todo.update
            ]
            self.reports += [
                FileReport(one.key.path, "removed", message="would be removed") for one in todo.remove
            ]
        return IngestReport(
            collection=self.request.collection,
            files=tuple(self.reports),
            unchanged=len(todo.unchanged),
            seconds=round(time.monotonic() - self.began, 3),
            dry_run=self.request.dry_run,
            stopped=self.stopped,
            hint=self.hint,
            **self.counts,
        )


def _parse(parsers: ParserPool, source: SourceFile) -> tuple[Document | VouchError, float]:
    began = time.monotonic()
    try:
        return parsers.parse(source.location, source.path), time.monotonic() - began
    except VouchError as error:
        return error, time.monotonic() - began


def _committed(source: SourceFile, version: VersionRecord, item: _Work) -> FileReport:
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
        seconds=round(item.parse_s + time.monotonic() - item.started, 3),
    )


_HARMLESS_NOTES = frozenset({"hidden_text", "type_mismatch", "encoding"})
