"""Folders and files → what there is to read, in a fixed order, and what was passed over and why."""

from __future__ import annotations

import errno
import os
import re
import stat
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from corpus.errors import NotFoundError, StorageError, UsageError, VouchError
from corpus.patterns import pattern
from corpus.types import RootPath
from ingest.ignoring import IGNORE_NAME, Rules, is_ignored, read_rules
from ingest.parsers.decoding import looks_like_text
from ingest.parsers.detection import SUFFIXES, TNEF_SIGNATURE, is_invoice, suffix_of
from ingest.parsers.refusals import why_unread
from ingest.places import Places

__all__ = ["Discovery", "SourceFile", "discover"]

_SNIFFED_BYTES = 4096
_LIST_BYTES = 1 << 18
_MAIN_PARTS = (b"word/document.xml", b"xl/workbook.xml", b"xl/workbook.bin", b"ppt/presentation.xml")
_DECLARED = (b"mimetypeapplication/vnd.oasis.opendocument.", b"mimetypeapplication/epub+zip")
_OFFICE_MARK = pattern(
    r"~\$.*\.(?:(?:doc|dot|ppt|pps|pot|xls|xlt)[bmx]?|rtf|od[tsp]|vsdx?|pub|one)", re.IGNORECASE | re.DOTALL
)
"""What Office leaves beside an open file, under its name."""


SURE_AFTER = timedelta(seconds=10)
"""A file that was looked at sooner after its last change may change once more, its size and time as they are: a file
system's clock ticks every two seconds (FAT), every second (SMB, older ones), or every few milliseconds. The rest is
for the clocks of file servers."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file to read.

    ``root`` is the folder it was found under, absolute; ``path`` is relative to it, with ``/`` and in
    NFC, and names the document for good. ``file`` is where it lies, as the file system spells it. ``is_fresh``: it
    was looked at so soon after its last change that one more may leave its time as it is.
    """

    root: str
    path: str
    file: str
    size_bytes: int
    modified: datetime
    is_fresh: bool = False

    @property
    def recorded(self) -> datetime:
        """What the catalog keeps as its time: that of a fresh one a microsecond early, so that it differs from the
        file's at the next ingest, which looks into the file once more.
        """
        return self.modified - timedelta(microseconds=1) if self.is_fresh else self.modified

    @property
    def place(self) -> RootPath:
        """Root and path."""
        return self.root, self.path

    @property
    def location(self) -> Path:
        """Where it lies; made when asked for, since of ten thousand unchanged files nobody asks."""
        return Path(self.file)


@dataclass(frozen=True, slots=True)
class Discovery:
    """What was found.

    ``files`` stand in order of (root, path). ``skipped`` holds (path, code, reason) in the same order and
    ``skipped_places`` its (root, path): a skipped folder's path ends in ``/`` and stands for all below it.
    ``folders`` are those that were given: only they can be synced. ``looked_into`` are the places that were
    looked for, whole: the folders, or what was named of them.
    """

    files: tuple[SourceFile, ...]
    skipped: tuple[tuple[str, str, str], ...]
    skipped_places: tuple[RootPath, ...]
    folders: tuple[str, ...]
    looked_into: tuple[str, ...]


def discover(
    paths: Sequence[Path],
    *,
    suffixes: Sequence[str] | None = None,
    data_dir: Path | None = None,
    known: Collection[RootPath] = (),
    sync: bool = False,
    only: Collection[Path] | None = None,
) -> Discovery:
    """Finds the files below folders, and takes files that are given one by one.

    A folder is a root, unless it lies in one: the nearest known one that holds more than its own plain files,
    else another that is given. A file keeps the root it is known under. One given directly has the nearest root
    that is known, or given too, else its folder; it is taken whatever it is called, since its content decides. In
    folders, hidden entries, Office's marks of open files (``~$plan.docx``) and what a ``.vouchignore`` names (with
    ``.gitignore``'s rules, also in subfolders) are left out; what cannot be read, leaves the root through a link, is no
    plain file, has a name that is no text, or is of an unknown type is reported as skipped.

    Args:
        paths: folders and files.
        suffixes: take only these (``.pdf``) from folders; default: every supported type.
        data_dir: the program's own folder, which is left out: it holds copies of what was read before.
        known: (root, path) of what the collection holds already.
        sync: the corpus is to become equal to the folders; one that is gone, and holds what is known, is then empty.
        only: look for nothing but these files and folders below the given folders, whether they are there or not.

    Raises:
        UsageError: a file is given directly though only folders can be synced.
        NotFoundError: ``not_found``: a path does not exist.
        StorageError: ``root_unreadable``: a folder cannot be listed, or a file is no plain file.
    """
    wanted = {suffix.lower() for suffix in suffixes} if suffixes is not None else None
    given_folders = {str(path.resolve()) for path in paths if os.path.isdir(path)}
    places = Places(known, given_folders)
    walk = _Walk(wanted, data_dir.resolve() if data_dir is not None else None, places, only)
    folders = []
    for path in paths:
        # Not fully resolved before it exists: the message shows what the user typed.
        try:
            real = Path(os.path.realpath(path, strict=True))
            status = real.stat()
        except FileNotFoundError:
            if sync and places.any_below(path.resolve()):
                folders.append(str(path.resolve()))
                continue
            raise NotFoundError(
                f"There is no file or folder {printable(str(path))}.", hint="Check the path."
            ) from None
        except (OSError, ValueError) as error:
            raise _unreadable(path, error) from None
        if stat.S_ISDIR(status.st_mode):
            folders.append(str(real))
            walk.add_root(real, path)
        elif stat.S_ISREG(status.st_mode):
            if sync:
                raise UsageError(
                    f"{printable(str(path))} is a file; only folders can be synced.",
                    hint="Name its folder, or leave --sync out.",
                )
            # A link to a file is known by the link's own name and place.
            given = path.parent.resolve() / path.name if path.name else real
            walk.add_file(*places.of_file(given), str(given), status)
        else:
            raise _unreadable(path, OSError(0, "it is neither a file nor a folder"))
    return walk.result(folders)


