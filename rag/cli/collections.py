"""``vouch collections list | remove``."""

from __future__ import annotations

from typing import Annotated

import typer

from rag.cli.groups import add_command, add_group
from rag.cli.screen import cell, count, table
from rag.cli.session import Session, Yes, readable


def list_collections(context: typer.Context) -> None:
    """List the collections."""
    session: Session = context.obj
    found = session.call("collections.list", {}, waiting="Listing …")
    if session.json:
        session.screen.json(found)
        return
    rows = table("collection", "documents", right=("documents",))
    for one in found["collections"]:
        rows.add_row(cell(one["name"], "title"), cell(f"{one['documents']:,}"))
    if found["collections"]:
        session.screen.show(rows)
    else:
        session.note("There are no collections yet. Ingest some documents: vouch ingest FOLDER")


def remove(
    context: typer.Context,
    collection: Annotated[str, typer.Argument(metavar="COLLECTION", help="The collection's name.")],
    yes: Yes = False,
) -> None:
    """Remove a collection with all its documents. Needs --yes."""
    session: Session = context.obj
    params = {"collection": readable(collection, "collection's name"), "yes": yes}
    done = session.call("collections.remove", params, waiting="Removing …")
    if session.json:
        session.screen.json(done)
        return
    session.screen.show(f"removed collection {done['collection']}: {count(done['removed'], 'document')}")
    if done["note"]:
        session.note(done["note"])


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""
    group = add_group(app, "collections", "List and remove collections.", panel="Look after")
    add_command(group, "list", list_collections, "vouch collections list")
    add_command(group, "remove", remove, "vouch collections remove drafts --yes")
