"""Presentations: slides as pages, what PowerPoint hides, and packages that mean harm."""

from __future__ import annotations

import io
import re

import pytest
from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.enum.shapes import PROG_ID
from pptx.util import Inches, Pt

from corpus.errors import LimitError, ParseError, VouchError
from ingest.parsers.detection import PPTX
from tests.ingest.talks import (
    BLANK,
    PNG,
    TITLE_AND_BODY,
    TITLE_ONLY,
    A,
    box,
    kinds,
    read,
    repacked,
    saved,
    slide,
)


def test_a_slide_is_a_page_with_title_list_and_notes() -> None:
    source = Presentation()
    source.core_properties.title = "旅費の説明"
    first = slide(source, "Travel 出張", TITLE_AND_BODY)
    frame = first.placeholders[1].text_frame
    frame.text = "Book early"
    for text, level in (("14 days", 1), ("領収書を保管する", 0)):
        added = frame.add_paragraph()
        added.text, added.level = text, level
    first.notes_slide.notes_text_frame.text = "Greet them\n挨拶"
    slide(source, "Second")
    document = read(source)
    assert kinds(document) == [
        ("heading", "Travel 出張"),
        ("list", "- Book early\n  - 14 days\n- 領収書を保管する"),
        ("paragraph", "Notes: Greet them\n挨拶"),
        ("heading", "Second"),
    ]
    assert [page.number for page in document.pages] == [1, 2]
    assert (document.title, document.content_type) == ("旅費の説明", PPTX)


def test_loose_boxes_are_read_from_top_to_bottom_and_left_to_right() -> None:
    source = Presentation()
    made = slide(source, "", BLANK)
    for text, left, top in (("four", 5, 4.1), ("two", 5, 1), ("three", 1, 4), ("one", 1, 1.1)):
        box(made, text, left, top)
    assert read(source).text.split() == ["one", "two", "three", "four"]


def test_groups_stay_together() -> None:
    source = Presentation()
    made = slide(source, "", BLANK)
    box(made, "after", 1, 6)
    group = made.shapes.add_group_shape()
    for text, top in (("lower", 3), ("upper", 1)):
        group.shapes.add_textbox(Inches(1), Inches(top), Inches(2), Inches(1)).text_frame.text = text
    assert read(source).text.split() == ["upper", "lower", "after"]


def test_tables_keep_rows_header_and_merged_cells() -> None:
    source = Presentation()
    table = slide(source, "Rates").shapes.add_table(3, 3, 0, 0, Inches(6), Inches(2)).table
    for row, texts in enumerate((("City", "Hotel", "Meal"), ("東京", "18,000円", "20"), ("", "x", "30"))):
        for column, text in enumerate(texts):
            table.cell(row, column).text = text
    table.cell(1, 0).merge(table.cell(2, 0))
    block = read(source).blocks[1]
    assert (
        read(source).text[block.start : block.end]
        == "City | Hotel | Meal\n東京 | 18,000円 | 20\n東京 | x | 30"
    )
    assert block.header == "City | Hotel | Meal"


def test_an_arrow_that_exists_only_in_a_font_is_read() -> None:
    source = Presentation()
    paragraph = slide(source, "Plan").shapes.add_textbox(0, 0, 9999, 9999).text_frame.paragraphs[0]
    run = paragraph.add_run()
    run.text = "東京 \uf0e0 大阪"
    run.font.name = "Wingdings"
    paragraph.add_run().text = " \uf0e0"
    assert kinds(read(source))[1:] == [("paragraph", "東京 → 大阪 •")]


@pytest.mark.parametrize(
    "title",
    ["PowerPoint Presentation", "PowerPoint プレゼンテーション", "Untitled", "無題", "文書 1", "Document3"],
)
def test_a_title_that_nobody_gave_is_none(title: str) -> None:
    source = Presentation()
    slide(source, "Guests in 2026")
    source.core_properties.title = title
    assert read(source).title == "Guests in 2026"


def test_a_workbook_that_was_put_into_a_slide_is_told_and_a_charts_own_is_not() -> None:
    source = Presentation()
    made = slide(source, "Budget")
    made.shapes.add_ole_object(io.BytesIO(b"PK"), PROG_ID.XLSX, 0, 0, 99, 99, icon_file=io.BytesIO(PNG))
    data = CategoryChartData()
    data.categories = ["2026"]
    data.add_series("Share", (1,))
    slide(source, "Chart").shapes.add_chart(XL_CHART_TYPE.LINE, 0, 0, 9999, 9999, data)
    notes = [(note.code, note.page) for note in read(source).notes]
    assert notes == [("attachment_unread", 1)]


def test_numbers_dates_and_footers_of_slides_are_left_out() -> None:
    source = Presentation()
    made = slide(source, "Body")
    for shape in source.slide_layouts[TITLE_ONLY].placeholders:
        if shape.placeholder_format.type is not None and shape.placeholder_format.idx >= 10:
            made.shapes.clone_placeholder(shape)
    for shape in made.placeholders:
        if shape.placeholder_format.idx >= 10:
            shape.text_frame.text = "Confidential"
    assert len(list(made.placeholders)) == 4
    assert read(source).text == "Body"


