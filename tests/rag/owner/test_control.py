"""The socket by which commands share a data folder: who does what, who waits, and who is not left writing."""

from __future__ import annotations

import json
import os
import resource
import tempfile
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.errors import UnavailableError
from corpus.ownership import own
from rag.owner import control, sockets
from rag.owner.control import Cancelled, Emit, ask_owner, serve_control, until_free


def echo(operation: str, params: Mapping[str, Any], emit: Emit, cancelled: Cancelled) -> Any:
    emit({"began": operation})
    return dict(params)


def ask(folder: Path, operation: str, cancelled: Cancelled = lambda: False) -> tuple[bool, Any]:
    return ask_owner(folder, operation, {"of": operation}, lambda event: None, cancelled)


def test_an_owner_answers_until_its_block_ends(tmp_path: Path) -> None:
    with serve_control(tmp_path, echo):
        assert ask(tmp_path, "search") == (True, {"of": "search"})
    assert ask(tmp_path, "search") == (False, None)


def test_a_service_from_before_an_update_does_nothing_for_a_newer_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def run(operation: str, params: Mapping[str, Any], emit: Emit, cancelled: Cancelled) -> Any:
        done.append(operation)

    with serve_control(tmp_path, run):
        monkeypatch.setattr(control, "program", lambda: "9.9.9+00000000")
        with pytest.raises(UnavailableError, match="another version of Vouch") as caught:
            ask(tmp_path, "documents.erase")
    assert (caught.value.code, done) == ("other_version", [])


def test_what_a_service_older_than_this_check_answers_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not say what program it is, and what it answers lacks what a newer command looks for."""
    write = control._line
    silent = {"program"}
    monkeypatch.setattr(
        control, "_line", lambda message: write({k: v for k, v in message.items() if k not in silent})
    )
    with serve_control(tmp_path, echo), pytest.raises(UnavailableError) as caught:
        ask(tmp_path, "status")
    assert caught.value.code == "other_version"


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
_NO_REQUESTS = (
    st.binary().filter(lambda line: b"\n" not in line)
    | _JSON.map(lambda value: json.dumps(value).encode())
    | st.just(b"[" * 100_000)
    | st.tuples(_JSON, _JSON.filter(lambda params: not isinstance(params, dict))).map(
        lambda one: json.dumps({"program": control.program(), "operation": one[0], "params": one[1]}).encode()
    )
)


@settings(max_examples=30)
@given(lines=st.lists(_NO_REQUESTS, min_size=1, max_size=5))
def test_whatever_is_sent_to_an_owner_it_answers_in_a_line_and_goes_on(lines: list[bytes]) -> None:
    raised: list[str] = []

    def note(args: threading.ExceptHookArgs) -> None:
        raised.append(repr(args.exc_value))

    with (
        tempfile.TemporaryDirectory() as name,
        mock.patch.object(threading, "excepthook", note),
        serve_control(folder := Path(name), echo),
    ):
        for line in lines:
            with sockets.connect(folder) as connection:
                connection.sendall(line + b"\n")
                reply = b"".join(iter(lambda: connection.recv(1 << 16), b""))
            assert b"began" not in reply, (line, reply)
            assert json.loads(reply)["error"]["code"] == "other_version"
        assert ask(folder, "search") == (True, {"of": "search"})
    assert raised == []


@pytest.mark.parametrize("said", [b"\n", b"rubbish\n", b"[1]\n", b"3\n"])
def test_an_answer_that_is_none_is_told_as_another_programs(tmp_path: Path, said: bytes) -> None:
    listener = sockets.listen(tmp_path)

    def answer() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(1 << 16)
            connection.sendall(said)

    thread = threading.Thread(target=answer)
    thread.start()
    with pytest.raises(UnavailableError) as caught:
        ask(tmp_path, "search")
    thread.join()
    sockets.close(tmp_path, listener)
    assert caught.value.code == "other_version"


def test_an_owner_with_many_files_open_answers(tmp_path: Path) -> None:
    """``select`` takes no descriptor from 1,024 on: a service with as many callers answered no command."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= hard < 2_000:
        pytest.skip("No more files may be opened here.")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2_000), hard))
    with ExitStack() as stack:
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        for _ in range(1_100):
            stack.callback(os.close, os.open(os.devnull, os.O_RDONLY))
        with serve_control(tmp_path, echo):
            assert ask(tmp_path, "search") == (True, {"of": "search"})


def test_a_command_leaves_long_work_to_who_owns_the_folder_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An ingest that asks while an eval owns the folder waits, beyond any patience, and is then done by itself."""
    monkeypatch.setattr(control, "TAKEOVER_PATIENCE_S", 0.05)
    monkeypatch.setattr(control, "ASK_AGAIN_S", 0.02)
    asked = threading.Semaphore(0)
    found: list[str] = []

    def attempt() -> tuple[bool, Any]:
        asked.release()
        done, result = ask(tmp_path, "ingest")
        return (True, result) if done else (True, "by itself")

    ownership = own(tmp_path, "vouch eval")
    waiter = threading.Thread(target=lambda: found.append(until_free(tmp_path, attempt)))
    with serve_control(tmp_path, echo, later={"ingest"}):
        waiter.start()
        for _ in range(10):
            assert asked.acquire(timeout=20)
        assert found == []
        assert ask(tmp_path, "search")[0]  # short work is taken in all the while
    ownership.release()
    waiter.join(20)
    assert found == ["by itself"]


def test_waiting_can_be_given_up(tmp_path: Path) -> None:
    with (
        serve_control(tmp_path, echo, later={"ingest"}),
        pytest.raises(UnavailableError, match="Interrupted while waiting") as caught,
    ):
        until_free(tmp_path, lambda: ask(tmp_path, "ingest"), cancelled=lambda: True)
    assert caught.value.code == "cancelled"


def test_ctrl_c_cancels_who_was_let_in_and_waits_for_them(tmp_path: Path) -> None:
    """Nothing may go on writing when the corpus is closed after the block."""
    began, over = threading.Event(), threading.Event()

    def until_cancelled(operation: str, params: Any, emit: Emit, cancelled: Cancelled) -> Any:
        began.set()
        while not cancelled():
            pass
        over.set()
        raise UnavailableError("The work was interrupted.", code="cancelled")

    said: list[str] = []

    def guest() -> None:
        try:
            ask(tmp_path, "search")
        except UnavailableError as error:
            said.append(error.code)

    guests = threading.Thread(target=guest)
    with pytest.raises(KeyboardInterrupt), serve_control(tmp_path, until_cancelled):  # noqa: PT012
        guests.start()
        assert began.wait(20)
        raise KeyboardInterrupt
    assert over.is_set()
    guests.join(20)
    assert said == ["cancelled"]
