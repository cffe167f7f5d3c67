"""The versions of documents: listing and retiring them (``committing`` makes them)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from corpus.catalog.among import among, listed
from corpus.catalog.schema import changes, versions
from corpus.catalog.times import read_time
from corpus.errors import NotFoundError


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


def version_files(db: Connection, wanted: Sequence[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """Returns the SHA-256 of the files of versions, by document and number; those that are not there are left out."""
    query = select(versions.c.document_id, versions.c.number, versions.c.sha256)
    rows = db.execute(query.where(among(versions.c.document_id)), {"ids": listed({own for own, _ in wanted})})
    found = {(row.document_id, row.number): row.sha256 for row in rows}
    return {key: found[key] for key in wanted if key in found}


def list_versions(db: Connection, document_id: str) -> list[VersionRecord]:
    """Returns a document's versions, newest first."""
    rows = db.execute(
        select(versions).where(versions.c.document_id == document_id).order_by(versions.c.number.desc())
    ).all()
    return [read_version(dict(row._mapping)) for row in rows]


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
    return read_version(dict(row._mapping))


def content_hashes(db: Connection) -> set[str]:
    """Returns the SHA-256 of every version's file."""
    return set(db.execute(select(versions.c.sha256)).scalars())


def retire_version(db: Connection, version_id: int, moment: str) -> None:
    """Takes a version out of what is live, and says so in the change log."""
    db.execute(update(versions).where(versions.c.id == version_id).values(state="retired", retired_at=moment))
    db.execute(insert(changes).values(kind="remove", version_id=version_id, at=moment))


def read_version(row: Mapping[str, Any], prefix: str = "") -> VersionRecord:
    """Returns the version in a row, in which the names of its columns begin with ``prefix``."""

    def get(name: str) -> Any:
        return row[prefix + name]

    return VersionRecord(
        id=get("id"),
        document_id=get("document_id"),
        number=get("number"),
        state=get("state"),
        sha256=get("sha256"),
        size_bytes=get("size_bytes"),
        modified=read_time(get("modified")) if get("modified") else None,
        fingerprint=get("fingerprint"),
        title=get("title"),
        content_type=get("content_type"),
        language=get("language"),
        date=read_time(get("date")) if get("date") else None,
        metadata=get("metadata"),
        notes=tuple(get("notes")),
        chars=get("chars"),
        pages=get("page_count"),
        chunks=get("chunk_count"),
        vectors=get("vector_count"),
        committed_at=read_time(get("committed_at")),
        retired_at=read_time(get("retired_at")) if get("retired_at") else None,
        tables=get("tables"),
        seconds=get("seconds"),
    )
