"""How slowly what goes over a connection may go: below that it is given up, for it keeps a place that others need."""

from __future__ import annotations

PAUSE_S = 60.0
"""Longest time in which nothing need come, and what a request or an answer has beyond its share, in seconds."""

LEAST_BYTES_S = 1 << 10
"""What has to come in a second, on the average beyond that minute: a tenth of what the slowest lines carry."""


def left_s(seconds: float, moved: int) -> float:
    """Returns how long one may wait for more, in seconds; none is left at 0 or below.

    Args:
        seconds: since it began.
        moved: what came since then, in bytes.
    """
    return min(PAUSE_S, PAUSE_S + moved / LEAST_BYTES_S - seconds)
