"""The catalog's tables and its version.

Portable SQLAlchemy Core. Times are ISO 8601 UTC text; JSON columns hold what is only ever read whole.
"""

from __future__ import annotations

import secrets

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    select,
    text,
)

from corpus.catalog.migrations import MIGRATIONS
from corpus.errors import DamagedError, StorageError

SCHEMA_VERSION = 5

metadata = MetaData()

# SQLite gives rowids only to INTEGER primary keys; other databases need 64 bits.
Id = BigInteger().with_variant(Integer, "sqlite")

meta = Table(
    "meta",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", String, nullable=False),
)

documents = Table(
    "documents",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("collection", String, nullable=False),
    Column("root", String, nullable=False),
    Column("path", String, nullable=False),
    Column("live_version_id", Id, nullable=True),
    Column("metadata", JSON, nullable=False),
    Column("created_at", String, nullable=False),
    Column("removed_at", String, nullable=True),
    UniqueConstraint("collection", "root", "path"),
    Index("documents_by_live_version", "live_version_id"),
    Index("documents_by_collection", "collection", "live_version_id"),  # counted without reading a document
)

access = Table(
    "access",
    metadata,
    Column("document_id", ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    Column("principal", String, primary_key=True),
    Index("access_by_principal", "principal"),
)

versions = Table(
    "versions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("document_id", ForeignKey("documents.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", String, nullable=False),  # live | retired
    Column("sha256", String(64), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("modified", String, nullable=True),
    Column("fingerprint", String, nullable=False),
    Column("title", String, nullable=False),
    Column("content_type", String, nullable=False),
    Column("language", String, nullable=False),
    Column("date", String, nullable=True),
    Column("metadata", JSON, nullable=False),
    Column("notes", JSON, nullable=False),
    Column("chars", Integer, nullable=False),
    Column("page_count", Integer, nullable=False),
    Column("chunk_count", Integer, nullable=False),
    Column("vector_count", Integer, nullable=False),
    Column("committed_at", String, nullable=False),
    Column("retired_at", String, nullable=True),
    Column("text_hash", LargeBinary(16), nullable=False, server_default=text("''")),
    Column("tables", Integer, nullable=True),  # found in the file; null where an older Vouch read it
    Column("seconds", Float, nullable=True),  # that reading and cutting it took; as above
    Column("token_count", Integer, nullable=False, server_default=text("0")),  # chunks with token vectors
    UniqueConstraint("document_id", "number"),
    Index("versions_by_hash", "sha256"),
    sqlite_autoincrement=True,
)

# A version's text in pieces of SEGMENT_CHARS, so that a slice of a long text is read without the rest.
SEGMENT_CHARS = 16_384
texts = Table(
    "texts",
    metadata,
    Column("version_id", ForeignKey("versions.id", ondelete="CASCADE"), primary_key=True),
    Column("segment", Integer, primary_key=True),
    Column("text", String, nullable=False),
)

pages = Table(
    "pages",
    metadata,
    Column("version_id", ForeignKey("versions.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("label", String, nullable=False),
)

chunks = Table(
    "chunks",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("version_id", ForeignKey("versions.id", ondelete="CASCADE"), nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("page", Integer, nullable=False),
    Column("last_page", Integer, nullable=False),
    Column("headings", JSON, nullable=False),
    Column("context", String, nullable=False),
    Column("tokens", Integer, nullable=False),
    Column("searched_hash", LargeBinary(16), nullable=False),
    UniqueConstraint("version_id", "ordinal"),
    Index("chunks_by_searched_hash", "searched_hash"),
)

vectors = Table(
    "vectors",
    metadata,
    Column("chunk_id", Id, primary_key=True, autoincrement=False),
    Column("version_id", ForeignKey("versions.id", ondelete="CASCADE"), nullable=False),
    Column("vector", LargeBinary, nullable=False),  # float32, little-endian, unit length
    Column("checksum", Integer, nullable=False, server_default=text("0")),
    Index("vectors_by_version", "version_id"),
)

# Beside a chunk's vector, the vectors of its tokens (corpus.late); a chunk may have none.
token_vectors = Table(
    "token_vectors",
    metadata,
    Column("chunk_id", Id, primary_key=True, autoincrement=False),
    Column("version_id", ForeignKey("versions.id", ondelete="CASCADE"), nullable=False),
    Column("codes", LargeBinary, nullable=False),
    Column("checksum", Integer, nullable=False),
    Index("token_vectors_by_version", "version_id"),
)

changes = Table(
    "changes",
    metadata,
    Column("seq", Id, primary_key=True),
    Column("kind", String, nullable=False),  # add | remove
    Column("version_id", Id, nullable=False),
    Column("at", String, nullable=False),
    sqlite_autoincrement=True,
)

failures = Table(
    "failures",
    metadata,
    Column("collection", String, primary_key=True),
    Column("root", String, primary_key=True),
    Column("path", String, primary_key=True),
    Column("sha256", String(64), nullable=False),
    Column("fingerprint", String, nullable=False),
    Column("code", String, nullable=False),
    Column("message", String, nullable=False),
    Column("hint", String, nullable=False),
    Column("crashes", Integer, nullable=False),
    Column("at", String, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("kind", String, nullable=False),
    Column("state", String, nullable=False),  # queued | running | done | failed | cancelled
    Column("request", JSON, nullable=False),
    Column("progress", JSON, nullable=False),
    Column("result", JSON, nullable=True),
    Column("error", JSON, nullable=True),
    Column("created_at", String, nullable=False),
    Column("started_at", String, nullable=True),
    Column("finished_at", String, nullable=True),
    Column("sender", String, nullable=False, server_default=text("'public'")),  # Caller.name
    Index("jobs_by_time", "created_at"),
)

# Who may ask over HTTP. A key is a random secret of 256 bits, of which the hash alone is kept; its row stays when it
# is revoked.
keys = Table(
    "keys",
    metadata,
    Column("id", String(8), primary_key=True),
    Column("hash", LargeBinary(32), nullable=False),
    Column("user", String, nullable=False),
    Column("groups", JSON, nullable=False),
    Column("writes", Boolean, nullable=False),
    Column("created_at", String, nullable=False),
    Column("expires_at", String, nullable=True),
    Column("revoked_at", String, nullable=True),
)


def found_version(db: Connection) -> int:
    """Returns the schema version of a catalog; 0 when it is empty.

    Raises:
        StorageError: (``newer_schema``) the catalog was written by a newer Vouch.
        DamagedError: there are tables, but not ours.
    """
    names = set(_table_names(db))
    if not names:
        return 0
    if "meta" not in names:
        raise DamagedError("The catalog is not Vouch's: it has no table 'meta'.", hint=RESTORE_HINT)
    found = db.execute(select(meta.c.value).where(meta.c.key == "schema_version")).scalar_one_or_none()
    if found is None or not found.isdigit() or not int(found):
        raise DamagedError(f"The catalog's schema version is unreadable: {found!r}.", hint=RESTORE_HINT)
    if int(found) > SCHEMA_VERSION:
        raise StorageError(
            f"The catalog has schema version {found}; this Vouch knows up to {SCHEMA_VERSION}.",
            code="newer_schema",
            hint="Nothing was changed. Use the newer Vouch that wrote it.",
        )
    return int(found)


def prepare(db: Connection) -> None:
    """Creates the tables in an empty catalog, or brings an older one up to date, in the caller's transaction.

    Raises:
        StorageError: (``newer_schema``) the catalog was written by a newer Vouch.
        DamagedError: there are tables, but not ours.
    """
    version = found_version(db)
    if not version:
        metadata.create_all(db)
        db.execute(meta.insert().values(key="schema_version", value=str(SCHEMA_VERSION)))
        db.execute(meta.insert().values(key="corpus_id", value=secrets.token_hex(8)))
    elif version < SCHEMA_VERSION:
        for step in range(version, SCHEMA_VERSION):
            MIGRATIONS[step](db)
        changed = meta.update().where(meta.c.key == "schema_version")
        db.execute(changed.values(value=str(SCHEMA_VERSION)))


RESTORE_HINT = "Nothing was changed. Bring a backup back with: vouch restore BACKUP"


def _table_names(db: Connection) -> list[str]:
    from sqlalchemy import inspect

    return inspect(db).get_table_names()
