"""What moves, leaves or comes back: histories, readers, and folders inside folders."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from corpus.backup import verify
from corpus.catalog import documents
from corpus.catalog.versions import list_versions
from corpus.errors import NotAllowedError, StorageError
from corpus.store import Corpus
from corpus.types import ANYONE, OWNER, PUBLIC
from ingest.sandbox.pool import ParserPool
from tests.ingest.ingest_runs import (
    counts,
    live,
    run,
    sources,
    state,
    write,
)

# ---- moved ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("sync", [False, True])
def test_a_moved_file_keeps_its_history_and_is_not_read_again(
    corpus: Corpus, folder: Path, monkeypatch: pytest.MonkeyPatch, sync: bool
) -> None:
    run(corpus, folder, access=frozenset({"group:hr"}), metadata={"team": "hr"})
    write(folder, "deep/c.html", sections=3)
    run(corpus, folder)
    before = live(corpus, "deep/c.html")
    (folder / "new place").mkdir()
    (folder / "deep" / "c.html").rename(folder / "new place" / "c.html")
    with monkeypatch.context() as patch:
        patch.setattr(ParserPool, "parse", None)
        moved = run(corpus, folder, sync=sync)
    assert counts(moved) == {"moved": 1, "unchanged": 2}
    [told] = moved.files
    assert (told.path, told.state, told.document_id) == ("new place/c.html", "moved", before.id)
    assert told.message == "It was deep/c.html."
    after = live(corpus, "new place/c.html")
    assert (after.id, after.access, after.metadata, after.live) == (
        before.id, before.access, before.metadata, before.live
    )  # fmt: skip
    with corpus.catalog.read() as db:
        assert [one.number for one in list_versions(db, after.id)] == [2, 1]
        assert not documents.find_by_path(db, "deep/c.html")
    assert sources(corpus, "Section") == {"a.txt", "b.md", "new place/c.html"}
    assert counts(run(corpus, folder, sync=sync)) == {"unchanged": 3}

    # A new file in the old place, with the same content: another document, and one of the two is searched.
    shutil.copy(folder / "new place" / "c.html", folder / "deep" / "c.html")
    assert counts(run(corpus, folder, sync=sync)) == {"added": 1, "unchanged": 3}
    assert live(corpus, "deep/c.html").id != after.id
    ids = corpus.search_lexical("Section", 100, OWNER).ids.tolist()
    hits = corpus.hits([(own, 1.0) for own in ids], {}, OWNER, 100)
    assert len(ids) == len(set(ids)) == 7
    assert {path for hit in hits for path in (hit.source, *hit.also)} == {
        "a.txt", "b.md", "deep/c.html", "new place/c.html"
    }  # fmt: skip
    assert not verify(corpus).problems


def test_a_file_whose_name_was_its_title_is_read_again_under_its_new_one(
    corpus: Corpus, folder: Path
) -> None:
    run(corpus, folder)
    before = live(corpus, "a.txt")
    (folder / "a.txt").rename(folder / "leave rules.txt")
    planned = run(corpus, folder, dry_run=True)
    assert counts(planned) == {"moved": 1, "unchanged": 2}
    assert [(one.path, one.state, one.message) for one in planned.files] == [
        ("leave rules.txt", "moved", "would be moved from a.txt and read again under its new name")
    ]
    moved = run(corpus, folder)
    assert counts(moved) == {"moved": 1, "unchanged": 2}  # once, though it was read, too
    assert [(one.path, one.state, one.message) for one in moved.files] == [
        ("leave rules.txt", "ok", "It was a.txt.")
    ]
    after = live(corpus, "leave rules.txt")
    assert (after.id, after.live and after.live.title) == (before.id, "leave rules")
    assert not verify(corpus).problems


def test_what_is_to_be_read_under_its_new_name_is_so_also_after_a_cancel(
    corpus: Corpus, folder: Path
) -> None:
    run(corpus, folder)
    before = live(corpus, "a.txt")
    (folder / "a.txt").rename(folder / "leave rules.txt")

    def is_moved() -> bool:
        with corpus.catalog.read() as db:
            return bool(documents.find_by_path(db, "leave rules.txt"))

    assert counts(run(corpus, folder, cancelled=is_moved)) == {"moved": 1, "unchanged": 2}
    assert counts(run(corpus, folder)) == {"replaced": 1, "unchanged": 2}
    after = live(corpus, "leave rules.txt")
    assert (after.id, after.live and after.live.title) == (before.id, "leave rules")
    assert counts(run(corpus, folder)) == {"unchanged": 3}
    assert not verify(corpus).problems


def test_a_folder_inside_one_that_is_known_makes_no_second_documents(corpus: Corpus, folder: Path) -> None:
    write(folder, "deep/d.txt", "deep/e.txt", "deep/f.txt")
    assert counts(run(corpus, folder)) == {"added": 6}
    again = {"known": {(str(folder), path) for _, path in state(corpus)}}
    assert counts(run(corpus, folder / "deep", discovery=again)) == {"unchanged": 4}
    (folder / "deep" / "d.txt").unlink()
    write(folder, "deep/new.txt")
    (folder / "a.txt").unlink()
    synced = run(corpus, folder / "deep", discovery=again, sync=True)
    assert counts(synced) == {"added": 1, "removed": 1, "unchanged": 3}
    assert {path for _, path in state(corpus)} == {
        "a.txt", "b.md", "deep/c.html", "deep/e.txt", "deep/f.txt", "deep/new.txt"
    }  # fmt: skip


def test_two_files_that_swap_their_names_open_nothing(corpus: Corpus, tmp_path: Path) -> None:
    folder = write(tmp_path / "files", "公開.txt", "非公開.txt")
    run(corpus, folder / "公開.txt")
    run(corpus, folder / "非公開.txt", access=frozenset({"group:人事"}))
    (folder / "公開.txt").rename(folder / "x")
    (folder / "非公開.txt").rename(folder / "公開.txt")
    (folder / "x").rename(folder / "非公開.txt")
    assert counts(run(corpus, folder)) == {"replaced": 2}
    assert {live(corpus, path).access for path in ("公開.txt", "非公開.txt")} == {frozenset({"group:人事"})}
    assert corpus.is_empty(ANYONE)
    assert counts(run(corpus, folder, access=frozenset({"public"})))["updated"] == 2
    assert not corpus.is_empty(ANYONE)


# ---- sync ----------------------------------------------------------------------------------------


def test_sync_removes_what_left_that_root_only(corpus: Corpus, tmp_path: Path) -> None:
    here = write(tmp_path / "here", *(f"{number}.txt" for number in range(4)), sections=1)
    there = write(tmp_path / "there", "a.txt", "b.txt", sections=1)
    run(corpus, here, there)
    run(corpus, here, collection="other")
    (here / "3.txt").unlink()
    (there / "a.txt").unlink()
    assert counts(run(corpus, here)) == {"unchanged": 3}
    report = run(corpus, here, sync=True)
    assert counts(report) == {"removed": 1, "unchanged": 3}
    assert [(one.path, one.state) for one in report.files] == [("3.txt", "removed")]
    assert {path for collection, path in state(corpus) if collection == "c"} == {
        "0.txt", "1.txt", "2.txt", "a.txt", "b.txt",
    }  # fmt: skip
    assert ("other", "3.txt") in state(corpus)
    assert len(sources(corpus, "Section")) == 6


def test_a_round_of_some_files_looks_up_no_others_and_still_needs_consent(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(tmp_path / "here", *(f"{number}.txt" for number in range(10)), sections=1)
    run(corpus, folder)
    looked_up: list[int] = []
    known = documents.known
    monkeypatch.setattr(documents, "known", lambda db, spans: _noted(known(db, spans), looked_up))
    gone = [folder / f"{number}.txt" for number in range(4)]
    for path in gone:
        path.unlink()
    assert counts(run(corpus, folder, discovery={"only": gone[:1]}, sync=True)) == {"removed": 1}
    with pytest.raises(NotAllowedError, match="3 of 9 documents"):
        run(corpus, folder, discovery={"only": gone}, sync=True)
    assert looked_up == [1, 3]


def _noted(found, sizes: list[int]):
    sizes.append(len(found))
    return found


def test_a_file_that_gave_its_name_to_another_keeps_its_readers(corpus: Corpus, tmp_path: Path) -> None:
    folder = write(tmp_path / "here", *(f"{number}.txt" for number in range(5)), sections=1)
    readers, metadata = frozenset({"group:hr"}), {"department": "hr"}
    run(corpus, folder, access=readers, metadata=metadata)
    (folder / "1.txt").rename(folder / "1-old.txt")
    (folder / "0.txt").rename(folder / "1.txt")
    write(folder, "new.txt")
    assert counts(run(corpus, folder, sync=True)) == {
        "added": 2, "replaced": 1, "removed": 1, "unchanged": 3,
    }  # fmt: skip
    assert (live(corpus, "1-old.txt").access, live(corpus, "1-old.txt").metadata) == (readers, metadata)
    assert live(corpus, "1.txt").access == readers
    assert live(corpus, "new.txt").access == frozenset({PUBLIC})


def test_a_removed_document_comes_back_with_its_readers(corpus: Corpus, tmp_path: Path) -> None:
    folder = write(tmp_path / "here", *(f"{number}.txt" for number in range(5)), sections=1)
    readers, metadata = frozenset({"group:hr"}), {"department": "hr"}
    run(corpus, folder, access=readers, metadata=metadata)
    (folder / "0.txt").unlink()
    corpus.remove([live(corpus, "1.txt").id])
    run(corpus, folder, sync=True)
    write(folder, "0.txt", sections=1)
    assert counts(run(corpus, folder, sync=True)) == {"added": 1, "unchanged": 4}
    assert (live(corpus, "0.txt").access, live(corpus, "0.txt").metadata) == (readers, metadata)
    assert live(corpus, "1.txt").access == readers

    # What moves to where a removed document was brings its own.
    with corpus.catalog.write() as db:
        documents.set_access(db, live(corpus, "0.txt").id, [PUBLIC])
    (folder / "0.txt").unlink()
    run(corpus, folder, sync=True)
    (folder / "2.txt").rename(folder / "0.txt")
    assert counts(run(corpus, folder, sync=True)) == {"added": 1, "removed": 1, "unchanged": 3}
    assert live(corpus, "0.txt").access == readers


def test_a_large_loss_changes_nothing_without_consent(corpus: Corpus, folder: Path) -> None:
    run(corpus, folder)
    before = state(corpus)
    shutil.rmtree(folder / "deep")
    write(folder, "new.txt")
    with pytest.raises(NotAllowedError, match="1 of 3 documents"):
        run(corpus, folder, sync=True)
    assert state(corpus) == before
    assert counts(run(corpus, folder, sync=True, dry_run=True)) == {
        "added": 1, "removed": 1, "unchanged": 2,
    }  # fmt: skip
    assert state(corpus) == before
    assert counts(run(corpus, folder, sync=True, consent=True)) == {"added": 1, "removed": 1, "unchanged": 2}

    for path in sorted(folder.iterdir()):
        path.unlink()
    with pytest.raises(NotAllowedError, match="3 of 3 documents"):
        run(corpus, folder, sync=True)
    assert counts(run(corpus, folder, sync=True, consent=True)) == {"removed": 3}
    assert (state(corpus), sources(corpus, "Section")) == ({}, set())


def test_a_folder_that_cannot_be_read_loses_nothing(
    corpus: Corpus, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(corpus, folder)
    closed = folder / "deep"
    listed = os.scandir

    def scandir(path: Path) -> Any:  # chmod would not stop root
        if path == closed:
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr("os.scandir", scandir)
    report = run(corpus, folder, sync=True, consent=True)
    closed = folder
    with pytest.raises(StorageError) as raised:
        run(corpus, folder, sync=True, consent=True)
    monkeypatch.undo()
    assert counts(report) == {"unchanged": 2}
    assert [(one.path, one.state, one.code) for one in report.files] == [("deep/", "skipped", "unreadable")]
    assert raised.value.code == "root_unreadable"
    assert len(state(corpus)) == 3
