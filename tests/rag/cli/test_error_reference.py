"""``docs/errors.md`` explains every code that the program can give, and no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from tests.rag.cli_runs import ROOT

REFERENCE = ROOT / "docs" / "errors.md"
CODE = re.compile(r"[a-z]+(_[a-z]+)*")
TELLERS = {"Fault", "Note", "_answer", "_send_error"}
TELLING_METHODS = {"_skip", "_skip_found", "note"}
"""What takes a code without naming the argument."""


def _strings(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def _is_sentence(node: ast.AST) -> bool:
    text = "".join(_strings(node))
    return isinstance(node, ast.Constant | ast.JoinedStr) and text[:1].isupper() and text.endswith(".")


def _codes(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yields (code, line) for all that is given as a code."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            given = [own.value for own in node.keywords if own.arg == "code"]
            if getattr(node.func, "id", "") in TELLERS or getattr(node.func, "attr", "") in TELLING_METHODS:
                given += [own for own in node.args if isinstance(own, ast.Constant)]
        elif isinstance(node, ast.ClassDef):
            given = [
                line.value
                for line in node.body
                if isinstance(line, ast.Assign)
                and [getattr(one, "id", "") for one in line.targets] == ["code"]
            ]
        elif isinstance(node, ast.Tuple):  # a code with its sentence
            pairs = pairwise(node.elts)
            given = [one for one, said in pairs if isinstance(one, ast.Constant) and _is_sentence(said)]
        else:
            continue
        for part in given:
            for text in _strings(part):
                if CODE.fullmatch(text) and text != "code":
                    yield text, node.lineno


def _in_source() -> dict[str, str]:
    """Code → the first place that gives it."""
    found: dict[str, str] = {}
    for package in ("corpus", "ingest", "rag"):
        for path in sorted((ROOT / package).rglob("*.py")):
            own: Path = path.relative_to(ROOT)
            for code, line in _codes(ast.parse(path.read_text(encoding="utf-8"))):
                found.setdefault(code, f"{own}:{line}")
    return found


def _documented() -> dict[str, list[str]]:
    rows = re.findall(r"^\| `([a-z_]+)` \|(.*)\|$", REFERENCE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {code: [cell.strip() for cell in cells.split("|")] for code, cells in rows}


def test_every_code_is_explained() -> None:
    missing = {code: place for code, place in _in_source().items() if code not in _documented()}
    lines = [f"| `{code}` | WHAT IT MEANS ({place}) | WHAT TO DO |" for code, place in missing.items()]
    assert not missing, "add to docs/errors.md:\n" + "\n".join(lines)


def test_no_code_is_explained_that_is_never_given() -> None:
    gone = sorted(set(_documented()) - set(_in_source()))
    assert not gone, f"remove from docs/errors.md: {gone}"


def test_every_row_says_what_it_means_and_what_to_do_once() -> None:
    for code, cells in _documented().items():
        assert len(cells) == 2, code
        assert all(cells), code
    codes = re.findall(r"^\| `([a-z_]+)` \|", REFERENCE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert len(codes) == len(set(codes))
