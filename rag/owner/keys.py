"""What a command can have the owner do with access keys.

Operations of :mod:`rag.owner.operations`, which imports them when one is asked for. No hash ever leaves here, and a
secret once, as it is made.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from corpus.catalog.keys import AccessKey
from corpus.errors import NotAllowedError, NotFoundError
from rag.owner.control import Cancelled, Emit
from rag.owner.operations import Params
from rag.service import Service


def list_keys(service: Service, params: Params, emit: Emit, cancelled: Cancelled) -> Any:
    """Returns every key, the oldest first, revoked ones too."""
    return {"keys": [_told(one) for one in service.corpus.keys.all()]}


def add_key(service: Service, params: Params, emit: Emit, cancelled: Cancelled) -> Any:
    """Makes a key and returns it with its secret; ``first`` says whether everybody got in without one before."""
    first = not service.corpus.keys.any()
    ends = datetime.fromisoformat(params["expires_at"]) if params.get("expires_at") else None
    key, secret = service.corpus.keys.add(
        params["user"], params.get("groups") or (), writes=bool(params.get("writes")), expires_at=ends
    )
    return {"key": _told(key), "secret": secret, "first": first}


def change_key(service: Service, params: Params, emit: Emit, cancelled: Cancelled) -> Any:
    """Gives a key other groups, or another right to change documents."""
    return {
        "key": _told(service.corpus.keys.change(params["key"], params.get("groups"), params.get("writes")))
    }


def revoke_keys(service: Service, params: Params, emit: Emit, cancelled: Cancelled) -> Any:
    """Ends keys, each named by its id, or all of a user's by the user's name."""
    every = service.corpus.keys.all()
    wanted: list[str] = []
    for named in params["keys"]:
        found = [one.id for one in every if one.id == named] or [one.id for one in every if one.user == named]
        if not found:
            raise NotFoundError(
                f"There is no access key {named!r}, and no user of that name has one.",
                code="unknown_key",
                hint="List them with: vouch keys list",
            )
        wanted += found
    return {"keys": [_told(one) for one in service.corpus.keys.revoke(list(dict.fromkeys(wanted)))]}


def forget_keys(service: Service, params: Params, emit: Emit, cancelled: Cancelled) -> Any:
    """Deletes every key: from then on none is needed."""
    every = len(service.corpus.keys.all())
    if every and not params.get("yes"):
        raise NotAllowedError(
            f"This deletes all access keys, {every} of them: from then on whoever reaches the service gets in.",
            code="needs_consent",
            hint="Nothing was changed. If that is right, say --yes.",
        )
    return {"forgotten": service.corpus.keys.forget()}


def _told(key: AccessKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "user": key.user,
        "groups": list(key.groups),
        "writes": key.writes,
        "state": key.state,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
    }
