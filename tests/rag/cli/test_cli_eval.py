"""``vouch eval`` on a real corpus: what it measures, of which question sets."""

from __future__ import annotations

import json
from pathlib import Path

import ir_measures
import pytest

from rag.cli.failures import ExitCode
from rag.retrieval.ranking import PARTS
from tests.rag.cli_runs import Vouch, check_error, company, read

__all__ = ["company", "read"]


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    rows = [
        {
            "id": "a",
            "question": "carry over annual leave",
            "kind": "fact",
            "gold": [{"document": "hr/leave.md", "page": 1}],
        },
        {
            "id": "b",
            "question": "年次有給休暇の繰り越し",
            "kind": "rule",
            "gold": [{"document": "hr/休暇規程.md"}],
        },
        {"id": "c", "question": "Who won the cup?", "answerable": False},
    ]
    path = tmp_path / "questions.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


def test_eval_measures_every_language_and_kind(read: Vouch, questions: Path, tmp_path: Path) -> None:
    ended = read("eval", questions, "--save", tmp_path / "before.jsonl", "--run-file", tmp_path / "run.txt")
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert lines[0] == "2 questions, and 1 more that no document answers"
    assert lines[2].split() == ["measure", "mean", "95", "%", "questions"]
    assert [line.split()[0] for line in lines[3:10]] == [
        "hit@1", "hit@5", "hit@10", "Recall@5", "Recall@10", "MRR@10", "nDCG@10",
    ]  # fmt: skip
    assert lines[11].split() == ["language", "questions", "hit@1", "hit@5", "Recall@10", "MRR@10", "nDCG@10"]
    assert {line.split()[0] for line in lines[12:15]} == {"all", "en", "ja"}
    assert {"fact", "rule"} <= {line.split()[0] for line in lines if line}
    assert (tmp_path / "run.txt").read_text(encoding="utf-8").startswith("a Q0 hr/leave.md 1 ")
    again = read("eval", questions, "--against", tmp_path / "before.jsonl", "--json").json
    assert {one["difference"]["mean"] for one in again["compared"]} == {0.0}
    assert again["languages"]["all"]["hit@1"]["n"] == 2
    assert "change" in read("eval", questions, "--against", tmp_path / "before.jsonl").out


def test_eval_measures_the_search_without_each_of_its_parts(read: Vouch, questions: Path) -> None:
    found = read("eval", questions, "--ablate", "--json").json
    assert [one["part"] for one in found["ablated"]] == list(PARTS)
    for one in found["ablated"]:
        for paired in one["compared"]:
            assert paired["first"] == found["languages"]["all"][paired["measure"]]["mean"]
            assert paired["difference"]["mean"] == pytest.approx(paired["second"] - paired["first"])
    ended = read("eval", questions, "--ablate")
    assert {line.split()[0] for line in ended.out.splitlines() if line and line[0] != " "} >= set(PARTS)


def test_eval_looks_up_the_words_and_offsets_of_the_gold(read: Vouch, tmp_path: Path) -> None:
    rows = [
        {"id": "a", "question": "carry over annual leave", "gold": [{"document": "hr/leave.md", **gold}]}
        for gold in [{"evidence": "five days of ANNUAL leave"}]
    ]
    rows.append(
        {"id": "b", "question": "annual leave", "gold": [{"document": "hr/leave.md", "start": 0, "end": 12}]}
    )
    path = tmp_path / "spans.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    measures = read("eval", path, "--json").json["languages"]["all"]
    assert measures["token recall@5"]["n"] == 2
    assert measures["token recall@5"]["mean"] == 1.0
    assert 0 < measures["token precision@5"]["mean"] < 1
    assert "token iou@5" in read("eval", path).out


def test_eval_ranks_the_documents_of_a_beir_folder(read: Vouch, tmp_path: Path) -> None:
    (tmp_path / "beir" / "qrels").mkdir(parents=True)
    (tmp_path / "beir" / "queries.jsonl").write_text('{"_id": "q", "text": "annual leave"}', encoding="utf-8")
    (tmp_path / "beir" / "qrels" / "test.tsv").write_text(
        "query-id\tcorpus-id\tscore\nq\thr/leave\t1\n", encoding="utf-8"
    )
    found = read("eval", tmp_path / "beir", "--json").json
    assert (found["ranked"], found["languages"]["all"]["hit@1"]["mean"]) == ("documents", 1.0)
    assert read("eval", tmp_path / "beir", "--rank", "passages", "--json").json["ranked"] == "passages"


def test_the_run_of_a_beir_folder_is_scored_by_its_own_judgements(read: Vouch, tmp_path: Path) -> None:
    folder, run_file = tmp_path / "beir", tmp_path / "run.trec"
    (folder / "qrels").mkdir(parents=True)
    (folder / "queries.jsonl").write_text('{"_id": "q", "text": "annual leave"}', encoding="utf-8")
    (folder / "qrels" / "test.tsv").write_text("q\tleave\t1\nq\tvpn\t0\n", encoding="utf-8")
    found = read("eval", folder, "--run-file", run_file, "--json").json["languages"]["all"]
    qrels = [ir_measures.Qrel("q", "leave", 1), ir_measures.Qrel("q", "vpn", 0)]
    run = list(ir_measures.read_trec_run(str(run_file)))
    theirs = ir_measures.calc_aggregate([ir_measures.nDCG @ 10, ir_measures.Success @ 1], qrels, run)
    assert theirs == {
        ir_measures.nDCG @ 10: found["nDCG@10"]["mean"],
        ir_measures.Success @ 1: found["hit@1"]["mean"],
    }
    assert found["hit@1"]["mean"] == 1.0


def test_gold_of_another_collection_is_told(read: Vouch, questions: Path, tmp_path: Path) -> None:
    assert read("eval", questions, "--json").json["warnings"] == []
    questions.write_text(
        questions.read_text(encoding="utf-8").replace("hr/leave.md", "d1.md"), encoding="utf-8"
    )
    ended = read("eval", questions)
    assert ended.code == 0
    assert ended.out.splitlines()[1] == (
        "1 of the 2 gold documents are not in the corpus (d1.md); they count as not found."
    )
    (warning,) = read("eval", questions, "--collection", "default", "--json").json["warnings"]
    assert "1 of the 2 gold documents are not in the collection default" in warning


@pytest.mark.parametrize(
    ("text", "said"), [("long " * 2000, "has 10000 characters"), ("\x00 \x01", "is empty")]
)
def test_a_question_that_cannot_be_asked_is_named_before_the_first_is(
    read: Vouch, tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "odd.jsonl"
    rows = [
        {"id": "fine", "question": "leave", "gold": [{"document": "hr/leave.md"}]},
        {"id": "odd", "question": text},
    ]
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    for command in ("eval", "calibrate"):
        ended = read(command, path)
        check_error(ended, ExitCode.USAGE, "the question 'odd' cannot be asked")
        assert said in " ".join(ended.err.split())


def test_eval_of_questions_that_nothing_answers_measures_nothing(read: Vouch, tmp_path: Path) -> None:
    path = tmp_path / "none.jsonl"
    path.write_text('{"question": "Who won the cup?"}', encoding="utf-8")
    ended = read("eval", path)
    assert (ended.code, ended.out) == (0, "0 questions, and 1 more that no document answers\n")
