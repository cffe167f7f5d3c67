"""What several tests of the ingest start from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from corpus.settings import Settings
from corpus.store import Corpus, open_corpus
from ingest import pipeline, stages
from tests.builders import SPACE
from tests.ingest.children import Begun
from tests.ingest.ingest_runs import PIECE_TEXTS, write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "files", "a.txt", "b.md", "deep/c.html")


@pytest.fixture
def corpus(tmp_path: Path) -> Iterator[Corpus]:
    with open_corpus(Settings(data_dir=tmp_path / "data", dense="exact", min_free_mb=1), SPACE) as opened:
        yield opened


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few passages at a time, so that short files are many pieces."""
    monkeypatch.setattr(stages, "PIECE_TEXTS", PIECE_TEXTS)
    monkeypatch.setattr(pipeline, "PIECE_TEXTS", PIECE_TEXTS)


@pytest.fixture
def begun() -> Begun:
    """Tells which children of this process began since the test did: a service that other tests share may have some."""
    before = set(psutil.Process().children(recursive=True))

    def since(*, recursive: bool = False) -> list[psutil.Process]:
        return [child for child in psutil.Process().children(recursive=recursive) if child not in before]

    return since
