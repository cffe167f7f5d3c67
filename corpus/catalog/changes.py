"""The change log, and the catalog as its projections see it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection, Select, bindparam, func, select

from corpus.catalog import schema
from corpus.catalog.among import among, listed
from corpus.catalog.database import Database, open_database
from corpus.catalog.schema import changes, chunks, documents, vectors, versions
from corpus.catalog.texts import read_text
from corpus.errors import DamagedError
from corpus.hashing import vector_checksum
from corpus.projection import Change, TextRow, VectorBatch
from corpus.types import Int64, show_chunk_id

_VERSIONS_PER_STATEMENT = 500


def last_seq(db: Connection) -> int:
    """Returns the last sequence number of the change log; 0 when nothing was ever committed."""
    return int(db.execute(select(func.max(changes.c.seq))).scalar_one_or_none() or 0)


@dataclass(frozen=True, slots=True)
class Since:
    """What became of a document since an earlier state of the catalog; ``at`` is when it last changed.

    ``before`` and ``now`` are its live versions' numbers then and now, None for none: what has no ``before`` was
    added, what has no ``now`` was removed, the others have another text.
    """

    document_id: str
    collection: str
    path: str
    before: int | None
    now: int | None
    at: str


def changed_since(db: Connection, seq: int) -> tuple[list[Since], int]:
    """Returns the documents whose live version is another than it was at ``seq``, and how many were erased since.

    In the order in which they last changed. What came and went since is not among them.
    """
    query = (
        select(
            changes.c.version_id,
            changes.c.kind,
            changes.c.at,
            versions.c.number,
            documents.c.id,
            documents.c.collection,
            documents.c.path,
        )
        .outerjoin(versions, versions.c.id == changes.c.version_id)
        .outerjoin(documents, documents.c.id == versions.c.document_id)
        .where(changes.c.seq > seq)
        .order_by(changes.c.seq)
    )
    came: set[int] = set()
    found: dict[str, Since] = {}
    erased = 0
    for row in db.execute(query):
        if row.kind == "add":
            came.add(row.version_id)
        if row.id is None:
            erased += row.kind == "remove" and row.version_id not in came
            continue
        one = found.pop(row.id, Since(row.id, row.collection, row.path, None, None, row.at))
        if row.kind == "add":
            one = replace(one, now=row.number, at=row.at)
        else:
            before = one.before if row.version_id in came else row.number
            one = replace(one, before=before, now=None, at=row.at)
        found[row.id] = one
    return [one for one in found.values() if one.before != one.now], erased


def live_versions(db: Connection) -> Int64:
    """Returns the ids of all live versions, ascending: int64, shape (n,)."""
    query = select(documents.c.live_version_id).where(documents.c.live_version_id.is_not(None))
    return np.array(sorted(db.execute(query).scalars()), dtype=np.int64)


def stored_vectors(db: Connection, size: int = 4096) -> Iterator[VectorBatch]:
    """Yields every stored vector, of retired versions too, by ascending chunk id."""
    query = select(vectors).order_by(vectors.c.chunk_id).execution_options(yield_per=size)
    for rows in db.execute(query).partitions(size):
        yield _batch(rows)


_VECTORS = select(vectors).where(among(vectors.c.chunk_id))


def vectors_of(db: Connection, chunk_ids: Int64) -> VectorBatch | None:
    """Returns the vectors of the given chunks, of retired versions too, by ascending chunk id; None for none.

    A chunk without one, and an id that there is not, are left out.
    """
    rows = db.execute(_VECTORS, {"ids": listed(chunk_ids.tolist())}).all()
    return _batch(sorted(rows, key=lambda row: int(row.chunk_id))) if rows else None


def _beside() -> Select[Any]:
    own, beside = chunks.alias("own"), chunks.alias("beside")
    near = beside.c.ordinal.in_((own.c.ordinal - 1, own.c.ordinal + 1))
    query = select(own.c.id, beside.c.id).join(beside, (beside.c.version_id == own.c.version_id) & near)
    return query.where(among(own.c.id))


_BESIDE = _beside()


def neighbours_of(db: Connection, chunk_ids: Int64) -> Int64:
    """Returns pairs of a chunk and the one right before or after it in its version, where there are such: (n, 2)."""
    rows = db.execute(_BESIDE, {"ids": listed(chunk_ids.tolist())}).all()
    return np.array([tuple(row) for row in rows], np.int64).reshape(-1, 2)


_TITLED = select(versions.c.title, versions.c.language).where(versions.c.id == bindparam("version"))
_CUT = (
    select(chunks.c.id, chunks.c.start, chunks.c.end, chunks.c.context)
    .where(chunks.c.version_id == bindparam("version"))
    .order_by(chunks.c.ordinal)
)


class CatalogSnapshot:
    """One read transaction, as :class:`corpus.projection.Snapshot`.

    Following a change costs what changed: all live versions are read only where all are asked for.
    """

    def __init__(self, db: Connection, seq: int, live: Int64 | None = None) -> None:
        self.db, self.seq, self._live = db, seq, live

    @property
    def live(self) -> Int64:
        """The ids of the versions that are live in it, ascending."""
        if self._live is None:
            self._live = live_versions(self.db)
        return self._live

    def changes_after(self, seq: int) -> Sequence[Change]:
        rows = self.db.execute(select(changes).where(changes.c.seq > seq).order_by(changes.c.seq))
        return [Change(row.seq, row.kind, row.version_id) for row in rows]

    def vector_count(self) -> int:
        return self._live_sum(versions.c.vector_count)

    def chunk_count(self) -> int:
        return self._live_sum(versions.c.chunk_count)

    def vector_batches(
        self, versions: Sequence[int] | None = None, size: int = 4096
    ) -> Iterator[VectorBatch]:
        if versions is None:
            return self._all_vectors(size)
        return self._some_vectors(self._living(versions), size)

    def vector_ids(self, versions: Sequence[int]) -> Int64:
        found = [
            own
            for some in _by_statement(self._living(versions))
            for own in self.db.execute(
                select(vectors.c.chunk_id).where(vectors.c.version_id.in_(some))
            ).scalars()
        ]
        return np.sort(np.array(found, np.int64))

    def chunk_ids(self) -> Int64:
        """Returns the ids of all chunks, ascending."""
        found = [
            own
            for some in _by_statement(self.live)
            for own in self.db.execute(select(chunks.c.id).where(chunks.c.version_id.in_(some))).scalars()
        ]
        return np.sort(np.array(found, np.int64))

    def text_rows(self, versions: Sequence[int] | None = None) -> Iterator[TextRow]:
        living = self.live if versions is None else self._living(versions)
        for version_id in living.tolist():
            yield from self._version_texts(int(version_id))

    def _live_sum(self, column: Any) -> int:
        query = select(func.sum(column)).join(documents, documents.c.live_version_id == versions.c.id)
        return int(self.db.execute(query).scalar_one_or_none() or 0)

    def _living(self, wanted: Sequence[int]) -> Int64:
        ids = np.unique(np.asarray(wanted, dtype=np.int64))
        if self._live is not None or ids.size > _VERSIONS_PER_STATEMENT:
            return np.intersect1d(ids, self.live, assume_unique=True)
        query = select(versions.c.id).join(documents, documents.c.id == versions.c.document_id)
        query = query.where(documents.c.live_version_id == versions.c.id, versions.c.id.in_(ids.tolist()))
        return np.array(sorted(self.db.execute(query).scalars()), dtype=np.int64)

    def _all_vectors(self, size: int) -> Iterator[VectorBatch]:
        for batch in stored_vectors(self.db, size):
            kept = np.isin(batch.version_ids, self.live)
            if kept.any():
                yield VectorBatch(batch.ids[kept], batch.version_ids[kept], batch.vectors[kept])

    def _some_vectors(self, living: Int64, size: int) -> Iterator[VectorBatch]:
        rows: list[Any] = []
        for some in _by_statement(living):
            rows += self.db.execute(select(vectors).where(vectors.c.version_id.in_(some))).all()
        rows.sort(key=lambda row: row.chunk_id)
        for first in range(0, len(rows), size):
            yield _batch(rows[first : first + size])

    def _version_texts(self, version_id: int) -> Iterator[TextRow]:
        own = {"version": version_id}
        title, language = self.db.execute(_TITLED, own).one()
        text = read_text(self.db, version_id)
        for chunk, start, end, context in self.db.execute(_CUT, own):
            yield TextRow(chunk, version_id, context, text[start:end], title, language)


class _PastSnapshot(CatalogSnapshot):
    """The same, where ``live`` holds the versions that were asked for."""

    def _live_sum(self, column: Any) -> int:
        return sum(
            int(self.db.execute(select(func.sum(column)).where(versions.c.id.in_(some))).scalar_one() or 0)
            for some in _by_statement(self.live)
        )


class CatalogFeed:
    """The catalog as :class:`corpus.projection.Feed`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def snapshot(self) -> Iterator[CatalogSnapshot]:
        """Opens a read transaction; everything read through it is of one instant."""
        with self._database.read() as db:
            yield CatalogSnapshot(db, last_seq(db))

    @contextmanager
    def past(self, wanted: Int64) -> Iterator[CatalogSnapshot]:
        """Opens one in which the given versions are the live ones, retired or not; erased ones are left out."""
        with self._database.read() as db:
            there = [
                own
                for some in _by_statement(wanted)
                for own in db.execute(select(versions.c.id).where(versions.c.id.in_(some))).scalars()
            ]
            yield _PastSnapshot(db, last_seq(db), np.array(sorted(there), dtype=np.int64))

    def close(self) -> None:
        """Closes the connections of a feed that was opened by :func:`open_feed`; the file is not sealed."""
        self._database.close(seal=False)


def open_feed(folder: Path | str) -> CatalogFeed:
    """Opens the catalog in ``folder`` for a child process that only reads."""
    return CatalogFeed(open_database(Path(folder), create=False))


def _by_statement(ids: Int64) -> Iterator[list[int]]:
    for first in range(0, ids.size, _VERSIONS_PER_STATEMENT):
        yield ids[first : first + _VERSIONS_PER_STATEMENT].tolist()


def _batch(rows: Sequence[Any]) -> VectorBatch:
    ids = np.fromiter((row.chunk_id for row in rows), np.int64, len(rows))
    own = np.fromiter((row.version_id for row in rows), np.int64, len(rows))
    for row in rows:
        if vector_checksum(row.vector) != row.checksum:
            raise DamagedError(
                f"The catalog's vector of chunk {show_chunk_id(row.chunk_id)} is not what was committed.",
                hint=schema.RESTORE_HINT,
            )
    data = b"".join(row.vector for row in rows)
    if len(data) % (4 * len(rows)):
        raise DamagedError("The catalog holds vectors of unequal length.", hint="Check it with: vouch verify")
    return VectorBatch(ids, own, np.frombuffer(data, dtype="<f4").reshape(len(rows), -1))
