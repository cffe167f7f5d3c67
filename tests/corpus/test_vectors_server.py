"""A Chroma server that is away, slow, or holds something else."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corpus.errors import StorageError, UsageError
from corpus.settings import Settings
from corpus.vectors import ChromaServerIndex, EmbeddedChromaIndex, ExactIndex, open_dense
from tests.builders import SPACE as WORDS
from tests.corpus.dense import SPACE, chroma_server, free_port, open_server, oracle, same, wait_until
from tests.corpus.vector_feed import SqliteFeed, clustered

D = 16


@pytest.fixture
def feed(tmp_path: Path) -> SqliteFeed:
    feed = SqliteFeed(tmp_path / "catalog.db")
    rng = np.random.default_rng(6)
    for version in range(1, 31):
        feed.add(version, rng.choice(1 << 40, 20, replace=False), clustered(rng, 20, D))
    return feed


@pytest.fixture
def queries() -> Iterator[np.ndarray]:
    return clustered(np.random.default_rng(7), 5, D)  # type: ignore[return-value]


@contextmanager
def collection_of(url: str) -> Iterator[Any]:
    """The index's collection, as another client of the server sees it."""
    import chromadb

    host, port = url.removeprefix("http://").split(":")
    client = chromadb.HttpClient(host, int(port))
    try:
        yield client.get_collection(f"vouch-tests-{SPACE}", embedding_function=None)
    finally:
        client._server._session.close()
        client._admin_client._server._session.close()
        client.close()


def ids_there(url: str) -> set[str]:
    with collection_of(url) as collection:
        return set(collection.get(include=[])["ids"])


def test_a_server_that_is_away_is_said_answered_and_reached_when_it_comes(
    feed: SqliteFeed, queries: np.ndarray, tmp_path: Path
) -> None:
    port = free_port()
    index = open_server(feed, f"http://127.0.0.1:{port}", D)
    try:
        assert "127.0.0.1" not in index.state().problem  # /health shows it to anyone
        index.warm()
        assert index.state().mode == "exact"
        assert "does not answer" in index.state().problem
        assert not any(part in index.state().problem for part in ("127.0.0.1", str(port)))
        assert all(same(index.search(query, 10), oracle(feed, query, 10)) for query in queries)
        with pytest.raises(StorageError) as error:
            index.fold()
        assert error.value.code == "server_unreachable"
        with chroma_server(tmp_path / "db", port) as url:
            wait_until(lambda: index.state().mode == "server" and not index.state().delta_rows)
            assert index.state().problem == ""
            assert len(ids_there(url)) == 600
            assert all(same(index.search(query, 10), oracle(feed, query, 10)) for query in queries)
        # Gone again: the search that notices is answered all the same.
        assert all(same(index.search(query, 10), oracle(feed, query, 10)) for query in queries)
        assert index.state().mode == "exact"
        feed.remove(1)
        index.follow()
        assert all(same(index.search(query, 10), oracle(feed, query, 10)) for query in queries)
        with chroma_server(tmp_path / "db", port) as url:
            index.fold()
            assert index.state().mode == "server"
            assert len(ids_there(url)) == 580
    finally:
        index.close()


def test_what_the_server_lacks_is_sent_and_what_it_should_not_have_is_deleted(
    feed: SqliteFeed, queries: np.ndarray, tmp_path: Path
) -> None:
    with chroma_server(tmp_path / "db", free_port()) as url:
        index = open_server(feed, url, D)
        index.fold()
        index.close()
        expected = ids_there(url)
        with collection_of(url) as collection:
            collection.delete(ids=sorted(expected)[:100])
            collection.upsert(ids=["stranger"], embeddings=clustered(np.random.default_rng(0), 1, D))
        index = open_server(feed, url, D)
        index.fold()
        assert all(same(index.search(query, 10), oracle(feed, query, 10)) for query in queries)
        assert index.state().mode == "server"
        index.close()
        assert ids_there(url) == expected


def test_the_server_is_told_how_far_it_came_after_the_rows_are_in(feed: SqliteFeed, tmp_path: Path) -> None:
    with chroma_server(tmp_path / "db", free_port()) as url:
        index = open_server(feed, url, D)
        index.fold()
        index.close()
        with collection_of(url) as collection:
            assert collection.metadata == {"seq": 30}


def test_a_server_that_never_answers_is_given_up_on(feed: SqliteFeed, queries: np.ndarray) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(50)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        index = ChromaServerIndex(feed, url, SPACE, D, corpus_id="tests", deadline_s=0.3)
        try:
            index.warm()
            assert "no answer within 0.3 s" in index.state().problem
            assert same(index.search(queries[0], 10), oracle(feed, queries[0], 10))
        finally:
            started = time.monotonic()
            index.close()
            assert time.monotonic() - started < 30
    time.sleep(0.3)  # the abandoned call ends with its socket


@pytest.mark.parametrize(
    "url", ["127.0.0.1:8000", "ftp://host", "http://", "http://host:port", "http://h:99999"]
)
def test_an_address_that_is_none_is_refused(feed: SqliteFeed, url: str) -> None:
    with pytest.raises(UsageError, match="VOUCH_CHROMA_URL"):
        ChromaServerIndex(feed, url, SPACE, D, corpus_id="tests")


def test_the_settings_choose_the_index(tmp_path: Path) -> None:
    feed = SqliteFeed(tmp_path / "catalog.db")
    chosen = {
        ExactIndex: Settings(data_dir=tmp_path, dense="exact"),
        EmbeddedChromaIndex: Settings(data_dir=tmp_path),
        ChromaServerIndex: Settings(data_dir=tmp_path, chroma_url=f"http://127.0.0.1:{free_port()}"),
    }
    for kind, wanted in chosen.items():
        index = open_dense(wanted, feed, tmp_path, WORDS, "tests", one_shot=True)
        assert type(index) is kind
        assert len(index.search(np.eye(8, dtype=np.float32)[0], 5)) == 0
        index.close()
