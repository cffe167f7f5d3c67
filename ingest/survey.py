"""A request → the plan: what is known is looked up, what may have changed is hashed."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator, Mapping
from functools import cache

from corpus.catalog import documents, records
from corpus.catalog.access import may_see, name_taken
from corpus.catalog.documents import Known
from corpus.catalog.scopes import address, spans
from corpus.errors import StorageError
from corpus.hashing import file_sha256
from corpus.store import Corpus
from corpus.types import RootPath
from ingest.discovery import Discovery, SourceFile
from ingest.ledger import Ledger, unreadable
from ingest.planning import EMPTY, Before, Found, Plan, below, fingerprint, needs_hash, plan


def survey(corpus: Corpus, ledger: Ledger, stop: Callable[[], bool]) -> Plan:
    """Returns what the ledger's request comes to; nothing at all when ``stop`` said so meanwhile.

    Raises:
        NotAllowedError: a synced folder lost too much and the request has no consent.
        StorageError: the data folder cannot be written, or the disk is too full to start.
    """
    ledger.tell("planning")
    request, options = ledger.request, ledger.request.options
    if not options.dry_run:
        corpus.catalog.check_writable()
    with corpus.catalog.read() as db:
        asked = spans(db, request.collection, _asked(request.found))
        known = documents.known(db, asked)
        taken = documents.removed_places(db, asked)
        ledger.failures = records.failures_in(db, asked)
    files = [file for file in request.found.files if _may_replace(file, known, ledger)]
    most, known_sizes = corpus.settings.max_file_mb * 1_000_000, {one.size_bytes for one in known.values()}
    for file in needs_hash(files, {} if options.rehash else known):
        if stop():
            return EMPTY  # a plan made of half the hashes would be a wrong one
        try:
            is_read = file.size_bytes <= most or file.size_bytes in known_sizes
            ledger.hashes[file.place] = file_sha256(file.location) if is_read else _unread_mark(file)
        except OSError as error:
            ledger.hashes[file.place] = ""
            ledger.failed(file, unreadable(file, error))
    found = request.found

    def held(folder: str) -> int:
        with corpus.catalog.read() as db:
            near = documents.places(db, spans(db, request.collection, [folder]))
        return sum(map(below([folder]), near))

    todo = plan(
        Found(files, ledger.hashes, found.looked_into, found.skipped_places, found.folders),
        Before(known, ledger.failures, taken, held),
        options,
        cache(lambda content_type: fingerprint(content_type, corpus.settings, ledger.space)),
    )
    if (todo.add or todo.replace) and not options.dry_run:
        _check_room(corpus)
    return todo


def _asked(found: Discovery) -> Iterator[str]:
    """Yields the addresses at and below which the plan looks at what is known."""
    yield from found.looked_into
    yield from (address(*place) for place in found.skipped_places)
    yield from (address(*file.place) for file in found.files)


def _unread_mark(file: SourceFile) -> str:
    """Returns what tells a file from another as far as its size and time do: 64 hexadecimal digits, in place of a hash.

    For one that is too large to be read, and of a size that no document has: gigabytes would be hashed each time only
    to know that.
    """
    return hashlib.sha256(f"not read: {file.size_bytes} {file.modified.isoformat()}".encode()).hexdigest()


def _may_replace(file: SourceFile, known: Mapping[RootPath, Known], ledger: Ledger) -> bool:
    before = known.get(file.place)
    allowed = before is None or may_see(ledger.request.caller, before.access)
    if not allowed:
        ledger.failed(file, name_taken(file.path))
    return allowed


def _check_room(corpus: Corpus) -> None:
    free, wanted = shutil.disk_usage(corpus.folder).free >> 20, corpus.settings.min_free_mb
    if free < wanted:
        raise StorageError(
            f"Only {free} MB are free on the disk of the data folder; ingest wants {wanted} MB.",
            code="disk_full",
            hint="Searching still works and nothing was changed. Free some space or lower VOUCH_MIN_FREE_MB.",
        )
