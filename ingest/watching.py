"""Follows folders: what changed in them, as soon as they are quiet again. The home of watchfiles."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from watchfiles import Change, watch

from corpus.errors import StorageError, UsageError
from ingest.discovery import is_hidden, printable
from ingest.ignoring import IGNORE_NAME

_QUIET_MS = 300
_ROUND_MS = 3000
_LOOK_UP_MS = 500


def follow(folders: Sequence[Path], data_dir: Path, stop: Callable[[], bool]) -> Iterator[frozenset[Path]]:
    """Yields what changed: files and folders that came, went or were written, until ``stop`` says so.

    The first set is empty and says that everything from now on will be told, also what happens while the caller is
    busy; a later empty one says that for half a second nothing changed. A round ends once nothing changed for 0.3 s, or
    after 3 s. Hidden entries, Office's marks of open files and the program's own data folder are left out; a changed
    ``.vouchignore`` stands for its whole folder. Where another folder takes the place of one, it is told whole and
    followed from then on.

    Raises:
        UsageError: one is no folder.
        StorageError: ``cannot_watch``: the system cannot follow them, or not a folder that has come into them.
    """
    real = [folder.resolve() for folder in folders]
    for given, folder in zip(folders, real, strict=True):
        if not folder.is_dir():
            raise UsageError(
                f"{printable(str(given))} is no folder; only folders can be followed.",
                hint="Name its folder, or leave --watch out.",
            )
    own = data_dir.resolve()

    def is_wanted(change: Change, path: str) -> bool:
        return _is_visible(Path(path), real) and not Path(path).is_relative_to(own)

    replaced: frozenset[Path] = frozenset()
    while True:
        lost: set[Path] = set()
        before = {folder: _identity(folder) for folder in real}
        try:
            _check_room(real)
            rounds = watch(
                *real,
                watch_filter=is_wanted,
                debounce=_ROUND_MS,
                step=_QUIET_MS,
                stop_event=_Stop(stop),
                rust_timeout=_LOOK_UP_MS,
                yield_on_timeout=True,
                raise_interrupt=False,
                ignore_permission_denied=True,
            )
            yield frozenset(_place(path) for _, path in next(rounds, ())) | replaced
            for changes in rounds:
                _check_room([Path(path) for change, path in changes if change is Change.added])
                yield frozenset(_place(path) for _, path in changes)
                lost |= {Path(path) for change, path in changes if change is Change.deleted} & before.keys()
                lost |= {folder for folder in real if _identity(folder) is None}
                replaced = frozenset(
                    folder
                    for folder in real
                    if (now := _identity(folder)) and (folder in lost or now != before[folder])
                )
                if replaced:  # the system goes on following the one that is gone
                    break
            else:
                return
        except (
            OSError,
            RuntimeError,
        ) as error:  # a RuntimeError is watchfiles' own for what it has no other for
            raise StorageError(
                f"The folders cannot be followed: {error}.",
                code="cannot_watch",
                hint="What was ingested stays. Ingest them now and then instead; on Linux, "
                "fs.inotify.max_user_watches or fs.inotify.max_user_instances may be too low.",
            ) from error


def _check_room(paths: Iterable[Path]) -> None:
    """Follows the folders among the paths, and all below them, for a moment: ``watch`` tells nothing of those that it
    has no room for where it is to pass over what it may not read, nor of those that come later.

    Raises:
        OSError, RuntimeError: the system cannot follow so many.
    """
    if folders := [path for path in paths if path.is_dir()]:
        with suppress(PermissionError, FileNotFoundError):
            watched = watch(
                *folders,
                rust_timeout=1,
                yield_on_timeout=True,
                raise_interrupt=False,
                ignore_permission_denied=False,
            )
            next(watched, None)
            watched.close()


def _identity(folder: Path) -> tuple[int, int] | None:
    """Returns what tells a folder from another that takes its name; None where there is none."""
    try:
        status = folder.stat()
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if folder.is_dir() else None


class _Stop:
    """A wish to stop, as watchfiles asks for it."""

    def __init__(self, stop: Callable[[], bool]) -> None:
        self.is_set = stop


def _place(path: str) -> Path:
    found = Path(path)
    return found.parent if found.name == IGNORE_NAME else found


def _is_visible(path: Path, folders: Sequence[Path]) -> bool:
    folder = next((one for one in folders if path.is_relative_to(one)), path)
    parts = path.relative_to(folder).parts
    return not any(is_hidden(part) for part in parts if part != IGNORE_NAME)
