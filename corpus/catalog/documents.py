"""Documents and their versions: listing, reading, retiring, erasing (``committing`` makes them).

Every function takes the caller's open transaction, so that one transaction commits one version.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from sqlalchemy import Connection, delete, func, insert, select, update

from corpus.catalog import schema
from corpus.catalog.among import among, listed
from corpus.catalog.checksums import vector_checksum
from corpus.catalog.schema import access as access_table
from corpus.catalog.schema import (
    changes,
    chunks,
    documents,
    pages,
    texts,
    token_vectors,
    vectors,
    versions,
)
from corpus.errors import DamagedError, NotFoundError
from corpus.names import read_metadata, read_principals
from corpus.types import DocumentKey, Float32

_ROWS = 500  # rows per statement: well under every database's parameter limit


@dataclass(frozen=True, slots=True)
class VersionRecord:
    """One version as listed; ``state`` is ``live`` or ``retired``.

    ``tables`` counts those in the file, ``seconds`` is what reading and cutting it took; None when not known.
    """

    id: int
    document_id: str
    number: int
    state: str
    sha256: str
    size_bytes: int
    modified: datetime | None
    fingerprint: str
    title: str
    content_type: str
    language: str
    date: datetime | None
    metadata: Mapping[str, str]
    notes: tuple[Mapping[str, Any], ...]
    chars: int
    pages: int
    chunks: int
    vectors: int
    committed_at: datetime
    retired_at: datetime | None
    tables: int | None
    seconds: float | None


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """A document as listed. ``live`` is None once it is removed."""

    id: str
    key: DocumentKey
    live: VersionRecord | None
    access: frozenset[str]
    metadata: Mapping[str, str]
    created_at: datetime
    removed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Known:
    """What planning needs to know of a live document."""

    document_id: str
    key: DocumentKey
    sha256: str
    size_bytes: int
    modified: datetime | None
    fingerprint: str
    content_type: str
    title: str
    access: frozenset[str]
    metadata: Mapping[str, str]


def touch(db: Connection, document_id: str, modified: datetime | None) -> None:
    """Records a new modification time of unchanged content, so that the next plan need not hash it."""
    live = select(documents.c.live_version_id).where(documents.c.id == document_id).scalar_subquery()
    db.execute(update(versions).where(versions.c.id == live).values(modified=shown_time(modified)))


def move(
    db: Connection, document_id: str, root: str, path: str, modified: datetime | None, *, again: bool = False
) -> None:
    """Gives a document another place in its collection, which no document has; its history goes with it.

    With ``again`` its live version counts as read in another way than today's, until it is read again.
    """
    db.execute(update(documents).where(documents.c.id == document_id).values(root=root, path=path))
    touch(db, document_id, modified)
    if again:
        live = select(documents.c.live_version_id).where(documents.c.id == document_id).scalar_subquery()
        db.execute(update(versions).where(versions.c.id == live).values(fingerprint=""))


def removed_places(
    db: Connection, collection: str
) -> dict[tuple[str, str], tuple[frozenset[str], Mapping[str, str]]]:
    """Returns the access list and metadata of a collection's removed documents by (root, path)."""
    query = select(documents.c.id, documents.c.root, documents.c.path, documents.c.metadata).where(
        documents.c.collection == collection, documents.c.live_version_id.is_(None)
    )
    rows = db.execute(query).all()
    grants = _grants(db, None) if rows else {}
    return {(row.root, row.path): (frozenset(grants.get(row.id, ())), row.metadata) for row in rows}


def remove(db: Connection, document_id: str) -> bool:
    """Retires the live version; True when there was one. Its text stays until it is erased."""
    live = db.execute(
        select(documents.c.live_version_id).where(documents.c.id == document_id)
    ).scalar_one_or_none()
    if live is None:
        return False
    moment = now()
    retire_version(db, live, moment)
    db.execute(
        update(documents).where(documents.c.id == document_id).values(live_version_id=None, removed_at=moment)
    )
    return True


def erase(db: Connection, document_id: str) -> None:
    """Deletes every row of a document.

    Raises:
        NotFoundError: there is none with that id.
    """
    remove(db, document_id)
    ids = select(versions.c.id).where(versions.c.document_id == document_id)
    for table in (token_vectors, vectors, chunks, pages, texts):
        db.execute(delete(table).where(table.c.version_id.in_(ids)))
    key = get_document(db, document_id).key
    f = schema.failures
    db.execute(delete(f).where(f.c.collection == key.collection, f.c.root == key.root, f.c.path == key.path))
    db.execute(delete(versions).where(versions.c.document_id == document_id))
    db.execute(delete(access_table).where(access_table.c.document_id == document_id))
    db.execute(delete(documents).where(documents.c.id == document_id))


