"""Where the catalog's file is: known by the folder it was opened in, wherever that is moved, and by the file itself."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from corpus.errors import StorageError

MOVED = (
    "The data folder is not where it was opened: it was moved, replaced or unmounted. Searching goes on for now; "
    "nothing is changed in it, nor in what has its place."
)


class Place:
    """A file's place. Made once the file is there; closed after the last connection to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._id = _id(path)
        self._folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    @property
    def is_there(self) -> bool:
        """Says whether the file that was opened is the one at its path: the folder may have been moved away, with
        another or none in its place, while what is open in it goes on being read.
        """
        return _id(self.path) == self._id

    def now(self) -> Path:
        """Returns where the file is now, for another connection to it: never the path of what has its place.

        Raises:
            StorageError: (``moved``) it is not known, or is there no more.
        """
        if self.is_there:
            return self.path
        with suppress(OSError):  # where there is no /proc
            moved = Path(os.readlink(f"/proc/self/fd/{self._folder}")) / self.path.name
            if _id(moved) == self._id:
                return moved
        raise moved_error()

    def close(self) -> None:
        """Lets go of the folder."""
        os.close(self._folder)


def moved_error() -> StorageError:
    """Returns the error for a folder that was moved while it was open."""
    return StorageError(MOVED, code="moved", hint="Stop this process, and start it where the folder is now.")


def _id(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
