"""PDFs as browsers and programs that print web pages make them."""

from __future__ import annotations

from typing import Any

import pytest
from reportlab.pdfbase.pdfmetrics import stringWidth

from tests.ingest.blocks import kinds
from tests.ingest.paper import drawn, wrapped, write
from tests.ingest.reports import PROSE, read


def test_bullets_that_are_drawn_make_a_list() -> None:
    items = ["Head office: 4102", "Service desk: 4711", "at night: 5550", "Physician: on Tuesdays"]

    def draw(canvas: Any) -> None:
        y = write(canvas, PROSE, 70, 780, 450)
        for at, item in enumerate(items):
            x = 110 if at == 2 else 90
            canvas.circle(x - 8, y + 3, 2, stroke=at == 2, fill=at != 2)
            canvas.drawString(x, y, item)
            y -= 14

    assert kinds(read(drawn(draw)))[1:] == [
        ("list", 0, "• Head office: 4102\n• Service desk: 4711\n  • at night: 5550\n• Physician: on Tuesdays")
    ]


def test_drawn_marks_inside_a_line_or_as_high_as_its_letters_are_no_bullets() -> None:
    def draw(canvas: Any) -> None:
        y = write(canvas, PROSE, 70, 780, 450)
        canvas.drawString(70, y, "Sales")
        canvas.circle(103, y + 3, 2, fill=1)
        canvas.drawString(110, y, "grew again")
        canvas.rect(70, y - 40, 8, 8, fill=1)
        canvas.drawString(84, y - 40, "Approved by the head of the department")

    text = read(drawn(draw)).text
    assert "•" not in text
    assert text.endswith("Approved by the head of the department")


def test_a_box_beside_running_text_is_no_table() -> None:
    note = ["Remember: the certificate", "goes to Human Resources", "and never to your manager."]

    def draw(canvas: Any) -> None:
        canvas.setFont("Helvetica", 10)
        for at, line in enumerate(note):
            canvas.drawString(400, 760 - 14 * at, line)
        lines = wrapped(PROSE, 300)
        for at, line in enumerate(lines):
            canvas.drawString(70, 774 - 14 * at, line)
        write(canvas, PROSE, 70, 760 - 14 * len(lines), 450)

    assert sorted(text for _, _, text in kinds(read(drawn(draw)))) == sorted([" ".join(note), PROSE, PROSE])


BOXES = (
    ("Plan", "Choose the sites. Ask the", "works council, and the", "insurer where goods are", "stored."),
    ("Install", "Two people need a day for", "each site; the doors stay", "open for an hour."),
    ("Check", "Compare the readings of", "a week. Then sign the", "report and send it in."),
)


@pytest.mark.parametrize("by_rows", [False, True])
def test_boxes_of_text_side_by_side_are_read_one_after_the_other(by_rows: bool) -> None:
    """As on slides; a table is drawn row by row."""
    places = [(60 + 170 * x, 600 - 14 * y, line) for x, box in enumerate(BOXES) for y, line in enumerate(box)]

    def draw(canvas: Any) -> None:
        y = write(canvas, PROSE, 60, 780, 480)
        for x, at, line in sorted(places, key=lambda place: (-place[1], place[0])) if by_rows else places:
            canvas.drawString(x, y - 600 + at, line)

    text = " ".join(read(drawn(draw)).text.split())
    assert all((" ".join(box[1:]) in text) is not by_rows for box in BOXES)


def test_ragged_columns_below_text_are_read_one_after_the_other() -> None:
    """The lines of the first column end at places that are far apart."""
    left = [
        "somebody else knows it, and not so otherwise.",
        "Passwords are kept in the password manager which",
        "the service desk installs on all computers. Nobody",
        "of the service desk will ever ask you for one,",
        "neither on the telephone nor by mail.",
    ]
    right = [
        "Tell the service desk at once when a telephone or a",
        "computer is lost, at any time of the day: extension",
        "4711. The device is then locked and wiped from afar.",
        "What was not saved on the server is lost with it, so",
        "do save your work there. A replacement is handed",
        "out within two working days, and the loss is reported",
        "to the insurance.",
    ]

    def draw(canvas: Any) -> None:
        canvas.setFont("Helvetica", 11)
        for x, column in ((34, left), (317, right)):
            for at, line in enumerate(column):
                canvas.drawString(x, 753 - 16 * at, line)
        canvas.drawString(34, 656, "3.2 Lost devices")
        canvas.drawString(34, 608, "4. Contacts")
        for at in range(4):
            canvas.drawString(52, 578 - 16 * at, "• Human Resources: Ellen Marsh, extension 4102")

    text = " ".join(read(drawn(draw)).text.split())
    assert " ".join(left) in text
    assert " ".join(right) in text


