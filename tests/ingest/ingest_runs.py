"""Folders of files made by hand, their ingest, and what the corpus then holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from corpus.catalog import documents, passages
from corpus.catalog.texts import read_text
from corpus.store import Corpus
from corpus.types import OWNER, Float32
from ingest.discovery import discover
from ingest.pipeline import IngestOptions, IngestReport, IngestRequest, ingest
from tests.builders import WordEmbedder

PIECE_TEXTS = 16
"""So many passages make a piece under the fixture ``small_pieces``."""

WORDS = ["leave", "travel", "budget", "probe", "audit", "logger", "sensor", "office", "night", "limit"]


class CountingEmbedder(WordEmbedder):
    """Remembers what it was asked, and fails or calls back when a word comes by."""

    def __init__(self, act: Callable[[str], None] = lambda text: None) -> None:
        self.asked: list[str] = []
        self.pieces: list[int] = []
        self._act = act

    def embed_passages(self, texts: Sequence[str]) -> Float32:
        self.pieces.append(len(texts))
        for text in texts:
            self._act(text)
        self.asked += texts
        return super().embed_passages(texts)


def write(folder: Path, *names: str, sections: int = 2) -> Path:
    """Writes files of different content; the same name always the same."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content(name, sections), encoding="utf-8")
    return folder


def content(name: str, sections: int = 2) -> str:
    """Sections too long to share a chunk with another."""
    text = "\n\n".join(
        f"Section {number} of {name}. " + " ".join(WORDS[(number + at) % 10] for at in range(150))
        for number in range(sections)
    )
    if name.endswith(".html"):
        paragraphs = "".join(f"<p>{part}</p>" for part in text.split("\n\n"))
        return f"<html><body><h1>{name}</h1>{paragraphs}</body></html>"
    return text


def run(corpus: Corpus, *paths: Path, embedder: WordEmbedder | None = None, **given: Any) -> IngestReport:
    asked = {name: given.pop(name) for name in ("on_progress", "cancelled") if name in given}
    found, collection = discover(paths, **given.pop("discovery", {})), given.pop("collection", "c")
    caller = given.pop("caller", OWNER)
    request = IngestRequest(found, collection, IngestOptions(**given), caller)
    return ingest(corpus, embedder or WordEmbedder(), request, **asked)


def counts(report: IngestReport) -> dict[str, int]:
    names = ("added", "replaced", "moved", "updated", "removed", "unchanged", "failed")
    return {name: getattr(report, name) for name in names if getattr(report, name)}


def state(corpus: Corpus) -> dict[tuple[str, str], tuple[Any, ...]]:
    """Everything that searches and readers can see of the live documents, by (collection, path)."""
    found = {}
    with corpus.catalog.read() as db:
        for one in documents.list_documents(db):
            assert one.live is not None
            text = read_text(db, one.live.id)
            pieces = passages.stored_chunks(db, one.live.id)
            assert all(piece.is_intact(text[piece.start : piece.end]) for piece in pieces)
            rows = tuple((piece.id, piece.start, piece.end, piece.context, piece.page) for piece in pieces)
            found[one.key.collection, one.key.path] = (
                one.live.sha256,
                text,
                rows,
                one.live.vectors,
                tuple(sorted(one.access)),
                tuple(sorted(one.metadata.items())),
            )
    return found


def live(corpus: Corpus, path: str) -> documents.DocumentRecord:
    with corpus.catalog.read() as db:
        [found] = documents.find_by_path(db, path)
    return found


def sources(corpus: Corpus, query: str) -> set[str]:
    """The documents that each word of the query is found in, lexically."""
    ids = corpus.search_lexical(query, 100, OWNER).ids.tolist()
    return {hit.source for hit in corpus.hits([(own, 1.0) for own in ids], {}, OWNER, 100)}
