"""A question about what changed is answered from both editions, and one about a year from the edition then in force."""

from __future__ import annotations

from dataclasses import replace

import pytest

from corpus.types import Hit
from rag.asking.answering import answer
from rag.asking.answers import Answer, Ask
from rag.models.catalogue import Models
from tests.rag.asked import Begin
from tests.rag.hits import Shelf
from tests.rag.scripted import Turn

TEXTS = {
    "travel-policy-2025.txt": "…  A private car is paid at 45p per mile.\n\nMeals are paid against receipts."
    "\n\nChildcare is paid up to £60 a night.",
    "menu.txt": "…  The canteen opens at noon.",
    "travel-policy-2023.txt": "…  A private car is paid at 40p per mile.\n\nMeals are paid against receipts.",
}
JAPANESE = {
    "在宅勤務規程_2024年版.txt": "…  在宅勤務は週3日を限度とする。",
    "在宅勤務規程_2021年版.txt": "…  在宅勤務は、週2日を限度とする。",
}


def asked(question: str, models: Models, texts: dict[str, str] = TEXTS, **more: object) -> Answer:
    return answer(Ask(question, **more), Shelf(texts, cosine=0.8), models)  # type: ignore[arg-type]


def notes(given: Answer) -> set[str]:
    return {note.code for note in given.notes}


@pytest.mark.parametrize(
    ("question", "texts", "said"),
    [
        (
            "How has the rate for a private car changed?",
            TEXTS,
            (
                "2025: “A private car is paid at 45p per mile.” [1]",
                "2023: “A private car is paid at 40p per mile.” [2]",
            ),
        ),
        (
            "在宅勤務の限度は変わりましたか",
            JAPANESE,
            ("2024: 「在宅勤務は週3日を限度とする。」 [1]", "2021: 「在宅勤務は、週2日を限度とする。」 [2]"),
        ),
    ],
)
def test_both_editions_are_quoted_each_from_its_own(
    models: Models, question: str, texts: dict[str, str], said: tuple[str, ...]
) -> None:
    given = asked(question, models, texts)
    assert given.text.splitlines() == list(said)
    assert given.support == 1.0
    assert [citation.source for citation in given.citations] == list(texts)[:: len(texts) - 1]
    assert not notes(given) & {"older_edition", "conflict"}


def test_both_editions_are_found_however_few_passages_were(models: Models) -> None:
    given = asked("How has the rate for a private car changed?", models, k=2)
    assert {passage.hit.source for passage in given.passages} == {
        "travel-policy-2025.txt",
        "travel-policy-2023.txt",
    }


def test_a_language_model_is_given_both(scripted: Begin) -> None:
    models = scripted(Turn(texts=["It rose from 40p [2] to 45p [1]."]))
    given = asked("How has the rate for a private car changed?", models, k=2)
    assert given.prompt is not None
    assert all(rate in given.prompt.messages[-1].text for rate in ("45p per mile", "40p per mile"))


def test_what_is_the_same_is_said_to_be(models: Models) -> None:
    given = asked("Has the rule on meals changed?", models)
    assert "unchanged" in notes(given)
    assert {citation.quote for citation in given.citations} == {"Meals are paid against receipts."}


def test_what_one_edition_has_alone_is_said_to_be(models: Models) -> None:
    given = asked("Has the rule on childcare changed?", models)
    assert [note.message for note in given.notes if note.code == "one_edition"] == [
        "Only travel-policy-2025.txt speaks of this: no word of it stands in travel-policy-2023.txt."
    ]


def test_a_document_that_is_named_is_the_one_that_is_meant(models: Models) -> None:
    texts = {
        "price-list-2025.txt": "…  The FM-210 costs £310.",
        "price-list-2024.txt": "…  The FM-210 costs £290.",
        "fm-210-manual.txt": "…  The FM-210 needs 24 volts.",
    }
    given = asked("What changed in the FM-210 manual?", models, texts)
    assert [note.message for note in given.notes if note.code == "no_other_edition"] == [
        "No other edition of fm-210-manual.txt was found, so what changed cannot be told from it."
    ]
    assert "£310" in asked("How has the price of the FM-210 changed?", models, texts).text


