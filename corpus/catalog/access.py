"""Which versions a caller and a filter let through. Nothing else in the program checks access."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, or_, select

from corpus.catalog.among import among, listed
from corpus.catalog.documents import REGRANTED
from corpus.catalog.schema import access, changes, documents, meta, versions
from corpus.catalog.times import shown_time
from corpus.errors import NotAllowedError
from corpus.types import PUBLIC, Caller, Filter, Int64

_MOST_FOLLOWED = 2000
"""So many changes are followed one by one; beyond that all is read anew."""

_LAST_SEQ = select(func.max(changes.c.seq))
_TOUCHED = select(changes.c.version_id).where(changes.c.seq > bindparam("seq"))
_CONTENTS = select(versions.c.id, versions.c.sha256).where(among(versions.c.id))
_OF_CONTENTS = select(versions.c.id).where(among(versions.c.sha256, "hashes"))
_NAMED = select(access.c.principal).where(access.c.principal == bindparam("own")).limit(1)
_REGRANTED = select(meta.c.value).where(meta.c.key == REGRANTED)

_MOST_TITLES = 4
"""So many titles of one content are searched: a file without a title of its own has its name for one."""

_Query = TypeVar("_Query", bound=Select[Any])


@dataclass(frozen=True, slots=True)
class Scope:
    """The versions to search, as of one state of the catalog: ascending (int64), None for every live one."""

    versions: Int64 | None
    seq: int
    regranted: int


def effective(db: Connection, caller: Caller) -> Caller:
    """Returns a caller with those principals alone that some document names: it sees the same, and users whom none
    names are told apart by their groups alone.
    """
    if caller.owner:
        return caller
    found = (db.execute(_NAMED, {"own": one}).scalar_one_or_none() for one in sorted(caller.principals))
    return replace(caller, principals=frozenset(one for one in found if one is not None))


def read_scope(db: Connection, caller: Caller, filter: Filter, before: Scope | None = None) -> Scope:
    """Returns the versions to search for a caller and a filter: see :func:`allowed_versions`.

    With what they were ``before``, at an earlier state, only what changed since is looked at, unless that was an access
    list, very much, or what the filter asks for beside collection, type and language.
    """
    seq = db.execute(_LAST_SEQ).scalar_one_or_none() or 0
    regranted = int(db.execute(_REGRANTED).scalar_one_or_none() or 0)
    steady = replace(filter, collections=(), content_types=(), languages=(), documents=()) == Filter()
    if steady and before is not None and before.regranted == regranted and before.seq <= seq:
        touched = set(db.execute(_TOUCHED, {"seq": before.seq}).scalars())
        if not touched:
            return Scope(before.versions, seq, regranted)
        few = touched if len(touched) <= _MOST_FOLLOWED else ()
        found = db.execute(_CONTENTS, {"ids": listed(few)}).all()
        if len(found) == len(touched):  # of what was erased nothing is left
            return Scope(_followed(db, caller, filter, before, {row.sha256 for row in found}), seq, regranted)
    return Scope(allowed_versions(db, caller, filter), seq, regranted)


def _followed(
    db: Connection, caller: Caller, filter: Filter, before: Scope, contents: set[str]
) -> Int64 | None:
    """Returns what is searched now, where nothing but files of these contents came, changed or went."""
    if before.versions is None:
        return allowed_versions(db, caller, filter) if _has_copies(db, contents) else None
    same = db.execute(_OF_CONTENTS, {"hashes": listed(contents)}).scalars().all()
    now = _searched(db, caller, filter, contents)
    others = np.setdiff1d(before.versions, np.array(same, np.int64), assume_unique=True)
    return np.sort(np.concatenate([others, now]), kind="stable")  # two runs in order: merged in a pass


def allowed_versions(db: Connection, caller: Caller, filter: Filter) -> Int64 | None:
    """Returns the versions to search, ascending (int64), or None when every live one is.

    They are live, or were at ``filter.as_of``; who may see them is a matter of today, see :func:`open_to`. Of files of
    the same bytes and title in a collection that pass the first alone is searched: the others would take its passages'
    places among the candidates. Of different titles, which are searched with each passage, the first four are.
    """
    if caller.owner and filter == Filter() and not _has_copies(db):
        return None
    return _searched(db, caller, filter)


def _searched(db: Connection, caller: Caller, filter: Filter, contents: Collection[str] = ()) -> Int64:
    """Returns the versions to search; with ``contents``, those of files of these hashes alone."""
    wanted = seen_by(caller, filter.as_of)
    # Reading metadata takes longer than all else.
    own = (documents.c.metadata, versions.c.metadata.label("own_metadata")) if filter.metadata else ()
    closely = _limited(select(*_LOOKED_AT, *own), caller, filter)
    if contents:
        few = closely.where(among(versions.c.sha256, "hashes"))
        return _first_of_each(db.execute(few, wanted | {"hashes": listed(contents)}), filter)
    if filter.metadata or filter.source or filter.as_of is not None:
        return _first_of_each(db.execute(closely, wanted), filter)
    # A copy has another version of its content: only these are looked at closely, of the others the ids are enough.
    again = versions.c.sha256.in_(_SEEN_AGAIN)
    rows = db.execute(closely.where(again), wanted).all()
    ids = db.execute(_limited(select(versions.c.id), caller, filter), wanted).scalars().all()
    every = np.array(ids, np.int64)
    others = np.setdiff1d(every, np.array([row.id for row in rows], np.int64), assume_unique=True)
    return np.sort(np.concatenate([others, _first_of_each(rows, filter)]))


_LOOKED_AT = (
    versions.c.id,
    documents.c.path,
    documents.c.collection,
    versions.c.sha256,
    versions.c.text_hash,
    versions.c.title,
)


def _limited(query: _Query, caller: Caller, filter: Filter) -> _Query:
    """Returns a query over documents and their versions, limited to what passes in the database."""
    query = query.select_from(documents).join(versions, live_at(past=filter.as_of is not None))
    query = open_to(query, caller.owner)
    if filter.collections:
        query = query.where(documents.c.collection.in_(filter.collections))
    if filter.documents:
        query = query.where(documents.c.id.in_(filter.documents))
    if filter.content_types:
        query = query.where(versions.c.content_type.in_(filter.content_types))
    if filter.languages:
        query = query.where(versions.c.language.in_(filter.languages))
    moment = func.coalesce(versions.c.date, versions.c.modified)
    if filter.since is not None:
        query = query.where(moment >= shown_time(filter.since))
    if filter.until is not None:
        query = query.where(moment < shown_time(filter.until))
    return query


def _first_of_each(rows: Iterable[Any], filter: Filter) -> Int64:
    """Returns, ascending, the versions of rows that pass the rest of the filter: of each content the first of each of
    its first titles.
    """
    matches = _glob(filter.source) if filter.source else None
    first: dict[tuple[str, str, bytes], dict[str, int]] = {}
    for own, path, collection, sha256, read, title, *metadata in rows:
        if matches is not None and not matches.match(path):
            continue
        if metadata and not filter.metadata.items() <= {**metadata[1], **metadata[0]}.items():
            continue
        titled = first.setdefault((collection, sha256, read), {})
        titled[title] = min(own, titled.get(title, own))
    searched = [own for titled in first.values() for own in sorted(titled.values())[:_MOST_TITLES]]
    return np.array(sorted(searched), dtype=np.int64)


def _has_copies(db: Connection, contents: Collection[str] = ()) -> bool:
    """Says whether live documents are not searched, being copies: at all, or of files of these ``contents``."""
    if not contents:
        return db.execute(_COPIES.where(versions.c.sha256.in_(_SEEN_AGAIN))).first() is not None
    few = _COPIES.where(among(versions.c.sha256, "hashes"))
    return db.execute(few, {"hashes": listed(contents)}).first() is not None


def live_at(*, past: bool) -> ColumnElement[bool]:
    """Returns what joins a document with the version that is live, or (``past``) that was at the moment that
    :func:`seen_by` gives the statement: one at most.

    Of versions that were there by then the last counts, whatever the clock said when those before it were retired: it
    may have been set back, or ahead for a while.
    """
    if not past:
        return documents.c.live_version_id == versions.c.id
    shown = bindparam("moment", type_=versions.c.committed_at.type)
    later = versions.alias()
    followed = select(later.c.id).where(
        later.c.document_id == versions.c.document_id,
        later.c.number > versions.c.number,
        later.c.committed_at <= shown,
    )
    return (
        (versions.c.document_id == documents.c.id)
        & (versions.c.committed_at <= shown)
        & or_(versions.c.retired_at.is_(None), versions.c.retired_at > shown)
        & ~followed.correlate(versions).exists()
    )


def open_to(query: _Query, owner: bool) -> _Query:
    """Limits a query over ``documents`` to those that the caller whom :func:`seen_by` gives it may see today.

    Whatever version is asked for, today's access list decides; a removed document is the owner's alone.
    """
    if owner:
        return query
    # Looked up for each document that the query comes to: the list of all that are open would be made every time.
    granted = select(access.c.document_id).where(
        access.c.document_id == documents.c.id, among(access.c.principal, "principals")
    )
    return query.where(granted.correlate(documents).exists(), documents.c.live_version_id.is_not(None))


# By the index of hashes: to group all live documents after each commit would cost what the corpus holds.
_SEEN_AGAIN = select(versions.c.sha256).group_by(versions.c.sha256).having(func.count() > 1)
_COPIES = (
    select(func.count())
    .select_from(documents)
    .join(versions, live_at(past=False))
    .group_by(documents.c.collection, versions.c.sha256, versions.c.text_hash)
    .having(or_(func.count() > func.count(versions.c.title.distinct()), func.count() > _MOST_TITLES))
    .limit(1)
)


def seen_by(caller: Caller, as_of: datetime | None = None) -> dict[str, Any]:
    """Returns the parameters of what :func:`open_to` and :func:`live_at` made."""
    moment = {} if as_of is None else {"moment": shown_time(as_of)}
    return moment if caller.owner else moment | {"principals": listed(sorted(caller.principals))}


def may_see(caller: Caller, granted: frozenset[str]) -> bool:
    """Says whether a caller may see a document with this access list. An empty list is nobody's."""
    return caller.owner or bool(granted & caller.principals)


