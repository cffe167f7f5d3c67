"""Which tokens of a text keep a vector of their own, and how long it is.

A model's last hidden states are turned and cut by one matrix that depends on nothing but their length: random
orthonormal columns (Johnson & Lindenstrauss 1984). So every machine has the same space, for any model, and nothing
has to be fitted, shipped or recorded.

What has no meaning of its own is left out: special tokens, pieces without a letter or digit, English function words,
and in Japanese pieces of at most two hiragana (particles and endings). A text of nothing else keeps all but its
special tokens.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from corpus.language import HIRAGANA, STOP_WORDS
from corpus.patterns import pattern
from corpus.types import Bools, Float32, Int64

KEPT_DIMENSIONS = 128
"""Chosen by measurement (docs/retrieval-measured.md): bytes a token against the quality of the ranking."""

_SEED = 20_250_101
_BEFORE_PIECE = ("##", "▁", "Ġ")
_ENDINGS = pattern(f"[{HIRAGANA}ー]{{1,2}}")


@dataclass(frozen=True, slots=True)
class Encoded:
    """What a back end gives for some texts.

    ``rows``: one vector a text, as the model gives it, shape (texts, dimension). ``ids``: each text's tokens.
    ``states``: a vector for each of them, turned and cut, shape (texts, at least the longest, kept dimension); None
    from a model or an export without.
    """

    rows: Float32
    ids: Sequence[Sequence[int]]
    states: Float32 | None


def kept_dimension(hidden: int) -> int:
    """Returns the length of a kept token vector for hidden states of a length: even, 128 at most."""
    return min(hidden, KEPT_DIMENSIONS) // 2 * 2


def turning(hidden: int) -> Float32:
    """Returns the matrix that hidden states are multiplied with, shape (hidden, :func:`kept_dimension`)."""
    normal = np.random.default_rng(_SEED).standard_normal((hidden, kept_dimension(hidden)))
    columns, upper = np.linalg.qr(normal)
    return np.asarray(columns * np.sign(np.diag(upper)), dtype=np.float32)  # LAPACKs differ in signs alone


def empty_tokens(pieces: Mapping[int, str], special: Collection[int]) -> Bools:
    """Returns for each token id whether it has no meaning of its own, shape (ids,)."""
    found = np.zeros(max(pieces) + 1, np.bool_)
    for own, piece in pieces.items():
        found[own] = _is_empty(piece)
    found[list(special)] = True
    return found


def kept_tokens(ids: Sequence[int], empty: Bools, special: Collection[int]) -> Int64:
    """Returns the positions of the tokens that keep a vector; none only where a text has special tokens alone."""
    kept = np.flatnonzero(~empty[list(ids)])
    if not kept.size:
        kept = np.array([at for at, own in enumerate(ids) if own not in special], np.int64)
    return kept.astype(np.int64)


def _is_empty(piece: str) -> bool:
    for before in _BEFORE_PIECE:
        piece = piece.removeprefix(before)
    if not piece.isalnum() and not any(character.isalnum() for character in piece):
        return True
    return piece.lower() in STOP_WORDS or (len(piece) <= 2 and _ENDINGS.fullmatch(piece) is not None)
