"""A folder goes in: with the real parsing children, a real corpus, and an embedder made of words."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Connection, update

from corpus import store
from corpus.backup import verify
from corpus.catalog import documents
from corpus.catalog.documents import Known
from corpus.catalog.schema import vectors
from corpus.catalog.scopes import Span
from corpus.catalog.versions import get_version
from corpus.hashing import vector_checksum
from corpus.settings import Settings
from corpus.store import Corpus, open_corpus
from corpus.types import Document, RootPath
from corpus.vectors import EmbeddedChromaIndex, FoldPolicy
from ingest import pipeline
from ingest.discovery import discover
from ingest.pipeline import Progress
from ingest.sandbox.pool import ParserPool
from tests.builders import SPACE
from tests.ingest.ingest_runs import (
    PIECE_TEXTS,
    CountingEmbedder,
    counts,
    run,
    sources,
    state,
    write,
)

pytestmark = pytest.mark.usefixtures("small_pieces")


def test_small_files_do_not_wait_for_a_large_one(corpus: Corpus, tmp_path: Path) -> None:
    write(tmp_path / "in", "a-large.txt", sections=3 * PIECE_TEXTS)
    write(tmp_path / "in", "規程.txt", "z-small.md")
    run(corpus, tmp_path / "in")
    with corpus.catalog.read() as db:
        made = sorted(documents.list_documents(db), key=lambda one: one.live.id if one.live else 0)
    assert [one.key.path for one in made][-1] == "a-large.txt"


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
    os.utime(folder / "a.txt", (1_600_000_000, 1_600_000_000))
    run(corpus, folder)
    change_unseen(folder / "a.txt", "leave", "lunch")
    assert counts(run(corpus, folder)) == {"unchanged": 3}
    assert counts(run(corpus, folder, rehash=True)) == {"replaced": 1, "unchanged": 2}
    assert sources(corpus, "lunch") == {"a.txt"}


def test_a_change_within_the_tick_of_the_clock_in_which_a_file_was_read_is_seen(
    corpus: Corpus, folder: Path
) -> None:
    """Files are read as soon as they are saved where a folder is followed; FAT's clock ticks every two seconds."""
    run(corpus, folder)
    change_unseen(folder / "a.txt", "leave", "lunch")
    assert counts(run(corpus, folder)) == {"replaced": 1, "unchanged": 2}
    assert sources(corpus, "lunch") == {"a.txt"}


def change_unseen(path: Path, old: str, new: str) -> None:
    """Changes a file whose size and time stay as they are."""
    stamp = path.stat()
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert path.stat().st_size == stamp.st_size


def test_text_that_is_known_is_not_embedded_again(corpus: Corpus, folder: Path) -> None:
    run(corpus, folder)
    shutil.copy(folder / "deep" / "c.html", folder / "copy.html")
    embedder = CountingEmbedder()
    assert counts(run(corpus, folder, embedder=embedder)) == {"added": 1, "unchanged": 3}
    assert embedder.asked == []
    assert not verify(corpus).problems


def test_english_under_a_japanese_title_has_a_vector(corpus: Corpus, tmp_path: Path) -> None:
    body = "The canteen opens at noon on the third of May."
    (tmp_path / "食堂.md").write_text(f"# 社員食堂のお知らせ\n\n{body}\n", encoding="utf-8")
    embedder = CountingEmbedder()
    run(corpus, tmp_path / "食堂.md", embedder=embedder)
    assert embedder.asked == [body]
    state = corpus.state()
    assert (state.chunks, state.chunks_without_vector) == (1, 0)


def test_a_vector_of_more_than_is_embedded_today_is_not_taken_over(corpus: Corpus, tmp_path: Path) -> None:
    body = "The canteen opens at noon on the third of May."
    for name in ("first.md", "second.md"):
        (tmp_path / name).write_text(f"# 社員食堂のお知らせ\n\n{body}\n", encoding="utf-8")
    run(corpus, tmp_path / "first.md")
    with corpus.catalog.write() as db:  # as an earlier Vouch left it, which read the title, too
        vector = np.eye(1, corpus.space.dimension, dtype="<f4").tobytes()
        db.execute(update(vectors).values(vector=vector, checksum=vector_checksum(vector)))
    embedder = CountingEmbedder()
    run(corpus, tmp_path / "second.md", embedder=embedder)
    assert embedder.asked == [body]


def test_the_settings_of_reading_are_part_of_what_is_known(tmp_path: Path, folder: Path) -> None:
    for chunk_tokens, expected in ((200, {"added": 3}), (200, {"unchanged": 3}), (150, {"replaced": 3})):
        chosen = Settings(data_dir=tmp_path / "data", dense="exact", chunk_tokens=chunk_tokens, min_free_mb=1)
        with open_corpus(chosen, SPACE) as opened:
            assert counts(run(opened, folder)) == expected


