"""One tantivy index folder: passages in, BM25 scores out.

tantivy finds the passages that the query's words speak for most; ``weighing`` then scores them, and what
stands together as in the query, from the tokens that are stored with each.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from tantivy import (
    DocAddress,
    Index,
    Occur,
    Query,
    Searcher,
    TextAnalyzerBuilder,
    Tokenizer,
)

from corpus.lexical import aside, segments
from corpus.lexical.analysis import (
    PAIR_BOOST,
    PHRASE_BOOST,
    QueryTokens,
    are_close,
    query_tokens,
    repeats_pairs,
)
from corpus.lexical.analysis import (
    weight as own_weight,
)
from corpus.lexical.collecting import collect
from corpus.lexical.stemming import Stemmer
from corpus.lexical.weighing import CLOSE, K1, Run, Wanted, number, weigh
from corpus.lexical.writing import document_of, schema
from corpus.projection import TextRow
from corpus.types import Float32, Int64, Scored

TANTIVY_ERRORS = (OSError, ValueError, RuntimeError)
"""What tantivy raises when the disk or a file is not as it must be."""

WRITER_BYTES = 64_000_000
MAX_QUERY_TERMS = 96
WEIGHED = 256
"""So many passages at least are weighed for a search: the best by their words alone, wherever these stand."""

_SCORED_AT_ONCE = 512
_MOST_FREQUENCIES = 50_000
_MOST_ASKED = 64

_NONE = Scored(np.empty(0, np.int64), np.empty(0, np.float32))


@dataclass(frozen=True, slots=True)
class _Asked:
    """A query as one state of the index understands it.

    ``terms``: the stems that occur → their weights; nothing is found where there are none. ``wanted``: what passages
    are weighed by.
    """

    terms: Mapping[str, float]
    phrases: Sequence[Sequence[str]]
    wanted: Wanted


@dataclass(frozen=True, slots=True)
class _View:
    """The index at one commit. ``weighs``: its passages' tokens are stored, and their lengths known.

    ``aside``: the passages that could not be analysed. ``asked``: what the last queries come to. A search asks for
    passages, and then what others score.
    """

    searcher: Searcher
    mean_length: float
    weighs: bool
    aside: aside.Aside = aside.NOTHING
    asked: dict[str, _Asked] = field(default_factory=dict, repr=False)
    _frequencies: dict[str, int] = field(default_factory=dict, repr=False)

    def frequency(self, token: str) -> int:
        """Returns how many passages have a token; a search asks it of each of its own several times."""
        known = self._frequencies.get(token)
        if known is None:
            known = self.searcher.doc_freq("text", token)
            if len(self._frequencies) >= _MOST_FREQUENCIES:
                self._frequencies.clear()
            self._frequencies[token] = known
        return known

    def inverse(self, token: str) -> float:
        """Returns a token's inverse document frequency, above 0."""
        return _inverse(self.searcher.num_docs, self.frequency(token))


