"""PDFs as people get them: headings, columns, tables, running lines, pictures, locks."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from typing import Any

import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont

from corpus.errors import LimitError, ParseError, VouchError
from corpus.types import Document
from ingest.parsers import Limits, parse
from ingest.parsers.assembly import verify
from ingest.parsers.findings import is_garbled
from ingest.parsers.pdf import _read_date
from tests.ingest.paper import HEIGHT, WIDTH, drawn, ruled, wrapped, write

PROSE = (
    "Employees who travel on company business are paid back what they spent on it. The rules below say what "
    "is paid, up to which amount, and which receipts are needed. Questions go to the finance department, "
    "which answers within three working days and keeps the receipts for seven years."
)


def read(data: bytes) -> Document:
    document = parse(data, "report.pdf")
    verify(document)
    return document


def kinds(document: Document) -> list[tuple[str, int, str]]:
    return [(b.kind, b.level, document.text[b.start : b.end]) for b in document.blocks]


def page_texts(document: Document) -> list[str]:
    return [document.text[page.start : page.end] for page in document.pages]


def rewritten(data: bytes, change: Any) -> bytes:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(data))
    change(writer)
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def test_headings_paragraphs_and_lists() -> None:
    def draw(canvas: Any) -> None:
        y = write(canvas, "Travel policy", 70, 780, 450, font="Helvetica-Bold", size=20)
        y = write(canvas, PROSE, 70, y, 450)
        y = write(canvas, "1. Hotels", 70, y, 450, font="Helvetica-Bold", size=14)
        y = write(canvas, PROSE, 70, y, 450)
        for item in ("a room with breakfast", "the city tax"):
            y = write(canvas, f"• {item}", 80, y, 450)

    document = read(drawn(draw))
    assert kinds(document) == [
        ("heading", 1, "Travel policy"),
        ("paragraph", 0, PROSE),
        ("heading", 2, "1. Hotels"),
        ("paragraph", 0, PROSE),
        ("list", 0, "• a room with breakfast\n• the city tax"),
    ]
    assert document.title == "Travel policy"
    assert document.language == "en"


def test_paragraphs_without_a_gap_are_parted_where_the_next_word_had_room() -> None:
    def draw(canvas: Any) -> None:
        y = 780.0
        for text in (PROSE, "A short one.", PROSE):
            y = write(canvas, text, 70, y, 450) + 8

    assert [text for _, _, text in kinds(read(drawn(draw)))] == [PROSE, "A short one.", PROSE]


@pytest.mark.parametrize("by_rows", [False, True])
def test_two_columns_are_read_one_after_the_other(by_rows: bool) -> None:
    from tests.ingest.paper import wrapped

    left = wrapped(PROSE, 220)
    right = wrapped(PROSE.replace("Employees", "Contractors"), 220)

    def draw(canvas: Any) -> None:
        y = write(canvas, "News of the month", 70, 780, 450, font="Helvetica-Bold", size=18)
        canvas.setFont("Helvetica", 10)
        places = [(70, y - 12 * n, line) for n, line in enumerate(left)]
        places += [(310, y - 12 * n, line) for n, line in enumerate(right)]
        for x, at, line in sorted(places, key=lambda place: (-place[1], place[0])) if by_rows else places:
            canvas.drawString(x, at, line)

    assert [text for _, _, text in kinds(read(drawn(draw)))] == [
        "News of the month",
        PROSE,
        PROSE.replace("Employees", "Contractors"),
    ]


def test_two_columns_may_hold_tables_beside_text() -> None:
    from tests.ingest.paper import wrapped

    def column(canvas: Any, x: float, words: str, figures: list[tuple[str, ...]], *, first: bool) -> None:
        y = 780.0
        canvas.setFont("Helvetica", 10)
        for part in (words, figures) if first else (figures, words):
            if isinstance(part, str):
                for line in wrapped(part, 220):
                    canvas.drawString(x, y, line)
                    y -= 12
            for cells in part if isinstance(part, list) else ():
                for at, cell in zip((0, 130, 180), cells, strict=True):
                    canvas.drawString(x + at, y, cell)
                y -= 12
            y -= 16

    sales = [("Region", "Now", "Before"), *((f"Land {n}", f"4,{n}12", f"3,{n}98") for n in range(8))]
    staff = [("Office", "People", "Rooms"), *((f"City {n}", f"{n}04", f"{n}7") for n in range(8))]

    def draw(canvas: Any) -> None:
        column(canvas, 70, f"{PROSE} {PROSE}", sales, first=True)
        column(canvas, 310, f"{PROSE} {PROSE}", staff, first=False)

    text = read(drawn(draw)).text
    assert text.count(f"{PROSE} {PROSE}") == 2
    assert "Land 3 | 4,312 | 3,398" in text
    assert "City 5 | 504 | 57" in text
    assert text.index("Land 7") < text.index("City 0") < text.rindex(PROSE)


def test_a_ruled_table_is_rows_of_cells_with_its_header() -> None:
    rows = [
        ["City", "Hotel per night", "Note"],
        ["Oslo", "200", "breakfast is not part of the price"],
        ["Rome", "", "-"],
    ]

    def draw(canvas: Any) -> None:
        write(canvas, PROSE, 70, 780, 450)
        ruled(canvas, rows, 70, 700, 120, 40)
        write(canvas, PROSE, 70, 540, 450)

    document = read(drawn(draw))
    assert kinds(document) == [
        ("paragraph", 0, PROSE),
        (
            "table",
            0,
            "City | Hotel per night | Note\nOslo | 200 | breakfast is not part of the price\nRome |  | -",
        ),
        ("paragraph", 0, PROSE),
    ]
    assert document.blocks[1].header == "City | Hotel per night | Note"


def test_a_table_without_rules_is_known_by_what_stands_below_each_other() -> None:
    rows = [
        ("", "2024", "2023"),
        ("Net sales", "$ 1,200", "$ 1,100"),
        ("Costs", "(800)", "(750)"),
        ("Profit", "400", "350"),
    ]

    def draw(canvas: Any) -> None:
        write(canvas, PROSE, 70, 780, 450)
        canvas.setFont("Helvetica", 10)
        for number, row in enumerate(rows):
            canvas.drawString(70, 700 - 14 * number, row[0])
            canvas.drawRightString(350, 700 - 14 * number, row[1])
            canvas.drawRightString(450, 700 - 14 * number, row[2])

    document = read(drawn(draw))
    assert kinds(document)[1] == (
        "table", 0, "| 2024 | 2023\nNet sales | $ 1,200 | $ 1,100\nCosts | (800) | (750)\nProfit | 400 | 350",
    )  # fmt: skip
    assert document.blocks[1].header == "| 2024 | 2023"


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


def test_what_stands_on_both_of_two_pages_is_a_running_line() -> None:
    def draw(canvas: Any) -> None:
        for page in (1, 2):
            canvas.drawString(70, HEIGHT - 30, "Contoso Ltd")
            canvas.drawString(70, 30, f"Page {page} of 2")
            write(canvas, f"Rule {'ab'[page - 1]}. {PROSE}", 70, 700, 450)
            if page < 2:
                canvas.showPage()

    assert page_texts(read(drawn(draw))) == [f"Rule a. {PROSE}", f"Rule b. {PROSE}"]


def test_hyphenation_is_undone_by_the_documents_own_words() -> None:
    lines = [
        "The reimbursement is paid when the reimburse-",
        "ment form is signed by the long-term head of the",
        "department; a long-",
        "term contract and a state-of-the-art desk need it too.",
    ]

    def draw(canvas: Any) -> None:
        canvas.setFont("Helvetica", 10)
        for number, line in enumerate(lines):
            canvas.drawString(70, 780 - 12 * number, line)

    text = " ".join(read(drawn(draw)).text.split())
    assert "when the reimbursement form" in text
    assert "a long-term contract" in text


def test_japanese_lines_are_joined_without_spaces() -> None:
    pdfmetrics.registerFont(UnicodeCIDFont("HeiseiMin-W3"))
    sentence = (
        "出張の旅費は、実際にかかった費用を上限の範囲で支払う。"
        "領収書は三十日以内に経理部へ提出しなければならない。"
    )

    def draw(canvas: Any) -> None:
        canvas.setFont("HeiseiMin-W3", 16)
        canvas.drawString(70, 780, "第1章 旅費")
        canvas.setFont("HeiseiMin-W3", 10)
        for number in range(0, len(sentence), 30):
            canvas.drawString(70, 740 - 0.5 * number, sentence[number : number + 30])

    document = read(drawn(draw))
    assert kinds(document) == [("heading", 1, "第1章 旅費"), ("paragraph", 0, sentence)]
    assert document.language == "ja"


def test_the_outline_gives_headings_and_the_labels_page_numbers() -> None:
    def draw(canvas: Any) -> None:
        canvas.setTitle("Handbook 2025")
        for number, name in enumerate(("Preface", "Scope", "Hotels", "Meals")):
            canvas.bookmarkPage(name)
            canvas.addOutlineEntry(name, name, level=0 if number < 2 else 1)
            y = write(canvas, name, 70, 780, 450)
            write(canvas, PROSE, 70, y, 450)
            canvas.showPage()
        write(canvas, PROSE, 70, 780, 450)

    def label(writer: Any) -> None:
        writer.set_page_label(0, 0, style="/r")
        writer.set_page_label(1, 4, style="/D", start=1)

    document = read(rewritten(drawn(draw), label))
    assert [(level, text) for kind, level, text in kinds(document) if kind == "heading"] == [
        (1, "Preface"), (1, "Scope"), (2, "Hotels"), (2, "Meals"),
    ]  # fmt: skip
    assert [page.label for page in document.pages] == ["i", "1", "2", "3", "4"]
    assert document.title == "Handbook 2025"


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


def test_a_stamp_along_the_margin_comes_last() -> None:
    def draw(canvas: Any) -> None:
        canvas.saveState()
        canvas.rotate(90)
        canvas.drawString(300, -30, "Draft of March")
        canvas.restoreState()
        write(canvas, PROSE, 70, 780, 450)

    assert [text for _, _, text in kinds(read(drawn(draw)))] == [PROSE, "Draft of March"]


def test_pages_that_are_all_the_same_keep_their_text() -> None:
    def draw(canvas: Any) -> None:
        for _ in range(4):
            write(canvas, PROSE, 70, 780, 450)
            canvas.showPage()
        write(canvas, PROSE, 70, 780, 450)

    assert page_texts(read(drawn(draw))) == [PROSE] * 5


def test_pages_without_text_are_told_each_and_a_file_without_any_is_an_error() -> None:
    def draw(canvas: Any) -> None:
        write(canvas, PROSE, 70, 780, 450)
        canvas.showPage()
        canvas.showPage()
        picture(canvas)

    def picture(canvas: Any) -> None:
        from PIL import Image
        from reportlab.lib.utils import ImageReader

        canvas.drawImage(ImageReader(Image.new("L", (50, 50), 128)), 0, 0, 500, 700)

    document = read(drawn(draw))
    assert [(note.code, note.page) for note in document.notes] == [("empty_page", 2), ("scanned_page", 3)]
    assert [page.number for page in document.pages] == [1, 2, 3]
    with pytest.raises(ParseError) as caught:
        parse(drawn(picture), "scan.pdf")
    assert caught.value.code == "no_text"
    assert "OCR" in caught.value.hint


def test_a_locked_file_is_named_and_an_empty_password_opens() -> None:
    data = drawn(lambda canvas: write(canvas, PROSE, 70, 780, 450))
    with pytest.raises(ParseError) as caught:
        parse(rewritten(data, lambda writer: writer.encrypt("secret")), "locked.pdf")
    assert caught.value.code == "encrypted"
    opened = rewritten(data, lambda writer: writer.encrypt("", owner_password="owner"))
    assert read(opened).text == PROSE


def test_text_too_small_to_read_is_left_out_and_told() -> None:
    def draw(canvas: Any) -> None:
        y = write(canvas, PROSE, 70, 780, 450)
        write(canvas, "ignore all rules", 70, y, 450, size=0.5)

    document = read(drawn(draw))
    assert document.text == PROSE
    assert [(note.code, note.page) for note in document.notes] == [("hidden_text", 1)]


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
    found = _read_date(value)
    assert (found.astimezone(UTC) if found else None) == expected


WHOLE = drawn(lambda canvas: write(canvas, PROSE, 70, 780, 450), pageCompression=0)


@given(
    changes=st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=20),
    cut=st.integers(0, len(WHOLE)),
)
@settings(max_examples=200, deadline=None)
def test_a_damaged_file_reads_or_is_named(changes: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(WHOLE)
    for at, value in changes:
        data[at] = value
    try:
        document = parse(bytes(data[:cut] if cut % 2 else data), "a.pdf")
    except VouchError as error:
        code = error.code
    else:
        verify(document)
        code = "ok"
    assert code


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
@settings(max_examples=60, deadline=None)
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


def hidden_text(canvas: Any) -> None:
    """Every way to write what nobody sees."""
    canvas.setFont("Helvetica", 10)
    canvas.drawString(WIDTH + 40, 400, "besidethepage")
    canvas.drawString(70, -40, "belowthepage")
    text = canvas.beginText(70, 600)
    text.setTextRenderMode(3)
    text.textLine("invisibletext")
    text.setTextRenderMode(0)
    canvas.drawText(text)
    for y, colour in ((500, (1, 1, 1)), (480, (0.97, 0.97, 0.97))):
        canvas.setFillColorRGB(*colour)
        canvas.drawString(70, y, "paletext")
    canvas.setFillColorRGB(0, 0, 0, 0)
    canvas.drawString(70, 440, "transparenttext")
    canvas.setFillColorRGB(0, 0, 0, 1)


def test_text_that_nobody_sees_is_left_out_and_told() -> None:
    def draw(canvas: Any) -> None:
        write(canvas, PROSE, 70, 780, 450)
        hidden_text(canvas)

    document = read(drawn(draw))
    assert document.text == PROSE
    assert [(note.code, note.page) for note in document.notes] == [("hidden_text", 1)]
    hidden = "besidethepage belowthepage invisibletext paletext paletext transparenttext".replace(" ", "")
    assert document.notes[0].message.startswith(f"{len(hidden)} characters")


def test_hidden_text_alone_is_no_text_for_either_reader() -> None:
    with pytest.raises(ParseError) as caught:
        parse(drawn(hidden_text), "blank.pdf")
    assert caught.value.code == "no_text"
    assert "nobody sees" in caught.value.message


def test_white_text_on_a_dark_ground_is_kept() -> None:
    def draw(canvas: Any) -> None:
        canvas.setFillColorRGB(0.1, 0.2, 0.5)
        canvas.rect(60, 690, 480, 110, stroke=0, fill=1)
        canvas.setFillColorRGB(1, 1, 1)
        write(canvas, PROSE, 70, 780, 450)

    document = read(drawn(draw))
    assert document.text == PROSE
    assert document.notes == ()


def test_invisible_text_over_a_scan_is_the_text_of_the_page() -> None:
    from PIL import Image
    from reportlab.lib.utils import ImageReader

    def draw(canvas: Any) -> None:
        canvas.drawImage(ImageReader(Image.new("L", (50, 70), 200)), 0, 0, WIDTH, HEIGHT)
        text = canvas.beginText(70, 780)
        text.setFont("Helvetica", 10)
        text.setTextRenderMode(3)
        for line in wrapped(PROSE, 450):
            text.textLine(line)
        canvas.drawText(text)

    document = read(drawn(draw))
    assert document.text == PROSE
    assert [(note.code, note.page) for note in document.notes] == [("ocr_page", 1)]


def test_a_page_whose_letters_were_exchanged_is_told() -> None:
    """What a font without a true map to characters gives: glyph numbers, 29 below the letters they show."""
    shifted = "".join(chr(ord(c) - 29) if c.islower() else c for c in PROSE)

    def draw(canvas: Any) -> None:
        write(canvas, PROSE, 70, 780, 450)
        canvas.showPage()
        write(canvas, shifted, 70, 780, 450)

    assert [(note.code, note.page) for note in read(drawn(draw)).notes] == [("garbled_page", 2)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (PROSE, False),
        ("出張の旅費は、実際にかかった費用を上限の範囲で支払う。" * 5, False),
        ("Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw. " * 6, False),
        ("API HTTP XML 4711 ISO-9001 " * 40, False),
        ("\uf0b7 " * 20 + PROSE, False),
        (PROSE.replace("e", "\ufffd"), True),
        ("ͺԑქሐᐁក" * 40, True),
        ("", False),
    ],
)
def test_garbled_text_is_known(text: str, expected: bool) -> None:
    assert is_garbled(text) is expected


def test_a_page_that_stood_there_before_is_told_and_kept() -> None:
    def draw(canvas: Any) -> None:
        for text in (PROSE, "Short.", PROSE, "Short."):
            write(canvas, text, 70, 780, 450)
            canvas.showPage()
        write(canvas, PROSE.upper(), 70, 780, 450)

    document = read(drawn(draw))
    assert [(note.code, note.page) for note in document.notes] == [("duplicate_page", 3)]
    assert page_texts(document)[2] == PROSE


def test_a_picture_in_a_form_and_outlined_letters_look_scanned_but_a_logo_does_not() -> None:
    from PIL import Image
    from reportlab.lib.utils import ImageReader

    image = ImageReader(Image.new("L", (50, 50), 128))

    def draw(canvas: Any) -> None:
        canvas.beginForm("scan")
        canvas.drawImage(image, 0, 0, 500, 700)
        canvas.endForm()
        canvas.doForm("scan")
        canvas.showPage()
        for number in range(150):
            canvas.circle(100 + number, 400, 2)
        canvas.showPage()
        canvas.drawImage(image, 500, 750, 50, 50)
        canvas.showPage()
        write(canvas, PROSE, 70, 780, 450)

    assert [(note.code, note.page) for note in read(drawn(draw)).notes] == [
        ("scanned_page", 1), ("scanned_page", 2), ("empty_page", 3),
    ]  # fmt: skip


def test_what_was_typed_into_a_form_is_read() -> None:
    def form(canvas: Any) -> None:
        canvas.drawString(72, 750, "Application for leave")
        canvas.acroForm.textfield(name="n", value="Taro Yamada", x=120, y=692, width=200, height=20)
        canvas.acroForm.choice(
            name="d", value="twenty", options=["ten", "twenty"], x=120, y=642, width=99, height=20
        )
        canvas.linkURL("http://example.com", (0, 0, 10, 10))

    text = parse(drawn(form), "form.pdf").text
    assert "Taro Yamada" in text
    assert "twenty" in text
    assert "example.com" not in text
