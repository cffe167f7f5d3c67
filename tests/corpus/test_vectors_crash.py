"""kill -9 after every step of a fold and a swap, of the builder and of the owner: nothing is lost or left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from corpus import crashpoints, vectors
from corpus.vectors import ExactIndex
from tests.corpus.dense import build_here, open_embedded, wait_until
from tests.corpus.vector_feed import SqliteFeed, clustered

D = 16
POINTS = [*crashpoints.find_points(Path(vectors.__file__).parent), "durable.written", "durable.replaced"]
QUICK = ("fold.graph_written", "durable.replaced", "swap.before_delete")

OWNER = """
import sys
from pathlib import Path
from tests.corpus.dense import open_embedded
from tests.corpus.vector_feed import SqliteFeed
folder = Path(sys.argv[1])
index = open_embedded(SqliteFeed(folder / "catalog.db"), folder / "dense", 16)
print("open", flush=True)
try:
    index.fold()
    print("folded", flush=True)
except Exception as error:
    print("failed:", error, flush=True)
index.close()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A catalog with an old generation, and changes since."""
    feed = SqliteFeed(tmp_path / "catalog.db")
    rng = np.random.default_rng(2)
    for version in range(1, 13):
        feed.add(version, rng.choice(1 << 40, 20, replace=False), clustered(rng, 20, D))
    with pytest.MonkeyPatch.context() as patch:
        build_here(patch)
        index = open_embedded(feed, tmp_path / "dense", D)
        index.fold()
        index.close()
    feed.remove(3)
    feed.add(13, rng.choice(1 << 40, 20, replace=False), clustered(rng, 20, D))
    return tmp_path


def start(folder: Path, point: str = "") -> subprocess.Popen[str]:
    environment = {**os.environ, crashpoints.VARIABLE: point}
    return subprocess.Popen(
        [sys.executable, "-c", OWNER, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def builders(folder: Path) -> list[int]:
    """The ids of processes that build into the folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if "corpus.vectors.build" in command and str(folder) in command:
            found.append(int(process.name))
    return found


def is_whole(folder: Path) -> None:
    """The next start answers like the oracle, leaves nothing behind, and folds."""
    feed = SqliteFeed(folder / "catalog.db")
    exact, index = ExactIndex(feed, D), open_embedded(feed, folder / "dense", D)
    try:
        current = [path.name for path in (folder / "dense").iterdir()]
        assert len(current) == 2, current
        assert index.state().problem == ""
        for query in clustered(np.random.default_rng(5), 5, D):
            assert np.array_equal(index.search(query, 10).ids, exact.search(query, 10).ids)
        with pytest.MonkeyPatch.context() as patch:
            build_here(patch)
            index.fold()
        assert index.state().delta_rows == 0
        for query in clustered(np.random.default_rng(5), 5, D):
            assert np.array_equal(index.search(query, 240).ids, exact.search(query, 240).ids)
    finally:
        index.close()


def test_every_step_has_a_point() -> None:
    assert set(POINTS) >= {
        "fold.child_started",
        "fold.rows_written",
        "fold.graph_written",
        "fold.verified",
        "fold.synced",
        "fold.built",
        "fold.opened",
        "swap.pointed",
        "swap.taken",
        "swap.before_delete",
        "swap.deleted",
    }


@pytest.mark.parametrize(
    "point", [point if point in QUICK else pytest.param(point, marks=pytest.mark.slow) for point in POINTS]
)
def test_dying_at_a_point_loses_nothing(folder: Path, point: str) -> None:
    owner = start(folder, point)
    said, complaint = owner.communicate(timeout=120)
    if owner.returncode == -signal.SIGKILL:
        assert "folded" not in said
    else:  # the builder died, and its owner lived to say so
        assert (owner.returncode, said.split()[:2]) == (0, ["open", "failed:"]), complaint
        assert "-9" in said
        assert len(list((folder / "dense").iterdir())) == 2
    wait_until(lambda: not builders(folder), 10)
    is_whole(folder)


def test_a_builder_dies_with_its_owner(folder: Path) -> None:
    owner = start(folder)
    assert owner.stdout is not None
    assert owner.stdout.readline() == "open\n"
    wait_until(lambda: builders(folder))
    time.sleep(0.2)
    owner.kill()
    owner.communicate()
    wait_until(lambda: not builders(folder), 10)
    is_whole(folder)


def test_a_killed_builder_is_reported_and_nothing_is_lost(folder: Path) -> None:
    owner = start(folder)
    assert owner.stdout is not None
    assert owner.stdout.readline() == "open\n"
    wait_until(lambda: builders(folder))
    os.kill(builders(folder)[0], signal.SIGKILL)
    said, _ = owner.communicate(timeout=60)
    assert said.startswith("failed: The dense index could not be built: The building process ended with -9")
    is_whole(folder)


def test_a_point_kills_at_the_time_it_was_asked_to() -> None:
    program = "from corpus.crashpoints import reach\nfor n in range(5): reach('x.y'); print(n, flush=True)"
    environment = {**os.environ, crashpoints.VARIABLE: "x.y:3"}
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
    assert (ended.returncode, ended.stdout.split()) == (-signal.SIGKILL, ["0", "1"])
