"""Lexical search: the best chunks by BM25, as a projection of the catalog. The home of tantivy.

``analysis`` turns text into tokens, ``engine`` speaks to tantivy, ``segments`` checks its files,
``build`` makes a generation and ``index`` follows the catalog and keeps the whole in order.
"""

from __future__ import annotations

from pathlib import Path

from corpus.child import FeedAddress
from corpus.lexical.index import TantivyIndex
from corpus.projection import Feed

__all__ = ["TantivyIndex", "open_lexical"]


def open_lexical(feed: Feed, folder: Path, *, one_shot: bool = False) -> TantivyIndex:
    """Opens the lexical index of a data folder.

    Args:
        feed: the catalog.
        folder: the data folder; the index lives in its ``lexical`` folder.
        one_shot: open for a single command, which leaves the building of a large index to others.
    """
    address = FeedAddress("corpus.catalog:open_feed", str(folder))
    return TantivyIndex(feed, folder / "lexical", address=address, one_shot=one_shot)
