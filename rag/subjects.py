"""Whom a question is about: a passage gives way whose document is another's and nowhere mentions whom it names.

"What was Apple's cash flow?" is answered on Amazon's pages in nearly the same words, and the name is one word among
many to every leg: it stands in a third of the corpus. So where a proper name in the question (a word written large amid
the sentence) is in the title or file name of some candidates' documents and not of others', passages of those others
are lowered whose documents do not have the word at all. Such a word need not be a name: "the Leave of new staff" lowers
nothing of a handbook that speaks of leave anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

import numpy as np
from numpy.typing import NDArray

from corpus.types import Bools
from rag.naming import name_stems, without_suffix
from rag.terms import terms

MOST_NAMES = 4
"""So many names of a question are looked for: the rarest."""

COMMON = 1.0
"""Inverse document frequency below which lacking a name counts less: a company's own name in its own documents."""


def names_in(query: str) -> dict[str, str]:
    """Returns the stems of the proper names in a question → the words themselves, as they are looked for.

    Of letters alone: a period or a code says which edition or page is meant, not whom it is about.
    """
    return {
        term.stem: term.word
        for term in terms(query)
        if term.name and term.weight > 0 and len(term.stem) > 1 and term.stem.isalpha()
    }


def called(title: str, source: str) -> frozenset[str]:
    """Returns the stems of the words in a document's title and file name."""
    return name_stems(title) | name_stems(without_suffix(source).rpartition("/")[2])


def telling(names: Mapping[str, str], documents: Sequence[Set[str]]) -> dict[str, str]:
    """Returns the names that some of the documents are called by (:func:`called`) and others are not."""
    return {
        stem: word
        for stem, word in names.items()
        if 0 < sum(stem in one for one in documents) < len(documents)
    }


def rarest(names: Mapping[str, str], rarity: Mapping[str, float]) -> dict[str, str]:
    """Returns the :data:`MOST_NAMES` rarest of the names, in their order."""
    kept = sorted(names, key=lambda stem: -rarity.get(names[stem], 1.0))[:MOST_NAMES]
    return {stem: word for stem, word in names.items() if stem in kept}


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
        mentioned: shape (n, names): whether a passage's document has the word anywhere.
        rarity: word → its inverse document frequency; 1 where it is not known.
    """
    if not len(documents):
        return np.zeros(0)
    weights = np.array([rarity.get(word, 1.0) for word in names.values()])
    own = np.array([[stem in one for stem in names] for one in documents], np.bool_)
    lacks = np.where(own | mentioned, 0.0, weights).sum(axis=1) / max(weights.sum(), COMMON)
    beyond: NDArray[np.float64] = lacks - lacks.min()
    return beyond