class Engine:
    """An open index folder, or one in memory alone without a folder.

    Searching is safe from any thread; applying is one thread at a time.

    Raises:
        OSError, ValueError, RuntimeError: (``TANTIVY_ERRORS``) tantivy cannot open or create the index.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._stemmer = Stemmer()
        self._told = aside.NOTHING
        if folder is None:
            self._index = Index(schema())
        else:
            if not Index.exists(str(folder)):
                Index(schema(), path=str(folder))
                segments.store_plainly(folder)
            # An index that an earlier version made has its own fields: it is searched as it is.
            self._index = Index.open(str(folder))
        self._schema = self._index.schema
        self._index.register_tokenizer("vouch", TextAnalyzerBuilder(Tokenizer.whitespace()).build())
        self._index.config_reader("manual")
        self._view = self._reloaded()

    def _reloaded(self) -> _View:
        self._index.reload()
        searcher = self._index.searcher()
        try:
            Query.term_query(self._schema, "length", 1)
        except ValueError:  # no such field
            return _View(searcher, 1.0, weighs=False)
        found = searcher.aggregate(Query.all_query(), {"mean": {"avg": {"field": "length"}}})
        mean = float(found["mean"]["value"] or 1.0)
        found_aside = aside.find(searcher, self._schema)
        if found_aside != self._told:
            aside.tell(found_aside)
        self._told = found_aside
        return _View(searcher, mean, weighs=True, aside=found_aside)

    @property
    def aside(self) -> aside.Aside:
        """The passages that could not be analysed, and are found by none of their words."""
        return self._view.aside

    def apply(self, removed: Sequence[int], rows: Iterable[TextRow]) -> None:
        """Removes the passages of some versions, then adds passages, in one commit; merges are over after it.

        A passage that cannot be analysed is set aside: it must not keep the others from being found.
        Nothing has changed when it raises, unless the error came from tantivy's own commit.
        """
        writer = self._index.writer(heap_size=WRITER_BYTES, num_threads=1)
        try:
            if removed:
                gone = Query.term_set_query(self._schema, "version", list(removed))
                writer.delete_documents_by_query(gone)
            for row in rows:
                writer.add_document(document_of(row, self._stemmer))
            writer.commit()
            writer.wait_merging_threads()
        finally:
            del writer  # gives up tantivy's lock, and what was not committed
        self._view = self._reloaded()

    def search(self, query: str, k: int, versions: Int64 | None = None) -> Scored:
        """Returns the ``k`` best passages, only of ``versions`` (ascending) when given.

        The best of the ``WEIGHED`` that the query's words speak for most, and of those that hold a quoted phrase.
        Ties stand in ascending chunk id, whatever the segments.
        """
        view = self._view
        if k <= 0 or not view.searcher.num_docs or (versions is not None and not len(versions)):
            return _NONE
        asked = self._asked(view, query)
        if not asked.terms:
            return _NONE
        depth = max(k, WEIGHED)
        found = collect(view.searcher, self._schema, self._any_of(asked.terms), depth, versions)
        if not view.weighs:
            return Scored(found.ids[:k], found.scores[:k])
        ids, addresses = found.ids, found.addresses
        if asked.phrases:
            quoted = collect(view.searcher, self._schema, self._quoting(asked.phrases), depth, versions)
            others = np.flatnonzero(~np.isin(quoted.ids, ids))
            ids = np.concatenate([ids, quoted.ids[others]])
            addresses = [*addresses, *(quoted.addresses[i] for i in others)]
        scores = _weighed(view, addresses, asked.wanted)
        order = np.lexsort((ids, -scores))[:k]
        return Scored(ids[order], scores[order])

    def score(self, query: str, chunks: Int64) -> Float32:
        """Returns what :meth:`search` scores each of the chunks, 0 where it finds nothing, in the order given.

        Shape (n,). A chunk that no search would weigh gets the score that it would have been given.
        """
        view = self._view
        asked = self._asked(view, query)
        distinct = np.unique(chunks)
        own = np.zeros(len(distinct), np.float32)
        if not asked.terms:
            return own[np.searchsorted(distinct, chunks)]
        if not view.weighs:
            return self._score_by_search(query, chunks)
        for first in range(0, len(distinct), _SCORED_AT_ONCE):
            some = distinct[first : first + _SCORED_AT_ONCE]
            keys = [
                (Occur.Should, Query.term_query(self._schema, "chunk", chunk, index_option="basic"))
                for chunk in some.tolist()
            ]
            hits = view.searcher.search(Query.boolean_query(keys), len(some), count=False).hits
            if hits:
                addresses = [address for _, address in hits]
                found = np.array(view.searcher.fast_field_values("chunk", addresses), dtype=np.int64)
                own[np.searchsorted(distinct, found)] = _weighed(view, addresses, asked.wanted)
        return own[np.searchsorted(distinct, chunks)]

    def _score_by_search(self, query: str, chunks: Int64) -> Float32:
        found = self.search(query, self._view.searcher.num_docs)
        scores = dict(zip(found.ids.tolist(), found.scores.tolist(), strict=True))
        return np.array([scores.get(chunk, 0.0) for chunk in chunks.tolist()], np.float32)

    def rarity(self, words: Sequence[str]) -> dict[str, float]:
        """Returns each word's inverse document frequency, above 0 (Robertson & Zaragoza 2009);
        its rarest token's.
        """
        view = self._view
        return {
            word: max(
                map(view.inverse, self._stemmer.stems(query_tokens(word).weights)),
                default=_inverse(view.searcher.num_docs, 0),
            )
            for word in words
        }

    def frequencies(self, words: Sequence[str]) -> list[int]:
        """Returns in how many passages each word stands, whatever its inflection; words of small letters alone."""
        stems, view = self._stemmer.stems(words), self._view
        return [view.searcher.doc_freq("text", stem) for stem in stems]

    def holders(self, word: str) -> frozenset[int]:
        """Returns the versions that hold a word, in a passage or in what stands above one: all of its tokens in one.

        Of a word in a script without spaces all pairs of its characters: it may stand within a longer word.
        """
        view = self._view
        stems = self._stemmer.stems(token for token in query_tokens(word).weights if not repeats_pairs(token))
        if not stems or not view.searcher.num_docs:
            return frozenset()
        held = Query.boolean_query([(Occur.Must, self._term(stem)) for stem in stems])
        terms = {"field": "version", "size": view.searcher.num_docs}
        found = view.searcher.aggregate(held, {"own": {"terms": terms}})
        return frozenset(int(bucket["key"]) for bucket in found["own"]["buckets"])

    def reach(self, query: str) -> float:
        """Returns about the most that a passage could score for a query: every word of it, as often as can be.

        A word that no passage has counts with the rest: a query of which little is known reaches little. What
        neighbouring words and quoted phrases add is left out.
        """
        view = self._view
        weights = query_tokens(query).weights
        stems = zip(self._stemmer.stems(weights), weights.values(), strict=True)
        most = K1 + 1 + CLOSE * are_close(weights)
        return most * sum(weight * view.inverse(stem) for stem, weight in stems)

    # ---- what a query looks for --------------------------------------------------------------------

    def _asked(self, view: _View, query: str) -> _Asked:
        known = view.asked.get(query)
        if known is None:
            tokens = query_tokens(query)
            terms = self._terms(view, tokens)
            known = _Asked(terms, tokens.phrases, self._wanted(view, tokens, terms))
            if len(view.asked) >= _MOST_ASKED:
                view.asked.clear()
            view.asked[query] = known
        return known

    def _terms(self, view: _View, tokens: QueryTokens) -> dict[str, float]:
        """Returns the stems that occur and their weights, the weightiest ``MAX_QUERY_TERMS``, these first."""
        weights: dict[str, float] = {}
        for stem, weight in zip(self._stemmer.stems(tokens.weights), tokens.weights.values(), strict=True):
            weights[stem] = weights.get(stem, 0.0) + weight
        if tokens.single:
            for token, _ in view.searcher.terms_with_prefix("text", tokens.single, limit=MAX_QUERY_TERMS):
                weights.setdefault(token, weights.get(tokens.single, 1.0))
        scored = sorted(
            (-weight * view.inverse(token), token, weight)
            for token, weight in weights.items()
            if view.frequency(token)
        )
        return {token: weight for _, token, weight in scored[:MAX_QUERY_TERMS]}

    def _any_of(self, terms: Mapping[str, float]) -> Query:
        # Of nothing but words, so that tantivy may leap over what cannot reach the top.
        return Query.boolean_query(
            [(Occur.Should, Query.boost_query(self._term(token), weight)) for token, weight in terms.items()]
        )

    def _term(self, token: str) -> Query:
        return Query.term_query(self._schema, "text", token, index_option="freq")

    def _quoting(self, phrases: Iterable[Sequence[str]]) -> Query:
        return Query.boolean_query(
            [
                (
                    Occur.Should,
                    Query.phrase_query(self._schema, "text", [*enumerate(self._stemmer.stems(phrase))]),
                )
                for phrase in phrases
            ]
        )

    def _wanted(self, view: _View, tokens: QueryTokens, terms: Mapping[str, float]) -> Wanted:
        weights: dict[int, float] = {}
        for token, weight in terms.items():
            own = number(token)
            weights[own] = weights.get(own, 0.0) + weight * view.inverse(token)
        runs = []
        for first, second, distance in tokens.pairs:
            left, right = self._stemmer.stems((first, second))
            if left != right and left in terms and right in terms:
                rarity = view.inverse(left) + view.inverse(right)
                runs.append(Run((number(left), number(right)), (0, distance), PAIR_BOOST * rarity))
        for phrase in tokens.phrases:
            stems = self._stemmer.stems(phrase)
            rarity = sum(
                own_weight(token) * view.inverse(stem) for token, stem in zip(phrase, stems, strict=True)
            )
            runs.append(Run(tuple(map(number, stems)), tuple(range(len(stems))), PHRASE_BOOST * rarity))
        return Wanted(weights, tuple(runs), are_close(tokens.weights))


def _weighed(view: _View, addresses: Sequence[DocAddress], wanted: Wanted) -> Float32:
    packed = [view.searcher.doc(address).get_first("tokens") or b"" for address in addresses]
    return weigh(packed, wanted, view.mean_length)


def _inverse(total: int, frequency: int) -> float:
    return math.log1p((max(total - frequency, 0) + 0.5) / (frequency + 0.5))
