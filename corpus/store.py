"""The corpus: one data folder, opened by its one owner.

The catalog is the truth; the dense and the lexical index are projections that follow it. Writing is one
catalog transaction, then :meth:`Corpus.publish`. Reading asks an index for candidates and lets the catalog
decide last.
"""

from __future__ import annotations

import errno
import shutil
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from stat import S_ISREG

import numpy as np
from sqlalchemy import Connection

from corpus import restoring
from corpus.catalog import (
    CatalogFeed,
    Database,
    access,
    changes,
    documents,
    open_database,
    passages,
    records,
    tokens,
)
from corpus.catalog.committing import commit_version
from corpus.catalog.documents import DocumentRecord, VersionRecord
from corpus.crashpoints import reach
from corpus.embedding import EmbeddingSpace
from corpus.erasing import UNFINISHED_ERASURE, Certificate, Eraser
from corpus.errors import DamagedError, EmbeddingError, StorageError
from corpus.late import is_packed, max_sim
from corpus.lexical import open_lexical
from corpus.names import read_collection, read_metadata, read_principals
from corpus.originals import Originals
from corpus.ownership import Ownership, own
from corpus.past import Past, PastShelf
from corpus.projection import DenseIndex, IndexState, LexicalIndex
from corpus.receipts import Receipts
from corpus.settings import Settings
from corpus.types import (
    OWNER,
    Caller,
    Filter,
    Float32,
    Hit,
    Int64,
    NewVersion,
    Page,
    Place,
    QueryTokens,
    Scored,
)
from corpus.vectors import open_dense
from corpus.vectors.rows import cosines

_EVERYTHING = Filter()
_CACHED_SCOPES = 256
_NOTHING = Scored(np.empty(0, np.int64), np.empty(0, np.float32))

_DENSE_BROKEN = "The dense index cannot be used, so every vector was compared. vouch status says why."

_COMPACT_ROWS = 20_000
"""Up to so many passages a lexical index is compacted with every job: five seconds' work in a child."""


@dataclass(frozen=True, slots=True)
class CorpusState:
    """How the corpus is doing, for ``vouch status`` and ``/health``."""

    folder: Path
    corpus_id: str
    space: EmbeddingSpace | None
    read_only: bool
    seq: int
    documents: int
    chunks: int
    chunks_without_vector: int
    chunks_without_tokens: int
    disk_bytes: int
    free_bytes: int
    dense: IndexState
    lexical: IndexState
    problems: tuple[str, ...]


