"""The files of a tantivy index, checked without tantivy: which there are, whole or not, and what they hold.

tantivy ends every segment file with a CRC-32 of what stands before it but never reads it back, and its
``meta.json`` has none. So an index folder here also holds ``vouch.json``: what the folder was when it was
last recorded. A folder is *clean* when both agree, *open* when a commit was under way (a crash leaves it
so), and anything else is damage.
"""

from __future__ import annotations

import contextlib
import json
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from corpus.durable import replace_file
from corpus.errors import DamagedError
from corpus.patterns import pattern

_RECORD = "vouch.json"
_META = "meta.json"
COMMITTING = -1
_FOOTER_MAGIC = 1337
_READ_BYTES = 1 << 22


@dataclass(frozen=True, slots=True)
class Record:
    """What was written: analysis version, last change applied, and the checksum of tantivy's own list.

    ``meta_crc`` is ``COMMITTING`` while a commit is under way.
    """

    analysis: int
    seq: int
    meta_crc: int


@dataclass(frozen=True, slots=True)
class Counts:
    """Documents in an index, the deleted ones among them, and bytes on disk."""

    rows: int
    deleted: int
    bytes: int


def write_record(folder: Path, record: Record) -> None:
    """Replaces the folder's record atomically and waits for the disk."""
    body = json.dumps(asdict(record))
    replace_file(folder / _RECORD, json.dumps({"record": body, "crc": zlib.crc32(body.encode())}))


def read_record(folder: Path) -> Record:
    """Returns the folder's record.

    Raises:
        DamagedError: there is none, or it is not what was written.
    """
    try:
        stored = json.loads((folder / _RECORD).read_bytes())
        body: str = stored["record"]
        if zlib.crc32(body.encode()) != stored["crc"]:
            raise ValueError("checksum")
        return Record(**json.loads(body))
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise _damaged(folder / _RECORD, str(error)) from None


def meta_crc(folder: Path) -> int:
    """Returns the checksum of tantivy's list of segments."""
    return zlib.crc32((folder / _META).read_bytes())


def count(folder: Path) -> Counts:
    """Returns how much the last commit holds.

    Raises:
        DamagedError: tantivy's list cannot be read.
    """
    meta = _read_meta(folder)
    rows = deleted = 0
    try:
        for segment in meta["segments"]:
            rows += int(segment["max_doc"])
            deleted += int((segment["deletes"] or {}).get("num_deleted_docs", 0))
        size = sum(path.stat().st_size for path in folder.iterdir())
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise _damaged(folder / _META, str(error)) from None
    return Counts(rows - deleted, deleted, size)


def verify(folder: Path, record: Record) -> None:
    """Reads every file of the last commit and compares its checksum (about a second per gigabyte).

    Raises:
        DamagedError: a file is missing, cut short or altered.
    """
    try:
        if record.meta_crc not in (COMMITTING, meta_crc(folder)):
            raise _damaged(folder / _META, "checksum")
        for path in _committed_files(folder):
            _verify_file(path)
    except OSError as error:
        raise _damaged(folder, str(error)) from None


def remove_uncommitted(folder: Path) -> None:
    """Deletes the files of a commit that a killed process did not finish.

    The next commit would give its files the same names, and tantivy refuses to write over one. No writer may be open.
    """
    committed = {path.name for path in _committed_files(folder)}
    for path in folder.iterdir():
        if _SEGMENT_FILE.fullmatch(path.name) and path.name not in committed:
            with contextlib.suppress(OSError):  # a disk that takes no change is told when one is due
                path.unlink()


def store_plainly(folder: Path) -> None:
    """Makes an index without segments keep what it stores uncompressed: numbers gain nothing by it, and two hundred
    passages' are read in a third of the time.
    """
    meta = _read_meta(folder)
    meta["index_settings"] = {"docstore_compression": "none", "docstore_blocksize": 16384}
    (folder / _META).write_text(json.dumps(meta), encoding="utf-8")


def _read_meta(folder: Path) -> dict[str, Any]:
    try:
        meta = json.loads((folder / _META).read_bytes())
    except (OSError, ValueError) as error:
        raise _damaged(folder / _META, str(error)) from None
    if not isinstance(meta, dict) or not isinstance(meta.get("segments"), list):
        raise _damaged(folder / _META, "no list of segments")
    return meta


_SEGMENT_FILE = pattern(r"[0-9a-f]{32}\..+")
_PARTS = ("idx", "pos", "term", "store", "fast", "fieldnorm")


def _committed_files(folder: Path) -> Iterator[Path]:
    for segment in _read_meta(folder)["segments"]:
        try:
            name = segment["segment_id"].replace("-", "")
            deletes = segment["deletes"]
            parts = [*_PARTS, f"{deletes['opstamp']}.del"] if deletes else _PARTS
        except (TypeError, KeyError, AttributeError) as error:
            raise _damaged(folder / _META, str(error)) from None
        for part in parts:
            yield folder / f"{name}.{part}"


def _verify_file(path: Path) -> None:
    # Layout: body, JSON footer with the body's CRC-32, footer length (u32 LE), magic number (u32 LE).
    size = path.stat().st_size
    with open(path, "rb") as file:
        file.seek(max(0, size - 8))
        tail = file.read(8)
        length, magic = int.from_bytes(tail[:4], "little"), int.from_bytes(tail[4:], "little")
        if len(tail) != 8 or magic != _FOOTER_MAGIC or length + 8 > size:
            raise _damaged(path, "no footer")
        file.seek(size - 8 - length)
        try:
            expected = json.loads(file.read(length))["crc"]
        except (ValueError, KeyError, TypeError) as error:
            raise _damaged(path, str(error)) from None
        file.seek(0)
        crc, left = 0, size - 8 - length
        while left > 0:
            block = file.read(min(left, _READ_BYTES))
            if not block:
                break
            crc = zlib.crc32(block, crc)
            left -= len(block)
    if crc != expected:
        raise _damaged(path, "checksum")


def _damaged(path: Path, why: str) -> DamagedError:
    return DamagedError(
        f"The lexical index file {path} is damaged or missing ({why}).",
        code="lexical_damaged",
        hint="It is built again from the catalog; nothing is lost.",
    )
