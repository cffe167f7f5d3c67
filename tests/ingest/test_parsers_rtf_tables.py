"""Tables of rich text: cells that cover several columns or rows stand under the names of their columns."""

from __future__ import annotations

import pytest

from ingest.parsers import parse
from ingest.parsers.rtf.tables import in_columns


def row(*cells: str, ends: tuple[str, ...]) -> str:
    widths = "".join(f"\\cellx{end}" if end[:1].isdigit() else f"\\{end}" for end in ends)
    texts = "".join(f"{cell}\\cell " for cell in cells)
    return f"\\trowd{widths}\\pard\\intbl {texts}\\row\n"


def lines(*rows: str) -> list[str]:
    return parse(f"{{\\rtf1 {''.join(rows)}\\pard Told.\\par}}".encode(), "a.rtf").text.split("\n")[:-2]


HEAD = row("City", "Single", "Double", ends=("1000", "2000", "3000"))


def test_a_wide_cell_stands_in_each_column_that_it_covers() -> None:
    wide = row("Oslo", "150", ends=("1000", "3000"))
    near = row("Rome", "90", "95", ends=("1010", "1990", "3000"))
    assert lines(HEAD, wide, near) == ["City | Single | Double", "Oslo | 150 | 150", "Rome | 90 | 95"]


def test_cells_that_go_on_say_what_they_go_on_with() -> None:
    across = row("Oslo", "150", "", ends=("1000", "2000", "clmrg", "3000"))
    first = row("Rome", "90", "95", ends=("clvmgf", "1000", "2000", "3000"))
    second = row("", "80", "85", ends=("clvmrg", "1000", "2000", "3000"))
    assert lines(HEAD, across, first, second)[1:] == ["Oslo | 150 | 150", "Rome | 90 | 95", "Rome | 80 | 85"]


@pytest.mark.parametrize(
    "ends", [("1000",), ("1000", "1010", "3000"), ("3000", "2000", "1000"), ("x", "y", "z")]
)
def test_where_widths_do_not_fit_the_cells_stay_as_they_are(ends: tuple[str, ...]) -> None:
    assert lines(HEAD, row("Oslo", "150", "210", ends=ends))[1] == "Oslo | 150 | 210"


def test_the_widths_of_a_table_in_a_cell_are_not_those_of_the_row() -> None:
    inner = "a\\nestcell b\\nestcell {\\*\\nesttableprops\\trowd\\cellx300\\cellx600\\nestrow}"
    assert lines(HEAD, row(inner, "150", "210", ends=("1000", "2000", "3000")))[1] == "a; b | 150 | 210"


def test_rows_that_share_no_columns_stay_as_they_are() -> None:
    rows = [["a", "b"]] * 40
    shown, copies = in_columns(rows, [[str(500 * n), str(500 * n + 200)] for n in range(40)])
    assert (shown, copies.left) == (rows, set())
