"""Tables in reStructuredText and AsciiDoc, and what else a reader of AsciiDoc sees."""

from __future__ import annotations

import re
import time

import pytest

from ingest.parsers import asciidoc
from ingest.parsers.text_tables import drawn
from tests.ingest.blocks import kinds
from tests.ingest.pages import read

HEAD = "Kind | Fee"
ROWS = f"{HEAD}\nSmall | 4.90\nLarge | 12.50 net"
LISTED = """
.. list-table:: Fees
   :header-rows: 1

   * - Kind
     - Fee
   * - Small
     - 4.90
   * - *Large*
     - 12.50

       net
"""
SEPARATED = """
.. csv-table:: Fees
   :header: "Kind", "Fee"

   Small, 4.90
   "Large", "12.50 net"
"""
RULED = """
.. table:: Fees

   =====  =====
   Kind   Fee
   =====  =====
   Small  4.90
   Large  12.50
          net
   =====  =====
"""
DRAWN = """
Fees

+-------+-------+
| Kind  | Fee   |
+=======+=======+
| Small | 4.90  |
+-------+-------+
| Large | 12.50 |
|       | net   |
+-------+-------+
"""
BARRED = """
.Fees
[%header,cols="1,2"]
|===
|Kind |Fee
|Small
|4.90
|*Large* |12.50
net
|===
"""
UNNAMED = """
.Fees
|===
|Kind |Fee

|Small |4.90
|Large |12.50 net
|===
"""


@pytest.mark.parametrize(
    ("table", "name"),
    [
        *((one, "fees.rst") for one in (LISTED, SEPARATED, RULED, DRAWN)),
        (BARRED, "a.adoc"),
        (UNNAMED, "a.adoc"),
    ],
)
def test_tables_in_texts_are_rows_under_their_header(table: str, name: str) -> None:
    title = "= Prices" if name == "a.adoc" else "Prices\n======"
    document = read(f"{title}\n{table}\nBehind.\n", name)
    assert kinds(document)[1:] == [("paragraph", 0, "Fees"), ("table", 0, ROWS), ("paragraph", 0, "Behind.")]
    assert document.blocks[2].header == HEAD


def test_a_cell_over_several_rows_is_said_in_each_and_wide_letters_may_be_drawn_inexactly() -> None:
    table = """
+------+------+---+
| 東京 | two  | x |
|      +------+---+
|      | four | y |
+------+------+---+
| 大阪本社 | z | w |
+------+------+---+
| wide cell   | v |
+-------------+---+""".strip()
    rows = [["東京", "two", "x"], ["東京", "four", "y"], ["大阪本社", "z", "w"], ["wide cell", "", "v"]]
    assert drawn(table.split("\n")) == (rows, 0)


def test_restructured_text_says_what_its_pictures_names_and_fields_say() -> None:
    source = (
        ":Author: Anna Berg\n\n.. |gate| replace:: gate\n   4\n\n.. image:: plan.png\n   :alt: The plan\n\n"
        ".. figure:: yard.png\n   :alt: The yard\n\n   The yard in 2026.\n\n"
        "Go to |gate| [1]_ of H\\ 2\\ O.\n\n.. math:: a^2\n"
    )
    assert read(source, "a.rst").text.split("\n\n") == [
        "Author: Anna Berg",
        "The plan",
        "The yard in 2026.",
        "Go to gate 4 [1] of H2O.",
        "a^2",
    ]


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        (":toc: left\n// a remark\ninclude::a.adoc[]\n[[anchor]]\nTold.", "Told."),
        (
            "Call *gate* _4_ at https://x.example[the\ndesk] or <<a,below>>.",
            "Call gate 4 at the\ndesk or below.",
        ),
        ("By 10:30.footnote:[On Fridays\n09:15.]", "By 10:30. (On Fridays\n09:15.)"),
        (":gate: gate 4\n\nGo to {gate}, not {door}.", "Go to gate 4, not {door}."),
        ("image::plan.png[The plan,400]\n\nPress kbd:[Esc].", "The plan\n\nPress Esc."),
        ("[WARNING]\n====\nIt is slippery.\n====", "Warning:\n\nIt is slippery."),
        ("----\na = *b*\n|===\n----", "a = *b*\n|==="),
        ("2 * 3 * 4, snake_case_name, std::map", "2 * 3 * 4, snake_case_name, std::map"),
        ("Leave:: twenty days", "Leave: twenty days"),
    ],
)
def test_asciidoc_is_read_without_its_marks(written: str, seen: str) -> None:
    assert re.sub(r"\n{3,}", "\n\n", asciidoc.as_read(written).strip()) == seen


