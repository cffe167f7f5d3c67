"""Folders and files → what there is to read, in a fixed order, and what was passed over and why."""

from __future__ import annotations

import hashlib
import os
import stat
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from corpus.errors import NotFoundError, StorageError, UsageError, VouchError
from ingest.parsers.decoding import looks_like_text
from ingest.parsers.detection import SUFFIXES, detect_type, suffix_of

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

__all__ = ["Discovery", "SourceFile", "detect_type", "discover", "hash_file"]

IGNORE_NAME = ".vouchignore"
_SNIFFED_BYTES = 4096
_HASHED_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file to read.

    ``root`` is the folder it was found under, absolute; ``path`` is relative to it, with ``/`` and in
    NFC, and names the document for good. ``location`` is where it lies, as the file system spells it.
    """

    root: str
    path: str
    location: Path
    size_bytes: int
    modified: datetime


@dataclass(frozen=True, slots=True)
class Discovery:
    """What was found.

    ``files`` stand in order of (root, path). ``skipped`` holds (path, code, reason) in the same order and
    ``skipped_places`` its (root, path): a skipped folder's path ends in ``/`` and stands for all below it.
    ``roots`` are the folders that were given: only they can be synced.
    """

    files: tuple[SourceFile, ...]
    skipped: tuple[tuple[str, str, str], ...]
    skipped_places: tuple[tuple[str, str], ...]
    roots: tuple[str, ...]


def discover(
    paths: Sequence[Path],
    *,
    suffixes: Sequence[str] | None = None,
    data_dir: Path | None = None,
    known: Collection[tuple[str, str]] = (),
    sync: bool = False,
) -> Discovery:
    """Finds the files below folders, and takes files that are given one by one.

    A folder is a root of its own. A file given directly has the nearest root that is known, or given too,
    else its folder; it is taken whatever it is called, since its content decides. In folders, hidden entries
    and what a ``.vouchignore`` names (with ``.gitignore``'s rules, also in subfolders) are left out; what cannot
    be read, leaves the root through a link, is no plain file, has a name that is no text, or is of an unknown
    type is reported as skipped.

    Args:
        paths: folders and files.
        suffixes: take only these (``.pdf``) from folders; default: every supported type.
        data_dir: the program's own folder, which is left out: it holds copies of what was read before.
        known: (root, path) of what the collection holds already.
        sync: the corpus is to become equal to the folders; a known root that is gone is then an empty one.

    Raises:
        UsageError: a file is given directly though only folders can be synced.
        NotFoundError: ``not_found``: a path does not exist.
        StorageError: ``root_unreadable``: a folder cannot be listed, or a file is no plain file.
    """
    wanted = {suffix.lower() for suffix in suffixes} if suffixes is not None else None
    walk = _Walk(wanted, data_dir.resolve() if data_dir is not None else None)
    known_roots = {root for root, _ in known}
    near = known_roots | {str(path.resolve()) for path in paths if os.path.isdir(path)}
    roots = []
    for path in paths:
        # Not fully resolved before it exists: the message shows what the user typed.
        try:
            real = path.resolve(strict=True)
            status = real.stat()
        except FileNotFoundError:
            if sync and str(path.resolve()) in known_roots:
                roots.append(str(path.resolve()))
                continue
            raise NotFoundError(
                f"There is no file or folder {printable(str(path))}.", hint="Check the path."
            ) from None
        except (OSError, RuntimeError, ValueError) as error:
            raise _unreadable(path, error) from None
        if stat.S_ISDIR(status.st_mode):
            roots.append(str(real))
            walk.add_root(real, path)
        elif stat.S_ISREG(status.st_mode):
            if sync:
                raise UsageError(
                    f"{printable(str(path))} is a file; only folders can be synced.",
                    hint="Name its folder, or leave --sync out.",
                )
            # A link to a file is known by the link's own name and place.
            given = path.parent.resolve() / path.name if path.name else real
            root, name = _placed(given, known, near)
            walk.add_file(root, name, given, status)
        else:
            raise _unreadable(path, OSError(0, "it is neither a file nor a folder"))
    return walk.result(roots)


def _placed(file: Path, known: Collection[tuple[str, str]], roots: Collection[str]) -> tuple[str, str]:
    """Returns the (root, path) of a file: where it is known, else under the nearest root, else its folder."""
    places = [
        (str(folder), unicodedata.normalize("NFC", file.relative_to(folder).as_posix()))
        for folder in file.parents
        if str(folder) in roots or folder == file.parent
    ]
    nearest = next((place for place in places if place[0] in roots), places[0])
    return next((place for place in places if place in known), nearest)


def hash_file(location: Path) -> str:
    """Returns the SHA-256 of a file's bytes, as 64 hexadecimal digits.

    Raises:
        OSError: it cannot be read.
    """
    digest = hashlib.sha256()
    with location.open("rb") as stream:
        while block := stream.read(_HASHED_BYTES):
            digest.update(block)
    return digest.hexdigest()


def modified_time(status: os.stat_result) -> datetime:
    """Returns a file's modification time, brought into the years 1970 to 9998."""
    return datetime.fromtimestamp(min(max(status.st_mtime, 0.0), 253_370_764_800.0), UTC)


def printable(name: str) -> str:
    """Returns a name that can be shown and encoded: broken bytes and control characters escaped."""
    shown = name.encode("utf-8", errors="backslashreplace").decode("utf-8")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in shown)


