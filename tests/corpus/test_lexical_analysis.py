"""Analysis is total, blind to width and case, and never makes a token of a clause."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from corpus.language import UNSPACED, fold
from corpus.lexical import analysis
from corpus.lexical.analysis import GAP, PHRASE_BOOST, STOP_WORDS, passage_tokens, query_tokens, weight
from corpus.lexical.stemming import Stemmer
from corpus.lexical.writing import indexed_tokens

UGLY = (
    "aZé ﬁß①１Ａｶﾞガ育児休業はしー、。「」！…“”’–-\u00ad\u200b\u3000\n\t\v\x00\x1c\x1f\ud800\u0301\u3099¨"
    "한กำहिं😀.,:!?()[]*#§@&_/'+\"12"
)
any_text = (
    st.text(max_size=60)
    | st.text(alphabet=UGLY, max_size=60)
    | st.text(alphabet="\u0301s'\u2019 a1-", max_size=8)
)


@given(any_text, any_text)
@example("", "caf\u00e9 \u0301's")
def test_tokens_of_any_text_are_words_that_tantivy_can_hold(context: str, text: str) -> None:
    for token in passage_tokens(context, text):
        assert 0 < len(token) <= 49
        assert not any(char.isspace() for char in token)
        token.encode()
    assert len(indexed_tokens(Stemmer(), context, text)) >= len(passage_tokens(context, text))


MIXED = [
    "Form",
    "no",
    "v2.1",
    "12",
    "3(b)",
    "§12",
    "§ 12.3",
    "a中1",
    "第3章",
    "E-4032",
    "(12",
    "½",
    "R2D2",
    "",
    "x" * 60,
]


@given(st.lists(st.sampled_from(MIXED) | st.text(alphabet=UGLY + " ", max_size=8), max_size=12).map(" ".join))
def test_a_passage_read_word_by_word_has_the_tokens_of_the_whole(text: str) -> None:
    """A number is one token with the name in front of it, and a section with its sign, blanks or not."""
    folded = fold(text)
    by_word = [(list(read), list(repeated)) for read, repeated in analysis._words(folded)]
    whole = analysis._tokens(folded)
    assert [one for read, _ in by_word for one in read] == [one for one, read in whole if read]
    assert [one for _, repeated in by_word for one in repeated] == [one for one, read in whole if not read]


@given(any_text)
@example("\u0301's")
def test_a_query_of_anything_has_an_answer(query: str) -> None:
    tokens = query_tokens(query)
    assert all(0 < value <= 3 * PHRASE_BOOST for value in tokens.weights.values())
    assert all(len(phrase) > 1 for phrase in tokens.phrases)
    assert GAP not in tokens.weights
    assert tokens.weights.keys() <= set(passage_tokens("", query))


@given(st.text(alphabet="育児休業とはコード、ﾃｽﾄＡＢ１２－（）はいずれも", min_size=1, max_size=40))
def test_widths_do_not_matter(text: str) -> None:
    wide = text.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)})
    narrow = unicodedata.normalize("NFKC", text)
    assert query_tokens(wide).weights == query_tokens(narrow).weights
    assert passage_tokens("", wide) == passage_tokens("", narrow)


@given(st.text(alphabet="育児休業規則は取得できますか又税", min_size=3, max_size=60))
def test_a_japanese_clause_is_never_one_token(clause: str) -> None:
    assert max(len(token) for token in passage_tokens("", clause)) <= 2


@given(st.text(alphabet="ăąâ ทดสอบข้อความภาษาไทย", min_size=12, max_size=60))
def test_nor_is_one_of_another_unspaced_script(clause: str) -> None:
    import re

    for token in passage_tokens("", clause):
        assert not re.fullmatch(f"[{UNSPACED}]{{3,}}", token)


def tokens(text: str) -> set[str]:
    return set(passage_tokens("", text)) - {GAP}


@pytest.mark.parametrize(
    ("text", "whole", "parts"),
    [
        ("E-4032", "e4032", {"e", "4032"}),
        ("Ｅ－４０３２", "e4032", {"e", "4032"}),
        ("E4032", "e4032", {"e", "4032"}),
        ("ISO 27001", "iso27001", {"iso", "27001"}),
        ("ISO27001", "iso27001", {"iso", "27001"}),
        ("§ 12.3", "§12.3", {"12", "3", "12.3"}),
        ("§12.3", "§12.3", {"12", "3", "12.3"}),
        ("1,234.5", "1234.5", {"1", "234", "5"}),
        ("1234.5", "1234.5", {"1234", "5"}),
        ("v2.3.1", "2.3.1", {"v2.3.1"}),
        ("ann.lee@example.com", "annlee@examplecom", {"ann", "lee", "example", "com"}),
        ("C++", "c++", {"c"}),
        ("R&D", "r&d", {"r", "d"}),
        ("401(k)", "401k", {"401", "k"}),
        ("Form 10-K", "form10k", {"form", "10k"}),
        ("2024-05-01", "2024-05-01", {"2024", "05", "01"}),
        ("第12条", "12条", {"12", "第", "条"}),
        ("AI技術のコードレビュー", "コードレビュー", {"ai", "技術", "コー", "のコ"}),
        ("型番ABC-12です", "abc12", {"abc", "12", "型番"}),
        ("employee's", "employee", set()),
        ("55N・m", "55nm", {"55"}),
        ("55 N·m", "nm", {"55"}),
        ("the organisation's licence", "license", {"organization"}),
        ("Colour-coded", "colorcoded", {"color", "coded"}),
        ("café", "cafe", set()),
    ],
)
def test_codes_and_names_are_found_whole_and_in_parts(text: str, whole: str, parts: set[str]) -> None:
    assert {whole} | parts <= tokens(text)
    assert whole in query_tokens(text).weights


@pytest.mark.parametrize(
    ("one", "other"), [("12.3", "123"), ("1.2.3", "12.3"), ("12-3", "123"), ("1,23", "123")]
)
def test_different_numbers_stay_different(one: str, other: str) -> None:
    assert other not in tokens(one)


def test_function_words_are_left_out_unless_they_are_all_there_is() -> None:
    assert query_tokens("What is the policy on leave?").weights.keys() == {"policy", "leave"}
    assert query_tokens("to be or not to be").weights.keys() <= STOP_WORDS
    assert query_tokens("to be or not to be").weights


def test_grammar_weighs_less_than_content() -> None:
    assert weight("です") < weight("は休") < weight("休業") == weight("leave") == weight("コード")
    assert weight("ドを") == weight("てコ") == weight("は休")  # where the script changes, whichever it is


def test_neighbouring_content_words_make_pairs() -> None:
    tokens = query_tokens("What is the statement of work and its end date for 育児休業 leave pay pay?")
    assert tokens.pairs == (("statement", "work", 2), ("end", "date", 1), ("leave", "pay", 1))


def test_quotes_make_phrases_and_nothing_else_is_syntax() -> None:
    assert query_tokens('"paid leave" 「育児休業」 “sick pay”').phrases == (
        ("paid", "leave"),
        ("育児", "児休", "休業"),
        ("sick", "pay"),
    )
    assert query_tokens('title:"x" AND (a OR b) -c *').phrases == ()
    assert query_tokens('"').weights == query_tokens('""').weights == {}
    assert query_tokens('code "E-4032"').weights["e4032"] > query_tokens("code E-4032").weights["e4032"]


def test_an_endless_word_is_cut() -> None:
    assert max(map(len, passage_tokens("", "a" * 100_000 + " " + "x1" * 50_000 + "ア" * 100_000))) <= 49


@pytest.mark.parametrize(
    ("query", "text"),
    [("繰越の上限", "翌年度に限り繰り越す。"), ("申し込みの取り消し", "申込は取消できない。")],
)
def test_a_compound_verb_is_found_by_its_noun_and_the_other_way_round(query: str, text: str) -> None:
    wanted = query_tokens(query).weights
    found = set(passage_tokens("", text)) & {"繰越", "申込", "取消"}
    assert found
    assert all(wanted[token] > 0 for token in found)


def test_a_compound_verb_counts_less_in_its_other_spelling_and_a_noun_in_full() -> None:
    assert query_tokens("繰り越せますか").weights["繰越"] == pytest.approx(0.3)
    assert query_tokens("繰越と繰り越し").weights["繰越"] == pytest.approx(2)
    assert "上人" not in query_tokens("上の人").weights
