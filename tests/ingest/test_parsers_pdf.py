"""PDFs as people get them: headings, columns, tables."""

from __future__ import annotations

from typing import Any

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont

from tests.ingest.blocks import kinds
from tests.ingest.paper import WIDTH, drawn, ruled, wrapped, write
from tests.ingest.reports import PROSE, page_texts, read, rewritten


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


def test_hyphenation_is_undone_by_the_documents_own_words() -> None:
    lines = [
        "The reimbursement is paid when the reimburse-",
        "ment form is signed by the long-term head of the",
        "department; a long-",
        "term contract and a state-of-the-art desk need it too. It was the newly-",
        "appointed head who in to-",
        "tal had to sign five.",
    ]

    def draw(canvas: Any) -> None:
        canvas.setFont("Helvetica", 10)
        for number, line in enumerate(lines):
            canvas.drawString(70, 780 - 12 * number, line)

    text = " ".join(read(drawn(draw)).text.split())
    assert "when the reimbursement form" in text
    assert "a long-term contract" in text
    assert "the newly-appointed head who in total had to sign" in text


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


def test_an_outline_without_the_numbers_of_its_headings_gives_them_all_the_same() -> None:
    shown = ("Chapter 1 Travel", "1.1 Hotels", "1.2 Meals", "A Forms", "第2章 旅費")
    twice = ("Appeals", "3.1 Appeals")  # a chapter and its first section

    def draw(canvas: Any) -> None:
        pdfmetrics.registerFont(UnicodeCIDFont("HeiseiMin-W3"))
        for number, name in enumerate(("Travel", "Hotels", "Meals", "Forms", "旅費")):
            canvas.bookmarkPage(name)
            canvas.addOutlineEntry(name, name, level=int(number in (1, 2)))
            canvas.setFont(
                "HeiseiMin-W3", 10
            )  # as large as the body: the outline alone knows it for a heading
            canvas.drawString(70, 780, shown[number])
            y = write(canvas, PROSE, 70, 740, 450)
            write(canvas, "2 Nights at most", 70, y - 20, 450, size=15)  # larger, and in no outline
            canvas.showPage()
        for level, name in enumerate(twice):
            canvas.bookmarkPage(name)
            canvas.addOutlineEntry("Appeals", name, level=level)
            y = write(canvas, name, 70, 780 - 200 * level, 450)
            write(canvas, PROSE, 70, y - 20, 450)

    document = read(drawn(draw))
    assert [(level, text) for kind, level, text in kinds(document) if kind == "heading"] == list(
        zip((1, 2, 2, 1, 1, 1, 2), shown + twice, strict=True)
    )


def test_pages_that_are_all_the_same_keep_their_text() -> None:
    def draw(canvas: Any) -> None:
        for _ in range(4):
            write(canvas, PROSE, 70, 780, 450)
            canvas.showPage()
        write(canvas, PROSE, 70, 780, 450)

    assert page_texts(read(drawn(draw))) == [PROSE] * 5


def test_lines_that_stand_further_in_than_the_first_of_their_paragraph_go_on_with_it() -> None:
    lines = wrapped(f"[21] {PROSE.replace('.', ',')}", 430)

    def draw(canvas: Any) -> None:
        canvas.setFont("Helvetica", 10)
        for number, line in enumerate(lines):
            canvas.drawString(90 if number else 70, 780 - 12 * number, line)
        write(canvas, PROSE, 70, 780 - 12 * len(lines) - 8, 450)

    assert kinds(read(drawn(draw))) == [("paragraph", 0, " ".join(lines)), ("paragraph", 0, PROSE)]


def test_lines_of_a_heading_in_the_middle_of_a_page_do_not_hang() -> None:
    lines = (
        "CONDENSED STATEMENTS OF COMPREHENSIVE INCOME OF THE WHOLE GROUP",
        "(in millions)",
        "(in millions)",
    )

    def draw(canvas: Any) -> None:
        canvas.setFont("Helvetica", 10)
        for number, line in enumerate(lines):
            canvas.drawCentredString(WIDTH / 2, 780 - 12 * number, line)

    assert kinds(read(drawn(draw)))[0] == ("paragraph", 0, lines[0])


def test_where_all_is_bold_being_bold_makes_no_heading() -> None:
    def draw(canvas: Any) -> None:
        y = write(canvas, "Travel", 70, 780, 450, font="Helvetica-Bold", size=20)
        for text in (PROSE, "Ask us", PROSE, PROSE):
            y = write(canvas, text, 70, y, 450, font="Helvetica-Bold")

    headings = [text for kind, _, text in kinds(read(drawn(draw))) if kind == "heading"]
    assert headings == ["Travel"]


