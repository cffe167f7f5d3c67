"""Bootstrap intervals and the paired test: against their definitions and what theory says."""

from __future__ import annotations

import itertools
import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.measuring.significance import bootstrap, paired_test


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_a_bootstrap_interval_surrounds_its_mean(values: list[float]) -> None:
    interval = bootstrap(values, resamples=200)
    assert interval.mean == pytest.approx(np.mean(values))
    assert min(values) - 1e-9 <= interval.low <= interval.high <= max(values) + 1e-9
    assert interval == bootstrap(values, resamples=200)
    if len(set(values)) == 1:
        assert interval.low == pytest.approx(interval.high)


def test_a_bootstrap_interval_is_as_wide_as_theory_says() -> None:
    values = [1.0] * 300 + [0.0] * 100
    interval = bootstrap(values)
    half = 1.96 * math.sqrt(0.75 * 0.25 / 400)
    assert interval.low == pytest.approx(0.75 - half, abs=0.005)
    assert interval.high == pytest.approx(0.75 + half, abs=0.005)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=10))
def test_the_paired_test_is_the_definition(pairs: list[tuple[float, float]]) -> None:
    first, second = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    paired = paired_test(first, second, resamples=2**10)
    changes = [b - a for a, b in pairs]
    assert paired.better + paired.worse + paired.same == len(pairs)
    every = [
        sum(sign * change for sign, change in zip(signs, changes, strict=True))
        for signs in itertools.product((1, -1), repeat=len(changes))
    ]
    as_far = sum(abs(total) >= abs(sum(changes)) - 1e-9 for total in every)
    assert paired.p_value == pytest.approx(as_far / len(every))
    assert paired_test(second, first, resamples=2**10).p_value == pytest.approx(paired.p_value)


def test_random_sign_flips_come_near_the_exact_test() -> None:
    draw = random.Random(3)
    first = [draw.random() for _ in range(13)]
    second = [value + draw.gauss(0.1, 0.3) for value in first]
    exact = paired_test(first, second, resamples=2**13).p_value
    drawn = paired_test(first, second, resamples=2**13 - 1).p_value
    assert 0.05 < exact < 0.95
    assert drawn == pytest.approx(exact, abs=0.02)
    assert paired_test([0.0] * 500, [1.0] * 500, resamples=1000).p_value == pytest.approx(1 / 1001)


def test_statistics_refuse_what_cannot_be_paired() -> None:
    with pytest.raises(ValueError, match="no values"):
        bootstrap([])
    with pytest.raises(ValueError, match="2 and 1"):
        paired_test([1.0, 0.0], [1.0])
