"""``vouch serve``."""

from __future__ import annotations

import gc
import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpus.program import installed_version
from rag.addresses import is_near
from rag.cli import USUAL_COLLECTIONS
from rag.cli.groups import add_command
from rag.cli.screen import Screen
from rag.cli.session import Session, readable

if TYPE_CHECKING:
    from corpus.settings import Settings
    from rag.service import Service

SAMPLE_QUESTION = "How many days of annual leave can be carried over?"


def serve(
    context: typer.Context,
    host: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="The address to serve on. Default: host of the settings."),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            metavar="PORT",
            help="The port to serve on; 0 is any free one. Default: port of the settings.",
        ),
    ] = None,
    insecure: Annotated[
        bool,
        typer.Option(
            "--insecure",
            help="Let everybody in as long as there are no access keys, also where other machines reach the "
            "address.",
        ),
    ] = False,
) -> None:
    """Answer over HTTP, until Ctrl-C or SIGTERM.

    Then nothing new begins, answers that are under way have 20 seconds, and the current document is finished;
    jobs go on at the next start. A second Ctrl-C ends at once. Other commands work meanwhile: they are handed
    to the server.
    """
    session: Session = context.obj
    session.overrides |= {
        name: value
        for name, value in (("host", None if host is None else readable(host, "address")), ("port", port))
        if value is not None
    }
    settings = session.settings()
    from rag.serving import serve as serve_until_told

    session.note("Starting …")
    shown = f"[{settings.host}]" if ":" in settings.host.strip("[]") else settings.host
    shown = f"{'https' if settings.certificate else 'http'}://{shown}"

    def ready(bound: int, service: Service) -> None:
        gc.set_threshold(*USUAL_COLLECTIONS)  # many small ones: none may hold the loop up
        if session.json:
            session.screen.json({"url": f"{shown}:{bound}", "pid": os.getpid()})
        else:
            _warn(session.screen, settings, service, insecure=insecure)
            _greet(session.screen, f"{shown}:{bound}", service)
        session.screen.flush()

    serve_until_told(settings, insecure=insecure, version=installed_version() or "0", on_ready=ready)
    session.note("Stopped.")


def _greet(screen: Screen, url: str, service: Service) -> None:
    """Says where it is and what to do with it."""
    from corpus.types import OWNER

    command = _command()
    documents = service.corpus.state().documents
    sample = "sample" in service.corpus.collections(OWNER)
    body = json.dumps({"question": SAMPLE_QUESTION if sample else "…"}, ensure_ascii=False)
    key = "-H 'authorization: Bearer KEY' " if service.corpus.keys.any() else ""
    empty = "  (there are no documents yet)" if not documents else ""
    lines = (
        f"Serving {documents:,} documents on {url}  (open it in a browser; Ctrl-C stops)",
        "",
        f"Ask:           curl -s {url}/api/ask -H 'content-type: application/json' {key}\\",
        f"                 -d '{body}'",
        f"API docs:      {url}/docs",
        f"Your own:      {command} ingest FOLDER        in another terminal{empty}",
        f"Model:         {service.models.card().name}; {command} models lists others: "
        "VOUCH_MODEL=NAME, or model in vouch.toml",
    )
    for line in lines:
        screen.out.print(line, soft_wrap=True)


def _warn(screen: Screen, settings: Settings, service: Service, *, insecure: bool) -> None:
    """Says who gets in where other machines reach the service, and what they read on the way."""
    host, any_key = settings.host, service.corpus.keys.any()
    if is_near(host):
        return
    if not any_key and insecure:
        screen.say(
            f"Warning: without access keys, whoever reaches {host} can read, add and remove documents.",
            "warn",
        )
    elif not any_key:
        screen.say(
            f"Other machines reach {host}, and nobody has an access key: nobody is let in. "
            f"Make one, in another terminal: {_command()} keys add NAME",
            "warn",
        )
    if settings.certificate is None:
        screen.say(
            "Warning: keys and answers can be read on the way, unless a proxy with HTTPS stands in front; "
            "the setting certificate serves HTTPS.",
            "warn",
        )


def _command() -> str:
    """Returns how to type this command here."""
    own = Path(sys.argv[0])
    found = shutil.which("vouch")
    if own.name != "vouch" or (found and Path(found).resolve() == own.resolve()):
        return "vouch"
    here = Path.cwd()
    below = here != here.parent and own.absolute().is_relative_to(here)
    return str(own.absolute().relative_to(here)) if below else str(own)


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    add_command(app, "serve", serve, "vouch serve", "vouch serve --port 8080", panel="Serve")
