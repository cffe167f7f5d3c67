"""The files as they were, kept by the hash of their bytes, so that a cited page can be shown as it looked."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator, Set
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from corpus.durable import sync, sync_open
from corpus.errors import DamagedError, NotFoundError
from corpus.hashing import file_sha256

_RESTED_NS = 2_000_000_000
"""A folder changed longer ago than this has another time once it changes again, however coarse the clock."""


class Originals:
    """A folder of files named by their SHA-256. Adding is atomic and idempotent."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._sizes: dict[str, tuple[int, int]] = {}  # of a folder in it: its time, and the bytes in it

    def path(self, sha256: str) -> Path:
        """Returns where the file with this hash is kept (whether or not it is there)."""
        return self.folder / sha256[:2] / sha256

    def add(self, source: Path | bytes, sha256: str) -> None:
        """Keeps a copy of a file, or of bytes; durable when it returns, and new until it is :meth:`settled`.

        Raises:
            DamagedError: the bytes read are not those of the hash, or are gone (the file changed meanwhile).
        """
        target = self.path(sha256)
        if self.is_whole(sha256):
            self._damage(sha256).unlink(missing_ok=True)
            return
        self._make_room(target)
        temporary = target.with_name(f".{sha256}.{os.getpid()}.part")
        try:
            with open(temporary, "xb") as out:
                if isinstance(source, bytes):
                    out.write(source)
                else:
                    with _opened(source) as data:
                        shutil.copyfileobj(data, out, 1 << 20)
                out.flush()
                sync_open(out.fileno())
            if file_sha256(temporary) != sha256:
                raise DamagedError(
                    f"The file {source if isinstance(source, Path) else sha256} changed while it was read.",
                    code="changed",
                    hint="Its previous version is kept. Ingest it again.",
                )
            self._mark(sha256).touch()
            os.replace(temporary, target)
            self._damage(sha256).unlink(missing_ok=True)
        finally:
            temporary.unlink(missing_ok=True)
        sync(target.parent)

    def is_new(self, sha256: str) -> bool:
        """Says whether no version may have this file yet."""
        return self._mark(sha256).exists()

    def settle(self, sha256: str) -> None:
        """Says that a version has this file now."""
        self._mark(sha256).unlink(missing_ok=True)

    def take(self, path: Path) -> None:
        """Moves a file here that has the hash it is named by, on this disk; durable when it returns."""
        target = self.path(path.name)
        self._make_room(target)
        os.replace(path, target)
        self._damage(path.name).unlink(missing_ok=True)
        sync(target.parent)

    def is_whole(self, sha256: str) -> bool:
        """Says whether the file is kept and has the bytes of its hash, every one of which is read."""
        path = self.path(sha256)
        return path.exists() and file_sha256(path) == sha256

    def is_sound(self, sha256: str, size_bytes: int) -> bool:
        """Says whether a file of that size is kept in which no damage was found so far; reads nothing of it."""
        folder = f"{self.folder}/{sha256[:2]}"  # not a Path: an ingest asks this of every unchanged file
        try:
            return os.stat(f"{folder}/{sha256}").st_size == size_bytes and not os.path.exists(
                f"{folder}/.{sha256}.damaged"
            )
        except FileNotFoundError:
            return False

    def read(self, sha256: str) -> bytes:
        """Returns a kept file's bytes.

        Raises:
            NotFoundError: it is not kept.
            DamagedError: its bytes are no longer those of its hash.
        """
        try:
            data = self.path(sha256).read_bytes()
        except FileNotFoundError:
            raise NotFoundError(
                f"The original with hash {sha256} is not kept.",
                code="no_original",
                hint="Ingest the file again.",
            ) from None
        if hashlib.sha256(data).hexdigest() != sha256:
            self._note_damage(sha256)
            raise DamagedError(
                f"The kept original {self.path(sha256)} is damaged.", hint="Ingest the file again."
            )
        return data

    def keep_only(self, wanted: Set[str]) -> None:
        """Deletes the kept files whose hash is not ``wanted``."""
        for path in self.all():
            if path.name not in wanted:
                path.unlink(missing_ok=True)
                self.settle(path.name)
                self._damage(path.name).unlink(missing_ok=True)

    def damaged(self) -> Iterator[str]:
        """Yields the hashes of kept files whose bytes are no longer theirs; the next ingest mends those."""
        for path in self.all():
            if file_sha256(path) != path.name:
                self._note_damage(path.name)
                yield path.name

    def all(self) -> Iterator[Path]:
        """Yields the kept files in order of their hash."""
        for path in sorted(self.folder.glob("??/*")):
            if len(path.name) == 64:
                yield path

    def disk_bytes(self) -> int:
        """Adds up the files that are there. A folder in which none came or went since is not looked into again: what
        is kept never changes.
        """
        try:
            with os.scandir(self.folder) as entries:
                return sum(map(self._entry_bytes, entries))
        except OSError:  # there is none yet, or it has gone
            return 0

    def _entry_bytes(self, entry: os.DirEntry[str]) -> int:
        try:
            status = entry.stat(follow_symlinks=False)
            if not stat.S_ISDIR(status.st_mode):
                return status.st_size if stat.S_ISREG(status.st_mode) else 0
            changed, size = self._sizes.get(entry.name, (-1, 0))
            if changed == status.st_mtime_ns:
                return size
            size = folder_bytes(entry.path)
        except OSError:
            return 0
        if time.time_ns() - status.st_mtime_ns > _RESTED_NS:
            self._sizes[entry.name] = status.st_mtime_ns, size
        return size

    def clean(self, wanted: Callable[[], Set[str]]) -> None:
        """Deletes what a killed commit left behind: half a copy, or a file that is not ``wanted`` after all."""
        beside = [path for path in self._paths() if os.path.basename(path).startswith(".")]
        for path in beside:
            if path.endswith(".part"):
                Path(path).unlink(missing_ok=True)
        new = [os.path.basename(path)[1:65] for path in beside if path.endswith(".new")]
        for sha256 in set(new) - (wanted() if new else set()):
            self.path(sha256).unlink(missing_ok=True)
        for sha256 in new:
            self.settle(sha256)

    def _paths(self) -> Iterator[str]:
        """Yields all there is in the folders of kept files: as text, for every command that opens the corpus looks."""
        for folder in os.listdir(self.folder) if self.folder.exists() else ():
            with suppress(OSError):
                for name in os.listdir(f"{self.folder}/{folder}") if len(folder) == 2 else ():
                    yield f"{self.folder}/{folder}/{name}"

    def _make_room(self, target: Path) -> None:
        for folder in (self.folder, target.parent):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def _note_damage(self, sha256: str) -> None:
        with suppress(OSError):  # a disk that cannot be written cannot be mended either
            self._damage(sha256).touch()

    def _damage(self, sha256: str) -> Path:
        return self.path(sha256).with_name(f".{sha256}.damaged")

    def _mark(self, sha256: str) -> Path:
        return self.path(sha256).with_name(f".{sha256}.new")


def folder_bytes(folder: str | Path, *, beside: str = "") -> int:
    """Adds up a folder's files, without those in its folder ``beside``; what is deleted meanwhile, such as a retired
    generation, counts nothing.
    """
    found = 0
    for parent, folders, names in os.walk(folder):  # a folder that has gone is passed over
        if parent == str(folder) and beside in folders:
            folders.remove(beside)
        for name in names:
            with suppress(FileNotFoundError):
                status = os.lstat(os.path.join(parent, name))
                found += status.st_size if stat.S_ISREG(status.st_mode) else 0
    return found


def _opened(source: Path) -> BinaryIO:
    """Opens the file to keep: that it is gone must not look like a fault of our own disk."""
    try:
        return open(source, "rb")
    except OSError as error:
        raise DamagedError(
            f"The file {source} can no longer be read: {error.strerror or error}.",
            code="changed",
            hint="Its previous version is kept. Ingest it again.",
        ) from None
