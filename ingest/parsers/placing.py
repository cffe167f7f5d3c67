"""The order in which what stands on a slide is read: from its top, side by side from the left, columns whole.

Boxes under each other belong together where they stand nearer than those beside each other: a number over its name, the
text of a column under its head. Lines of boxes that are as near to the next box as to the next line are read as lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

_MOST_APART = 0.5
"""The share of a narrower box's width in which one above it may fail to stand over it."""


class Place(NamedTuple):
    """Where a box stands, in any unit, from the top left corner."""

    top: float
    left: float
    height: float = 0
    width: float = 0


def reading_order(places: Sequence[Place]) -> list[int]:
    """Returns the boxes' numbers in the order in which they are read."""
    rows: list[list[int]] = []
    for number in sorted(range(len(places)), key=lambda one: (places[one].top, places[one].left, one)):
        first = places[rows[-1][0]] if rows else None
        # Side by side is what begins within the upper half of the row's first box.
        if first is not None and places[number].top < first.top + max(first.height / 2, 1e-6):
            rows[-1].append(number)
        else:
            rows.append([number])
    for row in rows:
        row.sort(key=lambda one: (places[one].left, places[one].top, one))
    return [number for run in _runs(rows, places) for number in _within(run, places)]


def _runs(rows: Sequence[Sequence[int]], places: Sequence[Place]) -> Iterator[list[Sequence[int]]]:
    """Yields rows that stand under each other as columns together, all others alone."""
    run: list[Sequence[int]] = []
    for row in rows:
        if run and not _are_columns(run[-1], row, places):
            yield run
            run = []
        run.append(row)
    if run:
        yield run


def _are_columns(above: Sequence[int], below: Sequence[int], places: Sequence[Place]) -> bool:
    """Says whether each box of a row stands under one of the row above, and nearer to it than to its neighbours."""
    if len(above) != len(below) or len(above) < 2:
        return False
    for one, other in zip(above, below, strict=True):
        high, low = places[one], places[other]
        narrow = min(high.width, low.width)
        shared = min(high.left + high.width, low.left + low.width) - max(high.left, low.left)
        if narrow <= 0 or shared < (1 - _MOST_APART) * narrow:
            return False
    down = max(places[other].top - _bottom(places[one]) for one, other in zip(above, below, strict=True))
    across = min(
        places[right].left - places[left].left - places[left].width
        for row in (above, below)
        for left, right in pairwise(row)
    )
    return max(down, 0) < across


def _bottom(place: Place) -> float:
    return place.top + place.height


def _within(run: Sequence[Sequence[int]], places: Sequence[Place]) -> Iterator[int]:
    for column in zip(*run, strict=True) if len(run) > 1 else run:
        yield from column
