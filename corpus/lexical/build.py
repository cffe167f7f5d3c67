"""A generation filled from the catalog, here or in a low-priority child, and brought up to date with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from corpus.child import FeedAddress, Stopped, run_in_child
from corpus.crashpoints import reach
from corpus.lexical import segments
from corpus.lexical.analysis import ANALYSIS_VERSION
from corpus.lexical.engine import Engine
from corpus.lexical.segments import Record
from corpus.projection import Feed, Snapshot, TextRow


def build(feed: Feed, folder: Path, stop: Callable[[], bool]) -> None:
    """Writes all live passages of the catalog, and the record of it, into an empty folder.

    Raises:
        OSError, ValueError, RuntimeError: (``TANTIVY_ERRORS``) the disk is full or read-only.
        Stopped: ``stop`` said so.
    """
    with feed.snapshot() as snapshot:
        seq = snapshot.seq
        Engine(folder).apply([], _until(stop, snapshot.text_rows()))
    segments.write_record(folder, Record(ANALYSIS_VERSION, seq, segments.meta_crc(folder)))


def build_in_child(address: FeedAddress, folder: Path, stop: Callable[[], bool]) -> None:
    """Does the same in a child process, which ends when this one does.

    Raises:
        OSError: the child could not be started, or its disk is full or read-only.
        StorageError: the child failed in another way, or was killed.
        Stopped: ``stop`` said so.
    """
    run_in_child("corpus.lexical.build:run", [address.function, address.argument, str(folder)], stop)


def run(feed: str, argument: str, folder: str) -> None:
    """What the child does: fills a folder from the catalog that ``feed`` opens with ``argument``."""
    build(FeedAddress(feed, argument).open(), Path(folder), lambda: False)


def catch_up(engine: Engine, folder: Path, seq: int, snapshot: Snapshot) -> int:
    """Applies what the change log holds after ``seq`` in one commit, and returns the new ``seq``.

    What another version of the program set aside is tried again with it.
    May be repeated after a crash at any point: what is added is removed first, in case it is there already.
    """
    changes = snapshot.changes_after(seq)
    again = engine.aside.again
    if not changes and not again:
        return seq
    touched = {change.version_id for change in changes} | again
    gone = {change.version_id for change in changes if change.kind == "remove"}
    segments.write_record(folder, Record(ANALYSIS_VERSION, seq, segments.COMMITTING))
    reach("lexical.begun")
    segments.remove_uncommitted(folder)
    engine.apply(sorted(touched), snapshot.text_rows(sorted(touched - gone)))
    reach("lexical.committed")
    segments.write_record(folder, Record(ANALYSIS_VERSION, snapshot.seq, segments.meta_crc(folder)))
    reach("lexical.recorded")
    return snapshot.seq


def _until(stop: Callable[[], bool], rows: Iterable[TextRow]) -> Iterator[TextRow]:
    for row in rows:
        if stop():
            raise Stopped
        yield row
