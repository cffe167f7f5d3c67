"""One tantivy index folder: passages in, BM25 scores out. Nothing else imports tantivy.

Score: tantivy's BM25 (k1 = 1.2, b = 0.75; Robertson & Zaragoza 2009), summed over the query's tokens.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from tantivy import (
    Document,
    Filter,
    Index,
    Occur,
    Query,
    Schema,
    SchemaBuilder,
    Searcher,
    TextAnalyzer,
    TextAnalyzerBuilder,
    Tokenizer,
)

from corpus.lexical.analysis import GAP, PAIR_BOOST, PHRASE_BOOST, QueryTokens, passage_tokens, query_tokens
from corpus.projection import TextRow
from corpus.types import Float32, Int64, Scored

TANTIVY_ERRORS = (OSError, ValueError, RuntimeError)
"""What tantivy raises when the disk or a file is not as it must be."""

WRITER_BYTES = 64_000_000
MAX_QUERY_TERMS = 96
_MOST_OFTEN = 2.2
"""What BM25 multiplies a word's rarity by at most, however often it stands in a passage: k1 + 1."""
_SPARE = 16
_MOST_FILTERED = 1000
_SAME_SCORE = 2e-6
"""Relative difference below which two scores are one: the order of float32 additions makes up to that."""

_SCORED_AT_ONCE = 512

_NONE = Scored(np.empty(0, np.int64), np.empty(0, np.float32))


def _storable_lengths() -> list[int]:
    # tantivy keeps a passage's length in one byte, as Lucene's SmallFloat does: exact below 40, then eight
    # steps to every doubling, rounded down.
    lengths = list(range(24))
    for code in range(232):
        bits, shift = code & 7, (code >> 3) - 1
        lengths.append(24 + (bits if shift < 0 else (bits | 8) << shift))
    return lengths


_LENGTHS = _storable_lengths()


def indexed_text(context: str, text: str) -> str:
    """Returns a passage's tokens, parted by blanks and filled up to a length that is stored exactly.

    A merge that drops deleted passages adds up the *stored* lengths of the others. As none is rounded, the
    mean length, and with it every score, is the same as in an index built afresh.
    """
    tokens = passage_tokens(context, text)
    length = _LENGTHS[bisect.bisect_left(_LENGTHS, len(tokens))]
    tokens.extend([GAP] * (length - len(tokens)))
    return " ".join(tokens)


