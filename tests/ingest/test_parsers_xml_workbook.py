"""Workbooks as one XML file, which many programs export as ``.xls``."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from corpus.errors import LimitError, ParseError
from corpus.types import Document
from ingest.parsers import parse
from tests.ingest.blocks import kinds

SPACE = "urn:schemas-microsoft-com:office:spreadsheet"


def read(sheets: str, head: str = "") -> Document:
    names = f'xmlns="{SPACE}" xmlns:ss="{SPACE}" xmlns:x="urn:schemas-microsoft-com:office:excel"'
    return parse(f'<?xml version="1.0"?><Workbook {names}>{head}{sheets}</Workbook>'.encode(), "sales.xls")


def sheet(rows: str, name: str = "売上", options: str = "") -> str:
    return f'<Worksheet ss:Name="{name}"><Table>{rows}</Table>{options}</Worksheet>'


def row(*cells: str, attributes: str = "") -> str:
    return f"<Row {attributes}>{''.join(cells)}</Row>"


def cell(text: str, kind: str = "String", attributes: str = "", inside: str = "") -> str:
    return f'<Cell {attributes}><Data ss:Type="{kind}">{text}</Data>{inside}</Cell>'


def test_cells_are_read_as_they_are_shown() -> None:
    head = (
        '<DocumentProperties xmlns="urn:schemas-microsoft-com:office:office"><Title>Year</Title><Author>Anna</Author>'
        "<LastSaved>2025-03-01T09:00:00Z</LastSaved></DocumentProperties>"
        '<Styles><Style ss:ID="p"><NumberFormat ss:Format="0.0%"/></Style>'
        '<Style ss:ID="s"><NumberFormat ss:Format="Standard"/></Style>'
        '<Style ss:ID="m"><NumberFormat ss:Format="mmm\\-yy"/></Style></Styles>'
    )
    rows = (
        row(cell("2025年度 売上", attributes='ss:MergeAcross="4"'))
        + row(*map(cell, ("部門", "金額", "割合", "日付", "済")), attributes='ss:Index="3"')
        + row(
            cell("東京", attributes='ss:MergeDown="1"'),
            cell("1200000", "Number", 'ss:StyleID="s"', "<Comment><Data>概算</Data></Comment>"),
            cell("0.153", "Number", 'ss:StyleID="p"'),
            cell("2025-03-01T00:00:00.000", "DateTime"),
            cell("1", "Boolean"),
        )
        + row(cell("0.30000000000000004", "Number", 'ss:Index="2"'), cell("#DIV/0!", "Error"))
        + row(cell("大阪"), cell("2025-03-02T09:30:00.000", "DateTime", 'ss:Index="4"'))
        + row(cell("神戸"), cell("2025-03-01T00:00:00.000", "DateTime", 'ss:Index="4" ss:StyleID="m"'))
    )
    document = read(sheet(rows), head)
    assert kinds(document) == [
        ("heading", 1, "売上"),
        ("paragraph", 0, "2025年度 売上"),
        (
            "table", 0,
            "部門 | 金額 | 割合 | 日付 | 済\n東京 | 1,200,000.00 | 15.3% | 2025-03-01 | TRUE\n"
            "東京 | 0.3 | #DIV/0! |  |\n大阪 |  |  | 2025-03-02 09:30 |\n神戸 |  |  | 2025-03 |",
        ),
        ("list", 0, "- B4: 概算"),
    ]  # fmt: skip
    assert (document.title, document.date) == ("Year", datetime(2025, 3, 1, 9, tzinfo=UTC))
    assert (document.content_type, document.notes) == ("application/vnd.ms-excel", ())


def test_what_is_hidden_is_left_out_and_told() -> None:
    options = "<x:WorksheetOptions><x:Visible>SheetHidden</x:Visible></x:WorksheetOptions>"
    rows = (
        '<Column ss:Index="2" ss:Hidden="1"/>'
        + row(*map(cell, ("Site", "Secret", "Now")))
        + row(*map(cell, ("gone", "gone", "gone")), attributes='ss:Hidden="1"')
        + row(*map(cell, ("Oslo", "x", "big")))
        + row(*map(cell, ("Rome", "y", "small")))
    )
    document = read(sheet(rows) + sheet(row(cell("no")), "Old", options))
    assert document.text == "売上\n\nSite | Now\nOslo | big\nRome | small"
    assert [note.code for note in document.notes] == ["hidden_text", "hidden_text"]
    assert [page.label for page in document.pages] == ["売上"]


def test_a_time_without_a_day_is_shown_alone() -> None:
    rows = row(*map(cell, ("From", "To"))) + row(
        cell("1899-12-31T09:30:00.000", "DateTime"), cell("1899-12-31T12:00:05.000", "DateTime")
    )
    assert read(sheet(rows)).text == "売上\n\nFrom | To\n09:30 | 12:00:05"


@pytest.mark.parametrize("name", ["notes.md", "fence.md", "notes.txt", "style.xsl", "sales.xml"])
def test_only_a_file_that_is_a_workbook_is_read_as_one(name: str) -> None:
    workbook = f'<Workbook xmlns="{SPACE}"><Worksheet><Table/></Worksheet></Workbook>'
    style = f'<?xml version="1.0"?><xsl:stylesheet xmlns:xsl="x">{workbook}</xsl:stylesheet>'
    shown = style if name == "style.xsl" else f"# Export\n\nThe file begins so:\n\n```xml\n{workbook}\n```\n"
    found = parse((f"```\n{workbook}\n```\n" if name == "fence.md" else shown).encode(), name)
    assert found.content_type in ("text/markdown", "text/plain")
    assert SPACE in found.text


def test_a_workbook_is_known_behind_comments_and_instructions() -> None:
    head = (
        '\ufeff<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n<!-- <Table> made by us -->\n'
    )
    body = sheet(row(cell("Oslo"), cell("Rome"))).replace("ss:", "")
    found = parse(f'{head}<Workbook xmlns="{SPACE}">{body}</Workbook>'.encode(), "sales.xls")
    assert found.content_type == "application/vnd.ms-excel"


def test_entities_and_far_cells_are_refused() -> None:
    bomb = f'<!DOCTYPE a [<!ENTITY b "c">]><Workbook xmlns="{SPACE}">&b;</Workbook>'
    with pytest.raises(ParseError) as unsafe:
        parse(bomb.encode(), "sales.xls")
    assert unsafe.value.code == "unsafe_xml"
    with pytest.raises(LimitError) as far:
        read(
            sheet(
                row(cell("a"))
                + row(cell("b", attributes='ss:Index="9000000"'), attributes='ss:Index="9000000"')
            )
        )
    assert far.value.code == "too_many_cells"
