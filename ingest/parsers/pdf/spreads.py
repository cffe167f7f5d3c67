"""Two pages of a book or report that were set as one wide page. Pure geometry."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from ingest.parsers.pdf.lines import Line, Rule

_WIDE = 1.2  # the width of a wide page, of its height, at least
_FOLD = 0.04  # of the width, what is white between the two pages, at least
_LEAST_LINES = 8
_MOST_SWITCHES = 3


def halves(
    lines: Sequence[Line], rules: Sequence[Rule], width: float, height: float
) -> list[tuple[list[Line], list[Rule]]]:
    """Returns what stands on the left and on the right of a fold, or all of the page where there is none.

    The middle of a wide page is white from top to bottom, both sides hold several lines, and the file drew one after
    the other. A slide with two columns is read the same way.

    Args:
        lines: those of the page, as they were drawn.
        rules: the straight lines drawn on it.
        width: the page's, in points, as is ``height``.
    """
    middle = width / 2
    left = [line for line in lines if line.x1 <= middle]
    right = [line for line in lines if line.x0 >= middle]
    if (
        width < _WIDE * height
        or len(left) + len(right) < len(lines)
        or min(len(left), len(right)) < _LEAST_LINES
        or min(line.x0 for line in right) - max(line.x1 for line in left) < _FOLD * width
        or sum((a.x1 <= middle) != (b.x1 <= middle) for a, b in pairwise(lines)) > _MOST_SWITCHES
    ):
        return [(list(lines), list(rules))]
    return [
        (left, [rule for rule in rules if rule.x1 <= middle]),
        (right, [rule for rule in rules if rule.x0 >= middle]),
    ]
