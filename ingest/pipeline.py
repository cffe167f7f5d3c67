"""discover → plan → [per file, in a killable child: parse] → chunk → embed (batched across files) → commit.

Parsing runs ahead of chunking, and one batch is embedded while the next ones are chunked; both queues are bounded,
so memory does not grow with the folder. A document is committed as soon as its last chunk has a vector, and
acknowledged once both indexes have it.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from corpus.catalog.documents import Known
from corpus.errors import EmbeddingError, NotAllowedError, ParseError, StorageError, VouchError
from corpus.hashing import file_sha256
from corpus.store import Corpus
from corpus.types import PUBLIC, DocumentKey, NewVersion, RootPath, Terms
from ingest import applying
from ingest.chunking import Chunker
from ingest.discovery import SourceFile
from ingest.ledger import Ledger, unreadable
from ingest.planning import fingerprint
from ingest.reports import FileReport, IngestOptions, IngestReport, IngestRequest, Progress, Stage
from ingest.sandbox.pool import ParserPool
from ingest.stages import PIECE_TEXTS, EmbedAhead, PassageEmbedder, ReadAhead, ReadFile, Work
from ingest.survey import survey

__all__ = [
    "FileReport",
    "IngestOptions",
    "IngestReport",
    "IngestRequest",
    "Progress",
    "fingerprint",
    "ingest",
]

BATCH_CHUNKS = 512
"""Chunks that may wait to be embedded; when there are more, nothing is cut until they are fewer."""

PUBLISH_EVERY_S = 1.0
PUBLISH_SHARE = 0.1
"""What was committed is published every second, or less often where that would take more than a tenth of the time."""

FEW_FILES = 16
FEW_BYTES = 65_536
SAME_SHARE = 8
"""So many files of so many bytes have few passages to embed; a changed file counts as an eighth of it: the rest was
there."""

POLL_S = 0.1
_UNWRITABLE = ("disk_full", "read_only", "moved")


def ingest(
    corpus: Corpus,
    embedder: PassageEmbedder,
    request: IngestRequest,
    *,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    cancelled: Callable[[], bool] = lambda: False,
    parsers: ParserPool | None = None,
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
        parsers: parsing children that were begun already, closed once all is read; made when needed without.

    Raises:
        NotAllowedError: a synced folder lost too much and the request has no consent.
        StorageError: the data folder cannot be written, or the disk is too full to start.
        EmbeddingError: the embedder fails again and again; what was committed stays.
    """
    return _Ingest(
        corpus, embedder, Ledger(corpus, embedder.space, request, on_progress), cancelled, parsers
    ).run()


class _Stopping(Exception):
    """A file is given up half cut: the ingest was cancelled."""


