"""What an ingest is asked, what it tells while it works, and what it did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from corpus.types import OWNER, Caller
from ingest.discovery import Discovery

FileState = Literal["ok", "partial", "failed", "skipped", "updated", "removed"]
Stage = Literal["planning", "reading", "embedding", "indexing", "done"]


@dataclass(frozen=True, slots=True)
class IngestRequest:
    """What to ingest and how. None for ``access`` and ``metadata`` keeps what a document has.

    ``rehash`` reads the bytes of every file; else one of the known size and time is taken for unchanged.
    ``caller`` is who asks for it: a file in the place of a document hidden from them fails.
    """

    found: Discovery
    collection: str
    access: frozenset[str] | None = None
    metadata: Mapping[str, str] | None = None
    sync: bool = False
    dry_run: bool = False
    consent: bool = False
    retry_failed: bool = False
    rehash: bool = False
    caller: Caller = OWNER


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of one file. Never ``ok`` with zero chunks.

    ``seconds`` is what reading and cutting it took; embedding is shared between files, and not in it.
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
    chunks: int = 0
    chunks_without_vector: int = 0
    tokens: int = 0
    notes: tuple[Mapping[str, object], ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an ingest came.

    ``files`` and ``chunks`` count what is committed; ``done_bytes`` of ``total_bytes`` also what is only
    read or embedded in part, so that it moves within a large file.
    """

    stage: Stage
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
