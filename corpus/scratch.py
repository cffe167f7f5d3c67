"""Folders for a while: deleted when they are left, and those that a kill left behind when the next one is made.

They hold documents' words. Each is locked for as long as its process lives: so it is known which are left behind,
also where processes of several containers share a folder.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from corpus.errors import StorageError

IN_DATA_FOLDER = "tmp"


def settle_scratch(data_dir: Path) -> None:
    """Has this process and its children keep temporary files in the data folder where the machine has no place for
    them, as a container has none whose own files are read-only. Where that cannot be written, either, nothing changes.
    """
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        place = data_dir / IN_DATA_FOLDER
        with suppress(OSError):
            data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            place.mkdir(mode=0o700, exist_ok=True)
            os.environ["TMPDIR"] = tempfile.tempdir = str(place)


@contextmanager
def scratch_folder(prefix: str, parent: Path | None = None) -> Iterator[Path]:
    """Gives a private folder whose name begins with ``prefix``, by default where temporary files go.

    Raises:
        OSError: none can be made.
        StorageError: there is no place where temporary files go (``no_scratch``).
    """
    place = parent or _usual()
    remove_left(prefix, place)
    with ExitStack() as held:
        while True:
            made = Path(tempfile.mkdtemp(prefix=prefix, dir=place))
            try:
                held.enter_context(_locked(made))
            except (BlockingIOError, FileNotFoundError):
                continue  # another process took it for one that was left behind
            break
        try:
            yield made
        finally:
            shutil.rmtree(made, ignore_errors=True)


def remove_left(prefix: str, parent: Path | None = None) -> None:
    """Deletes the folders of such a name whose processes are gone.

    Raises:
        StorageError: there is no place where temporary files go (``no_scratch``).
    """
    for left in (parent or _usual()).glob(f"{prefix}*"):
        with suppress(OSError), _locked(left):
            shutil.rmtree(left, ignore_errors=True)


def _usual() -> Path:
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError:
        raise StorageError(
            "There is no folder for temporary files: none of the usual ones can be written.",
            code="no_scratch",
            hint="Set TMPDIR to a folder that can be written, or free some room.",
        ) from None


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Locks a folder of this user's own.

    Raises:
        OSError: another process holds it, or it is another user's, or no folder.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if os.fstat(descriptor).st_uid != os.geteuid():
            raise PermissionError(f"{folder} is another user's.")
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not folder.exists():
            raise FileNotFoundError(folder)
        yield
    finally:
        os.close(descriptor)
