"""The tree of commands, and the one place where a command's end becomes an exit code.

To add a command: a module beside this one, a line in :data:`_ROOMS`, a section in ``docs/cli.md``.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from corpus.errors import UsageError, VouchError, not_permitted, out_of_memory
from rag.cli.failures import ExitCode, crash_report, exit_code
from rag.cli.groups import VALUED, Group, hoist
from rag.cli.screen import Screen, printable
from rag.cli.session import Session, start_logging

_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)


def run(argv: Sequence[str]) -> int:
    """Runs one command and returns its exit code.

    Every error ends here: said on stderr, and with ``--json`` as JSON on stdout.
    """
    try:
        code = _run(list(argv))
        _flush()
        return code
    except BrokenPipeError:
        return _drop_output()  # whoever read our output has enough of it
    except OSError as error:
        _drop_output()
        with contextlib.suppress(OSError, ValueError, AttributeError):
            what = error.filename or "the output"
            sys.stderr.write(f"error: Cannot write {printable(what)}: {error.strerror or error}.\n")
        return ExitCode.STORAGE


def _run(argv: list[str]) -> int:
    ahead = argv[: argv.index("--")] if "--" in argv else argv
    try:
        with _command(argv).make_context("vouch", argv) as context:
            context.command.invoke(context)
    except typer.Exit as ended:
        return ended.exit_code
    except typer.TyperException as error:
        return _usage(error, "--json" in ahead)
    except VouchError as error:
        if "--verbose" in ahead:
            traceback.print_exc()
        return _fail(error, "--json" in ahead)
    except (KeyboardInterrupt, typer.Abort):
        Screen().error("Interrupted.", "What was committed is kept; the same command can be run again.")
        return ExitCode.INTERRUPTED
    except (BrokenPipeError, SystemExit):
        raise
    except PermissionError as error:
        if "--verbose" in ahead:
            traceback.print_exc()
        return _fail(not_permitted(error), "--json" in ahead)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _DISK_ERRORS:
            raise
        if "--verbose" in ahead:
            traceback.print_exc()
        return _fail(out_of_memory(error) or crash_report(error, argv), "--json" in ahead)
    return ExitCode.OK


def _usage(error: typer.TyperException, as_json: bool) -> int:
    """An error of the command line itself, with the way to the help of the command it was meant for."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "vouch"
    message = error.format_message().replace("Value error, ", "", 1)  # a word of the library's own
    return _fail(UsageError(message, hint=f"{path} --help shows what there is."), as_json)


def _fail(error: VouchError, as_json: bool) -> int:
    screen = Screen()
    if as_json:
        screen.json({"error": {"code": error.code, "message": error.message, "hint": error.hint}})
    screen.error(error.message, error.hint)
    return exit_code(error)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()


def _drop_output() -> int:
    """Sends what is still buffered nowhere, so that nothing fails again when the interpreter ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError, io.UnsupportedOperation):
            stream.flush()
            continue
        with contextlib.suppress(OSError, ValueError, AttributeError, io.UnsupportedOperation):
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
    return ExitCode.OK


# ---- the tree -------------------------------------------------------------------------------------------


def _version(asked: bool) -> None:
    if asked:
        from corpus.program import installed_version

        typer.echo(f"vouch {installed_version() or '(not installed: run from its source)'}")
        raise typer.Exit


def _begin(
    context: typer.Context,
    data_dir: Annotated[
        str | None,
        typer.Option(metavar="FOLDER", help="Where the corpus lies. Default: data_dir of the settings."),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="The settings file. Default: the nearest vouch.toml, from here upward."
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as JSON on stdout; errors too.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the result alone.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Log what is done on stderr; show tracebacks.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Answer questions from a company's own documents, each answer vouched for by the page it came from.

    These options go with every command, in front of it or behind it.
    """
    start_logging(verbose)
    if data_dir is not None and not data_dir.strip():  # it would be the folder one is in
        raise UsageError(
            "--data-dir names no folder.", code="bad_name", hint="Leave it out, or give it a value."
        )
    context.obj = Session(Path(data_dir) if data_dir else None, config, as_json, quiet, verbose)


_ROOMS = {
    "ingesting": ("ingest",),
    "asking": ("ask",),
    "comparing": ("compare",),
    "receipts": ("receipts", "receipt", "replay"),
    "searching": ("search",),
    "models": ("models",),
    "serve": ("serve",),
    "keys": ("keys",),
    "documents": ("documents",),
    "collections": ("collections",),
    "examples": ("examples",),
    "upkeep": ("status", "backup", "restore", "verify", "rebuild"),
    "evaluating": ("eval",),
    "calibrating": ("calibrate",),
}
"""The modules beside this one with the commands that each adds, in the order of the help."""


def build(named: str = "") -> typer.Typer:
    """Returns the tree of commands; of one that is ``named`` only what its module adds: the others are not loaded."""
    app = typer.Typer(
        name="vouch",
        cls=Group,
        callback=_begin,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"]},
        epilog='vouch ingest FOLDER\nvouch ask "How many days of leave can be carried over?"',
    )
    rooms = [room for room, commands in _ROOMS.items() if named in commands] or _ROOMS
    for room in rooms:
        import_module(f"rag.cli.{room}").add_to(app)
    return app


def _command(argv: Sequence[str]) -> Any:
    rest = iter(hoist(argv))
    for word in rest:
        if word in VALUED:
            next(rest, None)
        elif not word.startswith("-") or word == "--":
            return typer.main.get_command(build(word))
    return typer.main.get_command(build())
