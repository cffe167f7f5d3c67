"""Which Vouch this is: its version, and a mark that nearly any change of its modules changes.

The version alone tells two releases apart, and not what lies between them in a working copy.
"""

from __future__ import annotations

import os
import zlib
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_PACKAGES = ("corpus", "ingest", "rag")


@cache
def installed_version() -> str:
    """Returns Vouch's version, "" where it runs from its source and is not installed."""
    try:
        return version("vouch")
    except PackageNotFoundError:
        return ""


@cache
def program() -> str:
    """Returns this program as ``version+mark``: the same for every installation of the same files.

    The mark is a CRC-32 of the names and sizes of the three packages' modules, 8 hex digits: reading them all would
    take a tenth of a command's start. Of packages in a zip file it is that of this file. It is worked out once; a
    process that goes on for long asks for it at its start, before another version can take the place of its files.
    """
    home = Path(__file__).parent.parent
    if archive := next((one for one in (home, *home.parents) if one.is_file()), None):
        modules = [(archive.name, archive.stat().st_size)]
    else:
        modules = sorted(
            (Path(one.path).relative_to(home).as_posix(), one.stat().st_size)
            for name in _PACKAGES
            for one in _modules(home / name)
        )
    return f"{installed_version() or '0'}+{zlib.crc32(repr(modules).encode()):08x}"


def _modules(folder: Path) -> list[os.DirEntry[str]]:
    found: list[os.DirEntry[str]] = []
    with os.scandir(folder) as entries:
        for one in entries:
            if one.name.startswith(".") or one.name == "__pycache__":
                continue  # such as the link to nothing by which an editor marks an open file
            if one.is_dir():
                found += _modules(Path(one.path))
            elif one.name.endswith(".py"):
                found.append(one)
    return found
