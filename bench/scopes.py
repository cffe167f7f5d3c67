"""Measures what a caller's first question after a commit waits for: which documents are theirs to search.

    python -m bench.scopes [--documents 100000]

The catalog is made of rows alone, for the while: documents of one short text each in three collections, nine in ten of
them public, one in a hundred a copy. Printed are milliseconds of this thread, the median of several.
"""

from __future__ import annotations

import argparse
import hashlib
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from corpus.catalog import Database, access, open_database, schema
from corpus.catalog.access import Scope
from corpus.catalog.documents import set_access
from corpus.types import ANYONE, OWNER, Caller, Filter

AT = "2026-12-01T00:00:00.000000+00:00"
TURNS = 7


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.scopes", description=__doc__.partition("\n")[0])
    parser.add_argument("--documents", type=int, default=100_000, help="how many (100,000)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        catalog = open_database(Path(folder))
        with catalog.write() as db:
            _add(db, range(options.documents))
        print(f"| {options.documents:,} documents, ms | owner | public |\n|---|---|---|")
        for what, measured in (
            ("all collections counted", _counted),
            ("is there such a collection", _looked_for),
            ("what may be searched, read anew", lambda *given: _after_a_commit(*given, followed=False)),
            ("the same after a commit, followed", lambda *given: _after_a_commit(*given, followed=True)),
            ("the same after an access list was changed", _after_a_grant),
        ):
            print(f"| {what} | {measured(catalog, OWNER):.1f} | {measured(catalog, ANYONE):.1f} |")
        catalog.close()
    return 0


def _counted(catalog: Database, caller: Caller) -> float:
    with catalog.read() as db:
        return statistics.median(_ms(lambda: access.collections(db, caller)) for _ in range(TURNS))


def _looked_for(catalog: Database, caller: Caller) -> float:
    with catalog.read() as db:
        return statistics.median(_ms(lambda: access.has_collection(db, "c1", caller)) for _ in range(TURNS))


def _after_a_commit(catalog: Database, caller: Caller, *, followed: bool) -> float:
    def change(db: Any, turn: int) -> None:
        _add(db, [turn])

    return statistics.median(_after(catalog, caller, change, followed=followed))


def _after_a_grant(catalog: Database, caller: Caller) -> float:
    def change(db: Any, turn: int) -> None:
        set_access(db, _id(turn % 10), [f"group:{turn}"])

    return statistics.median(_after(catalog, caller, change, followed=True))


def _after(
    catalog: Database, caller: Caller, change: Callable[[Any, int], None], *, followed: bool
) -> Iterator[float]:
    found: list[Scope] = []

    def read() -> None:
        with catalog.read() as db:
            before = found[-1] if found and followed else None
            found.append(access.read_scope(db, caller, Filter(), before))

    read()
    for _ in range(TURNS):
        with catalog.write() as db:
            change(db, time.time_ns())
        yield _ms(read)


def _add(db: Any, numbers: Sequence[int]) -> None:
    db.execute(insert(schema.documents), [_document(one) for one in numbers])
    db.execute(insert(schema.versions), [_version(one) for one in numbers])
    db.execute(
        insert(schema.access),
        [{"document_id": _id(one), "principal": "public" if one % 10 else "group:hr"} for one in numbers],
    )
    db.execute(
        insert(schema.changes), [{"kind": "add", "version_id": _own(one), "at": AT} for one in numbers]
    )


def _document(number: int) -> dict[str, Any]:
    return {
        "id": _id(number),
        "collection": f"c{number % 3}",
        "root": "/home/company/documents",
        "path": f"a folder/{number % 100}/a document's name {number}.md",
        "live_version_id": _own(number),
        "metadata": {},
        "created_at": AT,
    }


def _version(number: int) -> dict[str, Any]:
    content = b"%d" % (number // 10 if number % 100 == 0 else number)
    return {
        "id": _own(number),
        "document_id": _id(number),
        "number": 1,
        "state": "live",
        "sha256": hashlib.sha256(content).hexdigest(),
        "size_bytes": 1000,
        "modified": AT,
        "fingerprint": "f" * 64,
        "title": f"The title of document {number}",
        "content_type": "text/markdown",
        "language": "en",
        "metadata": {},
        "notes": [],
        "chars": 1000,
        "page_count": 1,
        "chunk_count": 1,
        "vector_count": 1,
        "committed_at": AT,
        "text_hash": hashlib.md5(content).digest(),
    }


def _id(number: int) -> str:
    return hashlib.md5(b"%d" % number).hexdigest()[:16]


def _own(number: int) -> int:
    return number + 1


def _ms(work: Callable[[], object]) -> float:
    began = time.thread_time()
    work()
    return (time.thread_time() - began) * 1000


if __name__ == "__main__":
    raise SystemExit(main())
