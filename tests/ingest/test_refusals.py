"""Files of kinds that are not read: the error names the kind, and what to do, however the file comes in."""

from __future__ import annotations

import pytest

from corpus.errors import ParseError
from ingest.parsers import parse
from ingest.parsers.refusals import why_unread
from tests.ingest.packing import compound, zipped

_BINARY = b"\0\x01\xff" * 800
_PACKAGE = {"[Content_Types].xml": "<Types/>"}


@pytest.mark.parametrize(
    ("name", "data", "kind", "remedy"),
    [
        ("notes.one", _BINARY, "a OneNote section", "Save it as PDF"),
        ("plan.wpd", b"\xffWPC" + _BINARY, "a WordPerfect document", "Save it as .docx"),
        ("sums.123", b"\0\0\x1a\0" + _BINARY, "a Lotus 1-2-3 workbook", "Save it as .xlsx"),
        ("契約.xdw", b"\x60\x0e" + _BINARY, "a DocuWorks document", "Save it as PDF"),
        ("規程.jtd", compound({"DocumentText": b"x" * 100}), "an Ichitaro document", "Save it as .docx"),
        ("net.vsd", compound({"VisioDocument": b"x" * 100}), "a Visio drawing", "Save it as PDF"),
        ("net.vsdx", zipped(_PACKAGE | {"visio/document.xml": "<x/>"}), "a Visio drawing", "Save it as PDF"),
        ("plan.mpp", compound({"Props": b"x" * 100}), "a Project plan", "Save it as PDF or .xlsx"),
        (
            "ideas.xmind",
            zipped({"content.json": '{"title": "Plan"}'}),
            "a mind map",
            "Save it as PDF or Markdown",
        ),
        (
            "leave.gdoc",
            b'{"doc_id": "1abc", "email": "a@b.example"}',
            "a link to a document of Google",
            "Word",
        ),
        (
            "leave.url",
            b"[InternetShortcut]\r\nURL=https://x.example/\r\n",
            "a link to something else",
            "Add what",
        ),
    ],
)
def test_a_kind_that_is_not_read_is_named_with_what_to_do(
    name: str, data: bytes, kind: str, remedy: str
) -> None:
    with pytest.raises(ParseError) as caught:
        parse(data, name)
    assert caught.value.code == "unsupported"
    assert caught.value.message == f"{name} is {kind}, which is not read."
    assert remedy in caught.value.hint
    suffix = name[name.rindex(".") :]
    assert why_unread(suffix, data[:4096]).lower().startswith(f"{kind} is not read: ".lower())


def test_what_is_read_is_read_under_such_a_name_too() -> None:
    """Programs of the web call their pages ``.doc``; the content wins over the name."""
    page = b"<html><body><p>Leave is 25 days.</p></body></html>"
    assert parse(page, "leave.doc").text == "Leave is 25 days."
    assert parse(b"msgid: Leave\nmsgstr: Urlaub\n", "de.pot").text.startswith("msgid")
    with pytest.raises(ParseError, match="a binary file of an unknown kind"):
        parse(_BINARY, "what.xyz")
