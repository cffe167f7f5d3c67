"""What was computed for a text once, for an ingest that meets the same text again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from sqlalchemy import ColumnElement, Connection, Table, select

from corpus.catalog.schema import chunks, token_vectors, vectors
from corpus.hashing import vector_checksum
from corpus.types import Float32

_ROWS = 500  # rows per statement: well under every database's parameter limit


def reusable_vectors(db: Connection, hashes: Sequence[bytes], dimension: int) -> dict[bytes, Float32]:
    """Returns the vectors already stored for searched texts with these hashes; damaged ones are left out."""
    stored = _stored(db, hashes, vectors, vectors.c.vector)
    rows = ((own, np.frombuffer(vector, dtype="<f4")) for own, vector in stored)
    return {own: row for own, row in rows if row.shape == (dimension,)}


def reusable_tokens(db: Connection, hashes: Sequence[bytes]) -> dict[bytes, bytes]:
    """Returns the codes already stored for searched texts with these hashes; damaged ones are left out."""
    return dict(_stored(db, hashes, token_vectors, token_vectors.c.codes))


def _stored(
    db: Connection, hashes: Sequence[bytes], table: Table, value: ColumnElement[bytes]
) -> Iterator[tuple[bytes, bytes]]:
    """Yields hash and value of what is stored and whole."""
    query = select(chunks.c.searched_hash, value, table.c.checksum).join(
        table, table.c.chunk_id == chunks.c.id
    )
    for first in range(0, len(hashes), _ROWS):
        some = chunks.c.searched_hash.in_(list(hashes[first : first + _ROWS]))
        for own, kept, checksum in db.execute(query.where(some)):
            if vector_checksum(kept) == checksum:
                yield own, kept
