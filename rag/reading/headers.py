"""Which row of a table names its columns: it answers nothing itself, and tells what the rows under it mean."""

from __future__ import annotations

import re
from collections.abc import Sequence

from corpus.language import fold
from rag.words.codes import by_letters
from rag.words.editions import periods_of, spaced_out
from rag.words.terms import numbers


def is_header(rows: Sequence[str]) -> bool:
    """Says whether the first of some rows names the columns: it holds no figure, and the rows under it do; or it has
    figures as names do (a quarter, a code) and figures stand under them; or two times, versions or products under which
    none stands; or words over a column of figures. A table of words alone may have no header at all, and nothing tells
    its first row from the others.
    """
    if len(rows) > 1 and set(rows[1]) <= set("|-: \t"):
        return True
    under = rows[1:]
    if under and not numbers(rows[0]) and sum(bool(numbers(row)) for row in under) * 2 >= len(under):
        return True
    first, *below = [[cell.strip() for cell in fold(row).strip("| ").split("|")] for row in rows]
    if len(below) < 2 or any(len(row) != len(first) for row in below):
        return False
    return _names_things(first, below) or _names_columns(first, below) or _tops_figures(first, below)


def _names_things(first: Sequence[str], under: Sequence[Sequence[str]]) -> bool:
    """Says whether all cells of the first row but its first name a time, a version or a product, each another one, and
    none under them does: "Until March 2025 | From April 2025" over what held before and since.
    """
    told = [_named(cell) for cell in first]
    return (
        len(first) > 2
        and not told[0]
        and all(told[1:])
        and len({*told[1:]}) == len(told) - 1
        and not any(_named(cell) for row in under for cell in row[1:])
    )


def _named(cell: str) -> frozenset[str]:
    codes = by_letters(cell)
    return periods_of(spaced_out(cell)) | {code for some in codes.values() for code in some}


def _names_columns(first: Sequence[str], under: Sequence[Sequence[str]]) -> bool:
    """Says whether the cells of the first row that hold figures are of another kind than all those under them."""
    if numbers(first[0]):
        return False
    mixed = [at for at, cell in enumerate(first) if numbers(cell)]
    return bool(mixed) and all(
        _kind(first[at]) == "name" and all(_kind(row[at]) != "name" for row in under) for at in mixed
    )


def _tops_figures(first: Sequence[str], under: Sequence[Sequence[str]]) -> bool:
    """Says whether words stand over a column of figures: "Years on 1 January | Days of leave" over "3 | 27"."""
    return any(
        not (numbers(cell) or _INSTEAD.fullmatch(cell)) and all(_kind(row[at]) == "figure" for row in under)
        for at, cell in enumerate(first)
    )


def _kind(cell: str) -> str:
    """Returns "figure" (a number with its sign, currency and unit), "name" (words or a code with figures)
    or "words".
    """
    if not numbers(cell):
        return "words"
    return "figure" if _FIGURE.fullmatch(cell) and not _YEAR.fullmatch(cell) else "name"


_FIGURE = re.compile(r"[^\w]*(?:約|about )?[\d.,:/ ]*\d\W*[^\W\d]{0,8}\W*")
_YEAR = re.compile(r"(?:fy ?)?(?:19|20)\d\d(?:年度?)?")
_INSTEAD = re.compile(
    r"\W*|n/?a|none|nil|no|free(?: of charge)?|included|unlimited|無し|なし|無料|不要|込み?|含む|無制限|対象外"
)
"""What stands in a row of its own in place of a figure: "free" over "3 €"."""
