"""A generation: a finished dense index in a folder of its own, never written again.

::

    dense/
      CURRENT                     one line: the generation's name and the checksum of its manifest
      gen-000042-9f3c…/           built whole by a child, then only read
        manifest.json             sequence number, space, rows, and size and checksum of every file
        vectors.f32               float32 unit rows, in ascending chunk id
        ids.i64 versions.i64      chunk id and version id of each row
        first.i64                 the first row with the same vector: the one that Chroma holds
        reduction.f32             how vectors were shortened for Chroma, where there are many
        chroma/                   Chroma's own files
      open-51c0…/                 what the running owner's Chroma has open: its SQLite file copied (Chroma
                                  writes into it whenever it is opened), the graph's files linked

Whoever finds a name in ``CURRENT`` finds a folder that was verified and synced before the name was written.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
import zlib
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from corpus.crashpoints import reach
from corpus.durable import replace_file, sync, unfinished
from corpus.errors import DamagedError
from corpus.patterns import pattern
from corpus.types import Int64
from corpus.vectors.reduction import Reduction, read_reduction
from corpus.vectors.rows import Block

POINTER = "CURRENT"
MANIFEST = "manifest.json"
VECTORS, IDS, VERSIONS, FIRST = "vectors.f32", "ids.i64", "versions.i64", "first.i64"
REDUCTION = "reduction.f32"
CHROMA = "chroma"
FORMAT = 1

_NAME = pattern(r"gen-(\d{6,})-[0-9a-f]{12}")
_POINTER = pattern(rf"({_NAME.pattern}) ([0-9a-f]{{8}})\n")
REBUILT = "Every vector is compared instead until it is built again: by vouch serve, or now by vouch rebuild."


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation says about itself.

    ``seq``: the change it includes last. ``found``: the share of sampled rows that Chroma finds by their own
    vector; ``graph``: whether that was enough to search through it. ``files``: path → (bytes, CRC-32).
    """

    format: int
    number: int
    seq: int
    space: str
    dimension: int
    rows: int
    found: float
    graph: bool
    files: dict[str, tuple[int, int]]


class Twins:
    """Rows that share a vector: Chroma holds the first of them alone.

    ``first``: int64, shape (n,): the first row with each row's vector.
    """

    def __init__(self, first: Int64) -> None:
        self._order = np.argsort(first, kind="stable")
        self._first = first[self._order]

    def of(self, rows: Int64) -> Int64:
        """Returns every row whose vector one of the given first rows has, those of one vector together."""
        starts = np.searchsorted(self._first, rows, "left")
        counts = np.searchsorted(self._first, rows, "right") - starts
        before = np.cumsum(counts) - counts
        places = np.arange(counts.sum()) + np.repeat(starts - before, counts)
        found: Int64 = self._order[places]
        return found


@dataclass(frozen=True, slots=True)
class Generation:
    """An intact generation, open for reading.

    ``twins``: which rows share a vector; None where none do, and of a generation of which the rows alone are read.
    ``reduction``: how a vector becomes what Chroma is asked for; None where it holds them as they are.
    ``graph_problem``: a sentence when Chroma's files are damaged or were found wanting, else empty; the rows
    are intact all the same.
    """

    folder: Path
    manifest: Manifest
    block: Block
    twins: Twins | None
    reduction: Reduction | None
    graph_problem: str


def new_name(number: int) -> str:
    """Returns a folder name that nobody used before."""
    return f"gen-{number:06d}-{uuid.uuid4().hex[:12]}"


