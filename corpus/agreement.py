"""Whether an embedder gives the vectors that a corpus has: some passages are embedded anew and compared.

An export is made once, and anew where it was lost: by other versions of its libraries, or on another machine. A corpus
whose vectors were made by another model than answers now finds nothing by meaning, and nothing else would say so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from corpus.catalog import CatalogFeed
from corpus.catalog.changes import vectors_of
from corpus.embedding import Embedder
from corpus.embedding.exported import LEAST_COSINE
from corpus.embedding.passages import joined, reads_all
from corpus.projection import TextRow
from corpus.store import Corpus
from corpus.types import Float32, Int64

PASSAGES = 16
"""So many are compared, of documents spread over the corpus."""

_LOOKED_AT = 32 * PASSAGES  # documents: some have no vectors


@dataclass(frozen=True, slots=True)
class Agreement:
    """How near the vectors of some passages are to those that were stored: the least cosine, in [-1, 1]."""

    passages: int
    least_cosine: float

    @property
    def problem(self) -> str:
        """One sentence where the embedder is another than the corpus's, else ""."""
        if self.least_cosine >= LEAST_COSINE:
            return ""
        return (
            f"The embedder gives other vectors than are stored: of {self.passages} passages the least cosine is "
            f"{self.least_cosine:.3f}, so questions are not found by meaning. Remove the folder models/ of the data "
            "folder and verify again; if it stays so, ingest into a new data folder."
        )


def compare(corpus: Corpus, embedder: Embedder) -> Agreement | None:
    """Embeds some live passages anew and compares; None where none has a vector.

    Raises:
        EmbeddingError: the model cannot be loaded.
    """
    rows, stored = _sample(corpus, embedder)
    if not rows:
        return None
    anew = embedder.embed_passages([joined(row.context, row.text) for row in rows])
    return Agreement(len(rows), round(float((anew * stored).sum(axis=1).min()), 4))


def _sample(corpus: Corpus, embedder: Embedder) -> tuple[list[TextRow], Float32]:
    """Returns a passage with a vector of each of some documents spread over the corpus, and the vectors.

    Only passages of which all is embedded: of the others an earlier Vouch embedded another part.
    """
    with CatalogFeed(corpus.catalog).snapshot() as snapshot:
        found: dict[int, TextRow] = {}
        for version in _spread(snapshot.live, _LOOKED_AT).tolist():
            own = snapshot.vector_ids([version])
            if len(own):
                found |= {
                    row.chunk_id: row
                    for row in snapshot.text_rows([version])
                    if row.chunk_id == own[0] and reads_all(row.context, row.text, embedder.covers)
                }
        chosen = _spread(np.array(sorted(found), np.int64), PASSAGES)
        batch = vectors_of(snapshot.db, chosen) if len(chosen) else None
        if batch is None:
            return [], np.empty((0, corpus.space.dimension), np.float32)
        return [found[own] for own in batch.ids.tolist()], batch.vectors


def _spread(all_of: Int64, most: int) -> Int64:
    """Returns at most so many, evenly from all of them."""
    return all_of[np.unique(np.linspace(0, len(all_of) - 1, min(len(all_of), most)).astype(np.int64))]
