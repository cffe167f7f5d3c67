"""A catalog that an earlier Vouch wrote: it is kept, brought up to date whole or not at all, and searched."""

from __future__ import annotations

import hashlib
import json
import logging
import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path
from types import MappingProxyType

import pytest
from sqlalchemy import text

from corpus.backup import backup, restore, verify, verify_backup
from corpus.catalog import database, documents, open_database, records, schema
from corpus.catalog.seal import seal_path
from corpus.errors import DamagedError, StorageError
from corpus.settings import Settings
from corpus.store import open_corpus
from corpus.types import ANYONE, OWNER, Caller
from rag.cli.session import start_logging
from tests.builders import SPACE, put, word_vector

DUMP = Path(__file__).with_name("schema_v1.sql")
LEAVE = "2acf09069476abfa"


def write_old(folder: Path) -> Path:
    """Writes the catalog of version 1 into a data folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "catalog.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.executescript(DUMP.read_text(encoding="utf-8"))
    return path


def version_of(path: Path) -> str:
    with closing(sqlite3.connect(path)) as db:
        return str(db.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()[0])


def schema_of(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Returns each table's columns and indexes, without the order that columns were added in."""
    with closing(sqlite3.connect(path)) as db:
        names = [
            row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'index')")
        ]
        return {name: sorted(row[1:] for row in db.execute(f"PRAGMA table_info('{name}')")) for name in names}


def test_every_version_before_this_one_has_its_step() -> None:
    assert sorted(schema.MIGRATIONS) == list(range(1, schema.SCHEMA_VERSION))


def test_the_previous_schema_is_brought_up_to_date_and_searched(tmp_path: Path) -> None:
    path = write_old(tmp_path)
    with open_corpus(Settings(data_dir=tmp_path, dense="exact"), SPACE) as corpus:
        state = corpus.state()
        assert (state.documents, state.chunks, state.chunks_without_vector) == (3, 4, 1)
        found = corpus.search_lexical("fourteen days", 5, ANYONE)
        [hit] = corpus.hits([(found.ids[0].item(), 1.0)], {}, ANYONE, 1)
        assert (hit.text, hit.title, hit.version) == ("the limit is fourteen days", "Leave policy", 2)
        found = corpus.search_dense(word_vector("salary bands of 2025"), 1, Caller(frozenset({"group:hr"})))
        [hit] = corpus.hits([(found.ids[0].item(), 1.0)], {}, OWNER, 1)
        assert (hit.source, hit.page_label, hit.collection) == ("salaries.pdf", "iv", "hr")
        assert corpus.text(LEAVE, version=1)[1] == "the limit is ten days"
        assert dict(corpus.document(LEAVE).metadata) == {"team": "hr"}
        with corpus.catalog.read() as db:
            assert [one.path for one in (found.key for found in records.list_failures(db))] == ["bad.pdf"]
            assert [job.state for job in records.list_jobs(db)] == ["done"]
            removed = [one for one in documents.list_documents(db, removed=True) if one.live is None]
            assert [one.key.path for one in removed] == ["gone.txt"]
        missing = "The original"  # the dump has no files beside it
        assert all(problem.startswith(missing) for problem in verify(corpus).problems)
        put(corpus, "new.txt", ["a new rule"])
        corpus.publish()
        assert corpus.state().documents == 4
    assert version_of(path) == str(schema.SCHEMA_VERSION)


def test_a_migrated_catalog_is_like_a_new_one(tmp_path: Path) -> None:
    old = write_old(tmp_path / "old")
    open_database(tmp_path / "old").close()
    open_database(tmp_path / "new").close()
    assert schema_of(old) == schema_of(tmp_path / "new" / "catalog.sqlite")


def test_the_older_catalog_is_kept_beside_the_new_one(tmp_path: Path) -> None:
    path = write_old(tmp_path)
    with closing(sqlite3.connect(path)) as db:
        before = list(db.iterdump())
    open_database(tmp_path).close()
    kept = tmp_path / "catalog.sqlite.v1"
    with closing(sqlite3.connect(kept)) as db:
        assert list(db.iterdump()) == before
    open_database(tmp_path).close()
    names = ["catalog.sqlite", "catalog.sqlite.seal", "catalog.sqlite.v1"]
    assert sorted(one.name for one in tmp_path.iterdir()) == names


def test_a_failed_migration_leaves_the_old_catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_old(tmp_path)
    with closing(sqlite3.connect(path)) as db:
        before = list(db.iterdump())

    def fail(db: object) -> None:
        schema_step(db)  # type: ignore[arg-type]
        db.execute(text("INSERT INTO nowhere VALUES (1)"))  # type: ignore[attr-defined]

    schema_step = schema.MIGRATIONS[1]
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", MappingProxyType({1: fail}))
        with pytest.raises(StorageError, match="nowhere"):
            open_database(tmp_path)
    assert version_of(path) == "1"
    with closing(sqlite3.connect(path)) as db:
        assert list(db.iterdump()) == before
    open_database(tmp_path).close()
    assert version_of(path) == str(schema.SCHEMA_VERSION)


def test_without_room_for_the_copy_nothing_is_changed_and_searching_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_old(tmp_path)

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("corpus.catalog.database._keep_copy", refuse)
    opened = open_database(tmp_path)
    assert opened.read_only
    assert opened.older
    with opened.read() as db:
        assert len(documents.list_documents(db)) == 3
    opened.close()
    assert version_of(path) == "1"


