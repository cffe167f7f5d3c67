"""A question and the sentences that may answer it as vectors: what is embedded once is not embedded again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from corpus.embedding import Embedder
from corpus.errors import EmbeddingError

Embed = Callable[[Sequence[str]], NDArray[np.float32] | None]
"""Texts → unit rows, shape (n, dimension); None where the embedder does not know the language."""

_KEPT = 16
"""So many readings are kept: the decision to refuse looks at the sentences that the answer is then chosen from. As a
whole, so that no vector depends on what was asked before.
"""


def embed_with(embedder: Embedder) -> Embed:
    """Returns an :data:`Embed`: the question first, then the sentences, cut to what the model reads. Safe to use from
    any thread.
    """

    @lru_cache(_KEPT)
    def embed(question: str, *sentences: str) -> NDArray[np.float32]:
        rest = list(sentences)
        counts = embedder.count_tokens(rest)
        while any(count > embedder.max_tokens for count in counts):
            rest = [
                text[: len(text) * embedder.max_tokens // count] if count > embedder.max_tokens else text
                for text, count in zip(rest, counts, strict=True)
            ]
            counts = embedder.count_tokens(rest)
        rows = np.vstack([embedder.embed_query(question)[None, :], embedder.embed_passages(rest)])
        rows.setflags(write=False)
        return rows

    def embedded(texts: Sequence[str]) -> NDArray[np.float32] | None:
        if not embedder.covers(texts[0]):
            return None
        try:
            return embed(*texts)
        except EmbeddingError:
            return None  # a model that cannot be loaded: the words alone decide, as in retrieval

    return embedded
