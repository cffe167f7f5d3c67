"""Mails that PGP signed or sealed in their text, further forms of a text, and headers in the encoding of the body."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.errors import ParseError
from ingest.parsers import parse
from ingest.parsers.mail.armour import without_armour

HEAD = "From: mia@a.example\r\nTo: bo@a.example\r\nSubject: Door\r\nMIME-Version: 1.0\r\n"
SIGNATURE = "-----BEGIN PGP SIGNATURE-----\n\niQEzBAEBCAAdFiEE\n=abcd\n-----END PGP SIGNATURE-----\n"
SIGNED = (
    f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nThe code is 4711.\n- -- two dashes\n{SIGNATURE}"
)
SEALED = "-----BEGIN PGP MESSAGE-----\nVersion: 2\n\nhQEMA8x0aGlz\n=abcd\n-----END PGP MESSAGE-----\n"


def mail(body: str, kind: str = "text/plain") -> bytes:
    return f"{HEAD}Content-Type: {kind}; charset=utf-8\r\n\r\n{body}".encode()


def test_a_text_that_was_signed_within_is_read_without_its_signature() -> None:
    text = parse(mail(f"Before.\n{SIGNED}Behind.\n"), "door.eml").text
    assert "Before.\nThe code is 4711.\n-- two dashes" in text
    assert "Behind." in text
    assert not any(mark in text for mark in ("PGP", "SHA256", "iQEz"))


@pytest.mark.parametrize(
    "text",
    [
        "none of it",
        "-----BEGIN PGP SIGNED MESSAGE-----\nno end",
        f"it says {SIGNATURE}",
        "-----BEGIN PGP SIGNED",
        "-----BEGIN PGP SIGNED MESSAGE-----\n\nx\n-----BEGIN PGP SIGNATURE-----\n\niQEz\n\nSent after it.",
    ],
)
def test_what_was_not_signed_whole_stays_as_it_is(text: str) -> None:
    assert without_armour(text) == text


@pytest.mark.parametrize("mark", ["> ", "> - ", "- "])
def test_a_signature_that_is_quoted_ends_no_text(mark: str) -> None:
    body = f"Hello.\n{mark}-----BEGIN PGP SIGNATURE-----\n> iQfo\nThe budget is 5000.\n"
    shown = without_armour(f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{body}{SIGNATURE}Behind.")
    assert shown == body.replace("\n- ", "\n") + "\nBehind."


@given(
    st.lists(st.sampled_from([SIGNED, SIGNATURE, SIGNATURE[:40], "-----BEGIN PGP SIGNED MESSAGE-----\n\n"]))
)
def test_no_line_between_is_lost(parts: list[str]) -> None:
    words = [f"word{index}" for index in range(len(parts))]
    text = "".join(f"{word}\n{part.rstrip()}\n" for word, part in zip(words, parts, strict=True))
    shown = without_armour(text)
    assert [word for word in words if f"{word}\n" not in f"{shown}\n"] == []


def test_a_hundred_thousand_beginnings_cost_no_more_than_their_length() -> None:
    text = "-----BEGIN PGP SIGNED MESSAGE-----\n\nx\n" * 100_000
    assert without_armour(text) == text
    assert without_armour(text + SIGNATURE).count("BEGIN") == 99_999


def test_a_mail_that_is_nothing_but_sealed_is_named_and_one_that_quotes_such_is_read() -> None:
    with pytest.raises(ParseError) as caught:
        parse(mail(SEALED), "door.eml")
    assert caught.value.code == "encrypted"
    assert "Look at this" in parse(mail(f"Look at this:\n{SEALED}"), "door.eml").text


def test_what_is_attached_in_the_clear_to_a_sealed_text_is_read() -> None:
    text = f"--B\r\nContent-Type: text/plain\r\n\r\n{SEALED}\r\n"
    file = "--B\r\nContent-Disposition: attachment; filename=n.txt\r\n\r\nLunch is free.\r\n--B--\r\n"
    document = parse(f"{HEAD}Content-Type: multipart/mixed; boundary=B\r\n\r\n{text}{file}".encode(), "a.eml")
    assert "Lunch is free." in document.text
    assert "hQEM" not in document.text
    assert [note.code for note in document.notes] == ["attachment_unread"]


def test_further_forms_of_a_text_are_no_attachments() -> None:
    forms = "".join(
        f"--B\r\nContent-Type: {kind}\r\n\r\n{text}\r\n"
        for kind, text in [
            ("text/plain", "Lunch is free."),
            ("text/x-amp-html", "<html amp4email><body>Lunch by AMP.</body></html>"),
            ("text/html", "<p>Lunch is free.</p>"),
        ]
    )
    data = f"{HEAD}Content-Type: multipart/alternative; boundary=B\r\n\r\n{forms}--B--\r\n".encode()
    document = parse(data, "lunch.eml")
    assert "AMP" not in document.text
    assert len(document.pages) == 1


def test_a_name_of_two_letters_is_in_the_encoding_of_the_body() -> None:
    head = "From: 山田 <y@a.example>\r\nSubject: x\r\nContent-Type: text/plain; charset=Shift_JIS\r\n"
    data = f"{head}\r\n休暇は25日です。"
    assert "From: 山田 <y@a.example>" in parse(data.encode("cp932"), "leave.eml").text