def test_an_older_catalog_on_a_read_only_disk_is_read(tmp_path: Path, read_only_folder) -> None:  # type: ignore[no-untyped-def]
    path = write_old(tmp_path)
    before = path.read_bytes()
    with (
        read_only_folder(tmp_path) as folder,
        open_corpus(Settings(data_dir=folder, dense="exact"), SPACE) as corpus,
    ):
        assert corpus.state().read_only
        assert "an earlier Vouch's" in corpus.state().problems[0]
        assert len(corpus.search_dense(word_vector("leave"), 10, OWNER)) == 3
    assert path.read_bytes() == before


def test_a_newer_catalog_is_refused_on_every_path(tmp_path: Path, read_only_folder) -> None:  # type: ignore[no-untyped-def]
    path = write_old(tmp_path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE meta SET value = '99' WHERE key = 'schema_version'")
        db.commit()
    before = path.read_bytes()
    for _ in range(2):
        with pytest.raises(StorageError, match="version 99") as caught:
            open_database(tmp_path)
        assert caught.value.code == "newer_schema"
    with read_only_folder(tmp_path) as folder, pytest.raises(StorageError) as caught:
        open_database(folder)
    assert caught.value.code == "newer_schema"
    assert path.read_bytes() == before


def test_an_old_backup_is_restored_into_a_new_vouch(tmp_path: Path) -> None:
    source = tmp_path / "here"
    with open_corpus(Settings(data_dir=source, dense="exact"), SPACE) as corpus:
        put(corpus, "a.txt", ["leave"])
        backup(corpus, tmp_path / "new.tar")
    make_old(tmp_path / "new.tar", tmp_path / "old.tar")
    assert verify_backup(tmp_path / "old.tar").problems == ()
    restore(tmp_path / "old.tar", tmp_path / "there")
    assert version_of(tmp_path / "there" / "catalog.sqlite") == "1"
    with open_corpus(Settings(data_dir=tmp_path / "there", dense="exact"), SPACE) as corpus:
        assert len(corpus.search_dense(word_vector("leave"), 10, OWNER)) == 1
        corpus.publish()  # a restored corpus builds its indexes first
        assert verify(corpus).problems == ()


def make_old(new: Path, old: Path) -> None:
    """Writes a backup as version 1 would have: the same, but for what later versions added to the catalog."""
    scratch = new.with_suffix(".unpacked")
    with tarfile.open(new) as archive:
        archive.extractall(scratch, filter="data")
    with closing(sqlite3.connect(scratch / "catalog.sqlite")) as db:
        db.execute("ALTER TABLE versions DROP COLUMN text_hash")
        db.execute("ALTER TABLE vectors DROP COLUMN checksum")
        db.execute("DROP TABLE token_vectors")
        db.execute("ALTER TABLE versions DROP COLUMN token_count")
        db.execute("ALTER TABLE versions DROP COLUMN tables")
        db.execute("ALTER TABLE versions DROP COLUMN seconds")
        db.execute("ALTER TABLE jobs DROP COLUMN sender")
        db.execute("DROP TABLE keys")
        db.execute("DROP INDEX documents_by_collection")
        db.execute("UPDATE meta SET value = '1' WHERE key = 'schema_version'")
        db.commit()
    manifest = json.loads((scratch / "manifest.json").read_text())
    manifest["catalog_sha256"] = hashlib.sha256((scratch / "catalog.sqlite").read_bytes()).hexdigest()
    (scratch / "manifest.json").write_text(json.dumps(manifest))
    with tarfile.open(old, "w") as archive:
        for path in sorted(one for one in scratch.rglob("*") if one.is_file()):
            archive.add(path, path.relative_to(scratch))


# ---- what the checksums of version 2 are for ------------------------------------------------------


def flip(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


def test_a_vector_that_changed_on_disk_is_refused(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, dense="exact")
    with open_corpus(settings, SPACE) as corpus:
        put(corpus, "a.txt", ["leave", "travel"])
        corpus.publish()
    path = tmp_path / "catalog.sqlite"
    with closing(sqlite3.connect(path)) as db:
        own, vector = db.execute("SELECT chunk_id, vector FROM vectors ORDER BY chunk_id DESC").fetchone()
        db.execute("UPDATE vectors SET vector = ? WHERE chunk_id = ?", (flip(vector), own))
        db.commit()
    seal_path(path).unlink()  # as after a crash
    with pytest.raises(DamagedError, match=f"vector of chunk {own:016x}") as caught:
        open_corpus(settings, SPACE).__enter__()
    assert "vouch restore" in caught.value.hint
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE vectors SET vector = ? WHERE chunk_id = ?", (vector, own))
        db.commit()
    seal_path(path).unlink(missing_ok=True)  # as it was closed after the refusal
    with open_corpus(settings, SPACE) as corpus:
        assert verify(corpus).problems == ()


def test_a_letter_between_the_chunks_that_changed_is_found_by_verify(tmp_path: Path) -> None:
    with open_corpus(Settings(data_dir=tmp_path, dense="exact"), SPACE) as corpus:
        put(corpus, "a.txt", ["leave", "travel"])
        corpus.publish()
        with corpus.catalog.write() as db:
            db.execute(text("UPDATE texts SET text = replace(text, char(10), ' ')"))
        [problem] = verify(corpus).problems
        assert problem.startswith("The text of version 1 of")


@pytest.mark.parametrize("large", [True, False])
def test_a_long_migration_is_announced_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, large: bool
) -> None:
    write_old(tmp_path)
    monkeypatch.setattr(database, "_LONG_BYTES", 0 if large else 1 << 40)
    monkeypatch.setattr(database.log, "level", logging.NOTSET)
    start_logging(verbose=False)
    for _ in range(2):
        open_database(tmp_path).close()
    assert caplog.text.count("brought up to date, once") == large
