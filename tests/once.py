"""What many tests start from is made once per run, also when several processes share the run."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Once:
    """Folders that are made by the first who needs them and are read by all; ``home`` belongs to the whole run.

    Nobody may change what such a folder holds: copy it first.
    """

    home: Path

    def __call__(self, name: str, make: Callable[[Path], object]) -> Path:
        """Returns the folder ``name``, which ``make`` has filled.

        Whoever comes while it is made waits. A folder that was left half made, by an error or by a process that
        died, is made anew: the mark beside it is written last, and the lock goes with its process.
        """
        folder, made = self.home / name, self.home / f"{name}.made"
        self.home.mkdir(exist_ok=True)
        with (self.home / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not made.exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                make(folder)
                made.touch()
        return folder


class Seed(Protocol):
    """Puts a model's export into a data folder, in the named precision or in the one that an ingest here takes."""

    def __call__(self, data_dir: Path, precision: str = "auto") -> None: ...
