"""The part of a plan that reads no file: what is updated, kept anew, removed, or only foretold."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from corpus.catalog import documents, records
from corpus.crashpoints import reach
from corpus.errors import DamagedError
from corpus.store import Corpus
from corpus.types import DocumentKey
from ingest.ledger import Ledger
from ingest.planning import Plan
from ingest.renaming import Move
from ingest.reports import FileState

_AS_IT_WAS = ": its file is as it was, and would be read otherwise"


def move(corpus: Corpus, todo: Plan, ledger: Ledger) -> None:
    """Gives documents the places that their files have moved to: nothing is read or embedded.

    One that is to be read again under its new name is, by the next ingest, when this one ends before it is.
    """
    if not todo.move:
        return
    collection = ledger.request.collection
    with corpus.catalog.write() as db:
        for one in todo.move:
            known, file = one.known, one.file
            documents.move(db, known.document_id, file.root, file.path, file.recorded, again=one.again)
            documents.set_access(db, known.document_id, one.access)
            documents.set_metadata(db, known.document_id, one.metadata)
            for root, path in (known.key.place, file.place):
                records.forget_failure(db, DocumentKey(collection, root, path))
            ledger.counts["moved"] += 1
            was = f"It was {_place_before(one)}."
            ledger.became(file.path, "moved", known.document_id, was)
            if one.again:
                ledger.read_again[file.place] = was
        reach("move.before")


def update(corpus: Corpus, todo: Plan, ledger: Ledger) -> None:
    """Gives documents the access list, metadata and file time that the plan says."""
    ledger.counts["unchanged"] += len(todo.unchanged)
    if not todo.update:
        return
    with corpus.catalog.write() as db:
        for one in todo.update:
            documents.touch(db, one.known.document_id, one.modified)
            if one.is_touch:
                ledger.counts["unchanged"] += 1
                continue
            documents.set_access(db, one.known.document_id, one.access)
            documents.set_metadata(db, one.known.document_id, one.metadata)
            ledger.counts["updated"] += 1
            ledger.became(one.known.key.path, "updated", one.known.document_id)
        reach("update.before")


def mend_originals(corpus: Corpus, todo: Plan, ledger: Ledger) -> None:
    """Keeps the files of unchanged documents anew where the kept ones are gone or were found damaged."""
    unchanged = [*todo.unchanged, *(one.known for one in todo.update)]
    lost = {
        known.key.place: known.sha256
        for known in unchanged
        if not corpus.originals.is_sound(known.sha256, known.size_bytes)
    }
    for source in ledger.request.found.files if lost else ():
        if sha256 := lost.get(source.place):
            with suppress(DamagedError):  # it changed just now: the next ingest sees that
                corpus.keep_original(source.location, sha256)


def remove(corpus: Corpus, todo: Plan, ledger: Ledger) -> None:
    """Takes out the documents, and forgets the failures, of files that have left a synced folder."""
    if todo.forget:
        with corpus.catalog.write() as db:
            for failure in todo.forget:
                records.forget_failure(db, failure.key)
    if not todo.remove:
        return
    corpus.remove([one.document_id for one in todo.remove])
    ledger.counts["removed"] += len(todo.remove)
    for one in todo.remove:
        ledger.became(one.key.path, "removed", one.document_id)


def _place_before(move: Move) -> str:
    """Returns where a moved document was: in the same folder its path, else with the folder that was named."""
    before = move.known.key
    return before.path if before.root == move.file.root else f"{before.root.rstrip('/')}/{before.path}"


def _how_moved(move: Move) -> str:
    return f" from {_place_before(move)}{' and read again under its new name' if move.again else ''}"


def foretell(todo: Plan, ledger: Ledger) -> None:
    """Reports what the plan would do."""
    changed = [one for one in todo.update if not one.is_touch]
    moved = {(one.file.root, one.file.path) for one in todo.move}
    replaced = [one for one, _ in todo.replace if one.place not in moved]
    same = {
        one.place for one, known in todo.replace if ledger.hashes.get(one.place, known.sha256) == known.sha256
    }
    ledger.counts["read_anew"] = sum(one.place in same for one in replaced)
    would: tuple[tuple[str, FileState, Sequence[tuple[str, str]]], ...] = (
        ("added", "planned", [(one.path, "") for one in todo.add]),
        (
            "replaced",
            "planned",
            [(one.path, _AS_IT_WAS if one.place in same else "") for one in replaced],
        ),
        ("moved", "moved", [(one.file.path, _how_moved(one)) for one in todo.move]),
        ("updated", "updated", [(one.known.key.path, "") for one in changed]),
        ("removed", "removed", [(one.key.path, "") for one in todo.remove]),
    )
    for name, state, files in would:
        ledger.counts[name] = len(files)
        for path, remark in files:
            ledger.became(path, state, message=f"would be {name}{remark}")
    ledger.counts["unchanged"] = len(todo.unchanged) + len(todo.update) - len(changed)
    ledger.failed_before(todo)
