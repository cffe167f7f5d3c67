"""The lexical index follows the catalog, and compacts and builds itself meanwhile."""

from __future__ import annotations

import shutil
import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fake_feed import FakeFeed
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from lexical_runs import WORDS, assert_same, ids, opened, results, texts

import corpus.lexical.index as index_room
from corpus.child import FeedAddress
from corpus.errors import StorageError
from corpus.lexical import TantivyIndex
from corpus.types import Scored


class Following(RuleBasedStateMachine):
    """Adds, removals, reopening and compaction in any order; a dictionary says what must be found."""

    def __init__(self) -> None:
        super().__init__()
        self.feed = FakeFeed()
        self.folder = Path(self.factory.mktemp("machine"))
        self.index = TantivyIndex(self.feed, self.folder, quiet_s=3600)
        self.next = 1
        self.followed = True

    factory: pytest.TempPathFactory

    @rule(chunks=st.lists(texts, min_size=0, max_size=4))
    def add(self, chunks: list[str]) -> None:
        self.feed.add(self.next, *chunks)
        self.next += 1
        self.followed = False

    @precondition(lambda self: self.feed.live)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        self.feed.remove(data.draw(st.sampled_from(sorted(self.feed.live))))
        self.followed = False

    @rule()
    def follow(self) -> None:
        self.index.follow()
        self.followed = True

    @rule()
    def reopen(self) -> None:
        self.index.close()
        self.index = TantivyIndex(self.feed, self.folder, quiet_s=3600)
        self.follow()

    @rule()
    def compact(self) -> None:
        self.index.follow()
        self.index.compact()
        self.followed = True
        fresh = opened(self.feed, Path(self.factory.mktemp("fresh")))
        for query in ("leave pay", "E-4032 育児休業", "コード the of"):
            assert_same(results(self.index, query), results(fresh, query))
        fresh.close()

    @invariant()
    def finds_what_the_dictionary_finds(self) -> None:
        if not self.followed:
            return
        rows = [row for rows in self.feed.live.values() for row in rows]
        for word in ("leave", "E-4033", "育児"):
            folded = word.replace("-", "").lower()
            held = {r.chunk_id for r in rows if folded in r.text.replace("-", "").lower()}
            found = set(ids(self.index, word))
            if word == "E-4033":  # its parts match E-4032 as well
                assert held <= found
            else:
                assert found == held
        assert self.index.state().rows == len(rows)
        assert self.index.state().problem == ""

    def teardown(self) -> None:
        self.index.close()
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_following(tmp_path_factory: pytest.TempPathFactory) -> None:
    Following.factory = tmp_path_factory
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(Following, settings=settings(max_examples=12, stateful_step_count=20))


