"""Chunks as hits: the last look at live state and access before any text leaves the store."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Select, select

from corpus.catalog import schema
from corpus.catalog.access import live_at, open_to, seen_by
from corpus.catalog.among import among, listed, paired
from corpus.catalog.schema import chunks, documents, pages, versions
from corpus.catalog.texts import read_slices
from corpus.errors import DamagedError
from corpus.hashing import text_hash
from corpus.types import Caller, Hit, Page, Place, show_chunk_id


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A chunk as the catalog keeps it: where it stands, and the hash of what is searched."""

    id: int
    ordinal: int
    start: int
    end: int
    page: int
    last_page: int
    headings: tuple[str, ...]
    context: str
    tokens: int
    searched_hash: bytes

    def is_intact(self, text: str) -> bool:
        """Says whether ``text`` is the chunk's text as it was committed."""
        return _is_intact(self.context, text, self.searched_hash)


def _is_intact(context: str, text: str, searched_hash: bytes) -> bool:
    return text_hash(f"{context}\n\n{text}" if context else text) == searched_hash


def stored_chunks(db: Connection, version_id: int) -> list[StoredChunk]:
    """Returns a version's chunks in order."""
    rows = db.execute(select(chunks).where(chunks.c.version_id == version_id).order_by(chunks.c.ordinal))
    return [
        StoredChunk(
            row.id,
            row.ordinal,
            row.start,
            row.end,
            row.page,
            row.last_page,
            tuple(row.headings),
            row.context,
            row.tokens,
            row.searched_hash,
        )
        for row in rows
    ]


def chunk_ids_of(db: Connection, document_id: str, number: int) -> list[int]:
    """Returns the ids of the chunks of a document's version, in reading order. Who may see them is not asked."""
    query = select(chunks.c.id).join(versions, versions.c.id == chunks.c.version_id)
    query = query.where(versions.c.document_id == document_id, versions.c.number == number)
    return list(db.scalars(query.order_by(chunks.c.ordinal)))


def live_places(
    db: Connection, chunk_ids: Sequence[int], caller: Caller, as_of: datetime | None = None
) -> dict[int, Place]:
    """Returns where the chunks stand that are live, or were at ``as_of``, and open to the caller."""
    query = _places(caller.owner, as_of is not None)
    rows = db.execute(query, {"ids": listed(chunk_ids), **seen_by(caller, as_of)}).all()
    return {own: Place(*where) for own, *where in rows}


@cache
def _places(owner: bool, past: bool) -> Select[Any]:
    query = (
        select(
            chunks.c.id,
            versions.c.document_id,
            chunks.c.ordinal,
            versions.c.title,
            documents.c.path,
            versions.c.id.label("version_id"),
            versions.c.number,
        )
        .select_from(chunks)
        .join(versions, versions.c.id == chunks.c.version_id)
        .join(documents, live_at(past=past))
    )
    return open_to(query.where(among(chunks.c.id)), owner)


def open_slices(db: Connection, wanted: Sequence[tuple[str, int, int, int]], caller: Caller) -> list[str]:
    """Returns ``text[start:end]`` for each (document id, version number, start, end), in two statements.

    What the caller may not see, and what there is not, is "".
    """
    own = _open_versions(db, wanted, caller)
    seen = [(own[one[0], one[1]], one[2], one[3]) for one in wanted if one[:2] in own]
    texts = iter(read_slices(db, seen))
    return [next(texts) if one[:2] in own else "" for one in wanted]


def open_pages(
    db: Connection, wanted: Sequence[tuple[str, int, int, int]], caller: Caller
) -> list[tuple[Page, ...]]:
    """Returns the pages of each (document id, version number, first page, last page), in two statements.

    Of what the caller may not see, and of what there is not, there are none.
    """
    own = _open_versions(db, wanted, caller)
    numbers = sorted(
        {(own[one[:2]], page) for one in wanted if one[:2] in own for page in range(one[2], one[3] + 1)}
    )
    rows = db.execute(_NUMBERED_PAGES, {"pairs": listed(numbers)})
    found = {(version_id, page): Page(page, *rest) for version_id, page, *rest in rows}
    return [
        tuple(
            found[own[one[:2]], page]
            for page in range(one[2], one[3] + 1)
            if one[:2] in own and (own[one[:2]], page) in found
        )
        for one in wanted
    ]


def _numbered_pages() -> Select[Any]:
    pairs, is_one = paired(pages.c.version_id, pages.c.number)
    columns = pages.c.version_id, pages.c.number, pages.c.start, pages.c.end, pages.c.label
    return select(*columns).select_from(pairs).join(pages, is_one)


_NUMBERED_PAGES = _numbered_pages()


def _open_versions(
    db: Connection, wanted: Sequence[tuple[str, int, int, int]], caller: Caller
) -> dict[tuple[str, int], int]:
    """Returns the ids of those versions, each named by its document and number, that the caller may see."""
    named = sorted({(document_id, number) for document_id, number, _, _ in wanted})
    rows = db.execute(_numbered(caller.owner), {"pairs": listed(named), **seen_by(caller)})
    return {(document_id, number): version_id for version_id, document_id, number in rows}


