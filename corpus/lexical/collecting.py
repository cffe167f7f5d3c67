"""The best passages of a tantivy index for a query, within some versions, ties in one order whatever the segments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from tantivy import DocAddress, Occur, Query, Schema, Searcher

from corpus.types import Float32, Int64

_SPARE = 16
_MOST_FILTERED = 1000
_SAME_SCORE = 2e-6
"""Relative difference below which two scores are one: the order of float32 additions makes up to that."""


@dataclass(frozen=True, slots=True)
class Found:
    """Passages by their words, best first: ids, scores, and where tantivy has them."""

    ids: Int64
    scores: Float32
    addresses: list[DocAddress]


def collect(searcher: Searcher, schema: Schema, query: Query, k: int, versions: Int64 | None) -> Found:
    """Returns the ``k`` best, only of ``versions`` (ascending) when given.

    Ties stand in ascending chunk id, and the cut through one keeps the lowest.
    """
    # Few versions are a clause of the query; many are looked up behind it, which leaves tantivy free to
    # skip what cannot reach the top, and become a clause when that finds too few.
    most = searcher.num_docs
    checked = versions is not None and len(versions) > _MOST_FILTERED
    wanted = query if versions is None or checked else _only(schema, query, versions)
    limit = k + _SPARE if not checked else 4 * k + _SPARE
    while True:
        hits = searcher.search(wanted, min(limit, most), count=False).hits
        scores = np.array([score for score, _ in hits], dtype=np.float32)
        addresses = [address for _, address in hits]
        exhausted = len(hits) < limit
        last = float(scores[-1]) if len(hits) else 0.0
        if checked and versions is not None and addresses:
            owners = np.array(searcher.fast_field_values("version", addresses), dtype=np.int64)
            kept = np.flatnonzero(np.isin(owners, versions))
            scores, addresses = scores[kept], [addresses[i] for i in kept]
        if exhausted or (len(scores) > k and last < float(scores[k - 1]) * (1 - _SAME_SCORE)):
            break
        if checked and versions is not None and (len(scores) * 4 < k or limit > 64 * k):
            checked, wanted, limit = False, _only(schema, query, versions), k + _SPARE
        else:
            limit *= 4
    ids = np.array(searcher.fast_field_values("chunk", addresses) if addresses else [], dtype=np.int64)
    order, best = _settle_ties(ids, scores, k)
    return Found(ids[order], best, [addresses[i] for i in order])


def _only(schema: Schema, query: Query, versions: Int64) -> Query:
    allowed = Query.term_set_query(schema, "version", versions.tolist())
    return Query.boolean_query([(Occur.Must, query), (Occur.Must, Query.const_score_query(allowed, 0.0))])


def _settle_ties(ids: Int64, scores: Float32, k: int) -> tuple[Int64, Float32]:
    """Returns the order of the first ``k`` and their scores; neighbours of one score stand in ascending id, with
    their best score.
    """
    if not len(ids):
        return ids, scores
    steps = scores[:-1] - scores[1:] > scores[:-1] * _SAME_SCORE
    ties = np.concatenate([[0], np.cumsum(steps)])
    best = scores[np.searchsorted(ties, ties)]
    order = np.lexsort((ids, ties))[:k]
    return order, best[order]
