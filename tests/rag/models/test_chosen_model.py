"""A model of one's own choice, asked through a real server of another make: ``transformers serve`` with a
tiny model of random weights. What it says is nonsense; that it arrives whole, counted and cited honestly is
not.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from corpus.settings import Settings
from rag.cli.app import run
from rag.models.attempts import Delta, Finish
from rag.models.catalogue import Models
from rag.models.upstream import UpstreamError
from rag.prompts.prompting import Message
from tests.make_tiny_model import make_tiny_chat_model
from tests.rag.company import running
from tests.rag.events import events

pytestmark = pytest.mark.slow

PATIENCE_S = 240
WINDOW = 4096
ASKED = [Message("system", "Be brief."), Message("user", "How often is the pump serviced? 時間")]
LEAVE = "How many days of annual leave move into the next year?"


@dataclass(frozen=True)
class Other:
    """A server of another make: its address and the folder of its model."""

    base_url: str
    folder: Path

    def table(self, **more: Any) -> dict[str, Any]:
        """The table of vouch.toml that names it."""
        return {
            "provider": "openai-compatible",
            "model": str(self.folder),
            "base_url": self.base_url,
            "context_window": WINDOW,
            "max_output_tokens": 24,
            "tokenizer": str(self.folder / "tokenizer.json"),
        } | more

    def connections(self) -> int:
        """How many connections to it this process keeps."""
        port = httpx.URL(self.base_url).port
        kept = psutil.Process().net_connections("tcp")
        return sum(one.raddr.port == port for one in kept if one.raddr and one.status == "ESTABLISHED")


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Other]:
    home = tmp_path_factory.mktemp("other")
    folder = make_tiny_chat_model(home / "model", window=WINDOW)
    said = home / "log"
    argv = [
        sys.executable, "-m", "transformers.cli.transformers", "serve", str(folder),
        "--host", "127.0.0.1", "--port", "0", "--device", "cpu",
    ]  # fmt: skip
    with said.open("wb") as log:
        process = subprocess.Popen(argv, cwd=home, stdout=log, stderr=log)  # offline, as every test is
    try:
        yield Other(f"{_address(process, said)}/v1", folder)
    finally:
        process.kill()
        process.wait()


def _address(process: subprocess.Popen[bytes], said: Path) -> str:
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends:
        words = said.read_text(encoding="utf-8", errors="replace")
        assert process.poll() is None, words
        if found := re.search(r"running on (http://[0-9.:]+)", words):
            return found.group(1)
        time.sleep(0.05)
    raise AssertionError(said.read_text(encoding="utf-8", errors="replace"))


@pytest.fixture
def models(other: Other) -> Iterator[Models]:
    before = set(threading.enumerate())
    own = Models(
        {
            "streamed": other.table(),
            "whole": other.table(stream=False),
            "endless": other.table(max_output_tokens=2000, max_concurrent=1),
            "misnamed": other.table(model="another"),
        }
    )
    yield own
    own.close()
    assert other.connections() == 0
    assert not [thread for thread in set(threading.enumerate()) - before if thread.name == "vouch-models"]


def _heard(models: Models, name: str) -> tuple[list[str], Finish]:
    *deltas, finish = models.open(name).stream(ASKED)
    assert isinstance(finish, Finish)
    return [delta.text for delta in deltas if isinstance(delta, Delta)], finish


def test_a_reply_is_the_same_streamed_and_whole_and_counted_by_the_server(models: Models) -> None:
    streamed, its_end = _heard(models, "streamed")
    whole, the_end = _heard(models, "whole")
    assert len(streamed) > 3
    assert len(whole) == 1
    assert "".join(streamed).strip() == whole[0].strip() != ""
    assert its_end == the_end
    assert (its_end.reason, its_end.output_tokens, its_end.attempts) == ("length", 24, 1)
    ours = sum(models.open("whole").budget.counter.count(message.text) for message in ASKED)
    assert its_end.input_tokens is not None
    assert ours <= its_end.input_tokens <= ours + 20  # the server's template adds who speaks


def test_a_caller_who_leaves_gives_the_connection_back(models: Models, other: Other) -> None:
    endless = models.open("endless")
    for _ in range(2):  # there is one place alone
        with closing(endless.stream(ASKED)) as stream:
            assert isinstance(next(stream), Delta)
        assert other.connections() == 0


def test_what_the_server_refuses_is_told_in_its_own_words(models: Models) -> None:
    with pytest.raises(UpstreamError, match="pinned to") as refused:
        list(models.open("misnamed").stream(ASKED))
    assert (refused.value.code, refused.value.attempts) == ("model_failed", 1)


def test_a_question_is_answered_through_it_over_http(other: Other, filled: Path, tmp_path: Path) -> None:
    data = shutil.copytree(filled, tmp_path / "data")
    with (
        running(Settings(data_dir=data, model="own", models={"own": other.table()})) as url,
        httpx.Client(base_url=url, timeout=PATIENCE_S) as client,
    ):
        body = {"question": LEAVE, "k": 2}
        whole = client.post("/api/ask", json=body).json()
        with client.stream("POST", "/api/ask", json={**body, "stream": True}) as reply:
            told = list(events(reply))
        arms = client.post("/api/compare", json={"question": LEAVE}).json()["arms"]
        assert [(arm["arm"]["model"], arm["retrieval"]) for arm in arms] == [("own", True), ("own", False)]
        for answer in (whole, told[-1][1], *arms):
            _check(client, answer)
    assert [name for name, _ in told if name != "delta"] == ["passages", "citations", "timings", "done"]
    assert "".join(data["text"] for name, data in told if name == "delta").strip() == told[-1][1]["text"]
    assert len(whole["passages"]) == 2
    sizes = whole["prompt"]
    assert sizes["counted"].endswith("tokenizer.json")
    assert sizes["tokens"] <= whole["usage"]["input_tokens"] <= sizes["tokens"] * 1.1 + 20
    assert other.connections() == 0


def test_two_models_are_compared_with_and_without_retrieval_at_their_prices(
    other: Other, filled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = shutil.copytree(filled, tmp_path / "data")
    priced = other.table(price_input_usd=2.0, price_output_usd=8.0)
    models = {"priced": priced, "unpriced": other.table(stream=False)}
    arms = [{"model": name, "retrieval": read} for name in models for read in (True, False)]
    with (
        running(Settings(data_dir=data, models=models)) as url,
        httpx.Client(base_url=url, timeout=PATIENCE_S) as client,
    ):
        for question in (LEAVE, "使い切れなかった年次有給休暇はどうなりますか"):
            found = client.post("/api/compare", json={"question": question, "arms": arms}).json()["arms"]
            assert [(arm["arm"]["model"], arm["retrieval"]) for arm in found] == [
                (arm["model"], arm["retrieval"]) for arm in arms
            ]
            for arm in found:
                _check(client, arm)
                assert arm["timings_ms"]["total"] >= arm["timings_ms"]["model"] > 0
                assert bool(arm["passages"]) == arm["retrieval"]
                assert (arm["support"] is None) == (not arm["sentences"])
                usage = arm["usage"]
                price = (2.0 * usage["input_tokens"] + 8.0 * usage["output_tokens"]) / 1e6
                assert usage["cost_usd"] == (pytest.approx(price) if arm["model"] == "priced" else None)
                assert client.get(f"/api/answers/{arm['receipt']}").json()["answer"]["text"] == arm["text"]
            with_, without = found[0], found[1]
            assert with_["usage"]["input_tokens"] > without["usage"]["input_tokens"]
            shown = (word for arm in arms for word in ("--arm", _arm(arm)))
            assert run(["compare", question, *shown, "--data-dir", str(data)]) == 0  # through the server
            out = capsys.readouterr().out
            assert out.count("price unknown") == 2
            assert len(re.findall(r"\$0\.00\d+", out)) == 2
            for fact in ("answer", "vouched", "tokens", "cost", "time"):
                assert fact in out


def _arm(arm: dict[str, Any]) -> str:
    return f"model={arm['model']},retrieval={'yes' if arm['retrieval'] else 'no'}"


def _check(client: httpx.Client, answer: dict[str, Any]) -> None:
    """An answer that came whole, cut at the model's limit as it says, each citation in the stored text."""
    assert answer["complete"]
    assert answer["text"]
    assert answer["finish_reason"] == "length"
    assert "truncated" in [note["code"] for note in answer["notes"]]
    assert answer["usage"]["counted"] == "provider"
    assert answer["usage"]["output_tokens"] == 24
    for citation in answer["citations"]:
        path = f"/api/documents/{citation['document_id']}/text"
        text = client.get(path, params={"version": citation["version"]}).json()["text"]
        assert text[citation["start"] : citation["end"]] == citation["quote"]
