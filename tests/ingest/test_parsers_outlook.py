"""Outlook's own files: mails, appointments, tasks and contacts, in each form their text may have."""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.errors import ParseError
from corpus.types import Document
from ingest.parsers import parse
from ingest.parsers.detection import MSG
from ingest.parsers.mail.windows_zone import read_definition
from tests.ingest.endings import ending
from tests.ingest.letters import labels, letter, read
from tests.ingest.packing import compound, embedded, outlook

SUBJECT, BODY, SENDER = 0x0037, 0x1000, 0x0C1A


def test_an_outlook_message_is_read_with_its_attachments() -> None:
    data = outlook(
        {SUBJECT: "出張 rates", BODY: "The rate is 200.\r\n\r\nBye", SENDER: "Anna"},
        {"規程.txt": "日当は二千円です。".encode(), "photo.png": b"\x89PNG\r\n\x1a\n\0\0"},
    )
    document = read(data, "mail.msg")
    assert document.content_type == MSG
    assert document.title == "出張 rates"
    assert document.text.startswith("Subject: 出張 rates\n\nFrom: Anna\n\nThe rate is 200.\n\nBye")
    assert labels(document) == ["", "規程.txt"]
    assert [note.code for note in document.notes] == ["attachment_unread"]


def test_an_outlook_message_in_another_is_read() -> None:
    inner = {SUBJECT: "前回の件", BODY: "The rate was 180.", SENDER: "Bob"}
    document = read(outlook({SUBJECT: "Outer", BODY: "See below."}, {"前回の件": inner}), "mail.msg")
    assert labels(document) == ["", "前回の件.eml"]
    assert "From: Bob" in document.text
    assert document.text.endswith("前回の件\n\nFrom: Bob\n\nThe rate was 180.")


KIND, TO = 0x001A, 0x0E04

APPOINTMENT, TASK, ADDRESS = 0x00062002, 0x00062003, 0x00062004


def zone(name: str, bias: int, summer: bytes = bytes(16), winter: bytes = bytes(16)) -> bytes:
    """A time zone as Outlook defines one for an appointment."""
    rule = struct.pack(
        "<BBHHH14xiii16s16s", 2, 1, 62, 2, 0, bias, 0, -60 if any(summer) else 0, winter, summer
    )
    called = name.encode("utf-16-le")
    return struct.pack("<BBHHH", 2, 1, 6 + len(called), 2, len(name)) + called + struct.pack("<H", 1) + rule


def test_an_appointment_of_outlook_tells_its_time_place_and_people() -> None:
    said = {
        KIND: "IPM.Appointment",
        SUBJECT: "定例会議",
        BODY: "議題は予算です。",
        SENDER: "髙橋",
        TO: "三木; Anna",
    }
    named: dict[tuple[int, int], Any] = {
        (APPOINTMENT, 0x820D): datetime(2026, 12, 8, 5, 0, tzinfo=UTC),
        (APPOINTMENT, 0x820E): datetime(2026, 12, 8, 6, 30, tzinfo=UTC),
        (APPOINTMENT, 0x8208): "第3会議室",
        (APPOINTMENT, 0x8232): "毎週 火曜日",
    }
    document = read(outlook(said, named=named), "定例.msg")
    people = "Repeats: 毎週 火曜日\nWhere: 第3会議室\nOrganizer: 髙橋\nAttendees: 三木; Anna"
    assert document.text == (
        f"定例会議\n\nWhen: 2026-12-08 05:00 (UTC)\nUntil: 06:30 (UTC)\n{people}\n\n議題は予算です。"
    )
    assert document.date == datetime(2026, 12, 8, 5, 0, tzinfo=UTC)
    tokyo = {**named, (APPOINTMENT, 0x825E): zone("Tokyo Standard Time", -540)}
    clocks = "When: 2026-12-08 14:00 (Tokyo Standard Time)\nUntil: 15:30 (Tokyo Standard Time)"
    assert clocks in read(outlook(said, named=tokyo), "a.msg").text


