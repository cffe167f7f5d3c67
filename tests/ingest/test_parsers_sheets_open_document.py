"""Workbooks of OpenDocument: what is shown, hidden, merged and remarked on."""

from __future__ import annotations

import io
import zipfile

import pytest

from corpus.errors import LimitError, ParseError
from tests.ingest.workbooks import ods, read


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
    times += time("PT967162H14M59.99S").replace("as shown", "10:15")
    other = '<table:table-cell office:value-type="unknown"><text:p>不明</text:p></table:table-cell>'
    bare = "<table:table-cell><text:p>種類なし</text:p></table:table-cell>"
    cells = times + bare + other
    document = read(
        ods(f'<table:table table:name="S"><table:table-row>{cells}</table:table-row></table:table>'), "a.ods"
    )
    assert document.text == "S\n\n11:12 | 27:17:54 | 288:00 | -1:30 | 10:15 | 種類なし | 不明"


def _ods_row(*cells: str) -> str:
    return f"<table:table-row>{''.join(cells)}</table:table-row>"


def _ods_cell(shown: str, kind: str = "string", more: str = "") -> str:
    return f'<table:table-cell office:value-type="{kind}" {more}><text:p>{shown}</text:p></table:table-cell>'


def test_readings_above_the_words_of_an_open_document_sheet_are_left_out() -> None:
    name = "<text:ruby><text:ruby-base>小笠原</text:ruby-base><text:ruby-text>オガサワラ</text:ruby-text></text:ruby>"
    table = (
        f'<table:table table:name="名簿">{_ods_row(_ods_cell(name + "様"), _ods_cell("課長"))}</table:table>'
    )
    assert read(ods(table), "a.ods").text == "名簿\n\n小笠原様 | 課長"


def test_zeros_that_an_open_document_sheet_does_not_show_are_left_out_and_no_formula_lacks_its_result() -> (
    None
):
    empty = '<table:table-cell table:formula="of:=IF([.A1];1;&quot;&quot;)"><text:p/></table:table-cell>'
    rows = _ods_row(_ods_cell("item"), _ods_cell("old"), _ods_cell("new"))
    rows += _ods_row(
        _ods_cell("pen"),
        _ods_cell("", "float", 'office:value="0"'),
        _ods_cell("", "float", 'office:value="7"'),
    )
    rows += _ods_row(_ods_cell("ink"), empty, _ods_cell("12.0", "float", 'office:value="12"'))
    rows += _ods_row(_ods_cell("cap"), '<table:table-cell office:value-type="float" office:value="5"/>')
    document = read(ods(f'<table:table table:name="S">{rows}</table:table>'), "a.ods")
    assert document.text == "S\n\nitem | old | new\npen |  | 7\nink |  | 12.0\ncap | 5 |"
    assert document.notes == ()


def test_merged_cells_of_an_open_document_sheet_stand_beside_their_items() -> None:
    covered = "<table:covered-table-cell/>"
    rows = _ods_row(_ods_cell("region"), _ods_cell("city"), _ods_cell("fee"))
    rows += _ods_row(
        _ods_cell("East", more='table:number-rows-spanned="2"'), _ods_cell("Chiba"), _ods_cell("3")
    )
    rows += _ods_row(covered, _ods_cell("Mito"), _ods_cell("4"))
    document = read(ods(f'<table:table table:name="S">{rows}</table:table>'), "a.ods")
    assert document.text.splitlines()[3:] == ["East | Chiba | 3", "East | Mito | 4"]


def test_comments_of_an_open_document_sheet_name_their_writer_and_values_of_other_files_are_no_hidden_sheets() -> (
    None
):
    note = "<office:annotation><dc:creator>Anna</dc:creator><text:p>Since May</text:p></office:annotation>"
    cell = _ods_cell("12").replace("<text:p>", note + "<text:p>")
    other = '<table:table table:name="\'file:///srv/rates.ods\'#$Rates" table:visibility="collapse"/>'
    document = read(ods(f'<table:table table:name="S">{_ods_row(cell)}</table:table>{other}'), "a.ods")
    assert document.text == "S\n\n12\n\n- A1 (Anna): Since May"
    assert document.notes == ()
    assert len(document.pages) == 1


def test_an_open_document_sheet_that_says_what_it_is_in_the_list_of_its_parts_alone_is_read() -> None:
    listed = (
        '<!DOCTYPE manifest:manifest PUBLIC "-//OpenOffice.org//DTD Manifest 1.0//EN" "Manifest.dtd">'
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><manifest:file-entry '
        'manifest:media-type="application/vnd.oasis.opendocument.spreadsheet" manifest:full-path="/"/>'
        "</manifest:manifest>"
    )
    whole = ods(f'<table:table table:name="S">{_ods_row(_ods_cell("12"))}</table:table>', listed)
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(stream, "w") as new:
        for name in old.namelist():
            if name != "mimetype":
                new.writestr(name, old.read(name))
    assert read(whole, "a.ods").text == read(stream.getvalue(), "a.ods").text == "S\n\n12"


@pytest.mark.parametrize(
    ("shown", "read_as"),
    [
        ("2026年4月", "2026-04"),
        ("Apr-26", "2026-04"),
        ("2026年", "2026"),
        ("水曜日", "水曜日"),
        ("令和8年4月4日", "2026-04-04"),
        ("4/4", "2026-04-04"),
        ("4. Apr", "2026-04-04"),
        ("", "2026-04-04"),
    ],
)
def test_a_month_a_year_and_a_day_of_the_week_are_read_as_they_are_shown(shown: str, read_as: str) -> None:
    cell = (
        f'<table:table-cell office:value-type="date" office:date-value="2026-04-04"><text:p>{shown}</text:p>'
    )
    row = f"<table:table-row>{cell}</table:table-cell></table:table-row>"
    assert read(ods(f'<table:table table:name="S">{row}</table:table>'), "a.ods").text == f"S\n\n{read_as}"
