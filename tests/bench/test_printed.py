"""What a document holds is compared with what is found in a print of it, white space and marks apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import printed
from ingest.parsers import parse


def test_the_parts_of_a_document_are_counted_without_white_space_and_marks() -> None:
    text = (
        b"# Leave\n\nAll have 25 days.\n\n- ask  early\n- tell\n\n| Who | Days |\n|---|---|\n| all | 25 |\n"
    )
    found = printed.parts(parse(text, "leave.md"))
    assert {kind: dict(held) for kind, held in found.items()} == {
        "headings": {"Leave": 1},
        "paragraphs": {"Allhave25days.": 1},
        "items": {"askearly": 1, "tell": 1},
        "rows": {"Who|Days": 1, "all|25": 1},
    }


def test_without_a_printer_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.docx").write_bytes(b"")
    monkeypatch.setattr(printed.shutil, "which", lambda name: None)
    assert printed.main([str(tmp_path)]) == 2
    assert "soffice" in capsys.readouterr().err
