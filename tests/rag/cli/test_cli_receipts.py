"""``vouch receipts``, ``vouch receipt`` and ``vouch replay`` as people meet them, in English and Japanese."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from corpus.receipts import FILE_NAME
from corpus.settings import Settings
from rag.bootstrap import open_service
from tests.rag.cli_runs import TEXTS, Ended, Vouch, put, runner, without_model

LEAVE = "How many days of annual leave move into the next year?"
休暇 = "使い切れなかった年次有給休暇はどうなりますか"


@pytest.fixture
def vouch(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Vouch:
    without_model(monkeypatch)
    with open_service(Settings(data_dir=tmp_path / "data")) as service:
        put(service, TEXTS)
    return runner(capsys, tmp_path / "data")


def receipt_of(ended: Ended) -> str:
    [found] = re.findall(r"(?:receipt|レシート)\s+([0-9a-f]{16})", ended.err)
    return str(found)


@pytest.mark.parametrize("question", [LEAVE, 休暇])
def test_an_answer_leaves_a_receipt_that_can_be_shown_listed_and_replayed(
    vouch: Vouch, question: str
) -> None:
    own = receipt_of(vouch("ask", question))
    shown = vouch("receipt", own)
    assert shown.code == 0
    for words in (
        question,
        "the owner of the data folder",
        "extractive",
        "system:",
        "user:",
        "version 1",
        "hash ",
    ):
        assert words in shown.out
    listed = vouch("receipts")
    assert own in listed.out
    assert question in listed.out
    again = vouch("replay", own)
    assert again.code == 0
    assert "the same passages, in the same order" in again.out
    assert "the same, to the letter" in again.out
    assert "Nothing else has changed since" in again.out
    assert "The model was not asked again." in vouch("replay", own, "--no-model").out


def test_a_question_in_other_words_is_shown_as_it_was_read_and_replayed_so(vouch: Vouch) -> None:
    own = receipt_of(vouch("ask", "使い切れなかった有休はどうなりますか"))
    assert re.search(r"read as\s+使い切れなかった年次有給休暇はどうなりますか", vouch("receipt", own).out)
    assert "read as" not in vouch("receipt", receipt_of(vouch("ask", 休暇))).out
    again = vouch("replay", own).out
    assert "the same, to the letter" in again
    assert "differ" not in again


def test_a_replay_tells_what_has_changed(vouch: Vouch, tmp_path: Path) -> None:
    own = receipt_of(vouch("ask", LEAVE))
    vouch("documents", "remove", "leave.md")
    again = vouch("replay", own).out
    assert "corpus      Documents since: 1 removed." in again
    assert "leave.md" in again
    assert "its document was removed" in again
    found = vouch("replay", own, "--json").json
    assert (found["same"], found["generated"]["same"], found["changed_documents"]) == (False, True, 1)


def test_json_holds_all_of_it(vouch: Vouch) -> None:
    asked = vouch("ask", LEAVE, "--json").json
    found = vouch("receipt", asked["receipt"], "--json").json
    assert found["answer"]["text"] == asked["text"]
    assert [one["id"] for one in vouch("receipts", "--json").json["receipts"]] == [asked["receipt"]]
    assert vouch("receipts", "-n", "1", "--json").json["receipts"]


def test_what_is_not_there_or_cannot_be_read_is_said(vouch: Vouch, tmp_path: Path) -> None:
    empty = vouch("receipts")
    assert (empty.code, empty.out) == (0, "")
    assert "There are no receipts" in empty.err
    for command in ("receipt", "replay"):
        missing = vouch(command, "0123456789abcdef")
        assert (missing.code, "There is no receipt" in missing.err) == (3, True)
    assert vouch("receipt", " ").code == 2
    (tmp_path / "data" / FILE_NAME).write_bytes(b"not a database, but a long enough text to be none")
    damaged = vouch("receipts")
    assert (damaged.code, "is damaged" in " ".join(damaged.err.split())) == (5, True)
    answered = vouch("ask", LEAVE)
    assert answered.code == 0
    assert "No receipt was kept of this answer: its file is damaged." in " ".join(answered.err.split())
    assert vouch("verify").code == 1


def test_comparing_names_the_receipt_of_each_arm(vouch: Vouch) -> None:
    found = vouch("compare", LEAVE, "--json").json
    ids = [arm["receipt"] for arm in found["arms"]]
    assert len(set(ids)) == 2
    assert all(vouch("receipt", own).code == 0 for own in ids)
