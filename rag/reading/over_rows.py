"""The rows of a whole table that a question asks for: counted, added up, or the one with the most or the least.

Only what is sure: every word of the question stands in the table or above it, and one column alone can be meant.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from corpus.language import fold
from rag.prompts.prompting import ReadPassage, is_japanese
from rag.reading.tables import Column, Table, whole_table
from rag.reading.units import Unit
from rag.words.tallies import PEOPLE, Tally, is_of, tally_asked_for
from rag.words.terms import stems

Told = Literal["most", "least", "latest", "earliest", "count", "total"]
"""What is told of rows: as :data:`rag.words.tallies.Kind`, by a date the latest or the earliest."""

MOST_SHOWN = 8
"""So many rows are shown at most."""


@dataclass(frozen=True, slots=True)
class Tallied:
    """The rows that a question asks for among ``of``.

    ``column`` is by which, "" for a count; ``amount`` what they come to: of a total the sum, with its unit; ``chosen``
    the cell that those have which are counted.
    """

    kind: Told
    rows: tuple[Unit, ...]
    of: int
    column: str = ""
    amount: str = ""
    chosen: str = ""


def tallied(question: str, passages: Sequence[ReadPassage]) -> Tallied | None:
    """Returns what a question asks of the rows of the first passage that is a whole table; None where it asks for
    nothing of the kind, or it is not sure.
    """
    asked = tally_asked_for(question)
    if asked is None:
        return None
    for order, passage in enumerate(passages):
        table = whole_table(order, passage)
        if table is not None:
            return over(table, asked, f"{passage.place}\n{passage.context}")
    return None


def over(table: Table, asked: Tally, above: str) -> Tallied | None:
    """Returns what is asked of the rows of a table; ``above`` is what stands over it: title, path, headings."""
    header = stems("\n".join(table.header))
    heads = not asked.counted.isdisjoint(header)
    people = PEOPLE if heads or _lists_people(table) else frozenset[str]()
    meant = _rows_with(table, asked.words - header - people, asked.about)
    if meant is None or not asked.words - header - people - meant.by <= stems(above):
        return None
    if asked.kind == "count":
        return _counted(table, asked, meant)
    columns = _columns(table, asked)
    if not columns or len(meant.rows) < _FEWEST or not all(map(table.is_of_one_measure, columns)):
        return None
    if asked.kind == "total":
        return _added(table, meant.rows, columns[0]) if len(columns) == 1 else None
    best = {frozenset(_extremes(one, meant.rows, asked.kind)) for one in columns}
    chosen = sorted(next(iter(best)))
    if len(best) > 1 or len(chosen) == len(meant.rows):
        return None  # by each column another, or all alike
    name = " / ".join(column.name for column in columns)
    kind: Told = asked.kind
    if columns[0].figures[0].kind == "date":
        kind = "latest" if kind == "most" else "earliest"
    return Tallied(kind, tuple(table.rows[one] for one in chosen), len(meant.rows), name)


_FEWEST = 2


def _extremes(column: Column, rows: Sequence[int], kind: str) -> list[int]:
    values = {one: _value(column, one) for one in rows}
    best = max(values.values()) if kind == "most" else min(values.values())
    return [one for one in rows if values[one] == best]


def _value(column: Column, at: int) -> tuple[Decimal, str]:
    figure = column.figures[at]
    return (Decimal(0), figure.value) if figure.kind == "date" else (Decimal(figure.value), "")


def _counted(table: Table, asked: Tally, meant: _Meant) -> Tallied | None:
    """Returns how many rows a question means by a cell of theirs; None where a column says how many, where it means all
    rows of what may be a part, and where people, or what a cell calls them, are counted in no list of people.
    """
    named = any((asked.words | asked.counted) & stems(column.name) for column in table.columns())
    noun = stems(asked.about.split()[0]) if asked.about.split() else frozenset[str]()
    of_people = asked.of_people or not meant.by.isdisjoint(noun)
    if named or not meant.by or (of_people and not _lists_people(table)):
        return None
    rows = tuple(table.rows[one] for one in meant.rows)
    return Tallied("count", rows, len(table.rows), amount=str(len(rows)), chosen=meant.cell)


def _added(table: Table, chosen: Sequence[int], column: Column) -> Tallied | None:
    """Returns the sum of a column; None of what does not add up: dates, shares, lengths of time, prices of one."""
    first = column.figures[0]
    if _OF_ONE.search(fold(column.name)) or (
        first.kind == "money"
        and not _OF_ALL.search(fold(column.name))
        and any(_HOW_MANY.fullmatch(fold(name).strip()) for name in table.header)
    ):
        return None
    if first.kind in ("date", "percent") or first.unit in ("s", "month", "°"):
        return None
    total = sum((Decimal(column.figures[one].value) for one in chosen), Decimal(0))
    unit = "円" if first.unit == "JPY" else f" {first.unit}" if first.unit.isascii() else first.unit
    rows = tuple(table.rows[one] for one in chosen)
    pence = first.kind == "money" and total % 1 != 0
    amount = f"{total:,.2f}" if pence else f"{total.normalize():,f}"
    return Tallied("total", rows, len(table.rows), column.name, (amount + unit).strip())


_OF_ONE = re.compile(
    r"\bunit\b|\beach\b|\bper (?!month|year|annum|week|day|quarter)"
    r"|/ ?(?:seat|user|head|unit|piece|item)|単価|[あ当]たり|/[人個台本枚]"
)
_OF_ALL = re.compile(r"\b(?:total|sum|amount)\b|合計|小計|総額|金額")
_HOW_MANY = re.compile(r"qty\.?|quantity|quantities|pieces|pcs|(?:個|台|本|枚|人|口)?数量?|個数")


def _lists_people(table: Table) -> bool:
    return any(_NAME.fullmatch(fold(cell)) for cell in table.header[:_FIRST_CELLS])


_NAME = re.compile(
    r"(?:full |first |last |employee |staff )?names?|employee|(?:社員|従業員|担当者)?(?:氏?名|名前)|社員"
)
_FIRST_CELLS = 3


@dataclass(frozen=True, slots=True)
class _Meant:
    """The rows that a question means, by which of its words, and the first one's cell that has them."""

    rows: tuple[int, ...]
    by: frozenset[str] = frozenset()
    cell: str = ""


