"""What people type and what lies in their folders: a clear message, the right exit code, never a traceback."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.cli.failures import ExitCode
from tests.rag.cli_runs import LONE, Vouch, check_error, company, nowhere, read

__all__ = ["company", "nowhere", "read"]


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
        (["search", LONE], 2, "The query is no text."),
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
        (["search", "x", "--data-dir", ""], 2, "--data-dir names no folder."),
        (["serve", "--host", ""], 2, "The address is empty."),
    ],
)
def test_bad_input_is_told_clearly(argv: list[str], code: int, said: str, read: Vouch) -> None:
    check_error(read(*argv), ExitCode(code), said)
    as_json = read("--json", *argv)
    assert as_json.code == code
    assert set(as_json.json) == {"error"}
    assert set(as_json.json["error"]) == {"code", "message", "hint"}
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", as_json.json["error"]["code"])


@pytest.mark.parametrize(
    "query",
    ["?!?…—()", "\\", "*", '"', "a" * 8000, "leave " * 1333, f"leave {LONE}", "AND OR NOT", "[red]x[/]"],
)
def test_odd_queries_are_searched_all_the_same(query: str, read: Vouch) -> None:
    assert read("search", "--", query).code == 0
    assert read("search", "--json", "--", query).json["query"] == query


@settings(max_examples=25)
@given(st.text(alphabet=st.characters(exclude_characters="\0"), max_size=40))
def test_no_query_brings_a_traceback(read: Vouch, query: str) -> None:
    ended = read("search", "--", query)
    assert ended.code in (0, 2)
    assert "Internal error" not in ended.err


@pytest.mark.parametrize("value", ["x", "", "-1"])
def test_a_bad_setting_names_itself(value: str, read: Vouch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOUCH_CANDIDATES", value)
    ended = read("search", "leave")
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


def test_json_of_an_error_is_one_value(read: Vouch) -> None:
    told = json.loads(read("documents", "show", "nope", "--json").out)
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
