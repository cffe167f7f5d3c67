"""Workbooks of the other formats: the old one, the binary one, OpenDocument."""

from __future__ import annotations

import datetime
import io
import struct
import zipfile
from collections.abc import Callable

import pytest
import xlwt

from corpus.errors import LimitError, ParseError
from ingest.parsers import Limits
from ingest.parsers.detection import XLS, detect_type
from tests.ingest.packing import compound, zipped
from tests.ingest.workbooks import read


def test_the_old_format_is_read() -> None:
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("名簿")
    for row, values in enumerate([["名前", "年齢"], ["髙橋", 35.0], ["三木", 25.0]]):
        for column, value in enumerate(values):
            sheet.write(row, column, value)
    stream = io.BytesIO()
    book.save(stream)
    document = read(stream.getvalue(), "名簿.xls")
    assert document.text == "名簿\n\n名前 | 年齢\n髙橋 | 35\n三木 | 25"
    assert document.content_type == "application/vnd.ms-excel"


def xls(fill: Callable[[xlwt.Worksheet], None]) -> bytes:
    book = xlwt.Workbook()
    fill(book.add_sheet("Rates"))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_the_old_format_shows_its_numbers_and_hides_what_is_hidden() -> None:
    def fill(sheet: xlwt.Worksheet) -> None:
        shown: list[tuple[object, str]] = [
            (0.153, "0.0%"), (1234.5, '"$"#,##0.00'), (7, "0000"), (1200000, "#,##0,\"千円\""), (-5, "0;△0"),
            (datetime.date(2026, 1, 5), "yyyy/m/d"), (0.1 + 0.2, "General"),
        ]  # fmt: skip
        for row, (value, code) in enumerate(shown):
            sheet.write(row, 0, f"row {row}")
            sheet.write(row, 1, value, xlwt.easyxf(num_format_str=code))
            sheet.write(row, 2, "unseen")
        sheet.col(2).hidden = True
        sheet.row(4).hidden = True
        sheet.write(7, 0, "result")
        sheet.row(7).set_cell_error(1, "#DIV/0!")

    document = read(xls(fill), "a.xls")
    assert document.text.split("\n")[2:] == [
        "row 0 | 15.3%", "row 1 | $1,234.50", "row 2 | 0007", "row 3 | 1,200千円", "row 5 | 2026-01-05",
        "row 6 | 0.3", "result | #DIV/0!",
    ]  # fmt: skip
    assert [note.message for note in document.notes] == ["Hidden rows and columns were left out: 1 and 1."]


def test_an_old_workbook_whose_formats_cannot_be_read_shows_its_numbers_plainly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = "no such style"

    def fails(*_: object, **__: object) -> None:
        raise AssertionError(said)

    monkeypatch.setattr("xlrd.open_workbook", fails)
    document = read(xls(lambda sheet: sheet.write(0, 0, 0.153, xlwt.easyxf(num_format_str="0.0%"))), "a.xls")
    assert document.text == "Rates\n\n0.153"
    assert [note.code for note in document.notes] == ["plain_numbers"]
    said = "Workbook is encrypted"
    with pytest.raises(ParseError) as caught:
        read(xls(lambda sheet: sheet.write(0, 0, 1)), "a.xls")
    assert caught.value.code == "encrypted"


def test_a_stream_in_capitals_is_a_workbook() -> None:
    for name in ("WORKBOOK", "BOOK"):
        assert detect_type(compound({name: b"x" * 100}), "a.xls").content_type == XLS


def test_few_cells_far_apart_in_an_old_workbook_are_refused() -> None:
    def fill(sheet: xlwt.Worksheet) -> None:
        sheet.write(0, 0, "a")
        sheet.write(65_535, 255, "z")

    with pytest.raises(LimitError) as caught:
        read(xls(fill), "a.xls")
    assert caught.value.code == "too_many_cells"


def test_an_excel_95_workbook_is_read_in_its_code_page() -> None:
    def record(kind: int, content: bytes) -> bytes:
        return struct.pack("<HH", kind, len(content)) + content

    def begin(kind: int) -> bytes:
        return record(0x0809, struct.pack("<HHHH", 0x0500, kind, 0, 1995))

    name, text, end = "名簿".encode("cp932"), "髙橋 ①".encode("cp932"), record(0x000A, b"")
    sheet = begin(0x0010) + record(0x0204, struct.pack("<HHHH", 0, 0, 0, len(text)) + text) + end
    style = record(0x00E0, struct.pack("<HH12x", 0, 0))

    def bound(at: int) -> bytes:
        return record(0x0085, struct.pack("<IHB", at, 0, len(name)) + name)

    head = begin(0x0005) + record(0x0042, struct.pack("<H", 932)) + style
    book = head + bound(len(head + bound(0) + end)) + end + sheet
    document = read(compound({"Book": book}), "名簿.xls")
    assert document.text == "名簿\n\n髙橋 ①"
    assert document.pages[0].label == "名簿"


