"""What is made once is made once, whole, and by somebody else where the first one dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.once import Once

MAKES_IT = """
import sys, time
from pathlib import Path
from tests.once import Once

def make(folder):
    with (folder.parent / "calls").open("a") as calls:
        calls.write("made\\n")
    for number in range(5):
        (folder / str(number)).write_text("whole")
        time.sleep(0.05)

print(len(list(Once(Path(sys.argv[1]))("things", make).iterdir())))
"""


def test_several_processes_make_it_once_and_each_finds_all_of_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", MAKES_IT, str(tmp_path / "once")]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert [one.communicate(timeout=60)[0] for one in running] == ["5\n"] * 4
    assert (tmp_path / "once" / "calls").read_text() == "made\n"


def test_what_a_killed_process_left_half_made_is_made_anew(tmp_path: Path) -> None:
    once = Once(tmp_path)
    half = "import os, sys, time; from pathlib import Path; from tests.once import Once\n"
    half += "Once(Path(sys.argv[1]))('things', lambda folder: ((folder / 'half').touch(), time.sleep(60)))"
    with subprocess.Popen([sys.executable, "-c", half, str(tmp_path)]) as maker:
        while not (tmp_path / "things" / "half").exists():
            assert maker.poll() is None
            time.sleep(0.01)
        os.kill(maker.pid, signal.SIGKILL)
    made = once("things", lambda folder: (folder / "whole").touch())
    assert [path.name for path in made.iterdir()] == ["whole"]


def test_after_an_error_the_next_makes_it_anew(tmp_path: Path) -> None:
    def fails(folder: Path) -> None:
        (folder / "half").touch()
        raise OSError("the disk is full")

    once = Once(tmp_path)
    with pytest.raises(OSError, match="the disk is full"):
        once("things", fails)
    assert list(once("things", lambda folder: (folder / "whole").touch()).iterdir()) == [
        tmp_path / "things" / "whole"
    ]
    assert once("things", fails) == tmp_path / "things"
