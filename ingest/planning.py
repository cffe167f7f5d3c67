"""Files × catalog × fingerprint → what to do. Pure: no file is read and nothing is written here."""

from __future__ import annotations

import dataclasses
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from corpus.catalog.documents import Known
from corpus.catalog.records import Failure
from corpus.embedding import EmbeddingSpace
from corpus.errors import NotAllowedError
from corpus.late import FORMAT
from corpus.settings import Settings
from corpus.types import PUBLIC
from ingest.chunking import CHUNKER_VERSION
from ingest.discovery import SourceFile
from ingest.parsers import HOLDS_PICTURES, PARSERS, parser_version, recognition
from ingest.parsers.detection import suffix_of
from ingest.parsers.titles import title_from_name
from ingest.sandbox import FAULTS, QUARANTINE_AFTER

LOST_SHARE_NEEDING_CONSENT = 0.30

Terms = tuple[frozenset[str], Mapping[str, str]]
"""A document's access list, and the metadata that its users gave it."""


@dataclass(frozen=True, slots=True)
class Update:
    """A document whose access list, metadata or file time changes, whatever becomes of its content."""

    known: Known
    access: frozenset[str]
    metadata: Mapping[str, str]
    modified: datetime | None

    @property
    def is_touch(self) -> bool:
        """Whether only the file's time differs, which is nothing to tell anybody."""
        return (self.access, self.metadata) == (self.known.access, self.known.metadata)


