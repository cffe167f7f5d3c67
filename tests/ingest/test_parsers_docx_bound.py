"""Content controls of Word documents whose words stand in data beside the text, and rows that were deleted."""

from __future__ import annotations

import docx
import pytest

from ingest.parsers import parse
from tests.ingest.word_files import WORD_SPACE, repacked, saved, with_body

STORE = "{0A1B2C3D-0000-4000-8000-00000000000F}"
DATA = (
    '<c:contract xmlns:c="urn:contract" xmlns="urn:other"><c:client id="K-17">ACME\n GmbH</c:client>'
    "<c:client>Second</c:client>"
    "<c:start>2026-05-01T00:00:00</c:start><empty/></c:contract>"
)
ITEM = "http://schemas.openxmlformats.org/officeDocument/2006/customXml"
PARTS = {
    "customXml/item1.xml": DATA.encode(),
    "customXml/itemProps1.xml": f'<d:datastoreItem d:itemID="{STORE.lower()}" xmlns:d="{ITEM}"/>'.encode(),
}
ASKING = "Click here to enter text."


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/ns0:contract[1]/ns0:client[1]", "ACME GmbH"),
        ("/ns0:contract/ns0:client[2]", "Second"),
        ("/ns0:contract/ns0:client/@id", "K-17"),
        ("/ns0:contract/ns0:start", "2026-05-01"),
        ("/ns0:contract/ns1:empty", ASKING),
        ("/ns0:contract/ns0:client[3]", ASKING),
        ("/ns0:other/ns0:client", ASKING),
        ("//ns0:client", ASKING),
        ("/ns0:contract/ns0:client[position()=1]", ASKING),
        ("", ASKING),
    ],
)
def test_a_control_that_asks_shows_the_data_that_it_is_bound_to(path: str, shown: str) -> None:
    document = with_body(
        f"<w:p><w:r><w:t xml:space='preserve'>Client: </w:t></w:r>{control(path)}</w:p>", PARTS
    )
    assert document.text == f"Client: {shown}\n\nHello"


def test_one_that_was_filled_in_and_one_of_an_unknown_store_stay_as_they_are() -> None:
    path = "/ns0:contract/ns0:client"
    assert with_body(f"<w:p>{control(path, asks=False)}</w:p>", PARTS).text == f"{ASKING}\n\nHello"
    assert with_body(f"<w:p>{control(path, store='{X}')}</w:p>", PARTS).text == f"{ASKING}\n\nHello"
    damaged = PARTS | {"customXml/item1.xml": b"<a"}
    document = with_body(f"<w:p>{control(path)}</w:p>", damaged)
    assert (document.text, [note.code for note in document.notes]) == (f"{ASKING}\n\nHello", ["damaged_text"])


def test_the_properties_of_the_document_are_data_too() -> None:
    source = docx.Document()
    source.core_properties.title = "Lease"
    store = "{6C3C8BC8-F283-45AE-878A-BAB7291924A1}"
    core = "http://schemas.openxmlformats.org/package/2006/metadata/core-properties"
    spaces = f"xmlns:ns0='http://purl.org/dc/elements/1.1/' xmlns:ns1='{core}'"
    xml = f"<w:p>{control('/ns1:coreProperties[1]/ns0:title[1]', store=store, spaces=spaces)}</w:p>"

    def put(members: dict[str, bytes]) -> None:
        members["word/document.xml"] = members["word/document.xml"].replace(
            b"<w:body>", f"<w:body>{xml}".encode()
        )

    assert parse(repacked(saved(source), put), "a.docx").text == "Lease"


def test_a_row_that_was_deleted_under_tracked_changes_is_not_read() -> None:
    def row(text: str, mark: str = "") -> str:
        cells = "".join(f"<w:tc><w:p><w:r><w:t>{word}</w:t></w:r></w:p></w:tc>" for word in text.split())
        return f"<w:tr>{f'<w:trPr>{mark}</w:trPr>' if mark else ''}{cells}</w:tr>"

    rows = row("Kind Days") + row("Annual 20", '<w:del w:id="1"/>') + row("Sick 10", '<w:ins w:id="2"/>')
    assert with_body(f"<w:tbl>{rows}</w:tbl>").text == "Kind | Days\nSick | 10\n\nHello"


def control(path: str, *, store: str = STORE, asks: bool = True, spaces: str = "") -> str:
    spaces = spaces or "xmlns:ns0='urn:contract' xmlns:ns1='urn:other'"
    binding = f'<w:dataBinding w:prefixMappings="{spaces}" w:xpath="{path}" w:storeItemID="{store}"/>'
    words = "".join(
        f"<w:r><w:t xml:space='preserve'>{part}</w:t></w:r>" for part in ("Click here", " to enter text.")
    )
    return (
        f"<w:sdt {WORD_SPACE}><w:sdtPr>{binding}{'<w:showingPlcHdr/>' * asks}</w:sdtPr>"
        f"<w:sdtContent>{words}</w:sdtContent></w:sdt>"
    )
