"""The socket by which commands share a data folder: who does what, who waits, and who is not left writing."""

from __future__ import annotations

import os
import resource
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from corpus.errors import UnavailableError
from corpus.ownership import own
from rag.owner import control
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
