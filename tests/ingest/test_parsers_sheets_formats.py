"""Workbooks of the other formats: the old one, the binary one, OpenDocument."""

from __future__ import annotations

import datetime
import io
import struct
from collections.abc import Callable
from typing import Any

import pytest
import xlrd
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
            (datetime.date(2026, 1, 5), "mmm yyyy"),
        ]  # fmt: skip
        for row, (value, code) in enumerate(shown):
            sheet.write(row, 0, f"row {row}")
            sheet.write(row, 1, value, xlwt.easyxf(num_format_str=code))
            sheet.write(row, 2, "unseen")
        sheet.col(2).hidden = True
        sheet.row(4).hidden = True
        sheet.write(8, 0, "result", xlwt.easyxf(num_format_str='"= "@'))
        sheet.row(8).set_cell_error(1, "#DIV/0!")

    document = read(xls(fill), "a.xls")
    assert document.text.split("\n")[2:] == [
        "row 0 | 15.3%", "row 1 | $1,234.50", "row 2 | 0007", "row 3 | 1,200千円", "row 5 | 2026-01-05",
        "row 6 | 0.3", "row 7 | 2026-01", "= result | #DIV/0!",
    ]  # fmt: skip
    assert [note.message.partition(" (")[0] for note in document.notes] == [
        "Left out: 1 hidden row and 1 hidden column"
    ]


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


def test_comments_of_an_old_workbook_name_their_writer(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = xlrd.open_workbook

    def with_note(**options: Any) -> Any:
        book = opened(**options)
        note = xlrd.sheet.Note()
        note.author, note.text = "Anna", "Anna:\nsince May"
        book.sheet_by_index(0).cell_note_map[0, 1] = note
        return book

    monkeypatch.setattr(xlrd, "open_workbook", with_note)
    document = read(xls(lambda sheet: sheet.write(0, 0, "rent")), "a.xls")
    assert document.text.splitlines()[-1] == "- B1 (Anna): since May"


def bare(*rows: list[bytes | float]) -> bytes:
    """A workbook as programs of the web write it: records of a sheet without the container around them."""
    data = struct.pack("<6H", 0x809, 8, 0, 0x10, 0, 0)
    for row, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            if isinstance(cell, bytes):
                data += struct.pack("<6H", 0x204, 8 + len(cell), row, column, 0, len(cell)) + cell
            else:
                data += struct.pack("<5Hd", 0x203, 14, row, column, 0, cell)
    return data + struct.pack("<2H", 0x0A, 0)


@pytest.mark.parametrize(
    ("texts", "encoding"),
    [(("品目", "単価", "消しゴム、鉛筆と定規"), "cp932"), (("Ware", "Preis", "Füller für Schüler"), "utf-8")],
)
def test_a_workbook_without_its_container_is_read(texts: tuple[str, str, str], encoding: str) -> None:
    item, price, pen = (text.encode(encoding) for text in texts)
    document = read(bare([item, price], [pen, 12.5]), "export.xls")
    assert document.text == f"Sheet 1\n\n{texts[0]} | {texts[1]}\n{texts[2]} | 12.5"
    assert (document.content_type, document.notes) == (XLS, ())
    with pytest.raises(ParseError) as raised:
        read(bare([item]).replace(b"\x10\0", b"\x05\0", 1), "export.xls")
    assert raised.value.code == "damaged_file"


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


def xlsb(
    rows: list[list[tuple[int, bytes]]],
    hidden_row: int,
    hidden_column: int,
    codes: list[str],
    merged: bytes = b"",
) -> bytes:
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
    sheet += record(146) + (record(176, merged) if merged else b"") + record(130)
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
    assert [note.message.partition(" (")[0] for note in document.notes] == [
        "Left out: 1 hidden row and 1 hidden column"
    ]
    merged = xlsb(
        [*rows[:3], [(1, b""), *rows[3][1:]]],
        9,
        9,
        ['@"部"', *["General"] * 3],
        struct.pack("<IIII", 2, 3, 0, 0),
    )
    assert "西部 | 0.153 | x | 1234.56\n西部 | 0.153 | x | #DIV/0!" in read(merged, "a.xlsb").text
    with pytest.raises(LimitError) as caught:
        read(data, "a.xlsb", Limits(max_cells=15))
    assert caught.value.code == "too_many_cells"
