"""Parsing children as copies of a clean process, the original: it has imported what they need and reads no file.

To import takes a tenth of a second of the processor, to copy a hundredth, and a folder of many small files is read by
hundreds of children. A copy has what a process started for it would have: pipes of its own, and all that
:mod:`ingest.sandbox.confinement` takes from it, before it is sent a file. An original has one copy at a time, and gets
nothing from it: neither reads what the other does. It ends with its owner, and its copy with it.

What is said: ``{"copy": [content types]}`` with the ends of two pipes gives a process id, ``{"end": seconds}`` the
exit code of the copy, or null where it had to be ended after so long; and the end of the connection ends both.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus.child import give_way

CAN_COPY = sys.platform == "linux"
"""Elsewhere an original becomes the one child that is asked of it: the libraries of macOS do not bear copying."""

_ANSWER_S = 30.0
_END_S = 5.0
_POLL_S = 0.01
_LOOK_S = 0.001
_MOST_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Copy:
    """A child: its process, and the descriptors by which it is sent requests and answers them."""

    pid: int
    requests: int
    replies: int

    def close(self) -> None:
        """Lets go of its pipes."""
        for descriptor in (self.requests, self.replies):
            os.close(descriptor)


class Original:
    """The clean process from outside. Used by one thread at a time; ``end`` by any."""

    def __init__(self, command: Sequence[str], folder: Path, environment: dict[str, str]) -> None:
        self.can_copy = CAN_COPY
        self._control, theirs = socket.socketpair()
        self._control.settimeout(_ANSWER_S)
        with theirs:
            self._process = subprocess.Popen(
                [*command, "copies" if CAN_COPY else "alone"],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=folder,
                env=environment,
                start_new_session=True,
            )
        give_way(self._process)

    def copy(self, content_types: Sequence[str] = ()) -> Copy:
        """Returns a child; the one before must have been ended.

        Args:
            content_types: what it is likely to read: what that needs is imported before, once for all later copies.

        Raises:
            OSError: none can be made.
        """
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        try:
            pid = self._ask({"copy": list(content_types)}, (theirs_in, theirs_out))
        except OSError:
            os.close(ours_out)
            os.close(ours_in)
            raise
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        return Copy(int(pid), ours_out, ours_in)

    def end_copy(self, patience_s: float) -> int | None:
        """Ends the child and returns its exit code (negative: a signal's number); None if it did not end by itself.

        Raises:
            OSError: the original is gone, too.
        """
        if self.can_copy:
            code = self._ask({"end": patience_s})
            return None if code is None else int(code)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(patience_s)
        return None

    def end(self) -> None:
        """Ends the original and its copy, with their whole process group, and waits for both."""
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)  # also wakes a thread that waits for an answer
        if self.can_copy:  # the original ends its copy first: nobody else can wait for that
            self._let_end()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _let_end(self) -> None:
        """Waits a while for the original's end, and leaves it to be waited for: till then its number is its own."""
        until = time.monotonic() + _END_S
        state = os.WEXITED | os.WNOHANG | os.WNOWAIT
        with contextlib.suppress(ChildProcessError):
            while not os.waitid(os.P_PID, self._process.pid, state) and time.monotonic() < until:
                time.sleep(_LOOK_S)

    def close(self) -> None:
        """Lets go of the connection, once no thread uses it any more."""
        self._control.close()

    def _ask(self, what: Mapping[str, Any], pipes: Sequence[int] = ()) -> Any:
        socket.send_fds(self._control, [json.dumps(what).encode()], pipes)
        answer = self._control.recv(_MOST_BYTES)
        if not answer:
            raise ConnectionResetError("the process has ended")
        return json.loads(answer)


def wait_to_be_copied(
    control: socket.socket, prepare: Callable[[Sequence[str]], None], *, alone: bool
) -> tuple[int, int]:
    """Makes copies as the owner asks for them; returns in each of them, with the ends of its two pipes.

    Must be called while the process has one thread.

    Args:
        control: the connection to the owner; closed in copies.
        prepare: imports what the parsers of content types need.
        alone: whether this process is to be the only copy itself.
    """
    copy = 0
    while True:
        message, pipes, _, _ = socket.recv_fds(control, _MOST_BYTES, 2)
        if not message:
            _end(copy, 0.0)
            os._exit(0)
        what = json.loads(message)
        if "end" in what:
            code, copy = _end(copy, what["end"]), 0
            control.send(json.dumps(code).encode())
            continue
        prepare(what["copy"])
        gc.freeze()  # or the first collection in a copy would write to every page that they share
        copy = 0 if alone else os.fork()
        if copy or alone:
            control.send(json.dumps(copy or os.getpid()).encode())
        if not copy:
            control.close()
            return pipes[0], pipes[1]
        for descriptor in pipes:
            os.close(descriptor)


def _end(copy: int, patience_s: float) -> int | None:
    if not copy:
        return None
    until = time.monotonic() + patience_s
    ended, status = os.waitpid(copy, os.WNOHANG)
    while not ended and time.monotonic() < until:
        time.sleep(_POLL_S)
        ended, status = os.waitpid(copy, os.WNOHANG)
    if ended:
        return os.waitstatus_to_exitcode(status)
    os.kill(copy, signal.SIGKILL)
    os.waitpid(copy, 0)
    return None