def count_rows(db: Connection, document_ids: Sequence[str], chunk_ids: Sequence[int]) -> int:
    """Returns how many rows these documents and passages have in the catalog."""
    named = [(documents, documents.c.id), (versions, versions.c.document_id)]
    named += [(access_table, access_table.c.document_id)]
    numbered = [(chunks, chunks.c.id), (vectors, vectors.c.chunk_id)]
    numbered += [(token_vectors, token_vectors.c.chunk_id)]
    wanted: list[tuple[Any, Any, Sequence[Any]]] = [(*one, document_ids) for one in named]
    wanted += [(*one, chunk_ids) for one in numbered]
    found = 0
    for table, column, ids in wanted:
        for first in range(0, len(ids), _ROWS):
            counted = select(func.count()).select_from(table).where(column.in_(ids[first : first + _ROWS]))
            found += int(db.execute(counted).scalar_one())
    return found


def set_access(db: Connection, document_id: str, principals: Iterable[str]) -> None:
    """Replaces a document's access list; an empty one hides it from everybody but the owner.

    Raises:
        UsageError: one is neither ``public`` nor ``user:NAME`` nor ``group:NAME``.
    """
    rows = [{"document_id": document_id, "principal": name} for name in sorted(read_principals(principals))]
    db.execute(delete(access_table).where(access_table.c.document_id == document_id))
    if rows:
        db.execute(insert(access_table), rows)


def set_metadata(db: Connection, document_id: str, metadata: Mapping[str, str]) -> None:
    """Replaces the metadata a user gave a document.

    Raises:
        UsageError: a key or a value is not plain text, or too long.
    """
    db.execute(
        update(documents).where(documents.c.id == document_id).values(metadata=read_metadata(metadata))
    )


def get_document(db: Connection, document_id: str) -> DocumentRecord:
    """Returns one document, removed ones included.

    Raises:
        NotFoundError: there is none with that id.
    """
    found = list_documents(db, ids=(document_id,), removed=True)
    if not found:
        raise unknown_document(document_id)
    return found[0]


def find_by_path(db: Connection, path: str) -> list[DocumentRecord]:
    """Returns the documents with this path, live ones when there are any, else removed ones."""
    ids = db.execute(select(documents.c.id).where(documents.c.path == path)).scalars().all()
    found = list_documents(db, ids=ids, removed=True) if ids else []
    return [one for one in found if one.live is not None] or found


def unknown_document(document_id: str) -> NotFoundError:
    """The error for a document that does not exist, or that the caller may not know of."""
    return NotFoundError(
        f"There is no document {document_id!r}.",
        code="unknown_document",
        hint="List them with: vouch documents list",
    )


def list_documents(
    db: Connection,
    *,
    ids: Sequence[str] | None = None,
    collection: str | None = None,
    removed: bool = False,
) -> list[DocumentRecord]:
    """Returns documents in order of collection, root and path; removed ones only when asked for."""
    query = select(documents, *_labelled()).outerjoin(versions, versions.c.id == documents.c.live_version_id)
    if ids is not None:
        query = query.where(documents.c.id.in_(list(ids)))
    if collection is not None:
        query = query.where(documents.c.collection == collection)
    if not removed:
        query = query.where(documents.c.live_version_id.is_not(None))
    rows = db.execute(query.order_by(documents.c.collection, documents.c.root, documents.c.path)).all()
    grants = _grants(db, ids)
    return [
        DocumentRecord(
            id=row.id,
            key=DocumentKey(row.collection, row.root, row.path),
            live=_version(dict(row._mapping), "v_") if row.v_id is not None else None,
            access=frozenset(grants.get(row.id, ())),
            metadata=row.metadata,
            created_at=_time(row.created_at),
            removed_at=_time(row.removed_at) if row.removed_at else None,
        )
        for row in rows
    ]


def existing(db: Connection, document_ids: Sequence[str]) -> set[str]:
    """Returns those of these documents that there are, removed ones too."""
    query = select(documents.c.id).where(among(documents.c.id))
    return set(db.execute(query, {"ids": listed(document_ids)}).scalars())


