"""The catalog's SQLite file: opening it safely, reading from any thread, one writer at a time."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, text

from corpus.catalog import schema
from corpus.catalog.place import Place, moved_error
from corpus.catalog.seal import break_seal, is_whole, make_seal, seal_path
from corpus.durable import sync
from corpus.errors import DamagedError, StorageError
from corpus.scratch import scratch_folder
from corpus.sqlite import SqliteFile, make_private

log = logging.getLogger(__name__)

FILE_NAME = "catalog.sqlite"
ASIDE = ".before-restore-"
"""Follows the file's name where a restored catalog took its place; then comes the time."""

_MOST_PATH_BYTES = 500
"""SQLite's own limit is 512, with what it adds to the name of a file beside it (os_unix.c, MAX_PATHNAME)."""

_LONG_BYTES = 100 << 20
_MIGRATING = (
    "The catalog (%.1f GB) is an earlier Vouch's and is brought up to date, once: of a large one that takes minutes. "
    "Stopped, it begins again the next time, and nothing is lost."
)
"""Said where a migration takes longer than a moment: nothing else is heard of the command meanwhile."""

_COPIES = (".v", ASIDE, f"-wal{ASIDE}", f"-shm{ASIDE}")


class _Shared(threading.local):
    """The read transaction that a thread's reads join, and the epoch before it."""

    db: Connection | None = None
    epoch = 0


class Database:
    """One catalog file. Reads may run on any thread; writes take turns.

    ``read_only`` is True when the disk cannot be written: reading goes on, writing raises. ``older`` is True when it is
    an earlier Vouch's, too, and only a copy elsewhere could be brought up to date.
    """

    def __init__(
        self, engine: Engine, place: Place, read_only: bool, held: ExitStack, *, older: bool = False
    ) -> None:
        self.path = place.path
        self.read_only = read_only
        self.older = older
        self._place = place
        self._engine = engine
        self._writer = threading.RLock()
        self._held = held  # closed with it: the place, and a copy that is read in the file's place
        self._epoch = 0
        self._shared = _Shared()

    @property
    def epoch(self) -> int:
        """Grows with every write of this process; keys of caches. In a block of :meth:`one_state` that of its state."""
        return self._epoch if self._shared.db is None else self._shared.epoch

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Opens a read transaction: everything in it sees one state of the catalog."""
        with _file(self.path).explained():
            if self._shared.db is not None:
                yield self._shared.db
                return
            with self._engine.connect() as db, db.begin():
                yield db

    @contextmanager
    def one_state(self) -> Iterator[None]:
        """Has all that this thread reads in the block see one state of the catalog, in one transaction.

        What is written meanwhile, by this thread too, is not seen in it.
        """
        if self._shared.db is not None:
            yield
            return
        # Before anything is read: a cache that is filled meanwhile is never taken for newer.
        epoch = self._epoch
        with ExitStack() as held:
            with _file(self.path).explained():  # what the block meets besides is another file's
                db = held.enter_context(self._engine.connect())
                held.enter_context(db.begin())
            self._shared.db, self._shared.epoch = db, epoch
            try:
                yield
            finally:
                self._shared.db = None

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Opens the write transaction: durable when the block ends, undone when it raises.

        Raises:
            StorageError: the disk is full or read-only (codes ``disk_full``, ``read_only``), or the folder was moved
                (``moved``).
        """
        self.check_writable()
        with self._writer, _file(self.path).explained(), self._engine.connect() as db:
            break_seal(self.path)
            with db.execution_options(vouch_write=True).begin():
                yield db
            self._epoch += 1

    def check_writable(self) -> None:
        """Does nothing where the catalog was opened for writing, too.

        Raises:
            StorageError: ``read_only``: it was not. Or ``moved``: it is not there any more.
        """
        if self.read_only:
            raise StorageError(
                "The data folder was read-only or full when it was opened.",
                code="read_only",
                hint="Searching still works. Make the folder writable; a service opens it anew by itself.",
            )
        if not self.is_there:
            raise moved_error()

    @property
    def is_there(self) -> bool:
        """Says whether the file is where it was opened."""
        return self._place.is_there

    def backup(self, target: Path) -> None:
        """Writes a consistent copy of the catalog to ``target`` while it goes on being used."""
        with _file(self.path).explained(), self._engine.connect() as db:
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
        with self._writer, _file(self.path).explained(), self._engine.connect() as db:
            busy, _, _ = db.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
        return not busy

    def copies(self) -> list[Path]:
        """Returns the catalogs kept beside this one: as it was before a migration, or before a restore."""
        return _copies_of(self.path)

    def close(self, *, seal: bool = True) -> None:
        """Closes every connection; the write-ahead log is folded into the file, and the file is sealed (unless
        ``seal`` is False: something is wrong with it)."""
        there = self.is_there
        self._engine.dispose()
        if seal and there and not self.read_only and not seal_path(self.path).exists():
            make_seal(self.path)
        self._held.close()


