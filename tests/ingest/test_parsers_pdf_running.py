"""Headers and footers that name the section a page is in."""

from __future__ import annotations

from typing import Any

from tests.ingest.paper import drawn, write
from tests.ingest.reports import PROSE, page_texts, read


def test_the_title_of_a_section_beside_the_page_number_is_no_text() -> None:
    titles = ["Scope", "Scope", "Travel by train", "Travel by train", "Claims"]

    def draw(canvas: Any) -> None:
        for at, title in enumerate(titles):
            y = 700.0
            if at == titles.index(title):
                y = write(canvas, f"{at + 1}. {title}", 70, y, 450, font="Helvetica-Bold", size=16)
            write(canvas, f"Rule {'abcde'[at]}. {PROSE}", 70, y, 450)
            canvas.setFont("Helvetica", 9)
            canvas.drawString(70, 30, f"{titles.index(title) + 1}. {title}" if at != 4 else "Draft of 3 May")
            canvas.drawString(520, 30, f"{at + 1}")
            if at < 4:
                canvas.showPage()

    texts = page_texts(read(drawn(draw)))
    rules = [f"Rule {letter}. {PROSE}" for letter in "abcde"]
    assert texts == [
        f"1. Scope\n\n{rules[0]}",
        rules[1],
        f"3. Travel by train\n\n{rules[2]}",
        rules[3],
        f"5. Claims\n\n{rules[4]}\n\nDraft of 3 May",
    ]


def test_the_time_that_a_browser_prints_on_each_page_is_no_text() -> None:
    """It is mostly digits, as a row of figures is."""

    def draw(canvas: Any) -> None:
        for at in range(3):
            write(canvas, f"Rule {'abc'[at]}. {PROSE}", 70, 700, 450)
            canvas.setFont("Helvetica", 8)
            canvas.drawString(24, 820, "11/30/26, 12:25 PM")
            canvas.drawString(300, 820, "Handbook")
            canvas.drawString(24, 15, "https://intranet.example/handbook")
            canvas.drawString(560, 15, f"{at + 1}/3")
            if at < 2:
                canvas.showPage()

    assert page_texts(read(drawn(draw))) == [f"Rule {letter}. {PROSE}" for letter in "abc"]
