"""What people are told comes in the language of their question: every sentence in both, with the same names in it."""

from __future__ import annotations

from pathlib import Path
from string import Formatter

import pytest

import rag
from rag.asking.answering import answer
from rag.asking.answers import Answer, Ask
from rag.models.catalogue import Models
from rag.models.scripted import Turn
from rag.prompts.prompting import NOT_IN_DOCUMENTS, is_japanese
from rag.prompts.templates import read_template
from rag.words.told import TOLD, in_english, tell
from tests.rag.asked import TEXTS, Begin
from tests.rag.hits import Shelf

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


def test_each_sentence_is_told_by_somebody() -> None:
    root = Path(rag.__file__).parent
    source = "".join(
        path.read_text(encoding="utf-8") for path in root.rglob("*.py") if path.name != "told.py"
    )
    made = {"receipt_", *(f'"{key}"' for key in TOLD if not key.startswith("receipt_"))}
    assert {key for key in made if key not in source} == set()


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
