"""Parsing children in tests: hostile parsers for them, short patience, and a look that none is left."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from corpus.settings import Settings

HOSTILE = "tests.ingest.hostile:TABLE"


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Every test's children use an own temporary folder, and leave nothing: no process, no file."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    before = set(psutil.Process().children(recursive=True))
    yield folder
    left = [child for child in psutil.Process().children(recursive=True) if child not in before]
    assert left == []
    assert list(folder.iterdir()) == []


def settings(**changes: object) -> Settings:
    return Settings(**{"parse_timeout_s": 20.0, **changes})  # type: ignore[arg-type]
