"""What a collection holds at or below given addresses, looked up by root and path: it costs what is asked for, not what
the collection holds.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from sqlalchemy import CTE, ColumnElement, Connection, Select, Table, bindparam, func, select

from corpus.catalog.schema import documents, failures
from corpus.types import RootPath

Span: TypeAlias = tuple[str, str, str, str]
"""A collection, a root, the first path of it that is meant, and one behind the last."""

_LAST = "\U0010ffff" * 64
"""Behind every path: a name has at most 255 bytes."""


def address(root: str, path: str) -> str:
    """Returns where a document's file lies, in NFC; an upload's address is below no folder."""
    return unicodedata.normalize("NFC", f"{root.rstrip('/')}/{path}")


def roots(db: Connection, collection: str) -> list[str]:
    """Returns the roots of a collection's documents, removed ones too, and of what failed, in order."""
    found = {root for query in _ROOTS for root in db.execute(query, {"collection": collection}).scalars()}
    return sorted(root for root in found if root is not None)


def landmarks(db: Connection, collection: str) -> set[RootPath]:
    """Returns a place of every root with a live document or a failure: one in a subfolder of it where there is any."""
    given = {"collection": collection}
    return {
        (root, path) for query in _LANDMARKS for root, path in db.execute(query, given) if path is not None
    }


def spans(db: Connection, collection: str, addresses: Iterable[str]) -> list[Span]:
    """Returns where in a collection the documents lie whose addresses are among these, or below one.

    A few others may lie there: those whose names begin with one that is asked for (``a.txt.bak`` with ``a.txt``).
    """
    asked = outermost(addresses)
    folders = {f"{one}/" for one in asked}
    starts: dict[str, list[str]] = {}
    for root in roots(db, collection):
        starts.setdefault(address(root, ""), []).append(root)
    found = {
        (collection, root, "", _LAST)
        for start, own in starts.items()
        if any(above in folders for above in _above(start))
        for root in own
    }
    for one in asked:
        for start in _above(one):
            rest = one[len(start) :]  # "0" follows "/"
            found.update((collection, root, rest, f"{rest}0") for root in starts.get(start, ()))
    return sorted(found)


def outermost(addresses: Iterable[str]) -> list[str]:
    """Returns the addresses, in NFC and without a slash at the end, that lie below none of the others."""
    kept: list[str] = []
    named = {f"{unicodedata.normalize('NFC', one).rstrip('/')}/" for one in addresses}
    for one in sorted(filter(_is_text, named)):  # one that is no text names no document
        if not kept or not one.startswith(kept[-1]):
            kept.append(one)
    return [one[:-1] for one in kept]


def _above(address: str) -> Iterator[str]:
    """Yields the folders of an address from the top down, each with its slash at the end."""
    at = 0
    while at := address.find("/", at) + 1:
        yield address[:at]


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _each_root(table: Table) -> CTE:
    """Returns the roots of a collection: they are stepped through in the index, past all paths."""
    own = table.c.collection == bindparam("collection")
    root = select(func.min(table.c.root).label("root")).where(own).cte("roots", recursive=True)
    following = select(func.min(table.c.root)).where(own, table.c.root > root.c.root)
    return root.union_all(select(following.scalar_subquery()).where(root.c.root.is_not(None)))


def _seen_from(table: Table, *conditions: ColumnElement[bool]) -> Select[Any]:
    each = _each_root(table)
    own = select(table.c.path).where(
        table.c.collection == bindparam("collection"), table.c.root == each.c.root, *conditions
    )
    below = own.where(table.c.path.contains("/")).limit(1).scalar_subquery()
    any_path = own.limit(1).scalar_subquery()
    return select(each.c.root, func.coalesce(below, any_path).label("path")).where(each.c.root.is_not(None))


_ROOTS = tuple(select(_each_root(table).c.root) for table in (documents, failures))
_LANDMARKS = (_seen_from(documents, documents.c.live_version_id.is_not(None)), _seen_from(failures))
