"""The command line: ``vouch ingest | search | documents | status …``.

Every command asks :func:`rag.owner.calling.call`; only this room knows exit codes, and only it uses Typer and
Rich. Nothing heavy is imported before a command needs it, so that help and argument errors come at once.
"""

from __future__ import annotations

import gc
import os
import sys
import warnings

from corpus.blas import multiply_alone

__all__ = ["main"]

USUAL_COLLECTIONS = gc.get_threshold()
"""What the interpreter chose: for a command that lives long."""

_COLLECT_AFTER = 10_000
"""New objects after which the youngest are looked through: fourteen times the interpreter's own choice."""


def main() -> None:
    """Runs the command that ``sys.argv`` names and ends the process with its exit code."""
    # Importing makes some 150,000 objects that all stay: looking for garbage among them is a tenth of the start.
    gc.set_threshold(_COLLECT_AFTER)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # else it reads of every installed package
    multiply_alone()
    try:
        from rag.cli.app import run
    except KeyboardInterrupt:  # it is a part of a second until errors are told as elsewhere
        sys.stderr.write("error: Interrupted.\n")
        sys.exit(130)

    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # libraries warn programmers; users can do nothing about it
    code = run(sys.argv[1:])
    gc.freeze()  # the end of the process frees them all at once, and need not look at each
    sys.exit(code)