def number_of(name: str) -> int:
    """Returns the number in a generation's folder name."""
    match = _NAME.fullmatch(name)
    return int(match[1]) if match else 0


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Writes the manifest and makes the whole folder durable."""
    data = json.dumps(asdict(manifest), indent=1, sort_keys=True).encode()
    (folder / MANIFEST).write_bytes(data)
    for path in sorted(folder.rglob("*"), reverse=True):
        sync(path)
    sync(folder)


def list_files(folder: Path) -> dict[str, tuple[int, int]]:
    """Returns size and checksum of every file of a generation but its manifest."""
    return {
        path.relative_to(folder).as_posix(): _fingerprint(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }


def open_generation(
    dense: Path, name: str, space: str, dimension: int, *, rows_only: bool = False
) -> Generation:
    """Opens and checks a generation, every byte of it (``rows_only``: all but Chroma's files).

    Raises:
        DamagedError: a file is missing, of another size or checksum, or it is of another embedding space.
    """
    folder = dense / name
    try:
        manifest = _read_manifest((folder / MANIFEST).read_bytes())
        if (manifest.format, manifest.space, manifest.dimension) != (FORMAT, space, dimension):
            raise DamagedError(
                f"The dense index {name} is of another embedding space or format.", hint=REBUILT
            )
        own = {path: seen for path, seen in manifest.files.items() if "/" not in path}
        _check(folder, own)
        n = manifest.rows
        block = Block(
            np.fromfile(folder / IDS, np.int64),
            np.fromfile(folder / VERSIONS, np.int64),
            np.memmap(folder / VECTORS, np.float32, "r", shape=(n, dimension))
            if n
            else np.empty((0, dimension), np.float32),
        )
        first = np.fromfile(folder / FIRST, np.int64)
        reduction = read_reduction(folder / REDUCTION, dimension) if REDUCTION in own else None
    except OSError as error:
        raise DamagedError(f"The dense index {name} cannot be read: {error}.", hint=REBUILT) from error
    problem = ""
    if not manifest.graph and n:
        problem = (
            f"Chroma found only {manifest.found:.0%} of the rows of {name} again, so the exact scan answers."
        )
    elif not rows_only:
        try:
            _check(folder, {path: seen for path, seen in manifest.files.items() if "/" in path})
        except DamagedError as error:
            problem = str(error)
        except OSError as error:
            problem = f"The dense index {name} cannot be read: {error}. {REBUILT}"
    shared = not rows_only and bool((first != np.arange(n)).any())
    return Generation(folder, manifest, block, Twins(first) if shared else None, reduction, problem)


def damage(dense: Path) -> str:
    """Returns what is wrong with the current generation as it lies on the disk, every byte of it read; "" for nothing,
    or where none was built. One that is open was checked as it was opened, and may have been written over since.
    """
    name = ""
    try:
        if name := read_pointer(dense):
            _check(dense / name, _read_manifest((dense / name / MANIFEST).read_bytes()).files)
    except (DamagedError, OSError) as error:
        with suppress(DamagedError):
            if read_pointer(dense) != name:  # another took its place meanwhile
                return ""
        return f"{error.message if isinstance(error, DamagedError) else error} vouch rebuild builds it anew."
    return ""


def read_pointer(dense: Path) -> str:
    """Returns the name of the current generation, or "" when none was ever built.

    Raises:
        DamagedError: the pointer is missing beside finished generations, is not what was written, or does not
            match the manifest it points to.
    """
    pointer = dense / POINTER
    try:
        line = pointer.read_bytes().decode("ascii", "replace")
    except FileNotFoundError:
        if any(dense.glob(f"gen-*/{MANIFEST}")):  # without one it is a builder's that was killed
            raise DamagedError(f"The dense index's pointer {pointer} is missing.", hint=REBUILT) from None
        return ""
    except OSError as error:
        raise DamagedError(
            f"The dense index's pointer {pointer} cannot be read: {error}.", hint=REBUILT
        ) from error
    match = _POINTER.fullmatch(line)
    if not match:
        raise DamagedError(f"The dense index's pointer {pointer} is damaged.", hint=REBUILT)
    try:
        found = zlib.crc32((dense / match[1] / MANIFEST).read_bytes())
    except OSError as error:
        raise DamagedError(f"The dense index {match[1]} cannot be read: {error}.", hint=REBUILT) from error
    if found != int(match[3], 16):
        raise DamagedError(f"The manifest of the dense index {match[1]} is damaged.", hint=REBUILT)
    return match[1]


def point_to(generation: Generation) -> None:
    """Makes a generation the current one, atomically and durably.

    Raises:
        OSError: the disk is full or read-only; the previous one stays current.
    """
    dense, name = generation.folder.parent, generation.folder.name
    checksum = zlib.crc32((generation.folder / MANIFEST).read_bytes())
    replace_file(dense / POINTER, f"{name} {checksum:08x}\n")
    reach("swap.pointed")


def sweep(dense: Path, keep: str) -> None:
    """Deletes what crashed owners and builders left: all but the kept generation and the pointer to it.

    What cannot be deleted (a read-only disk) is left for the next start.
    """
    for path in [*dense.glob("gen-*"), *dense.glob("open-*")]:
        if path.name != keep:
            delete(path)
    if not os.access(dense, os.W_OK):
        return
    unfinished(dense / POINTER).unlink(missing_ok=True)
    if not keep:
        (dense / POINTER).unlink(missing_ok=True)


def delete(folder: Path) -> None:
    """Deletes a folder as far as the disk lets it; what is left is swept at the next start."""
    shutil.rmtree(folder, ignore_errors=True)


def _read_manifest(data: bytes) -> Manifest:
    try:
        values = json.loads(data)
        values["files"] = {path: (int(size), int(crc)) for path, (size, crc) in values["files"].items()}
        return Manifest(**values)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DamagedError(f"A dense index's manifest cannot be read: {error}.", hint=REBUILT) from error


def _check(folder: Path, files: dict[str, tuple[int, int]]) -> None:
    for name, written in files.items():
        path = folder / name
        if not path.exists():
            raise DamagedError(f"The dense index lacks its file {path}.", hint=REBUILT)
        if path.stat().st_size != written[0] or _fingerprint(path) != written:
            raise DamagedError(f"The dense index's file {path} is not what was written.", hint=REBUILT)


def _fingerprint(path: Path) -> tuple[int, int]:
    crc, size = 0, 0
    with path.open("rb") as file:
        while data := file.read(1 << 22):
            crc = zlib.crc32(data, crc)
            size += len(data)
    return size, crc
