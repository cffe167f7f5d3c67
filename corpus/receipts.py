"""Receipts: what is kept of each answer, in a file of its own, for a while.

The file is no part of the truth: where it is damaged, full or locked, answers go on without receipts. A receipt
is a JSON text with the documents that it quotes beside it, so that it goes when one of them is erased.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Engine,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    Table,
    delete,
    func,
    insert,
    select,
)

from corpus.catalog import Database, documents
from corpus.catalog.times import shown_time
from corpus.errors import DamagedError, NotFoundError, StorageError
from corpus.hashing import text_hash
from corpus.sqlite import SqliteFile, make_private

FILE_NAME = "receipts.sqlite"
FORMAT = 1
"""What ``PRAGMA user_version`` says of the file."""

_BUSY_MS = 200
"""How long another program's lock is waited for: an answer must not wait longer for its receipt."""

_PRUNED_AT_A_TIME = 50

_metadata = MetaData()

_receipts = Table(
    "receipts",
    _metadata,
    Column("id", String(16), primary_key=True),
    Column("at", String, nullable=False),
    Column("said_hash", LargeBinary(16), nullable=False),  # of the answer's text: a later turn may repeat it
    Column("open_ended", Boolean, nullable=False),
    Column("body", LargeBinary, nullable=False),  # JSON, UTF-8 with lone surrogates as they are
    Index("receipts_by_time", "at"),
    Index("receipts_by_what_was_said", "said_hash"),
)

_quoted = Table(
    "quoted",
    _metadata,
    Column("receipt_id", ForeignKey("receipts.id", ondelete="CASCADE"), primary_key=True),
    Column("document_id", String(16), primary_key=True),
    Index("quoted_by_document", "document_id"),
)


