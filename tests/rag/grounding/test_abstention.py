"""When nothing in the corpus answers: the signals, and the decision that was fitted on them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.grounding.abstention import FITTED, Signals, looked_closely, signals
from rag.words.stemming import number, stem
from rag.words.terms import joints, numbers, stems, terms, weights
from tests.rag.hits import Shelf

shares = st.floats(0, 1)
found = st.builds(Signals, st.none() | st.floats(-1, 1), shares, shares, shares, st.floats(0, 4))


@given(found, st.sampled_from(["best", "all", "names", "cosine"]), shares)
def test_more_coverage_or_a_higher_cosine_never_lowers_the_chance(own, name, more):
    value = getattr(own, name)
    if value is None:
        return
    higher = replace(own, **{name: max(value, more)})
    assert 0 < FITTED.chance(own) <= FITTED.chance(higher) < 1
    assert FITTED.refuses(own) or not FITTED.refuses(higher)


@given(st.text(max_size=60), st.lists(st.text(min_size=1, max_size=60), max_size=5))
def test_signals_of_any_text_are_shares(question, texts):
    own = signals(question, Shelf({str(n): "…  " + text for n, text in enumerate(texts)}).hits())
    assert own.cosine is None
    assert 0 <= own.best <= own.all + 1e-9 <= 1 + 2e-9
    assert 0 <= own.names <= 1


def test_the_fused_score_plays_no_part():
    hits = Shelf({"a": "…  The Osprey pump is serviced every 400 hours."}, cosine=0.6).hits()
    other = [replace(hit, score=hit.score * 1000, rank=9) for hit in hits]
    assert signals("How often is the pump serviced?", hits) == signals(
        "How often is the pump serviced?", other
    )


def test_rare_words_count_more():
    hits = Shelf({"a": "…  The pump is blue."}).hits()
    plain = signals("pump warranty", hits)
    rare = signals("pump warranty", hits, lambda words: {"pump": 1.0, "warranty": 5.0})
    assert rare.best < plain.best == pytest.approx(0.5)


def test_a_rare_verb_that_says_little_counts_little():
    hits = Shelf({"a": "…  Name the package that a file belongs to."}).hits()
    rarity = {"package": 2.0, "file": 2.0, "came": 7.0, "compiled": 7.0}
    came = signals("Which package came a file from?", hits, lambda words: rarity)
    compiled = signals("Which package compiled a file?", hits, lambda words: rarity)
    assert came.best > 0.6 > 0.4 > compiled.best


@pytest.mark.parametrize(
    ("question", "covered"),
    [
        ("What does ERR-21 mean?", 1.0),
        ("What does ERR-60 mean?", 0.0),
        ("What is the code of Berlin?", 0.0),
        ("ERR60とは何ですか。", 0.0),
        ("ERR21とは何ですか。", 1.0),
        ("What does the message mean?", 1.0),
    ],
)
def test_names_and_codes_are_looked_for_by_themselves(question, covered):
    hits = Shelf({"a": "…  ERR-21 means that 60 volts are too low."}).hits()
    if covered == 1.0:
        assert signals(question, hits).names == 1.0
    else:
        assert signals(question, hits).names < 0.5


@pytest.mark.parametrize(
    ("question", "covered"),
    [
        ("What was the bonus in 2024?", 1.0),
        ("What was the bonus in 2031?", 0.0),
        ("2024年の賞与の係数は。", 1.0),
        ("2031年の賞与の係数は。", 0.0),
        ("Does the Osprey pump get a bonus in 2024?", 0.5),
    ],
)
def test_names_and_years_belong_to_one_document(question, covered):
    hits = Shelf({"bonus-2024.txt": "…  The bonus 賞与 係数 is 2 %.", "b": "…  The Osprey pump."}).hits()
    assert signals(question, hits).names == pytest.approx(covered, abs=0.1)


@pytest.mark.parametrize(
    ("question", "text", "looked_up"),
    [
        ("§ 12.4", "…  § 12.4 Claims\n\nClaims are sent in writing.", True),
        ("What does clause 7.2 say?", "…  7.2 Survival. The duty survives.", True),
        ("第12条は？", "…  第12条　年次有給休暇を与える。", True),
        ("§ 12.4", "…  Domestic pumps | 12.4 | -2 %", False),
        ("clause 7.2", "…  In 2023 it was 7.2 % of sales.", False),
        ("ERR-21", "…  ERR-21 means that the voltage is too low.", True),
        ("What does ERR-21 cost?", "…  ERR-21 means that the voltage is too low.", False),
        ("Who is the COO?", "…  Present: Stefan Brandt (CEO), Luke Ferris (COO).", True),
        ("Who is the COO?", "…  The COO approves it. Stefan Brandt was asked.", False),  # nobody is called so
        ("Who is the chair?", "…  Present: Margaret Oyelaran (chair), Stefan Brandt.", True),
        ("Who is the chair?", "…  Each desk has a chair. Stefan Brandt ordered them.", False),
        ("Who is the chair of Kestrel?", "…  Present: Margaret Oyelaran (chair), Stefan Brandt.", False),
        ("社長の名前は", "…  出席者：田中社長、鈴木取締役", True),
        ("社長の名前は", "…  代表取締役社長が決裁する。", False),
        ("社長の名前は", "…  社長の田中氏が挨拶した。", True),
        ("社長の名前は", "…  社長：佐藤、監査役：鈴木", True),
        ("社長の名前は", "…  緊急時は社長が決裁する。社長の許可が要る。", False),
        ("部長の名前は?", "…  緊急時は社長が決裁する。各部門部長の承認を得てから申請する。", False),
        ("部長の名前は?", "…  営業部長、第二工場長および人事部長が出席する。", False),
        ("What does clause 12 say?", "…  12 apples in a basket\n3 bottles of water", False),
        ("What does clause 12 say?", "…  12. Warranty\nThe warranty ends.", True),
    ],
)
def test_what_is_looked_up_and_found_is_answered_however_short(question, text, looked_up):
    own = signals(question, Shelf({"a": text}, cosine=0.1).hits())
    assert own.found is looked_up
    assert not (looked_up and FITTED.refuses(own))


@given(st.floats(0, 1), st.integers(1, 200_000), st.sampled_from(["cylinders replaced", "Osprey replaced"]))
def test_a_sentence_nearer_than_any_by_chance_is_answered_where_no_name_is_missing(cosine, passages, asked):
    hits = Shelf({"a": "…  The rollers are changed every 18 months."}, cosine=0.1).hits()
    question = f"How often are the {asked}?"

    def judged(near, among):
        def rarity(words):
            return {word: math.log1p((among + 0.5) / 0.5) for word in words}

        own = signals(question, hits, rarity)
        return looked_closely(own, question, hits, rarity, lambda texts: at_cosine(near, len(texts))).found

    assert judged(1.0, passages) is (asked != "Osprey replaced")
    assert not judged(0.4, passages)
    if judged(cosine, passages):
        assert judged(min(1.0, cosine + 0.1), passages)
        assert judged(cosine, passages // 2)


def at_cosine(cosine, n):
    """Returns n unit rows, the first as near to each of the others as the cosine says."""
    return np.array([[1.0, 0.0], *[[cosine, math.sqrt(1 - cosine**2)]] * (n - 1)], np.float32)


def test_without_an_embedder_or_a_count_no_sentence_is_near():
    hits = Shelf({"a": "…  The rollers are changed every 18 months."}, cosine=0.1).hits()
    question = "How often are the cylinders replaced?"
    own = signals(question, hits)
    assert not looked_closely(
        own, question, hits, lambda words: None, lambda texts: at_cosine(1.0, len(texts))
    ).found
    many = dict.fromkeys(["", "cylinders"], 3.0)
    assert not looked_closely(own, question, hits, lambda words: many, lambda texts: None).found


@pytest.mark.parametrize(
    ("question", "aside"),
    [("How often are the rollers replaced?", False), ("How often are the windows changed?", True)],
)
def test_a_sentence_is_not_near_that_comes_nearer_without_a_word_it_has_not(question, aside):
    """As a model has it: of rollers that are changed, "replaced" says the same and "windows" something else."""
    hits = Shelf({"a": "…  The rollers are changed every 18 months."}, cosine=0.1).hits()

    def rarity(words):
        return dict.fromkeys(words, 3.0)

    def embed(texts):
        without_a_word = 0.7 if aside else 0.55
        return at_cosine(0.6 if texts[0] == question else without_a_word, len(texts))

    own = signals(question, hits, rarity)
    assert looked_closely(own, question, hits, rarity, embed).found is not aside


def test_a_day_or_a_month_is_no_name_that_a_rule_must_have():
    hits = Shelf({"a": "…  Office staff can work from home on Mondays and Fridays."}).hits()
    for question in ("Can I work from home on Wednesdays?", "Do I work from home in August?"):
        assert signals(question, hits).names == 1.0


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("今年の売上見込みはいくらですか", "…  今年の売上は4億円の見込みである。"),
        ("支払条件を教えてください", "…  条件: 支払は月末締めとする。"),
    ],
)
def test_a_compound_is_spoken_of_where_its_words_stand_apart(question, text):
    told, none = (signals(question, Shelf({"a": one}).hits()) for one in (text, text.replace("支払", "納入")))
    assert told.best > 0.9 or told.best > none.best + 0.3


@given(st.lists(st.sampled_from(["売上", "見込", "支払", "条件", "内線", "番号"]), min_size=2, max_size=4))
def test_what_has_all_words_of_a_compound_has_its_joints(parts):
    have = stems("、".join(parts))
    compound = "".join(parts)
    missing = {pair for pair in weights(compound) if pair not in have}
    assert missing <= joints(compound).keys()
    assert all(have.issuperset(words) for words in joints(compound).values())


def test_pairs_of_characters_weigh_by_what_they_carry():
    own = weights("会費 ホテル の鍵 から")
    assert own["会費"] > own["ホテ"] == own["テル"] > own["の鍵"] > own["から"] > 0


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Which visa do I need for Australia?", ["australia"]),
        ("Who leads the IT team?", ["it"]),
        ("A評価の係数", []),
        ("PRICE OF THE E-4032", ["e-4032"]),
        ("Done. The pump leaks.", []),
    ],
)
def test_what_counts_as_a_name(text, named):
    assert [term.word for term in terms(text) if term.name] == named


def test_a_word_has_one_stem_and_a_number_one_spelling():
    assert {stem(word) for word in ("policy", "policies")} == {"policy"}
    assert {stem(word) for word in ("pay", "pays", "paid", "paying")} == {"pay"}
    assert stem("unpaid") == "unpay"
    assert stem("understood") == stem("understand")
    assert stem("founded") == stem("founding") != stem("found") == stem("find")
    assert {number(text) for text in ("1,234.50", "1234.5")} == {"1234.5"}
    assert numbers("１２ days, twelve months, 3.0 %") == {"12", "3"}


def test_a_question_beside_the_subject_is_refused_and_one_on_it_is_not():
    shelf = Shelf({"a": "…  The Osprey pump must be serviced every 400 hours of work."}, cosine=0.75)
    assert not FITTED.refuses(signals("How often must the Osprey pump be serviced?", shelf.hits()))
    shelf.cosine = 0.05
    assert FITTED.refuses(signals("Who won the cup final in Berlin?", shelf.hits()))
    assert FITTED.refuses(signals("忘年会の会費はいくらですか。", Shelf(shelf.texts).hits()))
