"""``vouch documents list``: all of them where it goes on to a file or a program, a first page for a reader."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from rag.cli.reporting import short_type
from rag.cli.screen import Screen, cell, count, moment, one_line, printable, table, where
from rag.cli.session import Collection, Session, read_collection, readable

PAGE = 100
"""So many documents, and files that could not be read, a terminal shows unless more are asked for."""


def list_documents(
    context: typer.Context,
    collection: Collection = None,
    find: Annotated[
        str | None,
        typer.Option(
            metavar="WORDS",
            help="Show those whose title and path hold all these words. Default: all of them.",
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            "-n",
            min=1,
            metavar="N",
            help=f"How many to show at most. Default: {PAGE} on a terminal, else all of them.",
        ),
    ] = None,
    offset: Annotated[int, typer.Option(min=0, metavar="N", help="Leave out the first N.")] = 0,
    removed: Annotated[
        bool, typer.Option("--removed", help="Show removed documents too. Default: live ones.")
    ] = False,
) -> None:
    """List the documents, and the files that could not be read."""
    session: Session = context.obj
    paged = session.screen.out.file.isatty() and not session.json
    params = {
        "collection": read_collection(collection),
        "find": None if find is None else readable(find, "text to find"),
        "limit": limit or (PAGE if paged else None),
        "offset": offset,
        "removed": removed,
    }
    shown = _Json(session.screen) if session.json else _Rows(session.screen)
    found = session.call("documents.list", params, emit=shown.take)
    if isinstance(shown, _Json):
        shown.end(found)
        return
    if not offset:  # they belong to no place in the list
        show_failures(session.screen, found["failures"], most=limit or PAGE)
    session.note(_summary(shown.count, found["total"], offset, context))


def show_failures(screen: Screen, failures: Sequence[Mapping[str, Any]], *, most: int = PAGE) -> None:
    """Prints the files that could not be read, with the remedy: on a terminal the first ones."""
    if not failures:
        return
    shown = failures[:most] if screen.out.file.isatty() else failures
    screen.show("", Text(f"Not read ({len(failures):,})", "bad"))
    for one in shown:
        key = one["key"]
        place = Text.assemble("  ", where(key["path"]), (f"  in {printable(key['collection'])}", "faint"))
        screen.show(place.append(f"  {printable(one['code'])}", "faint"))
        for said in filter(None, (one["message"], one["hint"])):
            screen.block(Text(printable(said)), 4)
    if rest := len(failures) - len(shown):
        screen.show(Text(f"  and {rest:,} more; all of them: vouch documents list | less", "faint"))


class _Json:
    """Prints the documents as JSON, as they come."""

    def __init__(self, screen: Screen) -> None:
        self._list = screen.json_list("documents")

    def take(self, event: Mapping[str, Any]) -> None:
        self._list.add(event.get("documents", ()))

    def end(self, rest: Mapping[str, Any]) -> None:
        self._list.end(rest)


class _Rows:
    """Prints the documents as rows, as they come."""

    def __init__(self, screen: Screen) -> None:
        self._show, self._stacked = screen.listing(), screen.out.file.isatty()
        self._head: Mapping[str, Any] = {}
        self.count = 0

    def take(self, event: Mapping[str, Any]) -> None:
        if found := event.get("documents"):
            self._show(_listing(found, self._head, stacked=self._stacked))
            self.count += len(found)
        else:
            self._head = event


def _listing(found: Sequence[Mapping[str, Any]], head: Mapping[str, Any], *, stacked: bool) -> Table:
    """A row a document; ``stacked`` puts the path under the title, for the width of a terminal."""
    several, closed, gone = bool(head["several"]), bool(head["closed"]), bool(head["removed"])
    names = ["id", "title", *["path"] * (not stacked), "type", "pages"]
    names += ["collection"] * several + ["access"] * closed + ["removed"] * gone
    rows = table(*names, right=("pages",))
    rows.columns[0].no_wrap = True
    for one in found:
        live = one["live"]
        title = cell(one_line(str((live or {}).get("title") or one["path"])), "title" if live else "faint")
        path = where(one["path"])
        row = [cell(one["id"], "faint"), *([Text("\n").join([title, path])] if stacked else [title, path])]
        row += [
            cell(short_type(live["content_type"]) if live else ""),
            cell(f"{live['pages']:,}" if live else ""),
        ]
        row += [cell(one["collection"])] * several
        row += [cell("" if one["access"] == ["public"] else ", ".join(one["access"]) or "nobody")] * closed
        row += [cell(moment(one["removed_at"]))] * gone
        rows.add_row(*row)
    return rows


def _summary(shown: int, total: int, offset: int, context: typer.Context) -> str:
    """Says how many there are, and where there are more than are shown how to see them."""
    if not total:
        return "There are no documents yet." if not context.params["find"] else "No document is called that."
    if shown == total:
        return count(total, "document")
    if not shown:
        return f"{count(total, 'document')}; none behind the first {offset:,}."
    said = f"{offset + 1:,} to {offset + shown:,} of {count(total, 'document')}."
    if offset + shown == total:
        return said
    asked = ["vouch", "documents", "list"]
    for name in ("collection", "find", "limit"):
        if (value := context.params[name]) is not None:
            asked += [f"--{name}", str(value)]
    asked += ["--removed"] * bool(context.params["removed"]) + ["--offset", str(offset + shown)]
    return f"{said} The next ones: {printable(shlex.join(asked))}"
