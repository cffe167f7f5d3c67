"""Legs → one score: the weighted mean of what each says, whatever it does not know; and ranks in its place."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.errors import UsageError
from corpus.types import Float32, Int64
from rag.retrieval.ranking import PARTS, RRF_K, Recipe, combine

NAN = float("nan")
LEGS = ("dense", "lexical", "late", "around")
EVEN = Recipe(dense=1, lexical=1, late=1)

says = st.one_of(st.just(NAN), st.floats(0, 1, width=32))
candidates = st.integers(0, 12).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(1, 1 << 62), min_size=n, max_size=n, unique=True),
        st.dictionaries(st.sampled_from(LEGS), st.lists(says, min_size=n, max_size=n)),
    )
)


def ids(*own: int) -> Int64:
    return np.array(own, np.int64)


def leg(*scores: float) -> Float32:
    return np.array(scores, np.float32)


def test_a_score_is_the_weighted_mean_of_the_legs() -> None:
    ranked = combine(
        ids(5, 6), {"dense": leg(0.5, 0.25), "lexical": leg(0.25, 1.0)}, Recipe(dense=1, lexical=3)
    )
    assert ranked == [(6, pytest.approx(0.25 * 0.25 + 0.75)), (5, pytest.approx(0.5 * 0.25 + 0.25 * 0.75))]


def test_a_leg_that_knows_nothing_leaves_its_weight_to_the_others() -> None:
    alone = combine(ids(1, 2), {"lexical": leg(0.2, 0.8)}, EVEN)
    assert alone == [(2, pytest.approx(0.8)), (1, pytest.approx(0.2))]
    assert combine(ids(1, 2), {"dense": leg(NAN, NAN), "lexical": leg(0.2, 0.8)}, EVEN) == alone
    assert combine(ids(1, 2), {"dense": leg(0.9, 0.1), "lexical": leg(0.2, 0.8)}, Recipe(dense=0)) == alone


def test_a_passage_without_a_vector_counts_as_the_middle_one() -> None:
    ranked = dict(
        combine(ids(1, 2, 3, 4), {"dense": leg(0.9, 0.5, 0.1, NAN), "lexical": leg(0, 0, 0, 0)}, EVEN)
    )
    assert ranked[4] == pytest.approx(ranked[2])


def test_ranks_are_fused_by_the_sum_of_their_reciprocals() -> None:
    recipe = Recipe(dense=1, lexical=1, fusion="ranks")
    ranked = combine(ids(1, 2, 3), {"dense": leg(0.9, 0.8, NAN), "lexical": leg(0, 1.2, 0.7)}, recipe)
    first, second = 1.0, (RRF_K + 1) / (RRF_K + 2)
    assert ranked == [
        (2, pytest.approx((second + first) / 2)),
        (1, pytest.approx(first / 2)),
        (3, pytest.approx(second / 2)),
    ]


@given(candidates, st.sampled_from(["scores", "ranks"]))
def test_every_candidate_comes_once_best_first_and_ties_by_id(
    given: tuple[list[int], dict[str, list[float]]], fusion: str
) -> None:
    own, legs = given
    recipe = Recipe(fusion="ranks" if fusion == "ranks" else "scores")
    ranked = combine(ids(*own), {name: leg(*scores) for name, scores in legs.items()}, recipe)
    assert sorted(one for one, _ in ranked) == sorted(own)
    assert ranked == sorted(ranked, key=lambda item: (-item[1], item[0]))
    assert all(0 <= score <= 1 + 1e-6 for _, score in ranked)


@given(candidates)
def test_a_score_does_not_depend_on_the_other_candidates(
    given: tuple[list[int], dict[str, list[float]]],
) -> None:
    own, legs = given
    whole = {name: np.nan_to_num(leg(*scores)) for name, scores in legs.items()}
    ranked = dict(combine(ids(*own), whole, Recipe()))
    for at, one in enumerate(own):
        alone = combine(ids(one), {name: scores[at : at + 1] for name, scores in whole.items()}, Recipe())
        assert alone == [(one, pytest.approx(ranked[one]))]


def test_a_part_is_switched_off_by_its_name() -> None:
    assert Recipe().without("late") == Recipe(late=0.0)
    assert Recipe().without("fusion").fusion == "ranks"
    assert Recipe().without("copies") == Recipe(copies=False)
    assert all(Recipe().without(part) != Recipe() for part in PARTS)
    with pytest.raises(UsageError, match="no part 'magic'") as refused:
        Recipe().without("magic")
    assert refused.value.code == "bad_part"
