"""The low-priority child that builds one generation.

It opens the catalog itself, takes one snapshot, writes the rows and the graph, checks them, makes them
durable, and writes the manifest last. Its owner sees nothing of a folder without a manifest.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

from corpus.child import FeedAddress, run_in_child
from corpus.crashpoints import reach
from corpus.errors import StorageError
from corpus.projection import Feed, Snapshot
from corpus.types import Float32, Int64
from corpus.vectors import generation as files
from corpus.vectors.graph import Rows, check_graph, write_graph
from corpus.vectors.reduction import ReducedRows, fit_reduction
from corpus.vectors.rows import check_dimension, digest

SAMPLE = 2_000
"""Rows that look for themselves in a new graph; all of them when there are fewer."""

FOUND_LEAST = 0.99
"""A graph in which a larger share of the sample is lost is not searched; the exact scan answers instead."""

_SPACE_FACTOR = 3  # our vectors, Chroma's, and what waits in Chroma's log
_SPACE_PER_ROW = 1_000  # bytes: ids, links, Chroma's tables, of which an owner opens a copy


def run(feed: str, argument: str, folder: str, space: str, dimension: str) -> None:
    """What the child does: builds a generation of the catalog that ``feed`` opens with ``argument``."""
    reach("fold.child_started")
    build(FeedAddress(feed, argument).open(), Path(folder), space, int(dimension))


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
        chroma, held = folder / files.CHROMA, _reduced(folder, vectors, distinct)
        write_graph(chroma, ids, held, distinct)
        reach("fold.graph_written")
        sample = np.random.default_rng(seq).permutation(distinct)[:SAMPLE]
        found = check_graph(chroma, ids, held, distinct, sample)
    reach("fold.verified")
    number = files.number_of(folder.name)
    listed = files.list_files(folder)
    graph = bool(len(distinct)) and found >= FOUND_LEAST
    files.write_manifest(
        folder, files.Manifest(files.FORMAT, number, seq, space, dimension, len(ids), found, graph, listed)
    )
    reach("fold.synced")


def _reduced(folder: Path, vectors: Float32, rows: Int64) -> Rows:
    """Returns the rows as the graph is to hold them; where they are shortened, how is written beside them."""
    reduction = fit_reduction(vectors, rows)
    if reduction is None:
        return vectors
    reduction.save(folder / files.REDUCTION)
    return ReducedRows(vectors, reduction, rows)


def build_in_child(
    address: FeedAddress, folder: Path, space: str, dimension: int, stop: Callable[[], bool]
) -> None:
    """Builds a generation in a child process, which is killed when ``stop`` says so.

    Raises:
        Stopped: ``stop`` said so.
        OSError: the child could not be started, or its disk is full or read-only.
        StorageError: the child failed in another way, or was killed. The folder may be half written.
    """
    arguments = [address.function, address.argument, str(folder), space, str(dimension)]
    run_in_child("corpus.vectors.build:run", arguments, stop)


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
