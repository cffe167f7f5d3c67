"""How long searches take, measured one at a time, and the rows of a table that say so."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np

from corpus.types import Float32


def timed(search: Callable[[str], object], questions: Sequence[str]) -> Float32:
    """Returns what each search takes, one at a time: milliseconds, and those that all processors spent on it."""
    took = []
    for question in questions:
        began, spent = time.perf_counter(), time.process_time()
        search(question)
        took.append((time.perf_counter() - began, time.process_time() - spent))
    return np.array(took, np.float32) * 1000


def row(name: str, took: Float32, *more: object) -> str:
    """Returns a row of a table: p50, p95 and the longest, in milliseconds, and the processor's p50."""
    p50, p95 = np.percentile(took[:, 0], [50, 95])
    processor = f"{np.percentile(took[:, 1], 50):.1f}" if took[:, 1].any() else "-"
    cells = [name, f"{p50:.1f}", f"{p95:.1f}", f"{took[:, 0].max():.1f}", processor, *map(str, more)]
    return "| " + " | ".join(cells) + " |"


def unspent(ms: Sequence[float]) -> Float32:
    """Returns milliseconds as :func:`timed` does, of what happened in another process."""
    return np.stack([np.array(ms, np.float32), np.zeros(len(ms), np.float32)], axis=1)


def head(*more: str) -> str:
    """Returns the head of such a table."""
    names = ["", "p50 ms", "p95", "longest", "processor ms", *more]
    return "| " + " | ".join(names) + " |\n" + "|---" * len(names) + "|"
