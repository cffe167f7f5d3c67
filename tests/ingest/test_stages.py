"""Embedding ahead: the embedder has the next batch while it computes one, and files are told in their order."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

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
