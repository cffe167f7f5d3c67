"""Dates as files give them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone


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


def read_pdf_date(value: str) -> datetime | None:
    """Returns the time in a PDF date (``D:20240301120000+09'00'``; ISO 32000-1, 7.9.4), else None."""
    match = re.match(r"\s*(?:D:)?(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?([Zz+-])?(\d\d)?'?(\d\d)?", value)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) if part else None for part in match.groups()[:6])
    try:
        zone: timezone = UTC
        if match[7] in ("+", "-"):
            shift = timedelta(hours=int(match[8] or 0), minutes=int(match[9] or 0))
            zone = timezone(shift if match[7] == "+" else -shift)
        return datetime(year or 0, month or 1, day or 1, hour or 0, minute or 0, second or 0, tzinfo=zone)
    except ValueError:
        return None
