"""The lexical index is killed at any point: nothing is lost, and nothing that was left blocks it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from fake_feed import FakeFeed
from lexical_runs import assert_same, ids, opened, results

import corpus.lexical.index as index_room
from corpus.crashpoints import find_points

CRASH = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from fake_feed import FakeFeed
from corpus.lexical import TantivyIndex
feed = FakeFeed()
feed.add(1, "leave one"); feed.add(2, "leave two")
index = TantivyIndex(feed, Path(sys.argv[1]), quiet_s=3600)
index.follow()
feed.remove(1); feed.add(3, "leave three")
index.follow()
index.rebuild()
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "point", [*find_points(Path(index_room.__file__).parent), "durable.written", "durable.replaced"]
)
@pytest.mark.parametrize("nth", [1, 2])
def test_a_crash_at_any_point_loses_nothing(tmp_path: Path, point: str, nth: int) -> None:
    here = Path(__file__).parent
    child = subprocess.run(
        [sys.executable, "-c", CRASH, str(tmp_path / "lexical"), str(here)],
        cwd=here.parents[1],
        env={**os.environ, "VOUCH_CRASH_AT": f"{point}:{nth}"},
        check=False,
    )
    assert child.returncode in (-signal.SIGKILL, 0)
    if nth == 1:
        assert child.returncode == -signal.SIGKILL
    feed = FakeFeed()
    feed.add(1, "leave one")
    feed.add(2, "leave two")
    feed.remove(1)
    feed.add(3, "leave three")
    index = opened(feed, tmp_path / "lexical")
    assert ids(index, "leave") == [200, 300]
    assert index.state().rows == 2
    index.compact()
    assert_same(results(index, "leave three"), results(opened(feed, tmp_path / "fresh"), "leave three"))
    assert len(list((tmp_path / "lexical").glob("gen-*"))) == 1


def test_the_crash_points_are_known() -> None:
    points = find_points(Path(index_room.__file__).parent)
    assert points == [
        "lexical.begun",
        "lexical.built",
        "lexical.committed",
        "lexical.recorded",
        "lexical.swapped",
    ]


def test_the_files_of_an_unfinished_commit_do_not_block_the_next(tmp_path: Path) -> None:
    feed = FakeFeed()
    for version in range(1, 11):
        feed.add(version, "leave and pay")
    folder = tmp_path / "lexical"
    index = opened(feed, folder)
    index.close()
    shutil.copytree(folder, tmp_path / "before")
    feed.remove(1)
    again = opened(feed, folder)
    again.close()
    (deleted,) = (folder / "gen-000001").glob("*.del")
    # As a kill between the file of deletions and the list of segments leaves it.
    shutil.copy(deleted, tmp_path / "before" / "gen-000001")
    killed = opened(feed, tmp_path / "before")
    assert killed.state().problem == ""
    assert killed.state().rows == 9
    killed.close()
