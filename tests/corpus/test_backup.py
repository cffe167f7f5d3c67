"""A backup can be restored whatever its corpus lacks, is private, and leaves nothing behind when it is killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import corpus.backup as backing
from corpus import restoring
from corpus.backup import backup, restore, verify, verify_backup
from corpus.catalog import documents
from corpus.crashpoints import VARIABLE
from corpus.embedding.exported import export_folder
from corpus.errors import DamagedError
from corpus.originals import Originals
from corpus.settings import Settings
from corpus.store import Corpus, open_corpus
from tests.builders import SPACE, new_version
from tests.corpus.exports import write_export

BACKUP = """
import sys
from tests.corpus.test_backup import *
with open_corpus(Settings(data_dir=Path(sys.argv[1]), dense="exact"), SPACE) as opened:
    backup(opened, Path(sys.argv[2]))
"""


def put(opened: Corpus, *names: str) -> None:
    for name in names:
        opened.commit(new_version(name, [name]), name.encode())
    opened.publish()


@pytest.mark.parametrize("point", ["is_whole", "_pack"])
def test_a_backup_holds_nothing_that_is_erased_while_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    """It ended without a backup, or held the erased document's text without its file."""
    with open_corpus(Settings(data_dir=tmp_path / "data", dense="exact"), SPACE) as opened:
        put(opened, "a.txt", "b.txt")
        with opened.catalog.read() as db:
            [mine] = [one.id for one in documents.list_documents(db) if one.key.path == "a.txt"]
        holder = backing if point == "_pack" else Originals
        work, erased = getattr(holder, point), []

        def erase_first(*given: Any) -> Any:
            if not erased:
                erased.append(opened.erase([mine]))
            return work(*given)

        monkeypatch.setattr(holder, point, erase_first)
        done = backup(opened, tmp_path / "kept.backup")
        assert (done.documents, done.originals, done.missing) == (1, 1, 0)
    assert verify_backup(tmp_path / "kept.backup").problems == ()
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["kept.backup"]


def test_an_original_that_is_lost_or_damaged_is_counted_and_spoils_no_backup(tmp_path: Path) -> None:
    with open_corpus(Settings(data_dir=tmp_path / "data", dense="exact"), SPACE) as opened:
        put(opened, "a.txt", "b.txt", "c.txt")
        lost, damaged, _ = opened.originals.all()
        lost.unlink()
        damaged.write_bytes(b"?")
        done = backup(opened, tmp_path / "kept.backup")
        assert (done.documents, done.originals, done.missing) == (3, 1, 2)
    assert len(verify_backup(tmp_path / "kept.backup").problems) == 2
    restore(tmp_path / "kept.backup", tmp_path / "there")
    with open_corpus(Settings(data_dir=tmp_path / "there", dense="exact"), SPACE) as opened:
        assert opened.state().documents == 3
        assert len(verify(opened).problems) == 2


def test_the_embedders_export_comes_back_to_the_bit(tmp_path: Path) -> None:
    """Made anew elsewhere it can differ, and questions with it from the stored vectors."""
    with open_corpus(Settings(data_dir=tmp_path / "data", dense="exact"), SPACE) as opened:
        put(opened, "a.txt")
        made = write_export(tmp_path / "data", b"the graph")
        backup(opened, tmp_path / "kept.backup")
        (made / "model.onnx").write_bytes(b"damaged")
        backup(opened, tmp_path / "damaged.backup")
    write_export(tmp_path / "there", b"another")
    restore(tmp_path / "kept.backup", tmp_path / "there")
    there = export_folder(tmp_path / "there", SPACE)
    assert sorted(one.name for one in there.iterdir()) == ["export.json", "model.onnx"]
    assert (there / "model.onnx").read_bytes() == b"the graph"
    assert verify_backup(tmp_path / "kept.backup").problems == ()
    restore(tmp_path / "damaged.backup", tmp_path / "without")
    assert not (tmp_path / "without" / "models").exists()


