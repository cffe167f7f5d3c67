"""The row that names a table's columns is known as that, and is never quoted as an answer."""

from __future__ import annotations

import pytest

from rag.reading.headers import is_header
from tests.rag.readings import answered

LEAVE = (
    "…  6 Annual leave\n\nPart-timers have the same in proportion.\n\n"
    "Full years of service on 1 January | Days of annual leave\n0 to 2 | 26\n3 | 27\n6 and more | 30"
)
RETURNS = (
    "…  3. Send\n\nFrom | Address | Label\nIreland | Nordhalm Repair, Aire House | Prepaid, from the form\n"
    "Japan | Nordhalm Keisoku, Yokohama | By the customer desk"
)


@pytest.mark.parametrize(
    ("question", "text", "quoted"),
    [
        ("How many days of annual leave do I get?", LEAVE, "0 to 2 | 26"),
        ("What is the address for repairs?", RETURNS, "Nordhalm Repair, Aire House"),
    ],
)
def test_the_rows_answer_and_not_what_stands_over_them(question: str, text: str, quoted: str) -> None:
    answer = answered(question, text)
    assert quoted in answer
    header = text.splitlines()[4 if text is LEAVE else 2]
    assert f"“{header}”" not in answer
    assert f"{header}: “" in answer
    assert answer.count(" | ") >= 4  # two rows, each behind the names of its columns


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        (["Years on 1 January | Days of leave", "0 to 2 | 26", "3 | 27"], True),
        (["4月1日の勤続年数 | 休暇日数", "0～2年 | 26日", "3年 | 27日"], True),
        (
            [
                "From | Address | Label",
                "Ireland | Aire House, Leeds | Prepaid",
                "Japan | Yokohama | By the desk",
            ],
            True,
        ),
        (
            [
                "区分 | 申請先 | 承認者",
                "近距離の出張 | 所属部門の総務担当者 | 課長",
                "海外 | 総務部 | 担当役員と社長",
            ],
            True,
        ),
        (["Owner | Head of People", "Classification | Internal", "State | In force"], False),
        (["Brno | n/a", "Leeds | 12", "Paris | 13"], True),  # as before: figures stand under none
        (["Leeds on 1 May | no", "Paris | 13", "Brno | 4"], False),
        (["Ann Lee | Sales | Leeds", "Bo Ek | IT | Brno", "Cy Fox | HR | York"], False),
        (["From | Address | Label", "Japan | Yokohama"], False),
        (["From | Address | Label"], False),
    ],
)
def test_a_header_is_known(rows: list[str], named: bool) -> None:
    assert is_header(rows) is named
