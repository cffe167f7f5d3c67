"""How much of an ingest is left: reading and embedding overlap, so it takes what the slower of the two still needs.

What an unread file will take and give is reckoned from the files of its kind so far, half by their number and half by
their size: a megabyte of pictures is not a megabyte of text.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ingest.discovery import SourceFile
from ingest.parsers.detection import suffix_of

_PASSAGES = 10.0
_READING_S = 0.2
"""First guesses of what a file gives and takes, until one was read."""

_SURE_AFTER_S = 1.0


@dataclass(slots=True)
class _Sum:
    """What files of one kind came to."""

    files: int = 0
    size: int = 0
    passages: int = 0
    seconds: float = 0.0

    def add(self, size: int, passages: int, seconds: float) -> None:
        self.files += 1
        self.size += size
        self.passages += passages
        self.seconds += seconds


class Forecast:
    """Counts what was read and embedded; ``at_once`` files are read beside each other, ``clock`` gives seconds."""

    def __init__(
        self, files: Iterable[SourceFile], at_once: int = 1, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._at_once, self._clock = at_once, clock
        self._unread: Counter[str] = Counter()
        self._unread_bytes: Counter[str] = Counter()
        self._read: dict[str, _Sum] = {}
        self._all = _Sum()
        for file in files:
            kind = suffix_of(file.path)
            self._unread[kind] += 1
            self._unread_bytes[kind] += file.size_bytes
        self._seen = clock()
        self._embedded = self._made = 0
        self._warm = False
        self._busy_s = self._waited_s = 0.0

    def read(self, file: SourceFile, passages: int, seconds: float) -> None:
        """Takes down what a file gave, 0 where it failed, and what reading it took."""
        kind = suffix_of(file.path)
        self._unread[kind] -= 1
        self._unread_bytes[kind] -= file.size_bytes
        for own in (self._read.setdefault(kind, _Sum()), self._all):
            own.add(file.size_bytes, passages, seconds)

    def embedded(self, passages: int, *, ready: bool = True) -> None:
        """Takes down how many passages have been embedded, in all; told often, it knows when some were waiting.

        They come in pieces: the time since the last one counts once the next is there. What comes before the embedder
        is ``ready`` to compute says nothing of it, unless there is hardly anything that waits for it.
        """
        now = self._clock()
        if self._all.passages > self._embedded:
            self._waited_s += now - self._seen
        if passages > self._embedded:
            if self._warm:
                self._busy_s += self._waited_s
                self._made += passages - self._embedded
            self._warm = self._warm or ready or 2 * passages > self._all.passages
            self._waited_s = 0.0
        self._seen, self._embedded = now, passages

    @property
    def share(self) -> float:
        """How much is done, from 0 to 1: of the passages, read ones and those that are to be expected."""
        expected = self._all.passages + self._expected(lambda own: own.passages, _PASSAGES)
        return self._embedded / expected if expected else 0.0

    @property
    def rate(self) -> float | None:
        """How many passages were embedded a second while there were any to embed; None while nobody can know.

        Where nothing came for longer than all before took, that counts, too.
        """
        if self._busy_s < _SURE_AFTER_S:
            return None
        return self._made / (self._busy_s + (self._waited_s if self._waited_s > self._busy_s else 0.0))

    def left_s(self) -> float | None:
        """How many seconds are left at the rate so far; None while nobody can know."""
        rate = self.rate
        if rate is None:
            return None
        reading = self._expected(lambda own: own.seconds, _READING_S) / self._at_once
        passages = self._all.passages + self._expected(lambda own: own.passages, _PASSAGES) - self._embedded
        return max(reading, passages / rate)

    def _expected(self, of: Callable[[_Sum], float], guess: float) -> float:
        """Adds up, over the unread files, what the files of their kind came to."""
        found = 0.0
        for kind, files in self._unread.items():
            own = self._read.get(kind, self._all)
            if files and not own.files:
                found += files * guess
            elif files:
                by_size = self._unread_bytes[kind] / own.size if own.size else files / own.files
                found += of(own) * (files / own.files + by_size) / 2
        return found
