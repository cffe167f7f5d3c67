"""Outlook's own packing of mails (TNEF): its text and files are read, in a mail and by themselves."""

from __future__ import annotations

import base64
import struct
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.errors import ParseError, VouchError
from ingest.discovery import discover
from ingest.parsers import Limits, parse
from ingest.parsers.detection import EML, TNEF
from ingest.parsers.mail.tnef import unpack
from tests.ingest.wrapping import attribute, file, message, whole

RATES = b"Region,Rate\nKyoto,3000\n"
HEAD = "From: Jane <jane@example.com>\r\nTo: all@example.com\r\nSubject: Rates\r\nMIME-Version: 1.0\r\n"


def test_the_files_in_a_packed_attachment_are_read_and_its_text_where_there_is_no_other() -> None:
    files = file("rates.csv", RATES) + file("料金表のとても長い名前.csv", RATES + b"Osaka,2500\n")
    packed = whole(
        message({0x1000: "As agreed.\r\n"}), files, file("logo.png", b"\x89PNG", {0x3712: "logo@1"})
    )
    silent = parse(mail("", packed), "rates.eml")
    spoken = parse(mail("See below.", packed), "rates.eml")
    assert (
        "\n\nAs agreed.\n\nrates.csv\n\nRegion | Rate\nKyoto | 3000\n\n料金表のとても長い名前.csv\n\n"
        in silent.text
    )
    assert "\n\nSee below.\n\nrates.csv\n\n" in spoken.text
    assert "As agreed" not in spoken.text
    assert (silent.content_type, silent.notes, spoken.notes) == (EML, (), ())


def test_files_that_were_packed_without_a_word_beside_them_are_read() -> None:
    document = parse(whole(file("rates.csv", RATES)), "winmail.dat")
    assert (document.text, document.title) == ("rates.csv\n\nRegion | Rate\nKyoto | 3000", "winmail")
    with pytest.raises(ParseError) as raised:
        parse(whole(file("logo.bin", b"\0\1\2")), "winmail.dat")
    assert raised.value.code in ("binary", "unsupported")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({0x1013: b"<p>Paid by <b>May</b></p>"}, "Paid by May"),
        (
            {0x1009: struct.pack("<II4sI", 45, 31, b"MELA", 0) + b"{\\rtf1\\ansi Paid by May\\par }   "},
            "Paid by May",
        ),
    ],
)
def test_a_packed_mail_that_was_saved_as_a_file_is_one(
    tmp_path: Path, values: dict[int, str | bytes], said: str
) -> None:
    data = (
        whole(
            attribute(1, 0x9007, struct.pack("<II", 932, 0)),
            attribute(1, 0x8004, "料金".encode("cp932") + b"\0"),
            message(values),
            file("rates.csv", RATES),
        )
        + b"\r\n\r\n"
    )
    document = parse(data, "winmail.dat")
    assert (document.title, document.content_type) == ("料金", TNEF)
    assert document.text.startswith(f"Subject: 料金\n\n{said}\n\nrates.csv\n\nRegion | Rate")
    (tmp_path / "winmail.dat").write_bytes(data)
    assert [found.path for found in discover([tmp_path]).files] == ["winmail.dat"]


def test_one_that_is_cut_is_told_and_the_mail_around_it_read() -> None:
    packed = whole(message({0x1000: "As agreed."}), file("rates.csv", RATES))
    with pytest.raises(ParseError) as refused:
        parse(packed[:-9], "winmail.dat")
    assert refused.value.code == "damaged_file"
    document = parse(mail("See below.", packed[:-9]), "rates.eml")
    assert "See below." in document.text
    assert [note.message.split(":")[0] for note in document.notes] == [
        "winmail.dat was not read (damaged_file)"
    ]


def test_of_a_mail_in_another_file_its_packed_files_are_named() -> None:
    document = parse(mail("See below.", whole(file("rates.csv", RATES))), "rates.eml", Limits(nesting=0))
    assert [note.message.split(":")[0] for note in document.notes] == ["rates.csv was not read (nested)"]


@given(st.data())
def test_whatever_is_damaged_is_refused_or_read(data: st.DataObject) -> None:
    source = bytearray(
        whole(message({0x1000: "As agreed.", 0x1013: b"<p>x"}), file("rates.csv", RATES, {0x8001: "a"}))
    )
    for at in data.draw(st.lists(st.integers(4, len(source) - 1), min_size=1, max_size=4)):
        source[at] = data.draw(st.integers(0, 255))
    with suppress(VouchError):
        unpack(bytes(source[: data.draw(st.integers(0, len(source)))]), "winmail.dat")


def mail(said: str, packed: bytes) -> bytes:
    head = f'{HEAD}Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\n{said}\r\n--b\r\n'
    kind = (
        'Content-Type: application/ms-tnef; name="winmail.dat"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    )
    return (head + kind).encode() + base64.encodebytes(packed) + b"--b--\r\n"
