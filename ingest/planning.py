"""Files × catalog × fingerprint → what to do. Pure: no file is read and nothing is written here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from corpus.catalog.documents import Known
from corpus.catalog.records import Failure
from corpus.errors import NotAllowedError
from ingest.discovery import SourceFile
from ingest.sandbox import FAULTS, QUARANTINE_AFTER

LOST_SHARE_NEEDING_CONSENT = 0.30


@dataclass(frozen=True, slots=True)
class Update:
    """A document whose content stays, and whose access list, metadata or file time changes."""

    known: Known
    source: SourceFile
    access: frozenset[str]
    metadata: Mapping[str, str]

    @property
    def is_touch(self) -> bool:
        """Whether only the file's time differs, which is nothing to tell anybody."""
        return (self.access, self.metadata) == (self.known.access, self.known.metadata)


@dataclass(frozen=True, slots=True)
class Plan:
    """What an ingest will do, each list in the order of the files."""

    add: tuple[SourceFile, ...]
    replace: tuple[tuple[SourceFile, Known], ...]
    update: tuple[Update, ...]
    unchanged: tuple[Known, ...]
    failed_before: tuple[tuple[SourceFile, Failure], ...]
    remove: tuple[Known, ...]


EMPTY = Plan((), (), (), (), (), ())


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
    """Decides what becomes of every file and of every document that has lost its file.

    Args:
        files: what was found.
        hashes: SHA-256 by (root, path), for at least the files :func:`needs_hash` names.
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
    for file in files:
        place = (file.root, file.path)
        before = known.get(place)
        sha256 = hashes.get(place) or (before.sha256 if before else "")
        failure = failures.get(place)
        if (
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
            wanted = Update(
                before,
                file,
                before.access if access is None else access,
                before.metadata if metadata is None else metadata,
            )
            if _same_stamp(file, before) and wanted.is_touch:
                unchanged.append(before)
            else:
                update.append(wanted)
    present = {(file.root, file.path) for file in files} | set(kept)
    remove = _lost(present, known, set(synced_roots), consent)
    return Plan(tuple(add), tuple(replace), tuple(update), tuple(unchanged), tuple(failed_before), remove)


def _same_stamp(file: SourceFile, before: Known | None) -> bool:
    return before is not None and (before.size_bytes, before.modified) == (file.size_bytes, file.modified)


def _settled(failure: Failure, fingerprint: Callable[[str], str]) -> bool:
    """Whether reading the same bytes the same way again would only fail again."""
    if failure.code in FAULTS and failure.crashes < QUARANTINE_AFTER:
        return False
    return failure.fingerprint == fingerprint("")


def _lost(
    present: set[tuple[str, str]],
    known: Mapping[tuple[str, str], Known],
    roots: set[str],
    consent: bool,
) -> tuple[Known, ...]:
    folders = [(root, path) for root, path in present if path.endswith("/")]
    lost: list[Known] = []
    for root in sorted(roots):
        mine = [document for (own_root, _), document in known.items() if own_root == root]
        skipped = tuple(path for own_root, path in folders if own_root == root)
        gone = [
            document
            for document in mine
            if (root, document.key.path) not in present and not document.key.path.startswith(skipped)
        ]
        if (
            gone
            and not consent
            and (len(gone) == len(mine) or len(gone) > LOST_SHARE_NEEDING_CONSENT * len(mine))
        ):
            raise NotAllowedError(
                f"{len(gone)} of {len(mine)} documents would be removed because their files left {root}.",
                code="large_removal",
                hint="Nothing was changed. If that is right, say --yes; "
                "else check that the folder is mounted.",
            )
        lost += gone
    return tuple(sorted(lost, key=lambda document: document.key))