def test_items_of_asciidoc_are_numbered_and_nested_as_its_pages_show_them() -> None:
    source = "= Steps\n\n. Check\nthe seal\n. Count\n* red\n** dark\n* blue\n+\nBoth of them.\n\n. Sign\n"
    assert kinds(read(source, "a.adoc"))[1:] == [
        ("list", 0, "1. Check the seal\n2. Count\n  - red\n    - dark\n  - blue"),
        ("paragraph", 0, "Both of them."),
        ("list", 0, "3. Sign"),
    ]


@pytest.mark.parametrize(
    ("part", "name"),
    [("+--+\n|a |\n", "a.rst"), ("== ==\na  b\n", "a.rst"), (".. csv-table::\n\n   a,b\n", "a.rst"),
     ("|===\n|a |b\n", "a.adoc"), ("----\n", "a.adoc"), ("*a", "a.adoc"), ("footnote:[", "a.adoc"), ("|a", "a.rst")],
)  # fmt: skip
def test_texts_are_read_in_time_linear_in_what_they_hold(part: str, name: str) -> None:
    start = time.process_time()
    read(f"Told.\n\n{part * 20_000}", name)
    assert time.process_time() - start < 15


@pytest.mark.parametrize(
    ("lines", "rows"),
    [
        ("|===\n|Name|b\n\n|Box|5\n|a|c\n|===", "Name | b\nBox | 5\na | c"),
        ("|===\n|Name |Fee\n\n.2+|Box |1\n|2\n2+|all\n|===", "Name | Fee\nBox | 1\nBox | 2\nall | all"),
        (",===\nName,Fee\n\nBox,5\n,===", "Name | Fee\nBox | 5"),
        ("[%header,format=csv]\n|===\nName,Fee\nBox,5\n|===", "Name | Fee\nBox | 5"),
    ],
)
def test_asciidoc_reads_cells_without_blanks_over_rows_and_separated_by_commas(lines: str, rows: str) -> None:
    assert kinds(read(lines, "a.adoc")) == [("table", 0, rows)]


def test_asciidoc_keeps_what_stands_below_a_table_that_never_ends() -> None:
    assert read("Told.\n\n|===\nAsk first.\n\nThen go.", "a.adoc").text == "Told.\n\nAsk first.\n\nThen go."


def test_restructured_text_keeps_the_last_row_of_an_open_table_and_cells_that_are_too_long() -> None:
    table = "+---+---+\n| a | b |\n+===+===+\n| c | d |\n"
    assert read(table, "a.rst").text == "a | b\nc | d"
    wide = "+---+---+---+\n| a | b | c |\n+---+---+---+\n| one for all of them | |\n+---+---+---+\n"
    assert "one for all of them" in read(wide, "a.rst").text


def test_restructured_text_reads_a_list_within_a_cell_as_its_words() -> None:
    source = ".. list-table::\n   :header-rows: ²\n\n   * - Box\n     - - one\n       - two\n   * - Bag\n     - x\n"
    assert read(source, "a.rst").text == "Box | - one - two\nBag | x"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.adoc", "image:a" * 20_000 + "[x"),
        ("a.adoc", "http://x[" * 20_000),
        ("a.adoc", f"<<a,{' ' * 100_000}x ["),
        ("a.rst", f"+{'-+' * 20_000}\n" + "|x\n" * 20_000),
    ],
)
def test_hostile_marks_are_read_in_linear_time(name: str, text: str) -> None:
    start = time.process_time()
    read(f"Told.\n\n{text}", name)
    assert time.process_time() - start < 3
