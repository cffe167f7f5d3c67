"""One process owns the data folder: a lock that names its owner and dies with it."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path

from corpus.errors import BusyError, StorageError, disk_code

LOCK_NAME = "owner.lock"

_GRACE_S = 5.0
"""How long a killed owner's lock may outlive it, in a child that it was just starting; and how long a lock may name
no owner: one that only just took it, or somebody who looks for a moment whether there is one."""

_LOOK_AGAIN_S = 0.02

_HELD = frozenset({errno.EAGAIN, errno.EACCES, errno.EINTR})
"""Another process has the lock; what else may be wrong is the file system's, as NFS without its lock service."""


class Ownership:
    """The exclusive right to a data folder, held until :meth:`release` or the end of the process.

    ``clean`` says whether the owner before this one released it in good order.
    """

    def __init__(self, descriptor: int | None, clean: bool) -> None:
        self._descriptor = descriptor
        self.clean = clean

    def release(self, *, clean: bool = True) -> None:
        """Gives the folder up; the next owner sees whether this one left it in good order."""
        if self._descriptor is None:
            return
        descriptor, self._descriptor = self._descriptor, None
        try:
            if clean:
                os.ftruncate(descriptor, 0)
        except OSError as error:
            # A full or read-only disk must not keep us from leaving; the next owner just checks more.
            if error.errno not in (errno.ENOSPC, errno.EROFS, errno.EINVAL, errno.EBADF, errno.EIO):
                raise
        finally:
            os.close(descriptor)


def own(folder: Path, purpose: str) -> Ownership:
    """Takes the data folder for this process.

    Args:
        folder: the data folder; it is created (mode 0700) when missing.
        purpose: what the owner does, for the message a second one gets (``vouch serve``).

    Raises:
        BusyError: another process owns it; the message names it.
        StorageError: the folder cannot be created, or its file system gives no locks (``no_locks``).
    """
    path = folder / LOCK_NAME
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        reading = _open_read_only(path, error)
        if reading is None:
            return Ownership(None, clean=False)
        descriptor = reading
    deadline = time.monotonic() + _GRACE_S
    while not _lock(descriptor, folder):
        if _owner_lives(descriptor) or time.monotonic() > deadline:
            owner = _read_owner(descriptor)
            os.close(descriptor)
            raise BusyError(
                f"The data folder {folder} is in use by {owner}.",
                hint="Commands go through it by themselves; stop it to take the folder over.",
            )
        time.sleep(_LOOK_AGAIN_S)
    clean = os.fstat(descriptor).st_size == 0
    _write_owner(descriptor, purpose)
    return Ownership(descriptor, clean)


def current_owner(folder: Path) -> str:
    """Returns who owns the folder now, in words; empty when nobody does."""
    try:
        descriptor = os.open(folder / LOCK_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return _read_owner(descriptor) if error.errno in _HELD else ""
    else:
        return ""
    finally:
        os.close(descriptor)


def _open_read_only(path: Path, error: OSError) -> int | None:
    """A disk that cannot be written can still be owned for reading: flock needs no write."""
    if not disk_code(error, ""):
        raise StorageError(
            f"Cannot create the data folder {path.parent}: {error.strerror or error}.",
            hint="Choose another with VOUCH_DATA_DIR or --data-dir.",
        ) from error
    if not path.parent.is_dir():
        raise StorageError(
            f"Cannot create the data folder {path.parent}: {error.strerror}.",
            code="read_only",
            hint="Choose another with VOUCH_DATA_DIR or --data-dir.",
        ) from error
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None


def _lock(descriptor: int, folder: Path) -> bool:
    """Takes the lock; says no where another process has it.

    Raises:
        StorageError: nobody can lock anything there (``no_locks``).
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD:
            return False
        os.close(descriptor)
        raise StorageError(
            f"The file system of the data folder {folder} gives no locks ({error.strerror}), so nothing would keep two "
            "processes from writing at once.",
            code="no_locks",
            hint="Choose a folder on a local disk, with VOUCH_DATA_DIR or --data-dir.",
        ) from None
    return True


def _owner_lives(descriptor: int) -> bool:
    try:
        if not os.fstat(descriptor).st_size:
            return False
        os.kill(json.loads(os.pread(descriptor, 4096, 0))["pid"], 0)
    except ProcessLookupError:
        return False
    except (OSError, ValueError, KeyError, TypeError):
        return True  # it is another user's, or does not say
    return True


def _write_owner(descriptor: int, purpose: str) -> None:
    line = json.dumps({"pid": os.getpid(), "command": purpose, "since": datetime.now(UTC).isoformat()})
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, line.encode(), 0)
    except OSError:
        return  # read-only or full: the lock holds all the same, only its label is missing


def _read_owner(descriptor: int) -> str:
    try:
        owner = json.loads(os.pread(descriptor, 4096, 0))
        since = datetime.fromisoformat(owner["since"]).astimezone()
        return f"process {owner['pid']} ({owner['command']}, since {since:%Y-%m-%d %H:%M %Z})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
