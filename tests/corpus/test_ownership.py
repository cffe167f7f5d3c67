"""One owner a folder; the second is told who the first is; the lock dies with its process."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from corpus.errors import BusyError, StorageError
from corpus.ownership import current_owner, own

HOLD = """
import sys, time
from pathlib import Path
from corpus.ownership import own
held = own(Path(sys.argv[1]), "vouch serve")
print("held", flush=True)
time.sleep(60)
"""


def hold(folder: Path) -> subprocess.Popen[str]:
    child = subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    return child


def test_a_second_owner_is_turned_away_naming_the_first(tmp_path: Path):
    child = hold(tmp_path)
    try:
        with pytest.raises(
            BusyError, match=rf"{child.pid} \(vouch serve, since [-\d]+ \d\d:\d\d \S+\)\. "
        ) as caught:
            own(tmp_path, "vouch ingest")
        assert caught.value.code == "busy"
        assert str(child.pid) in current_owner(tmp_path)
    finally:
        child.kill()
        child.communicate()


def test_the_lock_dies_with_its_process_and_says_so(tmp_path: Path):
    child = hold(tmp_path)
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert current_owner(tmp_path) == ""
    after_crash = own(tmp_path, "vouch")
    assert not after_crash.clean
    after_crash.release()
    in_order = own(tmp_path, "vouch")
    assert in_order.clean
    in_order.release()
    in_order.release()


def test_a_file_system_without_locks_is_not_taken_for_another_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NFS without its lock service: "in use by another process" was said, and there was none to be stopped."""

    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(StorageError, match="gives no locks") as refused:
        own(tmp_path, "vouch")
    assert refused.value.code == "no_locks"
    assert "VOUCH_DATA_DIR" in refused.value.hint
    assert current_owner(tmp_path) == ""


def test_a_new_folder_is_private(tmp_path: Path):
    held = own(tmp_path / "deep" / "data", "vouch")
    assert (tmp_path / "deep" / "data").stat().st_mode & 0o777 == 0o700
    held.release()


def test_a_folder_that_cannot_be_written_can_be_owned(tmp_path: Path, read_only_folder):
    (tmp_path / "data").mkdir()
    own(tmp_path / "data", "vouch").release()
    with read_only_folder(tmp_path / "data") as folder:
        own(folder, "vouch search").release()
        (tmp_path / "none").mkdir()
    with read_only_folder(tmp_path / "none") as folder:
        own(folder, "vouch search").release()
        with pytest.raises(StorageError) as caught:
            own(folder / "new", "vouch search")
        assert caught.value.code == "read_only"


def test_a_file_in_the_place_of_the_folder_is_explained(tmp_path: Path):
    (tmp_path / "data").write_text("I am a file")
    with pytest.raises(StorageError, match="Cannot create the data folder") as caught:
        own(tmp_path / "data", "vouch")
    assert "--data-dir" in caught.value.hint


def test_a_dead_owner_whose_child_still_holds_the_lock_is_waited_for(tmp_path: Path):
    """Between the start of a child and its first step the child holds what its parent held."""
    held = own(tmp_path, "vouch serve")
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True)
    (tmp_path / "owner.lock").write_text(json.dumps({"pid": int(ended.stdout), "command": "x", "since": "y"}))
    later = threading.Timer(0.3, held.release)
    later.start()
    own(tmp_path, "vouch search").release()
    later.join()


def test_one_who_only_looks_for_the_owner_turns_nobody_away(tmp_path: Path):
    own(tmp_path, "vouch").release()
    with open(tmp_path / "owner.lock") as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        later = threading.Timer(0.3, fcntl.flock, (looking, fcntl.LOCK_UN))
        later.start()
        own(tmp_path, "vouch search").release()
        later.join()