def test_scores_do_not_depend_on_the_way_there(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    made = [" ".join(rng.choice(WORDS, size=rng.integers(3, 200))) for _ in range(300)]
    straight, winding = FakeFeed(), FakeFeed()
    for i in range(0, 300, 3):
        straight.add(1000 + i, *made[i : i + 3], first=i)
    index = opened(winding, tmp_path / "winding")
    for i in range(0, 300, 3):
        winding.add(i + 1, "leave junk " * 30, first=100_000 + i)
        winding.add(1000 + i, *made[i : i + 3], first=i)
        if i % 9 == 0:
            index.follow()
    for i in range(0, 300, 3):
        winding.remove(i + 1)
    index.follow()
    index.compact()
    assert index.state().delta_rows == 0
    fresh = opened(straight, tmp_path / "straight")
    for query in (*WORDS, "leave pay travel", "育児休業と出張旅費のコード"):
        assert_same(results(index, query), results(fresh, query))


def test_removed_chunks_leave_the_statistics_by_themselves(tmp_path: Path) -> None:
    feed = FakeFeed()
    for version in range(1, 11):
        feed.add(version, "leave and pay")
    index = opened(feed, tmp_path, quiet_s=0.01)
    feed.remove(1)
    index.follow()
    index._worker.join()
    assert index.state().delta_rows == 0
    assert index.state().rows == 9
    assert len(list(tmp_path.glob("gen-*"))) == 1


def test_follow_is_one_commit_and_does_nothing_when_nothing_changed(
    handbook: tuple[FakeFeed, TantivyIndex],
) -> None:
    index = handbook[1]
    meta = index._folder / "gen-000001" / "meta.json"
    before = meta.stat().st_mtime_ns
    index.follow()
    assert meta.stat().st_mtime_ns == before
    assert index.state().seq == 3


def test_what_is_committed_during_a_rebuild_is_found_after_it(
    handbook: tuple[FakeFeed, TantivyIndex], monkeypatch: pytest.MonkeyPatch
) -> None:
    feed, index = handbook

    def build(*arguments: object) -> None:
        index_build(*arguments)  # type: ignore[arg-type]
        feed.add(9, "leave at last")
        feed.remove(1)

    index_build = index_room.build
    monkeypatch.setattr(index_room, "build", build)
    index.rebuild()
    assert 900 in ids(index, "leave")
    assert ids(index, "E-4032 4032") == []
    assert index.state().seq == 5


def test_searching_and_following_go_on_together(tmp_path: Path) -> None:
    feed = FakeFeed()
    feed.add(1, "leave stays here")
    index = opened(feed, tmp_path)
    wrong: list[object] = []
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            try:
                found = ids(index, "leave")
                if 100 not in found:
                    wrong.append(found)
            except Exception as error:
                wrong.append(error)

    readers = [threading.Thread(target=look) for _ in range(3)]
    for reader in readers:
        reader.start()
    for version in range(2, 14):
        feed.add(version, "more leave", "and pay")
        if version > 5:
            feed.remove(version - 3)
        index.follow()
        if version % 5 == 0:
            index.rebuild()
    done.set()
    for reader in readers:
        reader.join()
    assert wrong == []
    assert set(ids(index, "leave")) == {version * 100 for version in feed.live}


def test_a_large_index_is_built_by_a_child_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    feed = FakeFeed()
    for version in range(1, 30):
        feed.add(version, "leave and pay " * version, "育児休業 E-4032")
    monkeypatch.setattr(index_room, "_SMALL_ROWS", 0)
    address = FeedAddress("fake_feed:open_pickled", feed.pickle(tmp_path / "feed"))
    index = TantivyIndex(feed, tmp_path / "child", address=address, quiet_s=3600)
    feed.add(50, "leave after the child looked")  # what it missed is caught up with
    index.follow()
    here = opened(feed, tmp_path / "here")
    assert len(results(index, "leave")) == 30
    assert_same(results(index, "leave 育児休業"), results(here, "leave 育児休業"))
    index.close()


@pytest.mark.parametrize(
    ("function", "code"), [("fake_feed:open_nothing", "disk_full"), ("fake_feed:absent", "storage")]
)
def test_a_child_that_fails_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str, code: str
) -> None:
    feed = FakeFeed()
    feed.add(1, "leave")
    monkeypatch.setattr(index_room, "_SMALL_ROWS", 0)
    index = TantivyIndex(feed, tmp_path, address=FeedAddress(function, "nowhere"))
    with pytest.raises(StorageError) as caught:
        index.follow()
    assert caught.value.code == code
    assert results(index, "leave") == []
    assert index.state().problem
    assert not list(tmp_path.glob("gen-*"))
    index.close()


def test_an_empty_catalog_is_an_empty_index(tmp_path: Path) -> None:
    index = opened(FakeFeed(), tmp_path)
    assert isinstance(index.search("leave", 5), Scored)
    assert len(index.search("leave", 5)) == 0
    assert index.state().problem == ""
    index.close()
    assert Counter(path.name for path in tmp_path.iterdir())["CURRENT"] <= 1


def test_compacting_waits_for_a_build_that_a_removal_overtook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such a build catches up with the removal, and then holds the removed passages in its statistics."""
    feed = FakeFeed()
    feed.add(1, "leave pay", "travel")
    feed.add(2, "leave")
    index = opened(feed, tmp_path)
    built, go_on = threading.Event(), threading.Event()
    build = index_room.build

    def build_slowly(*given: object) -> None:
        build(*given)  # type: ignore[arg-type]
        built.set()
        assert go_on.wait(60)

    monkeypatch.setattr(index_room, "build", build_slowly)
    builder = threading.Thread(target=index.rebuild)
    builder.start()
    assert built.wait(60)
    feed.remove(2)
    index.follow()
    index._counts = replace(index._counts, deleted=0)  # as where its whole segment was dropped
    compacting = threading.Thread(target=index.compact)
    compacting.start()
    compacting.join(0.3)
    go_on.set()
    builder.join(60)
    compacting.join(60)
    assert index.state().delta_rows == 0
    index.close()
