"""Graphs of shortened vectors: what is shortened, and that what they find is scored as the exact scan scores it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from corpus.types import Float32
from corpus.vectors import EmbeddedChromaIndex
from corpus.vectors import reduction as shortening
from corpus.vectors.generation import REDUCTION
from corpus.vectors.reduction import ReducedRows, Reduction, fit_reduction, read_reduction
from tests.corpus.dense import EAGER, always_ask_chroma, build_here, open_embedded, oracle, overlap, same
from tests.corpus.vector_feed import SqliteFeed

ROWS, DIMENSION, REAL = 3_000, 64, 12


@pytest.fixture
def vectors(monkeypatch: pytest.MonkeyPatch) -> Float32:
    """Unit vectors around a mean, of which twelve directions say nearly all."""
    monkeypatch.setattr(shortening, "REDUCED_FROM", 100)
    rng = np.random.default_rng(3)
    found = rng.standard_normal((ROWS, REAL)) @ rng.standard_normal((REAL, DIMENSION))
    found += 0.05 * rng.standard_normal((ROWS, DIMENSION)) + 3 * rng.standard_normal(DIMENSION)
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    return found.astype(np.float32)


def fitted(vectors: Float32) -> Reduction:
    found = fit_reduction(vectors, np.arange(len(vectors)))
    assert found is not None
    return found


def test_the_nearest_by_the_components_are_nearly_those_by_the_vectors(vectors: Float32) -> None:
    reduction = fitted(vectors)
    rows = np.arange(ROWS)
    held = ReducedRows(vectors, reduction, rows)[rows]
    assert held.shape == (ROWS, 16)
    assert held.dtype == np.float32
    for query in vectors[:20] + np.float32(0.01):
        exact = np.argsort(-(vectors @ query), kind="stable")[:10]
        asked = reduction.query(query)
        assert asked.shape == (16,)
        assert asked.dtype == np.float32
        assert np.isin(exact, np.argsort(-(held @ asked), kind="stable")[:30]).mean() >= 0.9


def test_all_rows_have_one_length_so_that_each_is_nearest_to_itself(vectors: Float32) -> None:
    held = ReducedRows(vectors, fitted(vectors), np.arange(ROWS))[np.arange(ROWS)]
    lengths = np.linalg.norm(held, axis=1)
    assert lengths.max() - lengths.min() < 1e-5 * lengths.max()
    assert (np.argmax(held[:200] @ held.T, axis=1) == np.arange(200)).all()


def test_few_rows_and_vectors_that_need_all_their_numbers_stay_as_they_are(vectors: Float32) -> None:
    assert fit_reduction(vectors, np.arange(99)) is None
    alike = np.random.default_rng(1).standard_normal((ROWS, DIMENSION)).astype(np.float32)
    assert fit_reduction(alike, np.arange(ROWS)) is None


def test_groups_whose_rows_differ_in_what_is_left_out_stay_as_they_are(vectors: Float32) -> None:
    """Nearly all variance is that between five groups, and tells nothing of who is near within one."""
    rng = np.random.default_rng(4)
    groups = rng.standard_normal((5, DIMENSION))[np.arange(ROWS) % 5]
    found = groups + 0.25 * rng.standard_normal((ROWS, DIMENSION))
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    assert fit_reduction(found.astype(np.float32), np.arange(ROWS)) is None


def test_vectors_that_are_all_the_same_are_no_fault(vectors: Float32) -> None:
    same = np.repeat(vectors[:1], 200, axis=0)
    found = fit_reduction(same, np.arange(200))
    assert found is None or np.isfinite(ReducedRows(same, found, np.arange(200))[np.arange(200)]).all()


def test_what_is_written_is_read_again(vectors: Float32, tmp_path: Path) -> None:
    reduction = fitted(vectors)
    reduction.save(tmp_path / REDUCTION)
    again = read_reduction(tmp_path / REDUCTION, DIMENSION)
    assert np.array_equal(again.mean, reduction.mean)
    assert np.array_equal(again.query(vectors[7]), reduction.query(vectors[7]))
    assert np.array_equal(again.row_parts(vectors[:5]), reduction.row_parts(vectors[:5]))


@pytest.fixture
def feed(vectors: Float32, tmp_path: Path) -> SqliteFeed:
    """A version for every ten rows."""
    feed = SqliteFeed(tmp_path / "catalog.db")
    for version, first in enumerate(range(0, ROWS, 10)):
        feed.add(version, range(first, first + 10), vectors[first : first + 10])
    return feed


@pytest.fixture
def index(feed: SqliteFeed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedChromaIndex]:
    """An index with a generation of shortened vectors, of which Chroma is asked whoever may see what."""
    build_here(monkeypatch)
    always_ask_chroma(monkeypatch)
    opened = open_embedded(feed, tmp_path / "dense", DIMENSION, policy=EAGER)
    opened.fold()
    opened.warm()
    assert opened.state().mode == "chroma"
    yield opened
    opened.close()


def generation_in(folder: Path) -> Path:
    [found] = folder.glob("dense/gen-*")
    return found


@pytest.mark.parametrize("step", [1, 3])
def test_what_a_shortened_graph_finds_has_the_scores_of_the_exact_scan(
    index: EmbeddedChromaIndex, feed: SqliteFeed, vectors: Float32, tmp_path: Path, step: int
) -> None:
    assert (generation_in(tmp_path) / REDUCTION).is_file()
    versions = None if step == 1 else np.arange(0, ROWS // 10, step)
    for query in vectors[::300]:
        found, expected = index.search(query, 10, versions), oracle(feed, query, 10, versions)
        assert overlap(found, expected) >= 0.9
        assert np.isclose(found.scores[0], expected.scores[0])
        assert found.ids[0] == expected.ids[0]
        scores = dict(zip(expected.ids.tolist(), expected.scores.tolist(), strict=True))
        assert all(
            np.isclose(score, scores[own])
            for own, score in zip(found.ids.tolist(), found.scores.tolist(), strict=True)
            if own in scores
        )


def test_a_damaged_reduction_is_said_answered_around_and_built_again(
    index: EmbeddedChromaIndex, feed: SqliteFeed, vectors: Float32, tmp_path: Path
) -> None:
    index.close()
    damaged = generation_in(tmp_path) / REDUCTION
    data = bytearray(damaged.read_bytes())
    data[100] ^= 0xFF
    damaged.write_bytes(bytes(data))
    patient = open_embedded(feed, tmp_path / "dense", DIMENSION)
    try:
        assert "reduction.f32" in patient.state().problem
        assert same(patient.search(vectors[5], 10), oracle(feed, vectors[5], 10))
        patient.fold()
        patient.warm()
        assert (patient.state().mode, patient.state().problem) == ("chroma", "")
        assert patient.search(vectors[5], 10).ids[0] == 5
    finally:
        patient.close()