def test_clocks_of_outlook_keep_summer_time() -> None:
    summer, winter = struct.pack("<8H", 0, 3, 0, 2, 2, 0, 0, 0), struct.pack("<8H", 0, 11, 0, 1, 2, 0, 0, 0)
    found = read_definition(zone("Eastern", 300, summer, winter))
    assert found is not None
    assert found.local(datetime(2026, 3, 8, 6, 59)) == datetime(2026, 3, 8, 1, 59)
    assert found.local(datetime(2026, 3, 8, 7, 0)) == datetime(2026, 3, 8, 3, 0)
    assert found.local(datetime(2026, 11, 1, 5, 59)) == datetime(2026, 11, 1, 1, 59)
    assert found.local(datetime(2026, 11, 1, 6, 0)) == datetime(2026, 11, 1, 1, 0)
    october, april = struct.pack("<8H", 0, 10, 0, 1, 2, 0, 0, 0), struct.pack("<8H", 0, 4, 0, 1, 3, 0, 0, 0)
    south = read_definition(zone("Sydney", -600, october, april))
    assert south is not None
    assert south.local(datetime(2026, 1, 5, 0, 0)) == datetime(2026, 1, 5, 11, 0)
    assert south.local(datetime(2026, 7, 5, 0, 0)) == datetime(2026, 7, 5, 10, 0)
    for length in range(len(zone("Eastern", 300, summer, winter))):
        assert read_definition(zone("Eastern", 300, summer, winter)[:length]) is None


@pytest.mark.parametrize("defined", [True, False])
def test_whole_days_of_outlook_are_days_there(defined: bool) -> None:
    named: dict[tuple[int, int], Any] = {
        (APPOINTMENT, 0x820D): datetime(2026, 12, 28, 15, 0, tzinfo=UTC),
        (APPOINTMENT, 0x820E): datetime(2027, 1, 3, 15, 0, tzinfo=UTC),
        (APPOINTMENT, 0x8215): True,
        **({(APPOINTMENT, 0x825E): zone("Tokyo Standard Time", -540)} if defined else {}),
    }
    document = read(outlook({KIND: "IPM.Appointment", SUBJECT: "年末年始休業"}, named=named), "a.msg")
    assert document.text == "年末年始休業\n\nWhen: 2026-12-29\nUntil: 2027-01-03"


def test_an_invitation_of_outlook_is_a_mail_with_a_time_and_one_may_be_called_off() -> None:
    named = {(APPOINTMENT, 0x820D): datetime(2026, 12, 8, 5, 0, tzinfo=UTC), (APPOINTMENT, 0x8208): "Room 3"}
    said = {
        KIND: "IPM.Schedule.Meeting.Canceled",
        SUBJECT: "Review",
        BODY: "Sorry.",
        SENDER: "Anna",
        TO: "Bob",
    }
    document = read(outlook(said, named=named), "a.msg")
    head = "When: 2026-12-08 05:00 (UTC)\nWhere: Room 3\nStatus: cancelled\nTo: Bob"
    assert document.text == f"Review\n\n{head}\n\nFrom: Anna\n\nSorry."


def test_tasks_and_contacts_of_outlook_are_read_and_odd_dates_lose_nothing() -> None:
    due = {(TASK, 0x8105): datetime(2026, 12, 24, tzinfo=UTC), (TASK, 0x811C): True, (TASK, 0x811F): "Anna"}
    none = {(TASK, 0x8104): datetime(4501, 1, 1, tzinfo=UTC)}
    document = read(outlook({KIND: "IPM.Task", SUBJECT: "Close books"}, named={**due, **none}), "a.msg")
    assert document.text == "Close books\n\nDue: 2026-12-24\nStatus: completed\nOwner: Anna"
    contact = {KIND: "IPM.Contact", SUBJECT: "三木 花子", 0x3A16: "株式会社みどり", 0x3A08: "03-1234-5678"}
    document = read(outlook(contact, named={(ADDRESS, 0x8083): "miki@midori.example"}), "a.msg")
    assert document.text == (
        "三木 花子\n\nCompany: 株式会社みどり\nEmail: miki@midori.example\nPhone: 03-1234-5678"
    )