def granted_among(db: Connection, caller: Caller, document_ids: Sequence[str]) -> frozenset[str]:
    """Returns those of these documents that are open to the caller, removed ones too."""
    if caller.owner:
        return frozenset(document_ids)
    query = select(access.c.document_id).where(
        among(access.c.document_id), among(access.c.principal, "principals")
    )
    return frozenset(db.execute(query, {"ids": listed(document_ids), **seen_by(caller)}).scalars())


def visible_among(db: Connection, caller: Caller, document_ids: Sequence[str]) -> frozenset[str]:
    """Returns those of these documents that the caller may see; a removed one is its owner's alone."""
    query = open_to(select(documents.c.id).where(among(documents.c.id)), caller.owner)
    return frozenset(db.execute(query, {"ids": listed(document_ids), **seen_by(caller)}).scalars())


def visible_page(
    db: Connection, caller: Caller, collection: str | None, limit: int, offset: int
) -> list[str]:
    """Returns the ids of the live documents the caller may see, in order of collection, root and path: ``limit`` of
    them behind the first ``offset``.
    """
    query = _listed(select(documents.c.id), caller, collection)
    return list(db.execute(query.limit(limit).offset(offset), seen_by(caller)).scalars())


def visible_named(
    db: Connection, caller: Caller, collection: str | None, words: str, *, removed: bool = False
) -> list[str]:
    """Returns the ids of those of them whose title and path hold all these words, whatever their case and widths.

    With ``removed`` the owner is told of removed documents, too; those have a path alone.
    """
    query = _listed(select(documents.c.id, documents.c.path, versions.c.title), caller, collection, removed)
    rows = db.execute(query.outerjoin(versions, live_at(past=False)), seen_by(caller))
    if not words.strip():
        return [id for id, _, _ in rows]
    return [id for id, path, title in rows if is_named(f"{title or ''}\n{path}", words)]


