"""Lists in a statement: one parameter however long, so that a statement is made and compiled once.

SQLAlchemy writes an ordinary ``IN`` anew for every length of its list, which takes it longer than SQLite takes to read
some hundred rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, TableValuedAlias, and_, bindparam, func, select


def among(column: ColumnElement[Any], name: str = "ids") -> ColumnElement[bool]:
    """Returns that a column is one of the values in the parameter ``name``, which :func:`listed` makes."""
    return column.in_(select(_each(name).c.value))


def paired(
    first: ColumnElement[Any], second: ColumnElement[Any]
) -> tuple[TableValuedAlias, ColumnElement[bool]]:
    """Returns a table of the pairs in the parameter ``pairs``, and what joins two columns with one of them."""
    each = _each("pairs")
    return each, (first == func.json_extract(each.c.value, "$[0]")) & (
        second == func.json_extract(each.c.value, "$[1]")
    )


def spanned(*columns: ColumnElement[Any]) -> tuple[TableValuedAlias, ColumnElement[bool]]:
    """Returns a table of the tuples in the parameter ``spans``, and what joins columns with one of them: the last
    column lies between its last two values, half-open, the others are equal to those before.
    """
    each = _each("spans")
    *values, start, end = (func.json_extract(each.c.value, f"$[{at}]") for at in range(len(columns) + 1))
    *equal, last = columns
    same = (column == value for column, value in zip(equal, values, strict=True))
    return each, and_(*same, last >= start, last < end)


def listed(values: Iterable[int | str | tuple[int | str, ...]]) -> str:
    """Returns values, or tuples of them, as the parameter that they are read from."""
    return json.dumps(list(values), ensure_ascii=False)


def _each(name: str) -> TableValuedAlias:
    return func.json_each(bindparam(name)).table_valued("value")
