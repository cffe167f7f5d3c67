"""Kept originals: the bytes of their hash, whole or not at all."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.errors import DamagedError, NotFoundError
from corpus.originals import Originals, folder_bytes

DATA = "規程\n".encode() * 1000
SHA = hashlib.sha256(DATA).hexdigest()


def test_what_is_kept_is_read_back(tmp_path: Path):
    kept = Originals(tmp_path / "originals")
    source = tmp_path / "規程.txt"
    source.write_bytes(DATA)
    kept.add(source, SHA)
    kept.add(b"anything: it is there already", SHA)
    assert kept.read(SHA) == DATA
    assert [path.name for path in kept.all()] == [SHA]
    kept.keep_only({SHA})
    assert kept.read(SHA) == DATA
    kept.keep_only(set())
    kept.keep_only(set())
    with pytest.raises(NotFoundError):
        kept.read(SHA)


def test_a_file_that_changed_meanwhile_is_not_kept(tmp_path: Path):
    kept = Originals(tmp_path / "originals")
    with pytest.raises(DamagedError) as caught:
        kept.add(b"other bytes", SHA)
    assert caught.value.code == "changed"
    assert [path for path in (tmp_path / "originals").rglob("*") if path.is_file()] == []


def test_damage_is_noticed(tmp_path: Path):
    kept = Originals(tmp_path / "originals")
    kept.add(DATA, SHA)
    assert list(kept.damaged()) == []
    kept.path(SHA).write_bytes(DATA[:-1] + b"?")
    assert list(kept.damaged()) == [SHA]
    with pytest.raises(DamagedError):
        kept.read(SHA)


def test_a_damaged_file_is_kept_anew(tmp_path: Path):
    kept = Originals(tmp_path / "originals")
    kept.add(DATA, SHA)
    assert kept.is_sound(SHA, len(DATA))
    kept.path(SHA).write_bytes(DATA[:-1] + b"?")
    assert list(kept.damaged()) == [SHA]
    assert not kept.is_sound(SHA, len(DATA))  # found once, known from then on
    kept.add(DATA, SHA)
    assert kept.is_sound(SHA, len(DATA))
    assert kept.read(SHA) == DATA
    kept.path(SHA).write_bytes(DATA[:-1])
    assert not kept.is_sound(SHA, len(DATA))
    kept.path(SHA).unlink()
    assert not kept.is_sound(SHA, len(DATA))


def test_what_a_killed_commit_left_is_cleaned_away(tmp_path: Path):
    kept = Originals(tmp_path / "originals")
    other = hashlib.sha256(b"other").hexdigest()
    kept.add(DATA, SHA)
    kept.add(b"other", other)
    left = kept.path(SHA).with_name(f".{SHA}.1.part")
    left.write_bytes(b"half")
    assert kept.is_new(SHA)
    kept.clean(lambda: {SHA})
    assert not kept.is_new(SHA)
    assert [path.name for path in (tmp_path / "originals").rglob("*") if path.is_file()] == [SHA]
    kept.clean(set)  # what a version had once is nothing that a commit left
    assert kept.read(SHA) == DATA


STEPS = st.lists(
    st.tuples(st.sampled_from(["keep", "drop", "rest", "half"]), st.integers(0, 9)), min_size=1, max_size=30
)


@given(STEPS)
def test_what_they_take_up_is_known_without_looking_at_each(steps: list[tuple[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        kept = Originals(Path(folder) / "originals")
        assert kept.disk_bytes() == 0
        for moment, (step, number) in enumerate(steps):
            data = b"%d" % number * (number + 1)
            sha256 = hashlib.sha256(data).hexdigest()
            if step == "keep":
                kept.add(data, sha256)
            elif step == "drop":
                kept.path(sha256).unlink(missing_ok=True)
            elif step == "half" and kept.path(sha256).parent.exists():
                kept.path(sha256).with_name(f".{sha256}.1.part").write_bytes(data)
            elif step == "rest":  # the folders were last changed long ago, each time at another moment
                for one in Path(folder, "originals").glob("??"):
                    os.utime(one, (moment, moment))
            assert kept.disk_bytes() == folder_bytes(kept.folder)


def test_folders_in_which_nothing_came_or_went_are_not_looked_into_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, looked = Originals(tmp_path / "originals"), []
    kept.add(DATA, SHA)
    monkeypatch.setattr("corpus.originals.folder_bytes", lambda path: looked.append(path) or len(DATA))
    assert kept.disk_bytes() == kept.disk_bytes() == len(DATA)
    assert len(looked) == 2, "just changed: its time may be that of another change"
    os.utime(kept.path(SHA).parent, (1, 1))
    assert [kept.disk_bytes() for _ in range(3)] == [len(DATA)] * 3
    assert len(looked) == 3
