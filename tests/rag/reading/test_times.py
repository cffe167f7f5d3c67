"""Who asks for a time of day is told one: the words that name it (時刻, "time") are told by giving it."""

from __future__ import annotations

import pytest

from rag.reading.clues import clock_words, tells_a_time
from rag.reading.sentences import choose
from tests.rag.readings import answered, read

LATE = "…  第28条（遅刻）\n\n遅刻または欠勤するときは、始業時刻までに所属長へ連絡する。"
HOURS = "…  第10条（労働時間）\n\n始業は8時45分、終業は17時30分、休憩は12時から13時までの1時間とする。"


@pytest.mark.parametrize(
    ("question", "said"),
    [("始業時刻は何時ですか", "8時45分"), ("終業時刻は何時ですか。", "17時30分")],
)
def test_the_time_is_told_and_not_what_only_names_it(question: str, said: str) -> None:
    assert answered(question, LATE, HOURS).startswith(f"{said} [2]\n「始業は8時45分")


def test_no_time_of_something_else_stands_before_what_is_asked_about() -> None:
    texts = {
        "desk.txt": "…  The service desk is open from 7:30 to 19:00. Tell your manager by 9:30.",
        "way.txt": "…  From the station the bus runs every 20 minutes.",
    }
    chosen = choose(read("What time does the bus leave?", texts))
    assert chosen[0].text == "From the station the bus runs every 20 minutes."


def test_who_asks_for_a_rule_on_it_is_told_the_rule() -> None:
    assert (
        choose(read("始業時刻に遅れるときは誰に連絡しますか", {"a.txt": LATE, "b.txt": HOURS}))[
            0
        ].passage.marker
        == 1
    )


@pytest.mark.parametrize(
    ("question", "asks"),
    [
        ("始業時刻は何時ですか", True),
        ("What time does the office open?", True),
        ("残業は何時間まで認められますか", False),
        ("How much time do I have?", False),
    ],
)
def test_which_questions_ask_for_a_time_of_day(question: str, asks: bool) -> None:
    assert bool(clock_words(question)) == asks


@pytest.mark.parametrize(
    ("text", "tells"),
    [
        ("始業は8時45分とする。", True),
        ("open from 9 am", True),
        ("by noon", True),
        ("時刻を合わせる。", False),
        ("8時間", False),
    ],
)
def test_what_tells_one(text: str, tells: bool) -> None:
    assert tells_a_time(text) == tells
