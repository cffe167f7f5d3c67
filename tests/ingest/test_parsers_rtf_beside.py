"""RTF: text boxes, links, contents, and characters whose set the fonts tell."""

from __future__ import annotations

import pytest

from corpus.errors import ParseError
from corpus.types import Document
from ingest.parsers import parse
from tests.ingest.blocks import kinds


def read(source: str) -> Document:
    return parse(source.encode("latin-1"), "a.rtf")


def shape(inner: str) -> str:
    sized = r"\shpleft10{\sp{\sn shapeType}{\sv 202}}"
    older = r"{\shprslt{\*\do\dptxbx{\dptxbxtext\pard The same again.\par}}}"
    return rf"{{\shp{{\*\shpinst{sized}{{\shptxt\pard\plain {inner}}}}}{older}}}"


def test_a_text_box_stands_behind_the_paragraph_that_it_is_tied_to() -> None:
    inner = (
        r"\s1\outlinelevel0 Payment\par {\listtext\bullet\tab}By transfer\par "
        r"\intbl Account\cell 47 11\cell\row\pard Thank you{\footnote\pard Soon.}.\par"
    )
    document = read(rf"{{\rtf1\ansi\pard We {shape(inner)}ask you to pay.\par\pard After.\par}}")
    assert kinds(document) == [
        ("paragraph", 0, "We ask you to pay."),
        ("paragraph", 0, "Payment\n- By transfer\nAccount | 47 11\nThank you[1]."),
        ("paragraph", 0, "After."),
        ("heading", 2, "Footnotes"),
        ("list", 0, "[1] Soon."),
    ]


def test_a_text_box_in_a_table_stands_behind_it() -> None:
    rows = rf"\trowd\intbl A{shape('Box')}\cell B\cell\row\intbl C\cell D\cell\row"
    document = read(rf"{{\rtf1\ansi\pard{rows}\pard After.\par}}")
    assert [text for _, _, text in kinds(document)] == ["A | B\nC | D", "Box", "After."]


def test_a_table_in_a_cell_is_part_of_the_cell() -> None:
    ended = r"{\*\nesttableprops\trowd\cellx10\cellx20\nestrow}{\nonesttables\par}"
    inner = rf"\itap2 Mon\nestcell 9\nestcell{ended}\itap2 Tue\nestcell 8\nestcell{ended}\itap1 or later"
    rows = rf"\trowd\intbl Oslo\cell {inner}\cell C\cell\row\intbl Rome\cell none\cell D\cell\row"
    assert (
        read(rf"{{\rtf1\ansi\pard{rows}\pard}}").text == "Oslo | Mon; 9 Tue; 8 or later | C\nRome | none | D"
    )


@pytest.mark.parametrize(
    "drawn",
    [
        r"{\*\do\dobxpage\dptxbx{\dptxbxtext\pard Left\par}\dpx10}",
        rf"{{\shpgrp{{\*\shpinst\shpleft0{{\sp{{\sn rotation}}{{\sv 0}}}}{shape('Left')}}}}}",
    ],
    ids=["of Word 95", "in a group"],
)
def test_other_boxes_are_read(drawn: str) -> None:
    assert read(rf"{{\rtf1\ansi\pard {drawn}Text.\par}}").text == "Text.\n\nLeft"


@pytest.mark.parametrize(
    ("cut", "text"),
    [
        (r"{\shp{\*\shpinst{\shptxt\pard inner words", "Who asks?\n\ninner words"),
        (r"{\footnote inner words", "Who asks?[1]\n\nFootnotes\n\n[1] inner words"),
        (
            r"{\shp{\*\shpinst{\shptxt\pard inner{\footnote words",
            "Who asks?\n\ninner[1]\n\nFootnotes\n\n[1] words",
        ),
    ],
)
def test_a_file_that_ends_in_a_box_or_note_keeps_the_words_around_it(cut: str, text: str) -> None:
    assert read(rf"{{\rtf1\ansi\pard First.\par Who asks?{cut}").text == f"First.\n\n{text}"


def test_boxes_in_headers_and_pictures_are_left_out() -> None:
    picture = r"{\shp{\*\shpinst{\sp{\sn pib}{\sv{\pict\pngblip 89504e47}}}}}"
    assert (
        read(rf"{{\rtf1\ansi{{\header\pard {shape('Draft')}\par}}\pard {picture}Text.\par}}").text == "Text."
    )


def test_a_link_with_a_style_of_its_own_keeps_its_words() -> None:
    link = r'{\field{\*\fldinst HYPERLINK "#a"}{\fldrslt \*\cs12\cf2\ul History}}'
    styles = r"{\stylesheet{\s0 Normal;}{\*\cs12 Internet Link;}}"
    assert read(rf"{{\rtf1\ansi{styles}\pard [{link}] of Oslo\par}}").text == "[History] of Oslo"


