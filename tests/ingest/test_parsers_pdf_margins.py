"""Where the lines of a PDF's paragraphs end, and the letters that are set apart to reach there."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.pdfmetrics import registerFont, stringWidth

from ingest.parsers.pdf.page import read_page
from ingest.parsers.pdf.parser import open_pdf
from tests.ingest.blocks import kinds
from tests.ingest.paper import drawn, wrapped, write
from tests.ingest.reports import PROSE, read

LEFT, TOP, LEADING = 70.0, 780.0, 12.0


def justified(canvas: Any, text: str, y: float, width: float, *, x: float = LEFT, hang: float = 0) -> float:
    """Writes a paragraph whose lines but the last end at one place; returns where the next line stands."""
    canvas.setFont("Helvetica", 10)
    first, *_ = wrapped(text, width)
    lines = [first, *wrapped(text[len(first) :], width - hang)] if text != first else [first]
    for at, line in enumerate(lines):
        shift = hang if at else 0.0
        left_free = width - shift - stringWidth(line, "Helvetica", 10)
        space = left_free / line.count(" ") if at + 1 < len(lines) else 0.0
        canvas.drawString(x + shift, y, line, wordSpace=space)
        y -= LEADING
    return y


@settings(max_examples=10)
@given(width=st.integers(300, 420), beyond=st.integers(5, 60))
def test_a_line_beyond_the_margin_parts_no_other_paragraph(width: int, beyond: int) -> None:
    paragraphs = [f"{PROSE} {number} more." for number in ("Two", "Three", "Four")]

    def draw(canvas: Any) -> None:
        y = TOP
        for text in paragraphs:
            y = justified(canvas, text, y, width) - 8
        canvas.drawRightString(LEFT + width + beyond, y, "/srv/archive/" + "reports" * (width // 38) + ".pdf")

    assert [text for _, _, text in kinds(read(drawn(draw)))][:3] == paragraphs


def test_a_box_that_is_narrower_than_the_page_has_its_own_margin() -> None:
    def draw(canvas: Any) -> None:
        y = justified(canvas, f"{PROSE} Two more.", TOP, 450) - 20
        y = justified(canvas, f"{PROSE} Three more.", y, 380, x=90) - 20
        justified(canvas, f"{PROSE} Four more.", y, 450)

    assert [text for _, _, text in kinds(read(drawn(draw)))] == [
        f"{PROSE} {number} more." for number in ("Two", "Three", "Four")
    ]


def test_what_a_term_means_goes_on_further_in() -> None:
    text = f"installer/eject {' '.join(PROSE.split()[:22])}"

    def draw(canvas: Any) -> None:
        y = justified(canvas, PROSE, TOP, 450) - 8
        y = justified(canvas, PROSE, y, 450) - 8
        justified(canvas, text, y, 450, hang=25)

    assert [said for _, _, said in kinds(read(drawn(draw)))] == [PROSE, PROSE, text]


def test_letters_of_one_size_are_equally_high_in_whatever_font() -> None:
    def draw(canvas: Any) -> None:
        for at, font in enumerate(("Helvetica", "Times-Roman", "Courier")):
            canvas.setFont(font, 10)
            canvas.drawString(LEFT, TOP - at * LEADING, "ace jpq ÄÖ one")

    with closing(open_pdf(drawn(draw), "report.pdf")) as pdf:
        assert len({round(word.size, 2) for word in read_page(pdf[0], {}).words}) == 1


def test_a_title_in_another_font_a_little_further_from_the_text_is_none_of_it() -> None:
    title = "Column: how the teams of the head office hold their meetings since the summer of"

    def draw(canvas: Any) -> None:
        y = justified(canvas, PROSE, TOP, 450) - 8
        canvas.setFont("Times-Roman", 10)
        canvas.drawString(LEFT + 8, y, f"{title} 2026")
        justified(canvas, PROSE, y - 15, 450)

    assert f"{title} 2026" in [text for _, _, text in kinds(read(drawn(draw)))]


def test_letters_that_are_spread_to_fill_columns_are_words() -> None:
    """As TeX's listings sets code in a font that is not of one width."""
    wide = 5.4
    lines = [
        "set the name of a network or domain if it has one",
        "no one may read a log but a guard",
        "as root end it and filename or else list the title",
    ] * 3

    def draw(canvas: Any) -> None:
        write(canvas, PROSE, LEFT, TOP, 450)
        canvas.setFont("Helvetica", 9)
        for number, line in enumerate(lines):
            at = 0
            for word in line.split():
                natural = [stringWidth(letter, "Helvetica", 9) for letter in word]
                free = max(len(word) * wide - sum(natural), 0.0) / len(word)
                x = LEFT + at * wide + free / 2
                for letter, own in zip(word, natural, strict=True):
                    canvas.drawString(x, 600 - 11 * number, letter)
                    x += own + free
                at += len(word) + 1

    assert read(drawn(draw)).text.removeprefix(PROSE).split() == " ".join(lines).split()


def test_japanese_that_is_spread_over_a_line_has_no_spaces() -> None:
    registerFont(UnicodeCIDFont("HeiseiKakuGo-W5"))

    def draw(canvas: Any) -> None:
        canvas.setFont("HeiseiKakuGo-W5", 10)
        for at, character in enumerate("これらは他人事です"):
            canvas.drawString(LEFT + 15 * at, TOP, character)
        for at, day in enumerate("月火水木"):
            canvas.drawString(LEFT + 40 * at, 700, day)

    assert read(drawn(draw)).text.startswith("これらは他人事です\n")


def test_words_of_a_table_of_figures_stay_apart() -> None:
    rows = [("Sales of goods", "4", "9"), ("Cost of a day", "3", "7"), ("Rent of the hall", "1", "2")] * 3

    def draw(canvas: Any) -> None:
        canvas.setFont("Helvetica", 9)
        for at, cells in enumerate(rows):
            for x, cell in zip((LEFT, 180.0, 192.0), cells, strict=True):
                canvas.drawString(x, 700 - 12 * at, cell)

    assert all(row[0] in read(drawn(draw)).text for row in rows)


def test_an_item_that_begins_with_a_bracket_goes_on_whatever_fonts_its_lines_begin_with() -> None:
    registerFont(UnicodeCIDFont("HeiseiKakuGo-W5"))

    def draw(canvas: Any) -> None:
        for top in (TOP, TOP - 45):
            canvas.setFont("HeiseiKakuGo-W5", 10)
            canvas.drawString(LEFT, top, "●「デジタル計画」に基づき、")
            canvas.setFont("Helvetica", 10)
            canvas.drawString(LEFT + 130, top, "5G")
            canvas.setFont("HeiseiKakuGo-W5", 10)
            canvas.drawString(LEFT + 143, top, "の基盤を整備する施策を強力に推進し、全国の利用者")
            canvas.drawString(LEFT + 10, top - 15, "に届ける。")
        for at in range(3):
            canvas.drawString(LEFT, 500 - 12 * at, "本文の行はここで終わりまで続いていて幅が同じである。")

    items = [text for kind, _, text in kinds(read(drawn(draw))) if kind == "list"]
    assert items == [
        "\n".join(
            ["● 「デジタル計画」に基づき、5Gの基盤を整備する施策を強力に推進し、全国の利用者に届ける。"] * 2
        )
    ]
