"""What it means that tantivy, or the disk below it, refused to write; and how much room there is."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

from corpus.errors import StorageError, disk_code

_OS_ERROR = re.compile(r"os error (\d+)")


def storage_error(folder: Path, error: BaseException) -> StorageError:
    """Returns the error for people: the disk was full, may not be written, or something else."""
    text = str(error)
    told = _OS_ERROR.search(text)  # tantivy's own errors have no number but in their words
    number = getattr(error, "errno", None) or (int(told[1]) if told else 0)
    if "No space left" in text:
        number = errno.ENOSPC
    code = disk_code(OSError(number, text), "")
    if code == "disk_full":
        return StorageError(
            f"The lexical index could not be written: the disk of {folder} was full.",
            code=code,
            hint="Free some space; searching goes on, and the index catches up by itself.",
        )
    message = f"The lexical index in {folder} could not be written: {text}."
    if code:
        hint = "Make the folder writable; searching goes on, and the index catches up by itself."
        return StorageError(message, code=code, hint=hint)
    hint = "Searching goes on, and it is tried again by itself. If it lasts: vouch rebuild"
    return StorageError(message, code="lexical_write", hint=hint)


def room(folder: Path) -> int:
    """Returns how many bytes can be written where a folder is or would be; 0 on a disk that is read-only."""
    try:
        disk = os.statvfs(folder if folder.exists() else folder.parent)
    except OSError:
        return 0
    return 0 if disk.f_flag & os.ST_RDONLY else disk.f_bavail * disk.f_frsize
