"""Whom and which document a question names, asked of the corpus: what is about another gives way.

The rules are in :mod:`rag.retrieval.subjects` (whom), :mod:`rag.retrieval.naming` and :mod:`rag.words.editions`
(which of twins).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from corpus.remembered import Remembered
from corpus.store import Corpus
from corpus.types import Caller, Filter, Hit, Place, read_chunk_id
from rag.retrieval.naming import (
    BY_NAME,
    HEAD_CHARS,
    Naming,
    asks_for_newest,
    beside,
    gives_way,
    naming,
    same_works,
    twins,
    wanted_of,
)
from rag.retrieval.ranking import Recipe
from rag.retrieval.spreading import spread
from rag.retrieval.subjects import (
    bare,
    called,
    is_named,
    is_written_large,
    lacking,
    names_in,
    rarest,
    spaced,
    telling,
    unmarked,
)

MOST_NAMED = 4096
"""What so many documents are named by is remembered, and of so many words whether they are names."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and what it says by itself, whatever is found for it.

    ``wanted``, ``near``: of :func:`wanted_of` and :func:`beside`; ``newest``: whether it asks for the newest.
    """

    query: str
    wanted: Mapping[str, float]
    near: Mapping[str, frozenset[str]]
    newest: bool


class NamedFirst:
    """Orders candidates by whom a question names, and hits by which document. Safe to use from any thread.

    ``recipe.named`` says how much it counts.
    """

    def __init__(self, corpus: Corpus, recipe: Recipe) -> None:
        self._corpus, self._recipe = corpus, recipe
        self._named_by: Remembered[tuple[str, int, tuple[str, ...]], Naming] = Remembered(
            corpus.catalog, MOST_NAMED
        )
        self._told_names: Remembered[tuple[str, Caller, datetime | None, frozenset[str]], bool] = Remembered(
            corpus.catalog, MOST_NAMED
        )

    def read(self, query: str, caller: Caller, filter: Filter) -> Asked:
        """Returns a question as the others take it."""
        wanted = wanted_of(query, lambda asked: self._corpus.rarity(asked, caller, filter))
        return Asked(query, wanted, beside(query), asks_for_newest(query))

    def by_subject(
        self,
        asked: Asked,
        ranked: Sequence[tuple[int, float]],
        places: Mapping[int, Place],
        caller: Caller,
        filter: Filter,
    ) -> Sequence[tuple[int, float]]:
        """Returns the candidates with those lowered that are about another than whom the question names."""
        ids = sorted(places)
        titles = [(places[own].title, places[own].source) for own in ids]
        said = self._names_said(asked.query, titles, caller, filter)
        if not said:
            return ranked
        documents = [called(*one, said) for one in titles]
        names = telling(said, documents)
        untold = {stem: word for stem, word in said.items() if stem not in names}
        names |= self._begun_with(untold, places.values(), caller, filter)
        rarity = self._corpus.rarity(list(names.values()), caller, filter) or {}
        names = rarest(names, rarity)
        holders = [self._corpus.holders(word, caller, filter) for word in names.values()]
        known = [one for one in holders if one is not None]
        if not names or len(known) < len(holders):
            return ranked
        mentions = np.array([[places[own].version_id in one for one in known] for own in ids], np.bool_)
        less = self._recipe.named * BY_NAME * lacking(names, documents, mentions, rarity)
        lowered = dict(zip(ids, less.tolist(), strict=True))
        scores = ((own, score - lowered.get(own, 0.0)) for own, score in ranked)
        return sorted(scores, key=lambda scored: (-scored[1], scored[0]))

    def _begun_with(
        self, names: Mapping[str, str], places: Collection[Place], caller: Caller, filter: Filter
    ) -> dict[str, str]:
        """Returns the names that some of the documents have and others have not, and one of these in its first lines:
        a report says there whose it is, and its title says "Form 10-Q".
        """
        found = {}
        rarity = self._corpus.rarity(list(names.values()), caller, filter) or {}
        versions = {(place.document_id, place.version): place.version_id for place in places}
        for stem, word in rarest(names, rarity).items():
            holders = self._corpus.holders(word, caller, filter) or frozenset()
            having = [key for key, version_id in versions.items() if version_id in holders]
            if 0 < len(having) < len(versions):
                heads = self._corpus.slices([(*key, 0, HEAD_CHARS) for key in having], caller)
                if any(is_named(word, head) for head in heads):
                    found[stem] = word
        return found

    def _names_said(
        self, query: str, titles: Sequence[tuple[str, str]], caller: Caller, filter: Filter
    ) -> dict[str, str]:
        """Returns the names in a question, stem → word: those it marks as names, and of its other words those that the
        documents write as names.
        """
        said = names_in(query, titles)
        other = unmarked(query, said, titles)
        if other:
            other = rarest(other, self._corpus.rarity(list(other.values()), caller, filter) or {})
        return said | {
            stem: word for stem, word in other.items() if self._is_name(word, titles, caller, filter)
        }

    def _is_name(
        self, word: str, documents: Sequence[tuple[str, str]], caller: Caller, filter: Filter
    ) -> bool:
        """Says whether passages that the caller may read write a word as a name.

        The titles of ``documents``, (title, path) of each, are not read where they are written out: they write every
        word large.
        """
        names = {name for title, source in documents for name in (title, spaced(source))}
        titles = frozenset(name for name in names if bare(word) in name.lower())

        def read(_: object) -> list[bool]:
            hits = self._corpus.passages_with(word, caller, Filter(as_of=filter.as_of))
            english = [hit.text for hit in hits if hit.language == "en"]  # others write more than names large
            return [is_written_large(word, english, sorted(titles))]

        return self._told_names.of([(word, caller, filter.as_of, titles)], read)[0]

    def by_document(
        self,
        asked: Asked,
        hits: Sequence[Hit],
        places: Mapping[int, Place],
        k: int,
        caller: Caller,
    ) -> list[Hit]:
        """Returns the hits with twins in the order of how well the question names their documents; scores stay."""
        ids = [read_chunk_id(hit.chunk_id) for hit in hits]
        alike = twins(
            self._corpus.vectors(np.array(ids, np.int64)),
            [hit.text for hit in hits],
            [hit.document_id for hit in hits],
        )
        names = self._names(hits, caller)
        alike = np.maximum(alike, same_works(asked.wanted, asked.newest, names))
        lowered = self._recipe.named * gives_way(asked.wanted, asked.newest, names, alike, asked.near)
        if not lowered.any():
            return list(hits)
        scores = sorted(
            ((own, hit.score - float(less)) for own, hit, less in zip(ids, hits, lowered, strict=True)),
            key=lambda scored: (-scored[1], scored[0]),
        )
        by_id = dict(zip(ids, hits, strict=True))
        return [by_id[own] for own, _ in spread(scores, places, self._recipe, k)]

    def _names(self, hits: Sequence[Hit], caller: Caller) -> list[Naming]:
        """Returns what each hit's document is named by."""
        keys = [(hit.document_id, hit.version, (hit.source, *hit.also)) for hit in hits]
        by_key = dict(zip(keys, hits, strict=True))

        def read(new: Sequence[tuple[str, int, tuple[str, ...]]]) -> Iterator[Naming]:
            heads = self._corpus.slices([(*key[:2], 0, HEAD_CHARS) for key in new], caller)
            for key, head in zip(new, heads, strict=True):
                yield naming(by_key[key].title, key[2], head, by_key[key].collection)

        return self._named_by.of(keys, read)
