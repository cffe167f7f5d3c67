"""Calendars: what a reader of an appointment wants to know, and nothing that only programs read."""

from __future__ import annotations

from ingest.parsers import parse
from ingest.parsers.assembly import verify
from ingest.parsers.detection import ICS, detect_type

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
    verify(document)
    assert document.text == (
        "予算会議, Q1\n\n"
        "When: 2026-12-08 14:00 (Tokyo Standard Time)\n"
        "Until: 15:30 (Tokyo Standard Time)\n"
        "Repeats: every 2 weeks on TU until 2027-03-31 00:00 (UTC)\n"
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
