"""Bad input, errors and interruptions: a clear message, the right exit code, never a traceback."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus import errors
from corpus.settings import load_settings
from rag.bootstrap import open_service
from rag.cli.failures import ExitCode, exit_code
from rag.control import serve_control
from rag.operations import OPERATIONS, perform
from tests.rag.cli_runs import ROOT, Ended, Vouch, company, process, runner, without_model

__all__ = ["company"]

LONE = "\udcff\udcfe"  # what the bytes FF FE become in an argument


@pytest.fixture
def vouch(company: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> Vouch:
    return runner(capsys, company[0])


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Vouch:
    """Commands on a data folder without documents."""
    without_model(monkeypatch)
    return runner(capsys, tmp_path / "data")


def raise_(error: Exception) -> None:
    raise error


def check_error(ended: Ended, code: ExitCode, said: str) -> None:
    """Every error looks the same: what happened, what to do, no traceback, nothing on stdout."""
    assert ended.code == code, ended.err
    assert ended.err.startswith("error: ")
    assert said in " ".join(ended.err.split())
    assert "Traceback" not in ended.err
    assert ended.out == ""


# ---- what people type ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (["search"], 2, "Missing argument 'QUERY'"),
        (["serch", "x"], 2, "Did you mean 'search'"),
        (["documents", "shwo", "x"], 2, "documents --help"),
        (["search", "x", "--kk", "3"], 2, "--kk"),
        (["search", "x", "-k", "three"], 2, "--k"),
        (["search", "x", "-k", "0"], 2, "greater than or equal to 1"),
        (["search", "x", "-k", "1000000000"], 2, "less than or equal to 1000"),
        (["search", "x", "-k", "NaN"], 2, "--k"),
        (["search", ""], 2, "The query is empty."),
        (["search", " \t\n"], 2, "The query is empty."),
        (["search", LONE], 2, "The query is empty."),
        (["search", "long " * 1700], 2, "The query has 8500 characters; the limit is 8000."),
        (["search", "x", "-c", "nope"], 3, "There is no collection 'nope'. hint: There are: default."),
        (["search", "x", "-c", LONE], 2, "not plain text"),
        (["search", "x", "--filter", "colour=red"], 2, "There is no filter 'colour'."),
        (["search", "x", "--filter", "type"], 2, "A filter is key=value"),
        (["search", "x", "--filter", f"type={LONE}"], 2, "not plain text"),
        (["search", "x", "--filter", "since=tomorrow"], 2, "'tomorrow' is not a date."),
        (["search", "x", "--filter", "document=" + "0" * 16], 3, "There is no document"),
        (["documents", "show", "nope.pdf"], 3, "There is no document 'nope.pdf'."),
        (["documents", "show", LONE], 2, "not plain text"),
        (["documents", "remove", "0" * 16], 3, "There is no document"),
        (["documents", "history", "x" * 5000], 2, "has 5000 characters"),
        (["documents", "erase", "salaries.txt"], 4, "This deletes salaries.txt with its history"),
        (["documents", "access", "salaries.txt", "--access", "hr"], 2, "There is no principal 'hr'."),
        (["collections", "remove", "nope"], 3, "There is no collection 'nope'."),
        (["collections", "remove", "default"], 4, "--yes"),
        (["ingest"], 2, "Missing argument"),
        (["ingest", "/no/such/folder"], 3, "There is no file or folder /no/such/folder."),
        (["ingest", f"/tmp/{LONE}"], 3, "There is no file or folder"),
        (["ingest", ".", "-c", ""], 2, "The collection's name is empty."),
        (["ingest", ".", "-c", "a\x1b[31m"], 2, "not plain text"),
        (["ingest", ".", "--meta", "hr"], 2, "Metadata is key=value"),
        (["ingest", ".", "--meta", "a=1", "--meta", "a=2"], 2, "given twice"),
        (["ingest", ".", "--report", "report.pdf"], 2, "FILE.json"),
        (["ingest", ".", "--report", "/no/such/report.json"], 2, "There is no folder /no/such"),
        (["backup", "/no/such/backup"], 5, "Cannot write the backup"),
        (["restore", "/no/such/backup"], 3, "There is no backup /no/such/backup."),
        (["restore", "/etc/passwd", "--replace"], 5, "not a whole Vouch backup"),
        (["verify", "/"], 5, "Is a directory"),
        (["verify", "/etc/passwd"], 5, "not a whole Vouch backup"),
        (["eval", "/no/such/questions"], 3, "There is no file or folder /no/such/questions."),
        (["eval", "/etc/passwd"], 2, "is not JSON"),
        (["eval", "/etc/passwd", "--save", "/no/such/file"], 2, "cannot be written"),
        (["search", "x", "--config", "/no/such/vouch.toml"], 2, "Cannot read the settings file"),
        (["search", "x", "--data-dir", "/etc/passwd/data"], 5, "Cannot create the data folder"),
    ],
)
def test_bad_input_is_told_clearly(argv: list[str], code: int, said: str, vouch: Vouch) -> None:
    check_error(vouch(*argv), ExitCode(code), said)
    as_json = vouch("--json", *argv)
    assert as_json.code == code
    assert set(as_json.json) == {"error"}
    assert set(as_json.json["error"]) == {"code", "message", "hint"}
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", as_json.json["error"]["code"])


@pytest.mark.parametrize(
    "query",
    ["?!?…—()", "\\", "*", '"', "a" * 8000, "leave " * 1333, f"leave {LONE}", "AND OR NOT", "[red]x[/]"],
)
def test_odd_queries_are_searched_all_the_same(query: str, vouch: Vouch) -> None:
    assert vouch("search", "--", query).code == 0
    assert vouch("search", "--json", "--", query).json["query"] == query


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet=st.characters(exclude_characters="\0"), max_size=40))
def test_no_query_brings_a_traceback(vouch: Vouch, query: str) -> None:
    ended = vouch("search", "--", query)
    assert ended.code in (0, 2)
    assert "Internal error" not in ended.err


@pytest.mark.parametrize("value", ["x", "", "-1"])
def test_a_bad_setting_names_itself(value: str, vouch: Vouch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOUCH_CANDIDATES", value)
    ended = vouch("search", "leave")
    if value:
        check_error(ended, ExitCode.USAGE, "Setting candidates")
    else:
        assert ended.code == 0


def test_an_empty_corpus_says_what_to_do(nowhere: Vouch, tmp_path: Path) -> None:
    for argv in (
        ["search", "leave"],
        ["documents", "list"],
        ["collections", "list"],
        ["status"],
        ["verify"],
        ["rebuild"],
    ):
        assert nowhere(*argv).code == 0, argv
    assert "vouch ingest FOLDER" in nowhere("search", "leave").err
    assert nowhere("search", "leave", "--json").json["hits"] == []
    check_error(nowhere("search", "x", "-c", "default"), ExitCode.NOT_FOUND, "There are no documents yet")
    (tmp_path / "empty").mkdir()
    ended = nowhere("ingest", tmp_path / "empty")
    assert (ended.code, "0 files to read" in " ".join(ended.out.split())) == (0, True)


def test_files_that_are_not_what_they_say_are_reported_each(nowhere: Vouch, tmp_path: Path) -> None:
    (tmp_path / "binary.txt").write_bytes(bytes(range(256)) * 20)
    (tmp_path / "empty.txt").write_bytes(b"")
    (tmp_path / "fake.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    (tmp_path / "fake.docx").write_bytes(b"PK\x03\x04 and then nothing")
    os.mkfifo(tmp_path / "pipe.txt")
    (tmp_path / "loop.txt").symlink_to("loop.txt")
    (tmp_path / "here").symlink_to(".")
    (tmp_path / "etc").symlink_to("/etc")
    (tmp_path / "new\nline.txt").write_text("It has a name of two lines.", encoding="utf-8")
    (tmp_path / "good.txt").write_text("A good file among the others.", encoding="utf-8")
    ended = nowhere("ingest", tmp_path, "--json")
    assert ended.code == ExitCode.PARTLY
    failed = {one["path"]: one for one in ended.json["files"] if one["state"] == "failed"}
    assert set(failed) == {"binary.txt", "empty.txt", "fake.pdf", "fake.docx"}
    assert all(one["code"] and one["message"] and one["hint"] for one in failed.values())
    assert ended.json["added"] == 2
    left_out = {one["path"]: one["code"] for one in ended.json["files"] if one["state"] == "skipped"}
    assert left_out == {
        "pipe.txt": "not_a_file",
        "loop.txt": "broken_link",
        "here": "folder_link",
        "etc": "outside_root",
        "data/": "data_folder",
    }
    for name in ("pipe.txt", "loop.txt"):
        check_error(nowhere("ingest", tmp_path / name), ExitCode.STORAGE, "cannot be read")


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
    monkeypatch.setattr("rag.calling.call", act)


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


def _report(**changes: object) -> dict[str, object]:
    counts = dict.fromkeys(
        ("added", "replaced", "moved", "updated", "removed", "unchanged", "failed", "chunks"), 0
    )
    return {
        "collection": "c",
        "files": [],
        "seconds": 0.1,
        "dry_run": False,
        "stopped": "",
        "hint": "",
        **counts,
        **changes,
    }


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


def test_other_commands_end_at_once_when_interrupted(nowhere: Vouch, monkeypatch: pytest.MonkeyPatch) -> None:
    def act(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    _fake_call(monkeypatch, act)
    check_error(nowhere("search", "x"), ExitCode.INTERRUPTED, "Interrupted.")


def test_two_interrupts_end_at_once(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys, time\n"
        "import rag.calling\n"
        "def act(*_, **__):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    time.sleep(60)\n"
        "rag.calling.call = act\n"
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


def test_json_of_an_error_is_one_value(vouch: Vouch) -> None:
    told = json.loads(vouch("documents", "show", "nope", "--json").out)
    assert told["error"]["message"] == "There is no document 'nope'."


@pytest.mark.parametrize("name", [b"bad-\xff\xfe.md", "\u30cf\u309a.md".encode()])
def test_a_file_that_is_left_out_for_its_name_does_not_end_an_ingest_well(
    nowhere: Vouch, tmp_path: Path, name: bytes
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "picture.qqq").write_bytes(b"\x00\x01")
    (folder / "empty.md").write_bytes(b"")
    (folder / "\u30d1.md").write_bytes(b"")
    first = nowhere("ingest", str(folder), "--dry-run")
    with open(os.fsencode(folder) + b"/" + name, "wb") as stream:
        stream.write(b"words")
    then = nowhere("ingest", str(folder), "--dry-run")
    assert (first.code, then.code) == (ExitCode.OK, ExitCode.PARTLY), then.out
    assert "Left out (2)" in then.out + then.err
