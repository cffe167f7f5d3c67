"""An index folder opened on a disk that may take no file: tantivy makes a lock file even to read."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from corpus.errors import DamagedError, StorageError
from corpus.lexical.engine import TANTIVY_ERRORS, Engine
from corpus.scratch import scratch_folder


def open_engine(folder: Path) -> tuple[Engine, ExitStack | None]:
    """Returns an engine over a folder, and what holds the links that it reads through; None where it needs none.

    Who has the links closes them.

    Raises:
        DamagedError: tantivy cannot open it in either way.
    """
    try:
        return Engine(folder), None
    except TANTIVY_ERRORS as error:
        with ExitStack() as links:
            try:
                shadow = links.enter_context(scratch_folder("vouch-lexical-"))
                for path in folder.iterdir():
                    if path.is_file() and path.suffix != ".lock":
                        (shadow / path.name).symlink_to(path.resolve())
                return Engine(shadow), links.pop_all()
            except (*TANTIVY_ERRORS, StorageError):
                raise DamagedError(f"The lexical index in {folder} cannot be opened ({error}).") from error
