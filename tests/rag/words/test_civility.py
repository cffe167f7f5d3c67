"""What is only said to whom a question is asked is left out of it, and nothing else."""

from __future__ import annotations

import pytest

from rag.asking.answering import answer
from rag.asking.answers import Ask
from rag.models.catalogue import Models
from rag.words.civility import without_civility
from tests.rag.hits import Shelf


@pytest.mark.parametrize(
    ("question", "left"),
    [
        ("Hello, how do I book a trip? Thanks, Tom", "how do I book a trip?"),
        ("Hi Vouch, how do I book a trip?", "how do I book a trip?"),
        ("Good morning! How do I book a trip? Thank you in advance.", "How do I book a trip?"),
        (
            "お世話になっております。出張の申請方法を教えてください。よろしくお願いいたします。",
            "出張の申請方法を教えてください。",
        ),
        ("すみません、定年は何歳ですか", "定年は何歳ですか"),
        ("Who do I owe thanks to?", "Who do I owe thanks to?"),
        ("What does “kind regards” mean?", "What does “kind regards” mean?"),
        ("Thanks!", "Thanks!"),
        ("よろしくお願いします", "よろしくお願いします"),
        ("Is the dear customer always right?", "Is the dear customer always right?"),
    ],
)
def test_civility_is_left_out(question: str, left: str) -> None:
    assert without_civility(question) == left


def test_a_polite_question_is_answered_as_a_plain_one(models: Models) -> None:
    shelf = Shelf({"travel.txt": "…  Trips are booked through the travel desk."}, cosine=0.5)
    plain = answer(Ask("How do I book a trip?"), shelf, models)
    polite = answer(Ask("Hello, how do I book a trip? Many thanks, Tom"), shelf, models)
    assert polite.text == plain.text
    assert polite.confidence == plain.confidence
    assert not polite.notes
