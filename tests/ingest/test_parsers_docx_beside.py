"""What stands beside the text of Word documents: text boxes, drawn words, contents, and the parts of the file."""

from __future__ import annotations

import docx
import pytest

from corpus.errors import ParseError
from ingest.parsers import parse
from tests.ingest.word_files import WORD_SPACE, hello, repacked, saved, with_body

VML = "urn:schemas-microsoft-com:vml"
DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"


def paragraph(text: str, style: str = "", more: str = "", own: str = "") -> str:
    named = f'<w:pStyle w:val="{style}"/>' if style else ""
    return f"<w:p><w:pPr>{named}{own}</w:pPr><w:r>{more}<w:t xml:space='preserve'>{text}</w:t></w:r></w:p>"


def box(*paragraphs: str) -> str:
    return (
        f'<w:pict><v:shape xmlns:v="{VML}"><v:textbox><w:txbxContent>{"".join(paragraphs)}</w:txbxContent></v:textbox>'
        "</v:shape></w:pict>"
    )


def kinds(xml: str) -> list[tuple[str, str]]:
    document = with_body(xml)
    return [(one.kind, document.text[one.start : one.end]) for one in document.blocks][:-1]


def test_a_text_box_stands_behind_the_paragraph_that_it_is_tied_to() -> None:
    row = f"<w:tr><w:tc>{paragraph('Open')}</w:tc><w:tc>{paragraph('9 to 5')}</w:tc></w:tr>"
    hours = box(paragraph("Hours"), f"<w:tbl>{row}{row}</w:tbl>", paragraph("Closed on Sunday"))
    assert kinds(paragraph("Fees", "Heading1", hours) + paragraph("Text", more=box(paragraph("Beside")))) == [
        ("heading", "Fees"),
        ("paragraph", "Hours"),
        ("table", "Open | 9 to 5\nOpen | 9 to 5"),
        ("paragraph", "Closed on Sunday"),
        ("paragraph", "Text"),
        ("paragraph", "Beside"),
    ]


def test_a_text_box_in_a_cell_is_apart_from_its_words() -> None:
    cell = f"<w:tc>{paragraph('Grade', more=box(paragraph('New')))}</w:tc>"
    assert kinds(f"<w:tbl><w:tr>{cell}{cell}</w:tr></w:tbl>") == [("table", "Grade New | Grade New")]


def test_words_drawn_as_shapes_are_read() -> None:
    def drawn(text: str) -> str:
        return f'<w:pict><v:shape xmlns:v="{VML}"><v:textpath string="{text}"/></v:shape></w:pict>'

    lines = "".join(f"<a:p><a:r><a:t>{text}</a:t></a:r></a:p>" for text in ("Site plan", "Gate B"))
    canvas = f'<w:drawing><a:txBody xmlns:a="{DRAWING}">{lines}</a:txBody></w:drawing>'
    assert kinds(paragraph("", more=drawn("Open day")) + paragraph("", more=canvas)) == [
        ("paragraph", "Open day"),
        ("paragraph", "Site plan\nGate B"),
    ]


STYLES = "".join(
    f'<w:style {WORD_SPACE} w:type="paragraph" w:styleId="{identifier}"><w:name w:val="{name}"/></w:style>'
    for identifier, name in (("TOC1", "toc 1"), ("Verzeichnis2", "toc 2"), ("Abb", "table of figures"))
)


def test_contents_are_left_out_and_their_pages_counted() -> None:
    link = f'<w:hyperlink w:anchor="_Toc9">{"<w:r><w:t>1.1 Trains</w:t></w:r>"}</w:hyperlink>'
    field = "<w:instrText>PAGEREF _Toc36 \\h</w:instrText>"
    xml = (
        paragraph("1 Travel\t4", "TOC1")
        + paragraph("1.2 Cars\t5", more=field)
        + f'<w:p><w:pPr><w:pStyle w:val="Verzeichnis2"/></w:pPr>{link}</w:p>'
        + paragraph("Figure 2 …… xii", "Abb", "<w:br w:type='page'/>")
        + paragraph("Whoever travels asks first.", "TOC1")
        + paragraph("By train.")
    )

    def put(members: dict[str, bytes]) -> None:
        members["word/styles.xml"] = members["word/styles.xml"].replace(
            b"</w:styles>", STYLES.encode() + b"</w:styles>"
        )
        body = members["word/document.xml"].replace(b"<w:body>", f"<w:body>{xml}".encode())
        members["word/document.xml"] = body

    document = parse(repacked(hello(), put), "a.docx")
    assert document.text == "Whoever travels asks first.\n\nBy train.\n\nHello"
    assert [document.text[page.start : page.end] for page in document.pages] == ["", document.text]


