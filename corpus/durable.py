"""What was written stays when the power goes: a file's bytes, and the names in a folder, once synced; a small file is
replaced whole or not at all. And whether a folder can be written at all."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from corpus.crashpoints import reach

_FULL_SYNC: int | None = getattr(fcntl, "F_FULLFSYNC", None)
"""On macOS fsync leaves what is written in the drive's own memory; this empties that, too."""


def sync(path: Path) -> None:
    """Makes the bytes of a file, or the names in a folder, durable.

    Raises:
        OSError: it is not there, or the disk fails.
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        sync_open(handle)
    finally:
        os.close(handle)


def sync_open(handle: int) -> None:
    """As :func:`sync`, of an open file's descriptor.

    Raises:
        OSError: the disk fails.
    """
    if _FULL_SYNC is not None:
        with suppress(OSError):  # a file system that does not know it, such as a network's
            fcntl.fcntl(handle, _FULL_SYNC)
            return
    os.fsync(handle)


def replace_file(path: Path, text: str) -> None:
    """Puts a file of this text, durably and for its user alone, in the place of the one that is there.

    Until then the one before stays; a kill may leave :func:`unfinished` behind, and the next call removes it.

    Raises:
        OSError: the disk is full, read-only or fails; the file is as it was.
    """
    new = unfinished(path)
    new.unlink(missing_ok=True)
    try:
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            sync_open(file.fileno())
        reach("durable.written")
        os.replace(new, path)
    except OSError:
        with suppress(OSError):
            new.unlink(missing_ok=True)
        raise
    reach("durable.replaced")
    sync(path.parent)


def unfinished(path: Path) -> Path:
    """Returns where :func:`replace_file` writes a file before it takes its place."""
    return path.with_name(f".{path.name}.new")


def can_write(folder: Path, megabytes: int) -> bool:
    """Says whether a folder can be written just now and has so much room, by writing a file that goes again."""
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(bytes(4096))
            probe.flush()
            os.fsync(probe.fileno())
        return shutil.disk_usage(folder).free >= megabytes << 20
    except OSError:
        return False
