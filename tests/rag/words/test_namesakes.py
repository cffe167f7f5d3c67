"""Documents that are named alike but for what they are about are told apart; editions and kinds of document are not."""

from __future__ import annotations

import pytest

from rag.words.namesakes import are_apart


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Kestrel Valves quarterly report Q2 2025", "Brightwater Pumps quarterly report Q2 2025"),
        ("Handbook for Leeds", "Handbook for Brno"),
        ("Kestrel Valves Quarterly Report", "Brightwater Pumps Quarterly Report"),
        ("brno-leave-policy_2023", "leeds-leave-policy_2025"),
        ("ブライトウォーター日本 2025年度第2四半期決算", "ケストレル日本 2025年度第2四半期決算"),
        ("営業部規程", "総務部規程"),
    ],
)
def test_names_of_a_kind_with_words_of_their_own_are_apart(one: str, other: str) -> None:
    texts = (f"Welcome to {one.title()} and to us.", f"Welcome to {other.title()} and to us.")
    assert are_apart(one, other, texts)
    assert are_apart(other, one, texts[::-1])


def test_a_name_in_small_letters_is_one_where_the_text_bears_it_out() -> None:
    assert not are_apart("travel-policy-anna", "travel-policy-bob")
    assert not are_apart(
        "holiday-policy", "leave-policy", ("See the Holiday policy. A holiday is paid.", "A leave is.")
    )
    assert are_apart("leeds-policy", "brno-policy", ("We in Leeds work.", "We in Brno work."))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Leave Policy 2025", "Leave Policy 2023"),
        ("Leave Policy 2025", "Leave Policy 2025 (copy for works council)"),
        ("HR policy", "HR handbook"),
        ("Employee Handbook", "Staff Handbook"),
        ("Employee Handbook", "FAQ"),
        ("leave-policy-v2", "leave-policy-final"),
        ("就業規則（2023年版）", "就業規則（2025年版）"),
        ("旧就業規則", "新就業規則"),
        ("旅費規程", "出張旅費規程"),
        ("", "Leave Policy"),
        ("Expense policy", "Expenses policy"),
        ("Travel policy", "Business trips policy"),
        ("Holiday Policy", "Leave Policy"),
        ("travel_rules_signed", "travel_rules_unsigned"),
        ("休暇規程", "有休規程"),
    ],
)
def test_editions_kinds_and_additions_are_not(one: str, other: str) -> None:
    assert not are_apart(one, other)
    assert not are_apart(other, one)
