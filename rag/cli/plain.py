"""Tables and lists where nobody looks on: in a pipe or a file they come piece by piece, aligned and whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import zip_longest
from typing import Any

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text


class Plain:
    """Lines of a table that comes in pieces, each a table of the same columns.

    No cell is cut or folded; a column is as wide as its widest cell so far.
    """

    def __init__(self) -> None:
        self._widths: list[int] = []

    def lines(self, table: Table) -> Iterator[str]:
        """Yields the lines of the next piece, the heads of the columns above the first alone."""
        columns = [[_plain(cell) for cell in column.cells] for column in table.columns]
        if table.show_header and not self._widths:
            columns = [
                [_plain(one.header), *cells] for one, cells in zip(table.columns, columns, strict=True)
            ]
        kept = self._widths or [0] * len(columns)
        widths = [
            max(
                own,
                column.min_width or 0,
                *(cell_len(line) for cell in cells for line in cell.split("\n")),
                0,
            )
            for own, column, cells in zip(kept, table.columns, columns, strict=True)
        ]
        self._widths = widths
        gap = " " * table.padding[1]
        right = [column.justify == "right" for column in table.columns]
        for row in zip(*columns, strict=True):
            for parts in zip_longest(*(cell.split("\n") for cell in row), fillvalue=""):
                yield gap.join(map(_aligned, parts, widths, right)).rstrip()


class JsonList:
    """An object of JSON whose first member is a list that comes in pieces, written as ``json.dumps`` would.

    Args:
        write: takes text.
        dump: returns a value as JSON that is indented by two.
        name: of the list.
    """

    def __init__(self, write: Callable[[str], Any], dump: Callable[[Any], str], name: str) -> None:
        self._write, self._dump, self._name, self._begun = write, dump, name, False

    def add(self, values: Iterable[Any]) -> None:
        """Writes the next of the list."""
        for value in values:
            self._write(",\n    " if self._begun else f'{{\n  "{self._name}": [\n    ')
            self._write(self._dump(value).replace("\n", "\n    "))
            self._begun = True

    def end(self, rest: Mapping[str, Any]) -> None:
        """Writes the end of the list, and what else the object has."""
        self._write("\n  ]" if self._begun else f'{{\n  "{self._name}": []')
        self._write(f",{self._dump(rest)[1:]}\n" if rest else "\n}\n")


def _plain(cell: object) -> str:
    return (cell.plain if isinstance(cell, Text) else str(cell)).expandtabs(8)


def _aligned(part: str, width: int, right: bool) -> str:
    blanks = " " * (width - cell_len(part))
    return blanks + part if right else part + blanks
