"""A folder goes in: with the real parsing children, a real corpus, and an embedder made of words."""

from __future__ import annotations

import functools
import os
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from corpus import store
from corpus.backup import verify
from corpus.catalog import documents, records
from corpus.errors import EmbeddingError, StorageError
from corpus.originals import Originals
from corpus.settings import Settings
from corpus.store import Corpus, open_corpus
from corpus.types import Float32
from corpus.vectors import EmbeddedChromaIndex, FoldPolicy
from ingest import pipeline, planning, stages
from ingest.discovery import discover
from ingest.pipeline import IngestRequest, Progress, ingest
from ingest.sandbox import ParserPool
from ingest.stages import FAILURES_IN_A_ROW, EmbedAhead, Work
from tests.builders import SPACE, WordEmbedder, new_version
from tests.ingest.ingest_runs import (
    CountingEmbedder,
    counts,
    run,
    sources,
    state,
    write,
)

PIECE_TEXTS = 16


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few passages at a time, so that short files are many pieces."""
    monkeypatch.setattr(stages, "PIECE_TEXTS", PIECE_TEXTS)
    monkeypatch.setattr(pipeline, "PIECE_TEXTS", PIECE_TEXTS)


def test_small_files_do_not_wait_for_a_large_one(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "LARGE_BYTES", 10_000)
    write(tmp_path / "in", "a-large.txt", sections=3 * PIECE_TEXTS)
    write(tmp_path / "in", "規程.txt", "z-small.md")
    run(corpus, tmp_path / "in")
    with corpus.catalog.read() as db:
        made = sorted(documents.list_documents(db), key=lambda one: one.live.id if one.live else 0)
    assert [one.key.path for one in made] == [
        "z-small.md",
        "規程.txt",
        "a-large.txt",
    ]  # as they lie, but the large one


# ---- again ---------------------------------------------------------------------------------------


def test_the_same_folder_again_does_nothing_and_a_changed_file_is_the_only_one_read(
    corpus: Corpus, folder: Path
) -> None:
    first = run(corpus, folder)
    assert counts(first) == {"added": 3}
    assert {one.state for one in first.files} == {"ok"}
    before, seq = state(corpus), corpus.state().seq

    embedder = CountingEmbedder()
    again = run(corpus, folder, embedder=embedder)
    assert (counts(again), again.files, embedder.asked) == ({"unchanged": 3}, (), [])
    assert corpus.state().seq == seq

    os.utime(folder / "a.txt", (1_600_000_000, 1_600_000_000))
    assert counts(run(corpus, folder, embedder=embedder)) == {"unchanged": 3}
    assert (embedder.asked, state(corpus)) == ([], before)

    (folder / "b.md").write_text("The parakeet rests on Sundays.\n", encoding="utf-8")
    changed = run(corpus, folder, embedder=embedder)
    assert counts(changed) == {"replaced": 1, "unchanged": 2}
    assert [(one.path, one.state, one.version) for one in changed.files] == [("b.md", "ok", 2)]
    assert len(embedder.asked) == 1
    after = state(corpus)
    assert {path for path in after if after[path] != before[path]} == {("c", "b.md")}
    assert sources(corpus, "parakeet") == {"b.md"}
    assert sources(corpus, "Section") == {"a.txt", "deep/c.html"}


def test_a_change_that_keeps_size_and_time_is_seen_when_every_file_is_looked_into(
    corpus: Corpus, folder: Path
) -> None:
    run(corpus, folder)
    stamp = (folder / "a.txt").stat()
    text = (folder / "a.txt").read_text(encoding="utf-8").replace("leave", "lunch")
    (folder / "a.txt").write_text(text, encoding="utf-8")
    os.utime(folder / "a.txt", ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert counts(run(corpus, folder)) == {"unchanged": 3}
    assert counts(run(corpus, folder, rehash=True)) == {"replaced": 1, "unchanged": 2}
    assert sources(corpus, "lunch") == {"a.txt"}


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(b"?" * 9000)])
def test_a_kept_file_that_is_gone_or_damaged_is_kept_anew(
    corpus: Corpus, folder: Path, damage: Callable[[Path], object]
) -> None:
    run(corpus, folder)
    kept = sorted(corpus.originals.all())
    damage(kept[0])
    assert len(verify(corpus).problems) == 1
    assert counts(run(corpus, folder)) == {"unchanged": 3}
    assert verify(corpus).problems == ()


def test_text_that_is_known_is_not_embedded_again(corpus: Corpus, folder: Path) -> None:
    run(corpus, folder)
    shutil.copy(folder / "deep" / "c.html", folder / "copy.html")
    embedder = CountingEmbedder()
    assert counts(run(corpus, folder, embedder=embedder)) == {"added": 1, "unchanged": 3}
    assert embedder.asked == []
    assert not verify(corpus).problems


def test_the_settings_of_reading_are_part_of_what_is_known(tmp_path: Path, folder: Path) -> None:
    for chunk_tokens, expected in ((200, {"added": 3}), (200, {"unchanged": 3}), (150, {"replaced": 3})):
        chosen = Settings(data_dir=tmp_path / "data", dense="exact", chunk_tokens=chunk_tokens, min_free_mb=1)
        with open_corpus(chosen, SPACE) as opened:
            assert counts(run(opened, folder)) == expected


# ---- failures ------------------------------------------------------------------------------------


def test_a_file_that_fails_keeps_its_previous_version_and_the_others_go_on(
    corpus: Corpus, folder: Path
) -> None:
    run(corpus, folder)
    before = state(corpus)["c", "b.md"]
    (folder / "b.md").write_bytes(bytes(range(256)) * 20)
    (folder / "new.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    write(folder, "new.txt")
    report = run(corpus, folder)
    assert counts(report) == {"added": 1, "failed": 2, "unchanged": 2}
    failed = {one.path: one for one in report.files if one.state == "failed"}
    assert {path: one.code for path, one in failed.items()} == {"b.md": "binary", "new.pdf": "damaged_file"}
    assert all(one.message.endswith(".") and one.hint for one in failed.values())
    assert state(corpus)["c", "b.md"] == before
    assert sources(corpus, "new.txt") >= {"new.txt"}

    again = run(corpus, folder)
    assert counts(again) == {"failed": 2, "unchanged": 3}
    assert all("not read again" in one.message and "--retry-failed" in one.hint for one in again.files)
    write(folder, "b.md")
    assert counts(run(corpus, folder, retry_failed=True)) == {"failed": 1, "unchanged": 4}
    with corpus.catalog.read() as db:
        assert [one.key.path for one in records.list_failures(db)] == ["new.pdf"]


def test_what_failed_is_read_again_once_any_parser_is_another(
    corpus: Corpus, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "new.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    run(corpus, folder)
    assert "not read again" in run(corpus, folder).files[0].message
    better = {kind: replace(one, version=f"{one.version}+") for kind, one in planning.PARSERS.items()}
    monkeypatch.setattr(planning, "PARSERS", better)
    assert "not read again" not in run(corpus, folder).files[0].message
    assert "not read again" in run(corpus, folder).files[0].message


def test_a_file_without_text_is_a_failure_and_never_ok_with_nothing(corpus: Corpus, folder: Path) -> None:
    (folder / "blank.html").write_text("<html><body><p> </p></body></html>", encoding="utf-8")
    (folder / "blank.txt").write_text(" \n\t\n", encoding="utf-8")
    (folder / "empty.txt").write_bytes(b"")
    report = run(corpus, folder)
    assert {one.path: one.state for one in report.files if one.chunks == 0} == {
        "blank.html": "failed",
        "blank.txt": "failed",
        "empty.txt": "failed",
    }
    assert all(one.chunks for one in report.files if one.state == "ok")


def test_a_file_that_vanishes_meanwhile_is_told_and_stops_nothing(
    corpus: Corpus, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(corpus, folder)
    before = state(corpus)["c", "a.txt"]
    keep = Originals.add

    def lose(self: Originals, source: Path | bytes, sha256: str) -> None:
        if source == folder / "a.txt":
            (folder / "a.txt").unlink()  # after it was read, before it is kept
        keep(self, source, sha256)

    (folder / "a.txt").write_text("Something else.", encoding="utf-8")
    write(folder, "d.txt")
    monkeypatch.setattr(Originals, "add", lose)
    report = run(corpus, folder)
    failed = {one.path: one for one in report.files if one.state == "failed"}
    assert {path: one.code for path, one in failed.items()} == {"a.txt": "changed"}
    assert "a.txt can no longer be read" in failed["a.txt"].message
    assert (report.stopped, counts(report)) == ("", {"added": 1, "failed": 1, "unchanged": 2})
    assert state(corpus)["c", "a.txt"] == before


def test_a_file_that_is_gone_before_it_is_read_is_told(corpus: Corpus, folder: Path) -> None:
    found = discover([write(folder, "gone.txt")])
    (folder / "gone.txt").unlink()
    report = ingest(corpus, WordEmbedder(), IngestRequest(found, "c"))
    assert counts(report) == {"added": 3, "failed": 1}
    assert [(one.path, one.code) for one in report.files if one.state == "failed"] == [
        ("gone.txt", "unreadable")
    ]


def test_a_file_that_changes_while_it_is_read_is_read_again_the_next_time(
    corpus: Corpus, folder: Path
) -> None:
    found = discover([folder])
    (folder / "a.txt").write_text("Something else.", encoding="utf-8")
    report = ingest(corpus, WordEmbedder(), IngestRequest(found, "c"))
    assert [(one.path, one.code) for one in report.files if one.state == "failed"] == [("a.txt", "changed")]
    assert counts(run(corpus, folder)) == {"added": 1, "unchanged": 2}


def test_a_full_disk_stops_the_ingest_and_keeps_what_is_there(
    corpus: Corpus, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = Originals.add

    def refuse(self: Originals, source: Path | bytes, sha256: str) -> None:
        if source == folder / "b.md":
            raise OSError(28, "No space left on device")
        keep(self, source, sha256)

    with monkeypatch.context() as patch:
        patch.setattr(Originals, "add", refuse)
        report = run(corpus, folder)
    assert (counts(report), "No space left" in report.stopped) == ({"added": 1, "failed": 1}, True)
    assert sources(corpus, "Section") == {"a.txt"}
    assert counts(run(corpus, folder)) == {"added": 2, "unchanged": 1}


def test_without_room_it_does_not_begin(tmp_path: Path, folder: Path) -> None:
    chosen = Settings(data_dir=tmp_path / "data", dense="exact", min_free_mb=1 << 30)
    with open_corpus(chosen, SPACE) as opened:
        with pytest.raises(StorageError, match="are free under") as raised:
            run(opened, folder)
        assert raised.value.code == "disk_full"
        assert state(opened) == {}


def test_an_embedder_that_fails_once_fails_what_it_was_asked_for_alone(corpus: Corpus, folder: Path) -> None:
    def refuse(text: str) -> None:
        if "killer" in text:
            raise EmbeddingError("The embedding process died.", code="embedder_crashed", hint="Free some.")

    (folder / "bad.txt").write_text("A killer text.", encoding="utf-8")
    report = run(corpus, folder / "a.txt", embedder=CountingEmbedder(refuse))
    report = run(corpus, folder, embedder=CountingEmbedder(refuse))
    failed = {one.path for one in report.files if one.state == "failed"}
    assert "bad.txt" in failed
    assert "a.txt" not in failed
    # It is nothing about the files: they are tried again without being asked for.
    assert counts(run(corpus, folder))["added"] == len(failed)


def test_an_embedder_that_always_fails_ends_the_ingest(corpus: Corpus, tmp_path: Path) -> None:
    def refuse(text: str) -> None:
        if "Section 0 of a.txt" not in text:
            raise EmbeddingError("The model is not there.", code="no_model")

    names = [f"{number}.txt" for number in range(FAILURES_IN_A_ROW * 3)]
    folder = write(tmp_path / "files", "a.txt", sections=1)
    run(corpus, folder)
    write(folder, *names, sections=PIECE_TEXTS)
    with pytest.raises(EmbeddingError, match="The model is not there"):
        run(corpus, folder, embedder=CountingEmbedder(refuse))
    assert set(state(corpus)) == {("c", "a.txt")}
    assert sources(corpus, "Section") == {"a.txt"}


# ---- the disk ------------------------------------------------------------------------------------


def test_where_nothing_can_be_written_nothing_is_read(
    tmp_path: Path, folder: Path, read_only_folder: Callable[[Path], AbstractContextManager[Path]]
) -> None:
    with open_corpus(Settings(data_dir=tmp_path / "data", dense="exact", min_free_mb=1), SPACE) as opened:
        run(opened, folder)
    write(folder, "new.txt")
    with read_only_folder(tmp_path / "data") as data:
        settings = Settings(data_dir=data, dense="exact", min_free_mb=1)
        with open_corpus(settings, SPACE) as opened:
            embedder = CountingEmbedder()
            with pytest.raises(StorageError) as raised:
                run(opened, folder, embedder=embedder)
            assert (raised.value.code, embedder.asked) == ("read_only", [])
            assert counts(run(opened, folder, dry_run=True)) == {"added": 1, "unchanged": 3}
            assert sources(opened, "leave") == {"a.txt", "b.md", "deep/c.html"}


# ---- access and metadata -------------------------------------------------------------------------


def test_access_and_metadata_are_set_kept_and_changed(corpus: Corpus, folder: Path) -> None:
    hr, it = frozenset({"group:hr"}), frozenset({"group:it"})
    run(corpus, folder, access=hr, metadata={"department": "hr"})

    def given() -> set[tuple[Any, ...]]:
        return {one[4:] for one in state(corpus).values()}

    assert given() == {(("group:hr",), (("department", "hr"),))}
    (folder / "a.txt").write_text("Quite another text.", encoding="utf-8")
    assert counts(run(corpus, folder)) == {"replaced": 1, "unchanged": 2}
    assert given() == {(("group:hr",), (("department", "hr"),))}
    embedder = CountingEmbedder()
    changed = run(corpus, folder, access=it, embedder=embedder)
    assert (counts(changed), embedder.asked) == ({"updated": 3}, [])
    assert given() == {(("group:it",), (("department", "hr"),))}
    assert counts(run(corpus, folder, access=it)) == {"unchanged": 3}


def test_asked_for_access_holds_also_for_files_that_cannot_be_read(
    corpus: Corpus, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def given() -> set[tuple[str, ...]]:
        return {one[4] for one in state(corpus).values()}

    run(corpus, folder)
    write(folder, "a.txt", sections=3)
    (folder / "b.md").write_bytes(bytes(range(256)) * 20)
    report = run(corpus, folder, access=frozenset({"group:hr"}))
    assert counts(report) == {"replaced": 1, "updated": 3, "failed": 1}
    assert given() == {("group:hr",)}
    assert counts(run(corpus, folder, access=frozenset({"group:it"}))) == {"updated": 3, "failed": 1}
    assert given() == {("group:it",)}

    os.utime(folder / "a.txt", (1_600_000_000, 1_600_000_000))
    monkeypatch.setattr("ingest.survey.hash_file", _not_permitted)
    report = run(corpus, folder, access=frozenset({"group:hr"}))
    assert counts(report) == {"updated": 3, "failed": 2}
    assert given() == {("group:hr",)}


def _not_permitted(location: Path) -> str:
    raise PermissionError(13, "Permission denied")


# ---- dry run -------------------------------------------------------------------------------------


def test_a_dry_run_says_what_would_be_done_and_does_nothing(corpus: Corpus, folder: Path) -> None:
    embedder = CountingEmbedder()
    report = run(corpus, folder, dry_run=True, embedder=embedder)
    assert (counts(report), report.dry_run) == ({"added": 3}, True)
    assert {one.message for one in report.files} == {"would be added"}
    assert (state(corpus), embedder.asked) == ({}, [])
    run(corpus, folder)
    os.utime(folder / "a.txt", (1_600_000_000, 1_600_000_000))
    assert counts(run(corpus, folder, dry_run=True)) == {"unchanged": 3}


# ---- progress and interruption -------------------------------------------------------------------


def test_progress_moves_while_one_large_file_is_read_and_embedded(corpus: Corpus, tmp_path: Path) -> None:
    folder = write(tmp_path / "files", "large.txt", sections=PIECE_TEXTS * 4)
    told: list[Progress] = []
    before: list[int] = []  # how many different shares had been told when each piece began

    def wait_for_the_last_piece(text: str) -> None:
        """A real embedder takes so long for a piece that the ingest tells of it meanwhile; this one waits for that."""
        if len(embedder.pieces) == len(before):
            return
        deadline = time.monotonic() + 60
        while before and len({one.done_bytes for one in told}) == before[-1]:
            assert time.monotonic() < deadline, "nothing was told after the last piece"
            time.sleep(0.005)
        before.append(len({one.done_bytes for one in told}))

    embedder = CountingEmbedder(wait_for_the_last_piece)
    report = run(corpus, folder, on_progress=told.append, embedder=embedder)
    assert len(embedder.pieces) >= 4
    assert max(embedder.pieces) <= PIECE_TEXTS
    shares = [one.done_bytes / one.total_bytes for one in told if one.total_bytes]
    assert shares == sorted(shares)
    assert len({share for share in shares if 0 < share < 1}) >= 4, "it moves within the file"
    assert (told[0].stage, told[-1].stage, told[-1].files) == ("planning", "done", 1)
    assert (shares[-1], told[-1].chunks) == (1.0, report.chunks)
    assert {one.current for one in told if one.stage == "embedding" and one.current} == {"large.txt"}


def test_documents_are_committed_as_they_complete(corpus: Corpus, tmp_path: Path) -> None:
    names = [f"{number:02}.txt" for number in range(6)]
    folder = write(tmp_path / "files", *names, sections=PIECE_TEXTS)
    seen: list[int] = []

    def look(text: str) -> None:
        if "Section 1 of" in text:
            with corpus.catalog.read() as db:
                seen.append(len(documents.known(db, "c")))

    run(corpus, folder, embedder=CountingEmbedder(look))
    assert seen[-1] >= 2, "well before the end, and before 256 chunks are full"


def test_one_changed_file_among_many_is_found_and_no_index_is_built_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_COMPACT_ROWS", 0)
    folder = write(tmp_path / "files", *[f"{number:02}.txt" for number in range(30)], sections=1)
    with open_corpus(Settings(data_dir=tmp_path / "data", dense="chroma", min_free_mb=1), SPACE) as corpus:
        dense = corpus.dense
        assert isinstance(dense, EmbeddedChromaIndex)
        run(corpus, folder)
        monkeypatch.setattr(dense, "_policy", FoldPolicy(scan_rows=20))  # as if it had just outgrown the scan
        before = corpus.lexical.state().generation, dense.state().generation
        (folder / "07.txt").write_text("The canteen opens at noon. 食堂は正午に開きます。", encoding="utf-8")
        assert counts(run(corpus, folder)) == {"replaced": 1, "unchanged": 29}
        assert sources(corpus, "canteen") == sources(corpus, "食堂") == {"07.txt"}
        assert sources(corpus, "Section") == {f"{number:02}.txt" for number in range(30) if number != 7}
        assert (corpus.lexical.state().generation, dense.state().generation) == before


def test_a_cancelled_ingest_keeps_what_was_done_and_the_next_ends_as_a_clean_one(
    corpus: Corpus, tmp_path: Path
) -> None:
    names = [f"{number:02}.txt" for number in range(8)]
    folder = write(tmp_path / "files", *names, sections=PIECE_TEXTS)
    told: list[Progress] = []
    stopped = run(
        corpus,
        folder,
        sync=True,
        on_progress=told.append,
        cancelled=lambda: bool(told) and told[-1].files >= 2,
    )
    assert stopped.stopped == "cancelled"
    assert "same command" in stopped.hint
    kept = set(state(corpus))
    assert 2 <= len(kept) < 8
    assert {("c", one.path) for one in stopped.files} == kept
    assert not verify(corpus).problems
    assert sources(corpus, "Section") == {path for _, path in kept}, "what is committed is found"

    finished = run(corpus, folder, sync=True)
    assert counts(finished) == {"added": 8 - len(kept), "unchanged": len(kept)}
    clean = Settings(data_dir=tmp_path / "clean", dense="exact", min_free_mb=1)
    with open_corpus(clean, SPACE) as other:
        run(other, folder)
        assert state(corpus) == state(other)


class StuckEmbedder(WordEmbedder):
    """Works on its first piece until it is closed, as the child that is killed."""

    def __init__(self) -> None:
        self.asked, self.closed = threading.Event(), threading.Event()

    def embed_passages(self, texts: Sequence[str]) -> Float32:
        self.asked.set()
        assert self.closed.wait(60)
        raise EmbeddingError("Embedding was stopped.", code="embedder_closed")

    def close(self) -> None:
        self.closed.set()


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


# ---- what is stored ------------------------------------------------------------------------------


def test_nothing_is_lost_or_cut_off_between_the_file_and_the_chunks(corpus: Corpus, folder: Path) -> None:
    write(folder, "long.txt", sections=12)
    (folder / "規程.txt").write_text("年次有給休暇は翌年度に限り繰り越す。\n" * 80, encoding="utf-8")
    embedder = CountingEmbedder()
    report = run(corpus, folder, embedder=embedder)
    assert {one.path: one.chunks_without_vector == one.chunks for one in report.files} == {
        "a.txt": False, "b.md": False, "deep/c.html": False, "long.txt": False, "規程.txt": True,
    }  # fmt: skip
    assert max(embedder.count_tokens(embedder.asked)) <= corpus.settings.chunk_tokens
    assert all(embedder.covers(text) for text in embedder.asked)
    for (_, path), (_, text, rows, *_) in state(corpus).items():
        covered = {at for _, start, end, *_ in rows for at in range(start, end)}
        lost = {at for at, character in enumerate(text) if not character.isspace()} - covered
        assert not lost, path
        if path.endswith((".txt", ".md")):
            assert "".join(text.split()) == "".join((folder / path).read_text(encoding="utf-8").split())
    assert sources(corpus, "繰り越す") == {"規程.txt"}


def test_a_report_tells_what_each_file_gave(corpus: Corpus, folder: Path) -> None:
    for one in run(corpus, folder).files:
        with corpus.catalog.read() as db:
            version = documents.get_version(db, one.document_id)
        assert one.version == version.number == 1
        assert (one.chars, one.chunks, one.pages) == (version.chars, version.chunks, version.pages)
        assert one.content_type == version.content_type
        assert one.tokens >= one.chunks
        assert one.seconds >= 0