@cache
def _numbered(owner: bool) -> Select[Any]:
    pairs, is_one = paired(versions.c.document_id, versions.c.number)
    query = select(versions.c.id, versions.c.document_id, versions.c.number).select_from(pairs)
    query = query.join(versions, is_one).join(documents, documents.c.id == versions.c.document_id)
    return open_to(query, owner)


def live_hits(
    db: Connection,
    ranked: Sequence[tuple[int, float]],
    legs: Mapping[int, Mapping[str, float]],
    caller: Caller,
    limit: int,
    as_of: datetime | None = None,
) -> list[Hit]:
    """Returns the first ``limit`` of the ranked chunks that are live, or were at ``as_of``, and open to the caller.

    ``ranked`` holds (chunk id, score), best first. Whatever an index said, a chunk of a version that is not live (or
    was not then) or of a document the caller may not see is left out here. Of files of the same bytes in a collection
    the best ranked alone gives its chunks, and names the others that the caller may see.

    Raises:
        DamagedError: a chunk's text is not the one that was committed.
    """
    best = list(islice(_distinct(_in_order(db, ranked, caller, as_of, limit)), limit))
    names = _names(db, {row.sha256 for _, row in best}, caller, as_of)
    texts = read_slices(db, [(row.version_id, row.start, row.end) for _, row in best])
    hits: list[Hit] = []
    for (score, row), text in zip(best, texts, strict=True):
        if not _is_intact(row.context, text, row.searched_hash):
            raise DamagedError(
                f"The stored text of {row.path} is not what was committed (chunk {show_chunk_id(row.id)}).",
                hint=schema.RESTORE_HINT,
            )
        hits.append(
            Hit(
                rank=len(hits) + 1,
                score=float(score),
                chunk_id=show_chunk_id(row.id),
                document_id=row.document_id,
                version=row.number,
                collection=row.collection,
                source=row.path,
                title=row.title,
                content_type=row.content_type,
                language=row.language,
                page=row.page,
                last_page=row.last_page,
                start=row.start,
                end=row.end,
                headings=tuple(row.headings),
                context=row.context,
                text=text,
                legs=dict(legs.get(row.id, {})),
                page_label=row.label or "",
                ocr=_is_recognised(row),
                also=tuple(
                    path for owner, path in names[row.collection, row.sha256] if owner != row.document_id
                ),
            )
        )
    return hits


def _in_order(
    db: Connection, ranked: Sequence[tuple[int, float]], caller: Caller, as_of: datetime | None, step: int
) -> Iterator[tuple[float, Any]]:
    """Yields (score, row) of the ranked chunks that may be shown, best first, reading no further than is asked."""
    for first in range(0, len(ranked), step):
        some = ranked[first : first + step]
        wanted = {"ids": listed(own for own, _ in some), **seen_by(caller, as_of)}
        found = db.execute(_shown(caller.owner, as_of is not None), wanted).all()
        rows = {row.id: row for row in found}
        yield from ((score, rows[own]) for own, score in some if own in rows)


def _distinct(found: Iterable[tuple[float, Any]]) -> Iterator[tuple[float, Any]]:
    """Yields what is of no copy of a document that stood before it.

    The same bytes by another name may be read as another text, and are no copy then.
    """
    owners: dict[tuple[str, str, bytes], str] = {}
    for score, row in found:
        content = row.collection, row.sha256, row.text_hash
        if owners.setdefault(content, row.document_id) == row.document_id:
            yield score, row


def _names(
    db: Connection, hashes: Collection[str], caller: Caller, as_of: datetime | None
) -> Mapping[tuple[str, str], Sequence[tuple[str, str]]]:
    """Returns (document id, path) of the live documents of each collection and content."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    query = _namesakes(caller.owner, as_of is not None)
    rows = db.execute(query, {"hashes": listed(hashes), **seen_by(caller, as_of)})
    for collection, sha256, document_id, path in rows:
        found.setdefault((collection, sha256), []).append((document_id, path))
    return found


@cache
def _namesakes(owner: bool, past: bool) -> Select[Any]:
    query = (
        select(documents.c.collection, versions.c.sha256, documents.c.id, documents.c.path)
        .select_from(versions)
        .join(documents, live_at(past=past))
        .order_by(documents.c.path, documents.c.id)
    )
    return open_to(query.where(among(versions.c.sha256, "hashes")), owner)


def _is_recognised(row: Any) -> bool:
    return any(note["code"] == "ocr_page" and row.page <= note["page"] <= row.last_page for note in row.notes)


@cache
def _shown(owner: bool, past: bool) -> Select[Any]:
    query = (
        select(
            chunks,
            versions.c.document_id,
            versions.c.number,
            versions.c.sha256,
            versions.c.text_hash,
            versions.c.title,
            versions.c.content_type,
            versions.c.language,
            versions.c.notes,
            documents.c.collection,
            documents.c.path,
            pages.c.label,
        )
        .select_from(chunks)
        .join(versions, versions.c.id == chunks.c.version_id)
        .join(documents, live_at(past=past))
        .outerjoin(pages, (pages.c.version_id == versions.c.id) & (pages.c.number == chunks.c.page))
    )
    return open_to(query.where(among(chunks.c.id)), owner)
