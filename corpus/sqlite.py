"""SQLite files: how one is opened, kept private and read, and what its errors mean to people."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event, exc
from sqlalchemy.pool import QueuePool

from corpus.errors import DamagedError, StorageError, disk_code

BUSY_TIMEOUT_MS = 5_000


@dataclass(frozen=True, slots=True)
class SqliteFile:
    """A file, and how it is spoken of: ``what`` begins a sentence, ``when_damaged`` is the remedy."""

    path: Path
    what: str
    when_damaged: str

    def engine(
        self,
        *,
        read_only: bool = False,
        source: Callable[[], Path] | None = None,
        synchronous: str = "FULL",
        busy_ms: int = BUSY_TIMEOUT_MS,
        connections: int = 8,
        set_up: tuple[str, ...] = (),
    ) -> Engine:
        """Returns an engine whose write transactions (option ``vouch_write``) begin with the write lock.

        Args:
            read_only: open it as it is, without writing a byte beside it.
            source: says at each connection which file to open: where it is by now, or a copy.
            synchronous: how far a commit waits for the disk: FULL outlives the loss of power, NORMAL every kill.
            busy_ms: how long another program's lock is waited for.
            connections: how many are kept open; three times as many more may be opened for a while.
            set_up: pragmas that come before all others.
        """
        options = "?mode=ro&immutable=1" if read_only else ""

        written = (
            *set_up,
            "journal_mode=WAL",
            f"synchronous={synchronous}",
            "foreign_keys=ON",
            "secure_delete=ON",
            "fullfsync=ON",  # nothing but macOS knows it: there fsync leaves what is written in the drive's own memory
            "checkpoint_fullfsync=ON",
            "wal_autocheckpoint=4000",
        )
        pragmas = (
            f"busy_timeout={busy_ms}",
            *(() if read_only else written),
            "cache_size=-16384",
            "temp_store=MEMORY",
        )

        def connect() -> sqlite3.Connection:
            path = source() if source is not None else self.path
            uri = f"file:{quote(str(path.absolute()))}{options}"
            connection = sqlite3.connect(
                uri, uri=True, timeout=busy_ms / 1000, isolation_level=None, check_same_thread=False
            )
            try:
                for pragma in pragmas:
                    connection.execute(f"PRAGMA {pragma}")
            except BaseException:
                connection.close()  # nobody else knows of it
                raise
            return connection

        engine = create_engine(
            "sqlite://",
            creator=connect,
            poolclass=QueuePool,
            pool_size=connections,
            max_overflow=3 * connections,
            pool_use_lifo=True,
        )

        @event.listens_for(engine, "begin")
        def begin(db: Connection) -> None:
            # IMMEDIATE: a writer waits for its turn here, and never fails half-way for want of the lock.
            db.exec_driver_sql(
                "BEGIN IMMEDIATE" if db.get_execution_options().get("vouch_write") else "BEGIN"
            )

        return engine

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turns SQLite's and the disk's errors into ours."""
        try:
            yield
        except exc.DBAPIError as error:
            raise self._explain(error.orig) from error
        except sqlite3.Error as error:
            raise self._explain(error) from error
        except OSError as error:
            code = disk_code(error, "")
            if not code:
                raise
            raise self._disk_error(code == "disk_full", error) from error

    def check_header(self, db: Connection) -> None:
        """Reads the header and the schema; page damage is found when it is met.

        Raises:
            DamagedError: they cannot be read.
        """
        try:
            db.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()
            db.exec_driver_sql("PRAGMA user_version").scalar_one()
        except exc.DatabaseError as error:
            if (getattr(error.orig, "sqlite_errorname", "") or "").startswith(
                ("SQLITE_BUSY", "SQLITE_LOCKED")
            ):
                raise
            raise self.damaged(error.orig) from None

    def damaged(self, why: object) -> DamagedError:
        """The error for a file that is not what was written."""
        return DamagedError(f"{self.what} {self.path} is damaged: {why}.", hint=self.when_damaged)

    def _explain(self, error: Any) -> StorageError:
        name = getattr(error, "sqlite_errorname", "") or ""
        if name.startswith(("SQLITE_FULL", "SQLITE_IOERR")):
            return self._disk_error(True, error)
        if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")):
            return self._disk_error(self._is_full(), error)
        if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")) or "malformed" in str(error):
            return self.damaged(error)
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return StorageError(
                f"{self.what} {self.path} is locked by another program.",
                code="busy",
                hint="Close that program, then try again.",
            )
        return StorageError(f"{self.what} {self.path} failed: {error}.", hint="Check it with: vouch verify")

    def _is_full(self) -> bool:
        try:
            return shutil.disk_usage(self.path.parent).free < 1 << 20
        except OSError:
            return False

    def _disk_error(self, full: bool, error: object) -> StorageError:
        if full:
            return StorageError(
                f"The disk is full or failing under {self.path.parent}: {error}.",
                code="disk_full",
                hint="Searching still works and nothing was lost. Free some space, then try again.",
            )
        return StorageError(
            f"Cannot write to {self.path.parent}: {error}.",
            code="read_only",
            hint="Searching still works. Make the folder writable, then try again.",
        )


def make_private(path: Path) -> None:
    """Makes an empty file, where there is none, that its owner alone may read; what SQLite writes beside it is
    as private."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