def test_hidden_slides_are_left_out_and_told_and_numbers_go_on() -> None:
    source = Presentation()
    for title in ("One", "Two", "Three"):
        slide(source, title)
    source.slides[1]._element.set("show", "0")
    document = read(source)
    assert document.text.split() == ["One", "Three"]
    assert [page.number for page in document.pages] == [1, 3]
    assert [(note.code, "Slide 2" in note.message) for note in document.notes] == [("hidden_text", True)]


def test_slides_are_numbered_as_shown() -> None:
    source = Presentation()
    slide(source, "One")
    source.element.set("firstSlideNum", "7")
    assert [(page.number, page.label) for page in read(source).pages] == [(1, "7")]


def test_shows_and_templates_are_read_too() -> None:
    source = Presentation()
    slide(source, "One")
    for kind in (b"slideshow", b"template"):

        def rename(members: dict[str, bytes | str], kind: bytes = kind) -> None:
            types = members["[Content_Types].xml"]
            assert isinstance(types, bytes)
            members["[Content_Types].xml"] = types.replace(b"presentation.main+xml", kind + b".main+xml")

        assert read(repacked(saved(source), rename)).text == "One"


def test_presentations_of_the_strict_kind_and_those_that_forget_the_type_of_a_part_are_read() -> None:
    source = Presentation()
    slide(source, "Fees").shapes.add_table(1, 1, 0, 0, Inches(6), Inches(2)).table.cell(0, 0).text = "12 €"

    def make_strict(members: dict[str, bytes | str]) -> None:
        for name, content in members.items():
            if isinstance(content, bytes) and name.endswith((".xml", ".rels")):
                members[name] = re.sub(
                    rb"http://schemas.openxmlformats.org/(officeDocument|drawingml|presentationml)/2006/",
                    rb"http://purl.oclc.org/ooxml/\1/",
                    content,
                )

    def forget(members: dict[str, bytes | str]) -> None:
        links = "ppt/slides/_rels/slide1.xml.rels"
        kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/audio"
        sound = f'<Relationship Id="rId9" Type="{kind}" Target="../media/audio.mp3"/></Relationships>'
        shown = members[links]
        assert isinstance(shown, bytes)
        members[links] = shown.decode().replace("</Relationships>", sound)
        members["ppt/media/audio.mp3"] = b"ID3"

    for change in (make_strict, forget):
        assert read(repacked(saved(source), change)).text == "Fees\n\n12 €"


def test_items_are_numbered_as_the_slide_numbers_them() -> None:
    source = Presentation()
    frame = slide(source, "Steps", TITLE_AND_BODY).placeholders[1].text_frame
    lines = [
        ("Ask", "alphaLcParenR", ""), ("Wait", "alphaLcParenR", ""), ("Sign", "romanUcPeriod", "4"),
        ("Send", "romanUcPeriod", "4"), ("押印", "circleNumDbPlain", ""), ("Pay", "arabicParenBoth", ""),
        ("Ask again", "alphaLcParenR", ""),
    ]  # fmt: skip
    for at, (text, kind, start) in enumerate(lines):
        paragraph = frame.paragraphs[0] if at == 0 else frame.add_paragraph()
        paragraph.text = text
        numbered = paragraph._p.get_or_add_pPr().makeelement(f"{{{A}}}buAutoNum", {"type": kind})
        if start:
            numbered.set("startAt", start)
        paragraph._p.pPr.append(numbered)
    shown = ["a) Ask", "b) Wait", "IV. Sign", "V. Send", "① 押印", "(1) Pay", "a) Ask again"]
    assert kinds(read(source))[1] == ("list", "\n".join(shown))


def test_a_presentation_without_words_is_named() -> None:
    with pytest.raises(ParseError) as caught:
        read(Presentation())
    assert caught.value.code == "no_text"
    source = Presentation()
    slide(source, "", BLANK).shapes.add_picture(io.BytesIO(PNG), 0, 0)
    with pytest.raises(ParseError, match="no text but one picture") as drawn:
        read(source)
    assert "PDF" in drawn.value.hint


def hello() -> bytes:
    source = Presentation()
    slide(source, "Hello")
    return saved(source)


WHOLE = hello()


