"""A generation built from the catalog: here, or in a low-priority child that leaves this process alone."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from corpus.errors import StorageError
from corpus.lexical import segments
from corpus.lexical.analysis import ANALYSIS_VERSION
from corpus.lexical.engine import TANTIVY_ERRORS, Engine
from corpus.lexical.segments import Record
from corpus.projection import Feed, TextRow

_CHILD = "from corpus.lexical.build import run; run()"
_NICENESS = 10
_STOP_CHECK_S = 0.2


class Stopped(Exception):
    """The index was closed while a generation was being built."""


@dataclass(frozen=True, slots=True)
class FeedAddress:
    """Where a child finds the catalog: ``function``, as ``module:name``, called with ``argument``."""

    function: str
    argument: str


def build(feed: Feed, folder: Path, stop: Callable[[], bool]) -> None:
    """Writes all live passages of the catalog, and the record of it, into an empty folder.

    Raises:
        OSError, ValueError, RuntimeError: (``TANTIVY_ERRORS``) the disk is full or read-only.
        Stopped: ``stop`` said so.
    """
    with feed.snapshot() as snapshot:
        seq = snapshot.seq
        Engine(folder).apply([], _until(stop, snapshot.text_rows()))
    segments.write_record(folder, Record(ANALYSIS_VERSION, seq, segments.meta_crc(folder)))


def build_in_child(address: FeedAddress, folder: Path, stop: Callable[[], bool]) -> None:
    """Does the same in a child process, which ends when this one does.

    Raises:
        OSError: the child could not be started, or its disk is full or read-only.
        StorageError: the child failed or was killed.
        Stopped: ``stop`` said so.
    """
    # -P and the path: the child finds the very modules that run here, and none where it happens to start.
    here = str(Path(__file__).resolve().parents[2])
    with subprocess.Popen(
        [sys.executable, "-P", "-c", _CHILD, address.function, address.argument, str(folder)],
        stdin=subprocess.PIPE,  # never written to: its end tells the child that we are gone
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([here, *filter(None, sys.path)])},
    ) as child:
        said = _wait(child, stop)
    if child.returncode:
        last = said.decode(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
        number, _, text = last[0].partition(" ")
        if number.isdigit() and int(number):
            raise OSError(int(number), text)
        raise StorageError(f"The builder of the lexical index ended with {child.returncode}: {last[0]}.")


def run() -> None:
    """The child's whole life. Arguments: the feed's function, its argument, the folder to fill."""
    function, argument, folder = sys.argv[1:]
    os.nice(_NICENESS)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    module, _, name = function.partition(":")
    try:
        feed: Feed = getattr(importlib.import_module(module), name)(argument)
        build(feed, Path(folder), lambda: False)
    except TANTIVY_ERRORS as error:
        sys.exit(f"{getattr(error, 'errno', None) or 0} {error}")


def _die_with_parent() -> None:
    # Not through sys.stdin: a thread inside it aborts the interpreter's shutdown.
    while os.read(0, 1):
        pass
    os._exit(1)


def _wait(child: subprocess.Popen[bytes], stop: Callable[[], bool]) -> bytes:
    said: list[bytes] = []
    assert child.stderr is not None
    reader = threading.Thread(target=lambda: said.append(child.stderr.read()), daemon=True)  # type: ignore[union-attr]
    reader.start()
    while True:
        try:
            child.wait(_STOP_CHECK_S)
            break
        except subprocess.TimeoutExpired:
            if stop():
                child.kill()
                raise Stopped from None
    reader.join()
    return b"".join(said)


def _until(stop: Callable[[], bool], rows: Iterable[TextRow]) -> Iterator[TextRow]:
    for row in rows:
        if stop():
            raise Stopped
        yield row
