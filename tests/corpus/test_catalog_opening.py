"""Opening a catalog: what is refused, and what a damaged, full or read-only disk leaves."""

from __future__ import annotations

import os
import sqlite3
from contextlib import ExitStack, nullcontext
from pathlib import Path

import pytest

from corpus.catalog import database, documents, open_database
from corpus.catalog.seal import seal_path
from corpus.errors import DamagedError, StorageError
from corpus.sqlite import BUSY_TIMEOUT_MS
from tests.builders import new_version
from tests.corpus.catalog_runs import commit, live_ids


def test_pragmas(catalog):
    with catalog.read() as db:
        settings = {
            name: db.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "busy_timeout")
        }
    assert settings == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "secure_delete": 1,
        "busy_timeout": BUSY_TIMEOUT_MS,
    }


def test_a_newer_catalog_is_refused_and_left_alone(tmp_path: Path):
    open_database(tmp_path).close()
    with sqlite3.connect(tmp_path / database.FILE_NAME) as db:
        db.execute("UPDATE meta SET value = '999' WHERE key = 'schema_version'")
    db.close()
    seal_path(tmp_path / database.FILE_NAME).unlink()
    with pytest.raises(StorageError, match="schema version 999") as caught:
        open_database(tmp_path)
    assert caught.value.code == "newer_schema"


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: b"not a database" + data[14:],
        lambda data: data[:100] + bytes(4096) + data[4196:],
        lambda data: data[: len(data) // 2],
    ],
    ids=["empty", "header", "first page", "half"],
)
def test_a_damaged_catalog_is_refused(tmp_path: Path, damage):
    opened = open_database(tmp_path)
    for number in range(20):
        commit(opened, new_version(f"{number}.txt", [f"words {number} {n}" for n in range(20)]))
    opened.close()
    path = tmp_path / database.FILE_NAME
    path.write_bytes(damage(path.read_bytes()))
    (tmp_path / "originals" / "ab").mkdir(parents=True)
    (tmp_path / "originals" / "ab" / "abcd").touch()

    def look() -> None:
        opened = open_database(tmp_path)
        try:
            problems = opened.check()
            raise DamagedError("; ".join(problems)) if problems else AssertionError("damage was not noticed")
        finally:
            opened.close()

    with pytest.raises(DamagedError) as caught:
        look()
    assert caught.value.code == "damaged"


def test_a_foreign_database_is_refused(tmp_path: Path):
    with sqlite3.connect(tmp_path / database.FILE_NAME) as db:
        db.execute("CREATE TABLE recipes (name TEXT)")
    db.close()
    with pytest.raises(DamagedError, match="not Vouch's"):
        open_database(tmp_path)


def test_a_second_writer_waits_its_turn(tmp_path: Path):
    first, second = open_database(tmp_path), open_database(tmp_path)
    commit(first, new_version("a.txt", ["one"]))
    commit(second, new_version("b.txt", ["two"]))
    assert len(live_ids(first)) == 2
    first.close()
    second.close()


def test_it_opens_for_reading_what_cannot_be_written(tmp_path: Path, read_only_folder):
    opened = open_database(tmp_path)
    commit(opened, new_version("a.txt", ["one"]))
    opened.close()
    with read_only_folder(tmp_path) as folder:
        reading = open_database(folder)
        assert reading.read_only
        assert len(live_ids(reading)) == 1
        with pytest.raises(StorageError) as caught:
            commit(reading, new_version("b.txt", ["two"]))
        assert caught.value.code == "read_only"
        assert str(folder) not in caught.value.message  # it is shown to whoever uploads
        assert "opens it anew" in caught.value.hint
        reading.close()


def test_it_reads_a_log_that_was_never_folded_in(tmp_path: Path, read_only_folder):
    """After a crash the newest commits stand in the write-ahead log alone."""
    opened = open_database(tmp_path / "live")
    commit(opened, new_version("a.txt", ["one"]))
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    for name in os.listdir(tmp_path / "live"):
        (crashed / name).write_bytes((tmp_path / "live" / name).read_bytes())
    opened.close()
    (crashed / "catalog.sqlite-shm").unlink()
    with read_only_folder(crashed) as folder:
        reading = open_database(folder)
        assert reading.read_only
        assert len(live_ids(reading)) == 1
        reading.close()


def test_a_full_disk_is_said_and_reading_goes_on(tmp_path: Path, small_disk):
    with small_disk(2) as folder:
        opened = open_database(folder)
        commit(opened, new_version("a.txt", ["one"]))

        def fill() -> None:
            for number in range(100):
                lines = [f"{number} {n} " + "x" * 500 for n in range(50)]
                commit(opened, new_version(f"{number}.txt", lines))

        with pytest.raises(StorageError) as caught:
            fill()
        assert caught.value.code == "disk_full"
        assert len(live_ids(opened)) >= 1
        opened.close()
        again = open_database(folder)
        assert again.check() == []
        again.close()


def test_a_catalog_that_is_not_there_is_not_made_for_a_reader(tmp_path: Path):
    with pytest.raises(StorageError) as caught:
        open_database(tmp_path / "none", create=False)
    assert caught.value.code == "no_catalog"
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("length", [490, 600])
def test_a_path_that_is_too_long_for_sqlite_is_told_as_that(tmp_path: Path, length: int) -> None:
    left = length - len(str(tmp_path)) - len("/catalog.sqlite")
    folder = tmp_path.joinpath(*["x" * 99] * (left // 100), "y" * (left % 100 or 1))
    if length < 500:
        open_database(folder).close()
        return
    with pytest.raises(StorageError, match="path of the data folder is too long"):
        open_database(folder)


@pytest.mark.parametrize("another", [False, True])
@pytest.mark.parametrize("known", [True, False])
def test_a_second_reader_of_a_folder_that_was_moved_reads_it_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, another: bool, known: bool
):
    """Whoever read beside others once the folder was moved read the corpus that had taken its place."""
    old = tmp_path / "old"
    old.mkdir()
    catalog = open_database(old)
    commit(catalog, new_version("a.txt", ["leave"]))
    old.rename(tmp_path / "new")
    if another:
        old.mkdir()
        open_database(old).close()
    if not known:
        monkeypatch.setattr(os, "readlink", lambda path: str(old))  # as where there is no /proc
    with ExitStack() as readers:
        read = 0
        with pytest.raises(StorageError) if not known else nullcontext() as refused:
            for _ in range(6):
                db = readers.enter_context(catalog.read())
                assert [one.key.path for one in documents.list_documents(db)] == ["a.txt"]
                read += 1
    assert read >= 1
    assert refused is None or refused.value.code == "moved"
    monkeypatch.undo()
    catalog.close()
    assert sorted(os.listdir(tmp_path)) == (["new", "old"] if another else ["new"])
