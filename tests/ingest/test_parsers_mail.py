"""Mails: the letter, its attachments one level deep, and mails that mean harm."""

from __future__ import annotations

import base64
import email.policy
import re
import struct
from collections import Counter
from datetime import UTC, datetime
from email.message import EmailMessage
from html import unescape
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.errors import ParseError, VouchError
from corpus.types import Document
from ingest.parsers import Limits, parse
from ingest.parsers.assembly import verify
from ingest.parsers.detection import EML, MBOX, MSG, TEXT, detect_type
from ingest.parsers.windows_zone import read_definition
from tests.ingest.packing import compound, outlook, zipped


def letter(text: str = "Dear all,\n\nthe rate is 200.\n", subject: str = "Rates") -> EmailMessage:
    message = EmailMessage(policy=email.policy.default)
    message["From"] = "Anna <anna@example.com>"
    message["To"] = "all@example.com"
    message["Date"] = "Fri, 01 Mar 2024 09:30:00 +0900"
    message["Subject"] = subject
    message.set_content(text)
    return message


def read(message: EmailMessage | bytes, name: str = "mail.eml", limits: Limits | None = None) -> Document:
    data = message if isinstance(message, bytes) else message.as_bytes()
    document = parse(data, name, limits or Limits())
    verify(document)
    return document


def labels(document: Document) -> list[str]:
    return [page.label for page in document.pages]


def test_a_mail_is_read_as_its_reader_sees_it() -> None:
    document = read(letter("Dear all,\n\n> was 180\n\nthe rate is 200.\n", "旅費の件"))
    assert document.text == (
        "旅費の件\n\nTo: all@example.com\nDate: Fri, 01 Mar 2024 09:30:00 +0900\n\n"
        "From: Anna <anna@example.com>\n\nDear all,\n\n> was 180\n\nthe rate is 200."
    )
    assert (document.title, document.content_type) == ("旅費の件", EML)
    assert document.date == datetime(2024, 3, 1, 0, 30, tzinfo=UTC)


def test_the_plain_body_is_preferred_unless_it_is_empty() -> None:
    both = letter("plain words")
    both.add_alternative("<p>marked words</p>", subtype="html")
    assert "plain words" in read(both).text
    assert "marked" not in read(both).text
    empty = letter(" \n")
    empty.add_alternative("<h1>Head</h1><p>marked words</p><script>no()</script>", subtype="html")
    assert read(empty).text.endswith("Head\n\nmarked words")


@pytest.mark.parametrize("encoding", ["iso-2022-jp", "shift_jis", "euc-jp", "utf-8"])
def test_japanese_bodies_and_names_of_files_survive(encoding: str) -> None:
    message = letter()
    message.set_content("休暇の日数は二十日です。", charset=encoding)
    message.add_attachment("給与は月末に払います。".encode(), "text", "plain", filename="給与規程.txt")
    document = read(message)
    assert "休暇の日数は二十日です。" in document.text
    assert labels(document) == ["", "給与規程.txt"]


def test_headers_in_raw_shift_jis_are_read() -> None:
    data = b"From: a@example.com\r\nSubject: " + "経費の精算について".encode("cp932") + b"\r\n\r\nbody\r\n"
    assert read(data).title == "経費の精算について"


def test_attachments_are_sections_with_headings_one_level_down() -> None:
    message = letter()
    message.add_attachment(b"# Plan\n\nBuild it.", "text", "markdown", filename="plan.md")
    message.add_attachment(b"first\n\x0csecond", "text", "plain", filename="two pages.txt")
    document = read(message)
    assert labels(document) == ["", "plan.md", "two pages.txt · 1", "two pages.txt · 2"]
    headings = [(b.level, document.text[b.start : b.end]) for b in document.blocks if b.kind == "heading"]
    assert headings == [
        (1, "Rates"),
        (2, "From: Anna <anna@example.com>"),
        (1, "plan.md"),
        (2, "Plan"),
        (1, "two pages.txt"),
    ]
    last = document.pages[-1]
    assert document.text[last.start : last.end] == "second"


def test_an_attachment_that_cannot_be_read_is_noted_and_the_rest_is_read() -> None:
    message = letter()
    message.add_attachment(b"\x89PNG\r\n\x1a\n\0\0", "image", "png", filename="photo.png")
    message.add_attachment(b"words", "text", "plain", filename="notes.txt")
    document = read(message)
    assert labels(document) == ["", "notes.txt"]
    assert [note.code for note in document.notes] == ["attachment_unread"]
    assert "photo.png was not read (unsupported)" in document.notes[0].message


