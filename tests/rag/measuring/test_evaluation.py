"""Measures and whole evaluations: against their definitions, and against the field's own tool."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import ir_measures
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.errors import UsageError
from corpus.types import Hit
from rag.measuring.evaluation import (
    EVERYTHING,
    compare,
    evaluate,
    holds,
    is_named,
    read_scores,
    shares_text,
    write_scores,
)
from rag.measuring.measures import hit_at, ndcg_at, rank_measures, recall_at, reciprocal_rank_at, span_scores
from rag.measuring.questions import Gold, Question

A_HIT = Hit(
    rank=1,
    score=1.0,
    chunk_id="0" * 16,
    document_id="d",
    version=1,
    collection="c",
    source="policies/leave.pdf",
    title="Leave",
    content_type="application/pdf",
    language="en",
    page=3,
    last_page=4,
    start=100,
    end=140,
    headings=(),
    context="",
    text="Five days of annual leave carry over.",
    legs={},
)


def hits_in(*sources: str) -> list[Hit]:
    return [replace(A_HIT, rank=i, score=1.0 / i, source=source) for i, source in enumerate(sources, start=1)]


# ---- measures --------------------------------------------------------------------------------------

rankings = st.integers(1, 6).flatmap(
    lambda gold: st.tuples(
        st.just(gold), st.lists(st.frozensets(st.integers(0, gold - 1), max_size=2), max_size=15)
    )
)


@given(rankings)
def test_every_measure_lies_between_0_and_1_and_hits_grow_with_k(
    drawn: tuple[int, list[frozenset[int]]],
) -> None:
    gold, found = drawn
    values = rank_measures(found, [1.0] * gold)
    assert all(0.0 <= value <= 1.0 for value in values.values())
    assert values["hit@1"] <= values["hit@5"] <= values["hit@10"]
    assert values["Recall@5"] <= values["Recall@10"] <= values["hit@10"]
    assert values["hit@1"] <= values["MRR@10"] <= values["hit@10"]
    assert (values["nDCG@10"] > 0) == (values["hit@10"] > 0)


@given(rankings, st.integers(0, 14))
def test_gold_that_moves_up_never_lowers_a_measure(drawn: tuple[int, list[frozenset[int]]], at: int) -> None:
    gold, found = drawn
    if at + 1 < len(found) and not found[at] and found[at + 1]:
        better = [*found[:at], found[at + 1], found[at], *found[at + 2 :]]
        before, after = rank_measures(found, [1.0] * gold), rank_measures(better, [1.0] * gold)
        assert all(after[name] >= before[name] - 1e-12 for name in before)


def test_the_ideal_order_scores_1_and_repeats_earn_nothing() -> None:
    grades = [3.0, 2.0, 1.0]
    assert ndcg_at([{0}, {1}, {2}], grades, 10) == pytest.approx(1.0)
    assert ndcg_at([{0}, {0}, {1}, {2}], grades, 10) < 1.0
    assert recall_at([{0}, {0}, {0}], 3, 10) == pytest.approx(1 / 3)
    assert reciprocal_rank_at([set(), set(), {1}], 10) == pytest.approx(1 / 3)
    assert reciprocal_rank_at([set()] * 10 + [{0}], 10) == 0.0
    assert hit_at([], 5) == 0.0
    # by hand: gains 1 at rank 2 and 3 at rank 3, ideal 3 at rank 1 and 1 at rank 2
    by_hand = (1 / math.log2(3) + 3 / math.log2(4)) / (3 + 1 / math.log2(3))
    assert ndcg_at([set(), {1}, {0}], [3.0, 1.0], 10) == pytest.approx(by_hand)


def test_measures_agree_with_ir_measures() -> None:
    """Over rankings of distinct documents every measure is the one of the field's own tool."""
    draw = random.Random(7)
    qrels, run, own = [], [], {}
    for number in range(200):
        question = f"q{number}"
        gold = {f"g{i}": draw.choice([1, 1, 2, 3]) for i in range(draw.randint(1, 15))}
        ranking = draw.sample([*gold, *(f"n{i}" for i in range(20))], draw.randint(1, 21))
        qrels += [ir_measures.Qrel(question, document, grade) for document, grade in gold.items()]
        run += [ir_measures.ScoredDoc(question, document, -rank) for rank, document in enumerate(ranking)]
        numbers = {document: i for i, document in enumerate(gold)}
        found = [{numbers[document]} if document in numbers else set[int]() for document in ranking]
        own[question] = rank_measures(found, list(gold.values()))
    names = {
        "hit@1": ir_measures.Success @ 1,
        "hit@5": ir_measures.Success @ 5,
        "hit@10": ir_measures.Success @ 10,
        "Recall@5": ir_measures.R @ 5,
        "Recall@10": ir_measures.R @ 10,
        "MRR@10": ir_measures.RR @ 10,
        "nDCG@10": ir_measures.nDCG @ 10,
    }
    assert names.keys() == own["q0"].keys()
    theirs = {measure: mine for mine, measure in names.items()}
    compared = 0
    for metric in ir_measures.iter_calc(list(theirs), qrels, run):
        assert own[metric.query_id][theirs[metric.measure]] == pytest.approx(metric.value), metric
        compared += 1
    assert compared == 200 * len(names)