class Engine:
    """An open index folder, or one in memory alone without a folder.

    Searching is safe from any thread; applying is one thread at a time.

    Raises:
        OSError, ValueError, RuntimeError: (``TANTIVY_ERRORS``) tantivy cannot open or create the index.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._analyzer = _analyzer()
        # An index that an earlier version made has its own fields: it is searched as it is.
        if folder is not None and (folder / "meta.json").exists():
            self._index = Index.open(str(folder))
        else:
            self._index = Index(_schema(), path=None if folder is None else str(folder))
        self._schema = self._index.schema
        self._index.register_tokenizer("vouch", _analyzer())
        self._index.config_reader("manual")
        self._index.reload()

    def apply(self, removed: Sequence[int], rows: Iterable[TextRow]) -> None:
        """Removes the passages of some versions, then adds passages, in one commit; merges are over after it.

        Nothing has changed when it raises, unless the error came from tantivy's own commit.
        """
        writer = self._index.writer(heap_size=WRITER_BYTES, num_threads=1)
        try:
            if removed:
                gone = Query.term_set_query(self._schema, "version", list(removed))
                writer.delete_documents_by_query(gone)
            for row in rows:
                document = Document()
                document.add_unsigned("chunk", row.chunk_id)
                document.add_unsigned("version", row.version_id)
                document.add_text("text", indexed_text(row.context, row.text))
                writer.add_document(document)
            writer.commit()
            writer.wait_merging_threads()
        finally:
            del writer  # gives up tantivy's lock, and what was not committed
        self._index.reload()

    def search(self, query: str, k: int, versions: Int64 | None = None) -> Scored:
        """Returns the ``k`` best passages, only of ``versions`` (ascending) when given.

        Ties stand in ascending chunk id and the cut through a tie keeps the lowest, whatever the segments.
        """
        searcher = self._index.searcher()
        if k <= 0 or searcher.num_docs == 0 or (versions is not None and not len(versions)):
            return _NONE
        wanted = self._query(searcher, query_tokens(query))
        return _NONE if wanted is None else self._best(searcher, wanted, k, versions)

    def score(self, query: str, chunks: Int64) -> Float32:
        """Returns what :meth:`search` scores each of the chunks, 0 where it finds nothing, in the order given.

        Shape (n,). The same up to the order in which float32 numbers are added.

        Raises:
            ValueError: the index is of an earlier version, whose chunks cannot be looked up.
        """
        searcher = self._index.searcher()
        clauses = self._clauses(searcher, query_tokens(query)) if searcher.num_docs else []
        distinct = np.unique(chunks)
        own = np.zeros(len(distinct), np.float32)
        for first in range(0, len(distinct) if clauses else 0, _SCORED_AT_ONCE):
            asked = distinct[first : first + _SCORED_AT_ONCE]
            hits = searcher.search(self._chosen(asked, clauses), len(asked), count=False).hits
            if hits:
                addresses = [address for _, address in hits]
                found = np.array(searcher.fast_field_values("chunk", addresses), dtype=np.int64)
                own[np.searchsorted(distinct, found)] = [score for score, _ in hits]
        return own[np.searchsorted(distinct, chunks)]

    def score_by_search(self, query: str, chunks: Int64) -> Float32:
        """Does the same in an index of any version, by searching all of it."""
        found = self.search(query, self._index.searcher().num_docs)
        scores = dict(zip(found.ids.tolist(), found.scores.tolist(), strict=True))
        return np.array([scores.get(chunk, 0.0) for chunk in chunks.tolist()], np.float32)

    def rarity(self, words: Sequence[str]) -> dict[str, float]:
        """Returns each word's inverse document frequency, above 0 (Robertson & Zaragoza 2009);
        its rarest token's.
        """
        searcher = self._index.searcher()
        total = searcher.num_docs
        found = {}
        for word in words:
            counts = [searcher.doc_freq("text", token) for token in self._stem(query_tokens(word).weights)]
            rarest = min(counts, default=0)
            found[word] = math.log1p((max(total - rarest, 0) + 0.5) / (rarest + 0.5))
        return found

    def reach(self, query: str) -> float:
        """Returns about the most that a passage could score for a query: every word of it, as often as can be.

        A word that no passage has counts with the rest: a query of which little is known reaches little. What
        neighbouring words and quoted phrases add is left out.
        """
        searcher = self._index.searcher()
        weights = query_tokens(query).weights
        total = searcher.num_docs
        found = 0.0
        for stem, weight in zip(self._stem(weights), weights.values(), strict=True):
            frequency = min(searcher.doc_freq("text", stem), total)
            found += weight * math.log1p((total - frequency + 0.5) / (frequency + 0.5))
        return _MOST_OFTEN * found

    def _query(self, searcher: Searcher, tokens: QueryTokens) -> Query | None:
        clauses = self._clauses(searcher, tokens)
        return Query.boolean_query([(Occur.Should, clause) for clause in clauses]) if clauses else None

    def _clauses(self, searcher: Searcher, tokens: QueryTokens) -> list[Query]:
        weights: dict[str, float] = {}
        for stem, weight in zip(self._stem(tokens.weights), tokens.weights.values(), strict=True):
            weights[stem] = weights.get(stem, 0.0) + weight
        if tokens.single:
            for token, _ in searcher.terms_with_prefix("text", tokens.single, limit=MAX_QUERY_TERMS):
                weights.setdefault(token, weights.get(tokens.single, 1.0))
        scored: list[tuple[float, str, float]] = []
        for token, weight in weights.items():
            frequency = searcher.doc_freq("text", token)
            if frequency:
                inverse = math.log1p(max(searcher.num_docs - frequency, 0) / (frequency + 0.5))
                scored.append((-weight * (inverse + 1e-3), token, weight))
        if not scored:
            return []
        parts = [
            Query.boost_query(Query.term_query(self._schema, "text", token, index_option="freq"), weight)
            for _, token, weight in sorted(scored)[:MAX_QUERY_TERMS]
        ]
        for phrase in tokens.phrases:
            parts.append(self._phrase(list(enumerate(self._stem(phrase))), PHRASE_BOOST))
        for first, second, distance in tokens.pairs:
            left, right = self._stem((first, second))
            if left != right and searcher.doc_freq("text", left) and searcher.doc_freq("text", right):
                parts.append(self._phrase([(0, left), (distance, right)], PAIR_BOOST))
        return parts

    def _chosen(self, chunks: Int64, clauses: Sequence[Query]) -> Query:
        # One clause within the other: tantivy would score whole stretches of the index for a union of them.
        keys = [
            (Occur.Should, Query.term_query(self._schema, "chunk", chunk, index_option="basic"))
            for chunk in chunks.tolist()
        ]
        wanted = Query.const_score_query(Query.boolean_query(keys), 0.0)
        for clause in clauses:
            wanted = Query.boolean_query([(Occur.Must, wanted), (Occur.Should, clause)])
        return wanted

    def _phrase(self, words: list[tuple[int, str]], boost: float) -> Query:
        return Query.boost_query(Query.phrase_query(self._schema, "text", [*words]), boost)

    def _stem(self, tokens: Iterable[str]) -> list[str]:
        return self._analyzer.analyze(" ".join(tokens))

    def _best(self, searcher: Searcher, query: Query, k: int, versions: Int64 | None) -> Scored:
        # Few versions are a clause of the query; many are looked up behind it, which leaves tantivy free to
        # skip what cannot reach the top, and become a clause when that finds too few.
        most = searcher.num_docs
        checked = versions is not None and len(versions) > _MOST_FILTERED
        wanted = query if versions is None or checked else self._only(query, versions)
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
                checked, wanted, limit = False, self._only(query, versions), k + _SPARE
            else:
                limit *= 4
        if not addresses:
            return _NONE
        ids = np.array(searcher.fast_field_values("chunk", addresses), dtype=np.int64)
        return _settle_ties(ids, scores, k)

    def _only(self, query: Query, versions: Int64) -> Query:
        allowed = Query.term_set_query(self._schema, "version", versions.tolist())
        return Query.boolean_query([(Occur.Must, query), (Occur.Must, Query.const_score_query(allowed, 0.0))])


def _settle_ties(ids: Int64, scores: np.ndarray[tuple[int], np.dtype[np.float32]], k: int) -> Scored:
    """Returns the first ``k``; neighbours of one score stand in ascending id, with their best score."""
    steps = scores[:-1] - scores[1:] > scores[:-1] * _SAME_SCORE
    ties = np.concatenate([[0], np.cumsum(steps)])
    best = scores[np.searchsorted(ties, ties)]
    order = np.lexsort((ids, ties))[:k]
    return Scored(ids[order], best[order])


def _schema() -> Schema:
    builder = SchemaBuilder()
    builder.add_unsigned_field("chunk", indexed=True, fast=True)
    builder.add_unsigned_field("version", indexed=True, fast=True)
    builder.add_text_field("text", tokenizer_name="vouch", index_option="position")
    return builder.build()


def _analyzer() -> TextAnalyzer:
    return TextAnalyzerBuilder(Tokenizer.whitespace()).filter(Filter.stemmer("english")).build()
