"""A dense index that a command opens when it needs it: nothing is missed, and nothing is read for nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from corpus.catalog import schema
from corpus.errors import DamagedError
from corpus.settings import Settings
from corpus.store import Corpus
from corpus.types import OWNER
from corpus.vectors import embedded, folding, lazy
from corpus.vectors.lazy import LazyDense
from tests.builders import SPACE, put, word_vector
from tests.corpus.dense import build_here


def is_open(corpus: Corpus) -> bool:
    assert isinstance(corpus.dense, LazyDense)
    return corpus.dense._index is not None


def lazily(folder: Path, dense: str = "chroma", *, one_shot: bool = False) -> Corpus:
    settings = Settings(data_dir=folder, dense=dense)  # type: ignore[arg-type]
    return Corpus.open(settings, SPACE, lazily=True, one_shot=one_shot)


def found(corpus: Corpus, words: str) -> list[str]:
    ids = corpus.search_dense(word_vector(words), 20, OWNER)
    ranked = list(zip(ids.ids.tolist(), ids.scores.tolist(), strict=True))
    return [hit.text for hit in corpus.hits(ranked, {}, OWNER, 20)]


@pytest.mark.parametrize("dense", ["chroma", "exact"])
def test_a_few_changes_open_nothing_and_are_found_by_the_first_search(
    tmp_path: Path, dense: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corpus.store._MEND_ROWS", 0)
    with_all = lazily(tmp_path / "data", dense)
    put(with_all, "many.md", [f"page {number} of the handbook" for number in range(8)])
    with_all.publish()
    with_all.close()

    corpus = lazily(tmp_path / "data", dense)
    put(corpus, "食堂.md", ["食堂は十一時半に開く canteen opens"])
    put(corpus, "old.md", ["the canteen is closed"])
    corpus.remove([put(corpus, "old.md", ["canteen closed for ever"])])
    corpus.publish()
    corpus.settle(1)
    assert not is_open(corpus)
    assert found(corpus, "canteen opens")[0] == "食堂は十一時半に開く canteen opens"
    assert not any("closed" in text for text in found(corpus, "canteen closed"))
    assert is_open(corpus)
    put(corpus, "new.md", ["the canteen is open again"])
    corpus.publish()
    assert "the canteen is open again" in found(corpus, "canteen open again")
    corpus.close()


def test_the_vectors_of_a_few_passages_open_nothing(tmp_path: Path) -> None:
    corpus = lazily(tmp_path / "data")
    put(corpus, "a.md", ["one two", "three"])
    corpus.publish()
    with corpus.catalog.read() as db:
        chunks = np.array(sorted(db.execute(select(schema.chunks.c.id)).scalars()), np.int64)
    closed = corpus.vectors(chunks)
    assert not is_open(corpus)
    corpus.open_dense()
    assert np.array_equal(closed, corpus.vectors(chunks))
    assert {row.tobytes() for row in closed} == {word_vector(line).tobytes() for line in ("one two", "three")}
    corpus.close()


def test_it_can_be_opened_before_its_first_search(tmp_path: Path) -> None:
    corpus = lazily(tmp_path / "data")
    put(corpus, "a.md", ["one"])
    corpus.publish()
    corpus.open_dense()
    corpus.open_dense()
    assert is_open(corpus)
    assert found(corpus, "one") == ["one"]
    corpus.close()
    at_once = Corpus.open(Settings(data_dir=tmp_path / "data"), SPACE)
    at_once.open_dense()
    assert not isinstance(at_once.dense, LazyDense)
    at_once.close()


def test_a_job_that_changes_much_is_followed_as_it_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lazy, "FEW_CHANGES", 3)
    corpus = lazily(tmp_path / "data")
    for number in range(4):
        assert not is_open(corpus)
        put(corpus, f"{number}.md", [f"note {number}"])
        corpus.publish()
    assert is_open(corpus)
    assert corpus.dense.state().rows == 4
    corpus.close()


def test_the_state_of_what_was_never_built_is_told_without_a_vector_being_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = lazily(tmp_path / "data")
    put(corpus, "a.md", ["one", "two", "three"])
    corpus.publish()
    for scan_rows in (2, 10):
        policy = folding.FoldPolicy(scan_rows=scan_rows)
        told = folding.unbuilt_state(corpus.dense._feed, tmp_path / "data" / "dense", policy)  # type: ignore[attr-defined]
        address = folding.FeedAddress("corpus.catalog:open_feed", str(tmp_path / "data"))
        index = embedded.EmbeddedChromaIndex(
            corpus.dense._feed,  # type: ignore[attr-defined]
            tmp_path / "data" / "dense",
            SPACE.id,
            SPACE.dimension,
            child_feed=address,
            one_shot=True,
            policy=policy,
        )
        assert told == index.state()
        assert told.unbuilt is (scan_rows == 2)
        index.close()
    assert corpus.state().dense.rows == 3
    assert not is_open(corpus)
    corpus.close()


def test_damage_is_seen_by_who_asks_for_the_state_and_built_again_by_the_next_small_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_here(monkeypatch)
    corpus = lazily(tmp_path / "data")
    put(corpus, "a.md", ["one", "two", "three"])
    corpus.publish()
    corpus.dense.fold()
    corpus.close()
    rows = next((tmp_path / "data" / "dense").glob("gen-*/vectors.f32"))
    rows.write_bytes(bytes(rows.stat().st_size))

    corpus = lazily(tmp_path / "data", one_shot=True)
    assert "is not what was written" in corpus.state().dense.problem
    assert len(found(corpus, "one")) == 3
    corpus.close()
    corpus = lazily(tmp_path / "data")
    put(corpus, "b.md", ["four"])
    corpus.publish()
    corpus.settle(1)
    assert (corpus.dense.state().problem, corpus.dense.state().rows) == ("", 4)
    corpus.close()


def test_erasing_through_it_leaves_the_generation_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_here(monkeypatch)
    corpus = lazily(tmp_path / "data")
    put(corpus, "a.md", ["one", "two"])
    gone = put(corpus, "b.md", ["three"])
    corpus.publish()
    corpus.erase([gone])
    assert sorted(found(corpus, "three")) == ["one", "two"]
    assert corpus.dense.state().rows == 2
    corpus.close()
    reopened = lazily(tmp_path / "data")
    assert reopened.dense.state().generation == 1
    reopened.close()


def test_an_index_that_cannot_be_opened_is_no_lost_change(tmp_path: Path) -> None:
    corpus = lazily(tmp_path / "data")

    def refuse() -> None:
        raise DamagedError("no")

    assert isinstance(corpus.dense, LazyDense)
    opening, corpus.dense._open = corpus.dense._open, refuse  # type: ignore[assignment]
    put(corpus, "a.md", ["one"])
    corpus.publish()
    with pytest.raises(DamagedError):
        found(corpus, "one")
    corpus.dense._open = opening
    assert found(corpus, "one") == ["one"]
    corpus.close()
