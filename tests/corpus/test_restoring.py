"""A restoration is all or nothing: on a full disk, after an error in its midst, and after kill -9 anywhere."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest

import corpus
from corpus import restoring
from corpus.backup import backup, restore, verify
from corpus.catalog import documents, records
from corpus.crashpoints import VARIABLE, find_points
from corpus.embedding.exported import export_folder
from corpus.errors import DamagedError, StorageError
from corpus.settings import Settings
from corpus.store import Corpus, open_corpus
from tests.builders import SPACE, new_version
from tests.corpus.exports import write_export

POINTS = [name for name in find_points(Path(corpus.__file__).parent) if name.startswith("restore.")]

RESTORE = "import sys; from pathlib import Path; from corpus.backup import restore; "
RESTORE += "restore(Path(sys.argv[1]), Path(sys.argv[2]), replace=True)"

OLD, NEW = {"a.txt", "old.txt"}, {"a.txt", "b.txt"}


def open_at(folder: Path) -> AbstractContextManager[Corpus]:
    return open_corpus(Settings(data_dir=folder, dense="chroma"), SPACE)


def put(opened: Corpus, path: str, size: int = 0) -> str:
    data = f"{path} leave".ljust(size).encode()
    return opened.commit(new_version(path, [data.decode()]), data).document_id


def paths(opened: Corpus) -> set[str]:
    with opened.catalog.read() as db:
        return {one.key.path for one in documents.list_documents(db)}


def leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.glob(".*")]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of ``NEW``, and a data folder that went on to ``OLD``."""
    base = tmp_path_factory.mktemp("saved")
    with open_at(base / "data") as opened:
        put(opened, "a.txt")
        gone = put(opened, "b.txt")
        opened.publish()
        write_export(base / "data", b"the backup's graph")
        backup(opened, base / "kept.backup")
        write_export(base / "data", b"made since")
        opened.erase([gone])
        put(opened, "old.txt")
        opened.publish()
    return base


@pytest.fixture
def data(saved: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved / "data", tmp_path / "data"))


@pytest.mark.parametrize("point", POINTS)
def test_after_a_kill_in_its_midst_the_next_owner_finishes(saved: Path, data: Path, point: str) -> None:
    command = [sys.executable, "-c", RESTORE, str(saved / "kept.backup"), str(data)]
    ran = subprocess.run(command, env={**os.environ, VARIABLE: point}, capture_output=True)
    assert ran.returncode == -signal.SIGKILL, ran.stderr
    with open_at(data) as opened:
        assert paths(opened) == NEW
        opened.publish()
        opened.settle(0)
        assert verify(opened).problems == ()
    assert leftovers(data) == []
    assert (export_folder(data, SPACE) / "model.onnx").read_bytes() == b"the backup's graph"
    [aside] = data.glob("catalog.sqlite.before-restore-*[0-9]")
    with closing(sqlite3.connect(aside)) as db:
        assert {row[0] for row in db.execute("SELECT path FROM documents")} == OLD


def test_a_kill_while_it_unpacks_changes_nothing(data: Path) -> None:
    (data / ".restore-abc123" / "originals").mkdir(parents=True)
    (data / ".restore-abc123" / "catalog.sqlite").write_bytes(b"half a catalog")
    with open_at(data) as opened:
        assert paths(opened) == OLD
    assert leftovers(data) == []


def test_an_error_in_its_midst_puts_the_old_corpus_back(
    saved: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path: path.read_bytes() for path in data.rglob("*") if path.is_file()}
    replace = os.replace

    def refuse(source: Path, target: Path) -> None:
        if Path(source).parent != Path(target).parent:
            raise OSError(28, "No space left on device")
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(restoring.os, "replace", refuse)
        with pytest.raises(StorageError, match="No space left") as caught:
            restore(saved / "kept.backup", data, replace=True)
    assert (caught.value.code, caught.value.hint[:20]) == ("disk_full", "Nothing was changed.")
    assert {path: path.read_bytes() for path in data.rglob("*") if path.is_file()} == before
    with open_at(data) as opened:
        assert paths(opened) == OLD


