"""Folding, opening, failing and retrying, all behind the searches' back."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from corpus.child import FeedAddress
from corpus.errors import StorageError, UnavailableError
from corpus.vectors import EmbeddedChromaIndex, ExactIndex, FoldPolicy, folding
from corpus.vectors import build as building
from corpus.vectors.graph import Graph, GraphError
from tests.corpus.dense import (
    EAGER,
    PATIENT,
    SPACE,
    always_ask_chroma,
    build_here,
    open_embedded,
    oracle,
    same,
    wait_until,
)
from tests.corpus.vector_feed import SqliteFeed, clustered, open_feed

D = 16


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def feed(tmp_path: Path) -> SqliteFeed:
    return SqliteFeed(tmp_path / "catalog.db")


@pytest.fixture
def clock() -> Clock:
    return Clock()


Open = Callable[..., EmbeddedChromaIndex]


@pytest.fixture
def open_index(
    feed: SqliteFeed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> Iterator[Open]:
    build_here(monkeypatch)
    opened: list[EmbeddedChromaIndex] = []

    def make(policy: FoldPolicy = PATIENT, one_shot: bool = False) -> EmbeddedChromaIndex:
        index = EmbeddedChromaIndex(
            feed,
            tmp_path / "dense",
            SPACE,
            D,
            child_feed=FeedAddress("tests.corpus.vector_feed:open_feed", feed.path),
            policy=policy,
            one_shot=one_shot,
            clock=clock,
        )
        opened.append(index)
        return index

    yield make
    for index in opened:
        index.close()


def fill(feed: SqliteFeed, rows: int, first: int = 1, per: int = 10) -> None:
    rng = np.random.default_rng(first)
    vectors, ids = clustered(rng, rows, D), rng.choice(1 << 62, rows, replace=False)
    for start in range(0, rows, per):
        feed.add(first + start // per, ids[start : start + per], vectors[start : start + per])


def names(tmp_path: Path, pattern: str = "gen-*") -> list[str]:
    return sorted(path.name for path in (tmp_path / "dense").glob(pattern))


def test_the_delta_is_folded_when_it_is_large(open_index: Open, feed: SqliteFeed, clock: Clock) -> None:
    index = open_index(FoldPolicy(delta_rows=100, idle_rows=10**9, tick_s=0.02))
    fill(feed, 100)
    index.follow()
    clock.now += 10
    assert not index._must_fold()
    fill(feed, 10, first=500)
    index.follow()
    wait_until(lambda: index.state().generation == 1)
    assert index.state().delta_rows == 0


def test_the_delta_is_folded_when_it_is_a_quarter_of_the_generation(
    open_index: Open, feed: SqliteFeed, clock: Clock
) -> None:
    fill(feed, 400)
    index = open_index(FoldPolicy(delta_rows=10, idle_rows=10**9, repair_after_s=1e9))
    index.fold()
    fill(feed, 100, first=500)
    index.follow()
    clock.now += 2e9
    assert not index._must_fold()
    feed.remove(1)
    index.follow()
    assert index._must_fold()


def test_a_small_delta_is_folded_once_it_has_rested(open_index: Open, feed: SqliteFeed, clock: Clock) -> None:
    index = open_index(FoldPolicy(idle_rows=50, idle_s=60, tick_s=1e9))
    fill(feed, 50)
    clock.now += 100
    index.follow()
    clock.now += 59
    assert not index._must_fold()
    clock.now += 1
    assert index._must_fold()


@pytest.mark.parametrize("rows", [20, 21])
def test_a_small_corpus_needs_no_generation_and_gets_one_when_it_has_rested(
    open_index: Open, feed: SqliteFeed, clock: Clock, rows: int
) -> None:
    """Nobody waits for the graph over so few vectors that comparing each takes a millisecond or two."""
    fill(feed, rows)
    index = open_index(FoldPolicy(scan_rows=20, repair_after_s=30, tick_s=1e9))
    state = index.state()
    assert (state.mode, state.unbuilt, state.broken) == ("exact", rows > 20, False)
    assert state.problem.startswith("There is no dense index yet" if rows > 20 else "")
    assert bool(state.problem) is (rows > 20)
    clock.now += 59
    assert index._must_fold() is (rows > 20)
    clock.now += 1
    assert index._must_fold()
    index.fold()
    state = index.state()
    assert (state.generation, state.unbuilt, state.problem) == (1, False, "")


def test_a_fold_covers_what_was_committed_before_it(
    open_index: Open, feed: SqliteFeed, tmp_path: Path
) -> None:
    fill(feed, 200)
    index = open_index()
    index.fold()
    feed.remove(3)
    index.fold()
    assert index.state().generation == 2
    assert index.state().delta_rows == 0
    [folder] = names(tmp_path)
    versions = np.fromfile(tmp_path / "dense" / folder / "versions.i64", np.int64)
    assert 3 not in versions
    assert len(versions) == 190


def test_folding_away_everything_leaves_an_empty_generation(
    open_index: Open, feed: SqliteFeed, tmp_path: Path
) -> None:
    fill(feed, 20)
    index = open_index()
    index.fold()
    feed.remove(1)
    feed.remove(2)
    index.fold()
    assert len(index.search(clustered(np.random.default_rng(1), 1, D)[0], 5)) == 0
    index.close()
    assert not any((tmp_path / "dense").rglob("chroma.sqlite3"))
    index = open_index()
    assert index.state().problem == ""
    fill(feed, 20, first=50)
    index.follow()
    assert index.state().rows == 20


def test_a_failed_build_is_said_and_tried_again_less_and_less_often(
    open_index: Open, feed: SqliteFeed, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[float] = []

    def fail(address: FeedAddress, folder: Path, *_: object) -> None:
        tries.append(clock.now)
        folder.mkdir(parents=True)
        raise OSError(28, "No space left on device")

    fill(feed, 200)
    index = open_index(FoldPolicy(repair_after_s=1e9, retry_first_s=5, retry_most_s=15, tick_s=0.01))
    here = folding.build_in_child
    monkeypatch.setattr(folding, "build_in_child", fail)
    with pytest.raises(StorageError, match="No space left"):
        index.fold()
    assert "No space left" in index.state().problem
    assert names(tmp_path) == []
    query = clustered(np.random.default_rng(1), 1, D)[0]
    assert same(index.search(query, 10), oracle(feed, query, 10))
    for expected in (2, 3, 4, 5):
        before = clock.now
        while len(tries) < expected:
            clock.now += 0.5
            threading.Event().wait(0.03)
        assert clock.now - before >= min(5 * 2 ** (expected - 2), 15) - 1.0
    monkeypatch.setattr(folding, "build_in_child", here)
    clock.now += 20
    wait_until(lambda: index.state().generation == 1)
    assert index.state().problem == ""


def test_chroma_failing_at_a_query_is_answered_and_rebuilt(
    open_index: Open, feed: SqliteFeed, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    always_ask_chroma(monkeypatch)
    fill(feed, 200)
    index = open_index(EAGER)
    clock.now += 1
    wait_until(lambda: index.state().generation == 1)
    index.warm()
    assert index.state().mode == "chroma"
    real = Graph.nearest

    def fail(self: Graph, query: np.ndarray, n: int) -> np.ndarray:
        raise GraphError("InternalError: Error finding id")

    clock.now -= 0.5
    index._retry_at = clock.now + 1
    monkeypatch.setattr(Graph, "nearest", fail)
    query = clustered(np.random.default_rng(1), 1, D)[0]
    expected = oracle(feed, query, 10)
    assert same(index.search(query, 10), expected)
    assert "Error finding id" in index.state().problem
    assert index.state().mode == "exact"
    assert same(index.search(query, 10), expected)
    monkeypatch.setattr(Graph, "nearest", real)
    clock.now += 2
    wait_until(lambda: index.state().generation == 2 and index.state().mode == "chroma")
    assert index.state().problem == ""
    assert same(index.search(query, 10), expected)


def test_a_graph_that_loses_its_rows_is_not_searched(
    open_index: Open, feed: SqliteFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "check_graph", lambda *_: 0.5)
    fill(feed, 200)
    index = open_index()
    index.fold()
    index.warm()
    state = index.state()
    assert (state.mode, state.generation) == ("exact", 1)
    assert "50%" in state.problem
    query = clustered(np.random.default_rng(1), 1, D)[0]
    assert same(index.search(query, 10), oracle(feed, query, 10))
    assert not index._must_fold()


def test_a_generation_that_lacks_rows_is_never_swapped_in(
    open_index: Open, feed: SqliteFeed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = building.write_graph
    monkeypatch.setattr(building, "write_graph", lambda a, b, c, rows: real(a, b, c, rows[:-1]))
    fill(feed, 200)
    index = open_index()
    with pytest.raises(StorageError, match="not the 200"):
        index.fold()
    assert names(tmp_path) == []
    assert index.state().generation == 0


def test_a_retired_generation_lives_until_its_last_reader_is_done(
    open_index: Open, feed: SqliteFeed, tmp_path: Path
) -> None:
    fill(feed, 300)
    index = open_index()
    index.fold()
    index.warm()
    [old] = names(tmp_path)
    with index._reading() as view:
        fill(feed, 10, first=900)
        index.fold()
        assert old in names(tmp_path)
        assert view.base is not None
        assert view.base.graph is None or len(view.base.graph.nearest(view.rows.vectors[0], 5)) == 5
    wait_until(lambda: old not in names(tmp_path))
    assert len(names(tmp_path, "open-*")) <= 1


def test_closing_ends_a_build_under_way(feed: SqliteFeed, tmp_path: Path) -> None:
    fill(feed, 300)
    index = open_embedded(feed, tmp_path / "dense", D)
    failed: list[Exception] = []

    def fold() -> None:
        try:
            index.fold()
        except StorageError as error:
            failed.append(error)

    thread = threading.Thread(target=fold)
    thread.start()
    wait_until(lambda: index.state().rebuilding)
    index.close()
    thread.join()
    assert len(failed) == 1
    assert names(tmp_path) == []
    with pytest.raises(UnavailableError):
        index.search(np.ones(D, np.float32), 1)


def test_a_one_shot_process_never_imports_chroma(open_index: Open, feed: SqliteFeed, tmp_path: Path) -> None:
    fill(feed, 300)
    open_index().fold()
    feed.remove(7)
    fill(feed, 10, first=900)
    program = f"""