def open_database(folder: Path, *, create: bool = True) -> Database:
    """Opens ``folder/catalog.sqlite``, creating it when ``create`` and it does not exist.

    On a disk that cannot be written it opens for reading only.

    Raises:
        StorageError: it does not exist, or was written by a newer version (``newer_schema``).
        DamagedError: it is not a catalog, its header or tables are damaged, or it is not what was closed.
    """
    path = folder / FILE_NAME
    if (length := len(os.fsencode(path.absolute()))) > _MOST_PATH_BYTES:
        raise StorageError(
            f"The path of the data folder is too long: its catalog's has {length} bytes, of which SQLite takes "
            f"{_MOST_PATH_BYTES}.",
            hint="Choose another with VOUCH_DATA_DIR or --data-dir.",
        )
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
        with _file(path).explained():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            make_private(path)
    with _file(path).explained():
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
    with ExitStack() as held:
        place = held.enter_context(closing(Place(path)))
        engine = _file(path).engine(source=place.now)
        held.callback(engine.dispose)
        with _file(path).explained():
            with engine.connect() as db:
                _file(path).check_header(db)
                found = schema.found_version(db)
            if 0 < found < schema.SCHEMA_VERSION:
                if (size := path.stat().st_size) > _LONG_BYTES:
                    log.warning(_MIGRATING, size / 1e9)
                _keep_copy(engine, path.with_name(f"{path.name}.v{found}"))
            if found < schema.SCHEMA_VERSION:
                break_seal(path)
                with engine.connect() as db, db.execution_options(vouch_write=True).begin():
                    schema.prepare(db)
        return Database(engine, place, read_only=False, held=held.pop_all())


def _file(path: Path) -> SqliteFile:
    return SqliteFile(path, "The catalog", schema.RESTORE_HINT)


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


def _copy_whole(source: sqlite3.Connection, target: Path) -> None:
    make_private(target)
    copy = sqlite3.connect(target)
    try:
        source.backup(copy, pages=2048)
        copy.execute("PRAGMA journal_mode=DELETE")
    except BaseException:
        copy.close()
        for left in (target, target.with_name(f"{target.name}-journal")):
            left.unlink(missing_ok=True)
        raise
    copy.close()
    sync(target)


def _open_readable(path: Path) -> Database:
    """Opens without writing a byte beside the file: as it is, or a copy of it when its log holds more or its
    schema is an older one."""
    log = path.with_name(path.name + "-wal")
    if not log.exists() or not log.stat().st_size:
        with ExitStack() as held:
            place = held.enter_context(closing(Place(path)))
            engine = _file(path).engine(read_only=True, source=place.now)
            held.callback(engine.dispose)
            with _file(path).explained(), engine.connect() as db:
                _file(path).check_header(db)
                found = schema.found_version(db)
            if found == schema.SCHEMA_VERSION:
                return Database(engine, place, read_only=True, held=held.pop_all())
    with ExitStack() as held:
        place = held.enter_context(closing(Place(path)))
        with _file(path).explained():
            scratch = held.enter_context(scratch_folder("vouch-catalog-"))
        engine = _file(path).engine(source=lambda: scratch / path.name)
        held.callback(engine.dispose)
        with _file(path).explained():
            for part in (path, log):
                if part.exists():
                    shutil.copy2(part, scratch / part.name)
                    os.chmod(scratch / part.name, 0o600)
            with engine.connect() as db, db.execution_options(vouch_write=True).begin():
                _file(path).check_header(db)
                older = schema.found_version(db) < schema.SCHEMA_VERSION
                schema.prepare(db)
        return Database(engine, place, read_only=True, held=held.pop_all(), older=older)
