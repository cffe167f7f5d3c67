"""Electronic invoices: both kinds of XML, alone and within a PDF."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.errors import ParseError
from ingest.discovery import discover
from ingest.parsers import parse
from ingest.parsers.detection import INVOICE, detect_type

CII = "urn:un:unece:uncefact:data:standard:"
LINE = (
    "<ram:IncludedSupplyChainTradeLineItem><ram:AssociatedDocumentLineDocument><ram:LineID>{0}</ram:LineID>"
    "</ram:AssociatedDocumentLineDocument><ram:SpecifiedTradeProduct><ram:Name>{1}</ram:Name></ram:SpecifiedTradeProduct>"
    "<ram:SpecifiedLineTradeDelivery><ram:BilledQuantity unitCode='H87'>{2}</ram:BilledQuantity>"
    "</ram:SpecifiedLineTradeDelivery></ram:IncludedSupplyChainTradeLineItem>"
)
CROSS_INDUSTRY = (
    f"<?xml version='1.0' encoding='UTF-8'?>\n<!-- made by a test --><rsm:CrossIndustryInvoice xmlns:rsm='{CII}"
    f"CrossIndustryInvoice:100' xmlns:ram='{CII}ReusableAggregateBusinessInformationEntity:100' xmlns:udt='{CII}"
    "UnqualifiedDataType:100'><rsm:ExchangedDocument><ram:ID>2026-0815</ram:ID><ram:TypeCode>380</ram:TypeCode>"
    "<ram:IssueDateTime><udt:DateTimeString format='102'>20261103</udt:DateTimeString></ram:IssueDateTime>"
    "</rsm:ExchangedDocument><rsm:SupplyChainTradeTransaction>"
    + LINE.format(1, "Desk", 3)
    + LINE.format(2, "Chair", 4)
    + "<ram:ApplicableHeaderTradeAgreement><ram:SellerTradeParty><ram:Name>Nordwerk GmbH</ram:Name>"
    "<ram:PostalTradeAddress><ram:CityName>Kiel</ram:CityName></ram:PostalTradeAddress></ram:SellerTradeParty>"
    "<ram:BuyerTradeParty><ram:Name>Acme AG</ram:Name></ram:BuyerTradeParty></ram:ApplicableHeaderTradeAgreement>"
    "<ram:ApplicableHeaderTradeSettlement><ram:SpecifiedTradePaymentTerms><ram:DueDateDateTime>"
    "<udt:DateTimeString format='102'>20261203</udt:DateTimeString></ram:DueDateDateTime>"
    "</ram:SpecifiedTradePaymentTerms><ram:GrandTotalAmount currencyID='EUR'>1190.00</ram:GrandTotalAmount>"
    "</ram:ApplicableHeaderTradeSettlement></rsm:SupplyChainTradeTransaction></rsm:CrossIndustryInvoice>"
).encode()
PEPPOL = """<?xml version="1.0" encoding="UTF-8"?>
<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
 xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
 xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
