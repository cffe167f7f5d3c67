"""What a question asks for: a figure, a kind of answer, the past; and which edition of a work answers first."""

from __future__ import annotations

import pytest

from rag.reading.clues import (
    asked_figures,
    asks_of_the_past,
    expected_kinds,
    fits,
    is_of_itself,
    newer_editions,
)
from rag.reading.sentences import choose
from tests.rag.readings import answered, read


@pytest.mark.parametrize(
    ("question", "which"), [("What is the mileage rate?", 2), ("What was the old mileage rate?", 1)]
)
def test_the_newest_edition_wins_unless_the_past_is_asked_for(question: str, which: int) -> None:
    texts = {
        "travel-2023.txt": "…  The mileage rate is 40p for every mile.",
        "travel-2025.txt": "…  The mileage rate is 45p for every mile.",
    }
    reading = read(question, texts)
    assert newer_editions(reading) == ({1: {2}} if which == 2 else {})
    assert choose(reading)[0].passage.marker == which


@pytest.mark.parametrize(
    ("names", "older"),
    [
        (("policy (2023).txt", "menu (2025).txt"), False),
        (("plan-1-2023.txt", "plan-2-2025.txt"), False),
        (("policy (2023).txt", "policy (2025).txt"), True),
        (("旅費規程_令和5年度.txt", "旅費規程_令和7年度.txt"), True),
        (("archive/policy-2023.txt", "policy-2025.txt"), True),
        (("hr/2023/policy.txt", "hr/2025/policy.txt"), True),
        (("旧/旅費規程_2022年版.txt", "旅費規程_2025年版.txt"), True),
        (("sales/report-2023.txt", "hr/report-2025.txt"), False),
        (("policy-v2.txt", "policy-2025.txt"), False),  # a version and a year cannot be compared
        (("policy-v2.txt", "policy-v10.txt"), True),
        (("board-minutes-2025-03-12.txt", "board-minutes-2025-06-11.txt"), False),  # each of its own day
        (("minutes/2025-03.txt", "minutes/2025-04.txt"), False),
        (("取締役会議事録_2025年3月.txt", "取締役会議事録_2025年4月.txt"), False),
        (("請求書_2025年3月.pdf", "請求書_2025年4月.pdf"), False),
        (("minutes-2025-03-12-v1.txt", "minutes-2025-03-12-v2.txt"), True),
        (("meetings/travel-policy-2023.txt", "meetings/travel-policy-2025.txt"), True),
        (("会議室利用規程_2023年.txt", "会議室利用規程_2025年.txt"), True),
    ],
)
def test_only_an_edition_of_the_same_work_is_newer(names: tuple[str, str], older: bool) -> None:
    reading = read("What is the mileage rate?", dict.fromkeys(names, "…  The mileage rate is 40p."))
    assert newer_editions(reading) == ({1: {2}} if older else {})


@pytest.mark.parametrize(
    ("question", "rather"),
    [
        ("What was the mileage rate in 2023?", {2: {1}}),
        ("What was the mileage rate in 2024?", {2: {1}}),
        ("What is the mileage rate in 2025?", {1: {2}}),
        ("What was the mileage rate in 2022?", {}),  # before any of them
        ("2024年の走行手当はいくらですか", {2: {1}}),
        ("Who was hired before 2024?", {}),
    ],
)
def test_a_year_means_the_edition_that_was_in_force(question: str, rather: dict[int, set[int]]) -> None:
    texts = {
        "travel-2023.txt": "…  The mileage rate is 40p for every mile.",
        "travel-2025.txt": "…  The mileage rate is 45p for every mile. It rose in 2024 and 2023.",
    }
    reading = read(question, texts)
    assert newer_editions(reading) == rather
    if rather and question.isascii():
        assert choose(reading)[0].passage.marker == next(iter(next(iter(rather.values()))))


HISTORY = "Version | Date | Change\n1 | 1 May 2023 | Mileage rate introduced\n2 | 1 May 2024 | Mileage rate confirmed"


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("What is the mileage rate?", "The mileage is paid at a rate of 45p."),
        ("When was the mileage rate introduced?", "1 | 1 May 2023 | Mileage rate introduced"),
    ],
)
def test_a_list_of_editions_answers_what_is_asked_of_them(question: str, said: str) -> None:
    texts = {
        "travel.txt": "…  The mileage is paid at a rate of 45p.",
        "history.txt": f"…  9 History\n\n{HISTORY}",
    }
    assert choose(read(question, texts))[0].text == said


