"""What a question asks of all rows of a table is reckoned right, or not at all."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.prompts.prompting import ReadPassage
from rag.reading.over_rows import Tallied, tallied
from rag.reading.tables import said_to_be_whole

PLANS = ("Plan | Price | Seats", "Starter | £9 | 5", "Team | £19 | 20", "Business | £35 | 100")
STAFF = (
    "Name | Job | City | Extension",
    "Ann Hall | Engineer | Leeds | 201",
    "Bo Lee | QA Engineer | Brno | 202",
    "Jan Cerny | Designer | Brno | 203",
)


def ask(question: str, lines: Sequence[str], title: str = "List", rows: int | None = None) -> Tallied | None:
    whole = said_to_be_whole(title, len(lines) - 1 if rows is None else rows)
    place = f"{title}, page 1 (list.md)"
    return tallied(question, [ReadPassage(1, place, whole, "\n".join(lines))])


def firsts(found: Tallied | None) -> list[str] | None:
    return None if found is None else [unit.text.split(" | ")[0] for unit in found.rows]


amounts = st.lists(st.integers(0, 9_999_999), min_size=2, max_size=12)
written = st.sampled_from(["£{:,}", "{:,}円", "€{}", "{} EUR"])


@given(amounts, written)
def test_the_dearest_the_cheapest_and_the_sum_are_those_of_the_column(values, form):
    lines = ["Plan | Price", *(f"P{n} | {form.format(value)}" for n, value in enumerate(values))]
    for question, best in (("Which plan is cheapest?", min), ("What is the most expensive plan?", max)):
        own = [f"P{n}" for n, value in enumerate(values) if value == best(values)]
        assert firsts(ask(question, lines)) == (own if len(own) < len(values) else None)
    total = ask("What do all plans cost together?", lines)
    assert total is not None
    assert total.amount.startswith(f"{sum(values):,}")
    assert len(total.rows) == len(values)


@pytest.mark.parametrize(
    ("prices", "amount"), [(("£9.25", "£0.25"), "9.50 GBP"), (("£1,200", "£800"), "2,000 GBP")]
)
def test_a_sum_of_money_is_written_as_money_is(prices: Sequence[str], amount: str) -> None:
    lines = ["Plan | Price", *(f"P{n} | {price}" for n, price in enumerate(prices))]
    total = ask("What do all plans cost together?", lines)
    assert total is not None
    assert total.amount == amount


def test_a_sum_has_the_unit_of_its_column_as_it_is_written() -> None:
    total = ask("人数は合計で何人ですか", ["部署 | 人数", "営業部 | 23名", "管理部 | 8名"])
    assert total is not None
    assert total.amount in ("31人", "31名")


@given(st.lists(st.sampled_from(["Leeds", "Brno", "Osaka"]), min_size=1, max_size=15))
def test_who_works_somewhere_is_counted(cities):
    lines = [
        "Name | City | Extension",
        *(f"Person {n} | {city} | {200 + n}" for n, city in enumerate(cities)),
    ]
    found = ask("How many people work in Brno?", lines)
    assert (0 if found is None else int(found.amount)) == cities.count("Brno")


@pytest.mark.parametrize(
    ("question", "lines", "rows"),
    [
        ("Which plan has the most seats?", PLANS, ["Business"]),
        ("Which plan has the lowest price?", PLANS, ["Starter"]),
        ("How many engineers do we have?", STAFF, ["Ann Hall", "Bo Lee"]),
        ("How many employees work in Brno?", STAFF, ["Bo Lee", "Jan Cerny"]),
        ("How many seats are there in total?", PLANS, ["Starter", "Team", "Business"]),
        ("Which is the oldest machine?", ("Machine | Bought | Service", "A | 2019 | 2026", "B | 2011 | 2027"), ["B"]),
        ("一番安い商品はどれですか", ("商品 | 価格", "羊羹 | 1,100円", "まんじゅう | 780円"), ["まんじゅう"]),
        ("一番高い設備は？", ("設備 | 取得価額 | 導入", "炉 | 3,200万円 | 2016年", "秤 | 98万円 | 2020年"), ["炉"]),
        ("最も人数の多い部門は", ("部門 | 人数", "製造部 | 27名", "営業部 | 9名"), ["製造部"]),
        ("取得価額は合計でいくらですか", ("設備 | 取得価額", "炉 | 200万円", "秤 | 98万円"), ["炉", "秤"]),
        ("営業部には何人いますか", ("氏名 | 部署 | 内線", "岡本 | 営業部 | 301", "森 | 総務部 | 111"), ["岡本"]),
        ("Which plan is cheapest?", (*PLANS, "Total | £63 | 125"), ["Starter"]),
        ("一番高い設備は？", ("設備 | 取得価額", "炉 | 200万円", "秤 | 98万円", "合計（税込） | 298万円"), ["炉"]),
        ("人数の最も少ない部門は", ("部門 | 人数", "製造部 | 27名", "営業部 | 9名"), ["営業部"]),
        ("Which is longest, of the contracts?", ("Plan | Contract", "A | 12 months", "B | 2 years"), ["B"]),
    ],
)  # fmt: skip
def test_what_is_sure_is_told(question, lines, rows):
    assert firsts(ask(question, lines)) == rows


@pytest.mark.parametrize(
    ("question", "lines"),
    [
        # nothing is asked of all rows
        ("What does the Team plan cost?", PLANS),
        ("How many seats can a Team plan have at most?", PLANS),
        # a word that stands nowhere
        ("Which router is cheapest?", PLANS),
        ("How many people work in Tokyo?", STAFF),
        # a cell that gives no figure, several, or one within bounds
        ("Which plan is cheapest?", ("Plan | Price", "A | £9", "B | on request", "C | £7")),
        ("Which plan is cheapest?", ("Plan | Price", "A | £9", "B | £5 to £20", "C | £7")),
        ("Which plan is cheapest?", ("Plan | Price", "A | £9", "B | from £5", "C | £7")),
        ("精度が一番高い製品は", ("製品 | 精度", "A | ±0.5度", "B | ±0.1度")),
        # less than nothing, as accounts write it
        ("Which account has the lowest balance?", ("Account | Balance", "A | (£20)", "B | £10")),
        ("増減が一番小さい部門は", ("部門 | 増減", "営業 | △20万円", "製造 | 10万円")),
        # of several units, or by several columns another
        ("Which plan is cheapest?", ("Plan | Price", "A | £9", "B | €5", "C | £7")),
        ("Which plan is cheapest?", ("Plan | Price a month | Price a year", "A | £9 | £80", "B | £8 | £90")),
        # a column shares no word of content with the question
        (
            "What is the lowest salary band?",
            ("Salary band | Meets the job | Is above", "A | 1.0 % | 2 %", "B | 0.5 % | 1 %"),
        ),
        # all alike
        ("Which plan is cheapest?", ("Plan | Price", "A | £9", "B | £9")),
        # where nobody is listed by name, no people are counted; and a column says how many
        ("How many employees work in Brno?", ("City | Limit", "Brno | €85", "Leeds | €120")),
        ("製造部は何人ですか", ("部門 | 人数", "製造部 | 27", "営業部 | 9")),
        # all rows of a list may be a part of all
        ("How many people do we have?", STAFF),
        # a row that may add the others up
        ("Which one is the most expensive?", ("Journal | Cost", "A | £9", "B | £5", "Total cost of all | £14")),
        ("What do all plans cost together?", ("Plan | Price", "A | £9", "B | £5", "| £14")),
        # a number that is dialled, rows without those that are named, others than the first
        ("What is the phone number of the Leeds office?", ("Office | Phone", "Leeds | 0113 4960", "Bath | 01225 4960")),
        ("How many employees do not work in Brno?", STAFF),
        ("How many people don’t work in Brno?", STAFF),
        ("Which plans are not the cheapest?", PLANS),
        ("What are the three cheapest plans?", PLANS),
        ("一番高い設備の次に高いのは？", ("設備 | 取得価額", "炉 | 200万円", "秤 | 98万円")),
        # prices of one, and of different periods
        ("What does all the software cost in total?", ("Software | Unit price | Seats", "A | £12 | 10", "B | £4 | 40")),
        ("備品は全部でいくらですか", ("備品 | 価格 | 数量", "椅子 | 8,000円 | 10", "机 | 20,000円 | 5")),
        ("Which plan is cheapest?", ("Plan | Price | Billing", "A | £9 | monthly", "B | £80 | yearly")),
        ("Which plan is cheapest?", ("Plan | Price", "A | £9 monthly", "B | £80 yearly")),
        # times and shares do not add up
        ("What is the total contract of all plans?", ("Plan | Contract", "A | 12 months", "B | 24 months")),
    ],
)  # fmt: skip
def test_what_is_not_sure_is_not(question, lines):
    assert ask(question, lines) is None


def test_a_table_that_is_not_whole_tells_nothing():
    question = "Which plan is cheapest?"
    assert ask(question, PLANS) is not None
    assert ask(question, PLANS, rows=9) is None
    assert tallied(question, [ReadPassage(1, "List, page 1 (list.md)", "List", "\n".join(PLANS))]) is None