def test_a_mail_in_a_mail_is_read_without_its_own_attachments() -> None:
    inner = letter("inner words", "Inner")
    inner.add_attachment(b"innermost words", "text", "plain", filename="deep.txt")
    outer = letter("outer words", "Outer")
    outer.add_attachment(inner)
    document = read(outer)
    assert labels(document) == ["", "Inner.eml"]
    assert "inner words" in document.text
    assert "innermost" not in document.text
    assert "deep.txt" in document.notes[0].message


def test_an_archive_in_a_mail_is_noted() -> None:
    message = letter()
    message.add_attachment(zipped({"a.txt": "words"}), "application", "zip", filename="a.zip")
    assert "a.zip was not read (unsupported)" in read(message).notes[0].message


def test_a_mail_of_a_thousand_parts_is_bounded() -> None:
    message = letter()
    for number in range(30):
        message.add_attachment(b"words", "text", "plain", filename=f"{number}.txt")
    document = read(message, limits=Limits(max_archive_members=10))
    assert len(document.pages) == 11
    assert "10.txt with 19 more was not read (limit)" in document.notes[0].message


def test_a_mail_nested_without_end_is_named() -> None:
    data = b"From: a@example.com\nSubject: deep\n"
    for number in range(3000):
        data += f"Content-Type: multipart/mixed; boundary=b{number}\n\n--b{number}\n".encode()
    try:
        code = "ok" if parse(data + b"\n\nwords", "deep.eml").text else ""
    except VouchError as error:
        code = error.code
    assert code in {"ok", "too_deep"}


def test_a_sealed_mail_is_named() -> None:
    data = b"From: a@example.com\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data\n\nMIIB\n"
    with pytest.raises(ParseError) as caught:
        read(data)
    assert caught.value.code == "encrypted"


def test_content_says_what_is_a_mail() -> None:
    data = b"Received: from x\nMIME-Version: 1.0\nFrom: a@example.com\nSubject: b\n\nc"
    assert detect_type(data, "saved.txt").content_type == EML
    assert detect_type(b"From: Anna\nTo: Bob\n\nA memo on paper.", "memo.txt").content_type == TEXT


# ---- Outlook -------------------------------------------------------------------------------------

SUBJECT, BODY, SENDER = 0x0037, 0x1000, 0x0C1A


def test_an_outlook_message_is_read_with_its_attachments() -> None:
    data = outlook(
        {SUBJECT: "出張 rates", BODY: "The rate is 200.\r\n\r\nBye", SENDER: "Anna"},
        {"規程.txt": "日当は二千円です。".encode(), "photo.png": b"\x89PNG\r\n\x1a\n\0\0"},
    )
    document = read(data, "mail.msg")
    assert document.content_type == MSG
    assert document.title == "出張 rates"
    assert document.text.startswith("出張 rates\n\nFrom: Anna\n\nThe rate is 200.\n\nBye")
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
        ("WordDocument", "a Word document of the old format", ".docx"),
        ("PowerPoint Document", "a PowerPoint presentation of the old format", ".pptx"),
        ("Something", "unknown kind", "newer format"),
    ],
)
def test_old_office_files_are_told_apart_and_say_what_to_do(name: str, kind: str, hint: str) -> None:
    embedded = {name: b"x" * 100, "ObjectPool": {"Workbook": b"y" * 100}}
    with pytest.raises(ParseError) as caught:
        parse(compound(embedded), "old.doc")
    assert caught.value.code == "unsupported"
    assert kind in caught.value.message
    assert hint in caught.value.hint


def test_a_cut_outlook_message_is_named() -> None:
    whole = outlook({SUBJECT: "a", BODY: "b"})
    codes = set()
    for size in range(600, len(whole), 97):
        try:
            codes.add("ok" if parse(whole[:size], "mail.msg").text else "")
        except VouchError as error:
            codes.add(error.code)
    assert codes <= {"ok", "damaged_file", "no_text"}
    assert "damaged_file" in codes


def grouped(kind: str, *parts: EmailMessage) -> EmailMessage:
    message = EmailMessage(policy=email.policy.default)
    getattr(message, f"make_{kind}")()
    for part in parts:
        message.attach(part)
    return message


def part(text: str, subtype: str = "plain") -> EmailMessage:
    message = EmailMessage(policy=email.policy.default)
    message.set_content(text, subtype=subtype)
    return message


