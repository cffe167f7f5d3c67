"""Embedding ahead: the embedder has the next batch while it computes one, and files are told in their order."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from corpus.errors import EmbeddingError
from corpus.store import Corpus
from corpus.types import Float32
from ingest.discovery import discover
from ingest.stages import BATCHES_AHEAD, EmbedAhead, Work
from tests.builders import WordEmbedder, new_version


class Overtaken(WordEmbedder):
    """Gives the first text no vector before it has given the second one its."""

    def __init__(self) -> None:
        self.second = threading.Event()

    def embed_passages(self, texts: Sequence[str]) -> Float32:
        if any("second" in text for text in texts):
            self.second.set()
        elif any("first" in text for text in texts):
            assert self.second.wait(60), "the second batch waits for the first"
        return super().embed_passages(texts)


def test_two_batches_are_embedded_at_a_time_and_told_in_their_order(corpus: Corpus, folder: Path) -> None:
    source = discover([folder]).files[0]
    told: list[str] = []

    def tell(item: Work | None) -> None:
        if item is not None:
            told.append(item.sha256)

    with EmbedAhead(corpus.catalog, Overtaken(), tell) as ahead:
        for name in ("first", "second")[:BATCHES_AHEAD]:
            new = new_version(f"{name}.txt", [f"The {name} text."])
            ahead.start([Work(source, None, name, new.document, tuple(new.chunks), 0.0)])
        assert not ahead.room
        while not ahead.idle:
            ahead._batches[0].result(60)
    assert told == ["first", "second"]


class Stuck(WordEmbedder):
    """Gives the first text no vector until it is closed, then none at all."""

    def __init__(self) -> None:
        self.done, self.closed = threading.Event(), threading.Event()

    def embed_passages(self, texts: Sequence[str]) -> Float32:
        if any("first" in text for text in texts):
            assert self.closed.wait(60)
            raise EmbeddingError("Embedding was stopped.", code="embedder_closed")
        if any("third" in text for text in texts):
            self.done.set()
            assert self.closed.wait(60)
            raise EmbeddingError("Embedding was stopped.", code="embedder_closed")
        return super().embed_passages(texts)

    def close(self) -> None:
        self.closed.set()


def test_a_file_that_has_its_vectors_is_told_where_the_batch_before_is_cancelled(
    corpus: Corpus, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.stages.PIECE_TEXTS", 1)
    source = discover([folder]).files[0]
    told: list[str] = []

    def work(name: str) -> Work:
        new = new_version(f"{name}.txt", [f"The {name} text."])
        return Work(source, None, name, new.document, tuple(new.chunks), 0.0)

    embedder = Stuck()
    with EmbedAhead(
        corpus.catalog, embedder, lambda item: told.append(item.sha256) if item else None
    ) as ahead:
        ahead.start([work("first")])
        ahead.start([work(name) for name in ("second", "third", "fourth")])
        assert embedder.done.wait(60)
    assert told == ["second"]
