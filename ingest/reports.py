"""What an ingest is asked, what it tells while it works, and what it did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from corpus.catalog.versions import VersionRecord
from corpus.types import OWNER, Caller, Page, Terms
from ingest.discovery import Discovery

FileState = Literal["ok", "partial", "failed", "skipped", "planned", "updated", "moved", "removed"]
Stage = Literal["planning", "reading", "embedding", "indexing", "stopped", "done"]


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """How files are ingested. None for ``access`` and ``metadata`` keeps what a document has.

    ``sync`` makes the corpus equal to the folders, and ``consent`` agrees to a large removal. A ``dry_run`` only says
    what would be done. ``retry_failed`` reads again what failed before; ``rehash`` reads the bytes of every file, else
    one of the known size and time is taken for unchanged.
    """

    access: frozenset[str] | None = None
    metadata: Mapping[str, str] | None = None
    sync: bool = False
    dry_run: bool = False
    consent: bool = False
    retry_failed: bool = False
    rehash: bool = False

    def terms(self, own: Terms) -> Terms:
        """Returns the terms of a document from now on; ``own`` are those that it has."""
        access, metadata = own
        return (
            access if self.access is None else self.access,
            metadata if self.metadata is None else self.metadata,
        )


AS_USUAL = IngestOptions()


@dataclass(frozen=True, slots=True)
class IngestRequest:
    """What to ingest into which collection, and how.

    ``caller`` is who asks for it: a file in the place of a document hidden from them fails.
    """

    found: Discovery
    collection: str
    options: IngestOptions = AS_USUAL
    caller: Caller = OWNER


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of one file; in a dry run what would, and ``planned`` is what would be read.

    Never ``ok`` with zero chunks.

    ``page_chars`` holds the characters of each page in order, and ``flagged_pages`` the 1-based pages by what was
    noted of them (``scanned_page``, ``garbled_page``, ``empty_page``, ``duplicate_page``, ``ocr_page`` …).
    ``hidden_chars`` were found and stripped. ``tables`` is None where it is not known, as is ``seconds``: what reading
    and cutting took; embedding is shared between files, and not in it. ``truncated`` counts passages that the
    embedder would have cut off: always 0, because what is too long is cut into several.
    """

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
    page_chars: tuple[int, ...] = ()
    flagged_pages: Mapping[str, tuple[int, ...]] = field(default_factory=lambda: MappingProxyType({}))
    hidden_chars: int = 0
    tables: int | None = None
    chunks: int = 0
    chunks_without_vector: int = 0
    tokens: int = 0
    truncated: int = 0
    notes: tuple[Mapping[str, object], ...] = ()
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a file could not be read, and what to do about it."""

    code: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class DocumentReport:
    """What the ingest made of a document's live version, long after; ``failed_since`` is a later attempt that did
    not replace it.
    """

    collection: str
    report: FileReport
    committed_at: datetime
    failed_since: Problem | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an ingest came.

    ``files``, ``chunks`` and ``pages`` count what is committed; ``done_bytes`` of ``total_bytes`` also what is only
    read or embedded in part, so that it moves within a large file. ``share`` (0 to 1) and ``left_s`` are reckoned in
    passages, those still to be expected included (:mod:`ingest.forecast`), and ``chunks_per_s`` are embedded; None
    while nobody can know. What was cancelled, or ended by a fault of the disk, is ``stopped`` at the share it had
    reached.
    """

    stage: Stage
    files: int
    total_files: int
    chunks: int
    done_bytes: int
    total_bytes: int
    current: str
    pages: int = 0
    share: float = 0.0
    left_s: float | None = None
    chunks_per_s: float | None = None


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What an ingest did. ``stopped`` tells why it ended early ("" when it did not), ``slower`` why passages were
    embedded more slowly than they could be ("" when they were not).

    Of the ``replaced`` documents ``read_anew`` have the file they had: this Vouch, or a setting, reads, cuts or embeds
    it otherwise than before.

    A document that moved, and was read again under its new name, counts as one of ``moved`` alone, and is one of
    ``files``: as it was read, with the place where it was.
    """

    collection: str
    files: tuple[FileReport, ...]
    added: int
    replaced: int
    moved: int
    updated: int
    removed: int
    unchanged: int
    failed: int
    chunks: int
    seconds: float
    read_anew: int = 0
    dry_run: bool = False
    stopped: str = ""
    hint: str = ""
    slower: str = ""


_HARMLESS_NOTES = frozenset({"hidden_text", "type_mismatch", "encoding", "duplicate_page", "ocr_page"})


def report_version(path: str, version: VersionRecord, pages: Iterable[Page], tokens: int) -> FileReport:
    """Returns what an ingest made of a file, from what is stored: ``partial`` when a note is worrying."""
    worrying = any(note["code"] not in _HARMLESS_NOTES for note in version.notes)
    flagged: dict[str, tuple[int, ...]] = {}
    for note in version.notes:
        if note["page"]:
            flagged[note["code"]] = (*flagged.get(note["code"], ()), note["page"])
    return FileReport(
        path=path,
        state="partial" if worrying else "ok",
        document_id=version.document_id,
        version=version.number,
        content_type=version.content_type,
        pages=version.pages,
        chars=version.chars,
        page_chars=tuple(page.end - page.start for page in pages),
        flagged_pages=flagged,
        hidden_chars=sum(
            _leading_number(note["message"]) for note in version.notes if note["code"] == "hidden_text"
        ),
        tables=version.tables,
        chunks=version.chunks,
        chunks_without_vector=version.chunks - version.vectors,
        tokens=tokens,
        notes=version.notes,
        seconds=version.seconds,
    )


def _leading_number(message: str) -> int:
    """The count that a parser's sentence begins with; 0 when it begins with none."""
    first = message.split(" ", 1)[0].replace(",", "")
    return int(first) if first.isdecimal() else 0
