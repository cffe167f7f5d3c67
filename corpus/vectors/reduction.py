"""Shorter vectors for the graph of a large generation: the principal components that tell its vectors apart.

Most of what Chroma does is to multiply vectors. Over their components it builds a graph in two thirds of the time,
keeps it in three fifths of the memory and searches it a millisecond sooner (25,000 and 78,723 vectors). What it finds
is scored by the vectors themselves (``rows.search``), so a little more is asked of it, and scores are exact as ever.

A row becomes (its components, what is missing to a length that all rows share), a query (its components, 0). So the
inner product of a query and a row orders the rows as that of their vectors does, but for what the components leave
out; and rows near each other are those that the graph takes for near.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from corpus.types import Float32, Int64

REDUCED_FROM = 20_000
"""A smaller graph is searched in little time as it is."""

KEPT_VARIANCE = 0.925
"""The share of the vectors' variance that the components keep. Of 78,723 passages in all-MiniLM-L6-v2's 384 dimensions
that is 191 of them: .9997 of the ten and .9929 of the hundred nearest of 371 questions are among the first 200 by the
components alone (with 160 of them .9989 and .9820, with 128 .9943 and .9576)."""

_MOST_SHARE = 0.75
"""Where more of the dimensions than that are needed, nothing is gained."""

STEP = 16
"""What is computed at once: lengths are multiples of it."""

_SAMPLE = 50_000
"""Rows from which the components are computed at most, spread evenly."""

_BATCH = 10_000  # rows at a time

_TRIED = 50  # rows that look for their neighbours
_NEAREST, _AMONG = 10, 100  # so many neighbours, among so many by the components
_LEAST_KEPT = 0.99  # share of them


@dataclass(frozen=True, slots=True)
class Reduction:
    """Components of a generation's vectors, and what is subtracted before.

    Attributes:
        mean: float32, shape (dimension,).
        axes: float32, shape (dimension, components), orthonormal columns, those of the most variance first.
    """

    mean: Float32
    axes: Float32

    def query(self, vector: Float32) -> Float32:
        """Returns what a graph of reduced rows is asked for, shape (components + 1,)."""
        return np.concatenate([vector @ self.axes, np.zeros(1, np.float32)])

    def row_parts(self, vectors: Float32) -> Float32:
        """Returns the components of vectors of shape (n, dimension), shape (n, components)."""
        return np.asarray((vectors - self.mean) @ self.axes, np.float32)

    def save(self, path: Path) -> None:
        """Writes the mean and the axes as rows of float32."""
        np.vstack([self.mean, self.axes.T]).astype(np.float32).tofile(path)


def read_reduction(path: Path, dimension: int) -> Reduction:
    """Reads what :meth:`Reduction.save` wrote.

    Raises:
        OSError, ValueError: it cannot be read.
    """
    rows = np.fromfile(path, np.float32).reshape(-1, dimension)
    return Reduction(rows[0], np.ascontiguousarray(rows[1:].T))


def fit_reduction(vectors: Float32, rows: Int64) -> Reduction | None:
    """Returns the components for a graph of some rows of ``vectors``; None where they are few, need them all, or have
    other neighbours by them.
    """
    dimension = vectors.shape[1]
    if len(rows) < REDUCED_FROM:
        return None
    sample = np.asarray(vectors[rows[:: -(-len(rows) // _SAMPLE)]], np.float32)
    mean = sample.mean(axis=0, dtype=np.float64).astype(np.float32)
    sample -= mean
    variances, axes = np.linalg.eigh((sample.T @ sample).astype(np.float64))
    kept = np.cumsum(variances[::-1]) / max(variances.sum(), 1e-12)
    # One number of each row is not a component, but what is missing to the common length.
    length = -(-(int(np.searchsorted(kept, KEPT_VARIANCE)) + 2) // STEP) * STEP
    if length > _MOST_SHARE * dimension:
        return None
    found = Reduction(mean, np.ascontiguousarray(axes[:, ::-1][:, : length - 1], dtype=np.float32))
    return found if _keeps_neighbours(found, sample) else None


def _keeps_neighbours(reduction: Reduction, centred: Float32) -> bool:
    """Says whether nearly all of the ten rows nearest to some of the rows are among the hundred by the components.

    The variance alone does not tell: in few groups that stand far apart, it is that between the groups.

    Args:
        reduction: what is to be tried.
        centred: rows less the mean, which moves all scores of a query alike.
    """
    asked = centred[:: -(-len(centred) // _TRIED)] + reduction.mean
    parts = centred @ reduction.axes
    kept = []
    for query in asked:
        near = _highest(centred @ query, _NEAREST)
        kept.append(np.isin(near, _highest(parts @ (query @ reduction.axes), _AMONG)).mean())
    return bool(np.mean(kept) >= _LEAST_KEPT)


def _highest(scores: Float32, n: int) -> Int64:
    return np.argpartition(-scores, min(n, len(scores)) - 1)[:n]


class ReducedRows:
    """The rows of a generation's vectors as its graph holds them, computed when they are asked for."""

    def __init__(self, vectors: Float32, reduction: Reduction, rows: Int64) -> None:
        self._vectors, self._reduction = vectors, reduction
        batches = (rows[at : at + _BATCH] for at in range(0, len(rows), _BATCH))
        self._most = max(_squares(reduction.row_parts(vectors[batch])).max() for batch in batches)

    def __getitem__(self, rows: Int64) -> Float32:
        """Returns rows of equal lengths, shape (n, components + 1)."""
        parts = self._reduction.row_parts(self._vectors[rows])
        missing = np.sqrt(np.maximum(self._most - _squares(parts), 0))
        return np.column_stack([parts, missing]).astype(np.float32)


def _squares(rows: Float32) -> Float32:
    """Returns the squared length of each row."""
    return np.asarray(np.einsum("ij,ij->i", rows, rows), np.float32)
