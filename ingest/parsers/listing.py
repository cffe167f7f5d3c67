"""The items of a list as they are met in a page's or a file's markup."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import dedent


class Listing:
    """The list that is open, with the lists within it: each item at its depth, with its mark and words."""

    def __init__(self) -> None:
        self._open: list[tuple[bool, int]] = []  # is it ordered, its next number
        self._items: list[tuple[int, str, str]] = []
        self._marker: tuple[int, str] | None = None

    @property
    def is_open(self) -> bool:
        """Whether what comes next stands in a list."""
        return bool(self._open)

    def open(self, *, ordered: bool, first: int = 1) -> None:
        """Begins a list, within the one that is open."""
        self._open.append((ordered, first))

    def close(self) -> bool:
        """Ends the innermost list, where there is one; returns whether it stood in no other."""
        if not self._open:
            return False
        self._open.pop()
        return not self._open

    @property
    def is_ordered(self) -> bool:
        """Whether the items of the innermost list have numbers."""
        return self._open[-1][0]

    @property
    def following(self) -> int:
        """The number of the innermost list's next item."""
        return self._open[-1][1]

    def item(self, marker: str, number: int) -> None:
        """Begins the item of that number in the innermost list; it is one once it says something."""
        self._open[-1] = (self.is_ordered, number + 1)
        self._marker = (len(self._open) - 1, marker)

    def add(self, text: str) -> None:
        """Adds words to the item that was begun, else to the last one."""
        if not text.strip():
            return
        if self._marker is not None:
            self._items.append((*self._marker, text))
            self._marker = None
        elif self._items:
            depth, marker, before = self._items[-1]
            if marker:
                self._items[-1] = (depth, marker, f"{before} {text}")
            else:  # behind lines of code or a table
                self._items.append((len(self._open), "", text))
        else:
            self._items.append((len(self._open) - 1, "-", text))

    def add_lines(self, lines: Iterable[str]) -> None:
        """Adds lines of code or rows of a table to the open item, each a line of its own below it."""
        for line in filter(str.strip, dedent("\n".join(lines)).split("\n")):
            if self._marker is not None or not self._items:
                self.add(line)
            else:
                self._items.append((len(self._open), "", line))

    def take(self) -> list[tuple[int, str, str]]:
        """Returns the items so far and forgets them: depth (from 0), mark and words of each, no mark for a line below
        an item.
        """
        taken, self._items = self._items, []
        return taken
