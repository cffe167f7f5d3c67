"""SQLite files: a connection that cannot be set up is not left open."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import exc

from corpus.sqlite import SqliteFile


def test_a_connection_that_cannot_be_set_up_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def counted(*where: object, **how: object) -> sqlite3.Connection:
        opened.append(connect(*where, **how))  # type: ignore[call-overload]
        return opened[-1]

    path = tmp_path / "broken.sqlite"
    path.write_bytes(b"no database at all, though it is long enough to be taken for one " * 20)
    monkeypatch.setattr("corpus.sqlite.sqlite3.connect", counted)
    with pytest.raises(exc.DatabaseError), SqliteFile(path, "The file", "Make it again.").engine().connect():
        pass
    assert len(opened) == 1
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        opened[0].execute("SELECT 1")
