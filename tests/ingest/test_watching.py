"""Following a folder: every change is told once it is quiet, and nothing that is not the folder's."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from corpus.errors import UsageError
from ingest.watching import follow


class Following:
    """A folder that is followed, with what was told of it so far."""

    def __init__(self, folder: Path, data_dir: Path) -> None:
        self.stop = threading.Event()
        self._rounds = follow([folder], data_dir, self.stop.is_set)
        assert next(self._rounds) == frozenset()
        self._told: set[Path] = set()

    def until(self, *wanted: Path) -> set[Path]:
        """Returns everything told until these paths were."""
        while not self._told >= set(wanted):
            self._told |= next(self._rounds)
        told, self._told = self._told, set()
        return told

    def until_any(self, *wanted: Path) -> set[Path]:
        """Returns everything told until one of these paths was."""
        while not self._told & set(wanted):
            self._told |= next(self._rounds)
        told, self._told = self._told, set()
        return told

    def end(self) -> list[frozenset[Path]]:
        """Stops, and returns what was told after that."""
        self.stop.set()
        return list(self._rounds)


@pytest.fixture
def following(tmp_path: Path) -> Iterator[Following]:
    folder = tmp_path / "files"
    (folder / "deep").mkdir(parents=True)
    (folder / "old.txt").write_text("leave")
    opened = Following(folder, folder / "data")
    yield opened
    opened.end()


def test_what_comes_changes_moves_and_goes_is_told(following: Following, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    (folder / "休暇.txt").write_text("leave")
    assert following.until(folder / "休暇.txt") == {folder / "休暇.txt"}
    (folder / "old.txt").rename(folder / "deep" / "new.txt")
    told = following.until(folder / "old.txt", folder / "deep" / "new.txt")
    assert told - {folder / "deep"} == {folder / "old.txt", folder / "deep" / "new.txt"}
    (folder / "deep" / "new.txt").unlink()
    assert folder / "deep" / "new.txt" in following.until(folder / "deep" / "new.txt")
    assert following.end() == []


@pytest.mark.parametrize("way", ["renamed", "deleted", "moved there and back"])
def test_a_folder_that_takes_the_place_of_another_is_told_whole_and_followed(
    following: Following, tmp_path: Path, way: str
) -> None:
    folder = tmp_path / "files"
    if way == "deleted":
        shutil.rmtree(folder)
    else:
        folder.rename(tmp_path / "before")
    time.sleep(1.2)  # longer than the pause between two looks
    if way == "moved there and back":
        (tmp_path / "before").rename(folder)
    else:
        folder.mkdir()
    following.until(folder)
    for name in ("1.txt", "2.txt", "3.txt"):  # the first ones may be told as part of the whole folder
        (folder / name).write_text("leave")
        if folder / name in following.until_any(folder, folder / name):
            break
    else:
        raise AssertionError("it is not followed any more")
    assert following.end() == []


def test_hidden_entries_and_the_data_folder_are_not_told_and_rules_stand_for_their_folder(
    following: Following, tmp_path: Path
) -> None:
    folder = tmp_path / "files"
    for name in (
        "data/catalog.sqlite",
        ".git/index",
        "deep/.note.swp",
        "deep/~$plan.docx",
        "deep/.vouchignore",
        "last.txt",
    ):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("draft")
    assert following.until(folder / "last.txt", folder / "deep") == {folder / "last.txt", folder / "deep"}


def test_only_folders_are_followed(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("leave")
    for path in (tmp_path / "a.txt", tmp_path / "gone"):
        with pytest.raises(UsageError, match="no folder"):
            next(follow([path], tmp_path / "data", lambda: True))


@pytest.mark.parametrize(
    ("limit", "most"), [("max_inotify_watches", 3), ("max_inotify_watches", 5), ("max_inotify_instances", 0)]
)
def test_a_folder_that_the_system_has_no_room_to_follow_is_told(
    tmp_path: Path, limit: str, most: int
) -> None:
    """Those beyond the limit of watches were passed over in silence; without one at all it was a defect."""
    for name in ("a", "b", "c"):
        (tmp_path / "files" / name).mkdir(parents=True)
    program = f"""
import threading
from pathlib import Path
from corpus.errors import StorageError
from ingest.watching import follow
folder = Path({str(tmp_path / "files")!r})
try:
    for number, told in enumerate(follow([folder], folder.parent / "data", lambda: number_of_rounds[0] > 20)):
        number_of_rounds[0] += 1
        for name in "def"[number : number + 1]:
            (folder / name / "deep").mkdir(parents=True)
except StorageError as error:
    print(error.code, error.hint)
""".replace("try:", "number_of_rounds = [0]\ntry:", 1)
    limited = f"echo {most} > /proc/sys/user/{limit} && exec {sys.executable} -"
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "sh", "-c", limited],
        input=program,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(__file__).parents[2],
    )
    if "unshare" in done.stderr or "Permission denied" in done.stderr:
        pytest.skip("a limit of one's own needs a user namespace")
    assert done.stdout.startswith("cannot_watch "), (done.stdout, done.stderr)
    assert "max_user_instances" in done.stdout
