"""A catalog as tests write to it and look at it."""

from __future__ import annotations

from corpus.catalog import CatalogFeed, Database, committing
from corpus.catalog.versions import VersionRecord
from corpus.types import NewVersion


def commit(catalog: Database, new: NewVersion) -> VersionRecord:
    with catalog.write() as db:
        return committing.commit_version(db, new)


def live_ids(catalog: Database) -> list[int]:
    """Returns the ids of the chunks that are live."""
    with CatalogFeed(catalog).snapshot() as snapshot:
        return [own for batch in snapshot.vector_batches() for own in batch.ids.tolist()]
