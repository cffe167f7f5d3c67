"""What one ingest has done so far: what became of every file, the counts, and how far it came."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from corpus.catalog import records
from corpus.catalog.records import Failure
from corpus.catalog.versions import VersionRecord
from corpus.embedding import EmbeddingSpace
from corpus.errors import LimitError, ParseError, VouchError
from corpus.store import Corpus
from corpus.types import DocumentKey, RootPath
from ingest.discovery import SourceFile
from ingest.forecast import Forecast
from ingest.planning import Plan, fingerprint
from ingest.reports import (
    FileReport,
    FileState,
    IngestReport,
    IngestRequest,
    Progress,
    Stage,
    report_version,
)
from ingest.sandbox.pool import FAULTS
from ingest.stages import Work

READING_SHARE = 0.2
"""What reading a file counts for in the progress; embedding its chunks is the rest."""

_PASSING = ("changed", "unreadable")


class Ledger:
    """The reports, counts and progress of one ingest; lasting failures are remembered in the catalog."""

    def __init__(
        self,
        corpus: Corpus,
        space: EmbeddingSpace,
        request: IngestRequest,
        on_progress: Callable[[Progress], None],
    ) -> None:
        self.corpus, self.space, self.request = corpus, space, request
        self.hashes: dict[RootPath, str] = {}
        self.failures: dict[RootPath, Failure] = {}
        self.counts = dict.fromkeys(
            (
                "added",
                "replaced",
                "moved",
                "updated",
                "removed",
                "unchanged",
                "failed",
                "chunks",
                "read_anew",
            ),
            0,
        )
        self.read_again: dict[RootPath, str] = {}
        """Where documents were moved to that are to be read again, and what was said of the move."""
        self._told_as_read: set[str] = set()
        """Documents that moved, and were read again."""
        self.stopped = self.hint = ""
        self._on_progress = on_progress
        self._reports: list[FileReport] = []
        self._under_way: dict[RootPath, Work] = {}
        self.awaited = ""  # the path of the file that is being read, and for which the others wait
        self._total_files = self._total_bytes = self._done_files = self._done_bytes = self._pages = 0
        self._forecast = Forecast(())
        self._computes = False
        self._began = time.monotonic()

    def expect(self, files: Sequence[SourceFile]) -> None:
        """Takes down what is going to be read."""
        self._total_files, self._total_bytes = len(files), sum(source.size_bytes for source in files)
        self._forecast = Forecast(files, self.corpus.settings.parse_workers)

    def cut(self, item: Work) -> None:
        """Takes down a file that is read and cut, and waits for its vectors."""
        self._under_way[item.source.root, item.source.path] = item
        self._forecast.read(item.source, len(item.chunks), item.seconds)
        self.tell("reading", item.source.path)

    def committed(self, item: Work, version: VersionRecord) -> None:
        """Takes down a version that is live."""
        self._computes = self._computes or item.computed
        moved = self.read_again.get((item.source.root, item.source.path))
        if moved is None:  # else it is counted as moved
            self.counts["added" if item.before is None else "replaced"] += 1
            self.counts["read_anew"] += item.before is not None and item.before.sha256 == version.sha256
        self.counts["chunks"] += version.chunks
        self._pages += version.pages
        tokens = sum(chunk.tokens for chunk in item.chunks)
        report = report_version(item.source.path, version, item.document.pages, tokens)
        if moved is not None:
            self._told_as_read.add(version.document_id)
            report = replace(report, message=moved)
        self._reported(report, item.source)

    def failed(self, source: SourceFile, error: VouchError, seconds: float = 0.0) -> None:
        """Takes down a file that failed, and remembers it when the file itself is at fault."""
        self.counts["failed"] += 1
        place = source.place
        if place not in self._under_way and self._total_files:
            self._forecast.read(source, 0, seconds)
        sha256 = self.hashes.get(place, "")
        if sha256 and _is_lasting(error) and not self.request.options.dry_run:
            earlier = self.failures.get(place)
            again = earlier.crashes if earlier and earlier.sha256 == sha256 else 0
            failure = Failure(
                DocumentKey(self.request.collection, *place),
                sha256,
                fingerprint("", self.corpus.settings, self.space),
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

    def failed_before(self, todo: Plan) -> None:
        """Takes down the files that failed before and are not read again."""
        for source, failure in todo.failed_before:
            self.counts["failed"] += 1
            self._reports.append(
                FileReport(
                    source.path,
                    "failed",
                    code="quarantined" if failure.code in FAULTS else failure.code,
                    message=f"{failure.message} (unchanged since; not read again)",
                    hint=f"{failure.hint} To read it again all the same: --retry-failed".strip(),
                )
            )

    def became(self, path: str, state: FileState, document_id: str = "", message: str = "") -> None:
        """Takes down what became of a document that was not read."""
        self._reports.append(FileReport(path, state, document_id=document_id, message=message))

    def tell(self, stage: Stage, current: str = "") -> None:
        """Says how far the ingest came; ``current`` is the file at hand: by default what is awaited, else under way."""
        partly = sum(
            item.source.size_bytes * (READING_SHARE + (1 - READING_SHARE) * item.embedded / len(item.chunks))
            for item in self._under_way.values()
        )
        embedded = self.counts["chunks"] + sum(item.embedded for item in self._under_way.values())
        self._computes = self._computes or any(item.computed for item in self._under_way.values())
        self._forecast.embedded(embedded, ready=self._computes)
        not_all = bool(self.stopped) or stage not in ("indexing", "done")
        left_s = None if self.stopped else self._forecast.left_s()
        rate = self._forecast.rate
        self._on_progress(
            Progress(
                stage,
                self._done_files,
                self._total_files,
                self.counts["chunks"],
                self._done_bytes + int(partly),
                self._total_bytes,
                current or self.awaited or next((path for _, path in self._under_way), ""),
                self._pages,
                round(min(self._forecast.share, 1.0), 4) if not_all else 1.0,
                None if left_s is None else round(left_s, 1),
                None if rate is None else round(rate, 1),
            )
        )

    def report(self) -> IngestReport:
        """Returns what the ingest did."""
        skipped = [
            FileReport(path, "skipped", code=code, message=reason)
            for path, code, reason in self.request.found.skipped
        ]
        reports = [
            one for one in self._reports if one.state != "moved" or one.document_id not in self._told_as_read
        ]
        return IngestReport(
            collection=self.request.collection,
            files=(*reports, *skipped),
            seconds=round(time.monotonic() - self._began, 3),
            dry_run=self.request.options.dry_run,
            stopped=self.stopped,
            hint=self.hint,
            slower="",  # who embeds knows it
            **self.counts,
        )

    def _reported(self, report: FileReport, source: SourceFile) -> None:
        self._reports.append(report)
        self._under_way.pop(source.place, None)
        self._done_files += 1
        self._done_bytes += source.size_bytes
        self.tell("reading", source.path)


def unreadable(source: SourceFile, error: OSError) -> ParseError:
    """The error for a file that cannot be opened just now."""
    return ParseError(
        f"{source.path} cannot be read: {error.strerror or error}.",
        code="unreadable",
        hint="Check that it is still there and that you may read it.",
    )


def _is_lasting(error: VouchError) -> bool:
    """Whether the file itself is at fault, so that reading the same bytes again would be in vain."""
    return isinstance(error, ParseError | LimitError) and error.code not in _PASSING
