"""A lexical index over rows made by hand, and what it finds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fake_feed import FakeFeed
from hypothesis import strategies as st

from corpus.lexical import TantivyIndex

WORDS = [
    "leave",
    "pay",
    "travel",
    "E-4032",
    "E-4033",
    "ISO 27001",
    "育児休業",
    "出張旅費",
    "コード",
    "ｺｰﾄﾞ",
    "the",
    "of",
]
texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=30).map(" ".join)


def opened(feed: FakeFeed, folder: Path, quiet_s: float = 3600.0) -> TantivyIndex:
    index = TantivyIndex(feed, folder, quiet_s=quiet_s)
    index.follow()
    return index


def results(
    index: TantivyIndex, query: str, k: int = 1000, versions: list[int] | None = None
) -> list[tuple[int, float]]:
    allowed = None if versions is None else np.array(versions, dtype=np.int64)
    found = index.search(query, k, allowed)
    assert found.ids.dtype == np.int64
    assert found.scores.dtype == np.float32
    pairs = list(zip(found.ids.tolist(), found.scores.tolist(), strict=True))
    assert pairs == sorted(pairs, key=lambda pair: (-pair[1], pair[0]))
    assert all(score > 0 for _, score in pairs)
    return pairs


def ids(index: TantivyIndex, query: str, **limits: object) -> list[int]:
    return [chunk for chunk, _ in results(index, query, **limits)]  # type: ignore[arg-type]


def assert_same(left: list[tuple[int, float]], right: list[tuple[int, float]]) -> None:
    assert [chunk for chunk, _ in left] == [chunk for chunk, _ in right]
    assert [score for _, score in left] == pytest.approx([score for _, score in right], rel=1e-5)
