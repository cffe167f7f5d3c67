"""``vouch serve`` as a process: alive at once, ending in good order, going on where it was,
beside other commands.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest

from corpus.errors import BusyError, StorageError, VouchError
from corpus.settings import Settings
from rag.api.guards import host_name
from rag.owner.calling import call
from rag.serving import Front, listen, serve
from tests.rag.cli_runs import ROOT
from tests.rag.company import scripted_model
from tests.rag.events import events
from tests.rag.scripted import ScriptedServer, Turn
from tests.rag.serve_runs import PATIENCE_S, Start, data, start

__all__ = ["data", "start"]

LEAVE = "How many days of annual leave move into the next year?"


def test_it_is_alive_before_it_is_ready_and_commands_work_beside_it(start: Start, tmp_path: Path) -> None:
    server = start()
    server.wait("/live")
    early = httpx.get(server.url + "/ready")
    if early.status_code != 200:  # a very quick machine may be ready already
        assert early.status_code == 503
        assert int(early.headers["retry-after"]) >= 1
        assert early.json()["error"]["code"] == "starting"
    server.wait("/ready")
    assert server.process.stdout is not None
    greeting = [server.process.stdout.readline().decode() for _ in range(4)]
    assert server.url in greeting[0]
    assert f"curl -s {server.url}/api/ask" in greeting[2]

    told: list[str] = []
    found = call(
        server.settings, "ask", {"ask": {"question": LEAVE}}, emit=lambda event: told.append(event["name"])
    )
    assert "five days" in found["text"]
    assert told[0] == "passages"
    assert told[-1] == "done"
    compared = call(server.settings, "compare", {"question": LEAVE, "arms": [{}, {"retrieval": False}]})
    assert [arm["arm"]["retrieval"] for arm in compared["arms"]] == [True, False]

    note = tmp_path / "note.md"
    note.write_text("# Umbrellas\n\nUmbrellas are lent at the front desk.\n", encoding="utf-8")
    report = call(server.settings, "ingest", {"paths": [str(note)]})
    assert [file["state"] for file in report["files"]] == ["ok"]
    answer = httpx.post(
        server.url + "/api/ask", json={"question": "Where are umbrellas lent?"}, timeout=60
    ).json()
    assert "front desk" in answer["text"]

    with pytest.raises(BusyError, match="vouch serve"):
        serve(Settings(data_dir=server.settings.data_dir, port=0))
    code, err = server.end(signal.SIGINT)
    assert (code, "Traceback" in err) == (0, False)


def test_commands_work_beside_a_service_on_a_read_only_disk(
    start: Start, data: Path, read_only_folder: Callable[[Path], AbstractContextManager[Path]]
) -> None:
    with read_only_folder(data) as folder:
        server = start(folder=folder)
        server.wait("/ready")
        assert call(server.settings, "search", {"query": LEAVE})["hits"]
        assert "five days" in call(server.settings, "ask", {"ask": {"question": LEAVE}})["text"]
        assert call(server.settings, "status", {})["read_only"]
        told: list[Any] = []
        call(server.settings, "documents.list", {}, emit=told.append)
        params = {"paths": [str(ROOT / "docs")], "documents": [told[-1]["documents"][0]["id"]]}
        for operation in ("ingest", "documents.remove"):
            with pytest.raises(StorageError) as caught:
                call(server.settings, operation, params)
            assert caught.value.code == "read_only"
        assert server.end()[0] == 0


def test_before_the_application_is_there_it_is_alive_and_all_else_waits() -> None:
    def never() -> Any:
        raise AssertionError("nothing was to be opened")

    async def asked() -> list[httpx.Response]:
        front = httpx.ASGITransport(Front(never))
        async with httpx.AsyncClient(transport=front, base_url="http://127.0.0.1") as client:
            return [await client.get("/live"), await client.get("/ready"), await client.post("/api/ask")]

    live, *others = asyncio.run(asked())
    assert (live.status_code, live.json()) == (200, {"status": "ok"})
    for reply in others:
        assert reply.status_code == 503
        assert reply.json()["error"]["code"] == "starting"
        assert int(reply.headers["retry-after"]) >= 1


def test_headers_without_end_are_refused_and_keep_nobody_waiting(start: Start) -> None:
    server = start()
    server.wait("/ready")
    for endless in (b"a" * 65_536, b"X: a\r\n" * 10_000):
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
            connection.sendall(b"GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ")
            sent = 0
            with contextlib.suppress(ConnectionError):
                while sent < 50 << 20:
                    connection.sendall(endless)
                    sent += len(endless)
            assert sent < 20 << 20  # what lies in the sockets between, at most
        assert httpx.get(server.url + "/live", headers={"X": "a" * 8_000}).status_code == 200
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(b"GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * (300 << 10))
        answer = connection.recv(1 << 16)
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "too_large"


def _follow(url: str, model: str, began: threading.Event, into: list[tuple[str, Any]]) -> None:
    body = {"question": LEAVE, "model": model, "stream": True}
    with httpx.stream("POST", f"{url}/api/ask", json=body, timeout=PATIENCE_S) as reply:
        for event in events(reply):
            into.append(event)
            if event[0] == "delta":
                began.set()


def test_a_stream_finishes_after_sigterm_and_nothing_new_begins(start: Start) -> None:
    words = [
        "Up ",
        "to ",
        "five ",
        "days ",
        "of ",
        "annual ",
        "leave ",
        "move ",
        "into ",
        "the ",
        "next ",
        "year. [1]",
    ]
    with ScriptedServer([Turn(texts=words, pause_s=0.25)]) as model:
        server = start(models={"slow": scripted_model(model)})
        server.wait("/ready")
        told: list[tuple[str, Any]] = []
        began = threading.Event()
        reader = threading.Thread(target=_follow, args=(server.url, "slow", began, told))
        reader.start()
        assert began.wait(PATIENCE_S)
        code, err = server.end()
        reader.join()
    assert told[-1][0] == "done", err
    assert told[-1][1]["text"] == "".join(words)
    assert code == 0
    with pytest.raises(httpx.TransportError):
        httpx.get(server.url + "/live")


def test_a_stream_that_takes_too_long_ends_with_an_error_that_says_so(start: Start) -> None:
    with ScriptedServer([Turn(texts=["word "] * 3000, pause_s=0.05)]) as model:
        server = start(models={"slow": scripted_model(model)}, drain_s=0.5)
        server.wait("/ready")
        told: list[tuple[str, Any]] = []
        began = threading.Event()
        reader = threading.Thread(target=_follow, args=(server.url, "slow", began, told))
        reader.start()
        assert began.wait(PATIENCE_S)
        code, _ = server.end()
        reader.join()
        assert model.wait_idle(20)
    name, last = told[-1]
    assert name == "error"
    assert last["error"]["code"] == "stopping"
    assert last["answer"]["text"].startswith("word word")
    assert code == 0


def test_a_second_interrupt_ends_it_at_once(start: Start) -> None:
    with ScriptedServer([Turn(texts=["word "] * 3000, pause_s=0.05)]) as model:
        server = start(models={"slow": scripted_model(model)})
        server.wait("/ready")
        told: list[tuple[str, Any]] = []
        began = threading.Event()

        def read() -> None:
            with contextlib.suppress(httpx.TransportError):
                _follow(server.url, "slow", began, told)

        reader = threading.Thread(target=read)
        reader.start()
        assert began.wait(PATIENCE_S)
        server.process.send_signal(signal.SIGINT)
        while True:  # the first one is noticed when no new connection is taken
            try:
                socket.create_connection(("127.0.0.1", server.port), timeout=5).close()
            except OSError:
                break
            time.sleep(0.02)
        assert server.process.poll() is None
        assert server.end(signal.SIGINT)[0] == 130
        reader.join()


def test_jobs_go_on_after_a_restart(start: Start, tmp_path: Path) -> None:
    server = start()
    server.wait("/ready")
    ids = []
    for number in range(4):
        body = f"# Room {number}\n\nRoom {number} holds {number + 5} desks.\n".encode()
        reply = httpx.post(
            server.url + "/api/documents",
            files=[("files", (f"{number}.md", body))],
            data={"collection": "rooms"},
        )
        assert reply.status_code == 202
        ids.append(reply.json()["id"])
    assert server.end()[0] == 0
    again = start()
    again.wait("/ready")
    for job in ids:
        with httpx.stream("GET", f"{again.url}/api/jobs/{job}/events", timeout=PATIENCE_S) as reply:
            assert list(events(reply))[-1][0] == "done"
    listed = httpx.get(again.url + "/api/documents", params={"collection": "rooms"}).json()["documents"]
    assert [one["path"] for one in listed] == ["0.md", "1.md", "2.md", "3.md"]
    assert all(one["live"]["number"] == 1 for one in listed)
    assert again.end()[0] == 0
    assert not list((again.settings.data_dir / "uploads").iterdir())


# ---- where it may serve --------------------------------------------------------------------------------


def test_a_taken_port_is_named_with_its_holder() -> None:
    with listen("127.0.0.1", 0) as taken, pytest.raises(VouchError) as refused:
        listen("127.0.0.1", taken.getsockname()[1])
    assert refused.value.code == "port_taken"
    assert str(os.getpid()) in refused.value.message
    assert "--port" in refused.value.hint


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host"])
def test_an_address_of_another_machine_cannot_be_listened_on(host: str) -> None:
    with pytest.raises(VouchError) as refused:
        listen(host, 0)
    assert refused.value.code == "bad_address"


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("localhost", "localhost"), ("LOCALHOST:80", "localhost"), ("[::1]:8000", "::1"), ("[::1]", "::1"),
        ("a:b", ""), ("[::1", ""), ("a/b", ""), ("a@b", ""), ("a b", ""), ("", ""), ("[::1]x", ""),
    ],
)  # fmt: skip
def test_the_host_of_a_host_header(header: str, name: str) -> None:
    assert host_name(header) == name


def test_a_model_that_does_not_exist_is_told_before_it_serves(data: Path) -> None:
    with pytest.raises(VouchError, match="no-such-model"):
        serve(Settings(data_dir=data, port=0, model="no-such-model"))
