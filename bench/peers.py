"""What a search is compared with: the exact scan in plain numpy, and LangChain with Chroma, over the same vectors."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from langchain_chroma import Chroma
from langchain_core.embeddings import Embeddings

from corpus.catalog import CatalogFeed
from corpus.embedding import Embedder
from corpus.store import Corpus
from corpus.types import Float32, Int64, show_chunk_id

_ROWS_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Rows:
    """The vectors of a corpus, as its catalog has them: float32 unit rows, with chunk and version ids."""

    ids: Int64
    versions: Int64
    vectors: Float32

    def nearest(self, query: Float32, k: int, versions: Int64 | None = None) -> Int64:
        """Returns the ids of the ``k`` nearest rows, nearest first, by comparing all (of the given versions)."""
        cosines = self.vectors @ query
        if versions is not None:
            cosines[~np.isin(self.versions, versions)] = -2.0
        last = min(k, len(cosines)) - 1
        best = np.flatnonzero(
            cosines >= -np.partition(-cosines, last)[last]
        )  # of equal rows the oldest are nearest
        return self.ids[best[np.lexsort((self.ids[best], -cosines[best]))][:k]]


def read_rows(corpus: Corpus) -> Rows:
    """Reads the live vectors of a corpus into memory; a small one has no dense index to take them from."""
    with CatalogFeed(corpus.catalog).snapshot() as snapshot:
        batches = list(snapshot.vector_batches())
    return Rows(
        np.concatenate([one.ids for one in batches]),
        np.concatenate([one.version_ids for one in batches]),
        np.concatenate([one.vectors for one in batches]),
    )


class _Ours(Embeddings):
    """The product's embedder, as LangChain asks for one."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        rows: list[list[float]] = self._embedder.embed_passages(texts).tolist()
        return rows

    def embed_query(self, text: str) -> list[float]:
        row: list[float] = self._embedder.embed_query(text).tolist()
        return row


def open_langchain(
    folder: Path, rows: Rows, texts: Callable[[], Mapping[int, str]], embedder: Embedder
) -> Callable[[str, int], Sequence[int]]:
    """Returns LangChain's search over Chroma with its defaults: (question, k) → chunk ids.

    The store is filled once, with the vectors there are, and kept in ``folder``.
    """
    whole = folder / "complete"
    if not whole.exists():
        shutil.rmtree(folder, ignore_errors=True)
    store = Chroma("chunks", _Ours(embedder), persist_directory=str(folder))
    if not whole.exists():
        known = texts()
        for start in range(0, len(rows.ids), _ROWS_AT_ONCE):
            some = rows.ids[start : start + _ROWS_AT_ONCE].tolist()
            store._collection.add(
                ids=[show_chunk_id(own) for own in some],
                embeddings=rows.vectors[start : start + _ROWS_AT_ONCE],
                documents=[known[own] for own in some],
                metadatas=[{"chunk": own} for own in some],
            )
        whole.touch()

    def search(question: str, k: int) -> list[int]:
        return [int(found.metadata["chunk"]) for found in store.similarity_search(question, k)]

    return search
