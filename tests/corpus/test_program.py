"""What says whether two processes are the same Vouch."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from corpus import program as named
from corpus.program import program


def test_a_program_is_its_version_and_a_mark_of_its_files() -> None:
    assert re.fullmatch(r"[\w.]+\+[0-9a-f]{8}", program())
    assert program.__wrapped__() == program()


def test_what_an_editor_leaves_beside_an_open_module_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("corpus", "ingest", "rag"):
        (tmp_path / name).mkdir()
    module = tmp_path / "corpus" / "program.py"
    module.write_text("pass")
    monkeypatch.setattr(named, "__file__", str(module))
    before = program.__wrapped__()

    (tmp_path / "corpus" / ".#program.py").symlink_to("somebody@a-machine.1234")
    (tmp_path / "corpus" / "__pycache__").mkdir()
    (tmp_path / "corpus" / "__pycache__" / "program.py").write_text("pass")
    assert program.__wrapped__() == before

    module.write_text("pass; pass")
    assert program.__wrapped__() != before


@pytest.mark.parametrize("inside", ["", "lib/"])
def test_packages_in_a_zip_file_are_told_apart_by_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inside: str
) -> None:
    archive = tmp_path / "vouch.pyz"
    archive.write_bytes(b"PK")
    monkeypatch.setattr(named, "__file__", str(archive / inside / "rag" / "program.py"))
    before = program.__wrapped__()
    archive.write_bytes(b"PK, and another version")
    assert program.__wrapped__() != before
