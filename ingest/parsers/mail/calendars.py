"""Calendars (ICS, and invitations in mails): each appointment with its time, place, people and text.

Kept of every event, task and journal entry: what it is called, when, where, how often and when not, from whom, to whom,
its text, address and comments, and that it was called off. Times are shown with the time zone that the file names;
nothing is reckoned but the last of whole days, where files have the day after it. Not kept: alarms, free and busy
times, the rules of time zones, everything that only programs read. RFC 5545; of vCalendar 1.0, its encoding.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta

from corpus.patterns import pattern
from corpus.types import Document
from ingest.parsers.assembly import Draft, Limits
from ingest.parsers.cleaning import one_line
from ingest.parsers.dates import read_date
from ingest.parsers.detection import ICS
from ingest.parsers.mail.content_lines import content_lines, unescape, unfold
from ingest.parsers.mail.recurrence import tell_rule

_KEPT = frozenset({"VEVENT", "VTODO", "VJOURNAL"})
_SHOWN = {
    "DTSTART": "When",
    "DTEND": "Until",
    "DURATION": "Duration",
    "DUE": "Due",
    "RRULE": "Repeats",
    "RDATE": "Also",
    "EXDATE": "Except",
    "RECURRENCE-ID": "In place of",
    "LOCATION": "Where",
    "STATUS": "Status",
    "ORGANIZER": "Organizer",
    "ATTENDEE": "Attendees",
    "CONTACT": "Contact",
    "CATEGORIES": "Categories",
    "URL": "Link",
    "COMMENT": "Comment",
}
"""Properties in the order in which they are shown, and as what; the title and the text come before and after."""
_MOMENTS = frozenset({"DTSTART", "DTEND", "DUE", "RDATE", "EXDATE", "RECURRENCE-ID"})
_MOMENT = pattern(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)?(Z)?)?\Z")
_UNSAID = frozenset({"CONFIRMED", "NEEDS-ACTION", "FINAL"})
_TITLE, _TEXT = "SUMMARY", "DESCRIPTION"
_DAY_CHARS, _MOMENT_CHARS = len("2026-12-08"), len("2026-12-08 14:00")


@dataclass(slots=True)
class _Entry:
    """An appointment: the values of its properties, as shown."""

    values: dict[str, list[str]] = field(default_factory=dict)

    def first(self, name: str) -> str:
        return self.values.get(name, [""])[0]


def read(data: bytes, name: str, limits: Limits) -> Document:
    """Returns a calendar.

    Raises:
        ParseError: ``binary`` or ``no_text``.
        LimitError: a limit of the draft.
    """
    decoded = unfold(data)
    draft = Draft.of(decoded, limits)
    entries = list(_entries(decoded.text))
    draft.page(1)
    for entry in entries:
        draft.heading(one_line(entry.first(_TITLE)), 1)
        draft.paragraph("\n".join(_lines(entry)))
        for paragraph in re.split(r"\n[ \t]*\n", entry.first(_TEXT)):
            draft.paragraph(paragraph)
    date = read_date(entries[0].first("DTSTART")[:10]) if len(entries) == 1 else None
    return draft.finish(name=name, content_type=ICS, date=date)


def _lines(entry: _Entry) -> Iterator[str]:
    start = one_line(entry.first("DTSTART"))
    for key, shown in _SHOWN.items():
        found = [one_line(value) for value in entry.values.get(key, ()) if value.strip()]
        if key == "DTEND" and found:
            found = list(filter(None, [_end(found[0], start), *found[1:]]))
        if found:
            yield f"{shown}: {', '.join(found)}"


def _end(end: str, start: str) -> str:
    """Returns an end as people write it: without the day of the beginning, the last of several days, "" for one day."""
    if len(end) == _DAY_CHARS:
        with suppress(ValueError, OverflowError):
            last = (date.fromisoformat(end) - timedelta(days=1)).isoformat()
            return last if last > start[:_DAY_CHARS] else ""
    same_day = end[:_DAY_CHARS] == start[:_DAY_CHARS] and end[_MOMENT_CHARS:] == start[_MOMENT_CHARS:]
    return end[_DAY_CHARS + 1 :] if same_day and len(end) > _DAY_CHARS else end


def _entries(text: str) -> Iterator[_Entry]:
    """Yields the entries of a calendar, also one whose end is missing; what stands in alarms and time zones is none of
    theirs.
    """
    entry: _Entry | None = None
    inside: list[str] = []
    called_off = False
    for line in content_lines(text):
        name, value = line.name, line.value
        if name == "BEGIN":
            inside.append(value.strip().upper())
            called_off = called_off and inside[-1] != "VCALENDAR"
            if inside[-1] in _KEPT:
                if entry is not None:
                    yield entry
                entry = _Entry({"STATUS": ["cancelled"]} if called_off else {})
        elif name == "END":
            if entry is not None and inside and inside[-1] in _KEPT:
                yield entry
                entry = None
            del inside[-1:]
        elif name == "METHOD" and inside[-1:] == ["VCALENDAR"]:
            called_off = value.strip().upper() == "CANCEL"
        elif (
            entry is not None
            and inside
            and inside[-1] in _KEPT
            and (name in _SHOWN or name in (_TITLE, _TEXT))
            and not (called_off and name == "STATUS")
        ):
            entry.values.setdefault(name, []).append(_show(name, value, line.given))
    if entry is not None:
        yield entry


def _show(name: str, value: str, given: Mapping[str, str]) -> str:
    if name in _MOMENTS:
        zone = given.get("TZID", "")
        return ", ".join(_moment(one.strip(), zone) for one in value.split(","))
    if name in ("ORGANIZER", "ATTENDEE"):
        address = re.sub(r"(?i)\Amailto:", "", value.strip())
        called = given.get("CN", "").strip()
        return f"{called} <{address}>" if called and called != address else address
    if name == "STATUS":
        return "" if value.strip().upper() in _UNSAID else value.strip().lower()
    if name == "RRULE":
        return tell_rule(value.strip(), _moment)
    if name in ("DURATION", "URL"):
        return value.strip()
    return unescape(value)


def _moment(value: str, zone: str = "") -> str:
    """Returns ``20261208T140000`` as ``2026-12-08 14:00``, with its zone, a period with both; what is none as it is."""
    if "/" in value:
        return " to ".join(_moment(one, zone) for one in value.split("/"))
    match = _MOMENT.match(value)
    if match is None:
        return value
    year, month, day, hour, minute, _, utc = match.groups()
    shown = f"{year}-{month}-{day}"
    if hour is None:
        return shown
    zone = "UTC" if utc else zone
    return f"{shown} {hour}:{minute}" + (f" ({zone})" if zone else "")
