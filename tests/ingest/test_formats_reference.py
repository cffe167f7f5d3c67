"""``docs/formats.md`` has a section for every type that is read, and names no other; the measurement counts right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bench.extraction import expected_cells, expected_words, in_order, main
from ingest.parsers import PARSERS, detection, refusals
from tests.rag.cli_runs import ROOT

REFERENCE = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")


def _named() -> list[str]:
    sections = re.split(r"^## ", REFERENCE, flags=re.MULTILINE)[1:]
    return [
        one
        for text in sections
        for one in re.findall(r"`((?:application|text|message|image)/[\w.+-]+)`", text)
    ]


def test_every_type_has_its_section() -> None:
    assert sorted(_named()) == sorted(PARSERS)


def test_every_suffix_leads_to_a_parser_and_a_refusal_names_what_is_read() -> None:
    assert set(detection.SUFFIXES.values()) <= set(PARSERS)
    hint = refusals.unsupported("a.bin", "a program").hint
    for shown in re.findall(r"\w+", "PDF DOCX PPTX XLSX CSV JSON HTML Markdown ODT ODS EPUB RTF EML MSG ZIP"):
        assert shown in hint


def test_words_and_cells_are_counted_in_order() -> None:
    rows = "| City | Fee |\n|---|---|\n| [Kyoto](http://x/y) | 10 &amp; 2 |"
    markdown = f"# Fees\n\n{rows}\n\n<!-- image -->\n**東京** only\n"
    assert expected_words(markdown) == ["fees", "city", "fee", "kyoto", "10", "2", "東", "京", "only"]
    assert expected_cells(markdown) == ["city", "fee", "kyoto", "10 2"]
    assert in_order(list("abcd"), list("axcbd")) == 3
    assert in_order(list("abcd"), []) == 0


def test_the_measurement_reads_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for folder, name, text in (
        ("sources", "a.csv", "k,v\nx,1\n"),
        ("groundtruth", "a.csv.md", "| k | v |\n| x | 2 |\n"),
    ):
        (tmp_path / "csv" / folder).mkdir(parents=True)
        (tmp_path / "csv" / folder / name).write_text(text, encoding="utf-8")
    assert main([str(tmp_path), "--files"]) == 0
    assert "| csv | 1 | 0 | 4 | 0.750 | 4 | 0.750 |" in capsys.readouterr().out
    assert main([str(tmp_path / "csv")]) == 2
