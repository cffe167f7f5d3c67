"""``vouch status | backup | restore | verify | rebuild``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from corpus.errors import NotFoundError, StorageError
from rag.cli.failures import ExitCode
from rag.cli.groups import add_command
from rag.cli.listing import show_failures
from rag.cli.screen import Screen, count, moment, pairs, printable, size, wrap
from rag.cli.session import Session


def status(context: typer.Context) -> None:
    """Show what the corpus holds, and how it is doing."""
    session: Session = context.obj
    from corpus.ownership import current_owner

    owner = current_owner(session.settings().data_dir)
    found = session.call("status", {}, waiting="Looking …") | {"owner": owner or None}
    if session.json:
        session.screen.json(found)
        return
    session.screen.show(pairs(_facts(found)))
    show_failures(session.screen, found["failures"])
    if found["problems"]:
        session.screen.show("", Text("Problems", "bad"))
        for one in found["problems"]:
            session.screen.block(Text(printable(one)), 2)


def backup(
    context: typer.Context,
    target: Annotated[
        Path, typer.Argument(metavar="TARGET", help="The file to write; it must not exist yet.")
    ],
) -> None:
    """Write everything that is needed to bring the corpus back into one file.

    The corpus can be used meanwhile. Indexes are not in it: they are rebuilt.
    """
    session: Session = context.obj
    params = {"target": str(target.expanduser().absolute())}
    done = session.call("backup", params, waiting="Writing the backup …")
    if session.json:
        session.screen.json(done)
    else:
        session.screen.show(_backup_line(done))
    if done["missing"]:
        lacking = count(done["missing"], "original")
        session.note(f"{lacking} missing or damaged, so not in it: vouch verify names them.")


def restore(
    context: typer.Context,
    source: Annotated[Path, typer.Argument(metavar="BACKUP", help="A file that vouch backup wrote.")],
    replace: Annotated[
        bool,
        typer.Option(
            "--replace", help="Put it in the place of a corpus that is there; that one is kept beside it."
        ),
    ] = False,
) -> None:
    """Bring a backup back.

    Nothing else may use the data folder meanwhile. What it held is kept beside the restored corpus.
    """
    session: Session = context.obj
    settings = session.settings()
    with session.screen.waiting("" if session.quiet else "Restoring …"):
        from corpus import backup as backups
        from rag.as_json import to_json

        done = to_json(backups.restore(_backup_file(source), settings.data_dir, replace=replace))
    if session.json:
        session.screen.json(done | {"data_dir": str(settings.data_dir)})
    else:
        session.screen.show(
            _backup_line(done), f"It is now the corpus in {settings.data_dir}; its indexes follow."
        )


def verify(
    context: typer.Context,
    source: Annotated[
        Path | None, typer.Argument(metavar="[BACKUP]", help="A backup to check. Default: the corpus itself.")
    ] = None,
) -> None:
    """Check every stored byte of the corpus, or of a backup.

    Ends with 1 when something is wrong.
    """
    session: Session = context.obj
    if source is None:
        found = session.call("verify", {}, waiting="Checking everything …")
    else:
        with session.screen.waiting("" if session.quiet else "Checking the backup …"):
            from corpus import backup as backups
            from rag.as_json import to_json

            found = to_json(backups.verify_backup(_backup_file(source)))
    if session.json:
        session.screen.json(found)
    else:
        _show_verification(session.screen, found)
    if found["problems"]:
        raise typer.Exit(ExitCode.PARTLY)


def rebuild(context: typer.Context) -> None:
    """Build the indexes anew from the catalog.

    Nothing is embedded again, and searches are answered meanwhile.
    """
    session: Session = context.obj
    found = session.call("rebuild", {}, waiting="Building the indexes …")
    if session.json:
        session.screen.json(found)
    else:
        rows = f"{count(found['dense']['rows'], 'vector')}, {count(found['lexical']['rows'], 'passage')}"
        session.screen.show(f"rebuilt: {rows}")


def _backup_file(given: Path) -> Path:
    path = given.expanduser().absolute()
    try:
        path.open("rb").close()
    except FileNotFoundError:
        raise NotFoundError(
            f"There is no backup {path}.", hint="Name a file that vouch backup wrote."
        ) from None
    except OSError as error:
        raise StorageError(
            f"Cannot read {path}: {error.strerror or error}.",
            code="unreadable",
            hint="Name a file that vouch backup wrote, and that you may read.",
        ) from None
    return path


def _facts(found: Mapping[str, Any]) -> dict[str, object]:
    space = found["space"]
    passages = f"{found['chunks']:,}"
    if found["chunks_without_vector"]:
        passages += f", {found['chunks_without_vector']:,} of them without a vector (found by words alone)"
    if found["chunks_without_tokens"]:
        passages += f", {found['chunks_without_tokens']:,} without token vectors (an ingest adds them)"
    return {
        "data folder": found["folder"] + ("  (read-only)" if found["read_only"] else ""),
        "owner": found["owner"] or "none",
        "documents": f"{found['documents']:,}"
        + (
            f", {found['read_otherwise']:,} of them as an earlier version or setting read them "
            "(an ingest of their files reads them anew)"
            if found["read_otherwise"]
            else ""
        ),
        "collections": ", ".join(f"{name} ({number:,})" for name, number in found["collections"].items())
        or "none",
        "passages": passages,
        "embedding": f"{space['model']}, {space['dimension']} dimensions, {space['precision']}"
        if space
        else "not chosen yet",
        "embedded by": _embedded_by(found["embedding"]),
        "processor": found["processor"] or "nothing tells what it has",
        "dense index": _index(found["dense"], found["seq"]),
        "lexical index": _index(found["lexical"], found["seq"]),
        "disk": f"{size(found['disk_bytes'])} used, {size(found['free_bytes'])} free",
        "health": Text("problems, see below", "bad") if found["problems"] else Text("good", "good"),
    }


def _embedded_by(running: Mapping[str, Any]) -> Text:
    """Says what computes, why it is not the fastest there could be, and how fast each way was when it was measured."""
    rates = sorted(running["passages_per_s"].items(), key=lambda one: -one[1])
    measured = ", ".join(f"{name} {rate:.0f}" for name, rate in rates)
    parts = [running["backend"] or "nothing yet", f"passages/s here: {measured}" if measured else ""]
    said = Text("; ".join(filter(None, parts)))
    return said.append(f"  {running['slower']}", "warn") if running["slower"] else said


def _index(state: Mapping[str, Any], seq: int) -> str:
    parts = [state["mode"], f"{state['rows']:,} rows"]
    if state["generation"]:
        parts.append(f"generation {state['generation']}")
    if state["delta_rows"]:
        parts.append(f"{state['delta_rows']:,} newer beside it")
    if state["seq"] < seq:
        parts.append(f"{seq - state['seq']:,} changes behind")
    if state["rebuilding"]:
        parts.append("being rebuilt")
    return ", ".join(parts)


def _backup_line(done: Mapping[str, Any]) -> str:
    held = f"{count(done['documents'], 'document')}, {count(done['originals'], 'original')}"
    return f"{done['path']}: {held}, {size(done['size_bytes'])}, of {moment(done['created_at'])}"


def _show_verification(screen: Screen, found: Mapping[str, Any]) -> None:
    checked = ", ".join(
        f"{found[name]:,} {name}" for name in ("documents", "versions", "chunks", "vectors", "originals")
    )
    if found["vectors"] and not found["embedded_anew"]:
        checked += "; no passage was embedded anew"
    if found["embedded_anew"]:
        checked += (
            f"; {count(found['embedded_anew'], 'passage')} embedded anew, least cosine with the stored vectors "
            f"{found['least_cosine']:.4f}"
        )
    for problem in found["problems"]:
        for at, line in enumerate(wrap(Text(printable(problem)), screen.width - 4)):
            screen.show(Text.assemble(("  " if at else "! ", "bad"), line))
    verdict = (
        Text(f"{count(len(found['problems']), 'problem')}.", "bad")
        if found["problems"]
        else Text("All is well.", "good")
    )
    screen.show(verdict.append(f"  Checked {checked}.", "faint"))


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""
    panel, kept = "Look after", "~/vouch-2025-04-01.backup"
    add_command(app, "status", status, "vouch status", "vouch status --json", panel=panel)
    add_command(app, "backup", backup, f"vouch backup {kept}", panel=panel)
    add_command(
        app,
        "restore",
        restore,
        f"vouch restore {kept} --data-dir ~/restored",
        f"vouch restore {kept} --replace",
        panel=panel,
    )
    add_command(app, "verify", verify, "vouch verify", f"vouch verify {kept}", panel=panel)
    add_command(app, "rebuild", rebuild, "vouch rebuild", panel=panel)
