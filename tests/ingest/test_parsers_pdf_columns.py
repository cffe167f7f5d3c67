"""PDFs in two columns."""

from __future__ import annotations

from typing import Any

import pytest
from reportlab.pdfbase.pdfmetrics import stringWidth

from tests.ingest.blocks import kinds
from tests.ingest.paper import drawn, ruled, wrapped, write
from tests.ingest.reports import PROSE, read


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


def test_a_ruled_table_in_one_of_two_columns_parts_that_column_alone() -> None:
    first, second, third = (PROSE.replace("Employees", who) for who in ("Drivers", "Cooks", "Porters"))

    def draw(canvas: Any) -> None:
        y = write(canvas, "News of the month", 70, 780, 450, font="Helvetica-Bold", size=18)
        left = write(canvas, first, 70, y, 220)
        write(canvas, second, 70, left, 220)
        right = write(canvas, "The table says it.", 310, y, 220)
        ruled(canvas, [("Site", "Now"), ("Osaka", "12"), ("Kyoto", "4")], 310, right, 100, 20)
        write(canvas, third, 310, right - 80, 220)

    assert [text for _, _, text in kinds(read(drawn(draw)))] == [
        "News of the month",
        first,
        second,
        "The table says it.",
        "Site | Now\nOsaka | 12\nKyoto | 4",
        third,
    ]