# ---- the walk ------------------------------------------------------------------------------------


class _Walk:
    """Collects files and skipped entries from any number of roots."""

    def __init__(self, suffixes: set[str] | None, data_dir: Path | None) -> None:
        self._suffixes = suffixes
        self._data_dir = data_dir
        self._files: dict[tuple[str, str], SourceFile] = {}
        self._skipped: dict[tuple[str, str], tuple[str, str]] = {}

    def result(self, roots: Sequence[str]) -> Discovery:
        skipped = [
            (place, reason) for place, reason in sorted(self._skipped.items()) if place not in self._files
        ]
        return Discovery(
            files=tuple(self._files[place] for place in sorted(self._files)),
            skipped=tuple((path, code, reason) for (_, path), (code, reason) in skipped),
            skipped_places=tuple(place for place, _ in skipped),
            roots=tuple(dict.fromkeys(roots)),
        )

    def add_file(self, root: str, path: str, location: Path, status: os.stat_result) -> None:
        if not _is_text(root + path):
            self._skip(root, path, "bad_name", "Its name is not valid UTF-8; rename it.")
            return
        known = self._files.get((root, path))
        if known is not None and known.location != location:
            self._skip(
                root,
                f"{path} (as {location.name!a})",
                "same_name",
                "Its name differs only in Unicode form.",
            )
            return
        self._files[root, path] = SourceFile(root, path, location, status.st_size, modified_time(status))

    def add_root(self, root: Path, given: Path) -> None:
        if not _is_text(str(root)):
            raise _unreadable(given, OSError(0, "its name is not valid UTF-8"))
        try:
            entries = _listed(root)
        except OSError as error:
            raise _unreadable(given, error) from None
        self._add_folder(root, "", entries, [])

    def _add_folder(
        self, root: Path, folder: str, entries: list[os.DirEntry[str]], rules: list[tuple[str, GitIgnoreSpec]]
    ) -> None:
        own = next((entry for entry in entries if entry.name == IGNORE_NAME), None)
        if own is not None:
            rules = [*rules, *self._read_rules(str(root), folder, own)]
        for entry in entries:
            path = f"{folder}{unicodedata.normalize('NFC', entry.name)}"
            if entry.name.startswith(".") or not entry.name.strip():
                continue
            try:
                is_folder = entry.is_dir(follow_symlinks=False)
                if _is_ignored(f"{path}/" if is_folder else path, rules):
                    continue
                if not _is_text(entry.name):
                    self._skip(str(root), path, "bad_name", "Its name is not valid UTF-8; rename it.")
                elif is_folder:
                    self._enter(root, path, entry, rules)
                else:
                    self._take(root, path, entry)
            except OSError as error:
                self._skip(str(root), path, "unreadable", f"It cannot be read: {error.strerror or error}.")

    def _enter(
        self, root: Path, path: str, entry: os.DirEntry[str], rules: list[tuple[str, GitIgnoreSpec]]
    ) -> None:
        if Path(entry.path) == self._data_dir:
            self._skip(str(root), f"{path}/", "data_folder", "It is Vouch's own data folder.")
            return
        try:
            entries = _listed(Path(entry.path))
        except OSError as error:
            reason = f"The folder cannot be read: {error.strerror or error}."
            self._skip(str(root), f"{path}/", "unreadable", reason)
            return
        self._add_folder(root, f"{path}/", entries, rules)

    def _take(self, root: Path, path: str, entry: os.DirEntry[str]) -> None:
        location = Path(entry.path)
        if entry.is_symlink():
            try:
                target = location.resolve(strict=True)
            except (FileNotFoundError, RuntimeError):  # RuntimeError: a link to itself
                self._skip(str(root), path, "broken_link", "It is a link to nothing.")
                return
            if not target.is_relative_to(root):
                self._skip(str(root), path, "outside_root", "It is a link that leads out of the folder.")
                return
            if target.is_dir():
                self._skip(
                    str(root),
                    path,
                    "folder_link",
                    "It is a link to a folder; that is read itself.",
                )
                return
        status = entry.stat()
        if not stat.S_ISREG(status.st_mode):
            self._skip(str(root), path, "not_a_file", "It is a socket, a pipe or a device.")
            return
        suffix = suffix_of(entry.name)
        if self._suffixes is not None:
            if suffix in self._suffixes:
                self.add_file(str(root), path, location, status)
            return
        if suffix in SUFFIXES or _is_known_inside(location, suffix):
            self.add_file(str(root), path, location, status)
        else:
            kind = f"{suffix} files are" if suffix else "This kind of file is"
            self._skip(str(root), path, "unsupported", f"{kind} not read.")

    def _read_rules(
        self, root: str, folder: str, entry: os.DirEntry[str]
    ) -> Iterator[tuple[str, GitIgnoreSpec]]:
        from pathspec import GitIgnoreSpec

        try:
            lines = Path(entry.path).read_text(encoding="utf-8-sig", errors="replace").splitlines()
            yield folder, GitIgnoreSpec.from_lines(lines)
        except (OSError, ValueError) as error:
            self._skip(root, folder + entry.name, "unreadable", f"Its rules are not followed: {error}")

    def _skip(self, root: str, path: str, code: str, reason: str) -> None:
        self._skipped.setdefault((printable(root), printable(path)), (code, reason))


def _is_ignored(path: str, rules: list[tuple[str, GitIgnoreSpec]]) -> bool:
    """Says whether the rules leave a path out; the deepest folder's decide, of those the last match."""
    for folder, spec in reversed(rules):
        decided = spec.check_file(path.removeprefix(folder)).include
        if decided is not None:
            return decided
    return False


def _listed(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return sorted(entries, key=lambda entry: entry.name)


def _is_known_inside(location: Path, suffix: str) -> bool:
    """Says whether a file of an unknown suffix is a PDF, or one without a suffix is text."""
    with location.open("rb") as stream:
        head = stream.read(_SNIFFED_BYTES)
    return b"%PDF-" in head[:1024] or (not suffix and bool(head.strip()) and looks_like_text(head))


def _is_text(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _unreadable(path: Path, error: Exception) -> VouchError:
    reason = (error.strerror if isinstance(error, OSError) else "") or str(error)
    return StorageError(
        f"{printable(str(path))} cannot be read: {reason}.",
        code="root_unreadable",
        hint="Check that it is mounted and that you may read it.",
    )
