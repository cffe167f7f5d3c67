"""Time zones as Windows keeps them in an appointment: two differences from UTC, and when each begins.

MS-OXOCAL, 2.2.1.39 (PidLidTimeZoneStruct) and 2.2.1.41 (PidLidAppointmentTimeZoneDefinitionRecur and its like).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import datetime, timedelta

_RULE = struct.Struct("<4xHH14xiii16s16s")
_PLAIN = struct.Struct("<iiiH16sH16s")
_SYSTEM_TIME = struct.Struct("<8H")
_IN_FORCE = 2
_LAST_WEEK = 5


@dataclass(frozen=True, slots=True)
class WindowsZone:
    """A time zone: minutes that are added to local time to get UTC, in winter and in summer, and their beginnings.

    A beginning is the month (0: never), the day of the week (0: Sunday), which of the month (5: the last), and the
    time of the day in minutes, by the clock that was valid until then.
    """

    name: str
    winter_minutes: int
    summer_minutes: int
    winter: tuple[int, int, int, int]
    summer: tuple[int, int, int, int]

    def local(self, moment: datetime) -> datetime:
        """Returns what clocks there show at a time in UTC; both without a zone."""
        in_winter = moment - timedelta(minutes=self.winter_minutes)
        if not (self.winter[0] and self.summer[0]):
            return in_winter
        in_summer = moment - timedelta(minutes=self.summer_minutes)
        begins, ends = _moment(self.summer, in_winter.year), _moment(self.winter, in_summer.year)
        if begins < ends:
            is_summer = begins <= in_winter and in_summer < ends
        else:
            is_summer = begins <= in_winter or in_summer < ends
        return in_summer if is_summer else in_winter


def read_definition(data: bytes) -> WindowsZone | None:
    """Returns the zone of a definition with its name and the rule that is in force, None where it is none."""
    try:
        size, name_chars = struct.unpack_from("<H2xH", data, 2)
        at = 4 + size
        name = data[8 : 8 + 2 * name_chars].decode("utf-16-le", errors="replace")
        (count,) = struct.unpack_from("<H", data, at - 2)
        rules = [_RULE.unpack_from(data, at + _RULE.size * number) for number in range(count)]
    except struct.error:
        return None
    if not rules:
        return None
    _, _, bias, winter, summer, winter_begins, summer_begins = next(
        (rule for rule in rules if rule[0] & _IN_FORCE), rules[-1]
    )
    return _zone(name, bias, winter, summer, winter_begins, summer_begins)


def read_plain(data: bytes, name: str) -> WindowsZone | None:
    """Returns the zone of the older form, which has no name of its own, None where it is none."""
    if len(data) < _PLAIN.size:
        return None
    bias, winter, summer, _, winter_begins, _, summer_begins = _PLAIN.unpack_from(data)
    return _zone(name, bias, winter, summer, winter_begins, summer_begins)


def _zone(
    name: str, bias: int, winter: int, summer: int, winter_begins: bytes, summer_begins: bytes
) -> WindowsZone | None:
    minutes = bias + winter, bias + summer
    begins = _beginning(winter_begins), _beginning(summer_begins)
    if max(map(abs, minutes)) > 24 * 60 or None in begins:
        return None
    return WindowsZone(name, *minutes, begins[0] or _NEVER, begins[1] or _NEVER)


_NEVER = (0, 0, 0, 0)


def _beginning(data: bytes) -> tuple[int, int, int, int] | None:
    _, month, weekday, week, hour, minute, _, _ = _SYSTEM_TIME.unpack(data)
    if not month:
        return _NEVER
    if month > 12 or weekday > 6 or not 1 <= week <= _LAST_WEEK or hour > 23 or minute > 59:
        return None
    return month, weekday, week, 60 * hour + minute


def _moment(beginning: tuple[int, int, int, int], year: int) -> datetime:
    month, weekday, week, minutes = beginning
    first = datetime(year, month, 1)
    found = first + timedelta(days=(weekday - (first.weekday() + 1)) % 7 + 7 * (week - 1), minutes=minutes)
    return found if found.month == month else found - timedelta(days=7)