def test_a_paragraph_goes_on_in_the_next_column_past_a_footnote() -> None:
    lines = wrapped(f"{PROSE} {PROSE}", 220)
    half = next(n for n in range(len(lines) // 2, len(lines)) if lines[n][0].islower())

    def draw(canvas: Any) -> None:
        write(canvas, "1 Measured by the works.", 70, 780 - 12 * half - 20, 220, size=7)
        canvas.setFont("Helvetica", 10)
        for n, line in enumerate(lines):
            canvas.drawString(70 if n < half else 310, 780 - 12 * (n if n < half else n - half), line)

    assert [text for _, _, text in kinds(read(drawn(draw)))] == [
        f"{PROSE} {PROSE}",
        "1 Measured by the works.",
    ]


def test_two_columns_below_a_table_and_their_bullets_are_read_one_after_the_other() -> None:
    first, second = (f"{PROSE.replace('Employees', who)} {PROSE}" for who in ("Drivers", "Cooks"))
    rows = [("City", "Hotel", "Meals"), *((f"Town {n}", f"1{n}", f"3{n}") for n in range(10, 34))]

    def draw(canvas: Any) -> None:
        canvas.setFont("Helvetica", 10)
        for at, row in enumerate(rows):
            for x, cell in zip((70, 210, 400), row, strict=True):
                canvas.drawString(x, 780 - 14 * at, cell)
        write(canvas, first, 70, 400, 220)
        y = write(canvas, second, 310, 400, 220)
        for at, item in enumerate(("Keep all of the receipts", "Ask the finance department")):
            canvas.drawString(312, y - 12 * at, "•")
            canvas.drawString(330, y - 12 * at, item)

    assert [(kind, text) for kind, _, text in kinds(read(drawn(draw)))] == [
        ("table", "\n".join(" | ".join(row) for row in rows)),
        ("paragraph", first),
        ("paragraph", second),
        ("list", "• Keep all of the receipts\n• Ask the finance department"),
    ]


def test_a_table_of_names_and_what_they_mean_is_no_two_columns() -> None:
    rows = [(f"Filter{number}Decode", wrapped(PROSE, 200)[:3]) for number in range(7)]

    def draw(canvas: Any) -> None:
        y = write(canvas, PROSE, 70, 780, 450)
        for name, lines in rows:
            canvas.drawString(70, y, name)
            for at, line in enumerate(lines):
                canvas.drawString(165, y - 12 * at, line)
            y -= 48

    text = read(drawn(draw)).text
    assert all(
        f"Filter{number}Decode" not in text.split(f"Filter{number - 1}Decode")[1][:40]
        for number in range(1, 7)
    )


def test_items_whose_marks_stand_apart_are_no_table() -> None:
    marked = [
        ("•", "Keep the receipts"),
        ("•", "Ask the department"),
        ("•", "Hand them in"),
        ("1.", "Sign"),
        ("2.", "Send"),
    ]

    def draw(canvas: Any) -> None:
        write(canvas, PROSE, 70, 780, 450)
        for at, (mark, words) in enumerate(marked):
            canvas.drawString(80, 690 - 14 * at, mark)
            canvas.drawString(100, 690 - 14 * at, words)

    assert [(kind, text) for kind, _, text in kinds(read(drawn(draw)))][1:] == [
        ("list", "\n".join(f"{mark} {words}" for mark, words in marked))
    ]


@pytest.mark.parametrize("mark", ["1.", "a)", "–", "*", "•"])
def test_steps_of_a_slide_are_a_list_however_far_their_text_stands_from_the_marks(mark: str) -> None:
    steps = ("Wear a badge at all times", "Lock the door of the room", "Report visitors to the desk")

    def draw(canvas: Any) -> None:
        canvas.setFont("Helvetica", 18)
        for at, step in enumerate(steps):
            canvas.drawString(60, 700 - 30 * at, mark)
            canvas.drawString(110, 700 - 30 * at, step)

    assert kinds(read(drawn(draw))) == [("list", 0, "\n".join(f"{mark} {step}" for step in steps))]


@pytest.mark.parametrize(
    "rows",
    [
        [("Rank", "City"), ("1.", "Tokyo"), ("2.", "Osaka"), ("3.", "Kyoto")],
        [("Grade", "Days of leave"), ("a)", "20"), ("b)", "24"), ("c)", "28")],
        [("Item", "2023"), ("-", "5"), ("Rent", "7"), ("-", "8")],
        [("Code", "Meaning"), ("*", "required"), ("-", "not used"), ("•", "optional")],
    ],
)
def test_marks_below_a_header_are_cells_of_a_table(rows: list[tuple[str, str]]) -> None:
    def draw(canvas: Any) -> None:
        canvas.setFont("Helvetica", 10)
        for at, row in enumerate(rows):
            for x, cell in zip((70, 150), row, strict=True):
                canvas.drawString(x, 700 - 14 * at, cell)

    assert kinds(read(drawn(draw))) == [("table", 0, "\n".join(" | ".join(row) for row in rows))]


def test_a_numbered_heading_is_no_item_of_the_list_below_it_and_bullets_go_with_their_text() -> None:
    def draw(canvas: Any) -> None:
        write(canvas, PROSE, 70, 780, 450)
        for y, heading in ((650, "1. Scope"), (580, "2. Rules")):
            write(canvas, heading, 70, y, 450, size=15)
            for at, item in enumerate(("(1) Keep the receipts", "(2) Hand them in")):
                canvas.setFont("Helvetica", 10)
                canvas.drawString(70, y - 25 - 12 * at, item)
        canvas.drawString(90, 500, "Ask the department")
        write(canvas, PROSE, 70, 480, 450)
        canvas.drawString(70, 500, "•")  # some programs draw the marks last

    assert [(kind, text) for kind, _, text in kinds(read(drawn(draw)))] == [
        ("paragraph", PROSE),
        ("heading", "1. Scope"),
        ("list", "(1) Keep the receipts\n(2) Hand them in"),
        ("heading", "2. Rules"),
        ("list", "(1) Keep the receipts\n(2) Hand them in\n• Ask the department"),
        ("paragraph", PROSE),
    ]


def test_a_number_whose_lines_hang_below_it_begins_a_paragraph() -> None:
    above = "The company pays for what its employees need when they travel."
    wide = stringWidth(above, "Helvetica", 10)
    lines = wrapped(PROSE, wide - 12)

    def draw(canvas: Any) -> None:
        canvas.setFont("Helvetica", 10)
        canvas.drawString(70, 700, above)
        canvas.drawString(72, 688, "1")
        for at, line in enumerate(lines):
            canvas.drawString(82, 688 - 12 * at, line)

    assert [text for _, _, text in kinds(read(drawn(draw)))] == [above, f"1 {PROSE}"]


def test_justified_lines_beside_a_box_are_one_paragraph_with_those_below_it() -> None:
    lines = wrapped(PROSE, 250)
    beside, below = lines[:4], " ".join(lines[4:])

    def draw(canvas: Any) -> None:
        y = 780
        for at, line in enumerate(beside):
            text = canvas.beginText(70, y - 12 * at)
            text.setFont("Helvetica", 10)
            text.setWordSpace((260 - stringWidth(line, "Helvetica", 10)) / line.count(" "))
            text.textLine(line)
            canvas.drawText(text)
        canvas.setFont("Helvetica", 10)
        canvas.drawString(70, y - 12 * len(beside), below)

    assert [text for _, _, text in kinds(read(drawn(draw)))] == [PROSE]


def _lines_of_contents(entries: list[tuple[str, str]]) -> list[str]:
    """Returns the lines read from contents without leaders: the chapters bold, the page numbers at the right edge."""

    def draw(canvas: Any) -> None:
        for at, (title, page) in enumerate(entries):
            is_section = "." in title.split()[0]
            canvas.setFont("Helvetica" if is_section else "Helvetica-Bold", 10)
            canvas.drawString(78 if is_section else 66, 780 - 14 * at, title)
            canvas.setFont("Helvetica", 10)
            canvas.drawRightString(433, 780 - 14 * at, page)

    return [line for _, _, text in kinds(read(drawn(draw))) for line in text.splitlines()]


def test_titles_and_page_numbers_of_contents_are_no_two_columns_of_text() -> None:
    titles = (
        "8 Families of employees,8.1 Maternity and adoption,8.2 Paternity and partner leave,8.3 Neonatal care",
        "8.4 Children and dependants,9 Performance and learning,9.1 Conversations,9.2 Study budget",
        "9.3 Language lessons,9.4 Engineering ladder,9.5 When things go wrong,10 How we behave,10.1 Respect",
        "10.2 Gifts and hospitality,10.3 Conflicts of interest,10.4 Alcohol and drugs,10.5 Social media",
    )
    entries = [(title, str(15 + at // 6)) for at, title in enumerate(",".join(titles).split(","))]
    lines = [line.replace(" | ", " ") for line in _lines_of_contents(entries)]
    assert lines == [f"{title} {page}" for title, page in entries]


def test_each_of_two_entries_of_contents_keeps_its_line() -> None:
    entries = [("18 List of changes", "30"), ("18.1 Whom to ask", "30")]
    assert _lines_of_contents(entries) == ["18 List of changes 30", "18.1 Whom to ask 30"]


def test_cells_that_run_into_those_beside_them_are_read() -> None:
    rows = [
        (f"/var/lib/dpkg/info/package_name.list{n}", f"list of the files of package {n}") for n in range(8)
    ]

    def draw(canvas: Any) -> None:
        canvas.setFont("Courier", 10)
        for n, (name, what) in enumerate(rows):
            canvas.drawString(60, 700 - 14 * n, name)
            canvas.drawString(250, 700 - 14 * n, what)

    text = read(drawn(draw)).text
    assert all(name in text and what in text for name, what in rows)


def test_two_pages_set_as_one_are_read_one_after_the_other() -> None:
    income = [("Sales", "4,112", "3,998"), *((f"Income {n}", f"{n}12", f"{n}98") for n in range(10))]
    assets = [("Land", "7,112", "6,998"), *((f"Asset {n}", f"{n}40", f"{n}60") for n in range(10))]

    def draw(canvas: Any) -> None:
        canvas.setPageSize((1190, 842))
        canvas.setFont("Helvetica", 10)
        for left, rows in ((70, income), (665, assets)):
            for n, cells in enumerate(rows):
                for x, cell in zip((0, 200, 300), cells, strict=True):
                    canvas.drawString(left + x, 700 - 14 * n, cell)

    found = kinds(read(drawn(draw)))
    assert found == [("table", 0, "\n".join(" | ".join(row) for row in rows)) for rows in (income, assets)]


def test_a_wide_table_is_no_two_pages() -> None:
    rows = [
        ("Sales", "4,112", "3,998", "2,997"),
        *((f"Land {n}", f"{n}12", f"{n}98", f"{n}55") for n in range(10)),
    ]

    def draw(canvas: Any) -> None:
        canvas.setPageSize((1190, 842))
        canvas.setFont("Helvetica", 10)
        for n, cells in enumerate(rows):
            for x, cell in zip((70, 400, 700, 1000), cells, strict=True):
                canvas.drawString(x, 700 - 14 * n, cell)

    assert kinds(read(drawn(draw))) == [("table", 0, "\n".join(" | ".join(row) for row in rows))]


def test_bullets_left_of_where_most_lines_of_the_second_column_begin_are_part_of_it() -> None:
    """Two columns of a paper: of the second, most lines are the further ones of items."""
    left = wrapped(f"{PROSE} {PROSE}", 225)
    items = [wrapped(f"{name} {PROSE}", 205) for name in ("First.", "Second.")]

    def draw(canvas: Any) -> None:
        canvas.setFont("Helvetica", 10)
        for n, line in enumerate(left):
            canvas.drawString(70, 780 - 12 * n, line)
        y = 780
        for item in items:
            canvas.drawString(310, y, "•")
            for line in item:
                canvas.drawString(322, y, line)
                y -= 12

    assert [text for _, _, text in kinds(read(drawn(draw)))] == [
        f"{PROSE} {PROSE}",
        f"• First. {PROSE}\n• Second. {PROSE}",
    ]
