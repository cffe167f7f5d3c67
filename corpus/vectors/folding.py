"""Folding: when what is newer becomes part of a generation, and how the new one is built and opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from corpus.child import FeedAddress
from corpus.crashpoints import reach
from corpus.errors import DamagedError
from corpus.projection import Feed, IndexState
from corpus.vectors import generation as files
from corpus.vectors.build import build_in_child, check_free_space
from corpus.vectors.graph import Graph
from corpus.vectors.view import Base

_UNBUILT = "Every vector is compared instead until one is built: by vouch serve, or now by vouch rebuild."


@dataclass(frozen=True, slots=True)
class FoldPolicy:
    """When the delta becomes part of a generation, and how patiently a failure is tried again.

    Up to ``scan_rows`` nobody waits for a first generation: comparing every vector takes three milliseconds then,
    and building the graph some seconds. It is built once nothing has changed for ``idle_s``. Nothing is built
    within ``repair_after_s`` of opening: a command of two seconds would only kill the builder as it ends.
    """

    scan_rows: int = 10_000
    delta_rows: int = 10_000
    delta_share: float = 0.25
    idle_rows: int = 1_000
    idle_s: float = 60.0
    repair_after_s: float = 2.0
    retry_first_s: float = 5.0
    retry_most_s: float = 3600.0
    tick_s: float = 5.0

    def is_due(self, changed: int, rows: int | None, still_s: float) -> bool:
        """Says whether it is time to fold ``changed`` rows into the generation's, None where there is none yet;
        ``still_s``: for how long nothing has changed.
        """
        large = max(self.delta_rows, self.delta_share * (rows or 0))
        rested = changed >= (1 if rows is None else self.idle_rows) and still_s >= self.idle_s
        return changed > large or rested

    def retry_after_s(self, failures: int) -> float:
        """Returns how long to wait after so many failures in a row."""
        return min(self.retry_first_s * 2.0 ** min(failures - 1, 30), self.retry_most_s)


POLICY = FoldPolicy()


def build_base(
    feed: FeedAddress,
    folder: Path,
    space: str,
    dimension: int,
    rows: int,
    *,
    ask_graph: Callable[[], bool],
    stop: Callable[[], bool],
) -> Base:
    """Builds a generation of about so many rows in a child, opens it, and points to it as the current one.

    Its graph is opened, too, when ``ask_graph`` says that there are searches for it. ``stop`` calls the work off.

    Raises:
        Stopped: ``stop`` said so.
        DamagedError, GraphError, OSError, StorageError: it could not be built or opened. Nothing of it is left.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    check_free_space(folder, rows, dimension)
    name = files.new_name(1 + max((files.number_of(p.name) for p in folder.iterdir()), default=0))
    base: Base | None = None
    try:
        build_in_child(feed, folder / name, space, dimension, stop)
        reach("fold.built")
        generation = files.open_generation(folder, name, space, dimension)
        if generation.manifest.graph and generation.graph_problem:
            raise DamagedError(generation.graph_problem)
        base = Base(generation)
        if generation.manifest.graph and ask_graph():
            base.graph = Graph(generation.folder / files.CHROMA, folder)
        reach("fold.opened")
        files.point_to(generation)
    except BaseException:
        if base and base.graph:
            base.graph.close()
        files.delete(folder / name)
        raise
    return base


def unbuilt_state(feed: Feed, folder: Path, policy: FoldPolicy = POLICY) -> IndexState | None:
    """Returns the state of an index that no generation was built for yet, without reading a vector; None where one
    was, whole or not: that is seen by opening it.
    """
    try:
        if files.read_pointer(folder):
            return None
    except DamagedError:
        return None
    with feed.snapshot() as snapshot:
        seq, rows = snapshot.seq, snapshot.vector_count()
    wanting = rows > policy.scan_rows
    problem = no_generation(rows) if wanting else ""
    return IndexState("exact", seq, rows, 0, rows, False, problem, unbuilt=wanting)


def no_generation(rows: int) -> str:
    """What is said of an index that should have a generation over so many vectors, and has none."""
    return f"There is no dense index yet over {rows} vectors. {_UNBUILT}"
