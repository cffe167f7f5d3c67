"""Runs parsers where they can do no harm: in killable children with limits on time, memory, size and reach.

A parsing child takes one file at a time through a pipe and answers with one checked document. It has an
empty environment, its own temporary folder, and what :mod:`ingest.confinement` leaves it. It is killed
with its whole process group when a file takes too long, and replaced after 50 files or any fault. A crash
is tried once more in a fresh child, so that a file is blamed only for what it does itself; what faulted
(:data:`FAULTS`) should be counted by the caller before each attempt and refused after two
(``earlier_faults``), so that no restart loop can form.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

from corpus.child import give_way
from corpus.errors import LimitError, ParseError, StorageError, UnavailableError
from corpus.settings import Settings
from corpus.types import Document
from ingest.parsers import Limits, recognition, too_large
from ingest.parsers.recognition import ScannedError
from ingest.worker import FRAME, decode_document, read_refusal

FAULTS = frozenset({"crashed", "timeout", "memory", "too_much_output", "bad_reply"})
"""Codes that mean the file did something to its worker rather than being merely unreadable."""

QUARANTINE_AFTER = 2
"""A file with this many earlier faults is not tried again."""

_FILES_PER_WORKER = 50
_START_TIMEOUT_S = 30.0
_LET_GO_S = 5.0
_MOST_QUEUED = 4.0
"""Times its allowance that a child may wait for a processor that others have: a busy machine is not the file's fault.
What it computes is limited all the same, by the kernel."""

_MAX_HEADER_BYTES = 256 * 1024 * 1024
_PIPE_BYTES = 1 << 20
_SCRATCH_PREFIX = "vouch-parse-"
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
        )
        self._free: list[_Worker] = []
        self._all: set[_Worker] = set()
        self._lock = threading.Lock()
        self._slots = threading.BoundedSemaphore(settings.parse_workers)
        self._closed = False
        self._begun: Future[_Worker] | None = None
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
        _remove_orphans()

    def begin(self) -> None:
        """Starts a child and returns at once: it is ready, or nearly, when the first file comes."""
        with self._lock, contextlib.suppress(RuntimeError):  # closed meanwhile
            if self._begun is None and not self._all:
                self._begun = self._spawner.submit(_Worker, self._settings.parse_memory_mb, self._parsers)

    def __enter__(self) -> ParserPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
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
            raise _bad_reply(name, f"is not text: {error}") from None
        return decode_document(reply.get("document"), text)

    def render(self, original: bytes, content_type: str, page: int, words: Sequence[str] = ()) -> bytes:
        """Returns a page as a PNG picture, with the given quotes marked; see :mod:`ingest.rendering`.

        Raises:
            ParseError: ``no_picture``, ``no_such_page``, or as :meth:`parse`.
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
            limit = 8 * self._settings.max_text_chars + _PIPE_BYTES
            reply, answer = worker.ask(full, body, timeout_s, limit, name)
            if reply.get("ok") is True:
                keep = not ocr_s
                return reply, answer
            error = read_refusal(reply)
            keep = error.code not in FAULTS and not ocr_s
            raise error
        finally:
            self._give_back(worker, keep)

    def _take(self) -> _Worker:
        with self._lock:
            if self._free:
                return self._free.pop()
            begun, self._begun = self._begun, None
        return self._start(begun=begun)

    def _start(self, more_memory_mb: int = 0, begun: Future[_Worker] | None = None) -> _Worker:
        memory_mb = self._settings.parse_memory_mb + more_memory_mb
        try:
            worker = (begun or self._spawner.submit(_Worker, memory_mb, self._parsers)).result()
        except (RuntimeError, CancelledError):
            raise _pool_closed() from None
        with self._lock:
            if not self._closed:
                self._all.add(worker)
                self.held = worker.held
                return worker
        worker.end()
        raise _pool_closed()

    def _give_back(self, worker: _Worker, keep: bool) -> None:
        with self._lock:
            if keep and not self._closed and worker.files < _FILES_PER_WORKER:
                self._free.append(worker)
                return
            self._all.discard(worker)
        worker.end()


def _pool_closed() -> UnavailableError:
    return UnavailableError(
        "The parser pool is closed.", code="stopping", hint="Try again after the restart."
    )