def _rows_with(table: Table, words: frozenset[str], about: str) -> _Meant | None:
    """Returns the rows that a question means by words of their cells: all where it uses none of any. A cell is meant by
    all of it, or by its last word: "engineers" are platform engineers, too.

    None where cells of different columns leave it open which are meant.
    """
    named: dict[int, frozenset[str]] = {}
    for at in range(len(table.header)):
        named[at] = max((_meant(row[at], words, about) for row in table.cells), key=len)
    at, by = max(named.items(), key=lambda one: len(one[1]))
    if not by:
        return _Meant(tuple(range(len(table.rows))))
    if any(not own <= by for own in named.values()):
        return None
    rows = tuple(n for n, row in enumerate(table.cells) if _meant(row[at], words, about) == by)
    return _Meant(rows, by, table.cells[rows[0]][at])


def _meant(cell: str, words: frozenset[str], about: str) -> frozenset[str]:
    """Returns the words of a question by which it means a cell."""
    folded = fold(cell)
    if is_japanese(cell):
        return stems(cell) & words if len(folded) > 1 and folded in about else frozenset()
    own = stems(cell)
    parts = folded.split()
    if own and own <= words:
        return own
    return stems(parts[-1]) & words if parts and parts[-1].isalpha() else frozenset()


def _columns(table: Table, asked: Tally) -> list[Column]:
    """Returns the columns that can be meant: of the measure that is asked for, those that the question names best."""
    known = [one for one in table.columns() if one.at > 0]
    of_it = [one for one in known if is_of(asked.measure, one.name, one.figures[0])]
    asked_by = asked.named | asked.counted
    shared = {one.at: len(stems(one.name) & asked_by) for one in of_it}
    most = max(shared.values(), default=0)
    if most == 0 and asked.measure == "high":
        return [one for one in known if is_of("money", one.name, one.figures[0])]
    if most == 0 and asked.measure == "" and len(known) > 1:
        return []
    return [one for one in of_it if shared[one.at] == most]
