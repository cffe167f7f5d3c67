"""Question sets and runs on disk: what is read, what is refused, where gold texts stand."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import ir_measures
import pytest

from corpus.errors import UsageError
from rag.measuring.places import NamedDocuments, absences, is_named, locate, run_names
from rag.measuring.questions import Gold, Question, read_questions, write_trec_run


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
        ({"question": "q", "gold": [{"document": "d", "grade": 0}]}, "line 2: grades are above 0"),
        ({"question": "q", "gold": [{"document": "d", "start": 5, "end": 5}]}, "start comes before end"),
        (
            {"question": "q", "gold": [{"document": "d", "page": "two"}]},
            'line 2: "page" is a number, not "two"',
        ),
        ({"question": "q", "gold": [{"document": "d", "page": 2.5}]}, 'line 2: "page" is a whole number'),
        (
            {"question": "q", "gold": [{"document": "d", "page": True}]},
            'line 2: "page" is a number, not true',
        ),
        ({"question": "q", "gold": [{"document": "d", "page": 0}]}, "line 2: pages count from 1; 0 is none"),
        ('{"question": "q", "gold": [{"document": "d", "page": 1e999}]}', 'line 2: "page" is a number'),
        (
            '{"question": "q", "gold": [{"document": "d", "grade": NaN}]}',
            'line 2: "grade" is a number, not NaN',
        ),
        ('{"question": "q", "gold": [{"document": "d", "grade": Infinity}]}', 'line 2: "grade" is a number'),
        ({"question": "q", "gold": [{"document": "d", "grade": 10**400}]}, 'line 2: "grade" is a number'),
        (
            {"question": "q", "gold": [{"document": "d", "end": 5}]},
            "line 2: start and end are given together",
        ),
        ({"question": "q", "gold": [{"document": "d", "start": -3, "end": 5}]}, "count from 0"),
        (
            {"question": "q", "gold": [{"document": "d", "evidence": ["a"]}]},
            '"evidence" is a text, not ["a"]',
        ),
        ({"question": "q", "answerable": "false"}, 'line 2: "answerable" is true or false, not "false"'),
        ({"question": "q", "id": ["x"]}, 'line 2: "id" is a text or a number'),
        ({"question": ["q"]}, 'line 2: "question" is a text, not ["q"]'),
        ({"question": "q", "gold": False}, 'line 2: "gold" is a list of places, not false'),
        ({"question": "q", "gold": 0}, '"gold" is a list of places, not 0'),
        ({"question": "q", "gold": ""}, '"gold" is a list of places, not ""'),
        ({"question": "q", "gold": {}}, '"gold" is a list of places, not {}'),
        (
            {"question": "q", "gold": [{"document": "d", "page": 1e300}]},
            '"page" is a whole number, not 1e+300',
        ),
        ({"question": "q", "gold": [{"document": "d", "page": "1_0"}]}, '"page" is a number, not "1_0"'),
        ({"question": "q", "gold": [{"document": "  "}]}, 'needs a "document"'),
        ({"question": "q", "golds": [{"document": "d"}]}, 'line 2: "golds" is no field; "gold" is'),
        ({"question": "q", "Gold": [{"document": "d"}]}, '"Gold" is no field'),
        ({"question": "q", "gold": [{"document": "d", "pages": 3}]}, '"pages" is no field; "page" is'),
        ({"question": "q", "answerable": True}, 'said to be answerable, but has no "gold"'),
        ("[" * 100_000, "line 2 is not a question: it is nested too deeply"),
        ({"id": "1", "question": "again"}, "two questions have the id '1'"),
    ],
)
def test_a_bad_question_is_named_by_its_line(tmp_path: Path, row: object, said: str) -> None:
    path = write_lines(tmp_path / "questions.jsonl", {"id": "1", "question": "fine"}, row)
    with pytest.raises(UsageError) as caught:
        read_questions(path)
    assert said in caught.value.message
    assert caught.value.code == "bad_questions"


def test_fields_of_other_tools_are_passed_over(tmp_path: Path) -> None:
    gold = {"document": "d", "context": "c", "title": "t"}
    row = {"question": "q", "gold": [gold], "answers": ["a"], "golden": True, "tags": [], "answer_type": "x"}
    path = write_lines(tmp_path / "questions.jsonl", row, {"question": "r", "gold": None})
    assert [question.gold for question in read_questions(path)] == [(Gold("d"),), ()]


def test_files_that_are_no_question_sets(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").touch()
    (tmp_path / "binary.jsonl").write_bytes(b"\xff\xfe\x00")
    for name, said in [
        ("none", "no file"),
        ("empty.jsonl", "no questions"),
        ("binary.jsonl", "line 1 is not UTF-8"),
    ]:
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


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_line_ends_at_a_line_feed_alone(tmp_path: Path, ending: str) -> None:
    odd = "one\u2028two\u2029three\x85four"
    row = json.dumps({"question": odd, "_id": odd, "text": odd}, ensure_ascii=False)
    path = tmp_path / "queries.jsonl"
    path.write_text(row + ending, encoding="utf-8", newline="")
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels" / "test.tsv").write_text(
        f"{odd}\td{ending}".replace("\td", "\td\t1"), encoding="utf-8", newline=""
    )
    assert [one.text for one in read_questions(path)] == [odd]
    (found,) = read_questions(tmp_path)
    assert (found.id, found.gold) == (odd, (Gold("d"),))


@pytest.mark.parametrize(
    ("query", "qrels", "said"),
    [
        ({"_id": "q", "text": ["a"]}, b"q\td\t1", 'queries.jsonl, line 1: "text" is a text, not ["a"]'),
        ({"text": "a"}, b"q\td\t1", 'queries.jsonl, line 1 has no "_id"'),
        ({"_id": "q", "text": "a"}, b"q\td\t1\n\xff\td\t1", "test.tsv, line 2 is not UTF-8"),
        ({"_id": "q", "text": "a"}, b"q\td\tnan\n", "test.tsv, line 1 is not: query id"),
        ({"_id": "q", "text": "a"}, b"q 0 d 1\n", "test.tsv, line 1 is not: query id"),
        ({"_id": "q", "text": "a"}, b"q\td\t1\nq\td\tinf\n", "test.tsv, line 2 is not: query id"),
        ({"_id": "q", "text": "a"}, b"q\td\t1\nq\t" + b"d" * 200_000, "test.tsv, line 2 is not: query id"),
        (
            {"_id": "q", "text": "a"},
            b"q\td\t1\np\td\t1",
            'judges 1 queries that queries.jsonl does not have: "p"',
        ),
    ],
)
def test_a_bad_beir_folder_is_named_by_file_and_line(
    tmp_path: Path, query: object, qrels: bytes, said: str
) -> None:
    write_lines(tmp_path / "queries.jsonl", query)
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels" / "test.tsv").write_bytes(qrels)
    with pytest.raises(UsageError) as caught:
        read_questions(tmp_path)
    assert said in caught.value.message
    assert (caught.value.code, len(caught.value.message) < 400) == ("bad_questions", True)


def test_a_run_names_documents_as_the_judgements_do() -> None:
    asked = [
        Question("q1", "q", gold=(Gold("d1"),), irrelevant=("d4",)),
        Question("q2", "q", gold=(Gold("hr/d2"), Gold("sub/d1.md"))),
    ]
    names = run_names(asked)
    found = ["sub/d1.md", "d3.md", "hr/d2.md", "other/d1.md", "d4.md"]
    assert names(asked[0], found) == ["d1", "d3.md", "hr/d2", "d4"]  # d1 once, at its best rank
    assert names(asked[1], found) == ["sub/d1.md", "d3.md", "hr/d2", "d1", "d4"]


def test_what_the_gold_names_and_is_not_there_is_told() -> None:
    named = NamedDocuments(["hr/leave.md", "b.txt"])
    golds = (
        Gold("leave"),
        Gold("gone.md", text="x"),
        Gold("b.txt", text="never said"),
        Gold("b", start=1, end=99),
    )
    asked = [Question("q1", "q", gold=golds[:2]), Question("q2", "q", gold=golds[2:])]
    found = locate(asked, lambda document: "stored" if named.find(document) else "")
    assert absences(asked, found, named, "the corpus") == [
        "1 of the 4 gold documents are not in the corpus (gone.md); they count as not found.",
        "2 of the 3 gold texts do not stand in their documents (questions q2); the span measures leave them out.",
    ]
    (missing,) = absences(
        asked, None, named, "the corpus"
    )  # as calibrating asks: where texts stand is all one to it
    assert missing.startswith("1 of the 4 gold documents")
    (none,) = absences(asked, found, NamedDocuments(["other.md"]), "the collection hr")
    assert none.startswith(
        "None of the 4 gold documents is in the collection hr (leave, gone.md, b.txt, b): most"
    )
    fine = [Question("q1", "q", gold=golds[:1])]
    assert absences(fine, fine, named, "the corpus") == absences([], [], named, "the corpus") == []


@pytest.mark.parametrize(
    "document", ["hr/leave.md", "leave.md", "/leave", "hr/leave", "Leave", "r/leave", "leave.m", "が"]
)
@pytest.mark.parametrize("path", ["hr/leave.md", "a/hr/leave.md", "leave", "x/か\u3099.pdf", "leave.md.txt"])
def test_documents_are_found_by_the_names_they_have(path: str, document: str) -> None:
    ends = [path, path.rpartition(".")[0] or path]
    wanted = "/" + unicodedata.normalize("NFC", document).lstrip("/")
    expected = any(unicodedata.normalize("NFC", f"/{end}").endswith(wanted) for end in ends)
    assert is_named(path, document) == expected
    assert NamedDocuments([path]).find(document) == (path if expected else None)


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
    path = Path(__file__).resolve().parents[3] / "corpus" / "sample" / "questions.jsonl"
    questions = read_questions(path)
    documents = {
        p.relative_to(path.parent / "documents").as_posix() for p in (path.parent / "documents").rglob("*")
    }
    assert {gold.document for question in questions for gold in question.gold} <= documents
    assert {question.language for question in questions} == {"en", "ja"}
    assert all(gold.page and gold.text for question in questions for gold in question.gold)
    assert sum(not question.answerable for question in questions) >= 15
