"""What stands in a Word document beside its words: charts, equations, SmartArt, pages of other programs."""

from __future__ import annotations

import docx
import docx.shared
from lxml import etree

from ingest.parsers import parse
from ingest.parsers.equations import write_equation
from tests.ingest.word_files import repacked, saved, with_body


def test_a_chart_is_read_where_it_stands() -> None:
    document = docx.Document()
    document.add_paragraph("Before.")
    run = document.add_paragraph()._p.add_r()
    c, r = ("http://schemas.openxmlformats.org/drawingml/2006/chart",
            "http://schemas.openxmlformats.org/officeDocument/2006/relationships")  # fmt: skip
    run.append(etree.fromstring(f'<c:chart xmlns:c="{c}" xmlns:r="{r}" r:id="rIdChart"/>'))
    document.add_paragraph("After.")

    def points(kind: str, *values: str) -> str:
        held = "".join(f'<c:pt idx="{at}"><c:v>{value}</c:v></c:pt>' for at, value in enumerate(values))
        return f"<c:{kind}>{held}</c:{kind}>"

    def change(parts: dict[str, bytes]) -> None:
        rels = parts["word/_rels/document.xml.rels"].decode()
        relation = (
            f'<Relationship Id="rIdChart" Type="{r}/chart" Target="charts/chart1.xml"/></Relationships>'
        )
        parts["word/_rels/document.xml.rels"] = rels.replace("</Relationships>", relation).encode()
        series = (
            f"<c:tx>{points('strCache', '売上')}</c:tx><c:cat>{points('strCache', '4月', '5月')}</c:cat>"
            f"<c:val>{points('numCache', '0.30000000000000004', '12')}</c:val>"
        )
        parts["word/charts/chart1.xml"] = (
            f'<c:chartSpace xmlns:c="{c}"><c:chart><c:ser>{series}</c:ser></c:chart></c:chartSpace>'
        ).encode()

    found = parse(repacked(saved(document), change), "a.docx")
    assert found.text == "Before.\n\n| 売上\n4月 | 0.3\n5月 | 12\n\nAfter."


def test_equations_keep_what_is_over_under_and_raised() -> None:
    def m(tag: str, *inner: str) -> str:
        return f"<m:{tag}>{''.join(inner)}</m:{tag}>"

    def t(text: str) -> str:
        return f"<m:r><m:t>{text}</m:t></m:r>"

    def power(base: str, above: str) -> str:
        return m("sSup", m("e", base), m("sup", t(above)))

    root = m("rad", m("deg"), m("e", power(t("b"), "2"), t("-4ac")))
    solution = t("x=") + m("f", m("num", t("-b±"), root), m("den", t("2a")))
    total = '<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr>' + m("sub", t("n=1")) + m("sup", t("9"))
    total += m("e", power(m("f", m("num", t("n")), m("den", t("k"))), "2")) + "</m:nary>"
    root_element = etree.fromstring(
        f'<m:oMath xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math">{solution}{t(";")}{total}</m:oMath>'
    )
    assert write_equation(root_element) == "x=(-b±√(b^2-4ac))/2a;∑_(n=1)^9 (n/k)^2"


def test_the_words_of_smartart_are_read_where_it_stands() -> None:
    a, d, r = ("http://schemas.openxmlformats.org/drawingml/2006/main", "http://schemas.openxmlformats.org/drawingml/2006/diagram",
               "http://schemas.openxmlformats.org/officeDocument/2006/relationships")  # fmt: skip
    document = docx.Document()
    document.add_paragraph("Before.")
    document.add_paragraph()._p.add_r().append(
        etree.fromstring(f'<d:relIds xmlns:d="{d}" xmlns:r="{r}" r:dm="rIdArt"/>')
    )
    document.add_paragraph("After.")
    point = "<d:pt><d:t><a:p><a:r><a:t>{}</a:t></a:r></a:p></d:t></d:pt>"
    points = "".join(map(point.format, ("Plan", "計画", "")))

    def change(parts: dict[str, bytes]) -> None:
        rels = parts["word/_rels/document.xml.rels"].decode()
        relation = (
            f'<Relationship Id="rIdArt" Type="{r}/diagramData" Target="diagrams/data1.xml"/></Relationships>'
        )
        parts["word/_rels/document.xml.rels"] = rels.replace("</Relationships>", relation).encode()
        parts["word/diagrams/data1.xml"] = (
            f'<d:dataModel xmlns:d="{d}" xmlns:a="{a}"><d:ptLst>{points}</d:ptLst></d:dataModel>'.encode()
        )

    found = parse(repacked(saved(document), change), "a.docx")
    assert found.text == "Before.\n\n- Plan\n- 計画\n\nAfter."


def test_a_page_that_a_program_put_into_a_document_is_read_or_told() -> None:
    chunk = (
        '<w:altChunk xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" r:id="a"/>'
    )
    relations = (
        b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        b'<Relationship Id="a" Type="aFChunk" Target="afchunk.htm"/></Relationships>'
    )
    parts = {"word/_rels/document.xml.rels": relations, "word/afchunk.htm": b"<h1>Rules</h1><p>Be kind.</p>"}
    assert with_body(chunk, parts).text == "Rules\n\nBe kind.\n\nHello"
    unread = with_body(chunk, {**parts, "word/afchunk.htm": b"PK\x03\x04\x00\x00"})
    assert [note.code for note in unread.notes] == ["attachment_unread"]
