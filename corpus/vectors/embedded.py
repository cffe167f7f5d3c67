"""Chroma in this process: generations built by a child, and an exact delta for what is newer.

The owner's process only ever queries a finished generation. One thread of its own looks after the rest:
opening Chroma when it is first wanted, folding, swapping, burying retired generations, and trying again
after a failure, ever less often. A search never waits for it: whatever is missing, the exact scan answers.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from corpus.child import FeedAddress, Stopped
from corpus.crashpoints import reach
from corpus.errors import DamagedError, StorageError, UnavailableError
from corpus.projection import Feed, IndexState, Snapshot
from corpus.types import Float32, Int64, Scored
from corpus.vectors import generation as files
from corpus.vectors.folding import POLICY, FoldPolicy, build_base, no_generation
from corpus.vectors.graph import Graph, GraphError
from corpus.vectors.rows import (
    FETCH_LEAST,
    GrowingBlock,
    Nearest,
    batches_of,
    check_dimension,
    empty_block,
    load,
    search,
    split,
    vectors_in,
)
from corpus.vectors.view import Base, View, agrees

log = logging.getLogger(__name__)

_DRAIN_S = 5.0


class EmbeddedChromaIndex:
    """Candidates from a Chroma of our own, re-scored exactly; what is newer is scanned exactly and merged."""

    def __init__(
        self,
        feed: Feed,
        folder: Path,
        space_id: str,
        dimension: int,
        *,
        child_feed: FeedAddress,
        one_shot: bool = False,
        policy: FoldPolicy = POLICY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Opens the current generation, checks every byte of it, and reads what is newer from the catalog.

        Nothing about the folder makes this fail: what is missing or damaged is said in :meth:`state`,
        answered from the catalog, and built again. Chroma is opened when the first search asks for it.

        Args:
            feed: the catalog.
            folder: where the generations are; made when it is missing.
            space_id: the embedding space; a generation of another is built again.
            dimension: the length of every vector.
            child_feed: where the building child finds the same catalog.
            one_shot: for a process that answers once: scans exactly, opens no Chroma, and builds only in
                :meth:`fold`.
            policy: when to fold.
            clock: seconds, monotonic.
        """
        self._feed, self._folder, self._space, self._dimension = feed, folder, space_id, dimension
        self._child_feed, self._one_shot, self._policy, self._clock = child_feed, one_shot, policy, clock
        self._writing = threading.RLock()  # one follower or swap at a time
        self._changed = threading.Condition()  # guards everything below; never held while working
        self._thread: threading.Thread | None = None
        self._closing = False
        self._building = False
        self._asked = False
        self._wanted = self._done = self._anew = 0
        self._failures = 0
        self._retry_at = clock() + policy.repair_after_s
        self._last_change = clock()
        self._repair = self._remark = self._failure = ""
        self._unbuilt = False
        self._retired: list[Base] = []
        self._delta = GrowingBlock(dimension)
        self._view = self._start()
        if not one_shot:
            self._start_thread()

    # ---- the protocol ------------------------------------------------------------------------------

    def follow(self) -> None:
        """Catches up with the change log; what it missed is searchable when this returns."""
        with self._writing, self._feed.snapshot() as snapshot:
            view = self._view
            if snapshot.seq == view.seq:
                return
            if snapshot.seq < view.seq:
                new = self._project(None, snapshot)
                self._set_view(
                    new, f"The catalog went back from change {view.seq} to {snapshot.seq}. {files.REBUILT}"
                )
                return
            added, removed = split(snapshot.changes_after(view.seq))
            self._delta.remove(removed)
            self._delta.compact()
            self._delta.extend(batches_of(snapshot, added))
            rows = view.rows.without(removed)
            self._set_view(View(view.base, rows, self._delta.block, snapshot.seq))

    def search(self, query: Float32, k: int, versions: Int64 | None = None) -> Scored:
        """Returns the ``k`` nearest live chunks, only from ``versions`` (ascending) when given."""
        check_dimension(query, self._dimension)
        with self._reading() as view:
            nearest = self._nearest(view)
            try:
                return search(query, k, versions, [(view.rows, nearest), (view.delta, None)])
            except GraphError as error:
                self._lose_graph(view, error)
                return search(query, k, versions, [(view.rows, None), (view.delta, None)])

    def vectors(self, chunks: Int64) -> Float32:
        """Returns the vector of each of the chunks, shape (n, dimension), NaN where it is not at hand."""
        with self._reading() as view:
            return vectors_in([view.rows, view.delta], chunks, self._dimension)

    def fold(self, *, anew: bool = False) -> None:
        """Makes the delta part of a new generation now; waits until that one answers.

        Nothing is built when the generation already is all there is, unless ``anew``.

        Raises:
            StorageError: the generation could not be built; everything answers as before.
        """
        self.follow()
        with self._changed:
            if not self._repair and self._view.changed == 0 and not anew:
                return
            self._wanted += 1
            mine = self._wanted
            self._anew = mine if anew else self._anew
            self._start_thread()
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._done >= mine or self._closing)
            failure = self._failure if self._done >= mine else "The index was closed."
        if failure:
            raise StorageError(
                f"The dense index could not be built: {failure}",
                code="fold_failed",
                hint="Searches are answered as before; it is tried again by itself.",
            )

    def warm(self, timeout_s: float = 60.0) -> None:
        """Opens Chroma now rather than with the first search; returns when it answers or cannot."""
        with self._changed:
            self._asked = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._must_open() or self._closing, timeout_s)

    def state(self) -> IndexState:
        """Says how the index is doing."""
        with self._changed:
            view = self._view
            return IndexState(
                mode="chroma" if view.base and view.base.graph and not self._repair else "exact",
                seq=view.seq,
                rows=view.live,
                generation=view.base.generation.manifest.number if view.base else 0,
                delta_rows=view.delta.live,
                rebuilding=self._building,
                problem=" ".join(filter(None, (self._repair, self._remark, self._failure))),
                broken=bool(self._repair) and not self._unbuilt,
                unbuilt=self._unbuilt or (not self._repair and self._is_wanting(view)),
            )

    def close(self) -> None:
        """Stops background work, a building child among it, and releases every file."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()
        with self._changed:
            view, self._view = (
                self._view,
                View(None, empty_block(self._dimension), self._view.delta, self._view.seq),
            )
            if view.base:
                self._retired.append(view.base)
            self._changed.wait_for(lambda: not any(base.readers for base in self._retired), _DRAIN_S)
        for base in self._retired:
            if base.graph:
                base.graph.close()
        self._retired.clear()

    # ---- views -------------------------------------------------------------------------------------

    def _start(self) -> View:
        base: Base | None = None
        try:
            name = files.read_pointer(self._folder)
            if name:
                generation = files.open_generation(
                    self._folder, name, self._space, self._dimension, rows_only=self._one_shot
                )
                base = Base(generation)
                if generation.manifest.graph:
                    self._repair = generation.graph_problem
                else:
                    self._remark = generation.graph_problem
        except DamagedError as error:
            self._repair = str(error)
        with self._feed.snapshot() as snapshot:
            if base and base.generation.manifest.seq > snapshot.seq:
                self._repair = f"The dense index is newer than the catalog. {files.REBUILT}"
                base = None
            view = self._project(base, snapshot)
            if base and not agrees(view, snapshot):
                self._repair = f"The dense index holds other rows than the catalog. {files.REBUILT}"
                view = self._project(None, snapshot)
        if self._is_wanting(view) and not self._repair:
            self._repair = no_generation(view.live)
            self._unbuilt = True
        if not self._one_shot:  # what is damaged stays until it can be built again, and says why
            files.sweep(self._folder, view.base.generation.folder.name if view.base else "")
        return view

    def _is_wanting(self, view: View) -> bool:
        """Says whether there are more rows than should do without a generation, and there is none."""
        return view.base is None and view.live > self._policy.scan_rows

    def _project(self, base: Base | None, snapshot: Snapshot) -> View:
        if base is None:
            self._delta = load(snapshot, self._dimension)
            return View(None, empty_block(self._dimension), self._delta.block, snapshot.seq)
        added, removed = split(snapshot.changes_after(base.generation.manifest.seq))
        self._delta = GrowingBlock(self._dimension)
        self._delta.extend(batches_of(snapshot, added))
        return View(base, base.generation.block.without(removed), self._delta.block, snapshot.seq)

    def _set_view(self, view: View, repair: str = "") -> None:
        with self._changed:
            old, self._view = self._view.base, view
            if old is not None and old is not view.base:
                self._retired.append(old)
            self._repair = repair or self._repair
            self._last_change = self._clock()
            self._changed.notify_all()

    @contextmanager
    def _reading(self) -> Iterator[View]:
        with self._changed:
            if self._closing:
                raise UnavailableError("The dense index is closed.")
            view = self._view
            if view.base:
                view.base.readers += 1
        try:
            yield view
        finally:
            if view.base:
                with self._changed:
                    view.base.readers -= 1
                    if view.base in self._retired:
                        self._changed.notify_all()

    def _nearest(self, view: View) -> Nearest | None:
        base = view.base
        if base is None or self._one_shot or self._repair or len(view.rows) <= FETCH_LEAST:
            return None
        if base.graph is None:
            if not self._asked:
                with self._changed:
                    self._asked = True
                    self._changed.notify_all()
            return None
        return base.nearest

    def _lose_graph(self, view: View, error: GraphError) -> None:
        with self._changed:
            if view.base is self._view.base and not self._repair:
                log.warning("Chroma failed: %s", error)
                self._repair = f"Chroma failed ({error}). {files.REBUILT}"
                self._changed.notify_all()

    # ---- background work -----------------------------------------------------------------------------

    def _start_thread(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._look_after, name="dense-index", daemon=True)
            self._thread.start()

    def _look_after(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(self._has_work, self._policy.tick_s)
                if self._closing:
                    return
            self._bury()
            if self._must_open():
                self._open_graph()
            if self._must_fold():
                self._fold()

    def _has_work(self) -> bool:
        idle = all(base.readers for base in self._retired)
        return self._closing or not idle or self._must_open() or self._must_fold()

    def _must_open(self) -> bool:
        base = self._view.base
        return bool(
            self._asked
            and not self._one_shot
            and not self._repair
            and base
            and base.graph is None
            and base.generation.manifest.graph
        )

    def _must_fold(self) -> bool:
        if self._wanted > self._done:
            return True
        view, now = self._view, self._clock()
        if now < self._retry_at:
            return False
        return bool(self._repair) or self._policy.is_due(
            view.changed, len(view.rows) if view.base else None, now - self._last_change
        )

    def _open_graph(self) -> None:
        base = self._view.base
        assert base is not None
        try:
            graph = Graph(base.generation.folder / files.CHROMA, self._folder)
        except GraphError as error:
            self._lose_graph(self._view, error)
            return
        with self._changed:
            base.graph = graph
            self._changed.notify_all()

    def _fold(self) -> None:
        with self._changed:
            target, self._building = self._wanted, True
            anew = self._anew > self._done
        failure = ""
        try:
            if self._repair or self._view.changed or anew:  # else a fold that was under way took it all along
                self._build_and_swap()
        except Stopped:
            failure = "The index was closed."
        except Exception as error:
            failure = str(error)
            log.warning("The dense index could not be built: %s", error)
        with self._changed:
            self._building, self._done, self._failure = False, target, failure
            self._failures = self._failures + 1 if failure else 0
            if failure:
                self._retry_at = self._clock() + self._policy.retry_after_s(self._failures)
            self._changed.notify_all()

    def _build_and_swap(self) -> None:
        base = build_base(
            self._child_feed,
            self._folder,
            self._space,
            self._dimension,
            self._view.live,
            ask_graph=lambda: self._asked and not self._one_shot,
            stop=lambda: self._closing,
        )
        with self._writing, self._feed.snapshot() as snapshot:
            view = self._project(base, snapshot)
            with self._changed:
                self._repair, self._remark, self._unbuilt = "", base.generation.graph_problem, False
                self._set_view(view)
        reach("swap.taken")
        self._bury()

    def _bury(self) -> None:
        """Closes and deletes the retired generations that nobody reads any more."""
        with self._changed:
            dead = [base for base in self._retired if not base.readers]
            self._retired = [base for base in self._retired if base.readers]
        for base in dead:
            if base.graph:
                base.graph.close()
            reach("swap.before_delete")
            files.delete(base.generation.folder)
            reach("swap.deleted")
