"""How sure a mean over questions is, and whether two runs over the same questions differ.

Both are resampling methods: they assume nothing about how a measure is distributed, which for hit@k and
reciprocal rank is nothing like a normal distribution. Both are seeded: the same numbers give the same answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]

RESAMPLES = 10_000
LEVEL = 0.95
"""The share of resampled means that lies within an interval."""

_SEED = 20_240_501
_CELLS = 4_000_000  # numbers drawn at a time: 32 MB


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over ``n`` questions and its confidence interval (95 % unless said otherwise)."""

    mean: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Paired:
    """What a second run changes in one measure, over the same questions.

    ``difference`` is second minus first, with its interval; ``p_value`` is two-sided. ``better``, ``worse``
    and ``same`` count questions.
    """

    measure: str
    first: float
    second: float
    difference: Interval
    p_value: float
    better: int
    worse: int
    same: int


def bootstrap(values: Sequence[float], *, resamples: int = RESAMPLES) -> Interval:
    """Returns the mean of per-question values with its percentile bootstrap interval.

    Source: Efron & Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.

    Raises:
        ValueError: there are no values.
    """
    sample = _checked(values)
    n, rng = len(sample), np.random.default_rng(_SEED)
    means = np.concatenate(
        [sample[rng.integers(0, n, (rows, n))].mean(axis=1) for rows in _batches(n, resamples)]
    )
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(sample.mean()), float(low), float(high), n)


def paired_test(
    first: Sequence[float], second: Sequence[float], *, measure: str = "", resamples: int = RESAMPLES
) -> Paired:
    """Returns the difference of two runs over the same questions, by Fisher's randomisation test.

    If the two runs were alike, each question's difference could as well have had the other sign: the p-value
    is the share of sign assignments whose mean difference is at least as far from 0. All 2**n assignments are
    tried where there are no more than ``resamples``, else that many random ones with the observed one, so
    that p > 0.

    Source: Smucker, Allan & Carterette, A comparison of statistical significance tests for information
    retrieval evaluation, CIKM 2007.

    Raises:
        ValueError: the runs differ in length, or there are no values.
    """
    before, after = _checked(first), _checked(second)
    if len(before) != len(after):
        raise ValueError(f"paired runs need the same questions: {len(before)} and {len(after)} values")
    change = after - before
    moved = change[change != 0]  # a zero keeps its value whatever its sign
    return Paired(
        measure=measure,
        first=float(before.mean()),
        second=float(after.mean()),
        difference=bootstrap(change.tolist(), resamples=resamples),
        p_value=_sign_flip_p(moved, resamples),
        better=int((change > 0).sum()),
        worse=int((change < 0).sum()),
        same=int((change == 0).sum()),
    )


def _sign_flip_p(moved: Float64, resamples: int) -> float:
    n = len(moved)
    observed = abs(float(moved.sum())) - 1e-9  # sums in another order differ in the last bits
    if 2**n <= resamples:
        flips = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
        return float((np.abs((1 - 2 * flips) @ moved) >= observed).mean())
    rng = np.random.default_rng(_SEED)
    as_far = sum(
        int((np.abs(rng.choice((-1.0, 1.0), (rows, n)) @ moved) >= observed).sum())
        for rows in _batches(n, resamples)
    )
    return (as_far + 1) / (resamples + 1)


def _batches(n: int, resamples: int) -> Iterator[int]:
    """Yields how many rows of ``n`` numbers to draw at a time, ``resamples`` in all."""
    rows = max(1, _CELLS // n)
    for begin in range(0, resamples, rows):
        yield min(rows, resamples - begin)


def _checked(values: Sequence[float]) -> Float64:
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1 or not len(sample):
        raise ValueError("there are no values to average")
    return sample
