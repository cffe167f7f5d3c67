"""The stored text of a version, in segments, and its pages: reading costs what is read.

Every function takes the caller's open transaction. Offsets count code points, half-open and 0-based.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, select

from corpus.catalog.among import listed, paired
from corpus.catalog.schema import SEGMENT_CHARS, pages, texts, versions
from corpus.hashing import text_hash
from corpus.types import Page


def read_text(db: Connection, version_id: int, start: int = 0, end: int | None = None) -> str:
    """Returns ``text[start:end]`` of a version, reading only the segments it needs."""
    query = select(texts.c.segment, texts.c.text).where(texts.c.version_id == version_id)
    first = start // SEGMENT_CHARS
    if first:
        query = query.where(texts.c.segment >= first)
    if end is not None:
        query = query.where(texts.c.segment <= max(0, end - 1) // SEGMENT_CHARS)
    text = "".join(row.text for row in db.execute(query.order_by(texts.c.segment)))
    offset = first * SEGMENT_CHARS
    return text[start - offset : None if end is None else end - offset]


def _segments() -> Select[Any]:
    pairs, is_one = paired(texts.c.version_id, texts.c.segment)
    return select(texts.c.version_id, texts.c.segment, texts.c.text).select_from(pairs).join(texts, is_one)


_SEGMENTS = _segments()


def read_slices(db: Connection, slices: Sequence[tuple[int, int, int]]) -> list[str]:
    """Returns ``text[start:end]`` for each (version id, start, end), in one statement."""
    wanted = {
        (version_id, segment)
        for version_id, start, end in slices
        for segment in range(start // SEGMENT_CHARS, max(0, end - 1) // SEGMENT_CHARS + 1)
    }
    rows = db.execute(_SEGMENTS, {"pairs": listed(sorted(wanted))})
    found = {(version_id, segment): text for version_id, segment, text in rows}
    return [_cut(found, *one) for one in slices]


def _cut(found: Mapping[tuple[int, int], str], version_id: int, start: int, end: int) -> str:
    first = start // SEGMENT_CHARS
    last = max(0, end - 1) // SEGMENT_CHARS
    text = "".join(found.get((version_id, segment), "") for segment in range(first, last + 1))
    return text[start - first * SEGMENT_CHARS : end - first * SEGMENT_CHARS]


def is_intact(db: Connection, version_id: int) -> bool:
    """Says whether a version's text is, to the letter, the one that was committed."""
    committed = db.execute(select(versions.c.text_hash).where(versions.c.id == version_id)).scalar_one()
    return bool(text_hash(read_text(db, version_id)) == committed)


def read_pages(db: Connection, version_id: int) -> tuple[Page, ...]:
    """Returns a version's pages in order."""
    rows = db.execute(select(pages).where(pages.c.version_id == version_id).order_by(pages.c.number))
    return tuple(Page(row.number, row.start, row.end, row.label) for row in rows)