def test_a_damaged_original_is_mended(saved: Path, data: Path) -> None:
    [kept] = data.glob(f"originals/??/{hashlib.sha256(b'a.txt leave').hexdigest()}")
    kept.write_bytes(b"?" * kept.stat().st_size)
    restore(saved / "kept.backup", data, replace=True)
    with open_at(data) as opened:
        assert verify(opened).problems == ()


def test_a_backup_made_during_an_erasure_erases_nothing_where_it_is_restored(
    saved: Path, data: Path, tmp_path: Path
) -> None:
    with open_at(data) as opened:
        with opened.catalog.write() as db:
            records.note_erasing(db, True)
        backup(opened, tmp_path / "during.backup")
        with opened.catalog.write() as db:
            records.note_erasing(db, False)
    restore(tmp_path / "during.backup", data, replace=True)
    with open_at(data) as opened:
        assert opened.state().documents == 2
    assert len(list(data.glob("catalog.sqlite.before-restore-*[0-9]"))) == 1


@pytest.mark.parametrize("room", [False, True])
def test_on_a_small_disk_it_takes_the_room_of_one_backup(
    tmp_path: Path, small_disk: Callable[[int], AbstractContextManager[Path]], room: bool
) -> None:
    with open_at(tmp_path / "data") as opened:
        put(opened, "b.txt", size=1 << 21)
        put(opened, "a.txt")
        opened.publish()
        backup(opened, tmp_path / "kept.backup")
    with small_disk(12) as disk:
        with open_at(disk) as opened:
            put(opened, "a.txt")
            put(opened, "old.txt")
            opened.publish()
        need = (tmp_path / "kept.backup").stat().st_size
        with (disk / "ballast").open("wb") as ballast:
            ballast.write(bytes(shutil.disk_usage(disk).free - need - ((1 << 20) if room else -(1 << 20))))
        if room:
            restore(tmp_path / "kept.backup", disk, replace=True)
        else:
            with pytest.raises(StorageError) as caught:
                restore(tmp_path / "kept.backup", disk, replace=True)
            assert (caught.value.code, caught.value.hint[:20]) == ("disk_full", "Nothing was changed.")
        (disk / "ballast").unlink()
        with open_at(disk) as opened:
            assert paths(opened) == (NEW if room else OLD)
        assert leftovers(disk) == []


def test_the_catalog_that_is_kept_has_its_log(saved: Path, data: Path) -> None:
    crash = "import os, sys; from pathlib import Path; from tests.corpus.test_restoring import *\n"
    crash += "with open_at(Path(sys.argv[1])) as opened: put(opened, 'late.txt'); os._exit(9)"
    subprocess.run([sys.executable, "-c", crash, str(data)], cwd=Path(__file__).parents[2], check=False)
    assert (data / "catalog.sqlite-wal").stat().st_size
    restore(saved / "kept.backup", data, replace=True)
    [aside] = data.glob("catalog.sqlite.before-restore-*[0-9]")
    with closing(sqlite3.connect(aside)) as db:
        assert {row[0] for row in db.execute("SELECT path FROM documents")} == OLD | {"late.txt"}
    with open_at(data) as opened:
        assert paths(opened) == NEW


def test_a_catalog_that_is_gone_names_the_one_kept_beside_it(saved: Path, data: Path) -> None:
    restore(saved / "kept.backup", data, replace=True)
    (data / "catalog.sqlite").unlink()
    [aside] = data.glob("catalog.sqlite.before-restore-*[0-9]")
    with pytest.raises(DamagedError, match="gone or empty") as caught, open_at(data):
        pass
    assert aside.name in caught.value.hint
    assert ".seal" not in caught.value.hint
