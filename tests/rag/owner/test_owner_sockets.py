"""Where an owner listens when its folder takes no socket file, and who is let in there."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from rag.owner import sockets
from rag.owner.control import Cancelled, Emit, ask_owner, serve_control

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="abstract names are Linux's")

NOBODY = 65534

ASK = """
import os, socket, sys
os.setuid(int(sys.argv[2]))
connection = socket.socket(socket.AF_UNIX)
connection.connect("\\0" + sys.argv[1])
connection.sendall(b'{"operation": "search", "params": {}}\\n')
print(connection.recv(1000))
"""

SQUAT = """
import os, socket, sys
os.setuid(int(sys.argv[2]))
listener = socket.socket(socket.AF_UNIX)
listener.bind("\\0" + sys.argv[1])
listener.listen(int(sys.argv[3]))
print("there", flush=True)
sys.stdin.read()
"""


def echo(operation: str, params: Mapping[str, Any], emit: Emit, cancelled: Cancelled) -> Any:
    return [operation, dict(params)]


def ask(folder: Path) -> tuple[bool, Any]:
    return ask_owner(folder, "search", {"query": "x"}, lambda event: None, lambda: False)


@pytest.fixture
def locked(
    tmp_path: Path, read_only_folder: Callable[[Path], AbstractContextManager[Path]]
) -> Iterator[Path]:
    """A data folder in which nothing can be made, with the socket file of an owner that was killed."""
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / sockets.SOCKET_NAME))
    with read_only_folder(tmp_path) as folder:
        yield folder


@contextmanager
def squatting(folder: Path, backlog: int) -> Iterator[None]:
    """Another user's process has the folder's name."""
    name = sockets._name(folder.stat())[1:]
    with subprocess.Popen(
        [sys.executable, "-c", SQUAT, name, str(NOBODY), str(backlog)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as squatter:
        assert squatter.stdin is not None
        assert squatter.stdout is not None
        assert squatter.stdout.readline() == b"there\n"
        yield
        squatter.stdin.close()


def test_an_owner_of_a_folder_that_cannot_be_written_answers_and_leaves(locked: Path) -> None:
    with serve_control(locked, echo):
        assert ask(locked) == (True, ["search", {"query": "x"}])
    assert ask(locked) == (False, None)
    with serve_control(locked, echo):  # the name is free again
        assert ask(locked)[0]


def test_the_same_folder_by_another_path_has_the_same_owner(locked: Path, tmp_path: Path) -> None:
    link = tmp_path.parent / f"{tmp_path.name}-link"
    link.symlink_to(locked)
    with serve_control(locked, echo):
        assert ask(link)[0]


def test_another_user_is_not_answered(locked: Path) -> None:
    name = sockets._name(locked.stat())[1:]
    with serve_control(locked, echo):
        own, other = (
            subprocess.run([sys.executable, "-c", ASK, name, str(user)], capture_output=True, timeout=60)
            for user in (os.geteuid(), NOBODY)
        )
    assert b"program" in own.stdout
    assert b"program" not in other.stdout  # cut off, whether it was sending or waiting by then
    assert other.stdout.strip() in (b"b''", b"")


@pytest.mark.parametrize("backlog", [0, 8])
def test_nothing_is_asked_of_another_users_process(locked: Path, backlog: int) -> None:
    with squatting(locked, backlog):
        for _ in range(3):  # the second and third would wait for ever where the first has filled the queue
            assert ask(locked) == (False, None)
        with serve_control(locked, echo):  # it works on without
            assert ask(locked) == (False, None)


def test_a_folder_with_a_long_path_is_listened_in_without_proc(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on macOS, where nothing leads to an open folder but its path."""
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    monkeypatch.setattr(sockets, "_OPEN_FOLDERS", tmp_path / "nowhere")
    monkeypatch.setattr(sockets, "_name", lambda status: 1 / 0)  # and there are no abstract names
    with serve_control(folder, echo):
        assert ask(folder) == (True, ["search", {"query": "x"}])
    with pytest.raises(FileNotFoundError):
        sockets._connect_to_file(folder)
    monkeypatch.chdir(
        tmp_path
    )  # a path that begins at the folder one is in leads elsewhere from the short name
    with serve_control(Path(folder.name), echo):
        assert ask(folder) == (True, ["search", {"query": "x"}])
