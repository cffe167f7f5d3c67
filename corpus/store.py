"""The corpus: one data folder, opened by its one owner.

The catalog is the truth; the dense and the lexical index are projections that follow it. Writing is one
catalog transaction, then :meth:`Corpus.publish`. Reading asks an index for candidates and lets the catalog
decide last.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from corpus import restoring
from corpus.catalog import (
    CatalogFeed,
    Connection,
    Database,
    access,
    documents,
    open_database,
    passages,
    records,
)
from corpus.catalog.committing import commit_version
from corpus.catalog.documents import DocumentRecord
from corpus.catalog.texts import read_pages, read_text
from corpus.catalog.versions import VersionRecord, content_hashes, get_version
from corpus.crashpoints import reach
from corpus.embedding import EmbeddingSpace
from corpus.erasing import Certificate, Eraser
from corpus.errors import DamagedError, EmbeddingError, StorageError, disk_code
from corpus.keyring import Keyring
from corpus.lexical import open_lexical
from corpus.names import read_collection, read_metadata, read_principals
from corpus.originals import Originals
from corpus.ownership import Ownership, own
from corpus.receipts import Receipts
from corpus.searching import Searching
from corpus.settings import Settings
from corpus.status import CorpusState, read_state
from corpus.types import (
    OWNER,
    Caller,
    NewVersion,
    Page,
)
from corpus.uploads import sweep_uploads
from corpus.vectors import open_dense

_COMPACT_ROWS = 1_000
"""Up to so many passages a lexical index is compacted with every job: a fraction of a second's work."""

_COMPACT_SHARE = 20
"""… and a larger one once a twentieth of it is removed passages: so a job waits for what it changed, never for the
size of the corpus."""

_BUILD_SHARE = 4
"""A job that brought at least a quarter of all vectors builds the graph over them when there is none."""

_MEND_ROWS = 10_000
"""Up to so many vectors a damaged dense index is built again with every job: some seconds' work."""


