"""kill -9 loses nothing: a few random kills, and one death at every named point."""

from __future__ import annotations

from pathlib import Path

import pytest

import corpus
import ingest
from corpus.crashpoints import find_points
from tests.storm import Storm

POINTS = [
    name
    for room in (corpus, ingest)
    for name in find_points(Path(room.__file__).parent)
    if not name.startswith(("backup.", "restore."))  # no ingest comes there; tests/corpus does
]


@pytest.mark.slow
def test_random_kills_lose_nothing(tmp_path: Path):
    storm = Storm(tmp_path / "storm", seed=7)
    for wait_s in (0.05, 0.4, 0.9, 1.5, 2.2):
        storm.kill_once(wait_s)
    storm.finish()
    assert storm.kills == 5


@pytest.mark.slow
@pytest.mark.parametrize("step", sorted({name.partition(".")[0] for name in POINTS}))
def test_dying_at_a_named_point_loses_nothing(tmp_path: Path, step):
    storm = Storm(tmp_path / "storm", seed=len(step))
    for point in POINTS:
        if point.startswith(f"{step}."):
            print(point)  # shown when it is the one that fails
            storm.crash_at(point)
    storm.finish()
