"""Dense indexes as the tests open them, and the answer they must give."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from corpus.catalog import CatalogFeed
from corpus.child import FeedAddress
from corpus.types import Int64, Scored
from corpus.vectors import ChromaServerIndex, EmbeddedChromaIndex, FoldPolicy, embedded, folding
from corpus.vectors import build as building
from corpus.vectors import rows as row_search
from tests.corpus.vector_feed import SqliteFeed

SPACE = "0123456789abcdef"
PATIENT = FoldPolicy(scan_rows=0, repair_after_s=1e9, tick_s=0.05)
"""Nothing is built unless asked for."""

EAGER = FoldPolicy(scan_rows=0, repair_after_s=0.0, retry_first_s=0.05, tick_s=0.05)
"""What is damaged is rebuilt at once."""


def open_embedded(
    feed: SqliteFeed,
    folder: Path,
    dimension: int,
    *,
    policy: FoldPolicy = PATIENT,
    one_shot: bool = False,
    space: str = SPACE,
) -> EmbeddedChromaIndex:
    address = FeedAddress("tests.corpus.vector_feed:open_feed", feed.path)
    return EmbeddedChromaIndex(
        feed, folder, space, dimension, child_feed=address, policy=policy, one_shot=one_shot
    )


def build_here(patch: pytest.MonkeyPatch) -> None:
    """Builds generations in this process: the same files without a child's start-up of seconds."""

    patch.setattr(folding, "build_in_child", build_as_a_child)


def build_as_a_child(address: FeedAddress, folder: Path, space: str, dimension: int, stop: object) -> None:
    """Builds one generation in this process, and leaves no connection behind, as the end of a child leaves none:
    the write-ahead log of a corpus closed since would go when that connection is collected, amid a copy."""
    feed = address.open()
    try:
        building.build(feed, folder, space, dimension)
    finally:
        if isinstance(feed, CatalogFeed):
            feed.close()


def always_ask_chroma(patch: pytest.MonkeyPatch) -> None:
    """Has even a handful of rows searched through Chroma, under any restriction."""
    patch.setattr(row_search, "FETCH_LEAST", 4)
    patch.setattr(embedded, "FETCH_LEAST", 4)
    patch.setattr(row_search, "EXACT_ROWS", 0)
    patch.setattr(row_search, "EXACT_SHARE", 10**9)


def oracle(feed: SqliteFeed, query: np.ndarray, k: int, versions: Int64 | None = None) -> Scored:
    """Every live row scored in float64, best first, ties in ascending chunk id: the plain way."""
    with feed.snapshot() as snapshot:
        pairs = [
            (score, chunk)
            for batch in snapshot.vector_batches()
            for score, chunk, version in zip(
                (batch.vectors.astype(np.float64) @ query.astype(np.float64)).tolist(),
                batch.ids.tolist(),
                batch.version_ids.tolist(),
                strict=True,
            )
            if versions is None or version in versions
        ]
    scored = [(-float(np.float32(min(1.0, max(-1.0, score)))), chunk) for score, chunk in pairs]
    best = sorted(scored)[:k]
    return Scored(np.array([c for _, c in best], np.int64), np.array([-s for s, _ in best], np.float32))


def same(found: Scored, expected: Scored) -> bool:
    return np.array_equal(found.ids, expected.ids) and np.allclose(found.scores, expected.scores, atol=1e-6)


def overlap(found: Scored, expected: Scored) -> float:
    return len(set(found.ids.tolist()) & set(expected.ids.tolist())) / max(1, len(expected))


def wait_until(condition: object, timeout_s: float = 60.0) -> None:
    end = time.monotonic() + timeout_s
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextmanager
def chroma_server(folder: Path, port: int) -> Iterator[str]:
    """A real Chroma server (the Rust one) on loopback; killed at the end."""
    command = [str(Path(sys.executable).with_name("chroma")), "run", "--path", str(folder)]
    server = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder.parent,
    )
    try:
        wait_until(lambda: _answers(port) or server.poll() is not None)
        assert server.poll() is None, "chroma run ended"
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


def _answers(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def open_server(feed: SqliteFeed, url: str, dimension: int, corpus_id: str = "tests") -> ChromaServerIndex:
    return ChromaServerIndex(
        feed, url, SPACE, dimension, corpus_id=corpus_id, retry_first_s=0.1, retry_most_s=0.2
    )
