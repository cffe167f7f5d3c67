"""Words of PDFs that are turned: stamps, and headings of tables written upward."""

from __future__ import annotations

from typing import Any

import pytest

from ingest.parsers.pdf.lines import Word
from ingest.parsers.pdf.slanted import without_gaps
from tests.ingest.paper import drawn, write
from tests.ingest.reports import PROSE, read

STAMP = "Approved by the finance department on Monday"


def turned(canvas: Any, text: str, x: float, y: float, degrees: float) -> None:
    canvas.saveState()
    canvas.translate(x, y)
    canvas.rotate(degrees)
    canvas.setFont("Helvetica", 12)
    canvas.drawString(0, 0, text)
    canvas.restoreState()


@pytest.mark.parametrize("degrees", [5, 12, 25, 30, 45, 60, 75, 85, 95, 135, 200, 315, -30])
def test_a_stamp_is_one_line_after_the_text(degrees: float) -> None:
    def draw(canvas: Any) -> None:
        turned(canvas, STAMP, 300, 400, degrees)
        write(canvas, PROSE, 60, 780, 480)

    assert read(drawn(draw)).text.split("\n\n") == [PROSE, STAMP]


def test_a_stamp_over_the_text_parts_no_line_of_it() -> None:
    def draw(canvas: Any) -> None:
        y = write(canvas, PROSE, 60, 780, 480)
        turned(canvas, STAMP, 150, y - 20, 30)
        write(canvas, PROSE, 60, y, 480)

    assert read(drawn(draw)).text.split("\n\n") == [PROSE, PROSE, STAMP]


def test_stamps_of_several_angles_are_lines_of_their_own() -> None:
    def draw(canvas: Any) -> None:
        write(canvas, PROSE, 60, 780, 480)
        turned(canvas, STAMP, 100, 300, 45)
        turned(canvas, "Received in London", 300, 200, 30)

    assert read(drawn(draw)).text.split("\n\n") == [PROSE, STAMP, "Received in London"]


def test_all_of_a_page_may_be_aslant() -> None:
    assert STAMP in read(drawn(lambda canvas: turned(canvas, STAMP, 100, 300, 45))).text


def test_pieces_with_no_room_between_them_are_one_word() -> None:
    pieces = [("Firs", 0, 20), ("t", 20, 24), ("h", 26.4, 32), ("eading", 32, 60)]
    words = [Word(x0, 700, x1, 712, text, 12) for text, x0, x1 in pieces]
    assert [word.text for word in without_gaps(words)] == ["First", "heading"]