class Corpus:
    """What the service knows, and who may see it. Safe to use from any thread."""

    def __init__(
        self,
        settings: Settings,
        ownership: Ownership,
        database: Database,
        space: EmbeddingSpace,
        *,
        one_shot: bool = False,
    ) -> None:
        self.settings = settings
        self.folder = settings.data_dir
        self.catalog = database
        self.space = space
        self.originals = Originals(self.folder / "originals")
        self._ownership = ownership
        self._publishing = threading.Lock()
        self._keeping = threading.Lock()  # no original is deleted while a version that has it is committed
        self._scopes: OrderedDict[tuple[object, ...], tuple[int, Int64 | None]] = OrderedDict()
        self._scopes_lock = threading.Lock()
        self._filled_at = -1  # the epoch in which something was live
        feed = CatalogFeed(database)
        with database.read() as db:
            own_id = records.corpus_id(db)
        self.dense: DenseIndex = open_dense(settings, feed, self.folder, space, own_id, one_shot=one_shot)
        self.lexical: LexicalIndex = open_lexical(settings, feed, self.folder)
        self._past = PastShelf(feed, space.dimension)
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
    ) -> Corpus:
        """Opens the data folder as its owner, creating it when it is missing.

        Args:
            settings: where the folder is, and how it is searched.
            space: the embedder's space; that of the corpus once something is embedded.
            also: spaces that the embedder can give instead: a corpus made in one of them keeps it.
            purpose: what the owner does, for the message that a second one gets.
            one_shot: open for a single command: nothing is built that it would not live to use.

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
            corpus = cls(settings, ownership, database, space, one_shot=one_shot)
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
        try:
            if self.catalog.read_only:
                raise OSError(errno.EROFS, "read-only")
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
        """Takes documents out of every search at once; returns how many were live."""
        with self.catalog.write() as db:
            removed = sum(documents.remove(db, document_id) for document_id in document_ids)
            reach("remove.before")
        reach("remove.after")
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
            return documents.content_hashes(db)

    def _tidy(self) -> None:
        """Finishes what a killed owner left half done."""
        self.originals.clean(self._hashes)
        with self.catalog.read() as db:
            erasing = records.is_erasing(db)
        if erasing:
            with suppress(StorageError, OSError):  # the state says that it is not finished
                self._eraser.finish()
        with suppress(StorageError, OSError):  # an answer's receipt, or its want, will say so
            self.receipts.prune()

    def settle(self) -> None:
        """Ends a job: a corpus whose dense index is damaged, or too large to go without one, gets one, and what was
        removed leaves the lexical statistics. A large lexical index waits until a twentieth of it is gone, or
        until it is idle.

        Raises:
            StorageError: an index cannot be built; it is tried again, and everything is found meanwhile.
        """
        dense, lexical = self.dense.state(), self.lexical.state()
        if lexical.delta_rows and (lexical.rows <= _COMPACT_ROWS or lexical.delta_rows * 20 >= lexical.rows):
            self.lexical.compact()
        if dense.unbuilt or dense.broken:
            self.dense.fold()

    # ---- searching ---------------------------------------------------------------------------------

    def search_dense(self, query: Float32, k: int, caller: Caller, filter: Filter = _EVERYTHING) -> Scored:
        """Returns the ``k`` nearest chunks that the caller may see and the filter lets through."""
        allowed = self.scope(caller, filter)
        if _is_empty(allowed):
            return _NOTHING
        past = self._opened_past(filter, allowed)
        return past.search_dense(query, k) if past else self.dense.search(query, k, allowed)

    def search_lexical(self, query: str, k: int, caller: Caller, filter: Filter = _EVERYTHING) -> Scored:
        """Returns the ``k`` best chunks by BM25 that the caller may see and the filter lets through."""
        allowed = self.scope(caller, filter)
        if _is_empty(allowed):
            return _NOTHING
        past = self._opened_past(filter, allowed)
        return past.search_lexical(query, k) if past else self.lexical.search(query, k, allowed)

    def score_around(self, query: Float32, chunks: Int64) -> Float32:
        """Returns what stands around each chunk: half the sum of its neighbours' cosines with a query vector.

        Shape (n,), in [-1, 1]; a neighbour that there is not, or that has no vector, counts 0.
        """
        with self.catalog.read() as db:
            beside = changes.neighbours_of(db, np.unique(chunks))
        wanted = np.array(sorted({one for some in beside.values() for one in some}), np.int64)
        cosine = dict(
            zip(wanted.tolist(), np.nan_to_num(self.score_dense(query, wanted)).tolist(), strict=True)
        )
        halves = [sum(cosine[one] for one in beside.get(own, ())) / 2 for own in chunks.tolist()]
        return np.array(halves, np.float32)

    def vectors(self, chunks: Int64) -> Float32:
        """Returns the vector of each of the chunks, shape (n, dimension), NaN where it has none.

        Read from the catalog; who may see a chunk is not asked.
        """
        found = np.full((len(chunks), self.space.dimension), np.nan, np.float32)
        with self.catalog.read() as db:
            batch = changes.vectors_of(db, np.unique(chunks))
        if batch is not None:
            at = np.searchsorted(batch.ids, chunks).clip(max=len(batch.ids) - 1)
            there = batch.ids[at] == chunks
            found[there] = batch.vectors[at[there]]
        return found

    def score_dense(self, query: Float32, chunks: Int64) -> Float32:
        """Returns the cosine of a query vector with each of the chunks, as :meth:`search_dense` gives it.

        Shape (n,), in the order given; NaN where a chunk has no vector. Read from the catalog, so no index is asked:
        two milliseconds for 200 chunks. Who may see a chunk is not asked either: the catalog decides last.
        """
        scores = np.full(len(chunks), np.nan, np.float32)
        with self.catalog.read() as db:
            batch = changes.vectors_of(db, np.unique(chunks))
        if batch is not None:
            at = np.searchsorted(batch.ids, chunks).clip(max=len(batch.ids) - 1)
            there = batch.ids[at] == chunks
            scores[there] = cosines(batch.vectors, query)[at[there]]
        return scores

    def score_lexical(
        self, query: str, chunks: Int64, caller: Caller, filter: Filter = _EVERYTHING
    ) -> Float32:
        """Returns the score of :meth:`search_lexical` for chunks that a search of this caller's gave.

        Shape (n,), in the order given; 0 where no word is found. For some 200 chunks it takes a few milliseconds,
        however many there are. Who may see a chunk is not asked again: the catalog decides last.
        """
        past = self._opened_past(filter, self.scope(caller, filter) if filter.as_of else None)
        return past.score_lexical(query, chunks) if past else self.lexical.score(query, chunks)

    def lexical_reach(self, query: str, caller: Caller, filter: Filter = _EVERYTHING) -> float:
        """Returns about the most that BM25 could give a passage for a query; 0 while there is no index.

        A score divided by it says which share of the query, weighed by rarity, a passage speaks of.
        """
        past = self._opened_past(filter, self.scope(caller, filter) if filter.as_of else None)
        return past.lexical_reach(query) if past else self.lexical.reach(query)

    def score_late(
        self, query: QueryTokens, chunks: Int64, caller: Caller, filter: Filter = _EVERYTHING
    ) -> Float32:
        """Returns the late interaction of a question's tokens with each of the chunks (:func:`corpus.late.max_sim`).

        Shape (n,), in the order given, in [-1, 1]; NaN where a chunk has no token vectors. A token counts as much as
        its word is rare (:meth:`rarity`), all alike while that is not known. Read from the catalog, so no index is
        asked, and what was live earlier is scored like what is. Who may see a chunk is not asked: the catalog
        decides last.

        Raises:
            DamagedError: a chunk's token vectors are not what was committed.
        """
        scores = np.full(len(chunks), np.nan, np.float32)
        with self.catalog.read() as db:
            found = tokens.read_tokens(db, np.unique(chunks).tolist())
        dimension = query.vectors.shape[1]
        own = {chunk: codes for chunk, codes in found.items() if is_packed(codes, dimension)}
        if not own or not len(query.vectors):
            return scores
        rarity = self.rarity(query.words, caller, filter) or {}
        weights = np.array([rarity.get(word, 1.0) for word in query.words], np.float32)
        score = dict(zip(own, max_sim(query.vectors, weights, list(own.values())).tolist(), strict=True))
        for at, chunk in enumerate(chunks.tolist()):
            scores[at] = score.get(chunk, np.nan)
        return scores

    def rarity(
        self, words: Sequence[str], caller: Caller, filter: Filter = _EVERYTHING
    ) -> dict[str, float] | None:
        """Returns each word's inverse document frequency, above 0; None when it is not known now.

        Among all live chunks, whoever asks; with ``filter.as_of`` among those that are searched.
        """
        past = self._opened_past(filter, self.scope(caller, filter) if filter.as_of else None)
        return past.rarity(words) if past else self.lexical.rarity(words)

    def _opened_past(self, filter: Filter, allowed: Int64 | None) -> Past | None:
        return self._past.open(allowed) if allowed is not None and is_past(filter) else None

    def notes(self) -> tuple[str, ...]:
        """Says what searches of what is live lack just now, in sentences for people; empty when all is well.

        Without its index dense search finds the same, as every vector is compared; that one was never built is no
        news.
        """
        dense = [_DENSE_BROKEN] if self.dense.state().broken else []
        return tuple(filter(None, [*dense, self.lexical.state().problem]))

    def places(
        self, chunk_ids: Sequence[int], caller: Caller, as_of: datetime | None = None
    ) -> dict[int, Place]:
        """Returns where those chunks stand that are live (or were, at ``as_of``) and open to the caller."""
        with self.catalog.read() as db:
            return passages.live_places(db, chunk_ids, caller, as_of)

    def hits(
        self,
        ranked: Sequence[tuple[int, float]],
        legs: Mapping[int, Mapping[str, float]],
        caller: Caller,
        limit: int,
        as_of: datetime | None = None,
    ) -> list[Hit]:
        """Returns the first ``limit`` ranked chunks as hits. The catalog decides last, here."""
        with self.catalog.read() as db:
            return passages.live_hits(db, ranked, legs, caller, limit, as_of)

    def scope(self, caller: Caller, filter: Filter = _EVERYTHING) -> Int64 | None:
        """Returns the versions a caller and a filter let through, live or so at ``filter.as_of``; None for all live."""
        if caller.owner and filter == _EVERYTHING:
            return None
        key: tuple[object, ...] = (
            caller,
            filter.collections,
            filter.content_types,
            filter.languages,
            filter.since,
            filter.until,
            tuple(sorted(filter.metadata.items())),
            filter.source,
            filter.documents,
            filter.as_of,
        )
        epoch = self.catalog.epoch  # before the catalog is read: a write meanwhile has it read again
        with self._scopes_lock:
            known, before = self._scopes.get(key, (-1, None))
            if known == epoch:
                self._scopes.move_to_end(key)
                return before
        with self.catalog.read() as db:
            allowed = access.allowed_versions(db, caller, filter)
        if before is not None and allowed is not None and np.array_equal(before, allowed):
            allowed = before  # the same array: the indexes know its rows already
        with self._scopes_lock:
            self._scopes[key] = epoch, allowed
            self._scopes.move_to_end(key)
            while len(self._scopes) > _CACHED_SCOPES:
                self._scopes.popitem(last=False)
        return allowed

    def is_empty(self, caller: Caller, filter: Filter = _EVERYTHING) -> bool:
        """Says whether there is nothing to find for a caller and a filter."""
        allowed = self.scope(caller, filter)
        if allowed is not None:
            return not len(allowed)
        epoch = self.catalog.epoch
        if self._filled_at != epoch:
            with self.catalog.read() as db:
                if not documents.any_live(db):
                    return True
            self._filled_at = epoch
        return False

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
            found = documents.get_version(db, document_id, version)
            return found, documents.read_text(db, found.id, start, end), documents.read_pages(db, found.id)

    def slices(self, wanted: Sequence[tuple[str, int, int, int]], caller: Caller) -> list[str]:
        """Returns ``text[start:end]`` for each (document id, version, start, end); "" for what is not the caller's."""
        with self.catalog.read() as db:
            return passages.open_slices(db, wanted, caller)

    def state(self) -> CorpusState:
        """Says how the corpus and its indexes are doing."""
        with self.catalog.read() as db, CatalogFeed(self.catalog).snapshot() as snapshot:
            found = len(documents.list_documents(db))
            chunks, vectors, seq = snapshot.chunk_count(), snapshot.vector_count(), changes.last_seq(db)
            space, with_tokens = records.space(db), tokens.count_live(db)
            own_id, erasing = records.corpus_id(db), records.is_erasing(db)
        dense, lexical = self.dense.state(), self.lexical.state()
        problems = [state.problem for state in (dense, lexical) if state.problem]
        if erasing:
            problems.append(UNFINISHED_ERASURE)
        if self.catalog.read_only:
            problems.insert(0, f"The data folder {self.folder} cannot be written; searching goes on.")
        return CorpusState(
            folder=self.folder,
            corpus_id=own_id,
            space=space,
            read_only=self.catalog.read_only,
            seq=seq,
            documents=found,
            chunks=chunks,
            chunks_without_vector=chunks - vectors,
            chunks_without_tokens=vectors - with_tokens,
            disk_bytes=_disk_bytes(self.folder),
            free_bytes=shutil.disk_usage(self.folder).free,
            dense=dense,
            lexical=lexical,
            problems=tuple(problems),
        )

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


def is_past(filter: Filter) -> bool:
    """Says whether a filter asks for what was live, rather than for what is."""
    return filter.as_of is not None and (documents.shown_time(filter.as_of) or "") < documents.now()


def _is_empty(allowed: Int64 | None) -> bool:
    return allowed is not None and not allowed.size


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


def _disk_bytes(folder: Path) -> int:
    """Adds up a folder's files; one that is deleted meanwhile, such as a retired generation's, counts nothing."""
    found = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            status = path.lstat()
            found += status.st_size if S_ISREG(status.st_mode) else 0
    return found


def _disk_error(folder: Path, error: OSError) -> StorageError:
    full = error.errno in (28, 122)
    return StorageError(
        f"Cannot keep a file under {folder}: {error.strerror or error}.",
        code="disk_full" if full else "read_only",
        hint="Searching still works and nothing was lost. "
        + ("Free some space" if full else "Make the folder writable")
        + ", then try again.",
    )
