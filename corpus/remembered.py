"""What was read of a catalog, remembered until something is written to it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Generic, TypeVar

from corpus.catalog import Database

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Remembered(Generic[K, V]):
    """Values by keys, forgotten once there are more than ``most``, or the catalog has changed. Safe to use from any
    thread.
    """

    def __init__(self, catalog: Database, most: int) -> None:
        self._catalog = catalog
        self._most = most
        self._known: tuple[int, dict[K, V]] = (-1, {})

    def of(self, keys: Sequence[K], read: Callable[[Sequence[K]], Iterable[V]]) -> list[V]:
        """Returns the values of the keys; ``read`` gives those of some that are not known."""
        epoch = self._catalog.epoch  # before anything is read: what is written meanwhile has it read again
        known_at, known = self._known
        if known_at != epoch or len(known) > self._most:
            known = {}
        new = [key for key in dict.fromkeys(keys) if key not in known]
        if new:
            known = known | dict(zip(new, read(new), strict=True))
            self._known = epoch, known
        return [known[key] for key in keys]
