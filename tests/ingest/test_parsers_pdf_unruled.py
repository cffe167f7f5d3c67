"""Tables of a PDF that have no rules: cells of several lines, titles between tables, and tables of two rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tests.ingest.blocks import kinds
from tests.ingest.paper import drawn, write
from tests.ingest.reports import PROSE, read

AT = (70, 130, 260, 400, 480)
"""Where the columns begin."""


def tables(
    *rows: tuple[float, Sequence[str]], title_at: float = 0.0, rules: Sequence[float] = ()
) -> list[tuple[str, int, str]]:
    """The blocks below a paragraph: lines of cells at their heights; the one at ``title_at`` is in larger letters.

    ``rules``: where a line is drawn from left to right.
    """

    def draw(canvas: Any) -> None:
        write(canvas, PROSE, 70, 800, 450)
        for y in rules:
            canvas.line(66, y, 560, y)
        for y, cells in rows:
            canvas.setFont(*(("Helvetica-Bold", 13) if y == title_at else ("Helvetica", 9)))
            for x, cell in zip(AT, cells, strict=False):
                canvas.drawString(x, y, cell)

    return [block for block in kinds(read(drawn(draw))) if block[2] != PROSE]


def test_cells_of_several_lines_are_read_whole() -> None:
    found = tables(
        (700, ["Code", "Meaning", "What to do"]),
        (682, ["ERR-03", "Clock not set", "Connect with the app for ten seconds"]),
        (664, ["ERR-11", "External probe missing", "Plug in again before the start; try"]),
        (653, ["", "or broken", "another probe"]),
        (635, ["ERR-21", "Battery voltage too low", "Replace the battery"]),
        (624, ["", "to write"]),
        (606, ["ERR-51", "Shock above 16 g", "Inspect the goods and the instrument,"]),
        (595, ["", "", "then acknowledge"]),
    )
    assert [kind for kind, _, _ in found] == ["table"]
    assert found[0][2].splitlines() == [
        "Code | Meaning | What to do",
        "ERR-03 | Clock not set | Connect with the app for ten seconds",
        "ERR-11 | External probe missing or broken | Plug in again before the start; try another probe",
        "ERR-21 | Battery voltage too low to write | Replace the battery",
        "ERR-51 | Shock above 16 g | Inspect the goods and the instrument, then acknowledge",
    ]


def test_figures_below_figures_are_rows_of_their_own() -> None:
    found = tables(
        (700, ["Port", "Fish", "Boxes"]),
        (680, ["Oslo", "Cod", "12"]),
        (669, ["", "Herring", "15"]),
        (649, ["Rome", "Tuna", "9"]),
        (629, ["Kobe", "Squid", "11"]),
    )
    assert found[0][2].splitlines()[1:4] == ["Oslo | Cod | 12", "| Herring | 15", "Rome | Tuna | 9"]


def test_a_title_in_larger_letters_parts_two_tables() -> None:
    found = tables(
        (700, ["Grade", "Least", "Most"]),
        (686, ["1", "20,000", "24,000"]),
        (672, ["2", "25,000", "31,000"]),
        (644, ["Bands of Brno"]),
        (626, ["Grade", "Least", "Middle", "Most"]),
        (612, ["1", "29,400", "32,000", "34,600"]),
        (598, ["2", "33,000", "36,700", "40,400"]),
        title_at=644,
    )
    assert [(kind, text.splitlines()[0]) for kind, _, text in found] == [
        ("table", "Grade | Least | Most"),
        ("heading", "Bands of Brno"),
        ("table", "Grade | Least | Middle | Most"),
    ]


def test_two_rows_of_the_same_cells_are_a_table_where_there_are_four() -> None:
    header, row = (
        ["From", "To", "Shows", "Gross", "Net"],
        ["12/20/24", "12/31/24", "48", "$12,500", "$11,250"],
    )
    assert tables((700, header), (688, row)) == [
        ("table", 0, "From | To | Shows | Gross | Net\n12/20/24 | 12/31/24 | 48 | $12,500 | $11,250")
    ]
    assert all(kind != "table" for kind, _, _ in tables((700, header[:3]), (688, row[:3])))


CONTACTS = (
    (700, ["About", "Ask", "How"]),
    (682, ["Pay, tax, pension", "Payroll", "payroll@example.org"]),
    (664, ["Leave, contracts", "People team", "people@example.org, extension"]),
    (653, ["and this handbook", "", "4210"]),
    (635, ["Laptop, access", "Service desk", "extension 4400"]),
    (624, ["and telephone"]),
    (606, ["Parking", "Facilities", "extension 4300"]),
)


@pytest.mark.parametrize("parted", [False, True])
@pytest.mark.parametrize("closer", [0, 7])
def test_what_stands_between_two_level_rules_is_one_row(closer: int, parted: bool) -> None:
    """However close the next row is; rules may be those of single cells. Without rules the closest lines are a row."""

    def rows(*rules: float) -> list[str]:
        def draw(canvas: Any) -> None:
            canvas.setFont("Helvetica", 9)
            for x0, x1 in ((66, 200), (200, 330), (330, 560)) if parted else ((66, 560),):
                for y in rules:
                    canvas.line(x0, y, x1, y)
            for y, cells in CONTACTS:
                begun = sum(rule > y for rule in (695, 677, 648, 619, 601))
                for x, cell in zip((70, 200, 330), cells, strict=False):
                    canvas.drawString(x, y + closer * begun, cell)

        (found,) = kinds(read(drawn(draw)))
        return found[2].splitlines()

    assert rows(*(rule + closer * at + closer / 2 for at, rule in enumerate((695, 677, 648, 619, 601)))) == [
        "About | Ask | How",
        "Pay, tax, pension | Payroll | payroll@example.org",
        "Leave, contracts and this handbook | People team | people@example.org, extension 4210",
        "Laptop, access and telephone | Service desk | extension 4400",
        "Parking | Facilities | extension 4300",
    ]
    assert len(rows()) == (7 if closer else 5)


def test_a_table_of_two_columns_of_short_cells_is_no_two_columns_of_text() -> None:
    steps = [
        "Recorded conversation",
        "First written warning",
        "Final written warning",
        "Dismissal with notice",
    ]
    stays = ["6 months", "12 months", "24 months", "does not apply"]

    def draw(canvas: Any) -> None:
        canvas.setFont("Helvetica", 9)
        for at, (step, stay) in enumerate(zip(["Step", *steps], ["Stays on file", *stays], strict=True)):
            canvas.drawString(70, 700 - 19 * at, step)
            canvas.drawString(330, 700 - 19 * at, stay)
        canvas.drawString(70, 605, "Dismissal without notice (gross misconduct)")
        canvas.drawString(330, 605, "does not apply")

    (found,) = kinds(read(drawn(draw)))
    assert found[2].splitlines()[:3] == [
        "Step | Stays on file", "Recorded conversation | 6 months", "First written warning | 12 months",
    ]  # fmt: skip


def test_rules_between_groups_of_rows_join_none() -> None:
    form = [
        (y, ["Name", "Ada Lovelace", "Year", "2022"] if y == 700 else ["Phone", "555 0100", "Make", "Jeep"])
        for y in range(700, 580, -12)
    ]
    (found,) = tables(*form, rules=(710, 672, 636, 588))
    assert len(found[2].splitlines()) == len(form)


def test_the_name_of_the_next_group_does_not_go_on_in_an_item_that_stands_further_in() -> None:
    def draw(canvas: Any) -> None:
        canvas.setFont("Helvetica", 10)
        for y, x, cells in (
            (700, 90, ("Worry", "Not on file")),
            (688, 90, ("Inability", "Not on file")),
            (676, 72, ("Transportation needs",)),
            (664, 90, ("Medical", "Not on file")),
            (652, 90, ("Other", "Not on file")),
        ):
            for at, cell in zip((x, 250), cells, strict=False):
                canvas.drawString(at, y, cell)
        for y in (760, 712, 672, 640):
            canvas.line(72, y, 400, y)

    assert read(drawn(draw)).text.splitlines()[:3] == [
        "Worry | Not on file", "Inability | Not on file", "Transportation needs |",
    ]  # fmt: skip


def figures(canvas: Any, y: float, row: Sequence[str]) -> None:
    for right, cell in zip((110, 170, 230, 290), row, strict=True):
        canvas.drawRightString(right, y, cell)


def test_heads_at_the_left_of_figures_at_the_right_are_the_header() -> None:
    rows = [[str(7 * n % 89), str(11 * n % 97), str(13 * n % 83), str(17 * n % 79)] for n in range(1, 7)]

    def draw(canvas: Any) -> None:
        write(canvas, PROSE, 70, 800, 450)
        canvas.setFont("Helvetica", 9)
        for left, head in zip((70, 126, 182, 238), ("Alpha", "Beta", "Gamma", "Delta"), strict=True):
            canvas.drawString(left, 700, head)
        for at, row in enumerate(rows):
            figures(canvas, 686 - 14 * at, row)
        canvas.drawRightString(110, 602, "58")
        canvas.drawString(116, 602, "6ff4173b-42")
        canvas.drawRightString(230, 602, "22")
        canvas.drawRightString(290, 602, "9")

    (found,) = (text for kind, _, text in kinds(read(drawn(draw))) if kind == "table")
    assert found.splitlines()[:7] == ["Alpha | Beta | Gamma | Delta", *(" | ".join(row) for row in rows)]


def test_figures_and_codes_at_the_edges_of_pages_are_no_page_numbers() -> None:
    def draw(canvas: Any) -> None:
        for page in range(4):
            canvas.setFont("Helvetica", 9)
            canvas.drawString(70, 815, "Stock list")
            for at in range(50):
                row = 50 * page + at
                canvas.drawString(70, 800 - 15 * at, f"REF-{row:02}")
                canvas.drawString(170, 800 - 15 * at, ("cod", "tuna", "squid")[row % 3])
                canvas.drawRightString(290, 800 - 15 * at, str(31 * row % 97))
            canvas.drawString(290, 30, f"{page + 1}")
            if page < 3:
                canvas.showPage()

    document = read(drawn(draw))
    rows = [line for line in document.text.splitlines() if " | " in line]
    assert rows == [f"REF-{n:02} | {('cod', 'tuna', 'squid')[n % 3]} | {31 * n % 97}" for n in range(200)]
    assert [line for line in document.text.splitlines() if " | " not in line and line.strip()] in (
        [],
        ["Stock list"],
    )


@pytest.mark.parametrize(
    "rules", [(712, 693, 660, 640, 621, 585), (712, 693, 672, 660), (760, 712, 585, 540)]
)
def test_rules_above_and_below_tables_join_no_rows(rules: Sequence[float]) -> None:
    """Books rule a table at its head and foot alone, letters their sections."""
    rows = [(700, ["Name", "Office", "Town"]), (681, ["Alice Smith", "Manager", "Paris"])]
    rows += [(669, ["Bob Jones", "", "London"])]
    more = [
        (628, ["Name", "Office", "Town"]),
        (609, ["Chair", "Ann Lee", "Leeds"]),
        (597, ["Deputy", "", "York"]),
    ]
    found = tables(*rows, *more, rules=rules)
    lines = "\n".join(text for _, _, text in found).splitlines()
    assert [line for line in lines if line.startswith(("Bob", "Deputy"))] == [
        "Bob Jones |  | London", "Deputy |  | York",
    ]  # fmt: skip


def test_sums_without_a_name_are_rows_of_their_own() -> None:
    found = tables(
        (700, ["Item", "2024", "2023"]),
        (688, ["Stock", "50", "40"]),
        (676, ["Hose", "30", "20"]),
        (664, ["", "80", "60"]),
        (652, ["Tools", "5", "7"]),
        (640, ["", "85"]),
    )
    assert found[0][2].splitlines()[3:6] == ["| 80 | 60", "Tools | 5 | 7", "| 85 |"]


@pytest.mark.parametrize("foots", [["Page 1 of 1"] * 5, ["2025"] * 5, list("54321"), list("11223")])
def test_numbers_alone_at_the_foot_are_left_out_whatever_they_count(foots: Sequence[str]) -> None:
    def draw(canvas: Any) -> None:
        for at, foot in enumerate(foots):
            write(
                canvas,
                f"Sheet {'abcde'[at] * 3} says what is paid to whom, and for which month of it.",
                70,
                700,
                450,
            )
            canvas.drawString(290, 30, foot)
            if at + 1 < len(foots):
                canvas.showPage()

    text = read(drawn(draw)).text
    assert "Sheet bbb" in text
    assert not set(foots) & set(text.splitlines())