def test_a_plain_form_that_says_but_a_part_gives_way_to_the_other() -> None:
    message = letter("Your program cannot show this mail.")
    message.add_alternative("<p>" + "Invoice 4711 is due on 5 May. " * 20 + "</p>", subtype="html")
    document = read(message)
    assert "Invoice 4711 is due" in document.text
    assert "cannot show" not in document.text


def test_every_text_of_a_mail_is_read_in_one_form() -> None:
    two = grouped(
        "mixed", *(grouped("alternative", part(f"{n} plain"), part(f"<p>{n} html</p>", "html")) for n in "ab")
    )
    assert read(two, "two.eml").text == "a plain\n\nb plain"
    file = part("all of the plan")
    file.add_header("Content-Disposition", "inline", filename="plan.txt")
    apple = grouped(
        "alternative",
        part("both words"),
        grouped("mixed", part("<p>both</p>", "html"), file, part("<p>words</p>", "html")),
    )
    assert read(apple, "apple.eml").text == "both words\n\nplan.txt\n\nall of the plan"
    del apple.get_payload()[0]  # type: ignore[union-attr]
    assert read(apple, "apple.eml").text.startswith("both\n\nwords\n\nplan.txt")


def test_invitations_and_a_file_that_is_the_whole_mail_are_read() -> None:
    invitation = letter("Please join.")
    appointment = "BEGIN:VEVENT\nSUMMARY:予算会議\nLOCATION:会議室A\nEND:VEVENT\n"
    invitation.add_alternative(f"BEGIN:VCALENDAR\n{appointment}END:VCALENDAR\n", subtype="calendar")
    document = read(invitation)
    assert document.text.endswith("Please join.\n\ninvitation.ics\n\n予算会議\n\nWhere: 会議室A")
    assert labels(document) == ["", "invitation.ics"]
    bare = b"From: scan@example.com\r\nMIME-Version: 1.0\r\nContent-Type: text/csv\r\n\r\nname,fee\r\nKyoto,12\r\n"
    assert "name,fee" in read(bare).text


def test_a_signature_is_no_file_that_was_not_read() -> None:
    message = letter()
    message.add_attachment(b"0\x82\x01\x00\xff", "application", "pkcs7-signature", filename="smime.p7s")
    assert read(message).notes == ()


def seven_bit(text: str) -> bytes:
    """ISO-2022-JP as Outlook writes it, with characters that the standard does not have."""
    shown = b"\x1b$B"
    for lead, trail in zip(*[iter(text.encode("cp932"))] * 2, strict=True):
        row = (lead - (0x70 if lead < 0xA0 else 0xB0)) * 2
        row, cell = (row, trail - 0x7E) if trail >= 0x9F else (row - 1, trail - 0x1F - (trail > 0x7F))
        shown += bytes((row, cell))
    return shown + b"\x1b(B"


def test_japanese_that_only_outlook_writes_is_read_in_bodies_headers_and_names() -> None:
    def word(text: str) -> bytes:
        return b"=?ISO-2022-JP?B?" + base64.b64encode(seven_bit(text)) + b"?="

    data = (
        b"From: " + word("髙橋") + b" <t@example.jp>\r\nSubject: " + word("①㈱山田の件") + b"\r\n"
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain; charset=iso-2022-jp\r\n\r\n"
        + seven_bit("①の件、㈱山田様へ") + b"\r\n--x\r\nContent-Type: text/plain; name=\"" + word("㈱見積")
        + b".txt\"\r\n\r\nabc\r\n--x--\r\n"
    )  # fmt: skip
    document = read(data)
    assert document.title == "①㈱山田の件"
    assert "From: 髙橋 <t@example.jp>" in document.text
    assert "①の件、㈱山田様へ" in document.text
    assert labels(document) == ["", "㈱見積.txt"]


def test_a_message_that_is_attached_in_base64_is_read() -> None:
    inner = base64.encodebytes(b"From: x@example.com\r\nSubject: inner\r\n\r\nhello\r\n")
    data = (
        b"Subject: outer\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nbody\r\n--x\r\n"
        b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" + inner + b"--x--\r\n"
    )
    assert read(data).text.endswith("inner\n\nFrom: x@example.com\n\nhello")


def mailbox(*mails: EmailMessage) -> bytes:
    return b"".join(
        b"From a@example.com Mon Apr  1 00:00:00 2024\n" + mail.as_bytes() + b"\n" for mail in mails
    )