def test_a_slightly_larger_title_between_tables_is_of_neither() -> None:
    def draw(canvas: Any) -> None:
        y = write(canvas, PROSE, 70, 780, 450)
        for size, bold, rows in (
            (
                9,
                False,
                [["Hotel", "140.00", "always"], ["Breakfast", "12.50", "no"], ["Train", "80.00", "always"]],
            ),
            (10, True, [["2.1 Mileage"]]),
            (9, False, [["Car", "0.30", "450.00"], ["Bicycle", "0.05", "25.00"], ["Bus", "0.10", "90.00"]]),
        ):
            y -= 10
            canvas.setFont("Helvetica-Bold" if bold else "Helvetica", size)
            for cells in rows:
                for x, cell in zip((76, 200, 300), cells, strict=False):
                    canvas.drawString(70 if bold else x, y, cell)
                y -= 16

    assert [(kind, text.count("\n")) for kind, _, text in kinds(read(drawn(draw)))][1:] == [
        ("table", 2),
        ("heading", 0),
        ("table", 2),
    ]


ITEM = "(1) Fares of trains, ships and aeroplanes, and those of taxis and hired cars where there was no bus."


def test_a_line_further_out_than_the_item_above_it_is_none_of_it() -> None:
    def draw(canvas: Any) -> None:
        y = write(canvas, PROSE, 70, 780, 450)
        canvas.drawString(90, y, ITEM)
        canvas.drawString(70, y - 12, "Daily allowances")

    assert kinds(read(drawn(draw)))[1:] == [
        ("list", 0, ITEM),
        ("paragraph", 0, "Daily allowances"),
    ]


def test_a_numbered_line_in_slightly_larger_letters_is_a_heading() -> None:
    """The fonts that browsers make have no names, and do not say how heavy they are."""

    def draw(canvas: Any) -> None:
        y = write(canvas, "Article 3 Allowances", 70, 780, 450, size=11)
        write(canvas, PROSE, 70, y, 450)

    assert [kind for kind, _, _ in kinds(read(drawn(draw)))] == ["heading", "paragraph"]


def test_a_count_in_slightly_larger_letters_is_no_heading() -> None:
    """Forms number their fields ("25 Tax withheld"), and "12 apples" are no chapter."""

    def draw(canvas: Any) -> None:
        y = write(canvas, "25 Tax withheld", 70, 780, 450, size=11)
        write(canvas, PROSE, 70, y, 450)

    assert [kind for kind, _, _ in kinds(read(drawn(draw)))] == ["paragraph", "paragraph"]


def test_a_large_line_above_a_table_heads_none_of_its_columns() -> None:
    """One of its words begins where the second column does."""

    def draw(canvas: Any) -> None:
        canvas.setFont("Helvetica", 18)
        canvas.drawString(70, 715, "Safety in the cold store")
        at = 70 + stringWidth("Safety in ", "Helvetica", 18)
        canvas.setFont("Helvetica", 10)
        for n, (label, text) in enumerate(
            (("To", "all staff"), ("From", "Ruth Dover"), ("Subject", "New rules"))
        ):
            canvas.drawString(70, 695 - 16 * n, label)
            canvas.drawString(at, 695 - 16 * n, text)

    assert next(text for _, _, text in kinds(read(drawn(draw)))) == "Safety in the cold store"


def test_lines_below_the_text_of_a_bullet_are_its_item_wherever_they_end() -> None:
    """A slide printed small beside its notes, or a cell: the lines end far from the page's edge."""

    def draw(canvas: Any) -> None:
        y = write(canvas, PROSE, 70, 780, 450)
        hang = stringWidth("• ", "Helvetica", 10)
        for at, line in enumerate(
            ("• Appearance of documents that contain", "Fonts of other firms", "• Passwords")
        ):
            canvas.drawString(80 if line[0] == "•" else 80 + hang, y - 12 * at, line)

    assert kinds(read(drawn(draw)))[1:] == [
        ("list", 0, "• Appearance of documents that contain Fonts of other firms\n• Passwords")
    ]
