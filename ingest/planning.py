"""Files × catalog × fingerprint → what to do. Pure: no file is read and nothing is written here."""

from __future__ import annotations

import dataclasses
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from corpus.catalog.documents import Known
from corpus.catalog.records import Failure
from corpus.catalog.scopes import address
from corpus.embedding import EmbeddingSpace
from corpus.errors import NotAllowedError
from corpus.late import FORMAT
from corpus.settings import Settings
from corpus.types import RootPath, Terms
from ingest.chunking import CHUNKER_VERSION
from ingest.discovery import SourceFile
from ingest.parsers import HOLDS_PICTURES, PARSERS, parser_version, recognition
from ingest.renaming import Move, closed, displaced, heirs, moved
from ingest.reports import IngestOptions
from ingest.sandbox.pool import FAULTS, QUARANTINE_AFTER

LOST_SHARE_NEEDING_CONSENT = 0.30


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
class Found:
    """What lies on the disk.

    ``hashes`` has the SHA-256 of at least the files that :func:`needs_hash` names; "" for one that cannot be opened.
    ``looked_into`` are addresses of the folders and files that were looked for: what is known there and was not found
    is lost. Not lost is what was ``kept`` aside: places that exist but were passed over; a path that ends in ``/``
    stands for all below it. ``folders`` are those that a sync makes the corpus equal to; lost documents outside them
    stay.
    """

    files: Sequence[SourceFile]
    hashes: Mapping[RootPath, str]
    looked_into: Iterable[str] = ()
    kept: Iterable[RootPath] = ()
    folders: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Before:
    """What the catalog holds of the collection, at least where something was found or looked for: live documents,
    remembered failures, and in ``taken`` the terms of removed documents, to whose places no other document can move.
    ``held`` tells how many live documents the collection has below a folder; asked where a sync would remove any.
    """

    known: Mapping[RootPath, Known]
    failures: Mapping[RootPath, Failure]
    taken: Mapping[RootPath, Terms]
    held: Callable[[str], int]


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
    heirs: Mapping[RootPath, Terms]


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


def needs_hash(files: Iterable[SourceFile], known: Mapping[RootPath, Known]) -> list[SourceFile]:
    """Returns the files whose size or time differs from what is known, and those that are new."""
    return [file for file in files if not _is_as_known(file, known.get(file.place))]


def plan(found: Found, before: Before, options: IngestOptions, fingerprint: Callable[[str], str]) -> Plan:
    """Decides what becomes of every file, and of every document and failure that has lost its file.

    ``fingerprint`` tells of a content type how it would be read, cut and embedded today.

    Raises:
        NotAllowedError: a synced folder lost more than 30 % of its documents, or all, without consent.
    """
    lists, sync = _Lists(), found.folders if options.sync else ()
    for file in found.files:
        lists.sort(file, found, before, options, fingerprint)
    seen = {file.place for file in found.files}
    passed_over, looked_for = _within(found.kept), below(found.looked_into)
    unseen = [one for place, one in before.known.items() if place not in seen and passed_over(place)]
    lists.change(options, unseen)

    def terms(known: Known) -> Terms:
        return options.terms((known.access, known.metadata))

    def is_lost(place: RootPath) -> bool:
        return place not in seen and not passed_over(place) and looked_for(place)

    lost = {place: document for place, document in before.known.items() if is_lost(place)}
    move, add = moved(lists.add, found.hashes, lost, before.taken, terms, fingerprint)
    replace = list(lists.replace)
    for one in move:
        del lost[one.known.key.place]
        if one.again:
            again = dataclasses.replace(one.known, access=one.access, metadata=one.metadata)
            replace.append((one.file, again))
    # What would go is what a dry run is asked for.
    remove = _removable(lost, before.held, sync, options.consent or options.dry_run)
    gone = [*lost.values(), *displaced(replace, found.hashes)]
    synced = below(sync)
    forget = [failure for place, failure in before.failures.items() if synced(place) and is_lost(place)]
    return Plan(
        tuple(add),
        tuple(replace),
        tuple(lists.update),
        tuple(lists.unchanged),
        tuple(lists.failed_before),
        tuple(move),
        remove,
        (*lists.forget, *forget),
        heirs(add, gone, found.hashes, before.taken) | closed(replace, gone, found.hashes),
    )


