"""A small catalog of vectors in one SQLite file: what dense indexes and their children are tested with."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np

from corpus.projection import Change, TextRow, VectorBatch
from corpus.types import Int64

_SCHEMA = """
CREATE TABLE IF NOT EXISTS rows (chunk INTEGER PRIMARY KEY, version INTEGER, vector BLOB);
CREATE INDEX IF NOT EXISTS by_version ON rows (version);
CREATE TABLE IF NOT EXISTS changes (seq INTEGER PRIMARY KEY, kind TEXT, version INTEGER);
"""


class SqliteFeed:
    """Adds and removes versions like the catalog does, and gives snapshots of them."""

    def __init__(self, path: Path | str) -> None:
        self.path = str(path)
        with closing(self._connect()) as db:
            db.execute("PRAGMA journal_mode=WAL")
            db.executescript(_SCHEMA)

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, isolation_level=None, timeout=30)
        db.execute("PRAGMA synchronous=OFF")  # what a crash of the machine loses is the real catalog's matter
        return db

    def add(self, version: int, ids: Sequence[int], vectors: np.ndarray) -> None:
        with closing(self._connect()) as db:
            db.execute("BEGIN IMMEDIATE")
            rows = [
                (int(i), version, v.astype(np.float32).tobytes()) for i, v in zip(ids, vectors, strict=True)
            ]
            db.executemany("INSERT INTO rows VALUES (?, ?, ?)", rows)
            db.execute("INSERT INTO changes (kind, version) VALUES ('add', ?)", (version,))
            db.execute("COMMIT")

    def remove(self, version: int) -> None:
        with closing(self._connect()) as db:
            db.execute("BEGIN IMMEDIATE")
            db.execute("DELETE FROM rows WHERE version = ?", (version,))
            db.execute("INSERT INTO changes (kind, version) VALUES ('remove', ?)", (version,))
            db.execute("COMMIT")

    @contextmanager
    def snapshot(self) -> Iterator[SqliteSnapshot]:
        with closing(self._connect()) as db:
            db.execute("BEGIN")
            yield SqliteSnapshot(db)


class SqliteSnapshot:
    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.seq = db.execute("SELECT coalesce(max(seq), 0) FROM changes").fetchone()[0]

    def changes_after(self, seq: int) -> list[Change]:
        query = "SELECT seq, kind, version FROM changes WHERE seq > ? ORDER BY seq"
        return [Change(*row) for row in self._db.execute(query, (seq,))]

    def vector_count(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM rows").fetchone()[0])

    chunk_count = vector_count

    def vector_batches(
        self, versions: Sequence[int] | None = None, size: int = 4096
    ) -> Iterator[VectorBatch]:
        where = "" if versions is None else f"WHERE version IN ({','.join(str(int(v)) for v in versions)})"
        cursor = self._db.execute(f"SELECT chunk, version, vector FROM rows {where} ORDER BY chunk")
        while rows := cursor.fetchmany(size):
            ids, own, vectors = zip(*rows, strict=True)
            flat = np.frombuffer(b"".join(vectors), np.float32).reshape(len(rows), -1)
            yield VectorBatch(np.array(ids, np.int64), np.array(own, np.int64), flat)

    def vector_ids(self, versions: Sequence[int]) -> Int64:
        return np.concatenate([np.empty(0, np.int64), *(one.ids for one in self.vector_batches(versions))])

    def text_rows(self, versions: Sequence[int] | None = None) -> Iterator[TextRow]:
        return iter(())


def open_feed(path: str) -> SqliteFeed:
    """What a building child calls."""
    return SqliteFeed(path)


def clustered(rng: np.random.Generator, n: int, dimension: int, size: int = 40) -> np.ndarray:
    """Returns float32 unit rows that lie in clusters, as embeddings of real text do."""
    centres = rng.standard_normal((max(1, n // size), dimension))
    vectors = centres[rng.integers(0, len(centres), n)] + 0.6 * rng.standard_normal((n, dimension))
    return unit(vectors)


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)
