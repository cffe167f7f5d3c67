"""Access keys: who may ask over HTTP, and whether they may change documents.

A key is a secret that its user alone has; the catalog keeps its hash. The secret is random and long, so that a plain
hash cannot be turned back by guessing. A key that is revoked stays listed.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, Row, delete, insert, select, update

from corpus.catalog.schema import keys
from corpus.catalog.times import now, read_time, shown_time
from corpus.errors import NotFoundError, UsageError
from corpus.names import read_name
from corpus.types import PUBLIC, Caller

PREFIX = "vouch_"
"""How a secret begins, so that people and what looks for secrets in files know one."""

_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A key: its user, their groups, and whether documents may be sent in, changed and taken out with it."""

    id: str
    hash: bytes
    user: str
    groups: tuple[str, ...]
    writes: bool
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    @property
    def caller(self) -> Caller:
        """Who asks with it."""
        groups = (f"group:{name}" for name in self.groups)
        return Caller(frozenset({PUBLIC, f"user:{self.user}", *groups}))

    @property
    def state(self) -> str:
        """``live``, ``expired`` or ``revoked``, at this moment."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= datetime.now(UTC) else "live"


def hash_secret(secret: str) -> bytes:
    """Returns the SHA-256 of a secret, 32 bytes: what the catalog keeps of it."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


def add_key(
    db: Connection, user: str, groups: Sequence[str], *, writes: bool, expires_at: datetime | None = None
) -> tuple[AccessKey, str]:
    """Makes a key; returns it and its secret, which nothing tells a second time.

    Raises:
        UsageError: the name of the user or of a group is none, or the key would be expired already.
    """
    wanted = _checked(user, groups)
    if expires_at is not None and expires_at <= datetime.now(UTC):
        raise UsageError("The key would be expired already.", code="bad_expiry", hint="Name a later day.")
    secret = PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
    own = secrets.token_hex(4)
    row = {
        "id": own,
        "hash": hash_secret(secret),
        "user": user,
        "groups": wanted,
        "writes": writes,
        "created_at": now(),
        "expires_at": shown_time(expires_at),
    }
    db.execute(insert(keys).values(row))
    return get_key(db, own), secret


def change_key(
    db: Connection, own: str, *, groups: Sequence[str] | None = None, writes: bool | None = None
) -> AccessKey:
    """Gives a key other groups, or another right to change documents; None leaves what it has.

    Raises:
        NotFoundError: there is no such key.
        UsageError: the name of a group is none.
    """
    found = get_key(db, own)
    row = {
        "groups": list(found.groups) if groups is None else _checked(found.user, groups),
        "writes": found.writes if writes is None else writes,
    }
    db.execute(update(keys).where(keys.c.id == own).values(row))
    return get_key(db, own)


def revoke_key(db: Connection, own: str) -> AccessKey:
    """Ends a key for good; one that was revoked before stays as it is.

    Raises:
        NotFoundError: there is no such key.
    """
    db.execute(update(keys).where(keys.c.id == own, keys.c.revoked_at.is_(None)).values(revoked_at=now()))
    return get_key(db, own)


def forget_keys(db: Connection) -> int:
    """Deletes every key, revoked ones too; returns how many there were."""
    return db.execute(delete(keys)).rowcount


def get_key(db: Connection, own: str) -> AccessKey:
    """Returns a key by its id.

    Raises:
        NotFoundError: there is no such key.
    """
    row = db.execute(select(keys).where(keys.c.id == own)).one_or_none()
    if row is None:
        raise NotFoundError(
            f"There is no access key {own!r}.", code="unknown_key", hint="List them with: vouch keys list"
        )
    return _key(row)


def list_keys(db: Connection) -> list[AccessKey]:
    """Returns every key, the oldest first, revoked ones too."""
    return [_key(row) for row in db.execute(select(keys).order_by(keys.c.created_at, keys.c.id))]


def _checked(user: str, groups: Sequence[str]) -> list[str]:
    """Returns the groups, each once and in order, once all names are found to be some."""
    for what, name in (("user's name", user), *(("group's name", name) for name in groups)):
        if len(read_name(name, what).split()) > 1 or name != name.strip():
            raise UsageError(
                f"The {what} {name!r} holds a space.",
                code="bad_name",
                hint="Give it in one word, as documents name it.",
            )
    return sorted(set(groups))


def _key(row: Row[tuple[object, ...]]) -> AccessKey:
    found = dict(row._mapping)
    for name in ("created_at", "expires_at", "revoked_at"):
        found[name] = read_time(found[name]) if found[name] is not None else None
    return AccessKey(**{**found, "groups": tuple(found["groups"])})
