"""Which characters a PDF's fonts give, and how its text is drawn."""

from __future__ import annotations

from typing import Any

import pytest
from pypdf.generic import NameObject, StreamObject
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from corpus.errors import ParseError
from ingest.parsers import parse, recognition
from ingest.parsers.pdf import page
from tests.ingest.paper import drawn, write
from tests.ingest.reports import PROSE, read, rewritten


def shown_as(characters: dict[str, str], text: str) -> bytes:
    """A page whose fonts say that the letters given show other characters."""
    lines = "\n".join(
        f"<{ord(letter):02x}> <{shown.encode('utf-16-be').hex()}>" for letter, shown in characters.items()
    )
    stream = StreamObject()
    stream.set_data(
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def /CMapType 2 def\n"
        "1 begincodespacerange <00> <ff> endcodespacerange\n"
        f"{len(characters)} beginbfchar\n{lines}\nendbfchar endcmap end end".encode()
    )

    def change(writer: Any) -> None:
        for font in writer.pages[0]["/Resources"]["/Font"].values():
            font.get_object()[NameObject("/ToUnicode")] = writer._add_object(stream)

    return rewritten(drawn(lambda canvas: write(canvas, text, 70, 780, 450)), change)


def test_characters_that_take_two_units_are_read() -> None:
    data = shown_as({"A": "𠮷", "B": "田", "C": "が", "D": "𠮟", "E": "る", "F": "。"}, "ABCDEF")
    assert read(data).text == "𠮷田が𠮟る。"


def test_a_flat_letter_that_stands_for_another_is_text_of_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Browsers call the letter of a font the radical U+2F00, and say beside it that 一 is meant."""

    def draw(canvas: Any) -> None:
        canvas.setFont(
            "Vera", 10
        )  # in the file: without it what PDFium reads goes by the fonts that are installed
        x = 70.0
        for text, meant in (("-", "一"), ("paku", ""), ("-", "一"), ("hi", "")):
            if meant:
                canvas._code.append(f"/Span <</ActualText <FEFF{ord(meant):04X}>>> BDC")
            canvas.drawString(x, 700, text)
            if meant:
                canvas._code.append("EMC")
            x += canvas.stringWidth(text)

    pdfmetrics.registerFont(TTFont("Vera", "Vera.ttf"))
    data = drawn(draw)
    document = read(data)
    assert document.text == "一paku一hi"
    assert not document.notes
    monkeypatch.setattr(page, "_heighten", lambda *given: None)
    with pytest.raises(ParseError, match="nobody sees"):
        read(data)


def test_the_bullet_of_latex_in_a_font_without_names_is_one() -> None:
    data = shown_as({"*": "\x88"}, "* Replace the battery each year.")
    assert read(data).text == "• Replace the battery each year."


def test_a_full_width_asterisk_marks_an_item() -> None:
    document = read(shown_as({"*": "＊"}, "* Replace the battery each year."))
    assert [block.kind for block in document.blocks] == ["list"]


def test_small_capitals_and_figures_of_older_fonts_are_letters_and_digits() -> None:
    data = shown_as({"A": "\uf761", "B": "\uf762", "1": "\uf731", "9": "\uf739", "E": "\uf7e9"}, "JABE 1991")
    assert read(data).text == "Jabé 1991"


@pytest.mark.parametrize("shift", [0, 0.6])
def test_text_drawn_twice_to_make_it_bold_is_read_once(shift: float) -> None:
    """PDFium leaves out what is drawn again at once, and not what comes after much else."""
    words = " ".join(f"{PROSE} See rule {number}." for number in range(4))

    def draw(canvas: Any) -> None:
        write(canvas, words, 70, 780, 450)
        write(canvas, words, 70 + shift, 780 - shift, 450)
        write(canvas, "Total 100 EUR of 100 EUR", 70, 400, 450)

    assert read(drawn(draw)).text == f"{words}\n\nTotal 100 EUR of 100 EUR"


def test_text_that_opens_onto_a_colour_is_seen_and_onto_nothing_is_not() -> None:
    def draw(canvas: Any, colour: int) -> None:
        canvas.saveState()
        text = canvas.beginText(70, 700)
        text.setFont("Helvetica-Bold", 24)
        text.setTextRenderMode(7)
        text.textOut("Annual Report")
        canvas.drawText(text)
        canvas.setFillGray(colour)
        canvas.rect(60, 690, 300, 40, stroke=0, fill=1)
        canvas.restoreState()

    assert read(drawn(lambda canvas: draw(canvas, 0))).text == "Annual Report"
    with pytest.raises(ParseError) as caught:
        parse(drawn(lambda canvas: draw(canvas, 1)), "cover.pdf")
    assert "nobody sees" in caught.value.message


def test_fonts_that_name_no_characters_are_told_with_what_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognition, "is_installed", lambda: False)
    with pytest.raises(ParseError) as caught:
        parse(shown_as({letter: chr(4 + n) for n, letter in enumerate("ABCDE")}, "ABCDE"), "form.pdf")
    assert caught.value.code == "no_text"
    assert "its fonts do not say which characters they show" in caught.value.message
    assert "OCR" in caught.value.hint
