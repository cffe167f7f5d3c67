"""Documents: listing, moving, removing, erasing them (``committing`` makes them), and who may see them.

Every function takes the caller's open transaction, so that one transaction commits one version.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Integer, String, bindparam, cast, delete, func, insert, select, update

from corpus.catalog import schema
from corpus.catalog.among import among, listed, spanned
from corpus.catalog.schema import access as access_table
from corpus.catalog.schema import (
    chunks,
    documents,
    meta,
    pages,
    texts,
    token_vectors,
    vectors,
    versions,
)
from corpus.catalog.scopes import Span
from corpus.catalog.times import now, read_time, shown_time
from corpus.catalog.versions import VersionRecord, read_version, retire_version
from corpus.errors import NotFoundError
from corpus.names import read_metadata, read_principals
from corpus.types import DocumentKey, RootPath, Terms


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
class Holding:
    """What is live: how many documents, passages, and how many of these have a vector, and vectors of their tokens."""

    documents: int
    chunks: int
    vectors: int
    with_tokens: int


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


def ways_read(db: Connection) -> dict[tuple[str, str], int]:
    """Counts the live documents by their content type and the fingerprint of how they were read."""
    live = versions.join(documents, documents.c.live_version_id == versions.c.id)
    way = (versions.c.content_type, versions.c.fingerprint)
    found = db.execute(select(*way, func.count()).select_from(live).group_by(*way))
    return {(kind, fingerprint): number for kind, fingerprint, number in found}


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


def removed_places(db: Connection, spans: Sequence[Span]) -> dict[RootPath, Terms]:
    """Returns the access list and metadata of the removed documents in these spans by (root, path)."""
    rows = db.execute(_REMOVED, {"spans": listed(spans)}).all()
    grants = _grants(db, [row.id for row in rows])
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
    wanted: list[tuple[Any, Any, Sequence[int | str]]] = [
        (documents, documents.c.id, document_ids),
        (versions, versions.c.document_id, document_ids),
        (access_table, access_table.c.document_id, document_ids),
        (chunks, chunks.c.id, chunk_ids),
        (vectors, vectors.c.chunk_id, chunk_ids),
        (token_vectors, token_vectors.c.chunk_id, chunk_ids),
    ]
    found = 0
    for table, column, ids in wanted:
        counted = select(func.count()).select_from(table).where(among(column))
        found += int(db.execute(counted, {"ids": listed(ids)}).scalar_one())
    return found


REGRANTED = "access_lists_changed"
"""In ``meta``: how often the access list of a live document was changed. Whoever knows which documents are open to
somebody knows by it whether to look at them all again."""

_GRANTED = select(access_table.c.principal).where(access_table.c.document_id == bindparam("document"))
_IS_LIVE = select(documents.c.live_version_id).where(documents.c.id == bindparam("document"))
_CLOSE = delete(access_table).where(access_table.c.document_id == bindparam("document"))
_OPEN = insert(access_table)


def set_access(db: Connection, document_id: str, principals: Iterable[str]) -> None:
    """Replaces a document's access list; an empty one hides it from everybody but the owner.

    Raises:
        UsageError: one is neither ``public`` nor ``user:NAME`` nor ``group:NAME``.
    """
    wanted, own = read_principals(principals), {"document": document_id}
    if wanted == set(db.execute(_GRANTED, own).scalars()):
        return
    db.execute(_CLOSE, own)
    if wanted:
        db.execute(_OPEN, [{"document_id": document_id, "principal": name} for name in sorted(wanted)])
    if db.execute(_IS_LIVE, own).scalar_one_or_none() is not None:
        _count_regranted(db)


def _count_regranted(db: Connection) -> None:
    counted = cast(cast(meta.c.value, Integer) + 1, String)
    if not db.execute(update(meta).where(meta.c.key == REGRANTED).values(value=counted)).rowcount:
        db.execute(insert(meta).values(key=REGRANTED, value="1"))


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
    return find_by_paths(db, [path]).get(path, [])


def find_by_paths(db: Connection, paths: Sequence[str]) -> dict[str, list[DocumentRecord]]:
    """Returns the documents with each of these paths: live ones when there are any, else removed ones.

    All documents' paths are gone through, once for all that are asked for.
    """
    named = select(documents.c.id).where(among(documents.c.path))
    ids = db.execute(named, {"ids": listed(paths)}).scalars().all()
    found: dict[str, list[DocumentRecord]] = {}
    for one in list_documents(db, ids=ids, removed=True) if ids else ():
        found.setdefault(one.key.path, []).append(one)
    return {path: [one for one in own if one.live is not None] or own for path, own in found.items()}


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
        query = query.where(among(documents.c.id))
    if collection is not None:
        query = query.where(documents.c.collection == collection)
    if not removed:
        query = query.where(documents.c.live_version_id.is_not(None))
    query = query.order_by(documents.c.collection, documents.c.root, documents.c.path)
    rows = db.execute(query, {} if ids is None else {"ids": listed(ids)}).all()
    grants = _grants(db, ids)
    return [
        DocumentRecord(
            id=row.id,
            key=DocumentKey(row.collection, row.root, row.path),
            live=read_version(dict(row._mapping), "v_") if row.v_id is not None else None,
            access=frozenset(grants.get(row.id, ())),
            metadata=row.metadata,
            created_at=read_time(row.created_at),
            removed_at=read_time(row.removed_at) if row.removed_at else None,
        )
        for row in rows
    ]


def existing(db: Connection, document_ids: Sequence[str]) -> set[str]:
    """Returns those of these documents that there are, removed ones too."""
    query = select(documents.c.id).where(among(documents.c.id))
    return set(db.execute(query, {"ids": listed(document_ids)}).scalars())


def any_live(db: Connection) -> bool:
    """Says whether there is a live document."""
    live = select(documents.c.id).where(documents.c.live_version_id.is_not(None))
    return db.execute(live.limit(1)).first() is not None


def count_live(db: Connection) -> Holding:
    """Counts what is live, in one pass over the live versions."""
    own = (versions.c[name] for name in ("chunk_count", "vector_count", "token_count"))
    counted = select(func.count(), *(func.coalesce(func.sum(one), 0) for one in own))
    live = versions.join(documents, documents.c.live_version_id == versions.c.id)
    return Holding(*db.execute(counted.select_from(live)).one())


def known(db: Connection, spans: Sequence[Span]) -> dict[RootPath, Known]:
    """Returns the live documents in these spans by (root, path)."""
    rows = db.execute(_KNOWN, {"spans": listed(spans)}).all()
    grants = _grants(db, [row[0] for row in rows])
    return {
        (root, path): Known(
            own,
            DocumentKey(collection, root, path),
            sha256,
            size_bytes,
            read_time(modified) if modified else None,
            fingerprint,
            content_type,
            title,
            frozenset(grants.get(own, ())),
            metadata,
        )
        for (
            own,
            collection,
            root,
            path,
            sha256,
            size_bytes,
            modified,
            fingerprint,
            content_type,
            title,
            metadata,
        ) in rows
    }


def places(db: Connection, spans: Sequence[Span]) -> set[RootPath]:
    """Returns (root, path) of the live documents in these spans."""
    return {(root, path) for root, path in db.execute(_PLACES, {"spans": listed(spans)})}


_EACH_SPAN, _LIES = spanned(documents.c.collection, documents.c.root, documents.c.path)
_SPANNED = _EACH_SPAN.join(documents, _LIES)
_KNOWN = select(
    *(documents.c[name] for name in ("id", "collection", "root", "path")),
    *(
        versions.c[name]
        for name in ("sha256", "size_bytes", "modified", "fingerprint", "content_type", "title")
    ),
    documents.c.metadata,
).select_from(_SPANNED.join(versions, versions.c.id == documents.c.live_version_id))
_PLACES = (
    select(documents.c.root, documents.c.path)
    .select_from(_SPANNED)
    .where(documents.c.live_version_id.is_not(None))
)
# By the time of their removal: by the index of live versions every removed document would be looked at.
_REMOVED = (
    select(documents.c.id, documents.c.root, documents.c.path, documents.c.metadata)
    .select_from(_SPANNED)
    .where(documents.c.removed_at.is_not(None))
)


def _grants(db: Connection, ids: Sequence[str] | None) -> dict[str, list[str]]:
    query = select(access_table)
    if ids is not None:
        query = query.where(among(access_table.c.document_id))
    grants: dict[str, list[str]] = {}
    for own, principal in db.execute(query, {} if ids is None else {"ids": listed(ids)}):
        grants.setdefault(own, []).append(principal)
    return grants


def _labelled() -> list[Any]:
    return [column.label(f"v_{column.name}") for column in versions.c]
