"""What the legs of a search say of its candidates: of those that either found, of some of them, of each."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from corpus.types import Bools, Float32, Int64, Scored


def only(
    ids: Int64, legs: Mapping[str, Float32], ranked: Sequence[tuple[int, float]]
) -> tuple[Int64, dict[str, Float32]]:
    """Returns the ranked candidates alone, by id, and what the legs say of them."""
    kept = np.array(sorted(own for own, _ in ranked), np.int64)
    at = np.searchsorted(ids, kept)
    return kept, {name: scores[at] for name, scores in legs.items()}


def spread_over(ids: Int64, found: Scored) -> tuple[Float32, Bools]:
    """Returns what a leg gave each of the ids (ascending), and which of them it did not find."""
    scores, missing = np.zeros(len(ids), np.float32), np.ones(len(ids), np.bool_)
    at = np.minimum(np.searchsorted(ids, found.ids), len(ids) - 1)
    there = ids[at] == found.ids
    scores[at[there]], missing[at[there]] = found.scores[there], False
    return scores, missing


class Legs(Mapping[int, Mapping[str, float]]):
    """What each leg says of each candidate, without what it does not know; read for those alone that are shown."""

    def __init__(self, ids: Int64, legs: Mapping[str, Float32]) -> None:
        self._at = {own: at for at, own in enumerate(ids.tolist())}
        self._legs = legs

    def __getitem__(self, own: int) -> Mapping[str, float]:
        at = self._at[own]
        said = {name: float(scores[at]) for name, scores in self._legs.items()}
        return {
            name: round(score, 6)
            for name, score in said.items()
            if not math.isnan(score) and (name != "lexical" or score > 0)
        }

    def __iter__(self) -> Iterator[int]:
        return iter(self._at)

    def __len__(self) -> int:
        return len(self._at)
