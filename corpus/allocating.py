"""What glibc keeps of memory that was given back to it. The home of ``mallopt``."""

from __future__ import annotations

import ctypes
import os
import sys
from functools import cache

_OWN_CHOICE = "MALLOC_ARENA_MAX"
_ARENAS = 2


@cache
def keep_little() -> None:
    """Has glibc map large blocks on their own and keep few arenas, so that freed memory goes back to the system.

    Left alone, it raises the size of a large block to 32 MB with the first graph freed, and has an arena for each of up
    to eight threads a core, each with what its threads once needed: 10,000 rows of a graph reopened 100 times grew from
    100 to 270 MB, and to 105 MB with large blocks apart; a server asked 300 questions by turns on its threads was at
    526 MB, and at 498 with two arenas. ``MALLOC_ARENA_MAX`` is left to who set it.
    Elsewhere than on glibc nothing happens.
    """
    if sys.platform != "linux" or not hasattr(libc := ctypes.CDLL(None), "mallopt"):
        return
    m_mmap_threshold, m_arena_max = -3, -8
    libc.mallopt(m_mmap_threshold, 4 << 20)
    if not os.environ.get(_OWN_CHOICE):
        libc.mallopt(m_arena_max, _ARENAS)
