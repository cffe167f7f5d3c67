"""Small real things for tests: versions with chunks and unit vectors, and a space they belong to."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from corpus.embedding import EmbeddingSpace, Running
from corpus.late import pack_tokens
from corpus.settings import Settings
from corpus.types import PUBLIC, Chunk, Document, DocumentKey, Float32, NewVersion, Page, QueryTokens

if TYPE_CHECKING:  # children of tests start without a corpus
    from corpus.store import Corpus

DIMENSION = 8

SPACE = EmbeddingSpace(
    model="words",
    revision="1",
    weights_sha256="0" * 64,
    precision="float32",
    dimension=DIMENSION,
    pooling="sum",
    normalised=True,
    prompt="",
)


def word_vector(text: str) -> Float32:
    """A unit vector made of the text's words alone: equal words, equal vectors."""
    total = np.zeros(DIMENSION)
    for word in text.casefold().split():
        seed = int.from_bytes(hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=4).digest(), "big")
        total += np.random.default_rng(seed).standard_normal(DIMENSION)
    norm = float(np.linalg.norm(total))
    return (total / norm if norm else np.eye(DIMENSION)[0]).astype(np.float32)


def token_codes(text: str) -> bytes | None:
    """What is kept of the text's words for late interaction."""
    return pack_tokens(np.stack([word_vector(word) for word in text.split()])) if text.split() else None


def query_tokens(text: str) -> QueryTokens:
    """The words of a question."""
    words = tuple(text.casefold().split())
    return QueryTokens(np.stack([word_vector(word) for word in words]), words)


def settings_for(folder: Path, dense: str = "exact", **given: Any) -> Settings:
    """Settings of a data folder."""
    return Settings(data_dir=folder, dense=dense, **given)  # type: ignore[arg-type]


def put(corpus: Corpus, path: str, lines: list[str], **given: Any) -> str:
    """Commits a version of these lines, as :func:`new_version` makes it, and returns its document's id."""
    return corpus.commit(new_version(path, lines, **given), "\n".join(lines).encode()).document_id


def new_version(
    path: str,
    lines: list[str],
    *,
    collection: str = "default",
    root: str = "/docs",
    access: frozenset[str] = frozenset({PUBLIC}),
    metadata: Mapping[str, str] | None = None,
    title: str = "",
    language: str = "en",
    content_type: str = "text/plain",
    date: datetime | None = None,
    modified: datetime | None = datetime(2025, 1, 1, tzinfo=UTC),
    fingerprint: str = "f1",
    covered: bool = True,
) -> NewVersion:
    """One chunk a line, one page in all."""
    text = "\n".join(lines)
    chunks, start = [], 0
    for ordinal, line in enumerate(lines):
        chunks.append(Chunk(ordinal, start, start + len(line), line, title, (), 1, 1, len(line.split()) + 2))
        start += len(line) + 1
    data = text.encode("utf-8", "surrogatepass")
    return NewVersion(
        key=DocumentKey(collection, root, path),
        sha256=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data),
        modified=modified,
        fingerprint=fingerprint,
        document=Document(text, (Page(1, 0, len(text)),), (), title or path, content_type, language, date),
        chunks=chunks,
        vectors=[word_vector(chunk.searched) if covered else None for chunk in chunks],
        tokens=[token_codes(chunk.searched) if covered else None for chunk in chunks],
        access=access,
        metadata=metadata or {},
    )


class WordEmbedder:
    """An embedder of :data:`SPACE` that needs no model: equal words, equal vectors."""

    space = SPACE
    other_spaces = ()
    max_tokens = 256

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) + 2 for text in texts]

    def covers(self, text: str) -> bool:
        return text.isascii()

    def embed_passages(self, texts: Sequence[str]) -> Float32:
        return (
            np.stack([word_vector(text) for text in texts]) if texts else np.zeros((0, DIMENSION), np.float32)
        )

    def embed_query(self, text: str) -> Float32:
        return word_vector(text)

    def settle(self, space: EmbeddingSpace) -> None:
        """It has one space."""

    def prepare(self, *, few: bool = False) -> None:
        """It needs no model."""

    def running(self) -> Running:
        return Running("words", "", {})

    def close(self) -> None:
        """Nothing is under way between two calls."""


class TokenWordEmbedder(WordEmbedder):
    """The same, with a vector for each word besides."""

    gives_tokens = True

    def embed_passages_with_tokens(self, texts: Sequence[str]) -> tuple[Float32, list[bytes | None]]:
        return self.embed_passages(texts), [token_codes(text) for text in texts]

    def embed_query_with_tokens(self, text: str) -> tuple[Float32, QueryTokens | None]:
        return self.embed_query(text), query_tokens(text)
