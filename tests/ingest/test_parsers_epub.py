"""Books: chapters as pages in reading order, locks, and books that mean harm."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from corpus.errors import LimitError, ParseError
from corpus.types import Document
from ingest.parsers import parse
from ingest.parsers.detection import EPUB
from tests.ingest.packing import zipped

FILES = Path(__file__).parent / "files"
CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles>'
    '<rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)
PACKAGE = """<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/">
<metadata><dc:title>就業規則の本</dc:title><dc:language>ja-JP</dc:language><dc:date>2024-03-01</dc:date>
<dc:creator>総務部</dc:creator></metadata>
<manifest><item id="toc" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="two" href="text/two%20b.xhtml" media-type="application/xhtml+xml"/>
<item id="one" href="text/one.xhtml" media-type="application/xhtml+xml"/>
<item id="cover" href="cover.xhtml" media-type="application/xhtml+xml"/></manifest>
<spine><itemref idref="cover"/><itemref idref="toc"/><itemref idref="one"/><itemref idref="two"/></spine></package>"""


def page(body: str, title: str = "<title/>") -> str:
    return (
        f'<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml">'
        f"<head>{title}</head><body>{body}</body></html>"
    )


def members() -> dict[str, bytes | str]:
    return {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": CONTAINER,
        "OEBPS/book.opf": PACKAGE,
        "OEBPS/cover.xhtml": page('<img src="cover.jpg"/>'),
        "OEBPS/nav.xhtml": page("<nav><ol><li>Contents</li></ol></nav>"),
        "OEBPS/text/two b.xhtml": page("<p>後の文。</p>", "<title>第二章</title>"),
        "OEBPS/text/one.xhtml": page(
            "<h1>第一章</h1><p><a id='x'/>休暇&nbsp;は二十日。</p><ul><li>one</li></ul>"
        ),
        "OEBPS/unlisted.xhtml": page("<p>unlisted</p>"),
    }


def read(content: dict[str, bytes | str]) -> Document:
    return parse(zipped(content), "book.epub")


def test_chapters_are_pages_in_reading_order() -> None:
    document = read(members())
    assert [(p.number, p.label, document.text[p.start : p.end]) for p in document.pages] == [
        (1, "第一章", "第一章\n\n休暇 は二十日。\n\n- one"),
        (2, "第二章", "後の文。"),
    ]
    assert (document.title, document.language, document.content_type) == ("就業規則の本", "ja", EPUB)
    assert document.date == datetime(2024, 3, 1, tzinfo=UTC)
    assert document.metadata["author"] == "総務部"


def test_a_book_of_an_office_suite_is_read() -> None:
    document = parse((FILES / "policy.epub").read_bytes(), "policy.epub")
    assert "東京 | 18,000円 | 2,000円" in document.text
    assert "この規程は、社員の出張について定める。テスト表示①㈱。" in document.text
    assert len(document.pages) == 2


def test_words_in_drawings_are_read_on_pages_of_their_own_and_within_others() -> None:
    drawing = (
        '<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/g/svg11.dtd">'
        '<svg xmlns="http://www.w3.org/2000/svg"><title>cover</title><defs><text>unused</text></defs><g><text x="1">'
        '第一<tspan>章</tspan><tspan x="0" dy="2">出張</tspan></text><text style="display:none">no</text></g>{}</svg>'
    )
    content = members()
    content["OEBPS/cover.xhtml"] = drawing.format("<text>上限は一万円</text>")
    content["OEBPS/text/one.xhtml"] = page(
        f"<p>See {drawing[drawing.index('<svg') :].format('')} here.</p><svg><title>T</title></svg>"
    )
    content["OEBPS/book.opf"] = PACKAGE.replace(
        'href="cover.xhtml" media-type="application/xhtml+xml"',
        'href="cover.xhtml" media-type="image/svg+xml"',
    )
    document = read(content)
    assert [document.text[one.start : one.end] for one in document.pages] == [
        "第一章 出張\n\n上限は一万円", "See 第一章 出張 here.", "後の文。",
    ]  # fmt: skip


def lock(method: str) -> str:
    return (
        '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" '
        'xmlns:e="http://www.w3.org/2001/04/xmlenc#"><e:EncryptedData>'
        f'<e:EncryptionMethod Algorithm="{method}"/></e:EncryptedData></encryption>'
    )


def test_names_in_another_case_several_authors_and_the_date_of_the_third_version_are_read() -> None:
    content = members()
    content["OEBPS/Text/One.xhtml"] = content.pop("OEBPS/text/one.xhtml")
    content["OEBPS/book.opf"] = PACKAGE.replace(
        "<dc:date>2024-03-01</dc:date>",
        '<dc:creator>人事部</dc:creator><meta property="dcterms:modified">2026-01-02T03:04:05Z</meta>',
    )
    document = read(content)
    assert [page.label for page in document.pages] == ["第一章", "第二章"]
    assert not document.notes
    assert document.date == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert document.metadata["author"] == "人事部, 総務部"


def test_a_sellers_lock_is_named_and_scrambled_fonts_are_none() -> None:
    fonts = {**members(), "META-INF/encryption.xml": lock("http://www.idpf.org/2008/embedding")}
    assert "二十日" in read(fonts).text
    with pytest.raises(ParseError) as caught:
        read({**members(), "META-INF/encryption.xml": lock("http://www.w3.org/2001/04/xmlenc#aes128-cbc")})
    assert caught.value.code == "encrypted"


def test_a_missing_chapter_is_told() -> None:
    content = members()
    del content["OEBPS/text/one.xhtml"]
    document = read(content)
    assert document.text == "後の文。"
    assert [note.code for note in document.notes] == ["damaged_text"]


def test_a_table_of_contents_among_the_chapters_is_left_out_and_words_beside_it_are_not() -> None:
    links = [("text/one.xhtml", "第一章"), ("text/one.xhtml#x", "休暇"), ("text/two%20b.xhtml", "第二章")]
    as_headings = "".join(f'<h4><a href="{href}">{text}</a></h4>' for href, text in links)
    as_list = "".join(f'<li><a href="{href}">{text}</a></li>' for href, text in links)
    content = members()
    content["OEBPS/cover.xhtml"] = page(f"<h1>目次</h1>{as_headings}<p>無断転載を禁じます。</p>")
    assert read(content).text.startswith("目次\n\n無断転載を禁じます。\n\n第一章\n\n休暇")
    content["OEBPS/cover.xhtml"] = page(f"<p>はじめに。</p><ol>{as_list}</ol>")
    assert read(content).text.startswith("はじめに。\n\n第一章\n\n休暇")
    sentence = (
        '<p>休暇は<a href="text/one.xhtml">第一章</a>にある。</p>'
        + as_headings[: as_headings.find("</h4>") + 5]
    )
    content["OEBPS/cover.xhtml"] = page(sentence)
    assert read(content).text.startswith("休暇は第一章にある。\n\n第一章\n\n第一章")


def test_names_are_keys_and_never_paths() -> None:
    content = members()
    content["OEBPS/book.opf"] = PACKAGE.replace("text/one.xhtml", "../../../../etc/passwd")
    assert read(content).text == "後の文。"


def test_entities_are_not_expanded() -> None:
    laughs = "<!DOCTYPE html [<!ENTITY a 'haha'><!ENTITY b '&a;&a;&a;&a;'>]>"
    content = members()
    content["OEBPS/text/two b.xhtml"] = page("<p>x &b; y</p>").replace("<!DOCTYPE html>", laughs)
    assert "haha" not in read(content).text
    content["OEBPS/book.opf"] = laughs + PACKAGE
    with pytest.raises(ParseError) as caught:
        read(content)
    assert caught.value.code == "unsafe_xml"


def test_a_bomb_is_refused() -> None:
    with pytest.raises(LimitError) as caught:
        read({**members(), "OEBPS/zeros.xhtml": b"0" * 20_000_000})
    assert caught.value.code == "archive_too_large"


def test_a_missing_part_is_named_or_found() -> None:
    content = members()
    del content["META-INF/container.xml"]
    assert len(read(content).pages) == 2
    del content["OEBPS/book.opf"]
    with pytest.raises(ParseError) as caught:
        read(content)
    assert caught.value.code == "damaged_file"


def test_a_note_on_another_page_leads_back_without_a_mark() -> None:
    back = '<a href="one.xhtml#r1" xmlns:epub="http://www.idpf.org/2007/ops" epub:type="backlink">↩</a>'
    note = f"<ol><li><p>Not for interns. {back}</p></li></ol>"
    document = read(members() | {"OEBPS/text/two b.xhtml": page(note)})
    assert document.text.endswith("1. Not for interns.")
