"""Workbooks: values as a person sees them, and tables, notes and forms told apart."""

from __future__ import annotations

import datetime
import io
import zipfile

import openpyxl.styles.numbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.comments import Comment
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH
from openpyxl.workbook import Workbook

from corpus.errors import ParseError
from tests.ingest.workbooks import SHEET, of_rows, packed, read, replaced, tables, with_sheet


def test_cells_say_what_a_person_sees() -> None:
    def fill(book: Workbook) -> None:
        sheet = book.active
        sheet.append(["what", "shown"])
        for what, value, code in (
            ("date", datetime.date(2024, 1, 5), "yyyy/m/d"),
            ("moment", datetime.datetime(2024, 1, 5, 10, 30), "yyyy-mm-dd hh:mm"),
            ("whole", 1234.0, "General"),
            ("noise", 0.1 + 0.2, "General"),
            ("share", 0.153, "0.0%"),
            ("price", 1234.5, '"$"#,##0.00'),
            ("yen", 98000, "[$¥-411]#,##0"),
            ("code", 42, "00000"),
            ("loss", -1200, "#,##0;(#,##0)"),
            ("truth", True, "General"),
            ("error", "#N/A", "General"),
        ):
            sheet.append([what, value])
            sheet.cell(sheet.max_row, 2).number_format = code

    lines = read(packed(fill)).text.splitlines()
    assert lines[2:] == [
        "what | shown",
        "date | 2024-01-05",
        "moment | 2024-01-05 10:30",
        "whole | 1234",
        "noise | 0.3",
        "share | 15.3%",
        "price | $1,234.50",
        "yen | ¥98,000",
        "code | 00042",
        "loss | (1,200)",
        "truth | TRUE",
        "error | #N/A",
    ]


def test_numbers_that_their_format_leaves_out_are_left_out_and_told_unless_they_are_zero() -> None:
    def fill(book: Workbook) -> None:
        sheet = book.active
        for row in (["item", "sum"], ["pen", 0], ["ink", 7], ["cap", 12]):
            sheet.append(row)
        sheet["B2"].number_format = "0;-0;"
        sheet["B3"].number_format = ";;;"

    document = read(packed(fill))
    assert document.text.splitlines()[2:] == ["item | sum", "pen |", "ink |", "cap | 12"]
    assert [note.code for note in document.notes] == ["hidden_text"]
    assert "format hides were left out: 1." in document.notes[0].message


def test_accounting_formats_that_a_file_need_not_spell_out_are_known() -> None:
    def fill(book: Workbook) -> None:
        sheet = book.active
        for row in (["item", "sum"], ["pen", -1234.5], ["ink", 0]):
            sheet.append(row)
            sheet.cell(sheet.max_row, 2).number_format = openpyxl.styles.numbers.BUILTIN_FORMATS[44]

    assert read(packed(fill)).text.splitlines()[3:] == ["pen | $(1,234.50)", "ink | $-"]


def test_formulas_count_with_their_saved_result_and_are_missed_without_one() -> None:
    cells = '<c r="A1" t="inlineStr"><is><t>total</t></is></c><c r="B1"><f>SUM(C1:C9)</f>{}</c>'
    row = f'<sheetData><row r="1">{cells}</row></sheetData>'
    assert "total | 42" in read(with_sheet(row.format("<v>42</v>"))).text
    document = read(with_sheet(row.format("")))
    assert [note.code for note in document.notes] == ["no_values"]
    empty_text = row.replace('<c r="B1">', '<c r="B1" t="str">').format("<v></v>")
    assert read(with_sheet(empty_text)).notes == ()
    only = with_sheet('<sheetData><row r="1"><c r="A1"><f>1+1</f></c></row></sheetData>')
    with pytest.raises(ParseError, match="formulas whose results were never saved") as raised:
        read(only)
    assert raised.value.code == "no_text"


def test_each_sheet_is_a_page_with_its_name() -> None:
    def fill(book: Workbook) -> None:
        book.active.title = "売上"
        book.active.append(["地域", "金額"])
        book.active.append(["東京", 120])
        book.create_sheet("Empty")
        book.create_sheet("Costs").append(["rent", 7])

    document = read(packed(fill), "決算.xlsx")
    assert [(page.number, page.label) for page in document.pages] == [(1, "売上"), (2, "Empty"), (3, "Costs")]
    assert document.title == "決算"
    assert document.text.startswith("売上\n\n地域 | 金額\n東京 | 120")
    headings = [document.text[b.start : b.end] for b in document.blocks if b.kind == "heading"]
    assert headings == ["売上", "Costs"]


