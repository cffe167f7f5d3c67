"""Passages embedded anew agree with the vectors that were stored, or it is said that they do not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from corpus.agreement import PASSAGES, compare
from corpus.settings import Settings
from corpus.store import Corpus, open_corpus
from corpus.types import Float32
from tests.builders import SPACE, WordEmbedder, new_version, put


class OtherEmbedder(WordEmbedder):
    """Gives another vector for one text than before."""

    def embed_passages(self, texts: Sequence[str]) -> Float32:
        rows = super().embed_passages(texts)
        rows[-1] = -rows[-1]
        return rows


@pytest.fixture
def corpus(tmp_path: Path) -> Iterator[Corpus]:
    with open_corpus(Settings(data_dir=tmp_path, dense="exact"), SPACE) as opened:
        yield opened


def fill(corpus: Corpus, number: int, *, covered: bool = True) -> None:
    for at in range(number):
        text = f"room {at} is cleaned on day {at}"
        corpus.commit(
            new_version(f"{covered}/{at}.txt", [text, "and more"], title="Rooms", covered=covered),
            text_of(text),
        )


def text_of(text: str) -> bytes:
    return f"{text}\nand more".encode()


def test_the_embedder_of_the_corpus_agrees_with_it(corpus: Corpus) -> None:
    fill(corpus, 3)
    fill(corpus, 3, covered=False)
    found = compare(corpus, WordEmbedder())
    assert found is not None
    assert (found.passages, found.least_cosine, found.problem) == (3, 1.0, "")


def test_another_embedder_is_noticed(corpus: Corpus) -> None:
    fill(corpus, 3)
    found = compare(corpus, OtherEmbedder())
    assert found is not None
    assert found.least_cosine == -1.0
    assert "of 3 passages the least cosine is -1.000" in found.problem


def test_a_few_passages_of_many_are_compared(corpus: Corpus) -> None:
    fill(corpus, 5 * PASSAGES)
    found = compare(corpus, WordEmbedder())
    assert found is not None
    assert found.passages == PASSAGES


def test_passages_that_an_earlier_vouch_embedded_otherwise_are_not_compared(corpus: Corpus) -> None:
    fill(corpus, 3)
    # All of it was embedded, of which the words of the mail alone are today; and what is not embedded any more.
    for title, text in (("食堂", "the canteen opens at noon in May"), ("Canteen", "五月に開く")):
        put(corpus, f"{title}.txt", [text], title=title)
    found = compare(corpus, WordEmbedder())
    assert found is not None
    assert (found.passages, found.least_cosine) == (3, 1.0)


@pytest.mark.parametrize("number", [0, 2])
def test_without_vectors_nothing_is_compared(corpus: Corpus, number: int) -> None:
    fill(corpus, number, covered=False)
    assert compare(corpus, OtherEmbedder()) is None
