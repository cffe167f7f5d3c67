"""The row that names a table's columns is known as that, and is never quoted as an answer."""

from __future__ import annotations

import pytest

from rag.reading.headers import is_header
from tests.rag.readings import answered

LEAVE = (
    "…  6 Annual leave\n\nPart-timers have the same in proportion.\n\n"
    "Full years of service on 1 January | Days of annual leave\n0 to 2 | 26\n3 | 27\n6 and more | 30"
)
STAFF = (
    "…  Tom Baker | Leeds | Manager\nHanako Sato-Yamamoto | Tokyo head office | Director of sales\n"
    "Ann Walker-Smith | Paris branch office | Assistant director"
)
STAFF_JA = "…  田中 | 大阪 | 部長\n佐藤花子 | 東京本社 | 営業担当取締役\n鈴木一郎 | 名古屋支店 | 総務課長補佐"
PARKING = "…  First 30 minutes | free\n2 hours | 3 €\n4 hours | 5 €"


def test_the_rows_answer_and_not_what_stands_over_them() -> None:
    answer = answered("How many days of annual leave do I get?", LEAVE)
    assert "0 to 2 | 26" in answer
    header = LEAVE.splitlines()[4]
    assert f"“{header}”" not in answer
    assert f"{header}: “" in answer
    assert answer.count(" | ") >= 4  # two rows, each behind the names of its columns


@pytest.mark.parametrize(
    ("question", "table", "row"),
    [
        ("Who is the manager in Leeds?", STAFF, "“Tom Baker | Leeds | Manager”"),
        ("大阪にいるのは誰ですか。", STAFF_JA, "「田中 | 大阪 | 部長」"),
        ("How much are the first 30 minutes of parking?", PARKING, "“First 30 minutes | free”"),
    ],
)
def test_the_first_row_of_a_table_without_a_header_answers(question: str, table: str, row: str) -> None:
    answer = answered(question, table)
    assert next(line for line in answer.splitlines() if "|" in line).startswith(row)
    assert ": “" not in answer
    assert ": 「" not in answer


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        (["Years on 1 January | Days of leave", "0 to 2 | 26", "3 | 27"], True),
        (
            [
                "Subject | Until 31 March 2025 | From 1 April 2025",
                "Meals | £35 | £45",
                "Rail | no | £9 a day",
            ],
            True,
        ),
        (
            ["項目 | 第3版（2022年） | 第4版（2025年）", "日当 | 2,500円 | 3,000円", "運賃 | 部長以上 | 5級"],
            True,
        ),
        (
            ["Phase 1 | May 2024 | June 2024", "Phase 2 | July 2024 | May 2025", "Phase 3 | 2026 | 2027"],
            False,
        ),
        (["4月1日の勤続年数 | 休暇日数", "0～2年 | 26日", "3年 | 27日"], True),
        (["Owner | Head of People", "Classification | Internal", "State | In force"], False),
        (["Brno | n/a", "Leeds | 12", "Paris | 13"], True),  # as before: figures stand under none
        (["Leeds on 1 May | no", "Paris | 13", "Brno | 4"], False),
        (["Ann Lee | Sales | Leeds", "Bo Ek | IT | Brno", "Cy Fox | HR | York"], False),
        (["First 30 minutes | free of charge", "2 hours | 3 €", "4 hours | 5 €"], False),
        (["1～5名 | 無料", "6～10名 | 3,000円", "11名以上 | 5,000円"], False),
        (
            [
                "区分 | 申請先 | 承認者",
                "近距離の出張 | 所属部門の総務担当者 | 課長",
                "海外 | 総務部 | 担当役員",
            ],
            False,
        ),
        (["Years on 1 January | Days of leave"], False),
    ],
)
def test_a_header_is_known(rows: list[str], named: bool) -> None:
    assert is_header(rows) is named
