"""Committing one version of a document: every row of it, in the caller's one transaction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import numpy as np
from sqlalchemy import Connection, Insert, Table, bindparam, func, insert, select, update

from corpus.catalog.access import may_see, name_taken
from corpus.catalog.among import among, listed
from corpus.catalog.documents import get_document, set_access
from corpus.catalog.schema import (
    SEGMENT_CHARS,
    changes,
    chunks,
    documents,
    pages,
    texts,
    token_vectors,
    vectors,
    versions,
)
from corpus.catalog.times import now, shown_time
from corpus.catalog.versions import VersionRecord, read_version, retire_version
from corpus.hashing import text_hash, vector_checksum
from corpus.types import Chunk, DocumentKey, NewVersion, Page

_ROWS = 500
"""Rows given to a statement at once."""

# Made once: SQLAlchemy takes longer to make and recognise a statement than SQLite to run it.
_IN_ITS_PLACE = select(documents.c.id, documents.c.live_version_id).where(
    documents.c.collection == bindparam("collection"),
    documents.c.root == bindparam("root"),
    documents.c.path == bindparam("path"),
)
_NAMED = select(documents.c.id).where(documents.c.id == bindparam("own"))
_HOLDERS = (
    select(chunks.c.id, chunks.c.version_id, versions.c.state)
    .join(versions, versions.c.id == chunks.c.version_id)
    .where(among(chunks.c.id))
)
_MAKE_LIVE = (
    update(documents).where(documents.c.id == bindparam("own")).values(live_version_id=bindparam("version"))
)


@cache
def _into(table: Table) -> Insert:
    return insert(table)


def chunk_id(key: DocumentKey, sha256: str, fingerprint: str, ordinal: int, salt: int = 0) -> int:
    """Returns the deterministic 63-bit id of a chunk: the same bytes read the same way have the same ids."""
    parts = json.dumps([key.collection, key.root, key.path, sha256, fingerprint, ordinal, salt])
    return int.from_bytes(hashlib.blake2b(parts.encode(), digest_size=8).digest(), "big") >> 1


def commit_version(db: Connection, new: NewVersion) -> VersionRecord:
    """Makes a version live and retires the one before it, in the caller's transaction.

    Raises:
        NotAllowedError: its place is that of a document, removed or not, that ``new.caller`` may not see.
    """
    known = _find_document(db, new)
    document_id, previous = known or (_new_document(db, new), None)
    moment = now()
    number = 1 + (_last_number(db, document_id) if known else 0)
    row = _version_row(document_id, number, new, moment)
    inserted: Any = db.execute(_into(versions), row)
    version_id = int(inserted.inserted_primary_key[0])
    if previous is not None:
        retire_version(db, previous, moment)
    _insert_text(db, version_id, new.document.text)
    _insert_many(db, pages, (_page_row(version_id, page) for page in new.document.pages))
    _insert_chunks(db, version_id, new)
    db.execute(_MAKE_LIVE, {"own": document_id, "version": version_id})
    db.execute(_into(changes), {"kind": "add", "version_id": version_id, "at": moment})
    return read_version({**row, "id": version_id, "retired_at": None})


def _find_document(db: Connection, new: NewVersion) -> tuple[str, int | None] | None:
    """Returns the id and the live version of the document in its place, made ready for another; None without one."""
    key = new.key
    place = {"collection": key.collection, "root": key.root, "path": key.path}
    row = db.execute(_IN_ITS_PLACE, place).one_or_none()
    if row is None:
        return None
    if not may_see(new.caller, get_document(db, row.id).access):
        raise name_taken(key.path)
    db.execute(
        update(documents).where(documents.c.id == row.id).values(removed_at=None, metadata=dict(new.metadata))
    )
    set_access(db, row.id, new.access)
    return row.id, row.live_version_id


def _new_document(db: Connection, new: NewVersion) -> str:
    key, document_id = new.key, _free_document_id(db, new.key)
    row = {"id": document_id, "collection": key.collection, "root": key.root, "path": key.path}
    db.execute(_into(documents), {**row, "metadata": dict(new.metadata), "created_at": now()})
    set_access(db, document_id, new.access)
    return document_id


def _last_number(db: Connection, document_id: str) -> int:
    query = select(func.max(versions.c.number)).where(versions.c.document_id == document_id)
    return db.execute(query).scalar_one_or_none() or 0


def _free_document_id(db: Connection, key: DocumentKey) -> str:
    salt = 0
    while True:
        parts = json.dumps([key.collection, key.root, key.path, salt])
        candidate = hashlib.blake2b(parts.encode(), digest_size=8).hexdigest()
        if db.execute(_NAMED, {"own": candidate}).one_or_none() is None:
            return candidate
        salt += 1


def _insert_text(db: Connection, version_id: int, text: str) -> None:
    _insert_many(
        db,
        texts,
        (
            {
                "version_id": version_id,
                "segment": start // SEGMENT_CHARS,
                "text": text[start : start + SEGMENT_CHARS],
            }
            for start in range(0, len(text), SEGMENT_CHARS)
        ),
    )


def _insert_chunks(db: Connection, version_id: int, new: NewVersion) -> None:
    ids = _free_chunk_ids(db, new)
    _insert_many(
        db, chunks, (_chunk_row(version_id, chunk, own) for chunk, own in zip(new.chunks, ids, strict=True))
    )
    _insert_many(
        db,
        vectors,
        (
            _vector_row(version_id, own, np.asarray(vector, dtype="<f4").tobytes())
            for vector, own in zip(new.vectors, ids, strict=True)
            if vector is not None
        ),
    )
    _insert_many(
        db,
        token_vectors,
        (
            {"chunk_id": own, "version_id": version_id, "codes": codes, "checksum": vector_checksum(codes)}
            for codes, own in zip(new.tokens, ids, strict=bool(new.tokens))
            if codes is not None
        ),
    )


def _free_chunk_ids(db: Connection, new: NewVersion) -> list[int]:
    """Returns the version's deterministic ids; salted ones only where another live document holds them.

    A retired version of the same content gives its ids up, so that what is searched has the same ids
    however the corpus came to be what it is.
    """
    salt = 0
    while True:
        ids = [chunk_id(new.key, new.sha256, new.fingerprint, chunk.ordinal, salt) for chunk in new.chunks]
        holders = _holders(db, ids)
        if all(state == "retired" for _, _, state in holders) and len(set(ids)) == len(ids):
            _give_up_ids(db, [(held, version_id) for held, version_id, _ in holders])
            return ids
        salt += 1


def _holders(db: Connection, ids: Sequence[int]) -> list[tuple[int, int, str]]:
    """Returns (chunk id, version id, version state) of the given ids that are taken."""
    return [(row.id, row.version_id, row.state) for row in db.execute(_HOLDERS, {"ids": listed(ids)})]


def _give_up_ids(db: Connection, held: Sequence[tuple[int, int]]) -> None:
    for old, version_id in held:
        parts = json.dumps([old, version_id])
        own = int.from_bytes(hashlib.blake2b(parts.encode(), digest_size=8).digest(), "big") >> 1
        db.execute(update(chunks).where(chunks.c.id == old).values(id=own))
        for table in (vectors, token_vectors):
            db.execute(update(table).where(table.c.chunk_id == old).values(chunk_id=own))


def _version_row(document_id: str, number: int, new: NewVersion, moment: str) -> dict[str, Any]:
    document = new.document
    return {
        "document_id": document_id,
        "number": number,
        "state": "live",
        "sha256": new.sha256,
        "size_bytes": new.size_bytes,
        "modified": shown_time(new.modified),
        "fingerprint": new.fingerprint,
        "title": document.title,
        "content_type": document.content_type,
        "language": document.language,
        "date": shown_time(document.date),
        "metadata": dict(document.metadata),
        "notes": [{"code": n.code, "message": n.message, "page": n.page} for n in document.notes],
        "chars": len(document.text),
        "page_count": len(document.pages),
        "chunk_count": len(new.chunks),
        "vector_count": sum(vector is not None for vector in new.vectors),
        "committed_at": moment,
        "text_hash": text_hash(document.text),
        "tables": sum(block.kind == "table" for block in document.blocks),
        "seconds": new.seconds,
        "token_count": sum(codes is not None for codes in new.tokens),
    }


def _chunk_row(version_id: int, chunk: Chunk, own: int) -> dict[str, Any]:
    return {
        "id": own,
        "version_id": version_id,
        "ordinal": chunk.ordinal,
        "start": chunk.start,
        "end": chunk.end,
        "page": chunk.page,
        "last_page": chunk.last_page,
        "headings": list(chunk.headings),
        "context": chunk.context,
        "tokens": chunk.tokens,
        "searched_hash": text_hash(chunk.searched),
    }


def _vector_row(version_id: int, own: int, vector: bytes) -> dict[str, Any]:
    return {
        "chunk_id": own,
        "version_id": version_id,
        "vector": vector,
        "checksum": vector_checksum(vector),
    }


def _page_row(version_id: int, page: Page) -> dict[str, Any]:
    return {
        "version_id": version_id,
        "number": page.number,
        "start": page.start,
        "end": page.end,
        "label": page.label,
    }


def _insert_many(db: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _ROWS:
            db.execute(_into(table), batch)
            batch = []
    if batch:
        db.execute(_into(table), batch)
