"""A receipt holds what an answer rests on, shows it to who may see it, and can be replayed."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from corpus.catalog import documents
from corpus.errors import NotFoundError
from corpus.hashing import text_hash
from corpus.receipts import FILE_NAME
from corpus.settings import Settings
from corpus.types import ANYONE, OWNER, Caller
from rag.asking.answers import Answer, Ask, Done
from rag.asking.comparison import Arm
from rag.bootstrap import open_service
from rag.grounding.abstention import FITTED
from rag.prompts.approved import id_of
from rag.prompts.prompting import Message
from rag.receipts.replaying import Replay
from rag.retrieval import retriever
from rag.service import Service
from tests.rag.cli_runs import TEXTS, put, without_model
from tests.rag.company import scripted_model
from tests.rag.scripted import ScriptedServer, Turn

LEAVE = "How many days of annual leave move into the next year?"
休暇 = "使い切れなかった年次有給休暇はどうなりますか"
SECRET = "sk-never-in-a-receipt"


def asked(service: Service, question: str = LEAVE, caller: Caller = OWNER, **more: Any) -> Answer:
    last = list(service.ask_events(Ask(question, **more), caller=caller))[-1]
    assert isinstance(last, Done)
    return last.answer


@contextmanager
def opened(data: Path, **more: Any) -> Iterator[Service]:
    """A service with words in the place of the embedding model, over a few documents."""
    with pytest.MonkeyPatch.context() as patch:
        without_model(patch)
        with open_service(Settings(data_dir=data, dense="exact", **more)) as service:
            if service.corpus.is_empty(OWNER):
                put(service, TEXTS)
            yield service


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def service(data: Path) -> Iterator[Service]:
    with opened(data) as service:
        yield service


def reasons(found: Replay) -> dict[str, str]:
    return {one.cause: one.message for one in found.reasons}


# ---- what it holds -------------------------------------------------------------------------------


def test_a_receipt_holds_what_the_answer_rests_on(service: Service) -> None:
    answer = asked(service, k=3)
    assert answer.receipt == answer.id
    found = service.receipt(answer.id)
    assert found["answer"]["text"] == answer.text
    assert found["reply"] == answer.reply
    assert answer.prompt is not None
    assert [(one["role"], one["text"]) for one in found["prompt"]["messages"]] == [
        (one.role, one.text) for one in answer.prompt.messages
    ]
    [search] = found["searches"]
    assert (search["query"], search["k"]) == (LEAVE, 3)
    contexts = {one.hit.chunk_id: one.hit.context for one in answer.passages}
    for hit in search["hits"]:
        version, text, _ = service.corpus.text(hit["document_id"], hit["version"], hit["start"], hit["end"])
        assert hit["hash"] == text_hash(f"{contexts[hit['chunk_id']]}\n\n{text}").hex()
        [own] = [one for one in found["corpus"]["documents"] if one["document_id"] == hit["document_id"]]
        assert (own["version"], own["sha256"]) == (1, version.sha256)
    assert found["corpus"]["seq"] == service.corpus.state().seq
    assert found["model"] | {"name": "extractive", "seed": None} == found["model"]
    assert found["settings"]["candidates"] == 100
    assert {"vouch", "python", "sqlite", "tantivy"} <= found["software"].keys()
    assert found["answer"]["timings_ms"]["total"] > 0
    assert found["caller"] == {"owner": True, "principals": ["public"]}
    assert not any("text" in one for one in found["answer"]["passages"])


def test_no_key_and_no_address_is_in_a_receipt(data: Path) -> None:
    with ScriptedServer([Turn(texts=["Five days. [1]"])]) as server:
        address = server.base_url.replace("http://", f"http://user:{SECRET}@")
        table = scripted_model(
            server, base_url=address, options={"default_headers": {"x-key": SECRET}, "seed": 7, "top_p": 0.5}
        )
        with opened(data, models={"ours": table}) as service:
            answer = asked(service, model="ours")
            shown = json.dumps(service.receipt(answer.id))
    assert SECRET not in shown
    assert server.base_url not in shown
    assert str(data) not in shown
    found = json.loads(shown)
    assert (found["model"]["seed"], found["model"]["options"]) == (7, {"seed": 7, "top_p": 0.5})
    assert found["model"]["options_not_kept"] == ["default_headers"]
    raw = b"".join(path.read_bytes() for path in data.glob(f"{FILE_NAME}*"))
    assert SECRET.encode() not in raw


def test_every_arm_of_a_comparison_has_a_receipt(service: Service) -> None:
    found = service.compare(LEAVE, [Arm(k=2), Arm(k=1), Arm(retrieval=False)])
    kept = [service.receipt(one.answer.receipt) for one in found.arms if one.answer and one.answer.receipt]
    assert [[len(search["hits"]) for search in one["searches"]] for one in kept] == [[2], [1], []]
    assert [one["corpus"]["seq"] is None for one in kept] == [False, False, True]


def test_an_answer_without_words_and_receipts_of_no_days_leave_none(data: Path) -> None:
    with opened(data, receipt_days=0) as service:
        answer = asked(service)
        assert (answer.receipt, answer.notes) == (None, ())
        assert not (data / FILE_NAME).exists()


def test_a_receipt_that_cannot_be_kept_is_a_note_and_no_error(service: Service, data: Path) -> None:
    assert asked(service).receipt
    with closing(sqlite3.connect(data / FILE_NAME, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = asked(service)
    assert (answer.receipt, bool(answer.text)) == (None, True)
    [note] = [one for one in answer.notes if one.code == "no_receipt"]
    assert note.message == "No receipt was kept of this answer: its file is locked by another program."
    service.corpus.receipts.close()
    (data / FILE_NAME).write_bytes(b"not a database, but a long enough text to be none")
    answer = asked(service)
    assert answer.receipt is None
    assert "its file is damaged" in answer.notes[-1].message
    compared = service.compare(LEAVE, [Arm()]).arms[0].answer
    assert compared is not None
    assert "damaged" in compared.notes[-1].message


# ---- who may see it ------------------------------------------------------------------------------


def test_a_receipt_is_for_its_owner_and_for_who_asked(service: Service) -> None:
    own, public = asked(service), asked(service, caller=ANYONE)
    group = Caller(frozenset({"public", "group:hr"}))
    theirs = asked(service, caller=group)
    for answer in (own, public, theirs):
        assert service.receipt(answer.id)["answer"]
    assert service.receipt(public.id, ANYONE)["answer"]
    assert service.receipt(theirs.id, group)["answer"]
    for answer, caller in ((own, ANYONE), (own, group), (theirs, ANYONE), (public, group)):
        with pytest.raises(NotFoundError, match="no receipt"):
            service.receipt(answer.id, caller)
        with pytest.raises(NotFoundError):
            service.replay(answer.id, caller)


@pytest.mark.parametrize("question", [LEAVE, 休暇])
@pytest.mark.parametrize("hide", ["access", "remove"])
def test_what_is_hidden_since_is_in_no_receipt_that_the_asker_sees(
    service: Service, question: str, hide: str
) -> None:
    answer = asked(service, question, ANYONE)
    quoted = {one.hit.document_id: one.hit for one in answer.passages}
    gone = next(iter(quoted.values()))
    words = gone.text[-12:]  # the question has those before
    if hide == "access":
        with service.corpus.catalog.write() as db:
            documents.set_access(db, gone.document_id, ["group:hr"])
    else:
        service.corpus.remove([gone.document_id])
    shown = service.receipt(answer.id, ANYONE)
    again = service.replay(answer.id, ANYONE)
    told = json.dumps([shown, again.generated.before, str(again)], ensure_ascii=False, default=str)
    for hidden in (words, gone.source, gone.document_id, gone.chunk_id):
        assert hidden not in told
    assert (shown["prompt"], shown["reply"], shown["answer"]) == (None, None, None)
    assert shown["withheld"]
    assert again.generated.note == "The prompt is not for you."
    assert not again.documents
    assert words in json.dumps(service.receipt(answer.id), ensure_ascii=False)  # its owner sees all


def test_a_follow_up_quotes_what_the_answers_before_it_quoted(service: Service) -> None:
    first = asked(service, caller=ANYONE)
    turns = (Message("user", LEAVE), Message("assistant", first.text))
    vpn = "Should I connect to the VPN before opening the ticket system?"
    known = asked(service, vpn, ANYONE, history=turns, k=1)
    altered = (turns[0], Message("assistant", first.text + " Or so."))
    unknown = asked(service, vpn, ANYONE, history=altered, k=1)
    assert service.receipt(known.id, ANYONE)["asked"]["history"]
    assert service.receipt(unknown.id, ANYONE)["withheld"]
    with service.corpus.catalog.write() as db:
        for one in first.passages:
            documents.set_access(db, one.hit.document_id, ["group:hr"])
    shown = service.receipt(known.id, ANYONE)
    assert shown["withheld"]
    assert "Up to five days" not in json.dumps(shown)


def test_erasing_takes_the_receipts_that_quote_the_document(service: Service, data: Path) -> None:
    hr = asked(service, k=1)
    turns = (Message("user", LEAVE), Message("assistant", hr.text))
    follow = asked(service, "And the VPN guide and the ticket system?", history=turns, k=1)
    other = asked(service, "Should I connect to the VPN before opening the ticket system?", k=1)
    certificate = service.corpus.erase([hr.passages[0].hit.document_id])
    assert {one.place: one.seen for one in certificate.checked}["receipts"].startswith("2 deleted")
    for answer in (hr, follow):
        with pytest.raises(NotFoundError):
            service.receipt(answer.id)
    assert service.receipt(other.id)
    assert not [
        path for path in data.rglob("*") if path.is_file() and b"Up to five days" in path.read_bytes()
    ]


# ---- replaying -----------------------------------------------------------------------------------


@pytest.mark.parametrize("question", [LEAVE, 休暇])
def test_the_built_in_model_writes_the_same_to_the_letter_in_another_process_life(
    filled: Path, tmp_path: Path, question: str
) -> None:
    """With the real embedder, which reads sentences by meaning, loaded anew."""
    shutil.copytree(filled, tmp_path / "data")
    settings = Settings(data_dir=tmp_path / "data")
    with open_service(settings) as first:
        answer = asked(first, question)
    assert answer.citations
    with open_service(settings) as second:
        again = second.replay(answer.id)
    assert again.generated.same is True
    assert again.generated.now == answer.reply
    assert again.same
    assert again.reasons == ()


def test_an_answer_in_other_words_keeps_its_searches_and_is_replayed(service: Service) -> None:
    answer = asked(service, "How is PTO carried over to the next year?")
    kept = service.receipt(answer.id)
    assert kept["answer"]["standalone_question"] == answer.standalone_question != ""
    assert answer.standalone_question in [one["query"] for one in kept["searches"][1:]]
    again = service.replay(answer.id)
    assert (again.same, again.generated.same, again.reasons) == (True, True, ())


def test_a_note_is_the_same_in_either_language(service: Service) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retriever, "is_japanese", lambda _: False)  # as an earlier Vouch told it
        answer = asked(service, 休暇)
    [search] = service.receipt(answer.id)["searches"]
    assert search["notes"][0].endswith("searched by words alone.")
    again = service.replay(answer.id, generate=False)
    assert again.searches[0].notes != tuple(search["notes"])
    assert again.reasons == ()


def test_a_replay_says_when_answers_are_refused_by_another_calibration(service: Service) -> None:
    answer = asked(service)
    kept = service.receipt(answer.id)["settings"]["calibration"]
    assert kept["with_cosine"]["threshold"] == FITTED.with_cosine.threshold
    assert service.replay(answer.id).reasons == ()
    shipped = service.abstention
    service.abstention = replace(shipped, with_cosine=replace(shipped.with_cosine, threshold=0.75))
    said = reasons(service.replay(answer.id))["settings"]
    assert f"was {FITTED.with_cosine.threshold:g}, and is 0.75" in said
    assert "(with cosines)" in said
    service.abstention = replace(shipped, without=replace(shipped.without, best=1.0))
    assert "the weights are others" in reasons(service.replay(answer.id))["settings"]


def test_a_replay_says_what_became_of_the_documents(service: Service) -> None:
    put(service, {"a.txt": ["Annual leave: five days move."], "b.txt": ["Annual leave of the next year."]})
    answer = asked(service, k=8)
    ids = {one.hit.source: one.hit.document_id for one in answer.passages}
    put(service, {"a.txt": ["Annual leave: nine days move."], "c.txt": ["Annual leave days move, says c."]})
    service.corpus.remove([ids["b.txt"]])
    again = service.replay(answer.id)
    assert not again.same
    assert reasons(again)["corpus"] == "Documents since: 1 added, 1 changed, 1 removed."
    why = {(one.source, one.why) for one in again.searches[0].moved if one.why}
    assert why == {
        ("a.txt", "its document is at version 2, and was at 1"),
        ("b.txt", "its document was removed"),
        ("c.txt", "its document was added since"),
    }
    assert [(one.path, one.before, one.now) for one in again.documents] == [
        ("b.txt", 1, None), ("c.txt", None, 1), ("a.txt", 1, 2),
    ]  # fmt: skip
    assert again.generated.same  # the prompt is the stored one
    other = asked(service, "Should I connect to the VPN before opening the ticket system?", k=1)
    service.corpus.erase([ids["a.txt"]])
    assert "1 erased" in reasons(service.replay(other.id))["corpus"]


def test_a_replay_says_which_settings_parameters_and_readers_are_other(data: Path) -> None:
    with ScriptedServer([Turn(texts=["Five days. [1]"]), Turn(texts=["Five years. [1]"])]) as server:
        with opened(data, models={"ours": scripted_model(server)}) as service:
            answer = asked(service, model="ours", caller=ANYONE)
            assert service.replay(answer.id, generate=False).reasons == ()
        table = scripted_model(server, temperature=0.7, options={"seed": 3})
        with opened(data, candidates=7, models={"ours": table}) as service:
            with service.corpus.catalog.write() as db:
                documents.set_access(db, answer.passages[0].hit.document_id, ["group:hr"])
            again = service.replay(answer.id)
            assert reasons(again)["settings"] == "candidates was 100, and is 7."
            assert "temperature of ours was 0.0, and is 0.7." in {one.message for one in again.reasons}
            assert "access" in reasons(again)
            assert again.searches[0].moved[0].why == "its document is no longer for the one who asked"
            generated = again.generated
            assert (generated.same, generated.differs_at) == (False, len("Five "))
            assert (generated.before, generated.now) == ("Five days. [1]", "Five years. [1]")
        with opened(data) as service:  # the model is gone
            failure = service.replay(answer.id).generated.failure
            assert failure is not None
            assert failure.code == "model_unknown"


def test_a_replay_names_the_worked_examples_that_changed(data: Path) -> None:
    def example(question: str, answer: str) -> str:
        return service.examples.add(question, [LEAVE], f"{answer} [1].")[0].id

    with (
        ScriptedServer([Turn(texts=["Five days. [1]"])]) as server,
        opened(data, models={"ours": scripted_model(server)}) as service,
    ):
        kept = example("How many days of annual leave may be carried over?", "Five")
        gone = example("有給休暇は翌年に何日残せますか。", "五日")
        example("How many days of annual leave are there in a year?", "Twenty")
        few = [asked(service, model="ours", strategy="few-shot", caller=one) for one in (OWNER, ANYONE)]
        plain = asked(service, model="ours")
        assert [len(one.prompt.examples) for one in (*few, plain) if one.prompt] == [3, 3, 0]
        assert not any(service.replay(one.id, generate=False).reasons for one in (*few, plain))

        used = few[0].prompt.examples if few[0].prompt else ()
        assert kept in {id_of(one) for one in used}
        service.examples.remove([kept, gone])
        example("How many days of annual leave may be carried over?", "Nine")
        said = [one.message for one in service.replay(few[0].id, generate=False).reasons]
        assert "The example “How many days of annual leave may be carried over?” was changed." in said
        assert "The example “How many days of annual leave may be carried over?” would be chosen now." in said
        assert ("The example “有給休暇は翌年に何日残せますか。” was removed." in said) == (
            gone in map(id_of, used)
        )
        assert {one.cause for one in service.replay(few[1].id, ANYONE, generate=False).reasons} <= {
            "examples"
        }
        assert service.replay(plain.id, generate=False).reasons == ()

        (data / "examples.jsonl").write_text("{}\n", encoding="utf-8")
    with opened(data, models={"ours": scripted_model(server)}) as service:
        assert "cannot be read" in reasons(service.replay(few[0].id, generate=False))["examples"]


def test_a_replay_of_another_corpus_says_so(service: Service, data: Path, tmp_path: Path) -> None:
    answer = asked(service)
    service.corpus.receipts.close()
    with opened(tmp_path / "new") as second:
        shutil.copy(data / FILE_NAME, tmp_path / "new" / FILE_NAME)
        assert "another one" in reasons(second.replay(answer.id))["corpus"]


def test_what_was_refused_without_a_model_is_searched_alone(service: Service) -> None:
    answer = asked(service, "qwertz uiop")
    assert answer.abstained
    again = service.replay(answer.id)
    assert again.generated.note == "No model was asked."
    assert again.same