@pytest.mark.parametrize("name", ["all.mbox", "Inbox", "all.eml"])
def test_a_mailbox_is_read_mail_by_mail(name: str) -> None:
    first, second = (
        letter("The rate is 200.\n>From May it is 210.\n", "出張費 a/b.txt"),
        letter("It is 220 now.", ""),
    )
    first.add_attachment("日当は二千円です。".encode(), "text", "plain", filename="規程.txt")
    del second["Date"]
    second["Date"] = "Sat, 02 Mar 2024 09:30:00 +0900"
    document = read(mailbox(first, second), name)
    assert (document.content_type, document.metadata["mails"]) == (MBOX, "2")
    assert document.date == datetime(2024, 3, 2, 0, 30, tzinfo=UTC)
    assert labels(document) == ["出張費 a/b.txt · 1", "出張費 a/b.txt · 規程.txt", "message 2"]
    assert "\nFrom May it is 210." in document.text
    assert "日当は二千円です。" in document.text
    headings = [document.text[b.start : b.end] for b in document.blocks if b.level == 1]
    assert headings == ["出張費 a/b.txt", "規程.txt"]


def test_a_mailbox_of_one_mail_is_one_by_its_name() -> None:
    assert read(mailbox(letter()), "one.mbox").content_type == MBOX
    assert read(mailbox(letter())).content_type == EML


# ---- what a mail's text is made of -----------------------------------------------------------------


def sections(document: Document) -> list[tuple[str, str]]:
    """Headings of a document and what stands below each."""
    found: list[tuple[str, str]] = []
    for block in document.blocks:
        text = document.text[block.start : block.end]
        if block.kind == "heading":
            found.append((text, ""))
        else:
            found[-1] = (found[-1][0], f"{found[-1][1]}\n{text}".strip())
    return found


THREAD = """\
Hi Bob,

the limit is 140 EUR.

On Sun, Jan 4, 2026 at 9:00 AM Bob <bob@example.com>
wrote:

> What is the limit?
>
> On Sat, Jan 3, 2026 Anna wrote:
>> Budgets are due on Friday.
>>
>> Send them.
>
> --
> Bob

--
Anna Berg
Travel desk
+47 22 00 00 00
"""


def test_earlier_mails_and_the_signature_are_sections_of_their_own() -> None:
    assert sections(read(letter(THREAD)))[1:] == [
        ("From: Anna <anna@example.com>", "Hi Bob,\nthe limit is 140 EUR."),
        ("On Sun, Jan 4, 2026 at 9:00 AM Bob <bob@example.com> wrote:", "What is the limit?"),
        ("On Sat, Jan 3, 2026 Anna wrote:", "Budgets are due on Friday.\nSend them.\nBob"),
        ("Anna Berg", "Travel desk\n+47 22 00 00 00"),
    ]


def test_what_is_answered_below_its_quotation_stays_where_it_is() -> None:
    text = "Bob wrote:\n> Is it 140?\n\nYes.\n\n> And in Oslo?\n\n200 there.\n"
    assert sections(read(letter(text)))[1:] == [
        ("From: Anna <anna@example.com>", text.replace("\n\n", "\n").strip())
    ]


OUTLOOK = "{} Bob <bob@example.com>\n{} 2026年1月4日 9:00\n{} Anna\n{} Limit"


@pytest.mark.parametrize(
    ("between", "names"),
    [
        ("-----Original Message-----\n", ("From:", "Sent:", "To:", "Subject:")),
        ("", ("*From:*", "*Date:*", "*To:*", "*Subject:*")),
        ("----- 元のメッセージ -----\n", ("差出人:", "送信日時:", "宛先:", "件名:")),
        ("\n________________________________\n", ("Von:", "Gesendet:", "An:", "Betreff:")),
    ],
)
def test_the_head_of_an_earlier_mail_opens_its_section(between: str, names: tuple[str, ...]) -> None:
    head = OUTLOOK.format(*names)
    first, time, _, _ = (name.strip("*") for name in names)
    wanted = (
        f"{first} Bob <bob@example.com>, {time} 2026年1月4日 9:00",
        f"{names[2]} Anna\n{names[3]} Limit\nWhat is it?",
    )
    plain = sections(read(letter(f"It is 140.\n\n{between}{head}\n\nWhat is it?\n")))
    assert plain[1:] == [("From: Anna <anna@example.com>", "It is 140."), wanted]
    rich = letter(" ")
    lines = head.replace("<", "&lt;").replace("\n", "<br>")
    rich.add_alternative(f"<p>It is 140.</p><div>{lines}</div><p>What is it?</p>", subtype="html")
    assert sections(read(rich))[1:] == plain[1:]


