"""One parsing child from outside: starting it, asking it within limits of time and size, and ending it for good.

What is said through its pipes is in :mod:`ingest.sandbox.replies`, what runs inside is :mod:`ingest.sandbox.worker`,
and who decides when there is a child is :mod:`ingest.sandbox.pool`.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import shutil
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from corpus.errors import LimitError, ParseError, StorageError, UnavailableError
from corpus.scratch import scratch_folder
from ingest.sandbox.copying import Copy, Original
from ingest.sandbox.replies import FRAME

PIPE_BYTES = 1 << 20
"""So much is read from a pipe, or written to it, at a time."""

_START_TIMEOUT_S = 30.0
_LET_GO_S = 5.0
_LAST_S = 5.0
"""So long a child that closed its pipe is left to end by itself."""

_MOST_QUEUED = 4.0
"""Times its allowance that a child may wait for a processor that others have: a busy machine is not the file's fault.
What it computes is limited all the same, by the kernel."""

_MAX_HEADER_BYTES = 256 * 1024 * 1024
SCRATCH_PREFIX = "vouch-parsing-"


class ParsingChild:
    """One child, its pipes and its temporary folder. Used by one thread at a time; ``end`` by any."""

    def __init__(self, memory_mb: int, parsers: str) -> None:
        self.files = 0
        self._ended = False
        self._end_lock = threading.Lock()
        self._talking = threading.Lock()
        self._left = contextlib.ExitStack()  # deletes the folder
        try:
            self._scratch = self._left.enter_context(scratch_folder(SCRATCH_PREFIX))
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
            "ingest.sandbox.worker",
            str(os.getpid()),
            str(memory_mb),
            parsers,
        ]
        self._original = Original(command, self._scratch, _environment(self._scratch))
        self._copy: Copy | None = None
        try:
            self.held = self._begin(())
        except (OSError, ParseError, LimitError) as error:
            self.end()
            raise UnavailableError(
                f"A parsing child does not start: {getattr(error, 'message', error)}",
                code="no_parser",
                hint="Raise parse_memory_mb, or check the installation.",
            ) from None

    def _begin(self, content_types: Sequence[str]) -> tuple[str, ...]:
        """Has a copy made; returns how it is confined.

        Raises:
            OSError: none can be made.
            ParseError: it ends at once.
            LimitError: it does not start in time.
            UnavailableError: it is ended by another thread.
        """
        self._copy = self._original.copy(content_types)
        hello, _ = self._exchange(self._copy, b"", b"", _START_TIMEOUT_S, PIPE_BYTES, "the parser")
        return tuple(str(name) for name in hello.get("held", ()))

    def renew(self, content_types: Sequence[str]) -> bool:
        """Puts a new copy that has read nothing in the child's place; where it says no, the child must be ended.

        Nothing is left to it of the one before: neither its pipes nor what lies in its folder.

        Args:
            content_types: what it is likely to read.
        """
        with self._talking:
            if self._ended or self._copy is None or not self._original.can_copy:
                return False
            if "calls" not in self.held:  # it may have made processes, which end with the whole group alone
                return False
            try:
                self._original.end_copy(0.0)
                self._copy.close()
                self._copy = None
                _empty(self._scratch)
                held = self._begin(content_types)
            except (
                OSError,
                ParseError,
                LimitError,
                UnavailableError,
            ):  # the last: it is being ended by another thread
                return False
            self.files = 0
            return held == self.held and not self._ended  # it may have been ended after it said what is held

    def ask(
        self, header: Mapping[str, Any], body: bytes, timeout_s: float, max_bytes: int, name: str
    ) -> tuple[dict[str, Any], bytes]:
        """Sends a request and returns the reply; whatever goes wrong, the child must then be ended."""
        self.files += 1
        shown = json.dumps(header).encode()
        with self._talking:
            if self._ended or self._copy is None:
                raise pool_closed()
            return self._exchange(
                self._copy, FRAME.pack(len(shown), len(body)) + shown, body, timeout_s, max_bytes, name
            )

    def end(self) -> None:
        """Kills the child and its original with their whole process group, waits, and removes their folder."""
        with self._end_lock:
            if self._ended:
                return
            self._ended = True
        self._original.end()
        # A thread that reads meets the end of the pipe now; its descriptors must stay its own until it has.
        if self._talking.acquire(timeout=_LET_GO_S):
            self._original.close()
            if self._copy is not None:
                self._copy.close()
            self._talking.release()
        self._left.close()

    def _exchange(
        self, copy: Copy, head: bytes, body: bytes, timeout_s: float, max_bytes: int, name: str
    ) -> tuple[dict[str, Any], bytes]:
        began, queued = time.monotonic(), _queued_s(copy.pid)
        to_child, from_child = copy.requests, copy.replies
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
                    left += min(_queued_s(copy.pid) - queued, _MOST_QUEUED * timeout_s)
                if left <= 0:
                    raise self._timed_out(name, timeout_s)
                for key, _ in selector.select(left):
                    if key.fd == to_child:
                        if not self._write_some(to_child, outgoing):
                            selector.unregister(to_child)
                        continue
                    try:
                        piece = os.read(from_child, PIPE_BYTES)
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
            written = os.write(descriptor, outgoing[0][:PIPE_BYTES])
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
            return pool_closed()
        try:
            status = self._original.end_copy(_LAST_S)
        except OSError:
            status = None
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


def pool_closed() -> UnavailableError:
    """What who waits for a child is told when the pool was closed under them."""
    return UnavailableError(
        "The parser pool is closed.", code="stopping", hint="Try again after the restart."
    )


def _empty(folder: Path) -> None:
    """Deletes all that lies in a folder.

    Raises:
        OSError: something cannot be deleted.
    """
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


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
        raise bad_reply(name, f"is not JSON: {error}") from None
    if not isinstance(header, dict) or len(received) != expected:
        raise bad_reply(name, "has the wrong shape")
    return header, bytes(received[start + header_size :])


def bad_reply(name: str, fault: str) -> ParseError:
    """What is wrong with a file whose child answers with what is no document."""
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