TO_PAGE = "<w:r><w:instrText> PAGEREF _Toc36 \\h </w:instrText></w:r>"


def words(text: str) -> str:
    return f'<w:r><w:t xml:space="preserve">{text}</w:t></w:r>'


@pytest.mark.parametrize(
    "before",
    [
        "<w:r><w:t>Cars</w:t><w:tab/></w:r>",
        words("Cars ……"),
        words("Cars . . . "),
        f'<w:hyperlink w:anchor="_Toc36">{words("Cars")}</w:hyperlink>{words(" ")}',
        f'<w:pPr><w:tabs><w:tab w:val="right"/></w:tabs></w:pPr>{words("Cars")}<w:r><w:ptab/></w:r>',
    ],
    ids=["tab", "leaders", "dots", "link", "tab of the margin"],
)
def test_contents_of_no_style_are_left_out(before: str) -> None:
    assert with_body(f"<w:p>{before}{TO_PAGE}{words('12')}</w:p>").text == "Hello"


@pytest.mark.parametrize(
    "before",
    [
        words("Staff get 25 days; see Annual leave on page "),
        words("See ") + f'<w:hyperlink w:anchor="_Toc36">{words("Annual leave, page ")}</w:hyperlink>',
        f'<w:pPr><w:tabs><w:tab w:val="right"/></w:tabs></w:pPr>{words("25 days; see page ")}',
        "<w:r><w:t>Leave</w:t><w:tab/><w:t xml:space='preserve'>25 days; see page </w:t></w:r>",
    ],
    ids=["sentence", "link in it", "tabs that are set", "tab in it"],
)
def test_a_sentence_that_ends_in_the_page_of_a_heading_is_text(before: str) -> None:
    assert with_body(f"<w:p>{before}{TO_PAGE}{words('12')}</w:p>").text.endswith("page 12\n\nHello")


def test_contents_alone_are_read() -> None:
    def put(members: dict[str, bytes]) -> None:
        members["word/styles.xml"] = members["word/styles.xml"].replace(
            b"</w:styles>", STYLES.encode() + b"</w:styles>"
        )
        whole = f"<w:document {WORD_SPACE}><w:body>{paragraph('1 Travel 4', 'TOC1')}</w:body></w:document>"
        members["word/document.xml"] = whole.encode()

    assert parse(repacked(hello(), put), "a.docx").text == "1 Travel 4"


def test_a_document_of_pictures_alone_says_so() -> None:
    def put(members: dict[str, bytes]) -> None:
        members["word/document.xml"] = f"<w:document {WORD_SPACE}><w:body/></w:document>".encode()
        members["word/media/image1.png"] = members["word/media/image2.jpeg"] = b"\x89PNG"

    with pytest.raises(ParseError) as caught:
        parse(repacked(hello(), put), "a.docx")
    assert caught.value.code == "no_text"
    assert caught.value.message == "a.docx holds no text but 2 pictures; those are read in PDF alone."


def test_a_document_of_hidden_text_alone_says_so() -> None:
    run = "<w:r><w:rPr><w:vanish/></w:rPr><w:t>Secret</w:t></w:r>"

    def put(members: dict[str, bytes]) -> None:
        whole = f"<w:document {WORD_SPACE}><w:body><w:p>{run}</w:p></w:body></w:document>"
        members["word/document.xml"] = whole.encode()

    with pytest.raises(ParseError) as caught:
        parse(repacked(hello(), put), "a.docx")
    assert caught.value.code == "no_text"
    assert caught.value.message == (
        "a.docx holds no text that is seen. 6 characters of hidden runs were left out."
    )


@pytest.mark.parametrize(
    ("first", "rest", "whole"), [("T", "he fee", "The fee"), ("The", " fee", "The fee"), ("会", "社", "会社")]
)
def test_a_large_first_letter_is_part_of_its_word(first: str, rest: str, whole: str) -> None:
    frame = '<w:framePr w:dropCap="drop" w:lines="3"/>'
    assert kinds(paragraph(first, own=frame) + paragraph(rest)) == [("paragraph", whole)]


