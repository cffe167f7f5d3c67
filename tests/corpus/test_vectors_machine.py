"""Any sequence of commits, removals, folds, restarts and damage, against a dictionary."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from corpus.vectors import ExactIndex
from tests.corpus.dense import always_ask_chroma, build_here, open_embedded
from tests.corpus.vector_feed import SqliteFeed, unit

D = 6


class DenseMachine(RuleBasedStateMachine):
    """One embedded index and one exact scan follow the same catalog; a dictionary says what is true."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        build_here(self.patch)
        always_ask_chroma(self.patch)
        self.folder = Path(tempfile.mkdtemp(prefix="dense-machine-"))
        self.feed = SqliteFeed(self.folder / "catalog.db")
        self.rows: dict[int, tuple[int, np.ndarray]] = {}
        self.next_version = 1
        self.index = open_embedded(self.feed, self.folder / "dense", D)
        self.exact = ExactIndex(self.feed, D)

    def teardown(self) -> None:
        self.index.close()
        self.patch.undo()
        shutil.rmtree(self.folder)

    @initialize(seed=st.integers(0, 2**32 - 1))
    def start(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    @rule(chunks=st.integers(0, 12), repeated=st.booleans())
    def add(self, chunks: int, repeated: bool) -> None:
        vectors = unit(self.rng.standard_normal((chunks, D)))
        if repeated and chunks:
            vectors = np.repeat(vectors[:1], chunks, 0)
        ids = self.rng.choice(1 << 40, chunks, replace=False)
        self.feed.add(self.next_version, ids, vectors)
        self.rows.update({int(i): (self.next_version, v) for i, v in zip(ids, vectors, strict=True)})
        self.next_version += 1

    @precondition(lambda self: self.rows)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        gone = data.draw(st.sampled_from(sorted({version for version, _ in self.rows.values()})))
        self.feed.remove(gone)
        self.rows = {i: row for i, row in self.rows.items() if row[0] != gone}

    @rule()
    def fold(self) -> None:
        self.index.fold()
        self.index.warm()

    @rule(one_shot=st.booleans())
    def reopen(self, one_shot: bool) -> None:
        self.index.close()
        self.index = open_embedded(self.feed, self.folder / "dense", D, one_shot=one_shot)
        self.exact = ExactIndex(self.feed, D)

    @rule(at=st.floats(0, 0.999), number=st.integers(0, 20))
    def damage(self, at: float, number: int) -> None:
        """One byte of any file of the index changes while it is closed."""
        self.index.close()
        paths = [p for p in sorted((self.folder / "dense").rglob("*")) if p.is_file() and p.stat().st_size]
        if paths:
            path = paths[number % len(paths)]
            data = bytearray(path.read_bytes())
            data[int(at * len(data))] ^= 0x40
            path.write_bytes(data)
        self.index = open_embedded(self.feed, self.folder / "dense", D)
        assert bool(self.index.state().problem) or not paths

    @rule(k=st.integers(0, 30), restricted=st.booleans(), data=st.data())
    def search(self, k: int, restricted: bool, data: st.DataObject) -> None:
        self.index.follow()
        self.exact.follow()
        allowed = None
        if restricted:
            some = data.draw(st.sets(st.integers(1, max(1, self.next_version)), max_size=8))
            allowed = np.array(sorted(some), np.int64)
        query = unit(self.rng.standard_normal(D))
        expected = sorted(
            (-float(np.float32(np.dot(vector.astype(np.float64), query.astype(np.float64)))), i)
            for i, (version, vector) in self.rows.items()
            if allowed is None or version in allowed
        )[:k]
        truth = [i for _, i in expected]
        assert self.exact.search(query, k, allowed).ids.tolist() == truth
        found = self.index.search(query, k, allowed)
        assert len(found) == len(truth)
        assert set(found.ids.tolist()) <= self.rows.keys()
        if self.index.state().mode == "exact":
            assert found.ids.tolist() == truth
        else:
            assert len(set(found.ids.tolist()) & set(truth)) >= 0.9 * len(truth)
        assert np.array_equal(
            found.scores, self.exact.search(query, 10**6, allowed).scores[: len(found)]
        ) or (self.index.state().mode == "chroma")

    @invariant()
    def counts_agree(self) -> None:
        self.index.follow()
        assert self.index.state().rows == len(self.rows)


TestDenseMachine = DenseMachine.TestCase
TestDenseMachine.settings = settings(
    max_examples=25, stateful_step_count=25, suppress_health_check=list(HealthCheck)
)