def xlsb(rows: list[list[tuple[int, bytes]]], hidden_row: int, hidden_column: int, codes: list[str]) -> bytes:
    """A binary workbook: each cell a kind of record and its value, its column's style the one of its number."""

    def record(kind: int, content: bytes = b"") -> bytes:
        size = len(content)
        head = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
        return head + bytes([size & 0x7F | 0x80, size >> 7]) + content

    def text(value: str) -> bytes:
        return struct.pack("<I", len(value)) + value.encode("utf-16-le")

    extent = struct.pack("<IIII", 0, len(rows) - 1, 0, max(map(len, rows)) - 1)
    column = record(60, struct.pack("<IIIIH", hidden_column, hidden_column, 2_000, 0, 1))
    sheet = record(129) + record(148, extent) + record(390) + column + record(391) + record(145)
    for at, row in enumerate(rows):
        sheet += record(0, struct.pack("<IIHBBBI", at, 0, 300, 0, 0x10 * (at == hidden_row), 0, 0))
        for at_column, (kind, value) in enumerate(row):
            sheet += record(kind, struct.pack("<II", at_column, at_column) + value)
    sheet += record(146) + record(130)
    count = struct.pack("<I", len(codes))
    formats = b"".join(record(44, struct.pack("<H", 164 + at) + text(code)) for at, code in enumerate(codes))
    styles = (
        record(278)
        + record(615, count)
        + formats
        + record(616)
        + record(617, count)
        + b"".join(record(47, struct.pack("<HH12x", 0, 164 + at)) for at in range(len(codes)))
    )
    book = record(131) + record(143) + record(156, struct.pack("<II", 0, 1) + text("rId1") + text("料金"))
    relations = "http://schemas.openxmlformats.org/package/2006/relationships"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

    def related(**targets: str) -> str:
        links = "".join(
            f'<Relationship Id="rId{at}" Type="{office}/{kind}" Target="{target}"/>'
            for at, (kind, target) in enumerate(targets.items(), 1)
        )
        return f'<Relationships xmlns="{relations}">{links}</Relationships>'

    comment = record(635, struct.pack("<IIIII", 0, 1, 1, 0, 0) + bytes(16)) + record(
        637, b"\0" + text("4月から")
    )
    types = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
    return zipped(
        {
            "[Content_Types].xml": types,
            "_rels/.rels": related(officeDocument="xl/workbook.bin"),
            "xl/workbook.bin": book + record(144) + record(132),
            "xl/_rels/workbook.bin.rels": related(worksheet="worksheets/sheet1.bin", styles="styles.bin"),
            "xl/worksheets/sheet1.bin": sheet,
            "xl/worksheets/_rels/sheet1.bin.rels": related(comments="../comments1.bin"),
            "xl/styles.bin": styles + record(618),
            "xl/comments1.bin": comment,
        }
    )


def test_a_binary_workbook_shows_its_numbers_and_hides_what_is_hidden() -> None:
    def words(value: str) -> tuple[int, bytes]:
        return 6, struct.pack("<I", len(value)) + value.encode("utf-16-le")

    def whole(value: int, hundredths: bool = False) -> tuple[int, bytes]:
        return 2, struct.pack("<i", value << 2 | 2 | hundredths)

    rate, price, failed = (5, struct.pack("<d", 0.153)), whole(123456, hundredths=True), (3, b"\x07")
    rows = [
        [words("地域"), words("率"), words("秘密"), words("価格")],
        [words("東"), rate, words("x"), price],
        [words("西"), rate, words("x"), price],
        [words("南"), rate, words("x"), failed],
    ]
    data = xlsb(rows, 2, 2, ["General", "0.0%", "General", '#,##0.0"円"'])
    document = read(data, "a.xlsb")
    assert (
        document.text
        == "料金\n\n地域 | 率 | 価格\n東 | 15.3% | 1,234.6円\n南 | 15.3% | #DIV/0!\n\n- A2: 4月から"
    )
    assert [note.message for note in document.notes] == ["Hidden rows and columns were left out: 1 and 1."]
    with pytest.raises(LimitError) as caught:
        read(data, "a.xlsb", Limits(max_cells=15))
    assert caught.value.code == "too_many_cells"


def ods(content: str, manifest: str = "<manifest/>") -> bytes:
    names = ["office", "text", "table", "manifest"]
    spaces = " ".join(f'xmlns:{n}="urn:oasis:names:tc:opendocument:xmlns:{n}:1.0"' for n in names)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", manifest)
        archive.writestr(
            "content.xml",
            f"<office:document-content {spaces}><office:body><office:spreadsheet>{content}"
            "</office:spreadsheet></office:body></office:document-content>",
        )
    return stream.getvalue()


