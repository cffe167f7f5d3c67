"""What fails in an ingest: a file, the embedder, the disk. The others go on, and nothing that was there is lost."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from corpus.backup import verify
from corpus.catalog import records
from corpus.errors import EmbeddingError, StorageError
from corpus.originals import Originals
from corpus.settings import Settings
from corpus.store import Corpus, open_corpus
from ingest import planning, survey
from ingest.discovery import discover
from ingest.pipeline import IngestRequest, ingest
from ingest.stages import FAILURES_IN_A_ROW
from tests.builders import SPACE, WordEmbedder
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


def test_a_file_that_is_too_large_is_refused_unread_and_a_known_one_recognised(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large, hashed = folder / "video.txt", list[str]()
    real = survey.file_sha256

    def note(path: Path) -> str:
        hashed.append(path.name)
        return real(path)

    monkeypatch.setattr(survey, "file_sha256", note)
    with open_corpus(Settings(data_dir=tmp_path / "data", max_file_mb=1, dense="exact"), SPACE) as corpus:
        run(corpus, folder)
        with large.open("wb") as file:
            file.truncate(1_000_001)
        for _ in range(2):
            report = run(corpus, folder)
            assert [(one.path, one.code) for one in report.files] == [("video.txt", "too_large")]
        assert "not read again" in report.files[0].message
        with corpus.catalog.read() as db:
            assert [one.code for one in records.list_failures(db)] == ["too_large"]
        assert "video.txt" not in hashed
        large.write_text("Small enough now.")
        assert counts(run(corpus, folder))["added"] == 1
        large.write_text("words " * 170_000)
    with open_corpus(Settings(data_dir=tmp_path / "data", max_file_mb=2, dense="exact"), SPACE) as corpus:
        assert counts(run(corpus, folder))["replaced"] == 1
    with open_corpus(Settings(data_dir=tmp_path / "data", max_file_mb=1, dense="exact"), SPACE) as corpus:
        large.rename(folder / "renamed.txt")
        assert counts(run(corpus, folder, rehash=True, sync=True))["moved"] == 1


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
        with pytest.raises(StorageError, match="are free on the disk") as raised:
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


def test_in_a_folder_that_was_moved_nothing_is_read(tmp_path: Path, folder: Path) -> None:
    """It was read and embedded, and a model exported to what had its place, before it was refused."""
    with open_corpus(Settings(data_dir=tmp_path / "data", dense="exact", min_free_mb=1), SPACE) as opened:
        run(opened, folder)
        write(folder, "new.txt")
        (tmp_path / "data").rename(tmp_path / "elsewhere")
        embedder = CountingEmbedder()
        with pytest.raises(StorageError) as raised:
            run(opened, folder, embedder=embedder)
        assert (raised.value.code, embedder.asked) == ("moved", [])


def test_it_ends_where_the_folder_is_moved_meanwhile(tmp_path: Path, folder: Path) -> None:
    def move(text: str) -> None:
        if (tmp_path / "data").exists():
            (tmp_path / "data").rename(tmp_path / "elsewhere")

    with open_corpus(Settings(data_dir=tmp_path / "data", dense="exact", min_free_mb=1), SPACE) as opened:
        assert "not where it was opened" in run(opened, folder, embedder=CountingEmbedder(move)).stopped


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
