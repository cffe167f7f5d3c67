"""What a question asks for, who gives way to whom, and what is found, for the tests of names, editions and subjects."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from corpus.store import Corpus
from corpus.types import OWNER, Hit
from rag.retrieval.naming import Naming, asks_for_newest, gives_way, wanted_of
from rag.retrieval.ranking import Recipe
from rag.retrieval.retriever import RECIPE, Retriever
from tests.builders import WordEmbedder

ALONE = replace(RECIPE, neighbours=False, around=0.0)
"""Every passage stands by itself."""


def hits_of(corpus: Corpus, question: str, recipe: Recipe = ALONE) -> tuple[Hit, ...]:
    return Retriever(corpus, WordEmbedder(), corpus.settings, recipe).search(question, 10, OWNER).hits


def found(corpus: Corpus, question: str, recipe: Recipe = ALONE) -> list[str]:
    """Returns the files of the passages, best first."""
    return [hit.source for hit in hits_of(corpus, question, recipe)]


def wanted(question: str) -> dict[str, float]:
    return wanted_of(question, lambda words: None)


def first_of(question: str, *names: Naming) -> int:
    """Returns which of passages that are all twins of each other gives way least."""
    alike = 1.0 - np.eye(len(names))
    return int(np.argmin(gives_way(wanted(question), asks_for_newest(question), names, alike)))