def test_open_document_sheets_are_read_and_their_repetition_is_bounded() -> None:
    cell = '<table:table-cell office:value-type="string" {}><text:p>{}</text:p></table:table-cell>'
    table = '<table:table table:name="料金"><table:table-row {}>{}</table:table-row></table:table>'
    whole = ods(table.format("", cell.format("", "大人") + cell.format("", "500円")))
    assert read(whole, "a.ods").text == "料金\n\n大人 | 500円"
    rows = 'table:number-rows-repeated="1000000"'
    bomb = ods(table.format(rows, cell.format('table:number-columns-repeated="16000"', "x")))
    with pytest.raises(LimitError) as raised:
        read(bomb, "a.ods")
    assert raised.value.code == "too_many_cells"
    far = cell.format("", "x") + "</table:table-row><table:table-row " + rows + "/><table:table-row>"
    far += '<table:table-cell table:number-columns-repeated="16000"/>' + cell.format("", "y")
    with pytest.raises(LimitError, match="1000002 rows and 16001 columns") as spread:
        read(ods(table.format("", far)), "a.ods")
    assert spread.value.code == "too_many_cells"
    with pytest.raises(LimitError) as endless:
        read(ods(table.format(rows.replace("1000000", "9" * 5_000), cell.format("", "x"))), "a.ods")
    assert endless.value.code == "too_many_cells"
    locked = ods(
        "",
        '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><m:encryption-data/></m:manifest>',
    )
    with pytest.raises(ParseError) as refused:
        read(locked, "a.ods")
    assert refused.value.code == "encrypted"


def test_a_sheet_whose_parts_are_laid_out_in_lines_is_read() -> None:
    rows = "".join(
        f"<table:table-row>\n<table:table-cell office:value-type='string'>\n <text:p>{cell} <text:span>x</text:span> "
        "<text:span>y</text:span></text:p>\n</table:table-cell>\n</table:table-row>\n"
        for cell in ("一", "two")
    )
    document = read(
        ods(f'\n<table:table table:name="S">\n<table:table-column/>\n{rows}</table:table>\n'), "a.ods"
    )
    assert document.text == "S\n\n一 x y\ntwo x y"


def test_hidden_rows_without_cells_part_no_table() -> None:
    def row(text: str) -> str:
        cell = f'<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>'
        return f"<table:table-row>{cell * 2}</table:table-row>"

    def hidden(times: int) -> str:
        filtered = f'table:visibility="filter" table:number-rows-repeated="{times}"'
        return f"<table:table-row {filtered}><table:table-cell/></table:table-row>"

    rows = f"{row('品目')}{hidden(3)}{row('紙')}{hidden(1)}{hidden(2)}{row('筆')}{hidden(10**9)}"
    document = read(ods(f'<table:table table:name="在庫">{rows}</table:table>'), "a.ods")
    assert document.text == "在庫\n\n品目 | 品目\n紙 | 紙\n筆 | 筆"


def test_open_document_sheets_show_their_numbers_and_hide_what_is_hidden() -> None:
    def cell(shown: str, kind: str = "string", value: str = "", inside: str = "") -> str:
        value = f'office:value="{value}"' if value else ""
        held = f"{inside}<text:p>{shown}</text:p>"
        return f'<table:table-cell office:value-type="{kind}" {value}>{held}</table:table-cell>'

    def row(*cells: str, more: str = "") -> str:
        return f"<table:table-row {more}><table:table-cell/>{''.join(cells)}</table:table-row>"

    empty = "<table:table-cell/>"
    comment = "<office:annotation><text:p>4月に</text:p><text:p>合意</text:p></office:annotation>"
    rows = [
        "<table:table-column/><table:table-column/>",
        '<table:table-column table:visibility="collapse" table:number-columns-repeated="2"/><table:table-column/>',
        "<table:table-row/>",
        row(cell("地域"), cell("x"), empty, cell("値引")),
        row(cell("secret"), more='table:visibility="filter"'),
        row(cell("東"), cell("9", "float", "9"), empty, cell("15.3%", "percentage", "0.153", comment)),
        row(
            cell("西"),
            '<table:table-cell table:number-columns-repeated="2"/>',
            cell("-¥1,235", "currency", "-1234.5"),
            more='table:number-rows-repeated="2"',
        ),
        row(cell("計"), empty, empty, '<table:table-cell table:formula="of:=[.E4]*2"/>'),
    ]
    document = read(ods(f'<table:table table:name="料金">{"".join(rows)}</table:table>'), "a.ods")
    assert document.text == (
        "料金\n\n地域 | 値引\n東 | 15.3%\n西 | -¥1,235\n西 | -¥1,235\n計 |\n\n- E4: 4月に 合意"
    )
    assert {note.code for note in document.notes} == {"hidden_text", "no_values"}


def test_lengths_of_time_and_cells_of_no_kind_are_read_as_shown() -> None:
    def time(value: str) -> str:
        kind = f'office:value-type="time" office:time-value="{value}"'
        return f"<table:table-cell {kind}><text:p>as shown</text:p></table:table-cell>"

    times = "".join(map(time, ("PT11H12M00S", "PT27H17M54S", "PT288H00M00S", "-PT01H30M00S")))
    other = '<table:table-cell office:value-type="unknown"><text:p>不明</text:p></table:table-cell>'
    bare = "<table:table-cell><text:p>種類なし</text:p></table:table-cell>"
    cells = times + bare + other
    document = read(
        ods(f'<table:table table:name="S"><table:table-row>{cells}</table:table-row></table:table>'), "a.ods"
    )
    assert document.text == "S\n\n11:12 | 27:17:54 | 288:00 | -1:30 | 種類なし | 不明"