def test_an_older_edition_that_is_not_compared_is_said_to_be_old(models: Models) -> None:
    texts = {
        "travel-policy-2023.txt": "…  Staff get £15 a month for broadband.",
        "travel-policy-2025.txt": "…  Order broadband early. The connection at home is worth £30.",
    }
    assert "older_edition" in notes(asked("How has what staff get for broadband changed?", models, texts))


def test_without_another_edition_nothing_is_said_to_have_changed(models: Models) -> None:
    given = asked(
        "How has the rate for a private car changed?",
        models,
        {"travel-policy-2025.txt": TEXTS["travel-policy-2025.txt"]},
    )
    assert "no_other_edition" in notes(given)


@pytest.mark.parametrize(
    ("question", "source"),
    [
        ("What was paid for a private car in 2024?", "travel-policy-2023.txt"),  # still in force then
        ("What was paid for a private car in 2025?", "travel-policy-2025.txt"),
        ("What was paid for a private car before?", "travel-policy-2023.txt"),
    ],
)
def test_a_year_asks_for_the_edition_in_force_then(models: Models, question: str, source: str) -> None:
    assert asked(question, models).citations[0].source == source


def test_an_edition_that_says_it_in_other_words_answers_what_a_newer_one_speaks_of(models: Models) -> None:
    texts = {
        "travel-policy-2025.txt": "…  The mileage rate is 45p per mile. The mileage rate had fallen behind the law.",
        "travel-policy-2023.txt": "…  Use of a private car is paid at 40p per mile.",
    }
    given = answer(Ask("What was the mileage rate in 2023?"), Shelf(texts, cosine=0.3), models)
    assert "40p" in given.text.splitlines()[0]
    assert given.citations[0].source == "travel-policy-2023.txt"
    nothing = answer(Ask("What was the parking charge in 2023?"), Shelf(texts, cosine=0.3), models)
    assert not nothing.citations


@pytest.mark.parametrize(
    ("question", "texts", "name"),
    [
        (
            "What changed in the coffee policy?",
            {**TEXTS, "checklist.txt": "…  Coffee with the team."},
            "coffee",
        ),
        ("食堂規程は変わりましたか", {**JAPANESE, "案内.txt": "…  食堂は12時に開く。"}, "食堂"),
    ],
)
def test_a_document_that_there_is_not_has_not_changed(
    models: Models, question: str, texts: dict[str, str], name: str
) -> None:
    given = asked(question, models, texts)
    assert given.abstained
    (said,) = (note.message for note in given.notes if note.code == "no_such_document")
    assert name in said


@pytest.mark.parametrize(
    ("question", "name", "text"),
    [
        (
            "What changed in the parking policy?",
            "handbook.txt",
            "…4.4 Parking and bicycles\n\nThe lot has 46 places.",
        ),
        ("What changed in the mileage rules?", "mileage-2025.txt", "…  A mile is paid at 45p."),
        ("テレワーク規程は変わりましたか", "在宅勤務規程.txt", "…  在宅勤務は週3日を限度とする。"),
    ],
)
def test_one_that_is_called_so_in_a_heading_a_name_or_other_words_is_there(
    models: Models, question: str, name: str, text: str
) -> None:
    assert "no_such_document" not in notes(asked(question, models, {name: text}))


def test_one_that_has_a_heading_for_it_is_there(models: Models) -> None:
    class Headed(Shelf):
        def hits(self) -> list[Hit]:
            return [replace(hit, headings=("Handbook", "Parking")) for hit in super().hits()]

    shelf = Headed({"handbook.txt": "…  Parking\n\nThe lot has 46 places."}, cosine=0.8)
    given = answer(Ask("What changed in the parking rules?"), shelf, models)
    assert "no_such_document" not in notes(given)


