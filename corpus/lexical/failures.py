"""What it means that tantivy, or the disk below it, refused to write; and how much room there is."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from corpus.errors import StorageError


def storage_error(folder: Path, error: BaseException) -> StorageError:
    """Returns the error for people: the disk is full, may not be written, or something else."""
    number = getattr(error, "errno", None)
    text = str(error)
    if number == errno.ENOSPC or "os error 28" in text or "No space left" in text:
        return StorageError(
            f"The lexical index could not be written: the disk of {folder} was full.",
            code="disk_full",
            hint="Free some space; searching goes on, and the index catches up by itself.",
        )
    if number in (errno.EROFS, errno.EACCES) or "os error 30" in text or "os error 13" in text:
        return StorageError(
            f"The lexical index in {folder} could not be written: {text}.",
            code="read_only",
            hint="Make the folder writable; searching goes on, and the index catches up by itself.",
        )
    return StorageError(
        f"The lexical index in {folder} could not be written: {text}.",
        code="lexical_write",
        hint="Searching goes on, and it is tried again by itself. If it lasts: vouch rebuild",
    )


def room(folder: Path) -> int:
    """Returns how many bytes can be written where a folder is or would be; 0 on a disk that is read-only."""
    try:
        disk = os.statvfs(folder if folder.exists() else folder.parent)
    except OSError:
        return 0
    return 0 if disk.f_flag & os.ST_RDONLY else disk.f_bavail * disk.f_frsize
