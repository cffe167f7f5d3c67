"""An ingest that is cancelled: what was done is kept, nothing waits for what is under way, the next one goes on."""

from __future__ import annotations

import functools
import os
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path

import pytest

from corpus.backup import verify
from corpus.errors import EmbeddingError
from corpus.settings import Settings
from corpus.store import Corpus, open_corpus
from corpus.types import Float32
from ingest.discovery import discover
from ingest.pipeline import Progress
from ingest.sandbox.pool import ParserPool
from ingest.stages import EmbedAhead, Work
from tests.builders import SPACE, WordEmbedder, new_version
from tests.ingest.ingest_runs import (
    PIECE_TEXTS,
    counts,
    run,
    sources,
    state,
    write,
)

pytestmark = pytest.mark.usefixtures("small_pieces")


class StuckEmbedder(WordEmbedder):
    """Works on the first piece with a word in it until it is closed, as the child that is killed."""

    def __init__(self, word: str = "") -> None:
        self.asked, self.closed, self._word = threading.Event(), threading.Event(), word

    def embed_passages(self, texts: Sequence[str]) -> Float32:
        if not any(self._word in text for text in texts):
            return super().embed_passages(texts)
        self.asked.set()
        assert self.closed.wait(60)
        raise EmbeddingError("Embedding was stopped.", code="embedder_closed")

    def close(self) -> None:
        self.closed.set()


def test_a_cancelled_ingest_keeps_what_was_done_and_the_next_ends_as_a_clean_one(
    corpus: Corpus, tmp_path: Path
) -> None:
    names = [f"{number:02}.txt" for number in range(24)]  # more than are read while one is committed
    folder = write(tmp_path / "files", *names, sections=PIECE_TEXTS)
    told: list[Progress] = []
    stopped = run(
        corpus,
        folder,
        sync=True,
        embedder=StuckEmbedder(names[-1]),  # so that the last is under way when it is cancelled
        on_progress=told.append,
        cancelled=lambda: bool(told) and told[-1].files >= 2,
    )
    assert stopped.stopped == "cancelled"
    assert "same command" in stopped.hint
    kept = set(state(corpus))
    assert 2 <= len(kept) < len(names)
    assert {("c", one.path) for one in stopped.files} == kept
    assert not verify(corpus).problems
    assert sources(corpus, "Section") == {path for _, path in kept}, "what is committed is found"

    finished = run(corpus, folder, sync=True)
    assert counts(finished) == {"added": len(names) - len(kept), "unchanged": len(kept)}
    clean = Settings(data_dir=tmp_path / "clean", dense="exact", min_free_mb=1)
    with open_corpus(clean, SPACE) as other:
        run(other, folder)
        assert state(corpus) == state(other)


def test_a_cancel_ends_what_is_being_embedded(corpus: Corpus, folder: Path) -> None:
    embedder = StuckEmbedder()
    told: list[Progress] = []
    report = run(corpus, folder, embedder=embedder, cancelled=embedder.asked.is_set, on_progress=told.append)
    assert embedder.closed.is_set()
    assert (report.stopped, counts(report), report.files) == ("cancelled", {}, ())
    last = told[-1]
    assert (last.stage, last.share, last.left_s, last.files) == ("stopped", 0.0, None, 0), "it is not done"


class BookReader(WordEmbedder):
    """Says when a file is being cut, and how often its sentences were counted by then and after."""

    def __init__(self, reads: bool) -> None:
        self.cutting, self.counted, self._reads = threading.Event(), 0, reads

    def covers(self, text: str) -> bool:
        self.cutting.set()
        return self._reads

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        self.counted += len(texts)
        return super().count_tokens(texts)


@pytest.mark.parametrize(
    ("sentence", "reads"), [("The office opens at nine. ", True), ("事務所は九時に開きます。", False)]
)
def test_a_cancel_ends_the_cutting_of_a_book_and_the_next_ingest_reads_it(
    corpus: Corpus, tmp_path: Path, sentence: str, reads: bool
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "book.txt").write_text(f"{sentence * 5}\n\n" * 200, encoding="utf-8")
    embedder = BookReader(reads)
    report = run(corpus, folder, embedder=embedder, cancelled=embedder.cutting.is_set)
    assert (report.stopped, counts(report), report.files) == ("cancelled", {}, ())
    assert embedder.counted < 10, "a title; none of a thousand sentences"
    assert counts(run(corpus, folder, embedder=BookReader(reads))) == {"added": 1}
    assert not verify(corpus).problems


def test_an_ended_embedding_looks_at_no_more_passages(corpus: Corpus, folder: Path) -> None:
    """A book has ten thousand of them, and telling what the embedder can read takes a while each."""
    looked: list[str] = []

    class Looking(WordEmbedder):
        def covers(self, text: str) -> bool:
            looked.append(text)
            ahead._ended.set()
            return True

    told: list[Work | None] = []
    new = new_version("a.txt", ["leave", "travel", "budget"])
    source = discover([folder]).files[0]
    with EmbedAhead(corpus.catalog, Looking(), told.append) as ahead:
        ahead._embed(deque([Work(source, None, "", new.document, tuple(new.chunks), 0.0)]))
    assert len(looked) == 1
    assert told == []


def test_a_cancel_while_files_are_hashed_changes_nothing(corpus: Corpus, folder: Path) -> None:
    run(corpus, folder)
    before = state(corpus)
    changed = (folder / "a.txt").read_text(encoding="utf-8").replace("leave", "hotel")
    (folder / "a.txt").write_text(changed, encoding="utf-8")  # as long as before
    os.utime(folder / "a.txt", (1_600_000_000, 1_600_000_000))
    (folder / "b.md").unlink()
    report = run(corpus, folder, sync=True, consent=True, cancelled=lambda: True)
    assert (report.stopped, counts(report)) == ("cancelled", {})
    assert state(corpus) == before
    finished = run(corpus, folder, sync=True, consent=True)
    assert counts(finished) == {"replaced": 1, "removed": 1, "unchanged": 1}
    assert sources(corpus, "hotel") == {"a.txt"}


def test_a_cancel_ends_a_parser_that_takes_long(
    corpus: Corpus, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile = functools.partial(ParserPool, parsers="tests.ingest.hostile:TABLE")
    monkeypatch.setattr("ingest.stages.ParserPool", hostile)
    (folder / "a.txt").write_text("sleep", encoding="utf-8")
    for name in ("b.md", "deep/c.html"):
        (folder / name).unlink()
    polled: list[bool] = []

    def cancelled() -> bool:
        polled.append(True)
        return len(polled) > 20  # two seconds: the child sleeps by then

    report = run(corpus, folder, cancelled=cancelled)
    assert (report.stopped, report.added, report.failed) == ("cancelled", 0, 0)