def test_titles_above_and_notes_below_a_table_are_paragraphs() -> None:
    document = read(
        of_rows(
            [["Fees 2024"], [], ["City", "Fee", "Days"], ["Kyoto", 10, 2], ["Osaka", 12, 3], ["Without tax."]]
        )
    )
    assert [b.kind for b in document.blocks] == ["heading", "paragraph", "table", "paragraph"]
    assert tables(document) == [("City | Fee | Days", "City | Fee | Days\nKyoto | 10 | 2\nOsaka | 12 | 3")]


def test_tables_beside_and_below_each_other_are_apart_and_a_gap_between_groups_is_not() -> None:
    beside = read(
        of_rows(
            [
                ["name", "age", None, "city", "code"],
                ["Aki", 31, None, "Kyoto", 75],
                ["Ben", 29, None, "Osaka", 6],
                [],
                [],
                ["item", "price"],
                ["pen", 3],
            ]
        )
    )
    assert [header for header, _ in tables(beside)] == ["name | age", "city | code", "item | price"]
    grouped = read(of_rows([["month", "sales"], ["Jan", 3], ["Feb", 4], [], ["Mar", 5], ["Apr", 6]]))
    assert tables(grouped) == [("month | sales", "month | sales\nJan | 3\nFeb | 4\nMar | 5\nApr | 6")]
    spaced = read(of_rows([["Ambient", None, "°C", None, "40"], ["Height", None, "m", None, "1000"]]))
    assert "Ambient | °C | 40\nHeight | m | 1000" in spaced.text


def test_merged_cells_are_repeated_where_they_have_a_meaning() -> None:
    def fill(book: Workbook) -> None:
        sheet = book.active
        for row in (
            ["Region", 2023, None, 2024, None],
            [None, "H1", "H2", "H1", "H2"],
            ["East", 1, 2, 3, 4],
            [None, 5, 6, 7, 8],
            [3, 3, 3, 3, 3],
        ):
            sheet.append(row)
        for merged in ("B1:C1", "D1:E1", "A1:A2", "A3:A4"):
            sheet.merge_cells(merged)

    header, text = tables(read(packed(fill)))[0]
    assert header == "Region | 2023 | 2023 | 2024 | 2024\nRegion | H1 | H2 | H1 | H2"
    assert text.splitlines()[2:] == ["East | 1 | 2 | 3 | 4", "East | 5 | 6 | 7 | 8", "3 | 3 | 3 | 3 | 3"]


def test_a_form_on_squared_paper_says_each_thing_once() -> None:
    def fill(book: Workbook) -> None:
        sheet = book.active
        for row, values in enumerate(
            [["申請日", "2024年4月1日", "氏名", "山田 太郎"], ["部署", "総務部", "番号", "123"]], 3
        ):
            for at, value in enumerate(values):
                sheet.cell(row, 1 + 2 * at, value)
                sheet.merge_cells(start_row=row, end_row=row, start_column=1 + 2 * at, end_column=2 + 2 * at)
        sheet["A1"] = "経費精算申請書"
        sheet.merge_cells("A1:H1")
        sheet["A6"] = "※領収書を添付すること。"
        sheet.merge_cells("A6:H7")

    assert read(packed(fill)).text.split("\n\n")[1:] == [
        "経費精算申請書",
        "申請日 | 2024年4月1日 | 氏名 | 山田 太郎\n部署 | 総務部 | 番号 | 123",
        "※領収書を添付すること。",
    ]


def test_years_name_columns_and_numbers_do_not() -> None:
    years = read(of_rows([["Region", 2022, 2023], ["East", 10, 12], ["West", 8, 9]]))
    assert tables(years)[0][0] == "Region | 2022 | 2023"
    assert tables(read(of_rows([["a", 1, 2], ["b", 3, 4]])))[0][0] == ""


