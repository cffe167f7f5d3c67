"""Which files of a folder are left out, as ``.vouchignore`` in it and above says. The home of pathspec."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

IGNORE_NAME = ".vouchignore"

Rules: TypeAlias = "Sequence[tuple[str, GitIgnoreSpec]]"
"""Folders, outermost first, as the beginnings of the paths below them, each with what it says."""


def read_rules(entry: os.DirEntry[str]) -> tuple[list[GitIgnoreSpec], list[str]]:
    """Returns what a folder's file of rules says, none where it cannot be read, and which rules are not followed."""
    from pathspec import GitIgnoreSpec

    try:
        if not entry.is_file():  # a pipe would be waited for without end
            raise OSError("it is no plain file")
        text = Path(entry.path).read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        return [], [f"Its rules are not followed: {error.strerror or error}."]
    lines, problems = [], []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            GitIgnoreSpec.from_lines([line])
        except (ValueError, re.error):
            problems.append(f"Its rule in line {number} is not followed: it cannot be read.")
        else:
            lines.append(line)
    return [GitIgnoreSpec.from_lines(lines)], problems


def is_ignored(path: str, rules: Rules) -> bool:
    """Says whether the rules leave a path out; the deepest folder's decide, of those the last match."""
    for folder, spec in reversed(rules):
        decided = spec.check_file(path.removeprefix(folder)).include
        if decided is not None:
            return decided
    return False
