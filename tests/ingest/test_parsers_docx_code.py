"""Code in Word files: by its style or its font, with its lines and its indentation."""

from __future__ import annotations

from typing import Any

import docx
import pytest
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_BREAK

from tests.ingest.blocks import kinds
from tests.ingest.word_files import read

SCRIPT = ("def main():", "    for x in range(3):", "\tprint(x)")


def with_lines(source: Any, lines: tuple[str, ...], font: str = "", style: str | None = None) -> Any:
    for line in lines:
        run = source.add_paragraph(style=style).add_run(line)
        run.font.name = font or None
    return source


@pytest.mark.parametrize("font", ["Consolas", "Courier New", "DejaVu Sans Mono", "JetBrains Mono"])
def test_lines_in_a_font_of_one_width_are_code_and_keep_their_indentation(font: str) -> None:
    source = docx.Document()
    source.add_paragraph("Run this:")
    source = with_lines(source, SCRIPT, font)
    source.add_paragraph("Then check the log.")
    assert kinds(read(source)) == [
        ("paragraph", 0, "Run this:"),
        ("code", 0, "def main():\n    for x in range(3):\n    print(x)"),
        ("paragraph", 0, "Then check the log."),
    ]


@pytest.mark.parametrize(
    "name", ["Source Code", "Code", "Code Block", "HTML Preformatted", "HTML 書式付き", "ソースコード"]
)
def test_a_style_for_code_says_so(name: str) -> None:
    source = docx.Document()
    source.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
    paragraph = source.add_paragraph(style=name)
    paragraph.add_run("hosts:").add_break()
    paragraph.add_run("  - a")
    assert kinds(read(source)) == [("code", 0, "hosts:\n  - a")]


def test_a_style_with_a_font_of_one_width_and_one_based_on_it_are_code() -> None:
    source = docx.Document()
    source.styles.add_style("Shell", WD_STYLE_TYPE.PARAGRAPH).font.name = "Menlo"
    source.styles.add_style("Shell small", WD_STYLE_TYPE.PARAGRAPH).base_style = source.styles["Shell"]
    source.add_paragraph("Type this in a terminal window:")
    source = with_lines(source, ("make run",), style="Shell")
    source = with_lines(source, ("make test",), style="Shell small")
    assert kinds(read(source))[1:] == [("code", 0, "make run\nmake test")]


def test_empty_lines_within_code_stay_and_those_around_it_go() -> None:
    source = docx.Document()
    source = with_lines(source, ("a = 1", "", "b = 2", "", "Then."), "Consolas")
    source.paragraphs[-1].runs[0].font.name = "Arial"
    assert kinds(read(source)) == [("code", 0, "a = 1\n\nb = 2"), ("paragraph", 0, "Then.")]


def test_a_sentence_set_so_is_none_unless_a_program_printed_it() -> None:
    source = docx.Document()
    source.add_paragraph("What everybody who works on the program should know by heart:")
    source = with_lines(source, ("Never share your password.",), "Courier New")
    source = with_lines(source, ("$ make test", "All tests passed."), "Courier New")
    assert kinds(read(source))[1:] == [
        ("paragraph", 0, "Never share your password."),
        ("code", 0, "$ make test\nAll tests passed."),
    ]


def test_a_document_written_in_such_a_font_throughout_is_prose() -> None:
    source = docx.Document()
    source.styles["Normal"].font.name = "Courier New"
    source = with_lines(source, ("TO: all staff", "RE: Parking"))
    source = with_lines(source, ("FROM: the office",), "Courier New")
    assert [kind for kind, _, _ in kinds(read(source))] == ["paragraph"] * 3


def test_a_letter_in_such_a_font_is_prose_whatever_the_documents_own_font() -> None:
    source = docx.Document()
    source.add_heading("Lease", 1)
    lines = ("THIS LEASE is made between", "1. The rent is 900 pounds a month.", "It is paid monthly", "Anna")
    source = with_lines(source, lines, "Courier New")
    assert [kind for kind, _, _ in kinds(read(source))] == ["heading"] + ["paragraph"] * 4


def test_the_latin_font_of_japanese_says_nothing() -> None:
    source = docx.Document()
    source.add_paragraph("The rules follow in Japanese, as they were agreed upon in May.")
    source = with_lines(source, ("日本語の本文です、これは普通の段落",), "Courier New")
    assert [kind for kind, _, _ in kinds(read(source))] == ["paragraph"] * 2


def test_a_comment_stands_behind_the_code_that_it_is_about() -> None:
    source = docx.Document()
    source = with_lines(source, ("a = 1", "b = 2"), "Consolas")
    source.add_comment(source.paragraphs[0].runs, text="Why one?", author="Anna")
    assert kinds(read(source)) == [
        ("code", 0, "a = 1"),
        ("paragraph", 0, "Comment (Anna): Why one?"),
        ("code", 0, "b = 2"),
    ]


def test_a_line_only_partly_in_such_a_font_is_prose() -> None:
    source = docx.Document()
    paragraph = source.add_paragraph("Call ")
    paragraph.add_run("make run").font.name = "Consolas"
    assert kinds(read(source)) == [("paragraph", 0, "Call make run")]


def test_code_ends_where_a_list_or_a_page_begins() -> None:
    source = docx.Document()
    source = with_lines(source, ("a = 1",), "Consolas")
    source.add_paragraph("one", style="List Bullet")
    source = with_lines(source, ("b = 2",), "Consolas")
    source.paragraphs[-1].runs[0].add_break(WD_BREAK.PAGE)
    source = with_lines(source, ("  c = 3",), "Consolas")
    document = read(source)
    assert kinds(document) == [
        ("code", 0, "a = 1"),
        ("list", 0, "- one"),
        ("code", 0, "b = 2"),
        ("code", 0, "  c = 3"),
    ]
    assert [page.number for page in document.pages] == [1, 2]
