"""A whole table as rows and columns, and which of its columns hold a figure in every row."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from corpus.language import fold
from rag.prompts.prompting import ReadPassage
from rag.reading.units import Unit, cut
from rag.words.figures import Figure, figures

_WHOLE = re.compile(r"^The whole table, (\d+) rows\.$", re.MULTILINE)
_SUMS = re.compile(
    r"\W*(?:(?:grand |sub ?)?totals?|sum|all|overall|averages?|mean|median"
    r"|合計|総計|小計|累計|計|総額|平均)\W*(?:\(.*)?"
)
_MAY_SUM = re.compile(
    r"^\W*(?:grand |sub-? ?)?(?:total|average)|\b(?:sub-?)?totals?\W*$|合計|総計|小計|累計|総額|平均|^\W*$"
)
"""The first cell of a row that may be no row of its own: "UK total", and one that is empty."""


def said_to_be_whole(context: str, rows: int) -> str:
    """Returns the context of a passage that is all of a table, its header included, with a line that says so."""
    first, _, rest = context.partition("\n")
    return "\n".join(part for part in (first, f"The whole table, {rows} rows.", rest) if part)


@dataclass(frozen=True, slots=True)
class Column:
    """A column with one figure of one kind and unit in every row. ``at`` is its place, from 0."""

    at: int
    name: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its header's cells, its rows in order (none that only adds the others up), and each one's cells."""

    header: tuple[str, ...]
    rows: tuple[Unit, ...]
    cells: tuple[tuple[str, ...], ...]

    def columns(self) -> list[Column]:
        """Returns the columns of figures, in order."""
        found = []
        for at, name in enumerate(self.header):
            own = [_only_figure(row[at]) for row in self.cells]
            known = [one for one in own if one is not None]
            alike = {(one.kind, one.unit, len(one.value) if one.kind == "date" else 0) for one in known}
            if len(known) == len(own) and len(alike) == 1:
                found.append(Column(at, name, tuple(known)))
        return found

    def is_of_one_measure(self, column: Column) -> bool:
        """Says whether no cell tells that the figures of a column are of different periods, currencies or units: £9
        monthly, £80 yearly.
        """
        for at, name in enumerate(self.header):
            cells = [fold(row[at]).strip() for row in self.cells]
            if at == column.at:  # lengths of time are compared as such
                priced = column.figures[0].kind in ("money", "number")
                told = {tuple(_PERIOD.findall(cell)) for cell in cells if priced}
            elif _SAYS_OF_WHAT.fullmatch(fold(name).strip()):
                told = {(cell,) for cell in cells}
            else:
                told = {(cell,) for cell in cells if _PERIOD.fullmatch(cell)}
            if len(told) > 1:
                return False
        return True


_PERIOD = re.compile(
    r"(?:per |an? |each |every |/ ?)?\b(?:hour|day|week|fortnight|month|quarter|year|annum)\b"
    r"|\b(?:hourly|daily|weekly|monthly|quarterly|yearly|annual|annually|once|one-off)\b|[毎/]?[時日週月年][額間]?(?=\W|$)"
)
_SAYS_OF_WHAT = re.compile(r"currency|unit|units|billing|billed|period|per|通貨|単位|支払周期|期間|請求")
"""What a column is called that says of what, or of which time, the figures beside it are."""


def whole_table(order: int, passage: ReadPassage) -> Table | None:
    """Returns the table that a passage is said to be all of; None where it is none, or its rows are not of one form."""
    said = _WHOLE.search(passage.context)
    return table_of(cut(order, passage), int(said[1])) if said is not None else None


def table_of(units: Sequence[Unit], rows: int) -> Table | None:
    """Returns the table of a passage's units, where they are a header and so many rows and nothing else, and none of
    the rows leaves it open whether it adds others up ("Total cost of all", an empty first cell).
    """
    if len(units) != rows + 1 or not all(unit.row for unit in units) or not units[0].label:
        return None
    header, *cells = (cells_of(unit.text) for unit in units)
    if any(len(one) != len(header) for one in cells) or any(
        unit.header != units[0].text for unit in units[1:]
    ):
        return None
    kept = [
        (unit, own) for unit, own in zip(units[1:], cells, strict=True) if not _SUMS.fullmatch(fold(own[0]))
    ]
    if not kept or any(_MAY_SUM.search(fold(own[0])) for _, own in kept):
        return None
    return Table(header, tuple(unit for unit, _ in kept), tuple(own for _, own in kept))


def cells_of(row: str) -> tuple[str, ...]:
    """Returns the cells of a row."""
    row = row.strip()
    row = row[1:-1] if len(row) > 1 and row.startswith("|") and row.endswith("|") else row
    return tuple(cell.strip() for cell in (row.split("|") if "|" in row else row.split("\t")))


def _only_figure(cell: str) -> Figure | None:
    """Returns the figure that a cell gives; None where it has none, several, one within bounds (±0.5, "from 3"), or one
    that an account writes as less than nothing: (£20), △20.
    """
    found = figures(cell)
    if len(found) != 1 or found[0].kind in ("code", "time") or _BOUND.search(fold(cell)):
        return None
    rest = fold(cell[: found[0].start] + cell[found[0].end :])
    return found[0] if len(re.findall(r"\w", rest)) <= _MOST_BESIDE else None


_BOUND = re.compile(
    r"[±<>≤≥~△▲]|^\s*\(.*\)\s*$|\b(?:from|to|up|about|approx|over|under|max|min|per)\b|以上|以下|未満|から|まで|約|最大|最低|超"
)
_MOST_BESIDE = 8
"""Letters beside the figure: "9,500円（税込）", and no sentence that has one."""
