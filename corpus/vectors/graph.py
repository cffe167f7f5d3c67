"""Chroma, embedded: writing a graph once, and reading it ever after. (``remote`` speaks to a Chroma server.)

``embedding_function=None`` and our own vectors always; telemetry off; no metadata and no filter.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, cast

import numpy as np

from corpus.allocating import keep_little
from corpus.types import Float32, Int64, show_chunk_id

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.collection_configuration import CreateHNSWConfiguration

COLLECTION = "chunks"


class GraphError(Exception):
    """Chroma failed; the exact scan does its work."""


HNSW: CreateHNSWConfiguration = {"space": "ip", "ef_search": 600, "ef_construction": 400, "max_neighbors": 32}
"""Inner product of unit vectors is their cosine. Over 57,000 pieces of real text of at most 28 tokens, many of them
nearly alike, an ``ef_search`` of 400 and an ``ef_construction`` of 200 found .978 of the true ten nearest, 800 with
200 .987; with 400, 400 found .985, 600 .995 and 1,200 .996; 64 neighbours added nothing. Over 78,723 such pieces 400
found .997, 600 .998 and 800 .999; from 600 to 800 a query takes a fifth longer (``bench/README.md``)."""

BATCH = 1_000
"""Rows to an ``add``; Chroma takes 5,461 at most."""

PERSIST_EVERY = 10_000
"""Rows between two writes of the graph's files; Chroma's log holds each row until then."""


class Rows(Protocol):
    """Vectors by their rows: an array, or what is computed of one."""

    def __getitem__(self, rows: Int64, /) -> Float32:
        """Returns the vectors of some rows, shape (n, dimension)."""


class Graph:
    """A finished graph, open for queries. Safe to use from any thread."""

    def __init__(self, chroma: Path, work: Path) -> None:
        """Opens ``chroma``, which stays as it is, through a new folder in ``work``.

        Raises:
            GraphError: Chroma cannot open it, or the disk is full or read-only.
        """
        self._folder = work / f"open-{uuid.uuid4().hex[:12]}"
        self._client: Client | None = None
        try:
            self._folder.mkdir()
            for path in chroma.iterdir():
                if path.is_dir():
                    (self._folder / path.name).symlink_to(path.resolve(), target_is_directory=True)
                else:
                    shutil.copyfile(path, self._folder / path.name)
            self._client = _open(self._folder)
            self._collection = self._client.get_collection(COLLECTION, embedding_function=None)
            self._rows = self._collection.count()
        except BaseException as error:
            self.close()
            raise_graph_error(error)

    def nearest(self, query: Float32, n: int) -> Int64:
        """Returns the ids of about the ``n`` nearest rows.

        Raises:
            GraphError: Chroma failed.
        """
        try:
            found = self._collection.query(
                query_embeddings=query[np.newaxis], n_results=min(n, self._rows), include=[]
            )
        except BaseException as error:
            raise_graph_error(error)
        shown = found["ids"][0]
        return np.fromiter((int(value, 16) for value in shown), np.int64, len(shown))

    def close(self) -> None:
        """Closes Chroma's files and frees its memory."""
        if self._client is not None:
            self._client.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def write_graph(chroma: Path, ids: Int64, vectors: Rows, rows: Int64) -> None:
    """Writes a new graph of the given rows; all of it lies in its files when this returns."""
    client = _open(chroma)
    # Chroma writes the graph's files when this many rows are waiting: equal shares leave none behind in
    # its log, from where they would be replayed, 0.35 ms a row, at every opening.
    shares = np.array_split(rows, max(1, -(-len(rows) // PERSIST_EVERY)))
    threshold = max(2, min(len(share) for share in shares))
    hnsw: CreateHNSWConfiguration = {**HNSW, "sync_threshold": threshold, "batch_size": min(100, threshold)}
    collection = client.create_collection(COLLECTION, embedding_function=None, configuration={"hnsw": hnsw})
    for share in shares:
        for part in np.array_split(share, max(1, -(-len(share) // BATCH))):
            if len(part):
                collection.add(ids=show_ids(ids[part]), embeddings=np.ascontiguousarray(vectors[part]))
    client.close()


def check_graph(chroma: Path, ids: Int64, vectors: Rows, rows: Int64, sample: Int64) -> float:
    """Opens a written graph and reconciles it: every row is in it, and nothing else.

    Returns the share of the sampled rows that find themselves in their own top three (or three as close).

    Raises:
        ValueError: the ids in Chroma are not the given ones.
    """
    client = _open(chroma)
    try:
        collection = client.get_collection(COLLECTION, embedding_function=None)
        there = sorted(int(shown, 16) for shown in collection.get(include=[])["ids"])
        if there != sorted(ids[rows].tolist()):
            raise ValueError(f"Chroma holds {len(there)} rows that are not the {len(rows)} it was given")
        found = 0
        for part in _parts(sample, 200):
            asked = vectors[part]
            result: Any = collection.query(
                query_embeddings=asked, n_results=min(3, len(rows)), include=["distances"]
            )
            own = 1.0 - np.einsum("ij,ij->i", asked, asked)
            for row, shown, distances, self_distance in zip(
                part.tolist(), result["ids"], result["distances"], own.tolist(), strict=True
            ):
                found += show_chunk_id(int(ids[row])) in shown or distances[-1] <= self_distance + 1e-6
        return found / len(sample) if len(sample) else 1.0
    finally:
        client.close()


def show_ids(ids: Int64) -> list[str]:
    """Returns chunk ids as people see them."""
    return [show_chunk_id(int(value)) for value in ids]


def raise_graph_error(error: BaseException) -> NoReturn:
    """Raises :class:`GraphError` for whatever Chroma raised; a panic of its Rust half is a BaseException."""
    if isinstance(error, (KeyboardInterrupt, SystemExit, MemoryError)):
        raise error
    raise GraphError(f"{type(error).__name__}: {error}") from error


def _parts(rows: Int64, size: int) -> Iterator[Int64]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _open(folder: Path) -> Client:
    import chromadb
    from chromadb.config import Settings

    keep_little()
    client = chromadb.PersistentClient(os.fspath(folder), settings=Settings(anonymized_telemetry=False))
    return cast("Client", client)
