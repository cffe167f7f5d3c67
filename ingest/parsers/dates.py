"""Dates as files give them."""

from __future__ import annotations

import re
from datetime import UTC, datetime


def as_utc(date: datetime | None) -> datetime | None:
    """Returns the date in UTC (one without a zone is taken as UTC), or None where it cannot be one."""
    if date is None:
        return None
    try:
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (OverflowError, ValueError):
        return None


def read_date(value: str) -> datetime | None:
    """Returns the date in an ISO 8601 text (``2024-03-01``, ``2024-03-01T09:00:00Z``), else None."""
    match = re.match(r"\s*(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ]([\d:.]+)\s*(Z|[+-]\d\d:?\d\d)?)?", value)
    if match is None:
        return None
    year, month, day, time, zone = match.groups()
    shown = f"{year}-{int(month):02}-{int(day):02}"
    try:
        return as_utc(datetime.fromisoformat(f"{shown}T{time}{zone or ''}" if time else shown))
    except ValueError:
        try:
            return as_utc(datetime.fromisoformat(shown))
        except ValueError:
            return None