def test_what_is_read_anew_from_the_file_it_had_is_told_from_what_has_another(
    tmp_path: Path, folder: Path
) -> None:
    """After an update all of a company's files may be replaced, and it is asked what became of them."""
    names = sorted(one.name for one in folder.rglob("*") if one.is_file())
    chosen = Settings(data_dir=tmp_path / "data", dense="exact", min_free_mb=1)
    with open_corpus(chosen, SPACE) as opened:
        assert run(opened, folder).read_anew == 0
    chosen = chosen.model_copy(update={"chunk_tokens": 150})
    (folder / "a.txt").write_text("Another rule holds from today.", encoding="utf-8")
    with open_corpus(chosen, SPACE) as opened:
        planned = run(opened, folder, dry_run=True)
        assert (planned.replaced, planned.read_anew) == (len(names), len(names) - 1)
        assert {one.path for one in planned.files if one.message == "would be replaced"} == {"a.txt"}
        done = run(opened, folder)
        assert (done.replaced, done.read_anew) == (len(names), len(names) - 1)
        assert run(opened, folder).read_anew == 0


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

    for path in folder.rglob("*.html"):  # so old that it need not be opened
        os.utime(path, (1_600_000_000, 1_600_000_000))
    run(corpus, folder)
    write(folder, "a.txt", sections=3)
    (folder / "b.md").write_bytes(bytes(range(256)) * 20)
    report = run(corpus, folder, access=frozenset({"group:hr"}))
    assert counts(report) == {"replaced": 1, "updated": 3, "failed": 1}
    assert given() == {("group:hr",)}
    assert counts(run(corpus, folder, access=frozenset({"group:it"}))) == {"updated": 3, "failed": 1}
    assert given() == {("group:it",)}

    os.utime(folder / "a.txt", (1_600_000_000, 1_600_000_000))
    monkeypatch.setattr("ingest.survey.file_sha256", _not_permitted)
    report = run(corpus, folder, access=frozenset({"group:hr"}))
    assert counts(report) == {"updated": 3, "failed": 2}
    assert given() == {("group:hr",)}


def _not_permitted(location: Path) -> str:
    raise PermissionError(13, "Permission denied")


def test_a_dry_run_says_what_would_be_done_and_does_nothing(corpus: Corpus, folder: Path) -> None:
    embedder = CountingEmbedder()
    report = run(corpus, folder, dry_run=True, embedder=embedder)
    assert (counts(report), report.dry_run) == ({"added": 3}, True)
    assert {(one.state, one.message) for one in report.files} == {("planned", "would be added")}
    assert (state(corpus), embedder.asked) == ({}, [])
    run(corpus, folder)
    os.utime(folder / "a.txt", (1_600_000_000, 1_600_000_000))
    assert counts(run(corpus, folder, dry_run=True)) == {"unchanged": 3}


def test_what_is_committed_is_found_while_the_last_piece_is_embedded(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "PUBLISH_EVERY_S", 1_000.0)
    folder = write(tmp_path / "files", "a.txt", "b.txt", sections=PIECE_TEXTS)

    def wait_for_the_first_file(text: str) -> None:
        deadline = time.monotonic() + 60
        while "of b.txt" in text and sources(corpus, "leave") != {"a.txt"}:
            assert time.monotonic() < deadline, "the first file is not found before the second is embedded"
            time.sleep(0.005)

    assert counts(run(corpus, folder, embedder=CountingEmbedder(wait_for_the_first_file))) == {"added": 2}


def test_progress_names_the_file_that_all_wait_for(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It named the one before, for the minutes that a scan's pages take."""
    folder = write(tmp_path / "files", "a.txt", "b-long.txt", sections=PIECE_TEXTS)
    told: list[Progress] = []
    parse = ParserPool.parse

    def wait_until_it_is_named(pool: ParserPool, source: Path, name: str = "", **more: Any) -> Document:
        deadline = time.monotonic() + 60
        while name == "b-long.txt" and not any(one.current == name for one in told):
            assert time.monotonic() < deadline, "what is waited for is not named"
            time.sleep(0.005)
        return parse(pool, source, name, **more)

    monkeypatch.setattr(ParserPool, "parse", wait_until_it_is_named)
    assert counts(run(corpus, folder, on_progress=told.append)) == {"added": 2}
    assert told[-1].current in ("", "b-long.txt")


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

    def committed() -> int:
        with corpus.catalog.read() as db:
            return documents.count_live(db).documents

    def look(text: str) -> None:
        if "Section 1 of" in text:
            until = time.monotonic() + 20
            while len(seen) == len(names) - 1 and committed() < 2 and time.monotonic() < until:
                time.sleep(0.01)
            seen.append(committed())

    run(corpus, folder, embedder=CountingEmbedder(look))
    assert seen[-1] >= 2, "while the last is embedded, and before 256 chunks are full"


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
            version = get_version(db, one.document_id)
        assert one.version == version.number == 1
        assert (one.chars, one.chunks, one.pages) == (version.chars, version.chunks, version.pages)
        assert one.content_type == version.content_type
        assert one.tokens >= one.chunks
        assert one.seconds >= 0


def test_what_is_asked_for_is_looked_up_and_nothing_else_of_the_collection(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One upload read every document of its collection."""
    folder = write(tmp_path / "files", *[f"{part}/{number}.txt" for part in "ab" for number in range(4)])
    run(corpus, folder)
    looked: list[list[str]] = []
    real = documents.known

    def known(db: Connection, spans: Sequence[Span]) -> dict[RootPath, Known]:
        found = real(db, spans)
        looked.append(sorted(path for _, path in found))
        return found

    monkeypatch.setattr(documents, "known", known)
    (root,) = {one.root for one in discover([folder]).files}
    at = {"known": [(root, "a/0.txt")]}
    write(folder, "a/0.txt", sections=3)
    assert counts(run(corpus, folder / "a" / "0.txt", discovery=at)) == {"replaced": 1}
    (folder / "b" / "1.txt").unlink()
    assert counts(run(corpus, folder, sync=True)) == {"unchanged": 7, "removed": 1}
    assert looked == [["a/0.txt"], [f"{part}/{number}.txt" for part in "ab" for number in range(4)]]
