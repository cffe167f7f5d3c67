"""What a sentence that keeps close to its source says otherwise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.grounding.alterations import alterations, are_closer, differences

MILEAGE = "A car is paid at 45p per mile for the first 10,000 miles and 25p per mile after that."
CLASS = "First class is not paid; if you upgrade at your own cost, claim the standard fare."


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("Staff may carry over five days.", "Staff may not carry over five days."),
        ("Staff may not carry over five days.", "Staff may carry over five days."),
        ("You cannot work abroad.", "You can work abroad."),
        ("You can work abroad.", "You can't work abroad."),
        ("The company pays for first class.", "The company does not pay for first class."),
        ("A deposit is needed.", "No deposit is needed."),
        ("First class is paid.", CLASS),
        ("Rooms are booked after the trip.", "Rooms are booked before the trip."),
        ("At most three days are paid.", "At least three days are paid."),
        ("The leave is unpaid.", "The leave is paid."),
        ("Claims are taken if the director signs.", "Claims are taken unless the director signs."),
        ("翌年度に繰り越すことができない。", "翌年度に繰り越すことができる。"),
        ("翌年度に繰り越すことができます。", "翌年度に繰り越すことができません。"),
        ("申請書を提出しなくてもよい。", "申請書を提出しなければならない。"),
        ("申請書を提出してはならない。", "申請書を提出しなければならない。"),
        ("会社は費用を負担しない。", "会社は費用を負担する。"),
        ("10日以降に申請する。", "10日以内に申請する。"),
        ("出発の3日後までに申請する。", "出発の3日前までに申請する。"),
        ("代替機の貸出は有料とする。", "代替機の貸出は無料とする。"),
    ],
)
def test_the_opposite_is_seen(claim: str, source: str) -> None:
    assert alterations(claim, source).negated


@pytest.mark.parametrize(
    ("claim", "source", "changed"),
    [
        (MILEAGE.replace("45p", "x").replace("25p", "45p").replace("x", "25p"), MILEAGE, ("25p", "45p")),
        ("Bob approves leave.", "Alice approves leave.", ("Bob",)),
        ("Parts are ordered in York today.", "Parts are ordered in Leeds today.", ("York",)),
        ("鈴木部長が休暇を承認する。", "佐藤部長が休暇を承認する。", ("鈴木",)),
        ("部品は東京に注文する。", "部品は大阪に注文する。", ("東京",)),
        ("ボイラーの点検は春に行う。", "ポンプの点検は春に行う。", ("ボイラー",)),
        ("The board met on 3 May in Leeds.", "The board met on 2 May in Leeds.", ("3 May",)),
    ],
)
def test_what_stands_in_anothers_place_is_named(claim: str, source: str, changed: tuple[str, ...]) -> None:
    assert alterations(claim, source).changed == changed


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("If you upgrade at your own cost, claim the standard fare.", CLASS),
        ("You can't work abroad.", "You cannot work abroad."),
        ("Paris pays 160 and London 185 a night.", "London pays 185 and Paris 160 a night."),
        ("翌年度に繰り越すことができる。", "翌年度に限り、繰り越すことができる。"),
        ("申請書を提出する必要がある。", "申請書を提出しなければならない。"),
        ("Leave not taken lapses.", "Any leave that was not taken lapses."),
        ("Wholly another thing is said here.", "The pump is serviced in hall 3."),
    ],
)
def test_what_is_left_out_or_put_otherwise_is_no_alteration(claim: str, source: str) -> None:
    assert not alterations(claim, source)


def test_a_common_word_is_no_name() -> None:
    assert not alterations("Employees get a badge.", "Staff get a badge.", common=frozenset({"staff"}))


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_two_texts_can_be_compared_and_one_with_itself_says_the_same(one: str, other: str) -> None:
    assert 0 <= alterations(one, other).close <= 1
    assert not alterations(one, one)


def test_texts_are_closer_than_a_share_where_so_much_of_them_is_the_same() -> None:
    texts = [
        "A hotel night is paid up to 120 euros.",
        "A hotel night is paid up to 140 euros.",
        "Up to 120 euros a hotel night is paid.",
        "Lunch is at noon.",
        "120",
    ]
    for one in texts:
        for other in texts:
            share = differences(one, other)[0]
            assert not are_closer(one, other, share)
            assert are_closer(one, other, share - 0.01) is (share > 0 or {one, other} != {"120"})
