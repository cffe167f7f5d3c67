"""Calendars: what a reader of an appointment wants to know, and nothing that only programs read."""

from __future__ import annotations

import pytest

from ingest.parsers import parse
from ingest.parsers.assembly import Limits
from ingest.parsers.detection import ICS, detect_type
from ingest.parsers.mail.calendars import read

_ZONE = """BEGIN:VTIMEZONE
TZID:Tokyo Standard Time
BEGIN:STANDARD
DTSTART:16010101T000000
TZOFFSETFROM:+0900
END:STANDARD
END:VTIMEZONE
"""
_MEETING = """BEGIN:VEVENT
ORGANIZER;CN="Mori, Aiko":mailto:mori@example.co.jp
ATTENDEE;ROLE=REQ-PARTICIPANT;RSVP=TRUE;CN=Lee Sam:mailto:lee@example.com
ATTENDEE;CN=ito@example.co.jp:mailto:ito@example.co.jp
SUMMARY;LANGUAGE=ja-JP:予算会議\\, Q1
DTSTART;TZID=Tokyo Standard Time:20261208T140000
DTEND;TZID=Tokyo Standard Time:20261208T153000
UID:040000008200E00074C5B7101A82E008
RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=TU;UNTIL=20270331T000000Z
STATUS:CANCELLED
LOCATION:富士の間\\, 5F
DESCRIPTION:Please bring the forecast.\\n\\nAgenda: capex\\; hiri
 ng. https://example.com/a:b
X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE
BEGIN:VALARM
TRIGGER:-PT15M
DESCRIPTION:Reminder
END:VALARM
END:VEVENT
"""
_DAY = "BEGIN:VEVENT\nSUMMARY:創立記念日\nDTSTART;VALUE=DATE:20261101\nEND:VEVENT\n"


def calendar(*entries: str) -> bytes:
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\nMETHOD:REQUEST\n{''.join(entries)}END:VCALENDAR\n"
    return text.replace("\n", "\r\n").encode()


def test_an_appointment_is_read_as_a_person_would_tell_it() -> None:
    document = parse(calendar(_ZONE, _MEETING), "invite.ics")
    assert document.text == (
        "予算会議, Q1\n\n"
        "When: 2026-12-08 14:00 (Tokyo Standard Time)\n"
        "Until: 15:30 (Tokyo Standard Time)\n"
        "Repeats: every 2 weeks on Tuesday until 2027-03-31 00:00 (UTC)\n"
        "Where: 富士の間, 5F\n"
        "Status: cancelled\n"
        "Organizer: Mori, Aiko <mori@example.co.jp>\n"
        "Attendees: Lee Sam <lee@example.com>, ito@example.co.jp\n\n"
        "Please bring the forecast.\n\n"
        "Agenda: capex; hiring. https://example.com/a:b"
    )
    assert (document.title, document.content_type, document.notes) == ("予算会議, Q1", ICS, ())
    assert document.date is not None
    assert document.date.date().isoformat() == "2026-12-08"


def test_each_appointment_has_a_heading_and_no_date_is_that_of_all() -> None:
    document = parse(calendar(_DAY, _MEETING), "team.ics")
    heads = [document.text[one.start : one.end] for one in document.blocks if one.kind == "heading"]
    assert heads == ["創立記念日", "予算会議, Q1"]
    assert "When: 2026-11-01\n" in document.text
    assert document.date is None


def test_content_says_what_is_a_calendar_and_a_broken_one_is_read_as_far_as_it_goes() -> None:
    assert detect_type(b"BEGIN:VCALENDAR\r\nEND:VCALENDAR", "a.txt").content_type == ICS
    broken = "END:VEVENT\n:\nSUMMARY:nowhere\n" + _MEETING.replace("RRULE:FREQ=WEEKLY", "RRULE:=").replace(
        "20261208T140000", "soon"
    )
    text = parse(calendar(broken), "a.ics").text
    assert "When: soon\n" in text
    assert "nowhere" not in text


def event(*lines: str) -> str:
    """Returns the text of a calendar that holds one event of these lines."""
    return parse(calendar("\n".join(("BEGIN:VEVENT", "SUMMARY:Day", *lines, "END:VEVENT\n"))), "a.ics").text


@pytest.mark.parametrize(
    ("start", "end", "told"),
    [
        ("20261224", "20261225", "When: 2026-12-24"),
        ("20261224", "20261227", "When: 2026-12-24\nUntil: 2026-12-26"),
        ("20261231", "20270102", "When: 2026-12-31\nUntil: 2027-01-01"),
        ("20261224", "20261224", "When: 2026-12-24"),
        ("20261224", "00010101", "When: 2026-12-24\nUntil: 0001-01-01"),
        ("20261224", "20261399", "When: 2026-12-24\nUntil: 2026-13-99"),
    ],
)
def test_an_end_in_whole_days_is_the_last_of_them(start: str, end: str, told: str) -> None:
    assert event(f"DTSTART;VALUE=DATE:{start}", f"DTEND;VALUE=DATE:{end}") == f"Day\n\n{told}"