@pytest.mark.parametrize(
    ("name", "kind", "hint"),
    [
        ("PowerPoint Document", "a PowerPoint presentation of the old format", ".pptx"),
        ("Something", "an OLE file of an unknown kind", "newer format"),
    ],
)
def test_old_office_files_are_told_apart_and_say_what_to_do(name: str, kind: str, hint: str) -> None:
    parts = {name: b"x" * 100, "ObjectPool": {"Workbook": b"y" * 100}}
    with pytest.raises(ParseError) as caught:
        parse(compound(parts), "old")
    assert caught.value.code == "unsupported"
    assert kind in caught.value.message
    assert hint in caught.value.hint


def test_the_name_that_an_exchange_server_gives_a_sender_is_no_address() -> None:
    sender = {SENDER: "Kevin Roast", 0x0C1F: "/O=FIRM/OU=FIRST GROUP/CN=RECIPIENTS/CN=KEVIN@BEN"}
    assert "\n\nFrom: Kevin Roast\n\n" in read(outlook({SUBJECT: "a", BODY: "b", **sender}), "mail.msg").text


def test_a_cut_outlook_message_is_named() -> None:
    whole = outlook({SUBJECT: "a", BODY: "b"})
    codes = {ending(whole[:size], "mail.msg") for size in range(600, len(whole), 97)}
    assert codes <= {"ok", "damaged_file", "no_text"}
    assert "damaged_file" in codes


def test_an_outlook_message_that_is_not_in_unicode_is_read_in_its_encoding() -> None:
    texts = {SUBJECT: "出張費の件".encode("cp932"), BODY: "上限は二百円です。".encode("cp932"), 0x3FFD: 932}
    document = read(outlook({**texts, SENDER: "Anna", 0x0C1F: "/O=EX/CN=ANNA"}), "mail.msg")
    assert document.text == "Subject: 出張費の件\n\nFrom: Anna\n\n上限は二百円です。"
    traditional = {SUBJECT: "報告".encode("cp950"), BODY: "搜尋測試文件".encode("cp950"), 0x3FDE: 950}
    assert read(outlook(traditional), "mail.msg").text == "Subject: 報告\n\n搜尋測試文件"


def test_the_attachments_of_a_signed_outlook_message_are_read_and_its_text_once() -> None:
    whole = letter("The rate is 200.")
    whole.add_attachment("日当は二千円です。".encode(), "text", "plain", filename="規程.txt")
    texts = {SUBJECT: "Rates", BODY: "The rate is 200.", 0x001A: "IPM.Note.SMIME.MultipartSigned"}
    document = read(outlook(texts, {"smime.p7m": whole.as_bytes()}), "mail.msg")
    assert labels(document) == ["", "規程.txt"]
    assert document.text.count("The rate is 200.") == 1


RTF = 0x1009
HELLO = bytes.fromhex(
    "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
)
RUN = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")
"""The examples of MS-OXRTFCP, section 3: a greeting, and a run that is copied from itself."""


def unpacked(rtf: bytes) -> bytes:
    """RTF as Outlook keeps it where it does not compress it."""
    return struct.pack("<II4sI", len(rtf) + 12, len(rtf), b"MELA", 0) + rtf


def body(packed: bytes, **more: Any) -> Document:
    return read(outlook({SUBJECT: "件名", RTF: packed, **more}), "mail.msg")


