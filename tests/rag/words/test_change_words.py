"""Which questions ask for what changed between two editions, and in what."""

from __future__ import annotations

import pytest

from rag.words.changes import change_asked_for, without_the_past


@pytest.mark.parametrize(
    "question",
    [
        "What changed between 2023 and 2025 in the travel policy?",
        "How has the mileage rate changed?",
        "What is new in the 2024 remote work policy?",
        "What is the difference between the 2022 and the 2024 remote work policy?",
        "Has the number of days staff can work from home changed?",
        "Compare the 2023 and 2025 travel policies.",
        "How does the new travel policy differ from the old one?",
        "Has the meal allowance gone up?",
        "Was the hotel limit raised by 5 %?",
        "Was the deadline for claims extended?",
        "Has first class by rail been abolished?",
        "Has the travel policy been updated yet?",
        "Is the mileage rate still the same?",
        "Which rules on taxis have changed since 2023?",
        "How much did the price rise?",
        "By how much did the hotel limit fall?",
        "Did the mileage rate rise?",
        "How much more does the kettle cost now?",
        "How much higher is the allowance than before?",
        "2023年版と2025年版で何が変わりましたか",
        "旧規程との違いは？",
        "在宅勤務規程は旧規程とどう違いますか",
        "日当はどう変わりましたか",
        "出張旅費規程の変更点は？",
        "役員の日当は上がりましたか",
        "仮払いは廃止されましたか",
        "以前と比べて宿泊費はどう変わった？",
    ],
)
def test_a_question_about_a_change_is_known(question: str) -> None:
    assert change_asked_for(question) is not None


@pytest.mark.parametrize(
    "question",
    [
        "How do I change my address?",
        "What happens if my circumstances change?",
        "What changes must be reported to HR?",
        "How often is the password changed?",
        "Has the password to be changed?",
        "Has my leave been reduced because I was ill?",
        "Was the application for leave cut short?",
        "Has anyone been dropped from the plan?",
        "Was the fire alarm raised?",
        "Has the lease of the hall been extended?",
        "Was the line cut again?",
        "Were the laptops updated this week?",
        "Did the water rise again?",
        "Did the team grow last year?",
        "How much more does the AQ-500 cost than the AQ-300?",
        "How much more may I spend in London?",
        "How does hybrid differ from remote work?",
        "What is the difference between the E-4012 and the E-4032?",
        "Who approves changes to the budget?",
        "What was the price last year?",
        "社員証を紛失すると何が変わりますか",
        "住所が変わったときはどうすればいいですか",
        "有給休暇と特別休暇の違いは何ですか",
        "パスワードはいつ変更しますか",
        "契約内容の変更は誰が承認しますか",
        "廃止された規程はどこにありますか",
    ],
)
def test_one_that_only_speaks_of_changing_is_not(question: str) -> None:
    assert change_asked_for(question) is None


@pytest.mark.parametrize(
    ("question", "topic", "periods", "then"),
    [
        ("How has the mileage rate changed?", {"mileag", "rate"}, set(), False),
        ("What changed between 2023 and 2025?", set(), {"2023", "2025"}, False),
        ("What changed in the travel policy in 2023?", {"travel"}, {"2023"}, True),
        ("What has changed since v2?", set(), {"v2"}, False),
        ("日当は2022年版からどう変わりましたか", {"日当"}, {"2022"}, False),
        ("旧規程との違いは？", set(), set(), False),
        ("2025年の改定で何が変わりましたか", set(), {"2025"}, True),
    ],
)
def test_what_it_asks_about_and_which_editions_it_names(
    question: str, topic: set[str], periods: set[str], then: bool
) -> None:
    change = change_asked_for(question)
    assert change is not None
    assert (change.topic().keys(), change.periods, change.then) == (topic, periods, then)


def test_the_words_of_a_documents_name_are_not_what_is_asked_about() -> None:
    change = change_asked_for("How has the hotel limit in the travel policy changed?")
    assert change is not None
    assert change.topic(frozenset({"travel", "polic"})).keys() == {"hotel", "limit"}


@pytest.mark.parametrize(
    ("question", "document"),
    [
        ("What changed in the coffee policy?", "coffee"),
        ("Has the parking policy changed?", "parking"),
        ("How has the hotel limit in the travel policy changed?", "travel"),
        ("What has changed in our remote work policy since 2022?", "remote work"),
        ("What changed in the company policy?", ""),
        ("How has the mileage rate changed?", ""),
        ("社員食堂規程は変わりましたか", "社員食堂"),
        ("現行の旅費規程の変更点は？", "旅費"),
        ("旧規程との違いは？", ""),
        ("What changed in the price list?", "price list"),
        ("価格表の変更点は？", "価格表"),
    ],
)
def test_what_a_document_is_called_by(question: str, document: str) -> None:
    change = change_asked_for(question)
    assert change is not None
    assert change.document == document


@pytest.mark.parametrize(
    ("question", "left"),
    [
        ("旧規程の日当は", "日当は"),
        ("旧規程では日当はいくらでしたか", "日当はいくらでしたか"),
        ("以前の日当はいくらでしたか", "日当はいくらでしたか"),
        ("改定前の日当は？", "日当は？"),
        ("What was the mileage rate before?", "What was the mileage rate ?"),
        ("What was the hotel limit under the old policy?", "What was the hotel limit ?"),
        ("How long before the journey do I book?", "How long before the journey do I book?"),
        ("旧規程", "旧規程"),
    ],
)
def test_what_asks_of_an_earlier_edition_is_no_word_of_what_is_asked(question: str, left: str) -> None:
    assert without_the_past(question) == left
