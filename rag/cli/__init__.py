"""The command line: ``vouch ingest | search | documents | status …``.

Every command asks :func:`rag.operations.call`; only this room knows exit codes, and only it uses Typer and
Rich. Nothing heavy is imported before a command needs it, so that help and argument errors come at once.
"""

from __future__ import annotations

import sys
import warnings

__all__ = ["main"]


def main() -> None:
    """Runs the command that ``sys.argv`` names and ends the process with its exit code."""
    from rag.cli.app import run

    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # libraries warn programmers; users can do nothing about it
    sys.exit(run(sys.argv[1:]))
