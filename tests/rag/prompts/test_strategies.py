"""Worked examples: read from a file, the nearest of them chosen by meaning or by letters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from corpus.errors import EmbeddingError, UsageError
from rag.prompts.prompting import Example, is_japanese
from rag.prompts.strategies import STRATEGIES, Examples, load_examples

LEAVE = Example("How many holidays do I get?", ("Twenty days.",), "Twenty days [1].")
VPN = Example("Which port does the VPN use?", ("Port 443.",), "Port 443 [1].")
休暇 = Example("有給休暇は何日ですか。", ("二十日です。",), "二十日です [1]。")
旅費 = Example("出張の日当はいくらですか。", ("三千円です。",), "三千円です [1]。")


class Meaning:
    """An embedder that knows two things: time off, and everything else."""

    def __init__(self, broken: bool = False) -> None:
        self.broken = broken
        self.passages = 0

    def covers(self, text: str) -> bool:
        return not is_japanese(text)

    def embed_query(self, text: str) -> np.ndarray:
        if self.broken:
            raise EmbeddingError("gone")
        return np.array([1.0, 0.0] if "vacation" in text or "holidays" in text else [0.0, 1.0], np.float32)

    def embed_passages(self, texts: list[str]) -> np.ndarray:
        self.passages += 1
        return np.vstack([self.embed_query(text) for text in texts])


def test_the_strategies_differ_in_their_examples() -> None:
    assert STRATEGIES == {
        "zero-shot": 0, "one-shot": 1, "few-shot": 3,
    }  # fmt: skip


def test_the_nearest_by_meaning_is_chosen_and_examples_are_embedded_once() -> None:
    meaning = Meaning()
    examples = Examples([休暇, VPN, LEAVE], meaning)  # type: ignore[arg-type]
    assert examples.nearest("When does the vacation begin?", 1) == (LEAVE,)
    assert examples.nearest("Who runs the network?", 2) == (VPN, LEAVE)
    assert meaning.passages == 1
    assert examples.nearest("Why?", 0) == ()


@pytest.mark.parametrize("embedder", [None, Meaning(broken=True)])
def test_without_an_embedder_letters_decide(embedder: Meaning | None) -> None:
    examples = Examples([VPN, LEAVE, 休暇, 旅費], embedder)  # type: ignore[arg-type]
    assert examples.nearest("How many holidays are there?", 1) == (LEAVE,)


def test_japanese_is_near_by_letters_and_its_own_script_comes_first() -> None:
    examples = Examples([LEAVE, 旅費, 休暇, VPN], Meaning())  # type: ignore[arg-type]
    assert examples.nearest("有給休暇の日数は？", 3) == (休暇, 旅費, LEAVE)
    for question, japanese in (("How long is it?", False), ("何日間ですか。", True)):
        assert is_japanese(Examples(load_examples()).nearest(question, 1)[0].question) == japanese


@pytest.mark.parametrize("line", ["{", "[]", "{}", '{"question": "q", "passages": "p", "answer": "a"}'])
def test_a_bad_examples_file_names_its_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text('{"question": "q", "passages": ["p"], "answer": "a [1]"}\n' + line, encoding="utf-8")
    with pytest.raises(UsageError, match="Line 2") as caught:
        load_examples(path)
    assert caught.value.code == "bad_examples"


def test_a_line_separator_within_an_example_ends_no_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text(
        '\ufeff{"question": "q\u2028r", "passages": ["p\x85"], "answer": "a"}\r\n', encoding="utf-8"
    )
    assert load_examples(path) == (Example("q\u2028r", ("p\x85",), "a"),)
