"""The truth: one SQLite file that holds texts, chunks, vectors, access, versions and the change log.

``database`` opens it; ``committing``, ``documents``, ``versions``, ``records``, ``access``, ``passages``, ``changes``
and the others are functions over an open transaction. There is no SQL elsewhere but for ``corpus.receipts``.
"""

from sqlalchemy import Connection

from corpus.catalog.changes import CatalogFeed, open_feed
from corpus.catalog.database import Database, open_database

__all__ = ["CatalogFeed", "Connection", "Database", "open_database", "open_feed"]