class _Ingest:
    """One run: what is on its way."""

    def __init__(
        self,
        corpus: Corpus,
        embedder: PassageEmbedder,
        ledger: Ledger,
        cancelled: Callable[[], bool],
        parsers: ParserPool | None,
    ) -> None:
        self.parsers = parsers
        self.corpus, self.embedder, self.ledger, self.cancelled = corpus, embedder, ledger, cancelled
        self.request, self.settings = ledger.request, corpus.settings
        self.events: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self.heirs: Mapping[RootPath, Terms] = {}
        self.publish_at = time.monotonic() + PUBLISH_EVERY_S
        self.unpublished = False

    def run(self) -> IngestReport:
        ledger = self.ledger
        todo = survey(self.corpus, ledger, self._stop)
        self.heirs = todo.heirs
        if self.request.options.dry_run:
            applying.foretell(todo, ledger)
        else:
            ledger.failed_before(todo)
            # Small files first, by powers of two: a core is idle until something is read, and one huge file, minutes
            # of embedding, would keep all others waiting.
            work = sorted(
                [(source, None) for source in todo.add] + list(todo.replace),
                key=lambda one: one[0].size_bytes.bit_length(),
            )
            ledger.expect([source for source, _ in work])
            if work:
                self.embedder.prepare(few=_are_few(work))  # it loads while what is unchanged is gone through
            try:
                applying.move(self.corpus, todo, ledger)
                applying.update(self.corpus, todo, ledger)
                applying.mend_originals(self.corpus, todo, ledger)
                self._read_all(work)
                if not ledger.stopped:
                    applying.remove(self.corpus, todo, ledger)
                ledger.tell("indexing")
                self._publish()
                self._settle()
            except StorageError as error:
                ledger.stopped, ledger.hint = error.message, error.hint
            except EmbeddingError:
                self._publish()
                raise
        ledger.tell("stopped" if ledger.stopped else "done")
        return ledger.report()

    # ---- reading and embedding -------------------------------------------------------------------

    def _read_all(self, work: Sequence[tuple[SourceFile, Known | None]]) -> None:
        """Cuts what comes out of the parsers and commits what has its vectors, until nothing is left."""
        if not work:
            return
        embedder = self.embedder
        chunker = Chunker(
            embedder.count_tokens, embedder.covers, self.settings, embedder.max_tokens, self._must_go_on
        )
        waiting: list[Work] = []
        try:
            with (
                EmbedAhead(
                    self.corpus.catalog, self.embedder, self.events.put, late=self.settings.late_interaction
                ) as embedding,
                ReadAhead(self.settings, work, lambda: self.events.put(None), self.parsers) as reading,
            ):
                self.embedder.count_tokens([""])  # reads the tokenizer while the first file is parsed
                while not self._stop() and not (reading.ended and not waiting and embedding.idle):
                    ready = sum(len(item.chunks) for item in waiting)
                    enough = waiting and (ready >= PIECE_TEXTS or reading.ended)
                    if not (enough and embedding.room) and ready < BATCH_CHUNKS and (read := reading.take()):
                        item = self._cut(chunker, read)
                        waiting += [item] if item else []
                    elif waiting and (embedding.idle or (enough and embedding.room)):
                        embedding.start(waiting)
                        waiting = []
                    else:
                        self._await(reading.awaited)
                        self._take_embedded(POLL_S, "embedding" if reading.ended else "reading")
        finally:
            self.ledger.awaited = ""
            self._take_embedded(0.0, "embedding")

    def _await(self, path: str) -> None:
        """Says for which file there is nothing to do but wait: pages that are pictures take minutes."""
        if path != self.ledger.awaited:
            self.ledger.awaited = path
            if path:
                self.ledger.tell("reading", path)

    def _take_embedded(self, patience_s: float, stage: Stage) -> None:
        """Commits what has been embedded, waiting a while for the first thing to happen."""
        has_news = False
        with suppress(queue.Empty):
            while True:
                item = self.events.get(timeout=0.0 if has_news else patience_s)
                has_news = True
                if item is not None and not self._is_full():
                    self._commit(item)
        if has_news:
            self.ledger.tell(stage)
        # Once all is cut there is nothing better to do, and the less is left for the end.
        if time.monotonic() >= self.publish_at or (self.unpublished and stage == "embedding"):
            self._publish()

    def _cut(self, chunker: Chunker, read: ReadFile) -> Work | None:
        began = time.monotonic()
        source, parsed = read.source, read.parsed
        if isinstance(parsed, VouchError):
            self.ledger.failed(source, parsed, read.seconds)
            return None
        try:
            chunks = chunker.chunk(parsed)
        except _Stopping:
            return None
        if not chunks:
            nothing = ParseError(
                f"{source.path} holds no text.", code="no_text", hint="If it is scanned, it needs OCR."
            )
            self.ledger.failed(source, nothing, read.seconds)
            return None
        try:
            sha256 = self.ledger.hashes.get(source.place) or file_sha256(source.location)
        except OSError as error:
            self.ledger.failed(source, unreadable(source, error), read.seconds)
            return None
        seconds = read.seconds + time.monotonic() - began
        item = Work(source, read.before, sha256, parsed, chunks, round(seconds, 3))
        self.ledger.cut(item)
        return item

    def _commit(self, item: Work) -> None:
        source, before, request = item.source, item.before, self.request
        if item.error is not None:
            self.ledger.failed(source, item.error, item.seconds)
            return
        own = (before.access, before.metadata) if before else (frozenset({PUBLIC}), {})
        access, metadata = request.options.terms(self.heirs.get(source.place, own))
        new = NewVersion(
            key=DocumentKey(request.collection, source.root, source.path),
            sha256=item.sha256,
            size_bytes=source.size_bytes,
            modified=source.recorded,
            fingerprint=fingerprint(item.document.content_type, self.settings, self.embedder.space),
            document=item.document,
            chunks=item.chunks,
            vectors=item.vectors,
            tokens=item.tokens,
            access=access,
            metadata=metadata,
            caller=request.caller,
            seconds=item.seconds,
        )
        try:
            version = self.corpus.commit(new, source.location)
        except (StorageError, NotAllowedError) as error:
            self.ledger.failed(source, error, item.seconds)
            if error.code in _UNWRITABLE:
                self.ledger.stopped, self.ledger.hint = error.message, error.hint
            return
        self.unpublished = True
        self.ledger.committed(item, version)

    # ---- ending ------------------------------------------------------------------------------------

    def _publish(self) -> None:
        began = time.monotonic()
        self.corpus.publish()
        self.unpublished = False
        ended = time.monotonic()
        self.publish_at = ended + max(PUBLISH_EVERY_S, (ended - began) / PUBLISH_SHARE)

    def _settle(self) -> None:
        """An index that cannot be built now is built later; what was ingested is found all the same."""
        if self.ledger.stopped:
            return
        try:
            self.corpus.settle(self.ledger.counts["chunks"])
        except StorageError as error:
            self.ledger.hint = f"{error.message} {error.hint}"

    def _stop(self) -> bool:
        if not self.ledger.stopped and self.cancelled():
            self.ledger.stopped = "cancelled"
            self.ledger.hint = "What was committed stays; the same command goes on from here."
        return bool(self.ledger.stopped)

    def _must_go_on(self) -> None:
        if self._stop():
            raise _Stopping

    def _is_full(self) -> bool:
        """Whether nothing more can be committed; a cancelled ingest still keeps what was embedded."""
        return self.ledger.stopped not in ("", "cancelled")


def _are_few(work: Sequence[tuple[SourceFile, Known | None]]) -> bool:
    if len(work) > FEW_FILES:
        return False
    sizes = (source.size_bytes // (SAME_SHARE if before else 1) for source, before in work)
    return sum(sizes) <= FEW_BYTES
