"""``vouch keys list | add | change | revoke | forget``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.text import Text

from corpus.errors import UsageError
from rag.cli.groups import add_command, add_group
from rag.cli.screen import cell, count, moment, printable, table
from rag.cli.session import Session, Yes, readable

MAX_DAYS = 36_500

Groups = Annotated[
    list[str] | None,
    typer.Option(
        "--group", metavar="NAME", help="A group that the user is in; may be repeated. Default: none."
    ),
]


def list_keys(context: typer.Context) -> None:
    """List the access keys, the oldest first, revoked ones too."""
    session: Session = context.obj
    found = session.call("keys.list", {})
    if session.json:
        session.screen.json(found)
        return
    if not found["keys"]:
        session.note(
            "There are none: whoever reaches the service gets in, which is this machine alone unless --host names "
            "another address. Make one: vouch keys add NAME"
        )
        return
    rows = table("id", "user", "groups", "may", "state", "made", "ends")
    for one in found["keys"]:
        rows.add_row(
            cell(one["id"], "page"),
            cell(printable(one["user"]), "title"),
            cell(printable(", ".join(one["groups"]))),
            cell(_may(one)),
            cell(one["state"], "good" if one["state"] == "live" else "faint"),
            cell(moment(one["created_at"])),
            cell(moment(one["revoked_at"] or one["expires_at"])),
        )
    session.screen.show(rows)


def add(
    context: typer.Context,
    user: Annotated[
        str, typer.Argument(metavar="NAME", help="Whose key it is; documents name them user:NAME.")
    ],
    groups: Groups = None,
    write: Annotated[
        bool, typer.Option("--write", help="It may send documents in, change them and take them out, too.")
    ] = False,
    days: Annotated[
        int | None,
        typer.Option(min=1, max=MAX_DAYS, metavar="N", help="It ends after so many days. Default: never."),
    ] = None,
) -> None:
    """Make an access key and show it, this once.

    From the first key on the service answers nobody over HTTP who comes without one, until `vouch keys forget`. A key's
    user sees what is public, what names user:NAME, and what names one of the groups. Commands here need none.
    """
    session: Session = context.obj
    ends = datetime.now(UTC) + timedelta(days=days) if days is not None else None
    params = {
        "user": readable(user, "user's name"),
        "groups": _groups(groups),
        "writes": write,
        "expires_at": ends and ends.isoformat(),
    }
    made = session.call("keys.add", params)
    if session.json:
        session.screen.json(made)
        return
    session.note(f"key {made['key']['id']} of {printable(user)}: {_told(made['key'])}")
    session.screen.show(Text(made["secret"], "title"))
    session.note(
        "It is shown this once. Programs send it as Authorization: Bearer KEY; the page asks for it."
    )
    if made["first"]:
        session.note("It is the first: who comes without a key is let in no more.")


def change(
    context: typer.Context,
    key: Annotated[str, typer.Argument(metavar="ID", help="A key's id, as `vouch keys list` shows it.")],
    groups: Annotated[
        list[str] | None,
        typer.Option(
            "--group", metavar="NAME", help="The groups from now on; may be repeated. Default: those it has."
        ),
    ] = None,
    no_groups: Annotated[
        bool, typer.Option("--no-groups", help="The user is in no group from now on.")
    ] = False,
    write: Annotated[bool, typer.Option("--write", help="It may change documents from now on.")] = False,
    read: Annotated[bool, typer.Option("--read", help="It asks and reads alone from now on.")] = False,
) -> None:
    """Change the groups of a key's user, or what the key may do; at once, and without a new key."""
    session: Session = context.obj
    if (groups and no_groups) or (write and read) or not (groups or no_groups or write or read):
        raise UsageError(
            "Say what is to change: --group NAME or --no-groups, --write or --read.", code="bad_change"
        )
    params = {
        "key": readable(key, "key's id"),
        "groups": [] if no_groups else _groups(groups) or None,
        "writes": write if write or read else None,
    }
    found = session.call("keys.change", params)
    if session.json:
        session.screen.json(found)
        return
    session.screen.show(_line(found["key"]))


def revoke(
    context: typer.Context,
    keys: Annotated[
        list[str],
        typer.Argument(metavar="ID...", help="Ids of keys, or names of users: then all of their keys."),
    ],
) -> None:
    """End access keys for good, at once. What was made with them stays."""
    session: Session = context.obj
    found = session.call("keys.revoke", {"keys": [readable(one, "key") for one in keys]})
    if session.json:
        session.screen.json(found)
        return
    for one in found["keys"]:
        session.screen.show(_line(one))


def forget(context: typer.Context, yes: Yes = False) -> None:
    """Delete all access keys, so that none is needed any more. Needs --yes.

    Whoever reaches the service gets in then, as before the first key, and sees what is public. To end a single key,
    revoke it.
    """
    session: Session = context.obj
    found = session.call("keys.forget", {"yes": yes})
    if session.json:
        session.screen.json(found)
        return
    session.screen.show(f"forgot {count(found['forgotten'], 'key')}")


def _groups(given: Sequence[str] | None) -> list[str]:
    return [readable(one, "group's name") for one in given or ()]


def _may(key: Mapping[str, Any]) -> str:
    return "ask, read, change" if key["writes"] else "ask, read"


def _told(key: Mapping[str, Any]) -> str:
    """Returns who its user is and what it may do, until when."""
    named = [f"user:{key['user']}", *(f"group:{name}" for name in key["groups"])]
    ends = f", until {moment(key['expires_at'])}" if key["expires_at"] else ""
    return f"{', '.join(map(printable, named))}; may {_may(key)}{ends}"


def _line(key: Mapping[str, Any]) -> Text:
    done = "revoked  " if key["revoked_at"] else ""
    return Text.assemble(done, (key["id"], "page"), "  ", _told(key))


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""
    group = add_group(app, "keys", "Say who may ask over HTTP: access keys.", panel="Serve")
    add_command(group, "list", list_keys, "vouch keys list")
    add_command(
        group,
        "add",
        add,
        "vouch keys add mia",
        "vouch keys add mia --group hr --group board --write --days 365",
    )
    add_command(group, "change", change, "vouch keys change 3f9c21d0 --group hr --read")
    add_command(group, "revoke", revoke, "vouch keys revoke 3f9c21d0", "vouch keys revoke mia")
    add_command(group, "forget", forget, "vouch keys forget --yes")
