"""Uploaded files on their way: kept as bytes under numbers, until their ingest."""

from __future__ import annotations

import shutil
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from corpus.durable import sync, sync_open
from corpus.errors import LimitError, UsageError
from corpus.types import UPLOAD_ROOT
from ingest.discovery import Discovery, SourceFile


@dataclass(frozen=True, slots=True)
class Upload:
    """One uploaded file: its name as the client gave it, and its bytes."""

    name: str
    data: BinaryIO


def upload_name(given: str) -> str:
    """Returns the last part of a client's file name, in NFC and without control characters.

    Raises:
        UsageError: nothing usable is left.
    """
    name = unicodedata.normalize("NFC", given.replace("\\", "/").rsplit("/", 1)[-1])
    name = "".join(c for c in name if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp")).strip()
    if not name or name in (".", "..") or len(name.encode()) > 255:
        raise UsageError(
            f"The file name {given[:80]!r} cannot be used."
            if given.strip()
            else "An uploaded file has no name.",
            code="bad_upload",
            hint="Give it a plain name of up to 255 bytes.",
        )
    return name


def keep(uploads: Sequence[Upload], names: Sequence[str], folder: Path, *, limit_mb: int) -> None:
    """Keeps uploaded bytes under numbers: a client's name is never a path.

    Raises:
        UsageError: a file is empty.
        LimitError: a file is larger than ``limit_mb``.
        OSError: the disk is full or read-only.
    """
    limit = limit_mb << 20
    folder.mkdir(parents=True, mode=0o700)
    for number, (upload, name) in enumerate(zip(uploads, names, strict=True)):
        with open(folder / str(number), "xb") as out:
            shutil.copyfileobj(upload.data, out, 1 << 20)
            out.flush()
            sync_open(out.fileno())  # whoever is told that it waits need not send it again
            size = out.tell()
        if size == 0:
            raise UsageError(
                f"The uploaded file {name} is empty.", code="empty_file", hint="Upload its content."
            )
        if size > limit:
            raise LimitError(
                f"The uploaded file {name} has {size >> 20} MB; the limit is {limit >> 20} MB.",
                code="too_large",
                hint="Split it, or raise VOUCH_MAX_FILE_MB.",
            )
    sync(folder)


def found_in(folder: Path, names: Sequence[str]) -> Discovery:
    """Returns the files that were kept in a folder, as an ingest finds them; what is gone is skipped and named."""
    files, skipped = [], []
    for number, name in enumerate(names):
        location = folder / str(number)
        try:
            status = location.stat()
        except OSError:
            skipped.append((name, "lost", "Its uploaded bytes are no longer there; upload it again."))
            continue
        modified = datetime.fromtimestamp(status.st_mtime, UTC)
        files.append(SourceFile(UPLOAD_ROOT, name, str(location), status.st_size, modified))
    return Discovery(tuple(files), tuple(skipped), (), (), ())
