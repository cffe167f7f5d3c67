"""How many processors this process may fill: those it is bound to, and no more than its container's share of them."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_GROUPS = Path("/sys/fs/cgroup")
_MINE = Path("/proc/self/cgroup")


@cache
def processors() -> int:
    """Returns it, at least 1.

    A machine of 64 may give a container the time of two: threads for all 64 would spend that in the first
    milliseconds of each period, and then all of them stand still until the next one.
    """
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([bound, *map(math.ceil, _shares(_MINE, _GROUPS))]))


def _shares(mine: Path, groups: Path) -> Iterator[float]:
    """Yields how many processors' time each control group around this process may take, where it is limited.

    Args:
        mine: which groups the process is in: ``number:controllers:path`` a line (cgroups(7)).
        groups: where their files lie: ``cpu.max`` of version 2, ``cpu.cfs_quota_us`` and its period of version 1.
    """
    try:
        lines = mine.read_text().splitlines()
    except OSError:  # not Linux
        return
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers and "cpu" not in controllers.split(","):
            continue
        own = Path(path.lstrip("/"))
        for within in {own, *own.parents, Path()}:  # a container may see its own group as the outermost
            if not controllers:
                said = _words(groups / within / "cpu.max")
            else:
                folder = groups / controllers / within
                said = _words(folder / "cpu.cfs_quota_us") + _words(folder / "cpu.cfs_period_us")
            if len(said) == 2 and all(word.isdigit() for word in said) and int(said[1]):
                yield int(said[0]) / int(said[1])


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []
