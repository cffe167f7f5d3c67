"""Tables that only place text on the page, as Word and OpenDocument have them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Framing:
    """How a format writes tables, and which of them are frames."""

    tag: str
    """Of a table."""
    rows_of: Callable[[Any], Sequence[Sequence[Any]]]
    """The cells of a table by rows, without those of tables in it; none where it is no frame for certain."""
    has_lines: Callable[[Any], bool]
    """Whether a cell holds more than one line."""
    chars: Callable[[Any], int]
    """How much an element says."""

    def frames_in(self, table: Any) -> list[Any]:
        """Returns the cells of a table that only places text, in order; none for a table of rows and columns.

        That is one of a single cell, or of a single column of more than lines, and one whose words stand for the
        greater part in tables of its own, and no two of them beside each other without.
        """
        rows = self.rows_of(table)
        cells = [cell for row in rows for cell in row]
        in_column = all(len(row) == 1 for row in rows) and (len(rows) == 1 or any(map(self.has_lines, cells)))
        return cells if in_column or self._holds_tables(table, rows) else []

    def _holds_tables(self, table: Any, rows: Sequence[Sequence[Any]]) -> bool:
        inner = [one for one in table.iter(self.tag) if next(one.iterancestors(self.tag), None) is table]
        if 2 * sum(self.chars(one) for one in inner if not self.frames_in(one)) <= self.chars(table):
            return False
        return all(
            sum(map(bool, map(self.chars, row))) < 2
            or any(cell.find(f".//{self.tag}") is not None for cell in row)
            for row in rows
        )
