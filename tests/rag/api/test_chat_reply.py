"""What stands below an answer in a chat: the notes without which it may mislead, and its sources, page by page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from corpus.types import Hit
from rag.api.chat_reply import footnotes, without_footnotes
from rag.asking.answering import answer
from rag.asking.answers import Answer, Ask
from rag.models.catalogue import Models
from tests.rag.hits import Shelf

CARS = {
    "travel-2023.txt": "…  Travel. Effective: 1 April 2023.\n\nA private car is paid at 40p per mile.",
    "travel-2025.txt": "…  Travel. Effective: 1 April 2025.\n\nA private car is paid at 45p per mile.",
}


def ask(question: str, texts: Mapping[str, str]) -> Answer:
    return answer(Ask(question), Shelf(texts, cosine=0.8), Models())


def test_what_documents_disagree_about_is_told_above_the_sources() -> None:
    given = ask("What is paid per mile for a private car?", CARS)
    note, *sources = footnotes(given).strip().split("\n")
    assert note.startswith("- *Note*: Documents disagree on “A private car is paid at … per mile.”: 45p (")
    assert sources == ["- [1] travel-2025.txt, page 1", "- [2] travel-2023.txt, page 1"] or sources == [
        "- [2] travel-2025.txt, page 1",
        "- [1] travel-2023.txt, page 1",
    ]
    assert without_footnotes(given.text + footnotes(given)) == given.text


def test_in_japanese() -> None:
    texts = {
        "在宅勤務規程_2021年版.txt": "…  在宅勤務は週2日を限度とする。",
        "在宅勤務規程_2024年版.txt": "…  在宅勤務は週3日を限度とする。",
    }
    given = ask("在宅勤務は週何日までですか。", texts)
    below = footnotes(given)
    assert "\n- *注*: 文書の内容が食い違っています。" in below
    assert without_footnotes(given.text + below) == given.text


class Halved(Shelf):
    """Each text in two passages."""

    def hits(self) -> list[Hit]:
        found = []
        for hit in super().hits():
            at = hit.text.index("\n\n") + 2
            found += [replace(hit, end=hit.start + at, text=hit.text[:at])]
            found += [replace(hit, start=hit.start + at, text=hit.text[at:], chunk_id=hit.chunk_id[::-1])]
        return found


def test_passages_of_one_page_share_a_line() -> None:
    texts = {"meals.txt": "…  Lunch in the canteen is paid.\n\nDinner in the canteen is not paid."}
    given = answer(Ask("Is lunch or dinner in the canteen paid?"), Halved(texts, cosine=0.8), Models())
    assert {citation.marker for citation in given.citations} == {1, 2}
    assert footnotes(given) == "\n\n- [1], [2] meals.txt, page 1"
    assert without_footnotes(given.text + footnotes(given)) == given.text
    apart = Halved({"meals.txt": texts["meals.txt"].replace("\n\n", "\f\n\n")}, cosine=0.8)
    given = answer(Ask("Is lunch or dinner in the canteen paid?"), apart, Models())
    assert len(footnotes(given).strip().split("\n")) == 2


def test_notes_on_how_an_answer_came_are_left_to_who_asks_for_them() -> None:
    given = answer(
        Ask("What is paid per mile for a private car?", strategy="one-shot"),
        Shelf(CARS, cosine=0.8),
        Models(),
    )
    assert "strategy_ignored" in [note.code for note in given.notes]
    assert footnotes(given).count("*Note*") == 1