@pytest.mark.parametrize(
    "part", ["ppt/presentation.xml", "ppt/slides/slide1.xml", "ppt/theme/theme1.xml", "_rels/.rels"]
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_in_any_part_are_refused(part: str, encoding: str) -> None:
    def poison(members: dict[str, bytes | str]) -> None:
        content = members[part]
        assert isinstance(content, bytes)
        text = content.decode().partition("?>")[2]
        laughs = "<!DOCTYPE x [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;'>]>"
        members[part] = (f"<?xml version='1.0' encoding='{encoding}'?>{laughs}{text}").encode(encoding)

    with pytest.raises(ParseError) as caught:
        read(repacked(WHOLE, poison))
    assert caught.value.code == "unsafe_xml"


def test_a_bomb_is_refused_and_pictures_are_never_unpacked() -> None:
    with pytest.raises(LimitError) as caught:
        read(repacked(WHOLE, lambda members: members.update({"ppt/media/zeros.bin": b"0" * 20_000_000})))
    assert caught.value.code == "archive_too_large"


def test_groups_nested_without_end_are_bounded() -> None:
    opened = (
        b"<p:grpSp><p:nvGrpSpPr><p:cNvPr id='9' name='g'/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>"
    )

    def nest(members: dict[str, bytes | str]) -> None:
        content = members["ppt/slides/slide1.xml"]
        assert isinstance(content, bytes)
        deep = opened * 100 + b"</p:grpSp>" * 100
        members["ppt/slides/slide1.xml"] = content.replace(b"</p:spTree>", deep + b"</p:spTree>")

    assert read(repacked(WHOLE, nest)).text == "Hello"


def test_damaged_files_are_named() -> None:
    for size in range(100, len(WHOLE), 2999):
        with pytest.raises(VouchError) as caught:
            read(WHOLE[:size])
        assert caught.value.code in {"damaged_file", "unsupported"}
    with pytest.raises(ParseError) as missing:
        read(repacked(WHOLE, lambda members: members.pop("ppt/slides/slide1.xml") and None))
    assert missing.value.code == "damaged_file"


def test_a_shape_with_an_equation_is_read_where_powerpoint_offers_it_in_two_forms() -> None:
    source = Presentation()
    box(slide(source, "Area"), "The area is", 1, 2)

    def wrap(members: dict[str, bytes | str]) -> None:
        shown = members["ppt/slides/slide1.xml"]
        assert isinstance(shown, bytes)
        start, end = shown.rindex(b"<p:sp>"), shown.rindex(b"</p:sp>") + len(b"</p:sp>")
        math = (
            b'<m:oMath xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"><m:sSup><m:e><m:r><m:t>r'
            b"</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r></m:sup></m:sSup></m:oMath>"
        )
        shape = shown[start:end].replace(b"</a:r></a:p>", b"</a:r>" + math + b"</a:p>")
        assert math in shape
        alternative = (
            b'<mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
            b'<mc:Choice Requires="p">'
            + shape
            + b"</mc:Choice><mc:Fallback><p:sp/></mc:Fallback></mc:AlternateContent>"
        )
        members["ppt/slides/slide1.xml"] = shown[:start] + alternative + shown[end:]

    assert kinds(read(repacked(saved(source), wrap))) == [
        ("heading", "Area"),
        ("paragraph", "The area isr^2"),
    ]


def test_columns_are_read_whole_where_they_stand_nearer_than_lines() -> None:
    source = Presentation()
    made = slide(source, "", BLANK)
    figures = (("12 M", "Sales"), ("15%", "Margin"), ("320", "Staff"))
    for left, (number, name) in zip((0.5, 3.5, 6.5), figures, strict=True):
        box(made, number, left, 2)
        box(made, name, left + 0.1, 3.2)
    table = slide(source, "", BLANK)
    for row, texts in enumerate((("a", "b"), ("c", "d"))):
        for column, text in enumerate(texts):
            box(table, text, 1 + 2.1 * column, 1 + 1.5 * row)
    assert read(source).text.split("\n\n") == [
        "12 M",
        "Sales",
        "15%",
        "Margin",
        "320",
        "Staff",
        "a",
        "b",
        "c",
        "d",
    ]


def test_pictures_and_lines_between_boxes_change_no_order() -> None:
    source = Presentation()
    made = slide(source, "", BLANK)
    for left, text in ((1, "left"), (5, "right")):
        made.shapes.add_picture(io.BytesIO(PNG), Inches(left), Inches(0.5), Inches(2), Inches(2.5))
        box(made, f"{text} head", left, 1)
        box(made, f"{text} body", left, 2.1)
    made.shapes.add_connector(1, Inches(4), Inches(2), Inches(4), Inches(4))
    assert read(source).text.split("\n\n") == ["left head", "left body", "right head", "right body"]


@pytest.mark.parametrize(
    ("text", "size", "is_title"), [("組織図", 32, True), ("組織図", 18, False), ("320", 60, False)]
)
def test_a_line_in_the_largest_letters_on_top_is_the_title_that_no_placeholder_holds(
    text: str, size: int, is_title: bool
) -> None:
    source = Presentation()
    made = slide(source, "", BLANK)
    for words, top, points in ((text, 0.5, size), ("社長", 2, 18), ("The end", 6, 20)):
        box(made, words, 4, top)
        made.shapes[-1].text_frame.paragraphs[0].runs[0].font.size = Pt(points)
    assert (kinds(read(source))[0] == ("heading", text)) is is_title


def test_powers_are_no_part_of_their_number() -> None:
    source = Presentation()
    made = slide(source, "", BLANK)
    box(made, "", 1, 1)
    paragraph = made.shapes[0].text_frame.paragraphs[0]
    for text, height in (
        ("10", ""),
        ("6", "30000"),
        (" N, m", ""),
        ("2", "30000"),
        (", 101", ""),
        ("2", "-25000"),
    ):
        run = paragraph.add_run()
        run.text = text
        if height:
            run.font._element.set("baseline", height)
    assert read(source).text == "10^6 N, m2, 101_2"
