"""The catalog's SQLite file: opening it safely, reading from any thread, one writer at a time."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, exc, text
from sqlalchemy.pool import QueuePool

from corpus.catalog import schema
from corpus.catalog.seal import break_seal, is_whole, make_seal, seal_path
from corpus.errors import DamagedError, StorageError, VouchError

FILE_NAME = "catalog.sqlite"
BUSY_TIMEOUT_MS = 5_000
ASIDE = ".before-restore-"
"""Follows the file's name where a restored catalog took its place; then comes the time."""

_COPIES = (".v", ASIDE, f"-wal{ASIDE}", f"-shm{ASIDE}")

_DISK_CODES = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}


class Database:
    """One catalog file. Reads may run on any thread; writes take turns.

    ``read_only`` is True when the disk cannot be written: reading goes on, writing raises.
    """

    def __init__(self, engine: Engine, path: Path, read_only: bool, scratch: Path | None = None) -> None:
        self.path = path
        self.read_only = read_only
        self._engine = engine
        self._writer = threading.RLock()
        self._scratch = scratch
        self.epoch = 0
        """Grows with every write of this process; keys of caches."""

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Opens a read transaction: everything in it sees one state of the catalog."""
        with _explained(self.path), self._engine.connect() as db, db.begin():
            yield db

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Opens the write transaction: durable when the block ends, undone when it raises.

        Raises:
            StorageError: the disk is full or read-only (codes ``disk_full``, ``read_only``).
        """
        if self.read_only:
            raise StorageError(
                f"Cannot write to {self.path.parent}: it is read-only or full.",
                code="read_only",
                hint="Searching still works. Make the folder writable, then try again.",
            )
        with self._writer, _explained(self.path), self._engine.connect() as db:
            break_seal(self.path)
            with db.execution_options(vouch_write=True).begin():
                yield db
            self.epoch += 1

    def backup(self, target: Path) -> None:
        """Writes a consistent copy of the catalog to ``target`` while it goes on being used."""
        with _explained(self.path), self._engine.connect() as db:
            source = db.connection.driver_connection
            assert isinstance(source, sqlite3.Connection)
            _copy_whole(source, target)

    def check(self) -> list[str]:
        """Returns what SQLite's own check finds wrong; an empty list when all is well."""
        with self.read() as db:
            rows = db.execute(text("PRAGMA integrity_check(20)")).scalars().all()
        return [str(row) for row in rows if row != "ok"]

    def shrink_log(self) -> bool:
        """Moves the write-ahead log into the file and empties it; False when a reader is in the way."""
        if self.read_only:
            return False
        with self._writer, _explained(self.path), self._engine.connect() as db:
            busy, _, _ = db.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
        return not busy

    def copies(self) -> list[Path]:
        """Returns the catalogs kept beside this one: as it was before a migration, or before a restore."""
        return _copies_of(self.path)

    def close(self, *, seal: bool = True) -> None:
        """Closes every connection; the write-ahead log is folded into the file, and the file is sealed (unless
        ``seal`` is False: something is wrong with it)."""
        self._engine.dispose()
        if seal and not self.read_only and not seal_path(self.path).exists():
            make_seal(self.path)
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)


def open_database(folder: Path, *, create: bool = True) -> Database:
    """Opens ``folder/catalog.sqlite``, creating it when ``create`` and it does not exist.

    On a disk that cannot be written it opens for reading only.

    Raises:
        StorageError: it does not exist, or was written by a newer version (``newer_schema``).
        DamagedError: it is not a catalog, its header or tables are damaged, or it is not what was closed.
    """
    path = folder / FILE_NAME
    if not path.exists() or path.stat().st_size == 0:
        if any((folder / "originals").glob("*/*")):
            kept = ", ".join(
                one.name for one in _copies_of(path) if not one.name.endswith((".seal", "-wal", "-shm"))
            )
            raise DamagedError(
                f"The catalog {path} is gone or empty, and what it described is still there.",
                hint=schema.RESTORE_HINT + (f". Older ones are kept beside it: {kept}" if kept else ""),
            )
        if not create:
            raise StorageError(
                f"There is no catalog in {folder}.", code="no_catalog", hint="Ingest something first."
            )
        with _explained(path):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _make_private(path)
    with _explained(path):
        whole = not path.exists() or is_whole(path)
    if not whole:
        raise DamagedError(
            f"The catalog {path} is damaged: it is not, to the byte, what was closed.",
            hint=f"{schema.RESTORE_HINT}. If you changed it yourself, remove {seal_path(path).name}.",
        )
    try:
        return _open_writable(path)
    except StorageError as error:
        if error.code not in ("disk_full", "read_only") or not path.exists():
            raise
        return _open_readable(path)


def _open_writable(path: Path) -> Database:
    engine = _engine(f"file:{_quoted(path)}", read_only=False)
    try:
        with _explained(path):
            with engine.connect() as db:
                _quick_check(db, path)
                found = schema.found_version(db)
            if 0 < found < schema.SCHEMA_VERSION:
                _keep_copy(engine, path.with_name(f"{path.name}.v{found}"))
            if found < schema.SCHEMA_VERSION:
                break_seal(path)
                with engine.connect() as db, db.execution_options(vouch_write=True).begin():
                    schema.prepare(db)
    except VouchError:
        engine.dispose()
        raise
    return Database(engine, path, read_only=False)


