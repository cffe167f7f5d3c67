"""What was computed for a text once, for an ingest that meets the same text again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sqlalchemy import Connection, select

from corpus.catalog.checksums import vector_checksum
from corpus.catalog.schema import chunks, token_vectors, vectors
from corpus.types import Float32

_ROWS = 500  # rows per statement: well under every database's parameter limit


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


def reusable_tokens(db: Connection, hashes: Sequence[bytes]) -> dict[bytes, bytes]:
    """Returns the codes already stored for searched texts with these hashes; damaged ones are left out."""
    found: dict[bytes, bytes] = {}
    columns = select(chunks.c.searched_hash, token_vectors.c.codes, token_vectors.c.checksum)
    columns = columns.join(token_vectors, token_vectors.c.chunk_id == chunks.c.id)
    for first in range(0, len(hashes), _ROWS):
        some = chunks.c.searched_hash.in_(list(hashes[first : first + _ROWS]))
        for own, codes, checksum in db.execute(columns.where(some)):
            if vector_checksum(codes) == checksum:
                found[own] = codes
    return found
