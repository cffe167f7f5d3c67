"""Receipts on disk: kept whole, gone in time and with the documents they quote, and never in an answer's way."""

from __future__ import annotations

import secrets
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.catalog import Database, documents, open_database, records
from corpus.catalog.committing import commit_version
from corpus.errors import DamagedError, NotFoundError, StorageError
from corpus.receipts import FILE_NAME, NewReceipt, Receipts
from tests.builders import SPACE, new_version

NAMES = [f"{name}.txt" for name in "abcd"]


def put_all(catalog: Database, paths: list[str]) -> list[str]:
    with catalog.write() as db:
        if records.space(db) is None:
            records.choose_space(db, SPACE)
        return [commit_version(db, new_version(path, [path])).document_id for path in paths]


def put(catalog: Database, path: str) -> str:
    return put_all(catalog, [path])[0]


def receipt(
    number: int,
    *quoted: str,
    body: object = None,
    said: str = "",
    repeated: tuple[str, ...] = (),
    age: float = 0,
) -> NewReceipt:
    moment = datetime.now(UTC) - timedelta(days=age)
    return NewReceipt(f"{number:016x}", moment, {"said": body}, frozenset(quoted), said, repeated)


@pytest.fixture
def kept(catalog: Database) -> Iterator[Receipts]:
    opened = Receipts(catalog, days=30)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One catalog for many examples."""
    with closing(open_database(tmp_path_factory.mktemp("home"))) as catalog:
        yield catalog


FIRST = 10
"""Ids begin here: a row holds the year behind the id, and sixteen noughts before 2026 would read as the id of 2."""

TEXT = st.text(st.characters() | st.sampled_from("\x00\ud800\udfff休暇”\u2028"))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | TEXT,
        lambda more: st.lists(more) | st.dictionaries(TEXT, more),
        max_leaves=6,
    )
)
@settings(max_examples=40)
def test_what_is_kept_is_given_back(home: Database, body: object) -> None:
    own = secrets.token_hex(8)
    with closing(Receipts(home, days=30)) as kept:
        kept.keep(receipt(int(own, 16), body=body))
    with closing(Receipts(home, days=30)) as kept:
        assert kept.get(own).body == {"said": body}


@given(
    st.lists(st.sets(st.integers(0, 3), max_size=3), min_size=1, max_size=6),
    st.lists(st.none() | st.integers(0, 5), min_size=6, max_size=6),
    st.sets(st.integers(0, 3)),
)
@settings(max_examples=15)
def test_no_receipt_outlives_a_document_that_it_quotes(
    home: Database, quotes: list[set[int]], repeats: list[int | None], erased: set[int]
) -> None:
    """Each receipt quotes some documents, and maybe repeats what an earlier one (or nobody) said."""
    (home.path.parent / FILE_NAME).unlink(missing_ok=True)
    ids = put_all(home, NAMES)
    words = [f"said-{number}-" + secrets.token_hex(4) for number in range(6)]
    with closing(Receipts(home, days=30)) as kept:
        wanted: list[set[int] | None] = []  # None: nobody knows what it quotes
        for number, own in enumerate(quotes):
            again = repeats[number]
            repeated = () if again is None else (words[again],)
            said = words[number]
            kept.keep(
                receipt(
                    FIRST + number,
                    *(ids[one] for one in own),
                    body=[said, *repeated],
                    said=said,
                    repeated=repeated,
                )
            )
            earlier = set() if again is None else wanted[again] if again < number else None
            wanted.append(None if earlier is None else own | earlier)
        with home.write() as db:
            for one in erased:
                documents.erase(db, ids[one])
        told = kept.forget_erased()
        left = {one.id for one in kept.recent(99)}
        stays = {
            f"{FIRST + n:016x}" for n, about in enumerate(wanted) if about is not None and not about & erased
        }
        assert left == stays
        assert told.startswith(f"{len(quotes) - len(stays)} deleted")
        assert kept.quoting([ids[one] for one in erased]) == 0
    raw = b"".join(path.read_bytes() for path in home.path.parent.glob(f"{FILE_NAME}*"))
    for number in range(len(quotes)):
        own_id = f"{FIRST + number:016x}"
        assert (own_id.encode() in raw) == (own_id in stays)


def test_a_document_that_is_erased_meanwhile_leaves_no_receipt(catalog: Database, kept: Receipts) -> None:
    gone, there = put(catalog, "a.txt"), put(catalog, "b.txt")
    kept.keep(receipt(1, there))
    with catalog.write() as db:
        documents.erase(db, gone)
    with pytest.raises(NotFoundError, match="erased meanwhile"):
        kept.keep(receipt(2, gone, there))
    assert [one.id for one in kept.recent(9)] == [f"{1:016x}"]


def test_a_receipt_is_kept_for_its_time_and_no_longer(catalog: Database, kept: Receipts) -> None:
    kept.keep(receipt(1, body="zyzzyva", age=29.99))
    kept.keep(receipt(2, body="zyzzyva", age=30.01))
    assert [one.id for one in kept.recent(9)] == [f"{1:016x}"]
    with pytest.raises(NotFoundError) as caught:
        kept.get(f"{2:016x}")
    assert caught.value.code == "unknown_receipt"
    with closing(Receipts(catalog, days=7)) as shorter:
        assert shorter.recent(9) == []
        shorter.prune()
        raw = b"".join(path.read_bytes() for path in kept.path.parent.glob(f"{FILE_NAME}*"))
    assert b"zyzzyva" not in raw
    assert kept.recent(9) == []


def test_the_next_receipt_takes_old_ones_with_it(kept: Receipts) -> None:
    for number in range(3):
        kept.keep(receipt(number, age=31))
    kept.keep(receipt(9))
    with sqlite3.connect(kept.path) as db:
        assert db.execute("SELECT count(*) FROM receipts").fetchone() == (1,)
    db.close()


def test_without_receipts_there_is_no_file(tmp_path: Path, catalog: Database, kept: Receipts) -> None:
    assert kept.recent(9) == []
    assert kept.check() == []
    assert kept.forget_erased() == "none was ever kept"
    kept.prune()
    assert not (tmp_path / FILE_NAME).exists()
    assert not Receipts(catalog, days=0).kept


def test_only_its_owner_may_read_the_file(kept: Receipts) -> None:
    kept.keep(receipt(1))
    modes = {path.stat().st_mode & 0o777 for path in kept.path.parent.glob(f"{FILE_NAME}*")}
    assert modes == {0o600}


def fill(kept: Receipts) -> None:
    for number in range(2, 40):
        kept.keep(receipt(number, body="x" * 200_000))


# ---- faults ----------------------------------------------------------------------------------------


def test_a_locked_file_is_told_and_what_was_kept_stays(kept: Receipts) -> None:
    kept.keep(receipt(1))
    with closing(sqlite3.connect(kept.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match="locked") as caught:
            kept.keep(receipt(2))
        assert caught.value.code == "busy"
        assert kept.get(f"{1:016x}")
    kept.keep(receipt(2))


@pytest.mark.parametrize("damage", ["header", "pages", "text"])
def test_a_damaged_file_is_told_can_be_moved_away_and_goes_with_an_erasure(
    tmp_path: Path, catalog: Database, damage: str
) -> None:
    with closing(Receipts(catalog, days=30)) as first:
        for number in range(40):
            first.keep(receipt(number, body="words " * 400))
    path = tmp_path / FILE_NAME
    data = bytearray(path.read_bytes())
    if damage == "header":
        data[:100] = b"x" * 100
    elif damage == "pages":
        data[4096:] = b"\xff" * (len(data) - 4096)
    else:
        path.write_bytes(b"no database at all")
    if damage != "text":
        path.write_bytes(data)
    with closing(Receipts(catalog, days=30)) as broken:
        with pytest.raises(DamagedError, match=r"receipts file .* is damaged") as caught:
            broken.keep(receipt(99))
        assert FILE_NAME in caught.value.hint
        assert broken.check()
        path.rename(tmp_path / "away")
        broken.keep(receipt(99))  # a new file, at once
        assert [one.id for one in broken.recent(9)] == [f"{99:016x}"]
    (tmp_path / "away").rename(path)
    with closing(Receipts(catalog, days=30)) as broken:
        assert "damaged" in broken.forget_erased()
        assert not path.exists()
        broken.keep(receipt(99))


def test_a_newer_file_is_left_alone(kept: Receipts, catalog: Database) -> None:
    kept.keep(receipt(1))
    kept.close()
    with closing(sqlite3.connect(kept.path)) as db:
        db.execute("PRAGMA user_version=9")
    with pytest.raises(StorageError, match="format 9") as caught:
        kept.keep(receipt(2))
    assert caught.value.code == "newer_schema"


def test_a_full_disk_is_told_and_earlier_receipts_are_read(
    small_disk: Callable[[int], AbstractContextManager[Path]],
) -> None:
    with small_disk(2) as folder, closing(open_database(folder)) as catalog:
        with closing(Receipts(catalog, days=30)) as kept:
            kept.keep(receipt(1))
            with pytest.raises(StorageError) as caught:
                fill(kept)
            assert caught.value.code == "disk_full"
            assert kept.get(f"{1:016x}")
        careful = Receipts(catalog, days=30, spare_bytes=1 << 40)
        with pytest.raises(StorageError, match="nearly full"):
            careful.keep(receipt(99))


def test_a_read_only_folder_gives_the_receipts_that_it_has(
    tmp_path: Path, read_only_folder: Callable[[Path], AbstractContextManager[Path]]
) -> None:
    with closing(open_database(tmp_path)) as catalog, closing(Receipts(catalog, days=30)) as kept:
        kept.keep(receipt(1, body="travel"))
    with read_only_folder(tmp_path) as folder, closing(open_database(folder)) as catalog:
        assert catalog.read_only
        with closing(Receipts(catalog, days=30)) as kept:
            assert kept.get(f"{1:016x}").body == {"said": "travel"}
            assert kept.check() == []
            with pytest.raises(StorageError) as caught:
                kept.keep(receipt(2))
        assert caught.value.code == "read_only"


LOOP = """
import sys
from pathlib import Path
from corpus.catalog import open_database
from corpus.receipts import Receipts
from tests.corpus.test_receipt_store import receipt
kept = Receipts(open_database(Path(sys.argv[1])), days=30)
for number in range(100_000):
    kept.keep(receipt(number, body="words " * 200))
    print(number, flush=True)
"""


def test_a_killed_writer_loses_the_last_receipt_at_most(tmp_path: Path) -> None:
    ran = subprocess.Popen([sys.executable, "-c", LOOP, str(tmp_path)], stdout=subprocess.PIPE)
    assert ran.stdout is not None
    told = [int(ran.stdout.readline()) for _ in range(60)]
    ran.send_signal(signal.SIGKILL)
    told += [int(line) for line in ran.stdout.read().split(b"\n") if line.strip()]
    ran.stdout.close()
    ran.wait()
    with closing(open_database(tmp_path)) as catalog, closing(Receipts(catalog, days=30)) as kept:
        found = [int(one.id, 16) for one in kept.recent(100_000)]
        assert sorted(found)[: len(told)] == told
        assert len(found) <= len(told) + 1
        assert kept.check() == []
