"""The low-priority child that builds one generation.

It opens the catalog itself, takes one snapshot, writes the rows and the graph, checks them, makes them
durable, and writes the manifest last. Its owner sees nothing of a folder without a manifest.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from corpus.crashpoints import reach
from corpus.errors import StorageError
from corpus.projection import Feed, Snapshot
from corpus.types import Float32, Int64
from corpus.vectors import generation as files
from corpus.vectors.graph import check_graph, write_graph
from corpus.vectors.rows import check_dimension, digest

NICENESS = 10
SAMPLE = 2_000
"""Rows that look for themselves in a new graph; all of them when there are fewer."""

FOUND_LEAST = 0.99
"""A graph in which a larger share of the sample is lost is not searched; the exact scan answers instead."""

_PARENT_CHECK_S = 1.0
_STOP_CHECK_S = 0.2
_SPACE_FACTOR = 3  # our vectors, Chroma's, and what waits in Chroma's log
_SPACE_PER_ROW = 1_000  # bytes: ids, links, Chroma's tables, of which an owner opens a copy


@dataclass(frozen=True, slots=True)
class Job:
    """What the child is told. ``feed`` is ``module:function``, called with ``argument``."""

    feed: str
    argument: str
    folder: str
    space: str
    dimension: int
    parent: int


def run() -> None:
    """The child's whole life: builds the generation that its one argument, a job as JSON, asks for."""
    job = Job(**json.loads(sys.argv[1]))
    _die_with(job.parent)
    os.nice(NICENESS)
    reach("fold.child_started")
    module, _, function = job.feed.partition(":")
    try:
        feed: Feed = getattr(importlib.import_module(module), function)(job.argument)
        build(feed, Path(job.folder), job.space, job.dimension)
    except Exception as error:
        sys.exit(f"{type(error).__name__}: {error}")


def build(feed: Feed, folder: Path, space: str, dimension: int) -> None:
    """Builds a generation in a new folder and makes it durable.

    Raises:
        OSError: the disk is full or read-only.
        ValueError: what was written is not what the catalog holds.
    """
    folder.mkdir(parents=True)
    with feed.snapshot() as snapshot:
        seq, expected = snapshot.seq, snapshot.vector_count()
        ids, vectors, first = _write_rows(folder, snapshot, dimension)
    if len(ids) != expected or (np.diff(ids) <= 0).any():
        raise ValueError(
            f"the catalog counts {expected} vectors and gave {len(ids)}, or not in ascending order"
        )
    reach("fold.rows_written")
    # Identical vectors (a notice at the foot of every page) go in once: they link only to one another, and
    # 2,500 of them made 496 of 500 other rows unreachable.
    distinct = np.flatnonzero(first == np.arange(len(first)))
    found = 1.0
    if len(distinct):
        chroma = folder / files.CHROMA
        write_graph(chroma, ids, vectors, distinct)
        reach("fold.graph_written")
        sample = np.random.default_rng(seq).permutation(distinct)[:SAMPLE]
        found = check_graph(chroma, ids, vectors, distinct, sample)
    reach("fold.verified")
    number = files.number_of(folder.name)
    listed = files.list_files(folder)
    graph = bool(len(distinct)) and found >= FOUND_LEAST
    files.write_manifest(
        folder, files.Manifest(files.FORMAT, number, seq, space, dimension, len(ids), found, graph, listed)
    )
    reach("fold.synced")


def build_in_child(job: Job, stop: Callable[[], bool]) -> None:
    """Runs the job in a child process and waits for it; kills it when ``stop`` says so.

    Raises:
        StorageError: the child failed, was killed or could not be started; its folder may be half written.
    """
    # The child finds the very modules that run here, and none in the folder it happens to start in (-P).
    here = str(Path(__file__).resolve().parents[2])
    try:
        child = subprocess.Popen(
            [
                sys.executable,
                "-P",
                "-c",
                "from corpus.vectors.build import run; run()",
                json.dumps(asdict(job)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([here, *filter(None, sys.path)])},
            text=True,
            errors="replace",
        )
    except OSError as error:
        raise StorageError(f"the builder could not be started: {error}") from error
    with child:
        while True:
            try:
                _, said = child.communicate(timeout=_STOP_CHECK_S)
                break
            except subprocess.TimeoutExpired:
                if stop():
                    child.kill()
    if child.returncode:
        last = said.strip().splitlines()[-1:] or ["it said nothing"]
        raise StorageError(f"the builder ended with {child.returncode}: {last[0]}")


def check_free_space(folder: Path, rows: int, dimension: int) -> None:
    """Raises :class:`StorageError` unless a generation of so many rows fits on the disk."""
    need = rows * (_SPACE_FACTOR * 4 * dimension + _SPACE_PER_ROW)
    free = shutil.disk_usage(folder).free
    if free < need:
        raise StorageError(
            f"{folder} has {free >> 20} MB free and the dense index needs {need >> 20} MB.", code="disk_full"
        )


def _write_rows(folder: Path, snapshot: Snapshot, dimension: int) -> tuple[Int64, Float32, Int64]:
    ids, versions = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    first: list[int] = []
    seen: dict[bytes, int] = {}
    with (folder / files.VECTORS).open("wb") as out:
        for batch in snapshot.vector_batches():
            check_dimension(batch.vectors, dimension)
            rows = np.ascontiguousarray(batch.vectors, np.float32)
            out.write(rows.data)
            for row in rows:
                first.append(seen.setdefault(digest(row), len(first)))
            ids.append(batch.ids)
            versions.append(batch.version_ids)
    columns = {files.IDS: np.concatenate(ids), files.VERSIONS: np.concatenate(versions)}
    columns[files.FIRST] = np.array(first, np.int64)
    for name, column in columns.items():
        column.astype(np.int64).tofile(folder / name)
    if not first:
        return columns[files.IDS], np.empty((0, dimension), np.float32), columns[files.FIRST]
    vectors = np.memmap(folder / files.VECTORS, np.float32, "r", shape=(len(first), dimension))
    return columns[files.IDS], vectors, columns[files.FIRST]


def _die_with(parent: int) -> None:
    """Ends this process when its parent ends: at once where the kernel can, else within a second."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_PARENT_CHECK_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
