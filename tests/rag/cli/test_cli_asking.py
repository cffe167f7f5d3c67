"""``vouch ask``, ``compare`` and ``calibrate`` as a person at a terminal, a pipe and a script meet them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rag.cli.asking import cost
from rag.cli.comparing import read_arm
from rag.cli.failures import ExitCode
from rag.prompts.prompting import is_japanese
from rag.words.told import tell
from tests.rag.cli_runs import Vouch, company, scripted, vouch
from tests.rag.scripted import Turn

__all__ = ["company", "scripted", "vouch"]

QUESTION = "How many days of annual leave move into the next year?"


def marker_of_leave(vouch: Vouch) -> int:
    """Returns the number of the passage that holds the answer: its rank is not what is tested here."""
    passages = vouch("ask", QUESTION, "--json", "--model", "extractive").json["passages"]
    return next(int(one["marker"]) for one in passages if "Up to five days" in one["text"])


def test_an_answer_comes_with_its_numbered_sources(vouch: Vouch) -> None:
    ended = vouch("ask", *QUESTION.split(), "-q")
    assert ended.code == 0
    answer, _, sources = ended.out.partition("\n\n")
    marker = f"[{marker_of_leave(vouch)}]"
    assert marker in answer
    assert marker in sources
    assert "p. 1" in sources
    assert "hr/leave.md" in sources
    assert "“Up to five days of annual leave move into the next year.”" in sources
    assert ended.err == ""


def test_where_nothing_answers_the_nearest_places_are_named(vouch: Vouch) -> None:
    """Who asked in other words than the documents' finds them there, and is not told of tokens that nobody used."""
    ended = vouch("ask", "What is the wifi password of the annual dragon?")
    assert ended.code == 0
    assert ended.out == "The documents do not answer this question.\n"
    places = ended.err.partition("Nearest: ")[2].partition("\nvouch search")[0].replace("\n", " ")
    assert ", page 1" in places
    assert len(set(places.split("; "))) == len(places.split("; ")) <= 3
    assert "tokens" not in ended.err
    assert vouch("ask", "What is the wifi password of the annual dragon?", "-q").err == ""
    assert "Nearest" not in vouch("ask", QUESTION).err


def test_the_same_as_json(vouch: Vouch) -> None:
    found = vouch("ask", QUESTION, "--json", "-k", "3", "--collection", "default", "--filter", "type=md").json
    assert found["question"] == QUESTION
    assert len(found["passages"]) <= 3
    assert all(passage["source"].endswith(".md") for passage in found["passages"])
    assert found["citations"][0]["quote"] in found["text"]


def test_a_prompt_that_was_read_in_part_is_told(vouch: Vouch, scripted: Any) -> None:
    scripted(Turn(texts=["Up to five days [1]."], input_tokens=40))
    ended = vouch("ask", QUESTION, "--model", "own")
    assert ended.code == 0
    assert "read 40 tokens" in ended.err


def test_without_retrieval_the_model_is_asked_alone(vouch: Vouch, scripted: Any) -> None:
    server = scripted(Turn(texts=["Perhaps ", "five."]))
    ended = vouch("ask", QUESTION, "--no-retrieval", "--model", "own", "--strategy", "one-shot")
    assert (ended.code, ended.out) == (0, "Perhaps five.\n")
    assert "without retrieval" in ended.err
    assert "Up to five days" not in str(server.requests[0]["messages"])


