"""Files that are attached to a PDF, or stand on its pages: read behind it, under the caps of an archive."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import Any

import pytest
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    StreamObject,
    TextStringObject,
)

from corpus.errors import ParseError
from corpus.types import Document
from ingest.parsers import Limits, parse
from tests.ingest.paper import drawn, write
from tests.ingest.reports import PROSE, page_texts, rewritten
from tests.ingest.test_parsers_invoices import CROSS_INDUSTRY

RATES = b"Region;Rate\nKyoto;3,000 yen\nOsaka;2,500 yen\n"
NOTE = b"# Remote work\n\nRemote work from abroad is allowed for 20 days a year.\n"


def test_files_attached_to_a_pdf_or_a_page_are_read_behind_it_each_under_its_name() -> None:
    def attach(writer: Any) -> None:
        writer.add_attachment("remote.md", NOTE)
        writer.add_attachment("logo.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
        on_page(writer, "料金.csv", RATES)
        on_page(writer, "again.md", NOTE)

    document = read(attach)
    assert page_texts(document) == [
        PROSE,
        "remote.md\n\nRemote work\n\nRemote work from abroad is allowed for 20 days a year.",
        "料金.csv\n\nRegion | Rate\nKyoto | 3,000 yen\nOsaka | 2,500 yen",
    ]
    assert [(page.number, page.label) for page in document.pages] == [
        (1, ""),
        (2, "remote.md"),
        (3, "料金.csv"),
    ]
    assert [(note.code, note.message.split(" (")[0]) for note in document.notes] == [
        ("attachment_unread", "logo.png was not read")
    ]


def test_a_portfolio_is_what_it_holds_though_its_own_page_says_nothing() -> None:
    def attach(writer: Any) -> None:
        writer.root_object[NameObject("/Collection")] = DictionaryObject(
            {NameObject("/View"): NameObject("/D")}
        )
        kids = []
        for name, content in (
            ("a.md", NOTE),
            ("b.pdf", drawn(lambda canvas: write(canvas, PROSE, 70, 780, 450))),
        ):
            leaf = DictionaryObject(
                {
                    NameObject("/Names"): ArrayObject(
                        [TextStringObject(name), specified(writer, name, content)]
                    )
                }
            )
            kids.append(writer._add_object(leaf))
        tree = DictionaryObject({NameObject("/Kids"): ArrayObject(kids)})
        tree["/Kids"].append(writer._add_object(tree))  # a tree that leads back into itself
        writer.root_object[NameObject("/Names")] = DictionaryObject(
            {NameObject("/EmbeddedFiles"): tree.indirect_reference}
        )

    document = read(attach, said="")
    assert [page.label for page in document.pages] == ["", "a.md", "b.pdf"]
    assert page_texts(document)[2] == f"b.pdf\n\n{PROSE}"
    assert [note.code for note in document.notes] == ["empty_page"]


@pytest.mark.parametrize("relation", ["/Source", "/Alternative"])
def test_another_form_of_the_pages_is_not_read_again(relation: str) -> None:
    document = read(lambda writer: attach_as(writer, "invoice.xml", b"<Invoice>250.00</Invoice>", relation))
    assert document.text == PROSE
    assert [note.message for note in document.notes] == [
        "invoice.xml was not read (same): The PDF says that it is another form of what its pages show."
    ]


def test_what_unpacks_to_too_much_is_left_out_and_the_pages_are_read() -> None:
    def bomb(writer: Any) -> None:
        packer = zlib.compressobj(9)
        packed = b"".join(packer.compress(b"a" * 1_000_000) for _ in range(400)) + packer.flush()
        stream = attach_as(writer, "bomb.txt", b"", "")
        stream._data = packed
        stream[NameObject("/Filter")] = NameObject("/FlateDecode")
        writer.add_attachment("notes.md", NOTE)

    document = read(bomb)
    assert document.text == PROSE
    assert "archive_too_large" in document.notes[0].message


def test_more_files_than_an_archive_may_hold_are_counted_out() -> None:
    def many(writer: Any) -> None:
        for number in range(5):
            writer.add_attachment(f"{number}.md", NOTE + str(number).encode())

    document = read(many, limits=Limits(max_archive_members=3))
    assert [page.label for page in document.pages] == ["", "0.md", "1.md", "2.md"]
    assert [note.message for note in document.notes] == [
        "3.md, and what is attached after it, was not read (limit): There are too many attachments."
    ]


def test_in_another_file_they_are_named_and_alone_they_are_no_text() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("plan.pdf", paper(lambda writer: writer.add_attachment("remote.md", NOTE)))
    document = parse(packed.getvalue(), "all.zip")
    assert document.text == f"plan.pdf\n\n{PROSE}"
    assert [note.message.split(":")[1].strip() for note in document.notes] == [
        "remote.md was not read (nested)"
    ]
    with pytest.raises(ParseError, match="no text") as refused:
        read(lambda writer: writer.add_attachment("logo.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), said="")
    assert refused.value.code == "no_text"


def test_a_damaged_list_of_files_costs_the_pages_nothing() -> None:
    def damage(writer: Any) -> None:
        writer.add_attachment("remote.md", NOTE)
        names = writer.root_object["/Names"]["/EmbeddedFiles"]["/Names"]
        names[1] = writer._add_object(DictionaryObject({NameObject("/Type"): NameObject("/Filespec")}))

    document = read(damage)
    assert document.text == PROSE
    assert [note.code for note in document.notes] == ["attachment_unread"]


def read(attach: Any, said: str = PROSE, limits: Limits | None = None) -> Document:
    return parse(paper(attach, said), "report.pdf", limits or Limits())


def paper(attach: Any, said: str = PROSE) -> bytes:
    return rewritten(drawn(lambda canvas: write(canvas, said, 70, 780, 450)), attach)


def specified(writer: Any, name: str, content: bytes) -> Any:
    stream = StreamObject()
    stream.set_data(content)
    file = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Filespec"),
            NameObject("/UF"): TextStringObject(name),
            NameObject("/EF"): DictionaryObject({NameObject("/F"): writer._add_object(stream)}),
        }
    )
    return writer._add_object(file)


def on_page(writer: Any, name: str, content: bytes) -> None:
    note = {"/Type": "/Annot", "/Subtype": "/FileAttachment"}
    whole = DictionaryObject({NameObject(key): NameObject(value) for key, value in note.items()})
    whole[NameObject("/Rect")] = ArrayObject(map(NumberObject, (70, 700, 90, 720)))
    whole[NameObject("/FS")] = specified(writer, name, content)
    writer.add_annotation(0, whole)


def attach_as(writer: Any, name: str, content: bytes, relation: str) -> Any:
    writer.add_attachment(name, content)
    file = writer.root_object["/Names"]["/EmbeddedFiles"]["/Names"][-1].get_object()
    if relation:
        file[NameObject("/AFRelationship")] = NameObject(relation)
    return file["/EF"]["/F"].get_object()


def test_an_invoice_within_a_pdf_is_read_as_the_data_that_it_is() -> None:
    """Factur-X and ZUGFeRD: XML that the PDF calls its source, or another form of its pages."""
    for relation in ("/Source", "/Alternative", "/Data"):
        document = read(lambda writer, how=relation: attach_as(writer, "factur-x.xml", CROSS_INDUSTRY, how))
        assert [page.label for page in document.pages] == ["", "factur-x.xml"]
        assert "Grand total amount: 1190.00 EUR" in page_texts(document)[1]
        assert document.notes == ()


def test_a_source_is_read_where_it_says_something_else() -> None:
    same = read(lambda writer: attach_as(writer, "pages.md", f"# Report\n\n{PROSE}".encode(), "/Source"))
    assert same.text == PROSE
    assert [note.message for note in same.notes] == [
        "pages.md was not read (same): It says what the pages say."
    ]
    other = read(lambda writer: attach_as(writer, "remote.md", NOTE, "/Source"))
    assert [page.label for page in other.pages] == ["", "remote.md"]
    short = read(lambda writer: attach_as(writer, "number.md", b"#4711", "/Source"))
    assert "4711" in short.text
