"""Folders for a while: what a killed process left there goes with the next one, and nothing else does."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from corpus.catalog import open_database
from corpus.errors import StorageError
from corpus.scratch import IN_DATA_FOLDER, remove_left, scratch_folder, settle_scratch

HOLD = """
import sys, time
from pathlib import Path
from corpus.scratch import scratch_folder
with scratch_folder("vouch-catalog-", Path(sys.argv[1])) as made:
    (made / "catalog.sqlite").write_text("the words of a company")
    print(made, flush=True)
    time.sleep(60)
"""


def hold(parent: Path) -> tuple[subprocess.Popen[str], Path]:
    child = subprocess.Popen([sys.executable, "-c", HOLD, str(parent)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    return child, Path(child.stdout.readline().strip())


def test_what_a_killed_process_left_goes_and_what_a_living_one_has_stays(tmp_path: Path) -> None:
    (dead, left), (alive, used) = hold(tmp_path), hold(tmp_path)
    dead.kill()
    dead.communicate()
    try:
        assert (left / "catalog.sqlite").exists()
        with scratch_folder("vouch-catalog-", tmp_path) as first:
            assert not left.exists()
            assert first.stat().st_mode & 0o777 == 0o700
            with scratch_folder("vouch-catalog-", tmp_path):
                assert (first.exists(), (used / "catalog.sqlite").exists()) == (True, True)
        assert list(tmp_path.iterdir()) == [used]
    finally:
        alive.kill()
        alive.communicate()


def test_links_and_files_of_such_a_name_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("mine")
    (tmp_path / "vouch-catalog-link").symlink_to(tmp_path / "mine")
    (tmp_path / "vouch-catalog-file").write_text("mine")
    with scratch_folder("vouch-catalog-", tmp_path):
        pass
    assert (tmp_path / "mine" / "letter.txt").exists()
    assert (tmp_path / "vouch-catalog-file").exists()


def test_a_copy_of_the_catalog_that_a_kill_left_goes_when_one_is_made_again(
    tmp_path: Path, read_only_folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a disk that cannot be written a catalog whose log holds more is read in a copy, among temporary files."""
    data, temporary = tmp_path / "data", tmp_path / "temporary"
    temporary.mkdir()
    open_database(data).close()
    (data / "catalog.sqlite.seal").unlink()
    (data / "catalog.sqlite-wal").write_bytes(b"x")
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    child, left = hold(temporary)
    child.kill()
    child.communicate()
    with read_only_folder(data) as folder:
        opened = open_database(folder)
        assert opened.read_only
        assert not left.exists()
        assert len(list(temporary.iterdir())) == 1
        opened.close()
    assert list(temporary.iterdir()) == []


def test_without_a_place_for_temporary_files_they_go_into_the_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container whose own files are read-only has no other: reading a folder ended as a defect there."""
    no_place(monkeypatch)
    monkeypatch.setenv("TMPDIR", "/nowhere")
    settle_scratch(tmp_path / "data")
    place = tmp_path / "data" / IN_DATA_FOLDER
    with scratch_folder("vouch-parsing-") as made:
        assert made.parent == place
        assert os.environ["TMPDIR"] == str(place)  # children keep theirs there, too
    assert list(place.iterdir()) == []
    assert place.stat().st_mode & 0o777 == 0o700
    assert (
        place.parent.stat().st_mode & 0o777 == 0o700
    )  # whoever makes the data folder, it is its owner's alone


def test_where_nothing_can_be_written_it_is_said_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_place(monkeypatch)
    (tmp_path / "data").write_text("not a folder")
    settle_scratch(tmp_path / "data")
    with pytest.raises(StorageError) as refused:
        remove_left("vouch-parsing-")
    assert refused.value.code == "no_scratch"
    assert "TMPDIR" in refused.value.hint


def no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where none of the usual folders can be written; root could write them all."""

    def none() -> list[str]:
        return ["/proc/1/fdinfo"]

    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", none)
