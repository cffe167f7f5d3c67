"""``vouch examples``: approved answers become worked examples, and leave with the documents that they quote."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.catalog import access, documents
from corpus.durable import unfinished
from corpus.errors import NotFoundError, UsageError
from corpus.settings import Settings
from corpus.types import ANYONE, Caller
from rag.bootstrap import open_service
from rag.prompts.approved import FILE_NAME, MOST_PASSAGES, make_example
from rag.prompts.prompting import NOT_IN_DOCUMENTS
from tests.rag.cli_runs import TEXTS, Vouch, put, runner, without_model
from tests.rag.company import scripted_model
from tests.rag.scripted import ScriptedServer, Turn

LEAVE = "How many days of annual leave move into the next year?"
休暇 = "使い切れなかった年次有給休暇はどうなりますか"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def vouch(data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Vouch:
    without_model(monkeypatch)
    with open_service(Settings(data_dir=data)) as service:
        put(service, TEXTS)
    return runner(capsys, data)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    with ScriptedServer([Turn(texts=["Five days [1]."])]) as server:
        monkeypatch.setenv("VOUCH_MODELS", json.dumps({"own": scripted_model(server)}))
        yield server


def _asked(vouch: Vouch, question: str) -> str:
    return str(vouch("ask", question, "--json").json["receipt"])


def _prompt(vouch: Vouch, server: ScriptedServer, question: str) -> str:
    assert vouch("ask", question, "--model", "own", "--strategy", "one-shot").code == 0
    return "\n".join(one["content"] for one in server.requests[-1]["messages"])


@pytest.mark.parametrize(
    ("question", "like", "words"),
    [
        (LEAVE, LEAVE, "Up to five days"),
        (休暇, "年次有給休暇は何日ですか", "翌年度に限り"),
    ],
)
def test_an_approved_answer_stands_in_the_prompts_of_questions_like_it(
    vouch: Vouch, server: ScriptedServer, question: str, like: str, words: str
) -> None:
    added = vouch("examples", "add", "--from", _asked(vouch, question))
    assert added.code == 0, added.err
    assert question in added.out
    [kept] = vouch("examples", "list", "--json").json["examples"]
    assert kept["example"]["question"] == question
    assert any(words in text for text in kept["example"]["passages"])
    assert kept["id"] in added.out
    assert words in kept["example"]["answer"]
    assert question in vouch("examples", "list").out
    assert kept["example"]["answer"] in _prompt(vouch, server, like)
    removed = vouch("examples", "remove", kept["id"])
    assert (removed.code, question in removed.out) == (0, True)
    assert kept["example"]["answer"] not in _prompt(vouch, server, like)
    assert "None was added yet" in vouch("examples", "list").err


def test_a_better_answer_takes_the_place_and_nothing_is_added_twice(vouch: Vouch, data: Path) -> None:
    own = _asked(vouch, LEAVE)
    assert vouch("examples", "add", "--from", own, "--answer", "Five [1].").code == 0
    again = vouch("examples", "add", "--from", own, "--answer", "Five [1].", "--json").json
    assert not again["added"]
    assert again["example"]["example"]["answer"] == "Five [1]."
    assert len(vouch("examples", "list", "--json").json["examples"]) == 1
    assert (data / FILE_NAME).stat().st_mode & 0o777 == 0o600


def test_a_pair_is_typed_in_and_an_abstention_is_one(vouch: Vouch) -> None:
    typed = (
        "Who",
        "signs?",
        "--passage",
        "Nobody.",
        "--passage",
        "The lead signs.",
        "--answer",
        "The lead [2].",
    )
    assert vouch("examples", "add", *typed).code == 0
    assert vouch("examples", "add", "Who cooks?", "--passage", "The lead signs.", "--no-answer").code == 0
    abstained = _asked(vouch, "Which colour did the chairman paint his yacht in Monaco?")
    by_receipt = vouch("examples", "add", "--from", abstained)
    kept = [one["example"] for one in vouch("examples", "list", "--json").json["examples"]]
    assert (kept[0]["passages"], kept[0]["answer"]) == (["The lead signs."], "The lead [1].")
    assert kept[1]["answer"] == NOT_IN_DOCUMENTS
    if by_receipt.code == 0:  # it found passages, though they answer nothing
        assert kept[2]["answer"] == NOT_IN_DOCUMENTS
    else:
        assert "no whole answer" in by_receipt.err


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        ((), 2, "Name a receipt"),
        (("--from", "0123456789abcdef"), 3, "There is no receipt"),
        (("Who?", "--from", "0123456789abcdef"), 2, "Name a receipt"),
        (("Who?",), 2, "answer of the example is empty"),
        (("Who?", "--answer", "Me [1]."), 2, "1 to 20 passages"),
        (("Who?", "--passage", "Me.", "--answer", "Me."), 2, "names no passage"),
        (("Who?", "--passage", "Me.", "--answer", "Me [2]."), 2, "the last is [1]"),
        (("Who?", "--passage", " ", "--answer", "Me [1]."), 2, "passage of the example is empty"),
        (("Who?", "--passage", "x" * 8001, "--answer", "Me [1]."), 2, "8,001 characters"),
        (("Who?", "--passage", "\udcff", "--answer", "Me [1]."), 2, "no text"),
        (("Who?", "--passage", "Me.", "--answer", "Me [1].", "--no-answer"), 2, "not both"),
    ],
)  # fmt: skip
def test_what_is_no_example_is_refused_in_a_sentence(
    vouch: Vouch, argv: tuple[str, ...], code: int, words: str
) -> None:
    ended = vouch("examples", "add", *argv)
    assert (ended.code, words in " ".join(ended.err.split())) == (code, True), ended.err
    assert vouch("examples", "list", "--json").json == {"examples": []}


def test_what_is_not_there_is_not_removed_and_nothing_else(vouch: Vouch) -> None:
    typed = ("Who?", "--passage", "Me.", "--answer", "Me [1].", "--json")
    own = vouch("examples", "add", *typed).json["example"]["id"]
    ended = vouch("examples", "remove", own, "00000000")
    assert (ended.code, "There is no example" in ended.err) == (3, True)
    assert len(vouch("examples", "list", "--json").json["examples"]) == 1


def test_from_a_closed_document_only_with_consent(vouch: Vouch, data: Path) -> None:
    own = _asked(vouch, LEAVE)
    with open_service(Settings(data_dir=data)) as service, service.corpus.catalog.write() as db:
        documents.set_access(db, documents.find_by_path(db, "leave.md")[0].id, ["group:hr"])
    refused = vouch("examples", "add", "--from", own)
    assert (refused.code, "leave.md" in refused.err) == (4, True)
    assert vouch("examples", "list", "--json").json == {"examples": []}
    assert vouch("examples", "add", "--from", own, "--yes").code == 0


@pytest.mark.parametrize("consent", [False, True])
def test_an_example_is_for_those_who_may_read_its_documents_today(
    vouch: Vouch, data: Path, consent: bool
) -> None:
    own = _asked(vouch, LEAVE)

    def close() -> None:
        with open_service(Settings(data_dir=data)) as service, service.corpus.catalog.write() as db:
            documents.set_access(db, documents.find_by_path(db, "leave.md")[0].id, ["group:hr"])

    if consent:
        close()
    assert vouch("examples", "add", "--from", own, "--yes").code == 0
    close()
    with open_service(Settings(data_dir=data)) as service:
        added = service.examples.added()[0].example
        assert added in service.examples.all().all
        assert (added in service.examples.all(ANYONE).all) is consent
        assert added in service.examples.all(Caller(frozenset({"public", "group:hr"}))).all


def test_an_example_goes_with_the_document_that_it_quotes(vouch: Vouch, data: Path) -> None:
    own = _asked(vouch, LEAVE)
    assert vouch("examples", "add", "--from", own).code == 0
    assert vouch("examples", "add", "Who?", "--passage", "Me.", "--answer", "Me [1].").code == 0
    erased = vouch("documents", "erase", "leave.md", "--yes", "--json").json
    assert {"place": "worked examples", "seen": "1 that quoted the documents are gone"} in erased[
        "certificate"
    ]["checked"]
    [left] = vouch("examples", "list", "--json").json["examples"]
    assert left["example"]["question"] == "Who?"
    assert "five days" not in (data / FILE_NAME).read_text(encoding="utf-8")


def test_what_a_kill_left_half_written_goes_with_the_document(vouch: Vouch, data: Path) -> None:
    left = unfinished(data / FILE_NAME)
    left.write_text("Up to five days", encoding="utf-8")
    assert vouch("documents", "erase", "leave.md", "--yes").code == 0
    assert not left.exists()


def test_nothing_is_taken_out_for_a_document_that_is_not_there(vouch: Vouch, data: Path) -> None:
    assert vouch("examples", "add", "--from", _asked(vouch, LEAVE)).code == 0
    with open_service(Settings(data_dir=data)) as service:
        with service.corpus.catalog.read() as db:
            own = documents.find_by_path(db, "leave.md")[0].id
        with pytest.raises(NotFoundError):
            service.examples.erase([own, "gone"])
        assert len(service.examples.added()) == 1


def test_no_example_of_a_document_erased_meanwhile_is_kept(
    vouch: Vouch, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = _asked(vouch, LEAVE)
    with open_service(Settings(data_dir=data)) as service:
        receipt = service.corpus.receipts.get(own).body
        with service.corpus.catalog.read() as db:
            erased = documents.find_by_path(db, "leave.md")[0].id
        looking = access.visible_among

        def slow(*told: Any) -> Any:
            service.examples.erase([erased])
            return looking(*told)

        with monkeypatch.context() as patch:
            patch.setattr(access, "visible_among", slow)
            with pytest.raises(NotFoundError):
                service.examples.add_answer(receipt, consent=True)
        assert service.examples.added() == ()


def test_the_last_example_leaves_no_file_and_no_mark_on_receipts(
    vouch: Vouch, server: ScriptedServer, data: Path
) -> None:
    added = vouch("examples", "add", "Who?", "--passage", "Me.", "--answer", "Me [1].", "--json").json
    assert vouch("examples", "remove", added["example"]["id"]).code == 0
    assert not (data / FILE_NAME).exists()
    told = vouch("ask", LEAVE, "--model", "own", "--strategy", "one-shot", "--json").json
    with open_service(Settings(data_dir=data)) as service:
        assert not service.corpus.receipts.get(told["receipt"]).open_ended


def test_many_passages_were_shown_and_few_are_cited(vouch: Vouch, data: Path) -> None:
    own = _asked(vouch, LEAVE)
    with open_service(Settings(data_dir=data)) as service:
        receipt = service.corpus.receipts.get(own).body
        given = receipt["answer"]
        gone = {**given["passages"][0], "document_id": "gone"}
        shown = [*[gone] * MOST_PASSAGES, given["passages"][0]]
        many = {**receipt, "answer": {**given, "passages": shown}}
        answer = f"Five days [{len(shown)}]."
        kept, _ = service.examples.add_answer(many, answer)
        assert (kept.example.answer, len(kept.example.passages)) == ("Five days [1].", 1)


def test_a_damaged_file_fails_the_prompts_that_want_it_and_names_its_line(
    vouch: Vouch, server: ScriptedServer, data: Path
) -> None:
    (data / FILE_NAME).write_text('{"question": 5}\n', encoding="utf-8")
    for command in (("examples", "list"), ("ask", LEAVE, "--model", "own", "--strategy", "few-shot")):
        ended = vouch(*command)
        assert (ended.code, "Line 1 of the examples file" in " ".join(ended.err.split())) == (2, True)
    for options in ((), ("--strategy", "few-shot"), ("--model", "own")):
        assert vouch("ask", LEAVE, *options).code == 0


@given(st.lists(st.integers(1, 6), min_size=1, max_size=12), st.integers(1, 6))
def test_markers_follow_their_passages(named: list[int], there: int) -> None:
    passages = [f"Passage {n}." for n in range(1, there + 1)]
    answer = " ".join(f"{n}? [{n}]" for n in named)
    if max(named) > there:
        with pytest.raises(UsageError):
            make_example("q", passages, answer)
        return
    made = make_example("q", passages, answer)
    words: Any = made.answer.split(" ")
    for said, marker in zip(words[::2], words[1::2], strict=True):
        assert made.passages[int(marker.strip("[]")) - 1] == f"Passage {said.strip('?')}."
    assert len(made.passages) == len(set(named))