@pytest.mark.parametrize(
    ("text", "lead"),
    [
        (
            "Yes.\n> On 22 Aug 2025, at 19:21, Bob <b@example.com> wrote:\n>\n> Is it?",
            "On 22 Aug 2025, at 19:21, Bob <b@example.com> wrote:",
        ),
        (
            "Yes.\n2026年1月4日(日) 9:00 山田 <b@example.com>:\n\n> Is it?",
            "2026年1月4日(日) 9:00 山田 <b@example.com>:",
        ),
        ("Yes.\n\n山田さんは書きました：\n> Is it?", "山田さんは書きました："),
        (
            "Yes.\n\n-----Original Message-----\nFrom: 陳惠珍\nSent: Friday 5:46\n\nIs it?",
            "From: 陳惠珍, Sent: Friday 5:46",
        ),
        ("Yes.\n\n> Subject: Limit\n> From: Bob\n> Date: Monday\n>\n> Is it?", "From: Bob, Date: Monday"),
    ],
)
def test_who_wrote_what_follows_is_known_in_many_ways(text: str, lead: str) -> None:
    (_, _), (_, said), (heading, quoted) = sections(read(letter(text)))
    assert (said, heading, quoted.removeprefix("Subject: Limit\n")) == ("Yes.", lead, "Is it?")


GMAIL = '<div><div class="gmail_attr">{}<br></div><blockquote class="gmail_quote">{}</blockquote></div>'
THUNDERBIRD = '<div class="moz-cite-prefix">{}<br></div><blockquote type="cite">{}</blockquote>'
APPLE = '<div><br><blockquote type="cite"><div>{}</div><br class="x"><div>{}</div></blockquote></div>'
BARE = "<br>{}<br><blockquote type='cite'>{}</blockquote>"


def rich(html: str) -> Document:
    message = letter(" ")
    message.add_alternative(
        f"<html><head><style>p {{}}</style></head><body>{html}</body></html>", subtype="html"
    )
    return read(message)


@pytest.mark.parametrize("form", [GMAIL, THUNDERBIRD, APPLE, BARE])
@pytest.mark.parametrize(
    ("who", "said"),
    [
        (
            "On Sun, 4 Jan 2026 at 9:00\u202fAM, Bob &lt;<a href='mailto:b@x'>b@x</a>&gt; wrote:",
            "Is it <b>140</b>?",
        ),
        ("2026年1月4日(日) 9:00 山田 太郎 &lt;y@x&gt;:", "上限は<b>一万円</b>ですか。"),
    ],
)
def test_an_earlier_mail_in_html_is_a_section_of_its_own(form: str, who: str, said: str) -> None:
    def bare(text: str) -> str:
        return " ".join(unescape(re.sub("<[^>]*>", "", text)).split())

    older = form.format("On Sat, 3 Jan 2026 at 8:00 Anna wrote:", "<p>What is new?</p>")
    _, *rest = sections(
        rich(f"<p>Yes.</p>{form.format(who, f'<div>{said}</div>{older}')}<div>-- <br>Bob</div>")
    )
    assert rest[0] == ("From: Anna <anna@example.com>", "Yes.")
    assert rest[1] == (bare(who), bare(said))
    assert rest[2][0] == "On Sat, 3 Jan 2026 at 8:00 Anna wrote:"
    assert rest[2][1].startswith("What is new?")


def test_what_is_quoted_between_answers_in_html_keeps_its_marks_and_a_passage_set_apart_none() -> None:
    quoted = BARE.format("On Sun, 4 Jan 2026 at 9:00 Bob wrote:", "Is it 140?<br><br><p>And when?</p>")
    (_, _), (_, said) = sections(rich(f"Hello,{quoted}<p>Yes, since May.</p>"))
    assert said == (
        "Hello,\nOn Sun, 4 Jan 2026 at 9:00 Bob wrote:\n> Is it 140?\n> And when?\nYes, since May."
    )
    (_, _), (_, said) = sections(rich("<p>The rule:</p><blockquote>140 EUR</blockquote><p>It holds.</p>"))
    assert said == "The rule:\n140 EUR\nIt holds."


