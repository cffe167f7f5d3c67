"""Tables with merged cells as they are read: each cell as often as it says something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

Place = tuple[int, int]
"""A row and a column."""


@dataclass(frozen=True, slots=True)
class Copies:
    """The places of a table in which a cell only goes on: from the left, from above, or both."""

    left: set[Place] = field(default_factory=set)
    above: set[Place] = field(default_factory=set)


NO_COPIES = Copies()
"""Of a table without merged cells."""

_MOST_COPIES = 0.5
"""For each cell of a table; a form has as many or more."""


def fit_rows(rows: Sequence[Sequence[str]], copies: Copies) -> tuple[list[list[str]], bool]:
    """Returns a table's rows without what says nothing, and whether it is a form.

    Left out are columns in which no cell begins: the grid is finer than the table. A row that one cell fills is that
    cell. In a form a row's cells belong together and a column says nothing, so that each cell is given once.

    Args:
        rows: cells as text, merged ones in each place that they cover; rows may be of different length.
        copies: where a cell only goes on.
    """
    width = max(map(len, rows), default=0)
    begun = [
        {column for column, text in enumerate(row) if text and (at, column) not in copies.left}
        for at, row in enumerate(rows)
    ]
    used = [column for column in range(width) if any(column in own for own in begun)]
    lines = [[row[column] if column < len(row) else "" for column in used] for row in rows]
    if not copies.left:
        return lines, False
    own = [[row[column] for column in sorted(cells)] for row, cells in zip(rows, begun, strict=True)]
    is_whole = [len(cells) == 1 and all(line) for cells, line in zip(own, lines, strict=True)]
    parted = [at for at, whole in enumerate(is_whole) if not whole and own[at]]
    is_form = _is_form([lines[at] for at in parted], [own[at] for at in parted])
    shown = [own[at] if is_form or is_whole[at] else line for at, line in enumerate(lines)]
    if is_form:  # rows that only hold what reaches down into them
        shown = [
            [] if all((at, column) in copies.above for column in begun[at]) else line
            for at, line in enumerate(shown)
        ]
    return shown, is_form


def _is_form(lines: Sequence[Sequence[str]], own: Sequence[Sequence[str]]) -> bool:
    """Says whether copies are many in rows, with them and without; where each column has a name, none is a form."""
    if not lines or len(own[0]) == len(lines[0]):
        return False
    filled = sum(1 for line in lines for text in line if text)
    return filled >= (1 + _MOST_COPIES) * sum(map(len, own))
