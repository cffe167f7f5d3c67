"""Entries that hold for all places which a document does not name."""

from __future__ import annotations

import pytest

from rag.grounding.abstention import FITTED, signals
from rag.prompts.prompting import Reading, ReadPassage
from rag.reading.sentences import answer_prompt
from rag.words.elsewhere import is_rest, meant, places
from tests.rag.hits import Shelf

LIMITS = "| Town | Hotel limit |\n|---|---|\n| London | £185 |\n| Rest of the United Kingdom | £130 |"
上限 = "| 宿泊地 | 宿泊費の上限 |\n|---|---|\n| 東京都 | 14,000円 |\n| その他の地域 | 11,000円 |"


@pytest.mark.parametrize(
    "text",
    [
        "| Rest of the United Kingdom | £130 |",
        "| Czech Republic and rest of Europe | £95 |",
        "Other places in Europe",
        "In all other cities the limit is £90.",
        "Elsewhere as approved",
        "| その他の地域 | 11,000円 |",
        "上記以外の都市は、9,000円とする。",
    ],
)
def test_an_entry_for_the_rest_is_known(text: str) -> None:
    assert is_rest(text)


@pytest.mark.parametrize(
    "text",
    [
        "6 months, or the rest of the original period",
        "Other revenues rose by 3 %.",
        "The rest of the team is told.",
        "Among other countries we ship to Japan.",
        "その他の手当",
        "当社以外による分解",
        "その他の国民の祝日",
        "Buy any other office supplies yourself.",
    ],
)
def test_other_things_left_over_are_no_places(text: str) -> None:
    assert not is_rest(text)


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("What is the hotel limit in Edinburgh?", {"edinburgh"}),
        ("What may I spend in New York?", {"new", "york"}),
        ("What was Apple's revenue in March?", set()),
        ("What is stated in ISO 9001?", set()),
        ("WHAT IS THE LIMIT IN LONDON?", set()),
        ("What did Tesla earn?", set()),
        ("In Edinburgh, what is the limit?", {"edinburgh"}),
        ("What is stated in Appendix B?", set()),
        ("福井さんの内線番号は何番ですか。", set()),
        ("石川部長の上限は。", set()),
        ("日本語の研修はありますか。", set()),
        ("上限は大分変わりましたか。", set()),
        ("大分県での上限は。", {"大分"}),
        ("福井の上限は。", {"福井"}),
    ],
)
def test_places_stand_behind_a_word_of_place(question: str, named: set[str]) -> None:
    assert places(question) == named


def test_a_place_that_is_named_is_not_among_the_rest() -> None:
    assert meant("What is the limit in Edinburgh?", [LIMITS]) == {"edinburgh"}
    assert not meant("What is the limit in London?", [LIMITS])
    assert not meant("名古屋営業所の住所を教えてください。", [上限 + "\n| 名古屋市 | 12,500円 |"])
    assert meant("新潟営業所の上限は。", [上限]) == {"新潟"}
    assert not meant("What is the limit in Edinburgh?", [LIMITS.replace("Rest of the", "The")])


@pytest.mark.parametrize(
    ("question", "text", "row"),
    [
        ("What is the hotel limit in Edinburgh?", LIMITS, "Rest of the United Kingdom | £130"),
        ("新潟の宿泊費の上限はいくらですか。", 上限, "その他の地域 | 11,000円"),
    ],
)
def test_what_holds_for_the_rest_is_answered_and_comes_first(question: str, text: str, row: str) -> None:
    # Without a cosine both questions are judged by words alone, in one way.
    assert not FITTED.refuses(signals(question, Shelf({"d.md": f"…  {text}"}).hits()))
    without = text.replace("Rest of the", "Head office,").replace("その他の地域", "本店")
    assert (
        signals(question, Shelf({"d.md": f"…  {without}"}).hits()).best
        < signals(question, Shelf({"d.md": f"…  {text}"}).hits()).best
    )
    said = list(answer_prompt(Reading(question, (ReadPassage(1, "limits.md", "", text),))))
    quoted = next(part for part in said if "|" in part and ("“" in part or "「" in part))
    assert row in quoted


def test_of_several_entries_none_is_the_short_answer() -> None:
    several = LIMITS + "\n| Other places in Europe | £125 |\n| Elsewhere | £90 |"
    said = list(
        answer_prompt(
            Reading("How much is the hotel limit in Edinburgh?", (ReadPassage(1, "limits.md", "", several),))
        )
    )
    assert all("“" in part for part in said)
    assert all(any(value in part for part in said) for value in ("£130", "£125", "£90"))
