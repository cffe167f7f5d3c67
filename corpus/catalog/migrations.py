"""The steps from one version of the schema to the next.

A step is plain SQL over the tables as they were then, never over ``schema``'s, which go on changing. It runs
inside one transaction with all the others: either the catalog is of the newest version, or nothing has
happened.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from types import MappingProxyType

from sqlalchemy import Connection, text

from corpus.hashing import text_hash, vector_checksum

_AT_ONCE = 1000


def _add_checksums(db: Connection) -> None:
    """2: every text and every vector has a checksum, so that a byte that changed on disk is found out; and an
    empty corpus has its id, too."""
    db.execute(text("ALTER TABLE versions ADD COLUMN text_hash BLOB DEFAULT '' NOT NULL"))
    db.execute(text("ALTER TABLE vectors ADD COLUMN checksum INTEGER DEFAULT 0 NOT NULL"))
    for version_id in db.execute(text("SELECT id FROM versions")).scalars().all():
        segments = text("SELECT text FROM texts WHERE version_id = :id ORDER BY segment")
        whole = "".join(db.execute(segments, {"id": version_id}).scalars())
        db.execute(
            text("UPDATE versions SET text_hash = :hash WHERE id = :id"),
            {"hash": text_hash(whole), "id": version_id},
        )
    last = -1
    while rows := db.execute(
        text("SELECT chunk_id, vector FROM vectors WHERE chunk_id > :last ORDER BY chunk_id LIMIT :most"),
        {"last": last, "most": _AT_ONCE},
    ).all():
        db.execute(
            text("UPDATE vectors SET checksum = :checksum WHERE chunk_id = :id"),
            [{"checksum": vector_checksum(row.vector), "id": row.chunk_id} for row in rows],
        )
        last = rows[-1].chunk_id
    if not db.execute(text("SELECT 1 FROM meta WHERE key = 'corpus_id'")).first():
        made = {"id": secrets.token_hex(8)}
        db.execute(text("INSERT INTO meta (key, value) VALUES ('corpus_id', :id)"), made)


def _add_report_figures(db: Connection) -> None:
    """3: a version keeps what its ingest report says and its text does not."""
    db.execute(text("ALTER TABLE versions ADD COLUMN tables INTEGER"))
    db.execute(text("ALTER TABLE versions ADD COLUMN seconds FLOAT"))


def _add_token_vectors(db: Connection) -> None:
    """4: a chunk may have the vectors of its tokens; what was committed before has none until it is ingested again."""
    db.execute(text("ALTER TABLE versions ADD COLUMN token_count INTEGER DEFAULT 0 NOT NULL"))
    db.execute(
        text(
            "CREATE TABLE token_vectors (chunk_id INTEGER NOT NULL PRIMARY KEY, version_id INTEGER NOT NULL, "
            "codes BLOB NOT NULL, checksum INTEGER NOT NULL, "
            "FOREIGN KEY(version_id) REFERENCES versions (id) ON DELETE CASCADE)"
        )
    )
    db.execute(text("CREATE INDEX token_vectors_by_version ON token_vectors (version_id)"))


def _add_keys(db: Connection) -> None:
    """5: who may ask over HTTP; a job keeps who sent it (until then everybody was the public); and what a collection
    holds is counted by an index."""
    db.execute(text("CREATE INDEX documents_by_collection ON documents (collection, live_version_id)"))
    db.execute(text("ALTER TABLE jobs ADD COLUMN sender VARCHAR DEFAULT 'public' NOT NULL"))
    db.execute(
        text(
            "CREATE TABLE keys (id VARCHAR(8) NOT NULL PRIMARY KEY, hash BLOB NOT NULL, user VARCHAR NOT NULL, "
            "groups JSON NOT NULL, writes BOOLEAN NOT NULL, created_at VARCHAR NOT NULL, expires_at VARCHAR, "
            "revoked_at VARCHAR)"
        )
    )


MIGRATIONS: Mapping[int, Callable[[Connection], None]] = MappingProxyType(
    {1: _add_checksums, 2: _add_report_figures, 3: _add_token_vectors, 4: _add_keys}
)
"""``MIGRATIONS[n]`` takes a catalog of version ``n`` to ``n + 1`` inside the caller's transaction."""