class Corpus(Searching):
    """What the service knows, and who may see it. Safe to use from any thread."""

    def __init__(
        self,
        settings: Settings,
        ownership: Ownership,
        database: Database,
        space: EmbeddingSpace,
        *,
        one_shot: bool = False,
        lazily: bool = False,
    ) -> None:
        self.settings = settings
        self.folder = settings.data_dir
        self.originals = Originals(self.folder / "originals")
        self._ownership = ownership
        self._publishing = threading.Lock()
        self._keeping = threading.Lock()  # no original is deleted while a version that has it is committed
        feed = CatalogFeed(database)
        with database.read() as db:
            own_id = records.corpus_id(db)
        dense = open_dense(settings, feed, self.folder, space, own_id, one_shot=one_shot, lazily=lazily)
        super().__init__(database, space, dense, open_lexical(feed, self.folder, one_shot=one_shot))
        self.keys = Keyring(database)
        self.receipts = Receipts(database, settings.receipt_days, settings.min_free_mb << 20)
        self._eraser = Eraser(
            database, self.originals, self.dense, self.lexical, self.receipts, self._keeping, self.publish
        )

    @classmethod
    def open(
        cls,
        settings: Settings,
        space: EmbeddingSpace,
        *,
        also: Sequence[EmbeddingSpace] = (),
        purpose: str = "vouch",
        one_shot: bool = False,
        lazily: bool = False,
    ) -> Corpus:
        """Opens the data folder as its owner, creating it when it is missing.

        Args:
            settings: where the folder is, and how it is searched.
            space: the embedder's space; that of the corpus once something is embedded.
            also: spaces that the embedder can give instead: a corpus made in one of them keeps it.
            purpose: what the owner does, for the message that a second one gets.
            one_shot: open for a single command: nothing is built that it would not live to use.
            lazily: open the dense index when it is first needed, and not at all for a few changes.

        Raises:
            BusyError: another process owns the folder.
            DamagedError: the catalog is damaged.
            StorageError: the folder cannot be read, or a newer Vouch wrote it.
            EmbeddingError: the corpus was made in another embedding space.
        """
        ownership = own(settings.data_dir, purpose)
        clean = ownership.clean
        try:
            restoring.finish(settings.data_dir)
            database = open_database(settings.data_dir)
        except BaseException:
            ownership.release(clean=clean)
            raise
        try:
            if not ownership.clean:
                _check_after_crash(database)
            with database.read() as db:
                space = _choose_space(records.space(db), [space, *also])
            corpus = cls(settings, ownership, database, space, one_shot=one_shot, lazily=lazily)
        except BaseException as error:
            database.close(seal=clean and not isinstance(error, DamagedError))
            ownership.release(clean=clean)
            raise
        try:
            if not database.read_only:
                corpus._tidy()
        except BaseException:
            corpus.close()
            raise
        return corpus

    def close(self) -> None:
        """Stops background work, closes every file and gives the folder up."""
        self.dense.close()
        self.lexical.close()
        self.receipts.close()
        self.catalog.close()
        self._ownership.release()

    # ---- writing -----------------------------------------------------------------------------------

    def commit(self, new: NewVersion, original: Path | bytes) -> VersionRecord:
        """Keeps the original and makes a version live in one transaction; searchable after :meth:`publish`.

        Raises:
            UsageError: the collection, a principal or a piece of metadata has a name that is none.
            NotAllowedError: its place is that of a document that ``new.caller`` may not see.
            EmbeddingError: a vector is of another dimension.
            StorageError: the disk is full or read-only; the previous version stays live.
            DamagedError: the original changed since it was hashed; the previous version stays live.
        """
        read_collection(new.key.collection)
        read_principals(new.access)
        read_metadata(new.metadata)
        for vector in new.vectors:
            if vector is not None and vector.shape != (self.space.dimension,):
                raise EmbeddingError(
                    f"A vector of {new.key.path} has shape {vector.shape}, not ({self.space.dimension},)."
                )
        with self._keeping:
            self._keep(original, new.sha256)
            reach("commit.original_kept")
            with self.catalog.write() as db:
                if records.space(db) is None:
                    records.choose_space(db, self.space)
                version = commit_version(db, new)
                records.forget_failure(db, new.key)
                reach("commit.before")
            reach("commit.after")
            self.originals.settle(new.sha256)
        return version

    def keep_original(self, source: Path, sha256: str) -> None:
        """Keeps a version's file anew, where the kept one is missing or damaged.

        Raises:
            DamagedError: the file is another by now, or gone.
            StorageError: the disk is full or read-only.
        """
        with self._keeping:
            self._keep(source, sha256)
            self.originals.settle(sha256)

    def _keep(self, original: Path | bytes, sha256: str) -> None:
        self.catalog.check_writable()
        try:
            self.originals.add(original, sha256)
        except OSError as error:
            raise _disk_error(self.folder, error) from error

    def publish(self) -> None:
        """Brings both indexes up to date with the catalog; what was committed is then acknowledged.

        Raises:
            StorageError: the lexical index cannot be written; it catches up later, and the catalog
                keeps deciding what may be seen meanwhile.
        """
        with self._publishing:
            self.dense.follow()
            reach("publish.dense")
            self.lexical.follow()
            reach("publish.lexical")

    def remove(self, document_ids: Sequence[str]) -> int:
        """Takes documents out of every search at once; returns how many were live.

        An index that cannot be written hides nothing of it: the catalog decides what is found. It catches up by
        itself, and its state says so until then.

        Raises:
            StorageError: the catalog cannot be written; nothing is removed.
        """
        with self.catalog.write() as db:
            removed = sum(documents.remove(db, document_id) for document_id in document_ids)
            reach("remove.before")
        reach("remove.after")
        with suppress(StorageError):
            self.publish()
        return removed

    def erase(self, document_ids: Sequence[str]) -> Certificate:
        """Deletes documents with their history: text, vectors and kept files; see :meth:`Eraser.erase`.

        Both indexes are built anew; copies of the catalog from before a migration or a restore are deleted, and
        kept files that only they had. So nothing of the documents is left in the data folder: what a kill leaves
        undone is done when it is opened next. Backups elsewhere are not touched.
        """
        try:
            return self._eraser.erase(document_ids)
        finally:
            self._past.clear()

    def _hashes(self) -> set[str]:
        with self.catalog.read() as db:
            return content_hashes(db)

    def _tidy(self) -> None:
        """Finishes what a killed owner left half done."""
        self.originals.clean(self._hashes)
        sweep_uploads(self.catalog)
        with self.catalog.read() as db:
            erasing = records.is_erasing(db)
        if erasing:
            with suppress(StorageError, OSError):  # the state says that it is not finished
                self._eraser.finish()
        with suppress(StorageError, OSError):  # an answer's receipt, or its want, will say so
            self.receipts.prune()

    def settle(self, added: int) -> None:
        """Ends a job that committed ``added`` passages: builds of the indexes what is worth the job's own size.

        Everything is found before, and without, this. A dense index that is missing or damaged is built where the
        job brought a good part of the corpus, a damaged small one always; what was removed leaves the lexical
        statistics, of a large index once a twentieth of it is gone. What remains is built by a service, or by
        ``vouch rebuild``: a small change in a large corpus waits for none of it.

        Raises:
            StorageError: an index cannot be built; it is tried again, and everything is found meanwhile.
        """
        lexical = self.lexical.state()
        crowded = lexical.rows <= _COMPACT_ROWS or lexical.delta_rows * _COMPACT_SHARE >= lexical.rows
        if lexical.delta_rows and crowded:
            self.lexical.compact()
        with CatalogFeed(self.catalog).snapshot() as snapshot:
            rows = snapshot.vector_count()
        own = added * _BUILD_SHARE >= rows
        if own or rows <= _MEND_ROWS:  # else its state is not asked for, which would have it opened
            dense = self.dense.state()
            if (dense.unbuilt and own) or dense.broken:
                self.dense.fold()

    # ---- reading -------------------------------------------------------------------------------------

    def document(self, document_id: str, caller: Caller = OWNER) -> DocumentRecord:
        """Returns a document the caller may see.

        Raises:
            NotFoundError: there is none, or the caller may not see it (the two are not told apart).
        """
        with self.catalog.read() as db:
            return self._visible(db, document_id, caller)

    def text(
        self,
        document_id: str,
        version: int | None = None,
        start: int = 0,
        end: int | None = None,
        caller: Caller = OWNER,
    ) -> tuple[VersionRecord, str, tuple[Page, ...]]:
        """Returns a version, its ``text[start:end]`` and its pages.

        Raises:
            NotFoundError: no such document or version, or not for this caller.
        """
        with self.catalog.read() as db:
            self._visible(db, document_id, caller)
            found = get_version(db, document_id, version)
            return found, read_text(db, found.id, start, end), read_pages(db, found.id)

    def slices(self, wanted: Sequence[tuple[str, int, int, int]], caller: Caller) -> list[str]:
        """Returns ``text[start:end]`` for each (document id, version, start, end); "" for what is not the caller's."""
        with self.catalog.read() as db:
            return passages.open_slices(db, wanted, caller)

    def pages(self, wanted: Sequence[tuple[str, int, int, int]], caller: Caller) -> list[tuple[Page, ...]]:
        """Returns the pages of each (document id, version, first page, last page); none of what is not the caller's."""
        with self.catalog.read() as db:
            return passages.open_pages(db, wanted, caller)

    def state(self) -> CorpusState:
        """Says how the corpus and its indexes are doing."""
        return read_state(self.folder, self.catalog, self.originals, self.dense, self.lexical)

    def _visible(self, db: Connection, document_id: str, caller: Caller) -> DocumentRecord:
        found = documents.get_document(db, document_id)
        if not access.may_see(caller, found.access) or (found.live is None and not caller.owner):
            raise documents.unknown_document(document_id)
        return found


