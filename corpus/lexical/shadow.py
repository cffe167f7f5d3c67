"""An index folder opened on a disk that may take no file: tantivy makes a lock file even to read."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from corpus.errors import DamagedError
from corpus.lexical.engine import TANTIVY_ERRORS, Engine


def open_engine(folder: Path) -> tuple[Engine, Path | None]:
    """Returns an engine over a folder, and the folder of links that it reads through; None where it needs none.

    Who has the links deletes them.

    Raises:
        DamagedError: tantivy cannot open it in either way.
    """
    try:
        return Engine(folder), None
    except TANTIVY_ERRORS as error:
        shadow = Path(tempfile.mkdtemp(prefix="vouch-lexical-"))
        try:
            for path in folder.iterdir():
                if path.is_file() and path.suffix != ".lock":
                    (shadow / path.name).symlink_to(path.resolve())
            return Engine(shadow), shadow
        except TANTIVY_ERRORS:
            shutil.rmtree(shadow, ignore_errors=True)
            raise DamagedError(f"The lexical index in {folder} cannot be opened ({error}).") from error
