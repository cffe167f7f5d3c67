"""Files × catalog × fingerprint → what to do. Pure: no file is read and nothing is written here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from corpus.catalog.documents import Known
from corpus.catalog.records import Failure
from corpus.embedding import EmbeddingSpace
from corpus.errors import NotAllowedError
from corpus.settings import Settings
from ingest.chunking import CHUNKER_VERSION
from ingest.discovery import SourceFile
from ingest.parsers import parser_version
from ingest.sandbox import FAULTS, QUARANTINE_AFTER

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
class Plan:
    """What an ingest will do, each list in the order of the files.

    Of all lists ``update`` is carried out first. It also has the documents of ``replace`` and
    ``failed_before``, and those whose file cannot be opened, when they get another access list or other
    metadata: that holds at once, and also where the new content cannot be read. ``forget`` has the failures of
    files that have left a synced root.
    """

    add: tuple[SourceFile, ...]
    replace: tuple[tuple[SourceFile, Known], ...]
    update: tuple[Update, ...]
    unchanged: tuple[Known, ...]
    failed_before: tuple[tuple[SourceFile, Failure], ...]
    remove: tuple[Known, ...]
    forget: tuple[Failure, ...]


EMPTY = Plan((), (), (), (), (), (), ())


def fingerprint(content_type: str, settings: Settings, space: EmbeddingSpace) -> str:
    """Returns how a content type would be read, cut and embedded today; "" stands for every type."""
    cut = f"{CHUNKER_VERSION}:{settings.chunk_tokens}:{settings.chunk_chars}"
    return f"{parser_version(content_type)}/{cut}/{space.id}"


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
    synced_roots: Iterable[str] = (),
    kept: Iterable[tuple[str, str]] = (),
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
        synced_roots: roots that the corpus is to become equal to.
        kept: (root, path) that exist but were passed over, so are not lost; a path that ends in ``/``
            stands for all below it.
        consent: the user agreed to a large removal.
        retry_failed: read again what failed before though it did not change.

    Raises:
        NotAllowedError: a synced root lost more than 30 % of its documents, or all, without consent.
    """
    add: list[SourceFile] = []
    replace: list[tuple[SourceFile, Known]] = []
    update: list[Update] = []
    unchanged: list[Known] = []
    failed_before: list[tuple[SourceFile, Failure]] = []

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
            continue
        if before is not None and not change(before, before.modified).is_touch:
            update.append(change(before, before.modified))
    found = {(file.root, file.path) for file in files}
    passed_over = _within(kept)
    unseen = [
        change(one, one.modified) for place, one in known.items() if place not in found and passed_over(place)
    ]
    update += [one for one in unseen if not one.is_touch]
    lost = {
        place: document for place, document in known.items() if place not in found and not passed_over(place)
    }
    roots = set(synced_roots)
    remove = _removable(lost, known, roots, consent)
    forget = tuple(
        failure
        for place, failure in failures.items()
        if place[0] in roots and place not in found and not passed_over(place)
    )
    return Plan(
        tuple(add), tuple(replace), tuple(update), tuple(unchanged), tuple(failed_before), remove, forget
    )


def _same_stamp(file: SourceFile, before: Known | None) -> bool:
    return before is not None and (before.size_bytes, before.modified) == (file.size_bytes, file.modified)


def _settled(failure: Failure, fingerprint: Callable[[str], str]) -> bool:
    """Whether reading the same bytes the same way again would only fail again."""
    if failure.code in FAULTS and failure.crashes < QUARANTINE_AFTER:
        return False
    return failure.fingerprint == fingerprint("")


def _within(places: Iterable[tuple[str, str]]) -> Callable[[tuple[str, str]], bool]:
    """Returns a test for being one of the places, or below one that ends in ``/``."""
    single = set(places)
    folders = [(root, path) for root, path in single if path.endswith("/")]
    return lambda place: (
        place in single or any(place[0] == root and place[1].startswith(path) for root, path in folders)
    )


def _removable(
    lost: Mapping[tuple[str, str], Known],
    known: Mapping[tuple[str, str], Known],
    roots: set[str],
    consent: bool,
) -> tuple[Known, ...]:
    """Returns the lost documents of the synced roots, when so many may go."""
    removable: list[Known] = []
    for root in sorted(roots):
        gone = [document for (own_root, _), document in lost.items() if own_root == root]
        all_of_it = sum(own_root == root for own_root, _ in known)
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
        removable += gone
    return tuple(sorted(removable, key=lambda document: document.key))