def test_the_parts_of_a_document_may_have_any_names() -> None:
    source = docx.Document()
    source.add_heading("Travel", 1)

    def rename(members: dict[str, bytes]) -> None:
        for name, other in (("document", "trial"), ("styles", "looks")):
            members[f"word/{other}.xml"] = members.pop(f"word/{name}.xml")
            for place in ("[Content_Types].xml", "_rels/.rels", "word/_rels/document.xml.rels"):
                members[place] = members[place].replace(f"{name}.xml".encode(), f"{other}.xml".encode())
        members["word/_rels/trial.xml.rels"] = members.pop("word/_rels/document.xml.rels")

    document = parse(repacked(saved(source), rename), "a.docx")
    assert [(one.kind, one.level) for one in document.blocks] == [("heading", 1)]


def test_styles_of_the_strict_variant_are_known() -> None:
    source = docx.Document()
    source.add_heading("Travel", 2)

    def restrict(members: dict[str, bytes]) -> None:
        for name in ("word/document.xml", "word/styles.xml"):
            members[name] = members[name].replace(
                b"http://schemas.openxmlformats.org/wordprocessingml/2006/main",
                b"http://purl.oclc.org/ooxml/wordprocessingml/main",
            )

    document = parse(repacked(saved(source), restrict), "a.docx")
    assert [(one.kind, one.level) for one in document.blocks] == [("heading", 2)]


@pytest.mark.parametrize("part", ["word/styles.xml", "docProps/core.xml", "word/numbering.xml"])
def test_a_damaged_part_beside_the_text_is_noted(part: str) -> None:
    def damage(members: dict[str, bytes]) -> None:
        members[part] = members[part][:-9]

    document = parse(repacked(hello(), damage), "a.docx")
    assert (document.text, [note.code for note in document.notes]) == ("Hello", ["damaged_text"])
    assert (
        document.notes[0].message == f"{part} is damaged and was not read: see whether anything is missing."
    )


def test_names_without_a_namespace_damage_no_text() -> None:
    def loosen(members: dict[str, bytes]) -> None:
        members["word/document.xml"] = members["word/document.xml"].replace(
            b"<w:body>", b"<w:body><w:p ext:new='1' xml:id=''><w:r><w:t>Fees</w:t></w:r><ext:mark/></w:p>"
        )

    assert parse(repacked(hello(), loosen), "a.docx").text == "Fees\n\nHello"


def inner(text: str) -> bytes:
    source = docx.Document()
    source.add_heading("Inside", 2)
    table = source.add_table(2, 2)
    for cell, said in zip(
        [*table.rows[0].cells, *table.rows[1].cells], ("City", "Rate", text, "200"), strict=True
    ):
        cell.text = said
    return saved(source)


@pytest.mark.parametrize(
    ("part", "data", "shown"),
    [
        ("word/afchunk1.docx", inner("Oslo"), [("heading", "Inside"), ("table", "City | Rate\nOslo | 200")]),
        ("word/afchunk1.rtf", rb"{\rtf1\ansi\pard Caf\'e9\par}", [("paragraph", "Café")]),
        ("word/afchunk1.txt", "大阪".encode("utf-16"), [("paragraph", "大阪")]),
        ("word/afchunk1.txt", b" ", []),
        ("word/afchunk1.docx", inner("Oslo")[:400], None),
    ],
)
def test_a_file_in_the_place_of_text_is_read(
    part: str, data: bytes, shown: list[tuple[str, str]] | None
) -> None:
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    chunk = f'<w:altChunk xmlns:r="{relation}" r:id="chunk"/>'

    def put(members: dict[str, bytes]) -> None:
        rels = members["word/_rels/document.xml.rels"].decode()
        one = f'<Relationship Id="chunk" Type="{relation}/aFChunk" Target="/{part}"/></Relationships>'
        members["word/_rels/document.xml.rels"] = rels.replace("</Relationships>", one).encode()
        body = members["word/document.xml"].replace(
            b"<w:body>", f"<w:body>{paragraph('Before')}{chunk}".encode()
        )
        members.update({"word/document.xml": body, part: data})

    document = parse(repacked(hello(), put), "a.docx")
    found = [(one.kind, document.text[one.start : one.end]) for one in document.blocks]
    assert found == [("paragraph", "Before"), *(shown or []), ("paragraph", "Hello")]
    assert [note.code for note in document.notes] == ([] if shown is not None else ["attachment_unread"])
