"""How a command shows its help, and global options that may stand anywhere.

Typer's own help loads half of Rich and draws boxes; this one is plain and comes at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import typer
from rich.table import Table
from rich.text import Text
from typer.core import TyperCommand, TyperGroup

from rag.cli.screen import Screen, wrap

FLAGS = ("--json", "--quiet", "-q", "--verbose")
VALUED = ("--data-dir", "--config")

_MARGIN = 2
_NAME_COLUMN = 26


class Command(TyperCommand):
    """A command with our help."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        _write_help(self, ctx, formatter, {})


class Group(TyperGroup):
    """A group of commands with our help, shown too when nothing is asked."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Asks for help where nothing is asked, and takes global options from behind the command."""
        if not args:
            args = ["--help"]
        elif ctx.parent is None:
            args = hoist(args)
        return super().parse_args(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        panels: dict[str, list[tuple[str, str]]] = {}
        for name, command in self.commands.items():
            panel = getattr(command, "rich_help_panel", None) or "Commands"
            panels.setdefault(panel, []).append((name, (command.help or "").partition("\n")[0]))
        _write_help(self, ctx, formatter, panels)


class ListingGroup(Group):
    """A group that does what its ``list`` command does where no other is named."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Puts ``list`` in front of what is not the name of a command, nor asks for help."""
        if not args or (args[0].startswith("-") and args[0] not in ("--help", "-h")):
            args = ["list", *args]
        return super().parse_args(ctx, args)


def add_command(app: typer.Typer, name: str, function: Any, *examples: str, panel: str | None = None) -> None:
    """Adds a command with examples of its use."""
    app.command(name, cls=Command, epilog="\n".join(examples), rich_help_panel=panel)(function)


def add_group(app: typer.Typer, name: str, help: str, *, panel: str, cls: type[Group] = Group) -> typer.Typer:
    """Adds a group without commands and returns it."""
    made = typer.Typer(name=name, help=help, cls=cls)
    app.add_typer(made, rich_help_panel=panel)
    return made


def hoist(argv: Sequence[str]) -> list[str]:
    """Returns the arguments with the global options in front; what follows ``--`` stays where it is."""
    front: list[str] = []
    rest: list[str] = []
    at = 0
    while at < len(argv) and argv[at] != "--":
        name, equals, _ = argv[at].partition("=")
        if argv[at] in FLAGS or (name in VALUED and equals):
            front.append(argv[at])
        elif name in VALUED and at + 1 < len(argv):
            front += argv[at : at + 2]
            at += 1
        else:
            rest.append(argv[at])
        at += 1
    return [*front, *rest, *argv[at:]]


def _write_help(command: Any, ctx: Any, formatter: Any, panels: Mapping[str, list[tuple[str, str]]]) -> None:
    screen = Screen()
    parts: list[Text | Table] = [Text.assemble(("usage: ", "faint"), (_usage(command, ctx), "head")), Text()]
    for paragraph in (command.help or "").split("\n\n"):
        parts += [*wrap(Text(" ".join(paragraph.split())), screen.width), Text()]
    arguments: list[tuple[str, str]] = []
    options: list[tuple[str, str]] = []
    for param in command.get_params(ctx):
        is_argument = param.param_type_name == "argument"
        (arguments if is_argument else options).append((_names(param), _meaning(param)))
    for title, rows in (("Arguments", arguments), *panels.items(), ("Options", options)):
        if rows:
            parts += [Text(title, "head"), _rows(rows), Text()]
    if command.epilog:
        parts += [
            Text("Examples", "head"),
            *(Text(" " * _MARGIN + line, "page") for line in command.epilog.splitlines()),
        ]
    if ctx.parent is not None:
        parts += [Text(), Text("vouch --help shows the options that go with every command.", "faint")]
    with screen.out.capture() as shown:
        for part in parts:
            screen.out.print(part)
    formatter.write("\n".join(line.rstrip() for line in shown.get().splitlines()).rstrip("\n") + "\n")


def _usage(command: Any, ctx: Any) -> str:
    arguments = [
        param.metavar or "" for param in command.get_params(ctx) if param.param_type_name == "argument"
    ]
    if isinstance(command, TyperGroup):
        arguments = ["COMMAND …"]
    return " ".join([ctx.command_path, *arguments, "[OPTIONS]"])


def _names(param: Any) -> str:
    if param.param_type_name == "argument":
        return str(param.metavar)
    names = ", ".join(sorted(param.opts, key=len))
    return names if param.is_flag else f"{names} {param.metavar}"


def _meaning(param: Any) -> str:
    if param.name == "help":
        return "Show this and end."
    default = param.default if isinstance(param.default, int | str) and not param.is_flag else None
    return f"{param.help} Default: {default}." if default is not None else str(param.help)


def _rows(rows: Iterable[tuple[str, str]]) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(width=_MARGIN - 2)
    grid.add_column(style="page", no_wrap=True, min_width=_NAME_COLUMN)
    grid.add_column(overflow="fold")
    for name, meaning in rows:
        grid.add_row("", name, meaning)
    return grid