def test_a_line_below_the_first_word_after_a_number_goes_on_with_its_paragraph() -> None:
    def draw(canvas: Any) -> None:
        canvas.setFont("Helvetica", 10)
        for x, y, text in (
            (70, 780, ".1"), (100, 780, "The intent of this request is to ask for offers, in"),
            (100, 768, "the format below."), (70, 744, ".2"), (100, 744, "Offers are due in May."),
            (70, 720, PROSE[:88]),
        ):  # fmt: skip
            canvas.drawString(x, y, text)

    texts = [text for _, _, text in kinds(read(drawn(draw)))]
    assert ".1 The intent of this request is to ask for offers, in the format below." in texts
    assert any(text.startswith(".2 Offers are due in May.") for text in texts)


def test_lines_of_a_table_of_contents_are_no_headings_and_have_no_leaders() -> None:
    def draw(canvas: Any) -> None:
        y = write(canvas, "Contents", 70, 780, 450, font="Helvetica-Bold", size=20)
        for line in (f"1 Introduction {'.' * 60} 7", f"2 Structure of the file {'.' * 50} 9"):
            y = write(canvas, line, 70, y, 450, font="Helvetica-Bold", size=12)
        write(canvas, PROSE, 70, y, 450)

    found = kinds(read(drawn(draw)))
    assert [text for kind, _, text in found if kind == "heading"] == ["Contents"]
    assert "..." not in "".join(text for _, _, text in found)


def test_cells_that_stand_close_are_told_apart_by_their_columns() -> None:
    rows = [
        ("Pos", "Goods", "Qty", "Unit", "Total"),
        ("1", "Pump with a mounting kit", "2", "120.00 €", "240.00 €"),
        ("2", "Service on the site", "1", "80.00 €", "80.00 €"),
        ("3", "Hose of two metres", "4", "12.50 €", "50.00 €"),
    ]

    def draw(canvas: Any) -> None:
        canvas.setFont("Helvetica", 10)
        for at, row in enumerate(rows):
            for x, cell in zip((70, 98, 232, 261, 311), row, strict=True):
                canvas.drawString(x, 700 - 16 * at, cell)

    assert kinds(read(drawn(draw))) == [("table", 0, "\n".join(" | ".join(row) for row in rows))]


def test_a_bold_word_at_the_beginning_makes_no_heading_of_its_line() -> None:
    def draw(canvas: Any) -> None:
        y = write(canvas, PROSE, 70, 780, 450)
        canvas.setFont("Helvetica-Bold", 10)
        canvas.drawString(70, y, "1. General.")
        lines = wrapped(PROSE, 390)
        canvas.setFont("Helvetica", 10)
        canvas.drawString(130, y, lines[0])
        for at, line in enumerate(wrapped(" ".join(lines[1:]), 450), 1):
            canvas.drawString(70, y - 12 * at, line)

    assert [(kind, text) for kind, _, text in kinds(read(drawn(draw)))] == [
        ("paragraph", PROSE),
        ("list", f"1. General. {PROSE}"),
    ]


def test_a_long_word_in_another_font_ends_no_paragraph() -> None:
    pdfmetrics.registerFont(TTFont("Vera", "Vera.ttf"))

    def draw(canvas: Any) -> None:
        canvas.setFont("Helvetica", 10)
        canvas.drawString(70, 700, "All of them are paid for by the company and the")
        canvas.drawString(70, 688, "rules of")
        canvas.setFont("Vera", 10)
        canvas.drawString(112, 688, "reimbursement")
        canvas.setFont("Helvetica", 10)
        canvas.drawString(194, 688, "say when and how it")
        canvas.drawString(70, 676, "is done, and who has to agree to it beforehand.")

    assert read(drawn(draw)).text == (
        "All of them are paid for by the company and the rules of reimbursement say when and how it is done, "
        "and who has to agree to it beforehand."
    )


def test_an_amount_well_apart_from_its_sign_is_one_cell_below_a_header_that_stands_over_the_sign() -> None:
    names = ("Balances at the start", "New", "Vested", "Forfeited and cancelled")
    rows = [("Grant", "Shares", "Price"), *((name, f"{n}1", f"$ {n}9.70") for n, name in enumerate(names, 1))]

    def draw(canvas: Any) -> None:
        canvas.setFont("Helvetica", 10)
        for at, (name, count, price) in enumerate(rows):
            sign, _, amount = price.partition(" ")
            for x, text in ((70, name), (200, count), (300, sign), (345, amount)):
                canvas.drawString(x, 700 - 14 * at, text)

    assert kinds(read(drawn(draw))) == [("table", 0, "\n".join(" | ".join(row) for row in rows))]


def test_words_wide_apart_in_two_rows_of_three_are_no_columns() -> None:
    rows = [("Slip A", "Day", "Goods"), ("Slip B", "1", "Rice"), ("Bar", "2", "Tea")]

    def draw(canvas: Any) -> None:
        canvas.setFont("Helvetica", 10)
        for at, (slip, *others) in enumerate(rows):
            first, _, second = slip.partition(" ")
            for x, text in zip((70, 97, 180, 300), (first, second, *others), strict=True):
                canvas.drawString(x, 700 - 14 * at, text)

    assert kinds(read(drawn(draw))) == [("table", 0, "\n".join(" | ".join(row) for row in rows))]
