"""Errors and interruptions: a clear message, the right exit code, never a traceback."""

from __future__ import annotations

import errno
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from corpus import errors
from corpus.settings import load_settings
from ingest.reports import IngestReport
from rag.as_json import to_json
from rag.bootstrap import open_service
from rag.cli.failures import ExitCode, exit_code
from rag.owner.control import serve_control
from rag.owner.operations import OPERATIONS, perform
from tests.rag.cli_runs import LONE, ROOT, Vouch, check_error, nowhere, process

__all__ = ["nowhere"]


def raise_(error: Exception) -> None:
    raise error


# ---- errors → exit codes -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.UsageError, 2),
        (errors.NotFoundError, 3),
        (errors.NotAllowedError, 4),
        (errors.StorageError, 5),
        (errors.DamagedError, 5),
        (errors.BusyError, 5),
        (errors.UnavailableError, 5),
        (errors.EmbeddingError, 6),
        (errors.ModelError, 6),
        (errors.ParseError, 1),
        (errors.LimitError, 1),
        (errors.VouchError, 1),
    ],
)
def test_every_class_of_error_has_its_exit_code(error: type[errors.VouchError], code: int) -> None:
    assert exit_code(error("Something.")) == code
    assert exit_code(error("Gone.", code="not_found")) == 3
    assert exit_code(error("Oh.", code="internal")) == 70


def _fake_call(monkeypatch: pytest.MonkeyPatch, act: Callable[..., Any]) -> None:
    monkeypatch.setattr("rag.owner.calling.call", act)


