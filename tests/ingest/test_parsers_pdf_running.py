"""Headers, footers and page numbers, and what only looks like them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.ingest.paper import HEIGHT, drawn, write
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


def test_headers_footers_and_page_numbers_are_left_out_but_nothing_unique() -> None:
    def draw(canvas: Any) -> None:
        for page in range(1, 6):
            canvas.setFont("Helvetica", 8)
            canvas.drawString(70, HEIGHT - 30, "Contoso Ltd – Travel policy 2025")
            canvas.drawString(70, 30, f"Page {page} of 5")
            canvas.drawString(400, 30, "Internal" if page != 3 else "Approved by the board")
            write(canvas, f"Rule {'abcde'[page - 1]}. {PROSE}", 70, 700, 450)
            if page < 5:
                canvas.showPage()

    texts = page_texts(read(drawn(draw)))
    assert len(texts) == 5
    assert not any("Contoso" in text or "Page" in text or "Internal" in text for text in texts)
    assert all(f"Rule {'abcde'[n]}." in text for n, text in enumerate(texts))
    assert "Approved by the board" in texts[2]


def test_a_header_is_known_at_the_same_distance_from_the_top_of_pages_of_any_height() -> None:
    def draw(canvas: Any) -> None:
        for page, (wide, high) in enumerate([(595, 842), (842, 595), (595, 842)]):
            canvas.setPageSize((wide, high))
            canvas.drawString(70, high - 30, "Contoso Ltd")
            write(canvas, f"Rule {'abc'[page]}. {PROSE}", 70, high - 140, 450)
            if page < 2:
                canvas.showPage()

    assert page_texts(read(drawn(draw))) == [f"Rule {letter}. {PROSE}" for letter in "abc"]


def test_headings_that_differ_in_a_number_alone_are_no_running_lines() -> None:
    def draw(canvas: Any) -> None:
        for page in range(1, 5):
            canvas.setFont("Helvetica", 8)
            canvas.drawString(70, HEIGHT - 30, f"Contoso Ltd – Manual, sheet {page}")
            canvas.setFont("Helvetica", 18)
            canvas.drawString(70, HEIGHT - 60, f"Chapter {page}")
            canvas.drawString(500, HEIGHT - 60, f"{page}")
            write(canvas, f"Rule {'abcd'[page - 1]}. {PROSE}", 70, 700, 450)
            canvas.drawString(70, 30, f"Page {page} of 4")
            if page < 4:
                canvas.showPage()

    assert page_texts(read(drawn(draw))) == [
        f"Chapter {n + 1}\n\nRule {letter}. {PROSE}" for n, letter in enumerate("abcd")
    ]


CHAPTERS = ("Planning", "Care of pumps", "Winter", "Spare parts")


def chapters(canvas: Any, head: Callable[[int], str], text: float) -> None:
    """Draws four chapters of three pages each, what ``head`` says at the top of each, and text from a height on."""
    for page in range(12):
        canvas.setFont("Helvetica", 10)
        canvas.drawString(70, HEIGHT - 50, head(page))
        if page % 3 == 0:
            canvas.setFont("Helvetica-Bold", 18)
            canvas.drawString(70, 500, CHAPTERS[page // 3])
        canvas.setFont("Helvetica", 10)
        write(canvas, f"Rule {'abcdefghijkl'[page]}. {PROSE}", 70, text, 450)
        canvas.drawString(300, 30, str(page + 1))
        if page < 11:
            canvas.showPage()


def test_the_chapter_at_the_top_of_each_page_is_no_text() -> None:
    def draw(canvas: Any) -> None:
        chapters(canvas, lambda page: f"CHAPTER {page // 3 + 1}. {CHAPTERS[page // 3].upper()}", 700)

    texts = page_texts(read(drawn(draw)))
    assert [text.partition("\n")[0] for text in texts] == [
        f"Rule {letter}. {PROSE}" for letter in "abcdefghijkl"
    ]
    assert all(name in text for name, text in zip(CHAPTERS, texts[::3], strict=True))


def test_what_begins_a_page_is_text_though_it_stands_elsewhere_too() -> None:
    def near(canvas: Any) -> None:
        chapters(canvas, lambda page: CHAPTERS[page // 3], HEIGHT - 64)

    def once(canvas: Any) -> None:
        chapters(canvas, lambda page: f"{CHAPTERS[page // 3]}, part {'abcdefghijkl'[page]}", 700)

    for draw in (near, once):
        assert all(CHAPTERS[n // 3] in text for n, text in enumerate(page_texts(read(drawn(draw)))))


def test_what_stands_on_both_of_two_pages_is_a_running_line() -> None:
    def draw(canvas: Any) -> None:
        for page in (1, 2):
            canvas.drawString(70, HEIGHT - 30, "Contoso Ltd")
            canvas.drawString(70, 30, f"Page {page} of 2")
            write(canvas, f"Rule {'ab'[page - 1]}. {PROSE}", 70, 700, 450)
            if page < 2:
                canvas.showPage()

    assert page_texts(read(drawn(draw))) == [f"Rule a. {PROSE}", f"Rule b. {PROSE}"]
