"""Dense search: the nearest chunks by cosine, as a projection of the catalog. The home of chromadb.

Three indexes stand behind :class:`corpus.projection.DenseIndex`: Chroma in this process (generations and an
exact delta), a Chroma server, and the exact scan. All give exact scores; the exact scan is the oracle.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from corpus.child import FeedAddress
from corpus.embedding import EmbeddingSpace
from corpus.projection import DenseIndex, Feed
from corpus.settings import Settings
from corpus.vectors.embedded import EmbeddedChromaIndex, FoldPolicy
from corpus.vectors.exact import ExactIndex
from corpus.vectors.server import ChromaServerIndex

__all__ = [
    "ChromaServerIndex",
    "EmbeddedChromaIndex",
    "ExactIndex",
    "FoldPolicy",
    "open_dense",
]


def open_dense(
    settings: Settings,
    feed: Feed,
    folder: Path,
    space: EmbeddingSpace,
    corpus_id: str,
    *,
    one_shot: bool = False,
) -> DenseIndex:
    """Opens the dense index that the settings ask for.

    Args:
        settings: ``dense`` and ``chroma_url`` choose the index.
        feed: the catalog.
        folder: the data folder.
        space: the corpus's embedding space.
        corpus_id: with the folder's path it names the corpus on a Chroma server: neither two corpora in folders
            of one name nor a corpus and its restored copy share a collection.
        one_shot: for a single command: nothing is opened or built that it would not live to use.

    Raises:
        UsageError: ``chroma_url`` is not a URL.
    """
    if settings.dense == "exact":
        return ExactIndex(feed, space.dimension)
    if settings.chroma_url:
        name = hashlib.sha256(os.fsencode(f"{corpus_id} {folder.resolve()}")).hexdigest()[:16]
        return ChromaServerIndex(
            feed, settings.chroma_url, space.id, space.dimension, corpus_id=name, one_shot=one_shot
        )
    address = FeedAddress("corpus.catalog:open_feed", str(folder))
    return EmbeddedChromaIndex(
        feed, folder / "dense", space.id, space.dimension, child_feed=address, one_shot=one_shot
    )
