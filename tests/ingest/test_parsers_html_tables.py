"""Tables of HTML pages that are not written as they should be: nothing in them is lost."""

from __future__ import annotations

import time

import pytest

from tests.ingest.blocks import kinds
from tests.ingest.pages import read

ROWS = "<tr><td>Fee</td><td>100 EUR</td></tr><tr><td>Tax</td><td>20 EUR</td></tr>"
TABLE = ("table", 0, "Fee | 100 EUR\nTax | 20 EUR")


@pytest.mark.parametrize(
    "page",
    [
        f"<table><form action='/save'>{ROWS}</form></table>",
        f"<table><tbody><div><form>{ROWS}</form></div></tbody></table>",
        "<table><tr><form><td>Fee</td><td>100 EUR</td></form></tr><tr><td>Tax<td>20 EUR</table>",
        "<table><col><td>Fee</td><td>100 EUR</td><tr><td>Tax</td><td>20 EUR</td></tr></table>",
    ],
)
def test_rows_and_cells_are_found_whatever_stands_around_them(page: str) -> None:
    assert kinds(read(page, "a.html")) == [TABLE]


def test_what_follows_a_table_that_is_never_closed_is_read() -> None:
    page = (
        f"<div><table>{ROWS}</div><div>The fee is due in May.</div><h2>Contact</h2><table>{ROWS}<p>Ask Anna."
    )
    assert kinds(read(page, "a.html")) == [
        TABLE,
        ("paragraph", 0, "The fee is due in May."),
        ("heading", 2, "Contact"),
        TABLE,
        ("paragraph", 0, "Ask Anna."),
    ]


def test_what_stands_between_rows_comes_before_or_behind_the_table() -> None:
    page = f"<p>Fees</p><table>As of <b>May</b>{ROWS}in euros<caption>All fees</caption></table>until June"
    assert [text for _, _, text in kinds(read(page, "a.html"))] == [
        "Fees", "As of May", "All fees", TABLE[2], "in euros", "until June",
    ]  # fmt: skip


def test_what_is_hidden_between_rows_stays_hidden() -> None:
    document = read(
        f"<table><div style='display:none'><tr><td>secret</td></tr></div>{ROWS}</table>", "a.html"
    )
    assert kinds(document) == [TABLE]
    assert [note.code for note in document.notes] == ["hidden_text"]


@pytest.mark.parametrize(
    "page", ["<table>" + "<tr>x" * 40_000, "<table>" + "<td>x" * 40_000, "<table>" * 3000 + "x"]
)
def test_tables_of_strays_are_read_in_time(page: str) -> None:
    begin = time.process_time()
    assert "x" in read(page, "a.html").text
    assert time.process_time() - begin < 5
