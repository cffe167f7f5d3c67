"""Calendars (ICS, and invitations in mails): each appointment with its time, place, people and text.

Kept of every event, task and journal entry: what it is called, when, where, how often, from whom, to whom, its text and
that it was called off. Times are shown with the time zone that the file names; nothing is reckoned. Not kept: alarms,
free and busy times, the rules of time zones, everything that only programs read. RFC 5545.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from corpus.types import Document
from ingest.parsers.assembly import Draft, Limits, one_line, read_date
from ingest.parsers.decoding import decode
from ingest.parsers.detection import ICS

_KEPT = frozenset({"VEVENT", "VTODO", "VJOURNAL"})
_SHOWN = {
    "DTSTART": "When",
    "DTEND": "Until",
    "DURATION": "Duration",
    "DUE": "Due",
    "RRULE": "Repeats",
    "LOCATION": "Where",
    "STATUS": "Status",
    "ORGANIZER": "Organizer",
    "ATTENDEE": "Attendees",
}
"""Properties in the order in which they are shown, and as what; the title and the text come before and after."""
_FOLD = re.compile(r"\r?\n[ \t]")
_LINE = re.compile(
    r"(?P<name>[A-Za-z0-9-]+)(?P<parameters>(?:;[^:;\"]*(?:\"[^\"]*\"[^:;\"]*)*)*):(?P<value>.*)"
)
_PARAMETER = re.compile(r";(?P<key>[A-Za-z0-9-]+)=(?:\"(?P<quoted>[^\"]*)\"|(?P<bare>[^;]*))")
_MOMENT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)?(Z)?)?\Z")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_FREQUENCIES = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}
_UNSAID = frozenset({"CONFIRMED", "NEEDS-ACTION", "FINAL"})
_TITLE, _TEXT = "SUMMARY", "DESCRIPTION"


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
    decoded = decode(data)
    draft = Draft(limits)
    if decoded.replaced:
        draft.note("damaged_text", f"{decoded.replaced} characters could not be read as {decoded.encoding}.")
    entries = list(_entries(_FOLD.sub("", decoded.text)))
    draft.page(1)
    for entry in entries:
        draft.heading(one_line(entry.first(_TITLE)), 1)
        draft.paragraph("\n".join(_lines(entry)))
        for paragraph in re.split(r"\n[ \t]*\n", entry.first(_TEXT)):
            draft.paragraph(paragraph)
    date = read_date(entries[0].first("DTSTART")[:10]) if len(entries) == 1 else None
    return draft.finish(name=name, content_type=ICS, date=date)


def _lines(entry: _Entry) -> Iterator[str]:
    for key, shown in _SHOWN.items():
        found = [one_line(value) for value in entry.values.get(key, ()) if value.strip()]
        # An end on the day of the beginning needs no day of its own, as people write it.
        if key == "DTEND" and found and len(found[0]) > 10 and found[0][:10] == entry.first("DTSTART")[:10]:
            found[0] = found[0][11:]
        if found:
            yield f"{shown}: {', '.join(found)}"


def _entries(text: str) -> Iterator[_Entry]:
    """Yields the entries of a calendar; what stands in alarms and time zones is none of theirs."""
    entry: _Entry | None = None
    inside: list[str] = []
    for line in text.splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        name, value = match["name"].upper(), match["value"]
        if name == "BEGIN":
            inside.append(value.strip().upper())
            if inside[-1] in _KEPT:
                entry = _Entry()
        elif name == "END":
            if entry is not None and inside and inside[-1] in _KEPT:
                yield entry
                entry = None
            del inside[-1:]
        elif (
            entry is not None
            and inside
            and inside[-1] in _KEPT
            and (name in _SHOWN or name in (_TITLE, _TEXT))
        ):
            entry.values.setdefault(name, []).append(_show(name, value, match["parameters"]))


def _show(name: str, value: str, parameters: str) -> str:
    given = {
        one["key"].upper(): one["quoted"] or one["bare"] or "" for one in _PARAMETER.finditer(parameters)
    }
    if name in ("DTSTART", "DTEND", "DUE"):
        return _moment(value.strip(), given.get("TZID", ""))
    if name in ("ORGANIZER", "ATTENDEE"):
        address = re.sub(r"(?i)\Amailto:", "", value.strip())
        called = given.get("CN", "").strip()
        return f"{called} <{address}>" if called and called != address else address
    if name == "STATUS":
        return "" if value.strip().upper() in _UNSAID else value.strip().lower()
    if name == "RRULE":
        return _repetition(value)
    if name == "DURATION":
        return value.strip()
    return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value).strip()


def _moment(value: str, zone: str) -> str:
    """Returns ``20261208T140000`` as ``2026-12-08 14:00``, with its zone; what is none as it is."""
    match = _MOMENT.match(value)
    if match is None:
        return value
    year, month, day, hour, minute, _, utc = match.groups()
    shown = f"{year}-{month}-{day}"
    if hour is None:
        return shown
    zone = "UTC" if utc else zone
    return f"{shown} {hour}:{minute}" + (f" ({zone})" if zone else "")


def _repetition(rule: str) -> str:
    """Returns a rule (``FREQ=WEEKLY;BYDAY=MO;UNTIL=20261231``) in words a reader knows."""
    parts = dict(part.upper().split("=", 1) for part in rule.split(";") if "=" in part)
    unit = _FREQUENCIES.get(parts.pop("FREQ", ""), "")
    if not unit:
        return rule
    every = parts.pop("INTERVAL", "1")
    words = [f"every {unit}" if every == "1" else f"every {every} {unit}s"]
    for key, word in (("BYDAY", "on"), ("BYMONTHDAY", "on day"), ("COUNT", "times"), ("UNTIL", "until")):
        value = parts.get(key, "")
        if value:
            shown = _moment(value, "") if key == "UNTIL" else value.replace(",", ", ")
            words.append(f"{shown} times" if key == "COUNT" else f"{word} {shown}")
    return " ".join(words)
