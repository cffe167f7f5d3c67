"""Disks that misbehave: full ones and read-only ones, as real file systems where the kernel allows it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest


def _mount(*arguments: str) -> bool:
    if shutil.which("mount") is None or os.geteuid() != 0:
        return False
    return subprocess.run(["mount", *arguments], capture_output=True).returncode == 0


@contextmanager
def _unmounting(folder: Path) -> Iterator[Path]:
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True, capture_output=True)


@pytest.fixture
def small_disk(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], AbstractContextManager[Path]]:
    """``with small_disk(megabytes) as folder``: a file system of that size."""

    @contextmanager
    def make(megabytes: int) -> Iterator[Path]:
        folder = tmp_path_factory.mktemp("disk")
        if not _mount("-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)):
            pytest.skip("mounting a small file system needs root and a kernel that allows it")
        with _unmounting(folder):
            yield folder

    return make


@pytest.fixture
def read_only_folder(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[Path], AbstractContextManager[Path]]:
    """``with read_only_folder(source) as folder``: the same files where nothing can be written."""

    @contextmanager
    def make(source: Path) -> Iterator[Path]:
        folder = tmp_path_factory.mktemp("read-only")
        if not _mount("--bind", str(source), str(folder)):
            pytest.skip("a read-only mount needs root and a kernel that allows it")
        with _unmounting(folder):
            assert _mount("-o", "remount,ro,bind", str(source), str(folder))
            yield folder

    return make
