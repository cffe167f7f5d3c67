"""A corpus whose disk is full or read-only, or whose folder is moved: it answers, and says what it cannot do."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

import pytest

from corpus.backup import verify
from corpus.catalog import documents
from corpus.errors import StorageError
from corpus.store import Corpus, open_corpus
from corpus.types import ANYONE, OWNER
from tests.builders import SPACE, put, settings_for
from tests.corpus.test_store import search


@pytest.mark.parametrize("dense", ["exact", "chroma"])
def test_a_full_disk_stops_ingest_and_not_searching(small_disk, dense):
    with small_disk(6) as folder, open_corpus(settings_for(folder, dense), SPACE) as corpus:
        put(corpus, "first.txt", ["leave travel"])
        corpus.publish()

        def fill() -> None:
            for number in range(2000):
                put(corpus, f"{number}.txt", [f"filler {number} {n} " + "x" * 300 for n in range(40)])
                corpus.publish()

        with pytest.raises(StorageError) as caught:
            fill()
        assert caught.value.code == "disk_full"
        (folder / "the rest").write_bytes(b"x" * (os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize))
        assert "cannot be written now (disk_full: " in corpus.state().problems[0]
        found = search(corpus, "leave travel", 3, ANYONE)
        assert found["dense"][0].source == "first.txt"
        assert found["lexical"][0].source == "first.txt"


def test_a_read_only_disk_answers(tmp_path: Path, read_only_folder):
    with open_corpus(settings_for(tmp_path, "chroma"), SPACE) as corpus:
        put(corpus, "a.txt", ["leave travel"])
        corpus.publish()
        corpus.dense.fold()
    with read_only_folder(tmp_path) as folder, open_corpus(settings_for(folder, "chroma"), SPACE) as corpus:
        found = search(corpus, "leave", 3, ANYONE)
        assert [h.source for h in found["dense"]] == ["a.txt"]
        assert [h.source for h in found["lexical"]] == ["a.txt"]
        assert corpus.state().read_only
        with pytest.raises(StorageError) as caught:
            put(corpus, "b.txt", ["budget"])
        assert caught.value.code == "read_only"


@pytest.mark.parametrize("another", [False, True])
def test_a_folder_that_is_moved_while_it_is_open_takes_no_change(tmp_path: Path, another: bool):
    """What was written went to the old place, or into what had taken it, and was acknowledged."""
    old, new = tmp_path / "old", tmp_path / "new"
    corpus = Corpus.open(settings_for(old), SPACE)
    own = put(corpus, "a.txt", ["leave"])
    corpus.publish()
    old.rename(new)
    if another:
        with open_corpus(settings_for(old), SPACE) as other:
            put(other, "b.txt", ["travel"])
    assert [hit.source for hit in corpus.passages_with("leave", OWNER)] == ["a.txt"]
    for change in (
        lambda: put(corpus, "c.txt", ["audit"]),
        lambda: corpus.remove([own]),
        lambda: corpus.erase([own]),
    ):
        with pytest.raises(StorageError) as refused:
            change()
        assert refused.value.code == "moved"
    assert "not where it was opened" in corpus.state().problems[0]
    corpus.close()
    assert old.exists() == another
    for folder, path in ((new, "a.txt"), (old, "b.txt"))[: 1 + another]:
        with open_corpus(settings_for(folder), SPACE) as corpus:
            assert verify(corpus).problems == ()
            with corpus.catalog.read() as db:
                assert [one.key.path for one in documents.list_documents(db)] == [path]


@pytest.mark.parametrize("number", [28, 30])
def test_a_disk_that_refuses_while_it_is_open_is_told_until_it_does_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
):
    """A disk that turned read-only while it was served from refused every upload, and its health was good."""
    with open_corpus(settings_for(tmp_path), SPACE) as corpus:
        put(corpus, "a.txt", ["leave"])
        assert corpus.state().problems == ()
        with monkeypatch.context() as patch:

            def refuse(*given: object, **named: object) -> None:
                raise OSError(number, os.strerror(number))

            patch.setattr(tempfile, "TemporaryFile", refuse)
            (problem,) = corpus.state().problems
        assert {28: "disk_full", 30: "read_only"}[number] in problem
        assert "Searching goes on" in problem
        assert corpus.state().problems == ()


def test_a_process_with_too_many_open_files_does_not_blame_its_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def refuse(*given: object, **named: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    with open_corpus(settings_for(tmp_path), SPACE) as corpus:
        put(corpus, "a.txt", ["leave"])
        with monkeypatch.context() as patch:
            patch.setattr(tempfile, "TemporaryFile", refuse)
            assert corpus.state().problems == ()
