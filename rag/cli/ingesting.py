"""``vouch ingest``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from rag.cli.failures import ExitCode
from rag.cli.following import ingest_what_changes
from rag.cli.groups import add_command
from rag.cli.reporting import STATES, by_format, check_report, noted, report_page, write_report
from rag.cli.screen import Screen, cell, count, duration, printable, table, where
from rag.cli.session import Session, Yes, read_access, read_collection, read_metadata

if TYPE_CHECKING:
    from rag.cli.progress import Interrupt

_COUNTS = ("added", "replaced", "moved", "updated", "removed", "unchanged", "failed")
_STYLES = {"added": "good", "replaced": "good", "failed": "bad", "removed": "warn"}
_INDENT = 4
_UNASKED = frozenset({"bad_name", "same_name", "unreadable"})
"""Why a file is left out that nobody wanted left out."""


def ingest(
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Folders and files to read.")],
    collection: Annotated[
        str, typer.Option("--collection", "-c", metavar="NAME", help="The collection the documents go into.")
    ] = "default",
    access: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PRINCIPAL",
            help="Who may read them: public, user:NAME or group:NAME; may be repeated. "
            "Default: what a known document has, public for a new one.",
        ),
    ] = None,
    meta: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE",
            help="Metadata of the documents, to filter by; may be repeated. "
            "Default: what a known document has.",
        ),
    ] = None,
    sync: Annotated[
        bool,
        typer.Option("--sync", help="Remove documents whose file has left the folder. Default: they stay."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    yes: Yes = False,
    retry_failed: Annotated[
        bool,
        typer.Option(
            "--retry-failed", help="Read again what failed before. Default: only once the file has changed."
        ),
    ] = False,
    rehash: Annotated[
        bool,
        typer.Option(
            "--rehash",
            help="Look into every file for changes. Default: only where the size or the time differs.",
        ),
    ] = False,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch", help="Go on: ingest what changes in the folders, until Ctrl-C. Default: end when done."
        ),
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write what became of every file there, as JSON or as a page: FILE.json, FILE.html. "
            "Default: nowhere.",
        ),
    ] = None,
) -> None:
    """Read files and folders into the corpus.

    What is known and unchanged is left alone, so the same command again takes seconds. A file that cannot
    be read is reported and keeps its previous version; the others go on. Ctrl-C stops in good order, a second
    one at once; the same command goes on from there.
    """
    session: Session = context.obj
    params = {
        "paths": [str(path.expanduser().absolute()) for path in paths],
        "collection": read_collection(collection),
        "access": read_access(access or ()),
        "metadata": read_metadata(meta or ()),
        "sync": sync,
        "dry_run": dry_run,
        "yes": yes,
        "retry_failed": retry_failed,
        "rehash": rehash,
    }
    check_report(report)
    from rag.cli.progress import Interrupt

    interrupt = Interrupt(session.screen)
    with interrupt.listening():
        if watch:
            ingest_what_changes(
                session, params, lambda asked: _ingest(session, asked, report, interrupt), interrupt
            )
            return
        done = _ingest(session, params, report, interrupt)
    code = _exit_code(done, interrupt.asked)
    if code:
        raise typer.Exit(code)


def _ingest(
    session: Session, params: Mapping[str, Any], report: Path | None, interrupt: Interrupt
) -> Mapping[str, Any]:
    """Has one ingest done and shows its report."""
    from rag.cli.progress import IngestProgress

    progress = IngestProgress(session.screen, interrupt, shown=not session.quiet)
    with progress:
        done: Mapping[str, Any] = session.call("ingest", params, emit=progress.tell, cancelled=interrupt)
    if report is not None:
        kept = "The documents were ingested all the same; --json prints the report."
        write_report(report, done, report_page, kept)
    if session.json:
        session.screen.json(done)
    elif not session.quiet or done["dry_run"] or done["failed"] or done["stopped"] or _lacks(done):
        show_report(session.screen, done)
    session.screen.flush()
    return done


def show_report(screen: Screen, done: Mapping[str, Any]) -> None:
    """Prints what an ingest did: the counts, then every file that needs a look."""
    if done["dry_run"]:
        _show_dry_run(screen, done)
        return
    name = Text.assemble(
        "Collection ", (printable(done["collection"]), "title"), f", {duration(done['seconds'])}"
    )
    screen.show(name, _summary(done))
    _show_anew(screen, done)
    files = _grouped(done["files"])
    _show_files(screen, "Failed", files["failed"], "bad")
    _show_files(screen, "Read in part", files["partial"], "warn")
    _show_files(screen, "Left out", files["skipped"], "faint")
    _show_formats(screen, done["files"])
    if done["slower"]:
        screen.show("", Text(printable(done["slower"]), "warn"))
    if done["stopped"]:
        stopped = (
            "Stopped before the end." if done["stopped"] == "cancelled" else f"Stopped: {done['stopped']}"
        )
        screen.show("", Text.assemble((printable(stopped), "warn"), " ", printable(done["hint"])))


def _summary(done: Mapping[str, Any]) -> Table:
    """The counts that are not 0, with what was read beside the first."""
    rows = Table.grid(padding=(0, 1, 0, 0))
    rows.add_column(justify="right", min_width=7)
    rows.add_column()
    rows.add_column(style="faint")
    remark = ""
    if done["chunks"]:
        pages = sum(one["pages"] for one in done["files"])
        remark = f"  {count(done['chunks'], 'passage')} from {count(pages, 'page')}"
        if without := sum(one["chunks_without_vector"] for one in done["files"]):
            remark += f", {without:,} of them found by words alone"
        read = sum(one["state"] in ("ok", "partial") for one in done["files"])
        if (new := done["added"] + done["replaced"]) and read > new:
            remark += f", those of {count(read - new, 'moved file')} among them"
    for name in _COUNTS:
        if done[name]:
            rows.add_row(Text(f"{done[name]:,}", _STYLES.get(name, "")), Text(name), Text(remark))
            remark = ""
    if not rows.row_count:
        rows.add_row("0", "files done" if done["stopped"] else "files to read", "")
    return rows


def _show_formats(screen: Screen, files: Sequence[Mapping[str, Any]]) -> None:
    """Prints how many files of each format came to each state."""
    found = by_format(files)
    if not found:
        return
    states = [name for name in STATES if any(row.get(name) for row in found.values())]
    names = [*states, "pages", "passages"]
    rows = table("format", *names, right=names)
    for kind, row in found.items():
        numbers = [row.get("chunks" if name == "passages" else name, 0) for name in names]
        rows.add_row(cell(kind), *(cell(f"{number:,}" if number else "") for number in numbers))
    screen.show("", rows)


def _show_dry_run(screen: Screen, done: Mapping[str, Any]) -> None:
    screen.lines(
        Text.assemble((f"{printable(one['message'])}  ", "faint"), where(one["path"]))
        for one in done["files"]
        if one["state"] not in ("failed", "skipped")
    )
    files = _grouped(done["files"])
    _show_files(screen, "Failed", files["failed"], "bad")
    _show_files(screen, "Left out", files["skipped"], "faint")
    screen.show(
        "",
        f"A dry run of collection {done['collection']}: nothing was changed. It would have been:",
        _summary(done),
    )
    _show_anew(screen, done)


def _show_anew(screen: Screen, done: Mapping[str, Any]) -> None:
    """Says why files were read that have not changed: after an update of Vouch that may be all of them."""
    if done["read_anew"]:
        said = (
            f"Of the replaced {done['read_anew']:,} have the file they had: Vouch was updated, or a setting changed, "
            "and reads, cuts or embeds them otherwise now. Their earlier versions stay."
        )
        screen.show("")
        screen.block(Text(said, "faint"), 0)


def _show_files(screen: Screen, heading: str, files: Sequence[Mapping[str, Any]], style: str) -> None:
    if not files:
        return
    screen.show("", Text(f"{heading} ({len(files)})", style))
    for one in files:
        screen.show(
            Text.assemble("  ", where(one["path"]), (f"  {one['code']}" if one["code"] else "", "faint"))
        )
        said = [one["message"], one["hint"]] if one["state"] != "partial" else []
        said += noted(one["notes"])
        for text in filter(None, said):
            screen.block(Text(printable(text)), _INDENT)


def _grouped(files: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    groups: dict[str, list[Mapping[str, Any]]] = {"failed": [], "partial": [], "skipped": []}
    for one in files:
        groups.setdefault(one["state"], []).append(one)
    return groups


def _exit_code(done: Mapping[str, Any], interrupted: bool) -> int:
    if interrupted and done["stopped"] == "cancelled":
        return ExitCode.INTERRUPTED
    if done["stopped"]:
        return ExitCode.STORAGE
    return ExitCode.PARTLY if done["failed"] or _lacks(done) else ExitCode.OK


def _lacks(done: Mapping[str, Any]) -> bool:
    return any(one["state"] == "skipped" and one["code"] in _UNASKED for one in done["files"])


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    add_command(
        app,
        "ingest",
        ingest,
        "vouch ingest ~/handbook --collection hr --access group:hr --meta department=hr",
        "vouch ingest ~/handbook --collection hr --sync --dry-run",
        "vouch ingest ~/handbook --collection hr --sync --watch",
        panel="Fill",
    )
