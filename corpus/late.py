"""Late interaction: a passage kept as the small vectors of its tokens, compared with a question token by token.

score(q, d) = sum over t of w_t · max over j of cos(q_t, d_j), divided by the sum of w_t: the MaxSim of ColBERT (Khattab
& Zaharia 2020), each token of the question weighed by how rare its word is.

A token is kept in four bits a dimension. Its vector is of unit length and was turned at random
(:mod:`corpus.embedding.token_vectors`), so each of its d numbers is spread about as a normal one of deviation
1 / sqrt(d) is, and one step serves all of them: nothing is fitted, and equal vectors have equal codes everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from corpus.types import Float32

FORMAT = 1
"""The first byte of what is kept of a passage: codes of another format are as good as none."""

_LEVELS = 16
_REACH = 2.6
"""The outermost level, in deviations: beyond it lies a hundredth of the numbers."""


def pack_tokens(rows: Float32) -> bytes:
    """Returns the codes of unit rows, shape (n, d) with d even: a byte, then d / 2 bytes a row."""
    step = _step(rows.shape[1])
    levels = np.clip(np.floor(rows / step) + _LEVELS // 2, 0, _LEVELS - 1).astype(np.uint8)
    packed: NDArray[np.uint8] = levels[:, ::2] | levels[:, 1::2] << 4
    return bytes([FORMAT]) + packed.tobytes()


def unpack_tokens(codes: Sequence[bytes], dimension: int) -> tuple[Float32, NDArray[np.int64]]:
    """Returns unit rows of all codes, shape (n, dimension), and where each passage's rows begin, shape (passages,).

    Raises:
        ValueError: codes are not of this format and dimension, or hold no row.
    """
    width = dimension // 2
    counts = np.array([(len(one) - 1) // width for one in codes], np.int64)
    if not all(is_packed(one, dimension) for one in codes):
        raise ValueError(f"token codes are of another format, or not of {dimension} dimensions")
    together = np.frombuffer(b"".join(one[1:] for one in codes), np.uint8)
    pairs = _pairs(dimension)[together]  # both numbers of a byte at once, as the halves of a complex one
    rows = pairs.view(np.float32).reshape(-1, dimension)
    rows /= np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None]
    return rows, np.cumsum(counts) - counts


def is_packed(codes: bytes, dimension: int) -> bool:
    """Says whether codes are of this format and dimension and hold a row."""
    return len(codes) > 1 and codes[0] == FORMAT and (len(codes) - 1) % (dimension // 2) == 0


def max_sim(query: Float32, weights: Float32, passages: Sequence[bytes]) -> Float32:
    """Returns each passage's score, in [-1, 1], higher is closer: float32, shape (passages,).

    Args:
        query: unit rows, one a token of the question, shape (n, d).
        weights: what each of them counts, 0 or more and not all 0, shape (n,).
        passages: codes of :func:`pack_tokens`.
    """
    if not passages:
        return np.empty(0, np.float32)
    rows, starts = unpack_tokens(passages, query.shape[1])
    best = np.maximum.reduceat(query @ rows.T, starts, axis=1)
    scores: Float32 = (weights / weights.sum()).astype(np.float32) @ best
    return np.clip(scores, -1.0, 1.0)


def _step(dimension: int) -> float:
    return _REACH / math.sqrt(dimension) / (_LEVELS // 2 - 1)


@lru_cache(maxsize=4)
def _pairs(dimension: int) -> NDArray[np.complex64]:
    """Returns what each byte stands for: the middles of two levels, the lower four bits first."""
    middles = (np.arange(_LEVELS) - _LEVELS // 2 + 0.5) * _step(dimension)
    byte = np.arange(256)
    pairs: NDArray[np.complex64] = (middles[byte & 15] + 1j * middles[byte >> 4]).astype(np.complex64)
    return pairs
