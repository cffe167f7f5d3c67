"""PDF files as a whole: locks, limits, titles, dates, damage."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.errors import LimitError, ParseError
from ingest.parsers import Limits, parse
from ingest.parsers.dates import read_pdf_date
from tests.ingest.endings import EXPECTED, ending
from tests.ingest.paper import drawn, write
from tests.ingest.reports import PROSE, read, rewritten


def test_a_locked_file_is_named_and_an_empty_password_opens() -> None:
    data = drawn(lambda canvas: write(canvas, PROSE, 70, 780, 450))
    with pytest.raises(ParseError) as caught:
        parse(rewritten(data, lambda writer: writer.encrypt("secret")), "locked.pdf")
    assert caught.value.code == "encrypted"
    opened = rewritten(data, lambda writer: writer.encrypt("", owner_password="owner"))
    assert read(opened).text == PROSE


def test_a_damaged_file_read_after_a_locked_one_is_not_called_locked() -> None:
    data = drawn(lambda canvas: write(canvas, PROSE, 70, 780, 450))
    locked = rewritten(data, lambda writer: writer.encrypt("secret"))
    for file, code in (
        (locked, "encrypted"),
        (data.replace(b"/Pages", b"/Pagez"), "damaged_file"),
        (locked, "encrypted"),
    ):
        with pytest.raises(ParseError) as caught:
            parse(file, "some.pdf")
        assert caught.value.code == code


def test_limits_are_named() -> None:
    def draw(canvas: Any) -> None:
        for _ in range(12):
            write(canvas, PROSE, 70, 780, 450)
            canvas.showPage()

    data = drawn(draw)
    for limits, code in (
        (Limits(max_pages=10), "too_many_pages"),
        (Limits(max_text_chars=500), "too_much_text"),
    ):
        with pytest.raises(LimitError) as caught:
            parse(data, "a.pdf", limits)
        assert caught.value.code == code


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Travel policy", "Travel policy"),
        ("Microsoft Word - x.docx", "my report"),
        ("a.pdf", "my report"),
        ("", "my report"),
    ],
)
def test_a_title_that_is_none_is_not_taken(title: str, expected: str) -> None:
    def draw(canvas: Any) -> None:
        canvas.setTitle(title)
        write(canvas, PROSE, 70, 780, 450)

    assert parse(drawn(draw), "my_report.pdf").title == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("D:20240301120000+09'00'", datetime(2024, 3, 1, 3, tzinfo=UTC)),
        ("D:20240301120000Z", datetime(2024, 3, 1, 12, tzinfo=UTC)),
        ("2024", datetime(2024, 1, 1, tzinfo=UTC)),
        ("D:20241399", None),
        ("D:20240301120000+99'00'", None),
        ("soon", None),
    ],
)
def test_pdf_dates(value: str, expected: datetime | None) -> None:
    found = read_pdf_date(value)
    assert (found.astimezone(UTC) if found else None) == expected


WHOLE = drawn(lambda canvas: write(canvas, PROSE, 70, 780, 450), pageCompression=0)


@given(
    changes=st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=20),
    cut=st.integers(0, len(WHOLE)),
)
@settings(max_examples=200)
def test_a_damaged_file_reads_or_is_named(changes: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(WHOLE)
    for at, value in changes:
        data[at] = value
    assert ending(bytes(data[:cut] if cut % 2 else data), "a.pdf") in EXPECTED


@pytest.mark.parametrize(
    "data", [re.sub(rb"/Root \d+ 0 R", b"", WHOLE), b"junk " * 500 + WHOLE], ids=["no root", "a late header"]
)
def test_what_the_first_reader_cannot_open_is_left_to_the_second(data: bytes) -> None:
    document = read(data)
    assert " ".join(document.text.split()) == PROSE
    assert [(note.code, note.page) for note in document.notes] == [("second_reader", 0)]


def test_what_no_reader_can_open_is_damaged() -> None:
    with pytest.raises(ParseError) as caught:
        parse(b"%PDF-1.7 and then nothing", "a.pdf")
    assert caught.value.code == "damaged_file"
    assert caught.value.message == "a.pdf is damaged: it cannot be opened."


SENTENCES = st.lists(
    st.text(alphabet="abcdefgh ", min_size=3, max_size=200).filter(lambda text: text.strip()),
    min_size=1,
    max_size=6,
)


@given(paragraphs=SENTENCES)
@settings(max_examples=60)
def test_every_word_of_any_page_comes_out_in_order(paragraphs: list[str]) -> None:
    def draw(canvas: Any) -> None:
        y = 780.0
        for text in paragraphs:
            y = write(canvas, text, 70, y, 430)

    assert read(drawn(draw)).text.split() == [word for text in paragraphs for word in text.split()]


@pytest.mark.parametrize("lines", [["A", "B"], ["aa ", "a  "], ["1", "2", "3", "4"], ["Annex", "A"]])
def test_a_few_short_lines_are_no_word_written_downward(lines: list[str]) -> None:
    def draw(canvas: Any) -> None:
        for number, line in enumerate(lines):
            canvas.drawString(70, 700 - 14 * number, line)

    assert read(drawn(draw)).text.split() == [line.strip() for line in lines]


def test_a_word_alone_on_its_page_stays_one_however_it_is_turned() -> None:
    def draw(canvas: Any) -> None:
        canvas.translate(300, 300)
        canvas.rotate(90)
        canvas.drawString(0, 0, "CONFIDENTIAL")

    assert read(drawn(draw)).text.split() == ["CONFIDENTIAL"]
