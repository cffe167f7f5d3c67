"""What people are told comes in the language of their question: every sentence in both, with the same names in it."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest

import rag
from corpus.searching import DENSE_BROKEN
from rag.asking.answering import answer
from rag.asking.answers import Answer, Ask
from rag.models.catalogue import Models
from rag.prompts.prompting import NOT_IN_DOCUMENTS, is_japanese
from rag.prompts.templates import read_template
from rag.reading.over_rows import Told
from rag.words.told import TOLD, in_english, tell
from tests.rag.asked import TEXTS, Begin
from tests.rag.hits import Shelf
from tests.rag.scripted import Turn

PUMP = "ポンプの点検は何時間ごとですか。"
OWN = read_template("{passages}\n\n{question}\n\nSay {not_found} where nothing is found.", "own")
TRAVEL = {
    "出張旅費規程_2023.txt": "…  施行日：2023年4月1日\n\n出張の日当は1日2,500円とする。",
    "出張旅費規程_2025.txt": "…  施行日：2025年4月1日\n\n出張の日当は1日3,000円とする。",
}


def places(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


@pytest.mark.parametrize("key", sorted(TOLD))
def test_each_sentence_stands_in_both_languages_with_the_same_places(key: str) -> None:
    english, japanese = TOLD[key]
    assert places(english) == places(japanese)
    assert not is_japanese(english)
    assert not japanese.isascii()
    values = dict.fromkeys(places(english), "{braces}")
    assert tell(key, True, **values).count("{braces}") == len(values)
    assert in_english(tell(key, True, **values)) == tell(key, False, **values)
    assert in_english(english) == english


def keys_in(tree: ast.AST) -> set[str]:
    """The keys that some code gives to ``tell``, or last to ``remark``.

    Where it computes one, the keys of the function's dictionaries.
    """
    keys = set()
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        calls = [one for one in ast.walk(function) if isinstance(one, ast.Call)]
        for call in calls:
            if getattr(call.func, "id", "") in ("tell", "say"):
                given: Sequence[ast.expr] = call.args[:1]
            elif getattr(call.func, "attr", "") == "remark":
                given = call.args[-1:]
            else:
                continue
            if given and isinstance(given[0], ast.IfExp):
                given = [given[0].body, given[0].orelse]
            if any(isinstance(one, ast.Name) for one in given):
                dicts = [one for one in ast.walk(function) if isinstance(one, ast.Dict)]
                given = [*given, *(key for one in dicts for key in one.keys if key is not None)]
            keys |= {
                one.value for one in given if isinstance(one, ast.Constant) and isinstance(one.value, str)
            }
    return keys


def test_each_sentence_is_told_by_somebody_and_each_that_is_told_stands_here() -> None:
    sources = [path.read_text(encoding="utf-8") for path in Path(rag.__file__).parent.rglob("*.py")]
    told = {key for source in sources for key in keys_in(ast.parse(source))}
    why = {"receipt_" + code for code in codes()}  # a receipt's reason is made of an error's code
    told |= {f"rows_{kind}" for kind in get_args(Told)}
    assert told - {"budget", "counted"} <= set(TOLD)
    assert set(TOLD) - told <= why


def codes() -> set[str]:
    """The documented error codes."""
    page = (Path(rag.__file__).parents[1] / "docs" / "errors.md").read_text(encoding="utf-8")
    return set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))


def test_what_the_corpus_lacks_is_told_as_it_says_it() -> None:
    assert tell("dense_broken", False) == DENSE_BROKEN


def check(given: Answer, *codes: str) -> None:
    assert set(codes) <= {note.code for note in given.notes}
    assert given.notes
    assert [note.message for note in given.notes if not is_japanese(note.message)] == []


def test_who_asks_in_japanese_is_told_in_japanese(models: Models, scripted: Begin) -> None:
    shelf = Shelf(TEXTS, cosine=0.8)
    ignoring = Ask(PUMP, strategy="few-shot", template=OWN, wishes="海賊のように。")
    check(answer(ignoring, shelf, models), "strategy_ignored", "template_ignored", "wishes_ignored")
    check(answer(Ask(PUMP), shelf, scripted(Turn(texts=[NOT_IN_DOCUMENTS]))), "model_abstained")
    lies = Turn(texts=["ポンプの点検は「毎日行う」。昼食は無料である。 [9]"], finish="length")
    check(
        answer(Ask(PUMP), shelf, scripted(lies)),
        "low_support",
        "dropped_markers",
        "altered_quotes",
        "truncated",
    )
    check(answer(Ask(PUMP, require_support=True), shelf, scripted(lies)), "withheld")
    check(answer(Ask("出張の日当はいくらですか。"), Shelf(TRAVEL), models), "conflict")