@dataclass(frozen=True, slots=True)
class Move:
    """A document whose file is now elsewhere, byte for byte the same; ``known`` is it as it was.

    With ``again`` it is also in ``replace``: what it says depends on its name, or it would be read in another way.
    """

    known: Known
    file: SourceFile
    access: frozenset[str]
    metadata: Mapping[str, str]
    again: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What an ingest will do, each list in the order of the files.

    ``move`` is carried out first, then ``update``. It also has the documents of ``replace`` and
    ``failed_before``, and those whose file cannot be opened, when they get another access list or other
    metadata: that holds at once, and also where the new content cannot be read. ``forget`` has the failures of
    files that have left a synced root, or are again what their document says. ``heirs`` has the access list and
    metadata that a new file begins with, by (root, path): those of the document whose bytes it has and whose own
    file is gone or has others now (it was renamed, and another took its name); else those of the removed document
    that had its place. It also has a known document that got the bytes of one that not everybody may read, by such
    a renaming: it is as closed as the two of them together.
    """

    add: tuple[SourceFile, ...]
    replace: tuple[tuple[SourceFile, Known], ...]
    update: tuple[Update, ...]
    unchanged: tuple[Known, ...]
    failed_before: tuple[tuple[SourceFile, Failure], ...]
    move: tuple[Move, ...]
    remove: tuple[Known, ...]
    forget: tuple[Failure, ...]
    heirs: Mapping[tuple[str, str], Terms]


EMPTY = Plan((), (), (), (), (), (), (), (), {})


def fingerprint(content_type: str, settings: Settings, space: EmbeddingSpace) -> str:
    """Returns how a content type would be read, cut and embedded today.

    "" stands for every type, as with a file of which no type was ever read: it changes with any parser. What may
    hold pictures of pages is read in another way once text recognition is there.
    """
    pictures = content_type in HOLDS_PICTURES and settings.ocr != "off" and recognition.is_installed()
    every = ".".join(one.version for one in PARSERS.values())
    read = parser_version(content_type) if content_type else every
    cut = f"{CHUNKER_VERSION}:{settings.chunk_tokens}:{settings.chunk_chars}"
    late = f"+late{FORMAT}" if settings.late_interaction else ""
    return f"{read}{'+ocr' if pictures else ''}/{cut}/{space.id}{late}"


def needs_hash(files: Iterable[SourceFile], known: Mapping[tuple[str, str], Known]) -> list[SourceFile]:
    """Returns the files whose size or time differs from what is known, or that are new."""
    return [file for file in files if not _same_stamp(file, known.get((file.root, file.path)))]


def plan(
    files: Sequence[SourceFile],
    hashes: Mapping[tuple[str, str], str],
    known: Mapping[tuple[str, str], Known],
    failures: Mapping[tuple[str, str], Failure],
    fingerprint: Callable[[str], str],
    *,
    access: frozenset[str] | None = None,
    metadata: Mapping[str, str] | None = None,
    looked_into: Iterable[str] = (),
    sync: Collection[str] = (),
    kept: Iterable[tuple[str, str]] = (),
    taken: Mapping[tuple[str, str], Terms] = MappingProxyType({}),
    consent: bool = False,
    retry_failed: bool = False,
) -> Plan:
    """Decides what becomes of every file, and of every document and failure that has lost its file.

    Args:
        files: what was found.
        hashes: SHA-256 by (root, path), for at least the files :func:`needs_hash` names; "" for a file that
            cannot be opened.
        known: live documents of the collection by (root, path).
        failures: remembered failures by (root, path).
        fingerprint: content type → how it would be read, cut and embedded today.
        access: the access list asked for; None keeps each document's own.
        metadata: the metadata asked for; None keeps each document's own.
        looked_into: addresses of the folders and files that were looked for: what is known there and was not
            found is lost.
        sync: folders that the corpus is to become equal to; lost documents outside them stay.
        kept: (root, path) that exist but were passed over, so are not lost; a path that ends in ``/``
            stands for all below it.
        taken: what removed documents had, by (root, path): no other document can move there.
        consent: the user agreed to a large removal.
        retry_failed: read again what failed before though it did not change.

    Raises:
        NotAllowedError: a synced folder lost more than 30 % of its documents, or all, without consent.
    """
    add: list[SourceFile] = []
    replace: list[tuple[SourceFile, Known]] = []
    update: list[Update] = []
    unchanged: list[Known] = []
    failed_before: list[tuple[SourceFile, Failure]] = []
    forget: list[Failure] = []

    def change(before: Known, modified: datetime | None) -> Update:
        return Update(
            before,
            before.access if access is None else access,
            before.metadata if metadata is None else metadata,
            modified,
        )

    for file in files:
        place = (file.root, file.path)
        before = known.get(place)
        sha256 = hashes.get(place, before.sha256 if before else "")
        failure = failures.get(place)
        if not sha256:
            pass  # it cannot be opened, which is told elsewhere
        elif (
            failure is not None
            and failure.sha256 == sha256
            and not retry_failed
            and _settled(failure, fingerprint)
        ):
            failed_before.append((file, failure))
        elif before is None:
            add.append(file)
        elif before.sha256 != sha256 or before.fingerprint != fingerprint(before.content_type):
            replace.append((file, before))
        else:
            wanted = change(before, file.modified)
            if wanted.is_touch and file.modified == before.modified:
                unchanged.append(before)
            else:
                update.append(wanted)
            forget += [failure] if failure is not None else []
            continue
        if before is not None and not change(before, before.modified).is_touch:
            update.append(change(before, before.modified))
    found = {(file.root, file.path) for file in files}
    passed_over = _within(kept)
    unseen = [
        change(one, one.modified) for place, one in known.items() if place not in found and passed_over(place)
    ]
    update += [one for one in unseen if not one.is_touch]
    looked_for = _below(looked_into)

    def is_lost(place: tuple[str, str]) -> bool:
        return place not in found and not passed_over(place) and looked_for(place)

    lost = {place: document for place, document in known.items() if is_lost(place)}
    move, add = _moved(add, hashes, lost, set(taken), access, metadata, fingerprint)
    for one in move:
        del lost[one.known.key.root, one.known.key.path]
        if one.again:
            replace.append(
                (one.file, dataclasses.replace(one.known, access=one.access, metadata=one.metadata))
            )
    remove = _removable(lost, known, sync, consent)
    displaced = [*lost.values(), *_displaced(replace, hashes)]
    synced = _below(sync)
    forget += [failure for place, failure in failures.items() if synced(place) and is_lost(place)]
    return Plan(
        tuple(add),
        tuple(replace),
        tuple(update),
        tuple(unchanged),
        tuple(failed_before),
        tuple(move),
        remove,
        tuple(forget),
        _heirs(add, displaced, hashes, taken) | _closed(replace, displaced, hashes),
    )


def address(root: str, path: str) -> str:
    """Returns where a document's file lies, in NFC; an upload's address is below no folder."""
    return unicodedata.normalize("NFC", f"{root.rstrip('/')}/{path}")


def _same_stamp(file: SourceFile, before: Known | None) -> bool:
    return before is not None and (before.size_bytes, before.modified) == (file.size_bytes, file.modified)


def _settled(failure: Failure, fingerprint: Callable[[str], str]) -> bool:
    """Whether reading the same bytes the same way again would only fail again."""
    if failure.code in FAULTS and failure.crashes < QUARANTINE_AFTER:
        return False
    return failure.fingerprint == fingerprint("")


def _within(places: Iterable[tuple[str, str]]) -> Callable[[tuple[str, str]], bool]:
    """Returns a test for being one of the places, or below one that ends in ``/``."""
    single = {address(*place) for place in places}
    folders = tuple(one for one in single if one.endswith("/"))
    return lambda place: (own := address(*place)) in single or own.startswith(folders)


def _below(folders: Iterable[str]) -> Callable[[tuple[str, str]], bool]:
    """Returns a test for a place being one of these folders or files, or lying below one."""
    named = [unicodedata.normalize("NFC", folder).rstrip("/") for folder in folders]
    exact, starts = set(named), tuple(f"{one}/" for one in named)

    def is_below(place: tuple[str, str]) -> bool:
        own = address(*place)
        return own in exact or own.startswith(starts)

    return is_below


def _moved(
    add: Sequence[SourceFile],
    hashes: Mapping[tuple[str, str], str],
    lost: Mapping[tuple[str, str], Known],
    taken: set[tuple[str, str]],
    access: frozenset[str] | None,
    metadata: Mapping[str, str] | None,
    fingerprint: Callable[[str], str],
) -> tuple[list[Move], list[SourceFile]]:
    """Returns the new files that are lost documents elsewhere, and the other new files.

    Of several lost documents with a file's content it is the one of its name, else the first.
    """
    by_content: dict[str, list[Known]] = {}
    for _, document in sorted(lost.items()):
        by_content.setdefault(document.sha256, []).append(document)
    moved, others = [], []
    for file in sorted(add, key=lambda one: not _has_namesake(one, hashes, by_content)):
        candidates = by_content.get(hashes[file.root, file.path], [])
        if not candidates or (file.root, file.path) in taken:
            others.append(file)
            continue
        known = min(candidates, key=lambda one: _name(one.key.path) != _name(file.path))
        candidates.remove(known)
        renamed = _name(known.key.path) != _name(file.path)
        again = known.fingerprint != fingerprint(known.content_type) or (
            renamed
            and (
                known.title == title_from_name(known.key.path)
                or suffix_of(known.key.path) != suffix_of(file.path)
            )
        )
        moved.append(
            Move(
                known,
                file,
                known.access if access is None else access,
                known.metadata if metadata is None else metadata,
                again,
            )
        )
    order = {(file.root, file.path): at for at, file in enumerate(add)}
    moved.sort(key=lambda one: order[one.file.root, one.file.path])
    return moved, sorted(others, key=lambda one: order[one.root, one.path])


def _displaced(
    replace: Iterable[tuple[SourceFile, Known]], hashes: Mapping[tuple[str, str], str]
) -> list[Known]:
    """Returns the documents whose files have other bytes now."""
    return [
        before
        for file, before in replace
        if hashes.get((file.root, file.path), before.sha256) != before.sha256
    ]


def _heirs(
    add: Iterable[SourceFile],
    gone: Iterable[Known],
    hashes: Mapping[tuple[str, str], str],
    taken: Mapping[tuple[str, str], Terms],
) -> dict[tuple[str, str], Terms]:
    """Returns what new files inherit from documents that had their bytes, else from those that had their places.

    Of several with the same bytes it is one that not everybody may read, if there is one.
    """
    new = [(file.root, file.path) for file in add]
    ordered = sorted(gone, key=lambda one: PUBLIC not in one.access)
    by_content = {one.sha256: (one.access, one.metadata) for one in ordered}
    found = {place: by_content.get(hashes[place]) or taken.get(place) for place in new}
    return {place: terms for place, terms in found.items() if terms is not None}


def _closed(
    replace: Iterable[tuple[SourceFile, Known]],
    gone: Iterable[Known],
    hashes: Mapping[tuple[str, str], str],
) -> dict[tuple[str, str], Terms]:
    """Returns what becomes of documents whose files have the bytes of closed ones now: closed as those were.

    What not everybody may read must not become open because two files have swapped their names, neither to the
    public nor to another group: where both were closed, those may read it who may read both.
    """
    closed = [one for one in gone if PUBLIC not in one.access]
    by_content = {
        one.sha256: one for one in sorted(closed, key=lambda one: (-len(one.access), sorted(one.access)))
    }
    found = {}
    for file, before in replace:
        place = (file.root, file.path)
        source = by_content.get(hashes.get(place, before.sha256))
        if source is not None and source.document_id != before.document_id:
            both = source.access if PUBLIC in before.access else before.access & source.access
            found[place] = (both, before.metadata)
    return found


def _has_namesake(
    file: SourceFile, hashes: Mapping[tuple[str, str], str], by_content: Mapping[str, Sequence[Known]]
) -> bool:
    same = by_content.get(hashes[file.root, file.path], ())
    return any(_name(one.key.path) == _name(file.path) for one in same)


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _removable(
    lost: Mapping[tuple[str, str], Known],
    known: Mapping[tuple[str, str], Known],
    folders: Iterable[str],
    consent: bool,
) -> tuple[Known, ...]:
    """Returns the lost documents of the synced folders, when so many may go."""
    removable: set[tuple[str, str]] = set()
    for root in sorted(folders):
        synced = _below([root])
        gone = [place for place in lost if synced(place)]
        all_of_it = sum(map(synced, known))
        if (
            gone
            and not consent
            and (len(gone) == all_of_it or len(gone) > LOST_SHARE_NEEDING_CONSENT * all_of_it)
        ):
            raise NotAllowedError(
                f"{len(gone)} of {all_of_it} documents would be removed because their files left {root}.",
                code="large_removal",
                hint="Nothing was changed. If that is right, say --yes; "
                "else check that the folder is mounted.",
            )
        removable.update(gone)
    return tuple(sorted((lost[place] for place in removable), key=lambda document: document.key))