def test_the_environment_chooses_the_model(
    vouch: Vouch, scripted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted(Turn(texts=["Up to five days of annual leave move into the next year. [1]"]))
    monkeypatch.setenv("VOUCH_MODEL", "own")
    assert vouch("ask", QUESTION, "--json").json["model"] == "own"


@pytest.mark.parametrize(
    ("before", "question", "read"),
    [
        (QUESTION, "And of sick leave?", "How many days of sick leave move into the next year?"),
        ("年次有給休暇は何日ですか", "育児休業は？", "育児休業は何日ですか"),
    ],
)
def test_what_was_asked_before_is_carried_over_and_shown(
    vouch: Vouch, before: str, question: str, read: str
) -> None:
    ended = vouch("ask", question, "--after", "Who are you?", "--after", before)
    assert ended.code == 0
    assert tell("read_as", is_japanese(question), question=read) in ended.err
    assert tell("with_retrieval", is_japanese(question)) in ended.err
    found = vouch("ask", question, "--after", before, "--json").json
    assert (found["question"], found["standalone_question"]) == (question, read)


def test_a_template_comes_from_a_file_or_the_settings(
    vouch: Vouch, scripted: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server = scripted(Turn(texts=["Five [1]."]))
    file = tmp_path / "rhyme.txt"
    file.write_text("{passages}\n{question}\nAnswer in rhyme, {not_found} if need be.", encoding="utf-8")
    monkeypatch.setenv("VOUCH_TEMPLATES", json.dumps({"rhymes": str(file)}))
    for named in (str(file), "rhymes"):
        found = vouch("ask", QUESTION, "--model", "own", "--template", named, "--json").json
        assert found["template"] in ("rhyme.txt", "rhymes")
        request = server.requests[-1]["messages"][-1]["content"]
        assert request.endswith("Answer in rhyme, NOT_IN_DOCUMENTS if need be.")
        assert "Up to five days" in request
    arms = vouch(
        "compare", QUESTION, "--arm", "model=own,template=rhymes", "--arm", "model=own", "--json"
    ).json
    assert [arm["arm"]["template"] for arm in arms["arms"]] == ["rhymes", ""]
    assert (
        "own, with documents, rhymes" in vouch("compare", QUESTION, "--arm", "model=own,template=rhymes").out
    )
    assert "reads no template" in vouch("ask", QUESTION, "--template", "rhymes").err
    for named, code in (("none", "unknown_template"), (str(tmp_path / "none.txt"), "bad_template")):
        ended = vouch("ask", QUESTION, "--template", named, "--json")
        assert ended.code != 0
        assert code in ended.err + ended.out


def test_an_answer_that_broke_off_is_shown_and_ends_with_one(vouch: Vouch, scripted: Any) -> None:
    scripted(Turn(texts=["Up to five days of annual ", "leave"], finish=""))
    ended = vouch("ask", QUESTION, "--model", "own")
    assert ended.code == ExitCode.PARTLY
    assert ended.out.startswith("Up to five days of annual leave")
    assert "error: The model's reply ended" in ended.err


def test_a_model_that_fails_ends_with_its_code(vouch: Vouch, scripted: Any) -> None:
    scripted(Turn(status=401, body='{"error": {"message": "No."}}'))
    ended = vouch("ask", QUESTION, "--model", "own", "--json")
    assert ended.code == ExitCode.MODEL
    assert ended.json["error"]["code"] == "model_key_refused"


def test_words_of_a_model_cannot_command_the_terminal(vouch: Vouch, scripted: Any) -> None:
    scripted(Turn(texts=["\x1b[2J\x1b]0;owned\x07Five \u202edays"]))
    ended = vouch("ask", QUESTION, "--no-retrieval", "--model", "own")
    assert not set(ended.out) & {"\x1b", "\x07", "\u202e"}
    assert "Five" in ended.out


def test_a_comparison_stands_in_columns(vouch: Vouch) -> None:
    ended = vouch("compare", QUESTION)
    assert ended.code == 0
    head, *rows = ended.out.splitlines()
    assert head.split("  ")[-1].strip() == "extractive, alone"
    assert "extractive, with documents" in head
    named = {row[:8].strip() for row in rows} - {""}
    assert named == {"answer", "time", "tokens", "cost", "passages", "cited", "vouched", "receipt"}
    assert "100% of sentences" in ended.out
    assert "Without retrieval the built-in model knows nothing" in ended.err
    assert max(map(len, ended.out.splitlines())) <= 100


@pytest.mark.parametrize(
    ("usd", "counted", "said"),
    [
        (None, "provider", "price unknown"),
        (0.0, "provider", "$0"),
        (0.00021, "provider", "$0.00021"),
        (0.000213456, "an estimate", "about $0.000213"),
        (0.5, "provider", "$0.50"),
        (1.2345, "provider", "$1.23"),
        (120.0, "provider", "$120.00"),
    ],
)
def test_a_cost_is_said_as_it_is_known(usd: float | None, counted: str, said: str) -> None:
    assert cost({"cost_usd": usd, "counted": counted}) == said


def test_many_arms_stand_one_below_the_other(vouch: Vouch, scripted: Any) -> None:
    scripted(Turn(texts=["Five. [1]"]))
    arms = [
        "model=extractive",
        "model=extractive,k=2",
        "model=own,retrieval=no",
        "model=own,strategy=few-shot",
    ]
    ended = vouch("compare", QUESTION, *(word for arm in arms for word in ("--arm", arm)))
    assert ended.code == 0
    titles = [line for line in ended.out.splitlines() if line.startswith(("extractive,", "own,"))]
    assert titles == [
        "extractive, with documents",
        "extractive, with documents",
        "own, alone",
        "own, with documents, few-shot",
    ]
    found = vouch("compare", QUESTION, "--model", "extractive", "--model", "own", "--json").json
    assert [(arm["arm"]["model"], arm["arm"]["retrieval"]) for arm in found["arms"]] == [
        ("extractive", True), ("extractive", False), ("own", True), ("own", False)
    ]  # fmt: skip


@pytest.mark.parametrize(
    "arm",
    [
        "",
        "x",
        "k=0",
        "k=51",
        "k=1000000000",
        "k=²",
        "retrieval=maybe",
        "strategy=psychic",
        "model=",
        "a=b,k=1",
    ],
)
def test_an_arm_that_is_none_is_refused(vouch: Vouch, arm: str) -> None:
    assert vouch("compare", QUESTION, "--arm", arm).code == ExitCode.USAGE


def test_an_arm_is_read() -> None:
    read = read_arm("model=a:b, retrieval=no,strategy=few-shot,k=5")
    assert read == {"model": "a:b", "retrieval": False, "strategy": "few-shot", "k": 5}


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (["ask", " "], ExitCode.USAGE),
        (["ask", "x", "-k", "51"], ExitCode.USAGE),
        (["ask", "x", "--strategy", "psychic"], ExitCode.USAGE),
        (["ask", "x", "--model", "no-such"], ExitCode.NOT_FOUND),
        (["ask", "x", "--model", "nobody:nothing"], ExitCode.USAGE),
        (["ask", "x", "--collection", "no-such"], ExitCode.NOT_FOUND),
        (["compare", "x", "--model", "no-such"], ExitCode.NOT_FOUND),
        (["compare", "x", "--model", "a", "--arm", "k=1"], ExitCode.USAGE),
        (["models", "show", "no-such"], ExitCode.NOT_FOUND),
        (["serve", "--port", "65536"], ExitCode.USAGE),
    ],
)
def test_what_cannot_be_done_is_said_with_its_code(vouch: Vouch, argv: list[str], code: ExitCode) -> None:
    ended = vouch(*argv)
    assert ended.code == code, ended.err
    assert ended.err.count("error: ") == 1
    assert "Traceback" not in ended.err
    assert "Value error" not in ended.err


