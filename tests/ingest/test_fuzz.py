"""Broken files of every type: each ends as a sound document or a named error, and leaves nothing behind."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from corpus.settings import Settings
from ingest.parsers import PARSERS, detect_type
from ingest.sandbox.pool import ParserPool
from tests.ingest.children import Begun
from tests.ingest.endings import EXPECTED, ending
from tests.ingest.fuzz import real_files, run

FILES = real_files()
ROUNDS = 100


def test_there_is_a_real_file_of_every_type() -> None:
    found = {detect_type(data, f"a{suffix}").content_type for suffix, kind in FILES.items() for data in kind}
    assert set(PARSERS) - found == set()


def test_every_real_file_is_read_before_it_is_broken() -> None:
    with ParserPool(Settings(ocr="off")) as pool:
        states = {
            suffix: {ending(data, f"a{suffix}", pool.parse) for data in kind}
            for suffix, kind in FILES.items()
        }
    assert states == {suffix: {"ok"} for suffix in FILES}


@pytest.mark.slow
@pytest.mark.parametrize("suffix", sorted(FILES))
def test_broken_files_end_well(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begun: Begun
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with ParserPool(Settings(parse_timeout_s=60, ocr="off")) as pool:
        states, wrong = run(pool, FILES, suffix, ROUNDS)
    assert wrong == []
    assert sum(states.values()) == ROUNDS
    assert set(states) <= EXPECTED
    assert begun() == []
    assert list(tmp_path.iterdir()) == []