@dataclass(frozen=True, slots=True)
class NewReceipt:
    """A receipt to keep.

    ``documents`` are those whose text or name is in ``body``. ``said`` is the answer's text. ``repeated`` are texts
    in it that come from elsewhere, such as the earlier answers of a conversation: what these quote is looked up
    among the receipts of the answers that they are.
    """

    id: str
    at: datetime
    body: Mapping[str, Any]
    documents: frozenset[str]
    said: str
    repeated: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt as it was kept.

    ``open_ended`` says that it holds text of which nobody knows what documents it quotes: an earlier answer that
    has no receipt (any more).
    """

    id: str
    at: datetime
    body: Mapping[str, Any]
    documents: frozenset[str]
    open_ended: bool


class Receipts:
    """The receipts of a data folder. Safe to use from any thread; nothing is opened before it is needed.

    Args:
        catalog: the documents that there are.
        days: how long a receipt is kept; 0 keeps none.
        spare_bytes: what a receipt leaves free on the disk.
    """

    def __init__(self, catalog: Database, days: float, spare_bytes: int = 0) -> None:
        self.path = catalog.path.parent / FILE_NAME
        self._file = SqliteFile(
            self.path,
            "The receipts file",
            f"Answers go on without receipts. Move {FILE_NAME} away, and the next answer begins a new one.",
        )
        self._catalog = catalog
        self._days = days
        self._spare_bytes = spare_bytes
        self._lock = threading.RLock()
        self._engine: Engine | None = None
        self._inode = 0

    @property
    def kept(self) -> bool:
        """Whether receipts are kept at all."""
        return self._days > 0

    def keep(self, new: NewReceipt) -> None:
        """Keeps a receipt; it outlives a kill of the process from then on.

        Raises:
            StorageError: the disk is full or read-only, the file locked or damaged (``disk_full``, ``read_only``,
                ``busy``, ``damaged``), or the folder was moved (``moved``).
            NotFoundError: a document that it quotes was erased meanwhile.
        """
        self._catalog.check_writable()
        if self._spare_bytes and shutil.disk_usage(self.path.parent).free < self._spare_bytes:
            raise StorageError("The disk is nearly full.", code="disk_full")
        body = json.dumps(new.body, ensure_ascii=False, separators=(",", ":")).encode(
            "utf-8", "surrogatepass"
        )
        with self._write() as db:
            self._prune(db)
            quoted, unknown = set(new.documents), False
            for hashed in {text_hash(text.strip()) for text in new.repeated}:
                said = db.execute(
                    select(_receipts.c.id, _receipts.c.open_ended).where(_receipts.c.said_hash == hashed)
                ).all()
                unknown |= not said or any(one.open_ended for one in said)
                for one in said:
                    quoted |= _documents_of(db, one.id)
            # Under the lock that an erasure takes as well, after it has deleted the documents.
            self._check_there(quoted)
            db.execute(
                insert(_receipts).values(
                    id=new.id,
                    at=shown_time(new.at),
                    said_hash=text_hash(new.said.strip()),
                    open_ended=unknown,
                    body=body,
                )
            )
            if quoted:
                rows = [{"receipt_id": new.id, "document_id": one} for one in sorted(quoted)]
                db.execute(insert(_quoted), rows)

    def get(self, receipt_id: str) -> Receipt:
        """Returns a receipt.

        Raises:
            NotFoundError: there is none, or its time is over.
            StorageError: the file cannot be read.
        """
        query = select(_receipts).where(_receipts.c.id == receipt_id, _receipts.c.at >= self._oldest())
        with self._read() as db:
            row = db.execute(query).one_or_none() if db is not None else None
            if db is None or row is None:
                raise unknown_receipt(receipt_id)
            return self._receipt(row, _documents_of(db, row.id))

    def recent(self, most: int) -> list[Receipt]:
        """Returns the newest receipts first, at most so many.

        Raises:
            StorageError: the file cannot be read.
        """
        query = select(_receipts).where(_receipts.c.at >= self._oldest())
        query = query.order_by(_receipts.c.at.desc(), _receipts.c.id).limit(most)
        with self._read() as db:
            rows = db.execute(query).all() if db is not None else []
            return [self._receipt(row, _documents_of(db, row.id)) for row in rows if db is not None]

    def prune(self) -> None:
        """Deletes what has been kept long enough.

        Raises:
            StorageError: the file cannot be written.
        """
        if self.path.exists():
            with self._write() as db:
                pruned = self._prune(db, most=None)
            if pruned:
                self._shrink()

    def forget_erased(self) -> str:
        """Deletes the receipts that quote documents which are no more, or may, and says what there was to see.

        Nothing of them is left in the file: what is deleted is overwritten, and the log emptied. A file that cannot
        be read is deleted whole.

        Raises:
            StorageError: the file is locked, or the disk does not take it.
        """
        with self._lock:
            if not self.path.exists():
                return "none was ever kept"
            try:
                with self._write() as db:
                    named = sorted(db.execute(select(_quoted.c.document_id).distinct()).scalars())
                    gone = set(named) - self._there(named)
                    about = select(_quoted.c.receipt_id).where(_quoted.c.document_id.in_(gone))
                    deleted = db.execute(
                        delete(_receipts).where(_receipts.c.open_ended | _receipts.c.id.in_(about))
                    ).rowcount
                    left = int(db.execute(select(func.count()).select_from(_receipts)).scalar_one())
                self._shrink()
            except DamagedError:
                self.close()
                for name in ("", "-wal", "-shm"):
                    self.path.with_name(self.path.name + name).unlink(missing_ok=True)
                return "their file was damaged, and is deleted"
        return f"{deleted} deleted; none of the {left} others quotes the documents"

    def quoting(self, document_ids: Sequence[str]) -> int:
        """Returns how many receipts are known to quote one of these documents."""
        found: set[str] = set()
        with self._read() as db:
            if db is not None:
                for one in document_ids:
                    about = select(_quoted.c.receipt_id).where(_quoted.c.document_id == one)
                    found.update(db.execute(about).scalars())
        return len(found)

    def check(self) -> list[str]:
        """Returns what is wrong with the file; an empty list when all is well, or when there is none."""
        try:
            with self._read() as db:
                rows = (
                    db.exec_driver_sql("PRAGMA integrity_check(5)").scalars().all() if db is not None else []
                )
        except StorageError as error:
            return [str(error)]
        return [str(self._file.damaged(row)) for row in rows if row != "ok"]

    def close(self) -> None:
        """Closes the file; its log is folded into it."""
        with self._lock:
            if self._engine is not None:
                self._engine.dispose()
            self._engine = None

    # ---- the file ------------------------------------------------------------------------------------

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        with (
            self._lock,
            self._file.explained(),
            self._open().connect() as db,
            db.execution_options(vouch_write=True).begin(),
        ):
            yield db

    @contextmanager
    def _read(self) -> Iterator[Connection | None]:
        """Opens a read transaction; None where nothing was ever kept."""
        with self._lock, self._file.explained():
            if not self.path.exists():
                yield None
                return
            if self._catalog.read_only:
                engine = self._file.engine(read_only=True, busy_ms=_BUSY_MS, connections=1)
                try:
                    with engine.connect() as db, db.begin():
                        self._check_format(db)
                        yield db
                finally:
                    engine.dispose()
                return
            with self._open().connect() as db, db.begin():
                yield db

    def _open(self) -> Engine:
        """Returns the engine of the file that is there now: one that was moved away is not written to."""
        if self._engine is not None and self.path.exists() and self.path.stat().st_ino == self._inode:
            return self._engine
        self.close()
        if not self.path.exists():
            make_private(self.path)
        engine = self._file.engine(
            synchronous="NORMAL", busy_ms=_BUSY_MS, connections=1, set_up=("auto_vacuum=INCREMENTAL",)
        )
        try:
            with engine.connect() as db:
                self._file.check_header(db)
                begun = self._check_format(db) > 0
                db.rollback()
                if not begun:
                    with db.execution_options(vouch_write=True).begin():
                        _metadata.create_all(db)
                        db.exec_driver_sql(f"PRAGMA user_version={FORMAT}")
        except BaseException:
            engine.dispose()
            raise
        self._engine, self._inode = engine, self.path.stat().st_ino
        return engine

    def _check_format(self, db: Connection) -> int:
        found = int(db.exec_driver_sql("PRAGMA user_version").scalar_one())
        if found > FORMAT:
            raise StorageError(
                f"The receipts file has format {found}; this Vouch knows up to {FORMAT}.",
                code="newer_schema",
                hint="Nothing was changed. Use the newer Vouch that wrote it, or move the file away.",
            )
        return found

    def _prune(self, db: Connection, most: int | None = _PRUNED_AT_A_TIME) -> int:
        old = (
            select(_receipts.c.id).where(_receipts.c.at < self._oldest()).order_by(_receipts.c.at).limit(most)
        )
        ids = db.execute(old).scalars().all()
        for one in ids:
            db.execute(delete(_receipts).where(_receipts.c.id == one))
        return len(ids)

    def _shrink(self) -> None:
        """Gives free pages back and empties the log: what was deleted is in neither then."""
        with self._lock, self._file.explained(), self._open().connect() as db:
            file = db.connection.driver_connection
            assert isinstance(file, sqlite3.Connection)
            file.executescript("PRAGMA incremental_vacuum")  # frees a page a step: a script takes every step
            busy = file.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if busy:
            raise StorageError(
                f"The receipts file {self.path} is being read by another program, which keeps its log from being "
                "emptied.",
                code="busy",
                hint="Close that program, then try again.",
            )

    def _oldest(self) -> str:
        return str(shown_time(datetime.now(UTC) - timedelta(days=self._days)))

    def _there(self, document_ids: Sequence[str]) -> set[str]:
        with self._catalog.read() as db:
            return documents.existing(db, document_ids)

    def _check_there(self, document_ids: set[str]) -> None:
        if len(self._there(sorted(document_ids))) < len(document_ids):
            raise NotFoundError("A document that the answer quotes was erased meanwhile.", code="erased")

    def _receipt(self, row: Any, quoted: set[str]) -> Receipt:
        try:
            body = json.loads(row.body.decode("utf-8", "surrogatepass"))
            return Receipt(
                row.id, datetime.fromisoformat(row.at), body, frozenset(quoted), bool(row.open_ended)
            )
        except (ValueError, AttributeError) as error:
            raise self._file.damaged(error) from error


def unknown_receipt(receipt_id: str) -> NotFoundError:
    """The error for a receipt that is not there, or that the caller may not know of."""
    return NotFoundError(
        f"There is no receipt {receipt_id!r}.",
        code="unknown_receipt",
        hint="They are kept for receipt_days, and go with the documents that they quote. List them with: "
        "vouch receipts",
    )


def _documents_of(db: Connection, receipt_id: str) -> set[str]:
    return set(db.execute(select(_quoted.c.document_id).where(_quoted.c.receipt_id == receipt_id)).scalars())
