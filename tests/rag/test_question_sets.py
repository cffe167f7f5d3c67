"""Question sets and runs on disk: what is read, what is refused, where gold texts stand."""

from __future__ import annotations

import json
from pathlib import Path

import ir_measures
import pytest

from corpus.errors import UsageError
from rag.measuring.questions import Gold, Question, locate, read_questions, write_trec_run


def write_lines(path: Path, *rows: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_questions_are_read_with_all_they_say(tmp_path: Path) -> None:
    path = write_lines(
        tmp_path / "questions.jsonl",
        {
            "id": "a",
            "question": "How many days carry over?",
            "language": "en",
            "gold": [{"document": "leave.pdf", "page": 3, "evidence": "Five days"}],
            "answer": "Five.",
            "kind": "fact",
        },
        "",
        {
            "question": "有給休暇は繰り越せますか",
            "gold": [{"document": "b.md", "text": "x", "start": 2, "end": 3}],
        },
        {"id": "c", "question": "Who won?", "answerable": False, "gold": []},
    )
    first, second, third = read_questions(path)
    assert first.gold == (Gold("leave.pdf", 3, "Five days"),)
    assert (first.answer, first.kind, first.language) == ("Five.", "fact", "en")
    assert (second.id, second.language) == ("3", "ja")
    assert second.gold == (Gold("b.md", 0, "x", 2, 3),)
    assert not third.answerable


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("{", "line 2 is not JSON"),
        ("[]", "line 2 is not a JSON object"),
        ({"id": "x"}, 'line 2 has no "question"'),
        ({"question": " "}, 'line 2 has no "question"'),
        ({"question": "q", "gold": "leave.pdf"}, 'line 2: "gold" is a list of places'),
        ({"question": "q", "gold": [{"page": 1}]}, 'line 2: a gold place needs a "document"'),
        ({"question": "q", "gold": [{"document": "d", "page": -1}]}, "line 2: pages count from 1"),
        ({"question": "q", "gold": [{"document": "d", "grade": 0}]}, "line 2: pages count from 1, grades"),
        ({"question": "q", "gold": [{"document": "d", "start": 5, "end": 5}]}, "start comes before end"),
        ({"question": "q", "gold": [{"document": "d", "page": "two"}]}, "line 2: invalid literal"),
        ({"id": "1", "question": "again"}, "two questions have the id '1'"),
    ],
)
def test_a_bad_question_is_named_by_its_line(tmp_path: Path, row: object, said: str) -> None:
    path = write_lines(tmp_path / "questions.jsonl", {"id": "1", "question": "fine"}, row)
    with pytest.raises(UsageError) as caught:
        read_questions(path)
    assert said in caught.value.message
    assert caught.value.code == "bad_questions"


def test_files_that_are_no_question_sets(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").touch()
    (tmp_path / "binary.jsonl").write_bytes(b"\xff\xfe\x00")
    for name, said in [("none", "no file"), ("empty.jsonl", "no questions"), ("binary.jsonl", "Cannot read")]:
        with pytest.raises(UsageError, match=said):
            read_questions(tmp_path / name)
    with pytest.raises(UsageError, match="not a BEIR folder"):
        read_questions(tmp_path)


def test_a_beir_folder_is_read_with_its_grades(tmp_path: Path) -> None:
    write_lines(
        tmp_path / "queries.jsonl",
        {"_id": "q1", "text": "How many days carry over?"},
        {"_id": "q2", "text": "not judged in this split"},
        {"_id": "q3", "text": '"quoted" words'},
    )
    rows = ["query-id\tcorpus-id\tscore", "q1\td1\t2", "q1\td2\t0", "q1\td3\t1", 'q3\t"d"4\t1']
    write_lines(tmp_path / "qrels" / "test.tsv", *rows)
    first, third = read_questions(tmp_path)
    assert first.gold == (Gold("d1", grade=2.0), Gold("d3", grade=1.0))
    assert (third.id, third.gold) == ("q3", (Gold('"d"4'),))
    write_lines(tmp_path / "qrels" / "dev.tsv", "q1\td1\tmany")
    with pytest.raises(UsageError, match="no questions"):
        read_questions(tmp_path, split="dev")
    write_lines(tmp_path / "qrels" / "train.tsv", *rows, "q1 d1 1")
    with pytest.raises(UsageError, match="line 6 is not"):
        read_questions(tmp_path, split="train")


def test_a_trec_run_reads_back_in_the_fields_own_tool(tmp_path: Path) -> None:
    path = tmp_path / "run.txt"
    ranked = [("q1", ["policies/annual leave.pdf", "b"]), ("q2", ["就業規則.pdf"])]
    write_trec_run(path, ranked, "vouch hybrid")
    assert (
        path.read_text(encoding="utf-8").splitlines()[0]
        == "q1 Q0 policies/annual%20leave.pdf 1 1.000000 vouch%20hybrid"
    )
    read = [(doc.query_id, doc.doc_id, doc.score) for doc in ir_measures.read_trec_run(str(path))]
    assert read == [
        ("q1", "policies/annual%20leave.pdf", 1.0),
        ("q1", "b", 0.5),
        ("q2", "就業規則.pdf", 1.0),
    ]


def test_gold_texts_are_located_in_the_stored_text() -> None:
    stored = "Title\n\nFive days of “annual\nleave” carry over."
    question = Question(
        "1", "q", "en", (Gold("a", text='"annual leave"', start=999, end=1005), Gold("a", text="absent"))
    )
    (located,) = locate([question], lambda document: stored)
    assert stored[located.gold[0].start : located.gold[0].end] == "annual\nleave"  # letters and digits agree
    assert (located.gold[1].start, located.gold[1].end) == (-1, -1)


def test_offsets_alone_give_their_text_and_those_that_hold_their_text_stay() -> None:
    stored = "休暇は休暇規程による。Annual leave. Annual leave."
    alone, held, outside = (
        Gold("a", start=0, end=2),
        Gold("a", text="休暇", start=3, end=5),
        Gold("a", start=99, end=101),
    )
    (located,) = locate([Question("1", "q", "ja", (alone, held, outside))], lambda document: stored)
    assert [(one.text, one.start, one.end) for one in located.gold] == [
        ("休暇", 0, 2),
        ("休暇", 3, 5),
        ("", -1, -1),
    ]


def test_the_samples_questions_are_a_question_set() -> None:
    path = Path(__file__).resolve().parents[2] / "corpus" / "sample" / "questions.jsonl"
    questions = read_questions(path)
    documents = {
        p.relative_to(path.parent / "documents").as_posix() for p in (path.parent / "documents").rglob("*")
    }
    assert {gold.document for question in questions for gold in question.gold} <= documents
    assert {question.language for question in questions} == {"en", "ja"}
    assert all(gold.page and gold.text for question in questions for gold in question.gold)
    assert sum(not question.answerable for question in questions) >= 15