@given(st.sets(st.integers(0, 30), min_size=1), st.lists(st.integers(0, 30)))
def test_span_scores_are_their_definition(wanted: set[int], given_: list[int]) -> None:
    scores = span_scores([("d", at) for at in wanted], [("d", at) for at in given_])
    both = len(wanted & set(given_))
    assert scores.recall == both / len(wanted)
    assert scores.precision == (both / len(given_) if given_ else 0.0)
    assert scores.iou == pytest.approx(both / (len(given_) + len(wanted) - both))
    assert scores.iou <= min(scores.recall, scores.precision) + 1e-12
    elsewhere = span_scores([("d", at) for at in wanted], [("e", at) for at in given_])
    assert elsewhere == (0.0, 0.0, 0.0)


# ---- what a passage holds --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "document", "named"),
    [
        ("policies/leave.pdf", "policies/leave.pdf", True),
        ("policies/leave.pdf", "leave.pdf", True),
        ("policies/leave.pdf", "/policies/leave.pdf", True),
        ("policies/leave.pdf", "leave", True),
        ("policies/annual-leave.pdf", "leave.pdf", False),
        ("policies/leave.pdf", "leave.md", False),
        ("leave.pdf/readme", "leave.pdf", False),
        ("v1.2/readme", "v1", False),
        ("規程/就業規則.pdf", "就業規則.pdf", True),
        ("ガイド.pdf", "カ\u3099イト\u3099.pdf", True),  # decomposed, as macOS writes names
        ("10.1000%2Fabc.txt", "10.1000%2Fabc", True),
    ],
)
def test_a_document_is_named_by_the_end_of_its_path(source: str, document: str, named: bool) -> None:
    assert is_named(source, document) is named


def test_a_page_holds_when_the_passage_touches_it() -> None:
    held = [page for page in range(1, 9) if holds(A_HIT, Gold("leave.pdf", page=page))]
    assert held == [3, 4]
    assert [p for p in range(1, 9) if holds(A_HIT, Gold("leave.pdf", page=p), page_slack=1)] == [2, 3, 4, 5]
    assert holds(A_HIT, Gold("leave.pdf"))
    assert holds(A_HIT, Gold("leave.pdf", page=9), "document")
    assert not holds(A_HIT, Gold("other.pdf", page=3))


@pytest.mark.parametrize(
    ("passage", "evidence", "shared"),
    [
        (
            "Intro. Five days of annual leave carry over to March.",
            "five days of annual\nleave carry over",
            True,
        ),
        ("Five days of annual leave", "Intro. Five days of annual leave carry over. " + "More. " * 50, True),
        ("Intro words here. Five days of", "Five days of annual leave carry over to the next March", False),
        ("年次有給休暇は５日まで翌年度に繰り越せる。", "年次有給休暇は5日まで\n翌年度に繰り越せる", True),
        ("something else entirely", "年次有給休暇", False),
        ("……", "……", False),
        ("4,032 V", "4,032 V", True),
    ],
)
def test_texts_are_shared_when_the_shorter_stands_in_the_longer(
    passage: str, evidence: str, shared: bool
) -> None:
    assert shares_text(passage, evidence) is shared
    assert shares_text(evidence, passage) is shared


