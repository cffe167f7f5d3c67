"""Whom a question is about: a passage gives way that is of another's document and does not mention whom it names.

"What was Apple's cash flow?" is answered on Amazon's pages in nearly the same words, and the name is one word among
many to every leg: it stands in a third of the corpus. So where a proper name in the question (a word written large amid
the sentence) is in the title or file name of some candidates' documents and not of others', passages of the others that
do not even mention it are lowered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from corpus.types import Bools
from rag.editions import spaced_out
from rag.naming import without_suffix
from rag.terms import terms

WHOLE = 4
"""From so many letters on a name is in the words that begin with it: ElevatePrep is called Elevate as well."""

COMMON = 1.0
"""Inverse document frequency below which lacking a name counts less: a company's own name in its own documents."""


def names_in(query: str) -> dict[str, str]:
    """Returns the stems of the proper names in a question → the words themselves, as they are looked for."""
    return {term.stem: term.word for term in terms(query) if term.name and term.weight > 0}


@lru_cache(maxsize=4096)
def called(title: str, source: str) -> frozenset[str]:
    """Returns the stems of the words in a document's title and file name."""
    name = without_suffix(source).rpartition("/")[2]
    return frozenset(
        term.stem for one in (title, name) for term in terms(f"- {spaced_out(one)}") if term.weight > 0
    )


def telling(names: Mapping[str, str], documents: Sequence[Set[str]]) -> dict[str, str]:
    """Returns the names that some of the documents are called by (:func:`called`) and others are not."""
    return {
        stem: word
        for stem, word in names.items()
        if 0 < sum(_is_called(one, stem) for one in documents) < len(documents)
    }


def lacking(
    names: Mapping[str, str],
    documents: Sequence[Set[str]],
    mentioned: Bools,
    rarity: Mapping[str, float],
) -> NDArray[np.float64]:
    """Returns which share of the names, by rarity, each passage lacks beyond the one that lacks least, shape (n,), in
    [0, 1].

    Args:
        names: the telling ones, stem → word.
        documents: what each passage's document is called, n of them.
        mentioned: shape (n, names): whether a passage, or what stands above it, has the word.
        rarity: word → its inverse document frequency; 1 where it is not known.
    """
    if not len(documents):
        return np.zeros(0)
    weights = np.array([rarity.get(word, 1.0) for word in names.values()])
    own = np.array([[_is_called(one, stem) for stem in names] for one in documents], np.bool_)
    lacks = np.where(own | mentioned, 0.0, weights).sum(axis=1) / max(weights.sum(), COMMON)
    beyond: NDArray[np.float64] = lacks - lacks.min()
    return beyond


def _is_called(document: Set[str], stem: str) -> bool:
    return stem in document or (len(stem) >= WHOLE and any(word.startswith(stem) for word in document))
