"""Every command that a message tells people to type can be typed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from rag.cli.app import build
from rag.cli.groups import ListingGroup
from tests.rag.cli_runs import ROOT

COMMAND = re.compile(r"\bvouch ((?:[a-z]+ ?)+)((?:[^`.,;:()\n]*?(--[a-z-]+))*)")


def _leaves(command: Any, path: str = "") -> Iterator[tuple[str, set[str]]]:
    for name, child in command.commands.items():
        if hasattr(child, "commands"):
            leaves = dict(_leaves(child, f"{path}{name} "))
            yield from leaves.items()
            if isinstance(child, ListingGroup):  # by itself it does what its `list` does
                yield path + name, leaves[f"{path}{name} list"]
        else:
            yield path + name, {name for param in child.params for name in param.opts}


TREE: Any = typer.main.get_command(build())
COMMANDS = dict(_leaves(TREE))
GLOBAL = {name for param in TREE.params for name in param.opts} | {"--help"}


def _hints() -> Iterator[tuple[str, str]]:
    """Yields (place, text) for every text that is a hint."""
    for package in ("corpus", "ingest", "rag"):
        for path in sorted((ROOT / package).rglob("*.py")):
            code = path.read_text(encoding="utf-8")
            for node in ast.walk(ast.parse(code)) if "vouch " in code else ():
                if isinstance(node, ast.keyword) and node.arg == "hint":
                    for part in ast.walk(node.value):
                        if isinstance(part, ast.Constant) and "vouch " in str(part.value):
                            yield f"{path.relative_to(ROOT)}:{part.lineno}", str(part.value)


@pytest.mark.parametrize(("place", "text"), list(_hints()))
def test_a_hint_names_a_command_that_there_is(place: str, text: str) -> None:
    for match in COMMAND.finditer(text):
        words = match[1].split()
        named = next((" ".join(words[:n]) for n in (2, 1) if " ".join(words[:n]) in COMMANDS), None)
        assert named, f"{place}: there is no command vouch {match[1]}"
        options = set(re.findall(r"--[a-z-]+", match[2]))
        assert options <= COMMANDS[named] | GLOBAL, (
            f"{place}: vouch {named} has no {options - COMMANDS[named]}"
        )