def version_files(db: Connection, wanted: Sequence[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """Returns the SHA-256 of the files of versions, by document and number; those that are not there are left out."""
    found: dict[tuple[str, int], str] = {}
    for first in range(0, len(wanted), _ROWS):
        some = wanted[first : first + _ROWS]
        query = select(versions.c.document_id, versions.c.number, versions.c.sha256)
        query = query.where(versions.c.document_id.in_({own for own, _ in some}))
        found |= {(row.document_id, row.number): row.sha256 for row in db.execute(query)}
    return {key: found[key] for key in wanted if key in found}


def any_live(db: Connection) -> bool:
    """Says whether there is a live document."""
    live = select(documents.c.id).where(documents.c.live_version_id.is_not(None))
    return db.execute(live.limit(1)).first() is not None


def known(db: Connection, collection: str, root: str | None = None) -> dict[tuple[str, str], Known]:
    """Returns the live documents of a collection (and root) by (root, path)."""
    query = select(
        documents.c.id,
        documents.c.root,
        documents.c.path,
        documents.c.metadata,
        versions.c.sha256,
        versions.c.size_bytes,
        versions.c.modified,
        versions.c.fingerprint,
        versions.c.content_type,
        versions.c.title,
    ).join(versions, versions.c.id == documents.c.live_version_id)
    query = query.where(documents.c.collection == collection)
    if root is not None:
        query = query.where(documents.c.root == root)
    grants = _grants(db, None)
    return {
        (root, path): Known(
            document_id=own,
            key=DocumentKey(collection, root, path),
            sha256=sha256,
            size_bytes=size_bytes,
            modified=_time(modified) if modified else None,
            fingerprint=fingerprint,
            content_type=content_type,
            title=title,
            access=frozenset(grants.get(own, ())),
            metadata=metadata,
        )
        for own, root, path, metadata, sha256, size_bytes, modified, fingerprint, content_type, title in (
            db.execute(query)
        )
    }


def places(db: Connection, collection: str) -> set[tuple[str, str]]:
    """Returns (root, path) of the live documents of a collection."""
    query = select(documents.c.root, documents.c.path).where(
        documents.c.collection == collection, documents.c.live_version_id.is_not(None)
    )
    return {(root, path) for root, path in db.execute(query)}


def list_versions(db: Connection, document_id: str) -> list[VersionRecord]:
    """Returns a document's versions, newest first."""
    rows = db.execute(
        select(versions).where(versions.c.document_id == document_id).order_by(versions.c.number.desc())
    ).all()
    return [_version(dict(row._mapping), "") for row in rows]


def get_version(db: Connection, document_id: str, number: int | None = None) -> VersionRecord:
    """Returns one version of a document: the given number, or the live one.

    Raises:
        NotFoundError: no such document or version, or no live one.
    """
    query = select(versions).where(versions.c.document_id == document_id)
    query = (
        query.where(versions.c.number == number)
        if number is not None
        else query.where(versions.c.state == "live")
    )
    row = db.execute(query).one_or_none()
    if row is None:
        which = f"version {number}" if number is not None else "live version"
        raise NotFoundError(
            f"Document {document_id!r} has no {which}.",
            code="unknown_version",
            hint=f"List its versions with: vouch documents history {document_id}",
        )
    return _version(dict(row._mapping), "")


def reusable_vectors(db: Connection, hashes: Sequence[bytes], dimension: int) -> dict[bytes, Float32]:
    """Returns the vectors already stored for searched texts with these hashes."""
    found: dict[bytes, Float32] = {}
    for first in range(0, len(hashes), _ROWS):
        query = (
            select(chunks.c.searched_hash, vectors.c.vector, vectors.c.checksum)
            .join(vectors, vectors.c.chunk_id == chunks.c.id)
            .where(chunks.c.searched_hash.in_(list(hashes[first : first + _ROWS])))
        )
        for row in db.execute(query):
            vector = np.frombuffer(row.vector, dtype="<f4")
            if vector.shape == (dimension,) and vector_checksum(row.vector) == row.checksum:
                found[row.searched_hash] = vector
    return found


def content_hashes(db: Connection) -> set[str]:
    """Returns the SHA-256 of every version's file."""
    return set(db.execute(select(versions.c.sha256)).scalars())


def retire_version(db: Connection, version_id: int, moment: str) -> None:
    """Takes a version out of what is live, and says so in the change log."""
    db.execute(update(versions).where(versions.c.id == version_id).values(state="retired", retired_at=moment))
    db.execute(insert(changes).values(kind="remove", version_id=version_id, at=moment))


def _grants(db: Connection, ids: Sequence[str] | None) -> dict[str, list[str]]:
    query = select(access_table)
    if ids is not None:
        query = query.where(access_table.c.document_id.in_(list(ids)))
    grants: dict[str, list[str]] = {}
    for row in db.execute(query):
        grants.setdefault(row.document_id, []).append(row.principal)
    return grants


def _labelled() -> list[Any]:
    return [column.label(f"v_{column.name}") for column in versions.c]


def _version(row: Mapping[str, Any], prefix: str) -> VersionRecord:
    def get(name: str) -> Any:
        return row[prefix + name]

    return VersionRecord(
        id=get("id"),
        document_id=get("document_id"),
        number=get("number"),
        state=get("state"),
        sha256=get("sha256"),
        size_bytes=get("size_bytes"),
        modified=_time(get("modified")) if get("modified") else None,
        fingerprint=get("fingerprint"),
        title=get("title"),
        content_type=get("content_type"),
        language=get("language"),
        date=_time(get("date")) if get("date") else None,
        metadata=get("metadata"),
        notes=tuple(get("notes")),
        chars=get("chars"),
        pages=get("page_count"),
        chunks=get("chunk_count"),
        vectors=get("vector_count"),
        committed_at=_time(get("committed_at")),
        retired_at=_time(get("retired_at")) if get("retired_at") else None,
        tables=get("tables"),
        seconds=get("seconds"),
    )


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")


def shown_time(moment: datetime | None) -> str | None:
    """UTC with microseconds, so that stored times compare as text."""
    if moment is None:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat(timespec="microseconds")


def _time(stored: str) -> datetime:
    try:
        return datetime.fromisoformat(stored)
    except ValueError:
        raise DamagedError(
            f"The catalog holds an unreadable time: {stored!r}.", hint=schema.RESTORE_HINT
        ) from None
