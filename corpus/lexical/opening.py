"""What is found on opening a lexical index: the newest generation that is intact, and whether it is what is wanted."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from corpus.errors import DamagedError, StorageError
from corpus.lexical import segments
from corpus.lexical.analysis import ANALYSIS_VERSION
from corpus.lexical.engine import TANTIVY_ERRORS, Engine
from corpus.lexical.generations import Generations, number_of
from corpus.lexical.segments import Counts
from corpus.scratch import scratch_folder

NO_ROWS = Counts(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Opened:
    """The generation that answers, and what is wrong with it.

    ``engine`` is None where none is intact. ``shadow`` holds the links that it reads through, if it needs them; who
    has it closes it. ``seq`` is the change it includes last. ``problem`` says why it must be built again, "" where
    it need not. ``unbuilt``: there never was one.
    """

    engine: Engine | None = None
    shadow: ExitStack | None = None
    generation: int = 0
    seq: int = 0
    counts: Counts = NO_ROWS
    problem: str = ""
    unbuilt: bool = False


def open_newest(kept: Generations, last: int) -> Opened:
    """Opens the generation in use, or the newest intact one where nothing names it. ``last``: the newest change of the
    catalog; 0 where nothing was written yet.
    """
    pointed, problem = kept.current(), ""
    folders = sorted(kept.all(), reverse=True)
    unbuilt = False
    if pointed is not None:
        folders = [pointed]
    elif last or folders:
        problem = "The lexical index is missing, or what points to it."
        unbuilt = not folders
    for folder in folders:
        try:
            record = segments.read_record(folder)
            segments.verify(folder, record)
            counts = segments.count(folder)
            engine, shadow = _open_engine(folder)
        except DamagedError as error:
            problem = problem or error.message
            continue
        problem = problem or _why_again(record, last)
        return Opened(engine, shadow, number_of(folder), record.seq, counts, problem)
    return Opened(problem=problem, unbuilt=unbuilt)


def peek(kept: Generations) -> Counts:
    """Returns what the generation in use says it holds, before it is checked."""
    folder = kept.current()
    try:
        return NO_ROWS if folder is None else segments.count(folder)
    except DamagedError:
        return NO_ROWS


def _open_engine(folder: Path) -> tuple[Engine, ExitStack | None]:
    """Returns an engine over a folder, and what holds the links that it reads through; None where it needs none.

    On a disk that takes no file tantivy, which makes a lock file even to read, opens links to its files elsewhere.

    Raises:
        DamagedError: tantivy cannot open it in either way.
    """
    try:
        return Engine(folder), None
    except TANTIVY_ERRORS as error:
        with ExitStack() as links:
            try:
                shadow = links.enter_context(scratch_folder("vouch-lexical-"))
                for path in folder.iterdir():
                    if path.is_file() and path.suffix != ".lock":
                        (shadow / path.name).symlink_to(path.resolve())
                return Engine(shadow), links.pop_all()
            except (*TANTIVY_ERRORS, StorageError):
                raise DamagedError(f"The lexical index in {folder} cannot be opened ({error}).") from error


def _why_again(record: segments.Record, last: int) -> str:
    if record.analysis != ANALYSIS_VERSION:
        return "The lexical index was made by another version of the text analysis."
    if record.seq > last:
        return f"The lexical index is ahead of the catalog ({record.seq} > {last})."
    return ""
