"""What it means that tantivy, or the disk below it, refused to write."""

from __future__ import annotations

import errno
from pathlib import Path

from corpus.errors import StorageError


def storage_error(folder: Path, error: BaseException) -> StorageError:
    """Returns the error for people: the disk is full, may not be written, or something else."""
    number = getattr(error, "errno", None)
    text = str(error)
    if number == errno.ENOSPC or "os error 28" in text or "No space left" in text:
        return StorageError(
            f"The disk of {folder} is full, so the lexical index cannot be written.",
            code="disk_full",
            hint="Free some space; searching goes on, and the next change catches up.",
        )
    if number in (errno.EROFS, errno.EACCES) or "os error 30" in text or "os error 13" in text:
        return StorageError(
            f"The lexical index in {folder} cannot be written: {text}.",
            code="read_only",
            hint="Make the folder writable; searching goes on, and the next change catches up.",
        )
    return StorageError(
        f"The lexical index in {folder} cannot be written: {text}.",
        code="lexical_write",
        hint="Searching goes on; the next change catches up. If it lasts: vouch rebuild",
    )
