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


@contextmanager
def scratch_folder(prefix: str, parent: Path | None = None) -> Iterator[Path]:
    """Gives a private folder whose name begins with ``prefix``, by default where temporary files go.

    Raises:
        OSError: none can be made.
    """
    place = parent or Path(tempfile.gettempdir())
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
    """Deletes the folders of such a name whose processes are gone."""
    for left in (parent or Path(tempfile.gettempdir())).glob(f"{prefix}*"):
        with suppress(OSError), _locked(left):
            shutil.rmtree(left, ignore_errors=True)


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
