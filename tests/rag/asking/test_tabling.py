"""A question about all rows of a table is answered from the whole table, or as any other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from corpus.types import Float32
from rag.asking.answering import answer
from rag.asking.answers import Answer, Ask
from rag.asking.tabling import tabled
from rag.asking.wording.judging import Judge
from rag.grounding.abstention import FITTED
from rag.models.catalogue import Models
from rag.retrieval.spelling import Wording
from tests.rag.hits import Shelf

PLANS = "…  # Plans\n\nPlan | Price | Seats\nStarter | £9 | 5\nTeam | £19 | 20\nBusiness | £35 | 100\n\nPrices are net."
PRICES = "…  価格表\n\n商品 | 価格\n羊羹 | 1,100円\nまんじゅう | 780円\n"


@pytest.fixture
def models() -> Models:
    return Models({}, "extractive")


def asked(question: str, models: Models, **texts: str) -> Answer:
    return answer(
        Ask(question), Shelf({name.replace("_", "."): text for name, text in texts.items()}), models
    )


def notes(given: Answer) -> list[str]:
    return [note.message for note in given.notes if note.code == "over_rows"]


def test_the_row_is_quoted_and_a_note_says_by_which_column(models: Models) -> None:
    given = asked("Which plan is cheapest?", models, plans_md=PLANS)
    assert given.text == "Plan | Price | Seats: “Starter | £9 | 5” [1]"
    assert [citation.quote for citation in given.citations] == ["Starter | £9 | 5"]
    assert notes(given) == ["Of 3 rows in plans.md, this has the lowest “Price”: Starter."]
    given = asked("一番安い商品はどれですか", models, prices_md=PRICES)
    assert [citation.quote for citation in given.citations] == ["まんじゅう | 780円"]
    assert notes(given) == ["prices.mdの表の2行のうち、「価格」が最小の行: まんじゅう"]


def test_a_sum_is_told_in_the_note_and_its_rows_are_quoted(models: Models) -> None:
    given = asked("What do all plans cost together?", models, plans_md=PLANS)
    assert len(given.citations) == 3
    assert given.support == 1.0
    assert notes(given) == ["The “Price” of 3 rows in plans.md is 63 GBP in total."]


def test_of_a_part_that_was_found_the_whole_table_is_read() -> None:
    library = Shelf({"plans.md": PLANS})
    (whole,) = library.hits()
    at = PLANS.index("Team")
    part = replace(
        whole,
        start=at,
        end=at + 15,
        text=PLANS[at : at + 15],
        context="Plans\nPlan | Price | Seats",
        focus=(at, at + 4),
    )
    found = tabled("Which plan is cheapest?", [part], library)
    assert found is not None
    assert found.hit.text.startswith("Plan | Price")
    assert found.hit.focus is None
    assert found.hit.text.endswith("100")
    assert [row.text for row in found.tallied.rows] == ["Starter | £9 | 5"]


def test_a_table_longer_than_what_is_read_is_not_taken_for_whole() -> None:
    rows = "\n".join(f"Plan number {n} of the list of all plans | £{n + 1}" for n in range(400))
    text = f"…  # Plans\n\nPlan | Price\n{rows}\n\nPrices are net."
    library = Shelf({"plans.md": text})
    (whole,) = library.hits()
    for at in (40, len(text) // 2, len(text) - 60):
        part = replace(whole, start=at, end=at + 45, text=text[at : at + 45])
        assert tabled("Which plan is cheapest?", [part], library) is None


def test_a_table_that_may_go_on_elsewhere_is_not_taken_for_whole(models: Models) -> None:
    parted = PLANS.replace("Business", "\f\nBusiness")
    assert notes(asked("Which plan is cheapest?", models, plans_md=parted)) == []
    given = asked("Which plan is cheapest?", models, plans_md=PLANS, others_md=PLANS.replace("£9", "£8"))
    assert notes(given) == []  # of two tables, which is meant?


@pytest.mark.parametrize(
    ("question", "refused"),
    [
        ("How often are the cylinders replaced?", False),
        ("Which roller is the cheapest?", True),
        ("What do all the cylinders cost together?", True),
    ],
)
def test_a_sentence_that_is_near_is_not_the_first_of_all_nor_their_sum(question: str, refused: bool) -> None:
    class Near(Shelf):
        def embed(self, texts: Sequence[str]) -> Float32:
            """Every sentence is as near as can be."""
            return np.tile(np.array([1.0, 0.0], np.float32), (len(texts), 1))

        def rarity(self, words: Sequence[str]) -> dict[str, float]:
            """Of 30 passages none has any of the words."""
            return dict.fromkeys(words, math.log1p(30.5 / 0.5))

    library = Near({"a.txt": "…  The rollers are changed in May, for £90."}, cosine=0.1)
    judged = Judge(library, FITTED, 8).of(Wording(question, {}), tuple(library.hits()))
    assert judged.refused is refused
