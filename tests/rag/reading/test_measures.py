"""A measure is told by the word that documents have for it, and of both things where two are compared."""

from __future__ import annotations

import pytest

from rag.reading.clues import measured
from rag.reading.sentences import answer_prompt
from tests.rag.readings import answered, read

PUMPS = (
    "…  The AQ-300 is a pump for clean water. Its head is 62 metres. Weight 41 kg. It is blue.",
    "…  The AQ-500 is a pump for clean water. Its head is 88 metres. Weight 63 kg. It is green.",
)
CODES = "…  Code | Meaning\nE-1 | Motor too hot\nE-2 | Dry running\nE-3 | Phase failure\nE-4 | Cable broken"


@pytest.mark.parametrize(
    ("question", "asks"),
    [
        ("How heavy is it?", True),
        ("AQ-300の重さは？", True),
        ("What did it cost?", False),
        ("高いビル", False),
    ],
)
def test_what_asks_for_a_measure(question: str, asks: bool) -> None:
    assert bool(measured(question)[0]) is asks


def test_how_heavy_is_answered_by_the_weight() -> None:
    assert answered("How heavy is the AQ-300?", PUMPS[0]).startswith("“Weight 41 kg.” [1]")


@pytest.mark.parametrize(
    "question",
    ["Which pump is heavier, the AQ-300 or the AQ-500?", "AQ-300とAQ-500ではどちらが重いですか"],
)
def test_both_weights_come_first_where_two_things_are_compared(question: str) -> None:
    reading = read(question, {"a": PUMPS[0], "b": PUMPS[1]}, a="AQ-300 manual", b="AQ-500 manual")
    lines = "".join(answer_prompt(reading)).split("\n")
    assert {lines[0][:14], lines[1][:14]} == {"“Weight 41 kg.", "“Weight 63 kg."}


def test_who_asks_for_all_gets_more_rows_of_a_table() -> None:
    def rows(question: str) -> int:
        return answered(question, CODES).count("| ") // 2

    assert rows("List all codes and their meaning") == 4
    assert rows("Which code has a meaning of dry running?") <= 2
