"""What several tests of the corpus start from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_feed import FakeFeed
from lexical_runs import opened

from corpus.catalog import Database, open_database
from corpus.lexical import TantivyIndex
from tests.corpus.dense import chroma_server, free_port


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def handbook(tmp_path: Path) -> tuple[FakeFeed, TantivyIndex]:
    feed = FakeFeed()
    feed.add(1, "Error E-4032 means that the disk is full.", "Error E-4033: E and 4032 are only near.")
    feed.add(2, "育児休業は、子が１歳に達するまで取得できます。", "出張旅費規程 第12条 ﾀｸｼｰの利用")
    feed.add(
        3,
        "We hold ISO 27001 and pay 1,234.5 dollars.",
        "Leave that is paid, and paid leave.",
        context="Policies > Leave",
    )
    return feed, opened(feed, tmp_path / "lexical")


@pytest.fixture(scope="module")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with chroma_server(tmp_path_factory.mktemp("server") / "db", free_port()) as url:
        yield url