# ---- a whole evaluation ----------------------------------------------------------------------------


def test_an_evaluation_searches_what_can_be_answered() -> None:
    asked = []

    def search(query: str, k: int) -> Sequence[Hit]:
        asked.append((query, k))
        return hits_in("x.pdf", "policies/leave.pdf", "policies/leave.pdf")

    questions = [
        Question("1", "first", "en", (Gold("leave.pdf", page=3),)),
        Question("2", "zweite", "de", (Gold("leave.pdf", page=9),)),
        Question("3", "third", "en"),
    ]
    evaluation = evaluate(questions, search)
    assert asked == [("first", 10), ("zweite", 10)]
    assert evaluation.unanswerable == 1
    assert [row.ranks for row in evaluation.rows] == [(2, 3), ()]
    assert evaluation.rows[0].documents == ("x.pdf", "policies/leave.pdf")
    summary = evaluation.summary()
    assert list(summary) == [EVERYTHING, "de", "en"]
    assert summary["en"]["MRR@10"].mean == 0.5
    assert summary[EVERYTHING]["hit@5"].mean == 0.5
    assert summary[EVERYTHING]["hit@5"].n == 2
    assert summary["de"]["hit@5"].mean == 0.0


def test_documents_can_be_what_is_ranked() -> None:
    question = Question("1", "q", "en", (Gold("b"),))

    def search(query: str, k: int) -> Sequence[Hit]:
        return hits_in("a", "a", "a", "a", "a", "b")

    by_passage, by_document = (
        evaluate([question], search, grain="document", ranked=ranked).rows[0].measures
        for ranked in ("passages", "documents")
    )
    assert by_passage["MRR@10"] == pytest.approx(1 / 6)
    assert by_document["MRR@10"] == pytest.approx(1 / 2)


def test_spans_are_measured_in_tokens_and_characters() -> None:
    text = "Five days of annual leave carry over."
    question = Question("1", "q", "en", (Gold("leave.pdf", text="annual leave", start=113, end=125),))

    def search(query: str, k: int) -> Sequence[Hit]:
        return [replace(A_HIT, start=100, end=100 + len(text), text=text)]

    assert text[13:25] == "annual leave"
    tokens = evaluate([question], search).rows[0].measures
    assert tokens["token recall@5"] == 1.0
    assert tokens["token precision@5"] == pytest.approx(2 / 7)
    assert tokens["token iou@5"] == pytest.approx(2 / 7)
    characters = evaluate([question], search, unit="character").rows[0].measures
    assert characters["character precision@5"] == pytest.approx(12 / len(text))


def test_a_saved_run_compares_with_the_next(tmp_path: Path) -> None:
    questions = [Question(str(i), f"q{i}", "en", (Gold("b"),)) for i in range(12)]
    before = evaluate(questions, lambda query, k: hits_in("a", "b"), grain="document")
    after = evaluate(questions, lambda query, k: hits_in("b"), grain="document")
    saved = tmp_path / "run.jsonl"
    write_scores(saved, before)
    by_name = {paired.measure: paired for paired in compare(read_scores(saved), after.scores())}
    assert by_name["MRR@10"].first == 0.5
    assert by_name["MRR@10"].second == 1.0
    assert by_name["MRR@10"].p_value == pytest.approx(2 / 2**12)
    assert by_name["hit@5"].p_value == 1.0
    assert (by_name["hit@1"].better, by_name["hit@1"].worse, by_name["hit@1"].same) == (12, 0, 0)
    with pytest.raises(UsageError, match="no question in common"):
        compare({"x": {"hit@1": 1.0}}, after.scores())
    saved.write_text("{}\n")
    with pytest.raises(UsageError, match=r"run\.jsonl is not a saved run"):
        read_scores(saved)
