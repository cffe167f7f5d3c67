"""The lexical index as a projection: follows the change log, survives a crash, mends itself.

On disk: ``CURRENT`` names a generation, a folder written in place by its owner. A generation that is missing,
damaged, of another analysis or ahead of the catalog is built again beside the old one and swapped in by an
atomic rename. Until then an old one that is intact goes on answering, though it is *stale*: never written.
Where there is none, searching answers with nothing; :meth:`TantivyIndex.state` says which and why.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

import numpy as np

from corpus.child import FeedAddress, Stopped
from corpus.crashpoints import reach
from corpus.errors import DamagedError, StorageError
from corpus.lexical import segments
from corpus.lexical.aside import NOTHING
from corpus.lexical.build import build, build_in_child, catch_up
from corpus.lexical.engine import TANTIVY_ERRORS, Engine
from corpus.lexical.failures import room, storage_error
from corpus.lexical.generations import Generations, number_of
from corpus.lexical.opening import NO_ROWS, open_newest, peek
from corpus.projection import Feed, IndexState
from corpus.types import Float32, Int64, Scored

_DELETED_SHARE = 0.2
_SMALL_ROWS, _SMALL_WAIT_S = 5000, 5.0
_STATE_WAIT_S = 1.0
_RETRY_FIRST_S, _RETRY_MOST_S = 5.0, 3600.0
_MORE_BYTES = 16 << 20
_Answer = TypeVar("_Answer")
_NOTHING = Scored(np.empty(0, np.int64), np.empty(0, np.float32))


class TantivyIndex:
    """BM25 over the live chunks of a catalog. Safe to use from any thread.

    Opening returns at once: the files are checked (about a second per gigabyte) and, when they are not what
    was written, built again, in the background. The first search waits for the check, and for a small index to
    be built. What the disk refuses is tried again in the background, ever less often, and soon where the disk
    has more room.

    Removed chunks leave tantivy's statistics only when a generation is built, so scores may drift a little
    after a removal, until :meth:`compact`: asked for, or by itself when a fifth of the chunks are removed
    ones or nothing has changed for a while.

    Args:
        feed: the catalog.
        folder: the index's own folder; created when first written.
        address: where a child finds the same catalog; without it even a large index is built in this process.
        quiet_s: seconds without a change after which removed chunks are dropped.
        one_shot: leave a large index that must be built again to a process that lives long enough.
    """

    def __init__(
        self,
        feed: Feed,
        folder: Path,
        *,
        address: FeedAddress | None = None,
        quiet_s: float = 30.0,
        one_shot: bool = False,
    ) -> None:
        self._feed = feed
        self._folder = folder
        self._kept = Generations(folder)
        self._address = address
        self._quiet_s = quiet_s
        self._one_shot = one_shot
        # Taken in this order: one generation is built at a time; one commit or swap is made at a time.
        self._building = threading.Lock()
        self._writing = threading.Lock()
        self._opened = threading.Event()
        self._tried = threading.Event()  # a stale index was built again, or could not be
        self._closing = threading.Event()
        self._engine: Engine | None = None
        self._stale = True
        self._shadow: ExitStack | None = None
        self._generation = 0
        self._seq = 0
        self._counts = NO_ROWS
        self._problem = ""
        self._unbuilt = False
        self._rebuilding = False
        self._worker = threading.Thread(target=self._work, args=(self._open,), daemon=True)
        self._worker.start()

    # ---- reading -----------------------------------------------------------------------------------

    def search(self, query: str, k: int, versions: Int64 | None = None) -> Scored:
        """Returns the ``k`` best live chunks, only from ``versions`` (ascending) when given.

        A query without a letter or digit finds nothing. A quoted phrase puts the chunks that hold it first;
        nothing else in a query is syntax.
        """
        self._opened.wait()
        if self._stale and not self._tried.is_set() and self._is_small():
            self._tried.wait(_SMALL_WAIT_S)
        return self._ask(lambda engine: engine.search(query, k, versions), _NOTHING)

    def score(self, query: str, chunks: Int64) -> Float32:
        """Returns what :meth:`search` scores each of the chunks, 0 where it finds nothing, in the order given.

        Shape (n,). A chunk that is not live scores 0; so does every one while there is no index.
        """
        return self._ask(lambda engine: engine.score(query, chunks), np.zeros(len(chunks), np.float32))

    def reach(self, query: str) -> float:
        """Returns about the most that a chunk could score for a query; 0 while there is no index."""
        return self._ask(lambda engine: engine.reach(query), 0.0)

    def rarity(self, words: Sequence[str]) -> dict[str, float] | None:
        """Returns each word's inverse document frequency among the live chunks; None while there is no index."""
        return self._ask(lambda engine: engine.rarity(words), None)

    def frequencies(self, words: Sequence[str]) -> list[int] | None:
        """Returns in how many chunks each word of small letters stands, whatever its inflection, removed ones among
        them for a while; None while there is no index.
        """
        return self._ask(lambda engine: engine.frequencies(words), None)

    def holders(self, word: str) -> frozenset[int] | None:
        """Returns the versions that hold a word, removed ones among them for a while; None while there is no index."""
        return self._ask(lambda engine: engine.holders(word), None)

    def state(self) -> IndexState:
        """Says how the index is doing; ``delta_rows`` counts removed chunks still in the statistics.

        ``mode`` is ``tantivy``, ``none`` where nothing answers, or ``opening`` while a large one is checked.
        """
        opened = self._opened.wait(_STATE_WAIT_S)
        counts = self._counts if opened else peek(self._kept)
        engine = self._engine
        aside = NOTHING if engine is None else engine.aside
        return IndexState(
            mode="opening" if not opened else "none" if self._engine is None else "tantivy",
            seq=self._seq,
            rows=counts.rows,
            generation=self._generation,
            delta_rows=counts.deleted,
            rebuilding=self._rebuilding,
            problem=self._problem,
            broken=bool(self._problem) and not self._unbuilt,
            unbuilt=bool(self._problem) and self._unbuilt,
            aside=aside.passages,
            aside_first=aside.first,
        )

    def _ask(self, question: Callable[[Engine], _Answer], nothing: _Answer) -> _Answer:
        """Asks the open index; ``nothing`` where there is none, or its files were damaged since it was opened."""
        self._opened.wait()
        engine = self._engine
        if engine is None:
            return nothing
        try:
            return question(engine)
        except BaseException as error:  # a panic of tantivy's is no Exception
            if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
                raise
            if self._is_whole(engine):
                raise
            self._in_background(self._follow_and_tidy)
            return nothing

    def _is_whole(self, engine: Engine) -> bool:
        """Says whether an engine is the open one and its files are what was written; leaves it where they are not."""
        with self._writing:
            if self._engine is not engine:
                return False  # another thread left or replaced it
            folder = self._kept.folder(self._generation)
            try:
                segments.verify(folder, segments.read_record(folder))
            except DamagedError as damage:
                self._lose(damage)
                return False
            return True

    def _lose(self, damage: DamagedError) -> None:
        """Leaves the open index, which is to be built again."""
        self._engine, self._stale, self._unbuilt = None, True, False
        self._problem = self._told(damage.message)

    def _told(self, problem: str) -> str:
        until = "the old one answers" if self._engine else "words and codes are not searched"
        named = problem.replace(f"{self._folder}{os.sep}", "")  # notes come over HTTP, which names no path
        again = "built again by vouch serve, or vouch rebuild" if self._is_left() else "being built again"
        return f"{named} It is {again}; until then {until}."

    # ---- writing -----------------------------------------------------------------------------------

    def follow(self) -> None:
        """Catches up with the change log in one commit; what it missed is searchable when this returns.

        Raises:
            StorageError: the index cannot be written (``disk_full``, ``read_only``); searching goes on, and it is
                tried again in the background.
        """
        self._opened.wait()
        self._tried.wait()
        try:
            self._follow()
        except StorageError:
            self._in_background(self._follow_and_tidy)
            raise
        if self._counts.deleted:
            self._in_background(self._tidy)

    def _follow(self) -> None:
        if not self._stale:
            with self._feed.snapshot() as snapshot:
                self._stale = self._seq > snapshot.seq  # the catalog was replaced by an earlier one
        if self._stale:
            self._mend()
            return
        try:
            with self._writing:
                self._catch_up()
        except DamagedError as damage:
            self._lose(damage)
            self._mend()

    def rebuild(self) -> None:
        """Throws the index away and builds it again from the catalog; the old one answers until then.

        Raises:
            StorageError: the new one cannot be written; the old one stays.
        """
        self._opened.wait()
        with self._building:
            self._build()

    def compact(self) -> None:
        """Drops removed chunks from the statistics: scores are those of an index built afresh."""
        self._opened.wait()
        with self._building:  # a build that began before a removal ends with that removal in its statistics
            if self._counts.deleted:
                self._build()

    def close(self) -> None:
        """Stops background work and releases every file."""
        self._closing.set()
        self._worker.join()
        with self._building, self._writing:
            self._engine = None
            self._leave_shadow()

    # ---- background --------------------------------------------------------------------------------

    def _in_background(self, task: Callable[[], None]) -> None:
        with self._writing:
            if not self._worker.is_alive() and not self._closing.is_set():
                self._worker = threading.Thread(target=self._work, args=(task,), daemon=True)
                self._worker.start()

    def _work(self, task: Callable[[], None]) -> None:
        pause_s = _RETRY_FIRST_S
        while True:
            try:
                task()
                return
            except Stopped:
                return
            except StorageError as error:
                self._problem, self._unbuilt = str(error), False
            if self._rest(pause_s):
                return
            pause_s = min(2 * pause_s, _RETRY_MOST_S)
            task = self._follow_and_tidy

    def _rest(self, pause_s: float) -> bool:
        """Waits before another attempt, not so long once the disk has more room; True: the index is being closed."""
        before, until = room(self._folder), time.monotonic() + pause_s
        while time.monotonic() < until and room(self._folder) <= before + _MORE_BYTES:
            if self._closing.wait(min(pause_s, _RETRY_FIRST_S)):
                return True
        return self._closing.is_set()

    def _follow_and_tidy(self) -> None:
        self._follow()
        self._tidy()

    def _mend(self) -> None:
        with self._building:
            if self._stale:  # else another thread has built it meanwhile
                self._build()

    def _tidy(self) -> None:
        while not self._closing.is_set() and self._counts.deleted:
            seq = self._seq
            crowded = self._counts.deleted > _DELETED_SHARE * (self._counts.rows + self._counts.deleted)
            if crowded or (not self._closing.wait(self._quiet_s) and seq == self._seq):
                self.compact()

    def _open(self) -> None:
        try:
            problem = self._open_current()
            self._problem = self._told(problem) if problem else ""
            self._rebuilding = bool(problem) and not self._is_left()
            self._opened.set()
            if self._rebuilding:
                self._mend()
            elif not problem:
                with self._writing:
                    self._catch_up()
        finally:
            self._rebuilding = False
            self._opened.set()
            self._tried.set()

    def _open_current(self) -> str:
        """Opens the newest generation that is intact; says why it must be built again, if so."""
        with self._feed.snapshot() as snapshot:
            last = snapshot.seq
        found = open_newest(self._kept, last)
        self._engine, self._shadow, self._unbuilt = found.engine, found.shadow, found.unbuilt
        self._generation, self._seq, self._counts = found.generation, found.seq, found.counts
        if found.engine is not None and not found.problem:
            self._stale = False
            self._kept.keep_only(self._kept.folder(found.generation).name)
        return found.problem

    def _leave_shadow(self) -> None:
        if self._shadow is not None:
            self._shadow.close()
            self._shadow = None

    def _is_left(self) -> bool:
        """Says whether an index that must be built again is left to another process."""
        return self._one_shot and not self._is_small()

    def _is_small(self) -> bool:
        with self._feed.snapshot() as snapshot:
            return snapshot.chunk_count() <= _SMALL_ROWS

    # ---- commits and generations -------------------------------------------------------------------

    def _catch_up(self) -> None:
        """Brings the open generation up to date. Holds ``_writing``."""
        if self._engine is None:
            return
        folder = self._kept.folder(self._generation)
        with self._feed.snapshot() as snapshot:
            if snapshot.seq == self._seq and (self._shadow is not None or not self._engine.aside.again):
                return
            if self._shadow is not None:
                raise StorageError(
                    f"The lexical index in {folder} cannot be written; it lacks the newest documents.",
                    code="read_only",
                    hint="Make the disk writable and start again.",
                )
            try:
                self._seq = catch_up(self._engine, folder, self._seq, snapshot)
            except TANTIVY_ERRORS as error:
                failure = storage_error(self._folder, error)
                self._problem = str(failure)
                raise failure from error
        self._counts = segments.count(folder)
        self._problem = ""

    def _build(self) -> None:
        """Builds a generation from the catalog, catches up and swaps it in. Holds ``_building``."""
        self._rebuilding = True
        generation = max(self._generation, *map(number_of, self._kept.all()), 0) + 1
        folder = self._kept.folder(generation)
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            folder.mkdir(mode=0o700)
            if self._address is None or self._is_small():
                build(self._feed, folder, self._closing.is_set)
            else:
                build_in_child(self._address, folder, self._closing.is_set)
            reach("lexical.built")
            engine, seq = Engine(folder), segments.read_record(folder).seq
            with self._writing:
                with self._feed.snapshot() as snapshot:
                    seq = catch_up(engine, folder, seq, snapshot)
                self._kept.point_at(folder.name)
                reach("lexical.swapped")
                self._engine, self._generation, self._seq, self._stale = engine, generation, seq, False
                self._counts = segments.count(folder)
                self._problem, self._unbuilt = "", False
                self._leave_shadow()
        except TANTIVY_ERRORS as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise storage_error(self._folder, error) from error
        except (Stopped, StorageError):
            shutil.rmtree(folder, ignore_errors=True)
            raise
        finally:
            self._rebuilding = False
        self._kept.keep_only(folder.name)
