"""Letters of fonts that a PDF names and does not hold, on a machine that does not have them either."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont

from ingest import rendering
from ingest.parsers.detection import PDF
from tests.ingest.paper import drawn
from tests.ingest.reports import read

pdfmetrics.registerFont(UnicodeCIDFont("HeiseiMin-W3"))
_KANA = st.text("はやとをにてのがンい社年", min_size=1, max_size=4)


def one_by_one(pieces: list[tuple[str, str]], form: bool = False) -> bytes:
    """A line of pieces of text, each drawn by itself: the font and the words."""

    def draw(canvas: Any) -> None:
        if form:
            canvas.beginForm("line")
        x = 70.0
        for font, text in pieces:
            canvas.setFont(font, 10)
            canvas.drawString(x, 700, text)
            x += canvas.stringWidth(text, font, 10) + 2.5
        if form:
            canvas.endForm()
            canvas.doForm("line")

    return drawn(draw)


@given(st.lists(_KANA, min_size=1, max_size=6), st.booleans())
def test_each_letter_of_a_font_that_is_not_there_is_read(kana: list[str], form: bool) -> None:
    pieces = [("Helvetica", "Debian")]
    for letters in kana:
        pieces += [("HeiseiMin-W3", letters), ("Helvetica", "hurd")]
    text = read(one_by_one(pieces, form)).text
    assert "".join(text.split()) == "".join(words for _, words in pieces)


def test_a_page_of_single_letters_is_not_empty() -> None:
    assert read(one_by_one([("HeiseiMin-W3", letter) for letter in "有給休暇は年二十日"])).text.replace(
        " ", ""
    ) == ("有給休暇は年二十日")


def test_what_nobody_sees_stays_hidden() -> None:
    def draw(canvas: Any) -> None:
        canvas.drawString(70, 700, "The rate is five percent.")
        canvas._code.append("3 Tr")
        canvas.setFont("HeiseiMin-W3", 10)
        canvas.drawString(300, 700, "は")

    document = read(drawn(draw))
    assert document.text == "The rate is five percent."
    assert [note.code for note in document.notes] == ["hidden_text"]


def test_a_quote_with_such_a_letter_is_found_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    data = one_by_one([("Helvetica", "Debian"), ("HeiseiMin-W3", "や"), ("Helvetica", "hurd")])
    marked: list[Any] = []
    monkeypatch.setattr(rendering, "_mark", lambda picture, boxes: marked.extend(boxes))
    rendering.draw_page(data, PDF, 1, ["Debian や hurd"])
    assert len(marked) == 1