def test_hidden_sheets_rows_and_columns_are_left_out_and_told() -> None:
    def fill(book: Workbook) -> None:
        sheet = book.active
        for row in (
            ["name", "pay", "team"],
            ["Aki", 777001, "x"],
            ["Ben", 777002, "y"],
            ["Cem", 777004, "z"],
        ):
            sheet.append(row)
        sheet.row_dimensions[3].hidden = True
        sheet.column_dimensions["B"].hidden = True
        for place in ("A3", "B2"):
            sheet[place].comment = Comment("777 on the quiet", "Aki")
        secret = book.create_sheet("Secret")
        secret["A1"] = "777003"
        secret.sheet_state = "veryHidden"

    document = read(packed(fill))
    assert "777" not in document.text
    assert "Ben" not in document.text
    assert tables(document) == [("name | team", "name | team\nAki | x\nCem | z")], "seen as one table"
    assert [note.message.partition(". ")[0] for note in document.notes] == [
        "Hidden sheets were left out: Secret",
        "Left out: 1 hidden row and 1 hidden column (a filter or a closed group hides them, too)",
    ]


def test_comments_are_read_with_their_cell() -> None:
    def fill(book: Workbook) -> None:
        book.active["B2"] = 5
        book.active["B2"].comment = Comment("Confirmed by audit", "Aki")
        book.active["B3"].comment = Comment("Ben:\nNot yet", "Ben")
        book.active["B4"].comment = Comment("誰？", "")

    assert read(packed(fill)).text.endswith("- B2 (Aki): Confirmed by audit\n- B3 (Ben): Not yet\n- B4: 誰？")


def test_notes_beside_threads_are_read_and_the_notes_that_stand_for_threads_are_not() -> None:
    def fill(book: Workbook) -> None:
        book.active["A1"] = 5
        book.active["A1"].comment = Comment("Old note", "Aki")
        book.active["A2"].comment = Comment("[Threaded comment]\nYour version\nComment:\nRight?", "tc={T}")

    data = packed(fill)
    space = "http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments"
    said = (("P", "Right?"), ("Q", "いいえ"))
    thread = "".join(
        f'<threadedComment ref="A2" personId="{who}"><text>{text}</text></threadedComment>'
        for who, text in said
    )
    people = "".join(
        f'<person id="{key}" displayName="{name}"/>' for key, name in (("P", "Anna"), ("Q", "田中"))
    )
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        place = "xl/worksheets/_rels/sheet1.xml.rels"
        relations = archive.read(place).decode()
    link = (
        '<Relationship Id="rT" Type="x/threadedComment" Target="../threadedComments/threadedComment1.xml"/>'
    )
    whole = replaced(
        data,
        {
            place: relations.replace("</Relationships>", f"{link}</Relationships>"),
            "xl/threadedComments/threadedComment1.xml": f'<T xmlns="{space}">{thread}</T>',
            "xl/persons/person.xml": f'<personList xmlns="{space}">{people}</personList>',
        },
    )
    assert read(whole).text.endswith("- A1 (Aki): Old note\n- A2 (Anna): Right?\n- A2 (田中): いいえ")


WORDS = st.text(alphabet="abcXYZ漢字かなé ", min_size=1, max_size=8).map(str.strip).filter(bool)

GRID = st.lists(
    st.lists(st.one_of(st.none(), WORDS, st.integers(0, 99999)), min_size=1, max_size=6),
    min_size=1,
    max_size=9,
)


@given(GRID.filter(lambda rows: any(cell is not None for row in rows for cell in row)))
@settings(max_examples=80)
def test_every_cell_is_in_the_text_as_often_as_in_the_sheet(rows: list[list[object]]) -> None:
    document = read(of_rows(rows))
    body = document.text.removeprefix("Sheet")
    said = sorted(word for line in body.splitlines() for cell in line.split("|") for word in cell.split())
    assert said == sorted(w for row in rows for cell in row if cell is not None for w in str(cell).split())
    for row in rows:  # what stands in a row without a gap is read in its order
        cells = [" ".join(str(cell).split()) for cell in row if cell is not None]
        if len(cells) == len(row) > 1:
            assert " | ".join(cells) in document.text


