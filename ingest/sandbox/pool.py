"""Runs parsers where they can do no harm: in killable children with limits on time, memory, size and reach.

A parsing child takes one file at a time through a pipe and answers with one checked document. It has an
empty environment, its own temporary folder, and what :mod:`ingest.sandbox.confinement` leaves it. It is killed
with its whole process group when a file takes too long, and replaced after 50 files or any fault: after 50
files by another copy of the clean process that it was copied from (:mod:`ingest.sandbox.copying`), after a fault by a
process that is started anew, for a copy has its memory at the places where the one before had it. A crash
is tried once more in a fresh child, so that a file is blamed only for what it does itself; what faulted
(:data:`FAULTS`) should be counted by the caller before each attempt and refused after two
(``earlier_faults``), so that no restart loop can form.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from corpus.errors import LimitError, ParseError, StorageError, UnavailableError
from corpus.scratch import remove_left, settle_scratch
from corpus.settings import Settings
from corpus.types import Document
from ingest.parsers import PARSERS, Limits, recognition, too_large
from ingest.parsers.recognition import ScannedError
from ingest.sandbox.parsing_child import PIPE_BYTES, SCRATCH_PREFIX, ParsingChild, bad_reply, pool_closed
from ingest.sandbox.replies import decode_document, decode_refusal

FAULTS = frozenset({"crashed", "timeout", "memory", "too_much_output", "bad_reply"})
"""Codes that mean the file did something to its worker rather than being merely unreadable."""

QUARANTINE_AFTER = 2
"""A file with this many earlier faults is not tried again."""

_FILES_PER_WORKER = 50
_PARSERS = "ingest.parsers:PARSERS"
_UNREAD = ("scanned_page", "garbled_page")


class ParserPool:
    """Parsing children, started when first needed and ended with the pool. Safe to call from any thread.

    Args:
        settings: ``parse_workers``, ``parse_timeout_s``, ``parse_memory_mb`` and the limits of one file.
        parsers: ``module:TABLE``, where the children find their parsers; tests plant hostile ones here.
    """

    def __init__(self, settings: Settings, *, parsers: str = _PARSERS) -> None:
        self._settings = settings
        self._parsers = parsers
        self._limits = Limits(
            max_file_mb=settings.max_file_mb,
            max_pages=settings.max_pages,
            max_text_chars=settings.max_text_chars,
            max_cells=settings.max_cells,
            max_archive_members=settings.max_archive_members,
            max_archive_ratio=settings.max_archive_ratio,
            nesting=settings.max_nesting,
        )
        self._free: list[ParsingChild] = []
        self._all: set[ParsingChild] = set()
        self._types: set[str] = set()  # of what was read
        self._lock = threading.Lock()
        self._slots = threading.BoundedSemaphore(settings.parse_workers)
        self._closed = False
        self._begun: Future[ParsingChild] | None = None
        # A child is told to die with the *thread* that made it: this one lives as long as the pool.
        self._spawner = ThreadPoolExecutor(1, thread_name_prefix="parser-spawner")
        self.held: tuple[str, ...] = ()
        self._reads_pictures = settings.ocr != "off" and recognition.is_installed()
        if settings.ocr == "on" and not self._reads_pictures:
            raise UnavailableError(
                "Scanned pages are to be read, but text recognition is not installed.",
                code="no_ocr",
                hint=f"Install it: {recognition.INSTALL}; or set ocr to auto.",
            )
        settle_scratch(settings.data_dir)
        remove_left(SCRATCH_PREFIX)

    def begin(self) -> None:
        """Starts a child and returns at once: it is ready, or nearly, when the first file comes."""
        with self._lock, contextlib.suppress(RuntimeError):  # closed meanwhile
            if self._begun is None and not self._all:
                self._begun = self._spawner.submit(
                    ParsingChild, self._settings.parse_memory_mb, self._parsers
                )

    def __enter__(self) -> ParserPool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def parse(self, source: bytes | Path, name: str = "", *, earlier_faults: int = 0) -> Document:
        """Returns what a file says.

        Args:
            source: the file's bytes, or where it lies.
            name: its name, for the choice between kinds of text and for messages; default: the path's own.
            earlier_faults: how often this content has already faulted (:data:`FAULTS`).

        Raises:
            ParseError: the file cannot be read: ``empty``, ``encrypted``, ``binary``, ``unsupported``,
                ``damaged_file``, ``no_text``, ``crashed``, ``quarantined``, ``bad_reply`` …
            LimitError: ``timeout``, ``memory``, ``too_large``, ``too_many_pages``, ``too_much_text`` …
            UnavailableError: the pool is closed.
        """
        name = name or (source.name if isinstance(source, Path) else "upload")
        if earlier_faults >= QUARANTINE_AFTER:
            raise ParseError(
                f"{name} is quarantined: it ended its parser {earlier_faults} times.",
                code="quarantined",
                hint="Save it anew with another program, or remove it.",
            )
        data = self._load(source, name)
        try:
            document = self._parse(data, name)
            scanned = len({note.page for note in document.notes if note.code in _UNREAD})
        except ScannedError as error:
            if not self._reads_pictures:
                raise
            return self._parse(data, name, error.scanned)
        if not (scanned and self._reads_pictures):
            return document
        with contextlib.suppress(ParseError, LimitError):  # then it stays as it was read without
            return self._parse(data, name, scanned)
        return document

    def _parse(self, data: bytes, name: str, scanned: int = 0) -> Document:
        """Parses a file; with so many scanned pages to read, in a child of its own with more time and memory."""
        limits = replace(
            self._limits, ocr_s=self._settings.ocr_page_timeout_s * min(scanned, self._limits.max_pages)
        )
        header = {
            "task": "parse",
            "name": name,
            "limits": {field: getattr(limits, field) for field in Limits.__slots__},
        }
        reply, body = self._ask(header, data, name, limits.ocr_s)
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError as error:
            raise bad_reply(name, f"is not text: {error}") from None
        document = decode_document(reply.get("document"), text)
        if document.content_type in PARSERS:
            with self._lock:
                self._types.add(document.content_type)
        return document

    def render(self, original: bytes, content_type: str, page: int, words: Sequence[str] = ()) -> bytes:
        """Returns a page as a PNG picture, with the given quotes marked; see :mod:`ingest.rendering`.

        Raises:
            ParseError: ``no_picture``, or as :meth:`parse`.
            LimitError: ``timeout``, ``memory``.
        """
        header = {"task": "render", "content_type": content_type, "page": page, "words": list(words)}
        return self._ask(header, original, f"page {page}")[1]

    def close(self) -> None:
        """Ends every child, also those at work: their callers get :class:`UnavailableError`."""
        with self._lock:
            self._closed = True
            workers = list(self._all)
            self._all.clear()
            self._free.clear()
            begun, self._begun = self._begun, None
        for worker in workers:
            worker.end()
        if begun is not None and not begun.cancel():
            with contextlib.suppress(
                StorageError, UnavailableError
            ):  # it did not start, and nobody asked for it
                begun.result().end()
        self._spawner.shutdown()

    def _load(self, source: bytes | Path, name: str) -> bytes:
        if isinstance(source, bytes):
            data = source
        else:
            try:
                with source.open("rb") as stream:
                    size = os.fstat(stream.fileno()).st_size
                    if size > self._limits.max_file_mb * 1_000_000:
                        raise too_large(name, size, self._limits)
                    data = stream.read(self._limits.max_file_mb * 1_000_000 + 1)
            except OSError as error:
                raise ParseError(
                    f"{name} cannot be opened: {error.strerror or error}.",
                    code="unreadable",
                    hint="Check that it is still there and that you may read it.",
                ) from None
        if len(data) > self._limits.max_file_mb * 1_000_000:
            raise too_large(name, len(data), self._limits)
        return data

    def _ask(
        self, header: Mapping[str, Any], body: bytes, name: str, ocr_s: float = 0.0
    ) -> tuple[dict[str, Any], bytes]:
        with self._slots:
            try:
                return self._ask_once(header, body, name, ocr_s)
            except ParseError as error:
                if error.code != "crashed":
                    raise
            return self._ask_once(header, body, name, ocr_s)

    def _ask_once(
        self, header: Mapping[str, Any], body: bytes, name: str, ocr_s: float
    ) -> tuple[dict[str, Any], bytes]:
        worker = self._start(recognition.MEMORY_MB) if ocr_s else self._take()
        keep = False
        try:
            timeout_s = self._settings.parse_timeout_s + ocr_s
            full = {**header, "timeout_s": timeout_s}
            limit = 8 * self._settings.max_text_chars + PIPE_BYTES
            reply, answer = worker.ask(full, body, timeout_s, limit, name)
            if reply.get("ok") is True:
                keep = not ocr_s
                return reply, answer
            error = decode_refusal(reply)
            keep = error.code not in FAULTS and not ocr_s
            raise error
        finally:
            self._give_back(worker, keep)

    def _take(self) -> ParsingChild:
        with self._lock:
            if self._free:
                return self._free.pop()
            begun, self._begun = self._begun, None
        return self._start(begun=begun)

    def _start(self, more_memory_mb: int = 0, begun: Future[ParsingChild] | None = None) -> ParsingChild:
        memory_mb = self._settings.parse_memory_mb + more_memory_mb
        try:
            worker = (begun or self._spawner.submit(ParsingChild, memory_mb, self._parsers)).result()
        except (RuntimeError, CancelledError):
            raise pool_closed() from None
        with self._lock:
            if not self._closed:
                self._all.add(worker)
                self.held = worker.held
                return worker
        worker.end()
        raise pool_closed()

    def _give_back(self, worker: ParsingChild, keep: bool) -> None:
        with self._lock:
            keep = keep and not self._closed
            types = sorted(self._types)
        keep = keep and (worker.files < _FILES_PER_WORKER or worker.renew(types))
        with self._lock:
            if keep and not self._closed:
                self._free.append(worker)
                return
            self._all.discard(worker)
        worker.end()