def test_entries_of_contents_are_left_out() -> None:
    styles = r"{\stylesheet{\s0 Normal;}{\s5 toc 1;}}"
    body = (
        r"\pard\plain\s5 Travel\tab 4\par\pard\plain\s5 Whoever travels asks.\par\pard\plain By train 4\par"
    )
    assert read(rf"{{\rtf1\ansi{styles}{body}}}").text == "Whoever travels asks.\n\nBy train 4"
    alone = r"\pard\plain\s5 Travel\tab 4\par"
    assert read(rf"{{\rtf1\ansi{styles}{alone}}}").text == "Travel 4"


def test_a_document_of_pictures_alone_says_so() -> None:
    with pytest.raises(ParseError) as caught:
        read(r"{\rtf1\ansi\pard{\pict\pngblip 89504e47}\par}")
    assert caught.value.message == "a.rtf holds no text but one picture; those are read in PDF alone."


@pytest.mark.parametrize(
    ("head", "coded", "shown"),
    [
        (r"\ansi\deff0{\fonttbl{\f0\fcharset204 Times;}}", r"\'e4\'e0", "да"),
        (r"\ansi\deff0{\fonttbl{\f0\fcharset204 Times;}{\f1 Arial;}}", r"\f1 x \plain\'e4\'e0", "x да"),
        (r"\ansi{\fonttbl{\f1\fcharset204 Times;}{\f2 Arial;}}", r"\f1\'e4\plain\'e4", "дä"),
        (r"\ansi\deff0{\fonttbl{\f0 Arial;}{\f1\fcharset204 Times;}}", r"\f0\'e4\f1\'e4", "äд"),
        (
            r"\ansi{\fonttbl\f1\froman Arial Cyr;\f2 Arial CE;\f3 Arial (Greek);}",
            r"\f1\'e4\f2\'e8\f3\'e1",
            "дčα",
        ),
        (r"\ansi{\fonttbl{\f1\cpg1251 Arial;}}", r"\f1 " + "\xe4", "д"),
        (r"\ansi{\fonttbl{\f1\fcharset78 Osaka;}}", r"\f1\'89\'ef", "会"),
        (r"\mac\deff0{\fonttbl{\f0 Helvetica;}}", r"\f0 caf\'8e", "café"),
        (r"\mac\ansicpg10000\deff0{\fonttbl{\f0 Helvetica;}}", r"caf\'8e", "café"),
        (r"\pc", r"caf\'82", "café"),
        (r"\ansi{\fonttbl;}", r"caf\'e9", "café"),
        (r"\ansi{\fonttbl}", r"\uc caf\u233?", "café"),
        (r"\ansi\mac\deff0", r"caf\'e9", "café"),
        (r"\ansi\ansicpg1250\deff0{\fonttbl{\f0\fcharset1 Arial;}}", r"\f0\'e8", "č"),
    ],
)
def test_the_set_of_characters_is_the_fonts_or_else_the_documents(head: str, coded: str, shown: str) -> None:
    document = read(rf"{{\rtf1{head}\pard {coded}\par}}")
    assert (document.text, document.notes) == (shown, ())


def test_the_title_is_in_the_documents_set() -> None:
    head = r"\mac\deff0{\fonttbl{\f0\fcharset204 Times;}}{\info{\title Caf\'8e}}"
    assert read(rf"{{\rtf1{head}\pard x\par}}").title == "Café"


@pytest.mark.parametrize(
    ("font", "coded", "marker"),
    [
        ("Wingdings", "\\'d8", "-"),
        ("Wingdings", "q", "-"),
        ("Wingdings", "\\'fc", "✓"),
        ("Webdings", "4", "-"),
    ],
)
def test_bullets_of_symbol_fonts_are_no_letters(font: str, coded: str, marker: str) -> None:
    fonts = rf"{{\fonttbl{{\f0\fcharset0 Times;}}{{\f3\fcharset2\fprq2{{\*\panose 05}}{font};}}}}"
    listed = rf"{{\listtext\pard\plain\f3 {coded}\tab}}\pard\plain\ls1 Ask first.\par"
    assert read(rf"{{\rtf1\ansi\deff0{fonts}{listed}}}").text == f"{marker} Ask first."


def test_letters_of_symbol_fonts_are_shown() -> None:
    fonts = r"{\fonttbl{\f0\fcharset0 Times;}{\f3\fcharset2 Symbol;}}"
    assert read(rf"{{\rtf1\ansi\deff0{fonts}\pard x {{\f3\'b3 5 m}}g\par}}").text == "x ≥ 5 μg"
    twice = r"x {\f3\u-3917\'b3 5 \uc2\u61549 mm}g"
    assert read(rf"{{\rtf1\ansi\deff0{fonts}\pard {twice}\par}}").text == "x ≥ 5 μg"
