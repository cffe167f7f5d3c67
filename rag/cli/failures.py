"""Errors → exit codes, and a crash → a file that can be reported."""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
import traceback
from enum import IntEnum
from pathlib import Path

from corpus import errors
from corpus.errors import VouchError


class ExitCode(IntEnum):
    """What a command's exit code says; documented in ``docs/cli.md``."""

    OK = 0
    PARTLY = 1
    USAGE = 2
    NOT_FOUND = 3
    NOT_ALLOWED = 4
    STORAGE = 5
    MODEL = 6
    INTERNAL = 70
    INTERRUPTED = 130


_BY_CLASS: tuple[tuple[type[VouchError], ExitCode], ...] = (
    (errors.UsageError, ExitCode.USAGE),
    (errors.NotFoundError, ExitCode.NOT_FOUND),
    (errors.NotAllowedError, ExitCode.NOT_ALLOWED),
    (errors.StorageError, ExitCode.STORAGE),
    (errors.UnavailableError, ExitCode.STORAGE),
    (errors.EmbeddingError, ExitCode.MODEL),
    (errors.ModelError, ExitCode.MODEL),
    (VouchError, ExitCode.PARTLY),
)


def exit_code(error: VouchError) -> ExitCode:
    """Returns the exit code of an error."""
    if error.code == "not_found":
        return ExitCode.NOT_FOUND
    if error.code == "internal":
        return ExitCode.INTERNAL
    return next(code for kind, code in _BY_CLASS if isinstance(error, kind))


def crash_report(error: BaseException, argv: list[str]) -> VouchError:
    """Keeps the traceback of an unexpected error in a file and returns what to tell the user.

    The file holds the command line, the Python version and the traceback; it lies in the temporary folder,
    readable by its owner alone.
    """
    lines = [f"vouch {shlex.join(argv)}\n", f"Python {sys.version}\n\n", *traceback.format_exception(error)]
    where = "The traceback could not be kept; --verbose shows it."
    try:
        descriptor, name = tempfile.mkstemp(prefix="vouch-crash-", suffix=".txt")
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.writelines(lines)
        where = f"The traceback is in {Path(name)}; please report it with that file (look through it first)."
    except OSError:
        pass  # the disk is full as well: the sentence above says so
    return VouchError(
        f"Internal error: {type(error).__name__}: {error}",
        code="internal",
        hint=f"This is a defect in Vouch. What was committed is kept. {where}",
    )
