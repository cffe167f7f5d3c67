"""Question sets made of headings: what is asked, what is gold, and that nothing says the question any more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.datasets import load
from bench.headings import MASK, main, make_set

LEAVE = (
    "Leave is granted by the head of the department, who answers within five working days of the request. "
    * 2
)
PAY = (
    "Wages are paid on the twenty-fifth of each month, or on the working day before it where that is a holiday. "
    * 2
)


@pytest.fixture
def made(tmp_path: Path) -> Path:
    source = tmp_path / "source"
    source.mkdir()
    (source / "leave.md").write_text(
        f"# Leave\n\n- [Who grants leave?](#who)\n\n## Who grants leave?\n\n{LEAVE}\n\n"
        f"### Exceptions\n\nNone are made.\n\n## Pay\n\n{PAY}\n",
        encoding="utf-8",
    )
    (source / "pay.rst").write_text(
        f"Pay\n===\n\nWhen am I paid?\n---------------\n\n{PAY}\n\nNotes\n-----\n\nSee above.\n",
        encoding="utf-8",
    )
    (source / "faq.html").write_text(
        "<html><head><title>3.1 How is overtime counted?</title></head><body>"
        "<dl><dt><a href='#o'>3.1. How is overtime counted?</a></dt></dl>"
        f"<div><h2 id='o'>3.1. How is overtime <em>counted</em>?<a href='#o'>¶</a></h2></div><p>{PAY}</p>"
        f"<h2>Other matters</h2><p>{LEAVE}</p></body></html>",
        encoding="utf-8",
    )
    (source / "kyuka.md").write_text(
        "# 休暇\n\n**休暇はいつまでに申請しますか**\n\n"
        + "休暇は前日までに上長へ申請してください。" * 5
        + "\n",
        encoding="utf-8",
    )
    assert make_set(source, tmp_path / "set") == 4
    return tmp_path / "set"


def rows(made: Path) -> dict[str, dict[str, str]]:
    lines = (made / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    return {row["question"]: row for row in map(json.loads, lines)}


def test_headings_that_ask_are_questions_and_their_sections_the_gold(made: Path) -> None:
    found = rows(made)
    assert {question: row["gold_file"] for question, row in found.items()} == {
        "Who grants leave?": "leave.md",
        "When am I paid?": "pay.rst",
        "How is overtime counted?": "faq.html",
        "休暇はいつまでに申請しますか": "kyuka.md",
    }
    assert found["Who grants leave?"]["gold_text"] == f"{LEAVE.strip()} None are made."
    assert found["When am I paid?"]["gold_text"] == PAY.strip()
    assert found["How is overtime counted?"]["gold_text"] == PAY.strip()


def test_no_document_says_a_question_any_more(made: Path) -> None:
    texts = {path.name: path.read_text(encoding="utf-8") for path in (made / "corpus").iterdir()}
    for question in rows(made):
        assert [name for name, text in texts.items() if question in text] == []
    assert "counted" not in texts["faq.html"]
    assert f"## {MASK}\n" in texts["leave.md"]
    assert "### Exceptions" in texts["leave.md"]
    assert f"{MASK}\n---" in texts["pay.rst"]
    assert f"{MASK}</h2>" in texts["faq.html"]
    assert "Other matters" in texts["faq.html"]


def test_a_heading_that_stands_twice_or_above_little_asks_nothing(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "one.md").write_text(
        f"## Who grants leave?\n\n{LEAVE}\n\n## Is it so at all?\n\nYes.\n", encoding="utf-8"
    )
    (source / "two.md").write_text(f"## Who grants leave?\n\n{LEAVE}\n", encoding="utf-8")
    assert main([str(source), str(tmp_path / "set")]) == 1


@pytest.mark.parametrize(
    ("source", "target", "told"), [("gone", "set", "is no folder"), (".", "set", "lies in")]
)
def test_a_folder_that_is_not_there_and_a_set_amid_its_documents_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], source: str, target: str, told: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([str(tmp_path / source), str(tmp_path / target)])
    assert ended.value.code == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / target).exists()


def test_documents_without_a_question_make_an_empty_set(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    assert main([str(tmp_path / "source"), str(tmp_path / "set")]) == 1
    assert rows(tmp_path / "set") == {}


def test_every_heading_is_asked_on_demand(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "one.md").write_text(f"# Rules\n\n## Granting of special leave\n\n{LEAVE}\n", encoding="utf-8")
    assert main([str(source), str(tmp_path / "set"), "--every"]) == 0
    assert list(rows(tmp_path / "set")) == ["Granting of special leave"]


def test_the_sets_are_loaded_by_their_form_and_share_linked_documents(made: Path, tmp_path: Path) -> None:
    other = made.with_name("other")
    other.mkdir()
    (other / "corpus").symlink_to(made / "corpus")
    (other / "questions.jsonl").write_text(
        (made / "questions.jsonl").read_text(encoding="utf-8"), encoding="utf-8"
    )
    found = list(load(made.parent, tmp_path, ["set", "other"]))
    assert [one.name for one in found] == ["other, file", "other, section", "set, file", "set, section"]
    assert {one.corpus for one in found} == {"set"}
    assert {len(one.questions) for one in found} == {4}
