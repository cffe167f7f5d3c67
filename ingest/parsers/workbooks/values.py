"""The values of cells as text."""

from __future__ import annotations

import datetime

from ingest.parsers.workbooks.number_sections import show_plainly

Value = int | float | str | bool | datetime.time | datetime.date | datetime.datetime | datetime.timedelta


def show_value(value: Value) -> str:
    """Returns a cell's value as text: dates as ISO dates, times as ``9:05``, whole numbers without a point."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return show_plainly(value)
    if isinstance(value, datetime.timedelta):
        seconds = round(value.total_seconds())
        hours, rest = divmod(abs(seconds), 3600)
        sign = "-" if seconds < 0 else ""
        return f"{sign}{hours}:{rest // 60:02}" + (f":{rest % 60:02}" if rest % 60 else "")
    if isinstance(value, datetime.datetime):
        day, time = value.date().isoformat(), value.time()
        return day if time == datetime.time() else f"{day} {_show_time(time)}"
    return _show_time(value) if isinstance(value, datetime.time) else value.isoformat()


def _show_time(time: datetime.time) -> str:
    return f"{time:%H:%M:%S}" if time.second else f"{time:%H:%M}"
