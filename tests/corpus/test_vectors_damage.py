"""Whatever happens to a generation's files while nobody looks: it is said, answered, and mended."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest

from corpus.durable import unfinished
from corpus.errors import DamagedError, StorageError
from corpus.vectors import ExactIndex
from corpus.vectors import generation as files
from tests.corpus.dense import EAGER, build_here, open_embedded, overlap, wait_until
from tests.corpus.vector_feed import SqliteFeed, clustered

D, ROWS = 16, 400


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a catalog and an intact generation, built by a real child."""
    folder = tmp_path_factory.mktemp("whole")
    feed = SqliteFeed(folder / "catalog.db")
    rng = np.random.default_rng(3)
    vectors, ids = clustered(rng, ROWS, D), rng.choice(1 << 62, ROWS, replace=False)
    for version in range(20):
        rows = slice(version * 20, version * 20 + 20)
        feed.add(version + 1, ids[rows], vectors[rows])
    index = open_embedded(feed, folder / "dense", D)
    index.fold()
    index.close()
    return folder


@pytest.fixture
def folder(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    build_here(monkeypatch)
    return Path(shutil.copytree(whole, tmp_path / "data"))


def find(folder: Path, name: str) -> Path:
    """Returns the file of that name, wherever in the dense folder it is."""
    found = [path for path in (folder / "dense").rglob("*") if path.name == name]
    assert len(found) == 1, (name, found)
    return found[0]


def delete(path: Path) -> None:
    path.unlink()


def truncate(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def flip_first(path: Path) -> None:
    _flip(path, 0)


def flip_middle(path: Path) -> None:
    _flip(path, path.stat().st_size // 2)


def flip_last(path: Path) -> None:
    _flip(path, path.stat().st_size - 1)


def _flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 0x10
    path.write_bytes(data)


def answers_like_the_oracle(feed: SqliteFeed, folder: Path) -> None:
    index, exact = open_embedded(feed, folder / "dense", D, policy=EAGER), ExactIndex(feed, D)
    try:
        state = index.state()
        assert state.problem, "the damage was not noticed"
        assert state.mode == "exact"
        queries = clustered(np.random.default_rng(8), 10, D)
        for query in queries:
            found, expected = index.search(query, 10), exact.search(query, 10)
            assert np.array_equal(found.ids, expected.ids)
            assert np.array_equal(found.scores, expected.scores)
        wait_until(lambda: not index.state().problem)
        index.warm()
        state = index.state()
        assert (state.mode, state.rows, state.delta_rows, state.problem) == ("chroma", ROWS, 0, "")
        shares = [overlap(index.search(query, 10), exact.search(query, 10)) for query in queries]
        assert np.mean(shares) >= 0.99
        wait_until(lambda: len(list((folder / "dense").glob("gen-*"))) == 1)
    finally:
        index.close()
    reopened = open_embedded(feed, folder / "dense", D)
    assert reopened.state().problem == ""
    reopened.close()


FILES = [
    files.POINTER,
    files.MANIFEST,
    files.VECTORS,
    files.IDS,
    files.VERSIONS,
    files.FIRST,
    "chroma.sqlite3",
    "data_level0.bin",
    "header.bin",
    "index_metadata.pickle",
    "length.bin",
    "link_lists.bin",
]


def test_the_list_of_files_is_complete(whole: Path) -> None:
    assert sorted(FILES) == sorted(p.name for p in (whole / "dense").rglob("*") if p.is_file())


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", [delete, truncate, flip_first, flip_middle, flip_last])
def test_a_damaged_file_is_noticed_answered_and_mended(
    folder: Path, name: str, damage: Callable[[Path], None]
) -> None:
    path = find(folder, name)
    if not path.stat().st_size and damage is not delete:
        damage = delete  # Chroma leaves some of its files empty when there are few rows
    damage(path)
    answers_like_the_oracle(SqliteFeed(folder / "catalog.db"), folder)


@pytest.mark.parametrize("what", ["dense", "gen-*", "gen-*/chroma"])
def test_a_deleted_folder_is_noticed_answered_and_mended(folder: Path, what: str) -> None:
    target = folder / "dense" if what == "dense" else next((folder / "dense").glob(what))
    shutil.rmtree(target)
    answers_like_the_oracle(SqliteFeed(folder / "catalog.db"), folder)


@pytest.mark.parametrize("line", [b"", b"\0" * 40, b"gen-000001-../../../etc 00000000\n", "日本".encode()])
def test_a_pointer_to_anything_else_is_noticed_answered_and_mended(folder: Path, line: bytes) -> None:
    (folder / "dense" / files.POINTER).write_bytes(line)
    answers_like_the_oracle(SqliteFeed(folder / "catalog.db"), folder)


def test_an_index_newer_than_the_catalog_is_not_believed(folder: Path, tmp_path: Path) -> None:
    earlier = SqliteFeed(tmp_path / "earlier.db")
    rng = np.random.default_rng(4)
    earlier.add(1, range(ROWS), clustered(rng, ROWS, D))
    answers_like_the_oracle(earlier, folder)


def test_an_index_over_other_rows_than_the_catalog_is_not_believed(folder: Path, tmp_path: Path) -> None:
    other = SqliteFeed(tmp_path / "other.db")
    rng = np.random.default_rng(4)
    for version in range(1, 31):
        other.add(version, range(version * 100, version * 100 + 20), clustered(rng, 20, D))
    for version in range(1, 11):
        other.remove(version)
    answers_like_the_oracle(other, folder)


def test_an_index_of_another_embedding_space_is_not_searched(folder: Path) -> None:
    feed = SqliteFeed(folder / "catalog.db")
    index = open_embedded(feed, folder / "dense", D, policy=EAGER, space="f" * 16)
    assert "another embedding space" in index.state().problem
    wait_until(lambda: not index.state().problem)
    index.close()


def test_what_crashed_owners_left_is_swept(folder: Path) -> None:
    dense = folder / "dense"
    for name in ("gen-000007-0123456789ab", "open-0123456789ab"):
        (dense / name / "chroma").mkdir(parents=True)
    unfinished(dense / "CURRENT").write_text("half")
    current = files.read_pointer(dense)
    open_embedded(SqliteFeed(folder / "catalog.db"), dense, D).close()
    assert sorted(path.name for path in dense.iterdir()) == ["CURRENT", current]


def test_on_a_read_only_disk_the_exact_scan_answers(
    folder: Path, read_only_folder: Callable[[Path], AbstractContextManager[Path]]
) -> None:
    feed = SqliteFeed(folder / "catalog.db")
    exact = ExactIndex(feed, D)
    with read_only_folder(folder / "dense") as dense:
        index = open_embedded(feed, dense, D, policy=EAGER)
        try:
            index.warm()
            assert index.state().mode == "exact"
            assert "Read-only file system" in index.state().problem
            query = clustered(np.random.default_rng(1), 1, D)[0]
            assert np.array_equal(index.search(query, 10).ids, exact.search(query, 10).ids)
            with pytest.raises(StorageError) as error:
                index.fold()
            assert error.value.code == "fold_failed"
            assert np.array_equal(index.search(query, 10).ids, exact.search(query, 10).ids)
        finally:
            index.close()


@pytest.fixture
def full_disk(small_disk: Callable[[int], AbstractContextManager[Path]]) -> Iterator[Path]:
    with small_disk(2) as disk:
        yield disk


def test_on_a_full_disk_the_exact_scan_answers(folder: Path, full_disk: Path) -> None:
    feed = SqliteFeed(folder / "catalog.db")
    dense = Path(shutil.copytree(folder / "dense", full_disk / "dense"))
    with (full_disk / "ballast").open("wb") as ballast:
        ballast.write(b"x" * shutil.disk_usage(full_disk).free)
    exact, index = ExactIndex(feed, D), open_embedded(feed, dense, D, policy=EAGER)
    try:
        index.warm()
        assert index.state().mode == "exact"
        assert index.state().problem
        query = clustered(np.random.default_rng(1), 1, D)[0]
        assert np.array_equal(index.search(query, 10).ids, exact.search(query, 10).ids)
        with pytest.raises(StorageError, match="MB free"):
            index.fold()
        assert np.array_equal(index.search(query, 10).ids, exact.search(query, 10).ids)
    finally:
        index.close()


def test_what_a_killed_builder_left_is_no_damage_and_a_finished_generation_without_a_pointer_is(
    tmp_path: Path,
) -> None:
    """Else the job after a kill amid the first large build would wait for the whole of it."""
    left = tmp_path / files.new_name(1)
    left.mkdir()
    (left / files.VECTORS).write_bytes(b"half")
    assert files.read_pointer(tmp_path) == ""
    (left / files.MANIFEST).write_text("{}", encoding="ascii")
    with pytest.raises(DamagedError):
        files.read_pointer(tmp_path)
