"""A query as it is searched for."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from corpus.errors import UsageError
from rag.prompts.prompting import is_japanese
from rag.retrieval.query import clean_query


@pytest.mark.parametrize(
    ("asked", "searched"),
    [
        ("How many days\tof leave?\x00", "How many days of leave?"),
        ("ＶＰＮ", "VPN"),
        ("４％ ｏｆ １，０００", "4% of 1,000"),
        ("Ｅ－４０３２の重さは？", "E-4032の重さは？"),
        ("ﾎﾟﾝﾌﾟの「Ａ」", "ポンプの「A」"),
        ("E\u22124032 and E\u20114058", "E-4032 and E-4058"),
        ("leave \u2013 carried over", "leave \u2013 carried over"),
        ("leave 🙂", "leave"),
        ("👩\u200d💻 remote work ❤\ufe0f!", "remote work !"),
        ("🙂👍", "🙂👍"),
        ("5℃ ① ㈱ 25°C", "5℃ ① ㈱ 25°C"),
    ],
)
def test_widths_dashes_and_emoji_do_not_matter(asked: str, searched: str) -> None:
    assert clean_query(asked, 100) == searched


def test_half_width_katakana_is_japanese() -> None:
    assert is_japanese(clean_query("ｻｰﾊﾞｰ", 100))


def letters(text: str) -> list[str]:
    """The letters and figures that are no emoji, in their usual widths."""
    plain = re.sub("[\u2600-\u27bf\U0001f000-\U0001faff]", " ", text)
    return [c for c in unicodedata.normalize("NFKC", plain) if c.isalnum()]


@given(st.text(max_size=60))
@example("ＶＰＮ ﾎﾟﾝﾌﾟ")
@example("❶ leave 🄰")
def test_a_cleaned_query_is_one_line_of_text_that_can_be_encoded(query: str) -> None:
    try:
        cleaned = clean_query(query, 60)
    except UsageError:
        assert not letters(query)
        return
    assert cleaned.encode("utf-8")
    assert cleaned == " ".join(cleaned.split()) != ""
    assert clean_query(cleaned, 60) == cleaned
    assert letters(cleaned) == letters(query)
