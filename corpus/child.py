"""Heavy index work in a low-priority child, which ends when this process does."""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus.errors import StorageError
from corpus.projection import Feed

NICENESS = 10
"""How far children stand behind this process when both want a core."""

_START = "from corpus.child import serve; serve()"
_STOP_CHECK_S = 0.2


class Stopped(Exception):
    """The work was called off: its index is being closed."""


@dataclass(frozen=True, slots=True)
class FeedAddress:
    """Where a child finds the catalog: ``function``, as ``module:name``, called with ``argument``."""

    function: str
    argument: str

    def open(self) -> Feed:
        """Opens the catalog."""
        feed: Feed = _find(self.function)(self.argument)
        return feed


def run_in_child(function: str, arguments: Sequence[str], stop: Callable[[], bool]) -> None:
    """Calls ``function`` (``module:name``) with ``arguments`` in a child process and waits for it.

    Raises:
        Stopped: ``stop`` said so; the child is dead.
        OSError: the child could not be started, or met this error: a disk that is full or read-only.
        StorageError: the child failed in another way, or was killed.
    """
    # -P and the path: the child finds the very modules that run here, and none where it happens to start.
    here = str(Path(__file__).resolve().parents[1])
    with subprocess.Popen(
        [sys.executable, "-P", "-c", _START, function, *arguments],
        stdin=subprocess.PIPE,  # never written to: its end tells the child that we are gone
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([here, *filter(None, sys.path)])},
    ) as child:
        give_way(child)
        said = _wait(child, stop)
    if child.returncode:
        number, text = _read_failure(said[-1] if said else "it said nothing")
        if number:
            raise OSError(number, text)
        raise StorageError(f"The building process ended with {child.returncode}: {text}.")


def _wait(child: subprocess.Popen[bytes], stop: Callable[[], bool]) -> list[str]:
    """Returns the lines the child said on stderr until it ended."""
    said: list[bytes] = []
    stderr = child.stderr
    assert stderr is not None
    reader = threading.Thread(target=lambda: said.append(stderr.read()), daemon=True)
    reader.start()
    while True:
        try:
            child.wait(_STOP_CHECK_S)
            break
        except subprocess.TimeoutExpired:
            if stop():
                child.kill()
                reader.join()
                raise Stopped from None
    reader.join()
    return b"".join(said).decode(errors="replace").strip().splitlines()


def give_way(child: subprocess.Popen[bytes]) -> None:
    """Lowers a child's priority from outside: its imports, too, are a second of computing."""
    with suppress(ProcessLookupError):  # it has ended already
        os.setpriority(os.PRIO_PROCESS, child.pid, min(19, os.getpriority(os.PRIO_PROCESS, 0) + NICENESS))


def serve() -> None:
    """The child's whole life: makes the call that its arguments name, and says how it failed."""
    function, *arguments = sys.argv[1:]
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    try:
        _find(function)(*arguments)
    except Exception as error:
        sys.exit(json.dumps([getattr(error, "errno", None) or 0, f"{type(error).__name__}: {error}"]))


def _die_with_parent() -> None:
    # Not through sys.stdin: a thread inside it aborts the interpreter's shutdown.
    while os.read(0, 1):
        pass
    os._exit(1)


def _find(function: str) -> Any:
    module, _, name = function.partition(":")
    return getattr(importlib.import_module(module), name)


def _read_failure(line: str) -> tuple[int, str]:
    try:
        number, text = json.loads(line)
        return int(number), str(text)
    except (ValueError, TypeError):
        return 0, line
