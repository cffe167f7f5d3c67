"""Parsing children in tests: hostile parsers for them, short patience, and a look that none is left."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import psutil
import pytest

from corpus.settings import Settings


class Begun(Protocol):
    """Tells which children of this process began since the test did."""

    def __call__(self, *, recursive: bool = False) -> list[psutil.Process]: ...


HOSTILE = "tests.ingest.hostile:TABLE"


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begun: Begun) -> Iterator[Path]:
    """Every test's children use an own temporary folder, and leave nothing: no process, no file."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert begun(recursive=True) == []
    assert list(folder.iterdir()) == []


def settings(**changes: object) -> Settings:
    return Settings(**{"parse_timeout_s": 20.0, **changes})  # type: ignore[arg-type]
