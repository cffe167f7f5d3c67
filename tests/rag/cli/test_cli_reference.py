"""``docs/cli.md`` says what the commands say, and help comes without loading anything heavy."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from rag.cli.app import build
from rag.cli.failures import ExitCode
from rag.cli.groups import FLAGS, VALUED
from tests.rag.cli_runs import ROOT, process

REFERENCE = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
HEAVY = (
    "chromadb corpus.settings fastapi langchain langchain_core numpy onnxruntime sentence_transformers "
    "sqlalchemy tantivy torch transformers"
)


def _commands(command: Any, path: str = "vouch") -> Iterator[tuple[str, Any]]:
    for name, child in command.commands.items():
        if hasattr(child, "commands"):
            yield from _commands(child, f"{path} {name}")
        else:
            yield f"{path} {name}", child


TREE: Any = typer.main.get_command(build())
COMMANDS = dict(_commands(TREE))


def _sections() -> dict[str, tuple[str, str]]:
    """Command → what its heading says of arguments, and the section below it."""
    parts = re.split(r"^### `(vouch [^`]+)`$", REFERENCE, flags=re.MULTILINE)
    found = {}
    for heading, body in zip(parts[1::2], parts[2::2], strict=True):
        words = heading.split()
        own = [word for word in words if word.islower()]
        found[" ".join(own)] = (" ".join(words[len(own) :]), re.split(r"^## ", body, flags=re.MULTILINE)[0])
    return found


def _options(table: str) -> dict[str, tuple[str, str]]:
    """First name of an option → all its names with the value's, and its default, from the rows of a table."""
    found = {}
    for row in re.findall(r"^\| (`-[^|]+)\|[^|]+\|([^|]*)\|$", table, flags=re.MULTILINE):
        names = re.findall(r"`([^`]+)`", row[0])
        found[names[0].split()[0]] = (" ".join(sorted(names)), row[1].strip())
    return found


def _documented(param: Any) -> str:
    long = max(param.opts, key=len)
    named = long if param.is_flag else f"{long} {param.metavar}"
    return " ".join(sorted([named, *(name for name in param.opts if name != long)]))


def test_every_command_has_its_section_and_no_other_has_one() -> None:
    assert set(_sections()) == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_a_command_is_documented_with_its_default(name: str) -> None:
    arguments, section = _sections()[name]
    params = COMMANDS[name].params
    assert arguments == " ".join(param.metavar for param in params if param.param_type_name == "argument")
    options = {max(p.opts, key=len): p for p in params if p.param_type_name == "option"}
    documented = _options(section)
    assert set(documented) == set(options)
    for long, param in options.items():
        names, default = documented[long]
        assert names == _documented(param), long
        if param.default not in (None, False, []):
            assert default == f"`{param.default}`", long
        elif not param.is_flag:
            assert default, long


def test_the_options_of_every_command_are_documented() -> None:
    section = REFERENCE.split("## Options of every command")[1].split("\n## ")[0]
    options = {max(p.opts, key=len): p for p in TREE.params}
    documented = _options(section)
    assert set(documented) == {*options, "--help"}
    assert all(documented[long][0] == _documented(param) for long, param in options.items())
    assert {name for param in TREE.params for name in param.opts} == {*FLAGS, *VALUED, "--version"}


def test_every_exit_code_is_documented() -> None:
    section = REFERENCE.split("## Exit codes")[1].split("\n## ")[0]
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", section, flags=re.MULTILINE)} == set(ExitCode)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_an_example_that_can_be_typed_and_says_every_default(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    command = COMMANDS[name]
    examples = command.epilog.splitlines()
    assert examples
    assert all(example.startswith(name) for example in examples)
    for param in command.params:
        assert (param.help or "").endswith("."), param.name
        if param.param_type_name == "option" and not param.is_flag and param.default is None:
            assert "Default: " in param.help, param.name
    from rag.cli.app import run

    monkeypatch.setattr("rag.cli.screen.PLAIN_WIDTH", 500)
    assert run([*name.split()[1:], "--help"]) == 0
    out = capsys.readouterr().out
    assert all(example in out for example in examples)
    assert all(param.help in out for param in command.params)
    assert "Traceback" not in out


@pytest.mark.parametrize("name", TREE.commands)
def test_a_command_is_the_same_without_the_others(name: str) -> None:
    alone: Any = typer.main.get_command(build(name))
    assert set(alone.commands) < set(TREE.commands)
    theirs = {path: command for path, command in COMMANDS.items() if path.split()[1] in alone.commands}
    own = dict(_commands(alone))
    assert {path: _shape(command) for path, command in own.items()} == {
        path: _shape(command) for path, command in theirs.items()
    }


def _shape(command: Any) -> tuple[object, ...]:
    return command.help, command.epilog, [(param.name, param.opts) for param in command.params]


def test_help_and_wrong_arguments_load_nothing_heavy() -> None:
    argvs = [["--help"], ["--version"], ["search"], ["nonsense"], ["search", "x", "-k", "0"], ["documents"]]
    argvs += [[*name.split()[1:], "--help"] for name in COMMANDS]
    script = (
        "import sys\n"
        "from rag.cli.app import run\n"
        f"for argv in {argvs!r}:\n"
        "    assert run(argv) in (0, 2), argv\n"
        f"loaded = [name for name in {HEAVY!r}.split() if name in sys.modules]\n"
        "assert not loaded, loaded\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stderr.decode()


def test_a_search_of_nothing_loads_no_model(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from rag.cli.app import run\n"
        f"assert run(['search', 'leave', '--data-dir', {str(tmp_path / 'data')!r}]) == 0\n"
        "unwanted = ('onnxruntime', 'torch', 'transformers', 'rag.asking.answering')\n"
        "loaded = [name for name in unwanted if name in sys.modules]\n"
        "assert not loaded, loaded\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, timeout=120, check=False
    )
    assert ended.returncode == 0, ended.stderr.decode()
    assert b"There are no documents yet." in ended.stderr


def test_the_module_runs_as_the_command_does() -> None:
    ended = process("--version")
    assert ended.returncode == 0
    assert ended.stdout.startswith(b"vouch ")
    alone = process()
    assert (alone.returncode, alone.stdout) == (0, process("--help").stdout)
    group = process("documents")
    assert group.returncode == 0
    assert b"history" in group.stdout