class _Worker:
    """One child, its pipes and its temporary folder. Used by one thread at a time; ``end`` by any."""

    def __init__(self, memory_mb: int, parsers: str) -> None:
        self.files = 0
        self._ended = False
        self._end_lock = threading.Lock()
        self._talking = threading.Lock()
        try:
            self._scratch = Path(tempfile.mkdtemp(prefix=f"{_SCRATCH_PREFIX}{os.getpid()}-"))
        except OSError as error:
            raise StorageError(
                f"No temporary folder for parsing can be made: {error.strerror or error}.",
                code="no_scratch",
                hint="Free some space, or set TMPDIR to a folder that can be written.",
            ) from None
        command = [
            sys.executable,
            "-B",
            "-P",
            "-m",
            "ingest.worker",
            str(os.getpid()),
            str(memory_mb),
            parsers,
        ]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self._scratch,
            env=_environment(self._scratch),
            start_new_session=True,
            bufsize=0,
        )
        give_way(self._process)
        try:
            hello, _ = self._exchange(b"", b"", _START_TIMEOUT_S, _PIPE_BYTES, "the parser")
        except (ParseError, LimitError) as error:
            self.end()
            raise UnavailableError(
                f"A parsing child does not start: {error.message}",
                code="no_parser",
                hint="Raise parse_memory_mb, or check the installation.",
            ) from None
        self.held = tuple(str(name) for name in hello.get("held", ()))

    def ask(
        self, header: Mapping[str, Any], body: bytes, timeout_s: float, max_bytes: int, name: str
    ) -> tuple[dict[str, Any], bytes]:
        """Sends a request and returns the reply; whatever goes wrong, the child must then be ended."""
        self.files += 1
        shown = json.dumps(header).encode()
        with self._talking:
            if self._ended:
                raise _pool_closed()
            return self._exchange(FRAME.pack(len(shown), len(body)) + shown, body, timeout_s, max_bytes, name)

    def end(self) -> None:
        """Kills the child with its whole process group, waits for it, and removes its folder."""
        with self._end_lock:
            if self._ended:
                return
            self._ended = True
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        # A thread that reads meets the end of the pipe now; its descriptors must stay its own until it has.
        if self._talking.acquire(timeout=_LET_GO_S):
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    with contextlib.suppress(OSError):
                        stream.close()
            self._talking.release()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _exchange(
        self, head: bytes, body: bytes, timeout_s: float, max_bytes: int, name: str
    ) -> tuple[dict[str, Any], bytes]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        began, queued = time.monotonic(), _queued_s(self._process.pid)
        to_child, from_child = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(to_child, False)
        os.set_blocking(from_child, False)
        outgoing = [memoryview(part) for part in (head, body) if part]
        received = bytearray()
        expected = -1
        with selectors.DefaultSelector() as selector:
            selector.register(from_child, selectors.EVENT_READ)
            if outgoing:
                selector.register(to_child, selectors.EVENT_WRITE)
            while expected < 0 or len(received) < expected:
                left = began + timeout_s - time.monotonic()
                if left <= 0:
                    left += min(_queued_s(self._process.pid) - queued, _MOST_QUEUED * timeout_s)
                if left <= 0:
                    raise self._timed_out(name, timeout_s)
                for key, _ in selector.select(left):
                    if key.fd == to_child:
                        if not self._write_some(to_child, outgoing):
                            selector.unregister(to_child)
                        continue
                    try:
                        piece = os.read(from_child, _PIPE_BYTES)
                    except BlockingIOError:
                        continue
                    if not piece:
                        raise self._died(name, timeout_s)
                    received += piece
                if expected < 0 and len(received) >= FRAME.size:
                    header_size, body_size = FRAME.unpack_from(received)
                    if header_size > min(_MAX_HEADER_BYTES, max_bytes * 4) or body_size > max_bytes:
                        raise LimitError(
                            f"{name} gives more than {max_bytes // 1_000_000} MB of text.",
                            code="too_much_output",
                            hint="Split it, or raise max_text_chars.",
                        )
                    expected = FRAME.size + header_size + body_size
        return _read_frame(received, header_size, expected, name)

    @staticmethod
    def _write_some(descriptor: int, outgoing: list[memoryview]) -> bool:
        """Writes what the pipe takes; False when all is sent (or the child no longer reads)."""
        try:
            written = os.write(descriptor, outgoing[0][:_PIPE_BYTES])
        except BlockingIOError:
            return True
        except BrokenPipeError:
            outgoing.clear()
            return False
        outgoing[0] = outgoing[0][written:]
        if not outgoing[0]:
            outgoing.pop(0)
        return bool(outgoing)

    def _timed_out(self, name: str, timeout_s: float) -> LimitError:
        return LimitError(
            f"Reading {name} took longer than {timeout_s:g} s and was stopped.",
            code="timeout",
            hint="Split it, or raise parse_timeout_s.",
        )

    def _died(self, name: str, timeout_s: float) -> ParseError | LimitError | UnavailableError:
        if self._ended:
            return _pool_closed()
        try:
            status = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            status = None  # it closed its pipe but lives on; end() will see to it
        if status == -signal.SIGXCPU:
            return self._timed_out(name, timeout_s)
        how = "closed its pipe" if status is None else f"ended with status {status}"
        if status is not None and status < 0:
            how = f"was ended by {signal.Signals(-status).name}"
        return ParseError(
            f"The parser of {name} {how}.",
            code="crashed",
            hint="The file is damaged or hostile, or needs more than parse_memory_mb; save it anew.",
        )


def _queued_s(pid: int) -> float:
    """Returns how long a process has waited for a processor, ready to compute; 0.0 where nothing tells."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text("ascii").split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0


def _read_frame(
    received: bytearray, header_size: int, expected: int, name: str
) -> tuple[dict[str, Any], bytes]:
    start = FRAME.size
    try:
        header = json.loads(received[start : start + header_size])
    except (ValueError, RecursionError) as error:
        raise _bad_reply(name, f"is not JSON: {error}") from None
    if not isinstance(header, dict) or len(received) != expected:
        raise _bad_reply(name, "has the wrong shape")
    return header, bytes(received[start + header_size :])


def _bad_reply(name: str, fault: str) -> ParseError:
    return ParseError(
        f"The parser's reply for {name} {fault}.",
        code="bad_reply",
        hint="The file is damaged or hostile; save it anew in the program it was made with.",
    )


def _environment(scratch: Path) -> dict[str, str]:
    """Returns all that a child knows of this process: where Python's modules are."""
    found = {
        "PYTHONPATH": os.pathsep.join(str(Path(entry).resolve()) for entry in sys.path if entry),
        "PYTHONUTF8": "1",
        "TMPDIR": str(scratch),
        "HOME": str(scratch),
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
    }
    if "LD_LIBRARY_PATH" in os.environ:
        found["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
    return found


def _remove_orphans() -> None:
    """Removes temporary folders of pools whose process is gone."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_SCRATCH_PREFIX}*-*"):
        pid = folder.name.removeprefix(_SCRATCH_PREFIX).partition("-")[0]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists() and Path("/proc/self").exists():
            shutil.rmtree(folder, ignore_errors=True)
