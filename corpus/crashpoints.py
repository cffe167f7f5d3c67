"""Named places where a test can kill the process, to show that dying there loses nothing.

A room calls ``reach("fold.verified")``, always with a literal, right after a step of a commit, a fold or a
swap. Set ``VOUCH_CRASH_AT=NAME`` (or ``NAME:3`` for the third time) and the process kills itself there, as
``kill -9`` would: no ``finally``, no ``atexit``, nothing flushed. Unset, a point costs one look-up.
"""

from __future__ import annotations

import os
import re
import signal
from collections import Counter
from pathlib import Path

VARIABLE = "VOUCH_CRASH_AT"

_CALL = re.compile(r"""\breach\(\s*["']([a-z_.]+)["']\s*\)""")
_reached: Counter[str] = Counter()


def reach(name: str) -> None:
    """Kills this process if ``VOUCH_CRASH_AT`` names this point, else does nothing."""
    wanted = os.environ.get(VARIABLE)
    if not wanted:
        return
    wanted_name, _, nth = wanted.partition(":")
    if wanted_name != name:
        return
    _reached[name] += 1
    if _reached[name] >= int(nth or 1):
        os.kill(os.getpid(), signal.SIGKILL)


def find_points(folder: Path) -> list[str]:
    """Returns the names of all points in the Python sources under ``folder``, sorted."""
    sources = (
        path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.py")) if path != Path(__file__)
    )
    return sorted({name for source in sources for name in _CALL.findall(source)})
