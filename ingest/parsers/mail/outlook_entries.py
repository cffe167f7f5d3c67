"""What Outlook's own entries (appointments, invitations, tasks, contacts) say of themselves, a line each.

These stand in properties that have names instead of fixed numbers (MS-OXPROPS). Times are shown as the clocks of the
entry's own time zone show them where it names one, else in UTC.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ingest.parsers.cleaning import one_line
from ingest.parsers.dates import as_utc
from ingest.parsers.mail.windows_zone import WindowsZone, read_definition, read_plain

Name = tuple[bytes, int]
"""What a property is called: its set, and its number in that."""

_NAMES = "__nameid_version1.0"
_SETS, _ENTRIES = "__substg1.0_00020102", "__substg1.0_00030102"
_FIRST_NAMED, _FIRST_SET = 0x8000, 3
_APPOINTMENT = bytes.fromhex("0220060000000000c000000000000046")
_TASK = bytes.fromhex("0320060000000000c000000000000046")
_ADDRESS = bytes.fromhex("0420060000000000c000000000000046")
_START, _END = (_APPOINTMENT, 0x820D), (_APPOINTMENT, 0x820E)
_PLACE, _WHOLE_DAY, _STATE = (_APPOINTMENT, 0x8208), (_APPOINTMENT, 0x8215), (_APPOINTMENT, 0x8217)
_REPEATS, _ZONE, _ZONE_NAME = (_APPOINTMENT, 0x8232), (_APPOINTMENT, 0x8233), (_APPOINTMENT, 0x8234)
_DEFINITIONS = ((_APPOINTMENT, 0x825E), (_APPOINTMENT, 0x8260))
_TASK_START, _TASK_DUE, _TASK_DONE = (_TASK, 0x8104), (_TASK, 0x8105), (_TASK, 0x811C)
_TASK_OWNER = (_TASK, 0x811F)
_CALLED_OFF = 4
_NO_YEAR = 4500
"""Outlook writes a day of the year 4501 for none."""
_CONTACT: Mapping[str, Name | int] = {
    "Company": 0x3A16,
    "Department": 0x3A18,
    "Title": 0x3A17,
    "Email": (_ADDRESS, 0x8083),
    "Email 2": (_ADDRESS, 0x8093),
    "Phone": 0x3A08,
    "Mobile": 0x3A1C,
    "Home phone": 0x3A09,
    "Fax": 0x3A24,
    "Address": (_ADDRESS, 0x801B),
    "Home address": (_ADDRESS, 0x801A),
}


def read_names(storage: Any) -> Mapping[Name, int]:
    """Returns the number that each named property (its set, its number there) has in a file's top storage."""
    inside = next((one for one in storage.storages if one.name == _NAMES), None)
    streams = {} if inside is None else {one.name: one.bytes_ for one in inside.streams}
    sets, entries = streams.get(_SETS, b""), streams.get(_ENTRIES, b"")
    found = {}
    for at in range(0, len(entries) - 7, 8):
        number, which, index = struct.unpack_from("<IHH", entries, at)
        begin = 16 * ((which >> 1) - _FIRST_SET)
        if not which & 1 and begin >= 0:  # what is named by a word is nothing that is shown
            found[sets[begin : begin + 16], number] = _FIRST_NAMED + index
    return found


@dataclass(frozen=True, slots=True)
class Values:
    """The properties of a message, by number or name; what is missing or damaged is "", 0 or None.

    ``read_text`` reads the text of a number as the file encodes it.
    """

    properties: Any
    names: Mapping[Name, int]
    read_text: Callable[[int], str]

    def text(self, key: Name | int) -> str:
        """Returns a text on one line."""
        return one_line(self.read_text(self._number(key)))

    def moment(self, key: Name | int) -> datetime | None:
        """Returns a time in UTC."""
        with suppress(OverflowError, ValueError, TypeError, AttributeError):
            found = as_utc(self.properties.date_prop_value(self._number(key)))
            return found if found is not None and found.year < _NO_YEAR else None
        return None

    def number(self, key: Name | int) -> int:
        """Returns a number; 1 for yes."""
        with suppress(TypeError, ValueError, AttributeError):
            return int(self.properties.int_prop_value(self._number(key)) or 0)
        return 0

    def content(self, key: Name | int) -> bytes:
        """Returns bytes."""
        with suppress(LookupError, AttributeError):
            return bytes(self.properties.binary_prop_value(self._number(key)) or b"")
        return b""

    def _number(self, key: Name | int) -> int:
        return key if isinstance(key, int) else self.names.get(key, 0)