@contextmanager
def open_corpus(settings: Settings, space: EmbeddingSpace, *, purpose: str = "vouch") -> Iterator[Corpus]:
    """Opens a corpus for the length of a ``with`` block."""
    corpus = Corpus.open(settings, space, purpose=purpose)
    try:
        yield corpus
    finally:
        corpus.close()


def _choose_space(recorded: EmbeddingSpace | None, offered: Sequence[EmbeddingSpace]) -> EmbeddingSpace:
    given = offered[0]
    if recorded is not None and recorded.id not in [space.id for space in offered]:
        raise EmbeddingError(
            f"This corpus was embedded with {recorded.model} ({recorded.precision}, "
            f"{recorded.dimension} dimensions, "
            f"space {recorded.id}); the settings ask for {given.model} ({given.precision}, space {given.id}).",
            code="other_space",
            hint="Set VOUCH_EMBEDDER and VOUCH_EMBED_PRECISION back, or ingest into a new data folder: "
            "vectors of two spaces never mix.",
        )
    return recorded or given


def _check_after_crash(database: Database) -> None:
    """The owner before us did not end in good order: look at every page once before trusting the file."""
    problems = database.check()
    if problems:
        raise DamagedError(
            f"The catalog {database.path} is damaged: {problems[0]}.",
            hint="Nothing was changed. Bring a backup back with: vouch restore BACKUP",
        )


def _disk_error(folder: Path, error: OSError) -> StorageError:
    code = disk_code(error, "read_only")
    return StorageError(
        f"Cannot keep a file under {folder}: {error.strerror or error}.",
        code=code,
        hint="Searching still works and nothing was lost. "
        + ("Free some space" if code == "disk_full" else "Make the folder writable")
        + ", then try again.",
    )
