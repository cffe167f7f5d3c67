"""What glibc keeps of memory, and what lies in large pages: asked of processes of their own, for nothing undoes it."""

from __future__ import annotations

import mmap
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from corpus import allocating

MANY_THREADS = """
import ctypes, re, threading, xml.etree.ElementTree as tree
from corpus.allocating import keep_little
keep_little()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
gate = threading.Barrier(8)
def take():
    gate.wait()
    libc.malloc(1000)
    gate.wait()
threads = [threading.Thread(target=take) for _ in range(8)]
[one.start() for one in threads], [one.join() for one in threads]
libc.fopen.restype = libc.fdopen.restype = ctypes.c_void_p
out = ctypes.c_void_p(libc.fdopen(1, b"w"))
libc.malloc_info(0, out), libc.fflush(out)
"""


@pytest.mark.skipif(sys.platform != "linux" or not hasattr(os, "confstr"), reason="glibc alone has arenas")
@pytest.mark.parametrize(("chosen", "most"), [("", 2), ("5", 5)])
def test_threads_share_two_arenas_unless_somebody_chose_otherwise(chosen: str, most: int) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "MALLOC_ARENA_MAX"}
    environment |= {"MALLOC_ARENA_MAX": chosen} if chosen else {}
    asked = [sys.executable, "-c", MANY_THREADS]
    said = subprocess.run(asked, env=environment, capture_output=True, text=True, check=True).stdout
    assert said.count("<heap nr=") == most


def _moves() -> bool:
    setting = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    if not setting.exists() or "[never]" in setting.read_text():
        return False
    return tuple(map(int, platform.release().split(".")[:2])) >= (6, 1)


FILLED_AND_NOT = """
import mmap
from corpus.allocating import use_large_pages
def said(name):
    with open("/proc/self/smaps_rollup") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith(name + ":"))
filled, sparse = mmap.mmap(-1, 32 << 20, mmap.MAP_PRIVATE), mmap.mmap(-1, 32 << 20, mmap.MAP_PRIVATE)
for at in range(0, 32 << 20, 4096):
    filled[at] = at // 4096 % 251
    if at % (2 << 20) == 0:
        sparse[at] = 7
held, large = said("Rss"), said("AnonHugePages")
use_large_pages()
same = all(filled[at] == at // 4096 % 251 for at in range(0, 32 << 20, 4096))
print(same and all(sparse[at] == 7 for at in range(0, 32 << 20, 2 << 20)))
print(said("AnonHugePages") - large, said("Rss") - held)
"""


@pytest.mark.skipif(not _moves(), reason="Linux moves memory into large pages for those who ask, since 6.1")
def test_what_fills_large_pages_is_moved_into_them_and_nothing_else() -> None:
    said = subprocess.run(
        [sys.executable, "-c", FILLED_AND_NOT], capture_output=True, text=True, check=True
    ).stdout.split()
    assert said[0] == "True"
    moved, more = int(said[1]), int(said[2])
    assert moved >= 28 << 10  # kB: all of what is filled but its edges
    assert more < 8 << 10


def test_large_pages_are_asked_for_once_the_work_repeats_itself_and_seldom_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[int] = []
    rounds: list[int] = []
    monkeypatch.setattr(allocating, "use_large_pages", lambda: asked.append(len(rounds)))
    monkeypatch.setattr(allocating.threading, "Thread", _AtOnce)
    settling = allocating.Settling()
    for one in range(2 * allocating.AGAIN):
        rounds.append(one)
        settling.done()
    assert asked == [allocating.SETTLED, allocating.AGAIN + allocating.SETTLED]


def test_a_search_is_answered_where_no_thread_can_be_had_for_large_pages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def none(**_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(allocating.threading, "Thread", none)
    settling = allocating.Settling()
    for _ in range(allocating.SETTLED):
        settling.done()


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone says what is mapped")
def test_a_mapped_file_may_have_a_name_that_is_no_text(tmp_path: Path) -> None:
    path = os.path.join(os.fsencode(tmp_path), b"caf\xe9 1")
    with open(path, "w+b") as file:
        file.truncate(mmap.PAGESIZE)
        with mmap.mmap(file.fileno(), 0):
            allocating.use_large_pages()


class _AtOnce:
    def __init__(self, target: Callable[[], None], **_: object) -> None:
        self.start = target
