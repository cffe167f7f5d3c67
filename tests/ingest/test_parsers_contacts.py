"""Contacts (VCF): vCard 2.1, 3.0 and 4.0, as phones, Outlook and Google write them."""

from __future__ import annotations

import pytest

from ingest.parsers import parse
from ingest.parsers.detection import VCF
from tests.ingest.blocks import kinds

JANE = """BEGIN:VCARD
VERSION:3.0
N:Doe;Jane;;Dr.;
FN:Dr. Jane Doe
ORG:Example Co\\, Ltd.;HR;
TITLE:Head of HR
item1.TEL;TYPE=WORK,VOICE:+44 20
  1234
TEL;TYPE=cell:+44 7700
EMAIL;TYPE=INTERNET;type=pref:jane@example.com
ADR;TYPE=WORK:;;1 Main St;London;;N1;UK
BDAY:19800501
PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQSkZJRgABAQ
NOTE:Ask her first\\,\\nthen sign.
END:VCARD
"""


def test_a_contact_is_a_heading_and_a_line_for_each_thing_it_says() -> None:
    document = parse(JANE.replace("\n", "\r\n").encode(), "jane.vcf")
    assert kinds(document) == [
        ("heading", 1, "Dr. Jane Doe"),
        (
            "paragraph",
            0,
            "Company: Example Co, Ltd., HR\nTitle: Head of HR\nPhone: +44 20 1234 (work); +44 7700 (cell)\n"
            "Email: jane@example.com\nAddress: 1 Main St, London, N1, UK (work)\nBirthday: 1980-05-01\n"
            "Note: Ask her first, then sign.",
        ),
    ]
    assert (document.content_type, document.title) == (VCF, "Dr. Jane Doe")


@pytest.mark.parametrize(("encoding", "charset"), [("utf-8", "UTF-8"), ("cp932", "SHIFT_JIS")])
def test_old_contacts_of_japanese_programs_are_decoded(encoding: str, charset: str) -> None:
    def quoted(text: str) -> str:
        return "".join(f"={byte:02X}" for byte in text.encode(encoding))

    how = f"CHARSET={charset};ENCODING=QUOTED-PRINTABLE"
    source = (
        f"BEGIN:VCARD\r\nVERSION:2.1\r\nN;{how}:{quoted('山田')};{quoted('太郎')}=\r\n\r\n"
        f"FN;{how}:{quoted('山田 太郎')}\r\nX-PHONETIC-LAST-NAME;{how}:{quoted('ヤマダ')}\r\n"
        f"ORG;{how}:{quoted('青空商事')};{quoted('総務部')}\r\nTEL;WORK;VOICE:03-1234\r\nTEL;HOME;FAX:03-99\r\nEND:VCARD\r\n"
    )
    assert parse(source.encode(), "a.vcf").text == (
        "山田 太郎 (ヤマダ)\n\nCompany: 青空商事, 総務部\nPhone: 03-1234 (work); 03-99 (home, fax)"
    )


def test_many_contacts_stand_in_one_file_also_where_an_end_is_missing() -> None:
    card = "BEGIN:VCARD\nVERSION:4.0\nFN:{}\nTEL;VALUE=uri:tel:+1-555\n{}"
    agent = "AGENT:\nBEGIN:VCARD\nFN:Agent\nEND:VCARD\n"
    source = (
        card.format("Ann", f"{agent}END:VCARD\n") + card.format("Bob", "END:VCARD\n") + card.format("Cy", "")
    )
    document = parse(source.encode("utf-16"), "contacts")
    assert document.text == "\n\n".join(f"{name}\n\nPhone: +1-555" for name in ("Ann", "Bob", "Cy"))
    only = "BEGIN:VCARD\nN:;;;;\nORG:Example Co\nEMAIL:a@example.com\nEND:VCARD\n"
    assert parse(only.encode(), "a.txt").text.startswith("Example Co\n\n")