def test_an_unexpected_error_is_kept_for_a_report(
    nowhere: Vouch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def act(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    _fake_call(monkeypatch, act)
    ended = nowhere("search", "secret words")
    check_error(ended, ExitCode.INTERNAL, "Internal error: ZeroDivisionError: a defect")
    kept = next(tmp_path.glob("vouch-crash-*.txt"))
    assert str(kept) in re.sub(r"\n\s+", "", ended.err)
    assert "ZeroDivisionError: a defect" in kept.read_text(encoding="utf-8")
    assert kept.stat().st_mode & 0o077 == 0
    assert "Traceback" in nowhere("search", "x", "--verbose").err
    assert nowhere("search", "x", "--json").json["error"]["code"] == "internal"


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        ImportError("numpy.so: failed to map segment from shared object"),
        OSError("libgomp.so.1: cannot map: failed to map segment from shared object"),
    ],
)
def test_a_lack_of_memory_is_no_defect(
    nowhere: Vouch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    _fake_call(monkeypatch, lambda *_, **__: raise_(error))
    ended = nowhere("search", "words", "--json")
    assert (ended.code, ended.json["error"]["code"]) == (ExitCode.STORAGE, "out_of_memory")
    assert list(tmp_path.glob("vouch-crash-*")) == []


def test_without_room_for_the_traceback_the_error_is_told_all_the_same(
    nowhere: Vouch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def act(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a defect")

    _fake_call(monkeypatch, act)
    monkeypatch.setattr("tempfile.tempdir", "/no/such/folder")
    check_error(nowhere("search", "x"), ExitCode.INTERNAL, "could not be kept")


def test_what_the_system_forbids_is_no_defect(nowhere: Vouch, monkeypatch: pytest.MonkeyPatch) -> None:
    def act(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", "/closed/catalog.sqlite")

    _fake_call(monkeypatch, act)
    check_error(
        nowhere("search", "x"),
        ExitCode.STORAGE,
        "Vouch may not use /closed/catalog.sqlite: Permission denied.",
    )
    assert nowhere("search", "x", "--json").json["error"]["code"] == "not_permitted"


# ---- interruptions -------------------------------------------------------------------------------


def _report(**changes: str) -> Any:
    """What the owner sends of an ingest that read nothing: made from the real report, so it lacks no count."""
    nothing = IngestReport("c", (), *[0] * 8, seconds=0.1)
    return to_json(replace(nothing, **changes))


def test_one_interrupt_ends_an_ingest_in_good_order(nowhere: Vouch, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def act(*_: object, cancelled: Callable[[], bool], **__: object) -> Mapping[str, object]:
        asked.append(cancelled())
        os.kill(os.getpid(), signal.SIGINT)
        asked.append(cancelled())
        return _report(stopped="cancelled", hint="Go on with the same command.")

    _fake_call(monkeypatch, act)
    before = signal.getsignal(signal.SIGINT)
    ended = nowhere("ingest", ".")
    assert ended.code == ExitCode.INTERRUPTED
    assert asked == [False, True]
    assert "Stopped before the end. Go on with the same command." in ended.out
    assert "0 files done" in " ".join(ended.out.split())
    assert signal.getsignal(signal.SIGINT) is before


def test_an_ingest_that_the_disk_stopped_ends_with_5(nowhere: Vouch, monkeypatch: pytest.MonkeyPatch) -> None:
    _fake_call(monkeypatch, lambda *_, **__: _report(stopped="The disk is full.", hint="Free some."))
    ended = nowhere("ingest", ".")
    assert ended.code == ExitCode.STORAGE
    assert "Stopped: The disk is full. Free some." in ended.out


def test_an_ingest_says_why_it_was_slow(nowhere: Vouch, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where memory ran out while the model was exported an ingest took several times as long, and nothing said so."""
    why = "Embedding runs on the slower reference: exporting m was ended by signal 9."
    _fake_call(monkeypatch, lambda *_, **__: _report(slower=why))
    ended = nowhere("ingest", ".")
    assert ended.code == ExitCode.OK
    assert why in " ".join(ended.out.split())


def test_other_commands_end_at_once_when_interrupted(nowhere: Vouch, monkeypatch: pytest.MonkeyPatch) -> None:
    def act(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    _fake_call(monkeypatch, act)
    check_error(nowhere("search", "x"), ExitCode.INTERRUPTED, "Interrupted.")


def test_an_interrupt_while_a_command_begins_is_no_defect() -> None:
    script = (
        "import os, signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell's background work ignores it
        "class Amid:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'typer':\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Amid())\n"
        "from rag.cli import main\n"
        "main()\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, timeout=50, check=False
    )
    assert (ended.returncode, ended.stderr) == (130, b"error: Interrupted.\n")


def test_two_interrupts_end_at_once(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys, time\n"
        "import rag.owner.calling\n"
        "def act(*_, **__):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    time.sleep(60)\n"
        "rag.owner.calling.call = act\n"
        "from rag.cli.app import run\n"
        f"sys.exit(run(['ingest', '.', '--data-dir', {str(tmp_path)!r}]))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, timeout=50, check=False
    )
    assert ended.returncode == 130
    assert b"Ctrl-C again ends at once" in ended.stderr
    assert b"Traceback" not in ended.stderr


# ---- streams -------------------------------------------------------------------------------------


def test_a_reader_that_leaves_is_no_error() -> None:
    running = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(1); import rag.cli; rag.cli.main()", "--help"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert running.stdout is not None
    running.stdout.close()
    _, err = running.communicate(timeout=60)
    assert (running.returncode, err) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("argv", [["--help"], ["search", "--json"], ["documents"]])
def test_an_output_that_takes_nothing_is_told(argv: list[str]) -> None:
    with open("/dev/full", "wb") as full:
        command = [sys.executable, "-m", "rag.cli", *argv]
        ended = subprocess.run(
            command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, timeout=60, check=False
        )
    assert ended.returncode == ExitCode.STORAGE
    assert ended.stderr == b"error: Cannot write the output: No space left on device.\n"


def test_bytes_that_are_no_text_crash_nothing(tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    for argv in (["documents", "show", LONE], ["ingest", LONE], [LONE], ["search", "x", f"--{LONE}"]):
        ended = process(*argv, "--data-dir", data, PYTHONUTF8="0", LC_ALL="C.UTF-8")
        assert ended.returncode in (2, 3), ended.stderr
        assert b"Traceback" not in ended.stderr
        ended.stderr.decode("utf-8")


# ---- beside an owner -----------------------------------------------------------------------------


def test_every_command_works_beside_a_running_owner(nowhere: Vouch, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("The parakeet rests on Sundays.", encoding="utf-8")
    chosen = load_settings({"data_dir": tmp_path / "data"})
    with (
        open_service(chosen, purpose="a test") as service,
        serve_control(tmp_path / "data", lambda *asked: perform(service, *asked)),
    ):
        assert nowhere("ingest", tmp_path / "note.txt").code == 0
        assert nowhere("search", "parakeet", "--json").json["hits"][0]["source"] == "note.txt"
        assert nowhere("documents", "show", "note.txt").code == 0
        check_error(nowhere("documents", "show", "nope"), ExitCode.NOT_FOUND, "There is no document 'nope'.")
        assert "(a test, since" in nowhere("status", "--json").json["owner"]
        assert nowhere("backup", tmp_path / "kept").code == 0
        check_error(nowhere("restore", tmp_path / "kept", "--replace"), ExitCode.STORAGE, "a test")
        forbidden = PermissionError(13, "Permission denied", "/closed")
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(OPERATIONS, "verify", lambda *_: raise_(forbidden))
            check_error(nowhere("verify"), ExitCode.STORAGE, "Vouch may not use /closed")
    assert nowhere("status", "--json").json["owner"] is None
