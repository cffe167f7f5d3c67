"""Dense search: the nearest chunks by cosine, as a projection of the catalog. The home of chromadb.

Three indexes stand behind :class:`corpus.projection.DenseIndex`: Chroma in this process (generations and an
exact delta), a Chroma server, and the exact scan. All give exact scores; the exact scan is the oracle.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np

from corpus.child import FeedAddress
from corpus.embedding import EmbeddingSpace
from corpus.projection import DenseIndex, Feed
from corpus.settings import Settings
from corpus.types import Int64
from corpus.vectors import generation
from corpus.vectors.embedded import EmbeddedChromaIndex
from corpus.vectors.exact import ExactIndex
from corpus.vectors.folding import FoldPolicy, unbuilt_state
from corpus.vectors.lazy import LazyDense
from corpus.vectors.server import ChromaServerIndex

__all__ = [
    "ChromaServerIndex",
    "EmbeddedChromaIndex",
    "ExactIndex",
    "FoldPolicy",
    "open_dense",
    "stored_chunk_ids",
    "sweep_unused",
]


def open_dense(
    settings: Settings,
    feed: Feed,
    folder: Path,
    space: EmbeddingSpace,
    corpus_id: str,
    *,
    one_shot: bool = False,
    lazily: bool = False,
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
        lazily: open it when it is first needed. A Chroma server is told of changes as they come, so it is open
            from the beginning.

    Raises:
        UsageError: ``chroma_url`` is not a URL.
    """
    if settings.dense == "exact":
        if lazily:
            return LazyDense(feed, space.dimension, lambda: ExactIndex(feed, space.dimension), lambda: None)
        return ExactIndex(feed, space.dimension)
    if settings.chroma_url:
        name = hashlib.sha256(os.fsencode(f"{corpus_id} {folder.resolve()}")).hexdigest()[:16]
        return ChromaServerIndex(
            feed, settings.chroma_url, space.id, space.dimension, corpus_id=name, one_shot=one_shot
        )
    address, generations = FeedAddress("corpus.catalog:open_feed", str(folder)), folder / "dense"

    def embedded() -> DenseIndex:
        return EmbeddedChromaIndex(
            feed, generations, space.id, space.dimension, child_feed=address, one_shot=one_shot
        )

    if not lazily:
        return embedded()
    return LazyDense(feed, space.dimension, embedded, lambda: unbuilt_state(feed, generations))


def stored_chunk_ids(folder: Path) -> Mapping[str, Int64]:
    """Returns the chunk ids in each generation under a data folder, whether it is in use or not.

    One that is deleted meanwhile is left out.
    """
    found = {}
    for path in sorted((folder / "dense").glob("gen-*")):
        with suppress(FileNotFoundError, NotADirectoryError):
            found[path.name] = np.fromfile(path / generation.IDS, dtype=np.int64)
    return found


def sweep_unused(folder: Path, index: DenseIndex) -> None:
    """Deletes the generations that another choice of index left under a data folder."""
    index = index.index if isinstance(index, LazyDense) else index
    if not isinstance(index, EmbeddedChromaIndex) and (folder / "dense").is_dir():
        generation.sweep(folder / "dense", "")
