"""The access keys of a corpus, held in memory: looked up at every request, written to the catalog.

All changes go through the process that owns the data folder, so what is held is what is stored.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from corpus.catalog import Connection, Database, keys
from corpus.catalog.keys import AccessKey
from corpus.errors import NotAllowedError
from corpus.types import Caller

_NEW = "Ask the owner of the service for another: vouch keys add NAME"


class Keyring:
    """The keys of a corpus. Safe to use from any thread."""

    def __init__(self, catalog: Database) -> None:
        self._catalog = catalog
        self._lock = threading.Lock()
        self._turn = 0
        self._kept: dict[bytes, AccessKey] | None = None

    def any(self) -> bool:
        """Says whether there is a key, revoked though it may be: as long as there is, nobody gets in without one."""
        return bool(self._held())

    def find(self, secret: str) -> AccessKey:
        """Returns the key of a secret.

        Raises:
            NotAllowedError: there is none (``bad_key``), or it has ended (``key_expired``, ``key_revoked``).
        """
        found = self._held().get(keys.hash_secret(secret))
        if found is None:
            raise NotAllowedError(
                "There is no such access key.", code="bad_key", hint=f"Look for a slip. {_NEW}"
            )
        named = f"The access key {found.id} of {found.user}"
        if found.state == "revoked":
            raise NotAllowedError(f"{named} was revoked.", code="key_revoked", hint=_NEW)
        if found.state == "expired":
            raise NotAllowedError(f"{named} has expired.", code="key_expired", hint=_NEW)
        return found

    def today(self, caller: Caller) -> Caller:
        """Returns who sent something in as they are now: a user is in the groups of those of their keys that may change
        documents. Who was no user stays the same, and so does everybody where no key is needed.

        Raises:
            NotAllowedError: (``key_revoked``) the user has no such key any more.
        """
        if caller.owner or caller.user is None or not self.any():
            return caller
        own = [one for one in self.all() if one.user == caller.user and one.writes and one.state == "live"]
        if not own:
            raise NotAllowedError(
                f"{caller.user} has no access key any more that may change documents.",
                code="key_revoked",
                hint=_NEW,
            )
        return Caller(frozenset().union(*(one.caller.principals for one in own)))

    def all(self) -> list[AccessKey]:
        """Returns every key, the oldest first."""
        return list(self._held().values())

    def add(
        self, user: str, groups: Sequence[str], *, writes: bool, expires_at: datetime | None = None
    ) -> tuple[AccessKey, str]:
        """Makes a key and returns it with its secret; see :func:`corpus.catalog.keys.add_key`."""
        with self._changes() as db:
            return keys.add_key(db, user, groups, writes=writes, expires_at=expires_at)

    def change(self, own: str, groups: Sequence[str] | None, writes: bool | None) -> AccessKey:
        """Gives a key other groups or another right; see :func:`corpus.catalog.keys.change_key`."""
        with self._changes() as db:
            return keys.change_key(db, own, groups=groups, writes=writes)

    def revoke(self, own: Sequence[str]) -> list[AccessKey]:
        """Ends keys for good, all of them or, where one of the ids is none, none."""
        with self._changes() as db:
            return [keys.revoke_key(db, one) for one in own]

    def forget(self) -> int:
        """Deletes every key, so that none is needed any more; returns how many there were."""
        with self._changes() as db:
            return keys.forget_keys(db)

    def _held(self) -> dict[bytes, AccessKey]:
        """Returns every key by its hash. Never waits for who writes: it is asked for on the loop of the service."""
        kept, turn = self._kept, self._turn
        if kept is None:
            with self._catalog.read() as db:
                kept = {one.hash: one for one in keys.list_keys(db)}
            with self._lock:
                if turn == self._turn:  # else something was changed meanwhile
                    self._kept = kept
        return kept

    @contextmanager
    def _changes(self) -> Iterator[Connection]:
        try:
            with self._catalog.write() as db:
                yield db
        finally:
            with self._lock:
                self._turn, self._kept = self._turn + 1, None
