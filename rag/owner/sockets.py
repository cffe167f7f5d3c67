"""Where the owner of a data folder listens: a socket file in the folder, or a name where none can be made.

On a full or read-only disk, Linux's abstract names need no file. No folder's mode guards such a name, so each side
looks at whose process the other one is: the same user's, or root's.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SOCKET_NAME = "owner.sock"

_OPEN_FOLDERS = Path("/proc/self/fd")

_CREDENTIALS = "3i"  # struct ucred: process, user, group


def connect(folder: Path) -> socket.socket:
    """Connects to a folder's owner.

    Raises:
        OSError: nobody listens, or somebody who is not to be trusted.
    """
    try:
        return _connect_to_file(folder)
    except OSError:
        if sys.platform != "linux":
            raise
    status = folder.stat()
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)  # whoever has the name must not keep this waiting
        connection.connect(_name(status))
        connection.setblocking(True)
        if _user_of(connection) not in {0, os.geteuid(), status.st_uid}:
            raise PermissionError("Another user's process listens in the owner's place.")
    except OSError:
        connection.close()
        raise
    return connection


def listen(folder: Path) -> socket.socket:
    """Listens as a folder's owner; a socket file that is there already is a dead owner's.

    Raises:
        OSError: neither a file nor a name can be had.
    """
    try:
        return _listen_at_file(folder)
    except OSError:
        if sys.platform != "linux":
            raise
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(_name(folder.stat()))
        listener.listen(64)
    except OSError:
        listener.close()
        raise
    return listener


def may_ask(connection: socket.socket) -> bool:
    """Says whether an accepted connection is this user's or root's. At a socket file its mode has seen to that."""
    return not _is_name(connection.getsockname()) or _user_of(connection) in {0, os.geteuid()}


def close(folder: Path, listener: socket.socket) -> None:
    """Stops listening: nobody finds the socket any more."""
    if not _is_name(listener.getsockname()):
        with contextlib.suppress(OSError):
            (folder / SOCKET_NAME).unlink()
    listener.close()


def _connect_to_file(folder: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _address(folder) as address:
            connection.connect(address)
    except OSError:
        connection.close()
        raise
    return connection


def _listen_at_file(folder: Path) -> socket.socket:
    with contextlib.suppress(FileNotFoundError):
        (folder / SOCKET_NAME).unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _address(folder) as address:
            listener.bind(address)
        os.chmod(folder / SOCKET_NAME, 0o600)
        listener.listen(64)
    except OSError:
        listener.close()
        raise
    return listener


@contextmanager
def _address(folder: Path) -> Iterator[str]:
    """A path for the socket file that fits the bytes a Unix socket's address may have: 107, on macOS 103."""
    path = str(folder / SOCKET_NAME)
    if len(os.fsencode(path)) < 100:
        yield path
        return
    if not _OPEN_FOLDERS.is_dir():  # macOS has none: a link with a short name leads there
        with tempfile.TemporaryDirectory(prefix="vouch-", dir="/tmp") as short:
            (Path(short) / "to").symlink_to(folder.absolute())
            yield f"{short}/to/{SOCKET_NAME}"
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"{_OPEN_FOLDERS}/{descriptor}/{SOCKET_NAME}"
    finally:
        os.close(descriptor)


def _name(status: os.stat_result) -> str:
    """The abstract name of a folder: by what it is, whichever path leads to it."""
    return f"\0vouch-owner-{status.st_dev:x}-{status.st_ino:x}"


def _is_name(address: str | bytes) -> bool:
    return address[:1] in ("\0", b"\0")


def _user_of(connection: socket.socket) -> int:
    """Returns whose process is at the other end of a connection."""
    if sys.platform != "linux":  # nobody asks there
        raise OSError("Only Linux tells.")
    found = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize(_CREDENTIALS))
    return int(struct.unpack(_CREDENTIALS, found)[1])
