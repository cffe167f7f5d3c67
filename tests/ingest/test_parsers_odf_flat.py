"""OpenDocument files in one XML file, and the charts and drawings that stand in them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import etree

from corpus.errors import LimitError, ParseError
from corpus.types import Document
from ingest.parsers import Limits, parse
from ingest.parsers.detection import ODP, ODS, ODT, TEXT, detect_type
from ingest.parsers.office import Package
from tests.ingest.odf_files import CHART, chart, content, flat, package, table_row

FILES = Path(__file__).parent / "files"
ROWS = (table_row("", "東京", "大阪"), table_row("2025", "12.5", "NaN"), table_row("2026", "14", "9"))
SHOWN = "年度 | 東京 | 大阪\n2025 | 12.5 |\n2026 | 14 | 9"


def read(data: bytes, name: str, limits: Limits | None = None) -> Document:
    return parse(data, name, limits or Limits())


@pytest.mark.parametrize(("name", "kind"), [("policy.odt", "text"), ("slides.odp", "presentation")])
def test_a_flat_file_says_what_the_archive_says(name: str, kind: str) -> None:
    data = (FILES / name).read_bytes()
    parts = Package(data, name)
    whole = etree.fromstring(flat("", kind))
    whole.remove(whole[0])
    for part in ("meta.xml", "styles.xml", "content.xml"):
        whole.extend(list(parts.xml(part)))
    packed, open_ = read(data, name), read(etree.tostring(whole), f"a.f{name[-3:]}")
    assert open_.text == packed.text
    assert (open_.title, open_.date, open_.pages) == (packed.title, packed.date, packed.pages)


def test_a_flat_workbook_is_read_with_its_date_title_and_laid_out_lines() -> None:
    meta = (
        "<office:meta><dc:title>料金表</dc:title><dc:date>2026-03-01T09:00:00</dc:date></office:meta>"
        "<office:scripts/>"
    )
    rows = f"\n {table_row('区分', '額')}\n {table_row('大人', '500円')}\n"
    data = flat(f'<table:table table:name="料金">{rows}</table:table>', "spreadsheet", meta)
    document = read(data, "a.fods")
    assert document.text == "料金\n\n区分 | 額\n大人 | 500円"
    assert (document.title, document.content_type) == ("料金表", ODS)
    assert document.date == datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert not document.notes


def test_a_flat_file_is_known_by_its_content_and_other_xml_is_none() -> None:
    assert detect_type(flat("<text:p>x</text:p>"), "notes.txt").content_type == ODT
    assert detect_type(flat("", "presentation"), "a.fodp").content_type == ODP
    about = b'Write <office:document office:mimetype="application/vnd.oasis.opendocument.text"> first.'
    assert detect_type(about, "notes.txt").content_type == TEXT
    assert detect_type(b"<office:document/>", "a.fodt").content_type == TEXT
    with pytest.raises(ParseError) as caught:
        read(b"\xef\xbb\xbf<!DOCTYPE x [<!ENTITY a 'b'>]>" + flat("&a;")[38:], "a.fodt")
    assert caught.value.code == "unsafe_xml"
    with pytest.raises(ParseError) as caught:
        read(flat("<text:p>x</text:p>")[:-20], "a.fodt")
    assert caught.value.code == "damaged_file"


def test_a_workbook_that_was_put_into_a_flat_text_is_told() -> None:
    inner = flat('<table:table table:name="T"/>', "spreadsheet").decode().partition("\n")[2]
    frame = f"<draw:frame><draw:object>{inner}</draw:object></draw:frame>"
    for frames, told in (
        (frame, "A workbook, put into this document, was not read: save it from there and add it."),
        (2 * frame, "2 workbooks, put into this document, were not read: save them from there and add them."),
    ):
        document = read(flat(f"<text:p>x{frames}</text:p>"), "a.fodt")
        assert document.text == "x"
        assert [(note.code, note.message) for note in document.notes] == [("attachment_unread", told)]


def test_charts_of_texts_and_slides_are_tables() -> None:
    parts = {"Object 1/content_xml": content(chart(*ROWS), kind="chart")}
    text = read(package(content(f"<text:p>Before{CHART}</text:p><text:p>After</text:p>"), **parts), "a.odt")
    assert text.text == f"Before\n\n宿泊費\n\n百万円\n\n{SHOWN}\n\nAfter"
    assert [(b.kind, b.header) for b in text.blocks if b.kind == "table"] == [("table", "年度 | 東京 | 大阪")]
    shown = content(f'<draw:page draw:name="1">{CHART}</draw:page>', kind="presentation")
    assert read(package(shown, "presentation", **parts), "a.odp").text == f"宿泊費\n\n百万円\n\n{SHOWN}"
    cell = f"<table:table><table:table-row><table:table-cell><text:p>in a cell{CHART}</text:p></table:table-cell>"
    nested = read(package(content(f"{cell}</table:table-row></table:table>"), **parts), "a.odt")
    assert nested.text == f"in a cell\n\n宿泊費\n\n百万円\n\n{SHOWN}"


def test_a_chart_of_a_flat_text_is_read_too_and_years_stand_over_their_quarters() -> None:
    levels = "</text:p><text:p>".join(("2025", "Q1"))
    inner = flat(chart(table_row("", "東京"), table_row(levels, "1")), "chart").decode().partition("\n")[2]
    document = read(
        flat(f"<text:p>x<draw:frame><draw:object>{inner}</draw:object></draw:frame></text:p>"), "a.fodt"
    )
    assert document.text == "x\n\n宿泊費\n\n百万円\n\n年度 | 東京\n2025 Q1 | 1"


def test_the_cells_of_charts_are_counted_and_charts_that_are_not_there_are_none() -> None:
    parts = {"Object 1/content_xml": content(chart(*ROWS), kind="chart")}
    with pytest.raises(LimitError) as caught:
        read(package(content(f"<text:p>x{CHART}</text:p>"), **parts), "a.odt", Limits(max_cells=8))
    assert caught.value.code == "too_many_cells"
    assert read(package(content(f"<text:p>x{CHART}</text:p>")), "a.odt").text == "x"


@pytest.mark.parametrize("place", ["sheet", "cell"])
def test_text_boxes_and_titles_of_charts_of_a_workbook_are_read(place: str) -> None:
    box = "<draw:frame><draw:text-box><text:p>税込み <text:span>で</text:span></text:p></draw:text-box></draw:frame>"
    drawn = f"{box}{CHART}<draw:custom-shape><text:p>注</text:p></draw:custom-shape>"
    row = table_row("大人", "500円")
    body = (
        f"<table:shapes>{drawn}</table:shapes>{row}"
        if place == "sheet"
        else f"{row}<table:table-row><table:table-cell>{drawn}</table:table-cell></table:table-row>"
    )
    other = f'<table:table table:name="空">{table_row("a", "b")}</table:table>'
    xml = content(f'<table:table table:name="料金">{body}</table:table>{other}', kind="spreadsheet")
    parts = {"Object 1/content_xml": content(chart(*ROWS), kind="chart")}
    document = read(package(xml, "spreadsheet", **{"META-INF/manifest_xml": "<m/>"}, **parts), "a.ods")
    assert document.text == (
        "料金\n\n大人 | 500円\n\n税込み で\n\n宿泊費\n\n年度\n\n百万円\n\n注\n\n空\n\na | b"
    )


EQUATION = (
    '<math xmlns="http://www.w3.org/1998/Math/MathML"><semantics><mrow><mi>x</mi><mo>=</mo><mfrac><mrow><mo>−</mo><mi>b</mi>'
    "<mo>±</mo><msqrt><msup><mi>b</mi><mn>2</mn></msup><mo>−</mo><mn>4</mn><mi>ac</mi></msqrt></mrow><mrow><mn>2</mn>"
    "<mi>a</mi></mrow></mfrac><mo>+</mo><munderover><mo>∑</mo><mrow><mi>n</mi><mo>=</mo><mn>1</mn></mrow><mi>N</mi>"
    "</munderover><msub><mi>a</mi><mi>n</mi></msub></mrow><annotation encoding='StarMath 5.0'>x = {}</annotation>"
    "</semantics></math>"
)
WRITTEN = "x=(−b±√(b^2−4ac))/2a+∑_(n=1)^Na_n"


def test_an_equation_is_one_line_where_it_stands() -> None:
    body = content(f"<text:p>So {CHART} holds.</text:p>")
    assert read(package(body, **{"Object 1/content_xml": EQUATION}), "a.odt").text == f"So {WRITTEN} holds."
    shown = content(f"<draw:page>{CHART}</draw:page>", kind="presentation")
    assert read(package(shown, "presentation", **{"Object 1/content_xml": EQUATION}), "a.odp").text == WRITTEN
    inline = f"<draw:frame><draw:object>{EQUATION}</draw:object></draw:frame>"
    assert read(flat(f"<text:p>So {inline} holds.</text:p>"), "a.fodt").text == f"So {WRITTEN} holds."


def test_an_equation_nested_without_end_is_read() -> None:
    deep = (
        f'<math xmlns="http://www.w3.org/1998/Math/MathML">{"<mrow>" * 200}<mi>x</mi>{"</mrow>" * 200}</math>'
    )
    assert (
        read(package(content(f"<text:p>{CHART}.</text:p>"), **{"Object 1/content_xml": deep}), "a.odt").text
        == "x."
    )


def test_a_table_in_a_drawn_shape_is_read() -> None:
    space = 'xmlns:loext="urn:org:documentfoundation:names:experimental:office:xmlns:loext:1.0"'
    cells = "".join(f"<loext:table-cell><text:p>{text}</text:p></loext:table-cell>" for text in ("Gate", "B"))
    table = f"<loext:table {space}><loext:table-row>{cells}</loext:table-row></loext:table>"
    source = flat(f"<text:p>See<draw:custom-shape>{table}<text:p/></draw:custom-shape>.</text:p>")
    assert read(source, "a.fodt").text == "See.\n\nGate | B"
