"""What every dense index must do, whatever stands behind it."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from corpus.errors import EmbeddingError
from corpus.projection import DenseIndex
from corpus.vectors import ExactIndex, reduction
from tests.corpus.dense import (
    always_ask_chroma,
    build_here,
    open_embedded,
    open_server,
    oracle,
    overlap,
    same,
    wait_until,
)
from tests.corpus.vector_feed import SqliteFeed, clustered, unit

D = 24


@pytest.fixture
def feed(tmp_path: Path) -> SqliteFeed:
    return SqliteFeed(tmp_path / "catalog.db")


Open = Callable[[], DenseIndex]


@pytest.fixture(params=["exact", "embedded", "reduced", "server"])
def open_index(
    request: pytest.FixtureRequest, feed: SqliteFeed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Open]:
    build_here(monkeypatch)
    if request.param == "reduced":
        monkeypatch.setattr(reduction, "REDUCED_FROM", 1)
        monkeypatch.setattr(reduction, "STEP", 1)
    opened: list[DenseIndex] = []
    corpus_id = uuid.uuid4().hex[:12]

    def make() -> DenseIndex:
        index: DenseIndex
        if request.param == "exact":
            index = ExactIndex(feed, D)
        elif request.param in ("embedded", "reduced"):
            index = open_embedded(feed, tmp_path / "dense", D)
        else:
            index = open_server(feed, request.getfixturevalue("server_url"), D, corpus_id)
        opened.append(index)
        return index

    yield make
    for index in opened:
        index.close()


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def settle(index: DenseIndex) -> None:
    """Folds, and has Chroma answer from now on where there is one."""
    index.fold()
    index.warm()  # type: ignore[attr-defined]
    state = index.state()
    assert state.problem == ""
    assert state.mode in ("exact", "chroma", "server")
    if not isinstance(index, ExactIndex) and state.rows > 4:
        assert state.mode != "exact"


def fill(feed: SqliteFeed, rng: np.random.Generator, versions: int, per: int = 6, first: int = 1) -> None:
    vectors = clustered(rng, versions * per, D)
    ids = rng.choice(1 << 62, versions * per, replace=False)
    for number in range(versions):
        rows = slice(number * per, number * per + per)
        feed.add(first + number, ids[rows], vectors[rows])


def test_an_empty_corpus_finds_nothing(open_index: Open) -> None:
    index = open_index()
    assert len(index.search(unit(np.ones(D)), 10)) == 0
    index.fold()
    state = index.state()
    assert (state.seq, state.rows, state.delta_rows) == (0, 0, 0)


def test_what_was_committed_is_found_at_once_and_after_a_fold(
    open_index: Open, feed: SqliteFeed, rng: np.random.Generator
) -> None:
    index = open_index()
    fill(feed, rng, 60)
    index.follow()
    queries = clustered(rng, 10, D)
    before = [index.search(query, 10) for query in queries]
    assert all(same(found, oracle(feed, query, 10)) for found, query in zip(before, queries, strict=True))
    settle(index)
    after = [index.search(query, 10) for query in queries]
    assert np.mean([overlap(a, b) for a, b in zip(after, before, strict=True)]) >= 0.99
    fill(feed, rng, 5, first=1000)
    index.follow()
    newest = [index.search(query, 10) for query in queries]
    expected = [oracle(feed, query, 10) for query in queries]
    assert np.mean([overlap(a, b) for a, b in zip(newest, expected, strict=True)]) >= 0.99
    assert index.state().rows == 65 * 6


def test_what_was_removed_is_never_found_again(
    open_index: Open, feed: SqliteFeed, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    always_ask_chroma(monkeypatch)
    index = open_index()
    fill(feed, rng, 40)
    index.follow()
    settle(index)
    with feed.snapshot() as snapshot:
        gone = {
            int(i): v
            for b in snapshot.vector_batches(range(1, 35))
            for i, v in zip(b.ids, b.vectors, strict=True)
        }
    for version in range(1, 35):
        feed.remove(version)
    index.follow()
    for _ in range(2):
        for vector in gone.values():
            found = index.search(vector, 20)
            assert len(found) == 20
            assert not gone.keys() & set(found.ids.tolist())
        settle(index)
    assert index.state().rows == 36


def test_vectors_at_hand_are_the_committed_ones(
    open_index: Open, feed: SqliteFeed, rng: np.random.Generator
) -> None:
    index = open_index()
    vectors = clustered(rng, 300, D)
    for version in range(50):
        feed.add(version + 1, np.arange(version * 6, version * 6 + 6), vectors[version * 6 : version * 6 + 6])
    asked = np.array([299, 7, 7, 1_000_000, 0])
    for settled in (False, True):
        index.follow()
        if settled:
            settle(index)
        given = index.vectors(asked)
        assert np.array_equal(given[[0, 1, 2, 4]], vectors[[299, 7, 7, 0]])
        assert np.isnan(given[3]).all()
    feed.remove(2)
    index.follow()
    gone = index.vectors(np.array([7]))[0]
    assert np.isnan(gone).all() or np.array_equal(gone, vectors[7])
    assert index.vectors(np.array([], np.int64)).shape == (0, D)


def test_add_and_remove_leaves_what_was_before(
    open_index: Open, feed: SqliteFeed, rng: np.random.Generator
) -> None:
    fill(feed, rng, 30)
    index = open_index()
    queries = clustered(rng, 10, D)
    before = [index.search(query, 20) for query in queries]
    fill(feed, rng, 10, first=500)
    index.follow()
    for version in range(500, 510):
        feed.remove(version)
    index.follow()
    for found, expected in zip([index.search(query, 20) for query in queries], before, strict=True):
        assert np.array_equal(found.ids, expected.ids)
        assert np.array_equal(found.scores, expected.scores)


@pytest.mark.parametrize("allowed_versions", [1, 7, 30, 60])
def test_only_allowed_versions_come_back_and_k_of_them(
    open_index: Open,
    feed: SqliteFeed,
    rng: np.random.Generator,
    monkeypatch: pytest.MonkeyPatch,
    allowed_versions: int,
) -> None:
    always_ask_chroma(monkeypatch)
    fill(feed, rng, 60)
    index = open_index()
    settle(index)
    fill(feed, rng, 3, first=100)
    index.follow()
    some = rng.choice(np.arange(1, 61), allowed_versions, replace=False)
    allowed = np.sort(np.append(some, 101)).astype(np.int64)
    for query in clustered(rng, 5, D):
        found, expected = index.search(query, 10, allowed), oracle(feed, query, 10, allowed)
        assert len(found) == len(expected)
        assert overlap(found, expected) >= 0.9
    assert len(index.search(query, 10, np.empty(0, np.int64))) == 0


def test_fewer_than_k_rows_all_come_back(
    open_index: Open, feed: SqliteFeed, rng: np.random.Generator
) -> None:
    fill(feed, rng, 30)
    index = open_index()
    settle(index)
    query = unit(rng.standard_normal(D))
    assert same(index.search(query, 5000), oracle(feed, query, 5000))
    assert len(index.search(query, 0)) == 0


def test_equal_vectors_stand_in_ascending_chunk_id(
    open_index: Open, feed: SqliteFeed, rng: np.random.Generator
) -> None:
    """A notice at the foot of every page must neither hide the other rows nor come in a random order."""
    notice = unit(rng.standard_normal(D))
    feed.add(1, rng.permutation(np.arange(1, 601)), np.repeat(notice[None], 600, 0))
    others = clustered(rng, 600, D)
    feed.add(2, np.arange(1001, 1601), others)
    index = open_index()
    settle(index)
    assert index.search(notice, 50).ids.tolist() == list(range(1, 51))
    assert sum(1001 + i in index.search(others[i], 3).ids for i in range(600)) >= 599


def test_scores_are_the_exact_cosines(open_index: Open, feed: SqliteFeed, rng: np.random.Generator) -> None:
    fill(feed, rng, 50)
    index = open_index()
    settle(index)
    for query in clustered(rng, 20, D):
        found = index.search(query, 10)
        expected = dict(zip(*(part.tolist() for part in _parts(oracle(feed, query, 300))), strict=True))
        assert np.allclose(found.scores, [expected[i] for i in found.ids.tolist()], atol=1e-7)
        assert (np.diff(found.scores) <= 0).all()
        assert found.ids.dtype == np.int64
        assert found.scores.dtype == np.float32


def _parts(scored: object) -> tuple[np.ndarray, np.ndarray]:
    return scored.ids, scored.scores  # type: ignore[attr-defined]


def test_nearly_all_of_the_true_neighbours_are_found(
    open_index: Open, feed: SqliteFeed, rng: np.random.Generator
) -> None:
    fill(feed, rng, 150, per=20)
    index, exact = open_index(), ExactIndex(feed, D)
    settle(index)
    queries = unit(clustered(rng, 100, D) + 0.2 * rng.standard_normal((100, D)))
    shares = [overlap(index.search(query, 10), exact.search(query, 10)) for query in queries]
    assert np.mean(shares) >= 0.99


def test_reopening_changes_nothing(open_index: Open, feed: SqliteFeed, rng: np.random.Generator) -> None:
    fill(feed, rng, 40)
    index = open_index()
    settle(index)
    fill(feed, rng, 4, first=900)
    feed.remove(3)
    index.follow()
    queries = clustered(rng, 10, D)
    before = [index.search(query, 10) for query in queries]
    index.close()
    index = open_index()
    assert index.state().seq == 45
    for found, expected in zip([index.search(query, 10) for query in queries], before, strict=True):
        assert overlap(found, expected) >= 0.9
    assert index.state().rows == 43 * 6


def test_following_twice_and_folding_twice_changes_nothing(
    open_index: Open, feed: SqliteFeed, rng: np.random.Generator
) -> None:
    fill(feed, rng, 20)
    index = open_index()
    settle(index)
    state = index.state()
    index.follow()
    index.fold()
    wait_until(lambda: not index.state().rebuilding)
    assert index.state() == state


def test_an_index_in_good_order_can_be_built_anew(
    open_index: Open, feed: SqliteFeed, rng: np.random.Generator
) -> None:
    index = open_index()
    fill(feed, rng, 40)
    index.follow()
    settle(index)
    queries = clustered(rng, 10, D)
    before = [index.search(query, 10) for query in queries]
    generation = index.state().generation
    index.fold(anew=True)
    settle(index)
    state = index.state()
    assert state.generation == (generation + 1 if generation else 0)
    assert (state.rows, state.delta_rows) == (240, 0)
    after = [index.search(query, 10) for query in queries]
    assert np.mean([overlap(a, b) for a, b in zip(after, before, strict=True)]) >= 0.99


def test_a_vector_of_another_length_is_refused(open_index: Open) -> None:
    with pytest.raises(EmbeddingError, match="24") as error:
        open_index().search(np.ones(D + 1, np.float32), 5)
    assert error.value.code == "wrong_dimension"


def test_a_catalog_that_went_back_is_followed(
    open_index: Open, feed: SqliteFeed, rng: np.random.Generator, tmp_path: Path
) -> None:
    fill(feed, rng, 20)
    index = open_index()
    settle(index)
    earlier = SqliteFeed(tmp_path / "earlier.db")
    fill(earlier, np.random.default_rng(77), 10)
    index._feed = earlier  # type: ignore[attr-defined]
    index.follow()
    query = unit(rng.standard_normal(D))
    wait_until(lambda: same(index.search(query, 10), oracle(earlier, query, 10)))
    assert index.state().rows == 60


def test_searches_go_on_while_versions_come_and_go(
    open_index: Open, feed: SqliteFeed, rng: np.random.Generator
) -> None:
    fill(feed, rng, 40)
    index = open_index()
    settle(index)
    queries = clustered(rng, 20, D)
    wrong: list[str] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            for query in queries:
                found = index.search(query, 10)
                if (
                    len(found) != 10
                    or len(set(found.ids.tolist())) != 10
                    or (np.diff(found.scores) > 0).any()
                ):
                    wrong.append(str(found))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(30):
        fill(feed, rng, 1, first=2000 + number)
        feed.remove(1 + number)
        index.follow()
        if number % 10 == 9:
            index.fold()
    stop.set()
    for thread in threads:
        thread.join()
    assert not wrong
    settle(index)
    shares = [overlap(index.search(query, 10), oracle(feed, query, 10)) for query in queries]
    assert np.mean(shares) >= 0.99
