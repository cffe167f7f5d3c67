"""The common words of English."""

from __future__ import annotations

import pytest

from corpus.language import common_words
from corpus.language.common_words import is_common


def test_words_are_common_and_their_pieces_are_not() -> None:
    assert all(map(is_common, ("overview", "the", "respectively", "total")))
    assert not any(map(is_common, ("respec", "tively", "##ly", "[CLS]", "x", "Overview", "総則", "")))


def test_without_the_vocabulary_no_word_is_common(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(common_words, "_PACKAGE", "no_such_package")
    common_words._vocabulary.cache_clear()
    try:
        assert not is_common("the")
    finally:
        common_words._vocabulary.cache_clear()
