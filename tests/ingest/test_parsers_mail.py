"""Mails: the letter, its attachments one level deep, and mails that mean harm."""

from __future__ import annotations

import base64
import email.policy
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest

from corpus.errors import ParseError
from ingest.parsers import Limits
from ingest.parsers.detection import EML, MBOX, TEXT, detect_type
from tests.ingest.endings import ending
from tests.ingest.letters import labels, letter, mailbox, read
from tests.ingest.packing import zipped


def test_a_mail_is_read_as_its_reader_sees_it() -> None:
    document = read(letter("Dear all,\n\n> was 180\n\nthe rate is 200.\n", "旅費の件"))
    assert document.text == (
        "Subject: 旅費の件\n\nTo: all@example.com\nDate: Fri, 01 Mar 2024 09:30:00 +0900\n\n"
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
    assert ending(data + b"\n\nwords", "deep.eml") in {"ok", "too_deep"}


def test_a_sealed_mail_is_named() -> None:
    data = b"From: a@example.com\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data\n\nMIIB\n"
    with pytest.raises(ParseError) as caught:
        read(data)
    assert caught.value.code == "encrypted"


def test_content_says_what_is_a_mail() -> None:
    data = b"Received: from x\nMIME-Version: 1.0\nFrom: a@example.com\nSubject: b\n\nc"
    assert detect_type(data, "saved.txt").content_type == EML
    assert detect_type(b"From: Anna\nTo: Bob\n\nA memo on paper.", "memo.txt").content_type == TEXT


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
    headings = [(b.level, document.text[b.start : b.end]) for b in document.blocks if b.kind == "heading"]
    assert headings == [
        (1, "出張費 a/b.txt"),
        (3, "From: Anna <anna@example.com>"),
        (2, "規程.txt"),
        (1, "message 2"),
    ]
    assert document.text.startswith("出張費 a/b.txt\n\nSubject: 出張費 a/b.txt\n\nTo: all@example.com")


def test_the_subject_is_a_sentence_and_no_heading_but_of_an_appointment() -> None:
    document = read(letter("Dear all", "The canteen opens on 3 May"))
    assert document.title == "The canteen opens on 3 May"
    first = document.blocks[0]
    said = "Subject: The canteen opens on 3 May"
    assert (first.kind, document.text[first.start : first.end]) == ("paragraph", said)


def test_a_mailbox_of_one_mail_is_one_by_its_name() -> None:
    assert read(mailbox(letter()), "one.mbox").content_type == MBOX
    assert read(mailbox(letter())).content_type == EML


def test_what_is_declared_latin_is_read_as_it_was_written_and_a_mark_before_the_headers_is_none_of_them() -> (
    None
):
    data = (
        b"\xef\xbb\xbf\r\nFrom: a@example.com\r\nSubject: Fee\r\nContent-Type: text/plain; charset=iso-8859-1\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\nM=FCller pays =80 5\r\n"
    )
    document = read(data)
    assert (document.title, document.text[-15:]) == ("Fee", "Müller pays € 5")


def test_a_mail_to_thousands_is_read_whole_and_at_once() -> None:
    people = ", ".join(f'"Yamada, Taro {n}" <taro{n}@example.com>' for n in range(20_000))
    subject = "=?utf-8?B?44GC?= " * 20_000
    document = read(f"From: a@example.com\r\nTo: {people}\r\nSubject: {subject}\r\n\r\nbody\r\n".encode())
    assert "taro19999@example.com" in document.text
    assert "あ" * 20_000 in document.text


@pytest.mark.parametrize("cut", [1, 2, 3, 4])
def test_base64_that_was_cut_off_is_read_as_far_as_it_goes(cut: int) -> None:
    """One letter more than whole groups of four was shown as it was written: RGllIFNj…"""
    said = "Die Schlüssel liegen in Schrank neun, im Fach vier von oben."
    head = (
        b"From: a@example.com\r\nSubject: keys\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    )
    document = read(head + base64.b64encode(said.encode()).rstrip(b"=")[:-cut])
    assert "Schlüssel liegen in Schrank neun" in document.text


@pytest.mark.parametrize("more", range(4))
def test_what_looks_like_base64_once_it_is_decoded_is_left_as_it_is(more: int) -> None:
    key = "ABCDEFGHIJKLMNOPQRST" + "U" * more
    letter = EmailMessage()
    letter["From"] = "a@example.com"
    letter.set_content("The key is attached.")
    letter.add_attachment(key.encode(), maintype="text", subtype="plain", filename="key.txt")
    assert "base64" in letter.as_string()
    assert read(letter.as_bytes()).text.endswith(key)


def test_a_page_that_a_browser_saved_is_from_nobody() -> None:
    data = (
        b"From: <Saved by Blink>\r\nSnapshot-Content-Location: https://intra.example/parking\r\nSubject: Parking\r\n"
        b"Date: Mon, 2 Nov 2026 09:00:00 -0000\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/related; type="text/html"; boundary="x"\r\n\r\n--x\r\n'
        b"Content-Type: text/html\r\nContent-ID: <frame-1@mhtml.blink>\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
        b"<h1>Parking</h1><p>Visitors park on level 2, for 14 =E2=82=AC a day.</p>\r\n--x--\r\n"
    )
    document = read(data, "parking.mhtml")
    assert document.text == "Subject: Parking\n\nParking\n\nVisitors park on level 2, for 14 € a day."
    assert document.date is not None
    assert document.title == "Parking"
