"""What goes wrong is told in Japanese to who reads it, and everything that is named in it stays named."""

from __future__ import annotations

from string import Formatter

import pytest

from corpus.catalog.place import MOVED
from corpus.erasing import UNFINISHED_ERASURE
from corpus.errors import VouchError
from corpus.vectors.folding import no_generation
from ingest.parsers import Limits, too_large
from ingest.sandbox.parsing_child import pool_closed
from rag.words.troubles import IN_JAPANESE, in_japanese


def places(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def test_a_sentence_in_japanese_names_nothing_that_the_english_one_does_not() -> None:
    for english, japanese in IN_JAPANESE.items():
        assert places(japanese) <= places(english)
        assert places(english) - places(japanese) <= {"rest", "job"}, english
        assert in_japanese(english.format_map(dict.fromkeys(places(english), "7"))) != english


@pytest.mark.parametrize(
    "said",
    [
        MOVED,
        UNFINISHED_ERASURE,
        no_generation(20_000),
        too_large("規程.pdf", 300_000_000, Limits()).message,
        too_large("規程.pdf", 300_000_000, Limits()).hint,
    ],
)
def test_what_the_service_says_is_among_them(said: str) -> None:
    told = in_japanese(said)
    assert told != said
    assert "。" in told
    assert ("規程.pdf" in told) == ("規程.pdf" in said)


def test_what_is_not_among_them_stays_as_it_is() -> None:
    for error in (VouchError("It rains."), pool_closed()):
        assert in_japanese(error.message) == error.message


def test_an_error_is_one_line() -> None:
    assert VouchError("a\nb\r\n\u2028c.txt holds no text.").message == "a b c.txt holds no text."
