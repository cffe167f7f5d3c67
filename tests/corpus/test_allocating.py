"""What glibc keeps of memory: asked of a process of its own, for it cannot be taken back."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

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
