"""BM25 of given passages from their own tokens, which are kept as numbers in reading order.

The index finds passages by their words; here they are weighed: the words, how many, and whether they stand
together as in the query. What a passage scores depends on nothing but itself, the query and the index's
statistics, to the bit: not on the other passages, nor on the files it lies in.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corpus.lexical.analysis import GAP
from corpus.types import Float32

K1, B = 1.2, 0.75
"""Okapi BM25's constants (Robertson & Zaragoza 2009), those of the index."""

SHORTEST = 0.3
"""A passage of fewer tokens counts as this share of a passage's mean length: a heading alone, or a line of a list, says
its few words no more than the text does that is about them."""

CLOSE = 0.5
"""What those of a query's tokens weigh once more that stand within one window of a passage's text: measured."""

WINDOW = 100
"""Tokens of a window, in Japanese as many characters: two or three sentences. 80 to 200 measured alike."""

_STEPS = 4
"""Windows begin at every fourth part of one."""

_BYTES = 4
_GAP = zlib.crc32(GAP.encode())


@dataclass(frozen=True, slots=True)
class Run:
    """Tokens that are to stand together: ``numbers[i]`` is ``offsets[i]`` tokens behind the first one."""

    numbers: tuple[int, ...]
    offsets: tuple[int, ...]
    weight: float


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a query looks for, with weights that hold the inverse document frequency.

    ``close``: the tokens say more where they stand close to each other.
    """

    weights: dict[int, float]
    runs: tuple[Run, ...]
    close: bool = False


def number(token: str) -> int:
    """Returns a token's number: its CRC-32. One pair of words in four thousand million shares one."""
    return zlib.crc32(token.encode())


def pack(tokens: Iterable[str]) -> bytes:
    """Returns a passage's tokens in reading order, four bytes each."""
    return np.fromiter(map(number, tokens), "<u4").tobytes()


def weigh(passages: Sequence[bytes], wanted: Wanted, mean_length: float) -> Float32:
    """Returns the score of each packed passage, 0 or above, shape (n,).

    Args:
        passages: what :func:`pack` made of each.
        wanted: the query; a run counts like a word that occurs as often as its tokens stand so.
        mean_length: tokens of a passage, on average.
    """
    if not passages or not wanted.weights:
        return np.zeros(len(passages), np.float32)
    numbers = np.array(sorted(wanted.weights), dtype=np.uint32)
    weights = np.array([wanted.weights[one] for one in numbers.tolist()])
    lengths = np.array([len(one) // _BYTES for one in passages])
    tokens = np.frombuffer(b"".join(passages), "<u4")
    owners = np.repeat(np.arange(len(passages)), lengths)
    norms = K1 * (1 - B + B * np.maximum(lengths / mean_length, SHORTEST))

    which = np.minimum(np.searchsorted(numbers, tokens), len(numbers) - 1)
    places = np.flatnonzero(numbers[which] == tokens)
    cells = owners[places] * len(numbers) + which[places]
    counts = np.bincount(cells, minlength=len(passages) * len(numbers)).reshape(len(passages), len(numbers))
    scores = (_saturated(counts, norms[:, None]) * weights).sum(axis=1)
    if wanted.close:
        scores += CLOSE * _together(tokens, owners, places, which[places], weights, len(passages))
    for run in wanted.runs:
        found = owners[_starts(run, tokens, owners)]
        if len(found):
            often = np.bincount(found, minlength=len(passages))
            scores += run.weight * _saturated(often, norms)
    weighed: Float32 = scores.astype(np.float32)
    return weighed


def _together(
    tokens: NDArray[np.uint32],
    owners: NDArray[np.int64],
    places: NDArray[np.int64],
    which: NDArray[np.int64],
    weights: NDArray[np.float64],
    passages: int,
) -> NDArray[np.float64]:
    """Returns the most weight that stands within ``WINDOW`` tokens of each passage's text, a token counted once.

    Title and headings (before the first gap), and what is only repeated behind the text (after the second), stand in no
    window.
    """
    gaps = np.append(np.flatnonzero(tokens == _GAP), [len(tokens), len(tokens) + 1])
    first = gaps[np.searchsorted(gaps, np.searchsorted(owners, np.arange(passages)))]
    last = gaps[np.searchsorted(gaps, first + 1)]
    there = owners[places]
    inside = (places > first[there]) & (places < last[there])
    parts = (places - first[there] - 1)[inside] // (WINDOW // _STEPS)
    held = np.zeros((passages, _STEPS + int(parts.max(initial=0)), len(weights)), np.bool_)
    held[there[inside], parts, which[inside]] = True
    last_start = held.shape[1] - _STEPS + 1
    windows = np.logical_or.reduce([held[:, step : step + last_start] for step in range(_STEPS)])
    together: NDArray[np.float64] = (windows @ weights).max(axis=1)
    return together


def _starts(run: Run, tokens: NDArray[np.uint32], owners: NDArray[np.int64]) -> NDArray[np.int64]:
    """Returns where a run begins, within one passage."""
    starts: NDArray[np.int64] = np.flatnonzero(tokens == run.numbers[0])
    starts = starts[starts + run.offsets[-1] < len(tokens)]
    starts = starts[owners[starts] == owners[starts + run.offsets[-1]]]
    for one, offset in zip(run.numbers[1:], run.offsets[1:], strict=True):
        starts = starts[tokens[starts + offset] == one]
    return starts


def _saturated(counts: NDArray[np.int64], norms: NDArray[np.float64]) -> NDArray[np.float64]:
    return counts * (K1 + 1) / (counts + norms)