def modified_time(status: os.stat_result) -> datetime:
    """Returns a file's modification time, brought into the years 1970 to 9998."""
    return datetime.fromtimestamp(min(max(status.st_mtime, 0.0), 253_370_764_800.0), UTC)


def is_hidden(name: str) -> bool:
    """Says whether an entry is left out of folders for its name: a hidden one, or Office's mark of an open file."""
    return name.startswith(".") or _OFFICE_MARK.fullmatch(name) is not None


def printable(name: str) -> str:
    """Returns a name that can be shown and encoded: broken bytes and control characters escaped."""
    shown = name.encode("utf-8", errors="backslashreplace").decode("utf-8")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in shown)


# ---- the walk ------------------------------------------------------------------------------------


class _Walk:
    """Collects files and skipped entries from any number of roots."""

    def __init__(
        self, suffixes: set[str] | None, data_dir: Path | None, places: Places, only: Collection[Path] | None
    ) -> None:
        self._suffixes = suffixes
        self._data_dir = data_dir
        self._places = places
        self._only = None if only is None else frozenset(only)
        self._leading = frozenset(above for path in only or () for above in path.parents)
        self._owner, self._related = Path("/"), list[str]()
        self._files: dict[RootPath, SourceFile] = {}
        self._skipped: dict[RootPath, tuple[str, str]] = {}

    def result(self, folders: Sequence[str]) -> Discovery:
        skipped = [
            (place, reason) for place, reason in sorted(self._skipped.items()) if place not in self._files
        ]
        return Discovery(
            files=tuple(self._files[place] for place in sorted(self._files)),
            skipped=tuple((path, code, reason) for (_, path), (code, reason) in skipped),
            skipped_places=tuple(place for place, _ in skipped),
            folders=tuple(dict.fromkeys(folders)),
            looked_into=tuple(dict.fromkeys(folders if self._only is None else sorted(map(str, self._only)))),
        )

    def add_file(self, root: str, path: str, file: str, status: os.stat_result) -> None:
        if not _is_text(root + path):
            self._skip(root, path, "bad_name", "Its name is not valid UTF-8; rename it.")
            return
        known = self._files.get((root, path))
        if known is not None and known.file != file:
            self._skip(
                root,
                f"{path} (as {os.path.basename(file)!a})",
                "same_name",
                "Its name differs only in Unicode form.",
            )
            return
        modified = modified_time(status)
        fresh = abs(datetime.now(UTC) - modified) < SURE_AFTER
        self._files[root, path] = SourceFile(root, path, file, status.st_size, modified, fresh)

    def add_root(self, root: Path, given: Path) -> None:
        if not _is_text(str(root)):
            raise _unreadable(given, OSError(0, "its name is not valid UTF-8"))
        try:
            entries = _listed(root)
        except OSError as error:
            raise _unreadable(given, error) from None
        self._owner, self._related = self._places.owner(root), self._places.related(root)
        self._add_folder(root, "", entries, [], self._only is None or root in self._only)

    def _add_folder(
        self,
        root: Path,
        folder: str,
        entries: list[os.DirEntry[str]],
        rules: Rules,
        whole: bool,
    ) -> None:
        """Takes what is in a folder; when not ``whole``, only what was named, and folders that lead there."""
        own = next((entry for entry in entries if entry.name == IGNORE_NAME), None)
        if own is not None:
            more, problems = read_rules(own)
            rules = [*rules, *((folder, spec) for spec in more)]
            for problem in problems:
                self._skip_found(root, folder + own.name, "unreadable", problem)
        for entry in entries:
            named = whole or self._only is None or Path(entry.path) in self._only
            if not named and Path(entry.path) not in self._leading:
                continue
            path = f"{folder}{unicodedata.normalize('NFC', entry.name)}"
            if is_hidden(entry.name) or not entry.name.strip():
                continue
            try:
                is_folder = entry.is_dir(follow_symlinks=False)
                if is_ignored(f"{path}/" if is_folder else path, rules):
                    continue
                if not _is_text(entry.name):
                    self._skip_found(root, path, "bad_name", "Its name is not valid UTF-8; rename it.")
                elif is_folder:
                    self._enter(root, path, entry, rules, named)
                else:
                    self._take(root, path, entry)
            except OSError as error:
                self._skip_found(root, path, "unreadable", f"It cannot be read: {error.strerror or error}.")

    def _enter(
        self,
        root: Path,
        path: str,
        entry: os.DirEntry[str],
        rules: Rules,
        whole: bool,
    ) -> None:
        if Path(entry.path) == self._data_dir:
            self._skip_found(root, f"{path}/", "data_folder", "It is Vouch's own data folder.")
            return
        try:
            entries = _listed(Path(entry.path))
        except OSError as error:
            reason = f"The folder cannot be read: {error.strerror or error}."
            self._skip_found(root, f"{path}/", "unreadable", reason)
            return
        self._add_folder(root, f"{path}/", entries, rules, whole)

    def _take(self, root: Path, path: str, entry: os.DirEntry[str]) -> None:
        if entry.is_symlink():
            try:
                target = Path(os.path.realpath(entry.path, strict=True))
            except OSError as error:
                if error.errno not in (errno.ENOENT, errno.ELOOP):  # ELOOP: it leads to itself
                    raise
                self._skip_found(root, path, "broken_link", "It is a link to nothing.")
                return
            if not target.is_relative_to(root):
                self._skip_found(root, path, "outside_root", "It is a link that leads out of the folder.")
                return
            if target.is_dir():
                self._skip_found(
                    root,
                    path,
                    "folder_link",
                    "It is a link to a folder; that is read itself.",
                )
                return
        status = entry.stat()
        if not stat.S_ISREG(status.st_mode):
            self._skip_found(root, path, "not_a_file", "It is a socket, a pipe or a device.")
            return
        suffix = suffix_of(entry.name)
        place = self._places.of_entry(entry.path, self._owner, self._related)
        if self._suffixes is not None:
            if suffix in self._suffixes:
                self.add_file(*place, entry.path, status)
            return
        head = b"" if suffix in SUFFIXES else _head(entry.path)
        if suffix in SUFFIXES or _is_known_inside(entry.path, suffix, head):
            self.add_file(*place, entry.path, status)
        else:
            self._skip_found(root, path, "unsupported", why_unread(suffix, head))

    def _skip_found(self, folder: Path, path: str, code: str, reason: str) -> None:
        """Passes over something at ``path`` in a given folder; one that ends in ``/`` stands for all below it."""
        root, own = self._places.of_entry(str(folder / path), self._owner, self._related)
        self._skip(root, own + "/" * path.endswith("/"), code, reason)

    def _skip(self, root: str, path: str, code: str, reason: str) -> None:
        self._skipped.setdefault((printable(root), printable(path)), (code, reason))


def _listed(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return sorted(entries, key=lambda entry: entry.name)


def _head(file: str) -> bytes:
    with open(file, "rb") as stream:
        return stream.read(_SNIFFED_BYTES)


def _is_known_inside(file: str, suffix: str, head: bytes) -> bool:
    """Says whether a file of an unknown suffix is a PDF, an office document, an electronic invoice or a book, or one
    without a suffix is text.

    An archive is not opened for that here: its list of members stands at its end, and is only looked through for the
    names of an office document's main parts.
    """
    if head.startswith(b"PK\x03\x04"):
        with open(file, "rb") as stream:
            stream.seek(max(0, os.fstat(stream.fileno()).st_size - _LIST_BYTES))
            members = stream.read(_LIST_BYTES)
            return head[30:].startswith(_DECLARED) or any(part in members for part in _MAIN_PARTS)
    if b"%PDF-" in head[:1024] or head.startswith((b"{\\rtf", TNEF_SIGNATURE)) or is_invoice(head):
        return True
    return not suffix and bool(head.strip()) and looks_like_text(head)


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