@dataclass(slots=True)
class _Lists:
    """What becomes of the files, looked at one by one."""

    add: list[SourceFile] = field(default_factory=list)
    replace: list[tuple[SourceFile, Known]] = field(default_factory=list)
    update: list[Update] = field(default_factory=list)
    unchanged: list[Known] = field(default_factory=list)
    failed_before: list[tuple[SourceFile, Failure]] = field(default_factory=list)
    forget: list[Failure] = field(default_factory=list)

    def sort(
        self,
        file: SourceFile,
        found: Found,
        before: Before,
        options: IngestOptions,
        fingerprint: Callable[[str], str],
    ) -> None:
        """Puts a file into the list of what is to be done with its content, and of what with its terms."""
        place = file.place
        known, failure = before.known.get(place), before.failures.get(place)
        sha256 = found.hashes.get(place, known.sha256 if known else "")
        fails_again = failure is not None and failure.sha256 == sha256 and _settled(failure, fingerprint)
        if not sha256:
            pass  # it cannot be opened, which is told elsewhere
        elif failure is not None and fails_again and not options.retry_failed:
            self.failed_before.append((file, failure))
        elif known is None:
            self.add.append(file)
        elif known.sha256 != sha256 or known.fingerprint != fingerprint(known.content_type):
            self.replace.append((file, known))
        else:
            update = _update(known, file.recorded, options)
            if update.is_touch and update.modified == known.modified:
                self.unchanged.append(known)
            else:
                self.update.append(update)
            self.forget += [failure] if failure is not None else []
            return
        self.change(options, [known] if known is not None else [])

    def change(self, options: IngestOptions, documents: Iterable[Known]) -> None:
        """Has documents whose content is not looked at here get the terms asked for."""
        updates = (_update(one, one.modified, options) for one in documents)
        self.update += [one for one in updates if not one.is_touch]


def _update(known: Known, modified: datetime | None, options: IngestOptions) -> Update:
    return Update(known, *options.terms((known.access, known.metadata)), modified)


def _is_as_known(file: SourceFile, known: Known | None) -> bool:
    return known is not None and (known.size_bytes, known.modified) == (file.size_bytes, file.modified)


def _settled(failure: Failure, fingerprint: Callable[[str], str]) -> bool:
    """Whether reading the same bytes the same way again would only fail again."""
    if failure.code in FAULTS and failure.crashes < QUARANTINE_AFTER:
        return False
    return failure.fingerprint == fingerprint("")


def _within(places: Iterable[RootPath]) -> Callable[[RootPath], bool]:
    """Returns a test for being one of the places, or below one that ends in ``/``."""
    single = {address(*place) for place in places}
    folders = tuple(one for one in single if one.endswith("/"))
    return lambda place: (own := address(*place)) in single or own.startswith(folders)


def below(folders: Iterable[str]) -> Callable[[RootPath], bool]:
    """Returns a test for a place being one of these folders or files, or lying below one."""
    named = [unicodedata.normalize("NFC", folder).rstrip("/") for folder in folders]
    exact, starts = set(named), tuple(f"{one}/" for one in named)

    def is_below(place: RootPath) -> bool:
        own = address(*place)
        return own in exact or own.startswith(starts)

    return is_below


def _removable(
    lost: Mapping[RootPath, Known], held: Callable[[str], int], folders: Iterable[str], consent: bool
) -> tuple[Known, ...]:
    """Returns the lost documents of the synced folders, when so many may go."""
    removable: set[RootPath] = set()
    for root in sorted(folders):
        synced = below([root])
        gone = [place for place in lost if synced(place)]
        all_of_it = held(root) if gone and not consent else 0
        if all_of_it and (len(gone) == all_of_it or len(gone) > LOST_SHARE_NEEDING_CONSENT * all_of_it):
            raise NotAllowedError(
                f"{len(gone)} of {all_of_it} documents would be removed because their files left {root}.",
                code="large_removal",
                hint="Nothing was changed. If that is right, say --yes; "
                "else check that the folder is mounted.",
            )
        removable.update(gone)
    return tuple(sorted((lost[place] for place in removable), key=lambda document: document.key))