def test_what_nothing_bears_out_is_named_with_the_closest_words(vouch: Vouch, scripted: Any) -> None:
    scripted(
        Turn(
            texts=[
                f"Up to nine days of annual leave move into the next year. [{marker_of_leave(vouch)}] "
                "Apply for leave in the people system three weeks ahead."
            ]
        )
    )
    ended = vouch("ask", QUESTION, "--model", "own", "-q")
    assert "unsupported" in ended.out
    assert "not there: nine days" in " ".join(ended.out.split())
    assert "quoted" in ended.out
    ended = vouch("ask", QUESTION, "--model", "own")
    assert "50% of its sentences vouched for" in ended.err


def test_an_answer_is_withheld_where_support_is_required(vouch: Vouch, scripted: Any) -> None:
    scripted(Turn(texts=["Up to nine days of annual leave ", "move into the next year. [1]"]))
    ended = vouch("ask", QUESTION, "--model", "own", "--require-support")
    assert ended.code == 0
    assert "nine" not in ended.out
    assert ended.out.startswith("The documents do not bear out what the model answered.")
    assert "hr/leave.md" in ended.out
    assert "Up to five days of annual leave move into the next year." in " ".join(ended.out.split())
    found = vouch("ask", QUESTION, "--model", "own", "--require-support", "--json").json
    assert (found["abstained"], found["supported"], found["sentences"]) == (True, False, [])
    assert found["passages"]
    assert vouch("ask", QUESTION, "--no-retrieval", "--require-support").code == ExitCode.USAGE


KNOWN = ("How many days of annual leave move into the next year?", "Where do I apply for leave?",
         "When do I connect to the VPN?", "At what does band seven begin?", "How early do I apply for leave?",
         "Which system is opened after the VPN?")  # fmt: skip
UNKNOWN = ("Who won the cup in Berlin?", "How tall is the tower?", "What does a horse eat?", "Why is the sky blue?",
           "How do I bake bread?", "Which river is longest?")  # fmt: skip


def test_a_calibration_is_shown_kept_and_forgotten(
    vouch: Vouch, company: tuple[Path, Path], tmp_path: Path
) -> None:
    rows = [{"question": q, "gold": [{"document": "leave.md"}]} for q in KNOWN]
    rows += [{"question": q} for q in UNKNOWN]
    questions = tmp_path / "q.jsonl"
    questions.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    kept = company[0] / "calibration.json"
    tried = vouch("calibrate", questions, "--dry-run", "--report", tmp_path / "r.html")
    assert tried.code == 0, tried.err
    assert "as shipped" in tried.out
    assert "fewer than 50 of each" in " ".join(tried.out.split())
    assert "<polyline" in (tmp_path / "r.html").read_text(encoding="utf-8")
    assert not kept.exists()
    found = vouch("calibrate", questions, "--target", "0.2", "--json").json
    assert found["kept"]
    assert found["target"] == 0.2
    (judged,) = found["judged"].values()
    assert (judged["answerable"], judged["unanswerable"]) == (6, 6)
    assert kept.stat().st_mode & 0o777 == 0o600
    assert not vouch("ask", KNOWN[0], "--json").json["abstained"]
    assert vouch("calibrate", "--reset", "--json").json == {"reset": True}
    assert not kept.exists()
    questions.write_text(json.dumps(rows[0]) + "\n", encoding="utf-8")
    assert vouch("calibrate", questions, "--json").json["error"]["code"] == "too_few_questions"
    for wrong in ([], [questions, "--reset"], [tmp_path / "none"], [questions, "--report", "x.pdf"]):
        assert vouch("calibrate", *wrong).code in (ExitCode.USAGE, ExitCode.NOT_FOUND)