def is_named(text: str, words: str) -> bool:
    """Says whether a text holds all these words, whatever their case and widths."""
    named = _as_named(text)
    return all(word in named for word in _wanted(words))


def any_closed(db: Connection) -> bool:
    """Says whether there is a document that not everybody may read, or that more than the public is named for."""
    other = select(access.c.document_id).where(or_(access.c.principal < PUBLIC, access.c.principal > PUBLIC))
    granted = select(access.c.document_id).where(access.c.document_id == documents.c.id)
    nobody = select(documents.c.id).where(~granted.correlate(documents).exists())
    return any(db.execute(query.limit(1)).first() is not None for query in (other, nobody))


def _listed(query: _Query, caller: Caller, collection: str | None, removed: bool = False) -> _Query:
    query = open_to(query, caller.owner)
    if not removed:
        query = query.where(documents.c.live_version_id.is_not(None))
    if collection is not None:
        query = query.where(documents.c.collection == collection)
    return query.order_by(documents.c.collection, documents.c.root, documents.c.path)


@lru_cache(maxsize=1)
def _wanted(words: str) -> tuple[str, ...]:
    return tuple(_as_named(words).split())


def _as_named(text: str) -> str:
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", folded)  # a small letter may be parted from its marks


def name_taken(path: str) -> NotAllowedError:
    """The error for a name in use by what the caller may not see; it tells nothing of that document."""
    return NotAllowedError(
        f"{path} cannot be stored under this name.", code="name_taken", hint="Give it another name."
    )


def collections(db: Connection, caller: Caller) -> dict[str, int]:
    """Returns the collections with a live document the caller may see, and how many of those."""
    query = select(documents.c.collection, func.count()).where(documents.c.live_version_id.is_not(None))
    query = query.group_by(documents.c.collection).order_by(documents.c.collection)
    rows = db.execute(open_to(query, caller.owner), seen_by(caller))
    return {row[0]: row[1] for row in rows}


def has_collection(db: Connection, name: str, caller: Caller) -> bool:
    """Says whether the caller may see a live document of that collection, looking no further than the first."""
    live = documents.c.live_version_id.is_not(None)
    query = open_to(select(documents.c.id).where(documents.c.collection == name, live), caller.owner)
    return db.execute(query.limit(1), seen_by(caller)).first() is not None


@lru_cache(maxsize=256)
def _glob(pattern: str) -> re.Pattern[str]:
    """``*`` and ``?`` stay within a folder, ``**`` crosses folders; a bare name matches at any depth."""
    if "/" not in pattern:
        pattern = f"**/{pattern}"
    parts: list[str] = []
    at = 0
    while at < len(pattern):
        if pattern.startswith("**/", at):
            parts.append("(?:.*/)?")
            at += 3
        elif pattern.startswith("**", at):
            parts.append(".*")
            at += 2
        elif pattern[at] == "*":
            parts.append("[^/]*")
            at += 1
        elif pattern[at] == "?":
            parts.append("[^/]")
            at += 1
        else:
            parts.append(re.escape(pattern[at]))
            at += 1
    return re.compile("".join(parts) + r"\Z", re.DOTALL)
