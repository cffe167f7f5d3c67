"""Erasing: after it nothing of a document is anywhere in the data folder, and a certificate says what was checked.

The transaction that deletes the rows also leaves a note in the catalog; it goes when kept files, older catalogs,
receipts, both indexes and the log hold nothing of the documents any more. What a kill leaves undone is finished
when the folder is opened next.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from corpus.catalog import Database, documents, passages, records
from corpus.catalog.times import now
from corpus.catalog.versions import content_hashes, list_versions
from corpus.crashpoints import reach
from corpus.errors import StorageError, disk_code
from corpus.originals import Originals
from corpus.projection import DenseIndex, IndexState, LexicalIndex
from corpus.receipts import Receipts
from corpus.types import DocumentKey, Int64
from corpus.uploads import uploads_folder
from corpus.vectors import stored_chunk_ids, sweep_unused

_LOG_WAIT_S = 30.0
_READERS_WAIT_S = 30.0
_COMPACTED_AGAIN = 10
"""So many times what an ingest removes meanwhile is taken out of the lexical index, before that is given up."""

UNFINISHED_ERASURE = (
    "Documents were erased, but not everything of them has left the data folder yet. It goes when the folder is "
    "opened next, or with the next erasure."
)


@dataclass(frozen=True, slots=True)
class Erased:
    """A document that was erased: what it was, and how much of it there was. ``files`` are SHA-256 sums."""

    id: str
    key: DocumentKey
    versions: int
    chunks: int
    vectors: int
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """A place in the data folder that was looked at after an erasure, and what was seen there."""

    place: str
    seen: str


@dataclass(frozen=True, slots=True)
class Certificate:
    """What an erasure took out, where it was looked for afterwards, and what it does not reach."""

    at: str
    corpus_id: str
    documents: tuple[Erased, ...]
    checked: tuple[Checked, ...]
    not_covered: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Eraser:
    """Erases from one open corpus.

    ``keeping`` is held while kept files are deleted; ``publish`` brings both indexes up to date.
    """

    catalog: Database
    originals: Originals
    dense: DenseIndex
    lexical: LexicalIndex
    receipts: Receipts
    keeping: threading.Lock
    publish: Callable[[], None]

    def erase(self, document_ids: Sequence[str]) -> Certificate:
        """Deletes documents with their history, and looks for them afterwards.

        Raises:
            NotFoundError: one is not there; then none is erased.
            StorageError: an index cannot be built anew; it is tried again, and nothing is found meanwhile. Or
                (``log_in_use``) a reader kept the catalog's log from being emptied for half a minute. Or
                (``not_erased``) something was still there afterwards.
        """
        with self.catalog.write() as db:
            erased, chunk_ids = [], []
            for document_id in sorted(set(document_ids)):
                found = documents.get_document(db, document_id)
                versions = list_versions(db, document_id)
                chunk_ids += [chunk.id for one in versions for chunk in passages.stored_chunks(db, one.id)]
                erased.append(
                    Erased(
                        document_id,
                        found.key,
                        len(versions),
                        sum(one.chunks for one in versions),
                        sum(one.vectors for one in versions),
                        tuple(sorted({one.sha256 for one in versions})),
                    )
                )
            for one in erased:
                documents.erase(db, one.id)
            records.forget_in_jobs(db, [(one.id, one.key.path) for one in erased])
            records.note_erasing(db, True)
            reach("erase.before")
        reach("erase.after")
        try:
            receipts = self.finish()
        except (StorageError, OSError) as error:
            why = error.message if isinstance(error, StorageError) else f"{error.strerror or error}."
            raise StorageError(
                f"{why} {UNFINISHED_ERASURE}",
                code=error.code if isinstance(error, StorageError) else disk_code(error),
                hint="Nothing of them is found any more. Mend that, and erase another document, or stop and start.",
            ) from error
        return self._certify(erased, np.array(sorted(chunk_ids), dtype=np.int64), receipts)

    def finish(self) -> str:
        """Takes what was erased out of everything beside the catalog's tables; says what there was of receipts.

        Raises:
            StorageError: as :meth:`erase`.
        """
        for copy in self.catalog.copies():
            copy.unlink(missing_ok=True)
        with self.keeping:
            self.originals.keep_only(self._kept())
        receipts = self.receipts.forget_erased()
        reach("erase.files_gone")
        self.publish()
        self.dense.fold()
        sweep_unused(self.catalog.path.parent, self.dense)
        self.lexical.compact()
        deadline = time.monotonic() + _LOG_WAIT_S
        while not self.catalog.shrink_log():
            if time.monotonic() > deadline:
                raise StorageError(
                    "A long read keeps the catalog's log, in which their words still stand, from being emptied.",
                    code="log_in_use",
                )
            time.sleep(0.05)
        with self.catalog.write() as db:
            records.note_erasing(db, False)
        return receipts

    def _certify(self, erased: Sequence[Erased], chunk_ids: Int64, receipts: str) -> Certificate:
        """Looks for what was erased in every place that can hold some of it."""
        folder = self.catalog.path.parent
        files = {sha256 for one in erased for sha256 in one.files}
        # A version that is being committed has its file before it has rows.
        with self.keeping, self.catalog.read() as db:
            back = documents.existing(db, [one.id for one in erased])
            rows = documents.count_rows(db, [one.id for one in erased], chunk_ids.tolist())
            kept, own_id = content_hashes(db), records.corpus_id(db)
            left = [sha256 for sha256 in files - kept if self.originals.path(sha256).exists()]
        if back:
            paths = ", ".join(one.key.path for one in erased if one.id in back)
            raise StorageError(
                f"What was to be erased came back meanwhile, as its file was read again: {paths}.",
                code="not_erased",
                hint="Take the file out of the folder that is ingested, then erase it again.",
            )
        shared = files & kept
        deadline = time.monotonic() + _READERS_WAIT_S
        while True:
            generations = stored_chunk_ids(folder)
            held = [name for name, ids in generations.items() if np.isin(chunk_ids, ids).any()]
            if not held or time.monotonic() > deadline:
                break
            time.sleep(0.05)  # the generation before this one goes when its last search has ended
        lexical = self._compacted()
        copies = self.catalog.copies()
        quoting = self.receipts.quoting([one.id for one in erased])
        wrong = [
            f"{rows} rows of the catalog" if rows else "",
            f"{len(left)} of the kept files" if left else "",
            *(f"the dense generation {name}" for name in held),
            f"{lexical.delta_rows} passages of the lexical index" if lexical.delta_rows else "",
            f"{quoting} receipts" if quoting else "",
            *(f"the older catalog {path.name}" for path in copies),
        ]
        if any(wrong):
            raise StorageError(
                f"Erased documents are still in {', '.join(filter(None, wrong))}.",
                code="not_erased",
                hint="Nothing of it is found any more. Run the erasure of another document, or vouch rebuild.",
            )
        checked = [
            Checked(
                "catalog",
                "no row of the documents, their versions, pages, passages, vectors and token vectors",
            ),
            Checked("write-ahead log", "emptied into the catalog, whose freed pages are overwritten"),
            Checked(
                "dense index",
                f"{len(generations)} of {len(generations)} generations hold none of {chunk_ids.size} passages"
                if generations
                else "there is no generation",
            ),
            Checked("lexical index", f"generation {lexical.generation} has no removed passage"),
            Checked("kept files", _files_seen(len(files), len(shared))),
            Checked("older catalogs", "none is left of a migration or a restore"),
            Checked("receipts", receipts),
            Checked("finished jobs", "the files are named in no job any more"),
        ]
        return Certificate(now(), own_id, tuple(erased), tuple(checked), self._not_covered(folder))

    def _compacted(self) -> IndexState:
        """Returns the state of the lexical index without removed passages; an ingest may be removing others."""
        for _ in range(_COMPACTED_AGAIN):
            if not self.lexical.state().delta_rows:
                break
            self.lexical.compact()
        return self.lexical.state()

    def _not_covered(self, folder: Path) -> tuple[str, ...]:
        # A folder may go while it is looked into.
        waiting = sum(len(names) for _, _, names in os.walk(uploads_folder(folder)))
        server = self.dense.state().mode == "server"
        return (
            "Backups: one that was made before holds the documents still.",
            "The files that were ingested, and copies of the data folder that the system made.",
            *(["Files of the Chroma server: what it deletes may stay in them."] if server else []),
            *([f"Uploads that wait to be read ({waiting})."] if waiting else []),
        )

    def _kept(self) -> set[str]:
        with self.catalog.read() as db:
            return content_hashes(db)


def _files_seen(files: int, shared: int) -> str:
    gone = f"{files - shared} of {files} deleted"
    return f"{gone}; {shared} kept, which other documents have too" if shared else gone
