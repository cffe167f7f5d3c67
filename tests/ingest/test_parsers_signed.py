"""Files within a signature (CMS): read as what was signed, whatever the signature's form."""

from __future__ import annotations

import base64
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.errors import ParseError, VouchError
from ingest.parsers import Limits, parse
from ingest.parsers.detection import EML, SIGNED
from ingest.parsers.signed import unsigned
from tests.ingest.wrapping import ENVELOPED, element, signed

TEXT = "Lease\n\nThe rent is 900 euros a month. Die Kündigungsfrist beträgt drei Monate.\n".encode()
HEAD = "From: Jane <jane@example.com>\r\nTo: all@example.com\r\nSubject: Rent\r\nMIME-Version: 1.0\r\n"


@pytest.mark.parametrize("form", ["whole", "parts"])
@pytest.mark.parametrize("packing", ["binary", "base64", "pem"])
def test_a_signed_file_is_read_as_the_file_that_it_is(form: str, packing: str) -> None:
    document = parse(packed(signed(TEXT, form), packing), "lease.txt.p7m")
    assert (document.text, document.content_type) == (TEXT.decode().strip(), SIGNED)
    twice = parse(packed(signed(signed(TEXT, form), form), packing), "lease.txt.p7m.p7m")
    assert twice.text == document.text


@pytest.mark.parametrize(
    "kind", ["application/pkcs7-mime; smime-type=signed-data", "application/x-pkcs7-mime"]
)
def test_a_mail_that_is_signed_as_one_block_is_read_as_one_that_is_not(kind: str) -> None:
    body = 'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\nThe rent is 900 euros.\r\n--b\r\n'
    body += 'Content-Type: text/csv\r\nContent-Disposition: attachment; filename="r.csv"\r\n\r\nk,v\r\nx,1\r\n--b--\r\n'
    sealed = f'{HEAD}Content-Type: {kind};\r\n name="smime.p7m"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    mail = parse(sealed.encode() + base64.encodebytes(signed(body.encode(), "parts")), "rent.eml")
    plain = parse((HEAD + body).encode(), "rent.eml")
    assert (mail.text, mail.title, mail.content_type, mail.notes) == (plain.text, "Rent", EML, ())
    assert "The rent is 900 euros." in mail.text
    assert "k | v" in mail.text


def test_what_is_encrypted_or_only_a_signature_is_told_as_that() -> None:
    for content, code in (
        (element(0x30, element(6, ENVELOPED)), "encrypted"),
        (signed(None, "whole"), "unsupported"),
    ):
        with pytest.raises(ParseError) as refused:
            parse(content + b"\0" * 40, "lease.pdf.p7m")
        assert refused.value.code == code
    again = TEXT
    for _ in range(4):
        again = signed(again, "whole")
    with pytest.raises(ParseError, match="signed again and again"):
        parse(again, "lease.txt.p7m", Limits(nesting=1))
    again = TEXT
    for _ in range(4):
        again = base64.encodebytes(signed(again, "whole"))
    with pytest.raises(ParseError, match="signed again and again"):
        parse(again, f"lease.txt{'.p7m' * 4}", Limits(nesting=1))


@given(st.data())
def test_a_damaged_one_is_refused_and_nothing_else(data: st.DataObject) -> None:
    content = bytearray(signed(TEXT, data.draw(st.sampled_from(["whole", "parts"]))))
    for at in data.draw(st.lists(st.integers(0, 80), min_size=1, max_size=3)):
        content[at] = data.draw(st.integers(0, 255))
    with suppress(VouchError):
        unsigned(bytes(content[: data.draw(st.integers(1, len(content)))]), "lease.p7m")
    deep = b"0\x80" * 5000
    with pytest.raises(ParseError, match="cannot be found"):
        unsigned(deep, "deep.p7m")


def packed(content: bytes, packing: str) -> bytes:
    if packing == "binary":
        return content
    lines = base64.encodebytes(content)
    return lines if packing == "base64" else b"-----BEGIN PKCS7-----\n" + lines + b"-----END PKCS7-----\n"