def test_a_text_that_is_kept_as_compressed_rtf_alone_is_read() -> None:
    assert body(HELLO).text == "Subject: 件名\n\nhello world"
    assert body(RUN).text == "Subject: 件名\n\n" + "WXYZ" * 5
    spoken = rb"{\rtf1\ansi\ansicpg932{\fonttbl{\f0\fcharset128 x;}}\f0 \'93\'fa\'93\'96\par > was 180\par}"
    assert body(unpacked(spoken)).text == "Subject: 件名\n\n日当\n\n> was 180"
    assert not body(HELLO).notes
    plain = read(outlook({SUBJECT: "件名", BODY: "plain", RTF: HELLO}), "mail.msg")
    assert plain.text == "Subject: 件名\n\nplain"


def test_html_within_rtf_is_read_as_the_html_it_was() -> None:
    source = (
        rb"{\rtf1\ansi\ansicpg1252\fromhtml1 \deff0{\fonttbl{\f0\fswiss\fcharset0 Arial;}{\f1\fcharset128 Gothic;}}"
        b"\r\n{\\*\\htmltag19 <html>}{\\*\\htmltag50 <body>}\\htmlrtf {\\htmlrtf0 \r\n"
        rb"{\*\htmltag64 <h1 title='x\'e9'>}\htmlrtf\b RTF\htmlrtf0 caf\'e9 {\f1 \'83\\\u26085?\'93\'96} 200\'80"
        rb"\htmlrtf\par}\htmlrtf0 {\*\htmltag72 </h1>}{\*\mhtmltag64 <p>gone}{\*\htmltag64 <p>}\ldblquote a\rdblquote  "
        rb"{\*\htmltag84 &lt;}\{b\}{\*\htmltag84 &nbsp;}\uc2\u-10179?\'3f\u-8704??{\*\generator x}"
        rb"{\*\htmltag72 </p>}{\*\htmltag64 <table><tr><td>}1{\*\htmltag </td><td>}2{\*\htmltag </td></tr></table>}"
        rb"{\*\htmltag58 </body>}}"
    )
    document = body(unpacked(source))
    assert document.text == "Subject: 件名\n\ncafé ソ日当 200€\n\n“a” <{b} 😀\n\n1 | 2"
    assert [b.level for b in document.blocks if b.kind == "heading"] == [1]


def test_compressed_text_that_is_damaged_is_told_and_breaks_nothing() -> None:
    for packed in (
        b"LZFu",
        HELLO[:-8],
        HELLO.replace(b"LZFu", b"LZXX"),
        unpacked(b""),
        unpacked(b"{\\rtf1\\bin9}"),
    ):
        document = body(packed)
        assert document.text == "Subject: 件名"
        assert [note.code for note in document.notes] == ["attachment_unread"]
        assert "damaged" in document.notes[0].message


@given(st.binary(max_size=80))
def test_whatever_stands_in_compressed_text_is_read_or_told(packed: bytes) -> None:
    head = struct.pack("<II4sI", len(packed) + 12, 5_000, b"LZFu", 0)
    assert body(head + packed).text.startswith("Subject: 件名")
    assert body(unpacked(b"{\\rtf1\\fromhtml1 " + packed)).text.startswith("Subject: 件名")


def test_what_is_attached_to_a_mail_in_an_outlook_mail_is_told() -> None:
    innermost = embedded({SUBJECT: "Oldest", BODY: "The rate was 160."}, {"old.txt": b"words"})
    inner = embedded(
        {SUBJECT: "Older", BODY: "The rate was 180."}, {"規程.txt": "日当".encode(), "Oldest": innermost}
    )
    document = read(outlook({SUBJECT: "Outer", BODY: "See below."}, {"Older": inner}), "mail.msg")
    assert labels(document) == ["", "Older.eml"]
    assert document.text.endswith("Older\n\nThe rate was 180.")
    told = [note.message for note in document.notes]
    assert [message.partition(" was not read (nested)")[0] for message in told] == [
        "Older.eml: 規程.txt", "Older.eml: Oldest.eml",
    ]  # fmt: skip
