"""``vouch search``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from rag.cli.groups import add_command
from rag.cli.passages import show_passages
from rag.cli.screen import count, duration
from rag.cli.session import Collection, Session, read_collection, readable

Conditions = Annotated[
    list[str] | None,
    typer.Option(
        "--filter",
        metavar="KEY=VALUE",
        help="Search only where this holds: collection, type, language, since, until, source (a glob), "
        "document, meta.NAME; may be repeated. Different keys narrow. Default: no filter.",
    ),
]


AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="DATE",
        help="Search the versions that were live then: a day (its end, UTC) or a time, ISO 8601. Slower. "
        "Default: what is live now.",
    ),
]


def search(
    context: typer.Context,
    query: Annotated[list[str], typer.Argument(metavar="QUERY", help="What to look for, in any language.")],
    k: Annotated[
        int, typer.Option("--k", "-k", min=1, max=1000, metavar="N", help="How many passages to show.")
    ] = 10,
    collection: Collection = None,
    conditions: Conditions = None,
    as_of: AsOf = None,
    full: Annotated[
        bool, typer.Option("--full", help="Show whole passages. Default: of each, what speaks of the query.")
    ] = False,
) -> None:
    """Find the passages that answer a question.

    Words and meaning both count. The words of the question are marked where they stand.
    """
    session: Session = context.obj
    params = {"query": " ".join(query), "k": k, "whole": full, **limits(collection, conditions, as_of)}
    found = session.call("search", params, waiting="Searching …")
    if session.json:
        session.screen.json(found)
        return
    show_passages(session.screen, found["read_as"] or found["query"], found["hits"], full=full)
    for note in found["notes"]:
        session.note(note)
    if found["hits"]:
        seconds = duration(found["timings_ms"].get("total", 0.0) / 1000)
        session.note(f"{count(len(found['hits']), 'passage')} in {seconds}")
    elif not found["notes"]:
        session.note(
            "Nothing was found." + (" The filter may be too narrow." if conditions or collection else "")
        )


def limits(collection: str | None, conditions: list[str] | None, as_of: str | None) -> dict[str, Any]:
    """Returns what a question is limited to, as an operation takes it."""
    from rag.retrieval.filters import parse_filter

    moment = None if as_of is None else readable(as_of, "date")
    chosen = parse_filter((readable(one, "filter") for one in conditions or ()), moment)
    return {"collection": read_collection(collection), "filter": chosen}


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    add_command(
        app,
        "search",
        search,
        'vouch search "How many days of leave can be carried over?" -k 3',
        "vouch search 年次有給休暇 --filter language=ja --filter since=2024-04-01",
        'vouch search "daily allowance" --as-of 2025-06-01',
        panel="Ask",
    )
