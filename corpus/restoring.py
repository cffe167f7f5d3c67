"""Puts a restored corpus in the place of the one that was there: all of it or nothing, whatever comes between.

A backup is unpacked beside the corpus, into ``.restore-…``; what goes wrong there changes nothing. Once it is
whole and durable its folder becomes ``.restored-…``, and what is left to do are renames, which take no room. An
error puts the old catalog back. A kill leaves that folder, and the next owner finishes.
"""

from __future__ import annotations

import logging
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

from corpus.catalog.database import ASIDE, FILE_NAME
from corpus.crashpoints import reach
from corpus.durable import sync
from corpus.errors import StorageError, disk_code
from corpus.originals import Originals

log = logging.getLogger(__name__)

SCRATCH = ".restore-"
"""Begins the name of a folder that a backup is unpacked into, or that may go."""

_READY = ".restored-"
_PARTS = ("-wal", "-shm", ".seal", "")  # the catalog itself last, so that its log is never beside another


def exchange(folder: Path, scratch: Path) -> None:
    """Makes the unpacked backup in ``scratch`` the corpus of ``folder``; the old catalog is kept beside it.

    Raises:
        StorageError: it cannot be done; the old catalog is in its place.
    """
    ready = folder / f"{_READY}{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
    try:
        for path in [*scratch.rglob("*"), scratch]:
            sync(path)
        os.rename(scratch, ready)
        sync(folder)
        reach("restore.ready")
        _swap(folder, ready)
    except OSError as error:
        if (ready / FILE_NAME).exists():
            _put_back(folder, ready)
            os.rename(ready, scratch)
        raise refused(folder, error, "Nothing was changed.") from error
    _take_in(folder, ready)


def finish(folder: Path) -> None:
    """Finishes a restoration that was killed, or clears away what it had begun to unpack. For the owner alone.

    Raises:
        StorageError: it cannot be finished now.
    """
    for left in folder.glob(f"{SCRATCH}*"):
        shutil.rmtree(left, ignore_errors=True)
    for ready in sorted(folder.glob(f"{_READY}*")):
        try:
            _swap(folder, ready)
        except OSError as error:
            raise refused(folder, error, f"The backup waits in {ready.name}.") from error
        _take_in(folder, ready)


def refused(folder: Path, error: OSError, state: str) -> StorageError:
    """Returns what to tell when the disk does not let a backup be restored."""
    code = disk_code(error)
    return StorageError(
        f"The backup cannot be unpacked under {folder}: {error.strerror or error}.",
        code=code,
        hint=f"{state} {'Free some space' if code == 'disk_full' else 'Make the folder writable'}, then try again.",
    )


def _swap(folder: Path, ready: Path) -> None:
    if not (ready / FILE_NAME).exists():
        return  # it is in its place already
    for part in _PARTS:
        if (folder / f"{FILE_NAME}{part}").exists():
            os.replace(folder / f"{FILE_NAME}{part}", _aside(folder, ready, part))
    reach("restore.aside")
    os.replace(ready / FILE_NAME, folder / FILE_NAME)
    sync(folder)
    reach("restore.swapped")


def _put_back(folder: Path, ready: Path) -> None:
    for part in reversed(_PARTS):
        if _aside(folder, ready, part).exists():
            os.replace(_aside(folder, ready, part), folder / f"{FILE_NAME}{part}")


def _aside(folder: Path, ready: Path, part: str) -> Path:
    return folder / f"{FILE_NAME}{ASIDE}{ready.name.removeprefix(_READY)}{part}"


def _take_in(folder: Path, ready: Path) -> None:
    """Moves the originals and the embedder's export in and what they replace out; the catalog is in its place."""
    kept = Originals(folder / "originals")
    try:
        for path in sorted((ready / "originals").glob("*")):
            kept.take(path)
        for export in sorted((ready / "models").glob("*")):
            _take_export(export, folder / "models" / export.name, ready)
        for index in ("dense", "lexical"):
            if (folder / index).exists():
                os.replace(folder / index, ready / index)
        done = folder / ready.name.replace(_READY, SCRATCH)
        os.rename(ready, done)
        sync(folder)
    except OSError as error:
        raise refused(
            folder, error, "Its catalog is in its place; the next command moves the rest."
        ) from error
    shutil.rmtree(done, ignore_errors=True)


def _take_export(export: Path, target: Path, ready: Path) -> None:
    """Moves the export in, or copies it where ``models`` is on another disk. What fails is told and left: it can be
    made again.
    """
    try:
        target.parent.mkdir(exist_ok=True)
        try:
            if target.exists():
                os.replace(target, ready / f"replaced-{target.name}")
            os.replace(export, target)
        except OSError:
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(export, target)
        sync(target.parent)
    except OSError as error:
        log.warning("The embedder's export could not be restored (%s); it is made again.", error)