def test_html_quotations_in_each_other_by_the_thousand_are_read_soon() -> None:
    lead = "<p>On Sun, 4 Jan 2026 at 9:00 Bob wrote:</p><blockquote>"
    document = rich("<p>Yes.</p>" + lead * 500 + "It is 140." + "</blockquote>" * 500)
    assert document.text.count("It is 140.") == 1
    assert "Yes." in rich("<p>Yes.</p>" + "<blockquote type=cite>a</blockquote>" * 3_000).text


def test_lines_broken_for_show_are_joined_within_their_quotation_only() -> None:
    message = letter("On Monday at 9:00 Bob wrote:\n> Is \n> it? \nIt \nis.\n-- \nAnna\n")
    message.set_param("format", "flowed")
    assert read(message).text.endswith("On Monday at 9:00 Bob wrote:\n> Is it?\nIt is.\n\nAnna")


def test_one_line_broken_for_show_a_hundred_thousand_times_is_one() -> None:
    message = letter("word \n" * 100_000 + "end\n")
    message.set_param("format", "flowed")
    assert read(message).text.endswith("word " * 100_000 + "end")


def test_a_journey_is_no_earlier_mail() -> None:
    text = "Please book:\n\nFrom: Oslo\nTo: Bergen\nDate: 5 January"
    assert read(letter(text)).text.endswith(text)


@given(
    st.lists(
        st.sampled_from(["> a", ">> b", ">", "", " ", "Bob wrote:", "-- ", "From: x", "Subject: y", "end."]),
        max_size=14,
    )
)
def test_no_word_of_a_mail_is_lost(lines: list[str]) -> None:
    document = read(letter("Begin.\n" + "\n".join(lines)))
    said = Counter(re.findall(r"\w+", "Begin. " + " ".join(lines)))
    assert said <= Counter(re.findall(r"\w+", document.text.partition("example.com>")[2]))


def test_an_outlook_message_that_is_not_in_unicode_is_read_in_its_encoding() -> None:
    texts = {SUBJECT: "出張費の件".encode("cp932"), BODY: "上限は二百円です。".encode("cp932"), 0x3FFD: 932}
    document = read(outlook({**texts, SENDER: "Anna", 0x0C1F: "/O=EX/CN=ANNA"}), "mail.msg")
    assert document.text == "出張費の件\n\nFrom: Anna\n\n上限は二百円です。"
    traditional = {SUBJECT: "報告".encode("cp950"), BODY: "搜尋測試文件".encode("cp950"), 0x3FDE: 950}
    assert read(outlook(traditional), "mail.msg").text == "報告\n\n搜尋測試文件"


def test_the_attachments_of_a_signed_outlook_message_are_read_and_its_text_once() -> None:
    whole = letter("The rate is 200.")
    whole.add_attachment("日当は二千円です。".encode(), "text", "plain", filename="規程.txt")
    texts = {SUBJECT: "Rates", BODY: "The rate is 200.", 0x001A: "IPM.Note.SMIME.MultipartSigned"}
    document = read(outlook(texts, {"smime.p7m": whole.as_bytes()}), "mail.msg")
    assert labels(document) == ["", "規程.txt"]
    assert document.text.count("The rate is 200.") == 1


def test_what_is_declared_latin_is_read_as_it_was_written_and_a_mark_before_the_headers_is_none_of_them() -> (
    None
):
    data = (
        b"\xef\xbb\xbf\r\nFrom: a@example.com\r\nSubject: Fee\r\nContent-Type: text/plain; charset=iso-8859-1\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\nM=FCller pays =80 5\r\n"
    )
    document = read(data)
    assert (document.title, document.text[-15:]) == ("Fee", "Müller pays € 5")


def test_an_outlook_mail_whose_text_is_not_read_says_so() -> None:
    document = read(outlook({0x0037: "Rates", 0x1009: b"LZFu"}), "mail.msg")  # type: ignore[dict-item]
    assert [note.code for note in document.notes] == ["attachment_unread"]


def test_a_mail_to_thousands_is_read_whole_and_at_once() -> None:
    people = ", ".join(f'"Yamada, Taro {n}" <taro{n}@example.com>' for n in range(20_000))
    subject = "=?utf-8?B?44GC?= " * 20_000
    document = read(f"From: a@example.com\r\nTo: {people}\r\nSubject: {subject}\r\n\r\nbody\r\n".encode())
    assert "taro19999@example.com" in document.text
    assert "あ" * 20_000 in document.text
