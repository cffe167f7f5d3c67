"""The lexical index on a disk that is full: what was refused is done once there is room, by itself."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from fake_feed import FakeFeed
from lexical_runs import ids, opened

import corpus.lexical.index as index_room
from corpus.errors import StorageError
from corpus.lexical import TantivyIndex, segments


class FullDisk:
    """Refuses, and counts how often."""

    def __init__(self) -> None:
        self.tried = threading.Semaphore(0)

    def refuse(self, *_: object) -> None:
        self.tried.release()
        raise OSError(28, "No space left on device")


def filled(folder: Path) -> tuple[FakeFeed, Path]:
    feed = FakeFeed()
    for version in range(1, 6):
        feed.add(version, "leave and pay", "育児休業 E-4032", "travel")
    opened(feed, folder).close()
    return feed, folder


@pytest.mark.parametrize("closed", [True, False], ids=["while opening", "while following"])
def test_what_a_full_disk_refused_is_added_once_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed: bool
) -> None:
    """Nobody has to change anything more for it."""
    feed, folder = filled(tmp_path)
    index = TantivyIndex(feed, folder)
    index.follow()
    disk = FullDisk()
    monkeypatch.setattr(index_room, "_RETRY_FIRST_S", 0.01)
    with monkeypatch.context() as patch:
        patch.setattr(segments, "write_record", disk.refuse)
        feed.add(50, "parapet")
        if closed:
            index.close()
            index = TantivyIndex(feed, folder)
        else:
            with pytest.raises(StorageError, match=r"was full.* catches up by itself"):
                index.follow()
        for _ in range(3):  # again and again
            assert disk.tried.acquire(timeout=60)
        assert ids(index, "parapet") == []
        assert "was full" in index.state().problem
    index._worker.join(60)
    assert ids(index, "parapet") == [5000]
    assert (index.state().problem, index.state().broken) == ("", False)
    index.close()


def test_a_disk_with_more_room_is_tried_soon_though_it_refused_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed, folder = filled(tmp_path)
    index = TantivyIndex(feed, folder)
    index.follow()
    waited: list[float] = []
    monkeypatch.setattr(index_room, "room", lambda folder: len(waited) << 24)
    monkeypatch.setattr(index._closing, "wait", lambda seconds: waited.append(seconds))
    assert not index._rest(3600)
    assert waited == [5.0, 5.0]
    index.close()


def test_compacting_that_a_full_disk_refused_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed, folder = filled(tmp_path)
    index = TantivyIndex(feed, folder, quiet_s=0.01)
    index.follow()
    disk = FullDisk()
    monkeypatch.setattr(index_room, "_RETRY_FIRST_S", 0.01)
    with monkeypatch.context() as patch:
        patch.setattr(index_room, "build", disk.refuse)
        feed.remove(next(iter(feed.live)))
        index.follow()
        assert disk.tried.acquire(timeout=60)
    index._worker.join(60)
    assert (index.state().delta_rows, index.state().problem) == (0, "")
    index.close()