@pytest.mark.parametrize(
    "question",
    [
        "What changed in the coffee policy and how much does the parking permit cost?",
        "What changed in the coffee policy and what does parking cost?",
        "What changed in the coffee policy? What does parking cost?",
    ],
)
def test_what_is_asked_beside_a_document_that_there_is_not_is_answered(models: Models, question: str) -> None:
    texts = {**TEXTS, "handbook.txt": "…  A parking permit costs £15 a month."}
    assert "£15" in asked(question, models, texts).text


@pytest.mark.parametrize("name", ["出張旅費規程", "出張規程", "旅費規程"])
def test_a_document_that_is_called_by_a_part_of_its_name_is_laid_side_by_side(
    models: Models, name: str
) -> None:
    rule = "…  # 出張旅費規程\n\n日当は{}とする。\n\n宿泊費の上限は{}とする。"
    texts = {
        "出張旅費規程_2022年版.md": rule.format("2,000円", "9,000円"),
        "出張旅費規程_2025年版.md": rule.format("2,500円", "11,000円"),
    }
    given = asked(f"{name}はどう変わりましたか", models, texts)
    assert [line.partition(":")[0] for line in given.text.splitlines()] == ["2025", "2022"] * 2


def test_more_changes_than_are_shown_are_counted(models: Models) -> None:
    rules = {
        year: "…  " + "\n\n".join(f"The {what} costs £{price} a day." for what in WARES)
        for year, price in ((2024, 10), (2025, 12))
    }
    texts = {f"price-list-{year}.txt": text for year, text in rules.items()}
    given = asked("What changed between 2024 and 2025 in the price list?", models, texts)
    assert len(given.text.splitlines()) == 12
    assert [note.message for note in given.notes if note.code == "more_changes"] == [
        "The editions differ in 8 places, of which 6 are shown: ask about one matter to see more of it."
    ]
    assert "more_changes" not in notes(asked("How has the price of the kettle changed?", models, texts))


WARES = ("kettle", "pump", "tank", "filter", "valve", "sensor", "cable", "gauge")


def test_a_third_edition_contradicts_nothing_that_is_compared(models: Models) -> None:
    texts = TEXTS | {"travel-policy-2021.txt": "…  A private car is paid at 35p per mile."}
    given = asked("How has the rate for a private car changed since 2023?", models, texts)
    assert "45p" in given.text
    assert "40p" in given.text
    assert not given.conflicts


def test_what_stands_under_the_plain_name_is_dated_by_its_beginning(models: Models) -> None:
    texts = {
        "leave-policy-2024.txt": "…  Effective 1 January 2024. A doctor's note is required from the third day.",
        "leave-policy.txt": "…  Effective 1 January 2026. A doctor's note is required from the fourth day.",
    }
    given = asked("When is a doctor's note required?", models, texts)
    assert "fourth" in given.text.splitlines()[0]
    assert given.citations[0].source == "leave-policy.txt"
    changed = asked("What changed in the leave policy?", models, texts).text.splitlines()
    assert [line.partition(":")[0] for line in changed] == ["2026", "2024"]


def test_where_the_beginning_has_no_date_nothing_says_which_is_newer(models: Models) -> None:
    texts = {
        "leave-policy-2024.txt": "…  A doctor's note is required from the third day.",
        "leave-policy.txt": "…  A doctor's note is required from the fourth day.",
    }
    assert "older_edition" not in notes(asked("When is a doctor's note required?", models, texts))


@pytest.mark.parametrize(
    "question", ["旧規程の日当は", "旧規程では日当はいくらでしたか", "以前の日当はいくらでしたか"]
)
def test_what_an_old_rule_said_is_answered_from_it(models: Models, question: str) -> None:
    texts = {
        f"出張旅費規程_{year}年版.txt": f"…  第7条（日当）\n\n区分 | 日当\n近距離 | {amount}円\n遠距離 | {amount * 2}円"
        for year, amount in ((2025, 1200), (2022, 1000))
    }
    given = asked(question, models, texts)
    assert "1000円" in given.text
    assert "1200円" not in given.text
