"""What was written stays when the power goes: a file's bytes, and the names in a folder, once synced. And whether a
folder can be written at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path


def sync(path: Path) -> None:
    """Makes the bytes of a file, or the names in a folder, durable.

    Raises:
        OSError: it is not there, or the disk fails.
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


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
