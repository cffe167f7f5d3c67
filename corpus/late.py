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

import numpy as np
from numpy.typing import NDArray

from corpus.types import Float32, Int64

FORMAT = 1
"""The first byte of what is kept of a passage: codes of another format are as good as none."""

_LEVELS = 16
_REACH = 2.6
"""The outermost level, in deviations: beyond it lies a hundredth of the numbers."""

_WHOLE = 127


def pack_tokens(rows: Float32) -> bytes:
    """Returns the codes of unit rows, shape (n, d) with d even: a byte, then d / 2 bytes a row."""
    step = _REACH / math.sqrt(rows.shape[1]) / (_LEVELS // 2 - 1)
    levels = np.clip(np.floor(rows / step) + _LEVELS // 2, 0, _LEVELS - 1).astype(np.uint8)
    packed: NDArray[np.uint8] = levels[:, ::2] | levels[:, 1::2] << 4
    return bytes([FORMAT]) + packed.tobytes()


def unpack_tokens(codes: Sequence[bytes], dimension: int) -> tuple[Float32, Int64]:
    """Returns unit rows of all codes, shape (n, dimension), and where each passage's rows begin, shape (passages,).

    Raises:
        ValueError: codes are not of this format and dimension, or hold no row.
    """
    rows, lengths, starts = _read(codes, dimension)
    return rows / lengths[:, None], starts


def is_packed(codes: bytes, dimension: int) -> bool:
    """Says whether codes are of this format and dimension and hold a row."""
    return len(codes) > 1 and codes[0] == FORMAT and (len(codes) - 1) % (dimension // 2) == 0


def max_sim(query: Float32, weights: Float32, passages: Sequence[bytes]) -> Float32:
    """Returns each passage's score, in [-1, 1], higher is closer: float32, shape (passages,).

    The question's numbers are rounded to whole ones up to 127, and a code is a whole one up to 15: sums of their
    products stay below 2^24, which float32 adds without rounding in any order. So a passage has the same score, bit
    for bit, whatever it is scored with.

    Args:
        query: unit rows, one a token of the question, shape (n, d), d at most 8,000.
        weights: what each of them counts, 0 or more and not all 0, shape (n,).
        passages: codes of :func:`pack_tokens`.
    """
    if not passages:
        return np.empty(0, np.float32)
    rows, lengths, starts = _read(passages, query.shape[1])
    whole = np.rint(query * (_WHOLE / np.abs(query).max(axis=1, keepdims=True)))
    cosines = whole @ rows.T
    cosines /= lengths
    best = np.maximum.reduceat(cosines, starts, axis=1).astype(np.float64)
    shares = weights.astype(np.float64) / weights.sum(dtype=np.float64) / np.linalg.norm(whole, axis=1)
    scores: Float32 = np.clip((shares[:, None] * best).sum(axis=0), -1.0, 1.0).astype(np.float32)
    return scores


def _read(codes: Sequence[bytes], dimension: int) -> tuple[Float32, Float32, Int64]:
    """Returns the rows in whole numbers, odd ones from -15 to 15, their lengths, and where each passage's begin."""
    if not all(is_packed(one, dimension) for one in codes):
        raise ValueError(f"token codes are of another format, or not of {dimension} dimensions")
    together = np.frombuffer(b"".join(one[1:] for one in codes), np.uint8)
    rows = _PAIRS[together].view(np.float32).reshape(-1, dimension)  # both numbers of a byte at once
    counts = np.array([(len(one) - 1) // (dimension // 2) for one in codes], np.int64)
    return rows, np.sqrt(np.einsum("ij,ij->i", rows, rows)), np.cumsum(counts) - counts


def _pairs() -> NDArray[np.complex64]:
    """Returns what each byte stands for: the middles of two levels in half steps, the lower four bits first."""
    middles, byte = 2 * np.arange(_LEVELS) - (_LEVELS - 1), np.arange(256)
    pairs: NDArray[np.complex64] = (middles[byte & 15] + 1j * middles[byte >> 4]).astype(np.complex64)
    return pairs


_PAIRS = _pairs()