@pytest.mark.parametrize(
    ("text", "of_itself"),
    [
        ("Status | Superseded by version 4.0", True),
        ("施行日 | 2022年4月1日", True),
        ("在宅勤務規程 第1版 文書番号 NKK-人-05 施行日 2021年7月1日", True),
        ("区分 | 一般社員 | 課長", False),
        ("Status of the order | shipped", False),
        ("The owner of a car pays for its insurance.", False),
        ("通信費の補助として、月3,000円を支給する。", False),
    ],
)
def test_what_a_document_says_of_itself(text: str, of_itself: bool) -> None:
    assert is_of_itself(text) == of_itself


@pytest.mark.parametrize(
    ("question", "past"),
    [
        ("What was the old mileage rate?", True),
        ("What did the former policy allow?", True),
        ("What did it cost before?", True),
        ("What was paid before the change?", True),
        ("What did the room use to cost in 2023?", True),
        ("What did lunch cost in an earlier edition?", True),
        ("The limit used to be what?", True),
        ("以前の日当はいくらでしたか。", True),
        ("旧規程の日当は？", True),
        ("How many days before departure must I book?", False),
        ("How old must a child be?", False),
        ("Is a child of 12 years old, or one older than 18, insured?", False),
        ("Is it refunded for cars that are six months old?", False),
        ("Must I ask earlier than a week ahead?", False),
        ("What is the old age pension?", False),
        ("Do former employees keep it?", False),
        ("Which tool is used to measure it?", False),
        ("旧姓は使えますか。", False),
    ],
)
def test_what_asks_of_the_past(question: str, past: bool) -> None:
    assert asks_of_the_past(question) == past


@pytest.mark.parametrize(
    ("question", "texts"),
    [
        (
            "May managers travel in the green car?",
            {
                "travel-2022.txt": "…  Managers may travel in the green car.",
                "travel-2025.txt": "…  The green car is not for managers.",
            },
        ),
        (
            "部長は新幹線のグリーン車に乗れますか。",
            {
                "旅費規程_2022年版.txt": "…  部長は新幹線のグリーン車に乗れますので便利です。",
                "旅費規程_2025年版.txt": "…  新幹線のグリーン車に部長は乗れない。",
            },
        ),
    ],
)
def test_what_an_older_edition_says_in_the_questions_own_words_comes_second(
    question: str, texts: dict[str, str]
) -> None:
    assert [one.passage.marker for one in choose(read(question, texts))] == [2, 1]
    past = question.replace("May", "Formerly, might").replace("部長は", "以前、部長は")
    assert choose(read(past, texts))[0].passage.marker == 1


@pytest.mark.parametrize(
    ("text", "figure", "inside"),
    [
        ("6 and more | 30", 8, True), ("6 and more | 30", 5, False), ("50 to 199 | 9 %", 60, True),
        ("10–49 | 5 %", 60, False), ("3年以上4年未満 | 18日", 3, True), ("10人以下", 12, False),
        ("up to 1,000 miles", 900, True),
        ("no figure", 3, False),
    ],
)  # fmt: skip
def test_figures_lie_in_ranges(text: str, figure: float, inside: bool) -> None:
    assert fits([figure], text) == inside


def test_a_code_is_no_figure() -> None:
    assert sorted(asked_figures("Does NP-5 last eight hours at 30 degrees?")) == [8.0, 30.0]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("When does it begin?", "in March"),
        ("How much is it?", "£12"),
        ("Who signs?", "the director"),
        ("いくらですか", "3,000円"),
    ],
)
def test_a_question_expects_a_kind_of_answer(question: str, answer: str) -> None:
    assert any(kind.search(answer) for kind in expected_kinds(question))


@pytest.mark.parametrize(
    ("question", "text", "counted_so"),
    [
        ("大阪営業所は何名ですか", "…  部署 | 人員\n大阪営業所 | 6名", True),
        ("大阪営業所は何人ですか", "…  部署 | 人員\n大阪営業所 | 6名", True),
        ("大阪営業所は何名ですか", "…  部署 | 人数\n大阪営業所 | 6", True),
        ("大阪営業所は何名ですか", "…  部署 | 係数\n大阪営業所 | 0.95", False),
        ("校正は何台でしたか", "…  校正は1,842台であった。", True),
        ("校正は何台でしたか", "…  校正は8月に終わった。", False),
    ],
)
def test_a_count_is_told_with_its_counter(question: str, text: str, counted_so: bool) -> None:
    (best,) = choose(read(question, {"a.txt": text}))[:1]
    assert bool(best.signs.kind) is counted_so


def test_a_figure_with_the_counter_that_is_asked_for_stands_first() -> None:
    first = answered(
        "大阪営業所は何名ですか", "…  部門 | 係数\n大阪営業所 | 0.95", "…  部署 | 人数\n大阪営業所 | 6名"
    )
    assert "6名" in first.splitlines()[0]