def test_an_export_is_checked_and_its_names_are_no_paths(tmp_path: Path) -> None:
    with open_corpus(Settings(data_dir=tmp_path / "data", dense="exact"), SPACE) as opened:
        put(opened, "a.txt")
        write_export(tmp_path / "data", b"the graph")
        backup(opened, tmp_path / "kept.backup")
    whole = (tmp_path / "kept.backup").read_bytes()
    for before, after in (
        (b"the graph", b"The graph"),
        (b'"model.onnx"', b'"../../x.nx"'),
        (b'"files": {', b'"filed": {'),
        (b'"export": {"space"', b'"export": ["space"'),
        (SPACE.id.encode(), b"../../../../../x"),
    ):
        (tmp_path / "bad.backup").write_bytes(whole.replace(before, after))
        with pytest.raises(DamagedError):
            restore(tmp_path / "bad.backup", tmp_path / "there")
        assert not (tmp_path / "there" / "catalog.sqlite").exists()


def test_models_on_another_disk_keep_no_backup_from_being_restored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with open_corpus(Settings(data_dir=tmp_path / "data", dense="exact"), SPACE) as opened:
        put(opened, "a.txt")
        write_export(tmp_path / "data", b"the graph")
        backup(opened, tmp_path / "kept.backup")
    replace, copy = os.replace, shutil.copytree

    def refuse(source: Path, target: Path) -> None:
        if "models" in Path(target).parts:
            raise OSError(18, "Invalid cross-device link")
        replace(source, target)

    monkeypatch.setattr(restoring.os, "replace", refuse)
    restore(tmp_path / "kept.backup", tmp_path / "there")
    assert (export_folder(tmp_path / "there", SPACE) / "model.onnx").read_bytes() == b"the graph"

    def full(source: Path, target: Path) -> Path:
        if "models" in Path(target).parts:
            raise OSError(28, "No space left on device")
        return Path(copy(source, target))

    monkeypatch.setattr(restoring.shutil, "copytree", full)
    assert restore(tmp_path / "kept.backup", tmp_path / "without").documents == 1
    assert "made again" in caplog.text


def test_a_backup_of_before_exports_were_kept_is_restored(tmp_path: Path) -> None:
    with open_corpus(Settings(data_dir=tmp_path / "data", dense="exact"), SPACE) as opened:
        put(opened, "a.txt")
        backup(opened, tmp_path / "kept.backup")
    renamed = (tmp_path / "kept.backup").read_bytes().replace(b'"export"', b'"unread"')
    (tmp_path / "old.backup").write_bytes(renamed)
    assert restore(tmp_path / "old.backup", tmp_path / "there").documents == 1


def test_what_a_killed_backup_left_goes_with_the_next_one(tmp_path: Path) -> None:
    with open_corpus(Settings(data_dir=tmp_path / "data", dense="exact"), SPACE) as opened:
        put(opened, "a.txt")
    (tmp_path / "kept").mkdir()
    command = [sys.executable, "-c", BACKUP, str(tmp_path / "data"), str(tmp_path / "kept" / "first")]
    ran = subprocess.run(command, env={**os.environ, VARIABLE: "backup.copied"}, capture_output=True)
    assert ran.returncode == -signal.SIGKILL, ran.stderr
    [left] = (tmp_path / "kept").iterdir()
    assert list(left.iterdir())
    with open_corpus(Settings(data_dir=tmp_path / "data", dense="exact"), SPACE) as opened:
        backup(opened, tmp_path / "kept" / "second")
    [kept] = (tmp_path / "kept").iterdir()
    assert (kept.name, kept.stat().st_mode & 0o777) == ("second", 0o600)


def test_a_backup_leaves_another_under_way_alone(tmp_path: Path) -> None:
    with open_corpus(Settings(data_dir=tmp_path / "data", dense="exact"), SPACE) as opened:
        put(opened, "a.txt")
        copy = opened.catalog.backup

        def meanwhile(target: Path) -> None:
            opened.catalog.backup = copy  # type: ignore[method-assign]
            backup(opened, tmp_path / "other")
            copy(target)

        opened.catalog.backup = meanwhile  # type: ignore[method-assign]
        backup(opened, tmp_path / "mine")
    assert verify_backup(tmp_path / "mine").problems == verify_backup(tmp_path / "other").problems == ()
