"""A change log in memory, for the tests of projections: the smallest thing that is a Feed."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from corpus.projection import Change, TextRow, VectorBatch
from corpus.types import Int64


@dataclass(frozen=True)
class FakeSnapshot:
    seq: int
    log: tuple[Change, ...]
    rows: Mapping[int, tuple[TextRow, ...]]

    def changes_after(self, seq: int) -> Sequence[Change]:
        return [change for change in self.log if change.seq > seq]

    def vector_count(self) -> int:
        return 0

    def chunk_count(self) -> int:
        return sum(len(rows) for rows in self.rows.values())

    def vector_batches(
        self, versions: Sequence[int] | None = None, size: int = 4096
    ) -> Iterator[VectorBatch]:
        return iter(())

    def vector_ids(self, versions: Sequence[int]) -> Int64:
        return np.empty(0, np.int64)

    def text_rows(self, versions: Sequence[int] | None = None) -> Iterator[TextRow]:
        for version in sorted(self.rows):
            if versions is None or version in versions:
                yield from self.rows[version]


def open_pickled(path: str) -> FakeFeed:
    """The feed that :meth:`FakeFeed.pickle` left for a child process."""
    return FakeFeed.pickled(path)


def open_nothing(path: str) -> FakeFeed:
    """A feed that cannot be opened: the disk is full."""
    raise OSError(28, f"No space left on device: {path}")


@dataclass
class FakeFeed:
    log: list[Change] = field(default_factory=list)
    live: dict[int, tuple[TextRow, ...]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, version: int, *texts: str, context: str = "", first: int | None = None) -> None:
        """Makes a version live; its chunks are numbered from ``first`` (default: 100 x version)."""
        start = version * 100 if first is None else first
        rows = tuple(TextRow(start + i, version, context, text, "", "") for i, text in enumerate(texts))
        with self.lock:
            self.live[version] = rows
            self.log.append(Change(len(self.log) + 1, "add", version))

    def remove(self, version: int) -> None:
        with self.lock:
            del self.live[version]
            self.log.append(Change(len(self.log) + 1, "remove", version))

    @classmethod
    def pickled(cls, path: str) -> FakeFeed:
        """Returns the feed that :meth:`pickle` left for a child process."""
        feed = cls()
        feed.log, feed.live = pickle.loads(Path(path).read_bytes())
        return feed

    def pickle(self, path: Path) -> str:
        path.write_bytes(pickle.dumps((self.log, self.live)))
        return str(path)

    @contextmanager
    def snapshot(self) -> Iterator[FakeSnapshot]:
        with self.lock:
            taken = FakeSnapshot(len(self.log), tuple(self.log), dict(self.live))
        yield taken
