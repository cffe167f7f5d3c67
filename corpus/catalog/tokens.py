"""The token vectors of chunks, as the catalog keeps them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, select

from corpus.catalog import schema
from corpus.catalog.among import among, listed
from corpus.catalog.schema import token_vectors
from corpus.errors import DamagedError
from corpus.hashing import vector_checksum
from corpus.types import show_chunk_id

_TOKENS = select(token_vectors.c.chunk_id, token_vectors.c.codes, token_vectors.c.checksum).where(
    among(token_vectors.c.chunk_id)
)


def read_tokens(db: Connection, chunk_ids: Sequence[int]) -> dict[int, bytes]:
    """Returns the codes of the given chunks that have some, of retired versions too.

    Raises:
        DamagedError: codes are not what was committed.
    """
    found: dict[int, bytes] = {}
    for own, codes, checksum in db.execute(_TOKENS, {"ids": listed(chunk_ids)}).all():
        if vector_checksum(codes) != checksum:
            raise DamagedError(
                f"The catalog's token vectors of chunk {show_chunk_id(own)} are not what was committed.",
                hint=schema.RESTORE_HINT,
            )
        found[own] = codes
    return found


def damaged_tokens(db: Connection) -> Iterator[int]:
    """Yields the chunks, of retired versions too, whose codes are not what was committed."""
    query = select(token_vectors).order_by(token_vectors.c.chunk_id).execution_options(yield_per=1000)
    for row in db.execute(query):
        if vector_checksum(row.codes) != row.checksum:
            yield row.chunk_id
