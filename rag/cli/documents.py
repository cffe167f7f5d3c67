"""``vouch documents list | show | report | remove | erase | history | access``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.text import Text

from rag.cli.groups import add_command, add_group
from rag.cli.listing import list_documents
from rag.cli.passages import tidy
from rag.cli.reporting import short_type, show_document_report
from rag.cli.screen import (
    Screen,
    cell,
    count,
    moment,
    one_line,
    one_name,
    pairs,
    printable,
    size,
    table,
    where,
    wrap,
)
from rag.cli.session import Session, Yes, read_access, read_document

Document = Annotated[str, typer.Argument(metavar="DOCUMENT", help="A document's id, or its path.")]
Documents = Annotated[list[str], typer.Argument(metavar="DOCUMENT...", help="Documents, by id or path.")]


def show(context: typer.Context, document: Document) -> None:
    """Show what is known of a document, and how it begins."""
    session: Session = context.obj
    found = session.call("documents.show", {"document": read_document(document)}, waiting="Looking …")
    if session.json:
        session.screen.json(found)
        return
    session.screen.show(Text(one_line(_title(found)), "title"), pairs(_facts(found)))
    if found.get("beginning"):
        text = tidy(found["beginning"])
        lines = wrap(
            Text(text + (" …" if found["live"]["chars"] > len(found["beginning"]) else "")),
            session.screen.width,
        )
        session.screen.show("", *lines)


def report(context: typer.Context, document: Document) -> None:
    """Show what the ingest made of a document.

    Its pages with their characters, what was noted of them, tables, passages and tokens; and why a later file in its
    place could not be read.
    """
    session: Session = context.obj
    found = session.call("documents.report", {"document": read_document(document)}, waiting="Looking …")
    if session.json:
        session.screen.json(found)
        return
    show_document_report(session.screen, found)


def remove(context: typer.Context, documents: Documents) -> None:
    """Remove documents from every search at once.

    Their history is kept. The files themselves are not touched: the next ingest of their folder brings them
    back.
    """
    session: Session = context.obj
    params = {"documents": [read_document(one) for one in documents]}
    done = session.call("documents.remove", params, waiting="Removing …")
    if session.json:
        session.screen.json(done)
        return
    for one in done["documents"]:
        session.screen.show(
            Text.assemble("removed  " if one["live"] else "was removed before  ", _place(one))
        )
    if done["note"]:
        session.note(done["note"])


def erase(context: typer.Context, documents: Documents, yes: Yes = False) -> None:
    """Delete documents for good, with their history. Needs --yes.

    Text, vectors and kept files leave the data folder; backups and the files themselves are not touched. A
    certificate says what was checked.
    """
    session: Session = context.obj
    params = {"documents": [read_document(one) for one in documents], "yes": yes}
    done = session.call("documents.erase", params, waiting="Erasing …")
    if session.json:
        session.screen.json(done)
        return
    for one in done["documents"]:
        session.screen.show(Text.assemble("erased  ", _place(one)))
    _show_certificate(session.screen, done["certificate"])


def history(context: typer.Context, document: Document) -> None:
    """Show the versions a document has had."""
    session: Session = context.obj
    found = session.call("documents.history", {"document": read_document(document)}, waiting="Looking …")
    if session.json:
        session.screen.json(found)
        return
    rows = table("version", "state", "committed", "retired", "pages", "passages", "size", "sha256",
                 right=("version", "pages", "passages", "size"))  # fmt: skip
    for one in found["versions"]:
        rows.add_row(
            cell(one["number"]),
            cell(one["state"], "good" if one["state"] == "live" else "faint"),
            cell(moment(one["committed_at"])),
            cell(moment(one["retired_at"])),
            cell(f"{one['pages']:,}"),
            cell(f"{one['chunks']:,}"),
            cell(size(one["size_bytes"])),
            cell(one["sha256"][:12], "faint"),
        )
    session.screen.show(
        Text.assemble((one_line(_title(found["document"])), "title"), "  ", _place(found["document"])), rows
    )


def access(
    context: typer.Context,
    documents: Documents,
    principals: Annotated[
        list[str] | None,
        typer.Option(
            "--access",
            metavar="PRINCIPAL",
            help="Who may read them from now on: public, user:NAME or group:NAME; may be repeated. "
            "Default: change nothing, show who may.",
        ),
    ] = None,
) -> None:
    """Show or change who may read documents."""
    session: Session = context.obj
    named = [read_document(one) for one in documents]
    wanted = read_access(principals or ())
    if wanted is None:
        shown = [session.call("documents.show", {"document": one}) for one in named]
        kept = ("id", "collection", "root", "path", "access")
        done = {"documents": [{name: one[name] for name in kept} for one in shown]}
    else:
        done = session.call("documents.access", {"documents": named, "access": wanted}, waiting="Changing …")
    if session.json:
        session.screen.json(done)
        return
    for one in done["documents"]:
        session.screen.show(Text.assemble(_place(one), "  ", (", ".join(one["access"]) or "nobody", "page")))


def _show_certificate(screen: Screen, certificate: Mapping[str, Any]) -> None:
    """Prints what an erasure took out, where it was looked for afterwards, and what it does not reach."""
    at = moment(certificate["at"])
    screen.show("", Text(f"Certificate of erasure, {at}, corpus {certificate['corpus_id']}", "title"))
    for one in certificate["documents"]:
        parts = (
            count(one["versions"], "version"),
            count(one["chunks"], "passage"),
            count(one["vectors"], "vector"),
        )
        screen.show(f"  {one['id']}: {', '.join(parts)}, {count(len(one['files']), 'kept file')}")
        for sha256 in one["files"]:
            screen.show(Text(f"    sha256 {sha256}", "faint"))
    screen.show("", "Looked for afterwards in the data folder:")
    screen.show(pairs({f"  {one['place']}": one["seen"] for one in certificate["checked"]}))
    screen.show("", "Not covered:")
    for said in certificate["not_covered"]:
        screen.show(f"  {said}")


def _facts(found: Mapping[str, Any]) -> dict[str, object]:
    live = found["live"]
    facts: dict[str, object] = {
        "id": found["id"],
        "path": where(found["path"]),
        "folder": one_name(found["root"]),
        "collection": found["collection"],
        "access": ", ".join(found["access"]) or "nobody",
    }
    if live is None:
        return facts | {"removed": moment(found["removed_at"])}
    labels = [page["label"] for page in found.get("page_list", ()) if page["label"]]
    facts["version"] = f"{live['number']}, since {moment(live['committed_at'])}"
    facts["type"] = f"{short_type(live['content_type'])}, {size(live['size_bytes'])}"
    facts["pages"] = f"{live['pages']:,}" + (f", numbered {labels[0]} to {labels[-1]}" if labels else "")
    facts["passages"] = f"{live['chunks']:,}"
    if live["chunks"] > live["vectors"]:
        facts["passages"] = (
            f"{live['chunks']:,}, {live['chunks'] - live['vectors']:,} of them found by words alone"
        )
    if live["language"]:
        facts["language"] = live["language"]
    if live["date"]:
        facts["date"] = moment(live["date"])
    own = {**live["metadata"], **found["metadata"]}
    if own:
        facts["metadata"] = ", ".join(f"{key}={value}" for key, value in sorted(own.items()))
    for note in live["notes"]:
        page = f"page {note['page']}: " if note.get("page") else ""
        facts["note"] = "\n".join(filter(None, [str(facts.get("note", "")), f"{page}{note['message']}"]))
    return facts


def _title(found: Mapping[str, Any]) -> str:
    return str((found["live"] or {}).get("title") or found["path"])


def _place(found: Mapping[str, Any]) -> Text:
    return Text.assemble(
        where(found["path"]), (f"  {found['id']}  {printable(found['collection'])}", "faint")
    )


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""
    help = "List, show, remove and erase documents; see their history; say who may read them."
    group = add_group(app, "documents", help, panel="Look after")
    add_command(
        group,
        "list",
        list_documents,
        "vouch documents list --collection hr",
        "vouch documents list --find 'travel 2025'",
    )
    add_command(group, "show", show, "vouch documents show people/handbook.pdf")
    add_command(group, "report", report, "vouch documents report people/handbook.pdf")
    add_command(group, "remove", remove, "vouch documents remove people/handbook-2019.pdf")
    add_command(group, "erase", erase, "vouch documents erase people/salaries-2019.pdf --yes")
    add_command(group, "history", history, "vouch documents history people/handbook.pdf")
    add_command(
        group, "access", access, "vouch documents access salaries.pdf --access group:hr --access user:mia"
    )