def test_a_sheet_of_macros_that_has_no_part_keeps_nothing_from_being_read() -> None:
    whole = of_rows([["fee", 12]])
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        book = archive.read("xl/workbook.xml").decode()
    space = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    lost = f'<sheet xmlns:r="{space}" name="Module1" r:id=""/>'
    document = read(replaced(whole, {"xl/workbook.xml": book.replace("</sheets>", f"{lost}</sheets>")}))
    assert document.text == "Sheet\n\nfee | 12"
    assert document.notes == ()


def test_a_damaged_part_beside_the_cells_is_told_and_the_cells_are_read() -> None:
    whole = replaced(of_rows([["fee", 12]]), {"docProps/core.xml": "<cut"})
    document = read(whole)
    assert document.text == "Sheet\n\nfee | 12"
    assert [(note.code, note.message.split(" ")[0]) for note in document.notes] == [
        ("damaged_text", "docProps/core.xml")
    ]


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ('@" 御中"', "青空商事 御中"),
        ('0;-0;0;"宛先："@', "宛先：青空商事"),
        (r"\(@\)", "(青空商事)"),
        ("_(* #,##0_);_(* (#,##0);_(@_)", "青空商事"),
        ("@", "青空商事"),
        ('@@"x"', "青空商事"),
        ("yyyy/m/d;@", "青空商事"),
    ],
)
def test_what_a_format_shows_around_a_text_is_read(code: str, shown: str) -> None:
    def fill(book: Workbook) -> None:
        book.active.append(["青空商事", "x"])
        book.active["A1"].number_format = code

    assert read(packed(fill)).text == f"Sheet\n\n{shown} | x"


def test_readings_above_the_words_of_cells_and_comments_are_left_out() -> None:
    def fill(book: Workbook) -> None:
        book.active["A1"] = "東京"
        book.active["A1"].comment = Comment("本社", "山田")

    def read_out(part: str) -> str:
        with zipfile.ZipFile(io.BytesIO(whole)) as archive:
            return archive.read(part).decode()

    whole = packed(fill)
    reading = '<rPh sb="0" eb="2"><t>{}</t></rPh>'
    cell = read_out(SHEET).replace("</is>", f"{reading.format('トウキョウ')}</is>")
    remark = read_out("xl/comments/comment1.xml").replace("</text>", f"{reading.format('ホンシャ')}</text>")
    assert reading[:4] in cell
    document = read(replaced(whole, {SHEET: cell, "xl/comments/comment1.xml": remark}))
    assert document.text == "Sheet\n\n東京\n\n- A1 (山田): 本社"


@pytest.mark.parametrize("first_day", [WINDOWS_EPOCH, MAC_EPOCH])
def test_a_month_a_year_and_a_day_of_the_week_are_read_as_they_are_shown(
    first_day: datetime.datetime,
) -> None:
    def fill(book: Workbook) -> None:
        book.epoch = first_day
        book.active.append(["Month", "Year", "Day", "Date"])
        book.active.append([datetime.date(2026, 4, 1)] * 4)
        for cell, code in zip(book.active[2], ("mmm-yy", "yyyy", "aaaa", "yyyy/m/d"), strict=True):
            cell.number_format = code

    assert tables(read(packed(fill)))[0][1].endswith("\n2026-04 | 2026 | 水曜日 | 2026-04-01")


def test_a_link_that_was_never_calculated_says_what_it_shows() -> None:
    rows = [["Where", "What"], ['=HYPERLINK("https://x.example","The ""rules""")', 4], ["=B2*2", 5]]
    document = read(of_rows(rows))
    assert document.text.endswith('Where | What\nThe "rules" | 4\n| 5')
    assert [note.code for note in document.notes] == ["no_values"]


def test_names_of_columns_that_stand_again_begin_a_table() -> None:
    names, rows = ["Item", "Qty"], [["Bolt", 5], ["Nut", 7]]
    document = read(
        of_rows([["Plan A"], names, *rows, ["Plan B"], names, ["Screw", 9], names, ["Washer", 3]])
    )
    heads = "Item | Qty"
    assert tables(document) == [
        (heads, f"{heads}\nBolt | 5\nNut | 7"),
        (heads, f"{heads}\nScrew | 9"),
        (heads, f"{heads}\nWasher | 3"),
    ]
    assert "7\n\nPlan B\n\nItem" in document.text
