"""What reviewers wrote beside a text or a slide is read as theirs, behind what it is about."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import docx
from pptx import Presentation

from corpus.types import Document
from ingest.parsers import parse
from tests.ingest.odf_files import content, package
from tests.ingest.packing import zipped

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
W14, W15 = (f"http://schemas.microsoft.com/office/word/{year}/wordml" for year in (2010, 2012))
P = "http://schemas.openxmlformats.org/presentationml/2006/main"
P188 = "http://schemas.microsoft.com/office/powerpoint/2018/8/main"
A = "http://schemas.openxmlformats.org/drawingml/2006/main"


def read(data: bytes, name: str) -> Document:
    return parse(data, name)


def saved(source: Any, more: Mapping[str, bytes | str] = MappingProxyType({})) -> bytes:
    buffer = io.BytesIO()
    source.save(buffer)
    with zipfile.ZipFile(buffer) as archive:
        members: dict[str, bytes | str] = {name: archive.read(name) for name in archive.namelist()}
    return zipped({**members, **more})


def test_remarks_of_word_stand_behind_what_they_are_about() -> None:
    source = docx.Document()
    rule = source.add_paragraph("A night costs 200.")
    source.add_comment(rule.runs, "Is it\n180?", author="Anna", initials="A")
    source.add_comment(rule.runs, "いいえ、200です。", author="田中", initials="T")
    for word in ("one", "two"):
        source.add_comment(source.add_paragraph(word, style="List Bullet").runs, f"on {word}", author="Bob")
    table = source.add_table(rows=1, cols=2)
    for cell, text in zip(table.rows[0].cells, ("Oslo", "200"), strict=True):
        cell.text = text
    source.add_comment(table.cell(0, 1).paragraphs[0].runs, "in euros", author="")
    source.add_paragraph("After.")
    assert read(saved(source), "a.docx").text == (
        "A night costs 200.\n\nComment (Anna): Is it 180?\n\nComment (田中): いいえ、200です。\n\n"
        "- one\n  Comment (Bob): on one\n- two\n  Comment (Bob): on two\n\nOslo | 200\n\nComment: in euros\n\nAfter."
    )


def word_remarks(*remarks: str) -> str:
    return f'<w:comments xmlns:w="{W}" xmlns:w14="{W14}">{"".join(remarks)}</w:comments>'


def test_a_closed_thread_an_empty_remark_and_one_on_nothing_are_told_apart() -> None:
    said = '<w:p w14:paraId="{0}{0}"><w:r><w:t>{1}</w:t></w:r></w:p>'
    remark = f'<w:comment w:id="{{0}}" w:author="Anna">{said}</w:comment>'
    parts: dict[str, bytes | str] = {
        "word/comments.xml": word_remarks(
            remark.format(7, "Right?"), remark.format(8, " "), remark.format(9, "On nothing.")
        ),
        "word/commentsExtended.xml": (
            f'<w15:commentsEx xmlns:w15="{W15}"><w15:commentEx w15:paraId="77" w15:done="1"/>'
            '<w15:commentEx w15:paraId="99" w15:done="0"/></w15:commentsEx>'
        ),
        "word/document.xml": (
            f'<w:document xmlns:w="{W}"><w:body><w:p><w:r><w:t>Rule.</w:t><w:commentReference w:id="7"/>'
            '<w:commentReference w:id="8"/><w:commentReference w:id="404"/></w:r></w:p></w:body></w:document>'
        ),
    }
    document = read(saved(docx.Document(), parts), "a.docx")
    assert document.text == "Rule.\n\nComment (Anna, resolved): Right?\n\nComment (Anna): On nothing."


def on_slides(parts: dict[str, str], authors: dict[str, str]) -> bytes:
    """Two slides, the remarks (part to XML) beside the first."""
    source = Presentation()
    for title in ("旅費", "Second"):
        made = source.slides.add_slide(source.slide_layouts[5])
        made.shapes.title.text = title
    related = "".join(
        f'<Relationship Id="rIdC{at}" Type="x/comments" Target="../comments/{name}"/>'
        for at, name in enumerate(parts)
    )
    with zipfile.ZipFile(io.BytesIO(saved(source))) as archive:
        old = archive.read("ppt/slides/_rels/slide1.xml.rels").decode()
    more: dict[str, bytes | str] = {f"ppt/comments/{name}": text for name, text in parts.items()}
    more["ppt/slides/_rels/slide1.xml.rels"] = old.replace("</Relationships>", f"{related}</Relationships>")
    return saved(source, {**more, **{f"ppt/{name}": text for name, text in authors.items()}})


def test_remarks_of_both_forms_of_powerpoint_stand_behind_their_slide() -> None:
    classic = (
        f'<p:cmLst xmlns:p="{P}"><p:cm authorId="0" idx="1"><p:pos x="1"/><p:text>Nice &amp; short</p:text></p:cm>'
        '<p:cm authorId="9" idx="2"><p:text>誰？</p:text></p:cm></p:cmLst>'
    )
    said = "<a:p><a:r><a:t>{}</a:t></a:r></a:p>"
    body = f"<p188:txBody><a:bodyPr/>{said}{said}</p188:txBody>"
    modern = (
        f'<p188:cmLst xmlns:p188="{P188}" xmlns:a="{A}"><p188:cm id="{{1}}" authorId="{{A}}" status="resolved">'
        f'<p188:replyLst><p188:reply id="{{2}}" authorId="{{B}}">{body.format("直しました。", "")}</p188:reply>'
        f"</p188:replyLst>{body.format('Old', 'rate')}</p188:cm></p188:cmLst>"
    )
    authors = {
        "commentAuthors.xml": f'<p:cmAuthorLst xmlns:p="{P}"><p:cmAuthor id="0" name="Anna"/></p:cmAuthorLst>',
        "authors.xml": (
            f'<p188:authorLst xmlns:p188="{P188}"><p188:author id="{{A}}" name="Bob"/>'
            '<p188:author id="{B}" name="田中"/></p188:authorLst>'
        ),
    }
    document = read(on_slides({"comment1.xml": classic, "modernComment_1.xml": modern}, authors), "a.pptx")
    first, second = (document.text[page.start : page.end] for page in document.pages)
    assert first == (
        "旅費\n\nComment (Anna): Nice & short\n\nComment: 誰？\n\n"
        "Comment (Bob, resolved): Old rate\n\nComment (田中, resolved): 直しました。"
    )
    assert second == "Second"


NOTE = (
    "<office:annotation{}><dc:creator>Anna</dc:creator><dc:date>2026-01-01</dc:date><text:p>{}</text:p>"
    "</office:annotation>"
)


def test_remarks_of_an_open_document_text_are_read_once() -> None:
    closed = (
        ' xmlns:l="urn:org:documentfoundation:names:experimental:office:xmlns:loext:1.0" l:resolved="true"'
    )
    box = f"<draw:frame><draw:text-box><text:p>box{NOTE.format('', 'in the box')}</text:p></draw:text-box></draw:frame>"
    body = (
        f"<text:p>Rule{NOTE.format(closed, '本当？')}.{box}</text:p>"
        f"<text:list><text:list-item><text:p>one{NOTE.format('', 'on one')}</text:p></text:list-item>"
        "<text:list-item><text:p>two</text:p></text:list-item></text:list>"
        f"<table:table><table:table-row><table:table-cell><text:p>Oslo{NOTE.format('', 'in a cell')}</text:p>"
        "</table:table-cell><table:table-cell><text:p>200</text:p></table:table-cell></table:table-row></table:table>"
    )
    assert read(package(content(body)), "a.odt").text == (
        "Rule.\n\nComment (Anna, resolved): 本当？\n\nbox\n\nComment (Anna): in the box\n\n"
        "- one\n  Comment (Anna): on one\n- two\n\nOslo | 200\n\nComment (Anna): in a cell"
    )


def test_remarks_on_a_slide_of_an_open_document_are_no_part_of_its_title() -> None:
    words = f"<draw:text-box><text:p>旅費{NOTE.format('', 'x')}</text:p></draw:text-box>"
    title = f'<draw:frame presentation:class="title">{words}</draw:frame>'
    shown = content(f"<draw:page>{NOTE.format('', 'Nice')}{title}</draw:page>", kind="presentation")
    assert (
        read(package(shown, "presentation"), "a.odp").text
        == "旅費\n\nComment (Anna): x\n\nComment (Anna): Nice"
    )
    older = shown.replace(
        "<office:annotation>", '<o:annotation xmlns:o="http://openoffice.org/2009/office">', 1
    )
    assert (
        "Comment (Anna): Nice"
        in read(
            package(older.replace("</office:annotation>", "</o:annotation>", 1), "presentation"), "a.odp"
        ).text
    )
