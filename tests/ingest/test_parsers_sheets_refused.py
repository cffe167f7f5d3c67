"""Workbooks that are broken, mean harm or claim to be huge."""

from __future__ import annotations

import pytest

from corpus.errors import LimitError, ParseError
from corpus.settings import load_settings
from ingest.parsers import Limits
from ingest.sandbox.pool import ParserPool
from tests.ingest.workbooks import MAIN, SHEET, of_rows, read, replaced, with_sheet

FAR = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'

DOCTYPE = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (with_sheet(f"<sheetData>{FAR}</sheetData>"), "too_many_cells"),
        (of_rows([["x"] * 30] * 40), "too_many_cells"),
        (replaced(of_rows([["x"]]), {SHEET: f'{DOCTYPE}<worksheet xmlns="{MAIN}"/>'}), "unsafe_xml"),
        (
            replaced(of_rows([["x"]]), {"xl/sharedStrings.xml": f'{DOCTYPE}<sst xmlns="{MAIN}"/>'}),
            "unsafe_xml",
        ),
        (replaced(of_rows([["x"]]), {SHEET: "<worksheet"}), "damaged_file"),
        (replaced(of_rows([["x"]]), {SHEET: " " * 3_000_000}), "archive_too_large"),
        (of_rows([]), "no_text"),
    ],
)
def test_what_is_refused_is_named(data: bytes, code: str) -> None:
    with pytest.raises((ParseError, LimitError)) as raised:
        read(data, limits=Limits(max_cells=1000))
    assert raised.value.code == code


def test_a_sheet_that_only_claims_to_be_huge_is_read() -> None:
    claims = '<dimension ref="A1:XFD1048576"/><sheetData><row r="1"><c r="A1"><v>7</v></c></row></sheetData>'
    merged = '<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>'
    assert read(with_sheet(claims + merged)).text == "Sheet\n\n7"


def test_a_workbook_is_read_in_the_sandbox() -> None:
    data = of_rows([["品目", "数量"], ["ねじ", 12]], "在庫")
    with ParserPool(load_settings({})) as pool:
        assert pool.parse(data, "在庫.xlsx").text == "在庫\n\n品目 | 数量\nねじ | 12"
