"""A quarter is the same one however it is written."""

from __future__ import annotations

import pytest

from rag.words.quarters import quarters


@pytest.mark.parametrize(
    "text",
    [
        "Q3 2024",
        "2024_Q3_results.pdf",
        "FY24Q3",
        "2024年3Q",
        "Ｑ３",
        "third quarter",
        "3rd fiscal quarter",
        "quarter 3",
        "第三四半期",
    ],
)
def test_every_spelling_is_the_third(text: str) -> None:
    assert [number for number, _ in quarters(text)] == [3]


@pytest.mark.parametrize("text", ["a quarter of them", "FAQ3", "Q35", "Q3rd", "quarterly"])
def test_what_only_looks_like_one_is_none(text: str) -> None:
    assert list(quarters(text)) == []
