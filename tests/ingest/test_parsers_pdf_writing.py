"""PDFs written sideways, downward and from the right."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import pytest
from pypdf.generic import NameObject, NumberObject, StreamObject
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont

from ingest.parsers.pdf.lines import Word
from ingest.parsers.pdf.page import read_page
from ingest.parsers.pdf.parser import open_pdf
from ingest.parsers.pdf.writing import mark_downward
from tests.ingest.blocks import kinds
from tests.ingest.paper import HEIGHT, WIDTH, drawn, ruled, write
from tests.ingest.reports import PROSE, read, rewritten


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_page_reads_the_same_however_it_is_turned(turn: int) -> None:
    data = drawn(lambda canvas: write(canvas, PROSE, 70, 780, 450))
    assert read(rewritten(data, lambda writer: writer.pages[0].rotate(turn))).text == PROSE

    def draw(canvas: Any) -> None:  # a landscape page: written sideways, and turned for the reader
        canvas.translate(WIDTH / 2, HEIGHT / 2)
        canvas.rotate(turn)
        ruled(canvas, [["City", "Rate"], ["Oslo", "200"], ["Rome", "150"]], -200, 200, 100, 20)
        write(canvas, PROSE, -200, 100, 400)

    assert kinds(read(rewritten(drawn(draw), lambda writer: writer.pages[0].rotate(turn)))) == [
        ("table", 0, "City | Rate\nOslo | 200\nRome | 150"),
        ("paragraph", 0, PROSE),
    ]


def test_a_table_written_sideways_on_an_upright_page_keeps_its_rows() -> None:
    rows = [("City", "2024", "2025"), ("Oslo", "100", "200"), ("Rome", "110", "220"), ("Kyoto", "120", "240")]

    def draw(canvas: Any) -> None:
        write(canvas, PROSE, 70, 780, 450)
        canvas.translate(300, 100)
        canvas.rotate(90)
        for at, row in enumerate(rows):
            for column, cell in enumerate(row):
                canvas.drawString(90 * column, -16 * at, cell)

    assert kinds(read(drawn(draw))) == [
        ("paragraph", 0, PROSE),
        ("table", 0, "\n".join(" | ".join(row) for row in rows)),
    ]


def test_a_page_number_is_left_out_of_a_page_with_labels_written_sideways() -> None:
    def draw(canvas: Any) -> None:
        for number in range(1, 6):
            write(canvas, PROSE, 70, 600, 450)
            canvas.drawString(300, 40, f"{number}")
            canvas.saveState()
            canvas.rotate(90)
            for at, label in enumerate(
                ("Slip of March", "Slip of April", "Slip of May") if number == 2 else ()
            ):
                canvas.drawString(400, -200 - 40 * at, label)
            canvas.restoreState()
            if number < 5:
                canvas.showPage()

    assert [text for _, _, text in kinds(read(drawn(draw)))] == [
        PROSE, PROSE, "Slip of March", "Slip of April", "Slip of May", PROSE, PROSE, PROSE,
    ]  # fmt: skip


def test_a_page_written_downward_is_read_from_its_right_edge() -> None:
    pdfmetrics.registerFont(UnicodeCIDFont("HeiseiMin-W3", isVertical=True))
    pdfmetrics.registerFont(UnicodeCIDFont("HeiseiKakuGo-W5"))
    first = "従業員は、始業時刻までに出勤しなければならない。ただし、やむを得ない事由があるときは"
    columns = [
        first,
        "、この限りでない。遅刻する場合は、上長に「電話」で連絡すること。",
        "　休暇は年二十日とする。",
    ]

    def draw(canvas: Any) -> None:
        canvas.setFont("HeiseiKakuGo-W5", 8)
        canvas.drawString(280, 30, "- 7 -")
        canvas.setFont("HeiseiMin-W3", 12)
        for n, column in enumerate(columns):
            canvas.drawString(500 - 26 * n, 780, column)

    texts = [text for _, _, text in kinds(read(drawn(draw)))]
    assert "".join(texts) == "".join(columns).replace("\u3000", "") + "- 7 -"


def test_letters_written_downward_are_no_higher_where_a_font_says_how_high_its_tallest_sign_is() -> None:
    """As Noto Sans CJK does in the files of programs for layout."""
    pdfmetrics.registerFont(UnicodeCIDFont("HeiseiMin-W3", isVertical=True))

    def draw(canvas: Any) -> None:
        canvas.setFont("HeiseiMin-W3", 12)
        canvas.drawString(500, 780, "従業員は始業時刻までに", charSpace=2)

    def change(writer: Any) -> None:
        for font in writer.pages[0]["/Resources"]["/Font"].values():
            if "/DescendantFonts" in font.get_object():
                (own,) = font.get_object()["/DescendantFonts"].get_object()
                known = own.get_object()["/FontDescriptor"].get_object()
                known[NameObject("/Ascent")] = NumberObject(1806)
                known[NameObject("/Descent")] = NumberObject(-1046)

    def boxes(data: bytes) -> list[tuple[float, ...]]:
        pdf = open_pdf(data, "a.pdf")
        return [(word.x0, word.y0, word.x1, word.y1) for word in read_page(pdf[0], {}).words]

    data = drawn(draw)
    assert boxes(rewritten(data, change)) == boxes(data)


def test_a_stamp_along_the_margin_comes_last() -> None:
    def draw(canvas: Any) -> None:
        canvas.saveState()
        canvas.rotate(90)
        canvas.drawString(300, -30, "Draft of March")
        canvas.restoreState()
        write(canvas, PROSE, 70, 780, 450)

    assert [text for _, _, text in kinds(read(drawn(draw)))] == [PROSE, "Draft of March"]


def from_right(lines: Sequence[tuple[float, float, str]]) -> bytes:
    """A PDF of lines of Arabic or Hebrew, each as it is seen from left to right, that end at an x."""
    letters = sorted({letter for _, _, line in lines for letter in line if letter > "\u0590"})
    stand_ins = {letter: chr(0xC0 + at) for at, letter in enumerate(letters)}

    def draw(canvas: Any) -> None:
        canvas.setFont("Courier", 10)
        for x, y, line in lines:
            canvas.drawRightString(x, y, "".join(stand_ins.get(letter, letter) for letter in line))

    def change(writer: Any) -> None:
        shown = {code: chr(code) for code in range(0x20, 0x7F)}
        shown |= {ord(stand_in): LIGATURES.get(letter, letter) for letter, stand_in in stand_ins.items()}
        named = "\n".join(f"<{code:02x}> <{text.encode('utf-16-be').hex()}>" for code, text in shown.items())
        stream = StreamObject()
        stream.set_data(f"begincmap\n{len(shown)} beginbfchar\n{named}\nendbfchar\nendcmap".encode())
        for font in writer.pages[0]["/Resources"]["/Font"].values():
            font.get_object()[NameObject("/ToUnicode")] = writer._add_object(stream)

    return rewritten(drawn(draw), change)


LIGATURES = {"\ufefb": "\u0644\u0627"}
"""What is drawn as one and is two letters."""


def turned(text: str) -> str:
    return text[::-1]


def test_hebrew_is_read_from_the_right_and_what_is_latin_in_it_from_the_left() -> None:
    first, second, third = "העובדים יגישו בקשה לחופשה", "ימים לפני המועד (ראו", "סעיף"
    lines = [
        (500.0, 780.0, f"14 {turned(first)}"),
        (500.0, 768.0, f"E-4032 {turned(second).replace('(', ')')}"),
        (500.0, 756.0, f"mg 45 ,15.3% ,2025-03-01 ,(12.3 {turned(third)}"),
        (500.0, 744.0, f".(ISO 9001) {turned('תקן')}"),
    ]
    assert read(from_right(lines)).text.replace("\n\n", " ") == (
        f"{first} 14 {second} E-4032 {third} 12.3), 2025-03-01, 15.3%, 45 mg תקן (ISO 9001)."
    )


def test_arabic_is_read_with_its_ligatures_and_dates_in_order() -> None:
    said = "يقدم الموظف طلب الإجازة قبل"
    lines = [
        (500.0, 780.0, f"14 {turned(said)}"),
        (500.0, 768.0, f"31-12-2025 {turned('و')} 1,200 {turned('السﻻمة حتى')}"),
    ]
    assert read(from_right(lines)).text == f"{said} 14 السلامة حتى 1,200 و 2025-12-31"


def test_cells_and_columns_of_hebrew_are_read_from_the_right() -> None:
    rows = [("מכירות", "1,200"), ("עלויות", "900"), ("רווח", "300"), ("שם", "סכום")]
    lines = [(500.0, 780.0, turned("דוח מכירות שנתי לעובדים"))]
    for at, (name, number) in enumerate(rows):
        drawn_number = number if number[0].isdigit() else turned(number)
        lines += [(500.0, 700.0 - 14 * at, turned(name)), (300.0, 700.0 - 14 * at, drawn_number)]
    assert [text for _, _, text in kinds(read(from_right(lines)))] == [
        "דוח מכירות שנתי לעובדים",
        "\n".join(" | ".join(row) for row in rows),
    ]


def test_hyphens_that_browsers_set_at_line_ends_are_undone() -> None:
    lines = [
        (500.0, 780.0, "The travel costs of the jour\u2010"),
        (500.0, 768.0, "ney are paid by the company."),
    ]
    said = "The travel costs of the journey are paid by the company."
    assert read(from_right(lines)).text.replace("\n\n", " ") == said


def test_a_page_of_a_newspaper_whose_characters_are_words_is_marked_at_once() -> None:
    places = [(10.0 + 12 * (n // 50), 1000.0 - 10 * (n % 50)) for n in range(12_000)]
    words = [Word(x, y, x + 10, y + 10, "日", 10) for x, y in places]
    turns = [0] * len(words)
    begin = time.process_time()
    assert mark_downward(words, turns)
    assert time.process_time() - begin < 1.0  # quadratic, it took five seconds
    assert set(turns) == {3}
