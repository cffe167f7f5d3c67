"""What glibc keeps of memory that was given back to it, and in what pages Linux holds the rest. The home of ``mallopt``
and ``madvise``.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from itertools import count
from pathlib import Path

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


LEAST_FILLED = 15 / 16
"""A large page is made where so much of it is in use: all together takes at most a fifteenth more memory."""

SETTLED, AGAIN = 64, 4096
"""After so many rounds of its work a process has loaded what it works with; after so many more something of that, such
as the graph, may be another."""

_LARGE = Path("/sys/kernel/mm/transparent_hugepage")
_MADV_COLLAPSE = 25
_TRIES = 2


def use_large_pages() -> None:
    """Has Linux move what the process holds in memory into pages of 2 MB, where small ones side by side fill them.

    A search reads here and there in hundreds of megabytes, of a graph, a model and Python's objects, and the processor
    looks most small pages up anew; in a virtual machine each look-up is two. Linux does so by itself where it is set to
    ``always``; many systems leave it to those who ask (``madvise``). What comes later lies in small pages again.
    Of 450 MB it takes .3 s of the processor, without Python's lock. Nothing happens elsewhere, before Linux 6.1, and
    where large pages are set to ``never``.
    """
    try:
        if "[never]" in (_LARGE / "enabled").read_text():
            return
        size = int((_LARGE / "hpage_pmd_size").read_text())
        blocks = list(_filled(size))
    except OSError:
        return
    libc = ctypes.CDLL(None)
    libc.madvise.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
    for _ in range(_TRIES):  # what is in use at the moment, or finds no room, stays as it was
        blocks = [at for at in blocks if libc.madvise(at, size, _MADV_COLLAPSE)]


def _filled(size: int) -> Iterator[int]:
    """Yields where blocks of ``size`` bytes begin that are this process's alone and nearly all in memory."""
    pages = size // mmap.PAGESIZE
    entry = 8  # bytes that the kernel's table has for each of them, the lowest first; the highest bit: it is in memory
    with open("/proc/self/maps", "rb") as maps, open("/proc/self/pagemap", "rb") as table:
        for line in maps:  # bytes: a mapped file may have any name
            span, mode, _, _, inode, *name = line.split()
            if mode != b"rw-p" or inode != b"0" or name == [b"[stack]"]:
                continue
            first, last = (int(edge, 16) for edge in span.split(b"-"))
            for at in range(-(-first // size) * size, last - size + 1, size):
                table.seek(at // mmap.PAGESIZE * entry)
                there = table.read(pages * entry)[entry - 1 :: entry]
                if sum(byte >> 7 for byte in there) >= LEAST_FILLED * pages:
                    yield at


class Settling:
    """Has large pages used, beside the work, once a process repeats itself. Safe to use from any thread."""

    def __init__(self) -> None:
        self._rounds = count(1)

    def done(self) -> None:
        """Takes note of a round of the work."""
        if next(self._rounds) % AGAIN == SETTLED:
            with suppress(
                RuntimeError
            ):  # no thread can be had, as at the interpreter's end: the work is done all the same
                threading.Thread(target=use_large_pages, name="large-pages", daemon=True).start()