<cbc:ID>請求-17</cbc:ID><cbc:IssueDate>2026-11-03</cbc:IssueDate>
<cac:AccountingSupplierParty><cac:Party><cac:PartyName><cbc:Name>青空商事株式会社</cbc:Name></cac:PartyName>
<cac:PartyTaxScheme><cbc:CompanyID>T1234567890123</cbc:CompanyID></cac:PartyTaxScheme></cac:Party></cac:AccountingSupplierParty>
<cac:LegalMonetaryTotal><cbc:PayableAmount currencyID="JPY">110000</cbc:PayableAmount></cac:LegalMonetaryTotal>
<cac:InvoiceLine><cbc:ID>1</cbc:ID><cbc:InvoicedQuantity unitCode="HUR">8</cbc:InvoicedQuantity></cac:InvoiceLine>
</Invoice>""".encode()


def test_a_cross_industry_invoice_is_sections_and_a_table_of_its_lines() -> None:
    document = parse(CROSS_INDUSTRY, "factur-x.xml")
    assert (document.title, document.content_type) == ("Invoice 2026-0815", INVOICE)
    shown = [(block.kind, document.text[block.start : block.end]) for block in document.blocks]
    assert ("paragraph", "ID: 2026-0815\nType code: 380\nIssue date time: 2026-11-03") in shown
    lines = "Line ID | Name | Billed quantity\n1 | Desk | 3 pieces\n2 | Chair | 4 pieces"
    assert ("table", lines) in shown
    for line in (
        "Seller trade party: Name: Nordwerk GmbH",
        "Seller trade party: City name: Kiel",
        "Buyer trade party: Name: Acme AG",
        "Grand total amount: 1190.00 EUR",
        "Due date date time: 2026-12-03",
    ):
        assert line in document.text


def test_an_invoice_of_peppol_is_read_in_japanese_too() -> None:
    document = parse(PEPPOL, "digital.xml")
    assert document.title == "Invoice 請求-17"
    for said in ("青空商事株式会社", "T1234567890123", "110000 JPY", "8 hours", "Issue date: 2026-11-03"):
        assert said in document.text


@given(st.lists(st.text("ABCabc", min_size=1, max_size=6), min_size=1, max_size=8))
def test_every_value_is_kept(values: list[str]) -> None:
    fields = "".join(
        f"<cbc:Note>{value}</cbc:Note><cac:Some><cbc:Other><cbc:{value}>x{at}y</cbc:{value}></cbc:Other></cac:Some>"
        for at, value in enumerate(values)
    )
    document = parse(PEPPOL.replace(b"<cbc:ID>\xe8", fields.encode() + b"<cbc:ID>\xe8", 1), "a.xml")
    assert all(value in document.text and f"x{at}y" in document.text for at, value in enumerate(values))


@pytest.mark.parametrize(("told", "shown"), [("filename='hours.pdf'", "hours.pdf"), ("", "a file")])
def test_of_a_file_that_was_put_in_stands_the_name(told: str, shown: str) -> None:
    tag = "cbc:EmbeddedDocumentBinaryObject"
    held = f"<cac:Attachment><{tag} {told}>{'QUJD' * 9000}</{tag}></cac:Attachment>"
    document = parse(PEPPOL.replace(b"</Invoice>", f"{held}</Invoice>".encode()), "a.xml")
    assert shown in document.text
    assert "QUJD" not in document.text
    assert [note.code for note in document.notes] == ["attachment_unread"]


def test_other_xml_stays_text_and_entities_are_refused(tmp_path: Path) -> None:
    assert detect_type(b"<Invoice>250.00</Invoice>", "a.xml").content_type != INVOICE
    with pytest.raises(ParseError) as caught:
        parse(PEPPOL.replace(b"<Invoice", b"<!DOCTYPE Invoice [<!ENTITY a 'b'>]><Invoice", 1), "a.xml")
    assert caught.value.code == "unsafe_xml"


@pytest.mark.parametrize(
    ("name", "before"),
    [
        ("how.html", "<html><body>So: <pre>"),
        ("how.md", "<p>So:</p>\n"),
        ("list.xml", "<a><b/>"),
        ("x.txt", "So:\n"),
    ],
)
def test_what_only_shows_an_invoice_is_read_as_what_it_is(name: str, before: str) -> None:
    shown = PEPPOL[PEPPOL.index(b"<Invoice") : PEPPOL.index(b"<cac:")]
    document = parse(before.encode() + shown, name)
    assert document.content_type != INVOICE
    assert "2026-11-03" in document.text


def test_an_invoice_in_its_envelope_is_one() -> None:
    envelope = b"<e:StandardBusinessDocument xmlns:e='urn:e'><e:Header/>%b</e:StandardBusinessDocument>"
    document = parse(envelope % PEPPOL[PEPPOL.index(b"<Invoice") :], "sent.xml")
    assert (document.content_type, "110000 JPY" in document.text) == (INVOICE, True)


def test_a_folder_gives_its_invoices_and_no_other_xml(tmp_path: Path) -> None:
    (tmp_path / "digital.xml").write_bytes(PEPPOL)
    (tmp_path / "settings.xml").write_text("<settings><a>1</a></settings>")
    found = discover([tmp_path])
    assert [file.path for file in found.files] == ["digital.xml"]
    assert [path for path, _, _ in found.skipped] == ["settings.xml"]