def tell_entry(
    kind: str, values: Values, organizer: str, attendees: str
) -> tuple[list[str], datetime | None]:
    """Returns the lines of an entry of a kind (``IPM.Appointment``), and the time it begins or is due.

    An invitation is a mail as well: who wrote it to whom is told there. What is no entry has no lines.
    """
    kind = kind.lower()
    if kind.startswith("ipm.contact"):
        said = ((label, values.text(key)) for label, key in _CONTACT.items())
        return [f"{label}: {text}" for label, text in said if text], None
    if kind.startswith("ipm.task"):
        return list(_task(values)), values.moment(_TASK_DUE) or values.moment(_TASK_START)
    is_invitation = kind.startswith("ipm.schedule.meeting")
    if not (is_invitation or kind.startswith("ipm.appointment")):
        return [], None
    lines = list(_appointment(values, is_off=kind.endswith(".canceled")))
    if not is_invitation:
        people = (("Organizer", organizer), ("Attendees", attendees))
        lines.extend(f"{label}: {one_line(text)}" for label, text in people if text.strip())
    return lines, values.moment(_START)


def _appointment(values: Values, *, is_off: bool) -> Iterator[str]:
    zone = next(filter(None, (read_definition(values.content(key)) for key in _DEFINITIONS)), None)
    zone = zone or read_plain(values.content(_ZONE), values.text(_ZONE_NAME))
    start, end = values.moment(_START), values.moment(_END)
    if start is not None and values.number(_WHOLE_DAY):
        first = _midnight(start, zone)
        last = _midnight(end, zone) - timedelta(days=1) if end is not None else first
        yield f"When: {first.date()}"
        if last > first:
            yield f"Until: {last.date()}"
    elif start is not None:
        begins, shown_zone = _clock(start, zone)
        yield f"When: {begins:%Y-%m-%d %H:%M}{shown_zone}"
        if end is not None and end > start:
            ends, shown_zone = _clock(end, zone)
            form = "%H:%M" if ends.date() == begins.date() else "%Y-%m-%d %H:%M"
            yield f"Until: {ends:{form}}{shown_zone}"
    for label, key in (("Repeats", _REPEATS), ("Where", _PLACE)):
        if text := values.text(key):
            yield f"{label}: {text}"
    if is_off or values.number(_STATE) & _CALLED_OFF:
        yield "Status: cancelled"


def _task(values: Values) -> Iterator[str]:
    for label, key in (("Start", _TASK_START), ("Due", _TASK_DUE)):
        if (moment := values.moment(key)) is not None:
            yield f"{label}: {moment.date()}"  # whole days, kept as midnight in UTC
    if values.number(_TASK_DONE):
        yield "Status: completed"
    if owner := values.text(_TASK_OWNER):
        yield f"Owner: {owner}"


def _clock(moment: datetime, zone: WindowsZone | None) -> tuple[datetime, str]:
    bare = moment.replace(tzinfo=None)
    if zone is None:
        return bare, " (UTC)"
    name = zone.name if zone.name.startswith("(") or not zone.name else f"({zone.name})"
    with suppress(OverflowError, ValueError):
        return zone.local(bare), f" {name}".rstrip()
    return bare, " (UTC)"


def _midnight(moment: datetime, zone: WindowsZone | None) -> datetime:
    """Returns the day that begins at a moment: by its zone's clocks, without one at the nearest midnight of UTC."""
    bare = moment.astimezone(UTC).replace(tzinfo=None)
    if zone is not None:
        bare = _clock(moment, zone)[0]
    nearest = bare + timedelta(hours=12) if bare.hour >= 12 or zone is not None else bare
    return datetime(nearest.year, nearest.month, nearest.day)