import sys
import numpy as np
from pathlib import Path
from tests.corpus.dense import open_embedded
from tests.corpus.vector_feed import SqliteFeed, clustered
index = open_embedded(SqliteFeed({feed.path!r}), Path({str(tmp_path / "dense")!r}), {D}, one_shot=True)
print(index.search(clustered(np.random.default_rng(1), 1, {D})[0], 10).ids.tolist())
index.close()
assert "chromadb" not in sys.modules
"""
    said = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    query = clustered(np.random.default_rng(1), 1, D)[0]
    assert said.strip() == str(ExactIndex(feed, D).search(query, 10).ids.tolist())


def test_chroma_is_opened_only_when_a_search_asks(open_index: Open, feed: SqliteFeed, tmp_path: Path) -> None:
    fill(feed, 300)
    index = open_index()
    index.fold()
    assert names(tmp_path, "open-*") == []
    query = clustered(np.random.default_rng(1), 1, D)[0]
    assert same(index.search(query, 10), oracle(feed, query, 10))
    wait_until(lambda: index.state().mode == "chroma")
    assert len(names(tmp_path, "open-*")) == 1
    index.close()
    assert names(tmp_path, "open-*") == []


def test_the_generation_is_not_written_by_searching(
    open_index: Open, feed: SqliteFeed, tmp_path: Path
) -> None:
    fill(feed, 300)
    index = open_index()
    index.fold()
    index.warm()
    for query in clustered(np.random.default_rng(1), 20, D):
        index.search(query, 10)
    index.close()
    assert open_index().state().problem == ""


def test_the_builder_does_not_import_from_the_folder_it_starts_in(
    feed: SqliteFeed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = tmp_path / "trap"
    (trap / "corpus").mkdir(parents=True)
    (trap / "corpus" / "__init__.py").write_text("raise SystemExit('trapped')")
    (trap / "json.py").write_text("raise SystemExit('trapped')")
    monkeypatch.chdir(trap)
    fill(feed, 20)
    index = open_embedded(feed, tmp_path / "dense", D)
    index.fold()
    assert index.state().generation == 1
    index.close()


def test_the_feed_that_children_open_is_the_same(feed: SqliteFeed) -> None:
    fill(feed, 20)
    with feed.snapshot() as mine, open_feed(feed.path).snapshot() as theirs:
        assert mine.seq == theirs.seq
        assert mine.vector_count() == theirs.vector_count() == 20