def _copies_of(path: Path) -> list[Path]:
    found = path.parent.glob(f"{path.name}*")
    return sorted(one for one in found if one.name.removeprefix(path.name).startswith(_COPIES))


def _keep_copy(engine: Engine, target: Path) -> None:
    """Keeps the catalog as it is before a migration, for the older Vouch that wrote it."""
    temporary = target.with_name(f".{target.name}.part")
    with engine.connect() as db:
        source = db.connection.driver_connection
        assert isinstance(source, sqlite3.Connection)
        _copy_whole(source, temporary)
    os.replace(temporary, target)


def _make_private(path: Path) -> None:
    """Makes an empty file that its owner alone may read; what SQLite writes beside it is as private."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))


def _copy_whole(source: sqlite3.Connection, target: Path) -> None:
    _make_private(target)
    copy = sqlite3.connect(target)
    try:
        source.backup(copy, pages=2048)
        copy.execute("PRAGMA journal_mode=DELETE")
    except BaseException:
        copy.close()
        target.unlink(missing_ok=True)
        raise
    copy.close()
    handle = os.open(target, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _open_readable(path: Path) -> Database:
    """Opens without writing a byte beside the file: as it is, or a copy of it when its log holds more or its
    schema is an older one."""
    log = path.with_name(path.name + "-wal")
    if not log.exists() or not log.stat().st_size:
        engine = _engine(f"file:{_quoted(path)}?mode=ro&immutable=1", read_only=True)
        try:
            with _explained(path), engine.connect() as db:
                _quick_check(db, path)
                found = schema.found_version(db)
        except VouchError:
            engine.dispose()
            raise
        if found == schema.SCHEMA_VERSION:
            return Database(engine, path, read_only=True)
        engine.dispose()
    scratch = Path(tempfile.mkdtemp(prefix="vouch-catalog-"))
    engine = _engine(f"file:{_quoted(scratch / path.name)}", read_only=False)
    try:
        with _explained(path):
            for part in (path, log):
                if part.exists():
                    shutil.copy2(part, scratch / part.name)
                    os.chmod(scratch / part.name, 0o600)
            with engine.connect() as db, db.execution_options(vouch_write=True).begin():
                _quick_check(db, path)
                schema.prepare(db)
    except BaseException:
        engine.dispose()
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    return Database(engine, path, read_only=True, scratch=scratch)


def _quoted(path: Path) -> str:
    from urllib.parse import quote

    return quote(str(path.absolute()))


def _engine(uri: str, *, read_only: bool) -> Engine:
    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            uri, uri=True, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None, check_same_thread=False
        )
        connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        if not read_only:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA foreign_keys=ON")
            connection.execute("PRAGMA secure_delete=ON")
            connection.execute("PRAGMA wal_autocheckpoint=4000")
        connection.execute("PRAGMA cache_size=-16384")
        connection.execute("PRAGMA temp_store=MEMORY")
        return connection

    engine = create_engine(
        "sqlite://", creator=connect, poolclass=QueuePool, pool_size=8, max_overflow=24, pool_use_lifo=True
    )

    @event.listens_for(engine, "begin")
    def begin(db: Connection) -> None:
        # IMMEDIATE: a writer waits for its turn here, and never fails half-way for want of the lock.
        db.exec_driver_sql("BEGIN IMMEDIATE" if db.get_execution_options().get("vouch_write") else "BEGIN")

    return engine


def _quick_check(db: Connection, path: Path) -> None:
    """Reads the header and the schema; page damage is found by ``vouch verify`` or when it is met."""
    try:
        db.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()
        db.exec_driver_sql("PRAGMA user_version").scalar_one()
    except exc.DatabaseError as error:
        raise DamagedError(
            f"The catalog {path} is damaged: {error.orig}.", hint=schema.RESTORE_HINT
        ) from None


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turns SQLite's and the disk's errors into ours."""
    try:
        yield
    except exc.DBAPIError as error:
        raise _explain(path, error.orig) from error
    except sqlite3.Error as error:
        raise _explain(path, error) from error
    except OSError as error:
        if error.errno not in _DISK_CODES:
            raise
        raise _disk_error(path, error.errno in (errno.ENOSPC, errno.EDQUOT), error) from error


def _explain(path: Path, error: Any) -> StorageError:
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR")):
        return _disk_error(path, True, error)
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")):
        return _disk_error(path, _is_full(path), error)
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")) or "malformed" in str(error):
        return DamagedError(f"The catalog {path} is damaged: {error}.", hint=schema.RESTORE_HINT)
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StorageError(
            f"The catalog {path} is locked by another program.",
            code="busy",
            hint="Close that program, then try again.",
        )
    return StorageError(f"The catalog {path} failed: {error}.", hint="Check it with: vouch verify")


def _is_full(path: Path) -> bool:
    try:
        return shutil.disk_usage(path.parent).free < 1 << 20
    except OSError:
        return False


def _disk_error(path: Path, full: bool, error: object) -> StorageError:
    if full:
        return StorageError(
            f"The disk is full or failing under {path.parent}: {error}.",
            code="disk_full",
            hint="Searching still works and nothing was lost. Free some space, then try again.",
        )
    return StorageError(
        f"Cannot write to {path.parent}: {error}.",
        code="read_only",
        hint="Searching still works. Make the folder writable, then try again.",
    )
