"""What is asked of an approximate index, and that what it gives is scored as the exact scan scores it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.types import Float32, Int64
from corpus.vectors import rows as row_search
from corpus.vectors.generation import Twins
from corpus.vectors.rows import Block, search, vectors_in, widened

ROWS, DIMENSION, K = 4_000, 16, 10


@pytest.fixture
def block(monkeypatch: pytest.MonkeyPatch) -> Block:
    monkeypatch.setattr(row_search, "EXACT_ROWS", 100)
    vectors = np.random.default_rng(7).standard_normal((ROWS, DIMENSION)).astype(np.float32)
    vectors[1::2] = vectors[::2]  # every vector twice: ties
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Block(np.arange(ROWS, dtype=np.int64) * 3, np.arange(ROWS, dtype=np.int64) // 4, vectors)


class Asked:
    """An index that finds exactly, and remembers how much it was asked for."""

    def __init__(self, block: Block) -> None:
        self.block, self.fetched = block, list[int]()

    def __call__(self, query: Float32, n: int) -> Int64:
        self.fetched.append(n)
        best: Int64 = np.argsort(-(self.block.vectors @ query), kind="stable")[:n].astype(np.int64)
        return best


@pytest.mark.parametrize("step", [1, 2])
def test_the_best_of_many_candidates_are_those_of_the_scan(block: Block, step: int) -> None:
    asked, query = Asked(block), block.vectors[5]
    versions = None if step == 1 else np.unique(block.versions)[::step]
    found = search(query, K, versions, [(block, asked)])
    exact = search(query, K, versions, [(block, None)])
    assert (found.ids.tolist(), found.scores.tolist()) == (exact.ids.tolist(), exact.scores.tolist())
    assert len(asked.fetched) == 1


def test_whose_nearest_are_all_anothers_asks_once_more_and_is_scanned_for(block: Block) -> None:
    asked, query = Asked(block), block.vectors[0]
    nearest = np.argsort(-(block.vectors @ query), kind="stable")
    hidden = np.unique(block.versions[nearest[: ROWS // 3]])
    allowed = np.setdiff1d(np.unique(block.versions), hidden)
    found = search(query, K, allowed, [(block, asked)])
    exact = search(query, K, allowed, [(block, None)])
    assert (found.ids.tolist(), found.scores.tolist()) == (exact.ids.tolist(), exact.scores.tolist())
    assert len(found.ids) == K
    assert asked.fetched == [100, 1250]


def test_a_larger_index_is_searched_wider_and_a_small_one_as_it_was() -> None:
    assert [widened(rows) for rows in (0, 1, 100_000, 125_000)] == [0, 0, 0, 0]
    wider = [widened(rows) for rows in (260_000, 500_000, 1_000_000, 10_000_000)]
    assert wider == sorted(wider)
    assert (wider[1], wider[2]) == (1_000, 1_200)


def test_of_a_block_half_dead_as_much_more_is_asked(block: Block) -> None:
    half = block.without(np.unique(block.versions)[::2])
    asked, query = Asked(block), block.vectors[5]
    found = search(query, 100, None, [(half, asked)])
    exact = search(query, 100, None, [(half, None)])
    assert (found.ids.tolist(), found.scores.tolist()) == (exact.ids.tolist(), exact.scores.tolist())
    assert asked.fetched[0] == 250


def test_a_block_out_of_order_gives_no_other_chunks_vector(block: Block) -> None:
    turned = Block(block.ids[::-1].copy(), block.versions, block.vectors[::-1].copy())
    asked = np.array([3, 0, 4, 11_997, 3])
    here, there = (vectors_in([one], asked, DIMENSION) for one in (block, turned))
    assert np.array_equal(here[[0, 1, 3, 4]], block.vectors[[1, 0, 3_999, 1]])
    assert np.isnan(here[2]).all()
    known = ~np.isnan(there[:, 0])
    assert np.array_equal(there[known], here[known])


@given(st.lists(st.integers(0, 9), max_size=40), st.sets(st.integers(0, 39)))
def test_every_row_of_the_same_vector_is_found_by_the_first(vectors: list[int], wanted: set[int]) -> None:
    first = np.array([vectors.index(vector) for vector in vectors], np.int64)
    rows = np.array(sorted(wanted & set(first.tolist())), np.int64)
    found = Twins(first).of(rows)
    assert sorted(found.tolist()) == np.flatnonzero(np.isin(first, rows)).tolist()