def test_an_end_in_another_zone_keeps_its_day() -> None:
    text = event("DTSTART;TZID=Asia/Tokyo:20261208T080000", "DTEND;TZID=America/New_York:20261208T070000")
    assert "Until: 2026-12-08 07:00 (America/New_York)" in text


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("FREQ=DAILY", "every day"),
        ("FREQ=DAILY;BYDAY=MO,TU;COUNT=4", "every week on Monday and Tuesday, 4 times"),
        ("FREQ=WEEKLY;WKST=SU;BYDAY=MO,WE,FR", "every week on Monday, Wednesday and Friday"),
        ("FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=SU", "every 2 weeks on Sunday (weeks begin on Sunday)"),
        ("FREQ=MONTHLY;BYDAY=FR;BYSETPOS=-1", "every month on the last Friday"),
        ("FREQ=MONTHLY;BYDAY=2MO,-1FR", "every month on the second Monday and the last Friday"),
        ("FREQ=MONTHLY;BYDAY=SA,SU;BYSETPOS=1", "every month on the first of Saturday and Sunday"),
        ("FREQ=MONTHLY;BYDAY=MO", "every month on each Monday"),
        (
            "FREQ=MONTHLY;BYMONTHDAY=5,-1;UNTIL=20271231",
            "every month on day 5 and the last day until 2027-12-31",
        ),
        ("FREQ=YEARLY;BYMONTH=4;BYMONTHDAY=1", "every year on day 1 of April"),
        ("FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", "every year on the fourth Thursday of November"),
        ("FREQ=YEARLY;BYDAY=1MO", "every year on the first Monday of the year"),
        ("FREQ=WEEKLY;BYMONTH=7,8;BYDAY=MO", "every week on Monday in July and August"),
    ],
)
def test_a_rule_is_told_in_words(rule: str, told: str) -> None:
    assert event("DTSTART:20261208T140000", f"RRULE:{rule}").endswith(f"\nRepeats: {told}")


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=YEARLY;BYWEEKNO=20",
        "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE;BYSETPOS=1,-1",
        "FREQ=YEARLY;BYMONTH=1,7;BYDAY=MO;BYSETPOS=1",
        "FREQ=MONTHLY;BYDAY=1MO,TU",
        "FREQ=DAILY;BYMONTHDAY=1",
        "FREQ=DAILY;INTERVAL=3;BYDAY=MO",
        "FREQ=YEARLY;BYMONTH=13",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;COUNT=many",
        "FREQ=DAILY;BYHOUR=9,12",
        "FREQ=DAILY;X",
        "FREQ=DAILY;FREQ=WEEKLY",
        "FREQ=HOURLY",
    ],
)
def test_a_rule_that_has_no_words_is_shown_whole(rule: str) -> None:
    assert event("DTSTART:20261208T140000", f"RRULE:{rule}").endswith(f"\nRepeats: {rule}")


def test_what_is_excepted_added_moved_and_said_beside_is_shown() -> None:
    text = event(
        "DTSTART;VALUE=DATE:20261208", "RRULE:FREQ=DAILY", "EXDATE;VALUE=DATE:20261224,20261225",
        "RDATE;VALUE=PERIOD:20270101T090000Z/PT1H", "RECURRENCE-ID:20261209",
        "URL:https://example.com/a,b", "COMMENT:遅刻\\, 不可", "CATEGORIES:総務,人事", "CONTACT:Mori",
    )  # fmt: skip
    for line in (
        "Except: 2026-12-24, 2026-12-25",
        "Also: 2027-01-01 09:00 (UTC) to PT1H",
        "In place of: 2026-12-09",
        "Link: https://example.com/a,b",
        "Comment: 遅刻, 不可",
        "Categories: 総務,人事",
        "Contact: Mori",
    ):
        assert f"\n{line}" in text


def test_a_calendar_that_calls_off_says_so_of_each_of_its_entries() -> None:
    data = calendar(_DAY, _MEETING.replace("CANCELLED", "CONFIRMED"))
    assert "Status" not in parse(data, "a.ics").text
    assert parse(data.replace(b"REQUEST", b"CANCEL"), "a.ics").text.count("Status: cancelled") == 2


def test_characters_folded_amid_their_bytes_and_separators_in_a_value_are_read() -> None:
    data = calendar(_DAY.replace("創立記念日", "創立\u2028記念日\x85会"))
    at = data.index("記".encode()) + 1
    document = parse(data[:at] + b"\r\n " + data[at:], "a.ics")
    assert (document.text.split("\n")[0].split(), document.notes) == (["創立", "記念日", "会"], ())
    wide = calendar(_DAY.replace("創立", "創\n 立")).decode().encode("utf-16")
    assert read(wide, "a.ics", Limits()).text.startswith("創立記念日\n")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig"])
def test_a_calendar_in_another_encoding_is_one(encoding: str) -> None:
    lines = ("BEGIN:VCALENDAR", "BEGIN:VEVENT", "SUMMARY:会議", "DTSTART:20260105T090000", "END:VEVENT")
    document = parse("\r\n".join(lines).encode(encoding), "a.ics")
    assert (document.content_type, document.title, document.notes) == (ICS, "会議", ())


def test_an_entry_without_its_end_is_read() -> None:
    whole = calendar(_DAY, _MEETING)
    assert "Where: 富士の間, 5F" in parse(whole[: whole.index(b"DESCRIPTION")], "a.ics").text
    assert parse(whole.replace(b"END:VEVENT", b"", 1), "a.ics").text.startswith("創立記念日\n")


def test_the_encoding_of_the_older_calendars_is_read() -> None:
    text = event(
        "DESCRIPTION;ENCODING=QUOTED-PRINTABLE;CHARSET=SHIFT_JIS:=8Bx=89=C9=0D=0A=0D=0A=",
        "=93=FA",
        "LOCATION;QUOTED-PRINTABLE:caf=C3=A9",
    )
    assert text == "Day\n\nWhere: café\n\n休暇\n\n日"


def test_a_period_of_a_hundred_thousand_parts_is_read() -> None:
    assert event(f"RDATE:{'/' * 100_000}").startswith("Day\n\nAlso: to to")
