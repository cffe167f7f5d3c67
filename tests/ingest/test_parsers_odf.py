"""OpenDocument texts and presentations: structure, what is hidden, and files that mean harm."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from corpus.errors import LimitError, ParseError, VouchError
from ingest.parsers import Limits, parse
from ingest.parsers.detection import ODP, ODT
from tests.ingest.blocks import kinds
from tests.ingest.odf_files import DC, SPACES, content, package, read
from tests.ingest.packing import zipped
from tests.ingest.policy import POLICY

FILES = Path(__file__).parent / "files"


def test_structure_is_kept() -> None:
    styles = (
        '<text:list-style style:name="L1"><text:list-level-style-number text:level="1" style:num-format="1" '
        'style:num-suffix="."/><text:list-level-style-bullet text:level="2"/></text:list-style>'
    )
    document = read(
        '<text:h text:outline-level="2">Leave</text:h><text:p>Twenty<text:s text:c="3"/>days'
        "<text:tab/>a<text:line-break/>year<text:note><text:note-citation>1</text:note-citation><text:note-body>"
        "<text:p>Since 2020.</text:p></text:note-body></text:note>.</text:p>"
        '<text:list text:style-name="L1"><text:list-item><text:p>one</text:p><text:list><text:list-item>'
        "<text:p>inner</text:p></text:list-item></text:list></text:list-item>"
        "<text:list-item><text:p>two</text:p></text:list-item></text:list>",
        styles,
    )
    assert kinds(document) == [
        ("heading", 2, "Leave"),
        ("paragraph", 0, "Twenty days a\nyear[1]."),
        ("list", 0, "1. one\n  - inner\n2. two"),
        ("heading", 2, "Footnotes"),
        ("list", 0, "[1] Since 2020."),
    ]


def test_blanks_in_the_xml_say_no_more_than_that_there_is_one() -> None:
    for style in ("", ' text:style-name="Preformatted_20_Text"'):
        words = f"<text:p{style}>\n   Twenty  <text:span> days\n</text:span> \ta</text:p>"
        assert read(f"{words}<text:p>or<text:line-break/><text:tab/>more</text:p>").text.split("\n") == [
            "Twenty days a",
            "",
            "or",
            "more",
        ]


def test_preformatted_text_in_lists_and_frames_keeps_its_lines() -> None:
    def code(*lines: str) -> str:
        return "".join(f'<text:p text:style-name="Preformatted_20_Text">{line}</text:p>' for line in lines)

    item = f"<text:p>Run</text:p>{code('if x:', '<text:s/>go')}<text:p>Then rest.</text:p>"
    bare = code("a = 1", "b = 2")
    inner = "if a:", '<text:s text:c="4"/>b'
    row = "<table:table-row><table:table-cell{}>{}</table:table-cell></table:table-row>"
    frame, table = row.format("", code(*inner)), row.format(' table:number-columns-repeated="2"', code("x"))
    document = read(
        f"<text:list><text:list-item>{item}</text:list-item><text:list-item>{bare}</text:list-item></text:list>"
        f"<table:table>{frame}</table:table><table:table>{table}</table:table>"
    )
    assert kinds(document) == [
        ("list", 0, "- Run\n   if x:\n    go\n   Then rest.\n- a = 1\n   b = 2"),
        ("code", 0, "if a:\n    b"),
        ("table", 0, "x | x"),
    ]


def test_tables_keep_header_rows_and_merged_cells() -> None:
    document = read(
        "<table:table><table:table-header-rows><table:table-row><table:table-cell><text:p>City</text:p>"
        "</table:table-cell><table:table-cell><text:p>Rate</text:p></table:table-cell></table:table-row>"
        '</table:table-header-rows><table:table-row><table:table-cell table:number-rows-spanned="2"><text:p>東京'
        "</text:p></table:table-cell><table:table-cell><text:p>10</text:p></table:table-cell></table:table-row>"
        "<table:table-row><table:covered-table-cell/><table:table-cell><text:p>20</text:p></table:table-cell>"
        "</table:table-row></table:table>"
    )
    assert document.text == "City | Rate\n東京 | 10\n東京 | 20"
    assert document.blocks[0].header == "City | Rate"


def test_repeated_cells_and_rows_do_not_explode() -> None:
    row = (
        '<table:table-row table:number-rows-repeated="1048576"><table:table-cell><text:p>a</text:p>'
        '</table:table-cell><table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
    )
    document = read(f"<table:table>{row.replace('1048576', '2')}</table:table><text:p>end</text:p>")
    assert document.text == "a\na\n\nend"
    full = row.replace("/></table:table-row>", "><text:p>b</text:p></table:table-cell></table:table-row>")
    with pytest.raises(LimitError) as caught:
        read(f"<table:table>{full}</table:table>", limits=Limits(max_cells=100_000))
    assert caught.value.code == "too_many_cells"


def test_pages_begin_where_breaks_are() -> None:
    styles = (
        '<style:style style:name="Preformatted_20_Text" style:family="paragraph"/>'
        '<style:style style:name="P1" style:family="paragraph" style:parent-style-name="Preformatted_20_Text"/>'
    )
    code = '<text:p text:style-name="{}">{}</text:p>'
    document = read(
        "<text:p>Run this:</text:p>"
        + code.format("Preformatted_20_Text", "def main():")
        + code.format("P1", '<text:s text:c="4"/>print(1)<text:line-break/><text:tab/>print(2)')
        + code.format("P1", "")
        + code.format("P1", "main()")
        + "<text:list><text:list-item><text:p>one</text:p></text:list-item></text:list>"
        + code.format("P1", "a")
        + code.format("P1", "<text:soft-page-break/>b"),
        styles,
    )
    assert kinds(document) == [
        ("paragraph", 0, "Run this:"),
        ("code", 0, "def main():\n    print(1)\n    print(2)\n\nmain()"),
        ("list", 0, "- one"),
        ("code", 0, "a"),
        ("code", 0, "b"),
    ]
    assert [page.number for page in document.pages] == [1, 2]


def test_title_date_and_author_come_from_the_metadata() -> None:
    meta = (
        f"<office:document-meta {SPACES} {DC}><office:meta><dc:title>出張規程</dc:title><dc:language>ja-JP"
        "</dc:language><dc:date>2024-03-01T09:00:00</dc:date><meta:initial-creator>総務部</meta:initial-creator>"
        "</office:meta></office:document-meta>"
    )
    document = read("<text:p>words</text:p>", meta_xml=meta)
    assert (document.title, document.language, document.content_type) == ("出張規程", "ja", ODT)
    assert document.date == datetime(2024, 3, 1, 9, tzinfo=UTC)
    assert document.metadata["author"] == "総務部"


def test_a_text_of_an_office_suite_is_read() -> None:
    document = parse((FILES / "policy.odt").read_bytes(), "policy.odt")
    assert kinds(document) == POLICY
    assert [page.number for page in document.pages] == [1, 2]
    assert document.title == "Travel policy 出張規程"


def test_slides_of_an_office_suite_are_read() -> None:
    document = parse((FILES / "slides.odp").read_bytes(), "slides.odp")
    assert kinds(document) == [
        ("heading", 1, "Travel 出張"),
        ("list", 0, "- Book early\n  - 14 days\n- 領収書を保管する"),
        ("paragraph", 0, "Notes: Say hello 挨拶"),
        ("heading", 1, "Rates"),
        ("table", 0, "City | Rate\n東京 | 18,000円"),
    ]
    assert (document.content_type, len(document.pages)) == (ODP, 2)


def test_hidden_slides_and_furniture_are_left_out() -> None:
    styles = (
        '<style:style style:name="dp2" style:family="drawing-page">'
        '<style:drawing-page-properties presentation:visibility="hidden"/></style:style>'
    )

    def box(attribute: str, words: str) -> str:
        return f"<draw:frame {attribute}><draw:text-box><text:p>{words}</text:p></draw:text-box></draw:frame>"

    lower, upper = box("svg:y='9cm'", "lower"), box("svg:y='1cm'", "upper")
    footer, title = (
        box("presentation:class='footer'", "Confidential"),
        box("presentation:class='title'", "Third"),
    )
    slides = (
        f"<draw:page>{lower}{upper}{footer}</draw:page>"
        f"<draw:page draw:style-name='dp2'>{box('', 'secret')}</draw:page><draw:page>{title}</draw:page>"
    )
    document = parse(package(content(slides, styles, "presentation"), "presentation"), "talk.odp")
    assert document.text.split() == ["upper", "lower", "Third"]
    assert [page.number for page in document.pages] == [1, 3]
    assert [note.code for note in document.notes] == ["hidden_text"]


def test_groups_stand_where_their_parts_do_and_columns_are_read_whole() -> None:
    def box(left: int, top: int, words: str) -> str:
        place = f"svg:x='{left}cm' svg:y='{top}cm' svg:width='4cm' svg:height='2cm'"
        return f"<draw:frame {place}><draw:text-box><text:p>{words}</text:p></draw:text-box></draw:frame>"

    columns = "".join(box(left, top, f"{left}-{top}") for top in (4, 7) for left in (1, 9))
    slide = f"<draw:page><draw:g>{box(1, 12, 'end')}</draw:g>{columns}{box(1, 1, 'top')}</draw:page>"
    document = parse(package(content(slide, "", "presentation"), "presentation"), "talk.odp")
    assert document.text.split() == ["top", "1-4", "1-7", "9-4", "9-7", "end"]


@pytest.mark.parametrize(
    ("position", "shown"), [("super 58%", "10^6 N"), ("33% 58%", "10^6 N"), ("0% 100%", "106 N")]
)
def test_powers_are_no_part_of_their_number(position: str, shown: str) -> None:
    properties = f'<style:text-properties style:text-position="{position}"/>'
    styles = f'<style:style style:name="T1" style:family="text">{properties}</style:style>'
    body = '<text:p>10<text:span text:style-name="T1">6</text:span> N</text:p>'
    assert read(body, styles).text == shown


# ---- harm ----------------------------------------------------------------------------------------


def test_what_is_written_on_a_line_between_shapes_is_read() -> None:
    drawn = "<draw:connector><text:p>承認</text:p></draw:connector><draw:circle><text:p>開始</text:p></draw:circle>"
    slide = f"<draw:page>{drawn}</draw:page>"
    document = parse(package(content(slide, "", "presentation"), "presentation"), "flow.odp")
    assert document.text == "承認\n\n開始"
    assert read(f"<text:p>図<draw:g>{drawn}</draw:g></text:p>").text.endswith("承認\n\n開始")


def test_encrypted_files_are_named() -> None:
    manifest = (
        f"<manifest:manifest {SPACES}><manifest:file-entry manifest:full-path='content.xml'>"
        "<manifest:encryption-data/></manifest:file-entry></manifest:manifest>"
    )
    data = zipped(
        {"mimetype": ODT, "META-INF/manifest.xml": manifest, "content.xml": b"\x93\x01 not XML at all"}
    )
    with pytest.raises(ParseError) as caught:
        parse(data, "secret.odt")
    assert caught.value.code == "encrypted"


@pytest.mark.parametrize("part", ["content.xml", "styles.xml", "meta.xml"])
def test_entities_in_any_part_are_refused(part: str) -> None:
    laughs = "<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;'>]>"
    parts = {"mimetype": ODT, "content.xml": content("<text:p>x</text:p>"), part: laughs + "<x>&b;</x>"}
    with pytest.raises(ParseError) as caught:
        parse(zipped(parts), "bomb.odt")
    assert caught.value.code == "unsafe_xml"


def test_an_equation_may_name_its_document_type_as_older_suites_do() -> None:
    head = '<!DOCTYPE math PUBLIC "-//OpenOffice.org//DTD Modified W3C MathML 1.01//EN" "math.dtd">'
    equation = (
        f'{head}<math xmlns="http://www.w3.org/1998/Math/MathML"><mfrac><mi>a</mi><mi>b</mi></mfrac></math>'
    )
    frame = '<draw:frame><draw:object xlink:href="./Object 1"/></draw:frame>'
    parts = {"mimetype": ODT, "content.xml": content(f"<text:p>So {frame}.</text:p>")}
    assert parse(zipped(parts | {"Object 1/content.xml": equation}), "a.odt").text == "So a/b."
    with pytest.raises(ParseError) as caught:
        parse(zipped(parts | {"Object 1/content.xml": equation.replace("<mi>a", "<mi>&a;")}), "a.odt")
    assert caught.value.code == "unsafe_xml"


@pytest.mark.parametrize("part", ["styles.xml", "meta.xml", "Object 1/content.xml"])
def test_a_damaged_part_beside_the_text_is_noted(part: str) -> None:
    frame = '<draw:frame><draw:object xlink:href="./Object 1"/></draw:frame>'
    parts = {"mimetype": ODT, "content.xml": content(f"<text:p>Fees{frame}</text:p>"), part: "<a><b></a>"}
    document = parse(zipped(parts), "a.odt")
    assert (document.text, [note.message for note in document.notes]) == (
        "Fees",
        [f"{part} is damaged and was not read: see whether anything is missing."],
    )


def test_a_bomb_is_refused() -> None:
    with pytest.raises(LimitError) as caught:
        read("<text:p>" + " " * 20_000_000 + "</text:p>")
    assert caught.value.code == "archive_too_large"


@pytest.mark.parametrize("opened", ["<text:section>", "<text:list><text:list-item>", "<text:p><text:span>"])
def test_deep_nesting_is_bounded(opened: str) -> None:
    closed = "".join(f"</{tag}>" for tag in reversed(opened.strip("<>").split("><")))
    deep = read(f"{opened * 50}<text:p>words</text:p>{closed * 50}<text:p>end</text:p>")
    assert deep.text.endswith("end")
    with pytest.raises(VouchError) as caught:
        read(f"{opened * 5000}<text:p>words</text:p>{closed * 5000}")
    assert caught.value.code in {"damaged_file", "too_deep"}


def test_cut_and_empty_files_are_named() -> None:
    whole = (FILES / "policy.odt").read_bytes()
    for size in range(100, len(whole), 1999):
        with pytest.raises(ParseError) as caught:
            parse(whole[:size], "policy.odt")
        assert caught.value.code == "damaged_file"
    with pytest.raises(ParseError) as empty:
        read("<text:p/>")
    assert empty.value.code == "no_text"


def test_numbered_paragraphs_are_read() -> None:
    body = "<text:numbered-paragraph><text:p>One rule</text:p></text:numbered-paragraph><text:p>x</text:p>"
    assert read(body).text == "One rule\n\nx"


def test_a_workbook_put_into_a_presentation_is_told_and_a_chart_is_not() -> None:
    entry = '<manifest:file-entry manifest:full-path="{}" manifest:media-type="application/vnd.oasis.opendocument.{}"/>'
    entries = "".join(
        entry.format(*one)
        for one in (("/", "presentation"), ("Object 1/", "spreadsheet"), ("Object 2/", "chart"))
    )
    slides = (
        "<draw:page><draw:frame><draw:text-box><text:p>数字</text:p></draw:text-box></draw:frame></draw:page>"
    )
    names = 'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"'
    data = package(
        content(slides, kind="presentation"),
        "presentation",
        **{"META-INF/manifest.xml": f"<manifest:manifest {names}>{entries}</manifest:manifest>"},
    )
    document = parse(data, "a.odp", Limits())
    assert document.text == "数字"
    assert [note.message.partition(",")[0] for note in document.notes] == ["A workbook"]


def test_what_the_controls_of_a_form_show_is_read_where_they_stand() -> None:
    controls = (
        '<form:fixed-text form:id="c1" form:label="First name"/><form:text form:id="c2" form:current-value="花子"/>'
        '<form:checkbox form:id="c3" form:label="Agreed" form:current-state="checked"/>'
        '<form:radio form:id="c4" form:label="Other"/><form:hidden form:id="c5" form:value="secret"/>'
        '<form:listbox form:id="c6"><form:option form:label="Norway"/>'
        '<form:option form:label="Japan" form:current-selected="true"/></form:listbox>'
        '<form:password form:id="c7" form:value="secret"/><form:textarea form:id="c8" form:current-value="Note"/>'
    )
    places = {at: f'<draw:control draw:control="c{at}"/>' for at in range(1, 10)}
    document = read(
        f"<office:forms><form:form>{controls}</form:form></office:forms>"
        f"<text:p>{places[1]}<text:s/>{places[2]}{places[7]}</text:p><text:p>{places[3]}{places[4]}{places[5]}</text:p>"
        f"<text:p>Country: {places[6]}{places[9]}.</text:p>{places[8]}"
    )
    assert document.text == "First name 花子\n\n☒ Agreed ☐ Other\n\nCountry: Japan .\n\nNote"


def test_paragraphs_that_a_style_hides_are_left_out_and_the_subtitle_is_a_heading() -> None:
    styles = (
        '<style:style style:name="Draft" style:family="paragraph"><style:text-properties text:display="none"/>'
        '</style:style><style:style style:name="P1" style:family="paragraph" style:parent-style-name="Draft"/>'
        '<style:style style:name="P3" style:family="paragraph" style:parent-style-name="Draft">'
        '<style:text-properties text:display="true"/></style:style>'
        '<style:style style:name="Subtitle" style:family="paragraph"/>'
        '<style:style style:name="P2" style:family="paragraph" style:parent-style-name="Subtitle"/>'
    )
    body = (
        '<text:p text:style-name="Title">Leave</text:p><text:p text:style-name="P2">For all staff</text:p>'
        '<text:p text:style-name="P1">Not decided</text:p><text:p text:style-name="P3">25 days</text:p>'
    )
    document = parse(package(content(body, styles)), "leave.odt")
    assert kinds(document) == [
        ("heading", 1, "Leave"),
        ("heading", 2, "For all staff"),
        ("paragraph", 0, "25 days"),
    ]
    assert [note.code for note in document.notes] == ["hidden_text"]
