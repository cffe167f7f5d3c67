"""Letters that a program sets apart in PDFs: titles, labels as wide as their column, words under ruby, rulers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont

from ingest.parsers.pdf.lines import Rule, Word
from ingest.parsers.pdf.spread import closed_up
from tests.ingest.blocks import kinds
from tests.ingest.paper import drawn, write
from tests.ingest.reports import PROSE, read

pdfmetrics.registerFont(UnicodeCIDFont("HeiseiKakuGo-W5"))
JAPANESE = "HeiseiKakuGo-W5"
SIZE = 10.0


def letters(text: str, gap: float, *, font: str = "Helvetica", x: float = 60, y: float = 700) -> list[Word]:
    """The letters of a text, ``gap`` points apart, and its words as much further as a space is wide."""
    words = []
    for letter in text:
        wide = pdfmetrics.stringWidth(letter, font, SIZE)
        if letter != " ":
            words.append(Word(x, y, x + wide, y + SIZE, letter, SIZE))
        x += wide + gap
    return words


def texts(words: Sequence[Word], rules: Sequence[Rule] = ()) -> list[str]:
    return [word.text for word in closed_up(words, rules)]


@pytest.mark.parametrize("gap", [2.7, 4.0, 6.0, 8.0])
def test_a_title_set_apart_is_its_words(gap: float) -> None:
    assert texts(letters("QUARTERLY REPORT", gap)) == ["QUARTERLY", "REPORT"]


def test_one_word_set_apart_is_one_where_no_space_is_as_wide() -> None:
    assert texts(letters("REPORT", 4.0)) == ["REPORT"]
    assert texts(letters("REPORT", 2.7)) == list("REPORT")


@given(
    names=st.lists(st.sampled_from("ABDEFGIKLMNOPRSTUVXYZ"), min_size=5, max_size=12),
    pitch=st.floats(min_value=9.0, max_value=16.0),
)
def test_columns_of_letters_stay_apart(names: list[str], pitch: float) -> None:
    """Columns have one pitch, whatever their letters' widths."""
    words = []
    for at, name in enumerate(names):
        wide = pdfmetrics.stringWidth(name, "Helvetica", SIZE)
        words.append(Word(60 + pitch * at, 700, 60 + pitch * at + wide, 710, name, SIZE))
    assert texts(words) == names


@pytest.mark.parametrize("gap", [2.0, 2.8, 4.5])
def test_letters_in_the_order_of_the_alphabet_are_a_list(gap: float) -> None:
    assert texts(letters("ABCDEF", gap)) == list("ABCDEF")


def label(text: str, y: float, wide: float = 60.0) -> list[Word]:
    return letters(text, (wide - SIZE * len(text)) / (len(text) - 1), font=JAPANESE, y=y)


def test_japanese_labels_set_to_one_width_are_words() -> None:
    words = [*label("氏名", 700), *label("従業員", 680), *label("所属部署", 660)]
    assert texts(words) == ["氏名", "従業員", "所属部署"]


def test_columns_of_single_characters_are_none() -> None:
    rows = [*label("甲乙丙", 700), *label("可否可", 680), *label("可可否", 660)]
    assert texts(rows) == list("甲乙丙可否可可可否")


def test_labels_are_not_joined_through_a_rule() -> None:
    words = [*label("氏名", 700), *label("従業員", 680)]
    assert texts(words, [Rule(85, 670, 85, 720)]) == [*"氏名", *"従業員"]


def test_a_word_spread_under_its_ruby_is_one() -> None:
    def draw(canvas: Any) -> None:
        canvas.setFont(JAPANESE, 10)
        x = 60.0
        for part, step in (("就業規則は次の従", 85), ("業", 15), ("員に適用する。", 0)):
            canvas.drawString(x, 700, part)
            x += step
        canvas.setFont(JAPANESE, 5)
        canvas.drawString(130, 710.5, "じゅうぎょういん")

    assert "就業規則は次の従業員に適用する。" in read(drawn(draw)).text


def test_a_title_set_apart_is_read_so_from_a_file() -> None:
    def draw(canvas: Any) -> None:
        text = canvas.beginText(60, 760)
        text.setFont("Helvetica", 20)
        text.setCharSpace(9)
        text.textLine("QUARTERLY REPORT")
        canvas.drawText(text)
        write(canvas, PROSE, 60, 720, 480)

    assert "QUARTERLY REPORT" in read(drawn(draw)).text


@pytest.mark.parametrize(
    "ruler", ["* * *", "- - - - -", "＊　＊　＊", "・・・・・・", "____________", "◇ ◆ ◇", "=====", "— — —"]
)
def test_rulers_are_no_passages(ruler: str) -> None:
    def draw(canvas: Any) -> None:
        y = write(canvas, PROSE, 60, 760, 480)
        write(canvas, ruler, 250, y - 10, 480, font=JAPANESE)
        write(canvas, PROSE[::-1], 60, y - 60, 480)

    assert len(kinds(read(drawn(draw)))) == 2


@pytest.mark.parametrize("said", ["…", "--", "○○○○", "-5-"])
def test_signs_that_say_something_are_kept(said: str) -> None:
    def draw(canvas: Any) -> None:
        y = write(canvas, PROSE, 60, 760, 480)
        write(canvas, said, 250, y - 10, 480, font=JAPANESE)

    assert said in read(drawn(draw)).text
