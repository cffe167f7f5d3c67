"""Moments as the catalog stores them: ISO 8601 in UTC with microseconds, so that they compare as text."""

from __future__ import annotations

from datetime import UTC, datetime

from corpus.catalog.schema import RESTORE_HINT
from corpus.errors import DamagedError


def now() -> str:
    """Returns this moment as it is stored."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def shown_time(moment: datetime | None) -> str | None:
    """Returns a moment as it is stored; one without a time zone is in UTC."""
    if moment is None:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat(timespec="microseconds")


def read_time(stored: str) -> datetime:
    """Returns a stored moment.

    Raises:
        DamagedError: it is none.
    """
    try:
        return datetime.fromisoformat(stored)
    except ValueError:
        raise DamagedError(f"The catalog holds an unreadable time: {stored!r}.", hint=RESTORE_HINT) from None
