"""The generations of a lexical index in its folder, and ``CURRENT``, which names the one in use."""

from __future__ import annotations

import shutil
from pathlib import Path

from corpus.durable import replace_file
from corpus.patterns import pattern

_POINTER = "CURRENT"
_NAME = pattern(r"gen-(\d{6,})")


class Generations:
    """The folders ``gen-000001`` … of an index."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def folder(self, generation: int) -> Path:
        """Returns the folder of a generation, whether it is there or not."""
        return self._folder / f"gen-{generation:06d}"

    def all(self) -> list[Path]:
        """Returns every generation's folder that is there, in no order."""
        return [path for path in self._folder.glob("gen-*") if _NAME.fullmatch(path.name)]

    def current(self) -> Path | None:
        """Returns the folder of the one in use, whether it is there or not; None where nothing names one."""
        try:
            name = (self._folder / _POINTER).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            return None
        return self._folder / name if _NAME.fullmatch(name) else None

    def point_at(self, name: str) -> None:
        """Makes a generation the one in use, durably and at once."""
        replace_file(self._folder / _POINTER, f"{name}\n")

    def keep_only(self, name: str) -> None:
        """Deletes the others."""
        for path in self.all():
            if path.name != name:
                shutil.rmtree(path, ignore_errors=True)


def number_of(folder: Path) -> int:
    """Returns the number of a generation, from 1, by its folder's name."""
    return int(folder.name[4:])
