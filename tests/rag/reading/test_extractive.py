"""The built-in model: a LangChain chat model that quotes its passages, and reads them by meaning as well."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage, SystemMessage

from corpus.embedding import open_embedder
from corpus.errors import EmbeddingError
from corpus.language import fold
from corpus.settings import load_settings
from corpus.types import Float32
from rag.prompts.prompting import (
    NOT_IN_DOCUMENTS,
    build_prompt,
    read_prompt,
)
from rag.prompts.strategies import load_examples
from rag.reading.extractive import ExtractiveChatModel
from rag.reading.meaning import embed_with
from rag.reading.sentences import answer_prompt, choose, rank
from rag.words.told import tell
from tests.rag.hits import Shelf
from tests.rag.readings import BUDGET, PUMP, answered, read


@given(
    st.text(min_size=1, max_size=40).filter(str.strip),
    st.lists(st.text(min_size=1, max_size=120), min_size=1, max_size=4),
)
def test_whatever_is_read_every_quoted_sentence_stands_in_its_passage(question, texts):
    reading = read(question, {str(n): "…  " + text for n, text in enumerate(texts)})
    chosen = choose(reading)
    assert len(chosen) <= 4
    for candidate in chosen:
        assert fold(candidate.text).strip() in fold(candidate.passage.text)
    assert "".join(answer_prompt(reading)) == "".join(answer_prompt(reading))


def test_no_word_in_common_is_no_answer() -> None:
    assert answered("Zzz qqq?", PUMP) == NOT_IN_DOCUMENTS


@pytest.mark.parametrize(("question", "japanese"), [("How often?", False), ("何時間ごとですか。", True)])
def test_without_passages_it_says_that_it_knows_nothing(question: str, japanese: bool) -> None:
    prompt = build_prompt(question, [], BUDGET, retrieval=False)
    assert "".join(answer_prompt(read_prompt(prompt.messages))) == tell("alone", japanese)


def test_strategies_do_not_change_it() -> None:
    hits = Shelf({"d.txt": PUMP}).hits()
    said = {
        "".join(answer_prompt(read_prompt(prompt.messages)))
        for shots in (0, 1, 3)
        for prompt in [build_prompt("How often?", hits, BUDGET, examples=load_examples()[:shots])]
    }
    assert len(said) == 1


def test_it_is_a_langchain_chat_model_streamed_or_not() -> None:
    prompt = build_prompt("How often is the pump serviced?", Shelf({"d.txt": PUMP}).hits(), BUDGET)
    messages = [SystemMessage(prompt.messages[0].text), HumanMessage(prompt.messages[1].text)]
    model = ExtractiveChatModel()
    whole = model.invoke(messages)
    chunks = list(model.stream(messages))
    assert whole.text == "".join(chunk.text for chunk in chunks)
    assert whole.response_metadata["finish_reason"] == "stop"
    assert whole.usage_metadata["output_tokens"] > 0


def test_meaning_finds_what_words_do_not(tmp_path) -> None:
    embedder = open_embedder(load_settings({"data_dir": tmp_path}))
    texts = {
        "d.txt": "…  Staff receive a badge on day one. Private cars are paid at 45p per mile. The canteen is closed."
    }
    reading = read("What is the staff reimbursement for driving my own vehicle?", texts)
    assert rank(reading)[0].text.startswith("Staff receive a badge")
    assert rank(reading, embed_with(embedder))[0].text == "Private cars are paid at 45p per mile."


class Narrow:
    """An embedder that reads ten characters, and cannot always be loaded."""

    max_tokens = 10

    def __init__(self, broken: bool = False, covered: bool = True) -> None:
        self.broken, self.covered = broken, covered

    def covers(self, text: str) -> bool:
        return self.covered

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text) for text in texts]

    def embed_query(self, text: str) -> Float32:
        if self.broken:
            raise EmbeddingError("no weights")
        return np.ones(2, np.float32)

    def embed_passages(self, texts: Sequence[str]) -> Float32:
        assert all(len(text) <= self.max_tokens for text in texts)
        return np.ones((len(texts), 2), np.float32)


def test_sentences_too_long_for_the_embedder_are_cut_and_a_broken_one_is_done_without() -> None:
    rows = embed_with(Narrow())(["question", "short", "a sentence that is far too long", ""])
    assert rows is not None
    assert rows.shape == (4, 2)
    assert embed_with(Narrow(broken=True))(["question", "short"]) is None
    assert embed_with(Narrow(covered=False))(["question", "short"]) is None


def test_the_sentences_of_one_reading_are_embedded_once() -> None:
    class Counting(Narrow):
        embedded = 0

        def embed_passages(self, texts: Sequence[str]) -> Float32:
            self.embedded += len(texts)
            return super().embed_passages(texts)

    embedder = Counting()
    embed = embed_with(embedder)
    first, again = embed(["question", "one", "two"]), embed(["question", "one", "two"])
    assert embedder.embedded == 2
    assert np.array_equal(first, again)
    embed(
        ["question", "one"]
    )  # of other sentences a vector is made anew: none depends on what was asked before
    assert embedder.embedded == 3
